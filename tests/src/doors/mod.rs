//! The same function through every door: HTTP/1.1 in a crowd, HTTP/2, the Lambda emulator, AWS's own interface emulator.

pub mod emulator;
mod http;
pub mod interface;

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::process::{ffmpeg, library, models, pictures, root, shared};
use crate::samples::{jpeg, photo, png, read};
use crate::wire::{Answer, Ask, ask, envelope, get, post, post_form, post_json, unbase64};

/// A port that was free a moment ago.
fn free_port() -> u16 {
    // Below the ports that systems give to connections, each once: one that was free and let go could be another's the next moment.
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let next = || 20_000 + ((std::process::id() * 64 + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000) as u16;
    std::iter::repeat_with(next).take(12_000).find(free).expect("a free port")
}

/// A command without what cargo told these tests about themselves: another cargo must not hear it.
fn outside(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let kept = matches!(&*text, "CARGO_HOME" | "CARGO_TARGET_DIR")
            || text.starts_with("CARGO_BUILD_")
            || text.starts_with("CARGO_PROFILE_");
        if (text.starts_with("CARGO") && !kept) || text == "LD_LIBRARY_PATH" {
            command.env_remove(&name);
        }
    }
    command.current_dir(root()).env("ORT_DYLIB_PATH", library()).env("MODELS", models()).env("FFMPEG", ffmpeg());
    command
}

/// What each door must answer: the same answer in each form, and problems as problems.
fn contract(function: &str, through: &dyn Fn(&Ask) -> Answer) {
    if pictures().iter().any(|one| one == function) {
        same_picture(function, through);
    } else {
        same_words(function, through);
    }
    around(function, through);
}

/// A function that answers in words says the same through every door.
fn same_words(function: &str, through: &dyn Fn(&Ask) -> Answer) {
    let body = png(&photo(40, 26));
    let told = |answer: Answer| {
        let mut data = answer.good().json()["data"].clone();
        data["seconds"].take();
        data
    };
    let expect = told(shared(function).ask(&post("/", &body)));
    assert_eq!(told(through(&post("/", &body).header("content-type", "image/png"))), expect, "{function}");
    assert_eq!(told(through(&post_form("/", &[("image", "a.png", &body)]))), expect, "{function}");
    assert_eq!(told(through(&post_json("/", &envelope(&body, "door-1")))), expect, "{function}");
}

/// A function that answers with a picture gives the same one through every door, in each form.
fn same_picture(function: &str, through: &dyn Fn(&Ask) -> Answer) {
    let asked = photo(40, 26);
    let (body, typed) = (png(&asked), ("content-type", "image/png"));
    let direct = shared(function).ask(&post("/", &body)).good();
    let expect = read(&direct.body).0;
    let same = |bytes: &[u8]| assert_eq!(read(bytes).0, expect, "{function}");

    let raw = through(&post("/", &body).header(typed.0, typed.1)).good();
    assert_eq!((raw.must("content-type"), raw.must("x-model")), ("image/png", direct.must("x-model")));
    assert!(raw.must("server-timing").contains("run;dur="));
    same(&raw.body);
    same(&through(&post_form("/", &[("image", "a.png", &body)])).good().body);
    let text = through(&post_json("/", &envelope(&body, "door-1"))).good().json();
    assert_eq!((&text["req_id"], &text["code"]), (&json!("door-1"), &json!(1)));
    same(&unbase64(text["data"]["enhance_result"].as_str().unwrap()));
    let enhanced = through(&post_form("/enhance", &[("image", "a.png", &body)])).good().json();
    assert_eq!(enhanced["original_shape"], json!([26, 40]));
    same(&unbase64(&through(&post("/", &body).header(typed.0, typed.1).accept("text/plain")).good().text()));
    let small =
        through(&post("/predict?max_side=20&format=jpeg", &jpeg(&asked, 95)).header(typed.0, "image/jpeg")).good();
    assert_eq!((small.must("content-type"), read(&small.body).0.width()), ("image/jpeg", 20 * expect.width() / 40));
}

/// What stands beside the one address that runs the model, and what is wrong.
fn around(function: &str, through: &dyn Fn(&Ask) -> Answer) {
    let (body, typed) = (png(&photo(40, 26)), ("content-type", "image/png"));
    let page = through(&get("/").accept("text/html")).good();
    assert!(page.must("content-type").starts_with("text/html") && page.text().contains(function));
    assert_eq!(through(&get("/models")).good().json()["name"], function);
    assert_eq!(through(&get("/openapi.json")).good().json()["openapi"], "3.1.0");
    through(&get("/readyz")).good();
    assert_eq!(through(&post("/warmup", b"")).good().json()["warm"], true);
    let named = through(&get("/healthz").header("x-request-id", "door-2")).good();
    assert_eq!(named.must("x-request-id"), "door-2");

    let wrong = through(&post("/", b"hello").header(typed.0, typed.1).header("x-request-id", "door-3"));
    assert!(wrong.problem(415).contains("text") && wrong.json()["req_id"] == "door-3");
    through(&post("/?quality=0", &body).header(typed.0, typed.1)).problem(400);
    through(&get("/nothing")).problem(404);
    assert!(through(&ask("PUT", "/").header(typed.0, typed.1)).must("allow").contains("POST"));
}

/// A function URL's event (payload format 2.0) for a request.
fn event(ask: &Ask) -> Value {
    let (path, query) = ask.path.split_once('?').unwrap_or((&ask.path, ""));
    let headers: serde_json::Map<_, _> = ask.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": headers,
        "requestContext": {
            "accountId": "anonymous", "apiId": "tests", "domainName": "tests.lambda-url.local", "domainPrefix": "tests",
            "http": {"method": ask.method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "tests"},
            "requestId": "1", "routeKey": "$default", "stage": "$default", "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1_767_225_600_000_u64,
        },
        "body": STANDARD.encode(&ask.body), "isBase64Encoded": true,
    })
}
