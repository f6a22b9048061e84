//! A function that holds, panics and answers to order: what the tests of a server's life need and no real one does.

use std::path::Path;
use std::time::Duration;

use common::{Card, Function, Knobs, Model, Picture, Result, Watch};
use schemars::JsonSchema;
use serde::Deserialize;

struct Faulty;

/// What a request may order.
#[derive(Deserialize, JsonSchema)]
struct Options {
    /// Writes the file of this name with `.held` and goes on until the file itself exists.
    hold: Option<String>,
    /// Panics.
    panic: Option<bool>,
}

impl Function for Faulty {
    const CARD: Card = Card { name: "faulty", title: "Failures to order", summary: "Fails as it is told." };
    type Options = Options;
    type Answer = Picture;

    fn run(model: &Model, picture: Picture, options: &Options, knobs: &Knobs, watch: &Watch) -> Result<Picture> {
        if let Some(file) = options.hold.clone().or_else(|| std::env::var("FAULTY_HOLD").ok()) {
            // Who cannot be told fails the test that waits for it.
            _ = std::fs::write(format!("{file}.held"), "");
            while !Path::new(&file).exists() {
                watch.check()?;
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        assert!(options.panic != Some(true), "as ordered");
        model.enhance(picture, knobs, watch)
    }
}

fn main() -> std::process::ExitCode {
    common::serve::<Faulty>()
}
