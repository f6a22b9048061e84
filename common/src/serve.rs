//! The doors: Lambda where it asks, HTTP elsewhere; start, warm-up, drain. The whole of every `main`.

use std::marker::PhantomData;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use lambda_http::request::RequestContext;
use rustix::process::{Resource, Rlimit, setrlimit};
use serde_json::json;
use tokio::net::TcpListener;

use crate::catalogue::Catalogue;
use crate::error::{Error, Result};
use crate::function::{AnyFunction, Card, Erased, Function};
use crate::health;
use crate::http;
use crate::log::{self, Level};
use crate::memory;
use crate::network::Engine;
use crate::service::{Front, Peer, Platform, Serves, Service, SiteService};
use crate::settings::{self, Settings};
use crate::site::Site;
use crate::telemetry;

/// How long running requests may go on after SIGTERM, beyond their own deadline.
const GRACE: Duration = Duration::from_secs(5);

/// Serves `F` until the platform ends it. A wrong start is one line on standard error and exit code 1.
pub fn serve<F: Function>() -> ExitCode {
    serve_any(Box::new(Erased::<F>(PhantomData)))
}

fn serve_any(function: Box<dyn AnyFunction>) -> ExitCode {
    run(function.card(), async move |settings, platform| {
        let engine = Engine::start(&settings)?;
        let catalogue = Catalogue::read(function.card().name, engine, &settings)?;
        Service::new(function, settings, catalogue, platform).await
    })
}

/// Serves a page until the platform ends it, as `serve` does a function.
pub fn serve_site(site: Site) -> ExitCode {
    run(site.card, async move |settings, platform| SiteService::new(site, settings, platform).await)
}

fn run<S: Serves>(card: Card, open: impl AsyncFnOnce(Settings, Platform) -> Result<S>) -> ExitCode {
    let Card { name, summary, .. } = card;
    match std::env::args().nth(1).as_deref() {
        None => {}
        Some("--help" | "-h") => {
            let table = settings::help();
            println!(
                "{name}: {summary}\n\nServes HTTP, or Lambda where AWS_LAMBDA_RUNTIME_API is set. Settings are \
                      environment variables:\n\n{table}\n--health asks the one that listens on HOST and PORT, --version tells the version.\n"
            );
            return ExitCode::SUCCESS;
        }
        Some("--health") => {
            return match Settings::from_env().and_then(|settings| health::check(&settings)) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(name, &error),
            };
        }
        Some("--version" | "-V") => {
            println!("{name} {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Some(other) => {
            eprintln!("{name}: there is no argument {other}; settings are environment variables, --help lists them");
            return ExitCode::FAILURE;
        }
    }
    match start(open) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(name, &error),
    }
}

fn fail(name: &str, error: &Error) -> ExitCode {
    eprintln!("{name}: {}", error.to_string().replace('\n', " "));
    ExitCode::FAILURE
}

fn start<S: Serves>(open: impl AsyncFnOnce(Settings, Platform) -> Result<S>) -> Result<()> {
    let began = Instant::now();
    memory::keep_between_requests();
    leave_no_core();
    silence_telemetry();
    let settings = Settings::from_env()?;
    let lambda = std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some();
    let settings = if lambda { settings.on_lambda() } else { settings };
    log::set(settings.log);
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        log::line(Level::Error, "panic", json!({"place": place, "what": panic.payload_as_str()}));
    }));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::internal)?;
    let done = runtime.block_on(async {
        let listener = if lambda { None } else { Some(bind(&settings).await?) };
        let platform = if lambda { Platform::Lambda } else { Platform::Http };
        let service = Arc::new(open(settings, platform).await?);
        let front = service.front().clone();
        tokio::spawn(front.clone().tidy());
        tokio::spawn(front.clone().fold());
        service.begin();
        let done = match listener {
            Some(listener) => http_door(service.clone(), listener, began).await,
            None => {
                warm_up(&service).await?;
                tell_ready(&front, began, None);
                tokio::spawn(service.clone().run_jobs());
                lambda_door(service.clone().router()).await
            }
        };
        front.end().await;
        done
    });
    // A run that does not end must not keep the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    done
}

async fn bind(settings: &Settings) -> Result<TcpListener> {
    let (host, port) = (settings.host.as_str(), settings.port);
    TcpListener::bind((host, port)).await.map_err(|cause| {
        Error::internal(format!("can't listen on {host}:{port}: {cause}; set HOST and PORT to a free address"))
    })
}

