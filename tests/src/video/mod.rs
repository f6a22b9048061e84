//! `POST /video` of detect: lines as soon as they are done, or the video with its boxes; files as they come, whole and broken.

mod both;
mod clips;
mod wrong;

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::{Server, root, shared};
use crate::wire::{Ask, Connection, ask, post, post_form};
use clips::{Spot, Told, assert_near, count, frame, half_a_minute, made, remade, square, square_mp4, told};

/// The one server of these tests that need no settings of their own.
fn spot() -> &'static Spot {
    static SPOT: OnceLock<Spot> = OnceLock::new();
    SPOT.get_or_init(|| Spot::start(&[]))
}

/// What a video and its options in the query are answered with.
fn look(query: &str, video: &[u8]) -> Told {
    told(&spot().server.ask(&post(&format!("/video{query}"), video)).good())
}

/// Where the square is in a frame.
fn place(index: usize) -> [f64; 4] {
    [4.0 * index as f64, 50.0, 4.0 * index as f64 + 20.0, 70.0]
}

/// Intersection over union.
fn shared_part(one: [f64; 4], two: [f64; 4]) -> f64 {
    let area = |side: [f64; 4]| (side[2] - side[0]).max(0.0) * (side[3] - side[1]).max(0.0);
    let both = area([one[0].max(two[0]), one[1].max(two[1]), one[2].min(two[2]), one[3].min(two[3])]);
    both / (area(one) + area(two) - both)
}

// proves: O16
#[test]
fn every_frame_of_every_kind_of_file_has_its_line_and_its_box() {
    let mp4 = square_mp4();
    let copy = |name, flags: &[&str]| remade(name, &mp4, &[], &[&["-c", "copy"], flags].concat());
    let files = [
        ("moov at the end", mp4.clone()),
        ("moov first", copy("a.mp4", &["-movflags", "+faststart"])),
        ("in fragments", copy("a.mp4", &["-movflags", "+frag_keyframe+empty_moov"])),
        ("mov", copy("a.mov", &[])),
        ("mkv", copy("a.mkv", &[])),
        ("webm", square("a.webm", "160x120", 3, &["-c:v", "libvpx", "-deadline", "realtime", "-b:v", "1M"])),
        ("avi", square("a.avi", "160x120", 3, &["-c:v", "mpeg4", "-q:v", "2"])),
    ];
    for (what, video) in files {
        let Told { head, frames, end } = look("", &video);
        let expect = json!({"width": 160, "height": 120, "fps": 10.0, "frames": 30, "duration": 3.0});
        assert_eq!(head, expect, "{what}");
        assert_eq!((frames.len(), count(&video)), (30, 30), "{what}");
        assert!(end["fps"].as_f64().is_some_and(|fps| fps > 0.0) && end.get("error").is_none(), "{what}: {end}");
        for (index, frame) in frames.iter().enumerate() {
            assert_eq!((&frame["index"], &frame["time"]), (&json!(index), &json!(index as f64 / 10.0)), "{what}");
            assert_near(frame, place(index));
        }
    }
    spot().assert_clean();
}

// proves: O16
#[test]
fn a_turned_video_is_looked_at_upright() {
    let turned = remade("a.mov", &square_mp4(), &["-display_rotation", "90"], &["-c", "copy"]);
    let Told { head, frames, .. } = look("", &turned);
    assert_eq!((&head["width"], &head["height"], frames.len()), (&json!(120), &json!(160), 30));
    // A quarter turn against the clock: x is y, y counts from the right.
    let [left, _, right, _] = place(5);
    assert_near(&frames[5], [50.0, 160.0 - right, 70.0, 160.0 - left]);
}

#[test]
fn frames_that_do_not_come_evenly_keep_their_times() {
    let uneven = remade("a.mp4", &square_mp4(), &[], &["-vf", "select=not(between(n\\,5\\,14))", "-fps_mode", "vfr"]);
    let Told { head, frames, .. } = look("", &uneven);
    assert_eq!((frames.len(), &head["frames"]), (20, &json!(20)));
    assert_eq!((&frames[4]["time"], &frames[5]["time"], &frames[19]["time"]), (&json!(0.4), &json!(1.5), &json!(2.9)));
    assert_near(&frames[5], place(15));
}

#[test]
fn what_an_edit_cut_off_is_not_shown() {
    // Key frames stand every second: the packets from 1.0 on are there, those before 1.3 are not to be shown.
    let cut = remade("a.mp4", &square_mp4(), &["-ss", "1.3"], &["-c", "copy"]);
    let Told { head, frames, .. } = look("", &cut);
    assert_eq!((frames.len(), count(&cut), &head["frames"]), (17, 17, &json!(17)));
    assert_near(&frames[0], place(13));
}

