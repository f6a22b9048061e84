//! Every function against its own OpenAPI document: Schemathesis draws requests from it, right ones and wrong ones, and
//! looks whether each answer is one that the document has.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use serde_json::Value;

use crate::process::{Server, ffmpeg, functions, root, shared, tool};
use crate::wire::get;

/// Right requests, so many that each address gets its share however slow the machine is; the wrong ones that the document's
/// limits make; more of both for a bounded time; and, where nothing is kept, the right ones that the document makes.
const RIGHT: &[&str] = &["--mode", "positive"];
const WRONG: &[&str] = &["--mode", "negative", "--phases", "coverage"];
const MORE: &[&str] = &["--mode", "all", "--phases", "fuzzing,stateful", "--max-time", "10"];
const NOTHING_KEPT: &[&str] = &["--mode", "positive", "--phases", "examples,coverage"];

/// Of a hundred right requests to an address that runs a model, at least so many must have come through to it.
const ANSWERED: usize = 30;

/// How often each status came, by method and path.
type Counts = BTreeMap<String, BTreeMap<u64, usize>>;

/// Draws requests and sends them; fails where an answer is not as the document says.
fn draw(server: &Server, how: &[&str]) -> Counts {
    let folder = tempfile::tempdir().unwrap();
    let (report, base) = (folder.path().join("report.ndjson"), format!("http://{}", server.address));
    let mut command = Command::new(tool("schema/bin/schemathesis"));
    command.current_dir(folder.path()).arg("--config-file").arg(root().join("tests/schema/schemathesis.toml"));
    command.env("SCHEMATHESIS_HOOKS", root().join("tests/schema/hooks.py"));
    command.args(["run", &format!("{base}/openapi.json"), "--url", &base, "--no-color"]).args(how);
    command.args(["--report", "ndjson", "--report-ndjson-path"]).arg(&report);
    command
        .env("FFMPEG", ffmpeg())
        .env("no_proxy", "127.0.0.1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("COLUMNS", "160");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{how:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    counts(&report)
}

/// What the report tells of every request that was sent.
fn counts(report: &Path) -> Counts {
    let mut counts = Counts::new();
    for line in std::fs::read_to_string(report).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let recorder = &line["ScenarioFinished"]["recorder"];
        for (id, sent) in recorder["interactions"].as_object().into_iter().flatten() {
            let case = &recorder["cases"][id]["value"];
            let operation = format!("{} {}", case["method"].as_str().unwrap(), case["path"].as_str().unwrap());
            let status = sent["response"]["status_code"].as_u64().unwrap_or_else(|| panic!("no answer: {sent}"));
            *counts.entry(operation).or_default().entry(status).or_default() += 1;
        }
    }
    counts
}

/// The operations of a document, and those of them that run a model.
fn operations(server: &Server) -> (BTreeSet<String>, Vec<String>) {
    let document = server.ask(&get("/openapi.json")).good().json();
    let (mut all, mut runs) = (BTreeSet::new(), Vec::new());
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            let name = format!("{} {path}", method.to_uppercase());
            if method == "post" && !["/uploads", "/warmup"].contains(&&**path) {
                runs.push(name.clone());
            }
            all.insert(name);
        }
    }
    (all, runs)
}

fn check(function: &str) {
    let store = tempfile::tempdir().unwrap();
    let server = Server::start(function, &[("STORE", store.path().to_str().unwrap())]);
    let (all, runs) = operations(&server);
    let [right, wrong, more] = [RIGHT, WRONG, MORE].map(|how| draw(&server, how));
    // The document itself is what is read first, and not drawn for.
    let missed: Vec<_> = all.iter().filter(|one| !right.contains_key(*one) && *one != "GET /openapi.json").collect();
    assert!(missed.is_empty(), "{function}: nothing was sent to {missed:?}");
    for (operation, statuses) in right.iter().chain(&wrong).chain(&more) {
        assert!(statuses.keys().all(|status| *status < 500), "{function} {operation}: {statuses:?}");
    }
    for operation in &runs {
        let statuses = &right[operation];
        let (good, sent) = (statuses.get(&200).copied().unwrap_or(0), statuses.values().sum::<usize>());
        assert!(good * 100 >= sent * ANSWERED, "{function} {operation}: {good} of {sent} came through: {statuses:?}");
        println!("{function} {operation}: {good} of {sent} right requests answered 200");
    }
    drop(server);
    let server = Server::start(function, &[]);
    let right = draw(&server, NOTHING_KEPT);
    // What 501 is documented for is the tool's to find; that nothing runs without a store is ours.
    assert!(right["POST /uploads"].keys().all(|status| *status == 501), "{function}: {right:?}");
    assert!(right["POST /"].contains_key(&200), "{function}: {right:?}");
}

// proves: D13, B07
#[test]
fn every_function_keeps_to_its_document() {
    let left = Mutex::new(functions());
    // Two at a time: as many as a small machine has cores.
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(function) = left.lock().unwrap().pop() else { return };
                    check(&function);
                }
            });
        }
    });
}

// proves: D13
#[test]
fn the_page_keeps_to_its_document() {
    let server = shared("studio");
    let all = operations(&server).0;
    let [right, wrong] = [RIGHT, WRONG].map(|how| draw(&server, how));
    for operation in all.iter().filter(|one| *one != "GET /openapi.json") {
        assert!(right[operation].contains_key(&200), "{operation}: {right:?}");
    }
    assert!(wrong.values().flat_map(BTreeMap::keys).all(|status| *status < 500), "{wrong:?}");
}
