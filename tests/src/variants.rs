//! A network is added by a folder alone: no build, no code.

use std::path::Path;

use serde_json::{Value, json};

use crate::process::{START, Server, command, models, root, wait_for};
use crate::samples::{photo, png, read};
use crate::wire::{get, post};

/// Copies a function's models into `folder`.
pub fn copy_models(function: &str, folder: &Path) {
    for variant in std::fs::read_dir(models().join(function)).expect("models").map(|entry| entry.unwrap().path()) {
        let to = folder.join(function).join(variant.file_name().unwrap());
        std::fs::create_dir_all(&to).unwrap();
        for file in
            std::fs::read_dir(&variant).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
        {
            std::fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
        }
    }
}

/// The manifest of a tiny network of `tests/models`.
pub fn manifest(function: &str, variant: &str, network: &str, scale: usize, knobs: &Value) -> Value {
    let bytes = std::fs::read(root().join("tests/models").join(network)).expect("a tiny network");
    json!({
        "function": function, "variant": variant, "title": "Tiny", "summary": "A network of the tests.", "task": "picture",
        "licence": "Apache-2.0", "status": "ready", "from": {"command": "python tests/models/make.py"},
        "weights": [{"file": network, "precision": "float", "sha256": sha256(&bytes), "bytes": bytes.len(), "parameters": 0}],
        "picture": {"scale": scale, "halo": 0, "tile": 64}, "knobs": knobs,
        "resources": {"memory_mb": 512, "storage_mb": 512, "timeout_s": 10},
    })
}

/// Puts a tiny network into `folder` as a variant.
pub fn add(folder: &Path, manifest: &Value) {
    let text = |name: &str| manifest[name].as_str().expect("a text");
    let to = folder.join(text("function")).join(text("variant"));
    std::fs::create_dir_all(&to).unwrap();
    std::fs::write(to.join("model.json"), manifest.to_string()).unwrap();
    let file = manifest["weights"][0]["file"].as_str().expect("a file");
    std::fs::copy(root().join("tests/models").join(file), to.join(file)).unwrap();
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

// proves: K01, B07
#[test]
fn a_variant_with_a_new_knob_is_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    copy_models("lowlight", folder.path());
    let knobs = json!({"gain": {"default": 2.0, "min": 0.5, "max": 4.0, "meaning": "how many times as bright"}});
    add(folder.path(), &manifest("lowlight", "gain", "gain.onnx", 1, &knobs));
    let server = Server::start("lowlight", &[("MODELS", folder.path().to_str().unwrap())]);

    let picture = photo(150, 20);
    let body = png(&picture);
    for (query, gain) in
        [("", 2.0), ("&gain=4", 4.0), ("&gain=0.5", 0.5), ("&gain=1", 1.0), ("&gain=3&strength=1", 3.0)]
    {
        let answer = server.ask(&post(&format!("/?model=gain{query}"), &body)).good();
        assert!(answer.must("x-model").starts_with("gain@"));
        let expect: Vec<u8> = picture
            .pixels()
            .iter()
            .map(|value| (f32::from(*value) * gain).min(255.0).round_ties_even() as u8)
            .collect();
        assert_eq!(read(&answer.body).0.pixels(), expect, "{query}");
    }
    let detail = server.ask(&post("/?model=gain&gain=4.5", &body)).problem(400);
    assert!(detail.contains("`gain`") && detail.contains("from 0.5 to 4"), "{detail}");
    let detail = server.ask(&post("/?gain=2", &body)).problem(400);
    assert!(detail.contains("`gain`") && detail.contains("these have it: gain"), "{detail}");

    let tree = server.ask(&get("/models")).good().json();
    let leaf =
        tree["children"].as_array().unwrap().iter().find(|leaf| leaf["name"] == "gain").expect("the new variant");
    assert_eq!(leaf["knobs"]["gain"]["max"], 4.0);
    let document = server.ask(&get("/openapi.json")).good().json();
    let parameters = document["paths"]["/"]["post"]["parameters"].as_array().unwrap();
    let schema = |name: &str| &parameters.iter().find(|one| one["name"] == name).expect("a parameter")["schema"];
    assert!(schema("gain")["minimum"] == 0.5 && schema("gain")["default"] == 2.0, "{}", schema("gain"));
    assert!(schema("model")["enum"].as_array().unwrap().contains(&json!("gain")));
    assert!(server.ask(&get("/").accept("text/html")).good().text().contains("how many times as bright"));
}

#[test]
fn a_precision_that_a_variant_lacks_is_not_asked_of_it() {
    let server = Server::start("dehaze", &[("PRECISION", "int8")]);
    server.ask(&post("/?model=dark-channel", &png(&photo(32, 32)))).good();
    let serves = |name: &str| server.ask(&get(&format!("/models/{name}"))).good().json()["serves"]["precision"].clone();
    assert_eq!((serves("dark-channel"), serves("default")), (json!("float"), json!("int8")));
}

