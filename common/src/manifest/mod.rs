//! `model.json`: everything about a network that is not arithmetic. Unknown keys are errors with line and column.

mod parts;

use std::collections::BTreeMap;
use std::path::Path;

pub use parts::{Family, Fit, Geometry, Knob, Precision, Resources, Status, Task, Terms, Weights};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The largest side that a picture is fitted to.
const LARGEST_FIT: usize = 4096;

/// One variant of one function, as the exporter wrote it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The function it belongs to: the folder above.
    pub function: String,
    /// Its name: the folder it lies in.
    pub variant: String,
    /// A few words for lists.
    pub title: String,
    /// One sentence.
    pub summary: String,
    /// What it answers with.
    pub task: Task,
    /// Address of the paper it follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<String>,
    /// The networks that it is one of: one definition, several weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
    /// SPDX name of the licence of the weights.
    pub licence: String,
    /// What that licence means for who uses them.
    #[serde(default)]
    pub terms: Terms,
    /// Whether it can be used.
    pub status: Status,
    /// Why it cannot, where it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The files, one a precision.
    #[serde(default)]
    pub weights: Vec<Weights>,
    /// Where the weights come from: recipe and command, or upstream address, digest and converter.
    pub from: BTreeMap<String, serde_json::Value>,
    /// The picture the network takes.
    pub picture: Geometry,
    /// What a request may turn.
    #[serde(default)]
    pub knobs: BTreeMap<String, Knob>,
    /// File beside the manifest with the names of the classes, one a line, in the order of the network's scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<String>,
    /// What there is to tell of each style that a mix can name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub styles: Vec<BTreeMap<String, serde_json::Value>>,
    /// What the function needs to run; read by the infrastructure.
    pub resources: Resources,
    /// Measured quality, a row a precision and set.
    #[serde(default)]
    pub quality: Vec<BTreeMap<String, serde_json::Value>>,
    /// Measured speed, a row a precision and size.
    #[serde(default)]
    pub speed: Vec<BTreeMap<String, serde_json::Value>>,
}

