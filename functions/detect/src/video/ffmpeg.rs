//! ffmpeg as a child: found, started with little, bounded, listened to, and ended when nobody wants it any more.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use common::{Error, Kind, Result, Watch};
use rustix::process::{Pid, Resource, Rlimit, prlimit};

/// Address space of a child: enough for 4K in 10 bits on one thread.
const MEMORY: u64 = 3 << 30;

/// How often one who waits looks whether it is still wanted.
pub const LOOK: Duration = Duration::from_millis(20);

/// The file on a child's standard input or output, opened anew: so it can be sought in, and needs no name.
pub const INPUT: &str = "file:/proc/self/fd/0";
pub const OUTPUT: &str = "file:/proc/self/fd/1";

/// Most of what a child says in error that is kept.
const MOST_SAID: usize = 4096;

/// The program.
#[derive(Clone, Debug)]
pub struct Ffmpeg(PathBuf);

impl Ffmpeg {
    /// Finds the program: a path, or a name to be looked for along `PATH`.
    pub fn find(name: &Path) -> Result<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        search(name, &path).map(Self).ok_or_else(|| {
            let message = "video is not read here: there is no ffmpeg; set FFMPEG to one, or send single pictures";
            Error::new(Kind::Missing, message).because(format!("FFMPEG={}", name.display()))
        })
    }

    /// A child with these arguments. It gets no environment, and may write files of `most` bytes.
    pub fn start(&self, stdin: Stdio, stdout: Stdio, most: u64, arguments: &[&str]) -> Result<Running> {
        let mut command = Command::new(&self.0);
        command.env_clear().current_dir("/").args(["-hide_banner", "-nostats", "-v", "error", "-y"]).args(arguments);
        let child = command.stdin(stdin).stdout(stdout).stderr(Stdio::piped()).spawn().map_err(|cause| {
            let message = match cause.kind() {
                ErrorKind::NotFound | ErrorKind::PermissionDenied => "the ffmpeg here can't be started",
                _ => return Error::internal(format!("can't start ffmpeg: {cause}")),
            };
            Error::new(Kind::Missing, message).because(cause)
        })?;
        let running = Running(child);
        running.bound(Resource::As, MEMORY)?;
        running.bound(Resource::Fsize, most)?;
        running.bound(Resource::Core, 0)?;
        Ok(running)
    }
}

fn search(name: &Path, path: &OsStr) -> Option<PathBuf> {
    let runs =
        |path: &PathBuf| path.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0);
    if name.components().count() > 1 {
        // A path is meant from the folder that the function was started in.
        return std::path::absolute(name).ok().filter(runs);
    }
    std::env::split_paths(path).map(|folder| folder.join(name)).find(runs)
}

/// A child at work; dropping it ends it.
pub struct Running(Child);

impl Running {
    fn bound(&self, what: Resource, most: u64) -> Result<()> {
        let pid = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        match prlimit(pid, what, limit) {
            // It has ended already.
            Ok(_) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(cause) => Err(Error::internal(format!("can't bound ffmpeg: {cause}"))),
        }
    }

    pub fn stdin(&mut self) -> Result<ChildStdin> {
        self.0.stdin.take().ok_or_else(|| Error::internal("ffmpeg without standard input"))
    }

    pub fn stdout(&mut self) -> Result<ChildStdout> {
        self.0.stdout.take().ok_or_else(|| Error::internal("ffmpeg without standard output"))
    }

    pub fn stderr(&mut self) -> Result<ChildStderr> {
        self.0.stderr.take().ok_or_else(|| Error::internal("ffmpeg without standard error"))
    }

    /// Waits for its end, as long as the answer is wanted.
    pub fn wait(&mut self, watch: &Watch) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.0.try_wait().map_err(Error::internal)? {
                return Ok(status);
            }
            watch.check()?;
            std::thread::sleep(LOOK);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail where it has ended, which is what is wanted.
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Reads what a child says to its end: each line goes to `line`, and where that does not take it, is kept for the log.
pub fn listen(stderr: impl Read, mut line: impl FnMut(&str) -> bool) -> String {
    let mut kept = String::new();
    let mut lines = BufReader::new(stderr);
    let mut bytes = Vec::new();
    // A line without an end is read in pieces, so that it takes no more memory than others.
    while lines.by_ref().take(MOST_SAID as u64).read_until(b'\n', &mut bytes).is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_end();
        if !line(text) && kept.len() + text.len() < MOST_SAID {
            kept.push_str(text);
            kept.push('\n');
        }
        bytes.clear();
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_for_along_the_path_and_a_path_is_taken() {
        assert_eq!(search(Path::new("sh"), OsStr::new("/nowhere:/bin")).unwrap(), Path::new("/bin/sh"));
        assert_eq!(search(Path::new("/bin/sh"), OsStr::new("")).unwrap(), Path::new("/bin/sh"));
        assert!(search(Path::new("/bin"), OsStr::new("/bin")).is_none());
        let missing = Ffmpeg::find(Path::new("no-such-program")).unwrap_err();
        assert!(missing.kind() == Kind::Missing && missing.message().contains("FFMPEG"), "{missing}");
    }

    #[test]
    fn a_child_ends_when_it_is_dropped_or_its_client_has_left() {
        let sh = Ffmpeg::find(Path::new("sh")).unwrap();
        // Its arguments are ffmpeg's, which sh does not know: it says so and ends.
        let mut ended = sh.start(Stdio::null(), Stdio::null(), 0, &[]).unwrap();
        let stderr = ended.stderr().unwrap();
        assert!(!listen(stderr, |_| false).is_empty());
        assert!(!ended.wait(&Watch::default()).unwrap().success());
        let mut waits = Running(Command::new("sleep").arg("60").spawn().unwrap());
        waits.bound(Resource::As, MEMORY).unwrap();
        let watch = Watch::default();
        watch.stop(common::Stop::Gone);
        assert_eq!(waits.wait(&watch).unwrap_err().kind(), Kind::Gone);
        let id = waits.0.id();
        drop(waits);
        assert!(!Path::new(&format!("/proc/{id}")).exists());
    }

    #[test]
    fn what_a_child_says_is_kept_in_bounds() {
        let said = "frame:1 x\nwrong\n".to_owned() + &"x".repeat(100_000) + "\nend";
        let mut lines = 0;
        let kept = listen(said.as_bytes(), |line| {
            lines += 1;
            line.starts_with("frame:")
        });
        assert!(kept.starts_with("wrong\n") && kept.len() <= MOST_SAID && lines > 20, "{lines}");
    }
}
