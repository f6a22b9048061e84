//! The Lambda door in AWS's own Runtime Interface Emulator, which enforces what the other emulator lets pass.

use std::path::Path;

use serde_json::Value;

use super::{contract, event, free_port, outside};
use crate::process::{Process, functions, pictures, program, tool, wait_for};
use crate::samples::{jpeg, photo};
use crate::wire::{Answer, Ask, post, post_json, send};

/// A streamed answer as it leaves the runtime: a prelude of JSON, eight zero bytes, the body.
fn unstream(bytes: &[u8]) -> Answer {
    let end = bytes
        .windows(8)
        .position(|window| window == [0; 8])
        .unwrap_or_else(|| panic!("no prelude in {:.500}", String::from_utf8_lossy(bytes)));
    let prelude: Value = serde_json::from_slice(&bytes[..end]).expect("a prelude");
    let headers = prelude["headers"].as_object().expect("headers");
    let headers = headers
        .iter()
        .map(|(name, value)| (name.to_lowercase(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    Answer {
        status: prelude["statusCode"].as_u64().expect("a status") as u16,
        headers,
        body: bytes[end + 8..].to_vec(),
    }
}

/// One function in AWS's Runtime Interface Emulator.
pub struct Rie {
    pub process: Process,
    pub address: String,
}

impl Rie {
    pub fn start(function: &str, settings: &[(&str, &str)]) -> Self {
        Self::of(&program(function), settings)
    }

    /// Any program that serves Lambda.
    pub fn of(program: &Path, settings: &[(&str, &str)]) -> Self {
        let (front, back) = (free_port(), free_port());
        let mut command = outside(tool("aws-lambda-rie"));
        command
            .args(["--log-level", "error", "--runtime-interface-emulator-address", &format!("127.0.0.1:{front}")])
            .args(["--runtime-api-address", &format!("127.0.0.1:{back}")])
            .arg(program)
            .env("AWS_LAMBDA_FUNCTION_TIMEOUT", "60")
            .envs(settings.iter().copied());
        let process = Process::spawn_ended_by(&mut command, "TERM");
        let address = format!("127.0.0.1:{front}");
        wait_for(crate::process::START, "the interface emulator", || std::net::TcpStream::connect(&address).ok());
        Self { process, address }
    }

    pub fn ask(&self, ask: &Ask) -> Answer {
        let answer = self.invoke(&event(ask));
        assert_eq!(answer.status, 200, "{:.500} {:?}", answer.text(), self.process.lines());
        unstream(&answer.body)
    }

    /// What comes back for an event, as it is.
    pub fn invoke(&self, event: &Value) -> Answer {
        send(&self.address, &post_json("/2015-03-31/functions/function/invocations", event))
    }
}

// proves: B05
#[test]
fn awss_own_runtime_interface_serves_the_page() {
    let rie = Rie::start("studio", &[]);
    crate::studio::page_through(&|ask| rie.ask(ask));
}

// proves: B05, K07, K08
#[test]
fn awss_own_runtime_interface_serves_the_contract() {
    for function in functions() {
        let rie = Rie::start(&function, &[]);
        contract(&function, &|ask| rie.ask(ask));
        if !pictures().contains(&function) {
            continue;
        }
        // Larger than a small packet, smaller than Lambda's 6 MB.
        let answer = rie.ask(&post("/?format=png&compression=0", &jpeg(&photo(300, 200), 90))).good();
        assert!(answer.body.len() > 170_000);
    }
}
