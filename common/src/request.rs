//! Every form of request -> picture bytes and options.

use std::collections::BTreeMap;

use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::{Error, Kind, Result};

/// A request's picture, still encoded, and what it asks for.
#[derive(Debug)]
pub struct Ask {
    /// The picture's bytes; none where `upload` names it.
    pub bytes: Bytes,
    /// The id under which the picture was uploaded before.
    pub upload: Option<String>,
    /// The form they came in.
    pub form: Form,
    /// The client's own name for the request.
    pub req_id: Option<String>,
    /// Everything else, by name.
    pub options: BTreeMap<String, Value>,
}

/// How a request carries its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The body is the picture.
    Raw,
    /// A form with a file.
    Multipart,
    /// JSON with base64.
    Json,
}

/// The fields that may hold the picture.
const FILE_FIELDS: [&str; 2] = ["image", "file"];
const BASE64_MEMBERS: [&str; 2] = ["img_data", "image"];

/// Most parts of a form, and the longest text of one.
pub(crate) const MAX_PARTS: usize = 64;
pub(crate) const MAX_TEXT: usize = 4096;

/// Reads the options of the query alone: enough to tell an error's `req_id`.
pub(crate) fn query(parts: &Parts) -> Result<Vec<(String, String)>> {
    serde_urlencoded::from_str(parts.uri.query().unwrap_or_default())
        .map_err(|cause| Error::bad(format!("the query can't be read: {cause}")))
}

/// Reads a request. Picture types are sniffed later, from the bytes; only the form is told here.
pub(crate) async fn read(parts: &Parts, body: Bytes) -> Result<Ask> {
    let mut options = Collected::default();
    for (name, value) in query(parts)? {
        options.add(name, Value::String(value))?;
    }
    if body.is_empty() && !options.0.contains_key("upload") {
        return Err(Error::bad("the request's body is empty; send a picture, or name one by `upload`"));
    }
    let declared = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let form = match media_type.as_str() {
        "application/json" => Form::Json,
        "multipart/form-data" => Form::Multipart,
        "application/octet-stream" => Form::Raw,
        one if one.starts_with("image/") => Form::Raw,
        // What clients send that were told nothing: curl's -d, Python's `data=`, fetch with a string.
        "" | "application/x-www-form-urlencoded" | "text/plain" => {
            let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
            if first == Some(&b'{') { Form::Json } else { Form::Raw }
        }
        other => {
            let message = format!(
                "a body of type {other:.100} is not read; send image/*, application/octet-stream, multipart/form-data or \
                 application/json"
            );
            return Err(Error::new(Kind::NotAPicture, message));
        }
    };
    let bytes = match form {
        Form::Raw => body,
        _ if body.is_empty() => body,
        Form::Multipart => multipart(declared, body, &mut options).await?,
        Form::Json => json(&body, &mut options)?,
    };
    let mut options = options.0;
    let req_id = req_id(&mut options);
    let upload = upload(&mut options)?;
    match (&upload, bytes.is_empty()) {
        (None, true) => Err(Error::bad("the picture is empty: 0 bytes")),
        (Some(_), false) => Err(Error::bad("the request has a picture and names an `upload`; give one of them")),
        _ => Ok(Ask { bytes, upload, form, req_id, options }),
    }
}

/// Takes the id of an upload out of a request's options.
pub(crate) fn upload(options: &mut BTreeMap<String, Value>) -> Result<Option<String>> {
    match options.remove("upload") {
        None => Ok(None),
        Some(Value::String(id)) => Ok(Some(id)),
        Some(other) => Err(Error::bad(format!("`upload` is {other:.100}; give the id that POST uploads gave"))),
    }
}

/// Takes the client's own name for the request out of its options.
pub(crate) fn req_id(options: &mut BTreeMap<String, Value>) -> Option<String> {
    options.remove("req_id").map(|id| match id {
        Value::String(id) => id,
        other => other.to_string(),
    })
}

/// Options from all places: the same one twice must be the same value.
#[derive(Default)]
pub(crate) struct Collected(pub BTreeMap<String, Value>);

impl Collected {
    pub(crate) fn add(&mut self, name: String, value: Value) -> Result<()> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match self.0.get(&name) {
            // An id is a right: it is not repeated where a log may hear it.
            Some(other) if text(other) != text(&value) && name == "upload" => {
                Err(Error::bad("`upload` is given twice, and not the same"))
            }
            Some(other) if text(other) != text(&value) => {
                let (one, two) = (text(other), text(&value));
                Err(Error::bad(format!("`{name:.100}` is given twice: {one:.100} and {two:.100}")))
            }
            Some(_) => Ok(()),
            None => {
                self.0.insert(name, value);
                Ok(())
            }
        }
    }
}

