//! detect: boxes, class ids and scores, and the picture with them drawn.

use std::sync::Arc;

use common::Picture;
use serde_json::{Value, json};

use crate::process::{Server, models, shared};
use crate::samples::{difference, glass, jpeg, photo, png, read, sample};
use crate::variants::{add, manifest};
use crate::wire::{get, post, post_form, unbase64};

fn server() -> Arc<Server> {
    shared("detect")
}

/// The boxes of an answer's data.
fn boxes(data: &Value) -> Vec<(String, f64, [f64; 4])> {
    let one = |found: &Value| {
        let side = |at: usize| found["box"][at].as_f64().expect("a side");
        let name = found["name"].as_str().expect("a name").to_owned();
        (name, found["score"].as_f64().expect("a score"), [side(0), side(1), side(2), side(3)])
    };
    data["boxes"].as_array().expect("boxes").iter().map(one).collect()
}

/// A server whose network finds what is bright, the class `lamp` of two.
fn spots(size: usize, multiple: usize) -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut spot = manifest("detect", "default", "spot.onnx", 1, &json!({}));
    spot["task"] = json!("boxes");
    spot["labels"] = json!("labels.txt");
    spot["picture"] = json!({"size": size, "multiple": multiple, "fit": "letterbox"});
    add(folder.path(), &spot);
    std::fs::write(folder.path().join("detect/default/labels.txt"), "lamp\ncandle\n").unwrap();
    let server = Server::start("detect", &[("MODELS", folder.path().to_str().unwrap())]);
    (server, folder)
}

/// A dark picture with one bright rectangle x1 y1 x2 y2.
fn lamp(width: usize, height: usize, [x1, y1, x2, y2]: [usize; 4]) -> Picture {
    let lit = |at: usize| (x1..x2).contains(&(at % width)) && (y1..y2).contains(&(at / width));
    let pixels = (0..width * height).flat_map(|at| [if lit(at) { 255 } else { 20 }; 3]).collect();
    Picture::new(width, height, pixels, None)
}

// proves: O08
#[test]
fn boxes_come_back_in_pixels_of_the_upright_original() {
    let (server, _folder) = spots(128, 32);
    for (width, height, place) in [
        (128, 96, [16, 32, 80, 64]),
        (640, 360, [100, 50, 400, 300]),
        (90, 400, [5, 100, 80, 390]),
        (33, 20, [4, 4, 30, 18]),
    ] {
        let data = server.ask(&post("/", &png(&lamp(width, height, place)))).good().json()["data"].clone();
        assert_eq!((&data["width"], &data["height"]), (&json!(width), &json!(height)));
        let found = boxes(&data);
        assert_eq!(found.len(), 1, "{data}");
        assert_eq!((&*found[0].0, found[0].1, &data["boxes"][0]["class_id"]), ("lamp", 0.9, &json!(0)));
        // Half a pixel of the network's is lost at each side.
        let pixel = width.max(height) as f64 / 128.0;
        for (side, expect) in found[0].2.iter().zip(place) {
            assert!((side - expect as f64).abs() <= pixel.max(1.0), "{data}: {place:?}");
        }
    }
    let none = server.ask(&post("/", &png(&lamp(50, 50, [0; 4])))).good().json();
    assert_eq!(none["data"]["boxes"], json!([]));
}

// proves: O06
#[test]
fn the_picture_with_boxes_is_given_as_bytes_and_as_base64() {
    let (server, _folder) = spots(128, 32);
    let picture = lamp(320, 240, [80, 80, 240, 200]);
    let body = png(&picture);
    let drawn = server.ask(&post("/", &body).accept("image/png")).good();
    assert_eq!(drawn.must("content-type"), "image/png");
    let (drawn, _) = read(&drawn.body);
    assert_eq!((drawn.width(), drawn.height()), (320, 240));
    let at = |x: usize, y: usize| drawn.pixels()[(y * 320 + x) * 3..][..3].to_vec();
    assert_eq!((at(160, 140), at(20, 220)), (vec![255; 3], vec![20; 3]), "inside and outside stay");
    assert_ne!(at(82, 140), vec![255; 3], "the edge is drawn");

    let text = server.ask(&post("/", &body).accept("text/plain")).good();
    assert_eq!(read(&unbase64(&text.text())).0, drawn);
    let alias = server.ask(&post_form("/base64", &[("file", "a.png", &body)])).good();
    assert_eq!(read(&unbase64(&alias.text())).0, drawn);

    let (bare, _) = read(&server.ask(&post("/?names=false", &body).accept("image/png")).good().body);
    assert!(difference(bare.pixels(), drawn.pixels()).0 > 100, "the name is gone");
    let (lossy, format) = read(&server.ask(&post("/", &jpeg(&picture, 90)).accept("image/*")).good().body);
    assert_eq!((lossy.width(), format), (320, common::Format::Jpeg), "the request's own encoding");
}

