//! Settings: environment variables, all listed here, checked at start.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::log::Level;
use crate::manifest::Precision;

/// Every setting: name, default as shown, meaning. `--help` prints it; a test compares it with what is read.
pub(crate) const TABLE: &[(&str, &str, &str)] = &[
    ("HOST", "127.0.0.1", "address to listen on (0.0.0.0 in images)"),
    ("PORT", "8080", "port to listen on; 0 takes a free one"),
    ("MODELS", "models", "folder of the manifests and weights"),
    ("MODEL", "default", "variant that serves requests which name none"),
    ("ORT_DYLIB_PATH", "libonnxruntime.so", "library of ONNX Runtime 1.31"),
    ("ORT_DYLIB_SHA256", "", "digest of that library, where it is none of the known ones"),
    ("PROVIDER", "auto", "auto, cpu, cuda or tensorrt"),
    ("PRECISION", "auto", "auto, int8 or float"),
    ("INSTANCES", "cores", "pictures computed at a time"),
    ("THREADS", "", "threads of each; unset: all cores for a lone picture, one each for a crowd"),
    ("QUEUE", "32", "requests that may wait for a place; more are refused with 429"),
    ("DEADLINE_S", "60", "seconds a picture may take, waiting included"),
    ("JOB_DEADLINE_S", "900", "seconds a video may take"),
    ("MAX_BYTES", "32000000", "largest picture, bytes"),
    ("MAX_UPLOAD_BYTES", "256000000", "largest video, bytes"),
    ("MAX_PIXELS", "50000000", "largest picture, pixels"),
    ("FFMPEG", "ffmpeg", "program that reads and writes videos: a path, or a name along PATH"),
    ("MAX_BODY_BYTES", "", "largest body of a request, bytes; unset: what the platform takes (Lambda: 6000000)"),
    (
        "MAX_ANSWER_BYTES",
        "",
        "largest answer, bytes; a larger one is kept in the store; unset: what the platform gives (Lambda: 200000000)",
    ),
    ("STORE", "", "where results, uploads and jobs are kept: a folder, or s3://bucket/prefix; unset: nowhere"),
    ("STORE_KEPT_S", "86400", "seconds that a thing is kept"),
    ("STORE_BYTES", "4000000000", "most bytes in a folder; the oldest go first"),
    ("BASE_URL", "", "address of this function as clients see it; unset: links are relative"),
    ("JOBS", "auto", "who runs jobs: here, invoke (an invocation of the same Lambda function), or auto"),
    ("JOB_QUEUE", "100", "jobs that may be unfinished; more are refused with 429"),
    ("WEBHOOK_SECRET", "", "what webhooks are signed with"),
    ("WEBHOOK_ANYWHERE", "false", "whether webhooks may be private addresses and plain HTTP: true or false"),
    (
        "API_KEYS",
        "",
        "SHA-256 hashes of the keys that may call, or file:PATH or secret:ID of them; unset: everybody may",
    ),
    ("RATE_PER_MINUTE", "0", "requests of one key (or address, where there are no keys) a minute; 0: any"),
    ("MODEL_MEMORY_MB", "0", "most weights held open, MB of their files; the least used go first; 0: any"),
    ("RELOAD_S", "2", "seconds between two looks for new or replaced models; 0: never"),
    (
        "PROBE_EVERY_S",
        "0",
        "seconds between two runs of a reference picture, whose quality is told in the metrics; 0: never",
    ),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "", "where traces are sent by OTLP over HTTP; unset: nowhere"),
    (
        "FUNCTIONS",
        "",
        "functions that the page shows: JSON, name to address, or to addresses in the order to ask; unset: all that it knows, beside itself",
    ),
    ("FEEDBACK", "", "where readers of the page may write: an http(s) or mailto address"),
    ("CONNECT", "", "further origins that the page may connect to, the store's for one: a list with commas"),
    ("ORIGINS", "*", "web origins that may call: * or a list with commas"),
    ("LOG", "info", "off, error or info"),
];

