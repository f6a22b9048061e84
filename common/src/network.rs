//! One ONNX file: a pool of sessions, the provider, cancellation, and a shape check against the manifest.
//!
//! The only module that names `ort`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use ort::environment::Environment;
use ort::ep::{self, ExecutionProvider, ExecutionProviderDispatch};
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{RunOptions, Session, SessionInputValue, SessionOutputs};
use ort::value::{PrimitiveTensorElementType, TensorElementType, TensorRef, ValueType};

use crate::error::{Error, Result};
use crate::knobs::Turn;
use crate::manifest::{Knob, Manifest, Precision, Task};
use crate::runtime;
use crate::settings::{Provider, Settings};
use crate::watch::Watch;

/// What sessions are built with.
#[derive(Clone, Debug)]
pub struct Engine {
    provider: Provider,
    precision: Option<Precision>,
    instances: usize,
    wide: usize,
    narrow: usize,
}

/// The output picture. An ONNX graph can have no output of an input's name, or it would be `picture` too.
pub(crate) const ANSWER: &str = "answer";
/// The outputs of labels and boxes.
pub(crate) const SCORES: &str = "scores";
pub(crate) const BOXES: &str = "boxes";

static ENVIRONMENT: OnceLock<Environment> = OnceLock::new();

impl Engine {
    /// Loads the runtime library (once a process) and settles provider and threads.
    ///
    /// # Errors
    /// One sentence when the library is missing, cut, corrupt or lacks the provider that the settings name.
    pub fn start(settings: &Settings) -> Result<Self> {
        if ENVIRONMENT.get().is_none() {
            let library = runtime::verified_library(settings)?;
            let wrong = |cause: String| Error::internal(format!("runtime library {}: {cause}", library.display()));
            let builder = ort::init_from(&library).map_err(|cause| wrong(cause.to_string()))?;
            let environment = builder.with_name("darkroom").with_telemetry(false).build();
            _ = ENVIRONMENT.set(environment.map_err(|cause| wrong(cause.to_string()))?);
        }
        let cuda = ep::CUDA::is_available().unwrap_or(false);
        let tensorrt = ep::TensorRT::is_available().unwrap_or(false);
        let provider = match settings.provider {
            Provider::Auto if cuda => Provider::Cuda,
            Provider::Auto | Provider::Cpu => Provider::Cpu,
            Provider::Cuda if cuda => Provider::Cuda,
            Provider::Tensorrt if tensorrt => Provider::Tensorrt,
            missing => {
                let message = format!("PROVIDER={}: the runtime library was built without it", missing.name());
                return Err(Error::internal(message));
            }
        };
        let instances = settings.instances;
        // A lone request is quickest on all cores, a crowd with a session a core: both are kept, as the load asks.
        let wide = settings.threads.unwrap_or(settings.cores);
        let narrow = settings.threads.unwrap_or((settings.cores / instances).max(1));
        Ok(Self { provider, precision: settings.precision, instances, wide, narrow })
    }

    /// The provider in use.
    pub fn provider(&self) -> &'static str {
        self.provider.name()
    }

    /// The same in full precision.
    pub(crate) fn in_float(&self) -> Self {
        Self { precision: Some(Precision::Float), ..self.clone() }
    }

    /// The precision to serve a variant in: what the settings say where it has that, else 8 bits on the CPU where there are,
    /// else float.
    pub fn precision(&self, manifest: &Manifest) -> Precision {
        let has = |precision: &Precision| manifest.weights(*precision).is_some();
        let fastest = if self.provider == Provider::Cpu { Precision::Int8 } else { Precision::Float };
        let wished = [self.precision, Some(fastest)].into_iter().flatten().find(has);
        wished.unwrap_or(Precision::Float)
    }

    fn providers(&self) -> Vec<ExecutionProviderDispatch> {
        // The arena is off: it would keep the peak of the largest picture for life (see `memory`).
        let cpu = ep::CPU::default().with_arena_allocator(false).build();
        // Its short floats (10 bits of 23) are off: answers are those of the CPU within 1/255.
        let cuda = ep::CUDA::default().with_tf32(false).build();
        match self.provider {
            Provider::Cuda => vec![cuda.error_on_failure(), cpu],
            Provider::Tensorrt => vec![ep::TensorRT::default().build().error_on_failure(), cuda, cpu],
            Provider::Auto | Provider::Cpu => vec![cpu],
        }
    }

    fn session(&self, bytes: &[u8], threads: usize) -> ort::Result<Session> {
        let environment = ENVIRONMENT.get().ok_or_else(|| ort::Error::new("the runtime is not started"))?;
        Session::builder(environment)?
            .with_execution_providers(self.providers())?
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_intra_threads(threads)?
            .with_inter_threads(1)?
            // Spinning threads double the CPU time of a quiet server to win 2%.
            .with_intra_op_spinning(false)?
            .with_inter_op_spinning(false)?
            .with_memory_pattern(false)?
            .commit_from_memory(bytes)
    }
}

