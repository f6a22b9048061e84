//! A disk without room, as a limit of the size of files makes it: the answer itself, or a 503 that says when to come again.

use super::*;
use crate::wire::get;

/// The largest file that may be written.
const MOST: usize = 64 << 10;

/// The command of `program`, under a limit of files to `MOST` bytes. Writing more is an error and no signal.
fn limited(started: &Command) -> Command {
    let mut command = Command::new("sh");
    // POSIX counts in blocks of 512 bytes.
    command.args(["-c", &format!("trap '' XFSZ; ulimit -f {}; exec \"$0\"", MOST / 512)]).arg(started.get_program());
    command.env_clear().envs(started.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(started.get_current_dir().expect("a folder"));
    command
}

// proves: U14
#[test]
fn a_store_without_room_keeps_nobody_from_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    add(&folder.path().join("models"), &manifest("faulty", "default", "same.onnx", 1, &json!({})));
    let (models, store) = (folder.path().join("models"), folder.path().join("store"));
    let settings = [("MODELS", models.to_str().unwrap()), ("STORE", store.to_str().unwrap())];
    let keeping = Keeping { server: serving(&mut limited(&command("faulty", &settings))), folder };
    let (small, large) = (png(&photo(20, 10)), noise());
    assert!(small.len() < MOST && large.len() > 2 * MOST);

    // What fits is kept, what does not is answered all the same.
    assert!(keeping.ask(&post("/", &small)).good().header("content-location").is_some());
    keeping.good();
    let before = keeping.kept();
    for _ in 0..3 {
        let answer = keeping.ask(&post("/", &large)).good();
        assert_eq!((answer.must("x-cache"), answer.header("content-location")), ("miss", None));
        assert_eq!(keeping.kept(), before);
    }
    // What can't be answered without being kept is refused, and says when to come again.
    let (_, address) = keeping.announce("", large.len());
    let before = keeping.kept();
    for ask in [
        post_json("/?link=true", &crate::wire::envelope(&large, "1")),
        later(post("/", &large)),
        later(post("/", &large)),
        put(&address, &large),
        Ask { chunked: true, ..put(&address, &large) },
    ] {
        let answer = keeping.ask(&ask);
        let detail = answer.problem(503);
        assert!(detail.contains("later") && answer.must("retry-after").parse::<u64>().is_ok(), "{detail}");
        assert_eq!(keeping.kept(), before, "{} {}", ask.method, ask.path);
        keeping.good();
    }
    // A job whose answer finds no room ends, and says so.
    let white = common::Picture::new(4000, 3000, vec![255; 4000 * 3000 * 3], None);
    let white =
        common::Picture::encode(&white, common::Encoding::WebP { quality: 90 }, &common::Watch::default()).unwrap();
    assert!(white.len() < MOST, "{}", white.len());
    let begun = keeping.ask(&later(post("/?format=png&compression=0", &white)));
    assert_eq!(begun.status, 202, "{}", begun.text());
    let state = keeping.job(&format!("/{}", begun.must("location")), "");
    assert_eq!(state["state"], "failed", "{state}");
    assert!(state["problem"]["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{state}");
    let half: Vec<_> = keeping.kept().into_keys().filter(|path| path.to_string_lossy().contains('#')).collect();
    assert!(half.is_empty(), "{half:?}");
    // What fits is taken still.
    let id = keeping.upload("", &small);
    keeping.ask(&post(&format!("/?upload={id}"), b"")).good();
    let failed = keeping.server.process.hear_log("the store failed", START, |line| line["level"] == "error");
    assert!(failed.is_some());
}

// proves: U14
#[test]
fn a_video_that_finds_no_room_is_told_to_come_again() {
    let server = serving(&mut limited(&command("detect", &[])));
    let large = vec![7; 4 * MOST];
    for ask in [post("/video", &large), crate::wire::post_form("/video", &[("video", "a.mp4", &large)])] {
        let answer = server.ask(&ask);
        let detail = answer.problem(503);
        assert!(detail.contains("later") && answer.must("retry-after").parse::<u64>().is_ok(), "{detail}");
    }
    server.ask(&get("/readyz")).good();
    server.ask(&post("/", &png(&photo(20, 10)))).good();
}

/// A picture that can't be packed.
fn noise() -> Vec<u8> {
    let mut state = 1_u32;
    let pixels = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    png(&common::Picture::new(300, 200, pixels.take(300 * 200 * 3).collect(), None))
}
