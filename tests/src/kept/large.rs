//! What is too large for one request or one answer.

use super::{Keeper, announce, path, picture, put};
use crate::samples::read;
use crate::wire::{envelope, get, post, post_json};

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
    assert_eq!((about["limits"]["max_body_bytes"].as_u64(), about["limits"]["max_answer_bytes"].as_u64()), (Some(3000), Some(9000)));
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
    assert_eq!(keeper.ask(&get(&path(words["data"]["result_url"].as_str().unwrap()))).good().body, result.body);
    // A small answer is given as ever.
    let small = keeper.ask(&post(&format!("/?upload={id}&max_side=20"), b"").accept("application/json")).good().json();
    assert!(small["data"]["enhance_result"].is_string());
    let unkept = keeper.ask(&post(&format!("/?upload={id}&format=png"), b"").header("cache-control", "no-store"));
    assert!(unkept.problem(413).contains("max_side"));
}
