//! Ids and names from outside: paths, ids of others, addresses that webhooks must not have.

use super::*;
use crate::wire::{ask, get, post_form};

/// What climbs out of a folder, ends a text early or breaks a header, where something is careless.
fn climbers() -> Vec<String> {
    let mut list = Vec::new();
    for up in ["../", "..%2f", "%2e%2e%2f", "%2e%2e/", "..%252f", "....//", "..%5c", "%c0%ae%c0%ae%c0%af", "..;/"] {
        for depth in [1, 2, 8] {
            list.extend([up.repeat(depth) + "outside.png", up.repeat(depth) + "etc%2fpasswd"]);
        }
    }
    let odd = [
        ".",
        "..",
        "%2e",
        "%2e%2e",
        ".lock",
        "%00",
        "outside.png%00",
        "%2foutside.png",
        "%2fetc%2fpasswd",
        "%0d%0aset-cookie:%20x=1",
        "%ef%bc%8e%ef%bc%8e%ef%bc%8foutside.png",
        "%e2%80%ae",
        "CON",
        "~",
        "$HOME",
        "*",
        "?",
        "#",
        "%20",
        "%25",
        "a%2fb",
        "-",
    ];
    list.extend(odd.map(str::to_owned));
    list.extend([
        "a".repeat(8000),
        "0".repeat(32),
        format!("{}-{}-{}.png", "0".repeat(32), "0".repeat(16), "0".repeat(32)),
    ]);
    list
}

// proves: U14
#[test]
fn an_id_is_never_a_path() {
    let keeping = keeping(&[("API_KEYS", &hashes(&[ALICE, BOB]))]);
    let secret = b"what lies beside the store";
    std::fs::write(keeping.folder.path().join("outside.png"), secret).unwrap();
    std::fs::create_dir_all(keeping.store()).unwrap();
    let picture = png(&photo(8, 8));
    let asks = |id: &str| {
        let named = |method, path: String| by(ask(method, &path), ALICE);
        vec![
            named("GET", format!("/result/{id}")),
            named("HEAD", format!("/result/{id}")),
            named("DELETE", format!("/result/{id}")),
            by(put(&format!("/uploads/{id}?token=x"), &picture), ALICE),
            named("DELETE", format!("/uploads/{id}")),
            named("POST", format!("/?upload={id}")),
            named("GET", format!("/jobs/{id}")),
            named("GET", format!("/jobs/{id}/events")),
            named("DELETE", format!("/jobs/{id}")),
            named("POST", format!("/jobs/{id}/run")),
            named("GET", format!("/models/{id}")),
        ]
    };
    let list: Vec<_> =
        climbers().iter().flat_map(|id| asks(id)).map(|ask| (format!("{} {}", ask.method, ask.path), ask)).collect();
    let attack = |ask: &Ask| {
        let answer = keeping.ask(ask);
        // The addresses `/result/.` and `?` lead elsewhere, and are answered as what is there.
        let elsewhere = ask.path.contains(['?', '#']) && answer.status == 200;
        let refused = matches!(answer.status, 400 | 404 | 405 | 414);
        if holds(&answer.body, secret) || holds(&answer.body, b"root:") || answer.header("set-cookie").is_some() {
            return Some(format!("tells {}", answer.text()));
        }
        if ask.method != "HEAD" && refused && answer.header("content-type") != Some("application/problem+json") {
            return Some(format!("{} is no problem document: {:.200}", answer.status, answer.text()));
        }
        (!refused && !elsewhere).then(|| format!("{} {:.200}", answer.status, answer.text()))
    };
    keeping.attacked(&list, attack);
    assert_eq!(std::fs::read(keeping.folder.path().join("outside.png")).unwrap(), secret);
}

