//! Servers that are busy, elsewhere, locked, or not there.

use crate::double::{Double, Place, answer, png, problem};

#[test]
fn a_busy_server_is_asked_again_when_it_says() {
    let double = Double::start(|_, before| match before {
        0 => answer(429, &[("retry-after", "0")], "wait"),
        1 => answer(503, &[("retry-after", "0")], "wait"),
        _ => png(b"made"),
    });
    let place = Place::new();
    place.write("a.png", "x");
    let (code, out, err) = place.run(&format!("sepia a.png -o b.png --url {}", double.url));
    assert_eq!((code, out.as_str(), place.read("b.png").as_str()), (0, "", "made"), "{err}");
    assert!(err.contains("busy (429); trying again in 0 s, 2 of 6") && err.contains("busy (503)"), "{err}");
}

#[test]
fn patience_ends() {
    let double = Double::start(|_, _| answer(429, &[("retry-after", "0")], r#"{"detail":"the queue is full"}"#));
    let place = Place::new();
    place.write("a.png", "x");
    let (code, _, err) = place.run(&format!("sepia a.png -q --url {}", double.url));
    assert_eq!((code, err.as_str(), double.count("POST")), (1, "darkroom: a.png: the queue is full (429)\n", 6));
}

#[test]
fn an_answer_that_is_elsewhere_is_fetched_there_without_the_key() {
    let store = Double::start(|_, _| png(b"kept"));
    let far = store.url.clone();
    let double = Double::start(move |asked, _| match asked.line.as_str() {
        "POST /f/?format=png" => answer(303, &[("location", "result/r1")], ""),
        "GET /f/result/r1" => answer(303, &[("location", &far)], ""),
        line => panic!("{line}"),
    });
    let place = Place::new();
    place.write("a.png", "x");
    let (code, _, err) = place.run(&format!("sepia a.png -o b.png --key hush --url {}", double.url));
    assert_eq!((code, place.read("b.png").as_str()), (0, "kept"), "{err}");
    assert_eq!(double.asked("GET /f/result/r1").header("authorization"), Some("Bearer hush"));
    assert_eq!(store.asked("GET /f/").header("authorization"), None);
}

#[test]
fn a_wrong_key_is_told_and_never_shown() {
    let double = Double::start(|asked, _| match asked.header("authorization") {
        Some("Bearer right") => png(b"made"),
        Some(_) => problem(403, "this key is not known here"),
        None => problem(401, "a key is needed"),
    });
    let place = Place::new();
    place.write("a.png", "x");
    let run = |words: &str| place.run(&format!("sepia a.png -o b.png --url {} {words}", double.url));
    let (code, out, err) = run("");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("a key is needed (401); give a key with --key, DARKROOM_KEY"), "{err}");
    let (code, _, err) = run("--key wrong-hush");
    assert!(code == 1 && err.contains("not known here (403)") && !err.contains("hush"), "{err}");
    let (code, _, err) = place.run(&format!("sepia a.png a.png -j 1 -o out --key wrong --url {}", double.url));
    assert!(code == 1 && err.contains("two calls"), "{err}");
    place.write("b.png", "x");
    let (_, _, err) = place.run(&format!("sepia a.png b.png -j 1 -o out --key wrong --url {}", double.url));
    assert!(err.contains("and 1 not tried"), "{err}");
    place.write("darkroom.toml", "key = \"right\"");
    let (code, _, err) = run("");
    assert!(code == 0 && err.contains("others can read it: chmod 600") && !err.contains("right"), "{err}");
}

#[test]
fn an_address_where_nobody_is_ends_it_at_once() {
    let place = Place::new();
    for name in ["a.png", "b.png", "c.png"] {
        place.write(name, "x");
    }
    // Bound, but not listened at: nobody else can come to it meanwhile.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = format!("http://{}/", socket.local_addr().unwrap());
    let (code, _, err) = place.run(&format!("sepia a.png b.png c.png -j 1 -o out --url {address}"));
    assert_eq!(code, 1);
    assert!(err.contains(&format!("a.png: nobody answers at {address}")) && err.contains("--url"), "{err}");
    assert!(err.contains("and 2 not tried"), "{err}");
}

#[test]
fn a_wrong_command_line_is_a_status_of_its_own() {
    let place = Place::new();
    let (code, out, err) = place.run("sepia a.png --opt model");
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("NAME=VALUE"), "{err}");
    let (code, out, _) = place.run("completions bash");
    assert!(code == 0 && out.contains("_darkroom"));
    let (code, out, _) = place.run("sepia --help");
    assert!(code == 0 && out.contains("Examples:"));
}
