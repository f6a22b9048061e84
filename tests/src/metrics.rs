//! What is counted, timed and told to others.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use crate::kept::{Keeper, picture};
use crate::process::{START, Server, wait_for};
use crate::samples::{photo, png};
use crate::wire::{ask, get, post};

/// A sample's value, by its name and words of its labels.
fn value(text: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let mut samples = text.lines().filter(|line| line.starts_with(&format!("{name}{{")));
    let line = samples.find(|line| labels.iter().all(|label| line.contains(label)))?;
    line.rsplit(' ').next()?.parse().ok()
}

// proves: D09, U10
#[test]
fn metrics_tell_requests_stages_cache_and_what_serves() {
    let keeper = Keeper::start("upscale", &[]);
    for _ in 0..2 {
        keeper.ask(&post("/", &picture(80))).good();
    }
    keeper.ask(&post("/", b"hello")).problem(415);
    keeper.ask(&get("/made/up")).problem(404);
    keeper.ask(&ask("PUT", "/nowhere/at/all"));
    keeper.ask(&get("/result/none")).problem(404);
    let answer = keeper.ask(&get("/metrics")).good();
    assert_eq!(answer.must("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text();
    let is = |name: &str, labels: &[&str], expect: f64| {
        assert_eq!(value(&text, name, labels), Some(expect), "{name} {labels:?} in\n{text}");
    };
    is("darkroom_requests_total", &["route=\"/\"", "code=\"200\""], 2.0);
    is("darkroom_requests_total", &["route=\"/\"", "code=\"415\""], 1.0);
    is("darkroom_requests_total", &["route=\"/result/{id}\"", "code=\"404\""], 1.0);
    is("darkroom_requests_total", &["route=\"other\"", "method=\"other\"", "code=\"404\""], 2.0);
    for stage in ["queue", "decode", "run", "encode"] {
        let labels = [format!("stage=\"{stage}\"")];
        is("darkroom_stage_duration_seconds_count", &[&labels[0], "model=\"default\""], 1.0);
    }
    assert!(value(&text, "darkroom_stage_duration_seconds_bucket", &["stage=\"run\"", "le=\"+Inf\""]) == Some(1.0));
    is("darkroom_cache_answers_total", &["from=\"miss\""], 1.0);
    is("darkroom_cache_answers_total", &["from=\"hit\""], 1.0);
    is("darkroom_serving_info", &["model=\"default@", "precision=\"int8\"", "provider=\"cpu\""], 1.0);
    is("darkroom_sessions_busy", &["function=\"upscale\""], 0.0);
    is("darkroom_queue_waiting", &[], 0.0);
    is("darkroom_models_open", &[], 1.0);
    assert!(value(&text, "darkroom_start_seconds", &[]).is_some_and(|seconds| seconds > 0.0 && seconds < 60.0));
    assert!(value(&text, "darkroom_picture_bytes_total", &["direction=\"in\""]).unwrap() > 1000.0);
    assert!(value(&text, "process_resident_memory_bytes", &[]).unwrap() > 1e7);
    assert!(!text.contains("made") && !text.contains("nowhere"), "an address that a client made up is no label");
    let names = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    for name in names {
        assert!(text.contains(&format!("# HELP {name} ")), "{name} is described");
    }
}

// proves: D09
#[test]
fn a_reference_picture_tells_the_quality() {
    for function in ["upscale", "classify", "detect"] {
        let server = Server::start(function, &[("PROBE_EVERY_S", "1")]);
        let told = wait_for(START, "a probe", || {
            value(&server.ask(&get("/metrics")).good().text(), "darkroom_probe_psnr_db", &["model=\"default\""])
        });
        // 8 bits against full precision: alike, and not the same network compared with itself.
        assert!((20.0..=100.0).contains(&told), "{function}: {told} dB");
    }
}

// proves: D09
#[test]
fn traces_are_sent_where_the_setting_says() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = Server::start("derain", &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    server.ask(&post("/", &png(&photo(16, 16))).header("traceparent", parent)).good();
    server.process.terminate();
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut bytes = Vec::new();
    let has = |bytes: &[u8], words: &[u8]| bytes.windows(words.len()).any(|window| window == words);
    while !has(&bytes, b"darkroom.model") {
        let mut piece = [0; 4096];
        let length = stream.read(&mut piece).expect("a trace");
        assert!(length > 0, "{}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&piece[..length]);
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    assert!(bytes.starts_with(b"POST /v1/traces HTTP/1.1"));
    let trace = [0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c];
    for words in [&trace[..], b"POST /", b"decode", b"run", b"encode", b"darkroom-derain"] {
        assert!(has(&bytes, words), "{}", String::from_utf8_lossy(words));
    }
    assert!(server.process.end(START).0.success());
}
