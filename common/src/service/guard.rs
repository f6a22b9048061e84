//! Who is let in: by key, and as often as the rate allows.

use axum::extract::Request;
use axum::http::Method;

use super::{Front, Turn};
use crate::error::{Error, Kind, Result};
use crate::rate::{Caller, Told};
use crate::watch::Progress;

use super::around::Peer;

/// What needs no key: what the function tells of itself, what an id gives the right to, what has a token of its own.
const FREE: &[(&str, &str)] = &[
    ("GET", "/"),
    ("GET", "/openapi.json"),
    ("GET", "/models"),
    ("GET", "/models/{variant}"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/result/{id}"),
    ("PUT", "/uploads/{id}"),
    ("POST", "/jobs/{id}/run"),
];

/// What is refused, and what is told of the caller's bucket.
pub(super) type Refused = (Error, Option<Told>);

/// Lets a request in: notes in it whose it is.
pub(super) fn admit(front: &Front, request: &mut Request, route: Option<&str>) -> Result<Option<Told>, Refused> {
    if request.extensions().get::<Turn>().is_some() {
        // A job's: it was let in when it was asked for.
        return Ok(None);
    }
    let method = if request.method() == Method::HEAD { "GET" } else { request.method().as_str() };
    // What leads nowhere is told so, with a key and without one.
    let free = route.is_none_or(|route| FREE.contains(&(method, route)));
    let owner = match front.keys.owner(request.headers()) {
        Ok(owner) => owner,
        Err(_) if free => crate::key::Owner::anybody(),
        Err(wrong) => return Err((wrong, None)),
    };
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let told = match &front.rate {
        Some(rate) if !free && method != "GET" => {
            let caller = match peer {
                Some(address) if front.keys.is_open() => Caller::at(address),
                _ => Caller::Key(owner.clone()),
            };
            Some(rate.take(&caller))
        }
        _ => None,
    };
    if let Some(told) = told.as_ref().filter(|told| !told.wait.is_zero()) {
        let message = format!("these are more requests than the {} a minute that are taken", told.a_minute);
        let again = format!("{message}; come again in {} s", told.seconds());
        return Err((Error::new(Kind::TooOften, again), Some(told.clone())));
    }
    request.extensions_mut().insert(Turn { owner, outside: true, progress: Progress::default() });
    Ok(told)
}
