//! The operations that run a model: what a request may hold, in every form, and what may be answered.

use serde_json::{Map, Value, json};

use super::{file, header, job, problem};
use crate::catalogue::Catalogue;
use crate::options::{LinkOption, properties};
use crate::picture::{Encoding, Picture};
use crate::reply::{Offers, Reply};
use crate::route::Route;
use crate::watch::Watch;

/// The side of the picture in the examples.
const SIDE: usize = 8;

/// What may be answered beside the answer itself.
const FAILURES: [(&str, &str); 12] = [
    ("400", "a wrong option, form or base64, or an empty body"),
    ("406", "no form in Accept can be given"),
    ("404", "no such upload"),
    ("408", "the body came too slowly"),
    ("413", "more bytes or pixels than are taken"),
    ("415", "not a file of a kind that is read"),
    ("422", "a broken file"),
    ("429", "all places are taken; Retry-After says when to come again"),
    ("500", "our own fault"),
    ("501", "nothing is kept here, or what it takes is missing on this machine"),
    ("503", "not warm yet"),
    ("504", "it took longer than the time allowed"),
];

/// The operation of a picture.
pub(super) fn operation(offers: Offers, what: &str, options: &Map<String, Value>, rules: &Map<String, Value>) -> Value {
    let mut content = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Envelope"}}});
    if offers != Offers::Words {
        content["text/plain"] = json!({"schema": {"type": "string", "description": "base64"}});
        for kind in ["image/png", "image/jpeg", "image/webp"] {
            content[kind] = json!({"schema": file()});
        }
    }
    let mut responses = json!({
        "200": {"description": "the answer, in the form that Accept asks for", "content": content},
        "202": later(),
        "303": kept(),
        "412": problem("If-None-Match names the answer"),
    });
    fail(&mut responses);
    let picture = example();
    let base64 = json!({"type": "string", "contentEncoding": "base64", "contentMediaType": "image/*", "examples": [&picture],
        "description": "base64 of the picture, or its data: URL"});
    let mut words = options.clone();
    words.insert(
        "req_id".into(),
        json!({"type": "string", "description": "Given back in the envelope.", "examples": ["1"]}),
    );
    let members = json!({"img_data": base64, "image": base64});
    let mut json = object(&words, members, rules);
    json["examples"] =
        json!([{"img_data": picture, "req_id": "1"}, {"image": format!("data:image/png;base64,{picture}")}]);
    json!({
        "summary": what,
        "parameters": parameters(options),
        "requestBody": {"required": true, "content": {
            "image/*": {"schema": file()},
            "application/octet-stream": {"schema": file()},
            "multipart/form-data": form(&words, "image", "image/*", rules),
            "application/json": {"schema": json},
        }},
        "responses": responses,
    })
}

/// The operation of a further route; `knobs`: what every route of the function takes.
pub(super) fn file_operation(route: &Route, knobs: &Map<String, Value>, rules: &Map<String, Value>) -> Value {
    let mut options = knobs.clone();
    options.extend((route.properties)());
    options.extend(properties::<LinkOption>());
    options.insert(
        "req_id".into(),
        json!({"type": "string", "description": "Given back where it goes wrong.", "examples": ["1"]}),
    );
    let answers: Map<_, _> =
        route.answers.iter().map(|kind| ((*kind).to_owned(), json!({"schema": {"type": "string"}}))).collect();
    let mut responses = json!({"200": {"description": "the answer, piece by piece", "content": answers},
        "202": later(), "303": kept()});
    fail(&mut responses);
    let kind = format!("{}/*", route.field);
    json!({
        "summary": route.summary,
        "parameters": parameters(&options),
        "requestBody": {"required": true, "content": {
            &*kind: {"schema": file()},
            "application/octet-stream": {"schema": file()},
            "multipart/form-data": form(&options, route.field, &kind, rules),
            "application/json": {"schema": object(&options, json!({}), rules)},
        }},
        "responses": responses,
    })
}

