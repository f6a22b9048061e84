//! The answers in words: classes with their probabilities, boxes around objects.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::boxes::Found;
use crate::draw;
use crate::error::{Error, Kind, Result};
use crate::picture::Picture;
use crate::reply::{About, Answer, Offers, Reply, Shape, envelope};
use crate::watch::Watch;

/// Classes with their probabilities, the best first.
#[derive(Clone, Debug)]
pub struct Labels {
    names: Arc<Vec<String>>,
    best: Vec<(usize, f32)>,
}

impl Labels {
    /// Of a probability for each name, at most `top` of `threshold` or more.
    pub fn new(names: Arc<Vec<String>>, scores: &[f32], top: usize, threshold: f32) -> Self {
        let mut best: Vec<_> = scores.iter().copied().enumerate().filter(|(_, score)| *score >= threshold).collect();
        best.sort_by(|one, two| two.1.total_cmp(&one.1));
        best.truncate(top);
        Self { names, best }
    }
}

impl Answer for Labels {
    const OFFERS: Offers = Offers::Words;

    fn reply(self, shape: Shape, about: &About, _: &Watch) -> Result<Reply> {
        if !matches!(shape, Shape::Envelope(_)) {
            return Err(Error::new(Kind::NotAcceptable, "classes are given as application/json alone"));
        }
        let classes: Vec<_> = self
            .best
            .iter()
            .map(|(id, score)| json!({"class_id": id, "name": self.names.get(*id), "score": digits(*score, 1e5)}))
            .collect();
        Ok(envelope(about, json!({"classes": classes})))
    }
}

/// Boxes around objects, the best first, and the picture they were found in.
#[derive(Clone, Debug)]
pub struct Boxes {
    /// The upright picture.
    pub picture: Picture,
    /// In its pixels.
    pub found: Vec<Found>,
    /// The names of the classes.
    pub names: Arc<Vec<String>>,
    /// Whether names and scores are drawn beside the boxes.
    pub named: bool,
}

impl Boxes {
    /// The picture with the boxes drawn into it.
    pub fn drawn(self) -> Result<Picture> {
        draw::draw(self.picture, &self.found, self.named.then_some(self.names.as_slice()))
    }

    /// [{`box`, `class_id`, `name`, `score`}], the best first.
    pub fn json(found: &[Found], names: &[String]) -> Value {
        let one = |found: &Found| {
            json!({"box": found.bounds.map(|side| digits(side, 1e2)), "class_id": found.class,
                "name": names.get(found.class), "score": digits(found.score, 1e5)})
        };
        found.iter().map(one).collect()
    }
}

impl Answer for Boxes {
    const OFFERS: Offers = Offers::Drawing;

    fn reply(self, shape: Shape, about: &About, watch: &Watch) -> Result<Reply> {
        let encoding = shape.encoding();
        Ok(match shape {
            Shape::Envelope(_) | Shape::Enhanced(_) => {
                let (width, height) = (self.picture.width(), self.picture.height());
                let boxes = Self::json(&self.found, &self.names);
                let mut data = json!({"width": width, "height": height, "boxes": boxes});
                let Some(url) = about.wanted_link() else { return Ok(envelope(about, data)) };
                data["result_url"] = json!(url);
                envelope(about, data).linked(encoding.media_type(), self.drawn()?.encode(encoding, watch)?)
            }
            Shape::Picture(_) => Reply::new(encoding.media_type(), self.drawn()?.encode(encoding, watch)?),
            Shape::Base64(_) => Reply::base64(&self.drawn()?.encode(encoding, watch)?),
        })
    }
}

/// A float as it is written: without the noise of its last digits.
fn digits(value: f32, scale: f64) -> f64 {
    (f64::from(value) * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_classes_come_first_as_many_as_asked() {
        let names = Arc::new(["a", "b", "c"].map(str::to_owned).to_vec());
        let best = |top, threshold| Labels::new(names.clone(), &[0.2, 0.5, 0.3], top, threshold).best;
        assert_eq!(best(2, 0.0), [(1, 0.5), (2, 0.3)]);
        assert_eq!(best(5, 0.25), [(1, 0.5), (2, 0.3)]);
        assert!(best(5, 0.6).is_empty());
    }
}
