//! The floor of `make bench`: decode, run and encode called directly, warm, with nothing of a server between.
//!
//! `floor FUNCTION` opens the default variant with the settings of the environment, then reads lines `COUNT PICTURE` and
//! answers each with a JSON list of COUNT objects: the seconds of `decode`, `run` and `encode` of that JPEG. Same network,
//! threads, tiles and codecs as the function; what the function does besides is what the bench is after. Labels and boxes
//! are words: of them `run` holds the fit to the network's size and the suppression, and `encode` is next to nothing.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::Path;
use std::time::Instant;

use common::{
    Encoding, Engine, Feed, Knob, Knobs, Limits, Manifest, Model, Network, Picture, Result, Settings, Task, Turn,
    Wanted, Watch, plan,
};

/// What is run: for pictures the network alone, for words the model, whose whole work is the network's.
enum Bare {
    Picture(Network),
    Words(Box<Model>),
}

fn main() -> Result<()> {
    let function = std::env::args().nth(1).expect("floor FUNCTION");
    let models = std::env::var("MODELS").unwrap_or_else(|_| "models".into());
    let folder = Path::new(&models).join(function).join("default");
    let manifest = Manifest::read(&folder)?;
    let engine = Engine::start(&Settings::from_env()?)?;
    let bare = match manifest.task {
        Task::Picture => Bare::Picture(Network::open(&engine, &folder, &manifest, engine.precision(&manifest))?),
        Task::Labels | Task::Boxes => Bare::Words(Box::new(Model::open(&engine, &folder, &manifest)?)),
    };
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line of standard input");
        let (count, path) = line.split_once(' ').expect("COUNT PICTURE");
        let bytes = std::fs::read(path).expect("a picture to read");
        let rounds = (0..count.parse().expect("COUNT")).map(|_| round(&bare, &manifest, &bytes));
        println!("[{}]", rounds.collect::<Result<Vec<_>>>()?.join(", "));
    }
    Ok(())
}

fn round(bare: &Bare, manifest: &Manifest, bytes: &[u8]) -> Result<String> {
    let start = Instant::now();
    let (picture, _) = Picture::decode(bytes, Limits { max_pixels: u64::MAX })?;
    let decoded = start.elapsed();
    let (ran, encoded) = match bare {
        Bare::Picture(network) => {
            let answer = run(network, manifest, &picture)?;
            let ran = start.elapsed();
            std::hint::black_box(answer.encode(Encoding::Jpeg { quality: 90 }, &Watch::default())?);
            (ran, start.elapsed())
        }
        Bare::Words(model) => {
            let text = words(model, &picture)?;
            let ran = start.elapsed();
            std::hint::black_box(text.join(","));
            (ran, start.elapsed())
        }
    };
    let (decode, run, encode) = (decoded, ran - decoded, encoded - ran);
    let [decode, run, encode] = [decode, run, encode].map(|time| time.as_secs_f64());
    Ok(format!(r#"{{"decode": {decode}, "run": {run}, "encode": {encode}}}"#))
}

/// What the functions of labels and boxes tell by default, as numbers.
fn words(model: &Model, picture: &Picture) -> Result<Vec<String>> {
    let (knobs, watch) = (Knobs::defaults(model.manifest()), Watch::default());
    if model.manifest().task == Task::Labels {
        return Ok(model.labels(picture, &knobs, &watch)?.iter().map(f32::to_string).collect());
    }
    let wanted = Wanted { threshold: 0.3, iou: 0.5, classes: None, most: 100 };
    Ok(model.boxes(picture, &wanted, &knobs, &watch)?.iter().map(|found| format!("{:?}", found.bounds)).collect())
}

/// The network over the tiles that the function would cut, or over the picture itself where that is one tile.
fn run(network: &Network, manifest: &Manifest, picture: &Picture) -> Result<Picture> {
    let (width, height, scale) = (picture.width(), picture.height(), manifest.picture.scale);
    let multiple = manifest.picture.multiple;
    assert!(width % multiple == 0 && height % multiple == 0, "the bench's pictures need no padding");
    let side = manifest.picture.context;
    let context = side.map(|side| shrink(picture, side));
    let knobs: BTreeMap<_, _> = manifest.knobs.iter().map(|(name, knob)| (name.clone(), default(knob))).collect();
    let tiles = plan(manifest, width, height);
    let watch = Watch::default();
    if let [_] = tiles[..] {
        let pixels =
            network.run(&feed(picture.pixels(), (width, height), side, &context, &knobs), &watch, |outputs| {
                outputs.picture("answer").map(|(_, answer)| answer.to_vec())
            })?;
        return Ok(Picture::new(width * scale, height * scale, pixels, None));
    }
    let mut whole = vec![0; width * height * scale * scale * 3];
    for tile in &tiles {
        let (input, core) = (tile.input, tile.core);
        let rows = (input.y..input.y + input.height)
            .map(|y| &picture.pixels()[(y * width + input.x) * 3..][..input.width * 3]);
        let pixels = rows.collect::<Vec<_>>().concat();
        let size = (input.width, input.height);
        network.run(&feed(&pixels, size, side, &context, &knobs), &watch, |outputs| {
            let (_, answer) = outputs.picture("answer")?;
            let stride = input.width * scale;
            for y in 0..core.height * scale {
                let from = ((core.y - input.y) * scale + y) * stride + (core.x - input.x) * scale;
                let to = (core.y * scale + y) * width * scale + core.x * scale;
                let length = core.width * scale * 3;
                whole[to * 3..][..length].copy_from_slice(&answer[from * 3..][..length]);
            }
            Ok(())
        })?;
    }
    Ok(Picture::new(width * scale, height * scale, whole, None))
}

/// A knob of the graph as it is where nobody turns it.
fn default(knob: &Knob) -> Turn {
    match knob {
        Knob::Number { default, .. } => Turn::Number(*default),
        Knob::Mix { default, names, .. } => Turn::Shares(names.iter().map(|name| f32::from(name == default)).collect()),
    }
}

fn feed<'a>(
    picture: &'a [u8],
    (width, height): (usize, usize),
    side: Option<usize>,
    context: &'a Option<Vec<u8>>,
    knobs: &'a BTreeMap<String, Turn>,
) -> Feed<'a> {
    Feed { picture, width, height, context: context.as_deref().zip(side), knobs }
}

/// The context picture by the nearest pixels: what it shows takes no part in how long a run takes.
fn shrink(picture: &Picture, side: usize) -> Vec<u8> {
    let (width, height) = (picture.width(), picture.height());
    let at = |index: usize| (index / side * height / side * width + index % side * width / side) * 3;
    (0..side * side).flat_map(|index| picture.pixels()[at(index)..at(index) + 3].to_vec()).collect()
}
