//! `darkroom FUNCTION`: one input, many, or path after path.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::{IsTerminal, Write, stderr, stdin};
use std::path::{Path, PathBuf};
use std::time::Instant;

use futures_util::stream::{self, LocalBoxStream, StreamExt};

use crate::answer::{Taken, Taker, image_format, video_type};
use crate::ask::{Asked, Mode, Question};
use crate::client::Client;
use crate::failure::{Failure, Result};
use crate::gather::{Source, ending, gather};
use crate::grammar::Run;
use crate::input::Input;
use crate::output::{Record, print, recipe};
use crate::say::Say;
use crate::show;
use crate::turns::Turns;

/// What came of one input.
enum Outcome {
    Done(Taken),
    /// The file that was there already.
    Skipped(PathBuf),
    Job(reqwest::Url),
}

struct Batch<'a> {
    turns: &'a Turns,
    args: &'a Run,
    /// The function's name in files and records.
    name: String,
    many: bool,
    records: RefCell<HashMap<PathBuf, Record>>,
    stop: Cell<bool>,
}

/// Runs it; gives whether all went well.
pub async fn run(turns: &Turns, args: &Run, name: String) -> Result<bool> {
    let say = &turns.say;
    let by_line = args.inputs.is_empty();
    let dialogue = by_line && stdin().is_terminal();
    let sources: LocalBoxStream<'_, (String, Result<Source>)> = if by_line {
        paths(args, name.clone(), dialogue).boxed_local()
    } else {
        let sources = gather(&args.inputs, args.output.as_deref(), &name)?;
        stream::iter(sources).map(|source| (source.path.display().to_string(), Ok(source))).boxed_local()
    };
    let total = if by_line { 0 } else { sources.size_hint().0 };
    let many = by_line || total > 1;
    let batch = Batch { turns, args, name, many, records: RefCell::default(), stop: Cell::new(false) };
    let bar = (total > 1).then(|| say.count(total as u64));
    let answers = sources.map(async |(name, source)| {
        let outcome = match source {
            Ok(_) if batch.stop.get() => Err(Failure::new("not tried")),
            Ok(source) => batch.one(&source).await,
            Err(failure) => Err(failure),
        };
        if outcome.as_ref().is_err_and(|failure| failure.fatal) {
            batch.stop.set(true);
        }
        bar.iter().for_each(|bar| bar.inc(1));
        (name, outcome)
    });
    // In a dialogue the next path is asked for when the last one's answer stands there.
    let mut answers = answers.buffered(if dialogue { 1 } else { args.jobs.into() }).boxed_local();
    let (started, mut made, mut skipped, mut failed) = (Instant::now(), 0, 0, Vec::new());
    while let Some((name, outcome)) = answers.next().await {
        match outcome {
            // Where nobody reads, nothing more is made.
            Ok(outcome) => *(if batch.tell(&name, outcome)? { &mut made } else { &mut skipped }) += 1,
            Err(failure) if by_line => {
                say.error(format!("{name}: {failure}"));
                failed.push((name, failure));
                if batch.stop.get() {
                    break;
                }
            }
            Err(failure) => failed.push((name, failure)),
        }
    }
    bar.iter().for_each(|bar| bar.finish_and_clear());
    if total > 1 {
        let seconds = started.elapsed().as_secs_f32();
        say.note(&format!("{made} done, {skipped} there already, {} failed, {seconds:.1} s", failed.len()));
    }
    if !by_line {
        report(say, &failed, total);
    }
    Ok(failed.is_empty())
}

/// The failures, by file; those that were not tried for one reason are one line.
fn report(say: &Say, failed: &[(String, Failure)], total: usize) {
    let untried = failed.iter().filter(|(_, failure)| failure.to_string() == "not tried").count();
    if let [(name, failure)] = failed {
        return say.error(format!("{name}: {failure}"));
    }
    if !failed.is_empty() {
        say.error(format!("{} of {total} failed:", failed.len()));
    }
    for (name, failure) in failed.iter().filter(|(_, failure)| failure.to_string() != "not tried") {
        say.line(&format!("  {name}: {failure}"));
    }
    if untried > 0 {
        say.line(&format!("  and {untried} not tried"));
    }
}

/// A path a line; with a prompt where a person types.
fn paths(args: &Run, name: String, dialogue: bool) -> impl stream::Stream<Item = (String, Result<Source>)> + use<> {
    let into = args.output.as_ref().map(|output| output.join(""));
    let lines = stream::unfold((), move |()| async move {
        let read = tokio::task::spawn_blocking(move || {
            if dialogue {
                let _ = write!(stderr(), "picture> ").and_then(|()| stderr().flush());
            }
            let mut line = String::new();
            stdin().read_line(&mut line).ok().filter(|read| *read > 0).map(|_| line)
        });
        read.await.ok().flatten().map(|line| (line, ()))
    });
    let unquoted = |line: String| {
        let line = line.trim();
        let inner = ['"', '\''].iter().find_map(|quote| line.strip_prefix(*quote)?.strip_suffix(*quote));
        inner.unwrap_or(line).to_owned()
    };
    lines.map(unquoted).filter(|line| std::future::ready(!line.is_empty())).map(move |line| {
        let path = PathBuf::from(&line);
        let source = match path.is_dir() {
            true => Err(Failure::new("is a folder; give it on the command line")),
            false => gather(&[path], into.as_deref(), &name).map(|mut sources| sources.remove(0)),
        };
        (line, source)
    })
}

