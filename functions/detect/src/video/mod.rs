//! `POST /video`: what is in every frame of a video, told as soon as it is known, drawn into a video of its own, or both.

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
use lines::{Kept, Lines, of_video};
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
    /// The kind of video that the boxes are drawn into. For an answer of `Accept: video/*` it is the answer (default mp4);
    /// for an answer of lines it is kept, and the last line names it: `result_url`, `result_bytes`.
    render: Option<Render>,
}

/// What a request is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Lines,
    Video(Render),
    /// Lines, the last of which names the video.
    Both(Render),
}

impl Form {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Lines | Self::Both(_) => LINES,
            Self::Video(render) => render.media_type(),
        }
    }

    fn aside(self) -> Option<&'static str> {
        match self {
            Self::Both(render) => Some(render.media_type()),
            Self::Lines | Self::Video(_) => None,
        }
    }
}

impl FileRoute for Video {
    const PATH: &'static str = "/video";
    const SUMMARY: &'static str = "Finds the things in every frame of a video (MP4, MOV, WebM, AVI, MKV): a line of JSON \
                                   for the video, one a frame as soon as it is done, one at the end; the video with \
                                   the boxes drawn into it; or both.";
    const FIELD: &'static str = "video";
    const ANSWERS: &'static [&'static str] = &[LINES, Render::Mp4.media_type(), Render::Avi.media_type()];
    type Options = VideoOptions;

    fn plan(options: VideoOptions, asked: &Asked<'_>) -> Result<Plan> {
        let form = form(asked.accept, options.render)?;
        let settings = asked.settings;
        let frames = decode::Wanted {
            every: options.every.map_or(1, |every| u64::from(every.0)),
            most: options.max_frames.map(|most| u64::from(most.0)),
            max_pixels: settings.max_pixels(),
        };
        let (ffmpeg, most) = (Ffmpeg::find(settings.ffmpeg())?, settings.max_upload_bytes());
        let run = move |model: &Model, knobs: &Knobs, file: File, sink: &Sink, watch: &Watch| {
            let wanted = options.picture.wanted(model.names())?;
            let opened = Opened::open(&ffmpeg, file, frames, watch).map_err(of_video)?;
            let look = Look { model, knobs, wanted, watch, named: options.picture.named() };
            let encoder = |render| Encoder::start(&ffmpeg, render, opened.size(), opened.fps(), most);
            match form {
                Form::Lines => look.tell(opened, None, sink),
                Form::Both(render) => {
                    let encoder = encoder(render)?;
                    look.tell(opened, Some(encoder), sink)
                }
                Form::Video(render) => {
                    let encoder = encoder(render)?;
                    send(look.draw(opened, encoder).map_err(of_video)?, sink)
                }
            }
        };
        Ok(Plan { media_type: form.media_type(), aside: form.aside(), run: Box::new(run) })
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
    /// Tells what is found, a line a frame; where it is drawn too, the last line names the video.
    fn tell(&self, opened: Opened, mut encoder: Option<Encoder>, sink: &Sink) -> Result<()> {
        let names = self.model.names();
        let mut lines = Lines::begin(sink, names, &opened)?;
        let mut done = self.each(opened, Some(&mut lines), encoder.as_mut());
        let mut kept = None;
        if let Some(encoder) = encoder.filter(|_| done.as_ref().err().is_none_or(leaves_frames)) {
            match self.keep(encoder, sink) {
                Ok(video) => kept = Some(video),
                Err(wrong) => done = done.and(Err(wrong)),
            }
        }
        lines.end(done, kept)
    }

    /// Draws what is found.
    fn draw(&self, opened: Opened, mut encoder: Encoder) -> Result<File> {
        match self.each(opened, None, Some(&mut encoder)) {
            Err(wrong) if !leaves_frames(&wrong) => Err(wrong),
            _ => encoder.finish(self.watch),
        }
    }

    /// Looks at every frame once.
    fn each(&self, opened: Opened, mut lines: Option<&mut Lines<'_>>, mut encoder: Option<&mut Encoder>) -> Result<()> {
        opened.each(self.watch, |frame| {
            let found = self.model.boxes(&frame.picture, &self.wanted, self.knobs, self.watch)?;
            if let Some(lines) = &mut lines {
                lines.frame(&frame, &found)?;
            }
            if let Some(encoder) = &mut encoder {
                let Frame { picture, .. } = frame;
                let boxes = Boxes { picture, found, names: self.model.names().clone(), named: self.named };
                encoder.push(boxes.drawn()?, self.watch)?;
            }
            Ok(())
        })
    }

    /// Ends a video and keeps it.
    fn keep(&self, encoder: Encoder, sink: &Sink) -> Result<Kept> {
        let file = encoder.finish(self.watch)?;
        let bytes = file.metadata().map_err(Error::internal)?.len();
        Ok(Kept { address: sink.keep(file)?, bytes })
    }
}

/// Whether a video ends after the frames before this failure: it is broken in its middle.
fn leaves_frames(wrong: &Error) -> bool {
    wrong.kind() == Kind::BrokenPicture
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

/// What a request is answered with, by `Accept` (most wanted first) and `render`.
fn form(accept: &[String], render: Option<Render>) -> Result<Form> {
    let unasked = [LINES.to_owned()];
    let accept = if accept.is_empty() { &unasked } else { accept };
    let asked = accept.iter().find_map(|wish| match wish.as_str() {
        "*/*" | "application/*" | LINES | "application/x-ndjson" => Some(render.map_or(Form::Lines, Form::Both)),
        "video/*" => Some(Form::Video(render.unwrap_or(Render::Mp4))),
        "video/mp4" => Some(Form::Video(Render::Mp4)),
        "video/x-msvideo" | "video/avi" | "video/vnd.avi" => Some(Form::Video(Render::Avi)),
        _ => None,
    });
    match (asked, render) {
        (None, _) => {
            let message = "none of the forms in Accept can be given; there are application/jsonl, video/mp4 and \
                           video/x-msvideo";
            Err(Error::new(Kind::NotAcceptable, message))
        }
        (Some(Form::Video(one)), Some(other)) if one != other => {
            let (one, other) = (one.media_type(), other.media_type());
            Err(Error::bad(format!("`Accept` asks for {one} and `render` for {other}; ask for one")))
        }
        (Some(form), _) => Ok(form),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_and_render_choose_the_answer() {
        let asked =
            |accept: &[&str], render| form(&accept.iter().map(|wish| (*wish).to_owned()).collect::<Vec<_>>(), render);
        for (accept, render, expect) in [
            (&[][..], None, Form::Lines),
            (&["*/*"], None, Form::Lines),
            (&["text/html", "application/jsonl"], None, Form::Lines),
            (&[], Some(Render::Avi), Form::Both(Render::Avi)),
            (&["application/jsonl", "video/*"], Some(Render::Mp4), Form::Both(Render::Mp4)),
            (&["video/*", "*/*"], None, Form::Video(Render::Mp4)),
            (&["video/*"], Some(Render::Avi), Form::Video(Render::Avi)),
            (&["video/x-msvideo"], None, Form::Video(Render::Avi)),
            (&["video/mp4"], Some(Render::Mp4), Form::Video(Render::Mp4)),
        ] {
            assert_eq!(asked(accept, render).unwrap(), expect, "{accept:?} {render:?}");
        }
        for (accept, render, kind) in
            [(&["image/png"][..], None, Kind::NotAcceptable), (&["video/mp4"], Some(Render::Avi), Kind::BadRequest)]
        {
            assert_eq!(asked(accept, render).unwrap_err().kind(), kind, "{accept:?} {render:?}");
        }
    }
}
