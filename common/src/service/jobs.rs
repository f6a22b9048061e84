//! Jobs as clients see them: begun, looked at, followed, cancelled.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, LOCATION, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::{Failure, Served, Service, Turn, tell};
use crate::error::{Error, Kind, Result};
use crate::file::Source;
use crate::job::{Asked, Input, Job, Phase};
use crate::key::Owner;
use crate::telemetry;

/// How often a followed job is looked at, and how long one client follows at most: then it asks again.
const LOOK: Duration = Duration::from_millis(300);
const FOLLOWED: Duration = Duration::from_secs(900);

/// Begins the job of a request.
pub(super) async fn begin(
    service: &Arc<Service>,
    owner: &Owner,
    parts: &Parts,
    input: Input,
) -> Result<Response> {
    begin_asked(service, owner, parts, Asked::of(parts, None), input).await
}

/// Begins the job of a request that brought a file: what stood beside the file goes into the query.
pub(super) async fn begin_file(
    service: &Arc<Service>,
    owner: &Owner,
    parts: &Parts,
    source: Source,
    options: BTreeMap<String, Value>,
    req_id: Option<String>,
) -> Result<Response> {
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut query: Vec<_> = options.into_iter().map(|(name, value)| (name, text(value))).collect();
    query.extend(req_id.map(|id| ("req_id".to_owned(), id)));
    let input = match source {
        Source::Here(file, length) => Input::File(file, length),
        Source::Uploaded(id) => {
            query.push(("upload".into(), id));
            bytes::Bytes::new().into()
        }
    };
    let query = serde_urlencoded::to_string(query).map_err(Error::internal)?;
    let uri = format!("{}?{query}", parts.uri.path());
    begin_asked(service, owner, parts, Asked::of(parts, Some(uri)).raw(), input).await
}

async fn begin_asked(
    service: &Arc<Service>,
    owner: &Owner,
    parts: &Parts,
    asked: Asked,
    input: Input,
) -> Result<Response> {
    let store = service.store()?;
    if let Some(address) = &asked.webhook {
        service.teller.check(address)?;
    } else if parts.headers.contains_key("webhook") {
        return Err(Error::bad("`Webhook` is no address; give https://host/path"));
    }
    if Job::unfinished(store, service.name()).await?.len() >= service.settings.job_queue {
        return Err(Error::new(Kind::Busy, "too many jobs wait already; come again later"));
    }
    let key = match parts.headers.get("idempotency-key") {
        Some(value) => Some(value.to_str().map_err(|_| Error::bad("`Idempotency-Key` is no plain text"))?),
        None => None,
    };
    let job = Job::begin(store, service.name(), owner, &asked, input, key).await?;
    let state = job.state(store).await?;
    if state.phase == Phase::Queued && state.tries == 0 {
        service.runner.wake(store, &job).await?;
        telemetry::job(Phase::Queued.name());
    }
    let address = format!("{}jobs/{}", service.base(), job.id());
    let mut response = (StatusCode::ACCEPTED, tell::json(&job.json(&state, &up(service, "")))).into_response();
    let headers = response.headers_mut();
    headers.insert(LOCATION, HeaderValue::from_str(&address).map_err(Error::internal)?);
    headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("preference-applied"), HeaderValue::from_static("respond-async"));
    Ok(response)
}

/// What leads from an address to the function's own: `relative`, where links are so.
fn up(service: &Service, relative: &str) -> String {
    service.settings.base_url.as_ref().map_or_else(|| relative.to_owned(), |base| format!("{base}/"))
}

pub(super) async fn state(
    State(service): Served,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let turn = Turn::of(&request.into_parts().0)?;
    let job = Job::named(service.name(), &turn.owner, &id)?;
    let state = job.state(service.store()?).await?;
    let mut response = tell::json(&job.json(&state, &up(&service, "../")));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !state.phase.is_over() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    Ok(response)
}

pub(super) async fn cancel(
    State(service): Served,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let turn = Turn::of(&request.into_parts().0)?;
    let (job, store) = (Job::named(service.name(), &turn.owner, &id)?, service.store()?);
    let (state, ours) = job.change(store, |state| state.phase = Phase::Cancelled).await?;
    if ours {
        telemetry::job(Phase::Cancelled.name());
        service.runner.cancelled(&job);
    }
    Ok((StatusCode::ACCEPTED, tell::json(&job.json(&state, &up(&service, "../")))).into_response())
}

/// A job's states as server-sent events (HTML standard, 9.2), until it is over.
pub(super) async fn events(
    State(service): Served,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let turn = Turn::of(&request.into_parts().0)?;
    let job = Job::named(service.name(), &turn.owner, &id)?;
    job.state(service.store()?).await?;
    let until = tokio::time::Instant::now() + FOLLOWED;
    let seen = futures_util::stream::unfold((service, job, None, false), move |(service, job, last, over)| async move {
        if over {
            return None;
        }
        loop {
            let store = service.store().ok()?;
            let state = job.state(store).await.ok()?;
            let words = job.json(&state, &up(&service, "../../")).to_string();
            if last.as_ref() != Some(&words) {
                let event = Event::default().event("job").data(&words);
                let over = state.phase.is_over();
                return Some((Ok::<_, Infallible>(event), (service, job, Some(words), over)));
            }
            if tokio::time::Instant::now() > until {
                return None;
            }
            tokio::time::sleep(LOOK).await;
        }
    });
    let mut response = Sse::new(seen).keep_alive(KeepAlive::default()).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The platform's own invocation: runs the job that it names, and ends with it.
pub(super) async fn run(
    State(service): Served,
    Path(place): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let (job, store) = (Job::placed(service.name(), &place)?, service.store()?);
    let token = headers.get("x-job-token").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !job.asked(store).await?.allows(token) {
        return Err(Error::new(Kind::WrongKey, "only the platform runs jobs").into());
    }
    super::runner::finish(&service, store, &job).await?;
    Ok(tell::json(&job.json(&job.state(store).await?, &up(&service, "../../"))))
}
