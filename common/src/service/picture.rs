//! `POST /`: the way of a picture through the service.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::json;

use super::around::{Details, id};
use super::{Face, Failure, Served, Service, Turn, jobs};
use crate::body::{self, Held};
use crate::cache::{self, Entry, From, Question};
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
    /// Whether the answer is of no use where it can't be kept.
    needed: bool,
    store: Arc<Store>,
    owner: Owner,
    tag: Tag,
    linked: Id,
}

pub(super) async fn run(State(service): Served, request: Request) -> Result<Response, Failure> {
    service.front.queue.check_open()?;
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
    let limit = if turn.outside { service.front.settings.deadline } else { service.front.settings.job_deadline };
    let (bytes, mut held) = body::read(&parts.headers, body, service.most(), &service.room).await?;
    let mut ask = request::read(parts, bytes.clone()).await?;
    req_id.clone_from(&ask.req_id);
    if let Some(upload) = &ask.upload {
        let file = uploads::open(service.store()?, &turn.owner, upload).await?;
        service.room.grow(&mut held, bytes.len() + file.length as usize)?;
        ask.bytes = file.read().await?;
    }
    let face = service.face();
    let mut work = Work::plan(&*service.function, &face.catalogue, &service.front.settings, parts, ask, &id(parts))?;
    if turn.outside && job::prefers_later(&parts.headers) {
        let (print, picture) = (work.print(), work.bytes().clone());
        drop(work);
        return Ok(jobs::begin(service, &turn.owner, parts, print, picture, bytes).await?);
    }
    drop(bytes);
    let deadline = Instant::now() + limit;

    let wishes = Wishes::of(&parts.headers);
    if work.wants_link() {
        service.store()?;
        if wishes.no_store {
            return Err(Error::bad("`link` asks to keep the answer, and `Cache-Control: no-store` not to").into());
        }
    }
    let keep = match &service.store {
        Some(store) if !wishes.no_store => {
            let (served, seen) = (service.clone(), face.clone());
            let tagged = compute(move || {
                let tag = work.tag(served.front.name, &seen.catalogue)?;
                Ok((work, tag))
            });
            let tag;
            (work, tag) = tagged.await?;
            Some(keep(service, store, &turn.owner, tag, &mut work)?)
        }
        _ => None,
    };
    let tag = keep.as_ref().map(|keep| keep.tag.clone());
    if let Some(tag) =
        tag.as_ref().filter(|tag| parts.headers.get_all(IF_NONE_MATCH).iter().any(|one| tag.is_named(one)))
    {
        let message = format!("the answer would be the one that If-None-Match names, \"{}\"", tag.as_str());
        return Err(Error::new(Kind::Precondition, message).into());
    }
    let asked =
        Asked { shape: work.shape(), name: work.req_id().to_owned(), link: work.wants_link(), tag: tag.clone() };
    if let Some(keep) = keep.as_ref().filter(|_| !wishes.no_cache)
        && let Some(hit) = cache::look(&keep.store, &keep.owner, &keep.tag).await
    {
        return asked.of_hit(service, hit, &mut held).await;
    }
    let join = keep.as_ref().filter(|_| !wishes.no_cache);
    let join = join.map(|keep| Question { owner: keep.owner.clone(), tag: keep.tag.clone(), now: turn.outside });
    let run = Run { service: service.clone(), face, work, keep, deadline, held, patient: !turn.outside };
    let (produced, from) = match join {
        Some(question) => {
            let left = Left::new(Watch::default(), id(parts));
            let joined = service.runs.join(question, turn.progress.clone(), |watch| run.produce(watch));
            // Who joined late has a later deadline than the run; who began it is told by the run itself, a moment before.
            let joined = tokio::time::timeout_at((deadline + LATE).into(), joined).await;
            left.disarm();
            joined.map_err(|_| Error::new(Kind::Deadline, "the answer took longer than the time allowed"))?
        }
        None => {
            let watch = Watch::telling(turn.progress.clone());
            let left = Left::new(watch.clone(), id(parts));
            let done = run.produce(watch).await;
            left.disarm();
            (done.map(Arc::new).map_err(Arc::new), From::Miss)
        }
    };
    asked.of_run(service, &*produced?, tag.is_some().then_some(from))
}

