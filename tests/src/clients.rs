//! The example clients of `clients/`, each run as a person runs it, against real functions and real photographs.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use common::Picture;
use serde_json::Value;

use crate::process::{Process, library, models, root, shared, tool};
use crate::samples::{difference, read};

/// The emulator builds before it starts, where nobody did.
const BUILD: Duration = Duration::from_secs(600);

/// The address of a function's shared server.
fn address(function: &str) -> String {
    format!("http://{}/", shared(function).address)
}

/// The path of an example client.
fn client(name: &str) -> PathBuf {
    root().join("tests/clients").join(name)
}

/// The path of a sample photograph, and the photograph.
fn sample(name: &str) -> (String, Picture) {
    let path = root().join("samples").join(name);
    let picture = read(&std::fs::read(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))).0;
    (path.to_str().unwrap().to_owned(), picture)
}

/// A client in its language, at work in a folder of its own.
struct Run {
    folder: tempfile::TempDir,
    command: Command,
}

fn run(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command.current_dir(folder.path()).args(arguments).env("PYTHONDONTWRITEBYTECODE", "1").env("no_proxy", "127.0.0.1");
    Run { folder, command }
}

fn python(name: &str, arguments: &[&str]) -> Run {
    run(tool("clients/bin/python"), &[&[client(name).to_str().unwrap()], arguments].concat())
}

fn node(name: &str, arguments: &[&str]) -> Run {
    run(tool("nodejs/bin/node"), &[&[client(name).to_str().unwrap()], arguments].concat())
}

impl Run {
    fn output(&mut self) -> Output {
        self.command.output().unwrap_or_else(|cause| panic!("{:?}: {cause}", self.command))
    }

    /// What it says on standard output, once it ended well.
    fn good(&mut self) -> String {
        let Output { status, stdout, stderr } = self.output();
        let said = String::from_utf8_lossy(&stdout).into_owned();
        assert!(status.success(), "{:?}: {said} {}", self.command, String::from_utf8_lossy(&stderr));
        said
    }

    /// The same with lines on its standard input.
    fn good_with(&mut self, lines: &str) -> String {
        let file = self.folder.path().join("input");
        std::fs::write(&file, lines).unwrap();
        self.command.stdin(std::fs::File::open(file).unwrap());
        self.good()
    }

    fn file(&self, name: &str) -> Vec<u8> {
        let path = self.folder.path().join(name);
        std::fs::read(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))
    }

    /// A picture that it wrote, of `scale` times the photograph's size, and not the photograph itself.
    fn picture(&self, name: &str, photo: &Picture, scale: usize) -> Picture {
        better(&self.file(name), photo, scale)
    }
}

fn better(bytes: &[u8], photo: &Picture, scale: usize) -> Picture {
    let picture = read(bytes).0;
    assert_eq!((picture.width(), picture.height()), (photo.width() * scale, photo.height() * scale));
    assert!(scale > 1 || difference(picture.pixels(), photo.pixels()).1 > 0.2, "nothing happened to the picture");
    picture
}

#[test]
fn curl_sends_a_file_a_form_and_json() {
    let (path, photo) = sample("cat_chelsea.jpg");
    let mut curl = run(client("curl.sh"), &[&address("upscale"), &path, "out"]);
    curl.good();
    let raw = curl.picture("out/raw.jpg", &photo, 3);
    assert_eq!(curl.picture("out/json.jpg", &photo, 3).pixels(), raw.pixels());
    assert!(curl.file("out/form.png").starts_with(b"\x89PNG"));
    assert!(difference(curl.picture("out/form.png", &photo, 3).pixels(), raw.pixels()).1 < 12.0);
    let envelope: Value = serde_json::from_slice(&curl.file("out/answer.json")).unwrap();
    assert_eq!((&envelope["req_id"], &envelope["msg"]), (&"demo".into(), &"success".into()));

    let wrong = root().join("README.md");
    let mut refused = run(client("curl.sh"), &[&address("upscale"), wrong.to_str().unwrap(), "out"]);
    assert!(!refused.output().status.success());
    assert!(String::from_utf8_lossy(&refused.file("out/raw.jpg")).contains("this is text"));
}

