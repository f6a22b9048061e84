//! What an answer says, and whether it says the same as another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{Error, Limits, Picture, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::answer::Answer;
use crate::ask::{Kind, THRESHOLD};

/// How far a colour of a picture may be off, of 255: what another kind of processor makes of the same weights.
const OFF: u8 = 1;

/// How far a score may be off. What is this close to the threshold may be missing, or be there besides.
const MARGIN: f64 = 0.02;

/// How much of two boxes that are the same they share (intersection over union).
const SHARED: f64 = 0.9;

/// The most pixels that an answer may have.
const PIXELS: u64 = 32_000_000;

/// What an answer says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// A picture: its PNG in base64.
    Picture(String),
    /// Classes or boxes, the best first.
    Words(Vec<Found>),
    /// The SHA-256 of a page, in hexadecimal.
    Page(String),
}

/// A class, with a box where it has a place.
#[derive(Debug, Serialize, Deserialize)]
pub struct Found {
    class_id: u32,
    name: String,
    score: f64,
    /// x1 y1 x2 y2 in pixels.
    #[serde(rename = "box", skip_serializing_if = "Option::is_none")]
    bounds: Option<[f64; 4]>,
}

impl Content {
    /// Reads the answers to what a function of this kind is asked. The first is what answered: the weights as `x-model` names
    /// them (`variant@digest`), or "page".
    ///
    /// # Errors
    /// One sentence where an answer is none, or no whole one.
    pub fn read(kind: Kind, answers: &[Answer]) -> Result<(String, Self)> {
        if kind == Kind::Page {
            return page(answers).map(|content| ("page".into(), content));
        }
        let [answer] = answers else { return Err(Error::internal("there is not one answer")) };
        let wrong = |cause: &dyn std::fmt::Display| Error::internal(format!("its answer can't be read: {cause}"));
        let mut words: Value = serde_json::from_slice(answer.good()?).map_err(|cause| wrong(&cause))?;
        let weights = answer.header("x-model").ok_or_else(|| wrong(&"it has no header x-model"))?;
        let data = &mut words["data"];
        let content = match kind {
            Kind::Picture => serde_json::from_value(data["enhance_result"].take()).map(Self::Picture),
            _ => {
                let member = if data["boxes"].is_array() { "boxes" } else { "classes" };
                serde_json::from_value(data[member].take()).map(Self::Words)
            }
        };
        Ok((weights.to_owned(), content.map_err(|cause| wrong(&cause))?))
    }

    /// # Errors
    /// One sentence on what it says otherwise than `expected`.
    pub fn is_like(&self, expected: &Self) -> Result<()> {
        match (self, expected) {
            (Self::Picture(this), Self::Picture(expected)) => same_picture(this, expected),
            (Self::Words(these), Self::Words(expected)) => same_words(these, expected),
            (Self::Page(this), Self::Page(expected)) if this == expected => Ok(()),
            (Self::Page(_), Self::Page(_)) => Err(Error::internal("the page is another one than expected")),
            _ => Err(Error::internal("the answer is of another kind than expected")),
        }
    }

    /// # Errors
    /// One sentence where nearly any answer would be like it, so that expecting it proves nothing.
    pub fn says_something(&self) -> Result<()> {
        let silent = match self {
            Self::Picture(text) => {
                let picture = decode(text)?;
                let channel = |from| picture.pixels().iter().skip(from).step_by(3);
                (0..3).all(|from| {
                    channel(from).max().zip(channel(from).min()).is_none_or(|(most, least)| most - least <= 2 * OFF)
                })
            }
            Self::Words(found) => found.iter().all(|one| one.score < THRESHOLD + MARGIN),
            Self::Page(_) => false,
        };
        if silent { Err(Error::internal("its answer to the reference picture says nothing")) } else { Ok(()) }
    }
}

