//! What is kept: uploads and results.

use std::ops::Range;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, IF_RANGE, LOCATION, RANGE,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

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
    let most = service.settings.max_upload_bytes;
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
    if headers.get_all(IF_NONE_MATCH).iter().any(|listed| tag.is_named(listed)) {
        return Ok((StatusCode::NOT_MODIFIED, head).into_response());
    }
    // A range is for GET (RFC 9110, 14.2), and of the content that the client has begun with.
    let still = method == Method::GET && headers.get(IF_RANGE).is_none_or(|given| *given == tag.header());
    let asked = headers.get(RANGE).and_then(|value| value.to_str().ok()).filter(|_| still);
    let part = match asked.map_or(Part::Whole, |asked| part(asked, length)) {
        Part::Whole => None,
        Part::Of(range) => Some(range),
        Part::None => {
            let message = format!("the result has {length} bytes, and none of those that were asked for");
            let mut response = Failure::from(Error::new(Kind::NotSatisfiable, message)).into_response();
            response.headers_mut().insert(CONTENT_RANGE, value(&format!("bytes */{length}"))?);
            return Ok(response);
        }
    };
    let kept = result::open(store, &id, part.clone()).await?;
    let mut response = (head, Body::from_stream(kept.bytes)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(id.media_type()));
    headers.insert(CONTENT_LENGTH, (kept.range.end - kept.range.start).into());
    if let Some(part) = part {
        headers.insert(CONTENT_RANGE, value(&format!("bytes {}-{}/{length}", part.start, part.end - 1))?);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

fn value(text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(Error::internal)
}

/// What a client wants of a result.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Of(Range<u64>),
    /// Bytes that it does not have.
    None,
}

/// One range of bytes (RFC 9110, 14.1.2) of so many; several, or what is none, are answered with the whole.
fn part(asked: &str, length: u64) -> Part {
    let Some((first, last)) = asked.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Part::Whole;
    };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Some(first), None) if last.trim().is_empty() => first..length,
        (None, Some(last)) if first.trim().is_empty() => length.saturating_sub(last)..length,
        _ => return Part::Whole,
    };
    if range.is_empty() { Part::None } else { Part::Of(range) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_read_and_everything_else_is_the_whole() {
        for (asked, expect) in [
            ("bytes=0-9", Part::Of(0..10)),
            ("bytes=5-", Part::Of(5..100)),
            ("bytes=-5", Part::Of(95..100)),
            ("bytes=-500", Part::Of(0..100)),
            ("bytes=90-500", Part::Of(90..100)),
            ("bytes=1-18446744073709551615", Part::Of(1..100)),
            ("bytes=100-", Part::None),
            ("bytes=-0", Part::None),
        ] {
            assert_eq!(part(asked, 100), expect, "{asked}");
        }
        for whole in ["bytes=", "bytes=-", "bytes=9-5", "bytes=1-2,5-6", "lines=1-2", "bytes=1-99999999999999999999"] {
            assert_eq!(part(whole, 100), Part::Whole, "{whole}");
        }
    }
}
