//! Calls of AWS, each made again while that may help and there is time.

use std::time::{Duration, Instant};

use common::{Aws, Error, Heard, Result};
use serde_json::Value;

use crate::deployment::Candidate;

/// How long the first pause before another try is, and the longest; each is twice the one before.
const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(30);

/// How often a call is made at most.
const TRIES: usize = 12;

/// The account, until a moment.
#[derive(Clone)]
pub struct Calls {
    pub aws: Aws,
    pub until: Instant,
}

impl Calls {
    /// An operation of CodeDeploy (2014-10-06).
    ///
    /// # Errors
    /// One sentence where it can't be reached or refuses.
    pub async fn codedeploy(&self, operation: &str, asked: &Value) -> Result<Value> {
        let target = format!("CodeDeploy_20141006.{operation}");
        let heard = self.again(|within| self.aws.call("codedeploy", &target, asked, within)).await?;
        if heard.status != 200 {
            return Err(Error::internal(format!("{operation}: CodeDeploy answered {}", heard.said())));
        }
        // An operation without an answer may have an empty one.
        Ok(serde_json::from_slice(&heard.body).unwrap_or_default())
    }

    /// Invokes a version of a function (2015-03-31) and gives what the function answered.
    ///
    /// # Errors
    /// One sentence where it can't be invoked, or the function itself fails.
    pub async fn invoke(&self, candidate: &Candidate, event: &Value) -> Result<Vec<u8>> {
        let Candidate { function, version } = candidate;
        let plain = |text: &str| text.bytes().all(|letter| letter.is_ascii_alphanumeric() || b"-_$".contains(&letter));
        if function.is_empty() || version.is_empty() || !plain(function) || !plain(version) {
            return Err(Error::internal("that is no name and version of a Lambda function"));
        }
        let (host, version) = (self.aws.address("lambda"), version.replace('$', "%24"));
        let address = format!("{host}/2015-03-31/functions/{function}/invocations?Qualifier={version}");
        let headers = [("content-type", "application/json"), ("x-amz-invocation-type", "RequestResponse")];
        let event = event.to_string().into_bytes();
        let call = |within| self.aws.send("lambda", &address, &headers, event.clone(), within);
        let heard = self.again(call).await?;
        if heard.status != 200 {
            return Err(Error::internal(format!("Lambda answered {}", heard.said())));
        }
        if let Some(kind) = heard.headers.get("x-amz-function-error") {
            let kind = kind.to_str().unwrap_or_default();
            return Err(Error::internal(format!("the function failed ({kind}): {}", heard.said())));
        }
        Ok(heard.body)
    }

    async fn again<F: Future<Output = Result<Heard>>>(&self, call: impl Fn(Duration) -> F) -> Result<Heard> {
        let mut pause = FIRST;
        for _ in 1..TRIES {
            let heard = call(self.left()).await;
            let wait = match &heard {
                Ok(answer) if !passes(answer) => return heard,
                Ok(answer) => asked_to_wait(answer).unwrap_or(pause),
                Err(_) => pause,
            };
            if wait >= self.left() {
                return heard;
            }
            tokio::time::sleep(wait).await;
            pause = LONGEST.min(pause * 2);
        }
        call(self.left()).await
    }

    fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }
}

/// Whether a failure may be gone in a moment: too many calls, a fault of AWS's own, a version that is still being made.
fn passes(heard: &Heard) -> bool {
    let throttled = || heard.status == 400 && heard.said().contains("Throttling");
    heard.status >= 500 || matches!(heard.status, 409 | 429) || throttled()
}

fn asked_to_wait(heard: &Heard) -> Option<Duration> {
    heard.headers.get("retry-after")?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}
