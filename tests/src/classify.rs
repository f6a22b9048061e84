//! classify: classes with their probabilities, in words alone.

use common::Picture;
use serde_json::{Value, json};

use crate::process::{Server, command, models, shared};
use crate::samples::{jpeg, photo, png, sample};
use crate::start::refused;
use crate::variants::{add, manifest};
use crate::wire::{Answer, get, post, post_form, post_json};

/// The classes of an answer as (id, name, score).
fn classes(answer: Answer) -> Vec<(u64, String, f64)> {
    let data = answer.good().json()["data"].clone();
    let one = |class: &Value| {
        let name = class["name"].as_str().expect("a name").to_owned();
        (class["class_id"].as_u64().expect("a number"), name, class["score"].as_f64().expect("a score"))
    };
    data["classes"].as_array().expect("classes").iter().map(one).collect()
}

// proves: O01
#[test]
fn ten_classes_share_one_probability_the_best_first() {
    let server = shared("classify");
    let text = std::fs::read_to_string(models().join("classify/default/labels.txt")).expect("the labels");
    let names: Vec<_> = text.lines().collect();
    assert_eq!(names.len(), 10);
    for picture in [sample("cat_chelsea", 300), sample("street_buses", 200), photo(1, 1), photo(700, 9)] {
        let all = classes(server.ask(&post("/?top_k=10", &png(&picture))));
        assert_eq!(all.len(), 10);
        assert!((all.iter().map(|class| class.2).sum::<f64>() - 1.0).abs() < 1e-3, "{all:?}");
        assert!(all.windows(2).all(|pair| pair[0].2 >= pair[1].2), "{all:?}");
        assert!(all.iter().all(|(id, name, _)| names[*id as usize] == name), "{all:?}");
        let five = classes(server.ask(&post("/", &png(&picture))));
        assert_eq!(five[..], all[..5], "five where nothing is asked");
        let sure = classes(server.ask(&post("/?threshold=0.2", &png(&picture))));
        assert_eq!(sure[..], all[..all.iter().filter(|class| class.2 >= 0.2).count()]);
    }
}

// proves: O01
#[test]
fn a_cat_is_a_cat() {
    let best = &classes(shared("classify").ask(&post("/", &jpeg(&sample("cat_chelsea", 300), 90))))[0];
    assert_eq!((best.0, &*best.1), (3, "cat"), "{best:?}");
}

// proves: O01
#[test]
fn all_forms_get_the_envelope_and_no_form_a_picture() {
    let server = shared("classify");
    let picture = png(&photo(40, 30));
    let raw = server.ask(&post("/?req_id=7", &picture)).good();
    assert_eq!((raw.must("content-type"), &raw.json()["req_id"]), ("application/json", &json!("7")));
    let of = |answer: Answer| answer.good().json()["data"]["classes"].clone();
    let expect = raw.json()["data"]["classes"].clone();
    for path in ["/", "/predict", "/enhance"] {
        assert_eq!(of(server.ask(&post_form(path, &[("image", "a.png", &picture)]))), expect, "{path}");
    }
    assert_eq!(of(server.ask(&post_json("/", &crate::wire::envelope(&picture, "7")))), expect);
    for accept in ["image/*", "image/png", "text/plain"] {
        let detail = server.ask(&post("/", &picture).accept(accept)).problem(406);
        assert!(detail.contains("application/json"), "{detail}");
    }
    for (query, says) in [("top_k=0", "`top_k`"), ("threshold=1.1", "from 0 to 1"), ("strength=1", "`strength`")] {
        let detail = server.ask(&post(&format!("/?{query}"), &picture)).problem(400);
        assert!(detail.contains(says), "{detail}");
    }
    let contract = server.ask(&get("/openapi.json")).good().json();
    let content = &contract["paths"]["/"]["post"]["responses"]["200"]["content"];
    assert_eq!(content.as_object().unwrap().keys().collect::<Vec<_>>(), ["application/json"]);
}

// proves: D03
#[test]
fn a_network_of_labels_is_a_folder_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut tone = manifest("classify", "default", "tone.onnx", 1, &json!({}));
    tone["task"] = json!("labels");
    tone["labels"] = json!("labels.txt");
    tone["picture"] = json!({"size": 8, "fit": "stretch"});
    add(folder.path(), &tone);
    let labels = folder.path().join("classify/default/labels.txt");
    std::fs::write(&labels, "red\ngreen\nblue\n").unwrap();
    let settings = [("MODELS", folder.path().to_str().unwrap())];
    let server = Server::start("classify", &settings);
    let green = Picture::new(50, 20, [10, 200, 10].repeat(1000), None);
    let told = classes(server.ask(&post("/?top_k=1", &png(&green))));
    assert_eq!((told.len(), &*told[0].1), (1, "green"));

    std::fs::write(&labels, "red\ngreen\n").unwrap();
    let said = refused("classify", &mut command("classify", &settings));
    assert!(said.contains("2 names"), "{said}");
}
