//! Boxes drawn into the user's own picture, from the answer's numbers.

use std::io::Cursor;

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};
use image::codecs::{jpeg::JpegEncoder, png::PngEncoder, webp::WebPEncoder};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageEncoder, ImageReader, Rgb, RgbImage};
use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::show::corners;

/// The font of the functions, so that both draw alike (common/assets/README.md tells its licence).
const FONT: &[u8] = include_bytes!("../../common/assets/DejaVuSans-Bold-latin.ttf");
const DARK: Rgb<u8> = Rgb([16, 16, 16]);
const WHITE: Rgb<u8> = Rgb([255, 255, 255]);
const QUALITY: u8 = 90;

/// The picture upright, the answer's boxes in it, encoded as `ending` says (jpg, png, webp).
pub fn draw(bytes: &[u8], data: &Value, names: bool, ending: &str) -> Result<Vec<u8>> {
    let broken = |cause: image::ImageError| Failure::new(format!("the boxes cannot be drawn: {cause}"));
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(Failure::new)?;
    let mut decoder = reader.into_decoder().map_err(broken)?;
    // Boxes count in the picture as it is looked at, not as the camera stored it.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    let mut picture = DynamicImage::from_decoder(decoder).map_err(broken)?;
    picture.apply_orientation(orientation);
    let has_colour = picture.color().has_color();
    let mut picture = picture.into_rgb8();
    boxes(&mut picture, data, names)?;
    // The picture's numbers stay as they are, so their meaning is carried over; a grey picture's has none in RGB.
    let profile = profile.filter(|_| has_colour);
    encode(&picture, profile, ending).map_err(broken)
}

fn encode(picture: &RgbImage, profile: Option<Vec<u8>>, ending: &str) -> image::ImageResult<Vec<u8>> {
    fn write<E: ImageEncoder>(mut encoder: E, picture: &RgbImage, profile: Option<Vec<u8>>) -> image::ImageResult<()> {
        if let Some(profile) = profile {
            // Where the format has no place for it the picture is written all the same.
            let _ = encoder.set_icc_profile(profile);
        }
        encoder.write_image(picture, picture.width(), picture.height(), image::ExtendedColorType::Rgb8)
    }
    let mut bytes = Vec::new();
    match ending {
        "png" => write(PngEncoder::new(&mut bytes), picture, profile)?,
        "webp" => write(WebPEncoder::new_lossless(&mut bytes), picture, profile)?,
        _ => write(JpegEncoder::new_with_quality(&mut bytes, QUALITY), picture, profile)?,
    }
    Ok(bytes)
}

/// The best on top, as large as the picture asks for.
fn boxes(picture: &mut RgbImage, data: &Value, names: bool) -> Result<()> {
    let font = FontRef::try_from_slice(FONT).map_err(Failure::new)?;
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    // An option may have had the picture shrunk before it was looked at.
    let scale =
        |size: f64, member: &str| data[member].as_f64().filter(|told| *told > 0.0).map_or(1.0, |told| size / told);
    let (across, down) = (scale(width, "width"), scale(height, "height"));
    let side = picture.width().min(picture.height());
    let line = i64::from((side / 240).max(2));
    let text = PxScale::from((side as f32 / 30.0).clamp(12.0, 96.0));
    for found in data["boxes"].as_array().into_iter().flatten().rev() {
        let [left, top, right, bottom] = corners(found);
        let bounds = [left * across, top * down, right * across, bottom * down].map(|side| side.round() as i64);
        let colour = colour(found["class_id"].as_u64().unwrap_or(0));
        frame(picture, bounds, line + 2, DARK);
        let [left, top, right, bottom] = bounds;
        frame(picture, [left + 1, top + 1, right - 1, bottom - 1], line, colour);
        if names {
            let (name, score) = (found["name"].as_str().unwrap_or("?"), found["score"].as_f64().unwrap_or(0.0));
            tag(picture, &font, text, &format!("{name} {:.0}%", score * 100.0), [left, top], colour);
        }
    }
    Ok(())
}

/// A colour for each class: hues a golden angle apart, so that neighbours differ.
fn colour(class: u64) -> Rgb<u8> {
    let hue = (class as f32 * 137.508) % 360.0 / 60.0;
    // Red at 0, green at 2, blue at 4, each fading over two sixths of the circle.
    let part = |home: f32| {
        let away = (hue - home).abs();
        (2.0 - away.min(6.0 - away)).clamp(0.0, 1.0)
    };
    Rgb([0.0, 2.0, 4.0].map(|home| (60.0 + 195.0 * part(home)) as u8))
}

fn fill(picture: &mut RgbImage, [left, top, right, bottom]: [i64; 4], colour: Rgb<u8>) {
    let within = |at: i64, most: u32| at.clamp(0, i64::from(most)) as u32;
    let (width, height) = picture.dimensions();
    for y in within(top, height)..within(bottom, height) {
        for x in within(left, width)..within(right, width) {
            picture.put_pixel(x, y, colour);
        }
    }
}

