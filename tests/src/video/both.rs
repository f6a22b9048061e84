//! Lines and the video with its boxes from one run: the last line names the video, which is kept.

use std::time::Duration;

use serde_json::{Value, json};

use super::clips::{Spot, Told, count, frame, half_a_minute, pattern_mp4, remade, square_mp4, told};
use super::place;
use crate::jobs::{begin, later, result, until};
use crate::kept::path;
use crate::keys::hash;
use crate::process::{START, wait_for};
use crate::wire::{Answer, Connection, ask, get, post};

/// detect with the tiny network and a folder to keep things in.
fn keeping(settings: &[(&str, &str)]) -> (Spot, tempfile::TempDir) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = folder.path().join("store").display().to_string();
    (Spot::start(&[&[("STORE", store.as_str())], settings].concat()), folder)
}

/// How many results are kept, halves of them too.
fn results(folder: &tempfile::TempDir) -> usize {
    std::fs::read_dir(folder.path().join("store/result")).map_or(0, Iterator::count)
}

/// The video that a last line names, as the answer at `/video` does.
fn video(spot: &Spot, end: &Value) -> Answer {
    let answer = spot.server.ask(&get(&path(end["result_url"].as_str().expect("an address")))).good();
    assert_eq!(end["result_bytes"], answer.body.len(), "{end}");
    answer
}

/// Whether the upper edge of the box around the square is drawn in a frame, in the class's colour, red.
fn is_drawn(bytes: &[u8], shown: usize, index: usize) -> bool {
    let (width, height, pixels) = frame(bytes, shown);
    assert_eq!((width, height), (160, 120));
    let [left, top, right, _] = place(index).map(|side| side as usize);
    let at = ((top + 2) * width + (left + right) / 2) * 3;
    let [red, green, blue] = std::array::from_fn(|part| i32::from(pixels[at + part]));
    red > green + 60 && red > blue + 60
}

// proves: O16, O19
#[test]
fn one_run_gives_the_lines_and_the_video() {
    let (spot, folder) = keeping(&[]);
    let mp4 = square_mp4();
    for (render, kind) in [("avi", "video/x-msvideo"), ("mp4", "video/mp4")] {
        for (options, every, frames, drawn) in [
            ("", 1, 30, true),
            ("&every=4&max_frames=6&names=false", 4, 6, true),
            ("&classes=nothing", 1, 30, false),
            ("&threshold=0.95", 1, 30, false),
        ] {
            let plain =
                told(&spot.server.ask(&post(&format!("/video?{}", options.trim_start_matches('&')), &mp4)).good());
            let both = told(&spot.server.ask(&post(&format!("/video?render={render}{options}"), &mp4)).good());
            assert_eq!((&both.head, &both.frames), (&plain.head, &plain.frames), "{render} {options}");
            assert_eq!((both.frames.len(), both.end.get("error")), (frames, None), "{render} {options}");
            assert_eq!(plain.end.get("result_url"), None);
            let video = video(&spot, &both.end);
            assert_eq!((video.must("content-type"), count(&video.body)), (kind, frames), "{render} {options}");
            assert_eq!(is_drawn(&video.body, 5, 5 * every), drawn, "{render} {options}");
        }
    }
    assert_eq!(results(&folder), 8, "the videos, and nothing else");
    let alone = spot.server.ask(&post("/video", &mp4).accept("video/x-msvideo")).good();
    let both = told(&spot.server.ask(&post("/video?render=avi", &mp4).accept("application/jsonl")).good());
    assert!(video(&spot, &both.end).body == alone.body, "the video that is the answer elsewhere");
    spot.assert_clean();
}

// proves: O19, B06
#[test]
fn lines_that_are_kept_name_the_video_beside_them() {
    let (spot, folder) = keeping(&[]);
    let mp4 = square_mp4();
    // From where the lines are read, the video's name alone leads to it.
    let beside = |lines: &Answer| {
        let end = told(lines).end;
        let name = end["result_url"].as_str().expect("an address");
        assert!(!name.contains('/'), "{name}");
        let answer = spot.server.ask(&get(&format!("/result/{name}"))).good();
        assert_eq!((count(&answer.body), &end["result_bytes"]), (3, &json!(answer.body.len())));
    };
    let led = spot.server.ask(&post("/video?render=avi&link=true&max_frames=3", &mp4));
    assert_eq!(led.status, 303, "{}", led.text());
    beside(&spot.server.ask(&get(&path(led.must("location")))).good());
    let (job, _) = begin(&spot.server, &later("/video?render=mp4&max_frames=3", &mp4));
    beside(&result(&spot.server, &until(&spot.server, &job, "done")));
    assert_eq!(results(&folder), 4);
    let (based, _folder) = keeping(&[("BASE_URL", "https://pictures.example/detect")]);
    for query in ["?render=avi&max_frames=1", "?render=avi&max_frames=1&link=true"] {
        let mut answer = based.server.ask(&post(&format!("/video{query}"), &mp4));
        if let Some(address) = answer.header("location") {
            answer = based.server.ask(&get(address.strip_prefix("https://pictures.example/detect").expect("the base")));
        }
        let end = told(&answer).end;
        let url = end["result_url"].as_str().expect("an address");
        assert!(url.starts_with("https://pictures.example/detect/result/"), "{url}");
    }
}

