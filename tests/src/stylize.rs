//! stylize: a photograph painted, paintings mixed, and what is put back of the photograph.

use std::sync::Arc;

use common::Picture;
use serde_json::{Value, json};

use crate::process::{Server, shared};
use crate::samples::{difference, glass, jpeg, photo, png, read, sample};
use crate::tiling::cut_models;
use crate::variants::{add, copy_models, manifest};
use crate::wire::{get, post, post_form, post_json, unbase64};

fn server() -> Arc<Server> {
    shared("stylize")
}

/// The names of the styles that the default network knows.
fn styles() -> Vec<String> {
    let card = server().ask(&get("/models/default")).good().json();
    let names = card["knobs"]["style"]["names"].as_array().expect("the names of the styles");
    names.iter().map(|name| name.as_str().expect("a name").to_owned()).collect()
}

/// The answer to a query, as it was computed.
fn painted(server: &Server, query: &str, body: &[u8]) -> Picture {
    read(&server.ask(&post(&format!("/?format=png&{query}"), body)).good().body).0
}

fn apart(one: &Picture, other: &Picture) -> f64 {
    difference(one.pixels(), other.pixels()).1
}

// proves: S01
#[test]
fn every_painting_paints_in_its_own_way() {
    let (names, photo) = (styles(), sample("cat_chelsea", 160));
    assert!(names.len() >= 7, "{names:?}");
    let body = png(&photo);
    let paintings: Vec<_> = names.iter().map(|name| painted(&server(), &format!("style={name}"), &body)).collect();
    for (at, one) in paintings.iter().enumerate() {
        assert!(apart(one, &photo) > 8.0, "{} leaves the photograph as it is", names[at]);
        for (other, name) in paintings.iter().zip(&names).take(at) {
            assert!(apart(one, other) > 4.0, "{} paints as {name} does", names[at]);
        }
    }
    assert!(paintings.contains(&painted(&server(), "", &body)), "without `style`, the default");
    let detail = server().ask(&post("/?style=nobody", &body)).problem(400);
    assert!(detail.contains("`nobody`") && names.iter().all(|name| detail.contains(&**name)), "{detail}");
}

// proves: S01
#[test]
fn the_catalogue_tells_of_every_painting() {
    let tree = server().ask(&get("/models")).good().json();
    let leaf = tree["children"].as_array().unwrap().iter().find(|leaf| leaf["name"] == "default").expect("the default");
    let told: Vec<_> = leaf["styles"].as_array().expect("styles").iter().map(|style| style["name"].clone()).collect();
    assert_eq!(json!(told), json!(styles()), "in the order of the network's input");
    for style in leaf["styles"].as_array().unwrap() {
        for member in ["title", "painter", "lines", "rights"] {
            assert!(style[member].as_str().is_some_and(|text| !text.is_empty()), "{member} in {style}");
        }
        assert!(!style["year"].is_null(), "{style}");
        let palette = style["palette"].as_array().expect("a palette");
        let colour = |one: &Value| one.as_str().is_some_and(|text| text.len() == 7 && text.starts_with('#'));
        assert!(palette.len() >= 3 && palette.iter().all(colour), "{style}");
    }
}

