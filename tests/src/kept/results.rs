//! `GET /result/{id}`: the right bytes to who knows the id, and nothing to anybody else.

use serde_json::json;

use super::{Keeper, path, picture};
use crate::process::{shared, wait_for};
use crate::samples::read;
use crate::wire::{ask, get, post, post_form, post_json};

// proves: D07, U02, U03
#[test]
fn a_forms_answer_is_an_address_that_gives_the_picture() {
    let keeper = Keeper::start("derain", &[]);
    let told = keeper.ask(&post_form("/enhance", &[("image", "a.jpg", &picture(1))])).good().json();
    assert_eq!((&told["success"], &told["original_shape"]), (&json!(true), &json!([40, 61])));
    let address = path(told["result_url"].as_str().unwrap());
    let result = keeper.ask(&get(&address)).good();
    assert_eq!(result.must("content-type"), "image/jpeg");
    assert_eq!(result.must("x-content-type-options"), "nosniff");
    assert_eq!(result.must("content-security-policy"), "default-src 'none'; sandbox");
    assert_eq!(result.must("content-length"), result.body.len().to_string());
    assert_eq!((read(&result.body).0.width(), read(&result.body).0.height()), (61, 40));
    // A function that keeps nothing gives the picture itself.
    let told = shared("derain").ask(&post_form("/enhance", &[("image", "a.jpg", &picture(1))])).good().json();
    assert!(told["result_url"].as_str().unwrap().starts_with("data:image/jpeg;base64,"));
}

// proves: O07
#[test]
fn a_picture_with_boxes_is_kept_and_its_address_given() {
    let keeper = Keeper::start("detect", &[]);
    let bytes = std::fs::read(crate::process::root().join("samples/street_buses.jpg")).expect("a sample");
    let told = keeper.ask(&post("/?link=true&max_side=320", &bytes)).good().json();
    assert!(!told["data"]["boxes"].as_array().unwrap().is_empty());
    let drawn = keeper.ask(&get(&path(told["data"]["result_url"].as_str().unwrap()))).good();
    let plain = keeper.ask(&post("/?max_side=320", &bytes).accept("image/jpeg")).good();
    assert_eq!(drawn.body, plain.body, "the picture with its boxes");
    // Who asks for a picture is led to it.
    let led = keeper.ask(&post("/?link=true&max_side=320", &bytes).accept("image/jpeg"));
    assert_eq!((led.status, led.body.len()), (303, 0));
    assert!(keeper.ask(&get(&path(led.must("location")))).good().body == plain.body, "the same bytes");
}

// proves: U03
#[test]
fn a_result_is_given_whole_in_parts_or_not_again() {
    let keeper = Keeper::start("derain", &[]);
    let answer = keeper.ask(&post("/", &picture(2))).good();
    let (address, tag) = (path(answer.must("content-location")), answer.must("etag"));
    let with = |name: &str, value: &str| keeper.ask(&get(&address).header(name, value));
    let whole = keeper.ask(&get(&address)).good();
    assert_eq!((&whole.body, whole.must("etag"), whole.must("accept-ranges")), (&answer.body, tag, "bytes"));
    let length = whole.body.len();
    for (range, part) in [
        ("bytes=0-9".to_owned(), 0..10),
        ("bytes=10-".into(), 10..length),
        ("bytes=-7".into(), length - 7..length),
        (format!("bytes=5-{}", length * 2), 5..length),
    ] {
        let answer = with("range", &range);
        assert_eq!((answer.status, &answer.body[..]), (206, &whole.body[part.clone()]), "{range}");
        let told = format!("bytes {}-{}/{length}", part.start, part.end - 1);
        assert_eq!(answer.must("content-range"), told);
    }
    with("range", &format!("bytes={length}-")).problem(416);
    assert_eq!(with("range", "lines=1-2").status, 200, "what is no range of bytes is the whole");
    for known in [tag.to_owned(), format!("\"other\", W/{tag}"), "*".into()] {
        let answer = with("if-none-match", &known);
        assert_eq!((answer.status, answer.body.len(), answer.must("etag")), (304, 0, tag), "{known}");
    }
    assert_eq!(with("if-none-match", "\"other\"").status, 200);
    let later = keeper.ask(&get(&address).header("range", "bytes=0-9").header("if-range", "\"other\""));
    assert_eq!(later.status, 200, "a part of another content is of no use");
    let head = keeper.ask(&ask("HEAD", &address));
    assert_eq!((head.status, head.must("content-length")), (200, length.to_string().as_str()));
}

