//! Answer -> every form that `Accept` can ask for.

use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, HeaderName};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::error::{Error, Kind, Result};
use crate::options::CommonOptions;
use crate::picture::{Encoding, Format, Picture, Writable};
use crate::request::Form;
use crate::watch::Watch;

/// What a function gives, and how it is written.
pub trait Answer: Send + 'static {
    /// The forms it can be given in.
    const OFFERS: Offers;

    /// Writes the answer in one form.
    fn reply(self, shape: Shape, about: &About, watch: &Watch) -> Result<Reply>;
}

/// The forms that a kind of answer can be given in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offers {
    /// A picture, in words where a request asks for them.
    Picture,
    /// Words, as a picture where a request asks for one.
    Drawing,
    /// Words alone.
    Words,
}

/// What the answer's words tell beside the answer itself.
#[derive(Clone, Debug)]
pub struct About {
    /// The client's name for the request, or ours.
    pub req_id: String,
    /// The variant that answered.
    pub model: String,
    /// The first digits of its weights' digest.
    pub weights: String,
    /// Seconds from the picture's decoding to the end of the run.
    pub seconds: f64,
    /// Columns and rows of the picture that was sent.
    pub original: (usize, usize),
    /// Where the answer's picture can be kept, if it can.
    pub link: Option<Link>,
}

/// An address for the answer's picture, for words that tell it instead of the picture itself.
#[derive(Clone, Debug)]
pub struct Link {
    /// The address.
    pub url: String,
    /// Whether the request asks for it.
    pub wanted: bool,
    /// The largest answer that is given otherwise, bytes.
    pub most: usize,
}

impl About {
    /// The address to tell instead of a picture that takes so many bytes within the words.
    fn link_for(&self, bytes: usize) -> Option<&str> {
        self.link.as_ref().filter(|link| link.wanted || bytes > link.most).map(|link| &*link.url)
    }

    /// The address to tell beside the words, where the request asks for one.
    pub(crate) fn wanted_link(&self) -> Option<&str> {
        self.link_for(0)
    }
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The picture itself.
    Picture(Encoding),
    /// The JSON envelope, with the picture in base64.
    Envelope(Encoding),
    /// Bare base64.
    Base64(Encoding),
    /// The super-resolution service's JSON: success, shapes, `result_url`.
    Enhanced(Encoding),
}

impl Shape {
    /// How a picture in it is encoded.
    pub fn encoding(self) -> Encoding {
        let (Self::Picture(encoding) | Self::Envelope(encoding) | Self::Base64(encoding) | Self::Enhanced(encoding)) =
            self;
        encoding
    }
}

/// A body and its type.
#[derive(Debug)]
pub struct Reply {
    /// Media type.
    pub media_type: &'static str,
    /// The bytes.
    pub body: Bytes,
    /// The picture that the words tell the address of: its media type and its bytes.
    pub linked: Option<(&'static str, Bytes)>,
}

impl Reply {
    pub(crate) fn new(media_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { media_type, body: body.into(), linked: None }
    }

    /// Bare base64 of an encoded picture.
    pub(crate) fn base64(bytes: &[u8]) -> Self {
        Self::new("text/plain; charset=utf-8", STANDARD.encode(bytes))
    }

    pub(crate) fn json(value: &Value) -> Self {
        Self::new("application/json", value.to_string())
    }

    /// With the picture that its words tell the address of.
    pub(crate) fn linked(self, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { linked: Some((media_type, body.into())), ..self }
    }
}

impl Answer for Picture {
    const OFFERS: Offers = Offers::Picture;

