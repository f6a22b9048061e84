//! What takes time by its nature: clients who send or read a byte a second, and things that are kept for one.
//!
//! All of it is waited for together.

use super::*;
use crate::wire::{Connection, ask, get};

/// How long a slow client is borne with, and what a busy machine may add.
const BORNE: Duration = Duration::from_secs(30 + 3);

/// How long an answer may stay unread, and what the system's clock of it may add.
const UNREAD: Duration = Duration::from_secs(60 + 30);

// proves: U14
#[test]
fn who_is_slow_is_let_go_and_what_is_old_is_gone() {
    thread::scope(|scope| {
        scope.spawn(slow_senders);
        scope.spawn(slow_readers);
        scope.spawn(things_grow_old);
    });
}

/// Says a first part, then a byte a second; gives the status of the answer (0: none) and after how long the connection ended.
fn byte_by_byte(address: &str, first: &[u8], byte: u8) -> (u16, Duration) {
    let start = Instant::now();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(first).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut answer = Vec::new();
    while start.elapsed() < BORNE * 2 {
        let mut piece = [0; 4096];
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&piece[..count]),
            // A second went by without a word.
            Err(cause) if matches!(cause.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                if stream.write_all(&[byte]).is_err() {
                    break;
                }
            }
            Err(_) => break,
        }
        if answer.windows(4).any(|end| end == b"\r\n\r\n") {
            break;
        }
    }
    let status = String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|code| code.parse().ok());
    (status.unwrap_or(0), start.elapsed())
}

fn slow_senders() {
    let keeping = keeping(&[("INSTANCES", "1"), ("QUEUE", "1")]);
    let picture = png(&photo(200, 150));
    let (_, address) = keeping.announce("", 100_000);
    let before = keeping.kept();
    let body = |line: &str, kind: &str| {
        format!("{line} HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n{kind}\r\n").into_bytes()
    };
    let form = "content-type: multipart/form-data; boundary=X\r\n";
    let list: Vec<(&str, Vec<u8>, u8, u16)> = vec![
        ("nothing at all", Vec::new(), b'P', 0),
        ("the first line", b"POST / HT".to_vec(), b'T', 0),
        ("the head", b"POST / HTTP/1.1\r\nhost: x\r\nx-slow: ".to_vec(), b'x', 0),
        ("the body", [body("POST /", ""), picture[..1000].to_vec()].concat(), 0, 408),
        ("the body of a form", body("POST /", form), b'-', 408),
        ("the body of an announcement", body("POST /uploads", "").replace_length(1000), b'{', 408),
        ("the body of an upload", [body(&format!("PUT {address}"), ""), picture[..1000].to_vec()].concat(), 0, 408),
        ("the body of a job", [body("POST /", "prefer: respond-async\r\n"), picture[..1000].to_vec()].concat(), 0, 408),
        ("pieces", b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(), b'0', 408),
    ];
    thread::scope(|scope| {
        let slow: Vec<_> = list
            .iter()
            .map(|(name, first, byte, status)| {
                let address = keeping.address();
                scope.spawn(move || {
                    let (answered, took) = byte_by_byte(address, first, *byte);
                    assert!(answered == *status && took < BORNE, "{name}: {answered} after {took:?}");
                })
            })
            .collect();
        // Nobody waits for them.
        while !slow.iter().all(|one| one.is_finished()) {
            let start = Instant::now();
            keeping.good();
            assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
            thread::park_timeout(Duration::from_millis(500));
        }
    });
    assert_eq!(keeping.kept(), before);
}

/// A head with another length.
trait Length {
    fn replace_length(self, length: usize) -> Self;
}

impl Length for Vec<u8> {
    fn replace_length(self, length: usize) -> Self {
        String::from_utf8(self).expect("a head").replace("100000", &length.to_string()).into_bytes()
    }
}

fn slow_readers() {
    let keeping = keeping(&[("INSTANCES", "1")]);
    // A large answer that is soon made: a white picture, not packed at all.
    let white = common::Picture::new(2500, 2000, vec![255; 2500 * 2000 * 3], None);
    let ask = post("/?compression=0", &png(&white)).header("accept", "image/png").header("cache-control", "no-store");
    let length = keeping.ask(&ask).good().body.len();
    assert!(length > 14_000_000, "{length}");
    let status = |name| keeping.server.process.memory(name);
    let handles = || std::fs::read_dir(format!("/proc/{}/fd", keeping.server.process.id())).unwrap().count();
    let kept = keeping.ask(&post("/?compression=0", &png(&white)).header("accept", "image/png")).good();
    let result = get(&format!("/{}", kept.must("content-location")));
    keeping.good();
    let (memory, before) = (status("VmRSS"), handles());
    let readers: Vec<_> =
        (0..8).map(|at| Connection::start(keeping.address(), if at < 4 { &ask } else { &result })).collect();
    // Their answers are made, one after the other, and the places are free again: others are served.
    let start = Instant::now();
    keeping.good();
    assert!(start.elapsed() < START, "{:?}", start.elapsed());
    let most = status("VmRSS");
    assert!(most < memory + 4 * 2 * length as u64 + LITTLE, "{memory} bytes before, {most} with 8 who don't read");
    // In the end they are let go, and what they did not read goes with them.
    wait_for(UNREAD, "the end of connections that nobody reads", || (handles() <= before).then_some(()));
    keeping.good();
    drop(readers);
}

fn things_grow_old() {
    let keeping = keeping(&[("STORE_KEPT_S", "1")]);
    let picture = png(&photo(20, 10));
    let answer = keeping.ask(&post("/", &picture)).good();
    let result = format!("/{}", answer.must("content-location"));
    let upload = keeping.upload("", &picture);
    let (announced, address) = keeping.announce("", picture.len());
    let begun = keeping.ask(&later(post("/?max_side=7", &picture)));
    let job = format!("/{}", begun.must("location"));
    let old = || keeping.ask(&get(&result)).status == 404 && keeping.ask(&get(&job)).status == 404;
    wait_for(Duration::from_secs(10), "what is older than a second to be gone", || old().then_some(()));
    for ask in [
        get(&result),
        ask("HEAD", &result),
        ask("DELETE", &result),
        get(&result).header("if-none-match", "*"),
        get(&result).header("range", "bytes=0-1"),
        post(&format!("/?upload={upload}"), b""),
        post(&format!("/?upload={announced}"), b""),
        later(post(&format!("/?upload={upload}"), b"")),
        ask("DELETE", &format!("/uploads/{upload}")),
        put(&address, &picture),
        get(&job),
        get(&format!("{job}/events")),
        ask("DELETE", &job),
    ] {
        let answer = keeping.ask(&ask);
        assert_eq!(answer.status, 404, "{} {}: {}", ask.method, ask.path, answer.text());
    }
    // An answer that is kept no more is made again.
    assert_eq!(keeping.ask(&post("/", &picture)).good().must("x-cache"), "miss");
    // What nobody can have any more is removed: a sweep comes every minute.
    wait_for(Duration::from_secs(75), "an empty store", || keeping.kept().is_empty().then_some(()));
    keeping.good();
}
