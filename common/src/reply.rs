//! Answer -> every form that `Accept` can ask for.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
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
    pub body: Vec<u8>,
}

impl Reply {
    /// Bare base64 of an encoded picture.
    pub(crate) fn base64(bytes: &[u8]) -> Self {
        Self { media_type: "text/plain; charset=utf-8", body: STANDARD.encode(bytes).into_bytes() }
    }

    pub(crate) fn json(value: &Value) -> Self {
        Self { media_type: "application/json", body: value.to_string().into_bytes() }
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
            Shape::Picture(_) => Reply { media_type, body },
            Shape::Base64(_) => Reply::base64(&body),
            Shape::Envelope(_) => envelope(
                about,
                json!({
                    "enhance_result": STANDARD.encode(body), "content_type": media_type,
                    "width": width, "height": height,
                }),
            ),
            Shape::Enhanced(_) => Reply::json(&json!({
                "success": true,
                "original_shape": [about.original.1, about.original.0],
                "enhanced_shape": [height, width],
                "result_url": format!("data:{media_type};base64,{}", STANDARD.encode(body)),
            })),
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
    let mut wishes = Vec::new();
    for value in headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()) {
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