/// What an option of one network asks of the option `model` beside it, where that is given: the rules of the JSON members,
/// by the option's name.
pub(super) fn rules(options: &Map<String, Value>, catalogue: &Catalogue) -> Map<String, Value> {
    let mut rules = Map::new();
    for (name, schema) in options {
        let Some(models) = schema["x-models"].as_array() else { continue };
        if models.len() == catalogue.manifests().count() {
            continue;
        }
        let mut rule = json!({"properties": {"model": {"enum": models}}});
        // A mix chooses its network by itself.
        if !models.contains(&json!(catalogue.default_name())) && schema.get("x-names").is_none() {
            rule["required"] = json!(["model"]);
        }
        rules.insert(name.clone(), rule);
    }
    if options.contains_key("scale") {
        let one = |scale: &Value| {
            let of = catalogue.manifests().filter(|manifest| json!(manifest.picture.scale) == *scale);
            let of: Vec<_> = of.map(|manifest| &manifest.variant).collect();
            json!({"properties": {"scale": {"const": scale}, "model": {"enum": of}}})
        };
        let scales = options["scale"]["enum"].as_array();
        rules.insert("scale".into(), json!({"anyOf": scales.into_iter().flatten().map(one).collect::<Vec<_>>()}));
    }
    rules
}

/// The answer that is a job.
fn later() -> Value {
    let mut later = job("the job that will answer, by `Prefer: respond-async`");
    later["headers"] =
        json!({"Location": header("string", "the job's address"), "Retry-After": header("integer", "seconds")});
    later
}

/// The answer that leads to where the answer is.
fn kept() -> Value {
    json!({"description": "the answer is kept", "headers": {"Location": header("string", "where")}})
}

fn fail(responses: &mut Value) {
    for (status, meaning) in FAILURES {
        responses[status] = problem(meaning);
    }
}

/// The options as a query, and what a header may ask for.
fn parameters(options: &Map<String, Value>) -> Vec<Value> {
    let one = |(name, schema): (&String, &Value)| json!({"name": name, "in": "query", "schema": schema, "description": schema["description"]});
    let upload = upload();
    let later = json!({"name": "Prefer", "in": "header", "schema": {"type": "string", "examples": ["respond-async"]},
        "description": "`respond-async`: the answer is a job"});
    let of_query = options.iter().chain([(&"upload".to_owned(), &upload)]).map(one).collect::<Vec<_>>();
    of_query.into_iter().chain([later]).collect()
}

fn upload() -> Value {
    json!({"type": "string", "pattern": "^[0-9a-f]{32}$",
        "description": "The id of a file that was uploaded before (POST uploads), instead of the file."})
}

/// A form: options, and the file in the function's own field or in `file`.
fn form(options: &Map<String, Value>, field: &str, kind: &str, rules: &Map<String, Value>) -> Value {
    let schema = object(options, json!({field: file(), "file": file()}), rules);
    json!({"schema": schema, "encoding": {field: {"contentType": kind}, "file": {"contentType": kind}}})
}

/// Members: options, and exactly one of the places of the file.
fn object(options: &Map<String, Value>, places: Value, rules: &Map<String, Value>) -> Value {
    let mut members = options.clone();
    let mut one = vec![json!({"required": ["upload"]})];
    if let Value::Object(places) = places {
        one.extend(places.keys().map(|place| json!({"required": [place]})));
        members.extend(places);
    }
    members.insert("upload".into(), upload());
    one.reverse();
    let mut schema = json!({"type": "object", "properties": members, "additionalProperties": false, "oneOf": one});
    if !rules.is_empty() {
        schema["dependentSchemas"] = json!(rules);
    }
    schema
}

/// A small picture in base64.
fn example() -> String {
    let pixels = (0..SIDE * SIDE).flat_map(|at| [at % SIDE, at / SIDE, SIDE - 1].map(|part| (part * 255 / SIDE) as u8));
    let picture = Picture::new(SIDE, SIDE, pixels.collect(), None);
    // Nobody stops it, and it is small: it is written.
    let png = picture.encode(Encoding::Png { compression: None }, &Watch::default()).unwrap_or_default();
    String::from_utf8_lossy(&Reply::base64(&png).body).into_owned()
}