/// What a network is given.
pub struct Feed<'a> {
    /// RGB rows.
    pub picture: &'a [u8],
    /// Columns of `picture`.
    pub width: usize,
    /// Rows of `picture`.
    pub height: usize,
    /// The whole picture shrunk to this square side, where the network asks for it.
    pub context: Option<(&'a [u8], usize)>,
    /// The graph's knobs by name.
    pub knobs: &'a BTreeMap<String, Turn>,
}

/// What a network answered, by name.
pub struct Outputs<'a>(SessionOutputs<'a>);

impl Outputs<'_> {
    /// A picture: its columns and rows, and its RGB rows.
    pub fn picture(&self, name: &str) -> Result<((usize, usize), &[u8])> {
        let (shape, pixels) = self.tensor::<u8>(name)?;
        match shape[..] {
            [1, height, width, 3] => Ok(((width, height), pixels)),
            _ => Err(Error::internal(format!("the graph answered `{name}` in shape {shape:?}"))),
        }
    }

    /// Numbers and their shape.
    pub fn floats(&self, name: &str) -> Result<(Vec<usize>, &[f32])> {
        self.tensor(name)
    }

    fn tensor<T: PrimitiveTensorElementType>(&self, name: &str) -> Result<(Vec<usize>, &[T])> {
        let value = self.0.get(name).ok_or_else(|| Error::internal(format!("the graph has no output `{name}`")))?;
        let (shape, values) = value.try_extract_tensor::<T>().map_err(Error::internal)?;
        Ok((shape.iter().map(|side| *side as usize).collect(), values))
    }
}

/// A network ready to run.
pub struct Network {
    engine: Engine,
    bytes: Vec<u8>,
    pool: Mutex<Pool>,
    freed: Condvar,
}

#[derive(Default)]
struct Pool {
    running: usize,
    wide: Option<Session>,
    narrow: Vec<Session>,
}

/// A session taken from the pool; it goes back when this is dropped, after a panic too.
struct Lease<'a> {
    network: &'a Network,
    session: Option<Session>,
    wide: bool,
}

impl Network {
    /// Reads the weights of `manifest` in `folder`, checks their digest and that the graph is as the manifest says.
    pub fn open(engine: &Engine, folder: &Path, manifest: &Manifest, precision: Precision) -> Result<Self> {
        let Some(weights) = manifest.weights(precision) else {
            let message = format!("variant `{}` has no weights in {}", manifest.variant, precision.name());
            return Err(Error::internal(message));
        };
        let path = folder.join(&weights.file);
        let wrong = |what: String| Error::internal(format!("weights {}: {what}", path.display()));
        let bytes = std::fs::read(&path).map_err(|cause| wrong(cause.to_string()))?;
        if bytes.len() as u64 != weights.bytes || runtime::sha256(&bytes) != weights.sha256 {
            return Err(wrong("the file is not the one that the manifest names (sha256 differs)".into()));
        }
        let session = engine.session(&bytes, engine.wide).map_err(|cause| wrong(cause.to_string()))?;
        check(&session, manifest).map_err(wrong)?;
        let pool = Mutex::new(Pool { wide: Some(session), ..Pool::default() });
        Ok(Self { engine: engine.clone(), bytes, pool, freed: Condvar::new() })
    }

