//! The HTTP door: a crowd, and HTTP/2.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

use super::contract;
use crate::process::{functions, shared};
use crate::samples::{difference, photo, png, read};
use crate::wire::post;

// proves: K01
#[test]
fn http_serves_the_contract() {
    for function in functions() {
        contract(&function, &|ask| shared(&function).ask(ask));
    }
}

// proves: E06, U08
#[test]
fn twenty_clients_at_once_get_each_their_own_answer() {
    for function in functions() {
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
    for function in functions() {
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
