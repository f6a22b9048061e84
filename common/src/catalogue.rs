//! The variants of one function: every manifest of its folder, networks opened when first asked for.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};

use crate::error::{Error, Kind, Result};
use crate::knobs::knobs;
use crate::manifest::{Manifest, Status};
use crate::model::Model;
use crate::network::Engine;
use crate::settings::Settings;

/// The variants of one function.
pub struct Catalogue {
    engine: Engine,
    default: String,
    variants: BTreeMap<String, Variant>,
}

struct Variant {
    folder: PathBuf,
    manifest: Manifest,
    model: Mutex<Option<Arc<Model>>>,
}

impl Catalogue {
    /// Reads every manifest of `function` below the models folder.
    pub fn read(function: &str, engine: Engine, settings: &Settings) -> Result<Self> {
        let folder = settings.models.join(function);
        let wrong = |what: String| Error::internal(format!("models {}: {what}", folder.display()));
        let mut variants = BTreeMap::new();
        for entry in std::fs::read_dir(&folder).map_err(|cause| wrong(cause.to_string()))? {
            let folder = entry.map_err(|cause| wrong(cause.to_string()))?.path();
            if folder.join("model.json").is_file() {
                let manifest = Manifest::read(&folder)?;
                variants.insert(manifest.variant.clone(), Variant { folder, manifest, model: Mutex::default() });
            }
        }
        if !variants.contains_key(&settings.model) {
            return Err(wrong(format!("there is no variant `{}` (MODEL)", settings.model)));
        }
        Ok(Self { engine, default: settings.model.clone(), variants })
    }

    /// The name of the variant that serves requests which name none.
    pub fn default_name(&self) -> &str {
        &self.default
    }

    /// All manifests, by name.
    pub fn manifests(&self) -> impl Iterator<Item = &Manifest> {
        self.variants.values().map(|variant| &variant.manifest)
    }

    /// The manifest of the variant of this name.
    pub fn manifest(&self, name: &str) -> Result<&Manifest> {
        match self.variants.get(name) {
            Some(variant) => Ok(&variant.manifest),
            None => {
                let names: Vec<_> = self.variants.keys().map(String::as_str).collect();
                Err(Error::bad(format!("there is no model `{name}`; there are {}", names.join(", "))))
            }
        }
    }

    /// The network of that variant, opened now if it is the first time.
    pub fn model(&self, name: &str) -> Result<Arc<Model>> {
        let manifest = self.manifest(name)?;
        if manifest.status == Status::Broken {
            let reason = manifest.reason.as_deref().unwrap_or("no reason is given");
            return Err(Error::bad(format!("model `{name}` does not work: {reason}")));
        }
        let Variant { folder, manifest, model } = &self.variants[name];
        let mut model = model.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(model) = &*model {
            return Ok(model.clone());
        }
        let opened = Arc::new(Model::open(&self.engine, folder, manifest)?);
        Ok(model.insert(opened).clone())
    }

    /// Fails for an option that nobody has taken: one that no variant knows, or that other variants than `chosen` know,
    /// naming them. `known`: the options beside knobs.
    pub(crate) fn check_taken(
        &self,
        chosen: &str,
        left: &BTreeMap<String, Value>,
        known: impl FnOnce() -> Map<String, Value>,
    ) -> Result<()> {
        let Some(option) = left.keys().next() else { return Ok(()) };
        let known: Vec<_> = known().into_iter().map(|(name, _)| name).collect();
        Err(self.refuse(chosen, &option.chars().take(100).collect::<String>(), &known))
    }

    fn refuse(&self, chosen: &str, option: &str, known: &[String]) -> Error {
        let have: Vec<_> =
            self.manifests().filter(|manifest| knobs(manifest).contains_key(option)).map(|one| &*one.variant).collect();
        if !have.is_empty() {
            let have = have.join(", ");
            return Error::bad(format!("model `{chosen}` has no option `{option}`; these have it: {have}"));
        }
        let knobs = self.manifest(chosen).map(knobs).unwrap_or_default();
        let known: Vec<_> = known.iter().chain(knobs.keys()).map(String::as_str).collect();
        Error::bad(format!("there is no option `{option}`; there are {}", known.join(", ")))
    }

    /// What `GET /models` answers: a tree of one level today.
    pub(crate) fn tree(&self, name: &str, title: &str, summary: &str) -> Value {
        let children: Vec<_> = self.manifests().map(|manifest| self.leaf(manifest)).collect();
        json!({"name": name, "title": title, "description": summary, "default": self.default, "children": children})
    }

    /// What `GET /models/{variant}` answers: the manifest, the card's text, and what is served of it here.
    pub fn card(&self, name: &str) -> Result<Value> {
        let manifest = self.manifest(name).map_err(|wrong| Error::new(Kind::NotFound, wrong.message()))?;
        let mut card = json!(manifest);
        card["card"] = json!(std::fs::read_to_string(self.variants[name].folder.join("CARD.md")).ok());
        card["knobs"] = json!(knobs(manifest));
        card["serves"] =
            json!({"precision": self.engine.precision(manifest).name(), "provider": self.engine.provider()});
        Ok(card)
    }

    fn leaf(&self, manifest: &Manifest) -> Value {
        json!({
            "name": manifest.variant, "type": manifest.task, "title": manifest.title, "description": manifest.summary,
            "path": format!("models/{}", manifest.variant), "status": manifest.status, "reason": manifest.reason,
            "licence": manifest.licence, "paper": manifest.paper, "scale": manifest.picture.scale,
            "knobs": knobs(manifest), "styles": manifest.styles, "quality": manifest.quality, "speed": manifest.speed,
            "serves": self.engine.precision(manifest).name(), "children": [],
        })
    }
}