impl Manifest {
    /// Reads and checks `folder/model.json`; the folder's names must be the manifest's.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("model.json");
        let text = std::fs::read(&path).map_err(|cause| Error::internal(format!("{}: {cause}", path.display())))?;
        let manifest: Self =
            serde_json::from_slice(&text).map_err(|cause| Error::internal(format!("{}: {cause}", path.display())))?;
        manifest.check(folder).map_err(|what| Error::internal(format!("{}: {what}", path.display())))?;
        Ok(manifest)
    }

    /// The manifest as its folder bears it out: weights that are fetched count where they lie there, and a variant that has
    /// some is ready; one that has none says how to get them.
    pub(crate) fn found(mut self, folder: &Path) -> Self {
        if !matches!(self.status, Status::Fetch | Status::UpstreamOnly) {
            return self;
        }
        let here = |weights: &&Weights| folder.join(&weights.file).is_file();
        let found: Vec<_> = self.weights.iter().filter(here).cloned().collect();
        if !found.is_empty() {
            self.weights = found;
            self.status = Status::Ready;
            self.reason = None;
        } else if self.status == Status::Fetch {
            let accept = match self.terms {
                Terms::Free => String::new(),
                terms => format!(" ACCEPT_LICENCES={}", terms.name()),
            };
            let (function, variant) = (&self.function, &self.variant);
            self.reason =
                Some(format!("not here yet: `make weights FUNCTION={function} MODEL={variant}{accept}` fetches it"));
        }
        self
    }

    /// The names of the files that it is served from.
    pub(crate) fn files(&self) -> Vec<String> {
        self.weights.iter().map(|weights| weights.file.clone()).chain(self.labels.clone()).collect()
    }

    /// The file for a precision.
    pub fn weights(&self, precision: Precision) -> Option<&Weights> {
        self.weights.iter().find(|weights| weights.precision == precision)
    }

    fn check(&self, folder: &Path) -> Result<(), String> {
        let name = |path: Option<&Path>| path.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        if name(Some(folder)).as_deref() != Some(&self.variant) {
            return Err(format!("variant is `{}`, its folder has another name", self.variant));
        }
        if name(folder.parent()).as_deref() != Some(&self.function) {
            return Err(format!("function is `{}`, the folder above has another name", self.function));
        }
        if self.status == Status::Ready && self.weights.is_empty() {
            return Err("status is ready, but `weights` is empty".into());
        }
        let Geometry { scale, multiple, tile, min, size, fit, .. } = self.picture;
        if scale == 0 || multiple == 0 || min == 0 {
            return Err("`picture` needs scale, multiple and min of 1 or more".into());
        }
        if self.task == Task::Picture && tile < multiple {
            return Err("`picture` needs a tile of a multiple or more".into());
        }
        let fits = fit.is_some() && size.is_some_and(|size| (1..=LARGEST_FIT).contains(&size));
        // Without weights nobody knows yet what they ask of a picture.
        if self.task != Task::Picture && !self.weights.is_empty() && !(self.labels.is_some() && fits) {
            return Err(format!(
                "labels and boxes need `labels`, and in `picture` a fit and a size of 1..{LARGEST_FIT}"
            ));
        }
        if let Some(file) = self.files().iter().find(|file| file.contains(['/', '\\']) || file.starts_with('.')) {
            return Err(format!("`{file}` is not a plain file name"));
        }
        for (name, knob) in &self.knobs {
            match knob {
                Knob::Number { default, min, max, .. } if !(min <= default && default <= max) => {
                    return Err(format!("knob `{name}`: default {default} is not in {min}..{max}"));
                }
                Knob::Mix { default, names, .. } if !names.contains(default) => {
                    return Err(format!("knob `{name}`: default `{default}` is not one of its names"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The names of the classes, from the file beside the manifest; none for pictures.
    pub fn class_names(&self, folder: &Path) -> Result<Vec<String>> {
        let Some(file) = &self.labels else { return Ok(Vec::new()) };
        let path = folder.join(file);
        let wrong = |what: String| Error::internal(format!("labels {}: {what}", path.display()));
        let text = std::fs::read_to_string(&path).map_err(|cause| wrong(cause.to_string()))?;
        let names: Vec<_> = text.lines().map(|line| line.trim().to_owned()).collect();
        if names.is_empty() || names.iter().any(String::is_empty) {
            return Err(wrong("one name a line is expected".into()));
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"function":"f","variant":"v","title":"t","summary":"s","task":"picture","licence":"Apache-2.0",
        "status":"fetch","from":{},"picture":{"scale":1,"halo":0,"tile":64},
        "knobs":{"k":{"default":0.5,"min":0,"max":1,"meaning":"m"}},
        "resources":{"memory_mb":1,"storage_mb":1,"timeout_s":1}}"#;
    const WEIGHTS: &str = r#"{"file":"converted.onnx","precision":"float","sha256":"","bytes":1,"parameters":1},
        {"file":"converted.int8.onnx","precision":"int8","sha256":"","bytes":1,"parameters":1}"#;

    fn read(text: &str) -> Result<Manifest, String> {
        let manifest: Manifest = serde_json::from_str(text).map_err(|cause| cause.to_string())?;
        manifest.check(Path::new("models/f/v")).map(|()| manifest)
    }

    #[test]
    fn an_unknown_key_is_named_with_its_place() {
        let wrong = read(&GOOD.replace("\"halo\"", "\"hallo\"")).unwrap_err();
        assert!(wrong.contains("`hallo`") && wrong.contains("`halo`") && wrong.contains("line 2"), "{wrong}");
    }

    #[test]
    fn names_files_and_knobs_are_checked() {
        assert_eq!(read(GOOD).unwrap().picture.multiple, 1);
        for (from, to, says) in [
            (r#""variant":"v""#, r#""variant":"w""#, "variant is `w`"),
            (r#""function":"f""#, r#""function":"g""#, "function is `g`"),
            (r#""fetch""#, r#""ready""#, "`weights` is empty"),
            (r#""scale":1"#, r#""scale":0"#, "scale"),
            (r#""default":0.5"#, r#""default":2"#, "knob `k`"),
            (r#""min":0"#, r#""mid":0"#, "unknown field `mid`"),
            (r#""min":0,"#, "", "a knob has a number"),
            (r#""default":0.5,"min":0,"max":1"#, r#""default":"c","names":["a","b"]"#, "`c` is not one of its names"),
            (r#""task":"picture""#, r#""weights":[WEIGHTS],"task":"labels""#, "labels and boxes need"),
            (r#""task":"picture""#, r#""family":{"name":"f","titel":"F"},"task":"picture""#, "unknown field `titel`"),
            (r#""licence""#, r#""terms":"cheap","licence""#, "unknown variant `cheap`"),
            (r#""task":"picture""#, r#""task":"image""#, "unknown variant `image`"),
        ] {
            let wrong = read(&GOOD.replace(from, &to.replace("WEIGHTS", WEIGHTS))).unwrap_err();
            assert!(wrong.contains(says), "{wrong}");
        }
    }

    #[test]
    fn what_is_to_be_fetched_needs_no_geometry() {
        for task in ["picture", "labels", "boxes"] {
            let text = GOOD.replace("picture\"", &format!("{task}\"")).replace(r#""scale":1,"halo":0,"tile":64"#, "");
            let text = text.replace(&format!("\"{task}\":{{"), "\"picture\":{");
            let manifest = read(&text).unwrap();
            assert_eq!((manifest.picture.scale, manifest.terms), (1, Terms::Free), "{task}");
        }
    }

    #[test]
    fn weights_that_lie_there_make_it_ready() {
        let folder = tempfile::tempdir().unwrap();
        let found = |status: &str, terms: &str| {
            let more = format!(r#""weights":[{WEIGHTS}],"status":"{status}","terms":"{terms}","reason":"ask them""#);
            read(&GOOD.replace(r#""status":"fetch""#, &more)).unwrap().found(folder.path())
        };
        for (status, terms, says) in [
            ("fetch", "free", "not here yet: `make weights FUNCTION=f MODEL=v` fetches it"),
            (
                "fetch",
                "unstated",
                "not here yet: `make weights FUNCTION=f MODEL=v ACCEPT_LICENCES=unstated` fetches it",
            ),
            ("upstream-only", "free", "ask them"),
        ] {
            let away = found(status, terms);
            assert!(away.status != Status::Ready && away.weights.len() == 2);
            assert_eq!(away.reason.as_deref(), Some(says));
        }
        std::fs::write(folder.path().join("converted.onnx"), "").unwrap();
        for status in ["fetch", "upstream-only"] {
            let here = found(status, "free");
            assert_eq!((here.status, here.reason.as_deref(), here.weights.len()), (Status::Ready, None, 1));
            assert!(here.weights(Precision::Float).is_some(), "8 bits are not there");
        }
        let broken = found("broken", "free");
        assert_eq!((broken.status, broken.reason.as_deref()), (Status::Broken, Some("ask them")));
    }
}
