//! Jobs: a request answered later. Everything about one lies in the store, so that another process can finish it.
//!
//! | name | holds |
//! | --- | --- |
//! | `job/FUNCTION/OWNER.ID/request` | what was asked, without the body |
//! | `job/FUNCTION/OWNER.ID/body` | the body |
//! | `job/FUNCTION/OWNER.ID/state` | how far it is; replaced only by who holds the version that it had |
//! | `open/FUNCTION/OWNER.ID` | there while something is left to do: what whoever runs jobs looks for |
//! | `lease/FUNCTION/OWNER.ID` | who runs it, and until when |
//! | `once/FUNCTION/OWNER.DIGEST` | which job an `Idempotency-Key` began |

mod input;
pub(crate) mod lease;
pub(crate) mod webhook;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Request};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use crate::error::{Error, Kind, Result};
use crate::key::Owner;
use crate::runtime::sha256;
use crate::store::{Kept, Name, Store, Version};

pub(crate) use input::Input;

/// The headers of a request that its answer depends on.
const KEPT: [HeaderName; 4] = [
    axum::http::header::CONTENT_TYPE,
    axum::http::header::ACCEPT,
    axum::http::header::CACHE_CONTROL,
    HeaderName::from_static("traceparent"),
];

/// The longest `Idempotency-Key`.
const LONGEST_KEY: usize = 255;

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

impl Phase {
    /// Whether nothing more will happen.
    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }

    /// As in answers and metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What is known of a job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct State {
    pub phase: Phase,
    /// 0..1.
    pub progress: f32,
    /// Seconds since 1970.
    pub created: f64,
    /// The result's id.
    pub result: Option<String>,
    /// The problem document of a failure.
    pub problem: Option<Value>,
    /// How often it was begun.
    pub tries: u32,
}

/// What was asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// Path and query.
    uri: String,
    headers: Vec<(String, String)>,
    /// Where to tell that it is over.
    pub webhook: Option<String>,
    /// What lets the platform's own invocation, and nobody else, run it.
    pub token: String,
}

impl Asked {
    /// What of a request is kept; `uri`: path and query, where they are others than the request's.
    pub(crate) fn of(parts: &Parts, uri: Option<String>) -> Self {
        let own = || parts.uri.path_and_query().map_or("/", |all| all.as_str()).to_owned();
        let headers = KEPT.into_iter().filter_map(|name| {
            let value = parts.headers.get(&name)?.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        });
        let webhook = parts.headers.get("webhook").and_then(|value| value.to_str().ok()).map(str::to_owned);
        Self { uri: uri.unwrap_or_else(own), headers: headers.collect(), webhook, token: drawn() }
    }

    /// With a body that is a file as it is.
    pub(crate) fn raw(mut self) -> Self {
        self.headers.retain(|(name, _)| name != "content-type");
        self.headers.push(("content-type".into(), "application/octet-stream".into()));
        self
    }

    /// The request again.
    pub(crate) fn parts(&self) -> Result<Parts> {
        let mut request = Request::post(&self.uri);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        Ok(request.body(()).map_err(Error::internal)?.into_parts().0)
    }

    /// Whether this is the token that was drawn for it.
    pub(crate) fn allows(&self, token: &str) -> bool {
        bool::from(self.token.as_bytes().ct_eq(token.as_bytes()))
    }
}

/// What lets a request begin one job, however often it comes (Idempotency-Key, an Internet-Draft of the IETF).
pub(crate) struct Once {
    key: String,
    /// The same for the same request.
    print: String,
}

impl Once {
    /// Of a request's header; `print` tells the request from others.
    pub(crate) fn of(headers: &HeaderMap, print: impl FnOnce() -> String) -> Result<Option<Self>> {
        let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
        let key = key.to_str().map_err(|_| Error::bad("`Idempotency-Key` is no plain text"))?;
        if key.is_empty() || key.len() > LONGEST_KEY {
            return Err(Error::bad(format!("`Idempotency-Key` has no letters, or more than {LONGEST_KEY}")));
        }
        Ok(Some(Self { key: key.to_owned(), print: print() }))
    }

    /// The job that it began before.
    ///
    /// # Errors
    /// `BadRequest` where that was another request.
    pub(crate) async fn job(&self, store: &Store, function: &'static str, owner: &Owner) -> Result<Option<Job>> {
        let Some(kept) = store.get(&self.name(function, owner)?, None).await? else { return Ok(None) };
        let (id, before): (String, String) = serde_json::from_slice(&kept.read().await?).map_err(Error::internal)?;
        if before != self.print {
            return Err(Error::bad("`Idempotency-Key` was used for another request before; give this one its own"));
        }
        Ok(Some(Job { function, owner: owner.name().to_owned(), id }))
    }

    /// Forgets the job that it began.
    pub(crate) async fn forget(&self, store: &Store, function: &'static str, owner: &Owner) -> Result<()> {
        store.remove(&self.name(function, owner)?).await
    }

