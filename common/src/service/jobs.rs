//! Jobs as clients see them: begun, looked at, followed, cancelled.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, LOCATION, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::Value;

use super::picture::Wishes;
use super::{Failure, Named, Served, Service, Turn, runner, tell};
use crate::error::{Error, Kind, Result};
use crate::file::Source;
use crate::job::{Asked, Input, Job, Once, Phase};
use crate::key::Owner;
use crate::reply;
use crate::telemetry;
use crate::work::compute;

/// How often a followed job is looked at, and how long one client follows at most: then it asks again.
const LOOK: Duration = Duration::from_millis(300);
const FOLLOWED: Duration = Duration::from_secs(900);

/// Begins the job of a request for a picture; `print` tells its options from others, `body` is all that was sent.
pub(super) async fn begin(
    service: &Arc<Service>,
    owner: &Owner,
    parts: &Parts,
    print: String,
    picture: Bytes,
    body: Bytes,
) -> Result<Response> {
    let once = once(parts, print, picture.into()).await?.0;
    begin_asked(service, owner, parts, Asked::of(parts, None), body.into(), once).await
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
            Bytes::new().into()
        }
    };
    let query = serde_urlencoded::to_string(query).map_err(Error::internal)?;
    let uri = format!("{}?{query}", parts.uri.path());
    let accept = reply::accepted(&parts.headers).join(",");
    let (once, input) = once(parts, format!("{uri} {accept} "), input).await?;
    begin_asked(service, owner, parts, Asked::of(parts, Some(uri)).raw(), input, once).await
}

/// What the request's `Idempotency-Key` says, and the input again.
async fn once(parts: &Parts, print: String, mut input: Input) -> Result<(Option<Once>, Input)> {
    if !parts.headers.contains_key("idempotency-key") {
        return Ok((None, input));
    }
    let (digest, input) = compute(move || {
        let digest = input.digest()?;
        Ok((digest, input))
    })
    .await?;
    Ok((Once::of(&parts.headers, || print + &digest)?, input))
}

async fn begin_asked(
    service: &Arc<Service>,
    owner: &Owner,
    parts: &Parts,
    asked: Asked,
    input: Input,
    once: Option<Once>,
) -> Result<Response> {
    let store = service.store()?;
    if Wishes::of(&parts.headers).no_store {
        return Err(Error::bad("a job's answer is kept, and `Cache-Control: no-store` asks for it not to be"));
    }
    if let Some(address) = &asked.webhook {
        service.teller.check(address)?;
    } else if parts.headers.contains_key("webhook") {
        return Err(Error::bad("`Webhook` is no address; give https://host/path"));
    }
    let known = match &once {
        Some(once) => once.job(store, service.front.name, owner).await?,
        None => None,
    };
    if known.is_none() {
        let waiting = Job::unfinished(store, service.front.name).await?;
        if waiting.iter().filter(|job| job.owner() == *owner).count() >= service.front.settings.job_queue {
            let wrong = Error::new(Kind::Busy, "too many jobs wait already; come again later");
            return Err(wrong.again_in(service.front.queue.seconds_for(waiting.len())));
        }
    }
    // To its end, even when the client leaves: half a job would be nobody's.
    let (served, owner) = (service.clone(), owner.clone());
    let begun = tokio::spawn(async move {
        let store = served.store()?;
        let job = Job::begin(store, served.front.name, &owner, &asked, input, once.as_ref()).await?;
        let state = job.state(store).await?;
        if state.phase == Phase::Queued && state.tries == 0 {
            if let Err(wrong) = served.runner.wake(store, &job).await {
                if let Some(once) = &once {
                    once.forget(store, served.front.name, &owner).await?;
                }
                return Err(wrong);
            }
            telemetry::job(Phase::Queued.name());
        }
        Ok((job, state))
    });
    let (job, state) = begun.await.map_err(Error::internal)??;
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
    service.front.settings.base_url.as_ref().map_or_else(|| relative.to_owned(), |base| format!("{base}/"))
}

pub(super) async fn state(State(service): Served, Named(id): Named, request: Request) -> Result<Response, Failure> {
    let turn = Turn::of(&request.into_parts().0)?;
    let (store, job) = (service.store()?, Job::named(service.front.name, &turn.owner, &id)?);
    let state = runner::given_up(&service, store, &job, job.state(store).await?).await?;
    let mut response = tell::json(&job.json(&state, &up(&service, "../")));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !state.phase.is_over() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    Ok(response)
}

pub(super) async fn cancel(State(service): Served, Named(id): Named, request: Request) -> Result<Response, Failure> {
    let turn = Turn::of(&request.into_parts().0)?;
    let (store, job) = (service.store()?, Job::named(service.front.name, &turn.owner, &id)?);
    let (state, ours) = job.change(store, |state| state.phase = Phase::Cancelled).await?;
    if ours {
        telemetry::job(Phase::Cancelled.name());
        service.runner.cancelled(&job);
    }
    Ok((StatusCode::ACCEPTED, tell::json(&job.json(&state, &up(&service, "../")))).into_response())
}

/// A job's states as server-sent events (HTML standard, 9.2), until it is over.
pub(super) async fn events(State(service): Served, Named(id): Named, request: Request) -> Result<Response, Failure> {
    let turn = Turn::of(&request.into_parts().0)?;
    let (store, job) = (service.store()?, Job::named(service.front.name, &turn.owner, &id)?);
    job.state(store).await?;
    let until = tokio::time::Instant::now() + FOLLOWED;
    let seen =
        futures_util::stream::unfold((service, job, None, false), move |(service, job, last, over)| async move {
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
                tokio::select! {
                    () = tokio::time::sleep(LOOK) => {}
                    // This process ends: who follows asks the next one.
                    () = service.runner.stopped() => return None,
                }
            }
        });
    let mut response = Sse::new(seen).keep_alive(KeepAlive::default()).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The platform's own invocation: runs the job that it names, and ends with it.
pub(super) async fn run(State(service): Served, Named(place): Named, headers: HeaderMap) -> Result<Response, Failure> {
    let (store, job) = (service.store()?, Job::placed(service.front.name, &place)?);
    let token = headers.get("x-job-token").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !job.asked(store).await?.allows(token) {
        return Err(Error::new(Kind::WrongKey, "only the platform runs jobs").into());
    }
    runner::finish_invoked(&service, store, &job).await?;
    Ok(tell::json(&job.json(&job.state(store).await?, &up(&service, "../../"))))
}
