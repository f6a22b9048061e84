//! Further addresses of a function: a file is sent there, and a stream comes back.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Map, Value};
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use crate::error::{Error, Kind, Result};
use crate::knobs::Knobs;
use crate::model::Model;
use crate::options::{self, Options};
use crate::settings::Settings;
use crate::watch::Watch;

/// An address where a file is sent and a stream comes back. Nothing in it knows HTTP.
pub trait FileRoute: 'static {
    /// The address, as `/video`.
    const PATH: &'static str;
    /// One sentence.
    const SUMMARY: &'static str;
    /// The field of a form that holds the file; `file` is taken too.
    const FIELD: &'static str;
    /// The media types that it may answer with.
    const ANSWERS: &'static [&'static str];
    /// What a request may set.
    type Options: Options;

    /// Understands a request before its file is looked at.
    fn plan(options: Self::Options, asked: &Asked<'_>) -> Result<Plan>;
}

/// What a request asks for beside its options.
pub struct Asked<'a> {
    /// The media ranges of `Accept`, the most wanted first; empty where there is none.
    pub accept: &'a [String],
    /// The settings in force.
    pub settings: &'a Settings,
}

/// A request understood.
pub struct Plan {
    /// The media type of its answer.
    pub media_type: &'static str,
    /// The media type of the file that it keeps beside its answer, by [`Sink::keep`]; `None` where it keeps none.
    pub aside: Option<&'static str>,
    /// What is left to do.
    pub run: FileRun,
}

/// Reads the file and sends the answer, piece by piece; computing on a thread of its own.
///
/// A failure before the first piece is answered as a problem; after it the answer is cut off, so a format that can tell
/// of a failure should do so, by [`Sink::end_with`].
pub type FileRun = Box<dyn FnOnce(&Model, &Knobs, File, &Sink, &Watch) -> Result<()> + Send>;

/// How often one whose client takes nothing looks whether there is still time, and when it takes that client for gone: a
/// place is too dear to be held by who does not read.
const LOOK: Duration = Duration::from_millis(2);
const PATIENCE: Duration = Duration::from_secs(30);

/// Keeps a file as a further result; gives its address.
pub(crate) type Keep = Box<dyn Fn(File) -> Result<String> + Send + Sync>;

/// Where the pieces of an answer go.
pub struct Sink {
    pub(crate) pieces: Sender<Bytes>,
    pub(crate) watch: Watch,
    pub(crate) keep: Option<Keep>,
    /// Whether the answer itself has told of its failure.
    pub(crate) told: Arc<AtomicBool>,
}

impl Sink {
    /// Sends a piece; waits while the client has not taken those before.
    ///
    /// # Errors
    /// `Gone` when nobody takes it any more, or nobody took any for half a minute; `Deadline` as the watch says.
    pub fn send(&self, piece: impl Into<Bytes>) -> Result<()> {
        self.send_within(piece.into(), PATIENCE)
    }

    fn send_within(&self, mut piece: Bytes, patience: Duration) -> Result<()> {
        let begun = Instant::now();
        loop {
            match self.pieces.try_send(piece) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Closed(_)) => {
                    return Err(Error::new(Kind::Gone, "the client left before the answer was whole"));
                }
                Err(TrySendError::Full(back)) => piece = back,
            }
            self.watch.check()?;
            if begun.elapsed() > patience {
                return Err(Error::new(Kind::Gone, "the client did not take the answer any more"));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Sends the last piece, which tells the client of `failure`; given back, it is told to the log, and the answer ends well.
    pub fn end_with(&self, piece: impl Into<Bytes>, failure: Error) -> Result<()> {
        self.send(piece)?;
        self.told.store(true, Ordering::Release);
        Err(failure)
    }

    /// Keeps a file, from where it is read to its end, as the further result that the plan names in `aside`: its address, as
    /// the answer may tell it. It stays where the answer is taken to its end. One that is kept later takes its place.
    ///
    /// # Errors
    /// `Gone` and `Deadline` as the watch says; `NotReady` where there is no room; `Internal` where the plan names none.
    pub fn keep(&self, file: File) -> Result<String> {
        let keep = self.keep.as_ref().ok_or_else(|| Error::internal("a file is kept that the plan does not name"))?;
        keep(file)
    }
}

/// A [`FileRoute`] without its type.
pub struct Route {
    pub(crate) path: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) field: &'static str,
    pub(crate) answers: &'static [&'static str],
    pub(crate) properties: fn() -> Map<String, Value>,
    pub(crate) plan: fn(&mut BTreeMap<String, Value>, &Asked<'_>) -> Result<Plan>,
}

impl Route {
    /// The route of `T`.
    pub fn of<T: FileRoute>() -> Self {
        Self {
            path: T::PATH,
            summary: T::SUMMARY,
            field: T::FIELD,
            answers: T::ANSWERS,
            properties: options::properties::<T::Options>,
            plan: |options, asked| T::plan(options::take(options)?, asked),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::Stop;

    #[test]
    fn who_takes_nothing_is_waited_for_until_the_deadline() {
        let (pieces, mut taken) = tokio::sync::mpsc::channel(1);
        let sink = Sink { pieces, watch: Watch::default(), keep: None, told: Arc::default() };
        sink.send("one").unwrap();
        let watch = sink.watch.clone();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| sink.send("two").map_err(|late| late.kind()));
            std::thread::sleep(LOOK * 3);
            watch.stop(Stop::Deadline);
            assert_eq!(second.join().unwrap(), Err(Kind::Deadline));
        });
        let waits = Sink { pieces: sink.pieces.clone(), watch: Watch::default(), keep: None, told: Arc::default() };
        assert_eq!(waits.send_within("two".into(), LOOK).unwrap_err().kind(), Kind::Gone);
        assert_eq!(taken.try_recv().unwrap(), "one");
        assert_eq!(sink.end_with("last", Error::bad("why")).unwrap_err().message(), "why");
        assert!(sink.told.load(Ordering::Acquire) && taken.try_recv().unwrap() == "last");
        assert_eq!(sink.keep(tempfile::tempfile().unwrap()).unwrap_err().kind(), Kind::Internal);
        drop(taken);
        assert_eq!(sink.send("three").unwrap_err().kind(), Kind::Gone);
    }
}
