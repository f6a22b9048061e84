//! The HTTP door: a crowd, and HTTP/2.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

use super::contract;
use crate::process::{functions, pictures, shared};
use crate::samples::{difference, photo, png, read};
use crate::wire::{envelope, post};

// proves: B05, K01
#[test]
fn http_serves_the_contract() {
    for function in functions() {
        contract(&function, &|ask| shared(&function).ask(ask));
    }
}

// proves: E06, S15, U08
#[test]
fn twenty_clients_at_once_get_each_their_own_answer() {
    for function in pictures() {
        let server = shared(&function);
        let alone: Vec<_> =
            (0..20).map(|client| read(&server.ask(&post("/", &png(&photo(30 + client, 24)))).good().body).0).collect();
        thread::scope(|scope| {
            for (client, expect) in alone.iter().enumerate() {
                let server = &server;
                scope.spawn(move || {
                    for _ in 0..3 {
                        let answer = server.ask(&post("/", &png(&photo(30 + client, 24)))).good();
                        let answer = read(&answer.body).0;
                        assert_eq!((answer.width(), answer.height()), (expect.width(), expect.height()));
                        // However many threads a session has, the sums are the same but for their order.
                        assert!(difference(answer.pixels(), expect.pixels()).0 <= 1);
                    }
                });
            }
        });
    }
}

// proves: K08
#[test]
fn http_2_by_prior_knowledge_serves_too() {
    let body = png(&photo(24, 16));
    for function in pictures() {
        let server = shared(&function);
        let expect = server.ask(&post("/", &body)).good().body;
        let mut curl = Command::new("curl")
            .args([
                "--silent",
                "--show-error",
                "--http2-prior-knowledge",
                "--max-time",
                "60",
                "--write-out",
                "%{stderr}%{http_version} %{http_code}",
            ])
            .args([
                "--header",
                "content-type: image/png",
                "--data-binary",
                "@-",
                &format!("http://{}/", server.address),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("curl");
        curl.stdin.take().unwrap().write_all(&body).unwrap();
        let done = curl.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&done.stderr), "2 200");
        assert_eq!(read(&done.stdout).0, read(&expect).0);
    }
}

/// Runs curl with these arguments and the address; gives what it wrote.
fn curl(arguments: &[&str], address: &str) -> Vec<u8> {
    let done = Command::new("curl")
        .args(["--silent", "--show-error", "--fail-with-body", "--max-time", "60"])
        .args(arguments)
        .arg(format!("http://{address}/"))
        .output()
        .expect("curl");
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}

// proves: B01, E03
#[test]
fn curl_of_each_form_gets_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    // Larger than a megabyte: curl asks for leave first (Expect: 100-continue).
    let large =
        photo(700, 500).encode(common::Encoding::Png { compression: Some(0) }, &common::Watch::default()).unwrap();
    let small = png(&photo(20, 10));
    let (large, picture) = (file("large.png", &large), file("a.png", &small));
    let json = file("a.json", envelope(&small, "curl-1").to_string().as_bytes());
    for function in pictures() {
        let address = &shared(&function).address;
        let expect = read(&shared(&function).ask(&post("/", &small)).good().body).0;
        for arguments in [
            ["--data-binary", &format!("@{picture}"), "--header", "content-type: image/png"],
            ["--data-binary", &format!("@{picture}"), "--header", "content-type:"],
            ["--data-binary", &format!("@{picture}"), "--header", "accept: image/png"],
            ["--form", &format!("image=@{picture}"), "--form", "format=png"],
            ["--form", &format!("file=@{picture};type=image/png"), "--header", "accept: */*"],
        ] {
            assert_eq!(read(&curl(&arguments, address)).0, expect, "{arguments:?}");
        }
        for kind in ["content-type: application/json", "content-type:", "x: y"] {
            let answer = curl(&["--data-binary", &format!("@{json}"), "--header", kind], address);
            let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
            assert_eq!(answer["req_id"], "curl-1");
        }
        let shrunk = curl(&["--form", &format!("image=@{large}"), "--form", "max_side=28"], address);
        assert_eq!(read(&shrunk).0.width() % 28, 0);
    }
}

#[test]
fn who_sends_nothing_keeps_nobody_waiting() {
    let server = shared(&functions()[0]);
    let mut idle: Vec<_> = (0..100).map(|_| std::net::TcpStream::connect(&server.address).unwrap()).collect();
    for (at, stream) in idle.iter_mut().enumerate() {
        let words: [&[u8]; 3] = [b"", b"POST / HT", b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9000\r\n\r\nhalf"];
        stream.write_all(words[at % 3]).unwrap();
    }
    server.ask(&post("/", &png(&photo(8, 8)))).good();
}

#[test]
fn what_is_no_http_is_refused_and_harms_nobody() {
    let server = shared(&functions()[0]);
    let long = format!("GET / HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "x".repeat(200_000));
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(2000));
    for words in [
        "hello there\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET  / HTTP/1.1\r\nhost: x\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: many\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0",
        &long,
        &many,
    ] {
        let mut stream = std::net::TcpStream::connect(&server.address).unwrap();
        // The server may close before it has heard all of it.
        _ = stream.write_all(words.as_bytes());
        _ = stream.shutdown(std::net::Shutdown::Write);
        stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
        let mut answer = Vec::new();
        _ = std::io::Read::read_to_end(&mut stream, &mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{words:.40}: {answer:.200}");
    }
    server.ask(&post("/", &png(&photo(8, 8)))).good();
}
