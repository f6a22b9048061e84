//! The way of one picture: understood, decoded, run, encoded; stopped when its client leaves.

use std::time::{Duration, Instant};

use axum::http::request::Parts;
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::body;
use crate::catalogue::Catalogue;
use crate::error::{Error, Kind, Result};
use crate::function::{AnyFunction, Run};
use crate::knobs::Knobs;
use crate::log::{self, Level};
use crate::options::{self, CommonOptions};
use crate::picture::{Format, Limits, Picture};
use crate::reply::{self, About, Link, Offers, Reply, Shape};
use crate::request::Ask;
use crate::result::Tag;
use crate::settings::Settings;
use crate::watch::{Stop, Watch};

/// Runs `work` on a thread that may be kept busy; a panic in it is an error, not the end.
pub(crate) async fn compute<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(gone) => Err(Error::internal(format!("the run ended by a panic: {gone}"))),
    }
}

/// Stops the run and says so when the handler is dropped before it ends: the client left.
pub(crate) struct Left {
    watch: Watch,
    id: String,
    armed: bool,
}

impl Left {
    pub(crate) fn new(watch: Watch, id: String) -> Self {
        Self { watch, id, armed: true }
    }

    /// The answer is there.
    pub(crate) fn disarm(mut self) {
        self.armed = false;
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        if self.armed {
            self.watch.stop(Stop::Gone);
            log::line(Level::Info, "client gone", json!({"id": self.id}));
        }
    }
}

/// A request understood: all that is left is computing.
pub(crate) struct Work {
    ask: Ask,
    max_side: Option<usize>,
    run: Run,
    knobs: Knobs,
    shape: Shape,
    about: About,
    wants_link: bool,
    /// What its options say, in words that are the same for the same options.
    words: String,
}

/// An answer may have as many times the pixels of the largest picture; an enlarged one of 24 megapixels fits.
const LARGER: u64 = 5;

/// Refuses a picture whose enlarged answer would be too large, before it is made.
fn check_answer(picture: &Picture, scale: usize, limits: Limits) -> Result<()> {
    let (pixels, times) = ((picture.width() * picture.height()) as u64, (scale * scale) as u64);
    let most = limits.max_pixels.saturating_mul(LARGER) / times;
    if pixels <= most {
        return Ok(());
    }
    let (width, height) = (picture.width(), picture.height());
    let side = (width.max(height) as f64 * (most as f64 / pixels as f64).sqrt()) as usize;
    Err(Error::new(
        Kind::TooLarge,
        format!(
            "{width} x {height} pixels enlarged {scale} times are more than are given back; at most {most} pixels are \
             enlarged so: ask for `max_side={side}` to shrink it first"
        ),
    ))
}

/// The options of a request in the order of their names; the model and where the answer goes are told apart.
fn words(ask: &Ask) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let others = ask.options.iter().filter(|(name, _)| !["model", "link"].contains(&name.as_str()));
    others.map(|(name, value)| format!("{}={} ", json!(name), json!(text(value)))).collect()
}

/// What a run gives: the answer, and what is told of it.
pub(crate) struct Done {
    pub reply: Reply,
    /// `<variant>@<digest>`
    pub x_model: String,
    /// For the log.
    pub details: Value,
    /// How long each stage took.
    pub timing: Vec<(&'static str, Duration)>,
    /// `<variant>`, for the metrics.
    pub model: String,
    /// Bytes of the picture that came.
    pub bytes_in: usize,
}

impl Work {
    /// Understands a request: its options, its variant, its knobs, the form of its answer. `id` names it where its client
    /// gave it no name.
    pub(crate) fn plan(
        function: &dyn AnyFunction,
        catalogue: &Catalogue,
        settings: &Settings,
        parts: &Parts,
        mut ask: Ask,
        id: &str,
    ) -> Result<Self> {
        let words = words(&ask);
        let common: CommonOptions = options::take(&mut ask.options)?;
        let (model, run) = function.prepare(&mut ask.options, common.model.as_deref(), catalogue)?;
        let knobs = Knobs::take(catalogue.manifest(&model)?, &mut ask.options)?;
        catalogue.check_taken(&model, &ask.options, || {
            options::properties::<CommonOptions>().into_iter().chain(function.properties()).collect()
        })?;
        // One that was uploaded is bounded as uploads are.
        if ask.upload.is_none() {
            body::check_length(ask.bytes.len(), settings.max_bytes)?;
        }
        let wants_link = common.link.unwrap_or_default();
        if wants_link && function.offers() == Offers::Words {
            return Err(Error::bad("`link` is for pictures, and the answer here is words"));
        }
        let sent = Format::sniff(&ask.bytes)?;
        let shape = reply::shape(&parts.headers, parts.uri.path(), ask.form, &common, function.offers(), sent)?;
        let req_id = ask.req_id.clone().unwrap_or_else(|| id.to_owned());
        let max_side = common.max_side.map(|side| side.0 as usize);
        let about = About { req_id, model, weights: String::new(), seconds: 0.0, original: (0, 0), link: None };
        Ok(Self { ask, max_side, run, knobs, shape, about, wants_link, words })
    }

