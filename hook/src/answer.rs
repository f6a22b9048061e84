//! A function's answer, out of what an invocation gives.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{Error, Result};
use serde_json::{Deserializer, Value};

/// What stands between the prelude and the body of a streamed answer.
const GAP: [u8; 8] = [0; 8];

/// An answer of HTTP.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads the answer of an invocation: streamed (a prelude of JSON, eight zero bytes, the body) or all of it JSON.
    ///
    /// # Errors
    /// One sentence where it is neither, or not whole.
    pub fn of_invocation(bytes: &[u8]) -> Result<Self> {
        let wrong = |why: &str| {
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
            Error::internal(format!("the invocation's answer {why}: {start:?}"))
        };
        let mut values = Deserializer::from_slice(bytes).into_iter::<Value>();
        let head =
            values.next().and_then(Result::ok).ok_or_else(|| wrong("is cut off, or no answer of a function URL"))?;
        let rest = &bytes[values.byte_offset()..];
        let status = head["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
        let status = status.ok_or_else(|| wrong("has no statusCode"))?;
        let headers = head["headers"].as_object().into_iter().flatten();
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.as_str().unwrap_or_default().to_owned()));
        let body = match (rest.strip_prefix(&GAP), head["body"].as_str()) {
            (Some(body), _) => body.to_vec(),
            (None, Some(text)) if head["isBase64Encoded"] == true => {
                STANDARD.decode(text).map_err(|cause| wrong(&format!("is no base64 ({cause})")))?
            }
            (None, Some(text)) => text.as_bytes().to_vec(),
            (None, None) => return Err(wrong("ends before its body")),
        };
        Ok(Self { status, headers: headers.collect(), body })
    }

    /// The header of this name, in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body of a 200.
    ///
    /// # Errors
    /// The status, with the `detail` of a problem document or the body's beginning.
    pub fn good(&self) -> Result<&[u8]> {
        if self.status == 200 {
            return Ok(&self.body);
        }
        let problem = serde_json::from_slice::<Value>(&self.body).ok();
        let detail = problem.as_ref().and_then(|problem| problem["detail"].as_str()).map(str::to_owned);
        let start = || String::from_utf8_lossy(&self.body[..self.body.len().min(200)]).into_owned();
        Err(Error::internal(format!("it answered {}: {}", self.status, detail.unwrap_or_else(start))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_streamed_answer_and_a_buffered_one_are_the_same() {
        let streamed = b"{\"statusCode\":200,\"headers\":{\"X-Model\":\"a@b\"},\"cookies\":[]}\0\0\0\0\0\0\0\0\0{\xff";
        let buffered = br#"{"statusCode":200,"headers":{"x-model":"a@b"},"body":"AHv/","isBase64Encoded":true}"#;
        for bytes in [&streamed[..], buffered] {
            let answer = Answer::of_invocation(bytes).unwrap();
            assert_eq!((answer.header("x-model"), answer.good().unwrap()), (Some("a@b"), &b"\0{\xff"[..]));
        }
        let text = br#"{"statusCode":503,"headers":{},"body":"{\"detail\":\"come later\"}","isBase64Encoded":false}"#;
        let wrong = Answer::of_invocation(text).unwrap().good().unwrap_err().to_string();
        assert_eq!(wrong, "it answered 503: come later");
    }

    #[test]
    fn what_is_no_answer_is_told_so() {
        for (bytes, says) in [
            (&b""[..], "is cut off"),
            (b"{\"statusCode\":200,\"head", "is cut off"),
            (b"null", "has no statusCode"),
            (b"{\"statusCode\":70000}\0\0\0\0\0\0\0\0", "has no statusCode"),
            (b"{\"statusCode\":200}\0\0\0\0", "ends before its body"),
            (b"{\"statusCode\":200,\"body\":\"!\",\"isBase64Encoded\":true}", "is no base64"),
        ] {
            let wrong = Answer::of_invocation(bytes).unwrap_err().to_string();
            assert!(wrong.contains(says), "{wrong}");
        }
    }
}
