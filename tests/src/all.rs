//! Tests of the built programs, from outside: through their doors, with real pictures, weights and emulators.
//!
//! `make test` builds the programs and fetches the emulators first. `UPDATE=1` rewrites the golden pictures.

mod bad;
mod boxes;
mod catalogue;
mod classify;
mod clients;
mod contract;
mod detect;
mod doors;
mod golden;
mod hook;
mod hostile;
mod jobs;
mod keys;
mod kept;
mod layout;
mod life;
mod memory;
mod metrics;
mod pictures;
mod process;
mod s3;
mod samples;
mod schema;
mod start;
mod studio;
mod stylize;
mod tiling;
mod variants;
mod video;
mod weather;
mod wire;
mod work;