    /// Runs the network; `read` is given what it answered.
    ///
    /// Stops early, with the reason, when `watch` is told to.
    pub fn run<T>(&self, feed: &Feed<'_>, watch: &Watch, read: impl FnOnce(&Outputs<'_>) -> Result<T>) -> Result<T> {
        watch.check()?;
        let mut lease = self.lease()?;
        let session = lease.session.as_mut().ok_or_else(|| Error::internal("an empty lease"))?;
        let options = Arc::new(RunOptions::new().map_err(Error::internal)?);
        let brake = options.clone();
        let inputs = inputs(feed).map_err(Error::internal)?;
        let outputs = watch.while_braked(
            move || {
                // It fails only without options, which `brake` holds.
                _ = brake.terminate();
            },
            || session.run_with_options(inputs, &*options),
        )?;
        // A run that was stopped fails with words of the runtime: the reason is the watch's.
        watch.check()?;
        read(&Outputs(outputs.map_err(Error::internal)?))
    }

    fn lease(&self) -> Result<Lease<'_>> {
        let mut pool = self.pool();
        while pool.running >= self.engine.instances {
            pool = self.freed.wait(pool).unwrap_or_else(PoisonError::into_inner);
        }
        let wide = pool.running == 0 || self.engine.instances == 1;
        pool.running += 1;
        let kept = if wide { pool.wide.take() } else { pool.narrow.pop() };
        drop(pool);
        let mut lease = Lease { network: self, session: kept, wide };
        if lease.session.is_none() {
            let threads = if wide { self.engine.wide } else { self.engine.narrow };
            lease.session = Some(self.engine.session(&self.bytes, threads).map_err(Error::internal)?);
        }
        Ok(lease)
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut pool = self.network.pool();
        pool.running -= 1;
        match self.session.take() {
            Some(session) if self.wide => pool.wide = Some(session),
            Some(session) => pool.narrow.push(session),
            None => {}
        }
        self.network.freed.notify_one();
    }
}

fn inputs<'a>(feed: &'a Feed<'_>) -> ort::Result<Vec<(String, SessionInputValue<'a>)>> {
    let picture = TensorRef::from_array_view(([1, feed.height, feed.width, 3], feed.picture))?;
    let mut inputs: Vec<(String, SessionInputValue)> = vec![("picture".into(), picture.into())];
    if let Some((context, side)) = feed.context {
        inputs.push(("context".into(), TensorRef::from_array_view(([1, side, side, 3], context))?.into()));
    }
    for (name, turn) in feed.knobs {
        let value = match turn {
            Turn::Number(number) => TensorRef::from_array_view(([1], std::slice::from_ref(number)))?.into(),
            Turn::Shares(shares) => TensorRef::from_array_view(([1, shares.len()], &shares[..]))?.into(),
        };
        inputs.push((name.clone(), value));
    }
    Ok(inputs)
}

/// Compares the graph's face with the manifest: names, element types, number of dimensions.
fn check(session: &Session, manifest: &Manifest) -> Result<(), String> {
    let mut expected: BTreeMap<&str, (TensorElementType, usize)> = BTreeMap::new();
    expected.insert("picture", (TensorElementType::Uint8, 4));
    if manifest.picture.context.is_some() {
        expected.insert("context", (TensorElementType::Uint8, 4));
    }
    for (name, knob) in &manifest.knobs {
        let dimensions = if matches!(knob, Knob::Mix { .. }) { 2 } else { 1 };
        expected.insert(name, (TensorElementType::Float32, dimensions));
    }
    let face = |kind: &ValueType| match kind {
        ValueType::Tensor { ty, shape, .. } => Some((*ty, shape.len())),
        _ => None,
    };
    let inputs: BTreeMap<&str, _> = session.inputs().iter().map(|input| (input.name(), face(input.dtype()))).collect();
    for (name, (kind, dimensions)) in &expected {
        if inputs.get(name) != Some(&Some((*kind, *dimensions))) {
            return Err(format!("the manifest asks for an input `{name}` of {dimensions} dimensions of {kind}"));
        }
    }
    if let Some(name) = inputs.keys().find(|name| !expected.contains_key(*name)) {
        return Err(format!("the graph has an input `{name}` that the manifest does not name"));
    }
    let answers: &[(&str, TensorElementType, usize)] = match manifest.task {
        Task::Picture => &[(ANSWER, TensorElementType::Uint8, 4)],
        Task::Labels => &[(SCORES, TensorElementType::Float32, 2)],
        Task::Boxes => &[(BOXES, TensorElementType::Float32, 2), (SCORES, TensorElementType::Float32, 2)],
    };
    for (name, kind, dimensions) in answers {
        let output = session.outputs().iter().find(|output| output.name() == *name);
        if output.and_then(|output| face(output.dtype())) != Some((*kind, *dimensions)) {
            return Err(format!("the graph has no output `{name}` of {dimensions} dimensions of {kind}"));
        }
    }
    Ok(())
}
