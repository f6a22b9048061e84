//! The OpenAPI document (3.1), made at start from the function's options and its networks' manifests: never written twice.

use serde_json::{Map, Value, json};

use crate::catalogue::Catalogue;
use crate::function::{AnyFunction, Card};
use crate::knobs::knobs;
use crate::manifest::Knob;
use crate::options::{CommonOptions, properties};
use crate::reply::Offers;
use crate::route::Route;

/// The options of a function by name: the common ones, its own, and every knob of every network.
pub(crate) fn options(function: &dyn AnyFunction, catalogue: &Catalogue) -> Map<String, Value> {
    let mut all = properties::<CommonOptions>();
    all.extend(function.properties());
    let names: Vec<_> = catalogue.manifests().map(|manifest| &manifest.variant).collect();
    all["model"] = json!({"type": "string", "enum": names, "default": catalogue.default_name(),
        "description": "The variant to use."});
    for manifest in catalogue.manifests() {
        for (name, knob) in knobs(manifest) {
            let of = all.entry(&name).or_insert_with(|| schema(&knob));
            if let Some(models) = of["x-models"].as_array_mut() {
                models.push(json!(manifest.variant));
            }
            if let (Knob::Mix { names, .. }, Some(all)) = (&knob, of["x-names"].as_array_mut()) {
                let new: Vec<_> = names.iter().map(|name| json!(name)).filter(|name| !all.contains(name)).collect();
                all.extend(new);
            }
        }
    }
    all
}

fn schema(knob: &Knob) -> Value {
    match knob {
        Knob::Number { default, min, max, meaning } => {
            json!({"type": "number", "minimum": min, "maximum": max, "default": default, "description": meaning,
                "x-models": []})
        }
        Knob::Mix { default, names, meaning } => {
            let meaning = format!("{meaning}: one of {}, or a mix as `a:0.6,b:0.4`", names.join(", "));
            json!({"type": "string", "default": default, "description": meaning, "x-names": names, "x-models": []})
        }
    }
}

/// The document of a function.
pub(crate) fn document(function: &dyn AnyFunction, catalogue: &Catalogue) -> Value {
    let Card { name, title, summary } = function.card();
    let offers = function.offers();
    let options = options(function, catalogue);
    let parameters: Vec<_> = options
        .iter()
        .map(|(name, schema)| json!({"name": name, "in": "query", "schema": schema, "description": schema["description"]}))
        .collect();
    let run = |what: &str| json!({"post": operation(offers, what, &parameters, &options)});
    let get = |what: &str, kind: &str| {
        let schema = if kind == "application/json" { json!({"type": "object"}) } else { json!({"type": "string"}) };
        json!({"get": {"summary": what, "responses": {"200": {"description": what, "content": {kind: {"schema": schema}}}}}})
    };
    let mut variant = get("One model: its manifest and its card", "application/json");
    variant["get"]["parameters"] =
        json!([{"name": "variant", "in": "path", "required": true, "schema": {"type": "string"}}]);
    variant["get"]["responses"]["404"] = problem("there is no such model");
    let mut ready = get("Whether the function is warm", "application/json");
    ready["get"]["responses"]["503"] = problem("not warm yet");
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {"title": format!("Darkroom {name}: {title}"), "version": env!("CARGO_PKG_VERSION"), "description": summary,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": "."}],
        "paths": {
            "/": {"post": run("Run the model on one picture")["post"], "get": get("What this is", "application/json")["get"]},
            "/enhance": run("The same; a form is answered as the super-resolution service does"),
            "/predict": run("The same"),
            "/openapi.json": get("This document", "application/json"),
            "/models": get("The models of this function", "application/json"),
            "/models/{variant}": variant,
            "/healthz": get("Whether the process lives", "application/json"),
            "/readyz": ready,
            "/warmup": {"post": {"summary": "Run the default model once now", "responses":
                {"200": {"description": "it ran", "content": {"application/json": {"schema": {"type": "object"}}}}}}},
        },
        "components": {"schemas": {"Problem": problem_schema(), "Envelope": envelope_schema(offers)}},
    });
    if offers != Offers::Words {
        document["paths"]["/base64"] = run("The same, answered as bare base64");
    }
    let knobs = options.iter().filter(|(name, schema)| *name == "model" || schema.get("x-models").is_some());
    let knobs: Map<_, _> = knobs.map(|(name, schema)| (name.clone(), schema.clone())).collect();
    for route in function.routes() {
        document["paths"][route.path] = json!({"post": file_operation(&route, &knobs)});
    }
    document
}