// proves: B02
#[test]
fn styles_mix_by_their_shares() {
    let (names, body) = (styles(), png(&sample("street_buses", 128)));
    let (a, b) = (&names[0], &names[names.len() / 2]);
    let ask = |mix: &str| painted(&server(), &format!("style={mix}"), &body);
    let (one, other) = (ask(a), ask(b));
    let mix = ask(&format!("{a}:0.6,{b}:0.4"));
    assert!(apart(&mix, &one) > 1.0 && apart(&mix, &other) > 1.0);
    assert!(apart(&mix, &one) < apart(&one, &other), "a mix is nearer to its parts than they are to each other");
    assert_eq!(mix, ask(&format!("{b}:4,{a}:6")), "shares are scaled to sum to 1");
    assert_eq!(one, ask(&format!("{a}:1,{b}:0")));
    for (mix, says) in [(format!("{a}:x"), "share"), (format!("{a}:0"), "sum to 0"), (format!("{a},x"), "`x`")] {
        let detail = server().ask(&post(&format!("/?style={mix}"), &body)).problem(400);
        assert!(detail.contains("`style`") && detail.contains(says), "{mix}: {detail}");
    }
    let text =
        post_json("/", &json!({"img_data": base64(&body), "style": format!("{a}:0.6,{b}:0.4"), "format": "png"}));
    let text = server().ask(&text).good().json();
    assert_eq!(read(&unbase64(text["data"]["enhance_result"].as_str().unwrap())).0, mix, "in JSON as in a query");
}

fn base64(bytes: &[u8]) -> String {
    crate::wire::envelope(bytes, "")["img_data"].as_str().expect("base64").to_owned()
}

/// A server whose default network lays red or green paper over half the picture, pixel by pixel.
fn paper() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    add(folder.path(), &paper_manifest("default"));
    let server = Server::start("stylize", &[("MODELS", folder.path().to_str().unwrap())]);
    (folder, server)
}

fn paper_manifest(variant: &str) -> Value {
    let knobs = json!({"style": {"default": "red", "names": ["red", "green"], "meaning": "the paper's colour"}});
    manifest("stylize", variant, "paper.onnx", 1, &knobs)
}

// proves: B02
#[test]
fn a_stroke_changes_the_size_that_the_network_sees_and_nothing_else() {
    let (_folder, server) = paper();
    let slope = |width: usize, height: usize| {
        let level = |at: usize| (at / 3 % width * 120 / width + at / 3 / width * 120 / height + at % 3 * 5) as u8;
        Picture::new(width, height, (0..width * height * 3).map(level).collect(), None)
    };
    for (width, height) in [(1, 1), (1, 30), (61, 40), (40, 97)] {
        let body = png(&slope(width, height));
        let plain = painted(&server, "style=green", &body);
        for stroke in ["0.5", "0.77", "1", "1.3", "2"] {
            let answer = painted(&server, &format!("style=green&stroke={stroke}"), &body);
            assert_eq!((answer.width(), answer.height()), (width, height));
            // Slopes of one level a pixel look the same at every size.
            let (most, mean) = difference(answer.pixels(), plain.pixels());
            assert!(most <= 6 && mean < 1.0, "{width} x {height}, {stroke}: off by {most}, {mean} on average");
        }
    }
    // Texture of one pixel is lost where the network sees half the size.
    let texture = Picture::new(64, 64, (0..64 * 64 * 3).map(|at| (at / 3 + at / 192) as u8 % 2 * 200).collect(), None);
    let contrast = |stroke: &str| {
        let answer = painted(&server, &format!("stroke={stroke}&media_filter=1"), &png(&texture));
        let rows = answer.pixels().chunks_exact(64 * 3).flat_map(|row| row.windows(4));
        rows.map(|window| f64::from(window[0].abs_diff(window[3]))).sum::<f64>() / (64.0 * 64.0 * 3.0)
    };
    assert!(contrast("1") > 90.0 && contrast("2") < 20.0, "{} {}", contrast("1"), contrast("2"));
}

// proves: B02
#[test]
fn larger_strokes_are_larger() {
    let body = png(&sample("street_buses", 320));
    let fineness = |stroke: f64| {
        let answer = painted(&server(), &format!("stroke={stroke}"), &body);
        let rows = answer.pixels().chunks_exact(answer.width() * 3).flat_map(|row| row.windows(4));
        rows.map(|window| f64::from(window[0].abs_diff(window[3]))).sum::<f64>() / answer.pixels().len() as f64
    };
    let [fine, plain, coarse] = [0.5, 1.0, 2.0].map(fineness);
    assert!(fine > coarse && plain > coarse, "differences of neighbours: {fine}, {plain}, {coarse}");
}

