//! The OpenAPI document (3.1), made at start from the function's options and its networks' manifests: never written twice.

use serde_json::{Map, Value, json};

use crate::catalogue::Catalogue;
use crate::function::{AnyFunction, Card};
use crate::knobs::knobs;
use crate::manifest::Knob;
use crate::options::{CommonOptions, LinkOption, properties};
use crate::reply::Offers;
use crate::route::Route;

/// The options of a function by name: the common ones, its own, and every knob of every network.
pub(crate) fn options(function: &dyn AnyFunction, catalogue: &Catalogue) -> Map<String, Value> {
    let mut all = properties::<CommonOptions>();
    all.extend(function.properties());
    let names: Vec<_> = catalogue.manifests().map(|manifest| &manifest.variant).collect();
    if function.offers() == Offers::Words {
        all.remove("link");
    }
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
                    "200": {"description": "all of it", "content": {"*/*": {"schema": file()}}},
                    "206": {"description": "the range that was asked for", "content": {"*/*": {"schema": file()}}},
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
                    "200": {"description": "events `job`, each with the job as JSON", "content":
                        {"text/event-stream": {"schema": {"type": "string"}}}},
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
    if offers != Offers::Words {
        document["paths"]["/base64"] = run("The same, answered as bare base64");
    }
    let knobs = options.iter().filter(|(name, schema)| *name == "model" || schema.get("x-models").is_some());
    let knobs: Map<_, _> = knobs.map(|(name, schema)| (name.clone(), schema.clone())).collect();
    for route in function.routes() {
        document["paths"][route.path] = json!({"post": file_operation(&route, &knobs)});
    }
    refusals(&mut document);
    document
}

/// The operation of a further route; `knobs`: what every route of the function takes.
fn file_operation(route: &Route, knobs: &Map<String, Value>) -> Value {
    let file = json!({"type": "string", "format": "binary"});
    let mut options = knobs.clone();
    options.extend((route.properties)());
    options.insert("req_id".into(), json!({"type": "string", "description": "Given back where it goes wrong."}));
    options.insert("upload".into(), upload());
    options.extend(properties::<LinkOption>());
    let parameters: Vec<_> = options
        .iter()
        .map(|(name, schema)| json!({"name": name, "in": "query", "schema": schema, "description": schema["description"]}))
        .collect();
    let mut members = options.clone();
    members.extend([(route.field.to_owned(), file.clone()), ("file".to_owned(), file.clone())]);
    let answers: Map<_, _> =
        route.answers.iter().map(|kind| ((*kind).to_owned(), json!({"schema": {"type": "string"}}))).collect();
    let mut responses = json!({"200": {"description": "the answer, piece by piece", "content": answers},
        "202": job("the job that will answer"),
        "303": {"description": "the answer is kept, at the address in Location"}});
    for (status, meaning) in [
        ("400", "a wrong option or form, or an empty body"),
        ("406", "no form in Accept can be given"),
        ("408", "the body came too slowly"),
        ("404", "no such upload"),
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
            "application/json": {"schema": {"type": "object", "required": ["upload"], "properties": options}},
        }},
        "responses": responses,
    })
}

fn file() -> Value {
    json!({"type": "string", "format": "binary"})
}

fn upload() -> Value {
    json!({"type": "string", "description": "The id of a file that was uploaded before (POST uploads)."})
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
        "name": text(), "type": {"type": "string", "examples": ["image/jpeg"]},
        "length": {"type": "integer", "minimum": 1, "description": "bytes", "examples": [12345]}}});
    let told = json!({"type": "object", "required": ["id", "method", "url", "headers", "valid_s"], "properties": {
        "id": text(), "method": {"const": "PUT"}, "valid_s": {"type": "integer"},
        "url": {"type": "string", "description": "where to put the file; a reference, to be resolved against this address"},
        "headers": {"type": "object", "description": "to be sent with it", "additionalProperties": text()}}});
    json!({"summary": "Announce a file; the answer tells where to put it",
        "requestBody": {"required": true, "content": {"application/json": {"schema": announced}}},
        "responses": {
            "201": {"description": "put it there", "content": {"application/json": {"schema": told}}},
            "400": problem("a wrong announcement"), "408": problem("the body came too slowly"),
            "413": problem("more bytes than are taken"), "415": problem("not a type that is taken"),
            "501": problem("nothing is kept here")}})
}

fn job(meaning: &str) -> Value {
    json!({"description": meaning, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Job"}}}})
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
        }
    }
}

fn operation(offers: Offers, what: &str, parameters: &[Value], options: &Map<String, Value>) -> Value {
    let picture = file();
    let with = |extra: Value| {
        let mut members = options.clone();
        members.insert("upload".into(), upload());
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
    let mut parameters = parameters.to_vec();
    parameters
        .push(json!({"name": "upload", "in": "query", "schema": upload(), "description": upload()["description"]}));
    let later = json!({"name": "Prefer", "in": "header", "schema": {"type": "string"},
        "description": "`respond-async`: the answer is a job"});
    parameters.push(later);
    let mut responses = json!({
        "200": {"description": "the answer, in the form that Accept asks for", "content": content},
        "202": job("the job that will answer, by `Prefer: respond-async`"),
        "303": {"description": "the answer is kept, at the address in Location"},
    });
    for (status, meaning) in [
        ("400", "a wrong option, form or base64, or an empty body"),
        ("406", "no form in Accept can be given"),
        ("404", "no such upload"),
        ("408", "the body came too slowly"),
        ("412", "If-None-Match names the answer"),
        ("413", "more bytes or pixels than are taken"),
        ("415", "not a picture"),
        ("422", "a broken picture"),
        ("429", "all places are taken; Retry-After says when to come again"),
        ("500", "our own fault"),
        ("501", "nothing is kept here"),
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
