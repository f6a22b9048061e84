//! Requests that lie about their length, never end, or are folded a hundred thousand times.

use super::*;
use crate::process::{functions, shared};
use crate::wire::{Connection, ask, get, post_form};

/// A megabyte.
const MEGA: usize = 1 << 20;

/// The status must be one of these; a 0 stands for a connection that is closed without an answer.
fn among(statuses: &[u16], (status, text): &(u16, String)) -> Option<String> {
    (!statuses.contains(status)).then(|| format!("{status} instead of {statuses:?}: {text:.200}"))
}

// proves: U14
#[test]
fn heads_and_lengths_that_lie_are_told_so() {
    let keeping = keeping(&[("MAX_BYTES", "100000")]);
    let picture = String::from_utf8_lossy(&[b'x'; 300]).into_owned();
    let post = |head: &str, body: &str| format!("POST / HTTP/1.1\r\nhost: x\r\n{head}\r\n{body}");
    let chunked = "transfer-encoding: chunked\r\n";
    // Name, bytes, whether they are all, statuses. Who is cut off while they still speak may not hear why.
    let list: Vec<(&str, String, bool, &[u16])> = vec![
        ("a head of 1 MB", post(&format!("x-long: {}\r\n", "x".repeat(MEGA)), ""), false, &[0, 431]),
        ("a cookie of 1 MB", post(&format!("cookie: {}\r\n", "x".repeat(MEGA)), ""), false, &[0, 431]),
        ("heads of 1 MB", post(&"a: b\r\n".repeat(MEGA / 6), ""), false, &[0, 431]),
        (
            "an address of 1 MB",
            format!("POST /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(MEGA)),
            false,
            &[0, 414, 431],
        ),
        (
            "a query of 1 MB",
            format!("POST /?model={} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(MEGA)),
            false,
            &[0, 414, 431],
        ),
        ("a method of 1 MB", "X".repeat(MEGA), false, &[0, 400, 431]),
        ("a folded head", post("a: b\r\n c\r\n", ""), false, &[400]),
        ("a head with NUL", post("a: \0\r\n", ""), false, &[400]),
        ("a head without a name", post(": b\r\n", ""), false, &[400]),
        ("no length", post("", &picture), false, &[400]),
        ("a length that is too small", post("content-length: 100\r\n", &picture), false, &[415]),
        ("a length that is too large", post("content-length: 9000\r\n", &picture), true, &[400]),
        ("a negative length", post("content-length: -1\r\n", &picture), false, &[400]),
        ("a length with a sign", post("content-length: +300\r\n", &picture), false, &[400]),
        ("a length that is no number", post("content-length: 0x12c\r\n", &picture), false, &[400]),
        (
            "a length beyond all numbers",
            post(&format!("content-length: 1{}\r\n", "0".repeat(40)), &picture),
            false,
            &[400],
        ),
        ("the largest length", post(&format!("content-length: {}\r\n", u64::MAX - 2), &picture), false, &[413]),
        ("two lengths", post("content-length: 300\r\ncontent-length: 3\r\n", &picture), false, &[400]),
        ("a length and pieces", post(&format!("content-length: 3\r\n{chunked}"), "0\r\n\r\n"), false, &[400]),
        ("pieces within pieces", post("transfer-encoding: chunked, identity\r\n", "0\r\n\r\n"), false, &[400, 501]),
        ("a piece without end", post(chunked, &format!("1;{}", "x".repeat(MEGA))), false, &[0, 400]),
        ("a piece beyond all numbers", post(chunked, "fffffffffffffffff\r\nx"), false, &[400]),
        ("a piece of the largest length", post(chunked, "ffffffffffffffff\r\nx"), true, &[400]),
        ("a negative piece", post(chunked, "-1\r\nx"), false, &[400]),
        ("a piece that is longer than it says", post(chunked, "1\r\nxyz\r\n0\r\n\r\n"), false, &[400]),
        (
            "trailers of 1 MB",
            post(chunked, &format!("1\r\nx\r\n0\r\n{}\r\n", "a: b\r\n".repeat(MEGA / 6))),
            false,
            &[0, 400],
        ),
        ("small pieces without end", post(chunked, &"1\r\nx\r\n".repeat(300_000)), false, &[413]),
        ("empty words before the request", "\r\n".repeat(MEGA), true, &[0, 400, 431]),
        ("another protocol", "SSH-2.0-x\r\n".to_owned() + &"\0".repeat(MEGA), true, &[0, 400, 431]),
        ("HTTP/2 and then noise", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned() + &"\u{7f}".repeat(MEGA), true, &[0]),
        ("an upgrade", post("connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 0\r\n", ""), false, &[400]),
        ("HTTP/1.0 without anything", "POST / HTTP/1.0\r\n\r\n".to_owned(), false, &[400]),
        ("many requests, each refused", post("content-length: 1\r\n", "x").repeat(2000), false, &[415]),
    ];
    let list: Vec<_> = list.into_iter().map(|(name, words, whole, is)| (name.to_owned(), (words, whole, is))).collect();
    keeping.attacked(&list, |(words, whole, is)| among(is, &said(keeping.address(), words.as_bytes(), *whole)));
}

// proves: U14
#[test]
fn forms_and_words_folded_into_each_other_are_told_so() {
    let keeping = keeping(&[]);
    let picture = png(&photo(8, 8));
    let form = |body: Vec<u8>| post("/", &body).header("content-type", "multipart/form-data; boundary=X");
    let part = |head: &str, body: &[u8]| [format!("--X\r\n{head}\r\n\r\n").as_bytes(), body, b"\r\n--X--\r\n"].concat();
    let file = "content-disposition: form-data; name=\"image\"";
    let inner = [b"--Y\r\ncontent-disposition: file; filename=a.png\r\n\r\n", &*picture, b"\r\n--Y--"].concat();
    let folded = |inner: &str| format!("{{\"type\": {}", inner.repeat(100_000)).into_bytes();
    let json = |path: &str, body: Vec<u8>| post(path, &body).header("content-type", "application/json");
    let bomb = zeros_packed();
    let parts: Vec<_> = (0..10_000).map(|_| ("note", "", b"x".as_slice())).collect();
    let list = [
        ("a part's head of 1 MB", form(part(&format!("{file}\r\nx: {}", "x".repeat(MEGA)), &picture)), &[200, 400][..]),
        ("a part's heads of 1 MB", form(part(&format!("{file}\r\n{}", "a: b\r\n".repeat(MEGA / 6)), &picture)), &[400]),
        ("a part's name of 1 MB", form(part(&format!("{file}\r\nname={}", "x".repeat(MEGA)), &picture)), &[400]),
        ("a part's head without end", form([b"--X\r\n", "x".repeat(MEGA).as_bytes()].concat()), &[400]),
        (
            "1 MB before the first part",
            form(["x".repeat(MEGA).as_bytes(), &part(file, &picture)].concat()),
            &[200, 400],
        ),
        (
            "a form within the form",
            form(part(&format!("{file}\r\ncontent-type: multipart/mixed; boundary=Y"), &inner)),
            &[415],
        ),
        (
            "the boundary within the picture",
            form(part(file, &[&picture[..20], b"\r\n--X\r\n", &picture[20..]].concat())),
            &[400],
        ),
        (
            "a boundary of 1,000 letters",
            post("/", b"--").header("content-type", &format!("multipart/form-data; boundary={}", "x".repeat(1000))),
            &[400],
        ),
        ("10,000 parts", post_form("/", &parts), &[400]),
        ("10,000 parts, later", later(post_form("/", &parts)), &[400]),
        ("deep lists, announced", json("/uploads", folded("[")), &[413]),
        ("deep objects, announced", json("/uploads", folded("{\"a\":")), &[413]),
        (
            "lists as deep as an announcement may be, announced",
            json("/uploads", folded("[")[..60_000].to_vec()),
            &[400],
        ),
        ("deep lists, later", later(json("/", folded("["))), &[400]),
        ("an announcement of 1 MB", json("/uploads", format!("{{\"name\": \"{}\"}}", "x".repeat(MEGA)).into()), &[413]),
        (
            "an announcement with more",
            post_json("/uploads", &json!({"type": "image/png", "length": 9, "path": "/"})),
            &[400],
        ),
        (
            "an announcement of two lengths",
            json("/uploads", b"{\"type\":\"image/png\",\"length\":9,\"length\":1}".to_vec()),
            &[400],
        ),
        ("a packed body", post("/", &bomb).header("content-encoding", "gzip"), &[415]),
        ("a packed picture", post("/", &bomb).header("content-type", "image/png"), &[415]),
        ("packed words", json("/", bomb.clone()).header("content-encoding", "gzip"), &[400]),
        (
            "an overlong Idempotency-Key",
            later(post("/", &picture)).header("idempotency-key", &"x".repeat(9000)),
            &[400],
        ),
        ("an Idempotency-Key of nothing", later(post("/", &picture)).header("idempotency-key", ""), &[400]),
        ("a picture that is none, later", later(post("/", b"nothing")), &[415]),
        ("options that are wrong, later", later(post("/?max_side=NaN", &picture)), &[400]),
    ];
    let list: Vec<_> = list.into_iter().map(|(name, ask, is)| (name.to_owned(), (ask, is))).collect();
    keeping.attacked(&list, |(ask, is)| {
        let answer = keeping.ask(&ask.clone().header("cache-control", "no-store"));
        if answer.status >= 400 {
            answer.problem(answer.status);
        }
        among(is, &(answer.status, answer.text()))
    });
}

/// 100 MB of zeros, packed by gzip into 100 KB.
fn zeros_packed() -> Vec<u8> {
    let mut packer = std::process::Command::new("sh");
    packer.args(["-c", "head -c 100000000 /dev/zero | gzip -9"]);
    let packed = packer.output().expect("gzip").stdout;
    assert!((50_000..200_000).contains(&packed.len()));
    packed
}

// proves: U14
#[test]
fn numbers_that_are_none_are_told_so() {
    let picture = png(&photo(8, 8));
    let long = "9".repeat(4000);
    let queries =
        ["NaN", "inf", "-inf", "Infinity", "1e308", "1e999", "-1e308", "0x10", "1_0", "1e", "--1", "%00", &long];
    let members = ["1e308", "1e999", "-1e308", "NaN", "[1]", "{\"a\":1}", &long];
    let encoded = crate::wire::envelope(&picture, "1")["img_data"].to_string();
    let mut wrong = Vec::new();
    for function in functions() {
        let server = shared(&function);
        let document = server.ask(&get("/openapi.json")).good().json();
        let parameters = document["paths"]["/"]["post"]["parameters"].as_array().expect("parameters").clone();
        let number = |kind: &Value| matches!(kind["type"].as_str(), Some("number" | "integer"));
        let any = |kind: &Value| number(kind) || kind["anyOf"].as_array().is_some_and(|all| all.iter().any(number));
        let names: Vec<_> =
            parameters.iter().filter(|one| any(&one["schema"])).filter_map(|one| one["name"].as_str()).collect();
        assert!(!names.is_empty(), "{function}: {parameters:?}");
        for name in names {
            let by_query = queries.map(|value| post(&format!("/?{name}={value}"), &picture));
            let by_member = members.map(|value| {
                let words = format!("{{\"img_data\": {encoded}, \"{name}\": {value}}}");
                post("/", words.as_bytes()).header("content-type", "application/json")
            });
            for (value, ask) in queries.iter().chain(&members).zip(by_query.iter().chain(&by_member)) {
                let answer = server.ask(ask);
                if answer.status != 400 || answer.problem(400).len() > 600 + 2 * value.len() {
                    wrong.push(format!("{function} {name} {value:.20}: {} {:.200}", answer.status, answer.text()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// proves: U14
#[test]
fn who_has_no_key_is_told_so_before_the_body() {
    let keeping = keeping(&[("API_KEYS", &hashes(&[ALICE, BOB]))]);
    let keys = [("x-none", "", 401), ("x-api-key", "carol", 403), ("authorization", "Bearer carol", 403)];
    let keys = [&keys[..], &[("authorization", "Basic x", 401)]].concat();
    let mut list = Vec::new();
    for path in ["/", "/uploads", "/enhance", "/jobs/x"] {
        for (name, key, status) in &keys {
            let head = ask("POST", path).header(name, key).header("content-length", "100000000");
            list.push((format!("{path} {key}"), (head.clone(), *status)));
            list.push((format!("{path} {key}, asking first"), (head.header("expect", "100-continue"), *status)));
        }
    }
    // No byte of the body is sent: the head alone tells.
    keeping.attacked(&list, |(head, status)| {
        let mut connection = Connection::open(keeping.address());
        connection.send_head(head);
        let Some(answer) = connection.try_receive("POST") else { return Some("no answer".into()) };
        among(&[*status], &(answer.status, answer.text()))
    });
    // Who sends all of it before they listen hears why.
    let large = vec![7; 20 << 20];
    let (_, address) = keeping.announce(ALICE, large.len());
    let (bare, _) = address.split_once('?').unwrap();
    let list = [
        (by(post("/", &large), "carol"), 403),
        (post("/uploads", &large), 401),
        (by(later(post("/", &large)), "carol"), 403),
        (Ask { chunked: true, ..by(post("/", &large), "carol") }, 403),
        (put(&format!("{bare}?token=x"), &large), 403),
        (put(&format!("/uploads/{}?token=x", "0".repeat(32)), &large), 404),
        (put(&address, &large[1..]), 400),
        (Ask { chunked: true, ..put(&address, &[&large[..], &large].concat()) }, 400),
        (by(post("/nothing", &large), ALICE), 404),
        (by(put("/", &large), ALICE), 405),
    ];
    let list: Vec<_> =
        list.into_iter().map(|(ask, status)| (format!("{} {}", ask.method, ask.path), (ask, status))).collect();
    keeping.attacked(&list, |(ask, status)| {
        let mut connection = Connection::start(keeping.address(), ask);
        let Some(answer) = connection.try_receive(ask.method) else { return Some("no answer was heard".into()) };
        among(&[*status], &(answer.status, answer.text()))
    });
}

// proves: U14
#[test]
fn keys_of_jobs_without_end_fill_no_more_than_the_queue_of_jobs() {
    let keeping = keeping(&[("JOB_QUEUE", "20"), ("INSTANCES", "1"), ("API_KEYS", &hashes(&[ALICE]))]);
    let picture = png(&photo(8, 8));
    let hold = keeping.folder.path().join("go");
    let asked = |key: usize| {
        later(by(post(&format!("/?hold={}", hold.display()), &picture), ALICE))
            .header("idempotency-key", &format!("key-{key}"))
    };
    let mut begun = Vec::new();
    for key in 0..300 {
        let answer = keeping.ask(&asked(key));
        if answer.status == 202 {
            begun.push(format!("/{}", answer.must("location")));
        } else {
            answer.problem(429);
            answer.must("retry-after");
        }
    }
    assert_eq!(begun.len(), 20);
    assert!(keeping.kept().len() <= 20 * 6, "{:?}", keeping.kept());
    std::fs::write(&hold, "").unwrap();
    for job in &begun {
        assert_eq!(keeping.job(job, ALICE)["state"], "done");
    }
    // The same key and question is the same job, however often.
    let again = keeping.ask(&asked(0));
    assert_eq!((again.status, format!("/{}", again.must("location"))), (202, begun[0].clone()));
    keeping.good();
}

// proves: U14
#[test]
fn odd_ranges_of_a_result_are_the_whole_or_none() {
    let keeping = keeping(&[]);
    let answer = keeping.ask(&post("/", &png(&photo(30, 20)))).good();
    let result = format!("/{}", answer.must("content-location"));
    let many = format!("bytes=0-0{}", ",0-0".repeat(9000));
    let list = [
        "bytes=18446744073709551615-",
        "bytes=-18446744073709551615",
        "bytes=0-18446744073709551615",
        "bytes=9-1",
        "bytes=-0",
        "bytes=--1",
        "bits=0-1",
        "bytes=a-b",
        "bytes=0x0-0x9",
        &many,
    ];
    let list: Vec<_> = list.into_iter().map(|range| (range.to_owned(), range)).collect();
    keeping.attacked(&list, |range| {
        let got = keeping.ask(&get(&result).header("range", range));
        match got.status {
            200 | 206 if got.body == answer.body => None,
            416 => None,
            status => Some(format!("{status} {:.200}", got.text())),
        }
    });
    for tag in ["\"", "W/", "*\0", &"\"x\",".repeat(9000)] {
        let head = format!("GET {result} HTTP/1.1\r\nhost: x\r\nif-none-match: {tag}\r\n\r\n");
        let (status, text) = said(keeping.address(), head.as_bytes(), false);
        assert!(matches!(status, 200 | 304 | 400), "{tag:.20}: {status} {text:.100}");
    }
    assert_eq!(keeping.ask(&ask("HEAD", &result)).good().must("content-length"), answer.body.len().to_string());
}