    fn name(&self, function: &'static str, owner: &Owner) -> Result<Name> {
        let last = format!("{}.{}", owner.name(), sha256(self.key.as_bytes()));
        Name::of(&["once", function, &last]).ok_or_else(unknown)
    }
}

/// A job's place in the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Job {
    function: &'static str,
    owner: String,
    id: String,
}

impl Job {
    /// Writes a job down, ready to be run by anybody who has the store; with an `Idempotency-Key` that was used before, the
    /// job of that time.
    pub(crate) async fn begin(
        store: &Store,
        function: &'static str,
        owner: &Owner,
        asked: &Asked,
        input: Input,
        once: Option<&Once>,
    ) -> Result<Self> {
        let mut job = Self { function, owner: owner.name().to_owned(), id: drawn() };
        if let Some(once) = once {
            let words = serde_json::to_vec(&(&job.id, &once.print)).map_err(Error::internal)?;
            if !store.create(&once.name(function, owner)?, words.into()).await? {
                let message = "the job of this `Idempotency-Key` is being removed; come again";
                let gone = || Error::new(Kind::NotReady, message);
                job.id = once.job(store, function, owner).await?.ok_or_else(gone)?.id;
            }
        }
        let state =
            State { phase: Phase::Queued, progress: 0.0, created: now(), result: None, problem: None, tries: 0 };
        // Each where there is none: whoever began it before and died, or is at it now, has done as much.
        if !store.exists(&job.part("state")?).await? {
            input.write(store, &job.part("body")?).await?;
            store.create(&job.part("request")?, serde_json::to_vec(asked).map_err(Error::internal)?.into()).await?;
            store.create(&job.part("state")?, json_bytes(&state)?).await?;
        }
        // The last one: whoever sees it finds the others.
        if !job.state(store).await?.phase.is_over() && !store.exists(&job.open()?).await? {
            store.put(&job.open()?, Bytes::new()).await?;
        }
        Ok(job)
    }

    /// The job of that owner that a client names.
    pub(crate) fn named(function: &'static str, owner: &Owner, id: &str) -> Result<Self> {
        Self::placed(function, &format!("{}.{id}", owner.name()))
    }

    /// The job of that owner and id, with a dot between them.
    pub(crate) fn placed(function: &'static str, place: &str) -> Result<Self> {
        let (owner, id) = place.split_once('.').ok_or_else(unknown)?;
        let plain = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if plain { Ok(Self { function, owner: owner.to_owned(), id: id.to_owned() }) } else { Err(unknown()) }
    }

    /// A function's jobs for which something is left to do, the oldest first.
    pub(crate) async fn unfinished(store: &Store, function: &'static str) -> Result<Vec<Self>> {
        let open = Name::of(&["open", function]).ok_or_else(unknown)?;
        Ok(store.list(&open).await?.iter().filter_map(|name| Self::placed(function, name.last()).ok()).collect())
    }

    /// Its id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Its owner and its id, with a dot between them.
    pub(crate) fn place(&self) -> String {
        format!("{}.{}", self.owner, self.id)
    }

    /// Whose it is.
    pub(crate) fn owner(&self) -> Owner {
        Owner::named(&self.owner)
    }

    /// What was asked.
    pub(crate) async fn asked(&self, store: &Store) -> Result<Asked> {
        let kept = store.get(&self.part("request")?, None).await?.ok_or_else(unknown)?;
        serde_json::from_slice(&kept.read().await?).map_err(Error::internal)
    }

    /// The body that came with it.
    pub(crate) async fn body(&self, store: &Store) -> Result<Kept> {
        store.get(&self.part("body")?, None).await?.ok_or_else(unknown)
    }

    /// How far it is.
    pub(crate) async fn state(&self, store: &Store) -> Result<State> {
        Ok(self.versioned(store).await?.0)
    }

    async fn versioned(&self, store: &Store) -> Result<(State, Version)> {
        let kept = store.get(&self.part("state")?, None).await?.ok_or_else(unknown)?;
        let version = kept.version.clone();
        Ok((serde_json::from_slice(&kept.read().await?).map_err(Error::internal)?, version))
    }

    /// Changes its state where it is not over; gives what it is then, and whether this was what changed it.
    /// `change` may be called several times.
    pub(crate) async fn change(&self, store: &Store, change: impl Fn(&mut State)) -> Result<(State, bool)> {
        loop {
            let (mut state, version) = self.versioned(store).await?;
            if state.phase.is_over() {
                return Ok((state, false));
            }
            change(&mut state);
            if store.replace(&self.part("state")?, json_bytes(&state)?, &version).await? {
                return Ok((state, true));
            }
        }
    }

    /// Nothing is left to do: removes what only running it took.
    pub(crate) async fn close(&self, store: &Store) -> Result<()> {
        store.remove(&self.part("body")?).await?;
        store.remove(&self.open()?).await
    }

