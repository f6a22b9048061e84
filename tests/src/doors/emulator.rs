//! The Lambda door in `cargo lambda watch`, as `make run` starts it.

use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use super::{contract, event, free_port, outside};
use crate::bad;
use crate::process::{Process, all_functions, functions, pictures, root, tool};
use crate::samples::{jpeg, photo, png, read};
use crate::studio;
use crate::wire::{Answer, Ask, Connection, envelope, get, post, post_json, send};

/// The emulator builds before it starts, where nobody did.
const BUILD: Duration = Duration::from_secs(600);

/// All functions in `cargo lambda watch`, as `make run` starts them.
pub struct Emulator {
    process: Process,
    port: u16,
    /// What is kept of these tests goes when they do.
    _store: tempfile::TempDir,
}

impl Emulator {
    pub fn ask(&self, function: &str, ask: &Ask) -> Answer {
        let path = format!("/lambda-url/{function}{}", ask.path);
        send(&format!("127.0.0.1:{}", self.port), &Ask { path, ..ask.clone() })
    }
}

/// Starts every function in an emulator of its own.
fn start_emulator() -> Emulator {
    tool("cargo-lambda");
    let turbo = std::fs::read_to_string(root().join(".tools/turbo")).unwrap_or_default();
    let port = free_port();
    let mut command = outside("python3");
    command.arg("tools/run.py").arg(port.to_string()).args(all_functions()).arg("--").args(turbo.split_whitespace());
    let store = tempfile::tempdir().unwrap();
    command.env("STORE", store.path());
    let process = Process::spawn_ended_by(&mut command, "TERM");
    let up = process.hear(BUILD, |line| line.contains("answers:").then_some(()));
    assert!(up.is_some(), "the emulator ended or took too long: {:?}", process.lines());
    Emulator { process, port, _store: store }
}

/// The emulator of all tests that leave it as it was.
pub fn emulator() -> Arc<Emulator> {
    static ONE: OnceLock<Arc<Emulator>> = OnceLock::new();
    ONE.get_or_init(|| Arc::new(start_emulator())).clone()
}

// proves: K07, K08
#[test]
fn the_lambda_emulator_serves_the_contract() {
    let emulator = emulator();
    for function in functions() {
        contract(&function, &|ask| emulator.ask(&function, ask));
        // Large answers must not get lost on the way.
        let body = jpeg(&photo(400, 300), 90);
        for _ in 0..if pictures().contains(&function) { 5 } else { 0 } {
            let answer = emulator
                .ask(&function, &post("/?format=png&compression=0", &body).header("content-type", "image/jpeg"))
                .good();
            assert_eq!(read(&answer.body).0.width() % 400, 0);
        }
    }
}

// proves: K07, B09
#[test]
fn the_lambda_emulator_serves_the_page_and_from_it_every_function() {
    let emulator = emulator();
    studio::page_through(&|ask| emulator.ask("studio", ask));
    let list = emulator.ask("studio", &get("/functions.json")).good().json();
    for one in list.as_array().unwrap() {
        // Beside the page, as a browser reads it.
        let function = one["urls"][0].as_str().unwrap().trim_start_matches("../").trim_end_matches('/');
        assert_eq!(emulator.ask(function, &get("/readyz")).good().json()["ready"], true, "{one}");
    }
}

// proves: K07, U14
#[test]
fn bad_input_through_the_lambda_emulator_is_refused_within_two_seconds() {
    let emulator = emulator();
    let function = &pictures()[0];
    let good = post("/", &png(&photo(16, 16))).header("content-type", "image/png");
    emulator.ask(function, &good).good();
    let mut list = [bad::files(), bad::requests()].concat();
    // Here it is the platform's limit.
    let huge = bad::huge().into_iter().take(1);
    list.extend(huge.map(|(name, ask, status, _)| (name, ask, status, "6000000".to_owned())));
    let send = |ask: &Ask| emulator.ask(function, ask);
    let wrong: Vec<_> = list.iter().filter_map(|bad| bad::complaint(bad, Duration::from_secs(2), send)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    emulator.ask(function, &good).good();
}

// proves: K07
#[test]
fn clients_who_leave_the_emulator_take_nothing_with_them() {
    let emulator = start_emulator();
    let body = jpeg(&photo(500, 400), 90);
    for function in functions() {
        let path = format!("/lambda-url/{function}/?format=png&compression=0");
        let request = post(&path, &body).header("content-type", "image/jpeg");
        // Some leave before the run, some in it, some while the answer comes.
        for patience in (0..20).map(|step| Duration::from_millis(20 * step)) {
            let mut connection = Connection::open(&format!("127.0.0.1:{}", emulator.port));
            connection.send(&request);
            thread::sleep(patience);
            connection.close();
        }
        let mut connection = Connection::open(&format!("127.0.0.1:{}", emulator.port));
        connection.patience(Duration::from_secs(40));
        connection.send(&request);
        let answer = connection.try_receive("POST");
        assert!(answer.is_some_and(|answer| answer.status == 200), "{function} answers nobody any more");
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
        assert!(text.contains("event-1") && text.contains("\"model\""), "{text:.500}");
    }
    assert!(!emulator.process.lines().is_empty());
}
