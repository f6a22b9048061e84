//! A page as clients see it: its files, what they may do in a browser, how long they may be kept.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, VARY,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use serde_json::json;

use super::front::{nothing, wrong_method};
use super::range::{self, Part};
use super::{Failure, Front, Platform, Serves, tell};
use crate::error::Result;
use crate::reply;
use crate::settings::Settings;
use crate::site::{Content, Form, Site};

/// What the page may use of a device: the camera. What it has no use for is off for whatever runs in it.
const PERMISSIONS: &str = "camera=(self), accelerometer=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), \
                           idle-detection=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=(), \
                           xr-spatial-tracking=()";

/// A page with everything that serves it.
pub(crate) struct SiteService {
    front: Arc<Front>,
    content: Content,
}

impl SiteService {
    pub(crate) async fn new(site: Site, settings: Settings, platform: Platform) -> Result<Self> {
        let content = Content::new(&site, &settings)?;
        // The page is everybody's; keys and rates are of the functions that it calls.
        let settings = Settings { api_keys: None, rate: 0, ..settings };
        Ok(Self { front: Arc::new(Front::new(site.card.name, settings, platform).await?), content })
    }
}

impl Serves for SiteService {
    fn front(&self) -> &Arc<Front> {
        &self.front
    }

    fn router(self: Arc<Self>) -> Router {
        let mut router =
            Router::new().route("/", any(file)).route("/{*file}", any(file)).route("/warmup", post(warmup));
        if self.front.platform == Platform::Http {
            router = router.route("/metrics", get(metrics));
        }
        self.front.before(router).with_state(self)
    }
}

type Served = State<Arc<SiteService>>;

async fn file(State(service): Served, method: Method, uri: Uri, headers: HeaderMap) -> Result<Response, Failure> {
    let content = &service.content;
    let found = match uri.path() {
        "/" => content.index(for_programs(&headers)),
        path => path.strip_prefix('/').and_then(|path| content.at(path)),
    };
    let file = found.ok_or_else(nothing)?;
    if !matches!(method, Method::GET | Method::HEAD) {
        let allow = [(ALLOW, HeaderValue::from_static("GET,HEAD"))];
        return Ok((allow, wrong_method(&method)).into_response());
    }
    let (Form { bytes, tag }, packed) = file.form(&headers);
    let mut head = HeaderMap::new();
    head.insert(ETAG, tag.header());
    head.insert(CACHE_CONTROL, HeaderValue::from_static(file.cache));
    // Workers and drawings that are opened by themselves are held to the policy that comes with them.
    head.insert(CONTENT_SECURITY_POLICY, content.policy().clone());
    if uri.path() == "/" {
        head.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
    } else if file.varies() {
        head.insert(VARY, HeaderValue::from_static("accept-encoding"));
    } else {
        head.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    }
    if file.media_type.starts_with("text/html") {
        head.extend(page());
    }
    if range::is_known(&headers, tag) {
        return Ok((StatusCode::NOT_MODIFIED, head).into_response());
    }
    head.insert(CONTENT_TYPE, HeaderValue::from_static(file.media_type));
    if packed {
        head.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let length = bytes.len() as u64;
    let part = if file.varies() { Part::Whole } else { range::asked(&method, &headers, tag, length) };
    Ok(match part {
        Part::Whole => (head, Body::from(bytes.clone())).into_response(),
        Part::Of(part) => {
            let bytes = bytes.slice(part.start as usize..part.end as usize);
            let mut response = (head, Body::from(bytes)).into_response();
            range::mark(&mut response, &part, length);
            response
        }
        Part::None => range::refused(length),
    })
}

/// What a page is allowed, beside its policy. That it tells nobody where it came from stands in its own head: by a
/// header, Lighthouse (13.5, Chromium 147) takes the page for one that was not loaded.
fn page() -> [(HeaderName, HeaderValue); 3] {
    let value = HeaderValue::from_static;
    [
        (HeaderName::from_static("permissions-policy"), value(PERMISSIONS)),
        (HeaderName::from_static("cross-origin-opener-policy"), value("same-origin")),
        (X_FRAME_OPTIONS, value("DENY")),
    ]
}

/// Whether a program asks, which takes JSON and no page.
fn for_programs(headers: &HeaderMap) -> bool {
    let takes = reply::accepted(headers);
    let any = |ranges: &[&str]| takes.iter().any(|range| ranges.contains(&range.as_str()));
    any(&["application/json"]) && !any(&["text/html", "text/*", "*/*"])
}

async fn warmup() -> Response {
    let start = Instant::now();
    tell::json(&json!({"warm": true, "seconds": start.elapsed().as_secs_f64()}))
}

async fn metrics(State(service): Served) -> Response {
    service.front.metrics(0)
}
