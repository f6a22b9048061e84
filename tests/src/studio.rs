//! The page's program: its files, what they may do in a browser, how long they are kept, what the page is told.

use std::io::Read;
use std::path::Path;

use serde_json::{Value, json};

use crate::process::{START, Server, command, functions, models, root, shared};
use crate::start::refused;
use crate::wire::{Answer, Ask, ask, get, post};

/// The media types of what the page is made of.
const TYPES: &[(&str, &str)] = &[
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("json", "application/json"),
    ("webmanifest", "application/manifest+json"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain; charset=utf-8"),
    ("png", "image/png"),
    ("ico", "image/vnd.microsoft.icon"),
    ("jpg", "image/jpeg"),
    ("webp", "image/webp"),
    ("woff2", "font/woff2"),
    ("wasm", "application/wasm"),
    ("mp4", "video/mp4"),
];

/// Every file of the page: its address and its bytes.
fn files() -> Vec<(String, Vec<u8>)> {
    fn below(folder: &Path, address: &str, found: &mut Vec<(String, Vec<u8>)>) {
        for entry in std::fs::read_dir(folder).expect("a folder of the page") {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                below(&path, &format!("{address}{name}/"), found);
            } else if !name.starts_with('.') && !name.ends_with(".md") {
                found.push((format!("{address}{name}"), std::fs::read(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    below(&root().join("functions/studio/assets"), "/", &mut found);
    below(&root().join("samples"), "/samples/", &mut found);
    found
}

/// The `Content-Security-Policy` with these connections.
fn policy(connect: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; \
         connect-src {connect}; worker-src 'self'; manifest-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'"
    )
}

fn unpacked(answer: &Answer) -> Vec<u8> {
    assert_eq!(answer.must("content-encoding"), "gzip");
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(&answer.body[..]).read_to_end(&mut bytes).expect("gzip");
    bytes
}

#[test]
fn the_page_comes_with_all_that_keeps_it_to_itself() {
    let server = shared("studio");
    let expect = std::fs::read(root().join("functions/studio/assets/index.html")).unwrap();
    for accept in ["", "text/html", "*/*", "image/png", "text/html,application/xhtml+xml,application/json;q=0.9"] {
        let page = server.ask(&get("/").accept(accept)).good();
        assert!(page.body == expect, "{accept}");
        assert!(String::from_utf8_lossy(&page.body).contains("<meta name=\"referrer\" content=\"no-referrer\" />"));
        for (name, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("content-security-policy", &policy("'self'")),
            ("cross-origin-opener-policy", "same-origin"),
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-cache"),
            ("vary", "accept, accept-encoding"),
        ] {
            assert_eq!(page.must(name), value, "{name}");
        }
        let allowed = page.must("permissions-policy");
        assert!(allowed.starts_with("camera=(self), ") && allowed.contains("microphone=()"), "{allowed}");
    }
    let card = server.ask(&get("/").accept("application/json")).good();
    assert_eq!(card.must("content-type"), "application/json");
    let card = card.json();
    assert_eq!((&card["name"], &card["functions"]), (&json!("studio"), &json!("functions.json")));
    assert!(["title", "summary", "version"].iter().all(|member| card[member].is_string()), "{card}");
}

#[test]
fn every_file_of_the_page_is_the_one_of_the_tree() {
    let server = shared("studio");
    let files = files();
    assert!(files.iter().any(|(path, _)| path.starts_with("/samples/video/")), "the samples are there");
    for (path, expect) in files {
        let plain = server.ask(&get(&path)).good();
        assert!(plain.body == expect, "{path}");
        let end = path.rsplit('.').next().unwrap();
        let (_, media_type) = TYPES.iter().find(|(known, _)| *known == end).unwrap_or_else(|| panic!("{path}"));
        assert_eq!(plain.must("content-type"), *media_type, "{path}");
        assert_eq!(plain.must("content-security-policy"), policy("'self'"), "{path}");
        let kept = if path.starts_with("/app/") { "public, max-age=31536000, immutable" } else { "no-cache" };
        assert_eq!(plain.must("cache-control"), kept, "{path}");
        if let Some(name) = path.strip_prefix("/app/") {
            let hash = name.split(['-', '.']).any(|part| {
                part.len() >= 8 && part.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'_')
            });
            assert!(hash, "{path} is kept for a year, so its name has to tell its content");
        }
        let tag = plain.must("etag");
        assert!(tag.starts_with('"') && tag.len() == 34, "{path}: {tag}");
        let head = server.ask(&ask("HEAD", &path)).good();
        assert_eq!((head.must("content-length"), head.must("etag")), (&*expect.len().to_string(), tag), "{path}");
        for listed in [tag, &format!("\"other\", W/{tag}"), "*"] {
            let known = server.ask(&get(&path).header("if-none-match", listed));
            assert_eq!((known.status, known.must("etag"), known.body.len()), (304, tag, 0), "{path}");
        }
        server.ask(&get(&path).header("if-none-match", "\"other\"")).good();
    }
}

#[test]
fn texts_are_packed_for_who_takes_that_and_pictures_never() {
    let server = shared("studio");
    let mut packed = 0;
    for (path, expect) in files() {
        let answer = server.ask(&get(&path).header("accept-encoding", "br, gzip")).good();
        let plain = server.ask(&get(&path).header("accept-encoding", "gzip;q=0, identity")).good();
        assert!(plain.header("content-encoding").is_none() && plain.body == expect, "{path}");
        if answer.header("content-encoding").is_none() {
            assert!(answer.body == expect && answer.header("vary").is_none(), "{path}");
            continue;
        }
        packed += 1;
        assert!(!path.starts_with("/samples/") && answer.body.len() < expect.len(), "{path}");
        assert!(unpacked(&answer) == expect, "{path}");
        assert_eq!((answer.must("vary"), plain.must("vary")), ("accept-encoding", "accept-encoding"), "{path}");
        assert_ne!(answer.must("etag"), plain.must("etag"), "{path}");
        let again = get(&path).header("accept-encoding", "gzip").header("if-none-match", answer.must("etag"));
        assert_eq!(server.ask(&again).status, 304, "{path}");
    }
    assert!(packed > 0);
    let page = server.ask(&get("/").header("accept-encoding", "gzip")).good();
    assert!(unpacked(&page) == server.ask(&get("/")).good().body);
}

#[test]
fn a_video_comes_in_parts() {
    let server = shared("studio");
    let expect = std::fs::read(root().join("samples/video/cars.mp4")).unwrap();
    let part = |range: &str| server.ask(&get("/samples/video/cars.mp4").header("range", range));
    let some = part("bytes=100-199");
    assert!(some.status == 206 && some.body == expect[100..200], "{}", some.status);
    assert_eq!(some.must("content-range"), format!("bytes 100-199/{}", expect.len()));
    assert!(part("bytes=-10").body == expect[expect.len() - 10..]);
    assert_eq!(part("bytes=0-").body.len(), expect.len());
    let beyond = part("bytes=900000000-");
    beyond.problem(416);
    assert_eq!(beyond.must("content-range"), format!("bytes */{}", expect.len()));
}

// proves: B09
#[test]
fn the_page_knows_every_function_unless_it_is_told_which() {
    let list = shared("studio").ask(&get("/functions.json")).good();
    assert_eq!((list.must("content-type"), list.must("cache-control")), ("application/json", "no-cache"));
    let expect: Vec<_> = functions()
        .iter()
        .map(|name| {
            let manifest = std::fs::read(models().join(name).join("default/model.json")).unwrap();
            let manifest: Value = serde_json::from_slice(&manifest).unwrap();
            let card = json!({"title": manifest["title"], "summary": manifest["summary"], "task": manifest["task"]});
            json!({"name": name, "urls": [format!("../{name}/")], "card": card})
        })
        .collect();
    assert_eq!(list.json(), Value::Array(expect));
    let about = shared("studio").ask(&get("/about.json")).good().json();
    assert_eq!((&about["feedback"], &about["page"]), (&Value::Null, &Value::Null));
    assert!(about["version"].is_string());

    let settings = [
        (
            "FUNCTIONS",
            r#"{"upscale": ["https://gpu.example/upscale", "https://a.example/upscale"],
                "mine": "http://127.0.0.1:8081", "derain": ["/d"]}"#,
        ),
        ("CONNECT", "https://bucket.example/prefix, https://a.example"),
        ("FEEDBACK", "mailto:someone@a.example"),
        ("BASE_URL", "https://page.example/"),
    ];
    let server = Server::start("studio", &settings);
    let list = server.ask(&get("/functions.json")).good().json();
    let told: Vec<_> = list.as_array().unwrap().iter().map(|one| (&one["name"], &one["urls"])).collect();
    let expect = [
        ("upscale", &["https://gpu.example/upscale/", "https://a.example/upscale/"][..]),
        ("mine", &["http://127.0.0.1:8081/"]),
        ("derain", &["/d/"]),
    ];
    assert_eq!(json!(told), json!(expect));
    assert!(list[0]["card"]["title"].is_string() && list[1]["card"].is_null(), "{list}");
    let page = server.ask(&get("/")).good();
    let connect = "'self' https://gpu.example https://a.example http://127.0.0.1:8081 https://bucket.example";
    assert_eq!(page.must("content-security-policy"), policy(connect));
    let about = server.ask(&get("/about.json")).good().json();
    assert_eq!(about["feedback"], "mailto:someone@a.example");
    assert_eq!(about["page"], "https://page.example");
}

#[test]
fn a_wrong_setting_of_the_page_is_one_line_that_names_it() {
    for (name, value) in [
        ("FUNCTIONS", "derain"),
        ("FUNCTIONS", "[]"),
        ("FUNCTIONS", "{}"),
        ("FUNCTIONS", r#"{"derain": 1}"#),
        ("FUNCTIONS", r#"{"derain": []}"#),
        ("FUNCTIONS", r#"{"derain": ["../derain/", {"gpu": "../derain-gpu/"}]}"#),
        ("FUNCTIONS", r#"{"derain": ["../derain/", "../derain"]}"#),
        ("FUNCTIONS", r#"{"derain": ["../derain/", "https://a.example;script-src 'unsafe-inline'/"]}"#),
        ("FUNCTIONS", r#"{"derain": "//other.example/"}"#),
        ("FUNCTIONS", r#"{"derain": "javascript:alert(1)"}"#),
        ("FUNCTIONS", r#"{"derain": "https://a.example;script-src 'unsafe-inline'/"}"#),
        ("FUNCTIONS", r#"{"derain": "../a/", "derain": "../b/"}"#),
        ("FUNCTIONS", r#"{"<b>": "../b/"}"#),
        ("FEEDBACK", "javascript:alert(1)"),
        ("CONNECT", "*"),
        ("CONNECT", "https://a.example, 'unsafe-eval'"),
        ("CONNECT", "https://a.example;script-src"),
    ] {
        let line = refused("studio", &mut command("studio", &[(name, value)]));
        assert!(line.starts_with(&format!("studio: {name}")), "{name}={value}: {line}");
    }
}

#[test]
fn an_address_leads_to_a_file_of_the_page_or_nowhere() {
    let server = shared("studio");
    for path in [
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/..%2fCargo.toml",
        "/samples/../index.html",
        "/samples/%2e%2e/index.html",
        "/./index.html",
        "//",
        "//index.html",
        "/index.html/",
        "/index.html%00",
        "/%00",
        "/Index.html",
        "/index%2ehtml",
        "/samples",
        "/samples/",
        "/samples/CREDITS.md",
        "/app",
        "/app/",
        "/src/main.rs",
        "/assets/index.html",
        "/models",
        "/proc/self/environ",
        "/etc/passwd",
        "/a\\..\\index.html",
        "/%ff%fe",
        "/nothing",
    ] {
        assert!(server.ask(&get(path)).problem(404).contains("nothing"), "{path}");
        assert_eq!(server.ask(&post(path, b"x")).status, 404, "{path}");
    }
    // What is no address at all: it isn't heard to its end.
    assert_eq!(server.ask(&get("/\0")).status, 400);
    for path in ["/", "/index.html", "/functions.json", "/samples/cat_chelsea.jpg"] {
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let refused = server.ask(&ask(method, path));
            assert!(refused.problem(405).contains(method), "{method} {path}");
            assert_eq!(refused.must("allow"), "GET,HEAD", "{method} {path}");
        }
        let options = server.ask(&ask("OPTIONS", path));
        assert_eq!((options.status, options.must("allow")), (204, "GET,HEAD"), "{path}");
    }
    assert_eq!(server.ask(&get("/warmup")).must("allow"), "POST");
}

#[test]
fn what_is_around_a_request_is_as_at_a_function() {
    let settings = [("API_KEYS", &*"0".repeat(64)), ("RATE_PER_MINUTE", "1")];
    let server = Server::start("studio", &settings);
    for _ in 0..3 {
        assert_eq!(server.ask(&post("/warmup", b"")).good().json()["warm"], true);
    }
    assert_eq!(server.ask(&get("/readyz")).good().json()["ready"], true);
    let named =
        server.ask(&get("/healthz").header("x-request-id", "page-1").header("origin", "https://x.example")).good();
    assert_eq!((named.must("x-request-id"), named.must("access-control-allow-origin")), ("page-1", "*"));
    let wrong = server.ask(&get("/made/up").header("x-request-id", "page-2"));
    assert_eq!((wrong.problem(404).is_empty(), &wrong.json()["req_id"]), (false, &json!("page-2")));
    let line = server.process.hear_log("answered", START, |line| line["id"] == "page-2").expect("a line");
    assert_eq!((&line["status"], &line["method"]), (&json!(404), &json!("GET")));
    let metrics = server.ask(&get("/metrics")).good().text();
    let count = "darkroom_requests_total{function=\"studio\",route=\"/warmup\",method=\"POST\",code=\"200\"} 3";
    assert!(metrics.contains(count), "{metrics}");
    assert!(!metrics.contains("made"), "an address that a client made up is no label");
    server.process.terminate();
    assert!(server.process.end(START).0.success());
}

#[test]
fn the_document_of_the_page_names_what_it_answers() {
    let server = shared("studio");
    let document = server.ask(&get("/openapi.json")).good().json();
    assert_eq!(document["openapi"], "3.1.0");
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for method in methods.as_object().unwrap().keys() {
            let request = if method == "post" { post(path, b"") } else { get(path) };
            let answer = server.ask(&request).good();
            let media_type = answer.must("content-type").split(';').next().unwrap().to_owned();
            let told = &methods[method]["responses"]["200"]["content"];
            assert!(told[&media_type].is_object(), "{method} {path}: {media_type}");
        }
    }
}

/// What every door gives of the page.
pub fn page_through(through: &dyn Fn(&Ask) -> Answer) {
    let page = through(&get("/").accept("text/html")).good();
    assert!(page.body == shared("studio").ask(&get("/")).good().body);
    assert_eq!(page.must("content-security-policy"), policy("'self'"));
    let packed = through(&get("/functions.json").header("accept-encoding", "gzip")).good();
    let list: Value = serde_json::from_slice(&unpacked(&packed)).unwrap();
    assert_eq!(list.as_array().unwrap().len(), functions().len());
    let video = through(&get("/samples/video/people.mp4")).good();
    assert!(video.body == std::fs::read(root().join("samples/video/people.mp4")).unwrap());
    let again = through(&get("/samples/video/people.mp4").header("if-none-match", video.must("etag")));
    assert_eq!((again.status, again.body.len()), (304, 0));
    through(&get("/nothing")).problem(404);
    through(&get("/%2e%2e/Cargo.toml")).problem(404);
    assert_eq!(through(&ask("PUT", "/")).must("allow"), "GET,HEAD");
}
