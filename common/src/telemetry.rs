//! What is counted and timed, for Prometheus, and in the Lambda door for CloudWatch.
//!
//! Names follow Prometheus' conventions; every label has few values: an address that a client made up is `other`.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use serde_json::{Value, json};

use crate::error::{Error, Result};

const REQUESTS: &str = "darkroom_requests_total";
const REQUEST_SECONDS: &str = "darkroom_request_duration_seconds";
const STAGE_SECONDS: &str = "darkroom_stage_duration_seconds";
const BYTES: &str = "darkroom_picture_bytes_total";
const CACHE: &str = "darkroom_cache_answers_total";
const WAITING: &str = "darkroom_queue_waiting";
const BUSY: &str = "darkroom_sessions_busy";
const JOBS: &str = "darkroom_jobs_total";
const MODELS: &str = "darkroom_models_open";
const INFO: &str = "darkroom_serving_info";
const PROBE: &str = "darkroom_probe_psnr_db";
const START: &str = "darkroom_start_seconds";
const MEMORY: &str = "process_resident_memory_bytes";

/// The upper bounds of the histograms, in seconds.
const BOUNDS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

/// The methods that are counted by name.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"];

/// What has been counted.
pub(crate) struct Telemetry(PrometheusHandle);

/// What one request is counted as.
pub(crate) struct Answered<'a> {
    /// The route's pattern; `other` for what leads nowhere.
    pub route: &'a str,
    pub method: &'a str,
    pub status: u16,
    pub seconds: f64,
    /// The variant that ran; empty where none did.
    pub model: &'a str,
    /// How long each stage of a run took, in their order.
    pub stages: &'a [(&'static str, Duration)],
    /// Bytes of the picture that came and of the answer.
    pub bytes: Option<(usize, usize)>,
}

impl Telemetry {
    /// Begins to count, in the whole process.
    pub(crate) fn start(function: &'static str) -> Result<Self> {
        let recorder = PrometheusBuilder::new()
            .add_global_label("function", function)
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &BOUNDS)
            .map_err(Error::internal)?
            .build_recorder();
        let handle = recorder.handle();
        // There is another one only where two services are made in one process, which tests do.
        _ = metrics::set_global_recorder(recorder);
        describe_counter!(REQUESTS, "requests by route, method and status");
        let what = "time of requests by route, from the first byte to the answer's head";
        describe_histogram!(REQUEST_SECONDS, Unit::Seconds, what);
        describe_histogram!(STAGE_SECONDS, Unit::Seconds, "time of a picture's stages: queue, decode, run, encode");
        describe_counter!(BYTES, Unit::Bytes, "bytes of pictures that came, and of answers");
        describe_counter!(CACHE, "answers from the store (hit), the network (miss), or another's run (joined)");
        describe_gauge!(WAITING, "requests that wait for a place");
        describe_gauge!(BUSY, "pictures that are computed now");
        describe_counter!(JOBS, "jobs by the state they came to");
        describe_gauge!(MODELS, "networks that are open");
        describe_gauge!(INFO, "1; version, default model, precision and provider stand in the labels");
        describe_gauge!(PROBE, "likeness of the reference picture's answer to the one that it should have, dB");
        describe_gauge!(START, Unit::Seconds, "time from the process's start until it was warm");
        describe_gauge!(MEMORY, Unit::Bytes, "resident memory of the process");
        Ok(Self(handle))
    }

    /// The text format of Prometheus, version 0.0.4.
    pub(crate) fn render(&self, waiting: usize, busy: usize, models: usize) -> String {
        gauge!(WAITING).set(waiting as f64);
        gauge!(BUSY).set(busy as f64);
        gauge!(MODELS).set(models as f64);
        gauge!(MEMORY).set(crate::memory::resident() as f64);
        self.0.run_upkeep();
        self.0.render()
    }

    /// Folds what has been timed into its histograms, where nobody asks for them.
    pub(crate) fn fold(&self) {
        self.0.run_upkeep();
    }
}

/// What serves by default.
static SERVING: Mutex<Option<String>> = Mutex::new(None);

