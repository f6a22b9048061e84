//! `GET /`: what this is and how to call it, for people and for programs.

use serde_json::{Map, Value, json};

use crate::catalogue::Catalogue;
use crate::function::{AnyFunction, Card};
use crate::reply::Offers;
use crate::route::Route;
use crate::settings::Settings;

/// For programs.
pub(crate) fn json(card: Card, settings: &Settings, catalogue: &Catalogue) -> Value {
    json!({
        "name": card.name, "title": card.title, "summary": card.summary, "version": env!("CARGO_PKG_VERSION"),
        "default_model": catalogue.default_name(), "provider": catalogue.provider(),
        "call": "POST the picture (raw, as a multipart field `image`, or as base64 in JSON `img_data`) to this address",
        "openapi": "openapi.json", "models": "models",
        "limits": {
            "max_bytes": settings.max_bytes, "max_upload_bytes": settings.max_upload_bytes, "max_pixels": settings.max_pixels,
            "deadline_s": settings.deadline.as_secs(), "job_deadline_s": settings.job_deadline.as_secs(),
            "instances": settings.instances, "queue": settings.queue, "max_body_bytes": settings.max_body_bytes,
            "max_answer_bytes": settings.max_answer_bytes, "requests_per_minute": at_least_one(settings.rate),
        },
        "store": settings.store.as_ref().map(|_| json!({"kept_s": settings.store_kept.as_secs()})),
        "keys": settings.api_keys.is_some(),
        "retention": retention(settings),
    })
}

fn at_least_one(number: u32) -> Option<u32> {
    if number == 0 { None } else { Some(number) }
}

/// What is kept of a request, in a sentence.
fn retention(settings: &Settings) -> String {
    match settings.store {
        None => "nothing is kept".into(),
        Some(_) => {
            let time = humantime::format_duration(settings.store_kept);
            format!(
                "answers, uploads and jobs are kept for {time}; who knows an answer's address can read it. \
                 `Cache-Control: no-store` keeps nothing of an answer, and DELETE removes it at once"
            )
        }
    }
}

/// For people: no script, nothing from elsewhere.
pub(crate) fn html(function: &dyn AnyFunction, settings: &Settings, options: &Map<String, Value>) -> String {
    let (card, offers) = (function.card(), function.offers());
    let row = |(name, schema): (&String, &Value)| {
        let text = |key: &str| schema[key].as_str().unwrap_or_default().to_owned();
        let kind = match (schema.get("enum"), schema.get("minimum"), schema.get("maximum")) {
            (Some(Value::Array(names)), ..) => {
                names.iter().filter_map(Value::as_str).map(escape).collect::<Vec<_>>().join(", ")
            }
            (_, Some(min), Some(max)) => format!("{min} to {max}"),
            _ => String::new(),
        };
        let default =
            schema.get("default").map_or(String::new(), |value| format!(" (default {})", escape(&plain(value))));
        format!("<tr><td><code>{}</code><td>{kind}{default}<td>{}", escape(name), escape(&text("description")))
    };
    let rows: String = options.iter().map(row).collect();
    let (name, title, summary) = (escape(card.name), escape(card.title), escape(card.summary));
    let kept = escape(&retention(settings));
    let later = match settings.store {
        None => "",
        Some(_) => {
            "<p>A larger file goes to the address that <code>POST uploads</code> gives, and is used by its id, as \
             <code>?upload=ID</code>. With <code>Prefer: respond-async</code> the answer is a job to come back for.</p>"
        }
    };
    let (bytes, pixels) = (settings.max_bytes / 1_000_000, settings.max_pixels / 1_000_000);
    let (into, forms) = match offers {
        Offers::Picture => (
            " -o better.jpg",
            "<code>Accept</code> chooses the answer: <code>image/*</code>, <code>application/json</code> or \
             <code>text/plain</code> (base64).",
        ),
        Offers::Drawing => (
            "",
            "The answer is JSON; <code>Accept: image/*</code> asks for the picture with it drawn in, \
             <code>text/plain</code> for that in base64.",
        ),
        Offers::Words => ("", "The answer is JSON."),
    };
    let row = |route: Route| {
        let (path, summary, most) = (&route.path[1..], escape(route.summary), settings.max_upload_bytes / 1_000_000);
        format!("<p><code>POST {path}</code>: {summary} At most {most} MB.</p>")
    };
    let routes: String = function.routes().into_iter().map(row).collect();
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>Darkroom {name}</title><style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;\
         padding:0 1rem;color-scheme:light dark}}pre,code{{font-family:ui-monospace,monospace}}pre{{overflow:auto;\
         padding:.75rem;border:1px solid #8886;border-radius:.4rem}}td{{padding:.2rem .8rem .2rem 0;vertical-align:top}}\
         </style><h1>{name}: {title}</h1><p>{summary}</p>\
         <h2>Call it</h2><pre>curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' ADDRESS{into}\n\
         curl -F image=@photo.jpg ADDRESS{into}\n\
         curl --json '{{\"img_data\": \"BASE64\", \"req_id\": \"1\"}}' ADDRESS</pre>\
         <p>ADDRESS is this page's. {forms} At most {bytes} MB and {pixels} million pixels; \
         {kept}.</p>{later}{routes}<h2>Options</h2><p>In the query, as form fields or as JSON members.</p><table>{rows}</table>\
         <p><a href=openapi.json>OpenAPI</a> · <a href=models>models</a> · <a href=healthz>alive</a> · \
         <a href=readyz>warm</a></p></html>"
    )
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
