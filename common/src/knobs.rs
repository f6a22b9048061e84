//! What a request may turn of a network: read from its options, checked against the variant's manifest.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::manifest::{Knob, Manifest, Task};

/// The knob that every network of pictures of scale 1 has: where its graph lacks it, it is a blend of picture and answer.
pub(crate) const STRENGTH: &str = "strength";

/// The value of one knob.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn {
    /// A number.
    Number(f32),
    /// A share for each name of a mix; they sum to 1.
    Shares(Vec<f32>),
}

/// A request's knobs, checked and complete: every knob of the chosen variant has its value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Knobs(BTreeMap<String, Turn>);

impl Knobs {
    /// Every knob of a variant as it is where a request turns none.
    pub fn defaults(manifest: &Manifest) -> Self {
        Self(knobs(manifest).into_iter().map(|(name, knob)| (name, default(&knob))).collect())
    }

    /// Takes the knobs of `manifest` out of a request's options; those not asked for get their default.
    pub(crate) fn take(manifest: &Manifest, options: &mut BTreeMap<String, Value>) -> Result<Self> {
        let turn = |(name, knob): (String, Knob)| {
            let turn = match (options.remove(&name), &knob) {
                (None, _) => default(&knob),
                (Some(value), Knob::Number { min, max, .. }) => Turn::Number(number(&name, (*min, *max), &value)?),
                (Some(value), Knob::Mix { names, .. }) => Turn::Shares(shares(&name, names, &value)?),
            };
            Ok((name, turn))
        };
        knobs(manifest).into_iter().map(turn).collect::<Result<_>>().map(Self)
    }

    /// The inputs of the graph, by name: all but a `strength` that the graph lacks, which is given apart.
    pub(crate) fn split(&self, manifest: &Manifest) -> (BTreeMap<String, Turn>, Option<f32>) {
        let mut inner = self.0.clone();
        let blend = if manifest.knobs.contains_key(STRENGTH) { None } else { inner.remove(STRENGTH) };
        let blend = blend.and_then(|turn| match turn {
            Turn::Number(strength) => Some(strength),
            Turn::Shares(_) => None,
        });
        (inner, blend)
    }
}

fn default(knob: &Knob) -> Turn {
    match knob {
        Knob::Number { default, .. } => Turn::Number(*default),
        Knob::Mix { default, names, .. } => {
            Turn::Shares(names.iter().map(|name| if name == default { 1.0 } else { 0.0 }).collect())
        }
    }
}

fn number(name: &str, (min, max): (f32, f32), value: &Value) -> Result<f32> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    match number.map(|number| number as f32) {
        Some(number) if min <= number && number <= max => Ok(number),
        _ => Err(Error::bad(format!("`{name}` is {value}; give a number from {min} to {max}"))),
    }
}

/// `a`, or `a:0.6,b:0.4`; a part without a share weighs 1, and all are scaled to sum to 1.
fn shares(name: &str, names: &[String], value: &Value) -> Result<Vec<f32>> {
    let Value::String(text) = value else {
        return Err(Error::bad(format!("`{name}` is {value}; give a name, or a mix as `a:0.6,b:0.4`")));
    };
    let mut shares = vec![0.0; names.len()];
    for part in text.split(',') {
        let (word, share) = part.split_once(':').unwrap_or((part, "1"));
        let Some(at) = names.iter().position(|known| known == word.trim()) else {
            let word: String = word.trim().chars().take(100).collect();
            return Err(Error::bad(format!("`{name}` has no `{word}`; there are {}", names.join(", "))));
        };
        match share.trim().parse::<f32>() {
            Ok(share) if (0.0..=1e6).contains(&share) => shares[at] += share,
            _ => {
                let part: String = part.chars().take(100).collect();
                return Err(Error::bad(format!("`{name}`: `{part}` has a share that is no number of 0 or more")));
            }
        }
    }
    let sum: f32 = shares.iter().sum();
    if sum <= 0.0 {
        return Err(Error::bad(format!("`{name}`: the shares of the mix sum to 0")));
    }
    shares.iter_mut().for_each(|share| *share /= sum);
    Ok(shares)
}

/// The knobs that a variant takes: its graph's own, and `strength` where answer and picture have one size.
pub(crate) fn knobs(manifest: &Manifest) -> BTreeMap<String, Knob> {
    let mut knobs = manifest.knobs.clone();
    if manifest.task == Task::Picture && manifest.picture.scale == 1 {
        let meaning = "share of the answer; the rest is the picture as it was".into();
        knobs.entry(STRENGTH.into()).or_insert(Knob::Number { default: 1.0, min: 0.0, max: 1.0, meaning });
    }
    knobs
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_mix_is_read_with_and_without_shares_and_sums_to_1() {
        let names = ["a", "b", "c"].map(str::to_owned);
        let read = |text: &str| shares("style", &names, &json!(text));
        for (text, expect) in [
            ("b", [0.0, 1.0, 0.0]),
            ("a:0.6, b:0.4", [0.6, 0.4, 0.0]),
            ("a,c", [0.5, 0.0, 0.5]),
            ("c:3,a:1", [0.25, 0.0, 0.75]),
            ("a:1,a:1", [1.0, 0.0, 0.0]),
        ] {
            let sums = read(text).unwrap();
            assert!(sums.iter().zip(expect).all(|(one, other)| (one - other).abs() < 1e-6), "{text}: {sums:?}");
        }
        for (text, says) in [
            ("d", "`style` has no `d`; there are a, b, c"),
            ("", "`style` has no ``"),
            ("a:x", "`a:x` has a share that is no number"),
            ("a:-1", "no number of 0 or more"),
            ("a:NaN", "no number of 0 or more"),
            ("a:0,b:0", "sum to 0"),
        ] {
            let wrong = read(text).unwrap_err();
            assert!(wrong.message().contains(says), "{text}: {wrong}");
        }
        assert!(shares("style", &names, &json!(1)).unwrap_err().message().contains("give a name"));
    }
}
