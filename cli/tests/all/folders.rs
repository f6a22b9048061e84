//! Folders: made once, gone on with, and what failed told by file.

use crate::double::{Double, Place, png, problem};

fn sepia() -> Double {
    Double::start(|asked, _| if asked.body == "bad" { problem(422, "the picture is broken") } else { png(b"made") })
}

#[test]
fn a_folder_is_gone_on_with() {
    let double = sepia();
    let place = Place::new();
    for name in ["in/a.png", "in/b.bmp", "in/sub/c.png"] {
        place.write(name, name);
    }
    let posts = |words: &str| {
        let before = double.count("POST");
        let (code, out, err) = place.run(&format!("sepia in -o out {words} --url {}", double.url));
        assert_eq!((code, out.as_str(), err.as_str()), (0, "", ""));
        double.count("POST") - before
    };
    assert_eq!(posts("-j 2"), 3);
    assert_eq!(place.names("out"), [".darkroom.jsonl", "a.png", "b.png", "sub"]);
    assert_eq!(posts(""), 0, "all is there");
    place.write("in/a.png", "changed");
    assert_eq!(posts(""), 1, "another input");
    std::fs::remove_file(place.path("out/sub/c.png")).unwrap();
    assert_eq!(posts(""), 1, "an answer is missing");
    assert_eq!(posts("-O strength=1"), 3, "other options");
    assert_eq!(posts("-O strength=1 --force"), 3);
}

#[test]
fn what_failed_is_listed_and_the_rest_is_made() {
    let double = sepia();
    let place = Place::new();
    for (name, bytes) in [("in/a.png", "good"), ("in/b.png", "bad"), ("in/c.png", "good"), ("in/d.png", "")] {
        place.write(name, bytes);
    }
    let (code, out, err) = place.run(&format!("sepia in --json --url {}", double.url));
    assert_eq!(code, 1);
    let wanted = "darkroom: 2 of 4 failed:\n  in/b.png: the picture is broken (422)\n  in/d.png: is empty\n";
    assert_eq!(err, wanted);
    assert_eq!(place.names("in-sepia"), [".darkroom.jsonl", "a.png", "c.png"]);
    let first = r#"{"input":"in/a.png","output":"in-sepia/a.png","type":"image/png"}"#;
    assert_eq!(out.lines().next(), Some(first));
}

#[test]
fn beside_the_input_nothing_is_overwritten_unasked() {
    let double = sepia();
    let place = Place::new();
    place.write("a.png", "x");
    place.write("a-sepia.png", "mine");
    let run = |words: &str| place.run(&format!("sepia a.png {words} --url {}", double.url));
    let (code, _, err) = run("");
    assert_eq!((code, place.read("a-sepia.png").as_str(), double.count("POST")), (0, "mine", 0));
    assert!(err.contains("a-sepia.png is there already; --force"), "{err}");
    assert_eq!(run("--force").0, 0);
    assert_eq!(place.read("a-sepia.png"), "made");
    let (code, _, err) = run("-o a.png");
    assert!(code == 1 && err.contains("would overwrite the input"), "{err}");
    assert_eq!(place.read("a.png"), "x");
}
