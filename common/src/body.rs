//! Reading a request's body: bounded in bytes and in time.

use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::error::{Error, Kind, Result};

/// The longest pause between two pieces of a body, and the longest time for all of it.
pub(crate) const PAUSE: Duration = Duration::from_secs(20);
const WHOLE: Duration = Duration::from_secs(300);

/// How much and how long of a refused body is read and thrown away, so that clients which send all of it before they
/// listen can hear why.
const DRAIN: usize = 256 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// Text around the picture: form fields, JSON members.
const FRAME: usize = 64 << 10;

/// Reads a body that may hold a picture of `max_bytes`, in base64 where its form is not the raw one.
pub(crate) async fn read(headers: &HeaderMap, body: Body, max_bytes: usize) -> Result<Bytes> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let raw = kind.starts_with("image/") || kind.starts_with("application/octet-stream");
    let most = if raw { max_bytes } else { max_bytes / 3 * 4 + FRAME };
    let declared = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if let Some(length) = declared.filter(|length| *length > most) {
        tokio::spawn(drain(body));
        return Err(too_large(length, max_bytes));
    }
    match timeout(WHOLE, collect(body, most, max_bytes)).await {
        Ok(bytes) => bytes,
        Err(_) => Err(slow(WHOLE)),
    }
}

/// Refuses a picture that was unpacked from its form and is too long.
pub(crate) fn check_length(length: usize, max_bytes: usize) -> Result<()> {
    if length > max_bytes { Err(too_large(length, max_bytes)) } else { Ok(()) }
}

async fn collect(mut body: Body, most: usize, max_bytes: usize) -> Result<Bytes> {
    // One piece is kept as it is; several are put together as they come, since each alone holds on to the buffer it was
    // read into.
    let (mut only, mut all) = (Bytes::new(), Vec::new());
    let mut length = 0;
    loop {
        let Ok(frame) = timeout(PAUSE, body.frame()).await else { return Err(slow(PAUSE)) };
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|cause| Error::bad("the request's body was cut off").because(cause))?;
        let Ok(piece) = frame.into_data() else { continue };
        length += piece.len();
        if length > most {
            tokio::spawn(drain(body));
            return Err(too_large(length, max_bytes));
        }
        if only.is_empty() && all.is_empty() {
            only = piece;
            continue;
        }
        if all.is_empty() {
            all = std::mem::take(&mut only).into();
        }
        all.extend_from_slice(&piece);
    }
    Ok(if all.is_empty() { only } else { all.into() })
}

pub(crate) async fn drain(mut body: Body) {
    let all = async {
        let mut length = 0;
        while let Some(Ok(frame)) = body.frame().await {
            length += frame.into_data().map_or(0, |piece| piece.len());
            if length > DRAIN {
                break;
            }
        }
    };
    // However it ends, the answer has been given.
    _ = timeout(DRAIN_TIME, all).await;
}

fn too_large(length: usize, max_bytes: usize) -> Error {
    let message = format!("the picture has {length} bytes or more; at most {max_bytes} are taken");
    Error::new(Kind::TooLarge, message)
}

pub(crate) fn slow(limit: Duration) -> Error {
    Error::new(Kind::TooSlow, format!("the body did not come within {} seconds", limit.as_secs()))
}
