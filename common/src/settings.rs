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
    pub(crate) origins: Vec<String>,
    pub(crate) log: Level,
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
            origins: text("ORIGINS").split(',').map(|origin| origin.trim().to_owned()).collect(),
            log: choice("LOG", &text("LOG"), &[("off", Level::Off), ("error", Level::Error), ("info", Level::Info)])?,
        })
    }
}

impl Settings {
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
