//! A video's frames, one after the other, by a child that decodes, turns them upright and makes them RGB.
//!
//! Frames come as PPM pictures, which tell their own size; their times come beside, one line each on standard error.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::process::{ChildStdout, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use common::{Error, Kind, Picture, Result, Watch};

use super::container::Container;
use super::ffmpeg::{Ffmpeg, INPUT, LOOK, Running, listen};
use super::probe::TRACK;

/// Frames that wait for the one who looks at them.
const AHEAD: usize = 2;

/// How long a frame waits for its time.
const LATE: Duration = Duration::from_secs(1);

/// Marks every frame and prints its time: a frame without a mark is not printed. The mark alone: a camera's own words about
/// a frame may tell where it was taken.
const PRINT: &str = "metadata=add:key=t:value=1,metadata=print:key=t:file=pipe\\\\:2:direct=1";

/// Which frames are wanted, and how large they may be.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Every how-manieth, from the first on.
    pub every: u64,
    /// No more than these.
    pub most: Option<u64>,
    /// The largest frame.
    pub max_pixels: u64,
}

/// One picture of a video.
pub struct Frame {
    /// Its place in the video, from 0.
    pub index: u64,
    /// When it is shown, in seconds.
    pub time: Option<f64>,
    /// It, upright.
    pub picture: Picture,
}

/// The child and those who listen to it.
pub struct Decoder {
    child: Running,
    frames: Receiver<Result<(Picture, Option<f64>)>>,
    said: Option<JoinHandle<String>>,
    every: u64,
    given: u64,
}

impl Decoder {
    /// Begins to decode.
    pub fn start(ffmpeg: &Ffmpeg, file: &File, kind: Container, wanted: Wanted) -> Result<Self> {
        let most_pixels = wanted.max_pixels.min(i32::MAX as u64).to_string();
        let pick = if wanted.every > 1 { format!("select=not(mod(n\\,{})),", wanted.every) } else { String::new() };
        let (filter, most) = (format!("{pick}{PRINT}"), wanted.most.map(|most| most.to_string()));
        let from = ["-protocol_whitelist", "file", "-threads", "1", "-max_pixels", &most_pixels];
        let source = ["-f", kind.demuxer(), "-i", INPUT, "-map", TRACK, "-filter_threads", "1", "-vf", &filter];
        let to = ["-fps_mode", "passthrough", "-c:v", "ppm", "-pix_fmt", "rgb24", "-threads", "1", "-f", "image2pipe"];
        let stop = most.as_ref().map(|most| ["-frames:v", most.as_str()]);
        let stop = stop.as_ref().map_or(&[][..], |stop| &stop[..]);
        let arguments = [&from[..], &source, &to, stop, &["pipe:1"]].concat();
        let stdin = Stdio::from(file.try_clone().map_err(Error::internal)?);
        let mut child = ffmpeg.start(stdin, Stdio::piped(), 0, &arguments)?;

        let (stdout, stderr) = (child.stdout()?, child.stderr()?);
        let (tell_time, times) = channel();
        let said = thread::spawn(move || {
            listen(stderr, |line| {
                if let Some(time) = time(line) {
                    // Nobody wants it once the frames are not read any more.
                    _ = tell_time.send(time);
                }
                line.starts_with("frame:") || line == "t=1"
            })
        });
        let (tell, frames) = sync_channel(AHEAD);
        let times = Times { lines: times, next: None };
        thread::spawn(move || read_all(stdout, times, &tell, wanted.max_pixels));
        Ok(Self { child, frames, said: Some(said), every: wanted.every, given: 0 })
    }

