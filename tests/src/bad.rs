//! Bad input of every kind: refused at once, in little memory, with words that help; the next good request is answered.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::{Server, functions, pictures, root, shared};
use crate::samples::{jpeg, photo, png};
use crate::wire::{Answer, Ask, ask, envelope, get, post, post_form, post_json};

/// How long a refusal may take, and how much memory beyond what the server had, in bytes.
const SOON: Duration = Duration::from_secs(1);
const LITTLE: u64 = 50_000_000;

/// A request that must be refused: name, request, status, words of the refusal.
pub type Bad = (String, Ask, u16, String);

/// The files of `tests/bad`.
pub fn files() -> Vec<Bad> {
    let folder = root().join("tests/bad");
    let list = std::fs::read(folder.join("bad.json")).expect("bad.json");
    let list: Vec<Value> = serde_json::from_slice(&list).expect("bad.json");
    let bad = |entry: &Value| {
        let name = entry["file"].as_str().expect("a file");
        let bytes = std::fs::read(folder.join(name)).unwrap_or_else(|cause| panic!("{name}: {cause}"));
        let status = entry["status"].as_u64().expect("a status") as u16;
        let says = entry["says"].as_str().expect("words").to_owned();
        (name.to_owned(), post("/", &bytes).header("content-type", "application/octet-stream"), status, says)
    };
    list.iter().map(bad).collect()
}

