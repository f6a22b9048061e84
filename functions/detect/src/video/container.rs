//! What kind of file a video comes in, told from its first bytes, and whether all of it is there.
//!
//! The kind is named to ffmpeg, which so never guesses: formats that name other files (playlists, scripts) can't be reached.

use std::fs::File;
use std::os::unix::fs::FileExt;

use common::{Error, Kind, Result};

/// The kinds that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// MP4 and QuickTime.
    Mov,
    /// Audio Video Interleave.
    Avi,
    /// Matroska and WebM.
    Matroska,
}

/// Most boxes or chunks that are looked at; a real file has a handful, one recorded in fragments some thousands.
const MOST_PARTS: usize = 100_000;

/// The name of Matroska's one large element.
const SEGMENT: u64 = 0x1853_8067;

/// The first box of an MP4 or QuickTime file is one of these.
const FIRST_BOXES: [&[u8]; 8] = [b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp"];

impl Container {
    /// Tells the kind from the first bytes.
    pub fn sniff(file: &File) -> Result<Self> {
        let mut head = [0; 512];
        let length = read_some(file, &mut head, 0);
        let head = &head[..length];
        let at = |from: usize, to: usize| head.get(from..to).unwrap_or_default();
        if FIRST_BOXES.contains(&at(4, 8)) {
            return if [b"avif", b"avis", b"heic", b"heix", b"mif1"].iter().any(|brand| at(8, 12) == *brand) {
                Err(refused("a picture (HEIF)"))
            } else {
                Ok(Self::Mov)
            };
        }
        match (at(0, 4), at(8, 12)) {
            (b"RIFF", b"AVI ") => Ok(Self::Avi),
            ([0x1A, 0x45, 0xDF, 0xA3], _) => Ok(Self::Matroska),
            _ => Err(refused(&other(head))),
        }
    }

    /// What ffmpeg calls it.
    pub fn demuxer(self) -> &'static str {
        match self {
            Self::Mov => "mov",
            Self::Avi => "avi",
            Self::Matroska => "matroska",
        }
    }

    /// How many bytes are missing at the file's end, by the lengths that stand in it.
    pub fn missing(self, file: &File) -> u64 {
        let length = file.metadata().map_or(0, |about| about.len());
        let end = match self {
            Self::Mov => end_of_boxes(file, length),
            Self::Avi => end_of_chunks(file, length),
            Self::Matroska => end_of_segment(file),
        };
        end.unwrap_or(0).saturating_sub(length)
    }
}

/// Reads as much as is there.
fn read_some(file: &File, into: &mut [u8], at: u64) -> usize {
    let mut length = 0;
    while length < into.len() {
        match file.read_at(&mut into[length..], at + length as u64) {
            Ok(0) | Err(_) => break,
            Ok(more) => length += more,
        }
    }
    length
}

fn read<const N: usize>(file: &File, at: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    (read_some(file, &mut bytes, at) == N).then_some(bytes)
}

/// ISO/IEC 14496-12, 4.2: length (32 bits; 1: 64 bits behind the name; 0: to the end), name, content.
fn end_of_boxes(file: &File, length: u64) -> Option<u64> {
    let mut at = 0;
    for _ in 0..MOST_PARTS {
        // Fewer bytes than a box's head are what some writers leave behind.
        let Some(head) = read::<8>(file, at) else { break };
        let size = match u32::from_be_bytes([head[0], head[1], head[2], head[3]]) {
            0 => return Some(length),
            1 => u64::from_be_bytes(read(file, at + 8)?),
            size => u64::from(size),
        };
        if size < 8 || !head[4..].iter().all(|letter| (32..127).contains(letter) || *letter == 0xA9) {
            return None;
        }
        at = at.checked_add(size)?;
        if at >= length {
            break;
        }
    }
    Some(at)
}

/// RIFF: a name, a length (32 bits, little-endian), content, evened out. Large files have several such parts.
fn end_of_chunks(file: &File, length: u64) -> Option<u64> {
    let mut at = 0;
    for _ in 0..MOST_PARTS {
        let Some(head) = read::<8>(file, at) else { break };
        let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        // What was written into a pipe has no lengths.
        if &head[..4] != b"RIFF" || size == 0 || size == u32::MAX {
            return (at > 0).then_some(at);
        }
        at += 8 + u64::from(size);
        if at >= length {
            break;
        }
        at += at % 2;
    }
    Some(at)
}

