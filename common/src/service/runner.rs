//! Running jobs: each by one process at a time, from what lies in the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::Response;
use futures_util::TryStreamExt;
use serde_json::{Value, json};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tower_service::Service as _;

use super::around::{Failure, document};
use super::{Platform, Serves, Service, Turn};
use crate::aws::Aws;
use crate::error::{Error, Kind, Result};
use crate::job::lease::{HOLDS, Lease, RENEWED};
use crate::job::{Job, Phase, State};
use crate::log::{self, Level};
use crate::result::{self, Id, Tag};
use crate::settings::{Jobs, Settings};
use crate::store::Store;
use crate::telemetry;
use crate::watch::Progress;

/// How often the store is looked through for jobs that nobody runs, and how often a running one's is told how far it is.
const LOOK: Duration = Duration::from_secs(2);
const TELL: Duration = Duration::from_millis(250);

/// How often a job is begun before it is given up: one that kills the process would do so for ever.
const TRIES: u32 = 3;

/// How long a job rests that could not be run, and how many may be run or told of at a time.
const LATER: Duration = Duration::from_secs(2);
const MOST: usize = 64;

/// What is told of a job that is given up.
const GIVEN_UP: &str = "the job was begun several times and never came to an end";

/// The longest problem document.
const PROBLEM: usize = 64 << 10;

/// What brings jobs to an end.
pub(crate) struct Runner {
    mode: Mode,
    /// Told when there is something to do.
    due: Notify,
    /// Told when one that runs here is cancelled here; elsewhere the store tells it.
    running: Mutex<HashMap<Job, Arc<Notify>>>,
    stop: watch::Sender<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Here,
    Invoke,
}

/// How the run of a job ended.
enum Ended {
    /// With an answer, kept under this id; whether for this job alone.
    Kept(Id, bool),
    /// With a problem.
    Failed(Value),
    /// It is to be run again, later: what it took is taken at the moment.
    Again,
    /// It is over already, or another one's.
    Left,
}

impl Runner {
    pub(super) fn new(settings: &Settings, platform: Platform) -> Result<Self> {
        // Lambda itself tells how it was started; its emulators don't.
        let lambda = platform == Platform::Lambda && std::env::var_os("AWS_LAMBDA_INITIALIZATION_TYPE").is_some();
        let mode = match settings.jobs {
            Jobs::Invoke => Mode::Invoke,
            Jobs::Auto if lambda => Mode::Invoke,
            Jobs::Auto | Jobs::Here => Mode::Here,
        };
        if mode == Mode::Invoke && platform != Platform::Lambda {
            return Err(Error::internal("JOBS=invoke: only in Lambda can a function invoke itself"));
        }
        Ok(Self { mode, due: Notify::new(), running: Mutex::default(), stop: watch::Sender::new(false) })
    }

    /// Sees to it that a new job is run.
    pub(super) async fn wake(&self, store: &Store, job: &Job) -> Result<()> {
        if self.mode == Mode::Here {
            self.due.notify_one();
            return Ok(());
        }
        let invoked = invoke(job, &job.asked(store).await?.token).await;
        if invoked.is_err() {
            // Nobody would run it: it never was.
            job.change(store, |state| state.phase = Phase::Cancelled).await?;
            job.close(store).await?;
        }
        invoked
    }

    /// A job was cancelled: where it runs here it ends at once.
    pub(super) fn cancelled(&self, job: &Job) {
        if let Some(run) = self.runs().get(job) {
            run.notify_one();
        }
        self.due.notify_one();
    }

    /// Ends what runs here, so that others can take it up at once.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until it is stopped.
    pub(super) async fn stopped(&self) {
        // The sender lives as long as this.
        _ = self.stop.subscribe().wait_for(|stopped| *stopped).await;
    }

