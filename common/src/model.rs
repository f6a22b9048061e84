//! A variant ready to run: its manifest and its network.

use std::path::Path;
use std::sync::Arc;

use crate::boxes::{self, Found, Wanted};
use crate::error::{Error, Kind, Result};
use crate::fit;
use crate::knobs::Knobs;
use crate::manifest::{Manifest, Precision};
use crate::network::{ANSWER, BOXES, Engine, Feed, Network, Outputs, SCORES};
use crate::picture::Picture;
use crate::tile::{self, Area, Tile};
use crate::watch::Watch;

/// A variant ready to run. It never changes: replacing weights makes another one.
pub struct Model {
    manifest: Manifest,
    network: Network,
    precision: Precision,
    names: Arc<Vec<String>>,
}

impl Model {
    /// Opens the variant in `folder` in the precision that the engine chooses.
    pub fn open(engine: &Engine, folder: &Path, manifest: &Manifest) -> Result<Self> {
        let precision = engine.precision(manifest);
        let network = Network::open(engine, folder, manifest, precision)?;
        let names = Arc::new(manifest.class_names(folder)?);
        Ok(Self { manifest: manifest.clone(), network, precision, names })
    }

    /// Its manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The arithmetic it runs in.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The first 12 digits of the SHA-256 of its weights.
    pub fn digest(&self) -> &str {
        self.manifest.weights(self.precision).and_then(|weights| weights.sha256.get(..12)).unwrap_or_default()
    }

    /// The length of its weights file.
    pub(crate) fn bytes(&self) -> u64 {
        self.manifest.weights(self.precision).map_or(0, |weights| weights.bytes)
    }

    /// The names of the classes, in the order of the network's scores.
    pub fn names(&self) -> &Arc<Vec<String>> {
        &self.names
    }

    /// The probability of each class.
    ///
    /// # Errors
    /// `Deadline` and `Gone` as `watch` says.
    pub fn labels(&self, picture: &Picture, knobs: &Knobs, watch: &Watch) -> Result<Vec<f32>> {
        self.fitted(picture, knobs, watch, |_, outputs| {
            let (shape, scores) = outputs.floats(SCORES)?;
            match shape[..] {
                [1, classes] if classes == self.names.len() => Ok(scores.to_vec()),
                _ => Err(Error::internal(format!("{} names, but scores of shape {shape:?}", self.names.len()))),
            }
        })
    }

    /// The boxes that `wanted` asks for, the best first, in pixels of the picture and within it.
    ///
    /// # Errors
    /// `Deadline` and `Gone` as `watch` says.
    pub fn boxes(&self, picture: &Picture, wanted: &Wanted, knobs: &Knobs, watch: &Watch) -> Result<Vec<Found>> {
        self.fitted(picture, knobs, watch, |(across, down), outputs| {
            let (rows, bounds) = outputs.floats(BOXES)?;
            let (shape, scores) = outputs.floats(SCORES)?;
            let classes = self.names.len();
            if rows[..] != [shape[0], 4] || shape[1..] != [classes] {
                let message = format!("{classes} names, but boxes of shape {rows:?} and scores of shape {shape:?}");
                return Err(Error::internal(message));
            }
            let mut found = boxes::suppress(bounds.as_chunks::<4>().0, scores, classes, wanted);
            let (width, height) = (picture.width() as f32, picture.height() as f32);
            for Found { bounds: [x1, y1, x2, y2], .. } in &mut found {
                [x1, x2].into_iter().for_each(|x| *x = (*x / across).clamp(0.0, width));
                [y1, y2].into_iter().for_each(|y| *y = (*y / down).clamp(0.0, height));
            }
            // What lies in the grey beside a letterboxed picture alone is nothing of it.
            found.retain(|one| one.bounds[0] < one.bounds[2] && one.bounds[1] < one.bounds[3]);
            Ok(found)
        })
    }

