//! What is expected of each function: a file `NAME.json` each, in the folder `expected` beside the program.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::ask::Kind;
use crate::content::Content;

/// What is expected of a function.
#[derive(Debug, Serialize, Deserialize)]
pub struct Expected {
    /// What kind of answer it gives, and so what it is asked.
    pub kind: Kind,
    /// By what answers: the weights, as `x-model` names them, or "page".
    pub answers: BTreeMap<String, Content>,
}

/// The folder beside this program.
///
/// # Errors
/// One sentence where the program does not know its own place.
pub fn folder() -> Result<PathBuf> {
    let program = std::env::current_exe().map_err(Error::internal)?;
    Ok(program.with_file_name("expected"))
}

impl Expected {
    /// Reads what is expected of what a Lambda function of this name serves.
    ///
    /// # Errors
    /// One sentence where nothing is expected of it, or it can't be read.
    pub fn of(lambda: &str, folder: &Path) -> Result<Self> {
        let wrong = |cause: &dyn std::fmt::Display| Error::internal(format!("{}: {cause}", folder.display()));
        let mut known = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(|cause| wrong(&cause))? {
            let name = entry.map_err(|cause| wrong(&cause))?.file_name();
            known.extend(name.to_str().and_then(|name| name.strip_suffix(".json")).map(str::to_owned));
        }
        known.sort();
        let name = served(lambda, &known).ok_or_else(|| {
            let known = known.join(", ");
            Error::internal(format!("nothing is expected of {lambda}; its name should hold one of: {known}"))
        })?;
        let read = std::fs::read(folder.join(format!("{name}.json"))).map_err(Error::internal);
        let read = read.and_then(|bytes| serde_json::from_slice(&bytes).map_err(Error::internal));
        read.map_err(|cause| wrong(&format!("{name}.json can't be read: {cause}")))
    }

    /// Gives what answered, once its answers are what is expected of it.
    ///
    /// # Errors
    /// One sentence on what is wrong.
    pub fn meet(&self, answers: &[Answer]) -> Result<String> {
        let (by, content) = Content::read(self.kind, answers)?;
        let expected = self.answers.get(&by).ok_or_else(|| {
            let known: Vec<_> = self.answers.keys().map(String::as_str).collect();
            Error::internal(format!("the weights {by} answered, expected are {}", known.join(" or ")))
        })?;
        content.is_like(expected)?;
        Ok(by)
    }
}

/// The function that a Lambda function serves: the last of these names that stands in the other's words. `darkroom-prod-derain`,
/// `darkroom-prod-derain-gpu` and the `darkroom-prod-Derain-1A2B3C` that CloudFormation makes up are all `derain`.
fn served<'a>(lambda: &str, known: &'a [String]) -> Option<&'a str> {
    let lambda = lambda.to_ascii_lowercase();
    let words: Vec<_> = lambda.split(['-', '_', ':']).collect();
    let end = |name: &str| {
        let own: Vec<_> = name.split('-').collect();
        words.windows(own.len()).rposition(|some| some == own).map(|at| (at + own.len(), own.len()))
    };
    let found = known.iter().filter_map(|name| Some((end(name)?, name)));
    found.max().map(|(_, name)| name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lambda_functions_name_tells_what_it_serves() {
        let known = ["derain", "detect", "rain", "super-res", "res"].map(str::to_owned);
        for (lambda, name) in [
            ("darkroom-prod-derain", Some("derain")),
            ("darkroom-prod-derain-gpu", Some("derain")),
            ("darkroom-prod-Derain-1A2B3C", Some("derain")),
            ("darkroom-detect-derain", Some("derain")),
            ("arn:aws:lambda:eu-central-1:1:function:detect", Some("detect")),
            ("darkroom-prod-super-res", Some("super-res")),
            ("darkroom-prod-res", Some("res")),
            ("darkroom-prod-dehaze", None),
            ("darkroom-prod-derained", None),
        ] {
            assert_eq!(served(lambda, &known), name, "{lambda}");
        }
    }
}
