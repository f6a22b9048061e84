//! classify: says which of ten things a picture shows.

use common::{Card, Function, Knobs, Labels, Model, Picture, Result, Share, Watch, Whole};
use schemars::JsonSchema;
use serde::Deserialize;

struct Classify;

/// What a request may set.
#[derive(Deserialize, JsonSchema)]
struct Options {
    /// The most classes to tell (default 5), the most probable first.
    top_k: Option<Whole<1, 1000>>,
    /// The lowest probability to tell (default 0).
    threshold: Option<Share>,
}

impl Function for Classify {
    const CARD: Card = Card {
        name: "classify",
        title: "Classification",
        summary: "Says which of ten things a picture shows: airplane, automobile, bird, cat, deer, dog, frog, horse, ship \
                  or truck, each with its probability.",
    };
    type Options = Options;
    type Answer = Labels;

    fn run(model: &Model, picture: Picture, options: &Options, knobs: &Knobs, watch: &Watch) -> Result<Labels> {
        let scores = model.labels(&picture, knobs, watch)?;
        let top = options.top_k.map_or(5, |top| top.0 as usize);
        let threshold = options.threshold.map_or(0.0, |share| share.0);
        Ok(Labels::new(model.names().clone(), &scores, top, threshold))
    }
}

fn main() -> std::process::ExitCode {
    common::serve::<Classify>()
}
