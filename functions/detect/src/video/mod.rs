//! `POST /video`: what is in every frame of a video, told as soon as it is known, or drawn into a video of its own.

mod container;
mod decode;
mod encode;
mod ffmpeg;
mod lines;
mod pipeline;
mod probe;

use std::fs::File;
use std::io::Read;

use common::{Asked, Boxes, Error, FileRoute, Kind, Knobs, Model, Plan, Result, Sink, Wanted, Watch, Whole};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::options::Options;
use decode::Frame;
use encode::{Encoder, Render};
use ffmpeg::Ffmpeg;
use lines::{Lines, of_video};
use pipeline::Opened;

/// The media type of lines of JSON.
const LINES: &str = "application/jsonl";

/// How much of a rendered video is sent at a time.
const PIECE: u64 = 256 << 10;

/// The address.
pub struct Video;

/// What a request may set: as for a picture, and which frames.
#[derive(Deserialize, JsonSchema)]
pub struct VideoOptions {
    #[serde(flatten)]
    picture: Options,
    /// Looks at every how-manieth frame, from the first on (default 1: at all).
    every: Option<Whole<1, 10_000>>,
    /// Ends after so many frames.
    max_frames: Option<Whole<1, 10_000_000>>,
    /// The kind of video that the boxes are drawn into, for an answer of `Accept: video/*` (default mp4).
    render: Option<Render>,
}

impl FileRoute for Video {
    const PATH: &'static str = "/video";
    const SUMMARY: &'static str = "Finds the things in every frame of a video (MP4, MOV, WebM, AVI, MKV): a line of JSON \
                                   for the video, one a frame as soon as it is done, one at the end; or the video with \
                                   the boxes drawn into it.";
    const FIELD: &'static str = "video";
    const ANSWERS: &'static [&'static str] = &[LINES, Render::Mp4.media_type(), Render::Avi.media_type()];
    type Options = VideoOptions;

    fn plan(options: VideoOptions, asked: &Asked<'_>) -> Result<Plan> {
        let render = rendered(asked.accept, options.render)?;
        let settings = asked.settings;
        let frames = decode::Wanted {
            every: options.every.map_or(1, |every| u64::from(every.0)),
            most: options.max_frames.map(|most| u64::from(most.0)),
            max_pixels: settings.max_pixels(),
        };
        let (ffmpeg, most) = (Ffmpeg::find(settings.ffmpeg())?, settings.max_upload_bytes());
        let media_type = render.map_or(LINES, Render::media_type);
        let run = move |model: &Model, knobs: &Knobs, file: File, sink: &Sink, watch: &Watch| {
            let wanted = options.picture.wanted(model.names())?;
            let opened = Opened::open(&ffmpeg, file, frames, watch).map_err(of_video)?;
            let look = Look { model, knobs, wanted, watch, named: options.picture.named() };
            match render {
                None => look.tell(opened, sink),
                Some(render) => {
                    let encoder = Encoder::start(&ffmpeg, render, opened.size(), opened.fps(), most)?;
                    send(look.draw(opened, encoder).map_err(of_video)?, sink)
                }
            }
        };
        Ok(Plan { media_type, aside: None, run: Box::new(run) })
    }
}

/// How a request wants its frames looked at.
struct Look<'a> {
    model: &'a Model,
    knobs: &'a Knobs,
    wanted: Wanted,
    watch: &'a Watch,
    named: bool,
}

impl Look<'_> {
    /// Tells what is found, a line a frame.
    fn tell(&self, opened: Opened, sink: &Sink) -> Result<()> {
        let names = self.model.names();
        let mut lines = Lines::begin(sink, names, &opened)?;
        let done = opened.each(self.watch, |frame| {
            let found = self.model.boxes(&frame.picture, &self.wanted, self.knobs, self.watch)?;
            lines.frame(&frame, &found)
        });
        lines.end(done)
    }

    /// Draws what is found; of a video that is broken in its middle the frames before.
    fn draw(&self, opened: Opened, mut encoder: Encoder) -> Result<File> {
        let mut drawn = 0;
        let done = opened.each(self.watch, |Frame { picture, .. }| {
            let found = self.model.boxes(&picture, &self.wanted, self.knobs, self.watch)?;
            let boxes = Boxes { picture, found, names: self.model.names().clone(), named: self.named };
            encoder.push(boxes.drawn()?, self.watch)?;
            drawn += 1;
            Ok(())
        });
        match done {
            Err(broken) if broken.kind() != Kind::BrokenPicture || drawn == 0 => Err(broken),
            _ => encoder.finish(self.watch),
        }
    }
}

fn send(file: File, sink: &Sink) -> Result<()> {
    loop {
        let mut piece = Vec::new();
        if (&file).take(PIECE).read_to_end(&mut piece).map_err(Error::internal)? == 0 {
            return Ok(());
        }
        sink.send(piece)?;
    }
}

/// The kind of video that the answer is, by `Accept` (most wanted first) and `render`; none: lines.
fn rendered(accept: &[String], render: Option<Render>) -> Result<Option<Render>> {
    let unasked = [LINES.to_owned()];
    let accept = if accept.is_empty() { &unasked } else { accept };
    let asked = accept.iter().find_map(|wish| match wish.as_str() {
        "*/*" | "application/*" | LINES | "application/x-ndjson" => Some(None),
        "video/*" => Some(Some(render.unwrap_or(Render::Mp4))),
        "video/mp4" => Some(Some(Render::Mp4)),
        "video/x-msvideo" | "video/avi" | "video/vnd.avi" => Some(Some(Render::Avi)),
        _ => None,
    });
    match (asked, render) {
        (None, _) => {
            let message = "none of the forms in Accept can be given; there are application/jsonl, video/mp4 and \
                           video/x-msvideo";
            Err(Error::new(Kind::NotAcceptable, message))
        }
        (Some(None), Some(render)) => {
            let name = render.media_type();
            Err(Error::bad(format!("`render` is for answers that are a video; send `Accept: {name}`, or leave it out")))
        }
        (Some(Some(one)), Some(other)) if one != other => {
            let (one, other) = (one.media_type(), other.media_type());
            Err(Error::bad(format!("`Accept` asks for {one} and `render` for {other}; ask for one")))
        }
        (Some(asked), _) => Ok(asked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_and_render_choose_the_answer() {
        let asked = |accept: &[&str], render| {
            rendered(&accept.iter().map(|wish| (*wish).to_owned()).collect::<Vec<_>>(), render)
        };
        for (accept, render, expect) in [
            (&[][..], None, None),
            (&["*/*"], None, None),
            (&["text/html", "application/jsonl"], None, None),
            (&["video/*", "*/*"], None, Some(Render::Mp4)),
            (&["video/*"], Some(Render::Avi), Some(Render::Avi)),
            (&["video/x-msvideo"], None, Some(Render::Avi)),
            (&["video/mp4"], Some(Render::Mp4), Some(Render::Mp4)),
        ] {
            assert_eq!(asked(accept, render).unwrap(), expect, "{accept:?} {render:?}");
        }
        for (accept, render, kind) in [
            (&["image/png"][..], None, Kind::NotAcceptable),
            (&[], Some(Render::Avi), Kind::BadRequest),
            (&["video/mp4"], Some(Render::Avi), Kind::BadRequest),
        ] {
            assert_eq!(asked(accept, render).unwrap_err().kind(), kind, "{accept:?} {render:?}");
        }
    }
}