    /// The next frame; none at the end.
    pub fn next(&mut self, watch: &Watch) -> Result<Option<Frame>> {
        loop {
            match self.frames.recv_timeout(LOOK) {
                Ok(got) => {
                    let (picture, time) = got?;
                    let index = self.given * self.every;
                    self.given += 1;
                    return Ok(Some(Frame { index, time, picture }));
                }
                Err(RecvTimeoutError::Timeout) => watch.check()?,
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
        }
    }

    /// How the child ended, once there are no more frames: whether well, and what it said.
    pub fn end(mut self, watch: &Watch) -> Result<(bool, String)> {
        let status = self.child.wait(watch)?;
        let said = self.said.take().and_then(|said| said.join().ok()).unwrap_or_default();
        Ok((status.success(), said))
    }
}

/// The times of frames, as they were printed.
struct Times {
    lines: Receiver<(u64, Option<f64>)>,
    next: Option<(u64, Option<f64>)>,
}

impl Times {
    /// That of a frame, by its number. It was printed before the frame was written, and may still be on its way.
    fn of(&mut self, frame: u64) -> Option<f64> {
        loop {
            let (number, time) = match self.next.take() {
                Some(next) => next,
                None => self.lines.recv_timeout(LATE).ok()?,
            };
            if number == frame {
                return time;
            }
            if number > frame {
                self.next = Some((number, time));
                return None;
            }
        }
    }
}

/// Hands frames on until there are no more, or nobody takes them.
fn read_all(stdout: ChildStdout, mut times: Times, tell: &SyncSender<Result<(Picture, Option<f64>)>>, max_pixels: u64) {
    let mut stdout = BufReader::new(stdout);
    for number in 0.. {
        let read = read_frame(&mut stdout, max_pixels);
        let last = read.is_err();
        let Some(frame) = read.transpose() else { break };
        let frame = frame.map(|picture| (picture, times.of(number)));
        if tell.send(frame).is_err() || last {
            break;
        }
    }
}

/// A PPM picture (P6, 8 bits); none where the stream ends, in the middle of one too: that is a child that was ended.
fn read_frame(from: &mut impl BufRead, max_pixels: u64) -> Result<Option<Picture>> {
    let mut head = String::new();
    for _ in 0..3 {
        if !from.take(64).read_line(&mut head).is_ok_and(|length| length > 0) {
            return Ok(None);
        }
    }
    let fields: Vec<_> = head.split_whitespace().collect();
    let ["P6", width, height, "255"] = fields[..] else {
        return Err(Error::internal(format!("ffmpeg wrote {head:?} where a PPM picture begins")));
    };
    let (Ok(width), Ok(height)) = (width.parse::<usize>(), height.parse::<usize>()) else {
        return Err(Error::internal(format!("ffmpeg wrote a picture of {width} x {height}")));
    };
    if width as u64 * height as u64 > max_pixels {
        return Err(too_large(width as u64, height as u64, max_pixels));
    }
    let length = width * height * 3;
    let mut pixels = Vec::with_capacity(length);
    match from.take(length as u64).read_to_end(&mut pixels) {
        Ok(read) if read == length => Ok(Some(Picture::new(width, height, pixels, None))),
        _ => Ok(None),
    }
}

/// A frame beyond the limit.
pub fn too_large(width: u64, height: u64, max_pixels: u64) -> Error {
    let message = format!("the video's frames have {width} x {height} pixels; at most {max_pixels} are taken");
    Error::new(Kind::TooLarge, message)
}

/// A frame's number and time in a line that `metadata=print` wrote: `frame:0    pts:0       pts_time:0`.
///
/// Another message may have been begun on the same line.
fn time(line: &str) -> Option<(u64, Option<f64>)> {
    let mut fields = line.get(line.rfind("frame:")? + "frame:".len()..)?.split_whitespace();
    let number = fields.next()?.parse().ok()?;
    let time = fields.find_map(|field| field.strip_prefix("pts_time:"))?.parse().ok();
    Some((number, time.filter(|time: &f64| time.is_finite())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_read_one_after_the_other() {
        let mut two = b"P6\n2 1\n255\nabcdefP6\n1 1\n255\n\n\n\n".as_slice();
        let first = read_frame(&mut two, 10).unwrap().unwrap();
        assert_eq!((first.width(), first.height(), first.pixels()), (2, 1, b"abcdef".as_slice()));
        assert_eq!(read_frame(&mut two, 10).unwrap().unwrap().pixels(), b"\n\n\n");
        assert!(read_frame(&mut two, 10).unwrap().is_none());
        assert!(read_frame(&mut b"P6\n2 1\n255\nabc".as_slice(), 10).unwrap().is_none());
        assert_eq!(read_frame(&mut b"P6\n4 4\n255\n".as_slice(), 10).unwrap_err().kind(), Kind::TooLarge);
        assert!(read_frame(&mut b"P6\n4 4\n65535\n".as_slice(), 16).is_err());
    }

    #[test]
    fn times_are_read_where_they_stand() {
        assert_eq!(time("frame:12   pts:1024    pts_time:0.1"), Some((12, Some(0.1))));
        assert_eq!(time("frame:12   pts:NOPTS   pts_time:NOPTS"), Some((12, None)));
        assert_eq!(time("[mpeg4 @ 0x1] frame:3    pts:1    pts_time:7"), Some((3, Some(7.0))));
        assert_eq!(time("[h264 @ 0x1] missing frame: 7 of 9"), None);
        let (tell, lines) = channel();
        [(0, Some(0.0)), (2, Some(0.2)), (3, None)].into_iter().for_each(|line| tell.send(line).unwrap());
        drop(tell);
        let mut times = Times { lines, next: None };
        assert_eq!([0, 1, 2, 3, 4].map(|frame| times.of(frame)), [Some(0.0), None, Some(0.2), None, None]);
    }
}
