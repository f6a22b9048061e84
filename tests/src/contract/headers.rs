//! What stands around an answer: ids, traces, times, CORS.

use super::each;
use crate::process::{Server, functions};
use crate::samples::{photo, png};
use crate::wire::{ask, get, post, post_form};

// proves: B07, U10
#[test]
fn a_request_keeps_its_id_or_gets_one() {
    let body = png(&photo(8, 8));
    each(|_, server, _| {
        for request in [post("/", &body), get("/"), get("/nothing"), ask("OPTIONS", "/")] {
            let kept = server.ask(&request.clone().header("x-request-id", "shot-42_ä".trim_end_matches('ä')));
            assert_eq!(kept.must("x-request-id"), "shot-42_");
            let made = [server.ask(&request), server.ask(&request)].map(|one| one.must("x-request-id").to_owned());
            assert!(made[0] != made[1] && made[0].len() >= 16, "{made:?}");
            for wrong in ["two words".to_owned(), "x".repeat(1000)] {
                let answer = server.ask(&request.clone().header("x-request-id", &wrong));
                assert_ne!(answer.must("x-request-id"), wrong);
            }
        }
        let id = "in-the-log-4711";
        assert_eq!(server.ask(&post("/", b"").header("x-request-id", id)).json()["req_id"], id);
        let line =
            server.process.hear_log("answered", crate::process::START, |line| line["id"] == id).expect("a log line");
        assert_eq!((&line["status"], &line["method"]), (&400.into(), &"POST".into()));
        assert!(line["seconds"].is_f64() && line["error"].is_string(), "{line}");
    });
}

// proves: B07, U10
#[test]
fn the_times_of_the_stages_are_told_and_logged() {
    let body = png(&photo(32, 32));
    each(|_, server, _| {
        let answer = server.ask(&post("/", &body)).good();
        let timing = answer.must("server-timing");
        let stages: Vec<_> = timing.split(", ").map(|stage| stage.split(";dur=").collect::<Vec<_>>()).collect();
        assert_eq!(stages.iter().map(|stage| stage[0]).collect::<Vec<_>>(), ["queue", "decode", "run", "encode"]);
        assert!(stages.iter().all(|stage| stage[1].parse::<f64>().unwrap() >= 0.0), "{timing}");
        assert!(stages[2][1].parse::<f64>().unwrap() > 0.0, "{timing}");
        let id = answer.must("x-request-id");
        let line =
            server.process.hear_log("answered", crate::process::START, |line| line["id"] == id).expect("a log line");
        for member in
            ["model", "precision", "width", "height", "bytes_in", "bytes_out", "decode_s", "run_s", "encode_s"]
        {
            assert!(!line["run"][member].is_null(), "{member} in {line}");
        }
    });
}

#[test]
fn the_log_tells_nothing_of_a_picture_or_its_owner() {
    let body = png(&photo(8, 8));
    each(|_, server, _| {
        let form = [("image", "secret-holiday.png", body.as_slice())];
        for request in [
            post_form("/", &form),
            post_form("/?model=secret-model", &form),
            post("/?secret-option=1", &body),
            post("/?max_side=8", &body)
                .header("authorization", "Bearer secret-key")
                .header("cookie", "secret-cookie=1"),
        ] {
            let id = server.ask(&request).must("x-request-id").to_owned();
            server.process.hear_log("answered", crate::process::START, |line| line["id"] == *id).expect("a log line");
        }
        let told: Vec<_> = server.process.lines().into_iter().filter(|line| line.contains("secret-")).collect();
        // What the client may read of its own mistake may stand in the log too; the rest may not.
        let own = |line: &String| line.contains("`secret-model`") || line.contains("`secret-option`");
        assert!(told.iter().all(own), "{told:?}");
    });
}

// proves: B07
#[test]
fn a_trace_is_passed_on() {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    each(|_, server, _| {
        for request in [post("/", &png(&photo(8, 8))), get("/models"), post("/", b"")] {
            assert_eq!(server.ask(&request.clone().header("traceparent", trace)).must("traceparent"), trace);
            assert_eq!(server.ask(&request.header("traceparent", "00-x-y-z")).header("traceparent"), None);
        }
    });
}

// proves: K08
#[test]
fn a_page_of_any_origin_may_call_unless_the_settings_say_which() {
    let body = png(&photo(8, 8));
    each(|_, server, _| {
        for request in [post("/", &body), post("/", b""), get("/"), get("/nothing")] {
            let answer = server.ask(&request.clone().header("origin", "https://a.example"));
            assert_eq!(answer.must("access-control-allow-origin"), "*");
            let told = answer.must("access-control-expose-headers");
            assert!(["x-model", "x-request-id", "server-timing", "retry-after"].iter().all(|name| told.contains(name)));
        }
        let preflight = ask("OPTIONS", "/")
            .header("origin", "https://a.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type,x-request-id");
        let answer = server.ask(&preflight);
        assert_eq!((answer.status, answer.must("access-control-allow-origin")), (204, "*"));
        assert!(answer.must("access-control-allow-methods").contains("POST"));
        assert!(answer.must("access-control-allow-headers").contains("content-type"));
        assert!(answer.must("access-control-max-age").parse::<u32>().unwrap() > 0);
    });
    let server = Server::start(&functions()[0], &[("ORIGINS", "https://a.example, https://b.example")]);
    for (origin, may) in [("https://a.example", true), ("https://b.example", true), ("https://c.example", false)] {
        for request in [get("/"), ask("OPTIONS", "/").header("access-control-request-method", "POST")] {
            let answer = server.ask(&request.header("origin", origin));
            assert_eq!(answer.header("access-control-allow-origin"), may.then_some(origin));
            let varies =
                answer.headers.iter().filter(|(name, _)| name == "vary").any(|(_, value)| value.contains("origin"));
            // A cache must never hand one page's answer to another, so a refused origin's answer varies as well.
            assert!(varies, "{origin}: {answer:?}");
        }
    }
}

#[test]
fn an_answer_is_not_kept_and_not_guessed_at() {
    each(|_, server, _| {
        let answer = server.ask(&post("/", &png(&photo(8, 8)))).good();
        assert_eq!((answer.must("cache-control"), answer.must("x-content-type-options")), ("no-store", "nosniff"));
        assert!(answer.must("vary").contains("accept"));
        assert_eq!(server.ask(&post("/", b"")).must("cache-control"), "no-store");
    });
}
