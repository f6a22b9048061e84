//! What is done with an answer: a picture or video is written, classes and boxes are told, boxes drawn.

use std::path::{Path, PathBuf};

use reqwest::Response;
use serde_json::Value;

use crate::client::{Client, body, header, join};
use crate::draw;
use crate::failure::{Failure, Result};
use crate::gather::{Source, ending};
use crate::input::Input;
use crate::job::Lines;
use crate::output::{self, Draft};
use crate::show;

/// Answers from this size on, and those that do not tell it, have a bar.
const LONG: u64 = 4_000_000;

/// How the user wants answers.
pub struct Taker<'a> {
    /// Of whom.
    pub client: &'a Client,
    /// Told as JSON.
    pub json: bool,
    /// A place for files was named.
    pub kept: bool,
    /// One of many inputs: lines say which.
    pub many: bool,
    /// The function's options.
    pub options: &'a [(String, String)],
}

/// What came of an answer.
pub struct Taken {
    /// What is to be printed.
    pub text: Option<String>,
    /// The file that was written.
    pub file: Option<PathBuf>,
}

impl Taker<'_> {
    /// Takes an answer; boxes can be drawn where the `input` is at hand.
    pub async fn take(&self, response: Response, source: &Source, input: Option<&Input>) -> Result<Taken> {
        let media = header(response.headers(), "content-type").unwrap_or("").split(';').next().unwrap_or("").to_owned();
        if let Some(ending) = file_ending(&media) {
            let file = self.pour(response, source, ending).await?;
            let text = self.json.then(|| match &file {
                Some(file) => show::line(&name(source), &serde_json::json!({ "output": file, "type": media })),
                None => String::new(),
            });
            return Ok(Taken { text: text.filter(|text| !text.is_empty()), file });
        }
        match media.as_str() {
            "application/x-ndjson" | "application/jsonl" => self.lines(response, source).await,
            "application/json" => Box::pin(self.told(response, source, input)).await,
            _ => Err(Failure::new(format!("this address answers with `{media}`: it is no function"))),
        }
    }

    /// A picture or a video, written as it comes.
    async fn pour(&self, mut response: Response, source: &Source, ending: &str) -> Result<Option<PathBuf>> {
        let url = response.url().clone();
        let file = (source.output != Path::new("-")).then(|| source.file(ending));
        let mut draft = file.as_deref().map(Draft::new).transpose()?;
        let length = response.content_length();
        // Most answers are there before a bar could be read.
        let bar =
            length.is_none_or(|length| length >= LONG).then(|| self.client.say.bytes(length.unwrap_or(0), "answer"));
        while let Some(chunk) = response.chunk().await.map_err(|error| Failure::unanswered(&error, &url))? {
            bar.iter().for_each(|bar| bar.inc(chunk.len() as u64));
            match &mut draft {
                Some(draft) => draft.write(&chunk)?,
                None => output::put(&chunk)?,
            }
        }
        bar.iter().for_each(indicatif::ProgressBar::finish_and_clear);
        draft.map_or(Ok(()), Draft::finish)?;
        Ok(file)
    }

    /// Classes, boxes, or the address of a picture that is too large for this answer.
    async fn told(&self, response: Response, source: &Source, input: Option<&Input>) -> Result<Taken> {
        let url = response.url().clone();
        let mut all: Value = serde_json::from_slice(&body(response).await?)
            .map_err(|cause| Failure::new(format!("the answer is broken JSON: {cause}")))?;
        let data = if all["data"].is_object() { all["data"].take() } else { all };
        let says = !data["classes"].is_null() || !data["boxes"].is_null();
        if let Some(place) = data["result_url"].as_str().filter(|_| !says) {
            let picture = self.client.get(&join(&url, place)?).await?;
            return self.take(picture, source, input).await;
        }
        let text = Some(show::text(&name(source), &data, self.json)).filter(|_| source.output != Path::new("-"));
        if !self.kept {
            return Ok(Taken { text, file: None });
        }
        let (bytes, file) = self.keep(data, source, input).await?;
        if source.output == Path::new("-") {
            output::put(&bytes)?;
            return Ok(Taken { text: None, file: None });
        }
        output::write(&file, &bytes)?;
        Ok(Taken { text, file: Some(file) })
    }

    /// What is written of classes and boxes: the picture with the boxes, or what was said.
    async fn keep(&self, data: Value, source: &Source, input: Option<&Input>) -> Result<(Vec<u8>, PathBuf)> {
        let named = ending(&source.output).filter(|_| source.exact);
        let bytes =
            input.and_then(Input::bytes).filter(|_| data["boxes"].is_array() && named.as_deref() != Some("json"));
        let Some(bytes) = bytes else {
            if named.is_some_and(|named| image_format(&named).is_some()) {
                return Err(Failure::new("the answer is no picture; -o FILE.json keeps what it says"));
            }
            return Ok(((data.to_string() + "\n").into_bytes(), source.file("json")));
        };
        let own = if input.is_some_and(|input| input.media == "image/jpeg") { "jpeg" } else { "png" };
        let named = named.as_deref().and_then(image_format);
        let format = named.or_else(|| option(self.options, "format")).unwrap_or(own).to_owned();
        let file = source.file(if format == "jpeg" { "jpg" } else { &format });
        let names = option(self.options, "names") != Some("false");
        let drawn = tokio::task::spawn_blocking(move || draw::draw(&bytes, &data, names, &format)).await;
        Ok((drawn.map_err(Failure::new)??, file))
    }

    /// A video's frames, line by line, each told as it comes.
    async fn lines(&self, mut response: Response, source: &Source) -> Result<Taken> {
        let url = response.url().clone();
        let file = (self.kept && source.output != Path::new("-")).then(|| source.file("jsonl"));
        let mut draft = file.as_deref().map(Draft::new).transpose()?;
        let bar = self.client.say.count(0);
        bar.set_message("frames");
        let (mut lines, mut last) = (Lines::default(), Value::Null);
        while let Some(chunk) = response.chunk().await.map_err(|error| Failure::unanswered(&error, &url))? {
            for line in lines.push(&chunk) {
                if let Some(draft) = &mut draft {
                    draft.write(format!("{line}\n").as_bytes())?;
                }
                last = serde_json::from_str(&line).unwrap_or_default();
                if let Some(frames) = last["frames"].as_u64() {
                    bar.set_length(frames);
                }
                if let Some(index) = last["index"].as_u64() {
                    bar.set_position(index + 1);
                }
                if draft.is_none() {
                    self.client.say.aside(|| self.tell(&line, &last, source))?;
                }
            }
        }
        bar.finish_and_clear();
        draft.map_or(Ok(()), Draft::finish)?;
        match (last["error"].as_str(), last["dropped"].is_null()) {
            (Some(error), _) => Err(Failure::new(format!("the video ends early: {error}"))),
            (None, true) => Err(Failure::new("the answer ends early: its last line is missing")),
            (None, false) => Ok(Taken { text: None, file }),
        }
    }

    /// One frame on standard output.
    fn tell(&self, line: &str, frame: &Value, source: &Source) -> Result<()> {
        if self.json || source.output == Path::new("-") {
            return output::print(&if self.many { show::line(&name(source), frame) } else { line.to_owned() });
        }
        let Some(boxes) = frame["boxes"].as_array() else { return Ok(()) };
        let (who, time) = (if self.many { name(source) + "  " } else { String::new() }, frame["time"].as_f64());
        output::print(format!("{who}{:8.2} s  {}", time.unwrap_or(0.0), show::counted(boxes)).trim_end())
    }
}

fn name(source: &Source) -> String {
    source.path.display().to_string()
}

fn option<'a>(options: &'a [(String, String)], name: &str) -> Option<&'a str> {
    options.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// The value of the option `format` for a file's ending.
pub fn image_format(ending: &str) -> Option<&'static str> {
    match ending {
        "jpg" | "jpeg" | "jpe" | "jfif" => Some("jpeg"),
        "png" => Some("png"),
        "webp" => Some("webp"),
        _ => None,
    }
}

/// The media type of a video with this ending, as far as one is written.
pub fn video_type(ending: &str) -> Option<&'static str> {
    match ending {
        "mp4" => Some("video/mp4"),
        "avi" => Some("video/x-msvideo"),
        _ => None,
    }
}

/// The ending of a picture's or a video's file; none for what is told in words.
fn file_ending(media: &str) -> Option<&'static str> {
    match media {
        "image/jpeg" => Some("jpg"),
        "image/png" => Some("png"),
        "image/webp" => Some("webp"),
        "video/mp4" => Some("mp4"),
        "video/x-msvideo" | "video/avi" => Some("avi"),
        _ => None,
    }
}
