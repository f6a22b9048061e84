//! CORS (Fetch standard, section 3.3): which web pages may call.

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue};

/// What the answer to a request from a page may say.
pub(crate) enum Origin {
    /// Only listed pages may call, and none of them asked: caches must know that others might.
    Unlisted,
    /// Every page may call.
    Any,
    /// This page may call, others may not.
    One(HeaderValue),
}

impl Origin {
    /// The right of the request's origin under the setting `ORIGINS`.
    pub(crate) fn of(headers: &HeaderMap, allowed: &[String]) -> Self {
        if allowed.iter().any(|one| one == "*") {
            return Self::Any;
        }
        match headers.get(ORIGIN) {
            Some(origin) if allowed.iter().any(|one| one.as_bytes() == origin.as_bytes()) => Self::One(origin.clone()),
            _ => Self::Unlisted,
        }
    }

    /// Says so in the answer.
    pub(crate) fn allow(self, headers: &mut HeaderMap) {
        match self {
            Self::Any => headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
            Self::Unlisted => {
                headers.append(VARY, HeaderValue::from_static("origin"));
                return;
            }
            Self::One(origin) => {
                headers.append(VARY, HeaderValue::from_static("origin"));
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin)
            }
        };
        let told = "x-request-id, x-model, x-cache, server-timing, retry-after, location, content-location, etag, \
                    content-range, preference-applied, ratelimit, ratelimit-policy";
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(told));
    }
}

/// The headers of the answer to a preflight; none for a plain OPTIONS.
pub(crate) fn preflight(headers: &HeaderMap) -> HeaderMap {
    let mut answer = HeaderMap::new();
    if headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        let may = "accept, authorization, cache-control, content-type, idempotency-key, if-none-match, if-range, prefer, range, \
                   traceparent, webhook, x-api-key, x-request-id";
        answer.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE, OPTIONS"));
        answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(may));
        answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    }
    answer
}
