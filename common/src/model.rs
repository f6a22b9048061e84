//! A variant ready to run: its manifest and its network.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::error::{Error, Kind, Result};
use crate::manifest::{Knob, Manifest, Precision};
use crate::network::{Engine, Feed, Network};
use crate::picture::Picture;
use crate::tile::{self, Area, Tile};
use crate::watch::Watch;

/// The knob that every network of scale 1 has: where its graph lacks it, it is a blend of picture and answer.
const STRENGTH: &str = "strength";

/// A request's knobs, checked and complete: every knob of the chosen variant has its value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Knobs(BTreeMap<String, f32>);

impl Knobs {
    /// Takes the knobs of `manifest` out of a request's options; those not asked for get their default.
    pub(crate) fn take(manifest: &Manifest, options: &mut BTreeMap<String, Value>) -> Result<Self> {
        let knobs = knobs(manifest);
        let value = |(name, knob): (&String, &Knob)| {
            let value = match options.remove(name) {
                None => knob.default,
                Some(value) => check(name, knob, &value)?,
            };
            Ok((name.clone(), value))
        };
        knobs.iter().map(value).collect::<Result<_>>().map(Self)
    }
}

fn check(name: &str, knob: &Knob, value: &Value) -> Result<f32> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    match number.map(|number| number as f32) {
        Some(number) if knob.min <= number && number <= knob.max => Ok(number),
        _ => Err(Error::bad(format!("`{name}` is {value}; give a number from {} to {}", knob.min, knob.max))),
    }
}

/// The knobs that a variant takes: its graph's own, and `strength` where answer and picture have one size.
pub(crate) fn knobs(manifest: &Manifest) -> BTreeMap<String, Knob> {
    let mut knobs = manifest.knobs.clone();
    if manifest.picture.scale == 1 {
        let meaning = "share of the answer; the rest is the picture as it was".into();
        knobs.entry(STRENGTH.into()).or_insert(Knob { default: 1.0, min: 0.0, max: 1.0, meaning });
    }
    knobs
}

/// A variant ready to run. It never changes: replacing weights makes another one.
pub struct Model {
    manifest: Manifest,
    network: Network,
    precision: Precision,
}

impl Model {
    /// Opens the variant in `folder` in the precision that the engine chooses.
    pub fn open(engine: &Engine, folder: &Path, manifest: &Manifest) -> Result<Self> {
        let precision = engine.precision(manifest);
        let network = Network::open(engine, folder, manifest, precision)?;
        Ok(Self { manifest: manifest.clone(), network, precision })
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
        let mut inner = knobs.0.clone();
        let blend = if self.manifest.knobs.contains_key(STRENGTH) { None } else { inner.remove(STRENGTH) };
        let alpha = if geometry.scale == 1 { None } else { picture.scaled_alpha(geometry.scale)? };

        let padded = Padded::new(&picture, geometry.min, geometry.multiple);
        let side = geometry.max.unwrap_or(geometry.tile);
        let tiles = tile::tiles(padded.width, padded.height, side, geometry.halo, geometry.multiple);
        let (whole_width, whole_height) = (width * geometry.scale, height * geometry.scale);
        let mut whole = vec![0; whole_width * whole_height * 3];
        for tile in &tiles {
            let input = padded.cut(tile.input);
            let feed = Feed {
                picture: input.as_ref(),
                width: tile.input.width,
                height: tile.input.height,
                context: context.as_ref().map(|(context, side)| (context.as_slice(), *side)),
                knobs: &inner,
            };
            let asked = (feed.width * geometry.scale, feed.height * geometry.scale);
            let paste = |answer: &[u8], size| {
                if size == asked {
                    tile::paste(answer, tile, geometry.scale, &mut whole, whole_width);
                }
                size
            };
            let size = self.network.run(&feed, watch, paste)?;
            if size != asked {
                return Err(Error::internal(format!("the network answered {size:?} pixels, not {asked:?}")));
            }
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
