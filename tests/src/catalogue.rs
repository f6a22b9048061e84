//! The catalogue: variants in families, those that are not here with the reason, and those that come by a folder alone.

use std::path::Path;

use serde_json::{Value, json};

use crate::process::{START, Server, command, root, wait_for};
use crate::samples::{photo, png, read};
use crate::variants::{add, copy_models, manifest};
use crate::wire::{get, post};

/// The leaves of the tree that a function answers.
pub fn leaves(server: &Server) -> Vec<Value> {
    fn of(node: &Value) -> Vec<Value> {
        match node["children"].as_array() {
            Some(children) if !children.is_empty() => children.iter().flat_map(of).collect(),
            _ => vec![node.clone()],
        }
    }
    of(&server.ask(&get("/models")).good().json())
}

fn leaf(server: &Server, name: &str) -> Value {
    leaves(server).into_iter().find(|leaf| leaf["name"] == name).unwrap_or_else(|| panic!("no leaf {name}"))
}

/// The variants that OpenAPI offers, and what it says of the others.
fn offered(server: &Server) -> (Vec<String>, String) {
    let document = server.ask(&get("/openapi.json")).good().json();
    let parameters = document["paths"]["/"]["post"]["parameters"].as_array().unwrap().clone();
    let model = &parameters.iter().find(|one| one["name"] == "model").expect("the option")["schema"];
    let names = model["enum"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned());
    (names.collect(), model["description"].as_str().unwrap().to_owned())
}

/// A tiny network as the converter writes one: its status is `fetch`, and there is a row for 8 bits.
fn published(function: &str, variant: &str, network: &str, scale: usize) -> Value {
    let mut told = manifest(function, variant, network, scale, &json!({}));
    told["status"] = json!("fetch");
    told["weights"][0]["file"] = json!("converted.onnx");
    let mut small = told["weights"][0].clone();
    (small["file"], small["precision"]) = (json!("converted.int8.onnx"), json!("int8"));
    told["weights"].as_array_mut().unwrap().push(small);
    told["from"] = json!({"converter": "made", "format": "onnx", "files": []});
    told
}

/// Puts the manifest of a variant into `folder`; its files are still away.
fn announce(folder: &Path, manifest: &Value) {
    let to = place(folder, manifest);
    std::fs::create_dir_all(&to).unwrap();
    std::fs::write(to.join("model.json"), manifest.to_string()).unwrap();
}

/// Puts its float file there, whole at once as `make weights` does.
fn fetch(folder: &Path, manifest: &Value, bytes: &[u8]) {
    let to = place(folder, manifest);
    std::fs::write(to.join("unfinished"), bytes).unwrap();
    std::fs::rename(to.join("unfinished"), to.join("converted.onnx")).unwrap();
}

fn place(folder: &Path, manifest: &Value) -> std::path::PathBuf {
    folder.join(manifest["function"].as_str().unwrap()).join(manifest["variant"].as_str().unwrap())
}

fn network(name: &str) -> Vec<u8> {
    std::fs::read(root().join("tests/models").join(name)).expect("a tiny network")
}

fn start(folder: &Path, function: &str) -> Server {
    Server::start(function, &[("MODELS", folder.to_str().unwrap()), ("RELOAD_S", "1")])
}

/// The one line with which a start fails.
fn refused(folder: &Path, more: &[(&str, &str)]) -> String {
    let settings = [&[("MODELS", folder.to_str().unwrap())], more].concat();
    let done = command("faulty", &settings).output().unwrap();
    let stderr = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!((done.status.code(), stderr.lines().count()), (Some(1), 1), "{stderr}");
    stderr
}

