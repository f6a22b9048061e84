//! From an event to a verdict, whatever happens: CodeDeploy waits an hour for one that does not come.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use common::{Aws, Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::calls::Calls;
use crate::deployment::{Candidate, Deployment};
use crate::expected::{self, Expected};

/// How much of the time is kept for telling the verdict: a third of it, and at most this.
const REPORT: Duration = Duration::from_secs(20);

/// What is asked for a verdict.
#[derive(Deserialize)]
#[serde(untagged)]
enum Event {
    /// By CodeDeploy, which wants to be told.
    Deployment(Deployment),
    /// By who reads the answer.
    Candidate(Candidate),
}

/// Gives the verdict as `{"verdict": "Succeeded" or "Failed", "why": …}`, and tells it to CodeDeploy where that asks.
///
/// # Errors
/// One sentence where the event is none, or nobody could be told: Lambda then calls again.
pub async fn answer(event: Value, deadline: SystemTime) -> Result<Value> {
    let begun = Instant::now();
    let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
    let report = REPORT.min(left / 3);
    // Calls end a little before the check is ended: they know better what is missing.
    let (calls, check, end) = (begun + left - report, begun + left - report * 3 / 4, begun + left);
    let event: Event = serde_json::from_value(event).map_err(|_| {
        Error::internal("the event is neither CodeDeploy's nor {\"function\": NAME, \"version\": NUMBER or alias}")
    })?;
    let aws = Aws::load().await?;
    let checking = Calls { aws: aws.clone(), until: calls };
    let (verdict, told) = match event {
        Event::Candidate(candidate) => (judged(check, judge(checking, candidate)).await, Ok(())),
        Event::Deployment(deployment) => {
            let asked = deployment.clone();
            let judging = async move { judge(checking.clone(), asked.candidate(&checking).await?).await };
            let verdict = judged(check, judging).await;
            let told = deployment.report(&Calls { aws, until: end }, verdict.is_ok()).await;
            (verdict, told)
        }
    };
    let good = verdict.is_ok();
    let why = verdict.unwrap_or_else(|wrong| wrong.to_string().replace('\n', " "));
    let mut line = json!({
        "time": SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64()),
        "level": if good && told.is_ok() { "info" } else { "error" }, "msg": "verdict", "why": why,
        "verdict": if good { "Succeeded" } else { "Failed" }, "seconds": begun.elapsed().as_secs_f64(),
    });
    if let Err(wrong) = &told {
        line["untold"] = json!(wrong.to_string());
    }
    println!("{line}");
    told.map(|()| json!({"verdict": line["verdict"], "why": line["why"]}))
}

/// What a check gives by this moment; a check that ends otherwise fails too.
async fn judged(until: Instant, check: impl Future<Output = Result<String>> + Send + 'static) -> Result<String> {
    let begun = Instant::now();
    let check = tokio::spawn(check);
    let stop = check.abort_handle();
    match tokio::time::timeout_at(until.into(), check).await {
        Ok(Ok(verdict)) => verdict,
        Ok(Err(gone)) => Err(Error::internal(format!("the check itself failed: {gone}"))),
        Err(_) => {
            stop.abort();
            Err(Error::internal(format!("there was no verdict within {:.1} s", begun.elapsed().as_secs_f64())))
        }
    }
}

/// Asks a version, and says which weights answered as expected.
async fn judge(calls: Calls, candidate: Candidate) -> Result<String> {
    let done = async {
        let expected = Expected::of(&candidate.function, &expected::folder()?)?;
        let key = key(&calls.aws).await?;
        let mut answers = Vec::new();
        for ask in expected.kind.asks() {
            let event = ask.with_key(key.as_deref()).event();
            answers.push(Answer::of_invocation(&calls.invoke(&candidate, &event).await?)?);
        }
        expected.meet(&answers)
    };
    let done: Result<String> = done.await;
    done.map(|by| format!("{candidate}: {by} answers as expected"))
        .map_err(|wrong| Error::internal(format!("{candidate}: {wrong}")))
}

/// The key of the functions where they want one: `KEY`, itself or as a secret of AWS (`secret:ID`).
async fn key(aws: &Aws) -> Result<Option<String>> {
    let Some(setting) = std::env::var("KEY").ok().filter(|setting| !setting.is_empty()) else { return Ok(None) };
    let Some(id) = setting.strip_prefix("secret:") else { return Ok(Some(setting)) };
    let secret = aws.secret(id).await.map_err(|cause| Error::internal(format!("KEY=secret:{id}: {cause}")))?;
    Ok(Some(secret.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(50)
    }

    #[tokio::test]
    async fn a_check_that_panics_or_never_ends_is_a_verdict_too() {
        assert_eq!(judged(soon(), async { Ok("good".into()) }).await.unwrap(), "good");
        let never = judged(soon(), std::future::pending()).await.unwrap_err().to_string();
        assert!(never.starts_with("there was no verdict within 0."), "{never}");
        let panicked = judged(soon(), async { panic!("as ordered") }).await.unwrap_err().to_string();
        assert!(panicked.contains("the check itself failed") && panicked.contains("as ordered"), "{panicked}");
    }
}
