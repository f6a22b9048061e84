//! Jobs: begun, followed, cancelled, told of, and finished whatever dies.

mod kills;
mod lambda;
mod webhooks;

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::kept::path;
use crate::process::{START, Server, wait_for};
use crate::samples::{photo, png};
use crate::variants::{add, manifest};
use crate::wire::{Answer, Ask, Connection, ask, get, post};

/// The function that holds to order, with a store.
pub struct Holder {
    pub server: Server,
    pub folder: TempDir,
}

impl Holder {
    fn start(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        add(folder.path(), &manifest("faulty", "default", "same.onnx", 1, &json!({})));
        let (models, store) = (folder.path().display().to_string(), folder.path().join("store").display().to_string());
        let own = [("MODELS", models.as_str()), ("STORE", store.as_str())];
        Self { server: Server::start("faulty", &[&own, settings].concat()), folder }
    }

    /// A file's name that a run waits for.
    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

/// A request for a job.
pub fn later(path: &str, body: &[u8]) -> Ask {
    post(path, body).header("prefer", "respond-async")
}

/// Begins a job; its address and what is told of it.
pub fn begin(server: &Server, ask: &Ask) -> (String, Value) {
    let answer = server.ask(ask);
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!((answer.must("retry-after"), answer.must("preference-applied")), ("1", "respond-async"));
    (path(answer.must("location")), answer.json())
}

/// Waits until a job is in this state.
pub fn until(server: &Server, job: &str, state: &str) -> Value {
    wait_for(START, state, || {
        let told = server.ask(&get(job)).good().json();
        let over = ["done", "failed", "cancelled"].contains(&told["state"].as_str().unwrap());
        assert!(!over || told["state"] == state, "{told}");
        (told["state"] == state).then_some(told)
    })
}

/// The result of a job that is done.
pub fn result(server: &Server, told: &Value) -> Answer {
    server.ask(&get(&path(told["result_url"].as_str().unwrap()))).good()
}

// proves: B06, U08
#[test]
fn a_job_is_begun_followed_and_its_result_read() {
    let holder = Holder::start(&[]);
    let (body, file) = (png(&photo(30, 20)), holder.file("go"));
    let (job, told) = begin(&holder.server, &later(&format!("/?hold={file}&format=png"), &body));
    assert_eq!((&told["state"], &told["progress"], &told["problem"]), (&json!("queued"), &json!(0.0), &Value::Null));
    let created = told["created"].as_str().unwrap();
    assert!(created.len() == 24 && created.ends_with('Z') && job.ends_with(told["id"].as_str().unwrap()));
    until(&holder.server, &job, "running");
    // Followed from now on, and by another who comes at the end.
    let mut events = Connection::start(&holder.server.address, &get(&format!("{job}/events")));
    assert_eq!(events.head().must("content-type"), "text/event-stream");
    let first = String::from_utf8(events.piece().unwrap()).unwrap();
    assert!(first.starts_with("event: job\ndata: {") && first.contains("\"running\""), "{first}");
    std::fs::write(&file, "").unwrap();
    let mut last = String::new();
    while let Some(piece) = events.piece() {
        last = String::from_utf8(piece).unwrap();
    }
    assert!(last.contains("\"done\"") && last.contains("../../result/"), "{last}");
    let told = until(&holder.server, &job, "done");
    assert_eq!(told["progress"], 1.0);
    assert_eq!(crate::samples::read(&result(&holder.server, &told).body).0, photo(30, 20));
    let late = holder.server.ask(&get(&format!("{job}/events"))).good().text();
    assert!(late.matches("event: job").count() == 1 && late.contains("\"done\""), "{late}");
    // A wrong request is refused at once; one that fails later tells of it.
    holder.server.ask(&later("/?quality=0", &body)).problem(400);
    holder.server.ask(&later("/", b"hello")).problem(415);
    let (job, _) = begin(&holder.server, &later("/?req_id=mine", &body[..body.len() / 2]));
    let told = until(&holder.server, &job, "failed");
    assert_eq!((&told["problem"]["status"], &told["problem"]["req_id"]), (&json!(422), &json!("mine")), "{told}");
    assert_eq!(told["result_url"], Value::Null);
}

// proves: B06
#[test]
fn a_cancelled_job_stops_and_frees_its_place() {
    let holder = Holder::start(&[("INSTANCES", "1")]);
    let body = png(&photo(10, 10));
    let (job, _) = begin(&holder.server, &later(&format!("/?hold={}", holder.file("never")), &body));
    until(&holder.server, &job, "running");
    let (waits, _) = begin(&holder.server, &later(&format!("/?hold={}&max_side=9", holder.file("no")), &body));
    for one in [&waits, &job] {
        let answer = holder.server.ask(&ask("DELETE", one));
        assert_eq!((answer.status, &answer.json()["state"]), (202, &json!("cancelled")));
    }
    holder.server.ask(&post("/", &body)).good();
    until(&holder.server, &job, "cancelled");
    let again = holder.server.ask(&ask("DELETE", &job));
    assert_eq!((again.status, &again.json()["state"]), (202, &json!("cancelled")), "it is so once more");
    assert!(!std::path::Path::new(&holder.file("no.held")).exists(), "what waited was never begun");
}

// proves: B06
#[test]
fn an_idempotency_key_begins_one_job() {
    let holder = Holder::start(&[]);
    let body = png(&photo(11, 10));
    let ask = later("/", &body).header("idempotency-key", "8e03978e-40d5-43dd-bc93-6894a57f9324");
    let (job, _) = begin(&holder.server, &ask);
    assert_eq!(begin(&holder.server, &ask).0, job);
    until(&holder.server, &job, "done");
    assert_eq!(begin(&holder.server, &ask).1["state"], "done");
    let other = later("/?max_side=5", &body).header("idempotency-key", "8e03978e-40d5-43dd-bc93-6894a57f9324");
    assert!(holder.server.ask(&other).problem(400).contains("Idempotency-Key"));
    assert_ne!(begin(&holder.server, &later("/", &body)).0, job);
    holder.server.ask(&later("/", &body).header("idempotency-key", &"k".repeat(300))).problem(400);
}

// proves: U08
#[test]
fn more_jobs_than_may_wait_are_refused() {
    let holder = Holder::start(&[("INSTANCES", "1"), ("JOB_QUEUE", "2")]);
    let body = png(&photo(12, 10));
    for name in ["one", "two"] {
        begin(&holder.server, &later(&format!("/?hold={}", holder.file(name)), &body));
    }
    let refused = holder.server.ask(&later("/", &body));
    refused.problem(429);
    refused.must("retry-after");
}

// proves: B06
#[test]
fn a_job_tells_how_far_it_is_by_tiles_and_by_frames() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store").display().to_string();
    let upscale = Server::start("upscale", &[("STORE", &store), ("INSTANCES", "1")]);
    let large = crate::samples::jpeg(&photo(1600, 1200), 90);
    let detect = Server::start("detect", &[("STORE", &store), ("INSTANCES", "1")]);
    let clip = std::fs::read(crate::process::root().join("samples/video/people.mp4")).expect("a clip");
    for (server, ask) in [(&upscale, later("/?format=jpeg", &large)), (&detect, later("/video", &clip))] {
        let (job, _) = begin(server, &ask);
        let mut seen = Vec::new();
        let told = wait_for(Duration::from_secs(180), "the end", || {
            let told = server.ask(&get(&job)).good().json();
            seen.push(told["progress"].as_f64().unwrap());
            ["done", "failed"].contains(&told["state"].as_str().unwrap()).then_some(told)
        });
        assert_eq!(told["state"], "done", "{told}");
        assert!(seen.is_sorted() && seen.iter().any(|share| *share > 0.0 && *share < 1.0), "{seen:?}");
        let answer = result(server, &told);
        if answer.must("content-type") == "image/jpeg" {
            assert_eq!(crate::samples::read(&answer.body).0.width(), 4800);
        } else {
            assert_eq!(answer.text().lines().count(), 122, "a line of the video, 120 frames, the last line");
        }
    }
}