    fn runs(&self) -> std::sync::MutexGuard<'_, HashMap<Job, Arc<Notify>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service {
    /// Runs jobs until the runner is stopped; returns when those that ran have been given back.
    pub(super) async fn run_jobs_here(self: Arc<Self>) {
        let Some(store) = self.store.clone().filter(|_| self.runner.mode == Mode::Here) else { return };
        let slots = Arc::new(Semaphore::new(self.front.settings.instances));
        let mut runs = JoinSet::new();
        // Those that others hold, or that could not be run, are not looked at for a while.
        let mut later: HashMap<Job, Instant> = HashMap::new();
        loop {
            let waits = tokio::time::timeout(LOOK, self.runner.due.notified());
            tokio::select! {
                () = self.runner.stopped() => break,
                Some(done) = runs.join_next(), if !runs.is_empty() => {
                    // A panic has been told of; its lease ends by itself.
                    if let Ok(Some(job)) = done {
                        later.insert(job, Instant::now() + LATER);
                    }
                }
                _ = waits => {}
            }
            let jobs = Job::unfinished(&store, self.front.name).await.unwrap_or_else(|cause| {
                log::line(Level::Error, "jobs can't be looked through", json!({"cause": cause.to_string()}));
                Vec::new()
            });
            later.retain(|job, until| *until > Instant::now() && jobs.contains(job));
            for job in jobs {
                if runs.len() >= MOST || self.runner.runs().contains_key(&job) || later.contains_key(&job) {
                    continue;
                }
                let Ok(slot) = slots.clone().try_acquire_owned() else { break };
                match Lease::take(&store, &job).await {
                    Ok(Some(lease)) => {
                        self.runner.runs().insert(job.clone(), Arc::default());
                        runs.spawn(self.clone().run_leased(store.clone(), job, lease, slot));
                    }
                    Ok(None) => _ = later.insert(job, Instant::now() + RENEWED),
                    Err(cause) => {
                        log::line(Level::Error, "a job can't be taken", json!({"cause": cause.to_string()}));
                        later.insert(job, Instant::now() + LATER);
                    }
                }
            }
        }
        while runs.join_next().await.is_some() {}
    }

    /// Brings a job to its end; gives it again where it is to be tried again.
    async fn run_leased(
        self: Arc<Self>,
        store: Arc<Store>,
        job: Job,
        mut lease: Lease,
        slot: OwnedSemaphorePermit,
    ) -> Option<Job> {
        let done = finish(&self, &store, &job, &mut lease, Some(slot)).await;
        self.runner.runs().remove(&job);
        let over = done.unwrap_or_else(|cause| {
            log::line(Level::Error, "a job stopped", json!({"cause": cause.to_string()}));
            false
        });
        if let Err(cause) = lease.end(&store, over).await {
            log::line(Level::Error, "a lease was not given back", json!({"cause": cause.to_string()}));
        }
        (!over).then_some(job)
    }
}

/// Brings a job to its end in the invocation that was made for it; where another one is at it, that does.
pub(super) async fn finish_invoked(service: &Arc<Service>, store: &Arc<Store>, job: &Job) -> Result<()> {
    let until = Instant::now() + service.front.settings.job_deadline;
    loop {
        let Some(mut lease) = Lease::take(store, job).await? else { return Ok(()) };
        let done = finish(service, store, job, &mut lease, None).await;
        lease.end(store, matches!(done, Ok(true))).await?;
        match done {
            Ok(true) => return Ok(()),
            again if Instant::now() > until => return again.map(drop),
            // Nobody else comes for it: what it takes may be there in a moment.
            _ => tokio::time::sleep(LATER).await,
        }
    }
}

/// The state of a job once more: one whose last try ended without a word is given up.
pub(super) async fn given_up(service: &Service, store: &Store, job: &Job, state: State) -> Result<State> {
    let last = state.phase == Phase::Running && state.tries >= TRIES;
    if service.runner.mode == Mode::Here || !last || !Lease::is_free(store, job).await? {
        return Ok(state);
    }
    let (state, _) = job.change(store, give_up).await?;
    job.close(store).await?;
    Ok(state)
}

fn give_up(state: &mut State) {
    state.phase = Phase::Failed;
    state.problem = Some(json!({
        "type": "about:blank", "title": "Internal Server Error", "status": 500, "code": 500, "req_id": "",
        "detail": GIVEN_UP, "msg": GIVEN_UP,
    }));
}

