//! A page: the files that a program carries, and what it tells the page of the functions to call.
//!
//! All of it is made at the start and looked up by its path; nothing is read from the disk.

mod address;
mod document;
mod file;

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::http::HeaderValue;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::function::Card;
use crate::settings::Settings;

use file::File;
pub(crate) use file::Form;

/// The folder of files whose names tell their content: they never change.
const FOREVER: &str = "app/";

/// What is at the address of the page itself.
const PAGE: &str = "index.html";

/// A page with everything that it is made of.
pub struct Site {
    /// What it says of itself.
    pub card: Card,
    /// Its files by their paths, which are relative to the page and begin without a slash; `index.html` is the page.
    pub files: &'static [(&'static str, &'static [u8])],
    /// The functions that it knows, in the order in which it shows them.
    pub functions: &'static [Neighbour],
}

/// A function that a page may call.
pub struct Neighbour {
    /// The function's one word, which is the last part of its address too.
    pub name: &'static str,
    /// A few words.
    pub title: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// What its networks do: `picture`, `labels` or `boxes`.
    pub task: &'static str,
}

/// A site, ready to be sent.
pub(crate) struct Content {
    files: BTreeMap<Cow<'static, str>, File>,
    card: File,
    policy: HeaderValue,
}

impl Content {
    /// # Errors
    /// A setting that is wrong, a file of unknown type, or no page among the files.
    pub(crate) fn new(site: &Site, settings: &Settings) -> Result<Self> {
        let functions = match &settings.functions {
            Some(text) => address::functions(text)?,
            None => site.functions.iter().map(|one| (one.name.to_owned(), vec![format!("../{}/", one.name)])).collect(),
        };
        let feedback = settings.feedback.as_deref().map(address::feedback).transpose()?;
        let policy = address::policy(&functions, settings.connect.as_deref())?;
        let about = json!({"version": VERSION, "feedback": feedback, "page": settings.base_url});
        let made = [
            ("functions.json", listed(site, &functions)),
            ("about.json", about),
            ("openapi.json", document::openapi(site.card)),
        ];
        let mut files = BTreeMap::new();
        for (path, bytes) in site.files {
            files.insert(Cow::Borrowed(*path), File::new(path, (*bytes).into())?);
        }
        for (path, value) in made {
            files.insert(path.into(), File::new(path, value.to_string().into())?);
        }
        if !files.contains_key(PAGE) {
            return Err(Error::internal(format!("there is no {PAGE} among the page's files")));
        }
        let card = File::new("card.json", document::card(site.card).to_string().into())?;
        Ok(Self { files, card, policy: HeaderValue::try_from(policy).map_err(Error::internal)? })
    }

    /// The page itself, or for programs what it says of itself.
    pub(crate) fn index(&self, programs: bool) -> Option<&File> {
        if programs { Some(&self.card) } else { self.files.get(PAGE) }
    }

    /// The file at a path that begins without a slash.
    pub(crate) fn at(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    /// The `Content-Security-Policy` of all of it.
    pub(crate) fn policy(&self) -> &HeaderValue {
        &self.policy
    }
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The functions as the page reads them, each with its card where it is a known one.
fn listed(site: &Site, functions: &[address::Function]) -> Value {
    let row = |(name, urls): &address::Function| {
        let known = site.functions.iter().find(|one| one.name == name);
        let card = known.map(|one| json!({"title": one.title, "summary": one.summary, "task": one.task}));
        json!({"name": name, "urls": urls, "card": card})
    };
    functions.iter().map(row).collect()
}
