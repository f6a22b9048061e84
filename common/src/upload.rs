//! A file that a request brings: written to a private place, bounded in bytes and in time.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::body::{PAUSE, drain, slow};
use crate::error::{Error, Kind, Result};
use crate::request::{Collected, MAX_PARTS, MAX_TEXT, query, req_id};

/// The longest time for all of a file.
const WHOLE: Duration = Duration::from_secs(900);

/// What a request brought.
pub(crate) struct Upload {
    /// It has no name: nothing of it stays, however this process ends.
    pub file: File,
    /// Its length.
    pub bytes: u64,
    /// The client's own name for the request.
    pub req_id: Option<String>,
    /// The options of query and form.
    pub options: BTreeMap<String, Value>,
}

/// Reads a file of at most `most` bytes: the body itself, or a form's field `field` or `file`.
pub(crate) async fn read(parts: &Parts, mut body: Body, field: &str, most: u64) -> Result<Upload> {
    let read = read_from(parts, &mut body, field, most).await;
    if read.is_err() {
        // Clients that send all of it before they listen are to hear why.
        tokio::spawn(drain(body));
    }
    read
}

async fn read_from(parts: &Parts, body: &mut Body, field: &str, most: u64) -> Result<Upload> {
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let declared = header(CONTENT_TYPE);
    let media_type = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if header(CONTENT_LENGTH).parse::<u64>().is_ok_and(|length| length > most + (64 << 10)) {
        return Err(too_large(most));
    }
    let mut options = Collected::default();
    for (name, value) in query(parts)? {
        options.add(name, Value::String(value))?;
    }
    let file = match media_type.as_str() {
        "multipart/form-data" => timeout(WHOLE, form(declared, body, field, most, &mut options)).await,
        "application/json" => {
            let message = format!("JSON is not read here; send the file itself, or a form with it in `{field}`");
            return Err(Error::new(Kind::NotAPicture, message));
        }
        _ => timeout(WHOLE, raw(body, most)).await,
    };
    let (file, bytes) = file.unwrap_or_else(|_| Err(slow(WHOLE)))?;
    if bytes == 0 {
        return Err(Error::bad("the file is empty: 0 bytes"));
    }
    let mut options = options.0;
    let req_id = req_id(&mut options);
    Ok(Upload { file, bytes, req_id, options })
}

/// A private file that grows.
struct Growing {
    file: tokio::fs::File,
    bytes: u64,
    most: u64,
}

impl Growing {
    fn new(most: u64) -> Result<Self> {
        let file = tempfile::tempfile().map_err(Error::internal)?;
        Ok(Self { file: file.into(), bytes: 0, most })
    }

    async fn write(&mut self, piece: &Bytes) -> Result<()> {
        self.bytes += piece.len() as u64;
        if self.bytes > self.most {
            return Err(too_large(self.most));
        }
        self.file.write_all(piece).await.map_err(Error::internal)
    }

    async fn end(mut self) -> Result<(File, u64)> {
        self.file.flush().await.map_err(Error::internal)?;
        let mut file = self.file.into_std().await;
        file.seek(SeekFrom::Start(0)).map_err(Error::internal)?;
        Ok((file, self.bytes))
    }
}

async fn raw(body: &mut Body, most: u64) -> Result<(File, u64)> {
    let mut growing = Growing::new(most)?;
    loop {
        let Ok(frame) = timeout(PAUSE, body.frame()).await else { return Err(slow(PAUSE)) };
        let Some(frame) = frame else { return growing.end().await };
        let frame = frame.map_err(|cause| Error::bad("the request's body was cut off").because(cause))?;
        if let Ok(piece) = frame.into_data() {
            growing.write(&piece).await?;
        }
    }
}

async fn form(declared: &str, body: &mut Body, field: &str, most: u64, options: &mut Collected) -> Result<(File, u64)> {
    let wrong = |cause: multer::Error| match cause {
        multer::Error::StreamReadFailed(inner) if inner.is::<TooLong>() => Error::bad(inner.to_string()),
        cause => Error::bad(format!("the form can't be read: {cause}")),
    };
    let boundary = multer::parse_boundary(declared).map_err(wrong)?;
    let held = Arc::<AtomicUsize>::default();
    let mut form =
        multer::Multipart::new(Sips { body, held: held.clone(), breath: false }.into_data_stream(), boundary);
    let mut found = None;
    for _ in 0..MAX_PARTS {
        let Ok(next) = timeout(PAUSE, form.next_field()).await else { return Err(slow(PAUSE)) };
        held.store(0, Ordering::Relaxed);
        let Some(mut part) = next.map_err(wrong)? else {
            let message = format!("the form has no file; send it in the field `{field}` or `file`");
            return found.ok_or_else(|| Error::bad(message));
        };
        let name = part.name().unwrap_or_default().to_owned();
        let is_file = name == field || name == "file";
        if !is_file && part.file_name().is_some() {
            let message = format!("the form has a file in `{name:.100}`; send it in the field `{field}` or `file`");
            return Err(Error::bad(message));
        }
        if is_file && found.is_some() {
            return Err(Error::bad(format!("the form has two files; send one in the field `{field}` or `file`")));
        }
        let mut growing = if is_file { Some(Growing::new(most)?) } else { None };
        let mut text = Vec::new();
        loop {
            let Ok(piece) = timeout(PAUSE, part.chunk()).await else { return Err(slow(PAUSE)) };
            let Some(piece) = piece.map_err(wrong)? else { break };
            held.store(0, Ordering::Relaxed);
            if let Some(growing) = &mut growing {
                growing.write(&piece).await?;
            } else if text.len() + piece.len() > MAX_TEXT {
                return Err(Error::bad(format!("the form's field `{name:.100}` is longer than {MAX_TEXT} bytes")));
            } else {
                text.extend_from_slice(&piece);
            }
        }
        if let Some(growing) = growing {
            found = Some(growing.end().await?);
        } else {
            let text = String::from_utf8(text)
                .map_err(|_| Error::bad(format!("the form's field `{name:.100}` is not UTF-8 text")))?;
            options.add(name, Value::String(text))?;
        }
    }
    Err(Error::bad(format!("the form has more than {MAX_PARTS} parts")))
}

/// The most that the reader of a form may hold without giving any of it on: the head of a part, what stands before the first.
const HELD: usize = 4 << 20;

/// What comes of more than that.
#[derive(Debug)]
struct TooLong;

impl std::fmt::Display for TooLong {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "the form can't be read: a part's head is too long")
    }
}

impl std::error::Error for TooLong {}

/// A body in sips: the reader of a form takes all that there is before it looks at any of it, so after each piece there is a
/// moment with none.
struct Sips<'a> {
    body: &'a mut Body,
    held: Arc<AtomicUsize>,
    breath: bool,
}

impl http_body::Body for Sips<'_> {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::BoxError>>> {
        if std::mem::take(&mut self.breath) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let frame = std::task::ready!(Pin::new(&mut *self.body).poll_frame(context));
        self.breath = true;
        let length = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()).map_or(0, Bytes::len);
        if self.held.fetch_add(length, Ordering::Relaxed) + length > HELD {
            return Poll::Ready(Some(Err(TooLong.into())));
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }
}

fn too_large(most: u64) -> Error {
    Error::new(Kind::TooLarge, format!("the file has more than the {most} bytes that are taken"))
}
