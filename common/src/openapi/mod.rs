//! The OpenAPI document (3.1), made at start from the function's options and its networks' manifests: never written twice.

mod run;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::catalogue::Catalogue;
use crate::function::{AnyFunction, Card};
use crate::knobs::knobs;
use crate::manifest::Knob;
use crate::options::{CommonOptions, properties};
use crate::reply::Offers;
use crate::tree;
use run::{file_operation, operation, rules};

/// The options of a function by name: the common ones, its own, and every knob of every network.
pub(crate) fn options(function: &dyn AnyFunction, catalogue: &Catalogue) -> Map<String, Value> {
    let mut all = properties::<CommonOptions>();
    all.extend(function.properties());
    if function.offers() == Offers::Words {
        all.remove("link");
    }
    let away = catalogue.all().count() - catalogue.manifests().count();
    let more = if away == 0 { String::new() } else { format!(" {away} more are not here; `models` tells why.") };
    all["model"] = json!({"type": "string", "enum": names(catalogue), "default": catalogue.default_name(),
        "description": format!("The variant to use.{more}")});
    if let Some(scale) = all.get_mut("scale") {
        // As the networks have it: each number of times is one that some of them enlarge.
        let scales: BTreeSet<_> = catalogue.manifests().map(|manifest| manifest.picture.scale).collect();
        *scale = json!({"type": "integer", "enum": scales, "description": scale["description"]});
    }
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
    for schema in all.values_mut() {
        if let Some(pattern) = schema["x-names"].as_array().and_then(|names| mix(names)) {
            schema["pattern"] = json!(pattern);
        }
    }
    all
}

/// The names of the variants that can be used.
fn names(catalogue: &Catalogue) -> Vec<&String> {
    catalogue.manifests().map(|manifest| &manifest.variant).collect()
}

/// Names with shares, as the schema of a text; none where a name is not plain.
fn mix(names: &[Value]) -> Option<String> {
    let names: Vec<_> = names.iter().filter_map(Value::as_str).collect();
    let plain = |name: &&str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let one = format!("({})(:[0-9]+(\\.[0-9]+)?)?", names.join("|"));
    names.iter().all(plain).then(|| format!("^{one}(,{one})*$"))
}

fn schema(knob: &Knob) -> Value {
    match knob {
        Knob::Number { default, min, max, meaning } => {
            json!({"type": "number", "minimum": min, "maximum": max, "default": default, "examples": [min, max],
                "description": meaning, "x-models": []})
        }
        Knob::Mix { default, names, meaning } => {
            let meaning = format!("{meaning}: one of {}, or a mix as `a:0.6,b:0.4`", names.join(", "));
            let mix = names.iter().take(2).map(|name| format!("{name}:0.5")).collect::<Vec<_>>().join(",");
            json!({"type": "string", "default": default, "examples": [default, mix], "description": meaning,
                "x-names": names, "x-models": []})
        }
    }
}

