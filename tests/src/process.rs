//! Starting a function's program, hearing what it says, and making sure that it ends.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::wire::{self, Answer, Ask};

/// Longer than any start takes on a busy machine.
pub const START: Duration = Duration::from_secs(60);

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a folder above tests/").to_owned()
}

/// A built program of the same profile as these tests.
pub fn program(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_faulty")).with_file_name(name);
    assert!(path.is_file(), "{} is missing: `cargo build --release --workspace` builds it", path.display());
    path
}

/// A fetched tool.
pub fn tool(name: &str) -> PathBuf {
    let path = root().join(".tools").join(name);
    assert!(path.exists(), "{} is missing: `make tools` fetches it", path.display());
    path
}

/// The runtime library.
pub fn library() -> PathBuf {
    std::env::var_os("ORT_DYLIB_PATH").map_or_else(|| tool("onnxruntime/libonnxruntime.so"), PathBuf::from)
}

/// The program that reads and writes videos.
pub fn ffmpeg() -> PathBuf {
    std::env::var_os("FFMPEG").map_or_else(|| tool("ffmpeg"), PathBuf::from)
}

/// The folder of the models, as a fresh clone has it: what `make weights` put there is left out.
pub fn models() -> PathBuf {
    static FRESH: OnceLock<PathBuf> = OnceLock::new();
    FRESH.get_or_init(fresh).clone()
}

/// Links to every file of the models but the fetched ones, in a folder of this process; those of processes that are gone
/// are removed.
fn fresh() -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for old in std::fs::read_dir(place).expect("a folder for tests").map(|entry| entry.unwrap()) {
        let name = old.file_name().to_string_lossy().into_owned();
        if name.strip_prefix("models-").is_some_and(|id| !Path::new("/proc").join(id).exists()) {
            _ = std::fs::remove_dir_all(old.path());
        }
    }
    let folder = place.join(format!("models-{}", std::process::id()));
    for variant in variants(&root().join("models")) {
        let to = folder.join(variant.strip_prefix(root().join("models")).unwrap());
        std::fs::create_dir_all(&to).unwrap();
        for file in std::fs::read_dir(&variant).unwrap().map(|entry| entry.unwrap()) {
            if !file.file_name().to_string_lossy().starts_with("converted") {
                std::os::unix::fs::symlink(file.path(), to.join(file.file_name())).unwrap();
            }
        }
    }
    folder
}

/// The folders of all variants below a folder of models.
pub fn variants(models: &Path) -> Vec<PathBuf> {
    let inside =
        |folder: &Path| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let functions = inside(models).into_iter().filter(|path| path.is_dir());
    let whole = |variant: &PathBuf| !variant.file_name().unwrap().as_encoded_bytes().starts_with(b".");
    let is_variant = |variant: &PathBuf| whole(variant) && variant.join("model.json").is_file();
    functions.flat_map(|function| inside(&function)).filter(is_variant).collect()
}

/// The names of everything under functions/: those that run a model, and the page.
pub fn all_functions() -> Vec<String> {
    let folder = root().join("functions");
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("functions/")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.join("Cargo.toml").is_file())
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The names of the functions that run a model.
pub fn functions() -> Vec<String> {
    all_functions().into_iter().filter(|name| models().join(name).join("default/model.json").is_file()).collect()
}

/// The names of the functions that answer with a picture.
pub fn pictures() -> Vec<String> {
    let is_picture = |function: &String| {
        let manifest = std::fs::read(models().join(function).join("default/model.json")).expect("a manifest");
        serde_json::from_slice::<Value>(&manifest).expect("JSON")["task"] == "picture"
    };
    functions().into_iter().filter(is_picture).collect()
}

/// A running program; it is ended when this is dropped, and by a guard of its own when the tests themselves are killed.
pub struct Process {
    child: Mutex<Child>,
    guard: Child,
    /// What ends it: KILL, or TERM for one that has children to end.
    signal: &'static str,
    said: Arc<Said>,
    stderr: Mutex<Option<thread::JoinHandle<String>>>,
}

/// Lines of standard output so far.
#[derive(Default)]
struct Said {
    lines: Mutex<(Vec<String>, bool)>,
    more: Condvar,
}

impl Process {
    pub fn spawn(command: &mut Command) -> Self {
        Self::spawn_ended_by(command, "KILL")
    }

