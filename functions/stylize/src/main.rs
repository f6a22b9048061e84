//! stylize: paints photographs in the manner of a painting.

mod colour;
mod median;
mod options;
mod styles;

use common::{Card, Catalogue, Choice, Function, Knobs, Model, Picture, Result, Watch};

use options::Options;

struct Stylize;

impl Function for Stylize {
    const CARD: Card = Card {
        name: "stylize",
        title: "Style transfer",
        summary: "Paints a photograph in the manner of a painting, or of several mixed: one network, a row of numbers for \
                  each painting.",
    };
    type Options = Options;
    type Answer = Picture;

    /// The painting at the size that `stroke` asks for, freed of odd pixels, at the photograph's size; then what is put back
    /// of the photograph: first a share of its pixels, then of their value.
    fn run(model: &Model, photo: Picture, options: &Options, knobs: &Knobs, watch: &Watch) -> Result<Picture> {
        let (width, height) = (photo.width(), photo.height());
        let seen = options.seen(width, height)?;
        let painting = model.enhance(photo.scaled(seen)?, knobs, watch)?;
        let pixels = median::median(painting.into_pixels(), seen.0, options.window(), watch)?;
        let mut pixels = Picture::new(seen.0, seen.1, pixels, None).scaled((width, height))?.into_pixels();
        watch.check()?;
        colour::blend(&mut pixels, photo.pixels(), options.blend());
        colour::value(&mut pixels, photo.pixels(), options.value());
        Ok(photo.with_pixels(pixels))
    }

    /// A `style` that the default network lacks is looked for in the others.
    fn variant(_: &Options, choice: &Choice<'_>, catalogue: &Catalogue) -> Result<String> {
        styles::variant(choice, catalogue)
    }
}

fn main() -> std::process::ExitCode {
    common::serve::<Stylize>()
}
