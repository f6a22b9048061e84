//! Tiled and untiled are one: the same weights behind manifests that cut ever smaller tiles.

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::process::{Server, models, pictures};
use crate::samples::{difference, photo, png, read};
use crate::wire::{get, post};

/// Sides of tiles that are tried; `default` is never cut at the sizes below.
const SIDES: [usize; 5] = [16, 24, 33, 50, 64];

/// Sides of the pictures: more than three tiles of the smallest side.
const MOST: usize = 110;

/// The manifest of a function's default variant.
fn default(function: &str) -> Value {
    let path = models().join(function).join("default/model.json");
    serde_json::from_slice(&std::fs::read(path).expect("a manifest")).expect("JSON")
}

/// A function's default variant, once for each side of tiles.
pub fn cut_models(folder: &Path, function: &str) {
    let from = models().join(function).join("default");
    let manifest = default(function);
    let untiled = json!(100_000);
    for (name, side) in
        SIDES.map(|side| (format!("tile-{side}"), json!(side))).into_iter().chain([("default".into(), untiled)])
    {
        let to = folder.join(function).join(&name);
        std::fs::create_dir_all(&to).unwrap();
        let mut manifest = manifest.clone();
        manifest["variant"] = json!(name);
        manifest["picture"]["tile"] = side;
        std::fs::write(to.join("model.json"), manifest.to_string()).unwrap();
        for weights in manifest["weights"].as_array().expect("weights") {
            let file = weights["file"].as_str().expect("a file");
            std::fs::copy(from.join(file), to.join(file)).unwrap();
        }
    }
}

fn compare(precision: &str, cases: u32) {
    let folder = tempfile::tempdir().unwrap();
    let most = MOST.to_string();
    for function in pictures() {
        cut_models(folder.path(), &function);
        let settings = [("MODELS", folder.path().to_str().unwrap()), ("PRECISION", precision), ("LOG", "info")];
        let server = Server::start(&function, &settings);
        let knobs = server.ask(&get("/models/default")).good().json()["knobs"].clone();
        let knob = knobs.as_object().and_then(|knobs| knobs.keys().next().cloned()).expect("a knob");
        let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
        let side = 1_usize..=MOST;
        let strategy = (side.clone(), side, 0..SIDES.len(), 0_u8..=2);
        let done = TestRunner::new(config).run(&strategy, |(width, height, tile, turn)| {
            let body = png(&photo(width, height));
            let ask = |model: &str| {
                let query = format!("/?model={model}&{knob}={}&format=png&compression=0", f64::from(turn) / 2.0);
                read(&server.ask(&post(&query, &body)).good().body).0
            };
            let (whole, tiled) = (ask("default"), ask(&format!("tile-{}", SIDES[tile])));
            prop_assert_eq!((whole.width(), whole.height()), (tiled.width(), tiled.height()));
            let (off, _) = difference(whole.pixels(), tiled.pixels());
            prop_assert!(off <= 1, "{} {}: off by {}", function, precision, off);
            Ok(())
        });
        done.unwrap_or_else(|wrong| panic!("sides up to {most}: {wrong}"));
    }
}

// proves: U06, B03
#[test]
fn tiles_of_8_bits_agree_with_the_whole_within_1_of_255() {
    compare("int8", 40);
}

// proves: U06, B03
#[test]
fn tiles_of_floats_agree_with_the_whole_within_1_of_255() {
    compare("float", 20);
}

// proves: U06, B03
#[test]
fn a_picture_larger_than_the_manifests_own_tile_agrees_too() {
    // One tile of the real size and a part of the next, both ways.
    let folder = tempfile::tempdir().unwrap();
    for function in pictures() {
        cut_models(folder.path(), &function);
        let own = default(&function)["picture"]["tile"].as_u64().expect("a tile") as usize;
        let served = Server::start(&function, &[]);
        let untiled = Server::start(&function, &[("MODELS", folder.path().to_str().unwrap())]);
        let body = png(&photo(own + 37, 90));
        let [one, two] = [&served, &untiled]
            .map(|server| read(&server.ask(&post("/?format=png&compression=0", &body)).good().body).0);
        let (off, _) = difference(one.pixels(), two.pixels());
        assert!(off <= 1, "{function}: off by {off}");
    }
}