// proves: S06
#[test]
fn the_median_takes_odd_pixels_out_of_the_painting() {
    let body = png(&sample("food_coffee", 48));
    let raw = painted(&server(), "media_filter=1", &body);
    for (query, window) in [("", 3), ("media_filter=3", 3), ("media_filter=5", 5), ("media_filter=15", 15)] {
        let answer = painted(&server(), query, &body);
        assert_eq!(answer.pixels(), median(&raw, window), "{query}");
    }
    for wrong in ["0", "2", "16", "17", "3.5", "x"] {
        let detail = server().ask(&post(&format!("/?media_filter={wrong}"), &body)).problem(400);
        assert!(detail.contains("`media_filter`") && detail.contains("from 1 to 15"), "{wrong}: {detail}");
    }
}

/// The median of a window by sorting; beyond the borders the last row and column are repeated.
fn median(picture: &Picture, window: usize) -> Vec<u8> {
    let (width, height, reach) = (picture.width(), picture.height(), window / 2);
    let middle = |at: usize| {
        let (x, y, channel) = (at / 3 % width, at / 3 / width, at % 3);
        let inside = |at: usize, length: usize| at.saturating_sub(reach).min(length - 1);
        let near = |k: usize| (inside(y + k / window, height) * width + inside(x + k % window, width)) * 3 + channel;
        let mut values: Vec<_> = (0..window * window).map(|k| picture.pixels()[near(k)]).collect();
        values.sort_unstable();
        values[values.len() / 2]
    };
    (0..picture.pixels().len()).map(middle).collect()
}

// proves: S05
#[test]
fn blend_alpha_is_the_share_of_the_original() {
    let photo = sample("people_astronaut", 64);
    let body = png(&photo);
    let painting = painted(&server(), "", &body);
    assert_eq!(painted(&server(), "blend_alpha=0", &body), painting);
    assert_eq!(painted(&server(), "blend_alpha=1", &body), photo);
    let mixed: Vec<u8> = photo
        .pixels()
        .iter()
        .zip(painting.pixels())
        .map(|(photo, painting)| (0.25 * f32::from(*photo) + 0.75 * f32::from(*painting)).round() as u8)
        .collect();
    assert!(difference(painted(&server(), "blend_alpha=0.25", &body).pixels(), &mixed).0 <= 1);
    let detail = server().ask(&post("/?blend_alpha=1.01", &body)).problem(400);
    assert!(detail.contains("`blend_alpha`") && detail.contains("from 0 to 1"), "{detail}");
}

// proves: S04
#[test]
fn original_color_mixes_the_photographs_value_into_the_painting() {
    let photo = sample("people_astronaut", 64);
    let body = png(&photo);
    let painting = painted(&server(), "", &body);
    assert_eq!(painted(&server(), "original_color=0", &body), painting);
    let value = |pixel: &[u8]| f32::from(*pixel.iter().max().unwrap());
    for share in [0.3_f32, 1.0] {
        let answer = painted(&server(), &format!("original_color={share}"), &body);
        let pixels = answer.pixels().chunks(3).zip(painting.pixels().chunks(3)).zip(photo.pixels().chunks(3));
        for ((answer, painting), photo) in pixels {
            let expect = value(painting) + share * (value(photo) - value(painting));
            assert!((value(answer) - expect).abs() <= 0.51, "{answer:?} of {painting:?} and {photo:?}");
            // Hue and saturation are the painting's: red, green and blue are in its proportions.
            for (answer, painted) in answer.iter().zip(painting) {
                let proportional = f32::from(*painted) * expect / value(painting).max(1.0);
                assert!(value(painting) == 0.0 || (f32::from(*answer) - proportional).abs() <= 0.51, "{answer}");
            }
        }
    }
    // Both at once: first the pixels, then the value, as the document has it.
    let both = painted(&server(), "blend_alpha=0.5&original_color=1", &body);
    assert!(both.pixels().chunks(3).zip(photo.pixels().chunks(3)).all(|(one, other)| value(one) == value(other)));
}

