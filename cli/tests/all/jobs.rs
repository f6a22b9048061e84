//! Jobs: asked for, followed, fetched later, cancelled.

use std::sync::mpsc;

use axum::body::{Body, Bytes};
use futures_util::{StreamExt, stream};
use rustix::process::{Pid, Signal, kill_process};

use crate::double::{Double, Place, answer, json, png, problem, told};

const RUNNING: &str = r#"{"id":"j1","state":"running","progress":0.5,"result_url":null,"problem":null}"#;
const DONE: &str = r#"{"id":"j1","state":"done","progress":1,"result_url":"../result/r1","problem":null}"#;

fn begun() -> axum::response::Response {
    answer(202, &[("location", "jobs/j1"), ("content-type", "application/json")], RUNNING)
}

#[test]
fn a_job_is_left_alone_and_fetched_later() {
    let double = Double::start(|asked, before| match (asked.line.as_str(), before) {
        ("POST /f/", _) => begun(),
        ("GET /f/jobs/j1/events", _) => problem(404, "no events here"),
        ("GET /f/jobs/j1", 0) => json(200, RUNNING),
        ("GET /f/jobs/j1", _) => json(200, DONE),
        ("GET /f/result/r1", _) => png(b"made"),
        (line, _) => panic!("{line}"),
    });
    let place = Place::new();
    place.write("a.jpg", "x");
    let (code, out, err) = place.run(&format!("sepia a.jpg --async --key hush --url {}", double.url));
    assert_eq!((code, out, err), (0, format!("{}jobs/j1\n", double.url), String::new()));
    assert_eq!(double.asked("POST /f/").header("prefer"), Some("respond-async"));
    let (code, out, err) = place.run(&format!("job {}jobs/j1 -o b.png --key hush", double.url));
    assert_eq!((code, out.as_str(), place.read("b.png").as_str()), (0, "", "made"), "{err}");
    assert_eq!(double.asked("GET /f/jobs/j1").header("authorization"), Some("Bearer hush"));
}

#[test]
fn a_failed_job_tells_why() {
    let failed = r#"{"state":"failed","progress":0.1,"result_url":null,"problem":{"detail":"no memory is left"}}"#;
    let double = Double::start(move |asked, _| match asked.line.as_str() {
        "POST /f/" => begun(),
        "GET /f/jobs/j1/events" => answer(200, &[], format!("data: {failed}\n\n")),
        line => panic!("{line}"),
    });
    let place = Place::new();
    place.write("a.jpg", "x");
    let (code, _, err) = place.run(&format!("sepia a.jpg --wait --url {}", double.url));
    assert_eq!((code, err.as_str()), (1, "darkroom: a.jpg: no memory is left\n"));
}

#[test]
fn what_takes_longer_than_the_server_waits_becomes_a_job() {
    let double = Double::start(|asked, before| match (asked.line.as_str(), before) {
        ("POST /f/", 0) => problem(504, "the time is over"),
        ("POST /f/", _) => begun(),
        ("GET /f/", _) => json(200, r#"{"store":{"kept_s":60}}"#),
        ("GET /f/jobs/j1/events", _) => problem(404, "no events here"),
        ("GET /f/jobs/j1", _) => json(200, DONE),
        ("GET /f/result/r1", _) => png(b"made"),
        (line, _) => panic!("{line}"),
    });
    let place = Place::new();
    place.write("a.png", "x");
    let (code, _, err) = place.run(&format!("sepia a.png --url {}", double.url));
    assert_eq!((code, place.read("a-sepia.png").as_str()), (0, "made"), "{err}");
    assert!(err.contains("takes longer than the server waits"), "{err}");
}

#[test]
fn an_interrupt_cancels_the_job() {
    for signal in [Signal::INT, Signal::TERM] {
        cancels_the_job(signal);
    }
}

fn cancels_the_job(signal: Signal) {
    let (waits, waited) = mpsc::channel();
    let double = Double::start(move |asked, _| match asked.line.as_str() {
        "POST /f/" => begun(),
        "GET /f/jobs/j1/events" => {
            waits.send(()).unwrap();
            let event = stream::iter([Ok::<_, std::io::Error>(Bytes::from(format!("data: {RUNNING}\n\n")))]);
            answer(200, &[], Body::from_stream(event.chain(stream::pending())))
        }
        "DELETE /f/jobs/j1" => answer(202, &[], RUNNING),
        line => panic!("{line}"),
    });
    let place = Place::new();
    place.write("a.jpg", "x");
    let child = place.command(&format!("sepia a.jpg --wait --url {}", double.url)).spawn().unwrap();
    waited.recv().unwrap();
    kill_process(Pid::from_child(&child), signal).unwrap();
    let (code, _, err) = told(&child.wait_with_output().unwrap());
    assert_eq!((code, err.as_str()), (130, "darkroom: the job is cancelled\n"));
    assert_eq!(double.count("DELETE /f/jobs/j1"), 1);
    assert_eq!(place.names("."), ["a.jpg"]);
}
