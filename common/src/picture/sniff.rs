//! What bytes are, by their first few; a declared type is never trusted.

use crate::error::{Error, Kind, Result};

/// The formats that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// ISO 10918.
    Jpeg,
    /// W3C PNG, animated ones too.
    Png,
    /// RFC 9649.
    WebP,
    /// GIF 87a and 89a.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// TIFF 6.
    Tiff,
}

impl std::fmt::Display for Format {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
        })
    }
}

/// The readable formats, for messages.
pub(super) const READABLE: &str = "JPEG, PNG, WebP, GIF, BMP or TIFF";

impl Format {
    /// The format of `bytes`, or an error that says what they are instead, where that is known.
    pub fn sniff(bytes: &[u8]) -> Result<Self> {
        let starts = |magic: &[u8]| bytes.starts_with(magic);
        let format = match bytes {
            _ if starts(&[0xff, 0xd8, 0xff]) => Format::Jpeg,
            _ if starts(b"\x89PNG\r\n\x1a\n") => Format::Png,
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Format::WebP,
            _ if starts(b"GIF87a") || starts(b"GIF89a") => Format::Gif,
            _ if starts(b"II*\0") || starts(b"MM\0*") => Format::Tiff,
            // Two letters are little proof: the header that follows has one of a few lengths.
            [b'B', b'M', ..] if matches!(bytes.get(14), Some(12 | 40 | 52 | 56 | 64 | 108 | 124)) => Format::Bmp,
            _ => return Err(Error::new(Kind::NotAPicture, refusal(bytes))),
        };
        Ok(format)
    }
}

fn refusal(bytes: &[u8]) -> String {
    match other(bytes) {
        Some(name) => format!("this is {name}, which is not read here; send {READABLE}"),
        None => format!("these bytes are not a picture; send {READABLE}"),
    }
}

/// The name of a format that people send but that is not read here.
fn other(bytes: &[u8]) -> Option<&'static str> {
    let head = &bytes[..bytes.len().min(1024)];
    let brand = |names: &[&[u8]]| head.len() >= 12 && &head[4..8] == b"ftyp" && names.contains(&&head[8..12]);
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    match head {
        _ if brand(&[b"avif", b"avis"]) => Some("an AVIF picture"),
        _ if brand(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"]) => Some("a HEIC picture"),
        _ if head.len() >= 8 && &head[4..8] == b"ftyp" => Some("a video (MP4)"),
        _ if head.starts_with(&[0xff, 0x0a]) || head.starts_with(b"\0\0\0\x0cJXL ") => Some("a JPEG XL picture"),
        _ if head.starts_with(b"\0\0\0\x0cjP  ") => Some("a JPEG 2000 picture"),
        _ if head.starts_with(b"\0\0\x01\0") => Some("an icon (ICO)"),
        _ if head.starts_with(b"8BPS") => Some("a Photoshop document"),
        _ if head.starts_with(b"%PDF") => Some("a PDF document"),
        _ if head.starts_with(b"PK\x03\x04") => Some("a ZIP archive"),
        _ if head.starts_with(&[0x1f, 0x8b]) => Some("gzip data"),
        _ if text.starts_with("<svg") || (text.starts_with("<?xml") && text.contains("<svg")) => Some("an SVG drawing"),
        _ if text.starts_with("<!doctype html") || text.starts_with("<html") => Some("an HTML page"),
        _ if !text.is_empty() && is_text(head) => Some("text"),
        _ => None,
    }
}

/// UTF-8 (cut anywhere) without control characters but those of text.
fn is_text(head: &[u8]) -> bool {
    let whole = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(cut) if cut.error_len().is_none() => std::str::from_utf8(&head[..cut.valid_up_to()]).unwrap_or_default(),
        Err(_) => return false,
    };
    !whole.contains(|letter: char| letter.is_control() && !letter.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_known_by_their_bytes_and_others_are_named() {
        assert_eq!(Format::sniff(b"\xff\xd8\xff\xe0").unwrap(), Format::Jpeg);
        assert_eq!(Format::sniff(b"RIFF\0\0\0\0WEBPVP8 ").unwrap(), Format::WebP);
        for (bytes, says) in [
            (b"\0\0\0\x20ftypheic\0\0\0\0".as_slice(), "HEIC"),
            (b"\0\0\0\x20ftypavif\0\0\0\0", "AVIF"),
            (b"\xff\x0a\x00", "JPEG XL"),
            (b"  <svg xmlns=\"\">", "SVG"),
            (b"%PDF-1.7", "PDF"),
            (b"BM is how this text begins", "text"),
            (b"\x01\x02\x03", "not a picture"),
            (b"", "not a picture"),
        ] {
            let wrong = Format::sniff(bytes).unwrap_err();
            assert_eq!(wrong.kind(), Kind::NotAPicture);
            assert!(wrong.message().contains(says), "{}", wrong.message());
        }
    }
}
