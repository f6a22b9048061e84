//! `POST /`: the way of a picture through the service.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LOCATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::json;

use super::around::{Details, id};
use super::{Face, Failure, Served, Service, Turn, jobs};
use crate::body::{self, Held};
use crate::cache::{self, Entry, From};
use crate::error::{Error, Kind, Result};
use crate::job;
use crate::key::Owner;
use crate::log::{self, Level};
use crate::picture::Limits;
use crate::reply::{self, Link, Reply, Shape};
use crate::request;
use crate::result::{self, Id, Tag};
use crate::store::Store;
use crate::uploads;
use crate::watch::{Stop, Watch};
use crate::work::{Done, Left, Work, compute};

const X_MODEL: HeaderName = HeaderName::from_static("x-model");
const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// An answer as all who asked for it share it.
pub(crate) struct Produced {
    media_type: &'static str,
    body: Bytes,
    x_model: String,
    /// Under which id it is kept.
    kept: Option<Id>,
    details: Details,
}

/// Where an answer is kept.
struct Keep {
    store: Arc<Store>,
    owner: Owner,
    tag: Tag,
    linked: Id,
}

pub(super) async fn run(State(service): Served, request: Request) -> Result<Response, Failure> {
    service.queue.check_open()?;
    let (parts, body) = request.into_parts();
    let mut req_id = None;
    let done = answer(&service, &parts, body, &mut req_id).await;
    done.map_err(|failure| Failure { req_id, ..failure })
}

async fn answer(
    service: &Arc<Service>,
    parts: &Parts,
    body: Body,
    req_id: &mut Option<String>,
) -> Result<Response, Failure> {
    let turn = Turn::of(parts)?;
    let (bytes, mut held) = body::read(&parts.headers, body, service.most(), &service.room).await?;
    let mut ask = request::read(parts, bytes.clone()).await?;
    req_id.clone_from(&ask.req_id);
    if let Some(upload) = &ask.upload {
        let file = uploads::open(service.store()?, &turn.owner, upload).await?;
        service.room.grow(&mut held, bytes.len() + file.length as usize)?;
        ask.bytes = file.read().await?;
    }
    let face = service.face();
    let mut work = Work::plan(&*service.function, &face.catalogue, &service.settings, parts, ask, &id(parts))?;
    if turn.outside && job::prefers_later(&parts.headers) {
        drop(work);
        return Ok(jobs::begin(service, &turn.owner, parts, bytes.into()).await?);
    }
    drop(bytes);

    let wishes = Wishes::of(&parts.headers);
    if work.wants_link() {
        service.store()?;
        if wishes.no_store {
            return Err(Error::bad("`link` asks to keep the answer, and `Cache-Control: no-store` not to").into());
        }
    }
    let keep = match &service.store {
        Some(store) if !wishes.no_store => Some(keep(service, store, &turn.owner, &face, &mut work)?),
        _ => None,
    };
    let tag = keep.as_ref().map(|keep| keep.tag.clone());
    if let Some(tag) = tag.as_ref().filter(|tag| parts.headers.get_all(IF_NONE_MATCH).iter().any(|one| tag.is_named(one))) {
        let message = format!("the answer would be the one that If-None-Match names, \"{}\"", tag.as_str());
        return Err(Error::new(Kind::Precondition, message).into());
    }
    let (shape, name) = (work.shape(), work.req_id().to_owned());
    let wants_link = work.wants_link();
    if let Some(keep) = keep.as_ref().filter(|_| !wishes.no_cache)
        && let Some((entry, id, bytes)) = cache::look(&keep.store, &keep.owner, &keep.tag).await
    {
        let details = Details { line: json!({"cache": "hit"}), ..Details::default() };
        let kept = Produced { media_type: id.media_type(), body: bytes, x_model: entry.x_model, kept: Some(id), details };
        return respond(service, &kept, Some(From::Hit), tag, shape, &name, wants_link);
    }
    let deadline = Instant::now() + if turn.outside { service.settings.deadline } else { service.settings.job_deadline };
    let join = keep.as_ref().filter(|_| !wishes.no_cache).map(|keep| (keep.owner.clone(), keep.tag.clone()));
    let run = Run { service: service.clone(), face, work, keep, deadline, held, patient: !turn.outside };
    let (produced, from) = match join {
        Some((owner, tag)) => {
            let left = Left::new(Watch::default(), id(parts));
            let progress = turn.progress.clone();
            let joined = service.runs.join(&owner, &tag, progress, |watch| run.produce(watch)).await;
            left.disarm();
            joined
        }
        None => {
            let watch = Watch::telling(turn.progress.clone());
            let left = Left::new(watch.clone(), id(parts));
            let done = run.produce(watch).await;
            left.disarm();
            (done.map(Arc::new).map_err(Arc::new), From::Miss)
        }
    };
    respond(service, &*produced?, tag.is_some().then_some(from), tag, shape, &name, wants_link)
}

