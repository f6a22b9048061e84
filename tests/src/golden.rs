//! Golden pictures: what each default network makes of a few committed pictures, in each precision.
//!
//! `tests/golden/FUNCTION/NAME.png` goes in; `NAME.int8.png` and `NAME.float.png` come out. `UPDATE=1` rewrites the latter,
//! to be looked at before they are committed.

use std::path::PathBuf;

use common::{Encoding, Picture, Watch};
use serde_json::Value;

use crate::process::{Server, functions, pictures, root};
use crate::samples::{difference, read};
use crate::wire::{get, post};

/// The pictures that go in.
fn inputs(function: &str) -> Vec<PathBuf> {
    let folder = root().join("tests/golden").join(function);
    let mut inputs: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|cause| panic!("{}: {cause}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().matches('.').count() == 1)
        .collect();
    inputs.sort();
    assert!(inputs.len() >= 2, "golden pictures of {function}");
    inputs
}

/// Compares every answer with its golden picture; each may be off by `most`.
fn golden(precision: &str, most: u8) {
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    for function in pictures() {
        let server = Server::start(&function, &[("PRECISION", precision)]);
        let card = server.ask(&get("/models/default")).good().json();
        let weights =
            card["weights"].as_array().unwrap().iter().find(|one| one["precision"] == precision).expect("a file");
        let digest = weights["sha256"].as_str().unwrap();
        assert_eq!(card["serves"]["precision"], precision);
        for input in inputs(&function) {
            let bytes = std::fs::read(&input).unwrap();
            let answer = server.ask(&post("/?format=png&compression=9", &bytes)).good();
            assert_eq!(answer.must("x-model"), format!("default@{}", &digest[..12]));
            let golden = input.with_extension(format!("{precision}.png"));
            if update {
                std::fs::write(&golden, &answer.body).unwrap();
                continue;
            }
            let expect = std::fs::read(&golden)
                .unwrap_or_else(|cause| panic!("{}: {cause}; UPDATE=1 writes it", golden.display()));
            let (answer, expect) = (read(&answer.body).0, read(&expect).0);
            assert_eq!((answer.width(), answer.height()), (expect.width(), expect.height()), "{}", golden.display());
            let (off, mean) = difference(answer.pixels(), expect.pixels());
            if off > most || answer.alpha() != expect.alpha() {
                wrong.push(format!("{}: off by {off}, {mean:.4} on average", golden.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "look at the answers; where the new ones are right, UPDATE=1 keeps them:\n{}",
        wrong.join("\n")
    );
}

/// The same for answers in words: `NAME.int8.json` and `NAME.float.json`; scores and sides may be off by a share of `most`.
fn golden_words(precision: &str, most: f64) {
    let update = std::env::var_os("UPDATE").is_some();
    for function in functions().into_iter().filter(|function| !pictures().contains(function)) {
        let server = Server::start(&function, &[("PRECISION", precision)]);
        for input in inputs(&function) {
            let answer = server.ask(&post("/?threshold=0.1", &std::fs::read(&input).unwrap())).good();
            let mut data = answer.json()["data"].clone();
            data.as_object_mut().unwrap().remove("seconds");
            let golden = input.with_extension(format!("{precision}.json"));
            if update {
                std::fs::write(&golden, format!("{data:#}\n")).unwrap();
                continue;
            }
            let expect = std::fs::read(&golden)
                .unwrap_or_else(|cause| panic!("{}: {cause}; UPDATE=1 writes it", golden.display()));
            let expect: Value = serde_json::from_slice(&expect).unwrap();
            assert!(close(&data, &expect, most), "{}: {data:#}", golden.display());
        }
    }
}

/// Whether two JSON values are equal but for numbers that differ by at most this share of the larger one.
fn close(one: &Value, two: &Value, most: f64) -> bool {
    match (one, two) {
        (Value::Object(one), Value::Object(two)) => {
            one.len() == two.len()
                && one.iter().all(|(name, value)| two.get(name).is_some_and(|other| close(value, other, most)))
        }
        (Value::Array(one), Value::Array(two)) => {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| close(one, two, most))
        }
        (Value::Number(one), Value::Number(two)) => {
            let [one, two] = [one, two].map(|number| number.as_f64().unwrap());
            (one - two).abs() <= most * one.abs().max(two.abs())
        }
        _ => one == two,
    }
}

// proves: O01, O08
#[test]
fn answers_in_words_are_the_golden_ones() {
    golden_words("int8", 1e-3);
    golden_words("float", 1e-2);
}

// proves: E02, U01
#[test]
fn answers_of_the_8_bit_networks_are_equal_to_the_golden_ones() {
    golden("int8", 0);
}

// proves: E02, U01
#[test]
fn answers_of_the_float_networks_are_the_golden_ones_within_1_of_255() {
    golden("float", 1);
}

// proves: B04
#[test]
fn a_named_provider_answers_as_the_one_that_is_chosen() {
    for function in pictures() {
        let body = std::fs::read(&inputs(&function)[0]).unwrap();
        let [auto, cpu] =
            ["auto", "cpu"].map(|provider| Server::start(&function, &[("PROVIDER", provider), ("PRECISION", "int8")]));
        let named = auto.ask(&get("/models/default")).good().json()["serves"]["provider"].clone();
        let [one, two] = [&auto, &cpu].map(|server| read(&server.ask(&post("/?format=png", &body)).good().body).0);
        let (off, _) = difference(one.pixels(), two.pixels());
        assert!(off <= u8::from(named != "cpu"), "{function}: {named} and cpu differ by {off}");
    }
}

// proves: E06
#[test]
fn answers_do_not_depend_on_threads_and_instances() {
    for function in pictures() {
        let body = std::fs::read(&inputs(&function)[0]).unwrap();
        let answers = [("THREADS", "1"), ("THREADS", "3"), ("INSTANCES", "1"), ("INSTANCES", "5")].map(|setting| {
            let server = Server::start(&function, &[setting, ("PRECISION", "int8")]);
            read(&server.ask(&post("/?format=png", &body)).good().body).0
        });
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{function}");
    }
}

/// The two precisions of one network are one network: their answers are close.
#[test]
fn precisions_agree() {
    for function in pictures() {
        let servers = ["int8", "float"].map(|precision| Server::start(&function, &[("PRECISION", precision)]));
        for input in inputs(&function) {
            let ask = post("/?format=png", &std::fs::read(&input).unwrap());
            let [int8, float] = [&servers[0], &servers[1]].map(|server| read(&server.ask(&ask).good().body).0);
            let (_, mean) = difference(int8.pixels(), float.pixels());
            assert!(mean < 6.0, "{}: {mean} on average", input.display());
        }
    }
}

/// What goes in is small: a golden picture is for reading by eye, not for weight.
#[test]
fn golden_pictures_are_small() {
    for function in functions() {
        for input in inputs(&function) {
            let picture: Picture = read(&std::fs::read(&input).unwrap()).0;
            let stored = picture.encode(Encoding::Png { compression: Some(0) }, &Watch::default()).unwrap().len();
            assert!(stored < 60_000, "{}: {} x {}", input.display(), picture.width(), picture.height());
        }
    }
}
