//! Telling somebody's server that a job is over.

use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::{Holder, begin, later, until};
use crate::samples::{photo, png};
use crate::wire::read_request;

/// A server that answers with these statuses, one after the other, and passes on what it was sent: head and body.
fn hooked(statuses: &'static [u16]) -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hook?a=1", listener.local_addr().unwrap());
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for status in statuses {
            let (stream, _) = listener.accept().unwrap();
            tell.send(read_request(stream, *status)).unwrap();
        }
    });
    (address, told)
}

// proves: B06
#[test]
fn a_webhook_is_signed_and_tried_again() {
    let holder = Holder::start(&[("WEBHOOK_SECRET", "s3cret"), ("WEBHOOK_ANYWHERE", "true")]);
    let (address, told) = hooked(&[500, 302, 204]);
    let (job, _) = begin(&holder.server, &later("/", &png(&photo(13, 10))).header("webhook", &address));
    until(&holder.server, &job, "done");
    let mut ids = Vec::new();
    for _ in 0..3 {
        let (head, body) = told.recv_timeout(Duration::from_secs(40)).expect("it is told");
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        let words: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&words["state"], words["id"].as_str().unwrap()), (&"done".into(), job.rsplit('/').next().unwrap()));
        let signature = header("x-darkroom-signature").unwrap();
        let (time, given) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(b"s3cret").unwrap();
        mac.update(format!("{time}.{body}").as_bytes());
        let right: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(given, right);
        ids.push(header("webhook-id").unwrap());
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "one telling, three tries");
}

// proves: B06
#[test]
fn a_webhook_leads_to_no_private_address() {
    let holder = Holder::start(&[]);
    let body = png(&photo(14, 10));
    for address in [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://localhost/",
        "https://localhost./",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::10.0.0.1]/",
        "https://[2002:0a00:0001::]/",
        "https://[64:ff9b::10.0.0.1]/",
        "https://[64:ff9b:1::1]/",
        "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
        "https://[fe80::5efe:10.0.0.1]/",
        "https://10.0.0.1/",
        "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://192.168.0.1/",
        "https://user:pass@example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "data:text/plain,x",
        "nonsense",
    ] {
        let detail = holder.server.ask(&later("/", &body).header("webhook", address)).problem(400);
        assert!(detail.contains("`webhook`"), "{address}: {detail}");
    }
    assert!(holder.server.ask(&later("/", &body).header("webhook", "é")).problem(400).contains("Webhook"));
}

// proves: B06
#[test]
fn a_name_that_leads_inside_is_not_dialled() {
    let holder = Holder::start(&[]);
    // A name that this machine's own table leads to itself: it is no number, so only the dialling can tell.
    let name = std::fs::read_to_string("/etc/hostname").expect("a host's name");
    let address = format!("https://{}:1/hook", name.trim());
    let (job, _) = begin(&holder.server, &later("/", &png(&photo(15, 10))).header("webhook", &address));
    until(&holder.server, &job, "done");
    let line = holder.server.process.hear_log("a webhook was not taken", Duration::from_secs(60), |_| true);
    let line = line.expect("it is logged").to_string();
    assert!(!line.contains(name.trim()), "the log does not tell of addresses: {line}");
}
