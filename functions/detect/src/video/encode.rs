//! Pictures back into a video, by a second child, into a file without a name.

use std::fs::File;
use std::io::{Seek, Write};
use std::process::Stdio;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use common::{Error, Kind, Picture, Result, Watch};
use schemars::JsonSchema;
use serde::Deserialize;

use super::ffmpeg::{Ffmpeg, LOOK, OUTPUT, Running, listen};

/// Pictures that wait for being encoded.
const BEHIND: usize = 2;

/// Frames a second where a video does not tell its own.
const FPS: f64 = 25.0;

/// What a rendered video is written as.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Render {
    /// MPEG-4 part 2 in AVI.
    Avi,
    /// H.264 in MP4, its index first.
    Mp4,
}

impl Render {
    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Avi => "video/x-msvideo",
            Self::Mp4 => "video/mp4",
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Avi => &["-c:v", "mpeg4", "-q:v", "4", "-vtag", "xvid", "-f", "avi"],
            // H.264 as players know it has even sides: an odd one gets one more row or column.
            Self::Mp4 => &[
                "-vf",
                "pad=ceil(iw/2)*2:ceil(ih/2)*2",
                "-c:v",
                "libx264",
                "-preset",
                "veryfast",
                "-crf",
                "23",
                "-pix_fmt",
                "yuv420p",
                "-movflags",
                "+faststart",
                "-f",
                "mp4",
            ],
        }
    }
}

/// The child and the one who writes to it.
pub struct Encoder {
    child: Running,
    pictures: Option<SyncSender<Picture>>,
    writer: Option<JoinHandle<bool>>,
    said: Option<JoinHandle<String>>,
    file: File,
    size: (usize, usize),
    most: u64,
}

impl Encoder {
    /// Begins a video of pictures of one size. It may have `most` bytes.
    pub fn start(ffmpeg: &Ffmpeg, render: Render, size: (usize, usize), fps: Option<f64>, most: u64) -> Result<Self> {
        let file = tempfile::tempfile().map_err(Error::internal)?;
        // What a damaged file tells may be a frame a year, or a million a second.
        let sane = |fps: &f64| (0.001..=1000.0).contains(fps);
        let (dimensions, fps) = (format!("{}x{}", size.0, size.1), format!("{:.6}", fps.filter(sane).unwrap_or(FPS)));
        let from = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", &dimensions, "-framerate", &fps];
        let input = ["-protocol_whitelist", "pipe", "-threads", "1", "-i", "pipe:0", "-filter_threads", "1"];
        let to = ["-fps_mode", "passthrough", "-threads", "1"];
        let arguments = [&from[..], &input, &to, render.arguments(), &[OUTPUT]].concat();
        let stdout = Stdio::from(file.try_clone().map_err(Error::internal)?);
        let mut child = ffmpeg.start(Stdio::piped(), stdout, most, &arguments)?;
        let (mut stdin, stderr) = (child.stdin()?, child.stderr()?);
        let said = thread::spawn(move || listen(stderr, |_| false));
        let (tell, pictures) = sync_channel::<Picture>(BEHIND);
        // It ends when no more pictures come, or when the child takes none.
        let writer = thread::spawn(move || pictures.iter().all(|picture| stdin.write_all(picture.pixels()).is_ok()));
        Ok(Self { child, pictures: Some(tell), writer: Some(writer), said: Some(said), file, size, most })
    }

    /// Hands a picture on; waits while too many do.
    pub fn push(&mut self, mut picture: Picture, watch: &Watch) -> Result<()> {
        if (picture.width(), picture.height()) != self.size {
            return Err(Error::internal("a rendered video's pictures have one size"));
        }
        let Some(pictures) = self.pictures.clone() else { return Err(Error::internal("a video that was finished")) };
        loop {
            match pictures.try_send(picture) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(back)) => picture = back,
                Err(TrySendError::Disconnected(_)) => return Err(self.failure(watch)),
            }
            watch.check()?;
            thread::sleep(LOOK / 10);
        }
    }

    /// Ends the video: its file, from the beginning.
    pub fn finish(mut self, watch: &Watch) -> Result<File> {
        self.pictures = None;
        if !self.child.wait(watch)?.success()
            || !self.writer.take().is_some_and(|writer| writer.join().unwrap_or(false))
        {
            return Err(self.failure(watch));
        }
        let Self { mut file, .. } = self;
        file.rewind().map_err(Error::internal)?;
        Ok(file)
    }

    /// Why the child ended before its time.
    fn failure(&mut self, watch: &Watch) -> Error {
        self.pictures = None;
        let status = match self.child.wait(watch) {
            Ok(status) => status,
            Err(stopped) => return stopped,
        };
        let said = self.said.take().and_then(|said| said.join().ok()).unwrap_or_default();
        // A write beyond the limit stops within one block of it.
        if self.file.metadata().is_ok_and(|about| about.len() + (1 << 20) > self.most) {
            let message = format!(
                "the rendered video would have more than {} bytes; ask for fewer frames by `every` or `max_frames`",
                self.most
            );
            return Error::new(Kind::TooLarge, message);
        }
        if said.contains("Unknown encoder") {
            let message =
                "the ffmpeg here can't write this format; ask for the other one of `render=avi` and `render=mp4`";
            return Error::new(Kind::Missing, message).because(said);
        }
        Error::internal(format!("encoding ended by {status}: {said}"))
    }
}
