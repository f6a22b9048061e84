//! What a manifest is made of.

use serde::{Deserialize, Serialize};

/// Variants that share a definition.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Family {
    /// Its name in addresses: no variant's.
    pub name: String,
    /// Its name for people.
    pub title: String,
}

/// What a licence asks of who uses the weights.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Terms {
    /// They may be used for anything.
    #[default]
    Free,
    /// Not to earn money.
    NonCommercial,
    /// What is given away with them has to be under the same licence.
    Copyleft,
    /// Their makers have not said.
    Unstated,
}

impl Terms {
    /// The name used in manifests and in `ACCEPT_LICENCES`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::NonCommercial => "non-commercial",
            Self::Copyleft => "copyleft",
            Self::Unstated => "unstated",
        }
    }
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
