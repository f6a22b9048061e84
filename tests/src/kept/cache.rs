//! The same question is answered once.

use std::thread;

use super::{Keeper, path, picture};
use crate::process::shared;
use crate::wire::{envelope, get, post, post_json};

// proves: U09
#[test]
fn the_same_picture_again_is_answered_from_the_store() {
    let keeper = Keeper::start("derain", &[]);
    let bytes = picture(40);
    let first = keeper.ask(&post("/", &bytes)).good();
    assert_eq!(first.must("x-cache"), "miss");
    let again = keeper.ask(&post("/?strength=1&quality=90", &bytes)).good();
    assert_eq!(again.must("x-cache"), "miss", "options are told apart");
    let again = keeper.ask(&post("/", &bytes)).good();
    assert_eq!(again.must("x-cache"), "hit");
    assert!(again.body == first.body, "the same bytes");
    for name in ["etag", "content-location", "content-type", "x-model"] {
        assert_eq!(again.must(name), first.must(name), "{name}");
    }
    // Another form of the same answer is another answer; its client's own name for it is kept apart.
    for (req_id, from) in [("one", "miss"), ("two\"}", "hit")] {
        let answer = keeper.ask(&post_json("/", &envelope(&bytes, req_id))).good();
        assert_eq!((answer.must("x-cache"), answer.json()["req_id"].as_str().unwrap()), (from, req_id));
    }
    let known = keeper.ask(&post("/", &bytes).header("if-none-match", first.must("etag")));
    assert!(known.problem(412).contains("If-None-Match"));
    for (word, from) in [("no-store", None), ("no-cache", Some("miss")), ("max-age=60", Some("hit"))] {
        let answer = keeper.ask(&post("/", &bytes).header("cache-control", word)).good();
        assert_eq!(answer.header("x-cache"), from, "{word}");
        assert_eq!(answer.header("content-location").is_some(), from.is_some(), "{word}");
    }
    let kept = keeper.things().len();
    keeper.ask(&post("/", &picture(41)).header("cache-control", "no-store")).good();
    assert_eq!(keeper.things().len(), kept, "nothing is kept of it");
    assert_eq!(shared("derain").ask(&post("/", &bytes)).good().header("x-cache"), None);
}

// proves: U09
#[test]
fn equal_questions_at_one_time_run_once() {
    let keeper = Keeper::start("upscale", &[("INSTANCES", "1")]);
    let body = crate::samples::jpeg(&crate::samples::photo(500, 400), 90);
    let ask = post("/?format=png", &body);
    let answers: Vec<_> = thread::scope(|scope| {
        let all: Vec<_> = (0..6).map(|_| scope.spawn(|| keeper.ask(&ask).good())).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let from = |word| answers.iter().filter(|answer| answer.must("x-cache") == word).count();
    assert_eq!((from("miss"), from("joined") + from("hit")), (1, 5));
    assert!(from("joined") > 0, "some came while it ran");
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    let runs = keeper.ask(&get("/metrics")).good().text();
    let count =
        runs.lines().find(|line| line.starts_with("darkroom_stage_duration_seconds_count") && line.contains("\"run\""));
    assert!(count.unwrap().ends_with(" 1"), "{count:?}");
    assert_eq!(keeper.ask(&get(&path(answers[0].must("content-location")))).good().body, answers[0].body);
}
