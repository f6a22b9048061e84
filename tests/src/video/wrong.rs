//! Videos that are broken, none at all, too large or dangerous; clients who leave; machines without ffmpeg.

use std::net::TcpListener;
use std::time::Duration;

use super::clips::{Spot, Told, count, half_a_minute, made, pattern_mp4, remade, square_mp4, told};
use super::spot;
use crate::process::ffmpeg;
use crate::process::{START, wait_for};
use crate::samples::{photo, png};
use crate::wire::{Connection, post, post_form};

// proves: O16, U14
#[test]
fn a_file_cut_in_the_middle_yields_its_good_frames_and_says_so() {
    let mp4 = pattern_mp4();
    let copy = |name, flags: &[&str]| remade(name, &mp4, &[], &[&["-c", "copy"], flags].concat());
    for (what, whole) in [
        ("moov first", copy("a.mp4", &["-movflags", "+faststart"])),
        ("in fragments", copy("a.mp4", &["-movflags", "+frag_keyframe+empty_moov"])),
        ("mkv", copy("a.mkv", &[])),
        ("avi", remade("a.avi", &mp4, &[], &["-c:v", "mpeg4", "-g", "5"])),
    ] {
        let cut = &whole[..whole.len() * 7 / 10];
        let Told { frames, end, .. } = told(&spot().server.ask(&post("/video", cut)).good());
        assert!((8..30).contains(&frames.len()), "{what}: {} frames", frames.len());
        assert!(end["error"].as_str().is_some_and(|error| error.contains("cut off")), "{what}: {end}");
        // Rendered, the good frames are what there is to give.
        let answer = spot().server.ask(&post("/video", cut).accept("video/x-msvideo")).good();
        assert_eq!(count(&answer.body), frames.len(), "{what}");
        // Who asks for no more than is there misses nothing.
        let few = told(&spot().server.ask(&post("/video?max_frames=3", cut)).good());
        assert!(few.frames.len() == 3 && few.end.get("error").is_none(), "{what}: {}", few.end);
    }
    spot().assert_clean();
}

#[test]
fn a_file_broken_in_the_middle_goes_on_and_says_so() {
    let mut mp4 = remade("a.mp4", &pattern_mp4(), &[], &["-c", "copy", "-movflags", "+faststart"]);
    let start = mp4.windows(4).position(|four| four == b"mdat").expect("mdat") + 4;
    let middle = start + (mp4.len() - start) / 2;
    mp4[middle..middle + 400].fill(0xFF);
    let Told { frames, end, .. } = told(&spot().server.ask(&post("/video", &mp4)).good());
    assert!(frames.len() > 20 && frames.last().is_some_and(|last| last["time"].as_f64() > Some(2.5)));
    assert!(end["error"].as_str().is_some_and(|error| error.contains("broken")), "{end}");
}

