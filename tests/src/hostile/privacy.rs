//! What is told of pictures and their owners: nothing, in the log, on the disk beside the store, and in a crash.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;

use super::*;
use crate::samples::jpeg;
use crate::wire::{ask, envelope, get, post_form};

const NAME: &str = "tell-tale-name-of-a-file";
const PLACE: &str = "GPS 47.3769 N 8.5417 E";
const SECRET: &str = "whsec-4d1f9c77";

/// A JPEG with EXIF of one text, the place where it was taken.
fn placed() -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x0e\x01\x02\0".to_vec();
    exif.extend_from_slice(&(PLACE.len() as u32).to_le_bytes());
    exif.extend_from_slice(&[26, 0, 0, 0, 0, 0, 0, 0]);
    exif.extend_from_slice(PLACE.as_bytes());
    let plain = jpeg(&photo(400, 300), 90);
    [&plain[..2], &[0xff, 0xe1], &(exif.len() as u16 + 2).to_be_bytes(), &exif, &plain[2..]].concat()
}

/// One webhook: takes it, and gives what it said.
fn webhook(listener: &TcpListener) -> String {
    let (mut stream, _) = listener.accept().expect("a webhook");
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let head: Vec<_> = lines.by_ref().map(|line| line.unwrap()).take_while(|line| !line.is_empty()).collect();
    stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").unwrap();
    head.join("\n")
}

