//! What every Darkroom function shares, written once.
//!
//! A function implements [`Function`] and calls [`serve`]; everything between a client's bytes and that trait is here.
//! The modules stand in order: each uses only those above it (`tests/` holds the rules that are checked).

mod body;
mod catalogue;
mod cors;
mod error;
mod function;
mod http;
mod log;
mod manifest;
mod memory;
mod model;
mod network;
mod openapi;
mod options;
mod page;
mod picture;
mod queue;
mod reply;
mod request;
mod runtime;
mod serve;
mod service;
mod settings;
mod tile;
mod watch;

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