    /// Whether the request asks for an address instead of the answer's picture.
    pub(crate) fn wants_link(&self) -> bool {
        self.wants_link
    }

    /// The form of its answer.
    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    /// What names it to its client.
    pub(crate) fn req_id(&self) -> &str {
        &self.about.req_id
    }

    /// Where its picture can be kept.
    pub(crate) fn keep_at(&mut self, link: Link) {
        self.about.link = Some(link);
    }

    /// What tells the request from others: the same for one that is sent again. The picture's own digest stands beside it.
    pub(crate) fn print(&self) -> String {
        let Self { ask, about, shape, wants_link, words, .. } = self;
        let upload = ask.upload.as_deref().unwrap_or_default();
        format!("{} {shape:?} {wants_link} {upload} {words} {:?} ", about.model, ask.req_id)
    }

    /// The picture's bytes.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.ask.bytes
    }

    /// What names its answer: the same for the same picture, options, form, weights and version.
    pub(crate) fn tag(&self, function: &str, catalogue: &Catalogue) -> Result<Tag> {
        let (model, shape) = (&self.about.model, self.shape);
        let linked = self.wants_link && matches!(shape, Shape::Envelope(_));
        let head = format!(
            "{function} {} {model} {} {shape:?} {linked} {}",
            env!("CARGO_PKG_VERSION"),
            catalogue.serves(model)?,
            self.words
        );
        let hash =
            Sha256::new().chain_update(head.len().to_le_bytes()).chain_update(head).chain_update(&self.ask.bytes);
        Ok(Tag::of(&hash.finalize()))
    }

    /// Decodes, runs, encodes.
    pub(crate) fn run(self, catalogue: &Catalogue, limits: Limits, watch: &Watch) -> Result<Done> {
        let Self { ask, max_side, run, knobs, shape, mut about, .. } = self;
        let start = Instant::now();
        let (model, bytes_in) = (catalogue.model(&about.model)?, ask.bytes.len());
        let (mut picture, _) = Picture::decode(&ask.bytes, limits)?;
        drop(ask);
        about.original = (picture.width(), picture.height());
        if let Some(side) = max_side {
            picture = picture.shrunk(side)?;
        }
        check_answer(&picture, model.manifest().picture.scale, limits)?;
        watch.check()?;
        let decoded = start.elapsed();
        let write = run(&model, picture, &knobs, watch)?;
        let ran = start.elapsed();
        watch.check()?;
        about.weights = model.digest().to_owned();
        about.seconds = ran.as_secs_f64();
        let reply = write(shape, &about, watch)?;
        let encoded = start.elapsed();
        let details = json!({
            "model": about.model, "precision": model.precision().name(), "width": about.original.0,
            "height": about.original.1, "bytes_in": bytes_in, "bytes_out": reply.body.len(),
            "decode_s": decoded.as_secs_f64(), "run_s": (ran - decoded).as_secs_f64(),
            "encode_s": (encoded - ran).as_secs_f64(),
        });
        let x_model = format!("{}@{}", about.model, about.weights);
        let timing = vec![("decode", decoded), ("run", ran - decoded), ("encode", encoded - ran)];
        Ok(Done { reply, x_model, details, timing, model: about.model, bytes_in })
    }
}
