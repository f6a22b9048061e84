//! Clients who leave in the midst of their requests, a thousand times.

use super::*;
use crate::wire::{Connection, get};

/// How many leave.
const MANY: usize = 1000;

// proves: U14
#[test]
fn a_thousand_who_leave_cost_nothing_and_hold_no_place() {
    let keeping = keeping(&[("INSTANCES", "2"), ("QUEUE", "8")]);
    let picture = png(&photo(200, 150));
    let never = keeping.folder.path().join("never");
    let held = post(&format!("/?hold={}", never.display()), &picture).header("cache-control", "no-store");
    let same = post(&format!("/?hold={}", never.display()), &picture);
    let head = |length: usize| format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n").into_bytes();
    let half = [head(picture.len()), picture[..picture.len() / 2].to_vec()].concat();
    let whole = [head(picture.len()), picture.clone()].concat();
    let leave = |at: usize| match at % 5 {
        // While it runs: alone, and two who ask the same and share a run.
        0 => {
            let asks = if at.is_multiple_of(2) { vec![&held] } else { vec![&same, &same] };
            let mut here: Vec<_> = asks.into_iter().map(|ask| Connection::start(keeping.address(), ask)).collect();
            for one in &mut here {
                one.patience(Duration::from_millis(5));
                assert!(one.try_receive("POST").is_none_or(|answer| answer.status == 429));
                one.close();
            }
        }
        // While it comes, while it is announced, before it is read, and while a file is put.
        1 => TcpStream::connect(keeping.address()).and_then(|mut stream| stream.write_all(&half)).unwrap(),
        2 => TcpStream::connect(keeping.address()).and_then(|mut stream| stream.write_all(&whole)).unwrap(),
        3 => drop(TcpStream::connect(keeping.address()).unwrap()),
        _ => {
            let (_, address) = keeping.announce("", picture.len());
            let head = format!("PUT {address} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", picture.len());
            let words = [head.as_bytes(), &picture[..picture.len() / 2]].concat();
            TcpStream::connect(keeping.address()).and_then(|mut stream| stream.write_all(&words)).unwrap();
        }
    };
    let rest = || {
        // Both places are free: the one who leaves last has left.
        for _ in 0..3 {
            keeping.good();
        }
        let load = || keeping.ask(&get("/metrics")).good().text();
        wait_for(START, "free places", || {
            let load = load();
            let busy = load
                .lines()
                .filter(|line| !line.starts_with('#') && (line.contains("busy") || line.contains("waiting")));
            busy.clone().count().ge(&2).then(|| busy.clone().all(|line| line.ends_with(" 0")).then_some(())).flatten()
        });
        // Memory comes back when nothing has run for two seconds.
        let mut least = keeping.server.process.memory("VmRSS");
        let until = Instant::now() + Duration::from_secs(4);
        wait_for(START, "a rest", || {
            least = least.min(keeping.server.process.memory("VmRSS"));
            (Instant::now() > until).then_some(least)
        })
    };
    (0..MANY / 5).for_each(leave);
    let before = rest();
    (0..MANY).for_each(leave);
    let after = rest();
    assert!(after < before + 5_000_000, "{before} bytes before, {after} after");
    // Of a file that was not put to its end nothing is kept, half of it neither.
    let left: Vec<_> =
        keeping.kept().into_keys().filter(|path| path.components().any(|part| part.as_os_str() == "upload")).collect();
    assert!(left.is_empty(), "{left:?}");
    // Handles of files and connections are closed.
    let open = std::fs::read_dir(format!("/proc/{}/fd", keeping.server.process.id())).unwrap().count();
    assert!(open < 100, "{open} handles");
}