/// The edge of a box, `line` pixels wide, inwards.
fn frame(picture: &mut RgbImage, [left, top, right, bottom]: [i64; 4], line: i64, colour: Rgb<u8>) {
    fill(picture, [left, top, right, top + line], colour);
    fill(picture, [left, bottom - line, right, bottom], colour);
    fill(picture, [left, top, left + line, bottom], colour);
    fill(picture, [right - line, top, right, bottom], colour);
}

/// A text on its own ground: above the corner where there is room, else below it, moved into the picture.
fn tag(picture: &mut RgbImage, font: &FontRef<'_>, scale: PxScale, text: &str, [left, top]: [i64; 2], ground: Rgb<u8>) {
    let scaled = font.as_scaled(scale);
    let pad = (scale.y / 6.0).ceil();
    let mut along = pad;
    let glyphs: Vec<Glyph> = text
        .chars()
        .map(|letter| {
            let mut glyph = scaled.scaled_glyph(letter);
            glyph.position = point(along, scaled.ascent());
            along += scaled.h_advance(glyph.id);
            glyph
        })
        .collect();
    let (width, height) = ((along + pad).ceil() as i64, (scaled.ascent() - scaled.descent()).ceil() as i64);
    let left = left.min(i64::from(picture.width()) - width).max(0);
    let top = if top >= height { top - height } else { top.max(0) };
    fill(picture, [left, top, left + width, top + height], ground);
    let Rgb([red, green, blue]) = ground;
    // Dark letters on a light ground (brightness by BT.601).
    let light = 299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue) > 140_000;
    let ink = if light { DARK } else { WHITE };
    for outline in glyphs.into_iter().filter_map(|glyph| font.outline_glyph(glyph)) {
        let corner = outline.px_bounds().min;
        outline.draw(|dx, dy, cover| {
            let (x, y) = (left + corner.x as i64 + i64::from(dx), top + corner.y as i64 + i64::from(dy));
            let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return };
            let Some(pixel) = picture.get_pixel_mut_checked(x, y) else { return };
            for (level, ink) in pixel.0.iter_mut().zip(ink.0) {
                *level =
                    (f32::from(*level) + (f32::from(ink) - f32::from(*level)) * cover.clamp(0.0, 1.0)).round() as u8;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn grey(width: u32, height: u32, orientation: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = PngEncoder::new(&mut bytes);
        // Little-endian TIFF with one entry: orientation (0x112), a short.
        let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
        encoder.set_exif_metadata(exif).unwrap();
        let pixels = vec![100; (width * height * 3) as usize];
        encoder.write_image(&pixels, width, height, image::ExtendedColorType::Rgb8).unwrap();
        bytes
    }

    // proves: O09
    #[test]
    fn a_frame_stands_where_the_answer_says_in_the_upright_picture() {
        // Turned by a quarter: 80 wide as stored, 80 high as looked at.
        let data =
            json!({"width": 60, "height": 80, "boxes": [{"box": [10, 20, 50, 70], "class_id": 0, "score": 0.5}]});
        let drawn = draw(&grey(80, 60, 6), &data, false, "png").unwrap();
        let drawn = image::load_from_memory(&drawn).unwrap().into_rgb8();
        assert_eq!(drawn.dimensions(), (60, 80));
        assert_eq!((drawn[(10, 45)], drawn[(11, 45)], drawn[(30, 69)]), (DARK, colour(0), DARK));
        assert_eq!((drawn[(30, 45)], drawn[(5, 5)]), (Rgb([100; 3]), Rgb([100; 3])));
    }

    #[test]
    fn boxes_grow_with_the_picture_and_are_cut_at_its_edge() {
        let data = json!({"width": 30, "height": 40, "boxes": [
            {"box": [5, 10, 25, 35], "class_id": 0, "name": "a very long name", "score": 1},
            {"box": [-1e9, -5, 1e9, 1e9], "class_id": 79, "name": "x", "score": 0.1}]});
        for ending in ["jpg", "png", "webp"] {
            let drawn = draw(&grey(60, 80, 1), &data, true, ending).unwrap();
            assert_eq!(image::load_from_memory(&drawn).unwrap().into_rgb8().dimensions(), (60, 80), "{ending}");
        }
        let drawn = image::load_from_memory(&draw(&grey(60, 80, 1), &data, false, "png").unwrap()).unwrap().into_rgb8();
        assert_eq!((drawn[(10, 45)], drawn[(11, 45)]), (DARK, colour(0)));
    }

    #[test]
    fn colours_are_those_of_the_functions() {
        assert_eq!((colour(0), colour(1)), (Rgb([255, 60, 60]), Rgb([60, 255, 116])));
    }
}
