//! A request that brings a file: written to a private place, bounded in bytes and in time.

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
use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::body::{Pace, beyond_platform, drain, slow};
use crate::error::{Error, Kind, Result, has_no_room};
use crate::request::{Collected, MAX_PARTS, MAX_TEXT, query, req_id, upload, words_of};

/// The longest time for all of a file.
const WHOLE: Duration = Duration::from_secs(900);

/// What a request brought.
pub(crate) struct FileAsk {
    /// Where the file is.
    pub source: Source,
    /// The client's own name for the request.
    pub req_id: Option<String>,
    /// The options of query and form.
    pub options: BTreeMap<String, Value>,
}

/// Where the file of a request is.
pub(crate) enum Source {
    /// Here: a file without a name, of which nothing stays, however this process ends; and its length in bytes.
    Here(File, u64),
    /// It was uploaded before, under this id.
    Uploaded(String),
}

/// Reads a file of at most `most` bytes: the body itself, or a form's field `field` or `file`.
pub(crate) async fn read(parts: &Parts, mut body: Body, field: &str, most: Most) -> Result<FileAsk> {
    let read = read_from(parts, &mut body, field, most).await;
    if read.is_err() {
        // Clients that send all of it before they listen are to hear why.
        tokio::spawn(drain(body));
    }
    read
}

/// How large a file may be.
#[derive(Clone, Copy)]
pub(crate) struct Most {
    /// The file itself.
    pub file: u64,
    /// What the platform carries of any request.
    pub body: Option<usize>,
}

impl Most {
    /// The most bytes of a file that come in the request itself.
    fn bytes(self) -> u64 {
        self.body.map_or(self.file, |body| self.file.min(body as u64))
    }

    fn refuse(self, length: u64) -> Error {
        match self.body {
            Some(body) if length > body as u64 => beyond_platform(length, body),
            _ => Error::new(Kind::TooLarge, format!("the file has more than the {} bytes that are taken", self.file)),
        }
    }
}

async fn read_from(parts: &Parts, body: &mut Body, field: &str, most: Most) -> Result<FileAsk> {
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let declared = header(CONTENT_TYPE);
    let media_type = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let length = header(CONTENT_LENGTH).parse::<u64>().unwrap_or_default();
    if length > most.bytes() + (64 << 10) {
        return Err(most.refuse(length));
    }
    let mut options = Collected::default();
    for (name, value) in query(parts)? {
        options.add(name, Value::String(value))?;
    }
    let read = async {
        match media_type.as_str() {
            "multipart/form-data" => form(declared, body, field, most, &mut options).await,
            "application/json" => {
                let words = collected(body).await?;
                words_of(&words, &mut options)?;
                Ok(None)
            }
            _ => raw(body, most).await.map(Some),
        }
    };
    let file = timeout(WHOLE, read).await.unwrap_or_else(|_| Err(slow(WHOLE)))?;
    let mut options = options.0;
    let req_id = req_id(&mut options);
    let source = match (file.filter(|(_, bytes)| *bytes > 0), upload(&mut options)?) {
        (Some((file, bytes)), None) => Source::Here(file, bytes),
        (None, Some(id)) => Source::Uploaded(id),
        (Some(_), Some(_)) => return Err(Error::bad("the request has a file and names an `upload`; give one of them")),
        (None, None) => return Err(Error::bad("the file is empty: 0 bytes")),
    };
    Ok(FileAsk { source, req_id, options })
}

/// A body of words alone.
async fn collected(body: &mut Body) -> Result<Vec<u8>> {
    let (mut pace, mut words) = (Pace::new(), Vec::new());
    while let Some(piece) = pace.piece(body).await? {
        words.extend_from_slice(&piece);
        if words.len() > MAX_TEXT * MAX_PARTS {
            let message = "JSON holds no file here: send the file itself, a form with it, or its `upload` id";
            return Err(Error::new(Kind::NotAPicture, message));
        }
    }
    Ok(words)
}

/// Writes what a store holds to a private place.
pub(crate) async fn fetch(mut pieces: BoxStream<'static, Result<Bytes>>, most: u64) -> Result<(File, u64)> {
    let mut growing = Growing::new(Most { file: most, body: None })?;
    while let Some(piece) = pieces.try_next().await? {
        growing.write(&piece).await?;
    }
    growing.end().await
}

/// A private file that grows.
struct Growing {
    file: tokio::fs::File,
    bytes: u64,
    most: Most,
}

impl Growing {
    fn new(most: Most) -> Result<Self> {
        let file = tempfile::tempfile().map_err(full)?;
        Ok(Self { file: file.into(), bytes: 0, most })
    }

    async fn write(&mut self, piece: &Bytes) -> Result<()> {
        self.bytes += piece.len() as u64;
        if self.bytes > self.most.bytes() {
            return Err(self.most.refuse(self.bytes));
        }
        self.file.write_all(piece).await.map_err(full)
    }

    async fn end(mut self) -> Result<(File, u64)> {
        self.file.flush().await.map_err(full)?;
        let mut file = self.file.into_std().await;
        file.seek(SeekFrom::Start(0)).map_err(Error::internal)?;
        Ok((file, self.bytes))
    }
}

/// A disk without room is nobody's fault, and passes.
fn full(cause: std::io::Error) -> Error {
    if has_no_room(&cause) {
        let message = "there is no room for the file at the moment; come again later";
        return Error::new(Kind::NotReady, message).because(cause);
    }
    Error::internal(cause)
}

async fn raw(body: &mut Body, most: Most) -> Result<(File, u64)> {
    let (mut pace, mut growing) = (Pace::new(), Growing::new(most)?);
    while let Some(piece) = pace.piece(body).await? {
        growing.write(&piece).await?;
    }
    growing.end().await
}

async fn form(
    declared: &str,
    body: &mut Body,
    field: &str,
    most: Most,
    options: &mut Collected,
) -> Result<Option<(File, u64)>> {
    let wrong = |cause: multer::Error| match cause {
        multer::Error::StreamReadFailed(inner) if inner.is::<TooLong>() => Error::bad(inner.to_string()),
        cause => Error::bad(format!("the form can't be read: {cause}")),
    };
    let boundary = multer::parse_boundary(declared).map_err(wrong)?;
    let held = Arc::<AtomicUsize>::default();
    let mut form =
        multer::Multipart::new(Sips { body, held: held.clone(), breath: false }.into_data_stream(), boundary);
    let (mut pace, mut found) = (Pace::new(), None);
    for _ in 0..MAX_PARTS {
        // The head of a part is small: what it is made of is not counted.
        let next = pace.next(form.next_field(), |_| 0).await?;
        held.store(0, Ordering::Relaxed);
        let Some(mut part) = next.map_err(wrong)? else {
            if found.is_none() && !options.0.contains_key("upload") {
                let message = format!("the form has no file; send it in the field `{field}` or `file`");
                return Err(Error::bad(message));
            }
            return Ok(found);
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
            let length = |piece: &multer::Result<Option<Bytes>>| {
                piece.as_ref().ok().and_then(Option::as_ref).map_or(0, Bytes::len)
            };
            let Some(piece) = pace.next(part.chunk(), length).await?.map_err(wrong)? else { break };
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