fn page(answers: &[Answer]) -> Result<Content> {
    let [page, functions] = answers else { return Err(Error::internal("there are not two answers")) };
    let text = page.good()?;
    if !page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
        return Err(Error::internal("its page is no HTML"));
    }
    // Which functions it shows is a matter of settings, not of the version.
    let functions: Value = serde_json::from_slice(functions.good()?).unwrap_or_default();
    let named = |one: &Value| one["name"].is_string();
    if !functions.as_array().is_some_and(|functions| !functions.is_empty() && functions.iter().all(named)) {
        return Err(Error::internal("its functions.json names no functions"));
    }
    Ok(Content::Page(Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()))
}

fn decode(text: &str) -> Result<Picture> {
    let bytes = STANDARD.decode(text).map_err(|cause| Error::internal(format!("its picture is no base64: {cause}")))?;
    Ok(Picture::decode(&bytes, Limits { max_pixels: PIXELS })?.0)
}

fn same_picture(this: &str, expected: &str) -> Result<()> {
    let [this, expected] = [decode(this)?, decode(expected)?];
    let [size, wanted] = [&this, &expected].map(|picture| (picture.width(), picture.height()));
    if size != wanted {
        let text = format!("its picture has {}x{} pixels, {}x{} are expected", size.0, size.1, wanted.0, wanted.1);
        return Err(Error::internal(text));
    }
    let differences = || this.pixels().iter().zip(expected.pixels()).map(|(one, other)| one.abs_diff(*other));
    let most = differences().max().unwrap_or_default();
    if most <= OFF {
        return Ok(());
    }
    let off = differences().filter(|off| *off > OFF).count();
    let share = 100.0 * off as f64 / this.pixels().len() as f64;
    Err(Error::internal(format!("its picture is off by up to {most} of 255, by more than {OFF} in {share:.2}% of it")))
}

/// Each that is surely found must be found in the other too: that settles the order of all whose scores differ by more than two
/// margins, and lets none be there that should not be.
fn same_words(these: &[Found], expected: &[Found]) -> Result<()> {
    let sure = |found: &&Found| found.score >= THRESHOLD + MARGIN;
    let lacks = |one: &Found, others: &[Found]| !others.iter().any(|other| one.is_like(other));
    if let Some(missing) = expected.iter().filter(sure).find(|one| lacks(one, these)) {
        return Err(Error::internal(format!("{missing} is expected, and it found {}", list(these))));
    }
    if let Some(new) = these.iter().filter(sure).find(|one| lacks(one, expected)) {
        return Err(Error::internal(format!("it found {new}, and what is expected is {}", list(expected))));
    }
    Ok(())
}

fn list(found: &[Found]) -> String {
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    if found.is_empty() { "nothing".into() } else { found.join(", ") }
}

impl Found {
    fn is_like(&self, other: &Self) -> bool {
        let placed = match (self.bounds, other.bounds) {
            (Some(one), Some(other)) => shared(one, other) >= SHARED,
            (None, None) => true,
            _ => false,
        };
        self.class_id == other.class_id
            && self.name == other.name
            && placed
            && (self.score - other.score).abs() <= MARGIN
    }
}

impl std::fmt::Display for Found {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {:.3}", self.name, self.score)?;
        self.bounds.map_or(Ok(()), |[x1, y1, x2, y2]| write!(out, " ({x1:.0},{y1:.0} to {x2:.0},{y2:.0})"))
    }
}