/// Answers `/healthz` at once and everything else once warm.
async fn http_door<S: Serves>(service: Arc<S>, listener: TcpListener, began: Instant) -> Result<()> {
    let address = listener.local_addr().map_err(Error::internal)?;
    let patience = service.patience() + GRACE;
    // Jobs that run are given back at once, so that another process can take them up, and no new ones are begun.
    let stopping = service.clone();
    let served = http::serve(listener, service.clone().router(), patience, move || stopping.stop_jobs());
    let warm = async {
        warm_up(&service).await?;
        tell_ready(service.front(), began, Some(format!("http://{address}")));
        Ok::<(), Error>(())
    };
    tokio::pin!(served);
    tokio::select! {
        done = &mut served => return done,
        warm = warm => warm?,
    }
    let jobs = tokio::spawn(service.clone().run_jobs());
    let served = served.await;
    _ = tokio::time::timeout(GRACE, jobs).await;
    served
}

async fn warm_up<S: Serves>(service: &Arc<S>) -> Result<()> {
    let service = service.clone();
    tokio::task::spawn_blocking(move || service.warm_up()).await.map_err(Error::internal)?
}

fn tell_ready(front: &Front, began: Instant, address: Option<String>) {
    let seconds = began.elapsed().as_secs_f64();
    telemetry::started(seconds);
    let Settings { instances, threads, .. } = &front.settings;
    let more = json!({"function": front.name, "version": env!("CARGO_PKG_VERSION"), "address": address,
        "instances": instances, "threads": threads, "seconds": seconds});
    log::line(Level::Info, "ready", more);
}

/// How often in a row the platform's interface may fail without giving an invocation before the process gives up.
const FAILURES: u32 = 5;

/// Streams answers; takes invocations side by side where the platform grants them.
///
/// An answer that nobody takes any more (a client of the emulator left) is an error of the platform's interface and ends the
/// crate's loop; the function itself is well, so it goes on with the next invocation. After a SnapStart restore the loop can't be
/// begun again: there the platform starts another process.
async fn lambda_door(router: Router) -> Result<()> {
    let restored = std::env::var("AWS_LAMBDA_INITIALIZATION_TYPE").is_ok_and(|kind| kind == "snap-start");
    let taken = Arc::new(AtomicU64::new(0));
    let count = taken.clone();
    let router = router.layer(middleware::from_fn(move |mut request: Request, next: Next| {
        count.fetch_add(1, Ordering::Relaxed);
        if let Some(RequestContext::ApiGatewayV2(context)) = request.extensions().get::<RequestContext>()
            && let Some(address) = context.http.source_ip.as_ref().and_then(|address| address.parse().ok())
        {
            request.extensions_mut().insert(Peer(address));
        }
        next.run(request)
    }));
    let mut failures = 0;
    loop {
        let before = taken.load(Ordering::Relaxed);
        let ended = lambda_http::streaming_runtime_concurrent(router.clone())
            .register_snapstart_resource(Arc::new(Snapshot))
            .run_concurrent()
            .await;
        let Err(cause) = ended else { return Ok(()) };
        failures = if taken.load(Ordering::Relaxed) == before { failures + 1 } else { 0 };
        if restored || failures == FAILURES {
            return Err(Error::internal(cause));
        }
        log::line(Level::Error, "the platform's interface failed", json!({"cause": cause.to_string()}));
    }
}

/// What a SnapStart snapshot should not hold. Nothing has to be renewed after it: request ids are drawn from the system's
/// random numbers one by one, and no connection is kept.
struct Snapshot;

impl lambda_http::SnapStartResource for Snapshot {
    fn before_snapshot(&self) -> lambda_http::BoxFuture<'_, Result<(), lambda_http::Error>> {
        Box::pin(async {
            memory::give_back();
            Ok(())
        })
    }
}

/// A crash would write all memory to a file, the pictures of the moment and the keys in it: no such file is written, by this
/// process or by one that it starts. Who gives cores to a program instead (core(5), a pipe) is told of the same limit.
fn leave_no_core() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(cause) = setrlimit(Resource::Core, none) {
        log::line(Level::Error, "a crash may leave a core file", json!({"cause": cause.to_string()}));
    }
}

/// ONNX Runtime reports its use to its makers unless it is told not to; photographs are nobody's business.
#[allow(unsafe_code)]
fn silence_telemetry() {
    // SAFETY: no other thread exists yet that could read the environment.
    unsafe { std::env::set_var("ORT_DISABLE_TELEMETRY", "1") };
}
