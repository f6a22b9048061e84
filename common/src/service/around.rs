//! Around every request: its id, who it is from, CORS, the problem document of a failure, its log line and its metrics.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Front, Platform, Turn, guard};
use crate::cors;
use crate::error::{Error, Kind};
use crate::log::{self, Level};
use crate::rate::Told;
use crate::telemetry::{self, Answered};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The address that a request came from, as the door knows it.
#[derive(Clone, Copy)]
pub(crate) struct Peer(pub IpAddr);

/// A failure on its way out: `around` turns it into the problem document.
#[derive(Clone)]
pub(super) struct Failure {
    pub error: Arc<Error>,
    pub req_id: Option<String>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Arc::new(error).into()
    }
}

impl From<Arc<Error>> for Failure {
    fn from(error: Arc<Error>) -> Self {
        Self { error, req_id: None }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = status(self.error.kind()).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The only place that knows which status a kind of failure has.
fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::BadRequest => StatusCode::BAD_REQUEST,
        Kind::NoKey => StatusCode::UNAUTHORIZED,
        Kind::WrongKey => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
        Kind::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
        Kind::TooSlow => StatusCode::REQUEST_TIMEOUT,
        Kind::Precondition => StatusCode::PRECONDITION_FAILED,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::NotAPicture => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::NotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
        Kind::BrokenPicture => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Busy | Kind::TooOften => StatusCode::TOO_MANY_REQUESTS,
        // Nobody reads it, the client left; it is for the log and the metrics, where it is no failure of ours (nginx's number).
        Kind::Gone => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Kind::Missing => StatusCode::NOT_IMPLEMENTED,
        Kind::NotReady => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Deadline => StatusCode::GATEWAY_TIMEOUT,
    }
}

/// The request's id, for whom it concerns on its way.
#[derive(Clone)]
pub(super) struct Id(pub String);

