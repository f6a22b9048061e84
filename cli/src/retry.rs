//! Whether what the server put off is tried again, and when.

use std::time::Duration;

use reqwest::StatusCode;

/// How often one request is sent at most.
pub const TRIES: u32 = 6;
/// The longest wait that is still waited for.
const LONGEST: Duration = Duration::from_secs(300);

/// How long to wait before try `tried + 1`; none: the answer stands. `after` is the header `Retry-After`.
pub fn wait(status: StatusCode, after: Option<&str>, tried: u32) -> Option<Duration> {
    let later = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    if !later || tried >= TRIES {
        return None;
    }
    // A date is the header's other form; no function writes it, so it counts as nothing said.
    let asked = after.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
    let wait = asked.unwrap_or(Duration::from_millis(500 << tried.min(5)));
    (wait <= LONGEST).then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_says_when() {
        let seconds = |status: u16, after, tried| {
            wait(StatusCode::from_u16(status).unwrap(), after, tried).map(|wait| wait.as_secs_f32())
        };
        assert_eq!(seconds(429, Some("3"), 1), Some(3.0));
        assert_eq!(seconds(503, None, 1), Some(1.0));
        assert_eq!(seconds(503, Some("soon"), 3), Some(4.0));
        assert_eq!(seconds(429, Some("3"), TRIES), None);
        assert_eq!(seconds(429, Some("3600"), 1), None);
        for status in [200, 303, 400, 413, 500, 504] {
            assert_eq!(seconds(status, Some("1"), 1), None, "{status}");
        }
    }
}
