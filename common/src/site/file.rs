//! A file as it is sent: its type, how long it may be kept, plain and packed.

use std::io::Write;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_ENCODING;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::FOREVER;
use crate::error::{Error, Result};
use crate::reply;
use crate::result::Tag;

/// Media types by the ends of names, and whether packing makes them smaller.
const TYPES: &[(&str, &str, bool)] = &[
    ("html", "text/html; charset=utf-8", true),
    ("js", "text/javascript; charset=utf-8", true),
    ("css", "text/css; charset=utf-8", true),
    ("txt", "text/plain; charset=utf-8", true),
    ("json", "application/json", true),
    ("webmanifest", "application/manifest+json", true),
    ("svg", "image/svg+xml", true),
    ("wasm", "application/wasm", true),
    ("png", "image/png", false),
    ("ico", "image/vnd.microsoft.icon", false),
    ("jpg", "image/jpeg", false),
    ("webp", "image/webp", false),
    ("woff2", "font/woff2", false),
    ("mp4", "video/mp4", false),
];

/// A file, ready to be sent.
pub(crate) struct File {
    /// Its `Content-Type`.
    pub(crate) media_type: &'static str,
    /// Its `Cache-Control`.
    pub(crate) cache: &'static str,
    plain: Form,
    packed: Option<Form>,
}

/// A file's bytes, as they are or packed, with what names them.
pub(crate) struct Form {
    pub(crate) bytes: Bytes,
    pub(crate) tag: Tag,
}

impl File {
    /// # Errors
    /// A name whose end tells no known type.
    pub(super) fn new(path: &str, bytes: Bytes) -> Result<Self> {
        let end = path.rsplit('.').next().unwrap_or_default();
        let known = TYPES.iter().find(|(known, ..)| *known == end);
        let (_, media_type, packs) =
            known.ok_or_else(|| Error::internal(format!("{path}: no media type is known for it")))?;
        let forever = path.starts_with(FOREVER);
        let packed = if *packs { Some(gzip(&bytes)?) } else { None };
        Ok(Self {
            media_type,
            cache: if forever { "public, max-age=31536000, immutable" } else { "no-cache" },
            packed: packed.filter(|packed| packed.len() < bytes.len()).map(Form::new),
            plain: Form::new(bytes),
        })
    }

    /// The form that a client takes; whether it is packed.
    pub(crate) fn form(&self, headers: &HeaderMap) -> (&Form, bool) {
        match &self.packed {
            Some(packed) if reply::wishes(headers, ACCEPT_ENCODING).iter().any(|one| one == "gzip") => (packed, true),
            _ => (&self.plain, false),
        }
    }

    /// Whether it has two forms.
    pub(crate) fn varies(&self) -> bool {
        self.packed.is_some()
    }
}

impl Form {
    fn new(bytes: Bytes) -> Self {
        Self { tag: Tag::of(&Sha256::digest(&bytes)), bytes }
    }
}

fn gzip(bytes: &[u8]) -> Result<Bytes> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(bytes).and_then(|()| packer.finish()).map(Bytes::from).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_a_packed_file_where_it_takes_one_and_it_is_smaller() {
        let file = File::new("app/a.js", vec![b' '; 1000].into()).unwrap();
        let is_packed = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, accept.parse().unwrap());
            file.form(&headers).1
        };
        for (accept, packed) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000, br", false),
            ("br", false),
            ("xgzip", false),
            ("", false),
        ] {
            assert_eq!(is_packed(accept), packed, "{accept}");
        }
        assert!(!file.form(&HeaderMap::new()).1);
        assert!(!File::new("a.js", Bytes::from_static(b"1")).unwrap().varies(), "packing makes a short one longer");
        assert!(!File::new("a.jpg", vec![b' '; 1000].into()).unwrap().varies());
        assert!(File::new("a.exe", Bytes::new()).is_err());
    }
}
