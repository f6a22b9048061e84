//! What is kept: uploads and results.

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, IF_RANGE, LOCATION, RANGE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::{Failure, Served, Turn, tell};
use crate::body::{self, Most};
use crate::error::{Error, Result};
use crate::request;
use crate::result::{self, Id};
use crate::store::GetRange;
use crate::uploads;

/// The longest announcement of a file.
const ANNOUNCEMENT: usize = 4 << 10;

pub(super) async fn announce(State(service): Served, request: Request) -> Result<Response, Failure> {
    let store = service.store()?;
    let (parts, body) = request.into_parts();
    let turn = Turn::of(&parts)?;
    let most = Most { picture: ANNOUNCEMENT, body: None };
    let (words, _held) = body::read(&parts.headers, body, most, &service.room).await?;
    let most = service.settings.max_upload_bytes;
    let told = uploads::announce(store, &turn.owner, &words, most, &service.base()).await?;
    let address = format!("{}uploads/{}", service.base(), told["id"].as_str().unwrap_or_default());
    let address = HeaderValue::from_str(&address).map_err(Error::internal)?;
    Ok((StatusCode::CREATED, [(LOCATION, address)], tell::json(&told)).into_response())
}

pub(super) async fn put(
    State(service): Served,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let store = service.store()?;
    let (parts, body) = request.into_parts();
    let token = request::query(&parts)?.into_iter().find(|(name, _)| name == "token");
    let token = token.map_or(String::new(), |(_, token)| token);
    uploads::put(store, &id, &token, &parts.headers, body).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn remove_upload(
    State(service): Served,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let turn = Turn::of(&request.into_parts().0)?;
    uploads::remove(service.store()?, &turn.owner, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn remove_result(
    State(service): Served,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let turn = Turn::of(&request.into_parts().0)?;
    result::remove(service.store()?, &Id::read(&id)?, &turn.owner).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A result: whole, a range of it, or that the client has it already.
pub(super) async fn result(
    State(service): Served,
    Path(id): Path<String>,
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
    if headers.get_all(IF_NONE_MATCH).iter().any(|listed| tag.is_named(listed)) {
        result::check(store, &id).await?;
        return Ok((StatusCode::NOT_MODIFIED, head).into_response());
    }
    let still = headers.get(IF_RANGE).is_none_or(|given| *given == tag.header());
    let part = headers.get(RANGE).and_then(|value| value.to_str().ok()).filter(|_| still).and_then(range);
    let partial = part.is_some();
    let kept = result::open(store, &id, part).await?;
    let length = kept.range.end - kept.range.start;
    let place = format!("bytes {}-{}/{}", kept.range.start, kept.range.end.saturating_sub(1), kept.length);
    let mut response = (head, Body::from_stream(kept.bytes)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(id.media_type()));
    headers.insert(CONTENT_LENGTH, length.into());
    if partial {
        headers.insert(CONTENT_RANGE, HeaderValue::from_str(&place).map_err(Error::internal)?);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// One range of bytes (RFC 9110, 14.1.2); several, or what is none, are answered with the whole.
fn range(text: &str) -> Option<GetRange> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| text.trim().parse::<u64>().ok();
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Some(GetRange::Bounded(first..last.checked_add(1)?)),
        (Some(first), None) if last.trim().is_empty() => Some(GetRange::Offset(first)),
        (None, Some(last)) if first.trim().is_empty() => Some(GetRange::Suffix(last)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_read_and_everything_else_is_the_whole() {
        assert_eq!(range("bytes=0-9"), Some(GetRange::Bounded(0..10)));
        assert_eq!(range("bytes=5-"), Some(GetRange::Offset(5)));
        assert_eq!(range("bytes=-5"), Some(GetRange::Suffix(5)));
        for whole in ["bytes=", "bytes=-", "bytes=9-5", "bytes=1-2,5-6", "lines=1-2", "bytes=1-18446744073709551615"] {
            assert_eq!(range(whole), None, "{whole}");
        }
    }
}
