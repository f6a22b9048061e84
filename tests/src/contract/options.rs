//! What a request may set.

use std::collections::BTreeSet;

use common::{Format, Picture};
use serde_json::{Value, json};

use super::{each, each_picture};
use crate::catalogue::leaves;
use crate::process::shared;
use crate::samples::{difference, glass, jpeg, photo, png, read, read_png};
use crate::wire::{Answer, envelope, get, post, post_form, post_json};

/// Values that `schema` takes and values that it does not.
fn values(schema: &Value) -> (Vec<Value>, Vec<Value>) {
    let one = schema["anyOf"].as_array().and_then(|all| all.iter().find(|one| one["type"] != "null")).unwrap_or(schema);
    if let Some(names) = one["oneOf"].as_array() {
        return (names.iter().map(|one| one["const"].clone()).collect(), vec![json!("nothing-like-it")]);
    }
    if let Some(names) = one["enum"].as_array() {
        return (names.iter().filter(|name| !name.is_null()).cloned().collect(), vec![json!("nothing-like-it")]);
    }
    let (Some(min), Some(max)) = (one["minimum"].as_f64(), one["maximum"].as_f64()) else {
        return (vec![], vec![]);
    };
    let number = |value: f64| {
        if value.fract() == 0.0 { json!(value as i64) } else { json!(value) }
    };
    let wrong = ["NaN", "inf", "", "much", "1,5", "0x1"].map(|text| json!(text));
    (vec![number(min), number(max)], [vec![number(min - 1.0), number(max + 1.0)], wrong.to_vec()].concat())
}

// proves: D13, B01
#[test]
fn every_option_of_the_document_is_taken_in_its_range_only_and_in_every_form() {
    let body = png(&photo(10, 10));
    each(|function, server, _| {
        let document = server.ask(&get("/openapi.json")).good().json();
        let parameters = document["paths"]["/"]["post"]["parameters"].as_array().expect("parameters").clone();
        let mut ranged = 0;
        for parameter in &parameters {
            let name = parameter["name"].as_str().expect("a name");
            let (good, wrong) = values(&parameter["schema"]);
            ranged += usize::from(!good.is_empty());
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            // A knob that the default network lacks is asked of one that has it.
            let models = parameter["schema"]["x-models"].as_array().filter(|all| !all.contains(&json!("default")));
            let model = models.map_or("default", |all| all[0].as_str().expect("a model"));
            // A scale chooses the model by itself.
            let chooses = ["model", "scale"].contains(&name);
            let of = if chooses { String::new() } else { format!("?model={model}") };
            let in_every_form = |value: &Value| -> Vec<Answer> {
                let mut members = envelope(&body, "1");
                members[name] = value.clone();
                let query = if of.is_empty() { "/?".to_owned() } else { format!("/{of}&") };
                let query = format!("{query}{name}={}", text(value));
                let form =
                    post_form(&format!("/{of}"), &[(name, "", text(value).as_bytes()), ("image", "a.png", &body)]);
                [post(&query, &body), form, post_json(&format!("/{of}"), &members)].map(|one| server.ask(&one)).into()
            };
            for value in good {
                for answer in in_every_form(&value) {
                    assert_eq!(answer.status, 200, "{function} {name}={value}: {}", answer.text());
                }
            }
            for value in wrong {
                for answer in in_every_form(&value) {
                    let detail = answer.problem(400);
                    assert!(detail.contains(name), "{function} {name}={value}: {detail}");
                }
            }
        }
        assert!(ranged >= 6, "model, format, quality, compression, max_side and a knob: {parameters:?}");
    });
}

