//! Attacks: each is answered rightly and soon, in little memory, leaves nothing behind, and the next request is served.
//!
//! | attack | shown by |
//! | --- | --- |
//! | pictures that lie, bombs, cut and flipped bytes, formats that are not read | `bad`, `pictures` |
//! | forms: parts, boundaries, heads of 1 MB, forms within forms; file names | `bad`, `contract::forms`, `bodies` |
//! | lengths that lie, endless pieces, heads of 1 MB, what is no HTTP | `doors::http`, `bodies` |
//! | one byte a second, of head and body; answers that nobody reads | `awaited` |
//! | JSON of depth 100,000, packed bodies, wrong base64, bodies that are too large | `bad`, `bodies` |
//! | options: NaN, infinite, 1e308, overlong, unknown, twice | `bad`, `contract::options`, `bodies` |
//! | ids that are paths, ids of others, ids that were; wrong keys with large bodies | `names`, `bodies`, `awaited` |
//! | webhooks to private addresses in every spelling | `names`, and the unit tests of `common/src/job/webhook.rs` |
//! | far more clients than places; clients who leave, a thousand times; SIGTERM | `crowd`, `leave`, `life`, `work` |
//! | a disk without room | `full` |
//! | broken models, wrong starts | `start` |
//! | videos | `video` |
//! | what is told of pictures, names and keys, in the log, on disk, in a crash | `privacy` |

mod awaited;
mod bodies;
mod crowd;
mod full;
mod leave;
mod names;
mod privacy;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::process::{Process, START, Server, command, wait_for};
use crate::samples::{photo, png};
use crate::variants::{add, manifest};
use crate::wire::{Answer, Ask, post, post_json};

/// How long an answer to an attack may take, and how much memory beyond what the server had, in bytes.
const SOON: Duration = Duration::from_secs(2);
const LITTLE: u64 = 50_000_000;

/// The keys of two who call.
const ALICE: &str = "alice-5d0c2f7e";
const BOB: &str = "bob-91b3aa60";

/// A function that keeps things in a folder of its own, beside the models that it has.
struct Keeping {
    server: Server,
    folder: TempDir,
}

/// A function whose network gives the picture back as it is.
fn keeping(settings: &[(&str, &str)]) -> Keeping {
    let folder = tempfile::tempdir().unwrap();
    add(&folder.path().join("models"), &manifest("faulty", "default", "same.onnx", 1, &json!({})));
    let models = folder.path().join("models");
    Keeping::start("faulty", folder, &[&[("MODELS", models.to_str().unwrap())], settings].concat())
}

/// The server of a command that was made elsewhere, once it is warm.
fn serving(command: &mut Command) -> Server {
    let process = Process::spawn(command);
    let ready = process.hear_log("ready", START, |_| true);
    let ready = ready.unwrap_or_else(|| panic!("not ready: {:?}", process.lines()));
    let address = ready["address"].as_str().expect("an address").trim_start_matches("http://").to_owned();
    Server { process, address, ready }
}

