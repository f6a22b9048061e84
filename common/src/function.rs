//! The one trait: what a function is.

use crate::catalogue::Catalogue;
use crate::error::Result;
use crate::model::{Knobs, Model};
use crate::options::Options;
use crate::picture::Picture;
use crate::reply::Answer;
use crate::watch::Watch;

/// What a function says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Card {
    /// The one word: folder, crate, binary, image, URL.
    pub name: &'static str,
    /// A few words.
    pub title: &'static str,
    /// One sentence.
    pub summary: &'static str,
}

/// A model behind a URL. Nothing in it knows HTTP, Lambda or ONNX Runtime.
pub trait Function: 'static {
    /// What it says of itself.
    const CARD: Card;

    /// What a request may set, beside the knobs of the networks.
    type Options: Options;

    /// What it gives.
    type Answer: Answer;

    /// Computes the answer: plain computing on a thread of its own, no clock, file, network or request in it.
    fn run(
        model: &Model,
        picture: Picture,
        options: &Self::Options,
        knobs: &Knobs,
        watch: &Watch,
    ) -> Result<Self::Answer>;

    /// The variant that serves a request: the one it names, else the default. Options may choose among them.
    fn variant(_options: &Self::Options, named: Option<&str>, catalogue: &Catalogue) -> Result<String> {
        Ok(named.unwrap_or(catalogue.default_name()).to_owned())
    }
}
