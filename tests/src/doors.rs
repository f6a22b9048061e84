//! The same function through every door: HTTP/1.1 in a crowd, HTTP/2, the Lambda emulator, AWS's own interface emulator.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::bad;
use crate::process::{Process, functions, library, models, program, root, shared, tool, wait_for};
use crate::samples::{difference, jpeg, photo, png, read};
use crate::wire::{Answer, Ask, ask, envelope, get, post, post_form, post_json, send, unbase64};

/// The emulator builds before it starts, where nobody did.
const BUILD: Duration = Duration::from_secs(600);

/// A port that was free a moment ago.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A command without what cargo told these tests about themselves: another cargo must not hear it.
fn outside(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let kept = matches!(&*text, "CARGO_HOME" | "CARGO_TARGET_DIR")
            || text.starts_with("CARGO_BUILD_")
            || text.starts_with("CARGO_PROFILE_");
        if (text.starts_with("CARGO") && !kept) || text == "LD_LIBRARY_PATH" {
            command.env_remove(&name);
        }
    }
    command.current_dir(root()).env("ORT_DYLIB_PATH", library()).env("MODELS", models());
    command
}

/// All functions in `cargo lambda watch`, as `make run` starts them.
struct Emulator {
    process: Process,
    port: u16,
}

impl Emulator {
    fn ask(&self, function: &str, ask: &Ask) -> Answer {
        let path = format!("/lambda-url/{function}{}", ask.path);
        send(&format!("127.0.0.1:{}", self.port), &Ask { path, ..ask.clone() })
    }
}

fn emulator() -> Arc<Emulator> {
    static ONE: OnceLock<Arc<Emulator>> = OnceLock::new();
    ONE.get_or_init(|| {
        tool("cargo-lambda");
        let turbo = std::fs::read_to_string(root().join(".tools/turbo")).unwrap_or_default();
        let port = free_port();
        let mut command = outside("python3");
        command.arg("tools/run.py").arg(port.to_string()).args(functions()).arg("--").args(turbo.split_whitespace());
        let process = Process::spawn_ended_by(&mut command, "TERM");
        let up = process.hear(BUILD, |line| line.contains("answers:").then_some(()));
        assert!(up.is_some(), "the emulator ended or took too long: {:?}", process.lines());
        Arc::new(Emulator { process, port })
    })
    .clone()
}

/// What each door must answer: the same picture in each form, and problems as problems.
fn contract(function: &str, through: &dyn Fn(&Ask) -> Answer) {
    let asked = photo(40, 26);
    let (body, typed) = (png(&asked), ("content-type", "image/png"));
    let direct = shared(function).ask(&post("/", &body)).good();
    let expect = read(&direct.body).0;
    let same = |bytes: &[u8]| assert_eq!(read(bytes).0, expect, "{function}");

    let raw = through(&post("/", &body).header(typed.0, typed.1)).good();
    assert_eq!((raw.must("content-type"), raw.must("x-model")), ("image/png", direct.must("x-model")));
    assert!(raw.must("server-timing").contains("run;dur="));
    same(&raw.body);
    same(&through(&post_form("/", &[("image", "a.png", &body)])).good().body);
    let text = through(&post_json("/", &envelope(&body, "door-1"))).good().json();
    assert_eq!((&text["req_id"], &text["code"]), (&json!("door-1"), &json!(1)));
    same(&unbase64(text["data"]["enhance_result"].as_str().unwrap()));
    let enhanced = through(&post_form("/enhance", &[("image", "a.png", &body)])).good().json();
    assert_eq!(enhanced["original_shape"], json!([26, 40]));
    same(&unbase64(&through(&post("/", &body).header(typed.0, typed.1).accept("text/plain")).good().text()));
    let small =
        through(&post("/predict?max_side=20&format=jpeg", &jpeg(&asked, 95)).header(typed.0, "image/jpeg")).good();
    assert_eq!((small.must("content-type"), read(&small.body).0.width()), ("image/jpeg", 20 * expect.width() / 40));

    let page = through(&get("/").accept("text/html")).good();
    assert!(page.must("content-type").starts_with("text/html") && page.text().contains(function));
    assert_eq!(through(&get("/models")).good().json()["name"], function);
    assert_eq!(through(&get("/openapi.json")).good().json()["openapi"], "3.1.0");
    through(&get("/readyz")).good();
    assert_eq!(through(&post("/warmup", b"")).good().json()["warm"], true);
    let named = through(&get("/healthz").header("x-request-id", "door-2")).good();
    assert_eq!(named.must("x-request-id"), "door-2");

    let wrong = through(&post("/", b"hello").header(typed.0, typed.1).header("x-request-id", "door-3"));
    assert!(wrong.problem(415).contains("text") && wrong.json()["req_id"] == "door-3");
    through(&post("/?quality=0", &body).header(typed.0, typed.1)).problem(400);
    through(&get("/nothing")).problem(404);
    assert!(through(&ask("PUT", "/").header(typed.0, typed.1)).must("allow").contains("POST"));
}

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