// proves: U11
#[test]
fn results_are_removed_when_asked_and_when_they_are_old() {
    let keeper = Keeper::start("derain", &[("STORE_KEPT_S", "2")]);
    let first = path(keeper.ask(&post("/", &picture(3))).good().must("content-location"));
    assert_eq!(keeper.ask(&ask("DELETE", &first)).status, 204);
    keeper.ask(&get(&first)).problem(404);
    keeper.ask(&ask("DELETE", &first)).problem(404);
    let again = keeper.ask(&post("/", &picture(3))).good();
    assert_eq!(again.must("x-cache"), "miss", "what was removed is not given by the cache either");
    let second = path(again.must("content-location"));
    keeper.ask(&get(&second)).good();
    wait_for(std::time::Duration::from_secs(10), "the end of its time", || {
        (keeper.ask(&get(&second)).status == 404).then_some(())
    });
    let about = keeper.ask(&get("/").accept("application/json")).good().json();
    assert_eq!(about["store"]["kept_s"], 2);
    assert!(about["retention"].as_str().unwrap().contains("2s"), "{}", about["retention"]);
}

// proves: U11
#[test]
fn a_folder_is_held_to_its_quota() {
    let keeper = Keeper::start("derain", &[("STORE_BYTES", "60000")]);
    let ask = |seed| post("/?format=png&compression=0", &picture(seed));
    let addresses: Vec<_> = (0..20).map(|seed| path(keeper.ask(&ask(seed)).good().must("content-location"))).collect();
    let held = || keeper.things().iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
    wait_for(std::time::Duration::from_secs(20), "room", || (held() <= 60_000).then_some(()));
    keeper.ask(&get(&addresses[0])).problem(404);
    // The newest stays.
    keeper.ask(&get(&addresses[19])).good();
}

#[test]
fn what_is_not_an_id_is_not_found_and_without_a_store_nothing_is() {
    let keeper = Keeper::start("derain", &[]);
    let good = path(keeper.ask(&post("/", &picture(4))).good().must("content-location"));
    for wrong in [
        "/result/..%2f..%2fetc%2fpasswd".to_owned(),
        "/result/%2e%2e".into(),
        "/result/.lock".into(),
        "/result/%00".into(),
        "/result/a.png".into(),
        good.replace(".jpg", ".png"),
        good.replace(".jpg", ".html"),
        good[..good.len() - 5].to_owned(),
        good.to_uppercase().replace("/RESULT", "/result"),
    ] {
        keeper.ask(&get(&wrong)).problem(404);
        keeper.ask(&ask("DELETE", &wrong)).problem(404);
    }
    keeper.ask(&get(&good)).good();
    for asked in [get(&good), post_json("/uploads", &json!({"type": "image/png", "length": 5})), get("/jobs/x")] {
        let detail = shared("derain").ask(&asked).problem(501);
        assert!(detail.contains("STORE"), "{detail}");
    }
    let wishes = post("/?link=true", &picture(5));
    shared("derain").ask(&wishes).problem(501);
    shared("derain").ask(&post("/", &picture(5)).header("prefer", "respond-async")).problem(501);
    assert_eq!(shared("derain").ask(&get("/").accept("application/json")).json()["store"], json!(null));
}