/// How long the answer of a run that ends at its deadline may take to be told.
const LATE: Duration = Duration::from_secs(1);

/// What a request says of the cache.
pub(super) struct Wishes {
    pub no_store: bool,
    no_cache: bool,
}

impl Wishes {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let words = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
        let words: Vec<_> =
            words.flat_map(|value| value.split(',')).map(|word| word.trim().to_ascii_lowercase()).collect();
        let says = |word: &str| words.iter().any(|one| one == word);
        Self { no_store: says("no-store"), no_cache: says("no-cache") || says("max-age=0") }
    }
}

/// Settles where an answer is kept, and tells the work where its picture will be.
fn keep(service: &Service, store: &Arc<Store>, owner: &Owner, tag: Tag, work: &mut Work) -> Result<Keep> {
    let linked = Id::draw(owner, &tag, work.shape().encoding().media_type())?;
    let most = service.front.settings.max_answer_bytes.unwrap_or(usize::MAX);
    let url = address(service, &linked);
    work.keep_at(Link { url, wanted: work.wants_link(), most });
    Ok(Keep { needed: work.wants_link(), store: store.clone(), owner: owner.clone(), tag, linked })
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
            true => service.front.queue.patient_place(deadline).await?,
            false => service.front.queue.place(deadline).await?,
        };
        let waited = start.elapsed();
        let limits = Limits { max_pixels: service.front.settings.max_pixels };
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
        service.front.queue.took(timing.iter().map(|(_, took)| *took).sum());
        let mut stages = vec![("queue", waited)];
        stages.extend(timing);
        let bytes = Some((bytes_in, reply.body.len()));
        let details = Details { line: details, stages, model, bytes };
        let Reply { media_type, body, linked } = reply;
        let kept = match keep {
            Some(keep) => keep.write(&service, media_type, &body, linked, &x_model).await?,
            None => None,
        };
        Ok(Produced { media_type, body, x_model, kept, details })
    }
}

/// How long keeping an answer may take: one that is told the address of, and one that is given anyway.
const NEEDED: Duration = Duration::from_secs(60);
const UNNEEDED: Duration = Duration::from_secs(10);

/// The address of a result, as the function's answers tell it.
pub(super) fn address(service: &Service, id: &Id) -> String {
    format!("{}result/{}", service.base(), id.as_str())
}

/// The address of a result, as another result tells it.
pub(super) fn beside<'a>(service: &Service, id: &'a Id) -> std::borrow::Cow<'a, str> {
    if service.front.settings.base_url.is_some() { address(service, id).into() } else { id.as_str().into() }
}

impl Keep {
    /// Keeps an answer and its picture; `None` where the store fails and nobody needs what it should hold.
    async fn write(
        self,
        service: &Service,
        media_type: &'static str,
        body: &Bytes,
        linked: Option<(&'static str, Bytes)>,
        x_model: &str,
    ) -> Result<Option<Id>> {
        let Self { needed, store, owner, tag, linked: picture } = self;
        let needed = needed || linked.is_some();
        let written = async {
            let mut kept = body.clone();
            let linked = match linked {
                Some((_, bytes)) => {
                    result::keep(&store, &picture, bytes).await?;
                    // Read where it is kept, the words stand beside their picture.
                    kept = reply::relinked(body, &address(service, &picture), &beside(service, &picture));
                    Some(picture.as_str().to_owned())
                }
                None => None,
            };
            let id = Id::draw(&owner, &tag, media_type)?;
            result::keep(&store, &id, kept).await?;
            let entry = Entry { id: id.as_str().to_owned(), linked, x_model: x_model.to_owned() };
            cache::note(&store, &owner, &tag, &entry).await?;
            Ok(id)
        };
        let most = if needed { NEEDED } else { UNNEEDED };
        let slow = |_| Err(Error::new(Kind::NotReady, "the store takes too long; come again later"));
        match tokio::time::timeout(most, written).await.unwrap_or_else(slow) {
            Ok(id) => Ok(Some(id)),
            Err(wrong) if needed => Err(wrong),
            Err(wrong) => {
                log::line(Level::Error, "the store failed", json!({"cause": wrong.to_string()}));
                Ok(None)
            }
        }
    }
}

/// What one client asked for.
struct Asked {
    shape: Shape,
    /// The client's name for its request.
    name: String,
    /// Whether it wants an address.
    link: bool,
    tag: Option<Tag>,
}

impl Asked {
    /// Whether an answer of so many bytes is told the address of.
    fn is_led(&self, service: &Service, bytes: u64) -> bool {
        let in_words = matches!(self.shape, Shape::Envelope(_) | Shape::Enhanced(_));
        let too_large = service.front.settings.max_answer_bytes.is_some_and(|most| bytes > most as u64);
        too_large || (self.link && !in_words)
    }

