//! A function's address that answers as a test says, and the program beside it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A request as it came.
#[derive(Clone)]
pub struct Asked {
    /// `POST /f/?model=x`.
    pub line: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// Answers until it is dropped.
pub struct Double {
    /// The function's address.
    pub url: String,
    seen: Arc<Mutex<Vec<Asked>>>,
    runtime: Option<Runtime>,
}

impl Double {
    /// `answer` gets the request and how many with the same line came before it.
    pub fn start(answer: impl Fn(&Asked, usize) -> Response + Send + Sync + 'static) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/f/", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::<Asked>::new()));
        let (known, answer) = (Arc::clone(&seen), Arc::new(answer));
        let app = Router::new().fallback(move |request: Request| {
            let (known, answer) = (Arc::clone(&known), Arc::clone(&answer));
            async move {
                let (parts, body) = request.into_parts();
                let line = format!("{} {}", parts.method, parts.uri);
                let asked = Asked { line, headers: parts.headers, body: to_bytes(body, usize::MAX).await.unwrap() };
                let before = {
                    let mut known = known.lock().unwrap();
                    known.push(asked.clone());
                    known.iter().filter(|other| other.line == asked.line).count() - 1
                };
                answer(&asked, before)
            }
        });
        runtime.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, seen, runtime: Some(runtime) }
    }

    /// Every request's line, in their order.
    pub fn lines(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|asked| asked.line.clone()).collect()
    }

    /// The first request with this line.
    pub fn asked(&self, line: &str) -> Asked {
        let seen = self.seen.lock().unwrap();
        let lines = || seen.iter().map(|asked| asked.line.as_str()).collect::<Vec<_>>();
        seen.iter().find(|asked| asked.line == line).unwrap_or_else(|| panic!("no {line} in {:?}", lines())).clone()
    }

    /// How many requests began so.
    pub fn count(&self, start: &str) -> usize {
        self.lines().iter().filter(|line| line.starts_with(start)).count()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

/// An answer with headers.
pub fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        response.headers_mut().append(axum::http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
    }
    response
}

pub fn json(status: u16, body: &str) -> Response {
    answer(status, &[("content-type", "application/json")], body.to_owned())
}

pub fn problem(status: u16, detail: &str) -> Response {
    json(status, &format!(r#"{{"status":{status},"detail":"{detail}"}}"#))
}

pub fn png(body: &'static [u8]) -> Response {
    answer(200, &[("content-type", "image/png")], body)
}

/// A folder of one's own, in which the program runs without settings of the machine's.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|cause| panic!("{name}: {cause}"))
    }

    /// The names in a folder, sorted.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_darkroom"));
        command.args(words.split_whitespace()).current_dir(self.0.path());
        for name in ["DARKROOM_URL", "DARKROOM_KEY", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
            command.env_remove(name);
        }
        command.env("XDG_CONFIG_HOME", self.0.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program: its exit status, standard output and standard error.
    pub fn run(&self, words: &str) -> (i32, String, String) {
        told(&self.command(words).output().unwrap())
    }
}

pub fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}
