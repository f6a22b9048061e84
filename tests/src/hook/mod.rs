//! The pre-traffic hook, in AWS's own Runtime Interface Emulator: real functions behind a double of AWS's calls, right answers and
//! wrong ones.

mod double;

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::doors::interface::Rie;
use crate::keys::hash;
use crate::process::{Server, all_functions, functions, program, shared};
use crate::samples::{png, read};
use crate::variants::{add, manifest};
use crate::wire::unbase64;
use double::{Aws, Call, Reply, refusal, reply};

const REPORT: &str = "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus";

/// The hook as its package lies unpacked in Lambda: `bootstrap`, and `expected/` beside it.
struct Package(TempDir);

impl Package {
    fn new() -> Self {
        let package = Self(tempfile::tempdir().unwrap());
        // By another process: a program that this one has open for writing can't be started, nor while a fork of ours has it so.
        let copied = Command::new("cp").arg(program("hook")).arg(package.program()).status();
        assert!(copied.is_ok_and(|status| status.success()), "a copy of the hook");
        package
    }

    /// With what these functions answer here.
    fn of(names: &[&str]) -> Self {
        let package = Self::new();
        for name in names {
            let done = package.record(name, &[&shared(name).address]);
            assert!(done.status.success(), "{done:?}");
        }
        package
    }

    fn program(&self) -> PathBuf {
        self.0.path().join("bootstrap")
    }

    fn expected(&self, name: &str) -> PathBuf {
        self.0.path().join("expected").join(name).with_extension("json")
    }

    fn record(&self, name: &str, addresses: &[&str]) -> Output {
        let mut command = Command::new(program("hook"));
        command.args(["record", "--name", name, "--into"]).arg(self.0.path().join("expected"));
        for address in addresses {
            command.args(["--address", &format!("http://{address}")]);
        }
        command.output().expect("the hook runs")
    }

    /// Asks the hook for a verdict as CodeDeploy does: the verdict, and why.
    fn asked(&self, aws: &Aws) -> (String, String) {
        self.asked_about("d-TEST", aws, &[])
    }

    fn asked_about(&self, deployment: &str, aws: &Aws, settings: &[(&str, &str)]) -> (String, String) {
        let event = json!({"DeploymentId": deployment, "LifecycleEventHookExecutionId": "execution-1"});
        let told = self.invoked(&event, aws, settings);
        let (verdict, why) = (told["verdict"].as_str().expect("a verdict"), told["why"].as_str().expect("a reason"));
        let reports: Vec<_> = aws.calls(REPORT).into_iter().map(|call| call.body).collect();
        let report =
            json!({"deploymentId": deployment, "lifecycleEventHookExecutionId": "execution-1", "status": verdict});
        assert_eq!(reports, [report], "one report, and the right one: {why}");
        (verdict.to_owned(), why.to_owned())
    }

    /// What the hook answers to an event; its log line says the same.
    fn invoked(&self, event: &Value, aws: &Aws, settings: &[(&str, &str)]) -> Value {
        let hook = Rie::of(&self.program(), &[&aws.settings()[..], settings].concat());
        let answer = hook.invoke(event);
        assert!(!answer.body.is_empty(), "no answer: {answer:?} {:?}", hook.process.lines());
        let told = answer.json();
        let line = hook.process.hear_log("verdict", Duration::from_secs(5), |_| true);
        let line = line.unwrap_or_else(|| panic!("no verdict in {:?}, but {told}", hook.process.lines()));
        assert_eq!((&line["verdict"], &line["why"]), (&told["verdict"], &told["why"]));
        told
    }
}

/// AWS with one function's program for version 7 of `darkroom-test-NAME`.
fn aws_with(name: &str, version: Rie) -> Aws {
    Aws::start(&format!("darkroom-test-{name}"), move |event| Some(version.invoke(event).into()), nothing)
}

fn nothing(_: &Call, _: usize) -> Option<Reply> {
    None
}