// proves: D02
#[test]
fn variants_of_one_family_stand_under_a_node() {
    let folder = tempfile::tempdir().unwrap();
    add(folder.path(), &manifest("faulty", "default", "same.onnx", 1, &json!({})));
    for (variant, family, paper) in [
        ("many-1", "many", "https://example.org/paper"),
        ("many-2", "many", "https://example.org/paper"),
        ("one-1", "one", "https://example.org/one"),
        ("two-1", "two", "https://example.org/first"),
        ("two-2", "two", "https://example.org/second"),
    ] {
        let mut told = manifest("faulty", variant, "same.onnx", 1, &json!({}));
        told["family"] = json!({"name": family, "title": family.to_uppercase()});
        told["paper"] = json!(paper);
        (told["licence"], told["terms"]) = (json!("GPL-3.0"), json!("copyleft"));
        add(folder.path(), &told);
    }
    let server = start(folder.path(), "faulty");
    let tree = server.ask(&get("/models")).good().json();
    let names =
        |node: &Value| node["children"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&tree), ["default", "many", "one-1", "two"], "a family of one is a leaf");
    let node = &tree["children"][1];
    assert_eq!(
        (&node["type"], &node["title"], &node["path"]),
        (&json!("family"), &json!("MANY"), &json!("models/many"))
    );
    assert_eq!(node["description"], "2 networks after https://example.org/paper");
    assert_eq!(names(node), ["many-1", "many-2"]);
    let leaf = &node["children"][0];
    assert_eq!(
        (&leaf["licence"], &leaf["terms"], &leaf["children"]),
        (&json!("GPL-3.0"), &json!("copyleft"), &json!([]))
    );
    assert_eq!(tree["children"][3]["description"], "2 networks", "of two papers");
    assert_eq!(tree["children"][0]["terms"], "free");
    assert_eq!(&server.ask(&get("/models/many")).good().json(), node);
    assert_eq!(server.ask(&get("/models/many-2")).good().json()["family"]["title"], "MANY");
    server.ask(&get("/models/one")).problem(404);
    let paths = server.ask(&get("/openapi.json")).good().json();
    let known = &paths["paths"]["/models/{variant}"]["get"]["parameters"][0]["schema"]["enum"];
    assert!(known.as_array().unwrap().contains(&json!("many")) && !known.as_array().unwrap().contains(&json!("one")));
}

#[test]
fn a_family_named_like_a_variant_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    add(folder.path(), &manifest("faulty", "default", "same.onnx", 1, &json!({})));
    let server = start(folder.path(), "faulty");
    let mut wrong = manifest("faulty", "another", "same.onnx", 1, &json!({}));
    wrong["family"] = json!({"name": "default", "title": "Default"});
    add(folder.path(), &wrong);
    let says = "the family of `another` is named `default`, as a variant is";
    let told = server.process.hear_log("a model is not taken up", START, |_| true).expect("it is logged");
    assert!(told["cause"].as_str().unwrap().contains(says), "{told}");
    server.ask(&post("/", &png(&photo(8, 8)))).good();
    let line = refused(folder.path(), &[]);
    assert!(line.contains(says), "{line}");
}

// proves: D04
#[test]
fn what_is_not_here_is_listed_with_the_reason_and_refused_by_it() {
    let folder = tempfile::tempdir().unwrap();
    add(folder.path(), &manifest("faulty", "default", "same.onnx", 1, &json!({})));
    let mut away = Vec::new();
    for (variant, status, terms, reason) in [
        ("free", "fetch", "free", "not here yet: `make weights FUNCTION=faulty MODEL=free` fetches it"),
        (
            "barred",
            "fetch",
            "non-commercial",
            "not here yet: `make weights FUNCTION=faulty MODEL=barred ACCEPT_LICENCES=non-commercial` fetches it",
        ),
        ("asked", "upstream-only", "free", "its makers send it to who asks"),
        ("broken", "broken", "free", "its makers took the weights back"),
    ] {
        let mut told = published("faulty", variant, "twice.onnx", 2);
        (told["status"], told["terms"], told["picture"]) = (json!(status), json!(terms), json!({}));
        if status != "fetch" {
            told["reason"] = json!(reason);
            told["weights"] = json!([]);
        }
        announce(folder.path(), &told);
        away.push((variant, status, reason));
    }
    let server = start(folder.path(), "faulty");
    for (variant, status, reason) in &away {
        let leaf = leaf(&server, variant);
        assert_eq!((&leaf["status"], &leaf["reason"]), (&json!(status), &json!(reason)));
        let card = server.ask(&get(&format!("/models/{variant}"))).good().json();
        assert_eq!((&card["status"], &card["reason"]), (&json!(status), &json!(reason)));
        let detail = server.ask(&post(&format!("/?model={variant}"), &png(&photo(8, 8)))).problem(400);
        assert_eq!(detail, format!("model `{variant}` can't be used ({reason})"));
    }
    let (names, more) = offered(&server);
    assert_eq!(names, ["default"]);
    assert!(more.contains("4 more are not here"), "{more}");
    let detail = server.ask(&post("/?model=unknown", &png(&photo(8, 8)))).problem(400);
    assert!(detail.contains("there is no model `unknown`; there are default"), "{detail}");
    let line = refused(folder.path(), &[("MODEL", "barred")]);
    assert!(line.contains("ACCEPT_LICENCES=non-commercial") && line.contains("MODEL"), "{line}");
}

