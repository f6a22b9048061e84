//! The one trait: what a function is.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde_json::{Map, Value};

use crate::catalogue::Catalogue;
use crate::error::Result;
use crate::knobs::Knobs;
use crate::model::Model;
use crate::options::{self, Options};
use crate::picture::Picture;
use crate::reply::{About, Answer, Offers, Reply, Shape};
use crate::route::Route;
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

/// What a request says of the variant to use, beside the function's own options.
pub struct Choice<'a> {
    /// The variant that it names.
    pub named: Option<&'a str>,
    knobs: &'a BTreeMap<String, Value>,
}

impl Choice<'_> {
    /// What it wrote for a knob; not checked yet, since that takes the variant.
    pub fn knob(&self, name: &str) -> Option<&str> {
        self.knobs.get(name)?.as_str()
    }
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
    fn variant(_options: &Self::Options, choice: &Choice<'_>, catalogue: &Catalogue) -> Result<String> {
        Ok(choice.named.unwrap_or(catalogue.default_name()).to_owned())
    }

    /// Addresses that it has beside those of every function.
    fn routes() -> Vec<Route> {
        Vec::new()
    }
}

/// A function without its type: what serves it is compiled once, not once a function.
pub(crate) trait AnyFunction: Send + Sync {
    fn card(&self) -> Card;

    /// The forms of its answers.
    fn offers(&self) -> Offers;

    /// Addresses that it has beside those of every function.
    fn routes(&self) -> Vec<Route>;

    /// The schemas of its own options, by name.
    fn properties(&self) -> Map<String, Value>;

    /// Takes its own options out of a request's; gives the variant to use and the run that is left to do.
    fn prepare(
        &self,
        options: &mut BTreeMap<String, Value>,
        named: Option<&str>,
        catalogue: &Catalogue,
    ) -> Result<(String, Run)>;
}

/// A run that only needs its model and picture.
pub(crate) type Run = Box<dyn FnOnce(&Model, Picture, &Knobs, &Watch) -> Result<Write> + Send>;

/// An answer that only needs to be written.
pub(crate) type Write = Box<dyn FnOnce(Shape, &About, &Watch) -> Result<Reply> + Send>;

/// `F` as a value.
pub(crate) struct Erased<F>(pub PhantomData<fn() -> F>);

impl<F: Function> AnyFunction for Erased<F> {
    fn card(&self) -> Card {
        F::CARD
    }

    fn offers(&self) -> Offers {
        F::Answer::OFFERS
    }

    fn routes(&self) -> Vec<Route> {
        F::routes()
    }

    fn properties(&self) -> Map<String, Value> {
        options::properties::<F::Options>()
    }

    fn prepare(
        &self,
        options: &mut BTreeMap<String, Value>,
        named: Option<&str>,
        catalogue: &Catalogue,
    ) -> Result<(String, Run)> {
        let own: F::Options = options::take(options)?;
        let variant = F::variant(&own, &Choice { named, knobs: options }, catalogue)?;
        let run: Run = Box::new(move |model, picture, knobs, watch| {
            let answer = F::run(model, picture, &own, knobs, watch)?;
            Ok(Box::new(move |shape, about: &About, watch: &Watch| answer.reply(shape, about, watch)))
        });
        Ok((variant, run))
    }
}
