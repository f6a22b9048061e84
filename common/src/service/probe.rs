//! Quality while serving: a reference picture is run now and then, and its answer compared with the one it should have.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use super::{Face, Service};
use crate::error::{Error, Result};
use crate::knobs::Knobs;
use crate::log::{self, Level};
use crate::model::Model;
use crate::picture::{Encoding, Limits, Picture};
use crate::reply::{About, Offers, Shape};
use crate::telemetry;
use crate::watch::Watch;
use crate::work::compute;

/// The reference picture's sides.
const WIDTH: usize = 192;
const HEIGHT: usize = 128;

/// What is told of equal answers, dB.
const EQUAL: f64 = 100.0;

impl Service {
    /// Probes the default variant as often as the settings say; never returns where they do.
    pub(crate) async fn probe(self: Arc<Self>) {
        let Some(every) = self.front.settings.probe else { return };
        let mut wanted: Option<(String, Vec<f64>)> = None;
        loop {
            tokio::time::sleep(every).await;
            let Ok(place) = self.front.queue.patient_place(Instant::now() + every).await else { continue };
            let (service, before) = (self.clone(), wanted.take());
            let probed = compute(move || {
                let _place = place;
                service.probe_once(&service.face(), before)
            });
            match probed.await {
                Ok(known) => wanted = Some(known),
                Err(cause) => log::line(Level::Error, "the probe failed", json!({"cause": cause.to_string()})),
            }
        }
    }

    /// Compares once; gives the digest of the weights and the answer that they should give.
    fn probe_once(&self, face: &Face, before: Option<(String, Vec<f64>)>) -> Result<(String, Vec<f64>)> {
        let name = face.catalogue.default_name();
        let model = face.catalogue.model(name)?;
        let known = before.filter(|(digest, _)| *digest == model.digest());
        let wanted = match known {
            Some((_, wanted)) => wanted,
            // The full-precision network of the same variant tells what the 8-bit one should say.
            None => self.answer_of(face, &*face.catalogue.float_model(name)?)?,
        };
        telemetry::probed(name, likeness(&wanted, &self.answer_of(face, &model)?));
        Ok((model.digest().to_owned(), wanted))
    }

    /// The answer to the reference picture in numbers of 0..1.
    fn answer_of(&self, face: &Face, model: &Model) -> Result<Vec<f64>> {
        let mut options = Default::default();
        let (name, run) = self.function.prepare(&mut options, None, &face.catalogue)?;
        let (knobs, watch) = (Knobs::take(model.manifest(), &mut options)?, Watch::default());
        let write = run(model, reference(), &knobs, &watch)?;
        let encoding = Encoding::Png { compression: Some(1) };
        let words = self.function.offers() == Offers::Words;
        let shape = if words { Shape::Envelope(encoding) } else { Shape::Picture(encoding) };
        let about = About {
            req_id: String::new(),
            model: name,
            weights: String::new(),
            seconds: 0.0,
            original: (WIDTH, HEIGHT),
            link: None,
        };
        let reply = write(shape, &about, &watch)?;
        if words {
            let words: Value = serde_json::from_slice(&reply.body).map_err(Error::internal)?;
            let mut classes: Vec<_> = words["data"]["classes"].as_array().into_iter().flatten().collect();
            classes.sort_by_key(|class| class["class_id"].as_u64());
            return Ok(classes.iter().filter_map(|class| class["score"].as_f64()).collect());
        }
        let (picture, _) = Picture::decode(&reply.body, Limits { max_pixels: self.front.settings.max_pixels })?;
        Ok(picture.pixels().iter().map(|value| f64::from(*value) / 255.0).collect())
    }
}

/// The peak signal-to-noise ratio of two answers, dB; 0 where they are of different lengths.
fn likeness(wanted: &[f64], got: &[f64]) -> f64 {
    if wanted.len() != got.len() || wanted.is_empty() {
        return 0.0;
    }
    let errors: f64 = wanted.iter().zip(got).map(|(wanted, got)| (wanted - got).powi(2)).sum();
    if errors == 0.0 { EQUAL } else { (-10.0 * (errors / wanted.len() as f64).log10()).clamp(0.0, EQUAL) }
}

/// A picture of what pictures are made of: slopes, edges, and texture that grows finer.
fn reference() -> Picture {
    let pixel = |at: usize| {
        let (x, y) = ((at % WIDTH) as f64, (at / WIDTH) as f64);
        let slope = [x / WIDTH as f64, y / HEIGHT as f64, 1.0 - x / WIDTH as f64];
        let texture = 0.15 * (x * x / 300.0).sin() * (y / 7.0).cos();
        let edge = if ((x / 48.0).floor() + (y / 32.0).floor()) % 2.0 == 0.0 { 0.1 } else { -0.1 };
        slope.map(|slope| ((0.2 + 0.6 * slope + texture + edge).clamp(0.0, 1.0) * 255.0) as u8)
    };
    Picture::new(WIDTH, HEIGHT, (0..WIDTH * HEIGHT).flat_map(pixel).collect(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likeness_is_told_in_decibels() {
        assert_eq!(likeness(&[0.5, 0.5], &[0.5, 0.5]), EQUAL);
        assert!((likeness(&[0.5, 0.5], &[0.6, 0.4]) - 20.0).abs() < 1e-9);
        assert_eq!(likeness(&[0.5], &[]), 0.0);
    }
}
