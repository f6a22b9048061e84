//! dehaze: takes haze out of photographs.

use common::{Card, Function, Knobs, Model, NoOptions, Picture, Result, Watch};

struct Dehaze;

impl Function for Dehaze {
    const CARD: Card = Card {
        name: "dehaze",
        title: "Haze removal",
        summary: "Takes haze out of a photograph, thin or thick, even or in drifts, and gives back the colours and the \
                  contrast of what lies behind it.",
    };
    type Options = NoOptions;
    type Answer = Picture;

    fn run(model: &Model, picture: Picture, _: &NoOptions, knobs: &Knobs, watch: &Watch) -> Result<Picture> {
        model.enhance(picture, knobs, watch)
    }
}

fn main() -> std::process::ExitCode {
    common::serve::<Dehaze>()
}
