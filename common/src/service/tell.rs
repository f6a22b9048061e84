//! What the function tells of itself: routes that run nothing.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::{Failure, Front, Named, Served};
use crate::function::Card;
use crate::page;
use crate::reply;
use crate::tree;

pub(super) fn json(value: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

pub(super) async fn index(State(service): Served, headers: HeaderMap) -> Response {
    let html = reply::accepted(&headers).iter().find_map(|wish| match wish.as_str() {
        "text/html" => Some(true),
        "application/json" => Some(false),
        _ => None,
    });
    let vary = [(HeaderName::from_static("vary"), "accept")];
    let face = service.face();
    if html == Some(true) {
        let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
        let kind = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, policy)];
        return (vary, kind, face.html.clone()).into_response();
    }
    let about = page::json(service.function.card(), &service.front.settings, &face.catalogue);
    (vary, json(&about)).into_response()
}

pub(super) async fn openapi(State(service): Served) -> Response {
    json(&service.face().openapi)
}

pub(super) async fn models(State(service): Served) -> Response {
    let Card { name, title, summary } = service.function.card();
    json(&tree::tree(&service.face().catalogue, name, title, summary))
}

pub(super) async fn model(State(service): Served, Named(name): Named) -> Result<Response, Failure> {
    Ok(json(&tree::one(&service.face().catalogue, &name)?))
}

pub(super) async fn healthz() -> Response {
    json(&serde_json::json!({"alive": true}))
}

pub(super) async fn readyz(State(front): State<Arc<Front>>) -> Result<Response, Failure> {
    front.queue.check_open()?;
    Ok(json(&serde_json::json!({"ready": true})))
}

pub(super) async fn metrics(State(service): Served) -> Response {
    service.front.metrics(service.face().catalogue.open_models())
}