// proves: U14
#[test]
fn an_answer_larger_than_is_given_back_is_told_before_it_is_made() {
    let server = Server::start("upscale", &[("MAX_PIXELS", "10000")]);
    let picture = png(&photo(100, 100));
    let detail = server.ask(&post("/", &picture)).problem(413);
    assert!(detail.contains("100 x 100") && detail.contains("`max_side=74`"), "{detail}");
    let (answer, _) = read(&server.ask(&post("/?max_side=74", &picture)).good().body);
    assert_eq!((answer.width(), answer.height()), (222, 222));
}

// proves: K01, U01
#[test]
fn a_sibling_of_another_scale_is_chosen_by_scale() {
    let folder = tempfile::tempdir().unwrap();
    copy_models("upscale", folder.path());
    add(folder.path(), &manifest("upscale", "default-x2", "twice.onnx", 2, &json!({})));
    let server = Server::start("upscale", &[("MODELS", folder.path().to_str().unwrap())]);
    let picture = photo(70, 9);
    let answer = server.ask(&post("/?scale=2", &png(&picture))).good();
    assert!(answer.must("x-model").starts_with("default-x2@"));
    let (twice, _) = read(&answer.body);
    assert_eq!((twice.width(), twice.height()), (140, 18));
    for at in 0..140 * 18 {
        let from = (at / 140 / 2 * 70 + at % 140 / 2) * 3;
        assert_eq!(twice.pixels()[at * 3..][..3], picture.pixels()[from..][..3]);
    }
    let detail = server.ask(&post("/?scale=3&model=default-x2", &png(&picture))).problem(400);
    assert!(detail.contains("default-x2") && detail.contains('2'), "{detail}");
    let settings = [("MODELS", folder.path().to_str().unwrap()), ("MODEL", "default-x2")];
    let other = Server::start("upscale", &settings);
    let answer = other.ask(&post("/?scale=3", &png(&picture))).good();
    assert!(answer.must("x-model").starts_with("default@"), "the default's sibling, from the other side");
    let detail = server.ask(&post("/?scale=2&denoise=1", &png(&picture))).problem(400);
    assert!(detail.contains("denoise") && detail.contains("default"), "{detail}");
}

#[test]
fn a_broken_variant_is_listed_with_its_reason_and_refused() {
    let folder = tempfile::tempdir().unwrap();
    copy_models("lowlight", folder.path());
    let mut broken = manifest("lowlight", "broken", "same.onnx", 1, &json!({}));
    broken["status"] = json!("broken");
    broken["reason"] = json!("its makers took the weights back");
    add(folder.path(), &broken);
    let server = Server::start("lowlight", &[("MODELS", folder.path().to_str().unwrap())]);
    let tree = server.ask(&get("/models")).good().json();
    let leaf =
        tree["children"].as_array().unwrap().iter().find(|leaf| leaf["name"] == "broken").expect("the broken variant");
    assert_eq!((&leaf["status"], &leaf["reason"]), (&json!("broken"), &broken["reason"]));
    let detail = server.ask(&post("/?model=broken", &png(&photo(8, 8)))).problem(400);
    assert!(detail.contains("took the weights back"), "{detail}");
}

#[test]
fn a_network_that_cannot_be_tiled_says_how_to_shrink() {
    let folder = tempfile::tempdir().unwrap();
    let mut whole = manifest("lowlight", "default", "same.onnx", 1, &json!({}));
    whole["picture"]["max"] = json!(64);
    add(folder.path(), &whole);
    let server = Server::start("lowlight", &[("MODELS", folder.path().to_str().unwrap())]);
    server.ask(&post("/", &png(&photo(64, 64)))).good();
    let detail = server.ask(&post("/", &png(&photo(65, 20)))).problem(413);
    assert!(detail.contains("max_side=64"), "{detail}");
    server.ask(&post("/?max_side=64", &png(&photo(65, 20)))).good();
}

// proves: K01
#[test]
fn a_face_that_differs_from_the_manifest_is_a_clear_line_at_start() {
    for (wrong, says) in [
        (manifest("lowlight", "default", "gain.onnx", 1, &json!({})), "`gain`"),
        (
            manifest(
                "lowlight",
                "default",
                "same.onnx",
                1,
                &json!({"k": {"default": 0, "min": 0, "max": 1, "meaning": "m"}}),
            ),
            "`k`",
        ),
        (manifest("lowlight", "default", "twice.onnx", 1, &json!({})), ""),
    ] {
        let folder = tempfile::tempdir().unwrap();
        add(folder.path(), &wrong);
        let done = command("lowlight", &[("MODELS", folder.path().to_str().unwrap())]).output().unwrap();
        let stderr = String::from_utf8_lossy(&done.stderr);
        assert_eq!((done.status.code(), stderr.lines().count()), (Some(1), 1), "{stderr}");
        assert!(stderr.starts_with("lowlight: ") && stderr.contains(says), "{stderr}");
    }
}

/// The digest that serves, asked until it is another than `before`.
fn taken_up(server: &Server, variant: &str, before: &str) -> String {
    let ask = post(&format!("/?model={variant}"), &png(&photo(8, 8)));
    wait_for(START, "another digest", || {
        let answer = server.ask(&ask).good();
        let digest = answer.must("x-model").to_owned();
        (digest != before).then_some(digest)
    })
}