// proves: S04, S05, S06, B02
#[test]
fn the_document_tells_ranges_and_defaults() {
    let document = server().ask(&get("/openapi.json")).good().json();
    let parameters = document["paths"]["/"]["post"]["parameters"].as_array().unwrap();
    for (name, min, max, default) in [
        ("stroke", 0.5, 2.0, json!(1)),
        ("original_color", 0.0, 1.0, json!(0)),
        ("blend_alpha", 0.0, 1.0, json!(0)),
        ("media_filter", 1.0, 15.0, json!(3)),
    ] {
        let schema = &parameters.iter().find(|one| one["name"] == name).expect("a parameter")["schema"];
        assert_eq!((schema["minimum"].as_f64(), schema["maximum"].as_f64()), (Some(min), Some(max)), "{schema}");
        assert_eq!(schema["default"], default, "{schema}");
        assert!(schema["description"].as_str().is_some_and(|text| text.len() > 20), "{schema}");
    }
    let style = &parameters.iter().find(|one| one["name"] == "style").expect("a parameter")["schema"];
    assert_eq!(style["x-names"], json!(styles()));
}

// proves: S07
#[test]
fn nothing_is_squashed_or_cropped() {
    let (_folder, server) = paper();
    for (width, height) in [(1, 1), (2, 300), (300, 2), (257, 131), (131, 257)] {
        let photo = photo(width, height);
        let answer = painted(&server, "style=red&media_filter=1", &png(&photo));
        assert_eq!((answer.width(), answer.height()), (width, height));
        let halved =
            |at: usize| (f32::from(photo.pixels()[at]) / 2.0 + [120.0, 0.0, 0.0][at % 3]).round_ties_even() as u8;
        let expect: Vec<_> = (0..width * height * 3).map(halved).collect();
        assert_eq!(answer.pixels(), expect, "every pixel in its place");
    }
    // Whatever the aspect, the painting shows what the photograph shows, where it shows it.
    for (width, height) in [(240, 60), (60, 240)] {
        let halves = |at: usize| if (at % width < width / 2) == (at / width < height / 2) { [25; 3] } else { [230; 3] };
        let photo = Picture::new(width, height, (0..width * height).flat_map(halves).collect(), None);
        let answer = painted(&self::server(), "", &png(&photo));
        assert_eq!((answer.width(), answer.height()), (width, height));
        let mean = |right: bool, below: bool| {
            let inside = |at: usize| (at % width >= width / 2) == right && (at / width >= height / 2) == below;
            let level = |at: usize| answer.pixels()[at * 3..][..3].iter().map(|one| f64::from(*one)).sum::<f64>();
            (0..width * height).filter(|at| inside(*at)).map(level).sum::<f64>() / (width * height) as f64
        };
        let (dark, light) = ([mean(false, false), mean(true, true)], [mean(true, false), mean(false, true)]);
        assert!(dark.iter().all(|dark| light.iter().all(|light| dark < light)), "{dark:?} {light:?}");
    }
}

// proves: S08
#[test]
fn the_documents_form_is_answered_with_bare_base64() {
    let names = styles();
    let style = names.last().unwrap();
    let body = jpeg(&sample("cat_chelsea", 96), 92);
    let form = |path: &str| {
        let fields: [(&str, &str, &[u8]); 4] = [
            ("style", "", style.as_bytes()),
            ("original_color", "", b"0.5"),
            ("blend_alpha", "", b"0.2"),
            ("file", "wx0123.jpg", &body),
        ];
        post_form(path, &fields)
    };
    let raw = server().ask(&post(&format!("/?style={style}&original_color=0.5&blend_alpha=0.2"), &body)).good();
    for ask in [form("/").accept("text/plain"), form("/base64"), form("/base64").accept("*/*")] {
        let answer = server().ask(&ask).good();
        assert_eq!(answer.must("content-type"), "text/plain; charset=utf-8");
        let text = answer.text();
        assert!(!text.contains(['"', '\n', ',']), "bare base64: {text:.60}");
        assert_eq!(unbase64(&text), raw.body, "the JPEG that a raw request gets");
    }
    assert_eq!(server().ask(&form("/")).good().body, raw.body, "without Accept a form gets the picture");
    let detail =
        server().ask(&post_form("/base64", &[("style", "", b"nobody"), ("file", "a.jpg", &body)])).problem(400);
    assert!(detail.contains("`nobody`"), "{detail}");
}