/// Intersection over union of two boxes.
fn shared(one: [f64; 4], other: [f64; 4]) -> f64 {
    let area = |[x1, y1, x2, y2]: [f64; 4]| (x2 - x1).max(0.0) * (y2 - y1).max(0.0);
    let both = area([one[0].max(other[0]), one[1].max(other[1]), one[2].min(other[2]), one[3].min(other[3])]);
    both / (area(one) + area(other) - both).max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::{Encoding, Watch};

    fn picture(width: usize, height: usize, pixel: impl Fn(usize) -> u8) -> Content {
        let picture = Picture::new(width, height, (0..width * height * 3).map(pixel).collect(), None);
        let png = picture.encode(Encoding::Png { compression: None }, &Watch::default()).unwrap();
        Content::Picture(STANDARD.encode(png))
    }

    fn words(found: &[(u32, f64, Option<[f64; 4]>)]) -> Content {
        let one = |&(class_id, score, bounds)| Found { class_id, name: format!("c{class_id}"), score, bounds };
        Content::Words(found.iter().map(one).collect())
    }

    fn wrong(this: &Content, expected: &Content) -> String {
        this.is_like(expected).unwrap_err().to_string()
    }

    #[test]
    fn a_picture_may_be_off_by_one_and_no_more() {
        let expected = picture(8, 6, |at| at as u8);
        picture(8, 6, |at| at as u8 + (at % 2) as u8).is_like(&expected).unwrap();
        assert!(wrong(&picture(8, 6, |at| at as u8 + 2 * u8::from(at == 9)), &expected).contains("by up to 2 of 255"));
        assert!(wrong(&picture(6, 8, |at| at as u8), &expected).contains("6x8 pixels, 8x6 are expected"));
        assert!(wrong(&Content::Picture("AAAA".into()), &expected).len() > 10);
        assert!(wrong(&words(&[]), &expected).contains("another kind"));
    }

    #[test]
    fn classes_keep_their_scores_within_a_margin() {
        let expected = words(&[(1, 0.6, None), (2, 0.3, None), (3, 0.21, None)]);
        for like in [
            words(&[(1, 0.615, None), (2, 0.285, None)]),
            words(&[(1, 0.6, None), (2, 0.3, None), (3, 0.2, None), (4, 0.215, None)]),
        ] {
            like.is_like(&expected).unwrap();
        }
        for (unlike, says) in [
            (words(&[]), "c1 0.600 is expected, and it found nothing"),
            (words(&[(1, 0.65, None), (2, 0.3, None)]), "c1 0.600 is expected"),
            (words(&[(2, 0.6, None), (1, 0.3, None)]), "c1 0.600 is expected"),
            (words(&[(1, 0.6, None), (2, 0.3, None), (4, 0.25, None)]), "it found c4 0.250"),
            (words(&[(1, 0.6, Some([0.0; 4])), (2, 0.3, None)]), "c1 0.600 is expected"),
        ] {
            assert!(wrong(&unlike, &expected).contains(says), "{says}");
        }
    }

    #[test]
    fn boxes_are_the_same_where_they_share_nearly_all() {
        let at = |x: f64| Some([x, 10.0, x + 100.0, 60.0]);
        let expected = words(&[(1, 0.8, at(0.0)), (1, 0.7, at(200.0))]);
        words(&[(1, 0.79, at(203.0)), (1, 0.71, at(1.0))]).is_like(&expected).unwrap_err();
        words(&[(1, 0.81, at(3.0)), (1, 0.69, at(197.0))]).is_like(&expected).unwrap();
        assert!(wrong(&words(&[(1, 0.8, at(9.0)), (1, 0.7, at(200.0))]), &expected).contains("is expected"));
        assert!(wrong(&words(&[(2, 0.8, at(0.0)), (1, 0.7, at(200.0))]), &expected).contains("is expected"));
        assert!((shared([0.0, 0.0, 2.0, 1.0], [1.0, 0.0, 3.0, 1.0]) - 1.0 / 3.0).abs() < 1e-9);
        assert_eq!(shared([0.0; 4], [0.0; 4]), 0.0);
    }

    #[test]
    fn what_says_nothing_is_not_worth_expecting() {
        assert!(picture(8, 8, |_| 90).says_something().is_err());
        assert!(words(&[(1, 0.21, None)]).says_something().is_err());
        picture(8, 8, |at| at as u8).says_something().unwrap();
        words(&[(1, 0.3, None)]).says_something().unwrap();
    }
}
