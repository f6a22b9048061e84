//! Reading a request's body: bounded in bytes and in time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use bytes::Bytes;
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::{Error, Kind, Result};

/// The longest pause between two pieces of a body, and the longest time for all of it.
const PAUSE: Duration = Duration::from_secs(20);
const WHOLE: Duration = Duration::from_secs(300);

/// The least that must come within a pause's time: slower than any network that a person would wait for.
const LEAST: usize = 16 << 10;

/// How much and how long of a refused body is read and thrown away, so that clients which send all of it before they
/// listen can hear why.
const DRAIN: usize = 256 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// Text around the picture: form fields, JSON members.
const FRAME: usize = 64 << 10;

/// How large a body may be.
#[derive(Clone, Copy)]
pub(crate) struct Most {
    /// The picture in it.
    pub picture: usize,
    /// What the platform carries of any request.
    pub body: Option<usize>,
}

impl Most {
    fn refuse(self, length: usize) -> Error {
        match self.body {
            Some(body) if length > body => beyond_platform(length as u64, body),
            _ => too_large(length, self.picture),
        }
    }
}

/// The refusal of a body that the platform does not carry.
pub(crate) fn beyond_platform(length: u64, most: usize) -> Error {
    let message = format!(
        "the body has {length} bytes or more, and at most {most} come in one request here; announce the file at \
         POST uploads and use it by its id, as `?upload=ID`"
    );
    Error::new(Kind::TooLarge, message)
}

/// The bytes of bodies that all requests together may hold.
#[derive(Clone)]
pub(crate) struct Room(Arc<Semaphore>);

/// A part of it; held as long as the bytes are.
pub(crate) struct Held(Option<OwnedSemaphorePermit>);

/// What room is counted in, bytes.
const UNIT: usize = 16 << 10;

impl Room {
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes.div_ceil(UNIT).min(Semaphore::MAX_PERMITS))))
    }

    /// Room for nothing yet.
    pub(crate) fn none() -> Held {
        Held(None)
    }

    /// Makes `held` hold room for `bytes`.
    pub(crate) fn grow(&self, held: &mut Held, bytes: usize) -> Result<()> {
        let more = bytes.div_ceil(UNIT).saturating_sub(held.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits));
        if more == 0 {
            return Ok(());
        }
        let full = || Error::new(Kind::Busy, "too many pictures are being sent at the moment; come again later");
        let more = u32::try_from(more).map_err(Error::internal)?;
        let permit = self.0.clone().try_acquire_many_owned(more).map_err(|_| full())?;
        match &mut held.0 {
            Some(held) => held.merge(permit),
            none => *none = Some(permit),
        }
        Ok(())
    }
}

/// Reads a body that may hold a picture, in base64 where its form is not the raw one.
pub(crate) async fn read(headers: &HeaderMap, body: Body, most: Most, room: &Room) -> Result<(Bytes, Held)> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let raw = kind.starts_with("image/") || kind.starts_with("application/octet-stream");
    let formed = if raw { most.picture } else { most.picture / 3 * 4 + FRAME };
    let bytes = most.body.map_or(formed, |body| body.min(formed));
    let declared = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if let Some(length) = declared.filter(|length| *length > bytes) {
        tokio::spawn(drain(body));
        return Err(most.refuse(length));
    }
    match timeout(WHOLE, collect(body, bytes, most, room)).await {
        Ok(bytes) => bytes,
        Err(_) => Err(slow(WHOLE)),
    }
}

/// Whether a body comes quickly enough: no long pause, and not byte by byte.
pub(crate) struct Pace {
    since: Instant,
    came: usize,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self { since: Instant::now(), came: 0 }
    }

    /// Waits for the next piece, which `length` measures.
    pub(crate) async fn next<T>(&mut self, piece: impl Future<Output = T>, length: impl Fn(&T) -> usize) -> Result<T> {
        let Ok(piece) = timeout(PAUSE, piece).await else { return Err(slow(PAUSE)) };
        self.came += length(&piece);
        if self.since.elapsed() > PAUSE {
            if self.came < LEAST {
                return Err(slow(PAUSE));
            }
            (self.since, self.came) = (Instant::now(), 0);
        }
        Ok(piece)
    }

    /// The next piece of a body.
    pub(crate) async fn piece(&mut self, body: &mut Body) -> Result<Option<Bytes>> {
        loop {
            let length = |frame: &Option<Result<Frame<Bytes>, _>>| {
                frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()).map_or(0, Bytes::len)
            };
            let Some(frame) = self.next(body.frame(), length).await? else { return Ok(None) };
            let frame =
                frame.map_err(|cause: axum::Error| Error::bad("the request's body was cut off").because(cause))?;
            if let Ok(piece) = frame.into_data() {
                return Ok(Some(piece));
            }
        }
    }
}

/// Refuses a picture that was unpacked from its form and is too long.
pub(crate) fn check_length(length: usize, max_bytes: usize) -> Result<()> {
    if length > max_bytes { Err(too_large(length, max_bytes)) } else { Ok(()) }
}

async fn collect(mut body: Body, bytes: usize, most: Most, room: &Room) -> Result<(Bytes, Held)> {
    // One piece is kept as it is; several are put together as they come, since each alone holds on to the buffer it was
    // read into.
    let (mut only, mut all) = (Bytes::new(), Vec::new());
    let (mut pace, mut held, mut length) = (Pace::new(), Room::none(), 0);
    while let Some(piece) = pace.piece(&mut body).await? {
        length += piece.len();
        if length > bytes {
            tokio::spawn(drain(body));
            return Err(most.refuse(length));
        }
        room.grow(&mut held, length)?;
        if only.is_empty() && all.is_empty() {
            only = piece;
            continue;
        }
        if all.is_empty() {
            all = std::mem::take(&mut only).into();
        }
        all.extend_from_slice(&piece);
    }
    Ok((if all.is_empty() { only } else { all.into() }, held))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_that_comes_byte_by_byte_is_given_up() {
        let letters = futures_util::stream::iter(["x", "y"].map(|letter| Ok::<_, Error>(Bytes::from(letter))));
        let mut body = Body::from_stream(letters);
        let mut pace = Pace { since: Instant::now() - PAUSE, came: 0 };
        assert_eq!(pace.piece(&mut body).await.unwrap_err().kind(), Kind::TooSlow);
        let mut pace = Pace { since: Instant::now() - PAUSE, came: LEAST };
        assert!(pace.piece(&mut body).await.unwrap().is_some(), "one that came quickly enough goes on");
        assert!(pace.came == 0, "and is measured anew");
    }

    #[test]
    fn all_bodies_together_are_bounded() {
        let room = Room::new(4 * UNIT);
        let (mut one, mut two) = (Room::none(), Room::none());
        room.grow(&mut one, 3 * UNIT).unwrap();
        room.grow(&mut one, 3 * UNIT).unwrap();
        assert_eq!(room.grow(&mut two, 2 * UNIT).unwrap_err().kind(), Kind::Busy);
        drop(one);
        room.grow(&mut two, 2 * UNIT).unwrap();
    }
}