/// Requests that are wrong whatever picture they hold.
pub fn requests() -> Vec<Bad> {
    let good = png(&photo(8, 8));
    let raw = |query: &str| post(&format!("/{query}"), &good).header("content-type", "image/png");
    let typed = |kind: &str, body: &[u8]| post("/", body).header("content-type", kind);
    let deep = |inner: &str| format!("{{\"img_data\": \"iVBORw==\", \"x\": {}", inner.repeat(100_000));
    let parts: Vec<_> = (0..10_000).map(|_| ("note", "", b"x".as_slice())).collect();
    let long = "x".repeat(100_000);
    let list = [
        ("empty", post("/", b""), 400, "empty"),
        ("empty with a type", typed("image/jpeg", b""), 400, "empty"),
        ("empty JSON", typed("application/json", b""), 400, "empty"),
        ("JSON without a picture", post_json("/", &json!({"req_id": "1"})), 400, "img_data"),
        ("JSON that is a list", post_json("/", &json!([1, 2])), 400, "JSON"),
        ("JSON that is cut", typed("application/json", b"{\"img_data\": \"iVBO"), 400, "JSON"),
        ("JSON with an empty picture", post_json("/", &json!({"img_data": ""})), 400, "0 bytes"),
        ("JSON with a number for a picture", post_json("/", &json!({"img_data": 5})), 400, "img_data"),
        ("JSON with NaN", typed("application/json", b"{\"img_data\": \"iVBORw==\", \"quality\": NaN}"), 400, "JSON"),
        (
            "two pictures in JSON",
            post_json("/", &json!({"img_data": "iVBORw==", "image": "iVBORw=="})),
            400,
            "two pictures",
        ),
        ("JSON of deep lists", typed("application/json", deep("[").as_bytes()), 400, "JSON"),
        ("JSON of deep objects", typed("application/json", deep("{\"a\":").as_bytes()), 400, "JSON"),
        ("wrong base64", post_json("/", &json!({"img_data": "not base64!"})), 400, "base64"),
        ("base64 cut by a letter", post_json("/", &json!({"img_data": "iVBORw0KG"})), 400, "base64"),
        ("base64 of a text", post_json("/", &json!({"img_data": "aGVsbG8gd29ybGQ="})), 415, "text"),
        ("data: URL without base64", post_json("/", &json!({"image": "data:image/png,abc"})), 400, "base64"),
        ("unknown option", raw("?sharpness=1"), 400, "`sharpness`"),
        ("unknown option, long", raw(&format!("?{}=1", &long[..8000])), 400, "xxx"),
        ("option out of range", raw("?quality=101"), 400, "from 1 to 100"),
        ("option that is no number", raw("?quality=NaN"), 400, "`quality`"),
        ("option given twice", raw("?quality=50&quality=60"), 400, "twice"),
        (
            "option given twice in a form",
            post_form("/?quality=50", &[("quality", "", b"60"), ("image", "a.png", &good)]),
            400,
            "twice",
        ),
        ("query that is not UTF-8", raw("?model=%ff%fe"), 400, "model"),
        ("unknown model", raw("?model=best"), 400, "default"),
        ("model as a path", raw("?model=..%2Fdefault"), 400, "default"),
        ("form without a picture", post_form("/", &[("quality", "", b"80")]), 400, "image"),
        ("form with an empty picture", post_form("/", &[("image", "a.png", b"")]), 400, "0 bytes"),
        ("form with another name for the picture", post_form("/", &[("photo", "a.png", &good)]), 400, "`photo`"),
        (
            "form with two pictures",
            post_form("/", &[("image", "a.png", &good), ("file", "b.png", &good)]),
            400,
            "two pictures",
        ),
        ("form of 10,000 parts", post_form("/", &parts), 400, "parts"),
        (
            "form with a long field",
            post_form("/", &[("model", "", long.as_bytes()), ("image", "a.png", &good)]),
            400,
            "`model`",
        ),
        (
            "form with a field that is not UTF-8",
            post_form("/", &[("model", "", b"\xff\xfe"), ("image", "a.png", &good)]),
            400,
            "UTF-8",
        ),
        ("form without a boundary", typed("multipart/form-data", &good), 400, "form"),
        ("form of another boundary", typed("multipart/form-data; boundary=no", &good), 400, "form"),
        ("page", typed("text/html", b"<p>hello</p>"), 415, "text/html"),
        ("XML", typed("application/xml", &good), 415, "application/xml"),
        ("video", typed("video/mp4", &good), 415, "video/mp4"),
        ("text", typed("text/plain", b"hello world"), 415, "text"),
        ("JSON said to be a picture", typed("image/png", b"{\"img_data\": \"iVBORw==\"}"), 415, "text"),
        ("Accept of nothing there is", raw("").accept("audio/ogg"), 406, "image/png"),
        ("wrong method", ask("PUT", "/"), 405, "PUT"),
        ("wrong address", ask("GET", "/nothing"), 404, "address"),
    ];
    list.into_iter().map(|(name, ask, status, says)| (name.to_owned(), ask, status, says.to_owned())).collect()
}

/// Bodies of 100 MB in each form that a body can have.
pub fn huge() -> Vec<Bad> {
    let mut picture = jpeg(&photo(64, 64), 90);
    picture.resize(100_000_000, 0);
    let json = json!({"img_data": "A".repeat(100_000_000)});
    let requests = [
        ("raw", post("/", &picture).header("content-type", "image/jpeg")),
        ("untyped", post("/", &picture)),
        ("JSON", post_json("/", &json)),
        ("form", post_form("/", &[("image", "a.jpg", &picture)])),
    ];
    let twice = |(name, ask): (&str, Ask)| {
        let chunked = Ask { chunked: true, ..ask.clone() };
        [(name.to_owned(), ask), (format!("{name} in chunks"), chunked)]
    };
    let bad = |(name, ask)| (format!("100 MB {name}"), ask, 413, "32000000".to_owned());
    requests.into_iter().flat_map(twice).map(bad).collect()
}