#[test]
fn a_fetched_file_is_taken_up_and_a_wrong_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    add(folder.path(), &manifest("faulty", "default", "same.onnx", 1, &json!({})));
    let told = published("faulty", "late", "twice.onnx", 2);
    announce(folder.path(), &told);
    // What a conversion has not finished is none of the variants.
    std::fs::create_dir_all(folder.path().join("faulty/.weights-1")).unwrap();
    std::fs::write(folder.path().join("faulty/.weights-1/model.json"), told.to_string()).unwrap();
    let server = start(folder.path(), "faulty");
    let ask = post("/?model=late", &png(&photo(30, 20)));
    assert!(server.ask(&ask).problem(400).contains("not here yet"));
    let mut wrong = network("twice.onnx");
    *wrong.last_mut().unwrap() ^= 1;
    fetch(folder.path(), &told, &wrong);
    let line = server.process.hear_log("a model is not taken up", START, |_| true).expect("it is logged");
    let cause = line["cause"].as_str().unwrap();
    assert!(cause.contains("converted.onnx: the file is not the one that the manifest names"), "{cause}");
    assert!(server.ask(&ask).problem(400).contains("not here yet"));
    fetch(folder.path(), &told, &network("twice.onnx"));
    let answer =
        wait_for(START, "the fetched network", || Some(server.ask(&ask)).filter(|answer| answer.status == 200));
    assert_eq!(read(&answer.body).0.width(), 60);
    let leaf = leaf(&server, "late");
    assert_eq!((&leaf["status"], &leaf["reason"], &leaf["serves"]), (&json!("ready"), &Value::Null, &json!("float")));
    assert_eq!(offered(&server).0, ["default", "late"]);
    std::fs::remove_file(folder.path().join("faulty/late/converted.onnx")).unwrap();
    wait_for(START, "its end", || (server.ask(&ask).status == 400).then_some(()));
    assert_eq!(offered(&server).0, ["default"]);
}

// proves: D03
#[test]
fn a_made_up_variant_is_a_manifest_and_a_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    copy_models("lowlight", folder.path());
    add(folder.path(), &manifest("lowlight", "made-up", "same.onnx", 1, &json!({})));
    let told = published("lowlight", "made-up-too", "same.onnx", 1);
    announce(folder.path(), &told);
    fetch(folder.path(), &told, &network("same.onnx"));
    let server = start(folder.path(), "lowlight");
    let picture = photo(40, 30);
    for name in ["made-up", "made-up-too"] {
        let answer = server.ask(&post(&format!("/?model={name}"), &png(&picture))).good();
        assert!(answer.must("x-model").starts_with(&format!("{name}@")));
        assert_eq!(read(&answer.body).0.pixels(), picture.pixels());
        let leaf = leaf(&server, name);
        assert_eq!(
            (&leaf["status"], &leaf["title"], &leaf["type"]),
            (&json!("ready"), &json!("Tiny"), &json!("picture"))
        );
        assert!(offered(&server).0.iter().any(|one| one == name));
    }
    assert!(server.ask(&get("/").accept("text/html")).good().text().contains("made-up-too"));
}
