//! upscale: enlarges photographs, with detail where enlarging blurs.

use common::{Card, Catalogue, Choice, Error, Function, Knobs, Model, Picture, Result, Watch};
use schemars::JsonSchema;
use serde::Deserialize;

struct Upscale;

/// What a request may set.
#[derive(Deserialize, JsonSchema)]
struct Options {
    /// How many times as wide and high; without it, as the model has it.
    scale: Option<usize>,
}

impl Function for Upscale {
    const CARD: Card = Card {
        name: "upscale",
        title: "Super-resolution",
        summary: "Makes a photograph two, three or four times as wide and high, with edges and texture where enlarging blurs.",
    };
    type Options = Options;
    type Answer = Picture;

    fn run(model: &Model, picture: Picture, _: &Options, knobs: &Knobs, watch: &Watch) -> Result<Picture> {
        model.enhance(picture, knobs, watch)
    }

    /// `scale` alone takes the default or its sibling of that scale (`default`, `default-x2`; `fast-x3`, `fast-x2`); beside
    /// `model` it must be that model's.
    fn variant(options: &Options, choice: &Choice<'_>, catalogue: &Catalogue) -> Result<String> {
        let name = choice.named.unwrap_or(catalogue.default_name());
        let Some(scale) = options.scale else { return Ok(name.to_owned()) };
        let has = catalogue.manifest(name)?.picture.scale;
        if has == scale {
            return Ok(name.to_owned());
        }
        if choice.named.is_some() {
            return Err(Error::bad(format!("`scale` is {scale}, but model `{name}` enlarges {has} times")));
        }
        let family = name.strip_suffix(&format!("-x{has}")).unwrap_or(name);
        for sibling in [family.to_owned(), format!("{family}-x{scale}")] {
            if catalogue.manifests().any(|manifest| manifest.variant == sibling && manifest.picture.scale == scale) {
                return Ok(sibling);
            }
        }
        let mut scales: Vec<_> = catalogue.manifests().map(|manifest| manifest.picture.scale).collect();
        scales.sort_unstable();
        scales.dedup();
        Err(Error::bad(format!("`scale` is {scale}; there are {scales:?}")))
    }
}

fn main() -> std::process::ExitCode {
    common::serve::<Upscale>()
}