    fn reply(self, shape: Shape, about: &About, watch: &Watch) -> Result<Reply> {
        let (width, height) = (self.width(), self.height());
        let encoding = shape.encoding();
        let media_type = encoding.media_type();
        let body = self.encode(encoding, watch)?;
        drop(self);
        Ok(match shape {
            Shape::Picture(_) => Reply::new(media_type, body),
            Shape::Base64(_) => Reply::base64(&body),
            Shape::Envelope(_) => {
                let mut data = json!({"content_type": media_type, "width": width, "height": height});
                if let Some(url) = about.link_for(body.len() / 3 * 4) {
                    data["result_url"] = json!(url);
                    return Ok(envelope(about, data).linked(media_type, body));
                }
                data["enhance_result"] = json!(STANDARD.encode(body));
                envelope(about, data)
            }
            Shape::Enhanced(_) => {
                let words = |url: &str| {
                    Reply::json(&json!({
                        "success": true,
                        "original_shape": [about.original.1, about.original.0],
                        "enhanced_shape": [height, width],
                        "result_url": url,
                    }))
                };
                match &about.link {
                    Some(link) => words(&link.url).linked(media_type, body),
                    None => words(&format!("data:{media_type};base64,{}", STANDARD.encode(body))),
                }
            }
        })
    }
}

/// `data` in the envelope, with what stands in every one.
pub(crate) fn envelope(about: &About, mut data: Value) -> Reply {
    data["model"] = json!(about.model);
    data["weights"] = json!(about.weights);
    data["seconds"] = json!((about.seconds * 1e4).round() / 1e4);
    Reply::json(&json!({"req_id": about.req_id, "code": 1, "msg": "success", "data": data}))
}

/// The name under which the envelope ends.
const LAST_MEMBER: &[u8] = b",\"req_id\":";

/// An envelope with another `req_id`; it stands last, since members are written in the order of their names.
pub(crate) fn renamed(envelope: &Bytes, req_id: &str) -> Option<Bytes> {
    let at = envelope.windows(LAST_MEMBER.len()).rposition(|window| window == LAST_MEMBER)?;
    let end = format!("{}}}", json!(req_id));
    Some([&envelope[..at], LAST_MEMBER, end.as_bytes()].concat().into())
}

/// Words with another address of their picture in place of this one.
pub(crate) fn relinked(words: &Bytes, from: &str, to: &str) -> Bytes {
    let (from, to) = (json!(from).to_string(), json!(to).to_string());
    match words.windows(from.len()).position(|window| window == from.as_bytes()) {
        Some(at) => [&words[..at], to.as_bytes(), &words[at + from.len()..]].concat().into(),
        None => words.clone(),
    }
}

/// The form that a request asks for, by `Accept` (RFC 9110, 12.5.1), its options, its own form and its address.
///
/// `offers`: the forms of the function's answers; `sent`: what the client sent.
pub(crate) fn shape(
    headers: &HeaderMap,
    path: &str,
    form: Form,
    options: &CommonOptions,
    offers: Offers,
    sent: Format,
) -> Result<Shape> {
    let encoding = |wish: Option<Writable>| {
        let quality = options.quality.map_or(90, |quality| quality.0 as u8);
        let own = match sent {
            Format::Jpeg => Writable::Jpeg,
            Format::WebP => Writable::Webp,
            _ => Writable::Png,
        };
        match options.format.or(wish).unwrap_or(own) {
            Writable::Jpeg => Encoding::Jpeg { quality },
            Writable::Webp => Encoding::WebP { quality },
            Writable::Png => Encoding::Png { compression: options.compression.map(|level| level.0 as u8) },
        }
    };
    let unasked = || match (path, form) {
        ("/base64", _) if offers != Offers::Words => Shape::Base64(encoding(None)),
        (_, Form::Json) => Shape::Envelope(encoding(None)),
        _ if offers != Offers::Picture => Shape::Envelope(encoding(None)),
        ("/enhance", Form::Multipart) => Shape::Enhanced(encoding(None)),
        _ => Shape::Picture(encoding(None)),
    };
    let wishes = accepted(headers);
    if !headers.contains_key(ACCEPT) {
        return Ok(unasked());
    }
    let known = |wish: &String| match wish.as_str() {
        "*/*" => Some(unasked()),
        text if offers == Offers::Words && (text.starts_with("image/") || text.starts_with("text/")) => None,
        "image/*" => Some(Shape::Picture(encoding(None))),
        "image/png" => Some(Shape::Picture(encoding(Some(Writable::Png)))),
        "image/jpeg" => Some(Shape::Picture(encoding(Some(Writable::Jpeg)))),
        "image/webp" => Some(Shape::Picture(encoding(Some(Writable::Webp)))),
        // On /enhance a form's JSON is that service's own; anywhere else JSON is the envelope.
        "application/json" | "application/*" => match unasked() {
            enhanced @ Shape::Enhanced(_) => Some(enhanced),
            _ => Some(Shape::Envelope(encoding(None))),
        },
        "text/plain" | "text/*" => Some(Shape::Base64(encoding(None))),
        _ => None,
    };
    wishes.iter().find_map(known).ok_or_else(|| {
        let message = match offers {
            Offers::Words => "none of the forms in Accept can be given; there is application/json",
            _ => {
                "none of the forms in Accept can be given; there are image/png, image/jpeg, image/webp, \
                 application/json and text/plain"
            }
        };
        Error::new(Kind::NotAcceptable, message)
    })
}

/// The media ranges of `Accept`, the most wanted first, without those of quality 0.
pub(crate) fn accepted(headers: &HeaderMap) -> Vec<String> {
    wishes(headers, ACCEPT)
}

/// What a header of wishes names (RFC 9110, 12.5), the most wanted first, without those of quality 0.
pub(crate) fn wishes(headers: &HeaderMap, name: HeaderName) -> Vec<String> {
    let mut wishes = Vec::new();
    for value in headers.get_all(name).iter().filter_map(|value| value.to_str().ok()) {
        for wish in value.split(',').take(64) {
            let mut words = wish.split(';').map(str::trim);
            let range = words.next().unwrap_or_default().to_ascii_lowercase();
            let quality = words.find_map(|word| word.strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
            if !range.is_empty() && quality > 0.0 {
                wishes.push((quality, range));
            }
        }
    }
    wishes.sort_by(|one, two| two.0.total_cmp(&one.0));
    wishes.into_iter().map(|(_, range)| range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(accept: &str, path: &str, form: Form) -> Result<Shape> {
        let mut headers = HeaderMap::new();
        if !accept.is_empty() {
            headers.insert(ACCEPT, accept.parse().unwrap());
        }
        shape(&headers, path, form, &CommonOptions::default(), Offers::Picture, Format::Jpeg)
    }

    #[test]
    fn an_envelope_takes_another_name() {
        let about = |req_id: &str, link| About {
            req_id: req_id.into(),
            model: "m".into(),
            weights: "w".into(),
            seconds: 0.5,
            original: (1, 1),
            link,
        };
        let odd = r#"a","req_id":"b\"}"#;
        let of = |req_id: &str| envelope(&about(req_id, None), json!({"classes": []})).body;
        assert_eq!(renamed(&of(odd), "other").unwrap(), of("other"));
        assert_eq!(renamed(&of("other"), odd).unwrap(), of(odd));
        assert_eq!(renamed(&Bytes::from("{}"), "other"), None);

        let told = Bytes::from(r#"{"a":"result/x.png","b":"result/x"}"#);
        assert_eq!(relinked(&told, "result/x", "x"), r#"{"a":"result/x.png","b":"x"}"#);

        let pixel = || Picture::new(1, 1, vec![1, 2, 3], None);
        let shape = Shape::Envelope(Encoding::Png { compression: None });
        let reply = |link| pixel().reply(shape, &about("1", link), &Watch::default()).unwrap();
        let link = |wanted, most| Some(Link { url: "result/x".into(), wanted, most });
        assert!(reply(link(false, 1000)).linked.is_none());
        for asked in [link(true, 1000), link(false, 10)] {
            let reply = reply(asked);
            assert_eq!(serde_json::from_slice::<Value>(&reply.body).unwrap()["data"]["result_url"], "result/x");
            assert_eq!(reply.linked.unwrap().0, "image/png");
        }
    }

    #[test]
    fn accept_and_form_choose_the_shape() {
        let jpeg = Encoding::Jpeg { quality: 90 };
        let png = Encoding::Png { compression: None };
        let webp = Encoding::WebP { quality: 90 };
        for (accept, path, form, expect) in [
            ("", "/", Form::Raw, Shape::Picture(jpeg)),
            ("*/*", "/", Form::Multipart, Shape::Picture(jpeg)),
            ("*/*", "/", Form::Json, Shape::Envelope(jpeg)),
            ("*/*", "/enhance", Form::Multipart, Shape::Enhanced(jpeg)),
            ("application/json", "/enhance", Form::Multipart, Shape::Enhanced(jpeg)),
            ("", "/enhance", Form::Raw, Shape::Picture(jpeg)),
            ("", "/base64", Form::Multipart, Shape::Base64(jpeg)),
            ("text/plain", "/", Form::Raw, Shape::Base64(jpeg)),
            ("image/png", "/", Form::Json, Shape::Picture(png)),
            ("image/avif,image/webp,image/*,*/*;q=0.8", "/", Form::Raw, Shape::Picture(webp)),
            ("application/json;q=0.5, image/*;q=0.9", "/", Form::Json, Shape::Picture(jpeg)),
            ("image/*;q=0, */*;q=0.1", "/", Form::Json, Shape::Envelope(jpeg)),
        ] {
            assert_eq!(asked(accept, path, form).unwrap(), expect, "{accept} {path}");
        }
        for nothing in ["audio/ogg", "image/*;q=0"] {
            assert_eq!(asked(nothing, "/", Form::Raw).unwrap_err().kind(), Kind::NotAcceptable);
        }
    }
}
