//! The answer in words: a line of JSON for the video, one for each frame as soon as it is done, one at the end.

use std::time::{Duration, Instant};

use common::{Boxes, Error, Found, Kind, Result, Sink};
use serde_json::{Value, json};

use super::decode::Frame;
use super::pipeline::Opened;

/// The lines of one answer.
pub struct Lines<'a> {
    sink: &'a Sink,
    names: &'a [String],
    begun: Instant,
    frames: u64,
    /// How long the frames took.
    took: Duration,
}

/// The video that is kept beside the lines.
pub struct Kept {
    pub address: String,
    pub bytes: u64,
}

impl<'a> Lines<'a> {
    /// Tells the video's size and length.
    pub fn begin(sink: &'a Sink, names: &'a [String], opened: &Opened) -> Result<Self> {
        let track = &opened.track;
        let (width, height) = opened.size();
        let lines = Self { sink, names, begun: Instant::now(), frames: 0, took: Duration::ZERO };
        lines.send(&json!({
            "width": width, "height": height, "fps": track.fps.map(milli), "frames": track.frames,
            "duration": track.duration.map(milli),
        }))?;
        Ok(lines)
    }

    /// Tells a frame's boxes.
    pub fn frame(&mut self, frame: &Frame, found: &[Found]) -> Result<()> {
        self.frames += 1;
        let boxes = Boxes::json(found, self.names);
        self.send(&json!({"index": frame.index, "time": frame.time.map(milli), "boxes": boxes}))?;
        self.took = self.begun.elapsed();
        Ok(())
    }

    /// Tells the end, or why it came early; and where the video is that was kept.
    pub fn end(self, done: Result<()>, kept: Option<Kept>) -> Result<()> {
        let fps = self.frames as f64 / self.took.as_secs_f64().max(1e-6);
        let mut line = json!({"frames": self.frames, "fps": milli(fps), "dropped": 0});
        if let Some(Kept { address, bytes }) = kept {
            line["result_url"] = json!(address);
            line["result_bytes"] = json!(bytes);
        }
        match done {
            Ok(()) => self.send(&line),
            Err(gone) if gone.kind() == Kind::Gone => Err(gone),
            Err(error) => {
                let error = of_video(error);
                line["error"] = json!(error.message());
                self.sink.end_with(format!("{line}\n"), error)
            }
        }
    }

    fn send(&self, line: &Value) -> Result<()> {
        self.sink.send(format!("{line}\n"))
    }
}

/// A failure in words that fit a video.
pub fn of_video(error: Error) -> Error {
    if error.kind() != Kind::Deadline {
        return error;
    }
    Error::new(
        Kind::Deadline,
        "the video took longer than the time allowed; ask for fewer frames by `every` or `max_frames`",
    )
}

/// To three digits after the point.
fn milli(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