impl Batch<'_> {
    async fn one(&self, source: &Source) -> Result<Outcome> {
        let input = Input::open(&source.path).await?;
        let options = self.options(source, &input)?;
        let recipe = self.recipe(source, &input)?;
        if let Some(file) = self.find(source, &input, recipe.as_deref()) {
            return Ok(Outcome::Skipped(file));
        }
        let accept = ending(&source.output).as_deref().and_then(video_type).filter(|_| source.exact);
        let mode = match self.args {
            Run { detached: true, .. } => Mode::Detached,
            Run { wait: true, .. } => Mode::Job,
            _ => Mode::Auto,
        };
        let (path, accept) = if input.is_video() { ("video", accept) } else { ("", None) };
        let ask = async |client: &Client, hurry| {
            let question = Question { client, path, options: options.clone(), accept, mode, hurry };
            question.ask(&input).await
        };
        let (client, asked) = self.turns.work(ask).await?;
        let taker = Taker {
            client,
            json: self.args.json,
            kept: self.args.output.is_some(),
            many: self.many,
            options: &self.args.options,
        };
        match asked {
            Asked::Job(address) => Ok(Outcome::Job(address)),
            Asked::Answer(response) => {
                let taken = taker.take(response, source, Some(&input)).await?;
                if let (Some(root), Some(file), Some(recipe)) = (&source.root, &taken.file, recipe) {
                    self.record(root, |record| record.note(&source.output, file, recipe))?;
                }
                Ok(Outcome::Done(taken))
            }
        }
    }

    /// The user's options, and the format that the name of the file asks for.
    fn options(&self, source: &Source, input: &Input) -> Result<Vec<(String, String)>> {
        let mut options = self.args.options.clone();
        let Some(ending) = ending(&source.output).filter(|_| source.exact) else { return Ok(options) };
        let no_place = |list| Failure::new(format!("-o {}: {list}", source.output.display()));
        if input.is_video() {
            if video_type(&ending).is_none() && !matches!(ending.as_str(), "jsonl" | "json") {
                return Err(no_place("a video's answer is avi, mp4 or jsonl"));
            }
        } else if let Some(format) = image_format(&ending) {
            if !options.iter().any(|(name, _)| name == "format") {
                options.push(("format".to_owned(), format.to_owned()));
            }
        } else if ending != "json" {
            return Err(no_place("an answer is jpg, png or webp, or json for what is told in words"));
        }
        Ok(options)
    }

    /// What the record says of this answer once it is made; nothing is recorded of files that were named one by one.
    fn recipe(&self, source: &Source, input: &Input) -> Result<Option<String>> {
        let digest = || input.digest().map(|digest| recipe(&self.name, &self.args.options, digest));
        source.root.as_ref().map(|_| digest()).transpose()
    }

    /// The answer that is there already.
    fn find(&self, source: &Source, input: &Input, recipe: Option<&str>) -> Option<PathBuf> {
        if self.args.force || source.exact {
            return None;
        }
        if let (Some(root), Some(recipe)) = (&source.root, recipe) {
            return self.record(root, |record| record.find(&source.output, recipe));
        }
        // Beside the input stands only what the user did not name: it is never overwritten unasked.
        let format = self.args.options.iter().find(|(name, _)| name == "format").map(|(_, value)| value.as_str());
        let own = match input.media {
            "image/jpeg" => "jpeg",
            "image/webp" => "webp",
            _ => "png",
        };
        let format = format.unwrap_or(own);
        let file = source.file(if format == "jpeg" { "jpg" } else { format });
        file.is_file().then_some(file)
    }

    fn record<T>(&self, root: &Path, with: impl FnOnce(&mut Record) -> T) -> T {
        let mut records = self.records.borrow_mut();
        with(records.entry(root.to_owned()).or_insert_with(|| Record::open(root)))
    }

    /// Prints what came of an input; whether something was made.
    fn tell(&self, name: &str, outcome: Outcome) -> Result<bool> {
        match outcome {
            Outcome::Done(taken) => {
                if let Some(text) = &taken.text {
                    self.print(text)?;
                }
                if let (Some(file), false) = (&taken.file, self.many) {
                    self.turns.say.note(&format!("{name} -> {}", file.display()));
                }
            }
            Outcome::Job(address) if self.many || self.args.json => {
                let told = serde_json::json!({ "job": address.as_str() });
                self.print(&if self.args.json { show::line(name, &told) } else { format!("{name}  {address}") })?;
            }
            Outcome::Job(address) => self.print(address.as_str())?,
            Outcome::Skipped(file) => {
                if self.args.json {
                    self.print(&show::line(name, &serde_json::json!({ "output": file, "skipped": true })))?;
                }
                if !self.many {
                    self.turns.say.warn(&format!("{} is there already; --force makes it again", file.display()));
                }
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn print(&self, text: &str) -> Result<()> {
        self.turns.say.aside(|| print(text))
    }
}