/// Tells what serves; what served before it is 0 from now on.
pub(crate) fn serving(model: &str, precision: &'static str, provider: &'static str) {
    let version = env!("CARGO_PKG_VERSION");
    let tell = |model: String, value: f64| {
        gauge!(INFO, "version" => version, "model" => model, "precision" => precision, "provider" => provider)
            .set(value);
    };
    let mut before = SERVING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(before) = before.replace(model.to_owned()).filter(|before| before != model) {
        tell(before, 0.0);
    }
    tell(model.to_owned(), 1.0);
}

/// Tells how long the process took until it was warm.
pub(crate) fn started(seconds: f64) {
    gauge!(START).set(seconds);
}

/// Counts a request.
pub(crate) fn answered(done: &Answered<'_>) {
    let (route, model) = (done.route.to_owned(), done.model.to_owned());
    let method = METHODS.iter().find(|known| **known == done.method).copied().unwrap_or("other");
    let code = done.status.to_string();
    counter!(REQUESTS, "route" => route.clone(), "method" => method, "code" => code).increment(1);
    histogram!(REQUEST_SECONDS, "route" => route).record(done.seconds);
    for (stage, took) in done.stages {
        histogram!(STAGE_SECONDS, "stage" => *stage, "model" => model.clone()).record(took.as_secs_f64());
    }
    if let Some((came, went)) = done.bytes {
        counter!(BYTES, "direction" => "in").increment(came as u64);
        counter!(BYTES, "direction" => "out").increment(went as u64);
    }
}

/// Counts where an answer came from.
pub(crate) fn cache(from: &'static str) {
    counter!(CACHE, "from" => from).increment(1);
}

/// Counts a job that came to a state.
pub(crate) fn job(state: &'static str) {
    counter!(JOBS, "state" => state).increment(1);
}

/// Tells how like the reference picture's answer is to the one that it should have.
pub(crate) fn probed(model: &str, decibels: f64) {
    gauge!(PROBE, "model" => model.to_owned()).set(decibels);
}

/// The members that make a log line one of CloudWatch's embedded metric format, whose own agent turns it into metrics:
/// counts and times by function, and by function and model.
pub(crate) fn embedded(function: &str, done: &Answered<'_>) -> Value {
    let milliseconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    let metric = |name: &str, unit: &str| json!({"Name": name, "Unit": unit});
    let mut metrics = vec![
        metric("Requests", "Count"),
        metric("Errors", "Count"),
        metric("Refused", "Count"),
        metric("Seconds", "Seconds"),
    ];
    let mut members = json!({
        "function": function, "Requests": 1, "Errors": u8::from(done.status >= 500),
        "Refused": u8::from(done.status == 429 || done.status == 503), "Seconds": done.seconds,
    });
    let mut dimensions = vec![json!(["function"])];
    if !done.model.is_empty() {
        members["model"] = json!(done.model);
        dimensions.push(json!(["function", "model"]));
    }
    if let Some((_, run)) = done.stages.iter().find(|(stage, _)| *stage == "run") {
        members["RunSeconds"] = json!(run.as_secs_f64());
        metrics.push(metric("RunSeconds", "Seconds"));
    }
    members["_aws"] = json!({"Timestamp": milliseconds, "CloudWatchMetrics": [
        {"Namespace": "Darkroom", "Dimensions": dimensions, "Metrics": metrics},
    ]});
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_of_the_embedded_format_is_a_member_beside_it() {
        let stages = [("run", Duration::from_millis(250))];
        let done = Answered {
            route: "/",
            method: "POST",
            status: 200,
            seconds: 0.5,
            model: "default",
            stages: &stages,
            bytes: None,
        };
        let line = embedded("any", &done);
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        for metric in directive["Metrics"].as_array().unwrap() {
            assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric}");
        }
        for name in directive["Dimensions"].as_array().unwrap().iter().flat_map(|names| names.as_array().unwrap()) {
            assert!(line[name.as_str().unwrap()].is_string(), "{name}");
        }
        assert!(line["_aws"]["Timestamp"].as_u64().unwrap() > 1_700_000_000_000);
        assert_eq!((line["RunSeconds"].as_f64(), line["Errors"].as_u64()), (Some(0.25), Some(0)));
    }
}