// proves: E05
#[test]
fn the_enhancement_servers_client_works_unchanged() {
    for (function, name) in [("lowlight", "night_rocket.jpg"), ("derain", "street_buses.jpg")] {
        let (path, photo) = sample(name);
        let mut client = python("enhancement_server.py", &[&address(function), &path]);
        client.good();
        client.picture("result.jpg", &photo, 1);
    }
}

// proves: U02
#[test]
fn a_super_resolution_client_gets_shapes_and_the_picture() {
    let (path, photo) = sample("cat_chelsea.jpg");
    let mut client = python("super_resolution.py", &[&address("upscale"), &path, "large.jpg"]);
    assert_eq!(client.good().trim(), "[300, 451] -> [900, 1353]");
    client.picture("large.jpg", &photo, 3);
}

// proves: O02, O09
#[test]
fn the_online_prediction_takes_path_after_path() {
    let ((cat, _), (street, photo)) = (sample("cat_chelsea.jpg"), sample("street_buses.jpg"));
    let readme = root().join("README.md");
    let lines = format!("{cat}\n/nothing.jpg\n{}\n{street}\n", readme.display());
    let said = python("online_prediction.py", &[&address("classify")]).good_with(&lines);
    assert!(said.contains("there is no file /nothing.jpg") && said.contains("this is text"), "{said}");
    let best = |name: &str| said.lines().find_map(|line| line.split_once(&format!("{name}: "))).map(|(_, best)| best);
    assert!(best("cat_chelsea.jpg").is_some_and(|best| best.starts_with("cat 0.9")), "{said}");
    assert!(best("street_buses.jpg").is_some(), "{said}");

    let mut detect = python("online_prediction.py", &[&address("detect")]);
    let said = detect.good_with(&format!("{street}\n"));
    assert!(said.contains("street_buses.jpg: car 0."), "{said}");
    assert!(detect.file("street_buses.boxes.png").starts_with(b"\x89PNG"));
    detect.picture("street_buses.boxes.png", &photo, 1);
}

// proves: S08
#[test]
fn the_style_programs_upload_works_unchanged() {
    let (path, photo) = sample("street_buses.jpg");
    let url = format!("{}base64", address("stylize"));
    let mut program = node("style_transfer.mjs", &[&url, &path, "great-wave", "."]);
    let said = program.good();
    let written = said.lines().find_map(|line| line.strip_prefix("written: ")).expect("a file");
    program.picture(written, &photo, 1);
    assert!(said.contains("history: {") && said.ends_with("生成成功\n"), "{said}");
}

#[test]
fn fetch_gets_a_picture_and_an_envelope() {
    let (path, photo) = sample("night_rocket.jpg");
    let mut fetch = node("fetch.mjs", &[&address("lowlight"), &path, "bright.jpg"]);
    let said = fetch.good();
    assert!(said.contains("bright.jpg: image/jpeg by default@"), "{said}");
    assert!(said.contains("demo: success, 640 x 427, "), "{said}");
    fetch.picture("bright.jpg", &photo, 1);
}

// proves: D13
#[test]
fn javas_own_client_gets_a_picture() {
    let classes = tempfile::tempdir().unwrap();
    let (java, folder, source) = (tool("java/bin/java"), classes.path().to_str().unwrap(), client("Client.java"));
    let compiler = tool("ecj.jar");
    run(
        &java,
        &[
            "-jar",
            compiler.to_str().unwrap(),
            "-17",
            "-proc:none",
            "-failOnWarning",
            "-d",
            folder,
            source.to_str().unwrap(),
        ],
    )
    .good();
    let (path, photo) = sample("landscape_field.jpg");
    let mut back_end = run(&java, &["-cp", folder, "Client", &address("dehaze"), &path, "clear.jpg"]);
    assert!(back_end.good().starts_with("clear.jpg: default@"));
    back_end.picture("clear.jpg", &photo, 1);

    let wrong = root().join("README.md");
    let mut refused = run(&java, &["-cp", folder, "Client", &address("dehaze"), wrong.to_str().unwrap(), "clear.jpg"]);
    let told = refused.output();
    assert!(String::from_utf8_lossy(&told.stderr).starts_with("415 {") && told.status.code() == Some(1), "{told:?}");
}

