//! What a page tells programs of itself.

use serde_json::{Value, json};

use super::VERSION;
use crate::function::Card;

/// `GET /` for programs.
pub(super) fn card(card: Card) -> Value {
    json!({
        "name": card.name, "title": card.title, "summary": card.summary, "version": VERSION,
        "functions": "functions.json", "about": "about.json", "openapi": "openapi.json",
    })
}

/// The OpenAPI document of a page.
pub(super) fn openapi(card: Card) -> Value {
    let object = json!({"type": "object"});
    let answer =
        |what: &str, schema: &Value| json!({"description": what, "content": {"application/json": {"schema": schema}}});
    let get =
        |what: &str, schema: &Value| json!({"get": {"summary": what, "responses": {"200": answer(what, schema)}}});
    let mut index = get("The page; JSON for programs that ask for it", &object);
    index["get"]["responses"]["200"]["content"]["text/html"] = json!({"schema": {"type": "string"}});
    let text = json!({"type": "string"});
    let functions = json!({"type": "array", "items": {"type": "object", "required": ["name", "urls", "card"], "properties": {
        "name": text,
        "urls": {"type": "array", "minItems": 1, "items": {"type": "string", "format": "uri-reference"},
            "description": "the addresses in the order in which they are asked, relative to the page or absolute"},
        "card": {"anyOf": [{"type": "null"}, {"type": "object", "required": ["title", "summary", "task"],
            "properties": {"title": text, "summary": text, "task": {"enum": ["picture", "labels", "boxes"]}}}]},
    }}});
    let maybe = json!({"type": ["string", "null"]});
    let about = json!({"type": "object", "required": ["version", "feedback", "page"],
        "properties": {"version": text, "feedback": maybe, "page": maybe}});
    json!({
        "openapi": "3.1.0",
        "info": {"title": format!("Darkroom {}: {}", card.name, card.title), "version": VERSION, "description": card.summary,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": "."}],
        "paths": {
            "/": index,
            "/functions.json": get("The functions that the page shows, in this order", &functions),
            "/about.json": get("The version, where readers may write, and the page's address where it is known", &about),
            "/openapi.json": get("This document", &object),
            "/healthz": get("Whether the process lives", &object),
            "/readyz": get("Whether the page is there", &object),
            "/warmup": {"post": {"summary": "As at a function", "responses": {"200": answer("it is warm at once", &object)}}},
            "/metrics": {"get": {"summary": "What is counted and timed, for Prometheus (HTTP door)", "responses":
                {"200": {"description": "the metrics", "content": {"text/plain": {"schema": text}}}}}},
        },
    })
}
