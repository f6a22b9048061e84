//! The router: routes, status codes, one answer a request, one log line an answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::body;
use crate::catalogue::Catalogue;
use crate::cors;
use crate::error::{Error, Kind, Result};
use crate::function::{AnyFunction, Card};
use crate::knobs::Knobs;
use crate::log::{self, Level};
use crate::openapi;
use crate::page;
use crate::picture::{Limits, Picture};
use crate::queue::Queue;
use crate::reply;
use crate::request;
use crate::route::Route;
use crate::settings::Settings;
use crate::stream::{Job, Started};
use crate::upload;
use crate::watch::{Stop, Watch};
use crate::work::{Done, Left, Work, compute};

/// A function with everything that serves it.
pub(crate) struct Service {
    function: Box<dyn AnyFunction>,
    pub(crate) settings: Settings,
    catalogue: Catalogue,
    queue: Queue,
    openapi: Value,
    html: String,
}

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_MODEL: HeaderName = HeaderName::from_static("x-model");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The side of the picture that warms a network up.
const WARM_UP_SIDE: usize = 64;

impl Service {
    /// Everything but the warm-up.
    pub(crate) fn new(function: Box<dyn AnyFunction>, settings: Settings, catalogue: Catalogue) -> Self {
        let openapi = openapi::document(&*function, &catalogue);
        let html = page::html(&*function, &settings, &openapi::options(&*function, &catalogue));
        let queue = Queue::new(settings.instances, settings.queue);
        Self { function, settings, catalogue, queue, openapi, html }
    }

    /// The function's name.
    pub(crate) fn name(&self) -> &'static str {
        self.function.card().name
    }

    /// How long a request may take.
    pub(crate) fn patience(&self) -> Duration {
        let Settings { deadline, job_deadline, .. } = self.settings;
        if self.function.routes().is_empty() { deadline } else { deadline.max(job_deadline) }
    }

    /// Opens the default variant and runs it once, so that no client waits for that.
    pub(crate) fn warm_up(&self) -> Result<()> {
        let (name, run) = self.function.prepare(&mut Default::default(), None, &self.catalogue)?;
        let model = self.catalogue.model(&name)?;
        let grey = vec![128; WARM_UP_SIDE * WARM_UP_SIDE * 3];
        let picture = Picture::new(WARM_UP_SIDE, WARM_UP_SIDE, grey, None);
        let knobs = Knobs::take(model.manifest(), &mut Default::default())?;
        drop(run(&model, picture, &knobs, &Watch::default())?);
        self.queue.open();
        Ok(())
    }

    /// Gives memory back whenever nothing has run for a while; never returns.
    pub(crate) async fn tidy(self: Arc<Self>) -> Infallible {
        self.queue.when_idle(crate::memory::give_back).await
    }

    /// The routes that README.md tells of.
    pub(crate) fn router(self: Arc<Self>) -> Router {
        let run = || post(run);
        let mut router = Router::new();
        for route in self.function.routes() {
            let route = Arc::new(route);
            router =
                router.route(route.path, post(async move |served: Served, request| file(served, route, request).await));
        }
        router
            .route("/", run().get(index))
            .route("/enhance", run())
            .route("/predict", run())
            .route("/base64", run())
            .route("/openapi.json", get(openapi_json))
            .route("/models", get(models))
            .route("/models/{variant}", get(model))
            .route("/healthz", get(async || answer_json(&json!({"alive": true}))))
            .route("/readyz", get(readyz))
            .route("/warmup", post(warmup))
            .fallback(async || Failure::from(Error::new(Kind::NotFound, "there is nothing at this address")))
            .method_not_allowed_fallback(async |method: Method| {
                let message = format!("{method} is not for this address; the Allow header names what is");
                Failure::from(Error::new(Kind::WrongMethod, message))
            })
            .layer(middleware::from_fn_with_state(self.clone(), around))
            .with_state(self)
    }
}

type Served = State<Arc<Service>>;

/// A failure on its way out: `around` turns it into the problem document.
#[derive(Clone)]
struct Failure {
    error: Arc<Error>,
    req_id: Option<String>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error: Arc::new(error), req_id: None }
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
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
        Kind::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
        Kind::TooSlow => StatusCode::REQUEST_TIMEOUT,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::NotAPicture => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::BrokenPicture => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Busy => StatusCode::TOO_MANY_REQUESTS,
        // Nobody reads it: the client left.
        Kind::Gone | Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Kind::Missing => StatusCode::NOT_IMPLEMENTED,
        Kind::NotReady => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Deadline => StatusCode::GATEWAY_TIMEOUT,
    }
}

/// The request's id, for whom it concerns on its way.
#[derive(Clone)]
struct Id(String);