/// The document of a function.
pub(crate) fn document(function: &dyn AnyFunction, catalogue: &Catalogue) -> Value {
    let Card { name, title, summary } = function.card();
    let offers = function.offers();
    let options = options(function, catalogue);
    let rules = rules(&options, catalogue);
    let run = |what: &str| json!({"post": operation(offers, what, &options, &rules)});
    let get = |what: &str, kind: &str| {
        let schema = if kind == "application/json" { json!({"type": "object"}) } else { json!({"type": "string"}) };
        json!({"get": {"summary": what, "responses": {"200": {"description": what, "content": {kind: {"schema": schema}}}}}})
    };
    let mut index = get("What this is", "application/json");
    index["get"]["responses"]["200"]["content"]["text/html"] = json!({"schema": {"type": "string"}});
    let mut variant = get("One model: its manifest and its card; or a family of them", "application/json");
    variant["get"]["parameters"] = json!([{"name": "variant", "in": "path", "required": true, "schema": {"type": "string", "enum": tree::names(catalogue)}}]);
    variant["get"]["responses"]["404"] = problem("there is no such model");
    let mut ready = get("Whether the function is warm", "application/json");
    ready["get"]["responses"]["503"] = problem("not warm yet");
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {"title": format!("Darkroom {name}: {title}"), "version": env!("CARGO_PKG_VERSION"), "description": summary,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": "."}],
        "paths": {
            "/": {"post": run("Run the model on one picture")["post"], "get": index["get"]},
            "/enhance": run("The same; a form is answered as the super-resolution service does"),
            "/predict": run("The same"),
            "/openapi.json": get("This document", "application/json"),
            "/models": get("The models of this function", "application/json"),
            "/models/{variant}": variant,
            "/healthz": get("Whether the process lives", "application/json"),
            "/readyz": ready,
            "/metrics": get("What is counted and timed, for Prometheus (HTTP door)", "text/plain"),
            "/uploads": {"post": announcement()},
            "/uploads/{id}": {
                "parameters": [path("id")],
                "put": {"summary": "Put an announced file, at the address that was given for it", "parameters":
                    [{"name": "token", "in": "query", "required": true, "schema": {"type": "string"}}],
                    "requestBody": {"required": true, "content": {"application/octet-stream": {"schema": file()}}},
                    "responses": {"204": {"description": "it is there"}, "400": problem("not as many bytes as announced"),
                        "403": problem("not the token, or used already"), "404": problem("no such upload"),
                        "408": problem("the body came too slowly"), "501": problem("nothing is kept here")}},
                "delete": removal("upload"),
            },
            "/result/{id}": {
                "parameters": [path("id")],
                "get": {"summary": "A kept answer; its id is the right to read it", "responses": {
                    "200": {"description": "all of it", "content": {"*/*": {}}},
                    "206": {"description": "the range that was asked for", "content": {"*/*": {}}},
                    "304": {"description": "If-None-Match names it"}, "404": problem("no such result, or no more"),
                    "416": problem("it has no such range"), "501": problem("nothing is kept here")}},
                "delete": removal("result"),
            },
            "/jobs/{id}": {
                "parameters": [path("id")],
                "get": {"summary": "How far a job is", "responses": {"200": job("it is so far"),
                    "404": problem("no such job, or no more"), "501": problem("nothing is kept here")}},
                "delete": {"summary": "Cancel a job", "responses": {"202": job("it is over"),
                    "404": problem("no such job, or no more"), "501": problem("nothing is kept here")}},
            },
            "/jobs/{id}/events": {
                "parameters": [path("id")],
                "get": {"summary": "Follow a job: its states as server-sent events until it is over", "responses": {
                    "200": {"description": "events, each as the schema has it", "content": {"text/event-stream": {"schema": event()}}},
                    "404": problem("no such job, or no more"), "501": problem("nothing is kept here")}},
            },
            "/warmup": {"post": {"summary": "Run the default model once now", "responses":
                {"200": {"description": "it ran", "content": {"application/json": {"schema": {"type": "object"}}}}}}},
        },
        "components": {
            "schemas": {"Problem": problem_schema(), "Envelope": envelope_schema(offers), "Job": job_schema()},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
        },
        // A key where the function asks for one; `GET .` tells whether.
        "security": [{}, {"bearer": []}, {"key": []}],
    });
    if offers == Offers::Picture {
        let either = json!([{"$ref": "#/components/schemas/Envelope"}, {"$ref": "#/components/schemas/Enhanced"}]);
        let content = &mut document["paths"]["/enhance"]["post"]["responses"]["200"]["content"];
        content["application/json"]["schema"] = json!({"oneOf": either});
        document["components"]["schemas"]["Enhanced"] = enhanced_schema();
    }
    if offers != Offers::Words {
        document["paths"]["/base64"] = run("The same, answered as bare base64");
    }
    let knobs = options.iter().filter(|(name, schema)| *name == "model" || schema.get("x-models").is_some());
    let knobs: Map<_, _> = knobs.map(|(name, schema)| (name.clone(), schema.clone())).collect();
    for route in function.routes() {
        document["paths"][route.path] = json!({"post": file_operation(&route, &knobs, &rules)});
    }
    refusals(&mut document);
    document
}

fn file() -> Value {
    json!({"type": "string", "format": "binary"})
}

fn path(name: &str) -> Value {
    json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})
}

fn removal(what: &str) -> Value {
    json!({"summary": format!("Remove a {what} at once"), "responses": {"204": {"description": "it is gone"},
        "404": problem(&format!("no such {what} of yours, or no more")), "501": problem("nothing is kept here")}})
}