    pub fn spawn_ended_by(command: &mut Command, signal: &'static str) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|cause| panic!("{command:?}: {cause}"));
        // Its standard input ends when the tests do, however they end.
        let guard = Command::new("sh")
            .args(["-c", "read -r line; kill -\"$0\" \"$1\" 2>/dev/null", signal, &child.id().to_string()])
            .stdin(Stdio::piped())
            .spawn()
            .expect("sh");
        let said = Arc::<Said>::default();
        let (out, heard) = (child.stdout.take().expect("stdout"), said.clone());
        thread::spawn(move || {
            for line in BufReader::new(out).lines() {
                let Ok(line) = line else { break };
                heard.lines.lock().unwrap().0.push(line);
                heard.more.notify_all();
            }
            heard.lines.lock().unwrap().1 = true;
            heard.more.notify_all();
        });
        let mut err = child.stderr.take().expect("stderr");
        let stderr = thread::spawn(move || {
            let mut bytes = Vec::new();
            _ = err.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Self { child: Mutex::new(child), guard, signal, said, stderr: Mutex::new(Some(stderr)) }
    }

    pub fn id(&self) -> u32 {
        self.child.lock().unwrap().id()
    }

    /// The first line of standard output, old or new, that `wanted` takes; none when the program ends or time is up.
    pub fn hear<T>(&self, within: Duration, mut wanted: impl FnMut(&str) -> Option<T>) -> Option<T> {
        let until = Instant::now() + within;
        let (mut at, mut lines) = (0, self.said.lines.lock().unwrap());
        loop {
            while at < lines.0.len() {
                if let Some(found) = wanted(&lines.0[at]) {
                    return Some(found);
                }
                at += 1;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || lines.1 {
                return None;
            }
            lines = self.said.more.wait_timeout(lines, left).unwrap().0;
        }
    }

    /// The first log line of this message for which `wanted` holds.
    pub fn hear_log(&self, message: &str, within: Duration, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        self.hear(within, |line| {
            let line: Value = serde_json::from_str(line).ok()?;
            (line["msg"] == message && wanted(&line)).then_some(line)
        })
    }

    /// Everything said on standard output so far.
    pub fn lines(&self) -> Vec<String> {
        self.said.lines.lock().unwrap().0.clone()
    }

    /// Ends it as a crash would: it has no time for anything.
    pub fn kill(&self) {
        send("KILL", self.id());
        wait_for(START, "its end", || self.child.lock().unwrap().try_wait().expect("a child"));
    }

    pub fn terminate(&self) {
        send("TERM", self.id());
    }

    /// Waits for the end: how it ended, and all of standard error.
    pub fn end(&self, within: Duration) -> (ExitStatus, String) {
        let status = wait_for(within, "the program's end", || self.child.lock().unwrap().try_wait().expect("a child"));
        let stderr = self.stderr.lock().unwrap().take().expect("end is called once");
        (status, stderr.join().expect("stderr"))
    }

    /// A line of /proc/PID/status in bytes: `VmRSS` (now), `VmHWM` (the most since `forget_peak`).
    pub fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).expect("a living process");
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kilobytes.unwrap_or_else(|| panic!("{name} in {status}")) * 1024
    }

    /// Lets `VmHWM` begin anew (proc(5), clear_refs).
    pub fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.id()), "5").expect("clear_refs");
    }

    /// Processor time so far, in clock ticks (10 ms each).
    pub fn ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id())).expect("a living process");
        let fields: Vec<_> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
        fields[11].parse::<u64>().expect("utime") + fields[12].parse::<u64>().expect("stime")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The guard first: the number of a dead process may become another's.
        _ = self.guard.kill();
        _ = self.guard.wait();
        let child = self.child.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        if matches!(child.try_wait(), Ok(None)) {
            send(self.signal, child.id());
        }
        _ = child.wait();
    }
}

fn send(signal: &str, id: u32) {
    _ = Command::new("sh").args(["-c", "kill -\"$0\" \"$1\"", signal, &id.to_string()]).status();
}

/// A function's program serving HTTP on a free port.
pub struct Server {
    pub process: Process,
    pub address: String,
    /// The line that it said when it was warm.
    pub ready: Value,
}

/// The command that starts a function on a free port with these settings and no others.
pub fn command(function: &str, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program(function));
    command.current_dir(root()).env_clear().env("PORT", "0").env("MODELS", models()).env("ORT_DYLIB_PATH", library());
    command.env("FFMPEG", ffmpeg()).envs(settings.iter().copied());
    command
}

impl Server {
    /// Starts a function and waits until it is warm.
    pub fn start(function: &str, settings: &[(&str, &str)]) -> Self {
        let process = Process::spawn(&mut command(function, settings));
        let Some(ready) = process.hear_log("ready", START, |_| true) else {
            let said = process.lines();
            _ = process.child.lock().unwrap().kill();
            panic!("{function} did not become ready: {said:?} {}", process.end(START).1);
        };
        let address = ready["address"].as_str().expect("an address").trim_start_matches("http://").to_owned();
        Self { process, address, ready }
    }

    pub fn ask(&self, ask: &Ask) -> Answer {
        wire::send(&self.address, ask)
    }
}

/// The one server of a function for all tests that need no settings of their own.
pub fn shared(function: &str) -> Arc<Server> {
    // A cell for each, so that one's start does not wait for another's.
    type Cell = Arc<OnceLock<Arc<Server>>>;
    static SERVERS: OnceLock<Mutex<HashMap<String, Cell>>> = OnceLock::new();
    let cell = SERVERS.get_or_init(Mutex::default).lock().unwrap().entry(function.to_owned()).or_default().clone();
    cell.get_or_init(|| Arc::new(Server::start(function, &[]))).clone()
}

/// Polls until `found` gives something; fails when that takes too long.
pub fn wait_for<T>(within: Duration, what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + within;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < until, "waited {within:?} for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
