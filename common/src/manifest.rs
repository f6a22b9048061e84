//! `model.json`: everything about a network that is not arithmetic. Unknown keys are errors with line and column.

use std::collections::BTreeMap;
use std::path::Path;

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
    /// SPDX name of the licence of the weights.
    pub licence: String,
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

/// What a network answers with.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// A picture of `scale` times the size.
    Picture,
    /// A probability for each class.
    Labels,
    /// Boxes, each with a score for every class.
    Boxes,
}

/// Whether a variant can be used.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Its files lie beside the manifest.
    Ready,
    /// Its files are fetched first.
    Fetch,
    /// Its files are given by their makers only.
    UpstreamOnly,
    /// It does not work; `reason` says why.
    Broken,
}

/// One weights file.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// File name beside the manifest; no folder.
    pub file: String,
    /// The arithmetic it runs in.
    pub precision: Precision,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
    /// Number of weights.
    pub parameters: u64,
}

/// The arithmetic of a weights file.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floats, for GPUs and for comparison.
    Float,
    /// 8-bit integers (QDQ), for CPUs.
    Int8,
}

impl Precision {
    /// The name used in manifests, settings and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Float => "float",
            Self::Int8 => "int8",
        }
    }
}

/// The picture that a network takes, in pixels of the input.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Geometry {
    /// Sides of the answer over sides of the picture.
    #[serde(default = "one")]
    pub scale: usize,
    /// Both sides must be a multiple of this; the picture is padded and its answer cropped.
    #[serde(default = "one")]
    pub multiple: usize,
    /// How far the network sees around a pixel.
    #[serde(default)]
    pub halo: usize,
    /// Side of a tile's core: larger pictures are cut.
    #[serde(default = "one")]
    pub tile: usize,
    /// Smallest side.
    #[serde(default = "one")]
    pub min: usize,
    /// Largest side, for networks that cannot be tiled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<usize>,
    /// Side of the square `context`: the whole picture, shrunk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<usize>,
    /// Labels and boxes: the longest side that the network is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
    /// Labels and boxes: how a picture is brought to that size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fit: Option<Fit>,
}

/// How a picture is brought to the size that a network of labels or boxes takes.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// To a square of `size`, aspect not kept.
    Stretch,
    /// Longer side to `size`, then grey at the right and below up to a multiple of `multiple`.
    Letterbox,
}

fn one() -> usize {
    1
}

/// What a request may turn: an input of the graph.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "Written", untagged)]
pub enum Knob {
    /// A number: float32 \[1\].
    Number {
        /// Value where a request names none.
        default: f32,
        /// Smallest value.
        min: f32,
        /// Largest value.
        max: f32,
        /// What it does.
        meaning: String,
    },
    /// Shares of several things, which sum to 1: float32 \[1, names\]. A request writes `a` or `a:0.6,b:0.4`.
    Mix {
        /// What is taken whole where a request names none.
        default: String,
        /// What there is, in the order of the graph's input.
        names: Vec<String>,
        /// What it does.
        meaning: String,
    },
}

/// A knob as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    default: serde_json::Value,
    min: Option<f32>,
    max: Option<f32>,
    names: Option<Vec<String>>,
    meaning: String,
}

impl TryFrom<Written> for Knob {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { default, min, max, names, meaning } = written;
        match (default, min, max, names) {
            (serde_json::Value::Number(default), Some(min), Some(max), None) => {
                let default = default.as_f64().unwrap_or(f64::NAN) as f32;
                Ok(Self::Number { default, min, max, meaning })
            }
            (serde_json::Value::String(default), None, None, Some(names)) => Ok(Self::Mix { default, names, meaning }),
            _ => Err("a knob has a number as `default`, `min` and `max`, or a name as `default` and `names`".into()),
        }
    }
}

/// What a function needs to run.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// Memory, MB.
    pub memory_mb: u32,
    /// Scratch storage, MB.
    pub storage_mb: u32,
    /// Longest run, seconds.
    pub timeout_s: u32,
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
        if self.task == Task::Picture {
            if tile < multiple {
                return Err("`picture` needs a tile of a multiple or more".into());
            }
        } else if self.labels.is_none() || fit.is_none() || size.is_none_or(|size| size == 0 || size > LARGEST_FIT) {
            return Err(format!(
                "labels and boxes need `labels`, and in `picture` a fit and a size of 1..{LARGEST_FIT}"
            ));
        }
        let files = self.weights.iter().map(|weights| &weights.file).chain(&self.labels);
        if let Some(file) = files.into_iter().find(|file| file.contains(['/', '\\']) || file.starts_with('.')) {
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
            (r#""task":"picture""#, r#""task":"labels""#, "labels and boxes need"),
            (r#""task":"picture""#, r#""task":"image""#, "unknown variant `image`"),
        ] {
            let wrong = read(&GOOD.replace(from, to)).unwrap_err();
            assert!(wrong.contains(says), "{wrong}");
        }
    }
}