/// The settings in force.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) models: PathBuf,
    pub(crate) model: String,
    pub(crate) library: PathBuf,
    pub(crate) library_sha256: Option<String>,
    pub(crate) provider: Provider,
    pub(crate) precision: Option<Precision>,
    pub(crate) cores: usize,
    pub(crate) instances: usize,
    pub(crate) threads: Option<usize>,
    pub(crate) queue: usize,
    pub(crate) deadline: Duration,
    pub(crate) job_deadline: Duration,
    pub(crate) max_bytes: usize,
    pub(crate) max_upload_bytes: u64,
    pub(crate) max_pixels: u64,
    pub(crate) ffmpeg: PathBuf,
    pub(crate) max_body_bytes: Option<usize>,
    pub(crate) max_answer_bytes: Option<usize>,
    pub(crate) store: Option<String>,
    pub(crate) store_kept: Duration,
    pub(crate) store_bytes: u64,
    pub(crate) base_url: Option<String>,
    pub(crate) jobs: Jobs,
    pub(crate) job_queue: usize,
    pub(crate) webhook_secret: Option<String>,
    pub(crate) webhook_anywhere: bool,
    pub(crate) api_keys: Option<String>,
    pub(crate) rate: u32,
    pub(crate) model_memory: Option<u64>,
    pub(crate) reload: Option<Duration>,
    pub(crate) probe: Option<Duration>,
    pub(crate) traces: Option<String>,
    pub(crate) functions: Option<String>,
    pub(crate) feedback: Option<String>,
    pub(crate) connect: Option<String>,
    pub(crate) origins: Vec<String>,
    pub(crate) log: Level,
}

/// Who runs jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Jobs {
    /// The platform where it is Lambda itself, this process anywhere else.
    Auto,
    /// This process.
    Here,
    /// An asynchronous invocation of the same Lambda function.
    Invoke,
}

/// Where a network runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// The best that the runtime library offers.
    Auto,
    /// The CPU.
    Cpu,
    /// An NVIDIA GPU.
    Cuda,
    /// An NVIDIA GPU through TensorRT.
    Tensorrt,
}

impl Provider {
    /// The name used in settings and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Tensorrt => "tensorrt",
        }
    }
}

impl Settings {
    /// Reads the process's environment.
    pub fn from_env() -> Result<Self> {
        Self::read(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// Reads settings from any source of name -> value.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let text = |name: &str| get(name).unwrap_or_else(|| default(name).to_owned());
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let count = |name: &str| get(name).map(|value| number(name, &value, 1, 1024)).transpose();
        let bytes = |name: &str| get(name).map(|value| number(name, &value, 1, 1 << 40)).transpose();
        let at_least_one = |name: &str, most: u64| {
            number(name, &text(name), 0, most).map(|value| if value == 0 { None } else { Some(value) })
        };
        Ok(Self {
            host: text("HOST"),
            port: number("PORT", &text("PORT"), 0, u16::MAX)?,
            models: text("MODELS").into(),
            model: text("MODEL"),
            library: text("ORT_DYLIB_PATH").into(),
            library_sha256: get("ORT_DYLIB_SHA256").map(|digest| digest.to_ascii_lowercase()),
            provider: choice(
                "PROVIDER",
                &text("PROVIDER"),
                &[Provider::Auto, Provider::Cpu, Provider::Cuda, Provider::Tensorrt].map(|one| (one.name(), one)),
            )?,
            precision: choice(
                "PRECISION",
                &text("PRECISION"),
                &[("auto", None), ("int8", Some(Precision::Int8)), ("float", Some(Precision::Float))],
            )?,
            cores,
            instances: count("INSTANCES")?.unwrap_or(cores),
            threads: count("THREADS")?,
            queue: number("QUEUE", &text("QUEUE"), 0, 100_000)?,
            deadline: Duration::from_secs(number("DEADLINE_S", &text("DEADLINE_S"), 1, 86_400)?),
            job_deadline: Duration::from_secs(number("JOB_DEADLINE_S", &text("JOB_DEADLINE_S"), 1, 86_400)?),
            max_upload_bytes: number("MAX_UPLOAD_BYTES", &text("MAX_UPLOAD_BYTES"), 1, 1 << 40)?,
            ffmpeg: text("FFMPEG").into(),
            max_bytes: number("MAX_BYTES", &text("MAX_BYTES"), 1, 1 << 32)?,
            max_pixels: number("MAX_PIXELS", &text("MAX_PIXELS"), 1, 1 << 32)?,
            max_body_bytes: bytes("MAX_BODY_BYTES")?,
            max_answer_bytes: bytes("MAX_ANSWER_BYTES")?,
            store: get("STORE"),
            store_kept: Duration::from_secs(number("STORE_KEPT_S", &text("STORE_KEPT_S"), 1, 31_536_000)?),
            store_bytes: number("STORE_BYTES", &text("STORE_BYTES"), 1, 1 << 50)?,
            base_url: get("BASE_URL").map(|address| address.trim_end_matches('/').to_owned()),
            jobs: choice(
                "JOBS",
                &text("JOBS"),
                &[("auto", Jobs::Auto), ("here", Jobs::Here), ("invoke", Jobs::Invoke)],
            )?,
            job_queue: number("JOB_QUEUE", &text("JOB_QUEUE"), 1, 100_000)?,
            webhook_secret: get("WEBHOOK_SECRET"),
            webhook_anywhere: choice(
                "WEBHOOK_ANYWHERE",
                &text("WEBHOOK_ANYWHERE"),
                &[("true", true), ("false", false)],
            )?,
            api_keys: get("API_KEYS"),
            rate: number("RATE_PER_MINUTE", &text("RATE_PER_MINUTE"), 0, 1_000_000)?,
            model_memory: at_least_one("MODEL_MEMORY_MB", 1 << 20)?.map(|megabytes| megabytes << 20),
            reload: at_least_one("RELOAD_S", 86_400)?.map(Duration::from_secs),
            probe: at_least_one("PROBE_EVERY_S", 86_400)?.map(Duration::from_secs),
            traces: get("OTEL_EXPORTER_OTLP_ENDPOINT"),
            functions: get("FUNCTIONS"),
            feedback: get("FEEDBACK"),
            connect: get("CONNECT"),
            origins: text("ORIGINS").split(',').map(|origin| origin.trim().to_owned()).collect(),
            log: choice("LOG", &text("LOG"), &[("off", Level::Off), ("error", Level::Error), ("info", Level::Info)])?,
        })
    }
}

impl Settings {
    /// What Lambda carries, where nothing else is set: 6 MB in, 200 MB of a streamed answer.
    pub(crate) fn on_lambda(mut self) -> Self {
        self.max_body_bytes.get_or_insert(6_000_000);
        self.max_answer_bytes.get_or_insert(200_000_000);
        self
    }