// proves: U13
#[test]
fn models_replaced_on_disk_are_taken_up_without_a_failed_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    add(folder.path(), &manifest("faulty", "default", "same.onnx", 1, &json!({})));
    let server = Server::start("faulty", &[("MODELS", &path), ("RELOAD_S", "1")]);
    let picture = photo(30, 20);
    let ask = post("/", &png(&picture));
    let digest = server.ask(&ask).good().must("x-model").to_owned();
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut answers = Vec::new();
            while !over.load(std::sync::atomic::Ordering::Acquire) {
                answers.push(server.ask(&ask).good());
            }
            answers
        });
        // A network of twice the size takes the place of the one that gives the picture back.
        add(folder.path(), &manifest("faulty", "default", "twice.onnx", 2, &json!({})));
        let second = taken_up(&server, "default", &digest);
        assert_eq!(server.ask(&get("/models/default")).good().json()["picture"]["scale"], 2);
        // A broken one is refused and told of; the one before serves on.
        let file = folder.path().join("faulty/default/twice.onnx");
        std::fs::write(&file, b"no network").unwrap();
        let told = server.process.hear_log("a model is not taken up", START, |_| true).expect("it is logged");
        assert!(told["cause"].as_str().unwrap().contains("twice.onnx"), "{told}");
        assert_eq!(server.ask(&ask).good().must("x-model"), second);
        // So is a manifest that can't be read.
        std::fs::write(folder.path().join("faulty/default/model.json"), "{").unwrap();
        let manifest_told = |line: &Value| line["cause"].as_str().is_some_and(|cause| cause.contains("model.json"));
        server.process.hear_log("a model is not taken up", START, manifest_told).expect("it is logged");
        server.ask(&ask).good();
        add(folder.path(), &manifest("faulty", "default", "same.onnx", 1, &json!({})));
        assert_eq!(taken_up(&server, "default", &second), digest);
        over.store(true, std::sync::atomic::Ordering::Release);
        for answer in asking.join().unwrap() {
            // Either network's whole answer, and the digest that belongs to it.
            let scale = if answer.must("x-model") == digest { 1 } else { 2 };
            assert_eq!(read(&answer.body).0.width(), 30 * scale);
        }
    });
    // A new variant is there without a start; one that was removed is not.
    add(folder.path(), &manifest("faulty", "more", "same.onnx", 1, &json!({})));
    let more = post("/?model=more", &png(&picture));
    wait_for(START, "the new variant", || (server.ask(&more).status == 200).then_some(()));
    let named = server.ask(&get("/openapi.json")).good().text();
    assert!(named.contains("\"more\""), "the document names it");
    std::fs::remove_dir_all(folder.path().join("faulty/more")).unwrap();
    wait_for(START, "its end", || (server.ask(&more).status == 400).then_some(()));
}

// proves: U13
#[test]
fn variants_are_opened_once_and_the_least_used_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    // Padded to half a megabyte each: what is counted is the files.
    for variant in ["default", "one", "two", "three"] {
        add(folder.path(), &manifest("faulty", variant, "same.onnx", 1, &json!({})));
        pad(&folder.path().join("faulty").join(variant), 500_000);
    }
    let server = Server::start("faulty", &[("MODELS", &path), ("MODEL_MEMORY_MB", "1")]);
    let open = || {
        let text = server.ask(&get("/metrics")).good().text();
        let line = text.lines().find(|line| line.starts_with("darkroom_models_open{")).expect("the gauge").to_owned();
        line.rsplit(' ').next().unwrap().parse::<usize>().unwrap()
    };
    let ask = |variant: &str| post(&format!("/?model={variant}"), &png(&photo(8, 8)));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| server.ask(&ask("one")).good());
        }
    });
    assert_eq!(open(), 2);
    for variant in ["two", "three", "one", "default", "two"] {
        assert!(server.ask(&ask(variant)).good().must("x-model").starts_with(variant));
        assert_eq!(open(), 2, "the default and the last");
    }
}

/// Makes a network's file longer without changing it (a field that no reader of ONNX knows), and its manifest fit.
fn pad(folder: &Path, bytes: usize) {
    let path = folder.join("same.onnx");
    let mut network = std::fs::read(&path).unwrap();
    // The model's `doc_string` (ONNX IR, field 6 of ModelProto).
    let text = vec![b' '; bytes];
    network.push(6 << 3 | 2);
    let mut length = text.len();
    while length >= 0x80 {
        network.push((length as u8 & 0x7f) | 0x80);
        length >>= 7;
    }
    network.push(length as u8);
    network.extend(text);
    std::fs::write(&path, &network).unwrap();
    let manifest = folder.join("model.json");
    let mut words: Value = serde_json::from_slice(&std::fs::read(&manifest).unwrap()).unwrap();
    words["weights"][0]["sha256"] = json!(sha256(&network));
    words["weights"][0]["bytes"] = json!(network.len());
    std::fs::write(&manifest, words.to_string()).unwrap();
}