async fn multipart(declared: &str, body: Bytes, options: &mut Collected) -> Result<Bytes> {
    let wrong = |cause: multer::Error| Error::bad(format!("the form can't be read: {cause}"));
    let boundary = multer::parse_boundary(declared).map_err(wrong)?;
    let stream = http_body_util::BodyDataStream::new(http_body_util::Full::new(body));
    let mut form = multer::Multipart::new(stream, boundary);
    let mut picture: Option<Bytes> = None;
    let mut parts = 0;
    while let Some(field) = form.next_field().await.map_err(wrong)? {
        parts += 1;
        if parts > MAX_PARTS {
            return Err(Error::bad(format!("the form has more than {MAX_PARTS} parts")));
        }
        let name = field.name().unwrap_or_default().to_owned();
        let is_file = field.file_name().is_some() || FILE_FIELDS.contains(&name.as_str());
        let value = field.bytes().await.map_err(wrong)?;
        if FILE_FIELDS.contains(&name.as_str()) {
            if picture.replace(value).is_some() {
                return Err(Error::bad("the form has two pictures; send one in the field `image` or `file`"));
            }
        } else if is_file {
            return Err(Error::bad(format!(
                "the form has a file in `{name:.100}`; send it in the field `image` or `file`"
            )));
        } else if value.len() > MAX_TEXT {
            return Err(Error::bad(format!("the form's field `{name:.100}` is longer than {MAX_TEXT} bytes")));
        } else {
            let text = String::from_utf8(value.into())
                .map_err(|_| Error::bad(format!("the form's field `{name:.100}` is not UTF-8 text")))?;
            options.add(name, Value::String(text))?;
        }
    }
    let none = || Error::bad("the form has no picture; send it in the field `image` or `file`");
    picture.or_else(|| uploaded(options)).ok_or_else(none)
}

/// No bytes, where the options name an upload instead.
fn uploaded(options: &Collected) -> Option<Bytes> {
    options.0.contains_key("upload").then(Bytes::new)
}

fn json(body: &[u8], options: &mut Collected) -> Result<Bytes> {
    let members: Members =
        serde_json::from_slice(body).map_err(|cause| Error::bad(format!("the JSON can't be read: {cause}")))?;
    let mut picture = None;
    for (name, raw) in members.0 {
        if !BASE64_MEMBERS.contains(&name.as_str()) {
            add_word(options, name, raw)?;
            continue;
        }
        let Ok(text) = serde_json::from_str::<String>(raw.get()) else {
            return Err(Error::bad(format!("`{name}` is not a text; give base64 or a data: URL")));
        };
        if picture.replace(unbase64(&name, text)?).is_some() {
            return Err(Error::bad("the JSON has two pictures; send one, in `img_data` or `image`"));
        }
    }
    let none = || Error::bad("the JSON has no picture; send base64 in `img_data` or `image`, or an `upload`");
    picture.or_else(|| uploaded(options)).ok_or_else(none)
}

/// The members of JSON that holds no picture.
pub(crate) fn words_of(body: &[u8], options: &mut Collected) -> Result<()> {
    let members: Members =
        serde_json::from_slice(body).map_err(|cause| Error::bad(format!("the JSON can't be read: {cause}")))?;
    members.0.into_iter().try_for_each(|(name, raw)| add_word(options, name, raw))
}

fn add_word(options: &mut Collected, name: String, raw: &RawValue) -> Result<()> {
    // Told before it is unfolded: a few bytes of JSON can become hundreds in memory.
    if raw.get().len() > MAX_TEXT {
        return Err(Error::bad(format!("`{name:.100}` is longer than {MAX_TEXT} bytes")));
    }
    let value = serde_json::from_str(raw.get())
        .map_err(|cause| Error::bad(format!("the JSON can't be read: `{name:.100}`: {cause}")))?;
    options.add(name, value)
}

/// Standard base64 (RFC 4648, section 4), with or without padding, or the data: URL of one; line breaks are let through.
fn unbase64(name: &str, mut text: String) -> Result<Bytes> {
    const ENGINE: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    if text.starts_with("data:") {
        let Some(at) = text.find(";base64,") else {
            return Err(Error::bad(format!("`{name}` is a data: URL without `;base64,`")));
        };
        text.drain(..at + ";base64,".len());
    }
    if text.contains(|letter: char| letter.is_ascii_whitespace()) {
        text.retain(|letter| !letter.is_ascii_whitespace());
    }
    ENGINE.decode(text).map(Bytes::from).map_err(|cause| Error::bad(format!("`{name}` is not base64: {cause}")))
}