    /// The program that reads and writes videos.
    pub fn ffmpeg(&self) -> &Path {
        &self.ffmpeg
    }

    /// The largest picture, in pixels; the frames of a video are pictures too.
    pub fn max_pixels(&self) -> u64 {
        self.max_pixels
    }

    /// The largest file that is sent to be read as a stream, in bytes; what is made of it is held to the same.
    pub fn max_upload_bytes(&self) -> u64 {
        self.max_upload_bytes
    }
}

/// What `--help` prints below the usage line.
pub(crate) fn help() -> String {
    let row = |(name, default, meaning): &(&str, &str, &str)| format!("  {name:<18}{default:<20}{meaning}\n");
    TABLE.iter().map(row).collect()
}

fn default(name: &str) -> &'static str {
    TABLE.iter().find(|(known, ..)| *known == name).map_or("", |(_, default, _)| default)
}

fn number<T: FromStr + PartialOrd + std::fmt::Display>(name: &str, value: &str, min: T, max: T) -> Result<T> {
    match value.parse() {
        Ok(number) if min <= number && number <= max => Ok(number),
        _ => Err(Error::internal(format!("{name}={value}: give a whole number from {min} to {max}"))),
    }
}

fn choice<T: Copy>(name: &str, value: &str, choices: &[(&str, T)]) -> Result<T> {
    choices.iter().find(|(known, _)| *known == value).map(|(_, choice)| *choice).ok_or_else(|| {
        let known: Vec<_> = choices.iter().map(|(known, _)| *known).collect();
        Error::internal(format!("{name}={value}: give one of {}", known.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    #[test]
    fn every_setting_that_is_read_is_listed_and_the_other_way_round() {
        let read = RefCell::new(BTreeSet::new());
        Settings::read(|name| {
            read.borrow_mut().insert(name.to_owned());
            None
        })
        .unwrap();
        assert_eq!(read.into_inner(), TABLE.iter().map(|(name, ..)| (*name).to_owned()).collect());
    }

    #[test]
    fn a_wrong_setting_is_named_with_what_is_right() {
        for (name, value, says) in [
            ("PORT", "70000", "PORT=70000: give a whole number from 0 to 65535"),
            ("INSTANCES", "none", "INSTANCES=none: give a whole number from 1 to 1024"),
            ("PROVIDER", "gpu", "PROVIDER=gpu: give one of auto, cpu, cuda, tensorrt"),
        ] {
            let wrong = Settings::read(|asked| (asked == name).then(|| value.to_owned())).unwrap_err();
            assert_eq!(wrong.to_string(), says);
        }
    }
}
