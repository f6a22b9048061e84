//! Files that come before the request that uses them.

use serde_json::json;

use super::{Keeper, announce, picture, put};
use crate::process::shared;
use crate::wire::{Connection, ask, post, post_form, post_json};

// proves: D07, O11
#[test]
fn an_upload_is_used_by_its_id_in_every_form_and_given_back() {
    let keeper = Keeper::start("derain", &[]);
    let bytes = picture(20);
    let expect = shared("derain").ask(&post("/", &bytes)).good().body;
    let told = announce(&|ask| keeper.ask(ask), "image/jpeg", bytes.len());
    let id = told["id"].as_str().unwrap();
    // Before its file is there, it can't be used.
    let early = keeper.ask(&post(&format!("/?upload={id}"), b"")).problem(400);
    assert!(early.contains("not been put"), "{early}");
    assert_eq!(keeper.ask(&put(&told, &bytes)).status, 204);
    assert!(keeper.ask(&post(&format!("/?upload={id}"), b"")).good().body == expect, "the same bytes");
    assert!(keeper.ask(&post_form("/", &[("upload", "", id.as_bytes())])).good().body == expect, "the same bytes");
    let words = post_json("/", &json!({"upload": id, "req_id": "7"})).accept("image/*");
    assert!(keeper.ask(&words).good().body == expect, "the same bytes");
    let both = keeper.ask(&post(&format!("/?upload={id}"), &bytes)).problem(400);
    assert!(both.contains("`upload`"), "{both}");
    assert_eq!(keeper.ask(&ask("DELETE", &format!("/uploads/{id}"))).status, 204);
    keeper.ask(&post(&format!("/?upload={id}"), b"")).problem(404);
    keeper.ask(&ask("DELETE", &format!("/uploads/{id}"))).problem(404);
}

#[test]
fn an_address_takes_what_was_announced_once() {
    let keeper = Keeper::start("derain", &[("MAX_UPLOAD_BYTES", "100000")]);
    let ask_it = |ask: &_| keeper.ask(ask);
    let bytes = picture(21);
    for (words, status) in [
        (json!({"type": "image/jpeg", "length": 100_001}), 413),
        (json!({"type": "image/jpeg", "length": 0}), 400),
        (json!({"type": "image/jpeg", "length": -1}), 400),
        (json!({"type": "image/jpeg"}), 400),
        (json!({"type": "text/html", "length": 5}), 415),
        (json!({"type": "image/png\r\nx: y", "length": 5}), 415),
        (json!({"type": "image/jpeg", "length": 5, "path": "../../etc/passwd"}), 400),
        (json!([1]), 400),
    ] {
        ask_it(&post_json("/uploads", &words)).problem(status);
    }
    let told = announce(&ask_it, "image/jpeg", bytes.len());
    // Too few, too many, and a client that leaves midway: none of it stays, and the address can be used still.
    ask_it(&put(&told, &bytes[1..])).problem(400);
    ask_it(&put(&told, &[&bytes[..], b"more"].concat())).problem(400);
    let mut chunked = put(&told, &[&bytes[..], b"more"].concat());
    chunked.chunked = true;
    ask_it(&chunked).problem(400);
    let mut half = put(&told, &bytes[..100]);
    half.headers.push(("content-length".into(), bytes.len().to_string()));
    let mut leaves = Connection::open(&keeper.server.address);
    leaves.send_head(&half);
    leaves.close();
    let other = told["url"].as_str().unwrap().split('=').next().unwrap().to_owned();
    let wrong = json!({"url": format!("{other}=0000"), "headers": {}});
    ask_it(&put(&wrong, &bytes)).problem(403);
    assert_eq!(ask_it(&put(&told, &bytes)).status, 204);
    let again = ask_it(&put(&told, &bytes)).problem(403);
    assert!(again.contains("used already"), "{again}");
    let nowhere = json!({"url": "uploads/..%2f..%2fx?token=1", "headers": {}});
    ask_it(&put(&nowhere, &bytes)).problem(404);
    // What was announced as a picture and is none is found out when it is used.
    let told = announce(&ask_it, "image/jpeg", 5);
    assert_eq!(ask_it(&put(&told, b"hello")).status, 204);
    ask_it(&post(&format!("/?upload={}", told["id"].as_str().unwrap()), b"")).problem(415);
    assert!(keeper.things().iter().all(|(name, _)| !name.contains('#')), "no half of a file is left");
}