fn announcement() -> Value {
    let text = || json!({"type": "string"});
    let announced = json!({"type": "object", "required": ["type", "length"], "additionalProperties": false, "properties": {
        "name": {"type": ["string", "null"], "examples": ["a.jpg"]},
        "type": {"type": "string", "pattern": "^((image|video)/[!-~]{1,90}|application/octet-stream)$", "examples": ["image/jpeg"]},
        "length": {"type": "integer", "minimum": 1, "description": "bytes", "examples": [12345]}}});
    let told = json!({"type": "object", "required": ["id", "method", "url", "headers", "valid_s"], "properties": {
        "id": text(), "method": {"const": "PUT"}, "valid_s": {"type": "integer"},
        "url": {"type": "string", "description": "where to put the file; a reference, to be resolved against this address"},
        "headers": {"type": "object", "description": "to be sent with it", "additionalProperties": text()}}});
    json!({"summary": "Announce a file; the answer tells where to put it",
        "requestBody": {"required": true, "content": {"application/json": {"schema": announced}}},
        "responses": {
            "201": {"description": "put it there", "headers": {"Location": header("string", "the upload's address")}, "content": {"application/json": {"schema": told}}},
            "400": problem("a wrong announcement"), "408": problem("the body came too slowly"),
            "413": problem("more bytes than are taken"), "415": problem("not a type that is taken"),
            "501": problem("nothing is kept here")}})
}

fn job(meaning: &str) -> Value {
    json!({"description": meaning, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Job"}}}})
}

/// A job as a server-sent event.
fn event() -> Value {
    let data = json!({"type": "string", "contentMediaType": "application/json",
        "contentSchema": {"$ref": "#/components/schemas/Job"}});
    json!({"type": "object", "required": ["event", "data"], "properties": {"event": {"const": "job"}, "data": data}})
}

/// A header of an answer.
fn header(kind: &str, meaning: &str) -> Value {
    json!({"required": true, "description": meaning, "schema": {"type": kind}})
}

fn job_schema() -> Value {
    json!({"type": "object", "required": ["id", "state", "progress", "created", "result_url", "problem"], "properties": {
        "id": {"type": "string"},
        "state": {"enum": ["queued", "running", "done", "failed", "cancelled"]},
        "progress": {"type": "number", "minimum": 0, "maximum": 1},
        "created": {"type": "string", "format": "date-time"},
        "result_url": {"type": ["string", "null"], "description": "a reference, to be resolved against the job's address"},
        "problem": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Problem"}]},
    }})
}

/// What any operation that needs a key may answer.
fn refusals(document: &mut Value) {
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for (path, item) in paths {
        for method in ["get", "post", "put", "delete"] {
            let Some(operation) = item.get_mut(method) else { continue };
            if method == "post" || method == "delete" || path.starts_with("/jobs") || path == "/metrics" {
                operation["responses"]["401"] = problem("a key is needed");
                operation["responses"]["403"] = problem("a key that is not known");
            }
            if method != "get" && operation["responses"].get("429").is_none() {
                operation["responses"]["429"] = problem("too many requests; Retry-After says when to come again");
            }
            if let Some(busy) = operation["responses"].get_mut("429") {
                busy["headers"] = json!({"Retry-After": header("integer", "seconds")});
            }
        }
    }
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
    let mut required = vec!["model", "weights", "seconds"];
    if offers != Offers::Words {
        data["width"] = whole();
        data["height"] = whole();
        data["result_url"] = json!({"type": "string", "description": "where the picture is kept, instead of itself"});
        required.extend(["width", "height"]);
    }
    let class = json!({"class_id": whole(), "name": text(), "score": {"type": "number"}});
    let mut schema = json!({"type": "object"});
    match offers {
        Offers::Picture => {
            data["enhance_result"] = json!({"type": "string", "contentEncoding": "base64"});
            data["content_type"] = text();
            required.push("content_type");
            schema["oneOf"] = json!([{"required": ["enhance_result"]}, {"required": ["result_url"]}]);
        }
        Offers::Drawing => {
            let mut one = class;
            one["box"] = json!({"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4,
                "description": "x1 y1 x2 y2 in pixels of the upright picture"});
            let all = ["class_id", "name", "score", "box"];
            data["boxes"] = json!({"type": "array", "items": {"type": "object", "required": all, "properties": one}});
            required.push("boxes");
        }
        Offers::Words => {
            let all = ["class_id", "name", "score"];
            data["classes"] =
                json!({"type": "array", "items": {"type": "object", "required": all, "properties": class}});
            required.push("classes");
        }
    }
    schema["required"] = json!(required);
    schema["properties"] = data;
    json!({"type": "object", "required": ["req_id", "code", "msg", "data"], "properties": {
        "req_id": text(), "code": {"const": 1}, "msg": {"const": "success"},
        "data": schema,
    }})
}

/// What the super-resolution service answers to a form.
fn enhanced_schema() -> Value {
    let shape = json!({"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2, "description": "rows, columns"});
    let members = ["success", "original_shape", "enhanced_shape", "result_url"];
    json!({"type": "object", "required": members, "properties": {
        "success": {"const": true}, "original_shape": shape, "enhanced_shape": shape,
        "result_url": {"type": "string", "description": "where the picture is kept, or itself as a data: URL"},
    }})
}
