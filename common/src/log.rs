//! JSON lines on standard output: no picture, file name or place ever stands in one.

use std::io::Write;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    Off,
    /// What needs somebody's attention.
    Error,
    /// A line a request.
    Info,
}

static LEVEL: AtomicU8 = AtomicU8::new(Level::Info as u8);

/// Sets how much is logged from now on.
pub(crate) fn set(level: Level) {
    LEVEL.store(level as u8, Ordering::Relaxed);
}

/// Writes one line where `level` is wanted: time (seconds since 1970), level, message, then the members of `more`.
pub(crate) fn line(level: Level, message: &str, more: Value) {
    if level as u8 > LEVEL.load(Ordering::Relaxed) {
        return;
    }
    let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    let mut line = json!({"time": time, "level": if level == Level::Error { "error" } else { "info" }, "msg": message});
    if let (Value::Object(line), Value::Object(more)) = (&mut line, more) {
        line.extend(more);
    }
    // A closed standard output must not end the service.
    _ = writeln!(std::io::stdout().lock(), "{line}");
}