/// Brings a job to its end; false where it is to be tried again later. `slot` is given back as soon as nothing runs any more.
async fn finish(
    service: &Arc<Service>,
    store: &Arc<Store>,
    job: &Job,
    lease: &mut Lease,
    slot: Option<OwnedSemaphorePermit>,
) -> Result<bool> {
    let begin = |state: &mut State| {
        if state.tries < TRIES {
            state.phase = Phase::Running;
            state.tries += 1;
            state.progress = 0.0;
        } else {
            give_up(state);
        }
    };
    let (state, _) = job.change(store, begin).await?;
    if !state.phase.is_over() {
        let begun = Instant::now();
        let progress = Progress::default();
        let ended = tokio::select! {
            ended = run(service, store, job, progress.clone()) => ended?,
            ended = accompany(service, store, job, lease, &progress) => ended?,
        };
        let phase = note(store, job, ended).await?;
        let line = json!({"job": job.id().get(..8), "state": phase.name(), "seconds": begun.elapsed().as_secs_f64()});
        log::line(Level::Info, "job", line);
        if !phase.is_over() {
            return Ok(false);
        }
        if phase != Phase::Cancelled {
            telemetry::job(phase.name());
        }
    }
    drop(slot);
    tell(service, store, job, lease).await?;
    job.close(store).await?;
    Ok(true)
}

/// Notes how a run ended; gives the state that the job has then.
async fn note(store: &Store, job: &Job, ended: Ended) -> Result<Phase> {
    match ended {
        Ended::Left => {}
        Ended::Again => {
            let again = |state: &mut State| {
                state.phase = Phase::Queued;
                state.tries -= 1;
            };
            job.change(store, again).await?;
        }
        Ended::Kept(id, alone) => {
            let done = |state: &mut State| {
                state.phase = Phase::Done;
                state.progress = 1.0;
                state.result = Some(id.as_str().to_owned());
            };
            if !job.change(store, done).await?.1 && alone {
                // It was cancelled, or done elsewhere, a moment before: one result is enough.
                result::remove(store, &id, &job.owner()).await.or_else(not_found)?;
            }
        }
        Ended::Failed(problem) => {
            let failed = |state: &mut State| {
                state.phase = Phase::Failed;
                state.problem = Some(problem.clone());
            };
            job.change(store, failed).await?;
        }
    }
    Ok(job.state(store).await?.phase)
}

fn not_found(wrong: Error) -> Result<()> {
    if wrong.kind() == Kind::NotFound { Ok(()) } else { Err(wrong) }
}

/// Tells the job's own server that it is over.
async fn tell(service: &Arc<Service>, store: &Arc<Store>, job: &Job, lease: &mut Lease) -> Result<()> {
    let Some(address) = job.asked(store).await?.webhook else { return Ok(()) };
    let words = job.json(&job.state(store).await?, &service.base()).to_string();
    let told = service.teller.tell(&address, job.id(), words);
    tokio::pin!(told);
    let told = loop {
        tokio::select! {
            told = &mut told => break told,
            // Told twice where it is lost: its id tells that it is the same.
            () = tokio::time::sleep(RENEWED) => drop(lease.renew(store).await?),
        }
    };
    if let Err(why) = told {
        log::line(Level::Error, "a webhook was not taken", json!({"job": job.id().get(..8), "cause": why}));
    }
    Ok(())
}