/// What a request says of the cache.
struct Wishes {
    no_store: bool,
    no_cache: bool,
}

impl Wishes {
    fn of(headers: &HeaderMap) -> Self {
        let words = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
        let words: Vec<_> = words.flat_map(|value| value.split(',')).map(|word| word.trim().to_ascii_lowercase()).collect();
        let says = |word: &str| words.iter().any(|one| one == word);
        Self { no_store: says("no-store"), no_cache: says("no-cache") || says("max-age=0") }
    }
}

/// Settles where an answer is kept, and tells the work where its picture will be.
fn keep(service: &Service, store: &Arc<Store>, owner: &Owner, face: &Face, work: &mut Work) -> Result<Keep> {
    let tag = work.tag(service.name(), &face.catalogue)?;
    let linked = Id::draw(owner, &tag, work.shape().encoding().media_type())?;
    let most = service.settings.max_answer_bytes.unwrap_or(usize::MAX);
    let url = format!("{}result/{}", service.base(), linked.as_str());
    work.keep_at(Link { url, wanted: work.wants_link(), most });
    Ok(Keep { store: store.clone(), owner: owner.clone(), tag, linked })
}

/// A run that is understood and waits for its place.
struct Run {
    service: Arc<Service>,
    face: Arc<Face>,
    work: Work,
    keep: Option<Keep>,
    deadline: Instant,
    held: Held,
    patient: bool,
}

impl Run {
    /// Runs until the watch of all who wait for it stops it.
    async fn produce(self, watch: Watch) -> Result<Produced> {
        let Self { service, face, work, keep, deadline, held, patient } = self;
        let start = Instant::now();
        let place = match patient {
            true => service.queue.patient_place(deadline).await?,
            false => service.queue.place(deadline).await?,
        };
        let waited = start.elapsed();
        let limits = Limits { max_pixels: service.settings.max_pixels };
        let watched = watch.clone();
        let computed = compute(move || {
            let done = work.run(&face.catalogue, limits, &watched);
            drop((place, held));
            done
        });
        let done = tokio::select! {
            done = computed => done,
            () = tokio::time::sleep_until(deadline.into()) => {
                watch.stop(Stop::Deadline);
                Err(watch.check().err().unwrap_or_else(|| Error::internal("a watch that was stopped and runs on")))
            }
        };
        let Done { reply, x_model, details, timing, model, bytes_in } = done?;
        service.queue.took(timing.iter().map(|(_, took)| *took).sum());
        let mut stages = vec![("queue", waited)];
        stages.extend(timing);
        let bytes = Some((bytes_in, reply.body.len()));
        let details = Details { line: details, stages, model, bytes };
        let Reply { media_type, body, linked } = reply;
        let kept = match keep {
            Some(keep) => keep.write(media_type, &body, linked, &x_model).await?,
            None => None,
        };
        Ok(Produced { media_type, body, x_model, kept, details })
    }
}

