//! Every form of request with every form of answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::Format;
use image::ImageFormat;
use serde_json::{Value, json};

use super::{each, each_picture};
use crate::samples::{difference, jpeg, other, photo, png, read, webp};
use crate::wire::{Answer, Ask, envelope, get, post, post_form, post_json, unbase64};

/// What an answer is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Is {
    Picture(Format),
    Envelope,
    Base64,
    Enhanced,
}

/// Every form of request for one picture: name, whether it is JSON, the request.
fn requests(path: &str, picture: &[u8]) -> Vec<(&'static str, bool, Ask)> {
    let text = STANDARD.encode(picture);
    let in_lines =
        text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect::<Vec<_>>().join("\n");
    vec![
        ("raw", false, post(path, picture).header("content-type", "image/png")),
        ("raw of another picture's type", false, post(path, picture).header("content-type", "image/jpeg")),
        ("octet-stream", false, post(path, picture).header("content-type", "application/octet-stream")),
        ("untyped", false, post(path, picture)),
        ("curl --data-binary", false, post(path, picture).header("content-type", "application/x-www-form-urlencoded")),
        ("form image", false, post_form(path, &[("image", "photo.png", picture)])),
        ("form file", false, post_form(path, &[("file", "photo.png", picture)])),
        ("form without a file name", false, post_form(path, &[("image", "", picture)])),
        ("JSON img_data", true, post_json(path, &json!({"img_data": text}))),
        ("JSON image", true, post_json(path, &json!({"image": text}))),
        ("JSON data URL", true, post_json(path, &json!({"image": format!("data:image/png;base64,{text}")}))),
        ("JSON in lines", true, post_json(path, &json!({"img_data": in_lines}))),
        ("JSON unpadded", true, post_json(path, &json!({"img_data": text.trim_end_matches('=')}))),
        ("JSON of a charset", true, {
            let body = json!({"img_data": text}).to_string();
            post(path, body.as_bytes()).header("content-type", "Application/JSON; charset=utf-8")
        }),
    ]
}

/// The picture inside an answer, once the answer is what it must be.
fn picture_in(answer: &Answer, is: Is) -> Vec<u8> {
    let kind = answer.must("content-type");
    match is {
        Is::Picture(format) => {
            let name = format!("image/{}", format!("{format:?}").to_lowercase());
            assert_eq!((kind, read(&answer.body).1), (name.as_str(), format));
            answer.body.clone()
        }
        Is::Envelope => {
            assert_eq!(kind, "application/json");
            let body = answer.json();
            assert_eq!((&body["code"], &body["msg"]), (&json!(1), &json!("success")), "{body}");
            unbase64(body["data"]["enhance_result"].as_str().expect("base64"))
        }
        Is::Base64 => {
            assert_eq!(kind, "text/plain; charset=utf-8");
            unbase64(&answer.text())
        }
        Is::Enhanced => {
            assert_eq!(kind, "application/json");
            let body = answer.json();
            assert_eq!(body["success"], true);
            let url = body["result_url"].as_str().expect("a URL");
            unbase64(url.split_once(";base64,").expect("a data: URL").1)
        }
    }
}

// proves: K02, K08, B01, E03, E04, E05
#[test]
fn every_form_of_request_has_every_form_of_answer() {
    let asked = photo(20, 13);
    let body = png(&asked);
    each_picture(|function, server, scale| {
        let plain = server.ask(&post("/", &body).accept("image/png")).good();
        let (expect, _) = read(&plain.body);
        assert_eq!((expect.width(), expect.height()), (20 * scale, 13 * scale));
        for path in ["/", "/predict", "/enhance", "/base64"] {
            for (form, is_json, request) in requests(path, &body) {
                let json = if path == "/enhance" && form.starts_with("form") { Is::Enhanced } else { Is::Envelope };
                let unasked = match (path, is_json) {
                    ("/base64", _) => Is::Base64,
                    ("/enhance", false) if json == Is::Enhanced => json,
                    (_, true) => Is::Envelope,
                    _ => Is::Picture(Format::Png),
                };
                for (accept, is) in [
                    ("", unasked),
                    ("*/*", unasked),
                    ("application/json", json),
                    ("image/*", Is::Picture(Format::Png)),
                    ("image/png", Is::Picture(Format::Png)),
                    ("image/jpeg", Is::Picture(Format::Jpeg)),
                    ("image/webp;q=0.9, image/jpeg;q=0.8", Is::Picture(Format::WebP)),
                    ("text/html, image/avif, image/jpeg;q=0.1, text/plain;q=0.2", Is::Base64),
                    ("text/plain", Is::Base64),
                ] {
                    let place = format!("{function} {path} {form}, Accept: {accept}");
                    let answer = server.ask(&request.clone().accept(accept));
                    assert_eq!(answer.status, 200, "{place}: {}", answer.text());
                    let (picture, format) = read(&picture_in(&answer, is));
                    let (most, mean) = difference(picture.pixels(), expect.pixels());
                    assert!(if format == Format::Png { most == 0 } else { mean < 12.0 }, "{place}: {most} {mean}");
                    assert!(answer.must("x-model").starts_with("default@"), "{place}");
                }
            }
        }
    });
}