/// The operation of a further route; `knobs`: what every route of the function takes.
fn file_operation(route: &Route, knobs: &Map<String, Value>) -> Value {
    let file = json!({"type": "string", "format": "binary"});
    let mut options = knobs.clone();
    options.extend((route.properties)());
    options.insert("req_id".into(), json!({"type": "string", "description": "Given back where it goes wrong."}));
    let parameters: Vec<_> = options
        .iter()
        .map(|(name, schema)| json!({"name": name, "in": "query", "schema": schema, "description": schema["description"]}))
        .collect();
    let mut members = options.clone();
    members.extend([(route.field.to_owned(), file.clone()), ("file".to_owned(), file.clone())]);
    let answers: Map<_, _> =
        route.answers.iter().map(|kind| ((*kind).to_owned(), json!({"schema": {"type": "string"}}))).collect();
    let mut responses = json!({"200": {"description": "the answer, piece by piece", "content": answers}});
    for (status, meaning) in [
        ("400", "a wrong option or form, or an empty body"),
        ("406", "no form in Accept can be given"),
        ("408", "the body came too slowly"),
        ("413", "more bytes or pixels than are taken"),
        ("415", "not a file of a kind that is read"),
        ("422", "a file that can't be read"),
        ("429", "all places are taken; Retry-After says when to come again"),
        ("500", "our own fault"),
        ("501", "what it takes is missing on this machine"),
        ("503", "not warm yet"),
        ("504", "it took longer than the time allowed"),
    ] {
        responses[status] = problem(meaning);
    }
    json!({
        "summary": route.summary,
        "parameters": parameters,
        "requestBody": {"required": true, "content": {
            "application/octet-stream": {"schema": file},
            "multipart/form-data": {"schema": {"type": "object", "properties": members}},
        }},
        "responses": responses,
    })
}

fn operation(offers: Offers, what: &str, parameters: &[Value], options: &Map<String, Value>) -> Value {
    let picture = json!({"type": "string", "format": "binary"});
    let with = |extra: Value| {
        let mut members = options.clone();
        members.insert("req_id".into(), json!({"type": "string", "description": "Given back in the envelope."}));
        if let Value::Object(extra) = extra {
            members.extend(extra);
        }
        json!({"type": "object", "properties": members})
    };
    let base64 = json!({"type": "string", "description": "base64 of the picture, or its data: URL"});
    let mut content = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Envelope"}}});
    if offers != Offers::Words {
        content["text/plain"] = json!({"schema": {"type": "string", "description": "base64"}});
        for kind in ["image/png", "image/jpeg", "image/webp"] {
            content[kind] = json!({"schema": picture});
        }
    }
    let mut responses =
        json!({"200": {"description": "the answer, in the form that Accept asks for", "content": content}});
    for (status, meaning) in [
        ("400", "a wrong option, form or base64, or an empty body"),
        ("406", "no form in Accept can be given"),
        ("408", "the body came too slowly"),
        ("413", "more bytes or pixels than are taken"),
        ("415", "not a picture"),
        ("422", "a broken picture"),
        ("429", "all places are taken; Retry-After says when to come again"),
        ("500", "our own fault"),
        ("503", "not warm yet"),
        ("504", "it took longer than the time allowed"),
    ] {
        responses[status] = problem(meaning);
    }
    json!({
        "summary": what,
        "parameters": parameters,
        "requestBody": {"required": true, "content": {
            "image/*": {"schema": picture},
            "application/octet-stream": {"schema": picture},
            "multipart/form-data": {"schema": with(json!({"image": picture, "file": picture}))},
            "application/json": {"schema": with(json!({"img_data": base64, "image": base64}))},
        }},
        "responses": responses,
    })
}

fn problem(meaning: &str) -> Value {
    json!({"description": meaning, "content":
        {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}})
}

fn problem_schema() -> Value {
    json!({"type": "object", "description": "RFC 9457, with the envelope's members beside",
    "required": ["type", "title", "status", "detail", "req_id", "code", "msg"],
    "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what was wrong, where, and what would be right"},
        "req_id": {"type": "string"}, "code": {"type": "integer"}, "msg": {"type": "string"},
    }})
}

fn envelope_schema(offers: Offers) -> Value {
    let text = || json!({"type": "string"});
    let whole = || json!({"type": "integer"});
    let mut data = json!({"model": text(), "weights": text(), "seconds": {"type": "number"}});
    if offers != Offers::Words {
        data["width"] = whole();
        data["height"] = whole();
    }
    let class = json!({"class_id": whole(), "name": text(), "score": {"type": "number"}});
    match offers {
        Offers::Picture => {
            data["enhance_result"] = json!({"type": "string", "description": "base64"});
            data["content_type"] = text();
        }
        Offers::Drawing => {
            let mut one = class;
            one["box"] = json!({"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4,
                "description": "x1 y1 x2 y2 in pixels of the upright picture"});
            data["boxes"] = json!({"type": "array", "items": {"type": "object", "properties": one}});
        }
        Offers::Words => {
            data["classes"] = json!({"type": "array", "items": {"type": "object", "properties": class}});
        }
    }
    json!({"type": "object", "required": ["req_id", "code", "msg", "data"], "properties": {
        "req_id": text(), "code": {"const": 1}, "msg": {"const": "success"},
        "data": {"type": "object", "properties": data},
    }})
}
