//! The variants of one function: every manifest of its folder, networks opened when first asked for.
//!
//! A catalogue never changes, so that a request sees one state of the folder from beginning to end; what is new on disk makes
//! another catalogue, which takes over the networks that are as they were.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::error::{Error, Kind, Result};
use crate::knobs::knobs;
use crate::manifest::{Manifest, Precision, Status};
use crate::model::Model;
use crate::network::Engine;
use crate::settings::Settings;

/// The variants of one function.
pub struct Catalogue {
    engine: Engine,
    default: String,
    folder: PathBuf,
    variants: BTreeMap<String, Arc<Variant>>,
    /// The most bytes of weights files that are held open.
    memory: Option<u64>,
}

struct Variant {
    folder: PathBuf,
    /// As its folder bears it out.
    manifest: Manifest,
    /// Those that the manifest names, there or not.
    files: Vec<String>,
    stamp: Stamp,
    model: Mutex<Option<Arc<Model>>>,
    /// When it was last asked for: a number that grows.
    used: AtomicU64,
}

/// What tells one state of a variant's files from another: length and time of change of each.
type Stamp = Vec<Option<(u64, SystemTime)>>;

/// Counts the times that any network was asked for.
static ASKED: AtomicU64 = AtomicU64::new(0);

/// What was found new on disk.
pub(crate) struct Refreshed {
    /// Everything that can be used.
    pub catalogue: Catalogue,
    /// The variants that are new or another than before.
    pub changed: Vec<String>,
    /// Why others were not taken up.
    pub refused: Vec<Error>,
}

impl Catalogue {
    /// Reads every manifest of `function` below the models folder.
    pub fn read(function: &str, engine: Engine, settings: &Settings) -> Result<Self> {
        let folder = settings.models.join(function);
        let mut variants = BTreeMap::new();
        for folder in folders(&folder)? {
            let variant = Variant::read(folder)?;
            variant.apart_from(variants.values())?;
            variants.insert(variant.manifest.variant.clone(), Arc::new(variant));
        }
        let wrong = |what: &str| Error::internal(format!("models {}: {what} (MODEL)", folder.display()));
        let default = &settings.model;
        match variants.get(default) {
            None => return Err(wrong(&format!("there is no variant `{default}`"))),
            Some(variant) => variant.usable().map_err(|away| wrong(away.message()))?,
        };
        Ok(Self { engine, default: default.clone(), folder, variants, memory: settings.model_memory })
    }

    /// Looks at the folder again; `None` where nothing changed. `refused`: the states that were looked at before and not
    /// taken up.
    ///
    /// A variant that is new or another is opened before it counts, and one that can't be leaves the old one in place.
    pub(crate) fn refreshed(&self, refused: &mut BTreeMap<PathBuf, u64>) -> Result<Option<Refreshed>> {
        let mut variants = BTreeMap::new();
        let (mut changed, mut wrong) = (Vec::new(), Vec::new());
        for folder in folders(&self.folder)? {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let old = self.variants.get(&name);
            if let Some(old) = old.filter(|old| old.stamp == stamp(&folder, &old.files)) {
                variants.insert(name, old.clone());
                continue;
            }
            let seen = fingerprint(&folder);
            if refused.get(&folder) != Some(&seen) {
                let there =
                    self.variants.values().filter(|other| other.manifest.variant != name && other.folder.is_dir());
                let new = Variant::read(folder.clone()).and_then(|new| {
                    new.apart_from(there.chain(variants.values()))?;
                    new.opened(&self.engine, old)
                });
                match new {
                    Ok(new) => {
                        refused.remove(&folder);
                        variants.insert(name.clone(), Arc::new(new));
                        changed.push(name);
                        continue;
                    }
                    Err(why) => {
                        refused.insert(folder, seen);
                        wrong.push(why);
                    }
                }
            }
            variants.extend(old.map(|old| (name, old.clone())));
        }
        // A folder whose manifest is missing is being replaced; the default serves on, whatever becomes of its folder.
        for (name, old) in &self.variants {
            if !variants.contains_key(name) {
                if *name == self.default || old.folder.is_dir() {
                    variants.insert(name.clone(), old.clone());
                } else {
                    changed.push(name.clone());
                }
            }
        }
        if changed.is_empty() && wrong.is_empty() {
            return Ok(None);
        }
        let (engine, default, folder) = (self.engine.clone(), self.default.clone(), self.folder.clone());
        let catalogue = Self { engine, default, folder, variants, memory: self.memory };
        Ok(Some(Refreshed { catalogue, changed, refused: wrong }))
    }

