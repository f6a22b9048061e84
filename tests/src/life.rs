//! A server's life: crowds, panics, deadlines, clients who leave, the end.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::process::{Process, START, Server, command, wait_for};
use crate::samples::{photo, png};
use crate::variants::{add, manifest};
use crate::wire::{Answer, Ask, Connection, get, post, send};

/// The function that fails to order, and the folder of its model and of the files it waits for.
struct Faulty {
    server: Server,
    folder: TempDir,
}

fn faulty_models() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    add(folder.path(), &manifest("faulty", "default", "same.onnx", 1, &json!({})));
    folder
}

fn faulty(settings: &[(&str, &str)]) -> Faulty {
    let folder = faulty_models();
    let models = [("MODELS", folder.path().to_str().unwrap())];
    let server = Server::start("faulty", &[&models, settings].concat());
    Faulty { server, folder }
}

impl Faulty {
    /// A request that is held until `release`d, and the file that it waits for.
    fn held(&self, name: &str) -> (Ask, PathBuf) {
        let file = self.folder.path().join(name);
        (post(&format!("/?hold={}", file.display()), &png(&photo(8, 8))), file)
    }

    fn good(&self) {
        self.server.ask(&post("/", &png(&photo(9, 9)))).good();
    }
}

fn release(file: &Path) {
    std::fs::write(file, "").unwrap();
}

fn wait_held(file: &Path) {
    let held = file.with_extension("held");
    wait_for(START, "a run that is held", || held.exists().then_some(()));
}

/// `count` such requests at once: the refused, and then, once `file` is there, the served.
fn crowd(server: &Server, ask: &Ask, file: &Path, count: usize, refused: usize) -> (Vec<Answer>, Vec<Answer>) {
    let (tell, told) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..count {
            let tell = tell.clone();
            scope.spawn(move || tell.send(send(&server.address, ask)).unwrap());
        }
        let first: Vec<_> = (0..refused).map(|_| told.recv_timeout(START).expect("a refusal")).collect();
        release(file);
        (first, (refused..count).map(|_| told.recv_timeout(START).expect("an answer")).collect())
    })
}

// proves: U08, U14
#[test]
fn a_full_queue_refuses_and_says_when_to_come_again() {
    let faulty = faulty(&[("INSTANCES", "1"), ("QUEUE", "1")]);
    let (ask, file) = faulty.held("go");
    let (refused, served) = crowd(&faulty.server, &ask, &file, 7, 5);
    for answer in refused {
        answer.problem(429);
        assert!((1..=60).contains(&answer.must("retry-after").parse::<u64>().unwrap()));
    }
    assert!(served.into_iter().all(|answer| answer.good().status == 200));
    faulty.good();
}

// proves: U08
#[test]
fn who_leaves_the_queue_makes_room() {
    let faulty = faulty(&[("INSTANCES", "1"), ("QUEUE", "1")]);
    let (ask, file) = faulty.held("go");
    let running = Connection::start(&faulty.server.address, &ask);
    wait_held(&file);
    // Of three who come, one waits and two are refused.
    let mut come: Vec<_> = (0..3).map(|_| Connection::start(&faulty.server.address, &ask)).collect();
    come.iter_mut().for_each(|one| one.patience(Duration::from_millis(100)));
    let mut waiting = wait_for(START, "a full queue", || {
        come.retain_mut(|one| one.try_receive("POST").is_none_or(|answer| answer.status != 429));
        (come.len() == 1).then(|| come.remove(0))
    });
    waiting.close();
    let mut next = wait_for(START, "room in the queue", || {
        let mut next = Connection::start(&faulty.server.address, &ask);
        next.patience(Duration::from_millis(300));
        next.try_receive("POST").is_none().then_some(next)
    });
    next.patience(START);
    release(&file);
    next.receive("POST").good();
    let mut running = running;
    running.receive("POST").good();
}

