//! Large pictures in little memory, which comes back.

use std::time::Duration;

use crate::process::{Server, wait_for};
use crate::samples::{jpeg, photo, png, read};
use crate::wire::post;

/// Sends a JPEG of that size; the peak must stay below `most` bytes and fall back to idle.
fn large(function: &str, width: usize, height: usize, most: u64) {
    // A busy machine may take longer than the time that is usually allowed.
    let server = Server::start(function, &[("DEADLINE_S", "600")]);
    let body = jpeg(&photo(width, height), 90);
    server.ask(&post("/", &png(&photo(64, 64)))).good();
    let idle = server.process.memory("VmRSS");
    let answer = server.ask(&post("/", &body)).good();
    let peak = server.process.memory("VmHWM");
    assert!(peak < most, "{function} {width} x {height} peaks at {peak} bytes, idle {idle}");
    let now = || server.process.memory("VmRSS");
    wait_for(Duration::from_secs(10), "the memory to come back", || (now() < idle + 100_000_000).then_some(()));
    assert_eq!(read(&answer.body).0.width() % width, 0);
}

// proves: B03, U06
#[test]
fn a_photograph_of_24_megapixels_takes_less_than_1_gb() {
    large("lowlight", 6000, 4000, 1_000_000_000);
}

// proves: B03, U06
#[test]
fn a_photograph_of_4_megapixels_is_enlarged_in_less_than_1_5_gb() {
    large("upscale", 2448, 1634, 1_500_000_000);
}

// proves: B03, U06
#[test]
fn a_photograph_of_12_megapixels_is_painted_in_less_than_1_gb() {
    large("stylize", 4000, 3000, 1_000_000_000);
}