// proves: U14
#[test]
fn an_option_is_unknown_or_given_twice_only_as_a_problem() {
    let body = png(&photo(8, 8));
    each(|_, server, _| {
        let detail = server.ask(&post("/?sharpness=1", &body)).problem(400);
        assert!(
            detail.contains("`sharpness`") && detail.contains("max_side") && detail.contains("quality"),
            "{detail}"
        );
        for request in [
            post("/?quality=80&quality=81", &body),
            post_form("/?quality=80", &[("quality", "", b"81"), ("image", "a.png", &body)]),
            post_form("/", &[("quality", "", b"80"), ("quality", "", b"81"), ("image", "a.png", &body)]),
            post_json("/?quality=80", &json!({"img_data": "iVBORw==", "quality": 81})),
            post("/", br#"{"img_data": "iVBORw==", "quality": 80, "quality": 81}"#),
        ] {
            let detail = server.ask(&request).problem(400);
            assert!(detail.contains("`quality`") && detail.contains("twice"), "{detail}");
        }
        server.ask(&post_form("/?quality=80", &[("quality", "", b"80"), ("image", "a.png", &body)])).good();
        let detail = server.ask(&post("/?model=nothing", &body)).problem(400);
        assert!(detail.contains("`nothing`") && detail.contains("default"), "{detail}");
        server.ask(&post("/?model=default", &body)).good();
    });
}

// proves: U15, B01
#[test]
fn the_encoding_of_the_answer_is_chosen() {
    let body = png(&photo(60, 40));
    each_picture(|function, server, _| {
        let ask = |query: &str| {
            let answer = server.ask(&post(&format!("/?{query}"), &body)).good();
            let (picture, format) = read(&answer.body);
            (answer.body, picture, format)
        };
        for format in ["jpeg", "webp"] {
            let sizes: Vec<_> = [10, 60, 90, 100]
                .iter()
                .map(|quality| ask(&format!("format={format}&quality={quality}")).0.len())
                .collect();
            assert!(sizes.is_sorted_by(|one, two| one < two), "{function} {format}: {sizes:?}");
            assert_eq!(ask(&format!("format={format}")).0.len(), sizes[2], "{function}: 90 is the default of {format}");
        }
        for (quality, sampling) in [(100, 0x11), (90, 0x11), (89, 0x22)] {
            assert_eq!(
                luma_sampling(&ask(&format!("format=jpeg&quality={quality}")).0),
                sampling,
                "{function} {quality}"
            );
        }
        let (stored, plain, _) = ask("compression=0");
        for level in 0..=9 {
            let (bytes, picture, format) = ask(&format!("compression={level}"));
            assert_eq!((&picture, format), (&plain, Format::Png));
            assert!(bytes.len() <= stored.len(), "{function} compression {level}: {} {}", bytes.len(), stored.len());
        }
        let sizes = [0, 1, 9].map(|level| ask(&format!("compression={level}")).0.len());
        assert!(sizes[0] > sizes[1] && sizes[1] >= sizes[2], "{function}: {sizes:?}");
        assert_eq!(ask("").0.len(), sizes[1], "{function}: 1 is the default of PNG");
    });
}

/// The sampling byte of the first component in a JPEG's frame header (ISO 10918-1, B.2.2).
fn luma_sampling(jpeg: &[u8]) -> u8 {
    let mut at = 2;
    while !matches!(jpeg[at + 1], 0xc0..=0xc2) {
        at += 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
    }
    jpeg[at + 11]
}

// proves: K02
#[test]
fn colours_are_marked_as_srgb_and_no_exif_is_carried_over() {
    // A JPEG with EXIF of one text: the place where it was taken.
    let place = b"GPS 47.3769 N 8.5417 E";
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x0e\x01\x02\0".to_vec();
    exif.extend_from_slice(&(place.len() as u32).to_le_bytes());
    exif.extend_from_slice(&[26, 0, 0, 0, 0, 0, 0, 0]);
    exif.extend_from_slice(place);
    let plain = jpeg(&photo(40, 24), 90);
    let length = (exif.len() as u16 + 2).to_be_bytes();
    let body = [&plain[..2], &[0xff, 0xe1], &length, &exif, &plain[2..]].concat();
    each_picture(|_, server, _| {
        for format in ["jpeg", "png", "webp"] {
            let answer = server.ask(&post(&format!("/?format={format}"), &body)).good();
            let has = |word: &[u8]| answer.body.windows(word.len()).any(|window| window == word);
            assert!(!has(b"GPS 47") && !has(b"Exif\0\0"), "{format}");
            assert!(format != "png" || has(b"sRGB"), "{format}");
            assert_eq!(read(&answer.body).0.width() % 40, 0);
        }
        // More than digits: a time of the log may hold those.
        let told = |line: &String| line.contains("GPS 47") || line.contains("8.5417 E");
        assert!(!server.process.lines().iter().any(told), "the place is in the log");
    });
}

// proves: U06
#[test]
fn a_picture_is_shrunk_only_when_asked() {
    each_picture(|function, server, scale| {
        let body = png(&photo(60, 45));
        for (side, width, height) in
            [(20, 20, 15), (59, 59, 44), (60, 60, 45), (61, 60, 45), (65535, 60, 45), (1, 1, 1)]
        {
            let answer = server.ask(&post(&format!("/?max_side={side}"), &body)).good();
            let (picture, _) = read(&answer.body);
            assert_eq!((picture.width(), picture.height()), (width * scale, height * scale), "{function} {side}");
        }
        let upright = server.ask(&post("/?max_side=30", &png(&photo(45, 60)))).good();
        assert_eq!(read(&upright.body).0.height(), 30 * scale);
    });
}

// proves: U01, E02
#[test]
fn any_size_is_answered_whole() {
    each_picture(|function, server, scale| {
        for (width, height) in [(1, 1), (1, 40), (40, 1), (2, 3), (7, 5), (33, 64), (65, 63)] {
            let answer = server.ask(&post("/", &png(&photo(width, height)))).good();
            let (picture, _) = read(&answer.body);
            assert_eq!((picture.width(), picture.height()), (width * scale, height * scale), "{function}");
        }
    });
}

// proves: K02
#[test]
fn alpha_is_kept_apart_and_given_back() {
    let (clear, solid) = (glass(32, 20), photo(32, 20));
    each_picture(|function, server, scale| {
        let answer = read_png(&server.ask(&post("/", &png(&clear))).good().body);
        let alpha = clear.alpha().unwrap();
        for (x, y, pixel) in answer.enumerate_pixels() {
            let at = (y as usize / scale) * 32 + x as usize / scale;
            let most = if scale == 1 { 0 } else { 10 };
            assert!(pixel[3].abs_diff(alpha[at]) <= most, "{function} {x} {y}: {} {}", pixel[3], alpha[at]);
        }
        // Colours come out as if there were no alpha.
        let without = read(&server.ask(&post("/", &png(&solid))).good().body).0;
        let with: Vec<u8> = answer.pixels().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        assert!(difference(&with, without.pixels()).0 <= 1, "{function}");
        let (webp, _) = read(&server.ask(&post("/?format=webp", &png(&clear))).good().body);
        assert!(webp.alpha().is_some(), "{function}: WebP keeps alpha");
        server.ask(&post("/?format=jpeg", &png(&clear))).good();
        assert!(without.alpha().is_none());
    });
}

fn answered(function: &str, query: &str, body: &[u8]) -> Picture {
    read(&shared(function).ask(&post(&format!("/?format=png&{query}"), body)).good().body).0
}

// proves: U01
#[test]
fn scale_and_model_agree_or_are_refused() {
    let (server, body) = (shared("upscale"), png(&photo(10, 6)));
    let leaves = leaves(&server);
    let usable = leaves.iter().filter(|leaf| leaf["status"] == "ready");
    let scales: BTreeSet<_> = usable.map(|leaf| leaf["scale"].as_u64().unwrap()).collect();
    assert!(scales.contains(&3), "{scales:?}");
    for scale in scales {
        assert_eq!(answered("upscale", &format!("scale={scale}"), &body).width(), 10 * scale as usize);
    }
    assert_eq!(answered("upscale", "scale=3&model=default", &body).width(), 30);
    for (query, says) in [
        ("scale=7", "3"),
        ("scale=2&model=default", "default"),
        ("scale=0", "scale"),
        ("scale=x", "scale"),
        ("scale=3.5", "scale"),
        ("scale=-3", "scale"),
    ] {
        let detail = server.ask(&post(&format!("/?{query}"), &body)).problem(400);
        assert!(detail.contains(says), "{query}: {detail}");
    }
}

// proves: U07
#[test]
fn denoise_is_off_by_default_and_takes_jpeg_noise_away() {
    let clean = photo(64, 48);
    let body = jpeg(&clean, 20);
    let plain = answered("upscale", "", &body);
    assert_eq!(plain, answered("upscale", "denoise=0", &body));
    let (_, change) = difference(plain.pixels(), answered("upscale", "denoise=1", &body).pixels());
    assert!(change > 0.2, "denoise=1 changes {change}");
    let detail = shared("upscale").ask(&post("/?denoise=1.1", &body)).problem(400);
    assert!(detail.contains("`denoise`") && detail.contains("from 0 to 1"), "{detail}");
}

// proves: E02
#[test]
fn strength_is_whole_by_default_and_nothing_at_0() {
    let dark: Vec<u8> = photo(64, 48).pixels().iter().map(|value| value / 6).collect();
    let dark = Picture::new(64, 48, dark, None);
    let body = png(&dark);
    let mean =
        |picture: &Picture| picture.pixels().iter().map(|value| f64::from(*value)).sum::<f64>() / (64.0 * 48.0 * 3.0);
    let whole = answered("lowlight", "", &body);
    assert_eq!(answered("lowlight", "strength=0", &body), dark);
    assert_eq!(answered("lowlight", "strength=1", &body), whole);
    let half = answered("lowlight", "strength=0.5", &body);
    assert!(mean(&whole) > 2.0 * mean(&dark), "dark {} bright {}", mean(&dark), mean(&whole));
    assert!(mean(&dark) < mean(&half) && mean(&half) < mean(&whole));
}

// proves: U14
#[test]
fn an_answer_that_its_format_cannot_hold_is_refused_with_words() {
    // 16,383 pixels are the most of WebP, 65,535 of JPEG.
    for (function, width, format) in
        [("upscale", 5462, "webp"), ("lowlight", 16_384, "webp"), ("upscale", 21_846, "jpeg")]
    {
        let body = png(&photo(width, 1));
        let answer = shared(function).ask(&post(&format!("/?format={format}"), &body));
        assert!((400..500).contains(&answer.status), "{function} {format}: {}", answer.status);
        let detail = answer.problem(answer.status);
        assert!(detail.to_lowercase().contains(format) && detail.contains("png"), "{detail}");
    }
}
