//! The same question is answered once: from the store, or together with the one who asked it a moment before.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::key::Owner;
use crate::log::{self, Level};
use crate::result::{self, Id, Tag};
use crate::store::{Kept, Name, Store};
use crate::watch::{Progress, Stop, Watch};

/// What an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    /// The store.
    Hit,
    /// The network.
    Miss,
    /// A run for another one who asked the same.
    Joined,
}

impl From {
    /// As in the header `x-cache`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Joined => "joined",
        }
    }
}

/// What is kept of an answer beside its bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The result's id.
    pub id: String,
    /// The id of the picture that its words tell the address of.
    pub linked: Option<String>,
    /// `<variant>@<digest>`
    pub x_model: String,
}

/// A kept answer: what is told of it, and where its bytes are.
pub(crate) type Hit = (Entry, Id, Kept);

/// How long a store may take to say what it has, and how long an answer has to be kept still to be given: its address is.
const LOOK: Duration = Duration::from_secs(3);
const LEFT: Duration = Duration::from_secs(60);

/// Looks an answer up; a store that fails or is slow is told to the log, and the network answers.
pub(crate) async fn look(store: &Store, owner: &Owner, tag: &Tag) -> Option<Hit> {
    let found = async {
        let Some(kept) = store.get(&name(owner, tag)?, None).await? else { return Ok(None) };
        let Ok(entry) = serde_json::from_slice::<Entry>(&kept.read().await?) else { return Ok(None) };
        let id = Id::read(&entry.id)?;
        if let Some(linked) = &entry.linked {
            result::length(store, &Id::read(linked)?).await?;
        }
        let kept = result::open(store, &id, None).await?;
        let lasts = kept.left > LEFT.min(store.kept() / 2);
        Ok::<_, Error>(lasts.then_some((entry, id, kept)))
    };
    let found = tokio::time::timeout(LOOK, found).await;
    let slow = |_| Err(Error::internal(format!("it took more than {} s to answer", LOOK.as_secs())));
    found.unwrap_or_else(slow).unwrap_or_else(|wrong: Error| {
        if wrong.kind() == Kind::NotFound {
            return None;
        }
        log::line(Level::Error, "the store failed", serde_json::json!({"cause": wrong.to_string()}));
        None
    })
}

/// Notes under which id an answer is kept.
pub(crate) async fn note(store: &Store, owner: &Owner, tag: &Tag, entry: &Entry) -> Result<()> {
    let words = serde_json::to_vec(entry).map_err(Error::internal)?;
    store.put(&name(owner, tag)?, words.into()).await
}

fn name(owner: &Owner, tag: &Tag) -> Result<Name> {
    Name::of(&["cache", owner.name(), tag.as_str()]).ok_or_else(|| Error::internal("the name of a cache entry"))
}

type Outcome<T> = Result<Arc<T>, Arc<Error>>;

/// A question: whose it is, which, and whether it is asked for now or for later. Those have other deadlines.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    pub owner: Owner,
    pub tag: Tag,
    pub now: bool,
}

/// Runs that others may join.
pub(crate) struct Runs<T>(Arc<Mutex<HashMap<Question, Weak<Run<T>>>>>);

/// One run, held by all who wait for it: it is stopped when the last of them leaves.
struct Run<T> {
    outcome: Shared<BoxFuture<'static, Outcome<T>>>,
    watch: Watch,
    over: Arc<AtomicBool>,
}

impl<T> Default for Runs<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Send + Sync + 'static> Runs<T> {
    /// The outcome of `begin`, or of the run that somebody began for the same question and that is not over.
    /// `progress` tells how far the run is to whoever began it.
    pub(crate) async fn join<F>(
        &self,
        question: Question,
        progress: Progress,
        begin: impl FnOnce(Watch) -> F,
    ) -> (Outcome<T>, From)
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let (run, how) = {
            let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match runs.get(&question).and_then(Weak::upgrade) {
                Some(run) => (run, From::Joined),
                None => {
                    let run = Arc::new_cyclic(|run| self.begin(question.clone(), run.clone(), progress, begin));
                    runs.insert(question, Arc::downgrade(&run));
                    (run, From::Miss)
                }
            }
        };
        (run.outcome.clone().await, how)
    }

    fn begin<F>(
        &self,
        question: Question,
        itself: Weak<Run<T>>,
        progress: Progress,
        begin: impl FnOnce(Watch) -> F,
    ) -> Run<T>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let (watch, over, runs) = (Watch::telling(progress), Arc::<AtomicBool>::default(), self.0.clone());
        let (work, ended) = (begin(watch.clone()), over.clone());
        let task = tokio::spawn(async move {
            let outcome = work.await;
            ended.store(true, Ordering::Release);
            let mut runs = runs.lock().unwrap_or_else(PoisonError::into_inner);
            // One that everybody left may have a successor by now.
            if runs.get(&question).is_some_and(|run| run.ptr_eq(&itself)) {
                runs.remove(&question);
            }
            outcome
        });
        let outcome = task.map(|done| match done {
            Ok(outcome) => outcome.map(Arc::new).map_err(Arc::new),
            Err(gone) => Err(Arc::new(Error::internal(gone))),
        });
        Run { outcome: outcome.boxed().shared(), watch, over }
    }
}

impl<T> Drop for Run<T> {
    fn drop(&mut self) {
        if !self.over.load(Ordering::Acquire) {
            self.watch.stop(Stop::Gone);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn equal_questions_run_once_and_the_last_to_leave_stops_it() {
        let runs = Runs::<u32>::default();
        let question = || Question { owner: Owner::anybody(), tag: Tag::of(&[1; 32]), now: true };
        let (give, taken) = oneshot::channel::<u32>();
        let first = runs.join(question(), Progress::default(), |_| async { taken.await.map_err(Error::internal) });
        let second = runs.join(question(), Progress::default(), |_| async { panic!("a second run of the same") });
        let both = futures_util::future::join(first, async {
            give.send(7).unwrap();
            second.await
        });
        let ((one, miss), (two, joined)) = both.await;
        assert_eq!((*one.unwrap(), miss, *two.unwrap(), joined), (7, From::Miss, 7, From::Joined));

        let (seen, mut watched) = oneshot::channel::<Watch>();
        let leaves = runs.join(question(), Progress::default(), |watch| async {
            _ = seen.send(watch);
            std::future::pending::<Result<u32>>().await
        });
        assert!(tokio::time::timeout(std::time::Duration::from_millis(10), leaves).await.is_err());
        assert!(watched.try_recv().unwrap().check().is_err(), "nobody waits for it any more");
    }
}