/// Keeps the lease, tells how far the run is, and returns when the run has to end.
async fn accompany(
    service: &Arc<Service>,
    store: &Store,
    job: &Job,
    lease: &mut Lease,
    progress: &Progress,
) -> Result<Ended> {
    let cancelled = service.runner.runs().get(job).cloned().unwrap_or_default();
    let (mut renewed, mut tried, mut told) = (Instant::now(), Instant::now(), 0.0);
    loop {
        tokio::select! {
            () = tokio::time::sleep(TELL) => {}
            () = cancelled.notified() => {}
            () = service.runner.stopped() => return Ok(Ended::Again),
        }
        if tried.elapsed() > RENEWED {
            tried = Instant::now();
            match lease.renew(store).await {
                Ok(true) => renewed = Instant::now(),
                Ok(false) => return Ok(Ended::Left),
                // A store that fails for a moment ends nothing; one that fails for longer may have let another one in.
                Err(cause) if renewed.elapsed() < HOLDS => {
                    log::line(Level::Error, "a lease was not renewed", json!({"cause": cause.to_string()}));
                }
                Err(_) => return Ok(Ended::Left),
            }
        }
        let share = progress.share();
        let seen = if share > told {
            job.change(store, |state| state.progress = share).await.map(|(state, _)| state)
        } else {
            job.state(store).await
        };
        match seen {
            Ok(state) if state.phase.is_over() => return Ok(Ended::Left),
            Ok(_) => told = share.max(told),
            Err(wrong) if wrong.kind() == Kind::NotFound => return Ok(Ended::Left),
            Err(_) => {}
        }
    }
}

/// The request once more, from within; its answer goes to the store.
async fn run(service: &Arc<Service>, store: &Arc<Store>, job: &Job, progress: Progress) -> Result<Ended> {
    let body = Body::from_stream(job.body(store).await?.bytes);
    let mut request = Request::from_parts(job.asked(store).await?.parts()?, body);
    request.extensions_mut().insert(Turn { owner: job.owner(), outside: false, progress });
    // The router has no failure of its own.
    let answer: Response = match service.clone().router().call(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    };
    let (parts, body) = answer.into_parts();
    match parts.status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => return Ok(Ended::Again),
        status if status.is_success() || (status.is_redirection() && parts.headers.contains_key(LOCATION)) => {}
        _ => {
            let words = to_bytes(body, PROBLEM).await.map_err(Error::internal)?;
            return Ok(Ended::Failed(serde_json::from_slice(&words).map_err(Error::internal)?));
        }
    }
    if let Some(kept) = parts.extensions.get::<Id>() {
        return Ok(Ended::Kept(kept.clone(), false));
    }
    let media_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let id = Id::draw(&job.owner(), &Tag::drawn(), media_type)?;
    let pieces = body.into_data_stream().map_err(Error::internal);
    match result::keep_pieces(store, &id, Box::pin(pieces)).await {
        Ok(()) => Ok(Ended::Kept(id, true)),
        Err(cause) => {
            log::line(Level::Error, "a job's answer broke off", json!({"cause": cause.to_string()}));
            Ok(Ended::Failed(document(&Failure::from(cause), "")))
        }
    }
}

/// Invokes this very function asynchronously (Lambda's API 2015-03-31, Invoke) with the request that runs a job.
async fn invoke(job: &Job, token: &str) -> Result<()> {
    let name = |variable: &str| {
        std::env::var(variable).map_err(|_| Error::internal(format!("JOBS=invoke, but {variable} is not set")))
    };
    let (function, version) = (name("AWS_LAMBDA_FUNCTION_NAME")?, name("AWS_LAMBDA_FUNCTION_VERSION")?);
    let path = format!("/jobs/{}/run", job.place());
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": {"x-job-token": token, "content-type": "application/json", "host": "jobs"},
        "requestContext": {
            "accountId": "anonymous", "apiId": "jobs", "domainName": "jobs", "domainPrefix": "jobs",
            "http": {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "jobs"},
            "requestId": job.id(), "routeKey": "$default", "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1_767_225_600_000_u64,
        },
        "body": "", "isBase64Encoded": false,
    });
    let aws = Aws::load().await?;
    let host = aws.address("lambda");
    let version = version.replace('$', "%24");
    let address = format!("{host}/2015-03-31/functions/{function}/invocations?Qualifier={version}");
    let headers = [("content-type", "application/json"), ("x-amz-invocation-type", "Event")];
    aws.post("lambda", &address, &headers, event.to_string().into_bytes()).await.map(drop)
}