// proves: E06, U08
#[test]
fn as_many_instances_run_side_by_side_as_the_setting_says() {
    let faulty = faulty(&[("INSTANCES", "4")]);
    assert_eq!(faulty.server.ready["instances"], 4);
    let held: Vec<_> = (0..4).map(|name| faulty.held(&format!("go-{name}"))).collect();
    let running: Vec<_> = held.iter().map(|(ask, _)| Connection::start(&faulty.server.address, ask)).collect();
    // All four run before one of them may end.
    held.iter().for_each(|(_, file)| wait_held(file));
    held.iter().for_each(|(_, file)| release(file));
    for mut running in running {
        running.receive("POST").good();
    }
}

// proves: U14
#[test]
fn a_run_past_its_deadline_is_a_504_and_ends() {
    let faulty = faulty(&[("INSTANCES", "1"), ("DEADLINE_S", "1")]);
    let (ask, _) = faulty.held("never");
    let start = Instant::now();
    // One runs, one waits for its place: neither may take longer than the deadline.
    let waits: Vec<_> = (0..2).map(|_| Connection::start(&faulty.server.address, &ask)).collect();
    for mut one in waits {
        let detail = one.receive("POST").problem(504);
        assert!(detail.contains("time allowed"), "{detail}");
    }
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    faulty.good();
}

// proves: U14
#[test]
fn a_panic_is_a_500_without_its_words_and_the_next_request_works() {
    let faulty = faulty(&[("INSTANCES", "1")]);
    for _ in 0..3 {
        let answer = faulty.server.ask(&post("/?panic=true", &png(&photo(8, 8))).header("x-request-id", "boom"));
        let detail = answer.problem(500);
        assert!(!detail.contains("ordered") && detail.contains("log"), "{detail}");
        faulty.good();
    }
    let server = &faulty.server.process;
    let line = server.hear_log("answered", START, |line| line["id"] == "boom").expect("a log line");
    assert!(line["level"] == "error" && line["cause"].as_str().is_some_and(|cause| cause.contains("panic")), "{line}");
    server.hear_log("panic", START, |line| line["what"] == "as ordered").expect("the panic's own words in the log");
}

// proves: K05, U05
#[test]
fn until_it_is_warm_a_function_says_so() {
    let folder = faulty_models();
    let go = folder.path().join("go");
    // The port must be known before the function says that it is ready.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let settings =
        [("MODELS", folder.path().to_str().unwrap()), ("FAULTY_HOLD", go.to_str().unwrap()), ("PORT", &port)];
    let process = Process::spawn(&mut command("faulty", &settings));
    wait_held(&go);
    let ask = |ask: &Ask| send(&format!("127.0.0.1:{port}"), ask);
    ask(&get("/healthz")).good();
    for request in [get("/readyz"), post("/", &png(&photo(8, 8)))] {
        assert!(ask(&request).problem(503).contains("warm"));
    }
    assert!(!process.lines().iter().any(|line| line.contains("\"ready\"")));
    release(&go);
    process.hear_log("ready", START, |_| true).expect("ready");
    ask(&get("/readyz")).good();
    ask(&post("/", &png(&photo(8, 8)))).good();
}

// proves: U05
#[test]
fn sigterm_lets_running_and_waiting_requests_end() {
    let faulty = faulty(&[("INSTANCES", "1"), ("QUEUE", "1")]);
    let (ask, file) = faulty.held("go");
    let idle = Connection::open(&faulty.server.address);
    let (tell, told) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..3 {
            let (tell, ask, server) = (tell.clone(), &ask, &faulty.server);
            scope.spawn(move || tell.send(send(&server.address, ask)).unwrap());
        }
        // One is refused: so one runs and one waits.
        told.recv_timeout(START).unwrap().problem(429);
        faulty.server.process.terminate();
        wait_for(START, "a closed door", || {
            std::net::TcpStream::connect(&faulty.server.address).is_err().then_some(())
        });
        release(&file);
        for _ in 0..2 {
            told.recv_timeout(START).unwrap().good();
        }
    });
    // A client that keeps its connection and asks nothing is not waited for.
    let (status, stderr) = faulty.server.process.end(Duration::from_secs(5));
    drop(idle);
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
}
