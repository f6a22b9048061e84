//! What a video holds, found out by reading its packets without decoding one.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::thread;

use common::{Error, Kind, Result, Watch};

use super::container::Container;
use super::ffmpeg::{Ffmpeg, INPUT, listen};

/// The first picture track of a file that is no cover.
pub const TRACK: &str = "0:V:0";

/// No time is given: what ffmpeg writes for it.
const NO_TIME: i64 = i64::MIN;

/// The longest line that is read.
const LINE: u64 = 4096;

/// A video's track.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Track {
    /// Columns and rows as they are stored: not yet turned.
    pub size: (u64, u64),
    /// Frames, where the file tells them.
    pub frames: Option<u64>,
    /// Frames a second, on average.
    pub fps: Option<f64>,
    /// Seconds.
    pub duration: Option<f64>,
}

/// Reads the packets of the video's track.
pub fn probe(ffmpeg: &Ffmpeg, file: &File, kind: Container, watch: &Watch) -> Result<Track> {
    let from = ["-protocol_whitelist", "file", "-f", kind.demuxer(), "-i", INPUT];
    let to = ["-map", TRACK, "-c", "copy", "-f", "framecrc", "pipe:1"];
    let stdin = Stdio::from(file.try_clone().map_err(Error::internal)?);
    let mut child = ffmpeg.start(stdin, Stdio::piped(), 0, &[&from[..], &to].concat())?;
    let (stdout, stderr) = (child.stdout()?, child.stderr()?);
    let packets = thread::spawn(move || read(stdout));
    let said = thread::spawn(move || listen(stderr, |_| false));
    let status = child.wait(watch)?;
    let track = packets.join().map_err(|_| Error::internal("the reader of packets panicked"))?;
    let said = said.join().unwrap_or_default();
    // A file that is cut ends in an error after its good packets.
    match track {
        Some(track) => Ok(track),
        None => Err(unreadable(&said).because(format!("{status}: {said}"))),
    }
}

/// The sentence for a video of which nothing can be read, by what ffmpeg said of it.
pub fn unreadable(said: &str) -> Error {
    let what = if said.contains("moov atom not found") {
        "its index (moov) is missing: it was cut off, or its recording never ended"
    } else if said.contains("matches no streams") {
        "it has no video track"
    } else if said.contains("decoder found") || said.contains("not found: ") || said.contains("Unknown decoder") {
        "its codec is not known here"
    } else if said.contains("max_pixels") || said.contains("Picture size") {
        "its pictures are too large"
    } else {
        "no frame of it can be decoded"
    };
    Error::new(Kind::BrokenPicture, format!("the video can't be read: {what}"))
}

/// Reads ffmpeg's `framecrc`: lines of stream, decoding time, presentation time, duration, bytes, checksum.
fn read(from: impl Read) -> Option<Track> {
    let mut lines = BufReader::new(from);
    let (mut track, mut base) = (Track::default(), None);
    let (mut packets, mut first, mut last) = (0_u64, i64::MAX, i64::MIN);
    let mut line = String::new();
    while lines.by_ref().take(LINE).read_line(&mut line).is_ok_and(|length| length > 0) {
        if let Some(about) = line.strip_prefix('#') {
            let value = about.split_once(": ").map(|(_, value)| value.trim()).unwrap_or_default();
            if about.starts_with("tb 0") {
                base = pair(value, '/');
            } else if about.starts_with("dimensions 0") {
                track.size = pair(value, 'x').unwrap_or_default();
            }
        } else if let Some((decoded, shown, length)) = times(&line) {
            let at = if shown == NO_TIME { decoded } else { shown };
            // Packets before the start are decoded and not shown: an edit cut them off.
            if at != NO_TIME && at >= 0 {
                packets += 1;
                first = first.min(at);
                last = last.max(at.saturating_add(length));
            }
        }
        line.clear();
    }
    let seconds = |(one, two): (u64, u64)| (last as f64 - first as f64) * one as f64 / two as f64;
    let duration = base.filter(|_| last > first).map(seconds).filter(|seconds| *seconds > 0.0);
    track.frames = (packets > 0).then_some(packets);
    track.duration = duration;
    track.fps = duration.map(|seconds| packets as f64 / seconds);
    (track.size.0 > 0).then_some(track)
}

fn pair(text: &str, between: char) -> Option<(u64, u64)> {
    let (one, two) = text.split_once(between)?;
    Some((one.parse().ok()?, two.parse().ok().filter(|two| *two > 0)?))
}

fn times(line: &str) -> Option<(i64, i64, i64)> {
    let mut fields = line.split(',').skip(1).map(|field| field.trim().parse().ok());
    Some((fields.next()??, fields.next()??, fields.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_tell_frames_rate_and_duration() {
        let text = "#software: x\n#tb 0: 1/10240\n#dimensions 0: 768x432\n#sar 0: 0/1\n\
                    0, -5120, -3072, 1024, 3579, 0xc4c2f74a, F=0x5\n0, -2048, 0, 1024, 20314, 0xe60b1c9f\n\
                    0, -1024, 2048, 1024, 9, 0x1\n0, 0, 1024, 1024, 9, 0x1, F=0x0\n";
        let track = read(text.as_bytes()).unwrap();
        assert_eq!((track.size, track.frames), ((768, 432), Some(3)));
        assert_eq!((track.fps, track.duration), (Some(10.0), Some(0.3)));
        let avi = "#tb 0: 1/10\n#dimensions 0: 8x8\n0, 0, -9223372036854775808, 1, 6, 0x0\n0, 1, 1, 1, 6, 0x0\n";
        assert_eq!(read(avi.as_bytes()).unwrap().fps, Some(10.0));
    }

    #[test]
    fn what_is_not_told_is_not_invented() {
        assert_eq!(read("".as_bytes()), None);
        assert_eq!(read("#dimensions 0: 8x0\n".as_bytes()), None);
        let bare = read("#tb 0: 1/0\n#dimensions 0: 8x8\nnonsense\n0, 1\n".as_bytes()).unwrap();
        assert_eq!((bare.frames, bare.fps, bare.duration), (None, None, None));
    }
}
