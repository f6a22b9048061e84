//! S3 servers for what functions keep, each with one empty bucket that is gone with it.
//!
//! No single one can stand for S3: `s3s-fs` checks signatures and their expiry and serves ranges, but several of racing
//! conditional puts may win in it; in moto exactly one wins, but it checks no signature.

use std::process::Command;
use std::time::Duration;

use crate::process::{Process, START, tool};

const BUCKET: &str = "darkroom-tests";
const KEY: &str = "tests";
const SECRET: &str = "a-secret-of-the-tests";
const REGION: &str = "us-east-1";

/// A running server; it ends, and what it kept is gone, when this is dropped.
pub struct S3 {
    process: Process,
    endpoint: String,
    /// What `s3s-fs` keeps; moto keeps all in memory.
    _folder: tempfile::TempDir,
}

impl S3 {
    /// The one that checks signatures.
    pub fn s3s() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(tool("s3s-fs"));
        // Its log is the only place where it tells the port that it got.
        command.env_clear().env("RUST_LOG", "s3s_fs=info").args(["--host", "127.0.0.1", "--port", "0"]);
        command.args(["--access-key", KEY, "--secret-key", SECRET]).arg(folder.path());
        Self::start(&mut command, "server is running at ", folder)
    }

    /// The one that keeps conditions.
    pub fn moto() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        // It tells its port on standard error; `exec` leaves one process to end.
        command.args(["-c", "exec \"$0\" -H 127.0.0.1 -p 0 2>&1"]).arg(tool("moto/bin/moto_server"));
        Self::start(command.env("PYTHONUNBUFFERED", "1"), "Running on ", folder)
    }

    fn start(command: &mut Command, before: &str, folder: tempfile::TempDir) -> Self {
        let process = Process::spawn(command);
        let endpoint =
            process.hear(START, |line| line.split_once(before).map(|(_, address)| address.trim().to_owned()));
        let endpoint = endpoint.unwrap_or_else(|| panic!("no S3 server: {:?}", process.lines()));
        let server = Self { process, endpoint, _folder: folder };
        assert_eq!(server.curl("", &["-X", "PUT"]).0, 200, "a bucket: {:?}", server.process.lines());
        server
    }

    /// The settings by which a function, like every other client of S3, finds the server and is let in.
    pub fn environment(&self) -> [(&str, &str); 4] {
        [
            ("AWS_ENDPOINT_URL", &self.endpoint),
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_REGION", REGION),
        ]
    }

    /// A place in the bucket, as the setting STORE names it.
    pub fn store(&self, prefix: &str) -> String {
        format!("s3://{BUCKET}/{prefix}")
    }

    /// A signed request by curl, a client of another making, for what lies under `key`: status and body.
    pub fn curl(&self, key: &str, arguments: &[&str]) -> (u16, Vec<u8>) {
        self.curl_as(SECRET, key, arguments)
    }

    fn curl_as(&self, secret: &str, key: &str, arguments: &[&str]) -> (u16, Vec<u8>) {
        let done = Command::new("curl")
            .args([
                "--silent",
                "--show-error",
                "--noproxy",
                "*",
                "--max-time",
                "60",
                "--write-out",
                "%{stderr}%{http_code}",
            ])
            .args(["--aws-sigv4", &format!("aws:amz:{REGION}:s3"), "--user", &format!("{KEY}:{secret}")])
            // curl before 8 signs for S3 only what it is told of the body.
            .args(["--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD"])
            .args(arguments)
            .arg(format!("{}/{BUCKET}/{key}", self.endpoint))
            .output()
            .expect("curl");
        let told = String::from_utf8_lossy(&done.stderr).into_owned();
        (told.parse().unwrap_or_else(|_| panic!("{told}")), done.stdout)
    }
}

/// Keeps an object and gives it back, whole and in part; then the server ends, and nothing answers there any more.
fn keeps_an_object(server: S3, more: impl FnOnce(&S3, &str)) {
    let [(_, endpoint), ..] = server.environment();
    let address = endpoint.strip_prefix("http://").expect("plain HTTP").to_owned();
    let store = server.store("results");
    let key = format!("{}/one", store.rsplit_once('/').expect("a prefix").1);
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let bytes = std::fs::read(file).unwrap();
    assert_eq!(server.curl(&key, &[]).0, 404);
    assert_eq!(server.curl(&key, &["--upload-file", file]).0, 200);
    assert_eq!(server.curl(&key, &[]), (200, bytes.clone()));
    assert_eq!(server.curl(&key, &["--range", "3-9"]), (206, bytes[3..10].to_vec()));
    more(&server, &key);
    assert_eq!(server.curl(&key, &["-X", "DELETE"]).0, 204);
    assert_eq!(server.curl(&key, &[]).0, 404);
    drop(server);
    let address = address.parse().expect("an address");
    assert!(std::net::TcpStream::connect_timeout(&address, Duration::from_secs(5)).is_err(), "it still listens");
}

#[test]
fn s3s_keeps_objects_and_checks_signatures() {
    keeps_an_object(S3::s3s(), |server, key| {
        assert_eq!(server.curl_as("another-secret", key, &[]).0, 403);
    });
}

#[test]
fn moto_keeps_objects_and_conditions() {
    keeps_an_object(S3::moto(), |server, key| {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let put = ["--upload-file", file, "--header", "If-None-Match: *"];
        assert_eq!(server.curl(key, &put).0, 412);
        assert_eq!(server.curl(&format!("{key}-other"), &put).0, 200);
    });
}