    /// Counts the state of the default's files as looked at and not taken up.
    pub(crate) fn refuse_default(&self, refused: &mut BTreeMap<PathBuf, u64>) {
        let folder = self.folder.join(&self.default);
        let seen = fingerprint(&folder);
        refused.insert(folder, seen);
    }

    /// The name of the variant that serves requests which name none.
    pub fn default_name(&self) -> &str {
        &self.default
    }

    /// The manifests of the variants that can be used, by name.
    pub fn manifests(&self) -> impl Iterator<Item = &Manifest> {
        self.all().filter(|manifest| manifest.status == Status::Ready)
    }

    /// Those of all variants, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Manifest> {
        self.variants.values().map(|variant| &variant.manifest)
    }

    /// The manifest of the variant of this name.
    ///
    /// # Errors
    /// `Bad` where there is none, and for one that can't be used, with the reason.
    pub fn manifest(&self, name: &str) -> Result<&Manifest> {
        self.variant(name)?.usable()
    }

    fn variant(&self, name: &str) -> Result<&Arc<Variant>> {
        self.variants.get(name).ok_or_else(|| {
            let names: Vec<_> = self.manifests().map(|manifest| &*manifest.variant).collect();
            Error::bad(format!("there is no model `{name}`; there are {}", names.join(", ")))
        })
    }

    /// The network of that variant, opened now if it is the first time.
    pub fn model(&self, name: &str) -> Result<Arc<Model>> {
        let variant = self.variant(name)?;
        variant.usable()?;
        variant.used.store(ASKED.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        let model = {
            let mut model = variant.model();
            match &*model {
                Some(model) => return Ok(model.clone()),
                None => {
                    let opened = Model::open(&self.engine, &variant.folder, &variant.manifest);
                    let opened = opened.map_err(|wrong| variant.replaced(wrong))?;
                    model.insert(Arc::new(opened)).clone()
                }
            }
        };
        self.make_room(name);
        Ok(model)
    }

    /// Closes those that were asked for the longest time ago while more weights are open than may be. Who runs one keeps it
    /// until the run is over.
    fn make_room(&self, asked: &str) {
        let Some(most) = self.memory else { return };
        let bytes = |variant: &Variant| variant.model().as_ref().map_or(0, |model| model.bytes());
        let mut open: Vec<_> = self.variants.iter().map(|(name, variant)| (name, variant, bytes(variant))).collect();
        open.retain(|(name, _, bytes)| *bytes > 0 && *name != asked && *name != &self.default);
        open.sort_by_key(|(_, variant, _)| variant.used.load(Ordering::Relaxed));
        let mut held: u64 = self.variants.values().map(|variant| bytes(variant)).sum();
        for (_, variant, bytes) in open {
            if held <= most {
                break;
            }
            *variant.model() = None;
            held -= bytes;
        }
    }

    /// The digest and the precision of the weights that serve a variant.
    pub(crate) fn serves(&self, name: &str) -> Result<String> {
        let manifest = self.manifest(name)?;
        let precision = self.engine.precision(manifest);
        let weights = manifest.weights(precision).map_or("", |weights| &weights.sha256);
        Ok(format!("{weights} {}", precision.name()))
    }

    /// The network of a variant in full precision, beside the one that serves; that one where there is no other.
    pub(crate) fn float_model(&self, name: &str) -> Result<Arc<Model>> {
        let manifest = self.manifest(name)?;
        if manifest.weights(Precision::Float).is_none() || self.engine.precision(manifest) == Precision::Float {
            return self.model(name);
        }
        let engine = self.engine.in_float();
        Ok(Arc::new(Model::open(&engine, &self.variants[name].folder, manifest)?))
    }

    /// The provider that networks run on.
    pub(crate) fn provider(&self) -> &'static str {
        self.engine.provider()
    }

    /// The networks that are open.
    pub(crate) fn open_models(&self) -> usize {
        // One that is being opened at the moment is not waited for.
        let is_open = |variant: &&Arc<Variant>| variant.model.try_lock().is_ok_and(|model| model.is_some());
        self.variants.values().filter(is_open).count()
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

    /// The manifest of any variant, usable or not, and its card's text.
    pub(crate) fn card(&self, name: &str) -> Result<(&Manifest, Option<String>)> {
        let variant = self.variant(name)?;
        Ok((&variant.manifest, std::fs::read_to_string(variant.folder.join("CARD.md")).ok()))
    }

    /// The arithmetic that a variant runs in here.
    pub(crate) fn precision(&self, manifest: &Manifest) -> &'static str {
        self.engine.precision(manifest).name()
    }
}

