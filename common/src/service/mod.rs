//! The router: routes, status codes, one answer a request, one log line an answer.

mod around;
mod front;
mod guard;
mod jobs;
mod kept;
mod picture;
mod probe;
mod range;
mod runner;
mod site;
mod stream;
mod tell;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::{get, post, put};
use serde_json::{Value, json};

use crate::body::{self, Room};
use crate::cache::Runs;
use crate::catalogue::{Catalogue, Refreshed};
use crate::error::{Error, Kind, Result};
use crate::file;
use crate::function::AnyFunction;
use crate::job::webhook::Teller;
use crate::key::Owner;
use crate::knobs::Knobs;
use crate::log::{self, Level};
use crate::openapi;
use crate::page;
use crate::picture::Picture;
use crate::settings::Settings;
use crate::store::Store;
use crate::watch::{Progress, Watch};
use crate::work::compute;

use around::Failure;
pub(crate) use around::Peer;
pub(crate) use front::{Front, Serves};
use picture::Produced;
pub(crate) use runner::Runner;
pub(crate) use site::SiteService;

/// A function with everything that serves it.
pub(crate) struct Service {
    front: Arc<Front>,
    function: Box<dyn AnyFunction>,
    face: RwLock<Arc<Face>>,
    room: Room,
    store: Option<Arc<Store>>,
    runs: Runs<Produced>,
    runner: Runner,
    teller: Teller,
}

/// Where the service runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Platform {
    /// Behind its own HTTP door.
    Http,
    /// In Lambda, or an emulator of it.
    Lambda,
}

/// What the folder of models makes of the service; it changes when the folder does.
struct Face {
    catalogue: Catalogue,
    openapi: Value,
    html: String,
}

/// What a request is answered for, and by when; a job's brings its own.
#[derive(Clone)]
struct Turn {
    owner: Owner,
    /// Where it came from outside: what may be answered later is.
    outside: bool,
    progress: Progress,
}

impl Turn {
    fn of(parts: &Parts) -> Result<Self> {
        parts.extensions.get().cloned().ok_or_else(|| Error::internal("a request that nobody let in"))
    }
}

/// The side of the picture that warms a network up.
const WARM_UP_SIDE: usize = 64;

/// Room for what comes with an upload's id, bytes.
const ROOM: usize = 1 << 20;

/// How many pictures of the largest size the bodies of all requests may hold together.
const BODIES: usize = 8;

impl Service {
    /// Everything but the warm-up.
    pub(crate) async fn new(
        function: Box<dyn AnyFunction>,
        settings: Settings,
        catalogue: Catalogue,
        platform: Platform,
    ) -> Result<Self> {
        let store = Store::open(&settings).await?.map(Arc::new);
        let front = Arc::new(Front::new(function.card().name, settings, platform).await?);
        let settings = &front.settings;
        Ok(Self {
            // At least one of the largest that may be uploaded.
            room: Room::new(settings.max_bytes.saturating_mul(BODIES).max(settings.max_upload_bytes as usize + ROOM)),
            runs: Runs::default(),
            runner: Runner::new(settings, platform)?,
            teller: Teller::new(settings.webhook_secret.clone(), settings.webhook_anywhere)?,
            face: RwLock::new(Arc::new(Face::new(&*function, settings, catalogue))),
            front,
            function,
            store,
        })
    }

    /// Runs the default of a catalogue on a small grey picture.
    fn try_out(&self, catalogue: &Catalogue) -> Result<()> {
        let (name, run) = self.function.prepare(&mut Default::default(), None, catalogue)?;
        let model = catalogue.model(&name)?;
        let grey = vec![128; WARM_UP_SIDE * WARM_UP_SIDE * 3];
        let picture = Picture::new(WARM_UP_SIDE, WARM_UP_SIDE, grey, None);
        let knobs = Knobs::take(model.manifest(), &mut Default::default())?;
        run(&model, picture, &knobs, &Watch::default()).map(drop)
    }

    /// Takes up models that are new or replaced on disk; never returns.
    pub(crate) async fn keep_fresh(self: Arc<Self>) {
        let Some(every) = self.front.settings.reload else { return };
        let mut refused = BTreeMap::new();
        loop {
            tokio::time::sleep(every).await;
            let service = self.clone();
            let looked = tokio::task::spawn_blocking(move || {
                let found = service.refresh(&mut refused);
                (found, refused)
            });
            let found = match looked.await {
                Ok((found, seen)) => {
                    refused = seen;
                    found
                }
                Err(gone) => {
                    refused = BTreeMap::new();
                    Err(Error::internal(gone))
                }
            };
            if let Err(cause) = found {
                log::line(Level::Error, "new models are not taken up", json!({"cause": cause.to_string()}));
            }
        }
    }

    fn refresh(&self, seen: &mut BTreeMap<std::path::PathBuf, u64>) -> Result<()> {
        let before = self.face();
        let Some(Refreshed { catalogue, changed, refused }) = before.catalogue.refreshed(seen)? else { return Ok(()) };
        for why in refused {
            log::line(Level::Error, "a model is not taken up", json!({"cause": why.to_string()}));
        }
        if changed.is_empty() {
            return Ok(());
        }
        if let Err(wrong) = self.try_out(&catalogue) {
            catalogue.refuse_default(seen);
            return Err(wrong);
        }
        let face = Arc::new(Face::new(&*self.function, &self.front.settings, catalogue));
        face.told();
        *self.face.write().unwrap_or_else(PoisonError::into_inner) = face;
        log::line(Level::Info, "models are taken up", json!({"models": changed}));
        Ok(())
    }