/// What the log line tells beside method, path and status.
#[derive(Clone)]
struct Details(Value);

/// Around every request: its id, CORS, the problem document of a failure, its log line.
async fn around(State(service): Served, mut request: Request, next: Next) -> Response {
    let start = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let id = request_id(request.headers());
    request.extensions_mut().insert(Id(id.clone()));
    let trace = request.headers().get(TRACEPARENT).filter(|value| is_traceparent(value)).cloned();
    let origin = cors::Origin::of(request.headers(), &service.settings.origins);
    let mut response = if method == Method::OPTIONS {
        let preflight = cors::preflight(request.headers());
        let allowed = next.run(request).await.headers().get(ALLOW).cloned();
        let mut response = (StatusCode::NO_CONTENT, preflight).into_response();
        response.headers_mut().extend(allowed.map(|methods| (ALLOW, methods)));
        response
    } else {
        next.run(request).await
    };
    let failure = response.extensions_mut().remove::<Failure>();
    if let Some(failure) = &failure {
        let head = std::mem::take(response.headers_mut());
        response = problem(failure, &id);
        response.headers_mut().extend(
            head.into_iter().filter_map(|(name, value)| name.filter(|name| *name == ALLOW).map(|name| (name, value))),
        );
        if failure.error.kind() == Kind::Busy {
            response.headers_mut().insert(RETRY_AFTER, service.queue.retry_after().into());
        }
    }
    let headers = response.headers_mut();
    headers.extend(HeaderValue::from_str(&id).ok().map(|id| (X_REQUEST_ID, id)));
    headers.extend(trace.clone().map(|trace| (TRACEPARENT, trace)));
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    origin.allow(headers);
    let details = response.extensions_mut().remove::<Details>().map_or(Value::Null, |details| details.0);
    let mut line = json!({
        "id": id, "method": method.as_str(), "path": path.chars().take(200).collect::<String>(),
        "status": response.status().as_u16(), "seconds": start.elapsed().as_secs_f64(), "run": details,
    });
    if let Some(trace) = trace.as_ref().and_then(|trace| trace.to_str().ok()) {
        line["trace"] = json!(trace);
    }
    let mut level = Level::Info;
    if let Some(Failure { error, .. }) = &failure {
        line["error"] = json!(error.message());
        line["cause"] = json!(error.cause());
        level = if error.kind() == Kind::Internal { Level::Error } else { Level::Info };
    }
    log::line(level, "answered", line);
    response
}

/// The client's id where it is plain and short, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let plain = |id: &&str| (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    let given = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok()).filter(plain);
    given.map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned)
}

/// The id that `around` gave to the request.
fn id(parts: &Parts) -> String {
    parts.extensions.get::<Id>().map(|id| id.0.clone()).unwrap_or_default()
}

/// W3C Trace Context, section 3.2: version, trace id, parent id, flags.
fn is_traceparent(value: &HeaderValue) -> bool {
    let hex = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts: Vec<_> = value.to_str().unwrap_or_default().split('-').collect();
    matches!(parts[..], [a, b, c, d] if hex(a, 2) && hex(b, 32) && hex(c, 16) && hex(d, 2))
}

/// RFC 9457, with the envelope's `req_id`, `code` and `msg` beside.
fn problem(failure: &Failure, id: &str) -> Response {
    let status = status(failure.error.kind());
    let message = failure.error.message();
    let document = json!({
        "type": "about:blank", "title": status.canonical_reason(), "status": status.as_u16(), "detail": message,
        "req_id": failure.req_id.as_deref().unwrap_or(id), "code": status.as_u16(), "msg": message,
    });
    let kind = [(CONTENT_TYPE, "application/problem+json"), (CACHE_CONTROL, "no-store")];
    (status, kind, document.to_string()).into_response()
}

fn answer_json(value: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

async fn index(State(service): Served, headers: HeaderMap) -> Response {
    let html = reply::accepted(&headers).iter().find_map(|wish| match wish.as_str() {
        "text/html" => Some(true),
        "application/json" => Some(false),
        _ => None,
    });
    let vary = [(HeaderName::from_static("vary"), "accept")];
    if html == Some(true) {
        let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
        let kind = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, policy)];
        return (vary, kind, service.html.clone()).into_response();
    }
    let about = page::json(service.function.card(), &service.settings, service.catalogue.default_name());
    (vary, answer_json(&about)).into_response()
}

async fn openapi_json(State(service): Served) -> Response {
    answer_json(&service.openapi)
}

async fn models(State(service): Served) -> Response {
    let Card { name, title, summary } = service.function.card();
    answer_json(&service.catalogue.tree(name, title, summary))
}

