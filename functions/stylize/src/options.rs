//! What a request may set.

use common::{Decimal, Error, Kind, Result, Share, Whole};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// The most pixels that the network is shown: `stroke` may enlarge a picture, but not without end.
const MOST: usize = 50_000_000;

/// What a request may set beside `style`, which belongs to the networks.
#[derive(Deserialize, JsonSchema)]
pub struct Options {
    /// How large the strokes are: the network is shown the picture at 1/stroke of its size.
    #[schemars(extend("default" = 1))]
    stroke: Option<Decimal<50, 200>>,
    /// Share of the photograph's value (HSV) in the painting's; hue and saturation stay the painting's.
    #[schemars(extend("default" = 0))]
    original_color: Option<Share>,
    /// Share of the photograph in the answer.
    #[schemars(extend("default" = 0))]
    blend_alpha: Option<Share>,
    /// Side of the median filter's window over the painting, odd; 1 is off.
    #[schemars(extend("default" = 3))]
    media_filter: Option<Window>,
}

impl Options {
    /// Columns and rows that the network is shown of a picture of `width` x `height` pixels.
    ///
    /// # Errors
    /// `TooLarge` where a stroke below 1 makes more of them than are taken.
    pub fn seen(&self, width: usize, height: usize) -> Result<(usize, usize)> {
        let stroke = self.stroke.map_or(1.0, |stroke| stroke.0);
        let side = |side: usize| ((side as f32 / stroke).round() as usize).max(1);
        let seen = (side(width), side(height));
        let too_many = |width: usize, height: usize| side(width) * side(height) > MOST;
        if stroke >= 1.0 || !too_many(width, height) {
            return Ok(seen);
        }
        // The largest side that is taken, whichever way the shorter one is rounded.
        let longer = width.max(height);
        let estimate = (longer as f64 * (MOST as f64 / (seen.0 * seen.1) as f64).sqrt()) as usize;
        let fit = |length: usize, most: usize| (length * most).div_ceil(longer);
        let taken = |most: &usize| !too_many(fit(width, *most), fit(height, *most));
        let max_side = (1..=estimate).rev().find(taken).unwrap_or(1);
        let message = format!(
            "with `stroke` {stroke} this picture of {width} x {height} pixels is painted at {} x {}; at most {} million \
             pixels are: give a larger stroke, or ask for `max_side={max_side}` to shrink it first",
            seen.0,
            seen.1,
            MOST / 1_000_000
        );
        Err(Error::new(Kind::TooLarge, message))
    }

    /// Side of the median's window.
    pub fn window(&self) -> usize {
        self.media_filter.as_ref().map_or(3, |window| window.0.0 as usize)
    }

    /// Share of the photograph.
    pub fn blend(&self) -> f32 {
        self.blend_alpha.map_or(0.0, |share| share.0)
    }

    /// Share of the photograph's value.
    pub fn value(&self) -> f32 {
        self.original_color.map_or(0.0, |share| share.0)
    }
}

/// The side of a window with a middle: odd.
struct Window(Whole<1, 15>);

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Whole::deserialize(from).map(Self)? {
            odd if odd.0.0 % 2 == 1 => Ok(odd),
            even => Err(D::Error::custom(format!("{}; give an odd number from 1 to 15", even.0.0))),
        }
    }
}

impl JsonSchema for Window {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Window".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": 1, "maximum": 15, "not": {"multipleOf": 2}})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn options(value: Value) -> Result<Options, String> {
        serde_json::from_value(value).map_err(|wrong| wrong.to_string())
    }

    // proves: B02
    #[test]
    fn a_larger_stroke_shows_the_network_a_smaller_picture() {
        for (stroke, width, height, expect) in [
            (json!(null), 301, 200, (301, 200)),
            (json!(1), 301, 200, (301, 200)),
            (json!(2), 301, 1, (151, 1)),
            (json!(0.5), 301, 200, (602, 400)),
            (json!(0.8), 100, 50, (125, 63)),
        ] {
            assert_eq!(options(json!({"stroke": stroke})).unwrap().seen(width, height).unwrap(), expect);
        }
    }

    #[test]
    fn a_stroke_that_makes_too_many_pixels_names_a_side_that_is_taken() {
        let finest = options(json!({"stroke": 0.5})).unwrap();
        for (width, height) in [(6000, 4000), (50_000, 1000), (7071, 7071)] {
            let wrong = finest.seen(width, height).unwrap_err();
            assert_eq!(wrong.kind(), Kind::TooLarge);
            let side: usize =
                wrong.message().split("max_side=").nth(1).unwrap().split('`').next().unwrap().parse().unwrap();
            let shrunk = |length: usize| (length * side).div_ceil(width);
            finest.seen(side, shrunk(height)).unwrap();
            assert!(finest.seen(side + side / 50, shrunk(height) + height / 50).is_err());
        }
        options(json!({})).unwrap().seen(8000, 6250).unwrap();
    }

    // proves: S06
    #[test]
    fn a_window_is_odd() {
        assert_eq!(options(json!({})).unwrap().window(), 3);
        for side in [1, 3, 5, 15] {
            assert_eq!(options(json!({"media_filter": side})).unwrap().window(), side);
        }
        for side in [json!(0), json!(2), json!(14), json!(17), json!(3.5), json!("3")] {
            let wrong = options(json!({"media_filter": side})).err().expect("a wrong window");
            assert!(wrong.contains("from 1 to 15"), "{wrong}");
        }
    }
}
