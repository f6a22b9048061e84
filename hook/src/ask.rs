//! What a function is asked, as an event of its URL and as a request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The reference picture, a PNG: everything in the answer is then the function's doing, none of it a decoder's.
const PICTURE: &[u8] = include_bytes!("../picture.png");

/// The lowest score that words are asked for.
pub const THRESHOLD: f64 = 0.2;

/// What kind of answer a function gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A picture.
    Picture,
    /// Classes, or boxes around objects.
    Words,
    /// A page, which runs no model.
    Page,
}

/// One request.
pub struct Ask {
    /// GET or POST.
    pub method: &'static str,
    /// Begins with a slash.
    pub path: &'static str,
    /// Without a question mark.
    pub query: String,
    /// Names in small letters.
    pub headers: Vec<(&'static str, String)>,
    /// The picture, or nothing.
    pub body: &'static [u8],
}

impl Kind {
    /// What a function of this kind is asked.
    pub fn asks(self) -> Vec<Ask> {
        let get = |path, accept: &str| Ask {
            method: "GET",
            path,
            query: String::new(),
            headers: vec![("accept", accept.into())],
            body: b"",
        };
        // An answer that an older version left in the store would prove nothing, so nothing is read there nor kept.
        let headers = [("accept", "application/json"), ("content-type", "image/png"), ("cache-control", "no-store")];
        let headers = headers.map(|(name, value)| (name, value.to_owned())).to_vec();
        let post = |query| vec![Ask { method: "POST", path: "/", query, headers, body: PICTURE }];
        match self {
            Self::Picture => post("format=png".into()),
            Self::Words => post(format!("threshold={THRESHOLD}")),
            Self::Page => vec![get("/", "text/html"), get("/functions.json", "application/json")],
        }
    }
}

impl Ask {
    /// The same with a key.
    pub fn with_key(mut self, key: Option<&str>) -> Self {
        self.headers.extend(key.map(|key| ("x-api-key", key.to_owned())));
        self
    }

    /// The event that a function URL makes of it (payload format 2.0).
    pub fn event(&self) -> Value {
        let headers: Map<_, _> = self.headers.iter().map(|(name, value)| ((*name).into(), json!(value))).collect();
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": self.path, "rawQueryString": self.query, "headers": headers,
            "requestContext": {
                "accountId": "anonymous", "apiId": "hook", "domainName": "hook", "domainPrefix": "hook",
                "http": {"method": self.method, "path": self.path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                    "userAgent": "hook"},
                "requestId": "hook", "routeKey": "$default", "stage": "$default",
                "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1_767_225_600_000_u64,
            },
            "body": STANDARD.encode(self.body), "isBase64Encoded": true,
        })
    }
}
