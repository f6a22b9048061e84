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
mod boxes;
mod draw;
mod manifest;
mod fit;
mod knobs;
mod settings;
mod runtime;
mod network;
mod model;
mod catalogue;
mod options;
mod request;
mod reply;
mod answer;
mod route;
mod function;
mod openapi;
mod page;
mod body;
mod aws;
mod key;
mod rate;
mod store;
mod result;
mod uploads;
mod cache;
mod file;
mod cors;
mod queue;
mod work;
mod aside;
mod file_work;
mod telemetry;
mod trace;
mod job;
mod site;
mod service;
mod http;
mod serve;

pub use answer::{Boxes, Labels};
pub use boxes::{Found, Wanted, suppress};
pub use catalogue::Catalogue;
pub use error::{Error, Kind, Result};
pub use function::{Card, Choice, Function};
pub use knobs::{Knobs, Turn};
pub use manifest::{Fit, Knob, Manifest, Precision, Task};
pub use model::{Model, plan};
pub use network::{Engine, Feed, Network, Outputs};
pub use options::{Decimal, NoOptions, Options, Share, Whole, Words};
pub use picture::{Encoding, Format, Limits, Picture, Writable};
pub use reply::{About, Answer, Link, Offers, Reply, Shape};
pub use route::{Asked, FileRoute, FileRun, Plan, Route, Sink};
pub use serve::{serve, serve_site};
pub use settings::Settings;
pub use site::{Neighbour, Site};
pub use watch::{Stop, Watch};
