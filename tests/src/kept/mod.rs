//! What is kept: results, uploads, the cache; in a folder and on S3 servers.

mod buckets;
mod cache;
mod large;
mod results;
mod uploads;

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::Server;
use crate::samples::{jpeg, photo};
use crate::wire::{Answer, Ask, ask, post_json};

/// A function with a folder of its own to keep things in.
pub struct Keeper {
    pub server: Server,
    pub folder: TempDir,
}

impl Keeper {
    pub fn start(function: &str, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store").display().to_string();
        let server = Server::start(function, &[&[("STORE", store.as_str())], settings].concat());
        Self { server, folder }
    }

    pub fn ask(&self, ask: &Ask) -> Answer {
        self.server.ask(ask)
    }

    /// Names and bytes of everything that is kept.
    pub fn things(&self) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        walk(&self.folder.path().join("store"), &mut found);
        found
    }
}

fn walk(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, found);
        } else {
            // One that is removed at this moment is not there.
            found.extend(std::fs::read(&path).ok().map(|bytes| (path.display().to_string(), bytes)));
        }
    }
}

/// A photograph that no other test sends.
pub fn picture(seed: usize) -> Vec<u8> {
    jpeg(&photo(60 + seed, 40), 90)
}

/// An answer's address from its header, as a path of the function.
pub fn path(reference: &str) -> String {
    assert!(!reference.starts_with('/'), "{reference} resolves under any prefix");
    format!("/{}", reference.trim_start_matches("../"))
}

/// Announces a file; what is told of it.
pub fn announce(through: &dyn Fn(&Ask) -> Answer, media_type: &str, length: usize) -> Value {
    let words = json!({"name": "a.jpg", "type": media_type, "length": length});
    let answer = through(&post_json("/uploads", &words));
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// The request that puts an announced file there.
pub fn put(told: &Value, bytes: &[u8]) -> Ask {
    let mut ask = Ask { body: bytes.to_vec(), ..ask("PUT", &path(told["url"].as_str().unwrap())) };
    for (name, value) in told["headers"].as_object().unwrap() {
        ask = ask.header(name, value.as_str().unwrap());
    }
    ask
}
