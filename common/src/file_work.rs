//! The way of one file: understood, run, its answer sent piece by piece; stopped when its client leaves.

use std::collections::BTreeMap;
use std::fs::File;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::Body;
use bytes::Bytes;
use http_body::Frame;
use serde_json::{Value, json};
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::{AbortHandle, JoinHandle};

use crate::aside::Aside;
use crate::catalogue::Catalogue;
use crate::error::{Error, Kind, Result};
use crate::knobs::Knobs;
use crate::log::{self, Level};
use crate::model::Model;
use crate::queue::Place;
use crate::route::{Asked, Keep, Plan, Route, Sink};
use crate::settings::Settings;
use crate::watch::{Stop, Watch};
use crate::work::{Left, compute};

/// Pieces that wait for a slow client, at most.
const WAITING: usize = 16;

/// A request understood: all that is left is computing.
pub(crate) struct FileWork {
    plan: Plan,
    knobs: Knobs,
    variant: String,
    aside: Option<Aside>,
}

impl FileWork {
    /// Understands a request: its options, its variant, its knobs, the form of its answer.
    pub(crate) fn plan(
        route: &Route,
        catalogue: &Catalogue,
        settings: &Settings,
        accept: &[String],
        mut options: BTreeMap<String, Value>,
    ) -> Result<Self> {
        let named = options.remove("model");
        let variant = named.as_ref().map_or(catalogue.default_name(), |name| name.as_str().unwrap_or_default());
        let plan = (route.plan)(&mut options, &Asked { accept, settings })?;
        let knobs = Knobs::take(catalogue.manifest(variant)?, &mut options)?;
        catalogue.check_taken(variant, &options, || {
            let model = [("model".to_owned(), Value::Null)];
            (route.properties)().into_iter().chain(model).collect()
        })?;
        Ok(Self { variant: variant.to_owned(), plan, knobs, aside: None })
    }

    /// The variant that it runs.
    pub(crate) fn variant(&self) -> &str {
        &self.variant
    }

    /// The media type of what it keeps beside its answer.
    pub(crate) fn aside(&self) -> Option<&'static str> {
        self.plan.aside
    }

    /// Where what it keeps beside its answer goes.
    pub(crate) fn keep_at(&mut self, aside: Aside) {
        self.aside = Some(aside);
    }

    /// Starts; waits for the first piece of the answer, or for the failure that comes instead of it.
    pub(crate) async fn start(
        self,
        file: File,
        model: Arc<Model>,
        place: Place,
        deadline: Instant,
        watch: Watch,
        id: String,
    ) -> Result<Started> {
        let Self { plan, knobs, variant, aside } = self;
        let begun = Instant::now();
        let left = Left::new(watch.clone(), id.clone());
        let (sender, mut pieces) = mpsc::channel(WAITING);
        let x_model = format!("{variant}@{}", model.digest());
        let (watched, run, told) = (watch.clone(), plan.run, Arc::<AtomicBool>::default());
        let aside = aside.map(Arc::new);
        let keep = aside.clone().map(|aside| Box::new(move |file| aside.keep(file)) as Keep);
        let sink = Sink { pieces: sender, watch: watch.clone(), keep, told: told.clone() };
        let done = tokio::spawn(compute(move || {
            let (_place, sink) = (place, sink);
            run(&model, &knobs, file, &sink, &watched)
        }));
        let stop = async move {
            tokio::time::sleep_until(deadline.into()).await;
            watch.stop(Stop::Deadline);
        };
        let timer = Timer(tokio::spawn(stop).abort_handle());
        let Some(first) = pieces.recv().await else {
            left.disarm();
            let why = done.await.map_err(Error::internal)?.err();
            return Err(why.unwrap_or_else(|| Error::internal("a run that gave no answer")));
        };
        let (first, left) = (Some(first), Some(left));
        let body = Pieces { first, pieces, done, _timer: timer, left, told, aside, begun, bytes: 0, id };
        Ok(Started { media_type: plan.media_type, x_model, body: Body::new(body) })
    }
}

/// An answer on its way.
pub(crate) struct Started {
    pub media_type: &'static str,
    /// `<variant>@<digest>`
    pub x_model: String,
    pub body: Body,
}

/// The pieces as a body; dropping it before the end stops the run.
struct Pieces {
    first: Option<Bytes>,
    pieces: Receiver<Bytes>,
    done: JoinHandle<Result<()>>,
    _timer: Timer,
    left: Option<Left>,
    told: Arc<AtomicBool>,
    aside: Option<Arc<Aside>>,
    begun: Instant,
    bytes: usize,
    id: String,
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let piece = match self.first.take() {
            Some(piece) => Some(piece),
            None => std::task::ready!(self.pieces.poll_recv(context)),
        };
        if let Some(piece) = piece {
            self.bytes += piece.len();
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        if self.left.is_none() {
            return Poll::Ready(None);
        }
        let done = std::task::ready!(Pin::new(&mut self.done).poll(context));
        if let Some(left) = self.left.take() {
            left.disarm();
        }
        let failure = done.map_err(Error::internal).and_then(|done| done).err();
        let ours = failure.as_ref().is_some_and(|failure| failure.kind() == Kind::Internal);
        let level = if ours { Level::Error } else { Level::Info };
        let line = json!({
            "id": self.id, "seconds": self.begun.elapsed().as_secs_f64(), "bytes_out": self.bytes,
            "error": failure.as_ref().map(ToString::to_string),
        });
        log::line(level, "streamed", line);
        // One that the answer has told of does not cut it off.
        let cut_off = failure.filter(|_| !self.told.load(Ordering::Acquire));
        if let (None, Some(aside)) = (&cut_off, &self.aside) {
            aside.taken();
        }
        Poll::Ready(cut_off.map(Err))
    }
}

/// What stops a run at its deadline, until this is dropped.
struct Timer(AbortHandle);

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.abort();
    }
}
