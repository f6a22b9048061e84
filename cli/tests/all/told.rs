//! Answers in words: classes, boxes, frames; from files and path after path.

use std::io::Write;
use std::process::Stdio;

use image::RgbImage;

use crate::double::{Double, Place, answer, json, png, told};

const CLASSES: &str = r#"{"code":1,"data":{"classes":[{"class_id":3,"name":"cat","score":0.75}]}}"#;
const BOXES: &str = r#"{"code":1,"data":{"width":60,"height":40,"boxes":[
    {"box":[10,10,50,30],"class_id":0,"name":"person","score":0.5}]}}"#;
const FRAMES: &str = "{\"frames\":2,\"fps\":10.0}\n{\"boxes\":[],\"index\":0,\"time\":0.0}\n\
    {\"boxes\":[{\"name\":\"car\"}],\"index\":1,\"time\":0.1}\n";
const VIDEO: &[u8] = b"\0\0\0\x20ftypisom0000";

// proves: O02
#[test]
fn path_after_path_is_answered_and_a_bad_one_does_not_end_it() {
    let double = Double::start(|_, _| json(200, CLASSES));
    let place = Place::new();
    place.write("a.jpg", "x");
    place.write("with space.jpg", "x");
    let mut command = place.command(&format!("classes --url {}", double.url));
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let lines = b"a.jpg\n\nmissing.jpg\n'with space.jpg'\n.\n";
    child.stdin.take().unwrap().write_all(lines).unwrap();
    let (code, out, err) = told(&child.wait_with_output().unwrap());
    assert_eq!(out, "a.jpg\n  75.0%  cat\nwith space.jpg\n  75.0%  cat\n");
    assert_eq!(err.lines().count(), 2);
    assert!(err.starts_with("darkroom: missing.jpg: No such file") && err.contains(".: is a folder"), "{err}");
    assert_eq!(code, 1);
}

// proves: O09
#[test]
fn boxes_are_drawn_into_the_users_own_picture() {
    let double = Double::start(|_, _| json(200, BOXES));
    let place = Place::new();
    RgbImage::from_pixel(60, 40, image::Rgb([100; 3])).save(place.path("a.png")).unwrap();
    let (code, out, err) = place.run(&format!("boxes a.png -o b.png -O names=false --url {}", double.url));
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out, "a.png  60x40, 1 object\n  50.0%  person         10,10 to 50,30\n");
    let drawn = image::open(place.path("b.png")).unwrap().into_rgb8();
    assert_eq!((drawn[(30, 20)].0, drawn[(12, 20)].0), ([100; 3], [255, 60, 60]));
    let (code, _, _) = place.run(&format!("boxes a.png -o b.json --url {}", double.url));
    assert!(code == 0 && place.read("b.json").contains("person"));
    let (code, out, _) = place.run(&format!("boxes a.png -o - --url {}", double.url));
    assert!(code == 0 && out.contains("PNG"));
}

#[test]
fn classes_are_no_picture() {
    let double = Double::start(|_, _| json(200, CLASSES));
    let place = Place::new();
    place.write("a.jpg", "x");
    let (code, _, err) = place.run(&format!("classes a.jpg -o b.jpg --url {}", double.url));
    assert!(code == 1 && err.contains("-o FILE.json"), "{err}");
    assert_eq!(place.names("."), ["a.jpg"]);
}

#[test]
fn a_picture_too_large_for_the_answer_is_fetched() {
    let double = Double::start(|asked, _| match asked.line.as_str() {
        "POST /f/" => json(200, r#"{"code":1,"data":{"result_url":"result/r1","width":9}}"#),
        "GET /f/result/r1" => png(b"made"),
        line => panic!("{line}"),
    });
    let place = Place::new();
    place.write("a.png", "x");
    assert_eq!(place.run(&format!("sepia a.png --url {}", double.url)), (0, String::new(), String::new()));
    assert_eq!(place.read("a-sepia.png"), "made");
}

#[test]
fn frames_are_told_as_they_come_and_a_cut_video_fails() {
    let double = Double::start(|asked, _| {
        let end =
            if asked.line.contains("every=2") { "{\"dropped\":1,\"error\":\"cut\"}\n" } else { "{\"dropped\":0}\n" };
        answer(200, &[("content-type", "application/jsonl")], format!("{FRAMES}{end}"))
    });
    let place = Place::new();
    place.write("v.mp4", VIDEO);
    let run = |words: &str| place.run(&format!("boxes v.mp4 {words} --url {}", double.url));
    let (code, out, err) = run("");
    assert_eq!((code, out.as_str(), err.as_str()), (0, "    0.00 s\n    0.10 s  1 car\n", ""));
    assert_eq!(double.asked("POST /f/video").header("content-type"), Some("video/mp4"));
    let (code, out, _) = run("--json");
    assert_eq!((code, out), (0, format!("{FRAMES}{{\"dropped\":0}}\n")));
    let (code, out, err) = run("-O every=2");
    assert_eq!((code, out.lines().count()), (1, 2));
    assert_eq!(err, "darkroom: v.mp4: the video ends early: cut\n");
    let (code, _, err) = run("-o v.gif");
    assert!(code == 1 && err.contains("avi, mp4 or jsonl"), "{err}");
}

#[test]
fn the_rendered_video_is_written() {
    let double = Double::start(|asked, _| {
        assert_eq!(asked.header("accept"), Some("video/x-msvideo"));
        answer(200, &[("content-type", "video/x-msvideo")], "film")
    });
    let place = Place::new();
    place.write("v.mp4", VIDEO);
    let (code, _, err) = place.run(&format!("boxes v.mp4 -o b.avi --url {}", double.url));
    assert_eq!((code, place.read("b.avi").as_str()), (0, "film"), "{err}");
}

// proves: E07
#[test]
fn a_bench_counts_and_exits_by_its_errors() {
    let double = Double::start(|_, before| if before == 2 { answer(429, &[], "") } else { json(200, CLASSES) });
    let place = Place::new();
    place.write("a.jpg", "x");
    let (code, out, _) = place.run(&format!("bench classes a.jpg -n 10 -c 3 --json --url {}", double.url));
    assert_eq!((code, double.count("POST")), (1, 10));
    assert!(out.contains(r#""errors":{"429":1}"#) && out.contains(r#""requests":10"#), "{out}");
    assert_eq!(double.asked("POST /f/").header("cache-control"), Some("no-store"));
}