// proves: E03, E04, E05
#[test]
fn the_envelope_tells_all_that_its_clients_read() {
    let body = png(&photo(16, 10));
    each_picture(|_, server, scale| {
        // Python: requests.post(url, data=json.dumps({...})): no Content-Type, Accept: */*.
        let python = post("/", envelope(&body, "a-1").to_string().as_bytes()).accept("*/*");
        let answer = server.ask(&python).good();
        let text = answer.json();
        assert_eq!(text["req_id"], "a-1");
        let data = &text["data"];
        assert_eq!((&data["width"], &data["height"]), (&json!(16 * scale), &json!(10 * scale)));
        assert_eq!((&data["content_type"], &data["model"]), (&json!("image/png"), &json!("default")));
        let weights = data["weights"].as_str().expect("a digest");
        assert_eq!(answer.must("x-model"), format!("default@{weights}"));
        let manifest = server.ask(&get("/models/default")).good().json();
        let digests = manifest["weights"].as_array().expect("files");
        assert!(digests.iter().any(|one| one["sha256"].as_str().unwrap().starts_with(weights)) && weights.len() == 12);
        let seconds = data["seconds"].as_f64().expect("seconds");
        assert!(seconds > 0.0 && seconds < 60.0);
        // A number as the id comes back as it would be written; without one, ours stands there.
        let numbered = json!({"img_data": STANDARD.encode(&body), "req_id": 7});
        assert_eq!(server.ask(&post_json("/", &numbered)).good().json()["req_id"], "7");
        let unnamed = server.ask(&post_json("/", &json!({"img_data": STANDARD.encode(&body)}))).good();
        assert_eq!(unnamed.json()["req_id"], unnamed.must("x-request-id"));
    });
}

// proves: U02
#[test]
fn the_super_resolution_service_answers_as_its_document_says() {
    let body = jpeg(&photo(31, 17), 90);
    each_picture(|_, server, scale| {
        let answer = server.ask(&post_form("/enhance", &[("image", "a.jpg", &body)]).accept("*/*")).good();
        let text = answer.json();
        assert_eq!(text["success"], true);
        assert_eq!(text["original_shape"], json!([17, 31]));
        assert_eq!(text["enhanced_shape"], json!([17 * scale, 31 * scale]));
        assert!(text["result_url"].as_str().expect("a URL").starts_with("data:image/jpeg;base64,/9j/"));
    });
}

#[test]
fn the_style_client_reads_bare_base64() {
    let body = png(&photo(16, 16));
    each_picture(|_, server, scale| {
        let answer = server.ask(&post_form("/base64", &[("file", "a.png", &body)])).good();
        assert_eq!(read(&unbase64(&answer.text())).0.width(), 16 * scale);
    });
}

// proves: K02, B01
#[test]
fn an_answer_has_the_requests_encoding_where_it_can_be_written() {
    let picture = photo(24, 18);
    each_picture(|function, server, scale| {
        for (name, body, expect) in [
            ("JPEG", jpeg(&picture, 90), Format::Jpeg),
            ("PNG", png(&picture), Format::Png),
            ("WebP", webp(&picture), Format::WebP),
            ("GIF", other(&picture, ImageFormat::Gif), Format::Png),
            ("BMP", other(&picture, ImageFormat::Bmp), Format::Png),
            ("TIFF", other(&picture, ImageFormat::Tiff), Format::Png),
        ] {
            let answer = server.ask(&post("/", &body)).good();
            let (answered, format) = read(&answer.body);
            assert_eq!(
                (format, answered.width(), answered.height()),
                (expect, 24 * scale, 18 * scale),
                "{function} {name}"
            );
        }
    });
}

// proves: K02
#[test]
fn an_odd_file_name_is_no_option_and_no_path() {
    let body = png(&photo(8, 8));
    each(|_, server, _| {
        let names =
            ["../../etc/passwd", "C:\\x.png", "no suffix", "\u{1f4f7} \u{7167}.jpg", "a; model=x", &"n".repeat(4000)];
        for name in names {
            let answer = server.ask(&post_form("/", &[("image", name, &body)]));
            assert_eq!(answer.status, 200, "{name:.40}: {}", answer.text());
        }
    });
}

#[test]
fn two_requests_go_over_one_connection() {
    let body = png(&photo(12, 12));
    each(|_, server, _| {
        let mut connection = crate::wire::Connection::open(&server.address);
        for _ in 0..2 {
            connection.send(&post("/", &body));
            connection.receive("POST").good();
            connection.send(&post("/", b""));
            connection.receive("POST").problem(400);
            connection.send(&crate::wire::ask("HEAD", "/models"));
            connection.receive("HEAD").good();
        }
        let members: Value = server.ask(&get("/models")).good().json();
        assert!(members["children"].is_array());
    });
}
