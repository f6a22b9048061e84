//! Jobs in Lambda: an asynchronous invocation of the same function, shown against a double of the Invoke call.

use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::{later, path};
use crate::doors::interface::Rie;
use crate::process::{START, wait_for};
use crate::samples::{photo, png};
use crate::variants::{add, manifest};
use crate::wire::{Connection, ask, get, post, post_json, read_request};

/// Takes Invoke calls (API 2015-03-31) and does with each what Lambda does: answers 202 at once, puts the event into a queue, and
/// hands it to an environment of the function once that is free. Passes on what was called.
fn double(environment: String) -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = channel();
    let (queue, queued) = channel::<Value>();
    std::thread::spawn(move || {
        for event in queued {
            let ask = post_json("/2015-03-31/functions/function/invocations", &event);
            // It ends without an answer when the test does.
            _ = Connection::start(&environment, &ask).try_receive("POST");
        }
    });
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let (head, body) = read_request(stream, 202);
            let event: Value = serde_json::from_str(&body).expect("an event");
            _ = tell.send((head, body));
            _ = queue.send(event);
        }
    });
    (address, told)
}

// proves: B06
#[test]
fn in_lambda_a_job_is_an_invocation_of_the_same_function() {
    let folder = tempfile::tempdir().unwrap();
    add(folder.path(), &manifest("faulty", "default", "same.onnx", 1, &json!({})));
    let (models, store) = (folder.path().display().to_string(), folder.path().join("store").display().to_string());
    let file = folder.path().join("go").display().to_string();
    let own = [("MODELS", models.as_str()), ("STORE", store.as_str()), ("JOBS", "invoke")];
    // Two environments of one function, as Lambda has them: the one that is asked, and the one that is invoked.
    let invoked = Rie::start("faulty", &own);
    let (lambda, called) = double(invoked.address.clone());
    let aws = [
        ("AWS_ENDPOINT_URL_LAMBDA", lambda.as_str()),
        ("AWS_ACCESS_KEY_ID", "tests"),
        ("AWS_SECRET_ACCESS_KEY", "a-secret-of-the-tests"),
        ("AWS_REGION", "eu-central-1"),
    ];
    let front = Rie::start("faulty", &[&own[..], &aws].concat());
    let body = png(&photo(25, 15));
    let until = |job: &str, state: &str| {
        wait_for(START, state, || {
            let told = front.ask(&get(job)).good().json();
            (told["state"] == state).then_some(told)
        })
    };

    let begun = front.ask(&later(&format!("/?hold={file}"), &body));
    assert_eq!(begun.status, 202, "{}", begun.text());
    let job = path(begun.must("location"));
    let (head, event) = called.recv_timeout(Duration::from_secs(10)).expect("a call");
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("post /2015-03-31/functions/") && head.contains("/invocations?qualifier="), "{head}");
    assert!(head.contains("x-amz-invocation-type: event"), "{head}");
    assert!(head.contains("authorization: aws4-hmac-sha256") && head.contains("/eu-central-1/lambda/aws4_request"));
    until(&job, "running");
    // Nobody else can have it run: the event's token is the job's own.
    let event: Value = serde_json::from_str(&event).unwrap();
    let run = event["rawPath"].as_str().unwrap();
    front.ask(&post(run, b"")).problem(403);
    front.ask(&post(run, b"").header("x-job-token", "0")).problem(403);
    // A second invocation of the same job, as Lambda may make it, runs nothing.
    let token = event["headers"]["x-job-token"].as_str().unwrap();
    front.ask(&post(run, b"").header("x-job-token", token)).good();
    assert_eq!(front.ask(&get(&job)).good().json()["state"], "running");
    std::fs::write(&file, "").unwrap();
    let told = until(&job, "done");
    let result = front.ask(&get(&path(told["result_url"].as_str().unwrap()))).good();
    assert_eq!(crate::samples::read(&result.body).0, photo(25, 15));

    // Cancelled through the store: the one who runs it hears of it there.
    let never = folder.path().join("never").display().to_string();
    let job = path(front.ask(&later(&format!("/?hold={never}"), &body)).must("location"));
    until(&job, "running");
    assert_eq!(front.ask(&ask("DELETE", &job)).json()["state"], "cancelled");
    let other = path(front.ask(&later("/?max_side=9", &body)).must("location"));
    until(&other, "done");
}