impl Keep {
    /// Keeps an answer and its picture; `None` where the store fails and nobody needs what it should hold.
    async fn write(
        self,
        media_type: &'static str,
        body: &Bytes,
        linked: Option<(&'static str, Bytes)>,
        x_model: &str,
    ) -> Result<Option<Id>> {
        let Self { store, owner, tag, linked: picture } = self;
        let needed = linked.is_some();
        let written = async {
            let linked = match linked {
                Some((_, bytes)) => {
                    result::keep(&store, &picture, bytes).await?;
                    Some(picture.as_str().to_owned())
                }
                None => None,
            };
            let id = Id::draw(&owner, &tag, media_type)?;
            result::keep(&store, &id, body.clone()).await?;
            let entry = Entry { id: id.as_str().to_owned(), linked, x_model: x_model.to_owned() };
            cache::note(&store, &owner, &tag, &entry).await?;
            Ok(id)
        };
        match written.await {
            Ok(id) => Ok(Some(id)),
            Err(wrong) if needed => Err(wrong),
            Err(wrong) => {
                log::line(Level::Error, "the store failed", json!({"cause": wrong.to_string()}));
                Ok(None)
            }
        }
    }
}

/// One client's answer.
fn respond(
    service: &Service,
    produced: &Produced,
    from: Option<From>,
    tag: Option<Tag>,
    shape: Shape,
    name: &str,
    wants_link: bool,
) -> Result<Response, Failure> {
    let Produced { media_type, body, x_model, kept, details } = produced;
    let mut details = details.clone();
    if from != Some(From::Miss) && from.is_some() {
        // The run's time is told once, by the request that it was for.
        details.stages.clear();
        details.bytes = None;
    }
    if let Some(from) = from {
        details.line["cache"] = json!(from.name());
        crate::telemetry::cache(from.name());
    }
    let address = kept.as_ref().map(|id| format!("{}result/{}", service.base(), id.as_str()));
    let in_words = matches!(shape, Shape::Envelope(_) | Shape::Enhanced(_));
    let too_large = service.settings.max_answer_bytes.is_some_and(|most| body.len() > most);
    let mut response = if too_large || (wants_link && !in_words) {
        let Some(address) = &address else { return Err(too_large_here(body.len(), service).into()) };
        (StatusCode::SEE_OTHER, [(LOCATION, header(address)?)]).into_response()
    } else {
        let renamed = if matches!(shape, Shape::Envelope(_)) { reply::renamed(body, name) } else { None };
        (headers(media_type, x_model)?, renamed.unwrap_or_else(|| body.clone())).into_response()
    };
    let headers = response.headers_mut();
    if !details.stages.is_empty() {
        headers.insert(SERVER_TIMING, header(&timing(&details.stages))?);
    }
    if let Some(from) = from {
        headers.insert(X_CACHE, HeaderValue::from_static(from.name()));
    }
    if let (Some(tag), Some(address)) = (tag, address) {
        headers.insert(ETAG, tag.header());
        headers.insert(CONTENT_LOCATION, header(&address)?);
    }
    if let Some(kept) = kept {
        response.extensions_mut().insert(kept.clone());
    }
    response.extensions_mut().insert(details);
    Ok(response)
}

fn too_large_here(length: usize, service: &Service) -> Error {
    let most = service.settings.max_answer_bytes.unwrap_or_default();
    Error::new(
        Kind::TooLarge,
        format!(
            "the answer has {length} bytes, at most {most} are given in one, and nothing is kept here: ask for \
             `format=jpeg` or a smaller `max_side`"
        ),
    )
}

/// The header `Server-Timing`: milliseconds of each stage.
fn timing(stages: &[(&'static str, Duration)]) -> String {
    let one = |(stage, took): &(&str, Duration)| format!("{stage};dur={:.2}", took.as_secs_f64() * 1e3);
    stages.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn header(text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(Error::internal)
}

/// The headers of every answer of a network.
pub(super) fn headers(media_type: &'static str, x_model: &str) -> Result<[(HeaderName, HeaderValue); 4]> {
    Ok([
        (CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (HeaderName::from_static("vary"), HeaderValue::from_static("accept")),
        (X_MODEL, header(x_model)?),
    ])
}
