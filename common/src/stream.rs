//! The way of one file: written down, run, its answer sent piece by piece; stopped when its client leaves.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::Body;
use bytes::Bytes;
use http_body::Frame;
use serde_json::json;
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::{AbortHandle, JoinHandle};

use crate::catalogue::Catalogue;
use crate::error::{Error, Result};
use crate::knobs::Knobs;
use crate::log::{self, Level};
use crate::model::Model;
use crate::queue::Place;
use crate::route::{Asked, Plan, Route, Sink};
use crate::settings::Settings;
use crate::upload::Upload;
use crate::watch::{Stop, Watch};
use crate::work::{Left, compute};

/// Pieces that wait for a slow client, at most.
const WAITING: usize = 16;

/// A request understood: all that is left is computing.
pub(crate) struct Job {
    upload: Upload,
    plan: Plan,
    knobs: Knobs,
    variant: String,
}

impl Job {
    /// Understands a request: its options, its variant, its knobs, the form of its answer.
    pub(crate) fn plan(
        route: &Route,
        catalogue: &Catalogue,
        settings: &Settings,
        accept: &[String],
        mut upload: Upload,
    ) -> Result<Self> {
        let mut options = std::mem::take(&mut upload.options);
        let named = options.remove("model");
        let variant = named.as_ref().map_or(catalogue.default_name(), |name| name.as_str().unwrap_or_default());
        let plan = (route.plan)(&mut options, &Asked { accept, settings })?;
        let knobs = Knobs::take(catalogue.manifest(variant)?, &mut options)?;
        if let Some(unknown) = options.keys().next() {
            let known: Vec<_> = (route.properties)().into_iter().map(|(name, _)| name).collect();
            return Err(catalogue.refuse(variant, &unknown.chars().take(100).collect::<String>(), &known));
        }
        Ok(Self { variant: variant.to_owned(), upload, plan, knobs })
    }

    /// The variant that it runs.
    pub(crate) fn variant(&self) -> &str {
        &self.variant
    }

    /// Starts; waits for the first piece of the answer, or for the failure that comes instead of it.
    pub(crate) async fn start(self, model: Arc<Model>, place: Place, deadline: Instant, id: String) -> Result<Started> {
        let Self { upload, plan, knobs, variant } = self;
        let begun = Instant::now();
        let watch = Watch::default();
        let left = Left::new(watch.clone(), id.clone());
        let (sender, mut pieces) = mpsc::channel(WAITING);
        let x_model = format!("{variant}@{}", model.digest());
        let (watched, run) = (watch.clone(), plan.run);
        let done = tokio::spawn(compute(move || {
            let _place = place;
            run(&model, &knobs, &upload.file, &Sink(sender), &watched)
        }));
        let timer = tokio::spawn(async move {
            tokio::time::sleep_until(deadline.into()).await;
            watch.stop(Stop::Deadline);
        })
        .abort_handle();
        let Some(first) = pieces.recv().await else {
            timer.abort();
            left.disarm();
            let why = done.await.map_err(Error::internal)?.err();
            return Err(why.unwrap_or_else(|| Error::internal("a run that gave no answer")));
        };
        let body = Pieces { first: Some(first), pieces, done, timer, left: Some(left), begun, bytes: 0, id };
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
    timer: AbortHandle,
    left: Option<Left>,
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
        let level = if failure.is_some() { Level::Error } else { Level::Info };
        let line = json!({
            "id": self.id, "seconds": self.begun.elapsed().as_secs_f64(), "bytes_out": self.bytes,
            "error": failure.as_ref().map(ToString::to_string),
        });
        log::line(level, "streamed", line);
        Poll::Ready(failure.map(Err))
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        self.timer.abort();
    }
}
