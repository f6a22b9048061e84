//! The store on S3 servers: what is kept there is the same as in a folder.

use super::{announce, path, picture};
use crate::process::{Server, wait_for};
use crate::s3::S3;
use crate::wire::{Ask, ask, get, post};

fn keeper(server: &S3, prefix: &str, settings: &[(&str, &str)]) -> Server {
    let store = server.store(prefix);
    Server::start("derain", &[&server.environment()[..], &[("STORE", store.as_str())], settings].concat())
}

/// Puts bytes at a presigned address by curl: status.
fn curl(url: &str, headers: &serde_json::Value, bytes: &[u8]) -> u16 {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, bytes).unwrap();
    let mut command = std::process::Command::new("curl");
    command.args([
        "--silent",
        "--noproxy",
        "*",
        "--max-time",
        "60",
        "--output",
        "/dev/null",
        "--write-out",
        "%{http_code}",
    ]);
    for (name, value) in headers.as_object().unwrap().iter().filter(|(name, _)| *name != "content-length") {
        command.args(["--header", &format!("{name}: {}", value.as_str().unwrap())]);
    }
    let done = command.arg("--upload-file").arg(&file).arg(url).output().expect("curl");
    String::from_utf8_lossy(&done.stdout).parse().unwrap_or_default()
}

// proves: D07
#[test]
fn an_upload_goes_to_the_bucket_by_a_presigned_address_of_its_length() {
    let s3 = S3::s3s();
    let server = keeper(&s3, "kept", &[]);
    let bytes = picture(90);
    let told = announce(&|ask: &Ask| server.ask(ask), "image/jpeg", bytes.len());
    let url = told["url"].as_str().unwrap();
    assert!(url.starts_with("http://") && url.contains("X-Amz-Signature="), "{url}");
    assert_eq!(told["headers"]["content-length"], bytes.len().to_string());
    let other = curl(url, &told["headers"], &bytes[1..]);
    assert!([400, 403].contains(&other), "another length is not what was signed: {other}");
    let forged = curl(&url.replace("X-Amz-Signature=", "X-Amz-Signature=0"), &told["headers"], &bytes);
    assert!([400, 403].contains(&forged), "a forged signature: {forged}");
    let used = post(&format!("/?upload={}", told["id"].as_str().unwrap()), b"");
    server.ask(&used).problem(400);
    assert_eq!(curl(url, &told["headers"], &bytes), 200);
    let answer = server.ask(&used).good();
    assert_eq!(answer.must("x-cache"), "miss");
    assert_eq!(server.ask(&used).good().must("x-cache"), "hit");
    let address = path(answer.must("content-location"));
    let part = server.ask(&get(&address).header("range", "bytes=5-14"));
    assert!(part.status == 206 && part.body == answer.body[5..15]);
    server.ask(&get(&address).header("range", "bytes=9999999-")).problem(416);
    assert_eq!(server.ask(&ask("DELETE", &address)).status, 204);
    server.ask(&get(&address)).problem(404);
    // Under the prefix, and nowhere else.
    let key = format!("kept{address}");
    let again = server.ask(&used).good();
    let key = key
        .rsplit_once('/')
        .map(|(folder, _)| format!("{folder}/{}", again.must("content-location").rsplit('/').next().unwrap()))
        .unwrap();
    assert!(s3.curl(&key, &[]).1 == again.body);
}

// proves: D07
#[test]
fn what_is_too_old_in_a_bucket_is_not_given_before_anybody_sweeps() {
    let s3 = S3::moto();
    let server = keeper(&s3, "old", &[("STORE_KEPT_S", "2")]);
    let address = path(server.ask(&post("/", &picture(91))).good().must("content-location"));
    server.ask(&get(&address)).good();
    wait_for(std::time::Duration::from_secs(15), "the end of its time", || {
        (server.ask(&get(&address)).status == 404).then_some(())
    });
}

// proves: D07
#[test]
fn a_store_that_is_gone_takes_no_answer_with_it() {
    let s3 = S3::moto();
    let server = keeper(&s3, "gone", &[]);
    server.ask(&post("/", &picture(92))).good();
    drop(s3);
    let start = std::time::Instant::now();
    let answer = server.ask(&post("/", &picture(93))).good();
    assert_eq!(answer.header("content-location"), None, "nothing was kept");
    assert!(start.elapsed() < std::time::Duration::from_secs(20), "{:?}", start.elapsed());
    let refused = server.ask(&post("/?link=true", &picture(94)));
    assert!([500, 503].contains(&refused.status), "{}", refused.status);
}
