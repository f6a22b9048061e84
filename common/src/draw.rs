//! Boxes and their names drawn into a picture: readable on dark and on light, as large as the picture asks for.

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};

use crate::boxes::Found;
use crate::error::{Error, Result};
use crate::picture::Picture;

/// DejaVu Sans Bold, Latin letters (assets/README.md tells its licence).
const FONT: &[u8] = include_bytes!("../assets/DejaVuSans-Bold-latin.ttf");

/// The dark edge that sets a line off against a bright ground.
const DARK: [u8; 3] = [16, 16, 16];
const WHITE: [u8; 3] = [255, 255, 255];

/// Draws the boxes, the best on top; with `names`, each with its name and score.
pub(crate) fn draw(picture: Picture, found: &[Found], names: Option<&[String]>) -> Result<Picture> {
    let font = FontRef::try_from_slice(FONT).map_err(Error::internal)?;
    let mut canvas = Canvas { width: picture.width(), height: picture.height(), pixels: picture.pixels().to_vec() };
    let side = canvas.width.min(canvas.height);
    let line = (side / 240).max(2) as i64;
    let text = PxScale::from((side as f32 / 30.0).clamp(12.0, 96.0));
    for found in found.iter().rev() {
        let colour = colour(found.class);
        let [left, top, right, bottom] = found.bounds.map(|side| side.round() as i64);
        canvas.frame([left, top, right, bottom], line + 2, DARK);
        canvas.frame([left + 1, top + 1, right - 1, bottom - 1], line, colour);
        if let Some(names) = names {
            let name = names.get(found.class).map_or("?", String::as_str);
            let tag = format!("{name} {:.0}%", found.score * 100.0);
            canvas.tag(&font, text, &tag, [left, top], colour);
        }
    }
    Ok(picture.with_pixels(canvas.pixels))
}

/// A colour for each class: hues a golden angle apart, so that neighbours differ.
fn colour(class: usize) -> [u8; 3] {
    let hue = (class as f32 * 137.508) % 360.0 / 60.0;
    let fade = 1.0 - (hue % 2.0 - 1.0).abs();
    let (red, green, blue) = match hue as u32 {
        0 => (1.0, fade, 0.0),
        1 => (fade, 1.0, 0.0),
        2 => (0.0, 1.0, fade),
        3 => (0.0, fade, 1.0),
        4 => (fade, 0.0, 1.0),
        _ => (1.0, 0.0, fade),
    };
    [red, green, blue].map(|part: f32| (60.0 + 195.0 * part) as u8)
}

/// Whether dark text is read better on this colour (brightness by BT.601).
fn is_light([red, green, blue]: [u8; 3]) -> bool {
    299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue) > 140_000
}

struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    /// Fills x1 y1 x2 y2, as far as it lies in the picture.
    fn fill(&mut self, [left, top, right, bottom]: [i64; 4], colour: [u8; 3]) {
        let within = |at: i64, most: usize| at.clamp(0, most as i64) as usize;
        let (left, right) = (within(left, self.width), within(right, self.width));
        for y in within(top, self.height)..within(bottom, self.height) {
            let row = &mut self.pixels[y * self.width * 3..][..self.width * 3];
            row[left.min(right) * 3..right * 3].as_chunks_mut::<3>().0.fill(colour);
        }
    }

    /// The edge of x1 y1 x2 y2, `line` pixels wide, inwards.
    fn frame(&mut self, [left, top, right, bottom]: [i64; 4], line: i64, colour: [u8; 3]) {
        self.fill([left, top, right, top + line], colour);
        self.fill([left, bottom - line, right, bottom], colour);
        self.fill([left, top, left + line, bottom], colour);
        self.fill([right - line, top, right, bottom], colour);
    }

    /// A text on its own ground: above the corner where there is room, else below it, moved into the picture.
    fn tag(&mut self, font: &FontRef<'_>, scale: PxScale, text: &str, [left, top]: [i64; 2], ground: [u8; 3]) {
        let scaled = font.as_scaled(scale);
        let pad = (scale.y / 6.0).ceil();
        let mut glyphs: Vec<Glyph> = Vec::new();
        let mut along = pad;
        for letter in text.chars() {
            let mut glyph = scaled.scaled_glyph(letter);
            glyph.position = point(along, scaled.ascent());
            along += scaled.h_advance(glyph.id);
            glyphs.push(glyph);
        }
        let (width, height) = ((along + pad).ceil() as i64, (scaled.ascent() - scaled.descent()).ceil() as i64);
        let left = left.min(self.width as i64 - width).max(0);
        let top = if top >= height { top - height } else { top.max(0) };
        self.fill([left, top, left + width, top + height], ground);
        let ink = if is_light(ground) { DARK } else { WHITE };
        for glyph in glyphs {
            let Some(outline) = font.outline_glyph(glyph) else { continue };
            let bounds = outline.px_bounds();
            let (x, y) = (left + bounds.min.x as i64, top + bounds.min.y as i64);
            outline.draw(|dx, dy, cover| self.blend(x + i64::from(dx), y + i64::from(dy), ink, cover));
        }
    }

    fn blend(&mut self, x: i64, y: i64, ink: [u8; 3], cover: f32) {
        if (0..self.width as i64).contains(&x) && (0..self.height as i64).contains(&y) {
            let at = (y as usize * self.width + x as usize) * 3;
            for (level, ink) in self.pixels[at..at + 3].iter_mut().zip(ink) {
                *level =
                    (f32::from(*level) + (f32::from(ink) - f32::from(*level)) * cover.clamp(0.0, 1.0)).round() as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(bounds: [f32; 4]) -> Found {
        Found { bounds, class: 0, score: 0.5 }
    }

    #[test]
    fn a_frame_is_drawn_on_the_edge_and_nowhere_else() {
        let grey = Picture::new(60, 60, vec![100; 60 * 60 * 3], None);
        let drawn = draw(grey, &[found([10.0, 10.0, 50.0, 50.0])], None).unwrap();
        let at = |x: usize, y: usize| &drawn.pixels()[(y * 60 + x) * 3..][..3];
        assert_eq!((at(10, 30), at(11, 30), at(13, 30)), (&DARK[..], &colour(0)[..], &DARK[..]));
        assert_eq!((at(30, 30), at(5, 5)), (&[100; 3][..], &[100; 3][..]));
    }

    #[test]
    fn what_hangs_over_the_edge_is_cut() {
        let names = ["a very long name for so small a picture".to_owned()];
        for bounds in [[-50.0, -50.0, 500.0, 500.0], [9.0, 9.0, 9.0, 9.0], [1e9, -1e9, 1e9, 1e9]] {
            let small = Picture::new(10, 10, vec![0; 300], None);
            assert_eq!(draw(small, &[found(bounds)], Some(&names)).unwrap().width(), 10);
        }
    }
}
