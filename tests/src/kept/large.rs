//! What is too large for one request or one answer.

use std::process::Command;

use serde_json::{Value, json};

use super::{Keeper, announce, path, picture, put};
use crate::doors::emulator::emulator;
use crate::process::ffmpeg;
use crate::samples::{other, photo, read};
use crate::wire::{Ask, envelope, get, post, post_json};

// proves: U02, D07
#[test]
fn a_body_beyond_the_platform_goes_by_upload_and_an_answer_beyond_it_is_kept() {
    let keeper = Keeper::start("upscale", &[("MAX_BODY_BYTES", "3000"), ("MAX_ANSWER_BYTES", "9000")]);
    let bytes = picture(60);
    assert!(bytes.len() > 3000);
    for body in [post("/", &bytes), post_json("/", &envelope(&bytes, "1"))] {
        let detail = keeper.ask(&body).problem(413);
        assert!(detail.contains("uploads") && detail.contains("3000"), "{detail}");
    }
    let about = keeper.ask(&get("/").accept("application/json")).good().json();
    assert_eq!(
        (about["limits"]["max_body_bytes"].as_u64(), about["limits"]["max_answer_bytes"].as_u64()),
        (Some(3000), Some(9000))
    );
    let told = announce(&|ask| keeper.ask(ask), "image/jpeg", bytes.len());
    assert_eq!(keeper.ask(&put(&told, &bytes)).status, 204);
    let id = told["id"].as_str().unwrap();
    let led = keeper.ask(&post(&format!("/?upload={id}&format=png"), b""));
    assert_eq!((led.status, led.body.len()), (303, 0), "{}", led.text());
    let result = keeper.ask(&get(&path(led.must("location")))).good();
    assert!(result.body.len() > 9000);
    assert_eq!(read(&result.body).0.width(), 120 * 3);
    let words = keeper.ask(&post(&format!("/?upload={id}&format=png"), b"").accept("application/json")).good().json();
    assert_eq!(words["data"].get("enhance_result"), None);
    assert!(
        keeper.ask(&get(&path(words["data"]["result_url"].as_str().unwrap()))).good().body == result.body,
        "the same bytes"
    );
    // A small answer is given as ever.
    let small = keeper.ask(&post(&format!("/?upload={id}&max_side=20"), b"").accept("application/json")).good().json();
    assert!(small["data"]["enhance_result"].is_string());
    let unkept = keeper.ask(&post(&format!("/?upload={id}&format=png"), b"").header("cache-control", "no-store"));
    assert!(unkept.problem(413).contains("max_side"));
}

// proves: D07, K07
#[test]
fn a_photograph_of_40_mb_and_a_video_of_200_mb_go_through_the_lambda_emulator() {
    let emulator = emulator();
    let uploaded = |function: &str, media_type: &str, bytes: &[u8]| {
        let told = announce(&|ask: &Ask| emulator.ask(function, ask), media_type, bytes.len());
        assert_eq!(emulator.ask(function, &put(&told, bytes)).status, 204);
        told["id"].as_str().unwrap().to_owned()
    };
    let photograph = other(&photo(4400, 3100), image::ImageFormat::Bmp);
    assert!(photograph.len() > 40_000_000);
    let typed = post("/", &photograph).header("content-type", "image/bmp");
    assert!(emulator.ask("derain", &typed).problem(413).contains("uploads"));
    let id = uploaded("derain", "image/bmp", &photograph);
    let answer = emulator.ask("derain", &post(&format!("/?upload={id}&max_side=640"), b"")).good();
    assert_eq!(read(&answer.body).0.width(), 640);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("large.avi");
    // Frames as they are: 460 KB each.
    let made = Command::new(ffmpeg())
        .args(["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=640x480:rate=30", "-frames:v", "440"])
        .args(["-c:v", "rawvideo", "-pix_fmt", "yuv420p"])
        .arg(&file)
        .status();
    assert!(made.expect("ffmpeg").success());
    let video = std::fs::read(&file).unwrap();
    assert!(video.len() > 200_000_000);
    let id = uploaded("detect", "video/x-msvideo", &video);
    let lines = emulator.ask("detect", &post(&format!("/video?upload={id}&max_frames=3"), b"")).good().text();
    assert_eq!(lines.lines().count(), 5, "{lines}");
    let both = emulator.ask("detect", &post(&format!("/video?upload={id}&max_frames=3&render=avi"), b"")).good().text();
    let last: Value = serde_json::from_str(both.lines().last().expect("a line")).expect("JSON");
    let drawn = emulator.ask("detect", &get(&path(last["result_url"].as_str().expect("an address")))).good();
    assert_eq!((drawn.must("content-type"), &last["result_bytes"]), ("video/x-msvideo", &json!(drawn.body.len())));
    let kept = emulator.ask("detect", &post(&format!("/video?upload={id}&max_frames=3&link=true"), b""));
    assert_eq!(kept.status, 303, "{}", kept.text());
    assert_eq!(emulator.ask("detect", &get(&path(kept.must("location")))).good().text().lines().count(), 5);
}