    /// Removes from the store what is too old or too much; never returns.
    pub(crate) async fn sweep(self: Arc<Self>) {
        let Some(store) = &self.store else { return };
        loop {
            if let Err(cause) = store.sweep().await {
                log::line(Level::Error, "the store was not swept", json!({"cause": cause.to_string()}));
            }
            store.sweep_due().await;
        }
    }

    /// The models of the moment.
    fn face(&self) -> Arc<Face> {
        self.face.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where things are kept.
    ///
    /// # Errors
    /// `Missing` where nothing is.
    fn store(&self) -> Result<&Arc<Store>> {
        let message = "nothing is kept here: the setting STORE names no place for results, uploads and jobs";
        self.store.as_ref().ok_or_else(|| Error::new(Kind::Missing, message))
    }

    /// Where the function's addresses begin: nothing where they are relative.
    fn base(&self) -> String {
        self.front.settings.base_url.as_ref().map_or(String::new(), |base| format!("{base}/"))
    }

    fn most(&self) -> body::Most {
        body::Most { picture: self.front.settings.max_bytes, body: self.front.settings.max_body_bytes }
    }

    fn most_of_file(&self) -> file::Most {
        file::Most { file: self.front.settings.max_upload_bytes, body: self.front.settings.max_body_bytes }
    }
}

impl Serves for Service {
    fn front(&self) -> &Arc<Front> {
        &self.front
    }

    fn patience(&self) -> Duration {
        let Settings { deadline, job_deadline, .. } = self.front.settings;
        if self.function.routes().is_empty() { deadline } else { deadline.max(job_deadline) }
    }

    fn begin(self: &Arc<Self>) {
        if self.front.is_open() {
            log::line(Level::Info, "everybody may call: API_KEYS is not set", json!({}));
        }
        tokio::spawn(self.clone().keep_fresh());
        tokio::spawn(self.clone().sweep());
        tokio::spawn(self.clone().probe());
    }

    /// Opens the default variant and runs it once, so that no client waits for that.
    fn warm_up(&self) -> Result<()> {
        self.try_out(&self.face().catalogue)?;
        self.face().told();
        self.front.queue.open();
        Ok(())
    }

    async fn run_jobs(self: Arc<Self>) {
        self.run_jobs_here().await;
    }

    fn stop_jobs(&self) {
        self.runner.stop();
    }

    /// The routes that README.md tells of.
    fn router(self: Arc<Self>) -> Router {
        let run = || post(picture::run);
        let mut router = Router::new();
        for route in self.function.routes() {
            let route = Arc::new(route);
            router = router.route(
                route.path,
                post(async move |served: Served, request| stream::run(served, route, request).await),
            );
        }
        if self.front.platform == Platform::Http {
            router = router.route("/metrics", get(tell::metrics));
        } else {
            router = router.route("/jobs/{id}/run", post(jobs::run));
        }
        let router = router
            .route("/", run().get(tell::index))
            .route("/enhance", run())
            .route("/predict", run())
            .route("/base64", run())
            .route("/openapi.json", get(tell::openapi))
            .route("/models", get(tell::models))
            .route("/models/{variant}", get(tell::model))
            .route("/warmup", post(warmup))
            .route("/uploads", post(kept::announce))
            .route("/uploads/{id}", put(kept::put).delete(kept::remove_upload))
            .route("/result/{id}", get(kept::result).delete(kept::remove_result))
            .route("/jobs/{id}", get(jobs::state).delete(jobs::cancel))
            .route("/jobs/{id}/events", get(jobs::events));
        self.front.before(router).with_state(self)
    }
}

impl Face {
    fn new(function: &dyn AnyFunction, settings: &Settings, catalogue: Catalogue) -> Self {
        let openapi = openapi::document(function, &catalogue);
        let html = page::html(function, settings, &openapi::options(function, &catalogue));
        Self { catalogue, openapi, html }
    }

    /// Tells the metrics what serves.
    fn told(&self) {
        let catalogue = &self.catalogue;
        if let Ok(model) = catalogue.model(catalogue.default_name()) {
            let name = format!("{}@{}", catalogue.default_name(), model.digest());
            crate::telemetry::serving(&name, model.precision().name(), catalogue.provider());
        }
    }
}

type Served = State<Arc<Service>>;

/// The part of an address that names a thing; one that can't be read names none.
struct Named(String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Path(name) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|cause| Error::new(Kind::NotFound, "there is nothing at this address").because(cause))?;
        Ok(Self(name))
    }
}

async fn warmup(State(service): Served) -> Result<Response, Failure> {
    let start = Instant::now();
    let place = service.front.queue.place(Instant::now() + service.front.settings.deadline).await?;
    let warm = service.clone();
    compute(move || {
        let _place = place;
        warm.warm_up()
    })
    .await?;
    Ok(tell::json(&json!({"warm": true, "seconds": start.elapsed().as_secs_f64()})))
}
