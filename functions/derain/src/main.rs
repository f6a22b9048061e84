//! derain: takes rain out of photographs.

use common::{Card, Function, Knobs, Model, NoOptions, Picture, Result, Watch};

struct Derain;

impl Function for Derain {
    const CARD: Card = Card {
        name: "derain",
        title: "Rain removal",
        summary: "Takes rain out of a photograph, streaks in the air and drops on the glass: a recurrent network first \
                  marks where they are, then repaints what they hide.",
    };
    type Options = NoOptions;
    type Answer = Picture;

    fn run(model: &Model, picture: Picture, _: &NoOptions, knobs: &Knobs, watch: &Watch) -> Result<Picture> {
        model.enhance(picture, knobs, watch)
    }
}

fn main() -> std::process::ExitCode {
    common::serve::<Derain>()
}