// proves: O16, U14
#[test]
fn what_can_not_be_read_is_a_422_that_says_what() {
    let mp4 = square_mp4();
    let sound = made("a.mp4", &["-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac"]);
    let noise: Vec<u8> = (0..20_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let dressed = |head: &[u8]| [head, &noise].concat();
    for (what, video, says) in [
        ("cut before its index", mp4[..mp4.len() / 2].to_vec(), "moov"),
        ("sound alone", sound, "no video track"),
        ("noise as MP4", dressed(b"\0\0\0\x10ftypisom\0\0\0\0"), "video"),
        ("noise as AVI", dressed(b"RIFF\0\x40\0\0AVI LIST"), "video"),
        ("noise as Matroska", dressed(b"\x1A\x45\xDF\xA3\x84"), "video"),
    ] {
        for accept in ["", "video/mp4"] {
            let detail = spot().server.ask(&post("/video", &video).accept(accept)).problem(422);
            assert!(detail.contains("can't be read") && detail.contains(says), "{what}: {detail}");
        }
    }
    assert!(spot().server.ask(&post("/video", b"")).problem(400).contains("empty"));
    let form = post_form("/video", &[("picture", "a.mp4", &mp4)]);
    assert!(spot().server.ask(&form).problem(400).contains("`video`"));
    spot().assert_clean();
}

// proves: O16, U14
#[test]
fn any_damage_is_answered_soon() {
    let mp4 = pattern_mp4();
    let files = [
        mp4.clone(),
        remade("a.mkv", &mp4, &[], &["-c", "copy"]),
        remade("a.avi", &mp4, &[], &["-c:v", "mpeg4", "-bf", "2"]),
    ];
    let mut state = 7_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut good = 0;
    for turn in 0..60 {
        let mut video = files[turn % files.len()].clone();
        for _ in 0..[1, 3, 10, 100][random(4)] {
            // Anywhere, or where headers and indices stand.
            let most = if random(2) == 0 { video.len() } else { 3000 };
            let at = random(most);
            video[at] = random(256) as u8;
        }
        let start = std::time::Instant::now();
        let answer = spot().server.ask(&post("/video", &video));
        match answer.status {
            200 => good += usize::from(told(&answer).frames.len() > 20),
            415 | 422 => _ = answer.problem(answer.status),
            other => panic!("{other} in turn {turn}: {:.300}", answer.text()),
        }
        assert!(start.elapsed() < Duration::from_secs(20), "turn {turn} took {:?}", start.elapsed());
    }
    assert!((5..60).contains(&good), "{good} of 60 could be read");
}

// proves: O16, U14
#[test]
fn what_names_other_files_or_addresses_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/a.mp4", listener.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret.mp4");
    std::fs::write(&secret, square_mp4()).unwrap();
    let secret = secret.display();
    let playlist = |target: &str| format!("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{target}\n#EXT-X-ENDLIST\n");
    for text in [
        playlist(&url),
        playlist(&format!("file://{secret}")),
        playlist("concat:a|b"),
        format!("ffconcat version 1.0\nfile '{secret}'\n"),
        format!("ffconcat version 1.0\nfile '{url}'\n"),
        format!("\u{feff}\n#EXTM3U\n{url}\n"),
        format!("<?xml version=\"1.0\"?><MPD><BaseURL>{url}</BaseURL></MPD>"),
        format!("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\nc=IN IP4 {url}\nm=video 5004 RTP/AVP 96\n"),
        url.clone(),
    ] {
        for kind in ["video/mp4", "application/vnd.apple.mpegurl", "application/octet-stream"] {
            let detail = spot().server.ask(&post("/video", text.as_bytes()).header("content-type", kind)).problem(415);
            assert!(detail.contains("MP4"), "{detail}");
        }
    }
    // A playlist dressed as a video, which only its demuxer would follow.
    let dressed = [b"\0\0\0\x10ftypisom\0\0\0\0".as_slice(), playlist(&url).as_bytes()].concat();
    spot().server.ask(&post("/video", &dressed)).problem(422);
    assert!(spot().server.ask(&post("/video", &png(&photo(20, 20)))).problem(415).contains("picture"));
    assert!(listener.accept().is_err(), "somebody called");
}

// proves: O16, U14
#[test]
fn who_leaves_ends_the_children_within_a_second() {
    let spot = Spot::start(&[]);
    let video = half_a_minute(&[]);
    for accept in ["", "video/mp4"] {
        let mut connection = Connection::start(&spot.server.address, &post("/video", &video).accept(accept));
        wait_for(START, "children at work", || (spot.children().len() > usize::from(!accept.is_empty())).then_some(()));
        if accept.is_empty() {
            assert_eq!(connection.head().status, 200);
            connection.piece().expect("a line");
        }
        connection.close();
        drop(connection);
        wait_for(Duration::from_secs(1), "the children's end", || spot.children().is_empty().then_some(()));
        spot.server.process.hear_log("client gone", START, |_| true).expect("a line in the log");
        spot.assert_clean();
    }
    // The place is free again.
    told(&spot.server.ask(&post("/video?max_frames=2", &video)).good());
}