/// What a run tells of itself, for the log, the metrics and the trace.
#[derive(Clone, Default)]
pub(super) struct Details {
    /// For the log.
    pub line: Value,
    /// How long each stage took, in their order.
    pub stages: Vec<(&'static str, std::time::Duration)>,
    /// The variant that ran.
    pub model: String,
    /// Bytes of the picture that came and of the answer.
    pub bytes: Option<(usize, usize)>,
}

pub(super) async fn around(State(front): State<Arc<Front>>, mut request: Request, next: Next) -> Response {
    let (began, start) = (SystemTime::now(), Instant::now());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    // A job's run comes from within; as a request it was counted when it came.
    let within = request.extensions().get::<Turn>().is_some();
    let id = request_id(request.headers());
    request.extensions_mut().insert(Id(id.clone()));
    let trace = request.headers().get(TRACEPARENT).filter(|value| is_traceparent(value)).cloned();
    let origin = cors::Origin::of(request.headers(), &front.settings.origins);
    let mut told = None;
    let mut response = if method == Method::OPTIONS {
        let preflight = cors::preflight(request.headers());
        let allowed = next.run(request).await.headers().get(ALLOW).cloned();
        let mut response = (StatusCode::NO_CONTENT, preflight).into_response();
        response.headers_mut().extend(allowed.map(|methods| (ALLOW, methods)));
        response
    } else {
        match guard::admit(&front, &mut request, route.as_deref()) {
            Ok(admitted) => {
                told = admitted;
                next.run(request).await
            }
            Err((error, refused)) => {
                told = refused;
                // Clients that send all of it before they listen are to hear why.
                tokio::spawn(crate::body::drain(request.into_body()));
                Failure::from(error).into_response()
            }
        }
    };
    let failure = response.extensions_mut().remove::<Failure>();
    if let Some(failure) = &failure {
        let head = std::mem::take(response.headers_mut());
        response = problem(failure, &id);
        for kept in [ALLOW, CONTENT_RANGE] {
            response.headers_mut().extend(head.get(&kept).map(|value| (kept, value.clone())));
        }
        if let Some(seconds) = again(&failure.error, &front, told.as_ref()) {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        if failure.error.kind() == Kind::NoKey {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
    }
    let headers = response.headers_mut();
    if let Some(told) = told {
        told.tell(headers);
    }
    headers.extend(HeaderValue::from_str(&id).ok().map(|id| (X_REQUEST_ID, id)));
    headers.extend(trace.clone().map(|trace| (TRACEPARENT, trace)));
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    origin.allow(headers);
    let details = response.extensions_mut().remove::<Details>().unwrap_or_default();
    let answered = Answered {
        route: if within { "job" } else { route.as_deref().unwrap_or("other") },
        method: if route.is_some() { method.as_str() } else { "other" },
        status: response.status().as_u16(),
        seconds: start.elapsed().as_secs_f64(),
        model: &details.model,
        stages: &details.stages,
        bytes: details.bytes,
    };
    telemetry::answered(&answered);
    if let Some(tracer) = &front.tracer {
        tracer.record(&answered, began, trace.as_ref().and_then(|trace| trace.to_str().ok()), &id);
        if front.platform == Platform::Lambda && !within {
            // Once the answer is given, the process may be frozen.
            let front = front.clone();
            _ = tokio::task::spawn_blocking(move || front.tracer.as_ref().map(crate::trace::Tracer::flush)).await;
        }
    }
    tell(&front, &answered, &id, &path, trace.as_ref(), failure.as_ref(), details.line);
    response
}

/// The log line of an answer. Of an address the pattern is told: the ids in it are rights.
fn tell(
    front: &Front,
    answered: &Answered<'_>,
    id: &str,
    path: &str,
    trace: Option<&HeaderValue>,
    failure: Option<&Failure>,
    run: Value,
) {
    // Of one that leads nowhere the first part is enough to see what was meant.
    let start = path.split('/').nth(1).unwrap_or_default().chars().take(40).collect::<String>();
    let path = if answered.route == "other" { format!("/{start}") } else { answered.route.to_owned() };
    let mut line = json!({
        "id": id, "method": answered.method, "path": path,
        "status": answered.status, "seconds": answered.seconds, "run": run,
    });
    if let Some(trace) = trace.and_then(|trace| trace.to_str().ok()) {
        line["trace"] = json!(trace);
    }
    let mut level = Level::Info;
    if let Some(Failure { error, .. }) = failure {
        line["error"] = json!(error.message());
        line["cause"] = json!(error.cause());
        level = if error.kind() == Kind::Internal { Level::Error } else { Level::Info };
    }
    if front.platform == Platform::Lambda
        && let (Value::Object(line), Value::Object(more)) = (&mut line, telemetry::embedded(front.name, answered))
    {
        line.extend(more);
    }
    log::line(level, "answered", line);
}

/// Seconds after which who was refused may come again.
fn again(error: &Error, front: &Front, told: Option<&Told>) -> Option<u64> {
    match error.kind() {
        Kind::TooOften => told.map(Told::seconds),
        Kind::Busy | Kind::NotReady | Kind::Deadline => Some(error.again().unwrap_or(front.queue.retry_after())),
        _ => None,
    }
}

/// The client's id where it is plain and short, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let plain = |id: &&str| (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    let given = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok()).filter(plain);
    given.map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned)
}

/// The id that `around` gave to the request.
pub(super) fn id(parts: &Parts) -> String {
    parts.extensions.get::<Id>().map(|id| id.0.clone()).unwrap_or_default()
}

/// W3C Trace Context, section 3.2: version, trace id, parent id, flags.
fn is_traceparent(value: &HeaderValue) -> bool {
    let hex = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts: Vec<_> = value.to_str().unwrap_or_default().split('-').collect();
    matches!(parts[..], [a, b, c, d] if hex(a, 2) && hex(b, 32) && hex(c, 16) && hex(d, 2))
}

/// RFC 9457, with the envelope's `req_id`, `code` and `msg` beside.
pub(super) fn document(failure: &Failure, id: &str) -> Value {
    let status = status(failure.error.kind());
    let message = failure.error.message();
    json!({
        "type": "about:blank", "title": status.canonical_reason(), "status": status.as_u16(), "detail": message,
        "req_id": failure.req_id.as_deref().unwrap_or(id), "code": status.as_u16(), "msg": message,
    })
}

fn problem(failure: &Failure, id: &str) -> Response {
    let kind = [(CONTENT_TYPE, "application/problem+json"), (CACHE_CONTROL, "no-store")];
    (status(failure.error.kind()), kind, document(failure, id).to_string()).into_response()
}
