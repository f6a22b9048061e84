//! Pictures in and out: the odd ones that must be read, and what is written read again.

use std::fmt::Write;

use common::{Encoding, Limits, Picture, Watch};
use proptest::prelude::*;
use serde_json::Value;

use crate::process::root;
use crate::samples::{difference, read, read_png};

const LIMITS: Limits = Limits { max_pixels: 50_000_000 };

// proves: K02
#[test]
fn every_odd_picture_becomes_what_it_must() {
    let folder = root().join("tests/pictures");
    let list = std::fs::read(folder.join("pictures.json")).expect("pictures.json");
    let list: Vec<Value> = serde_json::from_slice(&list).expect("pictures.json");
    let load = |name: &Value| std::fs::read(folder.join(name.as_str().expect("a file"))).expect("a file");
    let mut wrong = String::new();
    for entry in &list {
        let expect = read_png(&load(&entry["expect"]));
        if let Err(what) = compare(&load(&entry["file"]), &expect, entry) {
            _ = writeln!(wrong, "{}: {what}", entry["file"]);
        }
    }
    assert!(list.len() > 50 && wrong.is_empty(), "{} of {} differ:\n{wrong}", wrong.lines().count(), list.len());
}

/// Compares with the expected pixels under the tolerance of the list.
fn compare(bytes: &[u8], expect: &image::RgbaImage, entry: &Value) -> Result<(), String> {
    let (picture, format) = Picture::decode(bytes, LIMITS).map_err(|wrong| wrong.to_string())?;
    let name = format!("{format:?}").to_uppercase();
    let size = (picture.width() as u32, picture.height() as u32);
    if size != expect.dimensions() || entry["format"] != name || entry["alpha"] != picture.alpha().is_some() {
        return Err(format!("{size:?} {name}, alpha {:?}", picture.alpha().is_some()));
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for (at, pixel) in expect.pixels().enumerate() {
        let alpha = picture.alpha().map_or(255, |alpha| alpha[at]);
        // Colours that nobody sees do not count.
        let seen = if pixel[3] == 0 { 0..0 } else { at * 3..at * 3 + 3 };
        theirs.extend_from_slice(&pixel.0[..seen.len()]);
        ours.extend_from_slice(&picture.pixels()[seen]);
        theirs.push(pixel[3]);
        ours.push(alpha);
    }
    let (most, mean) = difference(&ours, &theirs);
    let tolerance = &entry["tolerance"];
    let (may, may_mean) = (tolerance["max"].as_u64(), tolerance["mean"].as_f64());
    assert!(may.is_some() || may_mean.is_some(), "a tolerance in {entry}");
    if may.is_some_and(|may| u64::from(most) > may) || may_mean.is_some_and(|may| mean > may) {
        return Err(format!("off by {most} at most and {mean:.3} on average, may be {tolerance}"));
    }
    Ok(())
}

#[test]
fn limits_count_the_pixels_of_the_header() {
    let picture = Picture::new(40, 30, vec![7; 3600], None);
    for encoding in
        [Encoding::Png { compression: None }, Encoding::Jpeg { quality: 90 }, Encoding::WebP { quality: 90 }]
    {
        let bytes = picture.encode(encoding, &Watch::default()).unwrap();
        Picture::decode(&bytes, Limits { max_pixels: 1200 }).unwrap();
        assert_eq!(Picture::decode(&bytes, Limits { max_pixels: 1199 }).unwrap_err().kind(), common::Kind::TooLarge);
    }
}

/// Any picture: its size, its pixels (smooth enough for lossy codecs), with or without alpha.
fn any_picture() -> impl Strategy<Value = Picture> {
    (1_usize..70, 1_usize..70, any::<u32>(), any::<bool>()).prop_map(|(width, height, seed, clear)| {
        let wave = |at: usize, k: u32| (seed.rotate_left(k) as usize % 200 + at * (k as usize + 1) % 55) as u8;
        let pixels =
            (0..width * height * 3).map(|at| wave(at / 3 % width / 4 + at / 3 / width / 3, at as u32 % 3)).collect();
        let alpha = clear.then(|| (0..width * height).map(|at| wave(at % width, 5)).collect());
        Picture::new(width, height, pixels, alpha)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    // proves: K02, U15
    #[test]
    fn a_png_of_any_compression_is_the_picture_again(picture in any_picture(), compression in proptest::option::of(0_u8..=9)) {
        let bytes = picture.encode(Encoding::Png { compression }, &Watch::default()).unwrap();
        prop_assert_eq!(read(&bytes).0, picture.clone());
        let other = read_png(&bytes);
        let rgb: Vec<u8> = other.pixels().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        prop_assert_eq!(&rgb[..], picture.pixels());
    }

    // proves: K02
    #[test]
    fn a_lossy_picture_is_nearly_the_picture_again(picture in any_picture(), webp in any::<bool>()) {
        let encoding = if webp { Encoding::WebP { quality: 95 } } else { Encoding::Jpeg { quality: 95 } };
        let (again, _) = read(&picture.encode(encoding, &Watch::default()).unwrap());
        prop_assert_eq!((again.width(), again.height()), (picture.width(), picture.height()));
        prop_assert!(!webp || again.alpha() == picture.alpha());
        if picture.alpha().is_none() {
            let (_, mean) = difference(again.pixels(), picture.pixels());
            prop_assert!(mean < 6.0, "off by {mean}");
        }
    }

    // proves: K02, U14
    #[test]
    fn no_bytes_bring_the_decoder_down(name in 0_usize..6, cut in 0.0_f64..1.0, flips in proptest::collection::vec((0.0_f64..1.0, any::<u8>()), 0..4)) {
        let names = ["interlaced-rgb16.png", "baseline-420.jpg", "lossy-alpha.webp", "animated.gif", "lzw.tif", "grey8.bmp"];
        let mut bytes = std::fs::read(root().join("tests/pictures").join(names[name])).unwrap();
        for (place, value) in flips {
            let at = (place * bytes.len() as f64) as usize;
            bytes[at] = value;
        }
        bytes.truncate((cut * 2.0 * bytes.len() as f64) as usize);
        // Whatever they are: a picture or a sentence.
        match Picture::decode(&bytes, LIMITS) {
            Ok((picture, _)) => prop_assert!(picture.width() * picture.height() * 3 == picture.pixels().len()),
            Err(wrong) => prop_assert!(!wrong.message().is_empty() && wrong.kind() != common::Kind::Internal, "{}", wrong),
        }
    }
}
