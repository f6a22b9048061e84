//! A small HTTP/1.1 client that sends exactly what it is told, right or wrong.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Longer than any answer takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A request.
#[derive(Clone, Debug)]
pub struct Ask {
    pub method: &'static str,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Sent in pieces of an unknown total instead of with its length.
    pub chunked: bool,
}

/// An answer. Header names are small letters.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

pub fn ask(method: &'static str, path: &str) -> Ask {
    Ask { method, path: path.into(), headers: Vec::new(), body: Vec::new(), chunked: false }
}

pub fn get(path: &str) -> Ask {
    ask("GET", path)
}

/// A POST of bytes as they are, without a type.
pub fn post(path: &str, body: &[u8]) -> Ask {
    Ask { body: body.to_vec(), ..ask("POST", path) }
}

/// A POST of JSON, with its type.
pub fn post_json(path: &str, body: &Value) -> Ask {
    post(path, body.to_string().as_bytes()).header("content-type", "application/json")
}

/// A POST of a form: (name, file name or nothing, bytes).
pub fn post_form(path: &str, fields: &[(&str, &str, &[u8])]) -> Ask {
    let boundary = "dArKrOoM-7d1f";
    let mut body = Vec::new();
    for (name, file, value) in fields {
        let file = if file.is_empty() { String::new() } else { format!("; filename=\"{file}\"") };
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(value);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    post(path, &body).header("content-type", &format!("multipart/form-data; boundary={boundary}"))
}

/// `{"img_data": base64, "req_id": …}`, the envelope's request.
pub fn envelope(picture: &[u8], req_id: &str) -> Value {
    json!({"img_data": STANDARD.encode(picture), "req_id": req_id})
}

impl Ask {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn accept(self, value: &str) -> Self {
        if value.is_empty() { self } else { self.header("accept", value) }
    }

    fn head(&self) -> String {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: darkroom\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &match (self.chunked, self.body.len()) {
            (true, _) => "transfer-encoding: chunked\r\n".to_owned(),
            (false, 0) if self.method != "POST" => String::new(),
            (false, length) => format!("content-length: {length}\r\n"),
        };
        head + "\r\n"
    }
}

/// A connection that stays open from one request to the next.
pub struct Connection(BufReader<TcpStream>);

impl Connection {
    pub fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap_or_else(|cause| panic!("{address}: {cause}"));
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    /// A connection with a request on its way.
    pub fn start(address: &str, ask: &Ask) -> Self {
        let mut connection = Self::open(address);
        connection.send(ask);
        connection
    }

    /// Sends a request and does not wait. A server that has heard enough may close: its answer tells why.
    pub fn send(&mut self, ask: &Ask) {
        let mut stream = self.0.get_ref();
        let mut write = || {
            if !ask.chunked {
                // One write: many small ones would wait for each other's acknowledgement.
                return stream.write_all(&[ask.head().as_bytes(), &ask.body].concat());
            }
            stream.write_all(ask.head().as_bytes())?;
            for piece in ask.body.chunks(1 << 20) {
                stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes())?;
                stream.write_all(piece)?;
                stream.write_all(b"\r\n")?;
            }
            stream.write_all(b"0\r\n\r\n")
        };
        _ = write();
    }

    /// Sends a request's head and body as they are: with no other length than the one among its headers.
    pub fn send_head(&mut self, ask: &Ask) {
        let headers: String = ask.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("{} {} HTTP/1.1\r\nhost: darkroom\r\n{headers}\r\n", ask.method, ask.path);
        _ = self.0.get_ref().write_all(&[head.as_bytes(), &ask.body].concat());
    }

    /// How long to wait for an answer.
    pub fn patience(&mut self, time: Duration) {
        self.0.get_ref().set_read_timeout(Some(time)).unwrap();
    }

    /// Leaves without waiting for the answer.
    pub fn close(&mut self) {
        _ = self.0.get_ref().shutdown(std::net::Shutdown::Both);
    }

    /// An answer, if its first byte comes in time.
    pub fn try_receive(&mut self, method: &str) -> Option<Answer> {
        let come = self.0.fill_buf().is_ok_and(|bytes| !bytes.is_empty());
        come.then(|| self.receive(method))
    }

    pub fn receive(&mut self, method: &str) -> Answer {
        let mut answer = self.head();
        if method != "HEAD" && !matches!(answer.status, 204 | 304) {
            answer.body = self.body(&answer);
        }
        answer
    }

    /// An answer whose body is still to come.
    pub fn head(&mut self) -> Answer {
        loop {
            let status = self.line();
            let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
            let status: u16 = status.expect("an answer before the connection's end");
            let mut headers = Vec::new();
            loop {
                let line = self.line();
                let Some((name, value)) = line.split_once(':') else {
                    break;
                };
                headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
            if status >= 200 {
                return Answer { status, headers, body: Vec::new() };
            }
        }
    }

    fn body(&mut self, answer: &Answer) -> Vec<u8> {
        let mut body = Vec::new();
        if let Some(length) = answer.header("content-length") {
            body.resize(length.parse().expect("a length"), 0);
            self.0.read_exact(&mut body).expect("the whole answer");
        } else if answer.header("transfer-encoding").is_some() {
            while let Some(piece) = self.piece() {
                body.extend(piece);
            }
        } else {
            self.0.read_to_end(&mut body).expect("the whole answer");
        }
        body
    }

    /// The next piece of a body that comes in pieces; none at its end.
    pub fn piece(&mut self) -> Option<Vec<u8>> {
        let line = self.line();
        let length = usize::from_str_radix(&line, 16).unwrap_or_else(|_| panic!("a chunk's length, not {line:?}"));
        let mut piece = vec![0; length];
        self.0.read_exact(&mut piece).expect("a whole chunk");
        self.line();
        (length > 0).then_some(piece)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("a line of an answer in time");
        line.trim_end().to_owned()
    }
}

/// One request on a connection of its own.
pub fn send(address: &str, ask: &Ask) -> Answer {
    let mut connection = Connection::open(address);
    connection.send(&ask.clone().header("connection", "close"));
    connection.receive(ask.method)
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The header `name`; fails where there is none.
    pub fn must(&self, name: &str) -> &str {
        self.header(name).unwrap_or_else(|| panic!("no header {name} in {self:?}"))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|wrong| panic!("{wrong}: {:.300}", self.text()))
    }

    /// The answer itself, once it is a 200.
    pub fn good(self) -> Self {
        assert_eq!(self.status, 200, "{:.500}", self.text());
        self
    }

    /// The sentence of a problem document (RFC 9457), once it is one with this status and with the envelope's members.
    pub fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{:.500}", self.text());
        assert_eq!(self.must("content-type"), "application/problem+json");
        let document = self.json();
        assert_eq!(document["status"], status);
        assert_eq!(document["code"], status);
        assert_eq!(document["type"], "about:blank");
        assert!(document["title"].is_string() && document["req_id"].is_string(), "{document}");
        assert_eq!(document["msg"], document["detail"]);
        let detail = document["detail"].as_str().expect("a sentence").to_owned();
        assert!(detail.len() > 10 && !detail.contains('\n'), "{detail}");
        detail
    }
}

/// Reads one request from a client of ours and answers it with this status: its head, and its body as text.
pub fn read_request(stream: TcpStream, status: u16) -> (String, String) {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line of a request");
        if line.trim_end().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the whole request");
    let answer = format!(
        "HTTP/1.1 {status} x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    reader.get_mut().write_all(answer.as_bytes()).expect("who asked is there");
    (head, String::from_utf8(body).expect("text"))
}

pub fn unbase64(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap_or_else(|wrong| panic!("{wrong}: {text:.100}"))
}
