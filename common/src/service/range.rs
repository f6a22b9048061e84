//! Content that the client may have already, or wants a part of (RFC 9110, sections 13 and 14).

use std::ops::Range;

use axum::http::header::{CONTENT_LENGTH, CONTENT_RANGE, IF_NONE_MATCH, IF_RANGE, RANGE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::Failure;
use crate::error::{Error, Kind};
use crate::result::Tag;

/// Whether the client has the content of this tag.
pub(super) fn is_known(headers: &HeaderMap, tag: &Tag) -> bool {
    headers.get_all(IF_NONE_MATCH).iter().any(|listed| tag.is_named(listed))
}

/// What a client wants of some content.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    Of(Range<u64>),
    /// Bytes that it does not have.
    None,
}

/// The part that a request asks for of content of this tag and length in bytes.
pub(super) fn asked(method: &Method, headers: &HeaderMap, tag: &Tag, length: u64) -> Part {
    // A range is for GET (RFC 9110, 14.2), and of the content that the client has begun with.
    let still = method == Method::GET && headers.get(IF_RANGE).is_none_or(|given| *given == tag.header());
    let asked = headers.get(RANGE).and_then(|value| value.to_str().ok()).filter(|_| still);
    asked.map_or(Part::Whole, |asked| part(asked, length))
}

/// The answer to who asks for bytes that are not among so many.
pub(super) fn refused(length: u64) -> Response {
    let message = format!("there are {length} bytes, and none of those that were asked for");
    let mut response = Failure::from(Error::new(Kind::NotSatisfiable, message)).into_response();
    response.headers_mut().extend(value(&format!("bytes */{length}")).map(|length| (CONTENT_RANGE, length)));
    response
}

/// Makes of an answer that of a part of so many bytes.
pub(super) fn mark(response: &mut Response, part: &Range<u64>, length: u64) {
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, (part.end - part.start).into());
    headers
        .extend(value(&format!("bytes {}-{}/{length}", part.start, part.end - 1)).map(|range| (CONTENT_RANGE, range)));
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
}

fn value(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
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
