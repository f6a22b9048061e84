//! A wrong start is one clear line and exit code 1: no panic, no signal, no half-started server.

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use crate::process::{Process, START, Server, all_functions, command, functions, library, program};
use crate::variants::copy_models;

/// Starts what must fail and gives its one line.
pub fn refused(function: &str, command: &mut Command) -> String {
    let process = Process::spawn(command);
    let (status, stderr) = process.end(START);
    let said = process.lines();
    assert_eq!(status.code(), Some(1), "{command:?}: {status:?} {stderr} {said:?}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with(&format!("{function}: ")) && !stderr.contains("panicked"), "{stderr}");
    assert!(!said.iter().any(|line| line.contains("\"ready\"")), "{said:?}");
    stderr
}

/// What happens to a file.
type Harm = fn(&Path);

/// Damages a file: takes it away, cuts it, turns a bit of it, empties it.
fn damages() -> [(&'static str, Harm); 4] {
    [
        ("missing", |path| std::fs::remove_file(path).unwrap()),
        ("cut", |path| rewrite(path, |bytes| bytes.truncate(bytes.len() * 2 / 3))),
        ("corrupt", |path| rewrite(path, |bytes| *bytes.iter_mut().rev().nth(1000).unwrap() ^= 0x10)),
        ("empty", |path| rewrite(path, Vec::clear)),
    ]
}

fn rewrite(path: &Path, change: fn(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    std::fs::write(path, bytes).unwrap();
}

// proves: U05, U14
#[test]
fn damaged_weights_are_one_line() {
    for function in functions() {
        for (damage, harm) in damages() {
            let folder = tempfile::tempdir().unwrap();
            copy_models(&function, folder.path());
            harm(&folder.path().join(&function).join("default/model.int8.onnx"));
            let models = folder.path().to_str().unwrap();
            let line = refused(&function, &mut command(&function, &[("MODELS", models)]));
            assert!(line.contains("model.int8.onnx"), "{damage}: {line}");
        }
    }
}

// proves: U05, U14
#[test]
fn a_damaged_runtime_library_is_one_line() {
    let function = &functions()[0];
    for (damage, harm) in damages() {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("libonnxruntime.so");
        std::fs::copy(library(), &copy).unwrap();
        harm(&copy);
        let line = refused(function, &mut command(function, &[("ORT_DYLIB_PATH", copy.to_str().unwrap())]));
        assert!(line.contains("libonnxruntime.so") && line.contains("runtime library"), "{damage}: {line}");
    }
}

#[test]
fn a_damaged_manifest_is_one_line_that_names_the_place() {
    for (from, to, says) in [
        ("\"halo\"", "\"hallo\"", "`hallo`"),
        ("\"scale\"", "\"scale\" 3", "line"),
        ("\"variant\": \"default\"", "\"variant\": \"other\"", "other"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        copy_models("upscale", folder.path());
        let path = folder.path().join("upscale/default/model.json");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from));
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let line = refused("upscale", &mut command("upscale", &[("MODELS", folder.path().to_str().unwrap())]));
        assert!(line.contains("model.json") && line.contains(says), "{line}");
    }
}

#[test]
fn a_wrong_setting_is_one_line_that_names_it() {
    let is_refused = |function: &str, name, value| {
        let line = refused(function, &mut command(function, &[(name, value)]));
        assert!(line.contains(value) || line.contains(name), "{name}={value}: {line}");
    };
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for function in all_functions() {
        for (name, value) in [
            ("PORT", "http"),
            ("PORT", "70000"),
            ("PORT", &port),
            ("HOST", "no host at all"),
            ("PROVIDER", "gpu"),
            ("PRECISION", "half"),
            ("INSTANCES", "0"),
            ("THREADS", "many"),
            ("QUEUE", "-1"),
            ("DEADLINE_S", "0"),
            ("MAX_BYTES", "0"),
            ("MAX_PIXELS", "1e6"),
            ("MAX_UPLOAD_BYTES", "-5"),
            ("JOB_DEADLINE_S", "soon"),
            ("LOG", "loud"),
        ] {
            is_refused(&function, name, value);
        }
    }
    for function in functions() {
        for (name, value) in [
            ("MODELS", "/nowhere"),
            ("MODEL", "best"),
            ("ORT_DYLIB_PATH", "/nowhere/libonnxruntime.so"),
            ("PROVIDER", "cuda"),
            ("PROVIDER", "tensorrt"),
        ] {
            is_refused(&function, name, value);
        }
    }
}

// proves: B05
#[test]
fn health_asks_the_server_beside_it_and_says_what_is_wrong() {
    let function = &all_functions()[0];
    let ask = |port: &str, host: &str| {
        command(function, &[("PORT", port), ("HOST", host)]).arg("--health").output().expect("the program runs")
    };
    let server = Server::start(function, &[]);
    let port = server.address.rsplit(':').next().unwrap();
    for host in ["127.0.0.1", "0.0.0.0"] {
        let healthy = ask(port, host);
        assert!(healthy.status.success() && healthy.stderr.is_empty(), "{healthy:?}");
    }
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().port().to_string();
    let says = std::thread::spawn(move || {
        let (mut connection, _) = other.accept().unwrap();
        connection.write_all(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").unwrap();
    });
    for (port, why) in [(taken.as_str(), "503"), ("1", "refused")] {
        let ill = ask(port, "127.0.0.1");
        let line = String::from_utf8_lossy(&ill.stderr).into_owned();
        assert_eq!((ill.status.code(), line.lines().count()), (Some(1), 1), "{line}");
        assert!(line.contains(&format!("127.0.0.1:{port}")) && line.contains(why), "{line}");
    }
    says.join().unwrap();
}

#[test]
fn help_lists_every_setting_and_arguments_are_refused() {
    for function in all_functions() {
        let run = |argument: &str| Command::new(program(&function)).arg(argument).output().unwrap();
        let help = run("--help");
        let text = String::from_utf8_lossy(&help.stdout).into_owned();
        assert!(help.status.success() && help.stderr.is_empty(), "{text}");
        for name in [
            "HOST",
            "PORT",
            "MODELS",
            "MODEL",
            "PROVIDER",
            "PRECISION",
            "ORT_DYLIB_PATH",
            "INSTANCES",
            "THREADS",
            "QUEUE",
            "DEADLINE_S",
            "MAX_BYTES",
            "MAX_PIXELS",
            "MAX_UPLOAD_BYTES",
            "JOB_DEADLINE_S",
            "FFMPEG",
            "ORT_DYLIB_SHA256",
            "ORIGINS",
            "FUNCTIONS",
            "FEEDBACK",
            "CONNECT",
            "LOG",
            "AWS_LAMBDA_RUNTIME_API",
        ] {
            assert!(text.contains(name), "{name} in\n{text}");
        }
        assert!(String::from_utf8_lossy(&run("--version").stdout).starts_with(&format!("{function} ")));
        let line = refused(&function, Command::new(program(&function)).arg("serve"));
        assert!(line.contains("serve") && line.contains("--help"), "{line}");
    }
}