// proves: B08
#[test]
fn a_version_that_answers_as_expected_succeeds_whatever_the_function() {
    let package = Package::new();
    for name in all_functions() {
        let float = functions().contains(&name).then(|| Server::start(&name, &[("PRECISION", "float")]));
        let int8 = shared(&name);
        let both: Vec<_> = [Some(&*int8), float.as_ref()].into_iter().flatten().map(|one| &*one.address).collect();
        let recorded = package.record(&name, &both);
        assert!(recorded.status.success(), "{recorded:?}");
        assert_eq!(String::from_utf8_lossy(&recorded.stdout).lines().count(), both.len());
        for precision in ["int8", "float"].iter().take(both.len()) {
            let aws = aws_with(&name, Rie::start(&name, &[("PRECISION", precision)]));
            let (verdict, why) = package.asked(&aws);
            assert_eq!(verdict, "Succeeded", "{why}");
            assert!(why.starts_with(&format!("darkroom-test-{name}:7: ")) && why.ends_with("as expected"), "{why}");
        }
    }
}

// proves: B08
#[test]
fn calls_are_signed_and_name_the_version_alone() {
    let package = Package::of(&["derain"]);
    let aws = aws_with("derain", Rie::start("derain", &[]));
    package.asked(&aws);
    for Call { operation, head, .. } in aws.seen() {
        let service = if operation == "Invoke" { "lambda" } else { "codedeploy" };
        let scope = format!("/eu-central-1/{service}/aws4_request");
        assert!(head.contains("authorization: aws4-hmac-sha256 credential=tests/") && head.contains(&scope), "{head}");
        assert!(head.contains("signature=") && !head.contains("a-secret-of-the-tests"), "{head}");
    }
    let [invoke] = &aws.calls("Invoke")[..] else { panic!("one call") };
    let line = "post /2015-03-31/functions/darkroom-test-derain/invocations?qualifier=7 ";
    assert!(invoke.head.starts_with(line) && invoke.head.contains("x-amz-invocation-type: requestresponse"));
    // What an older version left in the store would prove nothing.
    assert_eq!(invoke.body["headers"]["cache-control"], "no-store");
}

/// What is done to the picture of an event before the version sees it.
fn with_picture(event: &Value, change: impl Fn(common::Picture) -> common::Picture) -> Value {
    let picture = read(&unbase64(event["body"].as_str().unwrap())).0;
    let mut event = event.clone();
    event["body"] = json!(STANDARD.encode(png(&change(picture))));
    event
}

fn darker_by<const BY: u8>(picture: common::Picture) -> common::Picture {
    let pixels = picture.pixels().iter().map(|value| value.saturating_sub(BY)).collect();
    picture.with_pixels(pixels)
}

/// A function's failure, as Lambda tells it.
fn failed(message: &str) -> Reply {
    let body = json!({"errorType": "Runtime.ExitError", "errorMessage": message}).to_string();
    Reply { headers: vec![("x-amz-function-error", "Unhandled".into())], ..reply(200, body) }
}

/// A streamed answer as one that is not.
fn buffered(streamed: &[u8]) -> Vec<u8> {
    let end = streamed.windows(8).position(|window| window == [0; 8]).expect("a prelude");
    let mut answer: Value = serde_json::from_slice(&streamed[..end]).expect("JSON");
    answer["body"] = json!(STANDARD.encode(&streamed[end + 8..]));
    answer["isBase64Encoded"] = json!(true);
    answer.to_string().into_bytes()
}

/// A version that answers events in a way of its own, the true program at hand.
type Version = fn(&Rie, &Value) -> Option<Reply>;