    /// Runs a picture that is brought to the network's size; `read` is told what that did to the sides.
    fn fitted<T>(
        &self,
        picture: &Picture,
        knobs: &Knobs,
        watch: &Watch,
        read: impl FnOnce((f32, f32), &Outputs<'_>) -> Result<T>,
    ) -> Result<T> {
        let fitted = fit::fit(picture, &self.manifest.picture)?;
        let (knobs, _) = knobs.split(&self.manifest);
        let (width, height) = (fitted.width, fitted.height);
        let feed = Feed { picture: &fitted.pixels, width, height, context: None, knobs: &knobs };
        self.network.run(&feed, watch, |outputs| read(fitted.scale, outputs))
    }

    /// Runs a picture through the network, in tiles where it is large: an answer of `scale` times its size.
    ///
    /// # Errors
    /// `TooLarge` for a picture beyond what an untileable network takes; `Deadline` and `Gone` as `watch` says.
    pub fn enhance(&self, picture: Picture, knobs: &Knobs, watch: &Watch) -> Result<Picture> {
        let geometry = &self.manifest.picture;
        let (width, height) = (picture.width(), picture.height());
        if let Some(most) = geometry.max.filter(|most| width.max(height) > *most) {
            let message = format!(
                "`{}` cannot be cut into tiles and takes pictures of {most} x {most} at most; this one is \
                 {width} x {height}: ask for `max_side={most}` to shrink it first",
                self.manifest.variant
            );
            return Err(Error::new(Kind::TooLarge, message));
        }
        let context = geometry.context.map(|side| picture.context(side).map(|context| (context, side))).transpose()?;
        let (inner, blend) = knobs.split(&self.manifest);
        let alpha = if geometry.scale == 1 { None } else { picture.scaled_alpha(geometry.scale)? };

        let padded = Padded::new(&picture, geometry.min, geometry.multiple);
        let side = geometry.max.unwrap_or(geometry.tile);
        let tiles = tile::tiles(padded.width, padded.height, side, geometry.halo, geometry.multiple);
        let (whole_width, whole_height) = (width * geometry.scale, height * geometry.scale);
        let mut whole = vec![0; whole_width * whole_height * 3];
        for (done, tile) in tiles.iter().enumerate() {
            watch.reached(done, tiles.len());
            let input = padded.cut(tile.input);
            let feed = Feed {
                picture: input.as_ref(),
                width: tile.input.width,
                height: tile.input.height,
                context: context.as_ref().map(|(context, side)| (context.as_slice(), *side)),
                knobs: &inner,
            };
            let asked = (feed.width * geometry.scale, feed.height * geometry.scale);
            self.network.run(&feed, watch, |outputs| {
                let (size, answer) = outputs.picture(ANSWER)?;
                if size != asked {
                    return Err(Error::internal(format!("the network answered {size:?} pixels, not {asked:?}")));
                }
                tile::paste(answer, tile, geometry.scale, &mut whole, whole_width);
                Ok(())
            })?;
        }
        drop(padded);
        match blend {
            Some(strength) if strength < 1.0 => mix(picture.pixels(), &mut whole, strength),
            _ => {}
        }
        Ok(if geometry.scale == 1 {
            picture.with_pixels(whole)
        } else {
            Picture::new(whole_width, whole_height, whole, alpha)
        })
    }
}

/// A picture whose sides are multiples of what the network needs: its last row and column repeated.
struct Padded<'a> {
    width: usize,
    height: usize,
    pixels: std::borrow::Cow<'a, [u8]>,
}

impl<'a> Padded<'a> {
    fn new(picture: &'a Picture, min: usize, multiple: usize) -> Self {
        let pad = |side: usize| side.max(min).next_multiple_of(multiple);
        let (width, height) = (pad(picture.width()), pad(picture.height()));
        if (width, height) == (picture.width(), picture.height()) {
            return Self { width, height, pixels: picture.pixels().into() };
        }
        let mut pixels = Vec::with_capacity(width * height * 3);
        for row in picture.pixels().chunks_exact(picture.width() * 3) {
            pixels.extend_from_slice(row);
            for _ in picture.width()..width {
                pixels.extend_from_slice(&row[row.len() - 3..]);
            }
        }
        for _ in picture.height()..height {
            pixels.extend_from_within(pixels.len() - width * 3..);
        }
        Self { width, height, pixels: pixels.into() }
    }

    fn cut(&self, area: Area) -> std::borrow::Cow<'_, [u8]> {
        if (area.width, area.height) == (self.width, self.height) {
            return self.pixels.as_ref().into();
        }
        tile::cut(&self.pixels, self.width * 3, area, 3).into()
    }
}

/// `answer` = `picture` + `strength` * (`answer` - `picture`), rounded; 8 bits of fraction.
fn mix(picture: &[u8], answer: &mut [u8], strength: f32) {
    let share = (strength * 256.0).round() as i32;
    for (answer, picture) in answer.iter_mut().zip(picture) {
        let (from, to) = (i32::from(*picture), i32::from(*answer));
        *answer = (from + (((to - from) * share + 128) >> 8)) as u8;
    }
}

/// Tiles are public so that benchmarks and tests can count them.
pub fn plan(manifest: &Manifest, width: usize, height: usize) -> Vec<Tile> {
    let geometry = &manifest.picture;
    tile::tiles(width, height, geometry.max.unwrap_or(geometry.tile), geometry.halo, geometry.multiple)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blend_is_the_picture_at_0_the_answer_at_1_and_rounds_between() {
        let picture = [0, 255, 10, 200];
        for (strength, expect) in [(0.0, [0, 255, 10, 200]), (1.0, [255, 0, 13, 100]), (0.5, [128, 128, 12, 150])] {
            let mut answer = [255, 0, 13, 100];
            mix(&picture, &mut answer, strength);
            assert_eq!(answer, expect, "strength {strength}");
        }
    }

    #[test]
    fn padding_repeats_the_last_row_and_column() {
        let picture = Picture::new(2, 1, vec![1, 2, 3, 4, 5, 6], None);
        let padded = Padded::new(&picture, 1, 4);
        assert_eq!((padded.width, padded.height), (4, 4));
        assert_eq!(padded.pixels[..12], [1, 2, 3, 4, 5, 6, 4, 5, 6, 4, 5, 6]);
        assert!(padded.pixels.chunks(12).all(|row| row == &padded.pixels[..12]));
    }
}