// proves: K07
#[test]
fn cargo_lambda_invoke_gets_a_picture() {
    let (emulator, port) = emulator("derain");
    let (path, photo) = sample("street_buses.jpg");
    let mut invoke = run(client("invoke.sh"), &[&port.to_string(), "derain", &path, "derain.jpg"]);
    invoke.command.env("CARGO_LAMBDA", tool("cargo-lambda"));
    invoke.good();
    invoke.picture("derain.jpg", &photo, 1);
    assert!(!emulator.lines().is_empty());
}

/// One function in the Lambda emulator, as `make run` starts it.
fn emulator(function: &str) -> (Process, u16) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let turbo = std::fs::read_to_string(root().join(".tools/turbo")).unwrap_or_default();
    let mut command = Command::new("python3");
    // What cargo told these tests about themselves another cargo must not hear.
    for name in std::env::vars().map(|(name, _)| name).filter(|name| name == "LD_LIBRARY_PATH" || about_tests(name)) {
        command.env_remove(name);
    }
    command.args([
        root().join("tools/run.py").as_os_str(),
        port.to_string().as_ref(),
        function.as_ref(),
        "--".as_ref(),
    ]);
    command.args(turbo.split_whitespace()).env("ORT_DYLIB_PATH", library()).env("MODELS", models());
    let process = Process::spawn_ended_by(&mut command, "TERM");
    let up = process.hear(BUILD, |line| line.contains("answers:").then_some(()));
    assert!(up.is_some(), "the emulator ended or took too long: {:?}", process.lines());
    (process, port)
}

fn about_tests(name: &str) -> bool {
    let kept = ["CARGO_HOME", "CARGO_TARGET_DIR"].contains(&name)
        || name.starts_with("CARGO_BUILD_")
        || name.starts_with("CARGO_PROFILE_");
    name.starts_with("CARGO") && !kept
}

// proves: E07
#[test]
fn a_test_client_sends_one_picture_or_many_at_once_and_reports() {
    let (cat, _) = sample("cat_chelsea.jpg");
    let one = python("crowd.py", &[&address("upscale"), &cat]).good();
    assert!(one.starts_with("1 sent, 1 at once, ") && one.contains("     1 x 200\n"), "{one}");

    let (rocket, _) = sample("night_rocket.jpg");
    let many = ["--times", "10", "--at-once", "8", &address("lowlight"), &cat, &rocket];
    let said = python("crowd.py", &many).good();
    assert!(said.starts_with("20 sent, 8 at once, ") && said.ends_with("    20 x 200\n"), "{said}");
    let times = said.lines().find_map(|line| line.strip_prefix("seconds: ")).expect("times");
    let times: Vec<f64> = times.split(", ").map(|time| time.rsplit(' ').next().unwrap().parse().unwrap()).collect();
    assert!(times.len() == 4 && times.is_sorted() && times[0] > 0.0, "{said}");

    let readme = root().join("README.md");
    let some = ["--times", "2", &address("lowlight"), &cat, readme.to_str().unwrap()];
    let (output, said) = failed(&mut python("crowd.py", &some));
    assert!(said.contains("     2 x 200\n") && said.contains("     2 x 415: this is text"), "{said} {output:?}");
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (_, said) = failed(&mut python("crowd.py", &[&format!("http://{gone}/"), &cat]));
    assert!(said.contains("0.0 good answers a second") && said.contains("1 x no answer: ConnectionError"), "{said}");
}

/// A report with errors in it: exit code 1 and nothing of a trace.
fn failed(run: &mut Run) -> (Output, String) {
    let output = run.output();
    assert!(output.status.code() == Some(1) && output.stderr.is_empty(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, said)
}

/// Every client has a test here and a line in their README.
#[test]
fn every_client_is_run_and_described() {
    let (tests, readme) = (include_str!("clients.rs"), std::fs::read_to_string(client("README.md")).unwrap());
    let mut clients = 0;
    for entry in std::fs::read_dir(client("")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name == "README.md" || Path::new(&name).extension().is_none() {
            continue;
        }
        assert!(readme.contains(&format!("`{name}`")), "a row for {name}");
        // wx.mjs is what style_transfer.mjs stands on.
        assert!(name == "wx.mjs" || tests.contains(&format!("\"{name}\"")), "a test of {name}");
        clients += 1;
    }
    assert!(clients >= 9);
}