// proves: B08
#[test]
fn a_version_that_answers_otherwise_fails_and_the_log_says_why() {
    let package = Package::of(&["derain"]);
    let derain = Arc::new(Rie::start("derain", &[]));
    let versions: [(&str, &str, Version); 11] = [
        ("Succeeded", "answers as expected", |rie, event| Some(rie.invoke(event).into())),
        ("Succeeded", "answers as expected", |rie, event| Some(reply(200, buffered(&rie.invoke(event).body)))),
        ("Failed", "off by up to", |rie, event| Some(rie.invoke(&with_picture(event, darker_by::<8>)).into())),
        ("Failed", "144x108 pixels, 192x144 are expected", |rie, event| {
            Some(rie.invoke(&with_picture(event, |picture| picture.shrunk(144).unwrap())).into())
        }),
        ("Failed", "it answered 400: there is no option", |rie, event| {
            let mut event = event.clone();
            event["rawQueryString"] = json!("nonsense=1");
            Some(rie.invoke(&event).into())
        }),
        ("Failed", "Task timed out", |_, _| Some(failed("Task timed out after 60.00 seconds"))),
        ("Failed", "can't be read", |rie, event| {
            let whole = rie.invoke(event).body;
            Some(reply(200, &whole[..whole.len() / 2]))
        }),
        ("Failed", "is cut off", |rie, event| Some(reply(200, &rie.invoke(event).body[..40]))),
        ("Failed", "no answer of a function URL", |_, _| Some(reply(200, "hello"))),
        ("Failed", "Lambda answered 404", |_, _| Some(refusal(404, "ResourceNotFoundException"))),
        ("Failed", "Lambda answered 403", |_, _| Some(refusal(403, "AccessDeniedException"))),
    ];
    for (expect, says, version) in versions {
        let derain = derain.clone();
        let aws = Aws::start("darkroom-test-derain", move |event| version(&derain, event), nothing);
        let (verdict, why) = package.asked(&aws);
        assert_eq!(verdict, expect, "{says}: {why}");
        assert!(
            why.starts_with("darkroom-test-derain:7: ") && why.contains(says) && !why.contains('\n'),
            "{says}: {why}"
        );
    }
}

// proves: B08
#[test]
fn other_weights_and_another_function_fail_by_their_digest() {
    let package = Package::of(&["derain"]);
    for (function, precision) in [("derain", "float"), ("lowlight", "int8")] {
        let aws = aws_with("derain", Rie::start(function, &[("PRECISION", precision)]));
        let (verdict, why) = package.asked(&aws);
        assert_eq!(verdict, "Failed");
        assert!(why.contains("the weights default@") && why.contains(" answered, expected are default@"), "{why}");
    }
}

// proves: B08
#[test]
fn other_words_and_another_page_fail() {
    let package = Package::of(&["classify", "detect", "studio"]);
    for name in ["classify", "detect"] {
        let rie = Rie::start(name, &[]);
        let version = move |event: &Value| Some(rie.invoke(&with_picture(event, darker_by::<120>)).into());
        let (verdict, why) = package.asked(&Aws::start(&format!("darkroom-test-{name}"), version, nothing));
        assert!(verdict == "Failed" && why.contains(" is expected, and it found "), "{why}");
    }
    for (path, says) in [("/", "the page is another one"), ("/functions.json", "names no functions")] {
        let rie = Rie::start("studio", &[]);
        let version = move |event: &Value| {
            let mut body = rie.invoke(event).body;
            let last = body.len() - 1;
            body[last] ^= u8::from(event["rawPath"] == path);
            Some(reply(200, body))
        };
        let (verdict, why) = package.asked(&Aws::start("darkroom-test-studio", version, nothing));
        assert!(verdict == "Failed" && why.contains(says), "{why}");
    }
}

// proves: B08
#[test]
fn a_version_that_panics_fails_with_its_500() {
    let folder = tempfile::tempdir().unwrap();
    add(folder.path(), &manifest("faulty", "default", "same.onnx", 1, &json!({})));
    let models = folder.path().display().to_string();
    let own = [("MODELS", models.as_str())];
    let package = Package::new();
    let recorded = package.record("faulty", &[&Server::start("faulty", &own).address]);
    assert!(recorded.status.success(), "{recorded:?}");
    let faulty = Rie::start("faulty", &own);
    let panics = move |event: &Value| {
        let mut event = event.clone();
        event["rawQueryString"] = json!("panic=true");
        Some(faulty.invoke(&event).into())
    };
    let (verdict, why) = package.asked(&Aws::start("faulty", panics, nothing));
    assert!(verdict == "Failed" && why.contains("it answered 500: something went wrong"), "{why}");
}