// proves: O16, U14
#[test]
fn limits_hold_for_videos() {
    let mp4 = square_mp4();
    let small = Spot::start(&[("MAX_UPLOAD_BYTES", "1000"), ("MAX_PIXELS", "10000")]);
    assert!(small.server.ask(&post("/video", &mp4)).problem(413).contains("1000"));
    let mut chunked = post("/video", &mp4);
    chunked.chunked = true;
    small.server.ask(&chunked).problem(413);
    small.server.ask(&post_form("/video", &[("video", "a.mp4", &mp4)])).problem(413);
    small.assert_clean();
    let low = Spot::start(&[("MAX_PIXELS", "10000"), ("JOB_DEADLINE_S", "1")]);
    let detail = low.server.ask(&post("/video", &mp4)).problem(413);
    assert!(detail.contains("160 x 120") && detail.contains("10000"), "{detail}");
    let mut head = b"--X\r\nContent-Disposition: form-data; name=\"".to_vec();
    head.resize(8_000_000, b'a');
    let endless = post("/video", &head).header("content-type", "multipart/form-data; boundary=X");
    let detail = low.server.ask(&endless).problem(400);
    assert!(detail.contains("head is too long"), "{detail}");
    low.assert_clean();
}

// proves: O16
#[test]
fn a_video_takes_the_clients_name_for_it_and_the_models_options() {
    let wrong = spot().server.ask(&post("/video?req_id=seven&every=0", &square_mp4()));
    let problem: serde_json::Value = serde_json::from_slice(&wrong.body).unwrap();
    assert_eq!((wrong.status, &problem["req_id"]), (400, &serde_json::json!("seven")), "{problem}");
    spot().server.ask(&post("/video?req_id=8&model=default&max_frames=1", &square_mp4())).good();
    let paths = spot().server.ask(&crate::wire::get("/openapi.json")).good().json()["paths"].clone();
    let of = &paths["/video"]["post"];
    let names: Vec<_> = of["parameters"].as_array().unwrap().iter().filter_map(|one| one["name"].as_str()).collect();
    assert!(["model", "req_id", "every", "threshold"].iter().all(|name| names.contains(name)), "{names:?}");
    assert!(["408", "415", "503", "504"].iter().all(|status| of["responses"].get(status).is_some()), "{of}");
}

// proves: U14
#[test]
fn a_video_past_its_deadline_ends_with_a_line_that_says_so() {
    let spot = Spot::start(&[("JOB_DEADLINE_S", "1")]);
    let inputs = ["-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30:d=60", "-pix_fmt", "yuv420p"];
    let video = made("long.mp4", &[&inputs[..], &["-c:v", "libx264", "-preset", "ultrafast"]].concat());
    let Told { frames, end, .. } = told(&spot.server.ask(&post("/video", &video)).good());
    assert!(frames.len() < 1800 && end["error"].as_str().is_some_and(|error| error.contains("every")), "{end}");
    let detail = spot.server.ask(&post("/video", &video).accept("video/x-msvideo")).problem(504);
    assert!(detail.contains("time allowed"), "{detail}");
    wait_for(Duration::from_secs(1), "the children's end", || spot.children().is_empty().then_some(()));
    spot.assert_clean();
}

// proves: O16
#[test]
fn without_ffmpeg_the_address_says_that_it_is_not_there() {
    let nowhere = ffmpeg().with_file_name("no-such-ffmpeg");
    for setting in [nowhere.to_str().unwrap(), "no-such-ffmpeg"] {
        let spot = Spot::start(&[("FFMPEG", setting)]);
        let detail = spot.server.ask(&post("/video", &square_mp4())).problem(501);
        assert!(detail.contains("ffmpeg") && detail.contains("FFMPEG"), "{detail}");
        spot.server.ask(&post("/", &png(&photo(64, 64)))).good();
        spot.assert_clean();
    }
}
