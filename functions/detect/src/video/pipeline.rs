//! A video from its file to its frames: what it is, its first frame, and each of the others once it is asked for.
//!
//! The child decodes beside the one who looks at the frames, a few ahead at most: memory does not grow with length.

use std::fs::File;

use common::{Error, Kind, Result, Watch};

use super::container::Container;
use super::decode::{Decoder, Frame, Wanted, too_large};
use super::ffmpeg::Ffmpeg;
use super::probe::{Track, probe, unreadable};

/// What a decoder says when it passes over a part of the video.
const BROKEN: [&str; 3] = ["Error submitting packet to decoder", "corrupt decoded frame", "Error during demuxing"];

/// A video whose first frame has been read.
pub struct Opened {
    /// What its file tells.
    pub track: Track,
    file: File,
    kind: Container,
    decoder: Decoder,
    first: Option<Frame>,
    size: (usize, usize),
    wanted: Wanted,
}

impl Opened {
    /// Reads the first frame.
    pub fn open(ffmpeg: &Ffmpeg, file: File, wanted: Wanted, watch: &Watch) -> Result<Self> {
        let kind = Container::sniff(&file)?;
        let track = probe(ffmpeg, &file, kind, watch)?;
        let (width, height) = track.size;
        if width.saturating_mul(height) > wanted.max_pixels {
            return Err(too_large(width, height, wanted.max_pixels));
        }
        let mut decoder = Decoder::start(ffmpeg, &file, kind, wanted)?;
        let Some(first) = decoder.next(watch)? else {
            let (_, said) = decoder.end(watch)?;
            return Err(unreadable(&said).because(said));
        };
        let size = (first.picture.width(), first.picture.height());
        Ok(Self { track, file, kind, decoder, first: Some(first), size, wanted })
    }

    /// Columns and rows, upright.
    pub fn size(&self) -> (usize, usize) {
        self.size
    }

    /// Frames a second of those that are wanted.
    pub fn fps(&self) -> Option<f64> {
        self.track.fps.map(|fps| fps / self.wanted.every as f64)
    }

    /// Hands on each frame; fails at the end where the video has one that it should not have.
    pub fn each(mut self, watch: &Watch, mut look: impl FnMut(Frame) -> Result<()>) -> Result<()> {
        let mut count = 0;
        let all = self.track.frames.map(|frames| frames.div_ceil(self.wanted.every));
        let all = all.map(|all| self.wanted.most.map_or(all, |most| most.min(all)));
        while let Some(frame) = match self.first.take() {
            Some(first) => Some(first),
            None => self.decoder.next(watch)?,
        } {
            look(frame)?;
            count += 1;
            if let Some(all) = all {
                watch.reached(count as usize, all as usize);
            }
        }
        let (well, said) = self.decoder.end(watch)?;
        if self.wanted.most == Some(count) {
            return Ok(());
        }
        let missing = self.kind.missing(&self.file);
        let what = if missing > 0 {
            format!("the video is cut off, by its own lengths {missing} bytes are missing; these are the frames before")
        } else if !well || BROKEN.iter().any(|words| said.contains(words)) {
            "the video is broken in parts; these are the frames that could be read".to_owned()
        } else {
            return Ok(());
        };
        Err(Error::new(Kind::BrokenPicture, what).because(said))
    }
}