// proves: O16
#[test]
fn options_choose_frames_and_boxes_in_query_and_form() {
    let mp4 = square_mp4();
    let indices = |told: &Told| told.frames.iter().map(|frame| frame["index"].as_u64().unwrap()).collect::<Vec<_>>();
    let third = look("?every=3", &mp4);
    assert_eq!(indices(&third), (0..30).step_by(3).collect::<Vec<_>>());
    assert_eq!((&third.frames[4]["time"], &third.head["frames"]), (&json!(1.2), &json!(30)));
    assert_near(&third.frames[4], place(12));
    let few = look("?every=2&max_frames=4", &mp4);
    assert!(indices(&few) == [0, 2, 4, 6] && few.end.get("error").is_none(), "{}", few.end);
    for empty in ["?threshold=0.95", "?classes=nothing", "?classes=1"] {
        assert!(look(empty, &mp4).frames.iter().all(|frame| frame["boxes"] == json!([])), "{empty}");
    }
    assert_near(&look("?classes=square,nothing&max_frames=1", &mp4).frames[0], place(0));
    let server = &spot().server;
    for field in ["video", "file"] {
        let form =
            post_form("/video?max_frames=5", &[("every", "", b"5"), (field, "a.mp4", &mp4), ("names", "", b"0")]);
        assert_eq!(indices(&told(&server.ask(&form).good())), [0, 5, 10, 15, 20]);
    }
    for (query, says) in [
        ("every=0", "`every`"),
        ("every=2.5", "`every`"),
        ("max_frames=none", "`max_frames`"),
        ("threshold=2", "`threshold`"),
        ("classes=dragon", "`dragon`"),
        ("render=gif", "`render`"),
        ("frames=5", "`frames`"),
    ] {
        let detail = server.ask(&post(&format!("/video?{query}"), &mp4)).problem(400);
        assert!(detail.contains(says), "{detail}");
    }
    server.ask(&post("/video", &mp4).accept("image/png")).problem(406);
    assert!(server.ask(&post("/video?render=avi", &mp4).accept("video/mp4")).problem(400).contains("render"));
    spot().assert_clean();
}

/// Sends a video and takes the lines one by one: when each came, after the upload's end.
fn timed(server: &Server, ask: &Ask, mut each: impl FnMut(usize, &Value)) -> Vec<Duration> {
    let mut connection = Connection::start(&server.address, ask);
    let sent = Instant::now();
    assert_eq!(connection.head().status, 200);
    let (mut came, mut rest) = (Vec::new(), Vec::new());
    while let Some(piece) = connection.piece() {
        rest.extend(piece);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<_> = rest.drain(..=end).collect();
            each(came.len(), &serde_json::from_slice(&line).expect("JSON"));
            came.push(sent.elapsed());
        }
    }
    came
}

// proves: O16, U06
#[test]
fn half_a_minute_is_told_as_it_goes_in_little_memory() {
    let store = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let spot = Spot::start(&[("STORE", store.path().to_str().unwrap())]);
    for (flags, path) in [
        (&[][..], "/video"),
        (&["-movflags", "+faststart"], "/video"),
        (&[], "/video?render=avi"),
        (&[], "/video?render=mp4"),
    ] {
        let video = half_a_minute(flags);
        let held = || {
            let of = |id: u32| std::fs::read_to_string(format!("/proc/{id}/statm")).unwrap_or_default();
            let pages = |text: String| text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0);
            let children: u64 = spot.children().into_iter().map(|id| pages(of(id)) * 4096).sum();
            spot.server.process.memory("VmRSS") + children
        };
        let (mut early, mut most) = (0, 0);
        let came = timed(&spot.server, &post(path, &video), |line, _| match line {
            0..100 => {}
            100 => early = held(),
            _ if line % 25 == 0 || line == 901 => most = most.max(held()),
            _ => {}
        });
        assert_eq!(came.len(), 902, "a line for the video, 900 for its frames, one at the end");
        let (first, last) = (came[1], came[900]);
        // A fraction of a second on a machine that does nothing else.
        assert!(
            first < Duration::from_secs(3) && first < last / 2,
            "the first frame after {first:?}, the last {last:?}"
        );
        assert!(early > 0 && most < early + 50_000_000, "{early} bytes at frame 100, later {most}: {path}");
    }
}

