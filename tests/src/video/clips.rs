//! Clips made by ffmpeg, and the lines that come back.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::process::{START, Server, ffmpeg, wait_for};
use crate::variants::{add, manifest};
use crate::wire::Answer;

/// Runs ffmpeg; gives its standard output.
pub fn run(arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new(ffmpeg());
    command.args(["-v", "error", "-nostdin", "-y"]).args(arguments).stdin(Stdio::null());
    let done = command.output().expect("ffmpeg");
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}

/// A file that ffmpeg writes with these arguments.
pub fn made(name: &str, arguments: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    run(&[arguments, &[path.to_str().unwrap()]].concat());
    std::fs::read(path).unwrap()
}

/// The same frames, other frames of the file: `bytes` written anew with these arguments.
pub fn remade(name: &str, bytes: &[u8], before: &[&str], arguments: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("before");
    std::fs::write(&path, bytes).unwrap();
    made(name, &[before, &["-i", path.to_str().unwrap()], arguments].concat())
}

/// On black a white square of 20 pixels, that in frame n stands at x = 4 n, y = 50; ten frames a second.
pub fn square(name: &str, size: &str, seconds: u32, codec: &[&str]) -> Vec<u8> {
    let ground = format!("color=black:s={size}:r=10:d={seconds}");
    let square = format!("color=white:s=20x20:r=10:d={seconds}");
    let inputs = ["-f", "lavfi", "-i", &ground, "-f", "lavfi", "-i", &square];
    let filter = ["-filter_complex", "[0][1]overlay=x=40*t+0.5:y=50:shortest=1,format=yuv420p"];
    made(name, &[&inputs[..], &filter, &["-g", "10"], codec].concat())
}

/// The square in H.264, three seconds of it; the index at the end, where muxers put it.
pub fn square_mp4() -> Vec<u8> {
    square("square.mp4", "160x120", 3, &["-c:v", "libx264"])
}

/// A pattern in which everything moves, three seconds of it in H.264.
pub fn pattern_mp4() -> Vec<u8> {
    let inputs = ["-f", "lavfi", "-i", "testsrc2=s=160x120:r=10:d=3", "-pix_fmt", "yuv420p"];
    made("pattern.mp4", &[&inputs[..], &["-c:v", "libx264", "-g", "10"]].concat())
}

/// Half a minute of 640x360, thirty frames a second.
pub fn half_a_minute(flags: &[&str]) -> Vec<u8> {
    let inputs = ["-f", "lavfi", "-i", "testsrc2=s=640x360:r=30:d=30", "-pix_fmt", "yuv420p"];
    made("long.mp4", &[&inputs[..], &["-c:v", "libx264", "-preset", "ultrafast"], flags].concat())
}

/// How many frames can be decoded.
pub fn count(bytes: &[u8]) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("video");
    std::fs::write(&path, bytes).unwrap();
    let lines =
        run(&["-i", path.to_str().unwrap(), "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "framecrc", "-"]);
    String::from_utf8(lines).unwrap().lines().filter(|line| !line.starts_with('#')).count()
}

/// One frame: its width, height and RGB rows.
pub fn frame(bytes: &[u8], index: usize) -> (usize, usize, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("video");
    std::fs::write(&path, bytes).unwrap();
    let pick = format!("select=eq(n\\,{index})");
    let to = ["-vf", &pick, "-frames:v", "1", "-pix_fmt", "rgb24", "-c:v", "ppm", "-f", "image2pipe", "-"];
    let ppm = run(&[&["-i", path.to_str().unwrap()][..], &to].concat());
    let head: Vec<_> = ppm.splitn(4, |byte| byte.is_ascii_whitespace()).take(3).collect();
    let number = |at: usize| std::str::from_utf8(head[at]).unwrap().parse::<usize>().unwrap();
    let (width, height) = (number(1), number(2));
    (width, height, ppm[ppm.len() - width * height * 3..].to_vec())
}

/// Writes the tiny network that finds what is bright into `folder` as the default of detect.
pub fn add_spot(folder: &Path) {
    let mut spot = manifest("detect", "default", "spot.onnx", 1, &json!({}));
    spot["task"] = json!("boxes");
    spot["labels"] = json!("labels.txt");
    spot["picture"] = json!({"size": 160, "fit": "letterbox", "multiple": 32, "tile": 160});
    add(folder, &spot);
    std::fs::write(folder.join("detect/default/labels.txt"), "square\nnothing\n").unwrap();
}

/// detect with the tiny network, and a folder of its own for temporary files.
pub struct Spot {
    pub server: Server,
    pub folder: tempfile::TempDir,
}

impl Spot {
    pub fn start(settings: &[(&str, &str)]) -> Self {
        // Not where others keep theirs: what is shared by all tests is never dropped.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        add_spot(folder.path());
        let scratch = folder.path().join("scratch");
        std::fs::create_dir(&scratch).unwrap();
        let own = [("MODELS", folder.path().to_str().unwrap()), ("TMPDIR", scratch.to_str().unwrap())];
        let server = Server::start("detect", &[&own, settings].concat());
        Self { server, folder }
    }

    /// Nothing is left of what was sent, once nothing is on its way.
    pub fn assert_clean(&self) {
        let scratch = self.folder.path().join("scratch");
        let clean = || (std::fs::read_dir(&scratch).unwrap().count() == 0).then_some(());
        wait_for(START, "an empty folder of temporary files", clean);
    }

    /// The children of the server: the numbers of their processes.
    pub fn children(&self) -> Vec<u32> {
        let tasks = format!("/proc/{}/task", self.server.process.id());
        let threads = std::fs::read_dir(tasks).expect("a living server").filter_map(Result::ok);
        let of =
            |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        threads
            .flat_map(|thread| of(thread).split_whitespace().map(|id| id.parse().unwrap()).collect::<Vec<_>>())
            .collect()
    }
}

/// An answer in lines: the video's, the frames', the last.
pub struct Told {
    pub head: Value,
    pub frames: Vec<Value>,
    pub end: Value,
}

pub fn told(answer: &Answer) -> Told {
    assert_eq!(answer.must("content-type"), "application/jsonl");
    let text = answer.text();
    assert!(text.ends_with('\n'), "{text:.200}");
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let end = lines.pop().expect("a last line");
    let head = lines.remove(0);
    assert_eq!(end["frames"], lines.len(), "{end}");
    assert_eq!(end["dropped"], 0);
    Told { head, frames: lines, end }
}

/// The sides of a frame's one box.
pub fn sides(frame: &Value) -> [f64; 4] {
    let boxes = frame["boxes"].as_array().expect("boxes");
    assert_eq!(boxes.len(), 1, "{frame}");
    assert_eq!((&boxes[0]["class_id"], &boxes[0]["name"]), (&json!(0), &json!("square")));
    std::array::from_fn(|side| boxes[0]["box"][side].as_f64().expect("a side"))
}

/// Whether a box is where the square is, within what encoding blurs.
pub fn assert_near(frame: &Value, expect: [f64; 4]) {
    let sides = sides(frame);
    let near = sides.iter().zip(expect).all(|(one, other)| (one - other).abs() <= 2.0);
    assert!(near, "{sides:?}, not {expect:?} in {frame}");
}