async fn model(State(service): Served, Path(name): Path<String>) -> Result<Response, Failure> {
    Ok(answer_json(&service.catalogue.card(&name)?))
}

async fn readyz(State(service): Served) -> Result<Response, Failure> {
    service.queue.check_open()?;
    Ok(answer_json(&json!({"ready": true})))
}

async fn warmup(State(service): Served) -> Result<Response, Failure> {
    let start = Instant::now();
    let place = service.queue.place(Instant::now() + service.settings.deadline).await?;
    let warm = service.clone();
    compute(move || {
        let _place = place;
        warm.warm_up()
    })
    .await?;
    Ok(answer_json(&json!({"warm": true, "seconds": start.elapsed().as_secs_f64()})))
}

/// `POST /`: the way of a picture through the service.
async fn run(State(service): Served, request: Request) -> Result<Response, Failure> {
    service.queue.check_open()?;
    let (parts, body) = request.into_parts();
    let mut req_id = None;
    let done = answer(&service, &parts, body, &mut req_id).await;
    done.map_err(|error| Failure { error: Arc::new(error), req_id })
}

async fn answer(service: &Arc<Service>, parts: &Parts, body: Body, req_id: &mut Option<String>) -> Result<Response> {
    let bytes = body::read(&parts.headers, body, service.settings.max_bytes).await?;
    let ask = request::read(parts, bytes).await?;
    req_id.clone_from(&ask.req_id);
    let id = id(parts);
    let work = Work::plan(&*service.function, &service.catalogue, &service.settings, parts, ask, &id)?;

    let start = Instant::now();
    let deadline = start + service.settings.deadline;
    let place = service.queue.place(deadline).await?;
    let waited = start.elapsed();
    let watch = Watch::default();
    let left = Left::new(watch.clone(), id);
    let (watched, served) = (watch.clone(), service.clone());
    let computed = compute(move || {
        let limits = Limits { max_pixels: served.settings.max_pixels };
        let done = work.run(&served.catalogue, limits, &watched);
        drop(place);
        done
    });
    let done = tokio::select! {
        done = computed => done,
        () = tokio::time::sleep_until(deadline.into()) => {
            watch.stop(Stop::Deadline);
            Err(watch.check().err().unwrap_or_else(|| Error::internal("a watch that was stopped and runs on")))
        }
    };
    left.disarm();
    let Done { reply, x_model, details, mut timing } = done?;
    service.queue.took(timing.iter().map(|(_, took)| *took).sum());
    timing.insert(0, ("queue", waited));
    let timing: Vec<_> =
        timing.iter().map(|(stage, took)| format!("{stage};dur={:.2}", took.as_secs_f64() * 1e3)).collect();
    let timing = [(SERVER_TIMING, HeaderValue::from_str(&timing.join(", ")).map_err(Error::internal)?)];
    let mut response = (headers(reply.media_type, &x_model)?, timing, reply.body).into_response();
    response.extensions_mut().insert(Details(details));
    Ok(response)
}

/// The headers of every answer of a network.
fn headers(media_type: &'static str, x_model: &str) -> Result<[(HeaderName, HeaderValue); 4]> {
    Ok([
        (CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (HeaderName::from_static("vary"), HeaderValue::from_static("accept")),
        (X_MODEL, HeaderValue::from_str(x_model).map_err(Error::internal)?),
    ])
}

/// A further route: a file in, a stream out.
async fn file(State(service): Served, route: Arc<Route>, request: Request) -> Result<Response, Failure> {
    service.queue.check_open()?;
    let (parts, body) = request.into_parts();
    let mut req_id = None;
    let started = stream(&service, &route, &parts, body, &mut req_id).await;
    started.map_err(|error| Failure { error: Arc::new(error), req_id })
}

async fn stream(
    service: &Arc<Service>,
    route: &Route,
    parts: &Parts,
    body: Body,
    req_id: &mut Option<String>,
) -> Result<Response> {
    let settings = &service.settings;
    let upload = upload::read(parts, body, route.field, settings.max_upload_bytes).await?;
    req_id.clone_from(&upload.req_id);
    let bytes = upload.bytes;
    let accept = reply::accepted(&parts.headers);
    let job = Job::plan(route, &service.catalogue, settings, &accept, upload)?;
    let deadline = Instant::now() + settings.job_deadline;
    let place = service.queue.place(deadline).await?;
    let (served, name) = (service.clone(), job.variant().to_owned());
    let model = compute(move || served.catalogue.model(&name)).await?;
    let Started { media_type, x_model, body } = job.start(model, place, deadline, id(parts)).await?;
    let mut response = (headers(media_type, &x_model)?, body).into_response();
    response.extensions_mut().insert(Details(json!({"bytes_in": bytes})));
    Ok(response)
}