// proves: O19
#[test]
fn a_rendered_video_has_the_frames_and_the_boxes_drawn() {
    let mp4 = square_mp4();
    for (query, accept, kind, magic, at) in [
        ("", "video/x-msvideo", "video/x-msvideo", b"AVI ".as_slice(), 8),
        ("?render=avi", "video/*", "video/x-msvideo", b"AVI ", 8),
        ("", "video/*", "video/mp4", b"ftyp", 4),
        ("?render=mp4&names=false", "video/mp4", "video/mp4", b"ftyp", 4),
    ] {
        let answer = spot().server.ask(&post(&format!("/video{query}"), &mp4).accept(accept)).good();
        assert_eq!(answer.must("content-type"), kind);
        assert_eq!(&answer.body[at..at + 4], magic);
        assert_eq!(count(&answer.body), 30, "{accept} {query}");
        let (width, height, pixels) = frame(&answer.body, 20);
        assert_eq!((width, height), (160, 120));
        // The upper edge of the box around a white square on black is of the class's colour, red.
        let [left, top, right, _] = place(20).map(|side| side as usize);
        let edge = &pixels[((top + 2) * width + (left + right) / 2) * 3..][..3];
        assert!(edge[0] > edge[1] + 60 && edge[0] > edge[2] + 60, "{edge:?} {accept} {query}");
    }
    // The index of an MP4 stands first, so that it plays while it comes.
    let answer = spot().server.ask(&post("/video?every=2", &mp4).accept("video/mp4")).good();
    let place = |name: &[u8]| answer.body.windows(4).position(|four| four == name).expect("a box");
    assert!(place(b"moov") < place(b"mdat"));
    assert_eq!(count(&answer.body), 15);
    spot().assert_clean();
}

#[test]
fn odd_sides_and_large_frames_are_rendered() {
    for (size, expect) in [("161x121", (162, 122)), ("1920x1080", (1920, 1080))] {
        let odd = square("a.avi", size, 1, &["-c:v", "mpeg4"]);
        let answer = spot().server.ask(&post("/video", &odd).accept("video/mp4")).good();
        let (width, height, _) = frame(&answer.body, 0);
        assert_eq!(((width, height), count(&answer.body)), (expect, 10));
        let told = look("", &odd);
        assert_eq!(format!("{}x{}", told.head["width"], told.head["height"]), size);
    }
}

#[test]
fn ten_bits_and_sound_do_no_harm() {
    let inputs = ["-f", "lavfi", "-i", "testsrc2=s=160x120:r=10:d=1", "-f", "lavfi", "-i", "sine=d=1"];
    for (name, codec) in [
        (
            "a.mkv",
            &["-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=none", "-c:a", "flac"][..],
        ),
        ("a.mp4", &["-c:v", "libx264", "-pix_fmt", "yuv444p", "-c:a", "aac"]),
        ("a.webm", &["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"]),
    ] {
        let told = look("", &made(name, &[&inputs[..], codec].concat()));
        assert!(told.frames.len() == 10 && told.end.get("error").is_none(), "{name}: {}", told.end);
    }
}

// proves: O16, U08
#[test]
fn videos_and_pictures_are_looked_at_side_by_side() {
    let (mp4, server) = (square_mp4(), &spot().server);
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..4).map(|_| scope.spawn(|| look("", &mp4).frames.len())).collect();
        let picture = crate::samples::png(&crate::samples::photo(64, 64));
        server.ask(&post("/", &picture)).good();
        assert!(all.into_iter().all(|one| one.join().unwrap() == 30));
    });
}

#[test]
fn the_address_is_described() {
    let server = &spot().server;
    let operation = &server.ask(&ask("GET", "/openapi.json")).good().json()["paths"]["/video"]["post"];
    let names: Vec<_> =
        operation["parameters"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    for name in ["every", "max_frames", "render", "threshold", "iou", "classes", "max_boxes", "names"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    assert!(operation["responses"]["200"]["content"]["application/jsonl"].is_object(), "{operation}");
    server.ask(&ask("GET", "/video")).problem(405);
}

// proves: O16
#[test]
fn the_network_of_our_own_sees_who_walks_in() {
    let server = shared("detect");
    let video = std::fs::read(root().join("samples/video/people.mp4")).unwrap();
    let Told { head, frames, .. } = told(&server.ask(&post("/video?classes=person", &video)).good());
    assert_eq!((&head["width"], &head["height"], frames.len()), (&json!(768), &json!(432), 120));
    // Where a published detector sees whoever it is, who stands there from frame 25 on.
    let truth = [383.0, 14.0, 518.0, 406.0];
    for at in (40..120).step_by(10) {
        let found = &frames[at]["boxes"][0]["box"];
        let found = [0, 1, 2, 3].map(|side| found[side].as_f64().unwrap_or_default());
        assert!(shared_part(found, truth) > 0.5, "frame {at}: {found:?}");
    }
    let with = frames.iter().filter(|frame| frame["boxes"].as_array().is_some_and(|boxes| !boxes.is_empty())).count();
    assert!(with >= 60, "a person in {with} of 120 frames");
}