// proves: U14
#[test]
fn what_is_anothers_is_not_there() {
    let keeping = keeping(&[("API_KEYS", &hashes(&[ALICE, BOB]))]);
    let picture = png(&photo(20, 10));
    let mine = keeping.upload(ALICE, &picture);
    let answer = keeping.ask(&by(post("/", &picture), ALICE)).good();
    let result = format!("/{}", answer.must("content-location"));
    let begun = keeping.ask(&later(by(post("/?max_side=7", &picture), ALICE)).header("idempotency-key", "same"));
    assert_eq!(begun.status, 202, "{}", begun.text());
    let job = format!("/{}", begun.must("location"));
    assert_eq!(keeping.job(&job, ALICE)["state"], "done");
    let (waits, address) = keeping.announce(ALICE, picture.len());
    let list = [
        ask("DELETE", &result),
        get(&job),
        get(&format!("{job}/events")),
        ask("DELETE", &job),
        ask("DELETE", &format!("/uploads/{mine}")),
        ask("DELETE", &format!("/uploads/{waits}")),
        post(&format!("/?upload={mine}"), b""),
        later(post(&format!("/?upload={mine}"), b"")),
        post_json("/", &json!({"upload": mine})),
    ];
    let list: Vec<_> = list.into_iter().map(|ask| (format!("{} {}", ask.method, ask.path), by(ask, BOB))).collect();
    keeping.attacked(&list, |ask| {
        let answer = keeping.ask(ask);
        (answer.status != 404).then(|| format!("{} {:.200}", answer.status, answer.text()))
    });
    // Without the address's token nobody may put, and with it nobody may put twice.
    let (bare, _) = address.split_once('?').unwrap();
    for wrong in [bare.to_owned(), format!("{bare}?token="), format!("{bare}?token={}", "0".repeat(32))] {
        keeping.ask(&by(put(&wrong, &picture), BOB)).problem(403);
    }
    keeping.ask(&put(&address, &picture[1..])).problem(400);
    assert_eq!(keeping.ask(&put(&address, &picture)).status, 204);
    keeping.ask(&put(&address, &picture)).problem(403);
    // The same question of another is another's: neither the answer nor the job of the same key is theirs.
    assert_eq!(keeping.ask(&by(post("/", &picture), ALICE)).good().must("x-cache"), "hit");
    assert_eq!(keeping.ask(&by(post("/", &picture), BOB)).good().must("x-cache"), "miss");
    let other = keeping.ask(&later(by(post("/?max_side=7", &picture), BOB)).header("idempotency-key", "same"));
    assert_ne!(format!("/{}", other.must("location")), job);
    // All of it is there still for whom it belongs to.
    assert_eq!(keeping.ask(&get(&result)).good().body, answer.body);
    keeping.ask(&by(post(&format!("/?upload={mine}"), b""), ALICE)).good();
    assert_eq!(keeping.ask(&by(get(&job), ALICE)).good().json()["state"], "done");
    for gone in [result, format!("/uploads/{mine}"), format!("/uploads/{waits}")] {
        assert_eq!(keeping.ask(&by(ask("DELETE", &gone), ALICE)).status, 204);
        keeping.ask(&by(ask("DELETE", &gone), ALICE)).problem(404);
    }
}

// proves: U14
#[test]
fn odd_names_of_files_are_no_paths_and_are_forgotten() {
    let keeping = keeping(&[]);
    let picture = png(&photo(8, 8));
    for name in [
        "../../tell-tale",
        "tell-tale\0.png",
        "tell-tale\r\nset-cookie: x=1",
        "tell-tale.png.exe",
        "\u{202e}gnp.elat-llet",
    ] {
        let announced = json!({"name": name, "type": "image/png", "length": picture.len()});
        let answer = keeping.ask(&post_json("/uploads", &announced));
        assert_eq!((answer.status, answer.header("set-cookie")), (201, None), "{name:?}: {}", answer.text());
        // In a form the line break ends the header: the form may be refused.
        let answer = keeping.ask(&post_form("/", &[("image", name, &picture)]));
        assert!(
            matches!(answer.status, 200 | 400) && answer.header("set-cookie").is_none(),
            "{name:?}: {}",
            answer.text()
        );
    }
    for (path, _) in keeping.kept() {
        let name = path.display().to_string();
        assert!(!name.contains("tell-tale") && !name.contains('#'), "{name}");
        assert!(!holds(&std::fs::read(&path).unwrap(), b"tell-tale"), "{name}");
    }
    for kind in ["image/png\r\nx: y", "text/html", "image/\u{e9}", "", &format!("image/{}", "x".repeat(200))] {
        let announced = json!({"name": "a.png", "type": kind, "length": 9});
        keeping.ask(&post_json("/uploads", &announced)).problem(415);
    }
    for length in [json!(-1), json!(1.5), json!(1e308), json!("9"), json!(null), json!(0)] {
        keeping
            .ask(&post_json("/uploads", &json!({"name": "a.png", "type": "image/png", "length": length})))
            .problem(400);
    }
    keeping.ask(&post_json("/uploads", &json!({"type": "image/png", "length": u64::MAX}))).problem(413);
}

// proves: U14
#[test]
fn webhooks_go_to_public_addresses_alone() {
    let keeping = keeping(&[]);
    let picture = png(&photo(8, 8));
    let list = [
        "http://example.org/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://localhost/",
        "https://localhost./",
        "https://LOCALHOST/",
        "https://user:pass@example.org/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "https://192.168.1.1/",
        "https://100.64.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fe80::1]/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "ftp://example.org/",
        "data:text/plain,x",
        "https:///",
        "//example.org/",
        "https://",
        "javascript:alert(1)",
        "https://\u{2460}27.0.0.1/",
    ];
    let list: Vec<_> = list.into_iter().map(|address| (address.to_owned(), address)).collect();
    keeping.attacked(&list, |address| {
        let answer = keeping.ask(&later(post("/", &picture)).header("webhook", address));
        (answer.status != 400).then(|| format!("{} {:.200}", answer.status, answer.text()))
    });
}
