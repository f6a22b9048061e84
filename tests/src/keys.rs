//! Who may call, and how often.

use sha2::{Digest, Sha256};

use crate::kept::{Keeper, announce, path, picture, put};
use crate::process::{START, Server, command};
use crate::samples::{photo, png};
use crate::wire::{Ask, ask, get, post};

pub fn hash(key: &str) -> String {
    Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn with(ask: Ask, key: &str) -> Ask {
    ask.header("x-api-key", key)
}

// proves: U12
#[test]
fn only_who_has_a_key_may_call() {
    let keys = format!("{},{}", hash("first-key"), hash("second-key"));
    let server = Server::start("derain", &[("API_KEYS", &keys)]);
    let body = png(&photo(16, 16));
    for good in [
        post("/", &body).header("authorization", "Bearer first-key"),
        post("/", &body).header("authorization", "bearer second-key"),
        with(post("/", &body), "second-key"),
    ] {
        server.ask(&good).good();
    }
    let refused = server.ask(&post("/", &body));
    assert!(refused.problem(401).contains("x-api-key") && refused.must("www-authenticate") == "Bearer");
    for wrong in ["third-key", "", &hash("first-key"), "first-key "] {
        let status = server.ask(&with(post("/", &body), wrong)).status;
        let trimmed = wrong.trim();
        assert_eq!(
            status,
            if trimmed.is_empty() {
                401
            } else if trimmed == "first-key" {
                200
            } else {
                403
            },
            "{wrong}"
        );
    }
    server.ask(&post("/warmup", b"")).problem(401);
    server.ask(&get("/metrics")).problem(401);
    server.ask(&with(get("/metrics"), "first-key")).good();
    for free in ["/", "/healthz", "/readyz", "/openapi.json", "/models", "/models/default"] {
        server.ask(&get(free)).good();
    }
    assert_eq!(server.ask(&ask("OPTIONS", "/").header("access-control-request-method", "POST")).status, 204);
    let secrets = ["first-key", "second-key", "third-key", &hash("first-key")];
    let said = server.process.lines();
    assert!(said.iter().all(|line| secrets.iter().all(|secret| !line.contains(secret))), "a key in the log");
}

// proves: U12
#[test]
fn keys_come_from_a_file_and_a_wrong_list_is_no_open_door() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys");
    std::fs::write(&file, format!("# of the tests\n{} # since today\n\n", hash("filed"))).unwrap();
    let setting = format!("file:{}", file.display());
    let server = Server::start("derain", &[("API_KEYS", &setting)]);
    server.ask(&with(post("/", &png(&photo(8, 8))), "filed")).good();
    server.ask(&post("/", &png(&photo(8, 8)))).problem(401);
    for (wrong, says) in [
        ("my-secret-key".to_owned(), "13 letters"),
        ("file:/nothing/there".into(), "/nothing/there"),
        (format!("{}0", hash("x")), "65 letters"),
        (", ,".into(), "no hash"),
    ] {
        let process = crate::process::Process::spawn(&mut command("derain", &[("API_KEYS", &wrong)]));
        let (status, said) = process.end(START);
        assert!(!status.success() && said.contains(says) && !said.contains("my-secret"), "{said}");
    }
    let open = Server::start("derain", &[]);
    open.process.hear_log("everybody may call: API_KEYS is not set", START, |_| true).expect("it is said at the start");
}

// proves: U12
#[test]
fn what_belongs_to_one_key_is_not_there_for_another() {
    let keys = format!("{} {}", hash("one"), hash("two"));
    let keeper = Keeper::start("derain", &[("API_KEYS", &keys)]);
    let (bytes, one) = (picture(70), |asked: &Ask| keeper.ask(&with(asked.clone(), "one")));
    let told = announce(&one, "image/jpeg", bytes.len());
    assert_eq!(keeper.ask(&put(&told, &bytes)).status, 204, "the address has a token of its own");
    let id = told["id"].as_str().unwrap();
    let used = post(&format!("/?upload={id}"), b"");
    keeper.ask(&with(used.clone(), "two")).problem(404);
    keeper.ask(&with(ask("DELETE", &format!("/uploads/{id}")), "two")).problem(404);
    let answer = keeper.ask(&with(used, "one")).good();
    // The cache of one is not another's.
    let other = keeper.ask(&with(post("/", &bytes), "two")).good();
    assert_eq!((answer.must("x-cache"), other.must("x-cache")), ("miss", "miss"));
    assert_eq!(keeper.ask(&with(post("/", &bytes), "one")).good().must("x-cache"), "hit");
    // A result's id is the right to read it, and to nothing else.
    let result = path(answer.must("content-location"));
    keeper.ask(&get(&result)).good();
    keeper.ask(&ask("DELETE", &result)).problem(401);
    keeper.ask(&with(ask("DELETE", &result), "two")).problem(404);
    let job = keeper.ask(&with(post("/", &bytes).header("prefer", "respond-async"), "one"));
    let job = path(job.must("location"));
    keeper.ask(&get(&job)).problem(401);
    for asked in [get(&job), get(&format!("{job}/events")), ask("DELETE", &job)] {
        keeper.ask(&with(asked, "two")).problem(404);
    }
    keeper.ask(&with(get(&job), "one")).good();
    assert_eq!(keeper.ask(&with(ask("DELETE", &result), "one")).status, 204);
}

// proves: D11
#[test]
fn each_caller_has_a_rate_of_its_own() {
    let keys = format!("{},{}", hash("one"), hash("two"));
    let server = Server::start("derain", &[("API_KEYS", &keys), ("RATE_PER_MINUTE", "3")]);
    let body = png(&photo(8, 8));
    let send = |key| server.ask(&with(post("/", &body), key));
    let left: Vec<_> = (0..3).map(|_| send("one").good().must("ratelimit").to_owned()).collect();
    assert_eq!(left, ["\"default\";r=2;t=0", "\"default\";r=1;t=0", "\"default\";r=0;t=0"]);
    let refused = send("one");
    assert!(refused.problem(429).contains("3 a minute"));
    let wait: u64 = refused.must("retry-after").parse().unwrap();
    assert!((1..=20).contains(&wait), "a token comes every 20 seconds, not {wait}");
    assert_eq!(refused.must("ratelimit-policy"), "\"default\";q=3;w=60");
    send("two").good();
    // What runs nothing is not counted.
    server.ask(&with(get("/metrics"), "one")).good();
    let open = Server::start("derain", &[("RATE_PER_MINUTE", "1")]);
    open.ask(&post("/", &body)).good();
    open.ask(&post("/", &body).header("x-forwarded-for", "192.0.2.9")).problem(429);
    let unlimited = Server::start("derain", &[]);
    assert_eq!(unlimited.ask(&post("/", &body)).good().header("ratelimit"), None);
}
