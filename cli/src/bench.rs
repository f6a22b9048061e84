//! `darkroom bench`: many at once, and how it went.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};
use reqwest::Method;
use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde_json::json;

use crate::client::{Client, body};
use crate::failure::{Failure, Result};
use crate::grammar::Bench;
use crate::input::Input;
use crate::output::print;

/// One answer, or what came instead of it.
struct Sample {
    /// None: no answer came.
    status: Option<u16>,
    took: Duration,
    sent: u64,
    received: u64,
}

/// Runs it and prints the report; gives whether every answer was one.
pub async fn bench(client: &Client, args: &Bench) -> Result<bool> {
    let mut inputs = Vec::new();
    for path in &args.inputs {
        let input =
            Input::open(path).await.map_err(|failure| Failure::new(format!("{}: {failure}", path.display())))?;
        if input.is_video() {
            return Err(Failure::new(format!("{}: a bench is for pictures", input.name)));
        }
        inputs.push(input);
    }
    let bar = client.say.count(args.requests.into());
    let started = Instant::now();
    let samples = stream::iter((0..args.requests as usize).map(|turn| &inputs[turn % inputs.len()]));
    let samples = samples.map(async |input| {
        let sample = send(client, args, input).await;
        bar.inc(1);
        sample
    });
    let samples: Vec<Result<Sample>> = samples.buffer_unordered(args.clients.into()).collect().await;
    let wall = started.elapsed();
    bar.finish_and_clear();
    let samples: Vec<Sample> = samples.into_iter().collect::<Result<_>>()?;
    // Where nobody answers at all, a table of errors would hide it.
    if samples.iter().all(|sample| sample.status.is_none()) {
        client.send_once(client.request(Method::GET, client.url("healthz", &[]))).await?;
    }
    let report = report(&samples, wall);
    print(&if args.json { report.to_string() } else { table(&report) })?;
    Ok(report["errors"].as_object().is_none_or(serde_json::Map::is_empty))
}

async fn send(client: &Client, args: &Bench, input: &Input) -> Result<Sample> {
    let mut request = client.request(Method::POST, client.url("", &args.options)).header(CONTENT_TYPE, input.media);
    if !args.cached {
        request = request.header(CACHE_CONTROL, "no-store");
    }
    let request = request.body(input.body(None).await?);
    let started = Instant::now();
    let answer = async {
        let response = client.send_once(request).await?;
        let status = response.status().as_u16();
        Ok::<_, Failure>((status, body(response).await?.len() as u64))
    };
    let (status, received) = answer.await.map_or((None, 0), |(status, received)| (Some(status), received));
    Ok(Sample { status, took: started.elapsed(), sent: input.length(), received })
}

/// Times are those of answers below 400.
fn report(samples: &[Sample], wall: Duration) -> serde_json::Value {
    let is_fine = |sample: &&Sample| sample.status.is_some_and(|status| status < 400);
    let mut times: Vec<_> = samples.iter().filter(is_fine).map(|sample| sample.took).collect();
    times.sort_unstable();
    let mut errors: BTreeMap<String, u32> = BTreeMap::new();
    for sample in samples.iter().filter(|sample| !is_fine(sample)) {
        *errors.entry(sample.status.map_or("no answer".to_owned(), |status| status.to_string())).or_default() += 1;
    }
    let quantile = |share: f64| percentile(&times, share).map(|time| round(time.as_secs_f64() * 1000.0));
    let megabytes = |bytes: u64| round(bytes as f64 / 1e6);
    json!({
        "requests": samples.len(),
        "errors": errors,
        "seconds": round(wall.as_secs_f64()),
        "answers_per_second": round(times.len() as f64 / wall.as_secs_f64()),
        "ms": { "p50": quantile(0.5), "p90": quantile(0.9), "p99": quantile(0.99) },
        "megabytes": {
            "sent": megabytes(samples.iter().map(|sample| sample.sent).sum()),
            "received": megabytes(samples.iter().map(|sample| sample.received).sum()),
        },
    })
}

fn round(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

/// The nearest-rank percentile of sorted times.
fn percentile(times: &[Duration], share: f64) -> Option<Duration> {
    let rank = (share * times.len() as f64).ceil() as usize;
    times.get(rank.max(1) - 1).copied()
}

fn table(report: &serde_json::Value) -> String {
    let errors = report["errors"].as_object().filter(|errors| !errors.is_empty());
    let errors = errors.map(|errors| errors.iter().map(|(status, count)| format!("{count} of {status}")).collect());
    let (ms, megabytes) = (&report["ms"], &report["megabytes"]);
    let tenth = |number: &serde_json::Value| number.as_f64().map_or("-".to_owned(), |number| format!("{number:.1}"));
    format!(
        "requests   {} in {} s\nerrors     {}\nanswers/s  {}\nms         p50 {}, p90 {}, p99 {}\nMB         {} sent, {} received",
        report["requests"],
        tenth(&report["seconds"]),
        errors.map_or("none".to_owned(), |errors: Vec<_>| errors.join(", ")),
        tenth(&report["answers_per_second"]),
        tenth(&ms["p50"]),
        tenth(&ms["p90"]),
        tenth(&ms["p99"]),
        tenth(&megabytes["sent"]),
        tenth(&megabytes["received"]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let times: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        let at = |share| percentile(&times, share).unwrap().as_millis();
        assert_eq!((at(0.5), at(0.9), at(0.99)), (50, 90, 99));
        assert_eq!(percentile(&times[..1], 0.01), Some(times[0]));
        assert_eq!(percentile(&[], 0.5), None);
    }

    #[test]
    fn errors_are_counted_by_status_and_left_out_of_the_times() {
        let sample =
            |status, ms| Sample { status, took: Duration::from_millis(ms), sent: 500_000, received: 1_000_000 };
        let samples = [sample(Some(200), 10), sample(Some(429), 1), sample(None, 1), sample(Some(200), 30)];
        let report = report(&samples, Duration::from_secs(2));
        assert_eq!(report["errors"], json!({"429": 1, "no answer": 1}));
        assert_eq!(report["ms"], json!({"p50": 10.0, "p90": 30.0, "p99": 30.0}));
        assert_eq!(report["answers_per_second"], 1.0);
        assert_eq!(report["megabytes"], json!({"sent": 2.0, "received": 4.0}));
        assert!(table(&report).contains("errors     1 of 429, 1 of no answer"));
    }
}
