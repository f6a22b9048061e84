//! Several addresses of one function: who is asked, and who does the work.

use std::io::{Read, Write};
use std::net::TcpListener;

use axum::response::Response;

use crate::double::{Double, Place, answer, json, png, problem};

/// The address of nobody: bound, but not listened at, so that nobody else can come to it meanwhile.
struct Nobody(tokio::net::TcpSocket);

impl Nobody {
    fn new() -> Self {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self(socket)
    }

    fn url(&self) -> String {
        format!("http://{}/f/", self.0.local_addr().unwrap())
    }
}

/// The address of one that hears a request, says this much, and hangs up.
fn cutting(words: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/f/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map(Result::unwrap) {
            let mut heard = Vec::new();
            while !heard.ends_with(b"\r\n\r\nx") {
                let mut piece = [0; 4096];
                let count = stream.read(&mut piece).unwrap();
                heard.extend(&piece[..count]);
            }
            stream.write_all(words.as_bytes()).unwrap();
        }
    });
    url
}

fn place() -> Place {
    let place = Place::new();
    for name in ["a.png", "b.png"] {
        place.write(name, "x");
    }
    place
}

#[test]
fn the_second_does_it_where_the_first_is_not_there_and_that_is_told_once() {
    let (gpu, cpu) = (Nobody::new(), Double::start(|_, _| png(b"made")));
    let place = place();
    let line = format!("sepia a.png b.png -j 1 -o out/ --key hush --url {},{}", gpu.url(), cpu.url);
    let (code, out, err) = place.run(&line);
    assert_eq!((code, out.as_str(), place.read("out/b.png").as_str()), (0, "", "made"), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
    let told = format!("darkroom: {} is used: nobody answers at {} (", cpu.url, gpu.url());
    assert!(err.starts_with(&told) && !err.contains("--url") && !err.contains("hush"), "{err}");
    assert_eq!(cpu.asked("POST /f/").header("authorization"), Some("Bearer hush"));
    assert_eq!(place.run(&format!("{line} --force -q")), (0, String::new(), String::new()));
}

#[test]
fn the_second_is_never_asked_where_the_first_answers_whatever_it_says() {
    for status in [200, 400, 401, 403, 404, 413, 415, 422, 500, 504] {
        let gpu = Double::start(move |_, _| if status == 200 { png(b"made") } else { problem(status, "so it is") });
        let cpu = Double::start(|asked, _| panic!("{} was asked", asked.line));
        let (code, _, err) = place().run(&format!("sepia a.png --url {} --url {}", gpu.url, cpu.url));
        assert_eq!(code, i32::from(status != 200), "{status}: {err}");
        assert_eq!(err.contains("so it is"), status != 200, "{status}: {err}");
        let asked = cpu.lines();
        // Whether a larger limit is told there is looked at, no more.
        assert!(if status == 413 { asked == ["GET /f/"] } else { asked.is_empty() }, "{status}: {asked:?}");
    }
}

#[test]
fn what_is_away_or_broken_is_not_waited_for() {
    let refusals: [fn() -> Response; 4] = [
        || answer(503, &[("retry-after", "30")], r#"{"detail":"it is getting ready"}"#),
        || answer(502, &[("content-type", "application/json")], r#"{"message":"Internal Server Error"}"#),
        || answer(504, &[("content-type", "text/html")], "<h1>time is over</h1>"),
        || answer(413, &[("content-type", "text/html")], "<h1>too large</h1>"),
    ];
    for refusal in refusals {
        let gpu = Double::start(move |_, _| refusal());
        let cpu = Double::start(|_, _| png(b"made"));
        let place = place();
        let (code, _, err) = place.run(&format!("sepia a.png -o c.png --url {},{}", gpu.url, cpu.url));
        assert_eq!((code, place.read("c.png").as_str()), (0, "made"), "{err}");
        assert_eq!((gpu.count("POST"), cpu.count("POST")), (1, 1), "{err}");
        assert!(err.starts_with(&format!("darkroom: {} is used: ", cpu.url)), "{err}");
    }
}

#[test]
fn a_busy_one_is_asked_again_before_the_next_and_left_alone_then() {
    let gpu = Double::start(|_, _| answer(429, &[("retry-after", "0")], r#"{"detail":"the queue is full"}"#));
    let cpu = Double::start(|_, _| png(b"made"));
    let place = place();
    let (code, _, err) = place.run(&format!("sepia a.png b.png -j 1 -o out --url {},{}", gpu.url, cpu.url));
    assert_eq!((code, place.read("out/b.png").as_str()), (0, "made"), "{err}");
    assert_eq!((gpu.count("POST"), cpu.count("POST")), (6, 2), "{err}");
}

#[test]
fn a_connection_that_dies_before_an_answer_is_no_answer_and_one_in_the_middle_of_it_is_told() {
    let gpu = cutting("");
    let cpu = Double::start(|_, _| png(b"made"));
    let place = place();
    let (code, _, err) = place.run(&format!("sepia a.png -o c.png --url {gpu},{}", cpu.url));
    assert_eq!((code, place.read("c.png").as_str()), (0, "made"), "{err}");

    let half = cutting("HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 9\r\n\r\nhalf");
    let (code, _, err) = place.run(&format!("sepia a.png -o d.png --url {half},{}", cpu.url));
    assert!(code == 1 && err.contains(&format!("the connection to {half} broke")), "{err}");
    assert!(cpu.count("POST") == 1 && !place.path("d.png").exists());
}

#[test]
fn one_that_is_only_not_ready_is_waited_for_where_nobody_else_does_it() {
    let gpu = Double::start(|_, before| match before {
        0 | 1 => answer(503, &[("retry-after", "0")], r#"{"detail":"it is getting ready"}"#),
        _ => png(b"made"),
    });
    let cpu = Nobody::new();
    let place = place();
    let (code, _, err) = place.run(&format!("sepia a.png -o c.png --url {},{}", gpu.url, cpu.url()));
    assert_eq!((code, place.read("c.png").as_str(), gpu.count("POST")), (0, "made", 3), "{err}");
    assert_eq!(err, "darkroom: busy (503); trying again in 0 s, 2 of 6\n");
    let (code, _, err) = place.run(&format!("sepia a.png b.png -j 1 -o x --url {},{}", cpu.url(), Nobody::new().url()));
    assert!(code == 1 && err.contains(&format!("nobody answers at {}", cpu.url())), "{err}");
    assert!(err.contains("and 1 not tried"), "{err}");
}

const GRANTED: &str = r#"{"id":"u1","url":"uploads/u1/bytes","headers":{}}"#;
const DONE: &str = r#"{"state":"done","progress":1.0,"result_url":"../result/r1","problem":null}"#;

/// Takes uploads and jobs; `told` is what it says of itself.
fn store(line: &str, told: &str) -> Response {
    match line {
        "GET /f/" => json(200, told),
        "POST /f/uploads" => json(201, GRANTED),
        "PUT /f/uploads/u1/bytes" | "DELETE /f/uploads/u1" => answer(204, &[], ""),
        "POST /f/?upload=u1" => answer(202, &[("location", "jobs/j1")], "{}"),
        "GET /f/jobs/j1/events" => problem(404, "no events here"),
        "GET /f/jobs/j1" => json(200, DONE),
        "GET /f/result/r1" => png(b"made"),
        line => panic!("{line}"),
    }
}

#[test]
fn an_upload_and_its_job_belong_to_the_address_that_took_them() {
    let small = r#"{"limits":{"max_body_bytes":1100000},"store":{"kept_s":60}}"#;
    // It takes the file, and goes away before the work.
    let gpu = Double::start(move |asked, _| match asked.line.as_str() {
        "POST /f/?upload=u1" => answer(503, &[], ""),
        line => store(line, small),
    });
    let cpu = Double::start(move |asked, _| store(&asked.line, small));
    let place = place();
    place.write("large.png", vec![7; 1_200_000]);
    let (code, _, err) = place.run(&format!("sepia large.png -q --url {},{}", gpu.url, cpu.url));
    assert_eq!((code, place.read("large-sepia.png").as_str()), (0, "made"), "{err}");
    let begun = ["GET /f/", "POST /f/uploads", "PUT /f/uploads/u1/bytes", "POST /f/?upload=u1"];
    assert_eq!(gpu.lines(), [&begun[..], &["DELETE /f/uploads/u1"]].concat());
    let rest = ["GET /f/jobs/j1/events", "GET /f/jobs/j1", "GET /f/result/r1", "DELETE /f/uploads/u1"];
    assert_eq!(cpu.lines(), [&begun[..], &rest].concat());
    assert_eq!(cpu.asked("PUT /f/uploads/u1/bytes").body.len(), 1_200_000);
}

#[test]
fn a_job_that_was_taken_is_not_begun_elsewhere() {
    let gpu = Double::start(|asked, _| match asked.line.as_str() {
        "POST /f/" => answer(202, &[("location", "jobs/j1")], "{}"),
        "GET /f/jobs/j1/events" => problem(404, "no events here"),
        _ => answer(502, &[], "gone"),
    });
    let cpu = Double::start(|asked, _| panic!("{} was asked", asked.line));
    let (code, _, err) = place().run(&format!("sepia a.png --wait --url {},{}", gpu.url, cpu.url));
    assert_eq!((code, err.as_str()), (1, "darkroom: a.png: gone (502)\n"));
    assert!(cpu.lines().is_empty());
}

#[test]
fn what_is_too_large_for_one_goes_to_a_roomier_one() {
    let tells = |bytes: u64| format!(r#"{{"limits":{{"max_bytes":{bytes},"max_pixels":1}},"store":null}}"#);
    let gpu = Double::start(move |asked, _| match asked.line.as_str() {
        "GET /f/" => json(200, &tells(10)),
        _ => problem(413, "at most 10 bytes"),
    });
    let run = |limit: u64| {
        let cpu = Double::start(move |asked, _| match asked.line.as_str() {
            "GET /f/" => json(200, &tells(limit)),
            _ => png(b"made"),
        });
        let (code, _, err) = place().run(&format!("sepia a.png --url {},{}", gpu.url, cpu.url));
        (code, err, cpu.count("POST"))
    };
    let (code, err, asked) = run(20);
    assert_eq!((code, asked), (0, 1), "{err}");
    let (code, err, asked) = run(10);
    assert_eq!((code, err.as_str(), asked), (1, "darkroom: a.png: at most 10 bytes (413)\n", 0));

    // What it tells before anything is sent counts too.
    let none = |asked: &str| match asked {
        "GET /f/" => json(200, r#"{"limits":{"max_body_bytes":1100000},"store":null}"#),
        line => panic!("{line}"),
    };
    let gpu = Double::start(move |asked, _| none(&asked.line));
    let cpu = Double::start(|asked, _| match asked.line.as_str() {
        "GET /f/" => json(200, r#"{"limits":{"max_body_bytes":null},"store":null}"#),
        _ => png(b"made"),
    });
    let place = place();
    place.write("large.png", vec![7; 1_200_000]);
    let (code, _, err) = place.run(&format!("sepia large.png --url {},{}", gpu.url, cpu.url));
    assert_eq!((code, cpu.count("POST")), (0, 1), "{err}");
}

#[test]
fn addresses_come_from_flag_variable_and_file() {
    let (gpu, cpu) = (Nobody::new(), Double::start(|_, _| png(b"made")));
    let place = place();
    let mut command = place.command("sepia a.png -o v.png");
    let output = command.env("DARKROOM_URL", format!("{}, {}", gpu.url(), cpu.url)).output().unwrap();
    assert!(output.status.success() && place.path("v.png").exists(), "{output:?}");
    place.write("darkroom.toml", format!("[functions]\nsepia = [\"{}\", \"{}\"]", gpu.url(), cpu.url));
    let (code, _, err) = place.run("sepia a.png -o f.png");
    assert!(code == 0 && err.contains(" is used: "), "{err}");
    let (code, out, _) = place.run("info");
    assert!(code == 0 && out.contains(&format!("  sepia        {}, then {}\n", gpu.url(), cpu.url)), "{out}");
    place.write("darkroom.toml", "[functions]\nsepia = [1]");
    let (code, _, err) = place.run("sepia a.png -o f.png");
    assert!(code == 1 && err.contains("line 2: expected an address, or a list of addresses"), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
}

#[test]
fn info_and_bench_ask_the_one_that_is_ready() {
    let gpu = Double::start(|asked, _| match asked.line.as_str() {
        "GET /f/readyz" => problem(503, "it is getting ready"),
        line => panic!("{line}"),
    });
    let cpu = Double::start(|asked, _| match asked.line.as_str() {
        "GET /f/openapi.json" => json(200, r#"{"paths":{"/":{"post":{"parameters":[]}}}}"#),
        "GET /f/" => json(200, r#"{"name":"sepia","title":"Brown","summary":"Makes it brown."}"#),
        "GET /f/models" => json(200, r#"{"name":"sepia","children":[]}"#),
        _ => json(200, "{}"),
    });
    let place = place();
    let (code, out, err) = place.run(&format!("info sepia --url {},{}", gpu.url, cpu.url));
    assert!(code == 0 && out.starts_with(&format!("sepia: Brown ({})", cpu.url)), "{out}{err}");
    assert_eq!(err, format!("darkroom: {} is used\n", cpu.url));
    let (code, _, err) = place.run(&format!("bench sepia a.png -n 3 -q --url {},{}", gpu.url, cpu.url));
    assert_eq!((code, cpu.count("POST")), (0, 3), "{err}");
}