// proves: B08
#[test]
fn a_version_that_never_answers_fails_while_there_is_time_to_say_so() {
    let package = Package::of(&["derain"]);
    let settings = [("AWS_LAMBDA_FUNCTION_TIMEOUT", "6")];
    let aws = Aws::start("darkroom-test-derain", |_| None, nothing);
    let (verdict, why) = package.asked_about("d-TEST", &aws, &settings);
    assert!(verdict == "Failed" && why.contains("lambda gave no answer within"), "{why}");
    // Nor one whose platform is out of order all the time.
    let aws = Aws::start("darkroom-test-derain", |_| Some(refusal(503, "ServiceUnavailable")), nothing);
    let (verdict, why) = package.asked_about("d-TEST", &aws, &settings);
    assert!(verdict == "Failed" && why.contains("Lambda answered 503"), "{why}");
    assert!(aws.calls("Invoke").len() > 2);
}

// proves: B08
#[test]
fn what_is_throttled_once_is_asked_again_and_told_once() {
    let package = Package::of(&["derain"]);
    let derain = Rie::start("derain", &[]);
    let whim = |call: &Call, before: usize| match call.operation.as_str() {
        "Invoke" => (before == 0).then(|| refusal(429, "TooManyRequestsException")),
        REPORT => None,
        _ => (before == 0).then(|| refusal(400, "ThrottlingException")),
    };
    let aws = Aws::start("darkroom-test-derain", move |event| Some(derain.invoke(event).into()), whim);
    assert_eq!(package.asked(&aws).0, "Succeeded");
    assert_eq!((aws.calls("Invoke").len(), aws.seen().len()), (2, 7));
}

#[test]
fn a_report_that_is_not_heard_is_made_again_and_one_that_is_refused_fails_the_hook() {
    let package = Package::of(&["derain"]);
    let event = json!({"DeploymentId": "d-TEST", "LifecycleEventHookExecutionId": "execution-1"});
    let heard = |call: &Call, before: usize| (call.operation == REPORT && before == 0).then(|| refusal(500, "Fault"));
    let lost = |call: &Call, before: usize| {
        let replies = [(500, "Fault"), (400, "LifecycleEventAlreadyCompletedException")];
        (call.operation == REPORT).then(|| refusal(replies[before.min(1)].0, replies[before.min(1)].1))
    };
    for whim in [heard, lost] {
        let aws = Aws::start("darkroom-test-derain", |_| Some(refusal(404, "ResourceNotFoundException")), whim);
        assert_eq!(package.invoked(&event, &aws, &[])["verdict"], "Failed");
        assert_eq!(aws.calls(REPORT).len(), 2);
    }
    let refused =
        |call: &Call, _: usize| (call.operation == REPORT).then(|| refusal(400, "InvalidDeploymentIdException"));
    let aws = Aws::start("darkroom-test-derain", |_| Some(refusal(404, "ResourceNotFoundException")), refused);
    let hook = Rie::of(&package.program(), &aws.settings());
    // Lambda makes an invocation that failed again.
    assert!(hook.invoke(&event).json()["errorMessage"].as_str().unwrap().contains("InvalidDeploymentIdException"));
    let untold = |line: &Value| line["untold"].as_str().is_some_and(|why| why.contains("InvalidDeploymentId"));
    hook.process.hear_log("verdict", Duration::from_secs(5), untold).expect("the log tells");
}

// proves: B08
#[test]
fn what_can_not_be_judged_fails() {
    let package = Package::of(&["derain"]);
    let never = |_: &Value| -> Option<Reply> { panic!("nobody is to be invoked") };
    let (verdict, why) = package.asked_about("d-OTHER", &Aws::start("darkroom-test-derain", never, nothing), &[]);
    assert!(verdict == "Failed" && why.contains("DeploymentDoesNotExistException"), "{why}");
    let (verdict, why) = package.asked(&Aws::start("darkroom-test-new", never, nothing));
    assert!(verdict == "Failed" && why.contains("nothing is expected of darkroom-test-new"), "{why}");
    let yaml = |call: &Call, _: usize| {
        let revision = json!({"string": {"content": "Resources: [{a: {Properties: {Name: x y, TargetVersion: 7}}}]"}});
        call.operation
            .ends_with("GetDeployment")
            .then(|| reply(200, json!({"deploymentInfo": {"revision": revision}}).to_string()))
    };
    let (verdict, why) = package.asked(&Aws::start("", never, yaml));
    assert!(verdict == "Failed" && why.starts_with("x y:7: nothing is expected"), "{why}");
    let empty = |call: &Call, _: usize| (!call.operation.ends_with("Status")).then(|| reply(200, "{}"));
    let (verdict, why) = package.asked(&Aws::start("", never, empty));
    assert!(verdict == "Failed" && why.contains("has no AppSpec"), "{why}");
    std::fs::write(package.expected("derain"), "{\"kind\": \"picture\"").unwrap();
    let (verdict, why) = package.asked(&Aws::start("darkroom-test-derain", never, nothing));
    assert!(verdict == "Failed" && why.contains("derain.json can't be read"), "{why}");
    let (verdict, why) = Package::new().asked(&Aws::start("darkroom-test-derain", never, nothing));
    assert!(verdict == "Failed" && why.contains("No such file"), "{why}");
}

