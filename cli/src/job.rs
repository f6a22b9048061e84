//! Jobs: watched until they end, fetched, cancelled.

use std::time::Duration;

use indicatif::ProgressBar;
use reqwest::{Method, Url};
use serde::Deserialize;

use crate::client::{Client, body, header, join};
use crate::failure::{Failure, Result};

/// Questions in a row that may go unanswered.
const LOST: u32 = 5;

#[derive(Deserialize)]
struct Job {
    state: State,
    #[serde(default)]
    progress: f64,
    result_url: Option<String>,
    problem: Option<serde_json::Value>,
}

#[derive(Deserialize, PartialEq, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum State {
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

impl Job {
    fn show(&self, bar: &ProgressBar) {
        bar.set_message(if self.state == State::Queued { "waits" } else { "runs" });
        bar.set_position((self.progress.clamp(0.0, 1.0) * 100.0) as u64);
    }

    /// How it ended: the address of its result, against the address that told it.
    fn end(&self, from: &Url) -> Option<Result<Url>> {
        match self.state {
            State::Queued | State::Running => None,
            State::Done => Some(match &self.result_url {
                Some(place) => join(from, place),
                None => Err(Failure::new("the job is done, but its answer is no longer kept")),
            }),
            State::Cancelled => Some(Err(Failure::new("the job was cancelled"))),
            State::Failed => {
                let detail = self.problem.as_ref().and_then(|problem| problem["detail"].as_str());
                Some(Err(Failure::new(detail.unwrap_or("the job failed, and the server does not say why"))))
            }
        }
    }
}

/// Waits for a job's end; gives the address of its result. While it waits, an interrupted program cancels it.
pub async fn wait(client: &Client, address: &Url) -> Result<Url> {
    client.live.borrow_mut().push(address.clone());
    let result = watch(client, address).await;
    client.live.borrow_mut().retain(|live| live != address);
    result
}

/// Waits for a job's end, and leaves it alone if the program is interrupted.
pub async fn watch(client: &Client, address: &Url) -> Result<Url> {
    let bar = client.say.count(100);
    let result = async {
        // The platform may end a stream early: then the job is asked, which costs a request a second.
        match events(client, address, &bar).await {
            Some(end) => end,
            None => poll(client, address, &bar).await,
        }
    };
    let result = result.await;
    bar.finish_and_clear();
    result
}

/// Follows the job's events; none when they stop before the job does.
async fn events(client: &Client, address: &Url, bar: &ProgressBar) -> Option<Result<Url>> {
    let mut url = address.clone();
    url.path_segments_mut().ok()?.pop_if_empty().push("events");
    let request = client.request(Method::GET, url.clone()).header("accept", "text/event-stream");
    let mut response = client.send_once(request).await.ok().filter(|response| response.status().is_success())?;
    let mut lines = Lines::default();
    while let Some(chunk) = response.chunk().await.ok()? {
        for line in lines.push(&chunk) {
            let told = line.strip_prefix("data:").and_then(|data| serde_json::from_str::<Job>(data.trim()).ok());
            let Some(job) = told else { continue };
            job.show(bar);
            if let Some(end) = job.end(&url) {
                return Some(end);
            }
        }
    }
    None
}

async fn poll(client: &Client, address: &Url, bar: &ProgressBar) -> Result<Url> {
    let mut lost = 0;
    loop {
        let mut wait = Duration::from_secs(1);
        match client.get(address).await {
            Ok(response) => {
                lost = 0;
                let after = header(response.headers(), "retry-after").and_then(|text| text.parse().ok());
                wait = after.map_or(wait, |seconds: u64| Duration::from_secs(seconds.clamp(1, 30)));
                let job: Job = serde_json::from_slice(&body(response).await?)
                    .map_err(|cause| Failure::new(format!("{address} is no job: {cause}")))?;
                job.show(bar);
                if let Some(end) = job.end(address) {
                    return end;
                }
            }
            // An answer of the server stands; a lost connection may come back.
            Err(failure) if failure.status.is_some() || lost == LOST => return Err(failure),
            Err(_) => lost += 1,
        }
        tokio::time::sleep(wait).await;
    }
}

/// Ends a job.
pub async fn cancel(client: &Client, address: &Url) -> Result<()> {
    client.send(false, async || Ok(client.request(Method::DELETE, address.clone()))).await.map(drop)
}

/// Ends every job that is waited for.
pub async fn cancel_all(client: &Client) {
    let live = client.live.take();
    for address in live {
        match cancel(client, &address).await {
            Ok(()) => client.say.warn("the job is cancelled"),
            Err(failure) => client.say.error(format!("the job {address} goes on: {failure}")),
        }
    }
}

/// Whole lines out of chunks.
#[derive(Default)]
pub struct Lines(Vec<u8>);

impl Lines {
    /// The lines that end in this chunk, without their ends.
    pub fn push(&mut self, chunk: &[u8]) -> Vec<String> {
        self.0.extend_from_slice(chunk);
        let Some(end) = self.0.iter().rposition(|byte| *byte == b'\n') else { return Vec::new() };
        let whole: Vec<u8> = self.0.drain(..=end).collect();
        String::from_utf8_lossy(&whole).lines().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_however_they_come() {
        let mut lines = Lines::default();
        assert!(lines.push("data: \u{e4}".as_bytes()).is_empty());
        assert_eq!(lines.push(b"\r\n\nx\ny"), ["data: \u{e4}", "", "x"]);
        assert_eq!(lines.push(b"\n"), ["y"]);
    }

    #[test]
    fn a_job_ends_in_three_ways() {
        let url = Url::parse("http://a/f/jobs/1").unwrap();
        let end = |text: &str| serde_json::from_str::<Job>(text).unwrap().end(&url);
        assert!(end(r#"{"state":"running","progress":0.5}"#).is_none());
        let done = end(r#"{"state":"done","result_url":"../result/2"}"#).unwrap().unwrap();
        assert_eq!(done.as_str(), "http://a/f/result/2");
        let failed = end(r#"{"state":"failed","problem":{"detail":"too dark"}}"#).unwrap().unwrap_err();
        assert_eq!(failed.to_string(), "too dark");
        assert!(end(r#"{"state":"cancelled"}"#).unwrap().is_err());
        assert!(end(r#"{"state":"done","result_url":null}"#).unwrap().is_err());
    }
}