// proves: K07, K08
#[test]
fn the_lambda_emulator_serves_the_contract() {
    let emulator = emulator();
    for function in functions() {
        contract(&function, &|ask| emulator.ask(&function, ask));
        // Large answers must not get lost on the way.
        let body = jpeg(&photo(400, 300), 90);
        for _ in 0..5 {
            let answer = emulator
                .ask(&function, &post("/?format=png&compression=0", &body).header("content-type", "image/jpeg"))
                .good();
            assert_eq!(read(&answer.body).0.width() % 400, 0);
        }
    }
}

// proves: K07, U14
#[test]
fn bad_input_through_the_lambda_emulator_is_refused_within_two_seconds() {
    let emulator = emulator();
    let function = &functions()[0];
    let good = post("/", &png(&photo(16, 16))).header("content-type", "image/png");
    emulator.ask(function, &good).good();
    let mut wrong = Vec::new();
    for (name, ask, status, says) in bad::files().iter().chain(&bad::requests()) {
        let start = Instant::now();
        let answer = emulator.ask(function, ask);
        let took = start.elapsed();
        if answer.status != *status || !answer.problem(*status).contains(says.as_str()) || took > Duration::from_secs(2)
        {
            wrong.push(format!(
                "{name}: {} instead of {status} {says:?} in {took:?}: {:.200}",
                answer.status,
                answer.text()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    emulator.ask(function, &good).good();
}

/// A function URL's event (payload format 2.0) for a request.
fn event(ask: &Ask) -> Value {
    let (path, query) = ask.path.split_once('?').unwrap_or((&ask.path, ""));
    let headers: serde_json::Map<_, _> = ask.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": headers,
        "requestContext": {
            "accountId": "anonymous", "apiId": "tests", "domainName": "tests.lambda-url.local", "domainPrefix": "tests",
            "http": {"method": ask.method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "tests"},
            "requestId": "1", "routeKey": "$default", "stage": "$default", "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1_767_225_600_000_u64,
        },
        "body": STANDARD.encode(&ask.body), "isBase64Encoded": true,
    })
}

/// A streamed answer as it leaves the runtime: a prelude of JSON, eight zero bytes, the body.
fn unstream(bytes: &[u8]) -> Answer {
    let end = bytes
        .windows(8)
        .position(|window| window == [0; 8])
        .unwrap_or_else(|| panic!("no prelude in {:.500}", String::from_utf8_lossy(bytes)));
    let prelude: Value = serde_json::from_slice(&bytes[..end]).expect("a prelude");
    let headers = prelude["headers"].as_object().expect("headers");
    let headers = headers
        .iter()
        .map(|(name, value)| (name.to_lowercase(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    Answer {
        status: prelude["statusCode"].as_u64().expect("a status") as u16,
        headers,
        body: bytes[end + 8..].to_vec(),
    }
}

// proves: K07
#[test]
fn cargo_lambda_invoke_gets_an_answer_to_an_event_file() {
    let emulator = emulator();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("event.json");
    for function in functions() {
        let request = post_json("/", &envelope(&png(&photo(12, 10)), "event-1"));
        std::fs::write(&file, event(&request).to_string()).unwrap();
        let done = outside(tool("cargo-lambda"))
            .args([
                "lambda",
                "invoke",
                &function,
                "-A",
                "127.0.0.1",
                "-P",
                &emulator.port.to_string(),
                "--data-file",
                file.to_str().unwrap(),
            ])
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let text = String::from_utf8_lossy(&done.stdout);
        assert!(text.contains("event-1") && text.contains("enhance_result"), "{text:.500}");
    }
    assert!(!emulator.process.lines().is_empty());
}

/// One function in AWS's Runtime Interface Emulator.
struct Rie {
    process: Process,
    address: String,
}

impl Rie {
    fn start(function: &str) -> Self {
        let (front, back) = (free_port(), free_port());
        let mut command = outside(tool("aws-lambda-rie"));
        command
            .args(["--log-level", "error", "--runtime-interface-emulator-address", &format!("127.0.0.1:{front}")])
            .args(["--runtime-api-address", &format!("127.0.0.1:{back}")])
            .arg(program(function))
            .env("AWS_LAMBDA_FUNCTION_TIMEOUT", "60");
        let process = Process::spawn_ended_by(&mut command, "TERM");
        let address = format!("127.0.0.1:{front}");
        wait_for(crate::process::START, "the interface emulator", || std::net::TcpStream::connect(&address).ok());
        Self { process, address }
    }

    fn ask(&self, ask: &Ask) -> Answer {
        let answer = send(&self.address, &post_json("/2015-03-31/functions/function/invocations", &event(ask)));
        assert_eq!(answer.status, 200, "{:.500} {:?}", answer.text(), self.process.lines());
        unstream(&answer.body)
    }
}

// proves: K07, K08
#[test]
fn awss_own_runtime_interface_serves_the_contract() {
    for function in functions() {
        let rie = Rie::start(&function);
        contract(&function, &|ask| rie.ask(ask));
        // Larger than a small packet, smaller than Lambda's 6 MB.
        let answer = rie.ask(&post("/?format=png&compression=0", &jpeg(&photo(300, 200), 90))).good();
        assert!(answer.body.len() > 170_000);
    }
}