    /// The answer that the store has.
    async fn of_hit(&self, service: &Service, hit: cache::Hit, held: &mut Held) -> Result<Response, Failure> {
        let (Entry { linked, x_model, .. }, id, kept) = hit;
        let media_type = id.media_type();
        let response = if self.is_led(service, kept.length) {
            led(&address(service, &id))?
        } else if matches!(self.shape, Shape::Envelope(_) | Shape::Enhanced(_)) {
            service.room.grow(held, kept.length as usize)?;
            let mut words = kept.read().await?;
            if let Some(linked) = linked {
                let linked = Id::read(&linked)?;
                words = reply::relinked(&words, &beside(service, &linked), &address(service, &linked));
            }
            (headers(media_type, &x_model)?, self.renamed(&words)).into_response()
        } else {
            let length = [(CONTENT_LENGTH, HeaderValue::from(kept.length))];
            (headers(media_type, &x_model)?, length, Body::from_stream(kept.bytes)).into_response()
        };
        let details = Details { line: json!({}), ..Details::default() };
        self.told(service, response, Some(From::Hit), Some(&id), details)
    }

    /// The answer of a run.
    fn of_run(&self, service: &Service, produced: &Produced, from: Option<From>) -> Result<Response, Failure> {
        let Produced { media_type, body, x_model, kept, details } = produced;
        let mut details = details.clone();
        if from == Some(From::Joined) {
            // The run's time is told once, by the request that it was for.
            (details.stages, details.bytes) = (Vec::new(), None);
        }
        let mut response = if self.is_led(service, body.len() as u64) {
            let Some(id) = kept else { return Err(too_large_here(body.len(), service, from.is_some()).into()) };
            led(&address(service, id))?
        } else {
            (headers(media_type, x_model)?, self.renamed(body)).into_response()
        };
        if !details.stages.is_empty() {
            response.headers_mut().insert(SERVER_TIMING, header(&timing(&details.stages))?);
        }
        self.told(service, response, from, kept.as_ref(), details)
    }

    /// Words with this client's own name in them.
    fn renamed(&self, body: &Bytes) -> Bytes {
        let renamed = if matches!(self.shape, Shape::Envelope(_)) { reply::renamed(body, &self.name) } else { None };
        renamed.unwrap_or_else(|| body.clone())
    }

    /// What stands around every answer.
    fn told(
        &self,
        service: &Service,
        mut response: Response,
        from: Option<From>,
        kept: Option<&Id>,
        mut details: Details,
    ) -> Result<Response, Failure> {
        let headers = response.headers_mut();
        if let Some(from) = from {
            details.line["cache"] = json!(from.name());
            crate::telemetry::cache(from.name());
            headers.insert(X_CACHE, HeaderValue::from_static(from.name()));
        }
        if let (Some(tag), Some(id)) = (&self.tag, kept) {
            headers.insert(ETAG, tag.header());
            headers.insert(CONTENT_LOCATION, header(&address(service, id))?);
        }
        if let Some(kept) = kept {
            response.extensions_mut().insert(kept.clone());
        }
        response.extensions_mut().insert(details);
        Ok(response)
    }
}

/// The answer that leads to where it is kept.
pub(super) fn led(address: &str) -> Result<Response> {
    Ok((StatusCode::SEE_OTHER, [(LOCATION, header(address)?)]).into_response())
}

fn too_large_here(length: usize, service: &Service, to_be_kept: bool) -> Error {
    if to_be_kept {
        return Error::new(
            Kind::NotReady,
            "the answer is too large for one, and the store can't take it now; come again later",
        );
    }
    let most = service.front.settings.max_answer_bytes.unwrap_or_default();
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