// proves: S03
#[test]
fn a_style_of_ones_own_is_found_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    copy_models("stylize", folder.path());
    add(folder.path(), &paper_manifest("paper"));
    let server = Server::start("stylize", &[("MODELS", folder.path().to_str().unwrap())]);
    let (names, body) = (styles(), png(&photo(40, 30)));
    let by = |query: &str| server.ask(&post(&format!("/?{query}"), &body)).good().must("x-model").to_owned();
    for (query, variant) in [
        ("", "default@"),
        ("style=red", "paper@"),
        ("style=green:0.6,red:0.4", "paper@"),
        ("model=paper", "paper@"),
        ("model=paper&style=green", "paper@"),
        (&format!("style={}", names[1]), "default@"),
    ] {
        assert!(by(query).starts_with(variant), "{query}: {}", by(query));
    }
    for (query, says) in [
        ("model=default&style=red".to_owned(), "`red`"),
        (format!("style=red,{}", names[0]), "`red`"),
        (format!("model=paper&style={}", names[0]), &*names[0]),
    ] {
        let detail = server.ask(&post(&format!("/?{query}"), &body)).problem(400);
        assert!(detail.contains("`style`") && detail.contains(says), "{query}: {detail}");
    }
    let document = server.ask(&get("/openapi.json")).good().text();
    assert!(document.contains("red") && document.contains(&*names[0]), "the document names the styles of all networks");
}

#[test]
fn a_stroke_too_fine_for_a_large_picture_is_refused_with_a_side_that_is_taken() {
    let (_folder, server) = paper();
    let body = png(&Picture::new(5000, 3000, vec![90; 45_000_000], None));
    let detail = server.ask(&post("/?stroke=0.5", &body)).problem(413);
    let side = detail.split("max_side=").nth(1).and_then(|rest| rest.split('`').next()).expect("a side in the words");
    assert!(detail.contains("`stroke`"), "{detail}");
    let answer = painted(&server, &format!("stroke=0.5&max_side={side}"), &body);
    assert_eq!(answer.width().to_string(), side);
    server.ask(&post("/?stroke=0.6", &body)).good();
}

#[test]
fn alpha_is_the_photographs_whatever_the_stroke() {
    let (_folder, server) = paper();
    let clear = glass(50, 34);
    for stroke in ["0.5", "1", "2"] {
        let answer = painted(&server, &format!("stroke={stroke}&blend_alpha=0.5"), &png(&clear));
        assert_eq!(answer.alpha(), clear.alpha());
    }
}

// proves: U06
#[test]
fn tiles_show_no_seams() {
    let folder = tempfile::tempdir().unwrap();
    cut_models(folder.path(), "stylize");
    let body = png(&sample("landscape_field", 400));
    for precision in ["int8", "float"] {
        let server = Server::start("stylize", &[("MODELS", folder.path().to_str().unwrap()), ("PRECISION", precision)]);
        let whole = painted(&server, "media_filter=1", &body);
        for side in [64, 50] {
            let tiled = painted(&server, &format!("media_filter=1&model=tile-{side}"), &body);
            let mean = apart(&whole, &tiled);
            assert!(mean <= 3.0, "{precision}, tiles of {side}: off by {mean} on average");
        }
    }
}