// proves: O08
#[test]
fn options_choose_among_the_boxes() {
    let (server, _folder) = spots(64, 32);
    let body = png(&lamp(64, 64, [10, 10, 50, 50]));
    let count = |query: &str| boxes(&server.ask(&post(&format!("/?{query}"), &body)).good().json()["data"]).len();
    for (query, expect) in [
        ("threshold=0.89", 1),
        ("threshold=0.91", 0),
        ("classes=lamp", 1),
        ("classes=Candle,0", 1),
        ("classes=1", 0),
        ("max_boxes=1&iou=1", 1),
    ] {
        assert_eq!(count(query), expect, "{query}");
    }
    let listed = json!({"img_data": crate::wire::envelope(&body, "1")["img_data"], "classes": ["candle", 1]});
    let answer = server.ask(&crate::wire::post_json("/", &listed)).good().json();
    assert_eq!(answer["data"]["boxes"], json!([]));
    for (query, says) in [
        ("classes=moon", "`moon`"),
        ("classes=2", "`2`"),
        ("threshold=-1", "from 0 to 1"),
        ("max_boxes=1001", "from 1 to 1000"),
        ("names=perhaps", "`names`"),
        ("iou=x", "`iou`"),
    ] {
        let detail = server.ask(&post(&format!("/?{query}"), &body)).problem(400);
        assert!(detail.contains(says), "{query}: {detail}");
    }
}

// proves: O05
#[test]
fn the_eighty_classes_of_coco_are_known_and_things_are_found() {
    let text = std::fs::read_to_string(models().join("detect/default/labels.txt")).expect("the labels");
    assert_eq!(
        (text.lines().count(), text.lines().next(), text.lines().last()),
        (80, Some("person"), Some("toothbrush"))
    );
    let find = |name: &str| boxes(&server().ask(&post("/", &jpeg(&sample(name, 640), 92))).good().json()["data"]);
    for (picture, thing) in [("people_astronaut", "person"), ("street_buses", "car")] {
        let found = find(picture);
        assert!(found.iter().any(|(name, score, _)| name == thing && *score >= 0.3), "{picture}: {found:?}");
        assert!(found.windows(2).all(|pair| pair[0].1 >= pair[1].1), "{found:?}");
    }
    let street = jpeg(&sample("street_buses", 640), 92);
    let count = |query: &str| {
        boxes(&server().ask(&post(&format!("/?threshold=0.01&{query}"), &street)).good().json()["data"]).len()
    };
    assert_eq!(count("max_boxes=3"), 3);
    let (all, few) = (count("iou=1&max_boxes=1000"), count("iou=0&max_boxes=1000"));
    assert!(all > few && few > 3, "{all} without suppression, {few} with the strictest");
}

// proves: O05
#[test]
fn any_size_is_taken_and_boxes_stay_inside() {
    for picture in [photo(1, 1), photo(2000, 3), photo(5, 900), glass(64, 48)] {
        let (width, height) = (picture.width() as f64, picture.height() as f64);
        let data = server().ask(&post("/?threshold=0.01", &png(&picture))).good().json()["data"].clone();
        for (.., [x1, y1, x2, y2]) in boxes(&data) {
            assert!(0.0 <= x1 && x1 <= x2 && x2 <= width && 0.0 <= y1 && y1 <= y2 && y2 <= height, "{data}");
        }
        let (drawn, _) = read(&server().ask(&post("/", &png(&picture)).accept("image/png")).good().body);
        assert_eq!((drawn.width() as f64, drawn.height() as f64), (width, height));
        assert_eq!(drawn.alpha().is_some(), picture.alpha().is_some(), "alpha stays");
    }
    let contract = server().ask(&get("/openapi.json")).good().json();
    assert!(contract["paths"]["/"]["post"]["responses"]["200"]["content"]["image/png"].is_object());
}