// proves: U02, U11
#[test]
fn the_video_is_its_owners_and_needs_a_store() {
    let keys = format!("{},{}", hash("first-key"), hash("second-key"));
    let (spot, folder) = keeping(&[("API_KEYS", &keys)]);
    let mp4 = square_mp4();
    let by = |ask: crate::wire::Ask, key: &str| spot.server.ask(&ask.header("x-api-key", key));
    let end = told(&by(post("/video?render=avi&max_frames=2", &mp4), "first-key").good()).end;
    let address = path(end["result_url"].as_str().unwrap());
    by(ask("DELETE", &address), "second-key").problem(404);
    assert_eq!(by(ask("DELETE", &address), "first-key").status, 204);
    assert_eq!(results(&folder), 0);
    let unkept = post("/video?render=avi", &mp4).header("cache-control", "no-store");
    assert!(by(unkept, "first-key").problem(400).contains("no-store"));
    // Without a store it is said before the file is looked at.
    for ask in [post("/video?render=avi", b"hello"), later("/video?render=avi", b"hello")] {
        let detail = super::spot().server.ask(&ask).problem(501);
        assert!(detail.contains("STORE") && detail.contains("video/x-msvideo"), "{detail}");
    }
}

// proves: O19, U14
#[test]
fn of_a_broken_video_there_is_what_could_be_drawn() {
    let (spot, folder) = keeping(&[]);
    let whole = remade("a.mp4", &pattern_mp4(), &[], &["-c", "copy", "-movflags", "+faststart"]);
    let Told { frames, end, .. } =
        told(&spot.server.ask(&post("/video?render=avi", &whole[..whole.len() * 7 / 10])).good());
    assert!(end["error"].as_str().is_some_and(|error| error.contains("cut off")), "{end}");
    assert!((8..30).contains(&frames.len()) && count(&video(&spot, &end).body) == frames.len(), "{}", frames.len());
    // One of which nothing can be read has no line, and leaves nothing.
    spot.server.ask(&post("/video?render=avi", &square_mp4()[..1000])).problem(422);
    wait_for(START, "one result", || (results(&folder) == 1).then_some(()));
    spot.assert_clean();
}

// proves: O19, U14
#[test]
fn a_video_that_can_not_be_kept_is_told_of_in_the_last_line() {
    let mp4 = pattern_mp4();
    let most = (mp4.len() + 1000).to_string();
    let (small, folder) = keeping(&[("MAX_UPLOAD_BYTES", &most)]);
    let Told { end, .. } = told(&small.server.ask(&post("/video?render=avi", &mp4)).good());
    assert!(end["error"].as_str().is_some_and(|error| error.contains(&most)), "{end}");
    assert_eq!((end.get("result_url"), results(&folder)), (None, 0));
    // A store that fails; the lines are whole.
    let (failing, folder) = keeping(&[]);
    std::fs::write(folder.path().join("store/result"), "no folder").unwrap();
    let Told { frames, end, .. } = told(&failing.server.ask(&post("/video?render=avi", &mp4)).good());
    assert_eq!((frames.len(), end.get("result_url"), end["error"].is_string()), (30, None, true), "{end}");
    let (late, folder) = keeping(&[("JOB_DEADLINE_S", "1")]);
    let Told { frames, end, .. } = told(&late.server.ask(&post("/video?render=mp4", &half_a_minute(&[]))).good());
    assert!(frames.len() < 900 && end["error"].as_str().is_some_and(|error| error.contains("every")), "{end}");
    assert_eq!((end.get("result_url"), results(&folder)), (None, 0));
    for spot in [small, failing, late] {
        wait_for(START, "the children's end", || spot.children().is_empty().then_some(()));
        spot.assert_clean();
    }
}

// proves: O19, U14
#[test]
fn who_leaves_gets_nothing_kept() {
    let (spot, folder) = keeping(&[]);
    let video = half_a_minute(&[]);
    let mut connection = Connection::start(&spot.server.address, &post("/video?render=avi", &video));
    assert_eq!(connection.head().status, 200);
    connection.piece().expect("a line");
    wait_for(START, "both children at work", || (spot.children().len() > 1).then_some(()));
    connection.close();
    drop(connection);
    wait_for(Duration::from_secs(1), "the children's end", || spot.children().is_empty().then_some(()));
    spot.server.process.hear_log("client gone", START, |_| true).expect("a line in the log");
    let (job, _) = begin(&spot.server, &later("/video?render=avi", &video));
    wait_for(START, "both children at work", || (spot.children().len() > 1).then_some(()));
    assert_eq!(spot.server.ask(&ask("DELETE", &job)).status, 202);
    wait_for(START, "the children's end", || spot.children().is_empty().then_some(()));
    wait_for(START, "an empty store", || (results(&folder) == 0).then_some(()));
    spot.assert_clean();
}
