//! The addresses beside the one that runs the model.

use serde_json::Value;

use super::each;
use crate::catalogue::leaves;
use crate::process::{root, shared};
use crate::samples::{photo, png};
use crate::wire::{ask, get, post};

// proves: U04
#[test]
fn the_root_tells_people_and_programs_what_this_is() {
    each(|function, server, _| {
        let page = server.ask(&get("/").accept("text/html,application/xhtml+xml,*/*;q=0.8")).good();
        assert_eq!(page.must("content-type"), "text/html; charset=utf-8");
        let text = page.text();
        for word in [function, "curl", "openapi.json", "models", "max_side", "quality"] {
            assert!(text.contains(word), "{word} in the page of {function}");
        }
        assert!(
            !text.contains("<script") && !text.contains("http://") && page.header("content-security-policy").is_some()
        );
        for accept in ["", "*/*", "application/json"] {
            let about = server.ask(&get("/").accept(accept)).good().json();
            assert_eq!(about["name"], function);
            assert!(
                about["limits"]["max_bytes"] == 32_000_000 && about["limits"]["max_pixels"] == 50_000_000,
                "{about}"
            );
            for member in ["title", "summary", "version", "call", "openapi", "models", "provider", "retention"] {
                assert!(about[member].is_string(), "{member} in {about}");
            }
        }
    });
}

// proves: D13, B07
#[test]
fn the_openapi_document_names_what_there_is() {
    let clip = std::fs::read(root().join("samples/video/cars.mp4")).expect("a video");
    each(|function, server, _| {
        let document = server.ask(&get("/openapi.json")).good().json();
        assert_eq!(document["openapi"], "3.1.0");
        assert!(document["info"]["title"].as_str().unwrap().contains(function));
        for (path, methods) in document["paths"].as_object().expect("paths") {
            let path = path.replace("{variant}", "default").replace("{id}", "none");
            let kept = ["/uploads", "/result/", "/jobs/"].iter().any(|one| path.starts_with(one));
            for (method, operation) in methods.as_object().expect("methods") {
                if kept {
                    // Nothing is kept here, and the document says that this is so where it is so.
                    let method = match method.as_str() {
                        "get" => "GET",
                        "post" => "POST",
                        "put" => "PUT",
                        "delete" => "DELETE",
                        _ => continue,
                    };
                    server.ask(&ask(method, &path)).problem(501);
                    assert!(operation["responses"]["501"].is_object(), "{method} {path}");
                    continue;
                }
                let answer = match method.as_str() {
                    "get" => server.ask(&get(&path)),
                    "post" if path == "/video" => server.ask(&post(&path, &clip)),
                    "post" => server.ask(&post(&path, &png(&photo(8, 8)))),
                    other => panic!("{other} {path}"),
                };
                assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text());
                let kind = answer.must("content-type").split(';').next().unwrap();
                assert!(operation["responses"]["200"]["content"][kind].is_object(), "{method} {path}: {kind}");
            }
        }
        for path in ["/", "/enhance", "/predict", "/openapi.json", "/models", "/healthz", "/readyz", "/warmup"] {
            assert!(document["paths"][path].is_object(), "{path}");
        }
        // Words have no picture to give in base64.
        let words =
            document["components"]["schemas"]["Envelope"]["properties"]["data"]["properties"]["classes"].is_object();
        assert_eq!(document["paths"]["/base64"].is_object(), !words);
        references_resolve(&document, &document);
    });
}

fn references_resolve(document: &Value, part: &Value) {
    if let Some(reference) = part["$ref"].as_str() {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    match part {
        Value::Object(members) => members.values().for_each(|member| references_resolve(document, member)),
        Value::Array(members) => members.iter().for_each(|member| references_resolve(document, member)),
        _ => {}
    }
}

// proves: B07
#[test]
fn the_catalogue_lists_each_variant_with_its_card() {
    each(|function, server, scale| {
        let tree = server.ask(&get("/models")).good().json();
        assert_eq!((&tree["name"], &tree["default"]), (&function.into(), &"default".into()));
        for leaf in leaves(server) {
            for member in ["name", "type", "title", "description", "path", "status", "licence", "terms"] {
                assert!(leaf[member].is_string(), "{member} in {leaf}");
            }
            let card = server.ask(&get(&format!("/{}", leaf["path"].as_str().unwrap()))).good().json();
            assert_eq!(card["variant"], leaf["name"]);
            // A card goes with weights that are in the repository.
            let told = card["card"].as_str().is_some_and(|card| card.len() > 200);
            assert_eq!(told, leaf["status"] == "ready", "CARD.md of {function}/{}", leaf["name"]);
            assert!(card["serves"]["precision"].is_string() && card["serves"]["provider"].is_string());
        }
        let default = server.ask(&get("/models/default")).good().json();
        assert_eq!(default["picture"]["scale"], scale);
        assert!(server.ask(&get("/models/nothing")).problem(404).contains("default"));
    });
}

// proves: K05, U05
#[test]
fn health_readiness_and_warm_up_answer() {
    each(|_, server, _| {
        assert_eq!(server.ask(&get("/healthz")).good().json()["alive"], true);
        assert_eq!(server.ask(&get("/readyz")).good().json()["ready"], true);
        let warm = server.ask(&post("/warmup", b"")).good().json();
        assert!(warm["warm"] == true && warm["seconds"].as_f64().unwrap() > 0.0, "{warm}");
    });
}

#[test]
fn head_and_options_answer() {
    each(|_, server, _| {
        for path in ["/", "/models", "/models/default", "/openapi.json", "/healthz", "/readyz"] {
            let (full, head) = (server.ask(&get(path)).good(), server.ask(&ask("HEAD", path)).good());
            assert_eq!(head.body.len(), 0);
            for name in ["content-type", "content-length"] {
                assert_eq!(head.must(name), full.must(name), "{path}");
            }
        }
        for (path, methods) in [("/", "GET,HEAD,POST"), ("/enhance", "POST"), ("/models", "GET,HEAD")] {
            let answer = server.ask(&ask("OPTIONS", path));
            assert_eq!((answer.status, sorted(answer.must("allow"))), (204, sorted(methods)), "{path}");
        }
    });
}

fn sorted(methods: &str) -> Vec<&str> {
    let mut methods: Vec<_> = methods.split(',').map(str::trim).filter(|method| *method != "OPTIONS").collect();
    methods.sort_unstable();
    methods
}

// proves: U14
#[test]
fn a_wrong_address_method_or_accept_is_a_problem() {
    each(|function, server, _| {
        let words = shared(function).ask(&get("/models/default")).good().json()["task"] == "labels";
        for path in ["/nothing", "/models/", "/enhance/more", "/%2e%2e/x", "//"] {
            server.ask(&get(path)).problem(404);
        }
        for (method, path, allowed) in [
            ("DELETE", "/", "GET,HEAD,POST"),
            ("PUT", "/enhance", "POST"),
            ("GET", "/enhance", "POST"),
            ("POST", "/models", "GET,HEAD"),
        ] {
            let answer = server.ask(&ask(method, path));
            answer.problem(405);
            assert_eq!(sorted(answer.must("allow")), sorted(allowed), "{method} {path}");
        }
        let body = png(&photo(8, 8));
        for accept in ["audio/ogg", "text/html", "image/avif, image/heic", "image/*;q=0"] {
            let detail = server.ask(&post("/", &body).accept(accept)).problem(406);
            assert!(detail.contains("application/json") && detail.contains("image/png") != words, "{detail}");
        }
    });
}