impl Variant {
    fn read(folder: PathBuf) -> Result<Self> {
        let written = Manifest::read(&folder)?;
        let files = written.files();
        // Before it is looked what is there: a file that comes meanwhile makes another stamp.
        let stamp = stamp(&folder, &files);
        let manifest = written.found(&folder);
        Ok(Self { folder, manifest, files, stamp, model: Mutex::default(), used: AtomicU64::new(0) })
    }

    /// Its manifest, where it can be used.
    fn usable(&self) -> Result<&Manifest> {
        let Manifest { variant, status, reason, .. } = &self.manifest;
        if *status == Status::Ready {
            return Ok(&self.manifest);
        }
        let reason = reason.as_deref().unwrap_or("no reason is given");
        Err(Error::bad(format!("model `{variant}` can't be used ({reason})")))
    }

    /// Fails where a family and a variant have one name: an address under `models/` is one thing.
    fn apart_from<'a>(&self, others: impl Iterator<Item = &'a Arc<Self>>) -> Result<()> {
        let clash = |of: &Manifest, with: &Manifest| match &of.family {
            Some(family) if family.name == with.variant => Err(Error::internal(format!(
                "{}: the family of `{}` is named `{}`, as a variant is",
                self.folder.join("model.json").display(),
                of.variant,
                family.name
            ))),
            _ => Ok(()),
        };
        let own = &self.manifest;
        clash(own, own)?;
        others.map(|other| &other.manifest).try_for_each(|other| clash(own, other).and_then(|()| clash(other, own)))
    }

    /// Opened, to see that it can be; kept open where `old` is.
    fn opened(self, engine: &Engine, old: Option<&Arc<Self>>) -> Result<Self> {
        if self.manifest.status != Status::Ready {
            return Ok(self);
        }
        let model = Model::open(engine, &self.folder, &self.manifest)?;
        if stamp(&self.folder, &self.files) != self.stamp {
            return Err(Error::internal(format!("{}: changed while it was read", self.folder.display())));
        }
        if old.is_some_and(|old| old.model().is_some()) {
            *self.model() = Some(Arc::new(model));
        }
        Ok(self)
    }

    /// What to say where it can't be opened: its files may be on their way to being others.
    fn replaced(&self, wrong: Error) -> Error {
        if stamp(&self.folder, &self.files) == self.stamp {
            return wrong;
        }
        let message = format!("model `{}` is being replaced; come again in a moment", self.manifest.variant);
        Error::new(Kind::NotReady, message).because(wrong)
    }

    fn model(&self) -> MutexGuard<'_, Option<Arc<Model>>> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The folders of variants in a function's folder, by name; one with a dot before its name is in the making.
fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let wrong = |cause: std::io::Error| Error::internal(format!("models {}: {cause}", folder.display()));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let folder = entry.path();
        if !entry.file_name().as_encoded_bytes().starts_with(b".") && folder.join("model.json").is_file() {
            found.push(folder);
        }
    }
    found.sort();
    Ok(found)
}

fn stamp(folder: &Path, files: &[String]) -> Stamp {
    let files = files.iter().map(String::as_str);
    ["model.json"].into_iter().chain(files).map(|file| changed(&folder.join(file))).collect()
}

fn changed(path: &Path) -> Option<(u64, SystemTime)> {
    let about = path.metadata().ok()?;
    Some((about.len(), about.modified().ok()?))
}

/// The state of all files of a folder in one number.
fn fingerprint(folder: &Path) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hash = DefaultHasher::new();
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = files.map(|entry| (entry.file_name(), changed(&entry.path()))).collect();
    files.sort();
    files.hash(&mut hash);
    hash.finish()
}
