//! What is too large for a request.

use axum::response::Response;

use crate::double::{Asked, Double, Place, answer, json, png, problem};

const GRANTED: &str =
    r#"{"id":"u1","method":"PUT","url":"uploads/u1/bytes?sign=a%2Fb","headers":{"x-part":"7"},"valid_s":60}"#;
const DONE: &str = r#"{"id":"j1","state":"done","progress":1.0,"result_url":"../../result/r1","problem":null}"#;

/// A function that takes uploads and works on them as jobs.
fn store(asked: &Asked) -> Response {
    match asked.line.as_str() {
        "POST /f/uploads" => json(201, GRANTED),
        "PUT /f/uploads/u1/bytes?sign=a%2Fb" => answer(204, &[], ""),
        "POST /f/?model=m&format=png&upload=u1" => answer(202, &[("location", "jobs/j1")], "{}"),
        "GET /f/jobs/j1/events" => {
            let events =
                format!("event: job\ndata: {}\n\nevent: job\ndata: {DONE}\n\n", DONE.replace("done", "running"));
            answer(200, &[("content-type", "text/event-stream")], events)
        }
        "GET /f/result/r1" => png(b"made"),
        "DELETE /f/uploads/u1" => answer(204, &[], ""),
        line => panic!("{line}"),
    }
}

fn sends_it_by_upload(double: &Double, place: &Place, first: &[&str]) {
    let (code, out, err) = place.run(&format!("sepia a.jpg -o b.png -O model=m --key hush --url {}", double.url));
    assert_eq!((code, out.as_str(), err.as_str()), (0, "", ""));
    assert_eq!(place.read("b.png"), "made");
    let lines = double.lines();
    let rest = [
        "POST /f/uploads",
        "PUT /f/uploads/u1/bytes?sign=a%2Fb",
        "POST /f/?model=m&format=png&upload=u1",
        "GET /f/jobs/j1/events",
        "GET /f/result/r1",
        "DELETE /f/uploads/u1",
    ];
    assert_eq!(lines, [first, &rest].concat());
    let asked = double.asked("POST /f/uploads");
    let length = std::fs::metadata(place.path("a.jpg")).unwrap().len();
    let wanted = format!(r#"{{"length":{length},"name":"a.jpg","type":"image/jpeg"}}"#);
    assert_eq!((asked.body.clone(), asked.header("authorization")), (wanted.into(), Some("Bearer hush")));
    let put = double.asked("PUT /f/uploads/u1/bytes?sign=a%2Fb");
    assert_eq!(put.body, std::fs::read(place.path("a.jpg")).unwrap());
    assert_eq!((put.header("x-part"), put.header("authorization")), (Some("7"), None));
    assert_eq!(put.header("content-length"), Some(length.to_string().as_str()));
    let begun = double.asked("POST /f/?model=m&format=png&upload=u1");
    assert!(begun.body.is_empty() && begun.header("prefer") == Some("respond-async"));
    assert!(begun.header("idempotency-key").is_some());
}

#[test]
fn what_is_larger_than_the_address_tells_is_uploaded() {
    let double = Double::start(|asked, _| match asked.line.as_str() {
        "GET /f/" => json(200, r#"{"limits":{"max_body_bytes":1100000},"store":{"kept_s":60}}"#),
        _ => store(asked),
    });
    let place = Place::new();
    let mut large: Vec<u8> = (0..1_200_000_u32).map(|at| (at % 251) as u8).collect();
    large[..3].copy_from_slice(b"\xff\xd8\xff");
    place.write("a.jpg", large);
    sends_it_by_upload(&double, &place, &["GET /f/"]);
}

#[test]
fn a_refusal_that_names_uploads_is_followed() {
    let double = Double::start(|asked, _| match asked.line.as_str() {
        "POST /f/?model=m&format=png" => problem(413, "too large; POST /uploads takes it"),
        _ => store(asked),
    });
    let place = Place::new();
    place.write("a.jpg", b"\xff\xd8\xffsmall");
    sends_it_by_upload(&double, &place, &["POST /f/?model=m&format=png"]);
}

#[test]
fn a_refusal_without_uploads_stands() {
    let double = Double::start(|_, _| problem(413, "at most 10 bytes"));
    let place = Place::new();
    place.write("a.jpg", "larger than that");
    let (code, _, err) = place.run(&format!("sepia a.jpg --url {}", double.url));
    assert_eq!((code, err.as_str()), (1, "darkroom: a.jpg: at most 10 bytes (413)\n"));
    assert_eq!(double.lines(), ["POST /f/"]);
}
