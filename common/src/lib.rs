//! What every Darkroom function shares, written once.
//!
//! A function implements [`Function`] and calls [`serve`]; everything between a client's bytes and that trait is here.
//! The modules stand in order: each uses only those above it (`tests/` holds the rules that are checked).

mod error;
mod log;
mod memory;
mod watch;
mod picture;
mod tile;
mod manifest;
mod settings;
mod runtime;
mod network;
mod model;
mod catalogue;
mod options;
mod request;
mod reply;
mod function;
mod openapi;
mod page;
mod body;
mod cors;
mod queue;
mod work;
mod service;
mod http;
mod serve;

pub use catalogue::Catalogue;
pub use error::{Error, Kind, Result};
pub use function::{Card, Function};
pub use manifest::{Manifest, Precision};
pub use model::{Knobs, Model, plan};
pub use network::{Engine, Feed, Network};
pub use options::{NoOptions, Options, Whole};
pub use picture::{Encoding, Format, Limits, Picture, Writable};
pub use reply::{About, Answer, Reply, Shape};
pub use serve::serve;
pub use settings::Settings;
pub use watch::{Stop, Watch};