impl Keeping {
    /// Starts a function with `store` of the folder as its store.
    fn start(function: &str, folder: TempDir, settings: &[(&str, &str)]) -> Self {
        let store = folder.path().join("store");
        let server = Server::start(function, &[&[("STORE", store.to_str().unwrap())], settings].concat());
        Self { server, folder }
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn address(&self) -> &str {
        &self.server.address
    }

    fn ask(&self, ask: &Ask) -> Answer {
        self.server.ask(ask)
    }

    /// All files of the store, with their lengths, but the lock.
    fn kept(&self) -> BTreeMap<PathBuf, u64> {
        let mut kept = walk(&self.store());
        kept.retain(|path, _| !path.ends_with(".lock"));
        kept
    }

    fn good(&self) {
        self.ask(&by(post("/", &png(&photo(9, 9))).header("cache-control", "no-store"), ALICE)).good();
    }

    /// Announces bytes; gives the id and the address to put them at.
    fn announce(&self, key: &str, length: usize) -> (String, String) {
        let announced = json!({"name": "a.png", "type": "image/png", "length": length});
        let answer = self.ask(&by(post_json("/uploads", &announced), key));
        assert_eq!(answer.status, 201, "{}", answer.text());
        let told = answer.json();
        let text = |name: &str| told[name].as_str().expect("a text").to_owned();
        (text("id"), format!("/{}", text("url")))
    }

    /// Uploads bytes; gives the id.
    fn upload(&self, key: &str, bytes: &[u8]) -> String {
        let (id, address) = self.announce(key, bytes.len());
        let answer = self.ask(&put(&address, bytes));
        assert_eq!(answer.status, 204, "{}", answer.text());
        id
    }

    /// Waits until a job is over and what only running it took is cleared away; gives what it is then.
    fn job(&self, path: &str, key: &str) -> Value {
        wait_for(START, "the end of a job", || {
            let state = self.ask(&by(crate::wire::get(path), key)).good().json();
            let cleared = walk(&self.store().join("lease")).is_empty();
            (cleared && !matches!(state["state"].as_str(), Some("queued" | "running"))).then_some(state)
        })
    }

    /// Attacks one by one: `attack` gives what was answered, and what is wrong with it.
    fn attacked<T>(&self, list: &[(String, T)], attack: impl Fn(&T) -> Option<String>) {
        self.good();
        let before = self.kept();
        let mut wrong = Vec::new();
        for (name, one) in list {
            self.server.process.forget_peak();
            let (memory, start) = (self.server.process.memory("VmRSS"), Instant::now());
            let complaint = attack(one);
            let took = start.elapsed();
            wrong.extend(complaint.map(|complaint| format!("{name:.80}: {complaint}")));
            if took > SOON {
                wrong.push(format!("{name:.80}: took {took:?}"));
            }
            let more = self.server.process.memory("VmHWM").saturating_sub(memory);
            if more > LITTLE {
                wrong.push(format!("{name:.80}: {more} bytes more"));
            }
            if self.kept() != before {
                wrong.push(format!("{name:.80}: left behind {:?}", self.kept()));
            }
            self.good();
        }
        assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), list.len(), wrong.join("\n"));
    }
}

/// A request with a key.
fn by(ask: Ask, key: &str) -> Ask {
    ask.header("x-api-key", key)
}

/// A PUT of bytes.
fn put(path: &str, bytes: &[u8]) -> Ask {
    Ask { body: bytes.to_vec(), ..crate::wire::ask("PUT", path) }
}

/// A request to be answered later.
fn later(ask: Ask) -> Ask {
    ask.header("prefer", "respond-async")
}

/// What `API_KEYS` holds for these keys.
fn hashes(keys: &[&str]) -> String {
    let hash = |key: &&str| Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    keys.iter().map(hash).collect::<Vec<_>>().join(",")
}

/// All files below a folder, with their lengths.
fn walk(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let entry = entry.expect("an entry");
        // One that went away in between is not there.
        let Ok(about) = entry.metadata() else { continue };
        if about.is_dir() {
            found.extend(walk(&entry.path()));
        } else {
            found.insert(entry.path(), about.len());
        }
    }
    found
}

/// Whether bytes hold a word.
fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

/// Says these bytes, then (`whole`) that there are no more; gives the status and the text of the first answer, or 0 where the
/// connection was closed without one.
fn said(address: &str, words: &[u8], whole: bool) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("a connection");
    let mut writer = stream.try_clone().expect("a second handle");
    thread::scope(|scope| {
        // What it says and what it hears don't wait for each other. The server may close before it has heard all of it.
        scope.spawn(move || {
            _ = writer.write_all(words);
            if whole {
                _ = writer.shutdown(Shutdown::Write);
            }
        });
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a patience");
        let (mut answer, mut piece) = (Vec::new(), [0; 4096]);
        let length = |answer: &[u8]| {
            let text = String::from_utf8_lossy(answer).to_ascii_lowercase();
            let (head, _) = text.split_once("\r\n\r\n")?;
            let body = head.split_once("content-length: ")?.1.split("\r\n").next()?.parse::<usize>().ok()?;
            Some(head.len() + 4 + body)
        };
        while length(&answer).is_none_or(|length| answer.len() < length) {
            match stream.read(&mut piece) {
                Ok(0) | Err(_) => break,
                Ok(count) => answer.extend_from_slice(&piece[..count]),
            }
        }
        _ = stream.shutdown(Shutdown::Both);
        let text = String::from_utf8_lossy(&answer).into_owned();
        (text.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0), text)
    })
}