/// What is wrong with the refusal of one: its status, its words, its time (the best of three: the machine has more to do).
pub fn complaint((name, ask, status, says): &Bad, soon: Duration, send: impl Fn(&Ask) -> Answer) -> Option<String> {
    let mut quickest = Duration::MAX;
    for _ in 0..3 {
        let start = Instant::now();
        let answer = send(ask);
        quickest = quickest.min(start.elapsed());
        if answer.status != *status {
            return Some(format!("{name}: {} instead of {status}: {:.200}", answer.status, answer.text()));
        }
        let detail = answer.problem(*status);
        if !detail.contains(says.as_str()) || detail.len() > 600 {
            return Some(format!("{name}: no {says:?}, or too long: {detail:.300}"));
        }
        if quickest <= soon {
            return None;
        }
    }
    Some(format!("{name}: took {quickest:?}"))
}

/// Sends each and checks the refusal, its time and its memory, and that a good request is answered after it.
fn refused(server: &Server, list: &[Bad]) {
    let good = post("/", &png(&photo(16, 16)));
    server.ask(&good).good();
    let mut wrong = Vec::new();
    for bad in list {
        server.process.forget_peak();
        let before = server.process.memory("VmRSS");
        wrong.extend(complaint(bad, SOON, |ask| server.ask(ask)));
        let more = server.process.memory("VmHWM").saturating_sub(before);
        if more > LITTLE {
            wrong.push(format!("{}: {more} bytes more", bad.0));
        }
        server.ask(&good).good();
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), list.len(), wrong.join("\n"));
}

fn fresh() -> Server {
    Server::start(&pictures()[0], &[])
}

// proves: U14
#[test]
fn bad_files_are_refused() {
    refused(&fresh(), &files());
}

// proves: U14
#[test]
fn bad_requests_are_refused() {
    refused(&fresh(), &requests());
}

// proves: U14
#[test]
fn a_body_of_100_mb_is_refused() {
    // Its length alone refuses it; in chunks it is read as far as a good one could go.
    refused(&fresh(), &huge());
}

// proves: U14
#[test]
fn limits_hold_to_the_byte_and_the_pixel_in_every_form() {
    let picture = photo(40, 30);
    let body = png(&picture);
    let (bytes, less) = (body.len().to_string(), (body.len() - 1).to_string());
    for (settings, fits) in [
        ([("MAX_BYTES", bytes.as_str()), ("MAX_PIXELS", "1200")], true),
        ([("MAX_BYTES", less.as_str()), ("MAX_PIXELS", "1200")], false),
        ([("MAX_BYTES", bytes.as_str()), ("MAX_PIXELS", "1199")], false),
    ] {
        let server = Server::start(&pictures()[0], &settings);
        let limits = server.ask(&get("/")).good().json()["limits"].clone();
        for (name, value) in settings {
            assert_eq!(limits[name.to_lowercase()].as_u64(), value.parse().ok(), "{name}");
        }
        for ask in [post("/", &body), post_form("/", &[("image", "", &body)]), post_json("/", &envelope(&body, "1"))] {
            let answer = server.ask(&ask);
            if fits {
                answer.good();
            } else {
                answer.problem(413);
            }
        }
    }
}

// proves: U14
#[test]
fn every_function_names_what_was_wrong_under_the_clients_id() {
    for function in functions() {
        let server = shared(&function);
        for (name, ask, status, _) in
            requests().iter().filter(|(_, ask, status, _)| *status < 404 && ask.method == "POST")
        {
            assert!(server.ask(&ask.clone().header("x-request-id", "mine")).problem(*status).len() < 600, "{name}");
        }
        let mut named = envelope(b"hello", "shot-1");
        let answer = server.ask(&post_json("/", &named));
        answer.problem(415);
        assert_eq!(answer.json()["req_id"], "shot-1");
        named["img_data"] = json!(null);
        server.ask(&post_json("/", &named)).problem(400);
    }
}

// proves: U14
#[test]
fn a_name_for_the_request_is_kept_though_its_options_are_wrong() {
    let server = shared(&pictures()[0]);
    let mut members = envelope(&png(&photo(8, 8)), "shot-2");
    members["sharpness"] = json!(1);
    let answer = server.ask(&post_json("/", &members));
    answer.problem(400);
    assert_eq!(answer.json()["req_id"], "shot-2");
}