/// EBML (RFC 8794): a name, a length, content; first the head, then the segment, which is all the rest.
fn end_of_segment(file: &File) -> Option<u64> {
    let mut at = 0;
    for _ in 0..8 {
        let (name, name_bytes) = number(file, at, false)?;
        let (size, size_bytes) = number(file, at + name_bytes, true)?;
        let content = at + name_bytes + size_bytes;
        // All bits set: a length that was not known when it was written.
        if size == (1 << (7 * size_bytes)) - 1 {
            return None;
        }
        at = content.checked_add(size)?;
        if name == SEGMENT {
            return Some(at);
        }
    }
    None
}

/// A number of variable length, with or without the bit that marks its length, and its bytes.
fn number(file: &File, at: u64, unmarked: bool) -> Option<(u64, u64)> {
    let [first] = read(file, at)?;
    let bytes = first.leading_zeros() as usize + 1;
    if bytes > 8 {
        return None;
    }
    let mut all = [0; 8];
    (read_some(file, &mut all[8 - bytes..], at) == bytes).then_some(())?;
    let number = u64::from_be_bytes(all);
    Some((if unmarked { number & !(1 << (7 * bytes)) } else { number }, bytes as u64))
}

/// A name for what was sent instead.
fn other(head: &[u8]) -> String {
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']);
    let starts = |bytes: &[u8]| head.starts_with(bytes);
    let what = if text.starts_with("#EXTM3U") || text.starts_with("ffconcat") {
        "a playlist, which names other files"
    } else if text.starts_with('<') {
        "a document (XML or HTML)"
    } else if starts(b"FLV") {
        "Flash video"
    } else if starts(b"OggS") {
        "Ogg"
    } else if starts(b"\x30\x26\xB2\x75") {
        "Windows Media"
    } else if starts(b"\xFF\xD8\xFF") || starts(b"\x89PNG") || starts(b"GIF8") || starts(b"BM") {
        "a picture"
    } else if starts(b"\0\0\x01\xBA") || starts(b"\0\0\x01\xB3") || head.first() == Some(&0x47) {
        "an MPEG stream"
    } else {
        "of no kind that is known here"
    };
    what.to_owned()
}

fn refused(what: &str) -> Error {
    let message = format!("the video can't be read, it is {what}; send MP4, MOV, WebM, AVI or MKV");
    Error::new(Kind::NotAPicture, message)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    const MOV: &[u8] = b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x01mdat\0\0\0\0\0\0\0\x20abcdefghijklmnop";
    const AVI: &[u8] = b"RIFF\x0c\0\0\0AVI abcdefgh";
    const MKV: &[u8] = b"\x1A\x45\xDF\xA3\x82ab\x18\x53\x80\x67\x10\0\0\x04abcd";

    #[test]
    fn the_kind_is_told_and_what_is_missing() {
        for (bytes, kind) in [(MOV, Container::Mov), (AVI, Container::Avi), (MKV, Container::Matroska)] {
            assert_eq!(Container::sniff(&file(bytes)).unwrap(), kind);
            assert_eq!(kind.missing(&file(bytes)), 0, "{kind:?}");
            assert_eq!(kind.missing(&file(&bytes[..bytes.len() - 3])), 3, "{kind:?}");
        }
    }

    #[test]
    fn lengths_that_are_not_known_are_not_missed() {
        assert_eq!(Container::Mov.missing(&file(b"\0\0\0\0mdatabc")), 0);
        assert_eq!(Container::Avi.missing(&file(b"RIFF\0\0\0\0AVI abc")), 0);
        assert_eq!(Container::Matroska.missing(&file(b"\x1A\x45\xDF\xA3\x80\x18\x53\x80\x67\xFFabc")), 0);
        assert_eq!(Container::Mov.missing(&file(b"\0\0\0\x01mdat\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF")), u64::MAX - 16);
        assert_eq!(Container::Matroska.missing(&file(b"\0\0\0\0\0\0\0\0\0\0")), 0);
    }

    #[test]
    fn what_is_no_video_is_named() {
        for (bytes, says) in [
            (b"#EXTM3U\nother.ts".as_slice(), "playlist"),
            (b"\xEF\xBB\xBFffconcat version 1.0\nfile /etc/passwd", "playlist"),
            (b"<?xml version=\"1.0\"?><MPD>", "document"),
            (b"\xFF\xD8\xFF\xE0", "picture"),
            (b"\0\0\0\x10ftypavif", "picture"),
            (b"GIF89a", "picture"),
            (b"G\x40\x11\x10", "MPEG"),
            (b"", "no kind"),
        ] {
            let wrong = Container::sniff(&file(bytes)).unwrap_err();
            assert!(wrong.kind() == Kind::NotAPicture && wrong.message().contains(says), "{wrong}");
        }
    }
}
