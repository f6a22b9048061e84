//! What stands before everything that is served, a function or a page: who may call, what is counted, timed and told.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::around::{Failure, around};
use super::{Platform, tell};
use crate::error::{Error, Kind, Result};
use crate::key::Keys;
use crate::queue::Queue;
use crate::rate::Rate;
use crate::settings::Settings;
use crate::telemetry::Telemetry;
use crate::trace::Tracer;

/// How often times are folded into the metrics where nobody asks for them.
const FOLD: Duration = Duration::from_secs(30);

/// What every request meets before it comes to an address, and every answer after it.
pub(crate) struct Front {
    /// The one word of what is served.
    pub(crate) name: &'static str,
    pub(crate) settings: Settings,
    pub(super) queue: Queue,
    pub(super) keys: Keys,
    pub(super) rate: Option<Rate>,
    pub(super) tracer: Option<Tracer>,
    pub(super) platform: Platform,
    telemetry: Telemetry,
}

impl Front {
    pub(crate) async fn new(name: &'static str, settings: Settings, platform: Platform) -> Result<Self> {
        Ok(Self {
            name,
            queue: Queue::new(settings.instances, settings.queue),
            keys: Keys::load(settings.api_keys.as_deref()).await?,
            rate: Rate::new(settings.rate),
            telemetry: Telemetry::start(name)?,
            tracer: settings.traces.as_deref().map(|to| Tracer::start(to, name)).transpose()?,
            settings,
            platform,
        })
    }

    /// Whether everybody may call.
    pub(super) fn is_open(&self) -> bool {
        self.keys.is_open()
    }

    /// Gives memory back whenever nothing has run for a while; never returns.
    pub(crate) async fn tidy(self: Arc<Self>) {
        self.queue.when_idle(crate::memory::give_back).await;
    }

    /// Folds what was timed into the metrics; never returns.
    pub(crate) async fn fold(self: Arc<Self>) {
        loop {
            tokio::time::sleep(FOLD).await;
            self.telemetry.fold();
        }
    }

    /// The end: sends the traces that are left.
    pub(crate) async fn end(self: Arc<Self>) {
        // Whatever waits for a last sending blocks its thread.
        _ = tokio::task::spawn_blocking(move || self.tracer.as_ref().map(Tracer::end)).await;
    }

    /// The text format of Prometheus, where so many networks are open.
    pub(super) fn metrics(&self, models: usize) -> Response {
        let (waiting, busy) = self.queue.load();
        let text = self.telemetry.render(waiting, busy, models);
        ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
    }

    /// Adds the addresses that everything served has, and what stands around a request.
    pub(super) fn before<S: Clone + Send + Sync + 'static>(self: &Arc<Self>, router: Router<S>) -> Router<S> {
        router
            .route("/healthz", get(tell::healthz))
            .route("/readyz", get(tell::readyz).with_state(self.clone()))
            .fallback(async || nothing())
            .method_not_allowed_fallback(async |method: Method| wrong_method(&method))
            .layer(middleware::from_fn_with_state(self.clone(), around))
    }
}

/// What a program serves through its doors: a function, or a page that needs nothing but its addresses.
pub(crate) trait Serves: Send + Sync + 'static {
    /// What stands before it.
    fn front(&self) -> &Arc<Front>;

    /// Its addresses.
    fn router(self: Arc<Self>) -> Router;

    /// How long a request may take.
    fn patience(&self) -> Duration {
        Duration::ZERO
    }

    /// Begins what goes on beside requests.
    fn begin(self: &Arc<Self>) {}

    /// Does before the first request what no client should wait for, and lets requests in.
    fn warm_up(&self) -> Result<()> {
        self.front().queue.open();
        Ok(())
    }

    /// Runs jobs until it is told to stop; returns when those that ran have been given back.
    fn run_jobs(self: Arc<Self>) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Ends the jobs that run here.
    fn stop_jobs(&self) {}
}

/// The answer of an address that leads nowhere.
pub(super) fn nothing() -> Failure {
    Error::new(Kind::NotFound, "there is nothing at this address").into()
}

/// The answer of an address to a method that is not for it.
pub(super) fn wrong_method(method: &Method) -> Failure {
    let message = format!("{method} is not for this address; the Allow header names what is");
    Error::new(Kind::WrongMethod, message).into()
}