// proves: U14
#[test]
fn nothing_is_told_of_a_picture_or_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (here, aside, store) = (path("here"), path("aside"), path("store"));
    std::fs::create_dir_all(&here).unwrap();
    std::fs::create_dir_all(&aside).unwrap();
    let hashes = hashes(&[ALICE, BOB]);
    let settings = [
        ("STORE", store.to_str().unwrap()),
        ("TMPDIR", aside.to_str().unwrap()),
        ("API_KEYS", &hashes),
        ("WEBHOOK_SECRET", SECRET),
        ("WEBHOOK_ANYWHERE", "true"),
    ];
    let keeping = Keeping { server: serving(command("detect", &settings).current_dir(&here)), folder };
    let picture = placed();
    // Words that must stand nowhere, with what they are.
    let mut secrets = vec![
        ("the name", NAME.to_owned()),
        ("the place", PLACE.to_owned()),
        ("a key", ALICE.to_owned()),
        ("a wrong key", "carol-7a7a".to_owned()),
        ("the webhooks' secret", SECRET.to_owned()),
        ("the hashes", hashes.clone()),
        ("base64 of the picture", envelope(&picture, "")["img_data"].as_str().unwrap()[400..440].to_owned()),
    ];
    let alice = |ask: Ask| by(ask, ALICE);
    let form = |path: &str| alice(post_form(path, &[("image", &format!("{NAME}.jpg"), &picture)]));
    let kept_by = |answer: &Answer| answer.must("content-location").trim_start_matches("result/").to_owned();

    // Each form, right and wrong, now and later.
    let kept = kept_by(&keeping.ask(&form("/")).good());
    for ask in [
        form("/?model=none"),
        alice(post_json("/", &envelope(&picture, "1"))),
        alice(post("/", &picture[..picture.len() / 3])),
        by(post("/", &picture), "carol-7a7a"),
        post("/", &picture),
        get("/").header("authorization", &format!("Bearer {ALICE}")),
    ] {
        keeping.ask(&ask);
    }
    let hook = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hook-{NAME}?token={SECRET}", hook.local_addr().unwrap());
    let begun = keeping.ask(&later(form("/?format=jpeg").header("webhook", &address)));
    assert_eq!(begun.status, 202, "{}", begun.text());
    let job = format!("/{}", begun.must("location"));
    assert!(webhook(&hook).contains("x-darkroom-signature"));
    let state = keeping.job(&job, ALICE);
    assert_eq!(state["state"], "done", "{state}");
    secrets.push(("a job's result", state["result_url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()));
    // A webhook that nobody takes: three tries go wrong.
    drop(hook);
    let unheard = keeping.ask(&later(form("/?format=webp").header("webhook", &address)));
    assert_eq!(keeping.job(&format!("/{}", unheard.must("location")), ALICE)["state"], "done");
    // An upload, its token and its id; used by whom it belongs to, by another, and before it is there.
    let announced = json!({"name": format!("{NAME}.jpg"), "type": "image/jpeg", "length": picture.len()});
    let told = keeping.ask(&alice(post_json("/uploads", &announced))).json();
    let (id, url) = (told["id"].as_str().unwrap(), format!("/{}", told["url"].as_str().unwrap()));
    secrets.push(("an upload's token", url.split_once("token=").unwrap().1.to_owned()));
    keeping.ask(&put(&url, &picture[1..]));
    assert_eq!(keeping.ask(&put(&url, &picture)).status, 204);
    keeping.ask(&put(&url, &picture));
    keeping.ask(&alice(post(&format!("/?upload={id}"), b""))).good();
    keeping.ask(&by(post(&format!("/?upload={id}"), b""), BOB)).problem(404);
    let linked = keeping.ask(&alice(post("/?link=true", &picture)).accept("image/png"));
    assert_eq!(linked.status, 303, "{}", linked.text());
    let shown = keeping.ask(&get(&format!("/{}", linked.must("location")))).good();
    for (what, word) in [("the place", PLACE.as_bytes()), ("EXIF", b"Exif\0\0"), ("EXIF", b"eXIf")] {
        assert!(!holds(&shown.body, word), "the kept picture holds {what}");
    }
    secrets.push(("a link", linked.must("location").rsplit('/').next().unwrap().to_owned()));
    // A result is read, in part, and removed.
    for ask in [
        get(&format!("/result/{kept}")),
        get(&format!("/result/{kept}")).header("range", "bytes=5-9"),
        by(ask("DELETE", &format!("/result/{kept}")), BOB),
        alice(ask("DELETE", &format!("/result/{kept}"))),
    ] {
        keeping.ask(&ask);
    }
    secrets.push(("a result", kept));
    // A video goes through a file of its own.
    keeping.ask(&alice(post_form("/video", &[("video", &format!("{NAME}.mp4"), &picture)])));
    keeping.server.process.hear_log("a webhook was not taken", START, |_| true).expect("a webhook in vain");
    let open = || keeping.kept().into_keys().any(|path| path.starts_with(store.join("open")));
    wait_for(START, "the end of all jobs", || (!open()).then_some(()));

    // The picture as it lies in memory, and as it came: sixteen bytes from its midst.
    let piece = &picture[picture.len() / 2..picture.len() / 2 + 16];
    let beside: Vec<_> = walk(keeping.folder.path()).into_keys().filter(|path| !path.starts_with(&store)).collect();
    assert!(beside.is_empty(), "{beside:?}");
    keeping.server.process.terminate();
    let (status, stderr) = keeping.server.process.end(START);
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
    let log = keeping.server.process.lines().join("\n");
    for (what, word) in &secrets {
        assert!(
            !log.contains(word.as_str()),
            "{what} in the log: {}",
            log.lines().find(|line| line.contains(word.as_str())).unwrap()
        );
    }
    assert!(!holds(log.as_bytes(), piece));
    // Of what is kept, only uploads and what a job was given hold the picture; its answers do not.
    for path in walk(&store).into_keys() {
        let (name, bytes) = (path.display().to_string(), std::fs::read(&path).unwrap());
        assert!(!name.contains(NAME), "{name}");
        let [key, secret] = [ALICE, "carol-7a7a"].map(|word| holds(&bytes, word.as_bytes()));
        assert!(!key && !secret, "{name} holds a key");
        assert!(
            name.contains("/upload/") || !(holds(&bytes, piece) || holds(&bytes, PLACE.as_bytes())),
            "{name} holds the picture"
        );
    }
}

// proves: U14
#[test]
fn a_crash_leaves_no_picture_of_the_memory() {
    // SIGSEGV is looked at by Rust's own handler first, which lets only a fault that comes again end the process.
    for signal in ["ABRT", "FPE"] {
        let folder = tempfile::tempdir().unwrap();
        add(&folder.path().join("models"), &manifest("faulty", "default", "same.onnx", 1, &json!({})));
        let models = folder.path().join("models");
        let started = command("faulty", &[("MODELS", models.to_str().unwrap())]);
        // As where everything is allowed.
        let mut unlimited = Command::new("sh");
        unlimited.args(["-c", "ulimit -c unlimited; exec \"$0\""]).arg(started.get_program());
        unlimited
            .env_clear()
            .envs(started.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .current_dir(folder.path());
        let server = serving(&mut unlimited);
        server.ask(&post("/", &placed())).good();
        let id = server.process.id();
        let limits = std::fs::read_to_string(format!("/proc/{id}/limits")).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit");
        assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
        let killed = Command::new("sh").args(["-c", &format!("kill -{signal} {id}")]).status();
        assert!(killed.is_ok_and(|status| status.success()));
        let (status, _) = server.process.end(START);
        assert!(status.signal().is_some() && !status.core_dumped(), "{status:?}");
        let left: Vec<_> = walk(folder.path()).into_keys().filter(|path| !path.starts_with(&models)).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}
