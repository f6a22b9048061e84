//! What can go wrong, as one line that says what to do.

use std::fmt;

use reqwest::{StatusCode, Url};

/// A failure, told in a sentence.
#[derive(Debug, Clone)]
pub struct Failure {
    text: String,
    /// What to do about it, with the sign that parts it from the text; empty where there is nothing to say.
    advice: &'static str,
    /// The status that the server answered, if it did.
    pub status: Option<StatusCode>,
    /// Whether the next picture cannot fare better: nobody answers at the address, the key is wrong, or nobody
    /// reads what is printed.
    pub fatal: bool,
    /// Whether another address of the function may do better: this one was not reached, is not ready, busy, or broken. Else
    /// what it says is the answer.
    pub elsewhere: bool,
}

/// What most things here give back.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A failure on this side.
    pub fn new(text: impl fmt::Display) -> Self {
        Self { text: text.to_string(), advice: "", status: None, fatal: false, elsewhere: false }
    }

    /// What an address takes is less than this; another may take more.
    pub fn too_large(text: impl fmt::Display) -> Self {
        Self { status: Some(StatusCode::PAYLOAD_TOO_LARGE), elsewhere: true, ..Self::new(text) }
    }

    /// The same, after which nothing further is tried.
    pub fn fatal(self) -> Self {
        Self { fatal: true, ..self }
    }

    /// The same, after which another address may be asked, or not.
    pub fn elsewhere(self, elsewhere: bool) -> Self {
        Self { elsewhere, ..self }
    }

    /// What went wrong, without advice.
    pub fn what(&self) -> &str {
        &self.text
    }

    /// What the server answered instead of what was asked for: the `detail` of its problem document, or its first words.
    pub fn answered(status: StatusCode, url: &Url, body: &[u8]) -> Self {
        let problem = serde_json::from_slice::<serde_json::Value>(body).ok();
        let member = |name| problem.as_ref()?.get(name)?.as_str().map(str::to_owned);
        let words = || String::from_utf8_lossy(body).lines().next().unwrap_or("").chars().take(200).collect::<String>();
        let detail = member("detail").or_else(|| member("msg"));
        // A limit of size or time that stands between is none of the function's, which would say more.
        let elsewhere = match status.as_u16() {
            429 | 502 | 503 => true,
            413 | 504 => detail.is_none(),
            _ => false,
        };
        let told = detail.unwrap_or_else(words);
        let advice = match status.as_u16() {
            401 => "; give a key with --key, DARKROOM_KEY or `key` in darkroom.toml",
            403 => "; is the key (--key, DARKROOM_KEY, darkroom.toml) the right one for this address?",
            404 => "; is this a function's address? `darkroom info` lists those in use",
            _ => "",
        };
        let place = if status.as_u16() == 404 { format!(" at {}", plain(url)) } else { String::new() };
        let told = if told.is_empty() { status.to_string() } else { format!("{told} ({})", status.as_u16()) };
        let fatal = matches!(status.as_u16(), 401 | 403);
        Self { text: format!("{told}{place}"), advice, status: Some(status), fatal, elsewhere }
    }

    /// No answer came: where from, why, and what to try.
    pub fn unanswered(error: &reqwest::Error, url: &Url) -> Self {
        let place = plain(url);
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        let (text, advice) = if error.is_timeout() && !error.is_connect() {
            let advice = "; --timeout gives it longer, --wait has it done as a job";
            (format!("{place} gave no sign of life in time"), advice)
        } else if error.is_connect() || error.is_timeout() {
            let advice = "; start it (`make run`), or give its address with --url or DARKROOM_URL";
            (format!("nobody answers at {place} ({cause})"), advice)
        } else {
            (format!("the connection to {place} broke ({cause})"), "; try again")
        };
        Self { text, advice, status: None, fatal: error.is_connect(), elsewhere: false }
    }
}

/// An address without what may be secret in it: a presigned one has its key in the query.
fn plain(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    let _ = url.set_password(None);
    url.to_string()
}

impl fmt::Display for Failure {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}{}", self.text, self.advice)
    }
}

/// A failure of the file system, with the path that it is about.
pub fn at(path: &std::path::Path) -> impl Fn(std::io::Error) -> Failure + '_ {
    move |cause| Failure::new(format!("{}: {cause}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_words_come_first_and_advice_follows() {
        let url = Url::parse("http://a/f/?X-Amz-Signature=secret").unwrap();
        let text = |status: u16, body: &str| {
            Failure::answered(StatusCode::from_u16(status).unwrap(), &url, body.as_bytes()).to_string()
        };
        assert_eq!(text(415, r#"{"detail":"this is text","status":415}"#), "this is text (415)");
        assert!(text(401, r#"{"detail":"no key"}"#).starts_with("no key (401); give a key with --key"));
        assert_eq!(text(502, ""), "502 Bad Gateway");
        assert!(text(404, "lost").starts_with("lost (404) at http://a/f/; is this"));
    }

    #[test]
    fn an_answer_of_the_function_stands_and_another_address_may_do_better_than_silence() {
        let url = Url::parse("http://a/f/").unwrap();
        let elsewhere = |status: u16, body: &str| {
            Failure::answered(StatusCode::from_u16(status).unwrap(), &url, body.as_bytes()).elsewhere
        };
        let told = r#"{"detail":"no"}"#;
        for status in [400, 401, 403, 404, 413, 415, 422, 500, 504] {
            assert!(!elsewhere(status, told), "{status}");
        }
        assert!([429, 502, 503].iter().all(|status| elsewhere(*status, told)));
        assert!([413, 429, 502, 503, 504].iter().all(|status| elsewhere(*status, "<html>")));
    }
}