// proves: B08
#[test]
fn a_first_deployment_is_checked_without_codedeploy() {
    let package = Package::of(&["derain"]);
    let aws = aws_with("derain", Rie::start("derain", &[]));
    for version in ["1", "live", "$LATEST"] {
        let event = json!({"function": "darkroom-test-derain", "version": version});
        let told = package.invoked(&event, &aws, &[]);
        assert_eq!(told["verdict"], "Succeeded", "{told}");
        let called = aws.calls("Invoke").pop().unwrap().head;
        assert!(called.contains(&format!("qualifier={} ", version.to_lowercase().replace('$', "%24"))), "{called}");
    }
    let told = package.invoked(&json!({"function": "darkroom-test-derain", "version": "7&x=1"}), &aws, &[]);
    assert!(told["verdict"] == "Failed" && told["why"].as_str().unwrap().contains("no name and version"), "{told}");
    let hook = Rie::of(&package.program(), &aws.settings());
    assert!(
        hook.invoke(&json!({"hello": 1})).json()["errorMessage"].as_str().unwrap().contains("the event is neither")
    );
    assert!(aws.seen().iter().all(|call| call.operation == "Invoke"), "nothing of CodeDeploy");
}

// proves: B08
#[test]
fn functions_with_keys_are_asked_with_the_hooks_own() {
    let package = Package::of(&["derain"]);
    let derain = Rie::start("derain", &[("API_KEYS", &hash("the-hooks-key"))]);
    let secret = |call: &Call, _: usize| {
        let asked = call.operation == "secretsmanager.GetSecretValue";
        asked.then(|| {
            assert_eq!(call.body, json!({"SecretId": "darkroom/hook"}));
            reply(200, json!({"SecretString": "the-hooks-key\n"}).to_string())
        })
    };
    let aws = Aws::start("darkroom-test-derain", move |event| Some(derain.invoke(event).into()), secret);
    let event = json!({"function": "darkroom-test-derain", "version": "7"});
    for (key, verdict, says) in [
        ("", "Failed", "it answered 401: this needs a key"),
        ("another", "Failed", "it answered 403"),
        ("the-hooks-key", "Succeeded", "as expected"),
        ("secret:darkroom/hook", "Succeeded", "as expected"),
    ] {
        let told = package.invoked(&event, &aws, &[("KEY", key)]);
        assert!(told["verdict"] == verdict && told["why"].as_str().unwrap().contains(says), "{told}");
        assert!(!told.to_string().contains("the-hooks-key"));
    }
}

#[test]
fn what_is_recorded_is_always_the_same_and_never_of_another_function() {
    let package = Package::of(&["detect"]);
    let first = std::fs::read(package.expected("detect")).unwrap();
    let address = &*shared("detect").address;
    package.record("detect", &[address]);
    assert_eq!(std::fs::read(package.expected("detect")).unwrap(), first);
    for (name, address, says) in [
        ("derain", address, "this is not derain: it calls itself \"detect\""),
        ("detect", "127.0.0.1:1", "detect at http://127.0.0.1:1: "),
    ] {
        let done = package.record(name, &[address]);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!((done.status.code(), said.lines().count()), (Some(1), 1), "{said}");
        assert!(said.starts_with("hook: ") && said.contains(says), "{said}");
    }
    let alone = Command::new(program("hook")).env_remove("AWS_LAMBDA_RUNTIME_API").output().unwrap();
    assert!(!alone.status.success() && String::from_utf8_lossy(&alone.stderr).contains("hook record --help"));
}
