//! A file that a request brings: written to a private place, bounded in bytes and in time.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::Value;
use tempfile::TempPath;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::body::{PAUSE, drain, slow};
use crate::error::{Error, Kind, Result};
use crate::request::{Collected, MAX_PARTS, MAX_TEXT, query};

/// The longest time for all of a file.
const WHOLE: Duration = Duration::from_secs(900);

/// What a request brought.
pub(crate) struct Upload {
    /// Removed when this is dropped.
    pub file: TempPath,
    /// Its length.
    pub bytes: u64,
    /// The options of query and form.
    pub options: BTreeMap<String, Value>,
}

/// Reads a file of at most `most` bytes: the body itself, or a form's field `field` or `file`.
pub(crate) async fn read(parts: &Parts, body: Body, field: &str, most: u64) -> Result<Upload> {
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let declared = header(CONTENT_TYPE);
    let media_type = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if header(CONTENT_LENGTH).parse::<u64>().is_ok_and(|length| length > most + (64 << 10)) {
        tokio::spawn(drain(body));
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
    Ok(Upload { file, bytes, options: options.0 })
}

/// A private file that grows.
struct Growing {
    file: tokio::fs::File,
    path: TempPath,
    bytes: u64,
    most: u64,
}

impl Growing {
    fn new(most: u64) -> Result<Self> {
        let (file, path) = tempfile::NamedTempFile::new().map_err(Error::internal)?.into_parts();
        Ok(Self { file: file.into(), path, bytes: 0, most })
    }

    async fn write(&mut self, piece: &Bytes) -> Result<()> {
        self.bytes += piece.len() as u64;
        if self.bytes > self.most {
            return Err(too_large(self.most));
        }
        self.file.write_all(piece).await.map_err(Error::internal)
    }

    async fn end(mut self) -> Result<(TempPath, u64)> {
        self.file.flush().await.map_err(Error::internal)?;
        Ok((self.path, self.bytes))
    }
}

async fn raw(mut body: Body, most: u64) -> Result<(TempPath, u64)> {
    let mut growing = Growing::new(most)?;
    loop {
        let Ok(frame) = timeout(PAUSE, body.frame()).await else { return Err(slow(PAUSE)) };
        let Some(frame) = frame else { return growing.end().await };
        let frame = frame.map_err(|cause| Error::bad("the request's body was cut off").because(cause))?;
        if let Ok(piece) = frame.into_data()
            && let Err(wrong) = growing.write(&piece).await
        {
            tokio::spawn(drain(body));
            return Err(wrong);
        }
    }
}

async fn form(declared: &str, body: Body, field: &str, most: u64, options: &mut Collected) -> Result<(TempPath, u64)> {
    let wrong = |cause: multer::Error| Error::bad(format!("the form can't be read: {cause}"));
    let boundary = multer::parse_boundary(declared).map_err(wrong)?;
    let mut form = multer::Multipart::new(body.into_data_stream(), boundary);
    let mut found = None;
    for _ in 0..MAX_PARTS {
        let Ok(next) = timeout(PAUSE, form.next_field()).await else { return Err(slow(PAUSE)) };
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

fn too_large(most: u64) -> Error {
    Error::new(Kind::TooLarge, format!("the file has more than the {most} bytes that are taken"))
}
