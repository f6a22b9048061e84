//! detect: finds the things in a picture, and in every frame of a video.

mod options;
mod video;

use common::{Boxes, Card, Function, Knobs, Model, Picture, Result, Route, Watch};
use options::Options;

struct Detect;

impl Function for Detect {
    const CARD: Card = Card {
        name: "detect",
        title: "Object detection",
        summary: "Finds people, cars, animals and other everyday things in a picture, eighty classes in all: a box, a name \
                  and a score for each. A starter: its own network finds large, clear things.",
    };
    type Options = Options;
    type Answer = Boxes;

    fn run(model: &Model, picture: Picture, options: &Options, knobs: &Knobs, watch: &Watch) -> Result<Boxes> {
        let wanted = options.wanted(model.names())?;
        let found = model.boxes(&picture, &wanted, knobs, watch)?;
        Ok(Boxes { picture, found, names: model.names().clone(), named: options.named() })
    }

    fn routes() -> Vec<Route> {
        vec![Route::of::<video::Video>()]
    }
}

fn main() -> std::process::ExitCode {
    common::serve::<Detect>()
}
