//! What is sent: a picture in memory, or a video as it is read.

use std::io::{Read, stdin};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use image::ImageFormat;
use indicatif::ProgressBar;
use reqwest::Body;
use sha2::{Digest, Sha256};
use tokio_util::io::ReaderStream;

use crate::failure::{Failure, Result, at};

/// Files from this size on are read while they are sent.
const LARGE: u64 = 64 << 20;
const CHUNK: usize = 64 << 10;

/// A file of the user's.
pub struct Input {
    /// As the user wrote it.
    pub name: String,
    /// The kind by its first bytes, as a media type.
    pub media: &'static str,
    content: Content,
}

enum Content {
    Memory(Bytes),
    File { path: PathBuf, length: u64 },
}

impl Input {
    /// Opens a file, or standard input (`-`); a failure leaves it to the caller to name the file.
    pub async fn open(path: &Path) -> Result<Self> {
        let path = path.to_owned();
        tokio::task::spawn_blocking(move || Self::read(&path)).await.map_err(Failure::new)?
    }

    fn read(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let mut bytes = Vec::new();
        if name == "-" {
            stdin().read_to_end(&mut bytes).map_err(Failure::new)?;
        } else {
            let mut file = std::fs::File::open(path).map_err(Failure::new)?;
            let found = file.metadata().map_err(Failure::new)?;
            if found.is_dir() {
                return Err(Failure::new("is a folder"));
            }
            file.by_ref().take(16).read_to_end(&mut bytes).map_err(Failure::new)?;
            let media = media(&bytes);
            if media.starts_with("video/") || found.len() >= LARGE {
                return Ok(Self { name, media, content: Content::File { path: path.to_owned(), length: found.len() } });
            }
            file.read_to_end(&mut bytes).map_err(Failure::new)?;
        }
        if bytes.is_empty() {
            return Err(Failure::new("is empty"));
        }
        Ok(Self { name, media: media(&bytes), content: Content::Memory(bytes.into()) })
    }

    /// Whether it moves.
    pub fn is_video(&self) -> bool {
        self.media.starts_with("video/")
    }

    /// Its bytes; a video's are not in memory.
    pub fn bytes(&self) -> Option<Bytes> {
        match &self.content {
            Content::Memory(bytes) => Some(bytes.clone()),
            Content::File { .. } => None,
        }
    }

    /// How many bytes.
    pub fn length(&self) -> u64 {
        match &self.content {
            Content::Memory(bytes) => bytes.len() as u64,
            Content::File { length, .. } => *length,
        }
    }

    /// SHA-256 of its bytes.
    pub fn digest(&self) -> Result<[u8; 32]> {
        let mut digest = Sha256::new();
        match &self.content {
            Content::Memory(bytes) => digest.update(bytes),
            Content::File { path, .. } => {
                let mut file = std::fs::File::open(path).map_err(at(path))?;
                std::io::copy(&mut file, &mut digest).map_err(at(path))?;
            }
        }
        Ok(digest.finalize().into())
    }

    /// The body of a request, which moves a bar as it goes out.
    pub async fn body(&self, bar: Option<ProgressBar>) -> Result<Body> {
        match &self.content {
            Content::Memory(bytes) if bar.is_none() => Ok(bytes.clone().into()),
            Content::Memory(bytes) => {
                let bytes = bytes.clone();
                let chunks = (0..bytes.len())
                    .step_by(CHUNK)
                    .map(move |from| Ok(bytes.slice(from..(from + CHUNK).min(bytes.len()))));
                Ok(counted(stream::iter(chunks), bar))
            }
            Content::File { path, .. } => {
                let file = tokio::fs::File::open(path).await.map_err(at(path))?;
                Ok(counted(ReaderStream::with_capacity(file, CHUNK), bar))
            }
        }
    }
}

fn counted(chunks: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static, bar: Option<ProgressBar>) -> Body {
    Body::wrap_stream(chunks.inspect(move |chunk| {
        if let (Some(bar), Ok(chunk)) = (&bar, chunk) {
            bar.inc(chunk.len() as u64);
        }
    }))
}

/// The media type by the first bytes; what is unknown is sent all the same, for the server to tell what it is.
fn media(head: &[u8]) -> &'static str {
    let is = |at: usize, word: &[u8]| head.get(at..at + word.len()) == Some(word);
    let still = [b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1"].iter().any(|brand| is(8, *brand));
    match () {
        () if is(4, b"ftyp") && !still => {
            if is(8, b"qt  ") {
                "video/quicktime"
            } else {
                "video/mp4"
            }
        }
        () if is(0, &[0x1a, 0x45, 0xdf, 0xa3]) => "video/x-matroska",
        () if is(0, b"RIFF") && is(8, b"AVI ") => "video/x-msvideo",
        () => image::guess_format(head).as_ref().map_or("application/octet-stream", ImageFormat::to_mime_type),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_their_bytes() {
        assert_eq!(media(b"\xff\xd8\xff\xe0"), "image/jpeg");
        assert_eq!(media(b"RIFF\0\0\0\0WEBPVP8 "), "image/webp");
        assert_eq!(media(b"RIFF\0\0\0\0AVI LIST"), "video/x-msvideo");
        assert_eq!(media(b"\0\0\0\x20ftypisom"), "video/mp4");
        assert!(!media(b"\0\0\0\x20ftypheic").starts_with("video/"));
        assert_eq!(media(b"hello"), "application/octet-stream");
    }
}
