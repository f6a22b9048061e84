//! What is kept: uploads and results.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, LOCATION,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::range::{self, Part};
use super::{Failure, Named, Served, Turn, tell};
use crate::body::{self, Most};
use crate::error::{Error, Kind, Result};
use crate::request;
use crate::result::{self, Id};
use crate::uploads;

/// The longest announcement of a file.
const ANNOUNCEMENT: usize = 4 << 10;

pub(super) async fn announce(State(service): Served, request: Request) -> Result<Response, Failure> {
    let store = service.store()?;
    let (parts, body) = request.into_parts();
    let turn = Turn::of(&parts)?;
    let most = Most { picture: ANNOUNCEMENT, body: None };
    let longer = |wrong: Error| match wrong.kind() {
        Kind::TooLarge => Error::new(Kind::TooLarge, format!("the announcement is longer than {ANNOUNCEMENT} bytes")),
        _ => wrong,
    };
    let (words, _held) = body::read(&parts.headers, body, most, &service.room).await.map_err(longer)?;
    let most = service.front.settings.max_upload_bytes;
    let told = uploads::announce(store, &turn.owner, &words, most, &service.base()).await?;
    let address = format!("{}uploads/{}", service.base(), told["id"].as_str().unwrap_or_default());
    let address = HeaderValue::from_str(&address).map_err(Error::internal)?;
    Ok((StatusCode::CREATED, [(LOCATION, address)], tell::json(&told)).into_response())
}

pub(super) async fn put(State(service): Served, Named(id): Named, request: Request) -> Result<Response, Failure> {
    let store = service.store()?;
    let (parts, body) = request.into_parts();
    let token = request::query(&parts)?.into_iter().find(|(name, _)| name == "token");
    let token = token.map_or(String::new(), |(_, token)| token);
    uploads::put(store, &id, &token, &parts.headers, body).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn remove_upload(
    State(service): Served,
    Named(id): Named,
    request: Request,
) -> Result<Response, Failure> {
    let turn = Turn::of(&request.into_parts().0)?;
    uploads::remove(service.store()?, &turn.owner, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn remove_result(
    State(service): Served,
    Named(id): Named,
    request: Request,
) -> Result<Response, Failure> {
    let turn = Turn::of(&request.into_parts().0)?;
    let store = service.store()?;
    result::remove(store, &Id::read(&id)?, &turn.owner).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A result: whole, a range of it, or that the client has it already.
pub(super) async fn result(
    State(service): Served,
    Named(id): Named,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let (store, id) = (service.store()?, Id::read(&id)?);
    let tag = id.tag();
    // What is written under an id never changes.
    let fresh = format!("private, max-age={}, immutable", store.kept().as_secs());
    let head = [
        (ETAG, tag.header()),
        (ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (CACHE_CONTROL, HeaderValue::from_str(&fresh).map_err(Error::internal)?),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
    ];
    let length = result::length(store, &id).await?;
    if range::is_known(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, head).into_response());
    }
    let part = match range::asked(&method, &headers, &tag, length) {
        Part::Whole => None,
        Part::Of(range) => Some(range),
        Part::None => return Ok(range::refused(length)),
    };
    let kept = result::open(store, &id, part.clone()).await?;
    let mut response = (head, Body::from_stream(kept.bytes)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(id.media_type()));
    headers.insert(CONTENT_LENGTH, (kept.range.end - kept.range.start).into());
    if let Some(part) = part {
        range::mark(&mut response, &part, length);
    }
    Ok(response)
}