/// A JSON object whose members are kept in order, doubled ones too (a map would keep the last and say nothing), none of
/// them unfolded yet.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("an object with `img_data` or `image`")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Members<'de>, M::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    if members.len() == MAX_PARTS {
                        return Err(M::Error::custom(format!("more than {MAX_PARTS} members")));
                    }
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        from.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ask(uri: &str, content_type: &str, body: &[u8]) -> Result<Ask> {
        let mut request = axum::http::Request::post(uri);
        if !content_type.is_empty() {
            request = request.header(CONTENT_TYPE, content_type);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(read(&parts, Bytes::copy_from_slice(body)))
    }

    fn form(fields: &[(&str, &str, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (name, file, value) in fields {
            let file = if file.is_empty() { String::new() } else { format!("; filename=\"{file}\"") };
            body.extend(format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n").into_bytes());
            body.extend_from_slice(value);
            body.extend(b"\r\n");
        }
        body.extend(b"--X--\r\n");
        body
    }

    const MULTIPART: &str = "multipart/form-data; boundary=X";

    #[test]
    fn all_forms_give_the_same_picture_and_options() {
        let json = br#"{"image":"data:image/png;base64,AAEC","quality":80,"req_id":7}"#;
        let body = form(&[("quality", "", b"80"), ("file", "../a.png", b"\0\x01\x02"), ("req_id", "", b"7")]);
        for (uri, kind, body, form) in [
            ("/?quality=80&req_id=7", "image/png", b"\0\x01\x02".as_slice(), Form::Raw),
            ("/?quality=80&req_id=7", "", b"\0\x01\x02", Form::Raw),
            ("/", MULTIPART, &body, Form::Multipart),
            ("/", "application/json", json, Form::Json),
            ("/?quality=80", "", json, Form::Json),
            ("/", "application/x-www-form-urlencoded", json, Form::Json),
        ] {
            let ask = ask(uri, kind, body).unwrap();
            assert_eq!((&ask.bytes[..], ask.form, ask.req_id.as_deref()), (b"\0\x01\x02".as_slice(), form, Some("7")));
            assert_eq!(ask.options.len(), 1);
            assert!(matches!(ask.options["quality"].to_string().as_str(), "80" | "\"80\""));
        }
    }

    #[test]
    fn a_wrong_request_is_told_what_is_wrong() {
        let two = form(&[("image", "a", b"1"), ("file", "b", b"2")]);
        let many = form(&[("a", "", b"1".as_slice()); 65]);
        let other = form(&[("photo", "a.png", b"1")]);
        for (uri, kind, body, says) in [
            ("/", "", b"".as_slice(), "empty"),
            ("/", "application/json", b"{", "JSON"),
            ("/", "application/json", b"[1]", "object"),
            ("/", "application/json", b"{}", "no picture"),
            ("/", "application/json", br#"{"img_data":5}"#, "not a text"),
            ("/", "application/json", br#"{"img_data":"%%%"}"#, "`img_data` is not base64"),
            ("/", "application/json", br#"{"img_data":""}"#, "0 bytes"),
            ("/", "application/json", br#"{"img_data":"AA==","image":"AA=="}"#, "two pictures"),
            ("/", "application/json", br#"{"img_data":"AA==","a":1,"a":2}"#, "`a` is given twice: 1 and 2"),
            ("/?a=1", "application/json", br#"{"img_data":"AA==","a":2}"#, "`a` is given twice: 1 and 2"),
            ("/?a=1&a=2", "image/png", b"1", "`a` is given twice: 1 and 2"),
            ("/", MULTIPART, &two, "two pictures"),
            ("/", MULTIPART, &many, "more than 64 parts"),
            ("/", MULTIPART, &other, "`photo`"),
            ("/", MULTIPART, b"--Y", "form"),
            ("/", "multipart/form-data", b"--X", "form"),
            ("/", "text/html", b"<p>", "text/html"),
        ] {
            let wrong = ask(uri, kind, body).unwrap_err();
            assert!(wrong.message().contains(says), "{says}: {}", wrong.message());
        }
        let deep = |count| format!("{{\"a\":{}{},\"img_data\":\"AA==\"}}", "[".repeat(count), "]".repeat(count));
        let many: String = (0..70).map(|at| format!("\"a{at}\":1,")).collect();
        for (json, says) in [
            (deep(100_000), "`a` is longer than 4096 bytes"),
            (deep(1000), "JSON"),
            (format!("{{\"img_data\":{}", "[".repeat(100_000)), "JSON"),
            (format!("{{{many}\"img_data\":\"AA==\"}}"), "more than 64 members"),
            (format!("{{\"a\":[{}1],\"img_data\":\"AA==\"}}", "{\"\":0},".repeat(10_000)), "longer than 4096"),
        ] {
            let wrong = ask("/", "application/json", json.as_bytes()).unwrap_err();
            assert!(wrong.message().contains(says) && wrong.message().len() < 300, "{says}: {}", wrong.message());
        }
    }

    proptest! {
        #[test]
        fn base64_in_any_dress_is_the_bytes_again(bytes in proptest::collection::vec(any::<u8>(), 1..200), dress in 0..4) {
            let plain = base64::engine::general_purpose::STANDARD.encode(&bytes);
            let text = match dress {
                0 => plain,
                1 => plain.trim_end_matches('=').to_owned(),
                2 => format!("data:image/png;base64,{plain}"),
                _ => plain.chars().flat_map(|letter| [letter, '\n']).collect(),
            };
            prop_assert_eq!(unbase64("image", text).unwrap(), bytes);
        }

        #[test]
        fn no_body_brings_the_reader_down(body in proptest::collection::vec(any::<u8>(), 0..300), kind in 0usize..4) {
            let kind = ["", "application/json", MULTIPART, "image/png"][kind];
            // Whatever it is, it is answered: with a picture's bytes or with a sentence.
            if let Err(wrong) = ask("/", kind, &body) {
                prop_assert!(!wrong.message().is_empty());
            }
        }
    }
}
