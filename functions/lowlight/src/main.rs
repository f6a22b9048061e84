//! lowlight: makes dark photographs bright.

use common::{Card, Function, Knobs, Model, NoOptions, Picture, Result, Watch};

struct Lowlight;

impl Function for Lowlight {
    const CARD: Card = Card {
        name: "lowlight",
        title: "Low-light enhancement",
        summary: "Makes a dark photograph bright: one curve for the whole picture, chosen by a network that sees all of \
                  it, and the noise that comes up with the light taken away.",
    };
    type Options = NoOptions;
    type Answer = Picture;

    fn run(model: &Model, picture: Picture, _: &NoOptions, knobs: &Knobs, watch: &Watch) -> Result<Picture> {
        model.enhance(picture, knobs, watch)
    }
}

fn main() -> std::process::ExitCode {
    common::serve::<Lowlight>()
}
