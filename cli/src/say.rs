//! What people are told while it runs: on standard error, and bars only on a terminal.

use std::fmt::Display;
use std::io::{IsTerminal, Write, stderr};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Where messages go.
#[derive(Clone)]
pub struct Say {
    bars: MultiProgress,
    quiet: bool,
}

impl Say {
    /// Bars appear on a terminal alone; `quiet` leaves errors.
    pub fn new(quiet: bool) -> Self {
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Self { bars: MultiProgress::with_draw_target(target), quiet }
    }

    /// A line that is seen in any case.
    pub fn error(&self, text: impl Display) {
        self.line(&format!("darkroom: {text}"));
    }

    /// A line about what may be of interest: why it takes longer, what should be otherwise.
    pub fn warn(&self, text: &str) {
        if !self.quiet {
            self.line(&format!("darkroom: {text}"));
        }
    }

    /// A line for a person who watches; nothing when standard error is no terminal.
    pub fn note(&self, text: &str) {
        if !self.quiet && stderr().is_terminal() {
            self.line(text);
        }
    }

    /// Runs what prints, with the bars out of the way.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bars.suspend(print)
    }

    /// A line as it is.
    pub fn line(&self, text: &str) {
        // A closed standard error is no reason to stop.
        self.aside(|| drop(writeln!(stderr(), "{text}")));
    }

    /// A bar that counts things.
    pub fn count(&self, total: u64) -> ProgressBar {
        self.bar(total, "{bar:32} {pos}/{len} {msg} {eta}")
    }

    /// A bar that counts bytes.
    pub fn bytes(&self, total: u64, what: &'static str) -> ProgressBar {
        self.bar(
            total,
            if total > 0 { "{msg} {bar:32} {bytes}/{total_bytes} {bytes_per_sec}" } else { "{msg} {bytes} {elapsed}" },
        )
        .with_message(what)
    }

    fn bar(&self, total: u64, form: &str) -> ProgressBar {
        let style = ProgressStyle::with_template(form).expect("a template of ours").progress_chars("=> ");
        let bar = self.bars.add(ProgressBar::new(total).with_style(style));
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }
}