    /// As a client reads it; `up` leads from the address that is read to the function's own.
    pub(crate) fn json(&self, state: &State, up: &str) -> Value {
        json!({
            "id": self.id, "state": state.phase, "progress": state.progress, "created": rfc3339(state.created),
            "result_url": state.result.as_ref().map(|id| format!("{up}result/{id}")), "problem": state.problem,
        })
    }

    fn part(&self, part: &str) -> Result<Name> {
        Name::of(&["job", self.function, &self.place(), part]).ok_or_else(unknown)
    }

    fn open(&self) -> Result<Name> {
        self.name("open", &self.place())
    }

    fn lease(&self) -> Result<Name> {
        self.name("lease", &self.place())
    }

    fn name(&self, kind: &str, last: &str) -> Result<Name> {
        Name::of(&[kind, self.function, last]).ok_or_else(unknown)
    }
}

/// Whether a client would rather hear of it later (RFC 7240, 4.1).
pub(crate) fn prefers_later(headers: &HeaderMap) -> bool {
    let words = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    words.flat_map(|value| value.split([',', ';'])).any(|word| word.trim().eq_ignore_ascii_case("respond-async"))
}

fn json_bytes(state: &State) -> Result<Bytes> {
    serde_json::to_vec(state).map(Bytes::from).map_err(Error::internal)
}

fn drawn() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
}

/// A time as RFC 3339 writes it, in UTC, to the millisecond.
fn rfc3339(seconds: f64) -> String {
    let time = UNIX_EPOCH + Duration::from_secs_f64(seconds.max(0.0));
    humantime::format_rfc3339_millis(time).to_string()
}

fn unknown() -> Error {
    Error::new(Kind::NotFound, "there is no such job, or no more")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store;
    use lease::Lease;

    fn asked(uri: &str) -> Asked {
        Asked::of(&Request::post(uri).header("prefer", "wait=5, Respond-Async").body(()).unwrap().into_parts().0, None)
    }

    #[tokio::test]
    async fn a_job_is_begun_once_changed_by_one_and_run_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let (store, owner) = (store::in_folder(folder.path()).await, Owner::anybody());
        let begin = async |uri: &str, words: &'static str, key: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.extend(key.map(|key| (HeaderName::from_static("idempotency-key"), key.parse().unwrap())));
            let once = Once::of(&headers, || format!("{uri} {words}")).unwrap();
            Job::begin(&store, "any", &owner, &asked(uri), Bytes::from(words).into(), once.as_ref()).await
        };
        let first = begin("/?a=1", "picture", Some("key")).await.unwrap();
        assert_eq!(begin("/?a=1", "picture", Some("key")).await.unwrap(), first);
        assert_eq!(begin("/?a=2", "picture", Some("key")).await.unwrap_err().kind(), Kind::BadRequest);
        assert_eq!(begin("/?a=1", "another", Some("key")).await.unwrap_err().kind(), Kind::BadRequest);
        assert_ne!(begin("/?a=1", "picture", None).await.unwrap(), first);
        assert_eq!(Job::unfinished(&store, "any").await.unwrap().len(), 2);
        assert_eq!(Job::unfinished(&store, "another").await.unwrap().len(), 0);
        assert_eq!(first.body(&store).await.unwrap().read().await.unwrap(), "picture");
        assert_eq!(first.asked(&store).await.unwrap().parts().unwrap().uri, "/?a=1");

        let lease = Lease::take(&store, &first).await.unwrap().expect("the lease");
        assert!(Lease::take(&store, &first).await.unwrap().is_none(), "it is held");
        let mut lease = lease;
        assert!(lease.renew(&store).await.unwrap());
        lease.end(&store, false).await.unwrap();
        assert!(Lease::take(&store, &first).await.unwrap().is_some(), "it was given back");

        let (state, ours) = first.change(&store, |state| state.phase = Phase::Cancelled).await.unwrap();
        assert_eq!((state.phase, ours), (Phase::Cancelled, true));
        let (state, ours) = first.change(&store, |state| state.phase = Phase::Done).await.unwrap();
        assert_eq!((state.phase, ours), (Phase::Cancelled, false), "what is over stays as it is");
        first.close(&store).await.unwrap();
        assert_eq!(Job::unfinished(&store, "any").await.unwrap().len(), 1);
        assert!(
            Job::named("any", &owner, "../../etc/passwd").is_err()
                && Job::named("any", &owner, &"A".repeat(32)).is_err()
        );
        assert!(prefers_later(
            &Request::get("/").header("prefer", "wait=5, Respond-Async").body(()).unwrap().into_parts().0.headers
        ));
    }

    #[test]
    fn a_time_is_written_as_rfc_3339() {
        assert_eq!(rfc3339(1_700_000_000.25), "2023-11-14T22:13:20.250Z");
    }
}
