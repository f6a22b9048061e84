//! One function's address: requests with the key, tried again when the server asks for it, and answers that may be elsewhere.

use std::cell::RefCell;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url, redirect};
use serde::Deserialize;
use tokio::sync::OnceCell;

use crate::config::Key;
use crate::failure::{Failure, Result};
use crate::retry;
use crate::say::Say;

/// Bytes that a request to a distant address may have where the address does not tell: function URLs take 6 MB, of which
/// base64 leaves three quarters, and gateways less.
const DISTANT_BODY: u64 = 4_500_000;
/// Answers that point to another address, one after the other.
const HOPS: usize = 5;

/// What `GET /` tells, as far as it matters here.
#[derive(Deserialize, Default)]
struct About {
    #[serde(default)]
    limits: Limits,
    store: Option<serde_json::Value>,
}

#[derive(Deserialize, Default)]
struct Limits {
    #[serde(default)]
    max_bytes: u64,
    #[serde(default)]
    max_pixels: u64,
    /// Missing: not told; null: no limit.
    #[serde(default, deserialize_with = "told")]
    max_body_bytes: Option<Option<u64>>,
}

fn told<'de, D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Option<Option<u64>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// A function at its address.
pub struct Client {
    http: reqwest::Client,
    /// For uploads, during which the server has nothing to say.
    sender: reqwest::Client,
    patience: Duration,
    base: Url,
    key: Option<Key>,
    /// For what is to be told.
    pub say: Say,
    about: OnceCell<About>,
    /// The jobs that are waited for: an interrupted program cancels them.
    pub live: RefCell<Vec<Url>>,
}

impl Client {
    /// `patience`: the longest wait for a sign of life; `connect`: for a connection.
    pub fn new(base: Url, key: Option<Key>, patience: Duration, connect: Duration, say: Say) -> Result<Self> {
        let builder = || {
            reqwest::Client::builder()
                .redirect(redirect::Policy::none())
                .connect_timeout(connect.min(patience))
                .user_agent(concat!("darkroom/", env!("CARGO_PKG_VERSION")))
        };
        let built = |builder: reqwest::ClientBuilder| {
            builder.build().map_err(|cause| Failure::new(format!("no HTTPS here: {cause}")))
        };
        let (http, sender) = (built(builder().read_timeout(patience))?, built(builder())?);
        if key.is_some() && base.scheme() == "http" && !is_local(&base) {
            say.warn(&format!(
                "the key goes to {} unencrypted; use its https:// address",
                base.host_str().unwrap_or("?")
            ));
        }
        Ok(Self { http, sender, patience, base, key, say, about: OnceCell::new(), live: RefCell::default() })
    }

    /// An address below the function's.
    pub fn url(&self, path: &str, query: &[(String, String)]) -> Url {
        let mut url = self.base.join(path).expect("a path of ours");
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// A request; the key goes with it to the function's own origin and nowhere else.
    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let own = url.origin() == self.base.origin();
        let request = self.http.request(method, url);
        match &self.key {
            Some(key) if own => request.bearer_auth(key.reveal()),
            _ => request,
        }
    }

    /// An upload of so many bytes: no key goes with it, and a slow line has its time (20 kB a second).
    pub fn put(&self, url: Url, length: u64) -> RequestBuilder {
        self.sender.put(url).timeout(self.patience + Duration::from_secs(length / 20_000))
    }

    /// Sends what `make` makes, again when the server is too busy and says so; gives an answer below 400. `hurry`: another
    /// address waits, so one that is not ready is not waited for.
    pub async fn send(&self, hurry: bool, make: impl AsyncFn() -> Result<RequestBuilder>) -> Result<Response> {
        for tried in 1.. {
            let response = self.send_once(make().await?).await?;
            let status = response.status();
            let away = hurry && status == StatusCode::SERVICE_UNAVAILABLE;
            let after = header(response.headers(), RETRY_AFTER.as_str());
            let Some(wait) = retry::wait(status, after, tried).filter(|_| !away) else {
                return checked(response).await;
            };
            let (code, seconds, most) = (status.as_u16(), wait.as_secs_f32(), retry::TRIES);
            self.say.warn(&format!("busy ({code}); trying again in {seconds} s, {} of {most}", tried + 1));
            tokio::time::sleep(wait).await;
        }
        unreachable!("the tries are bounded");
    }

    /// Sends one request as it is; gives any answer.
    pub async fn send_once(&self, request: RequestBuilder) -> Result<Response> {
        let (client, request) = request.build_split();
        let request = request.map_err(Failure::new)?;
        let url = request.url().clone();
        client.execute(request).await.map_err(|error| Failure::unanswered(&error, &url).elsewhere(true))
    }

    /// What is at an address.
    pub async fn get(&self, url: &Url) -> Result<Response> {
        let response = self.send(false, async || Ok(self.request(Method::GET, url.clone()))).await?;
        self.follow(response).await
    }

    /// The answer itself, where it is kept at another address (303).
    pub async fn follow(&self, mut response: Response) -> Result<Response> {
        for _ in 0..HOPS {
            if !response.status().is_redirection() {
                return Ok(response);
            }
            let place = location(&response)?;
            if !matches!(response.status(), StatusCode::SEE_OTHER | StatusCode::FOUND) {
                return Err(Failure::new(format!("this address has moved to {place}; give that one with --url")));
            }
            response = self.send(false, async || Ok(self.request(Method::GET, place.clone()))).await?;
        }
        Err(Failure::new("the answer is always elsewhere: the address points in a circle"))
    }

    /// The most bytes that a request may have here. A platform with a limit counts the body in base64, a third longer.
    pub async fn body_limit(&self) -> u64 {
        let distant = if is_local(&self.base) { u64::MAX } else { DISTANT_BODY };
        let told = self.about().await.and_then(|about| about.limits.max_body_bytes);
        told.map_or(distant, |told| told.map_or(u64::MAX, |bytes| bytes / 4 * 3))
    }

    /// Whether uploads, jobs and results are kept here; none: it does not tell.
    pub async fn has_store(&self) -> Option<bool> {
        self.about().await.map(|about| about.store.is_some())
    }

    /// Whether a larger limit is told here than at another address.
    pub async fn is_roomier(&self, other: &Self) -> bool {
        let (Some(own), Some(other)) = (self.about().await, other.about().await) else { return false };
        own.limits.max_bytes > other.limits.max_bytes || own.limits.max_pixels > other.limits.max_pixels
    }

    async fn about(&self) -> Option<&About> {
        let ask = async || {
            let request = self.request(Method::GET, self.base.clone()).header("accept", "application/json");
            let bytes = body(checked(self.send_once(request).await?).await?).await?;
            serde_json::from_slice(&bytes).map_err(Failure::new)
        };
        // An address that tells nothing is still asked; what is wrong with it comes out then.
        self.about.get_or_try_init(ask).await.ok()
    }
}

/// An answer below 400, or what the server said instead.
pub async fn checked(response: Response) -> Result<Response> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return Ok(response);
    }
    let url = response.url().clone();
    let body = response.bytes().await.unwrap_or_default();
    Err(Failure::answered(status, &url, &body))
}

/// The whole body of an answer.
pub async fn body(response: Response) -> Result<bytes::Bytes> {
    let url = response.url().clone();
    response.bytes().await.map_err(|error| Failure::unanswered(&error, &url))
}

/// Where an answer points to.
pub fn location(response: &Response) -> Result<Url> {
    let place = header(response.headers(), LOCATION.as_str());
    let place = place.ok_or_else(|| Failure::new(format!("an answer {} without an address", response.status())))?;
    join(response.url(), place)
}

/// A reference against the address that it came from.
pub fn join(base: &Url, reference: &str) -> Result<Url> {
    base.join(reference).map_err(|cause| Failure::new(format!("the server names an address that is none: {cause}")))
}

/// A header as text.
pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or("").trim_matches(['[', ']']);
    host == "localhost" || host.ends_with(".localhost") || host.parse().is_ok_and(|host: IpAddr| host.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_no_limit_apart_from_nothing() {
        let limit = |text| serde_json::from_str::<About>(text).unwrap().limits.max_body_bytes;
        assert_eq!(limit(r#"{"limits":{"max_body_bytes":null}}"#), Some(None));
        assert_eq!(limit(r#"{"limits":{"max_body_bytes":5}}"#), Some(Some(5)));
        assert_eq!(limit(r#"{"limits":{"max_bytes":5}}"#), None);
        assert_eq!(limit("{}"), None);
    }

    #[test]
    fn only_this_machine_is_local() {
        for (url, local) in [("http://localhost:9000/", true), ("http://[::1]/", true), ("http://127.0.0.9/", true)] {
            assert_eq!(is_local(&Url::parse(url).unwrap()), local, "{url}");
        }
        assert!(!is_local(&Url::parse("https://localhost.example/").unwrap()));
    }

    #[test]
    fn the_key_stays_at_its_origin() {
        let key = toml::from_str::<std::collections::BTreeMap<String, Key>>("key = 'secret'").unwrap().remove("key");
        let base = Url::parse("https://a.example/f/").unwrap();
        let client = Client::new(base, key, Duration::from_secs(1), Duration::from_secs(1), Say::new(true)).unwrap();
        let has_key = |url: &str| {
            let request = client.request(Method::GET, Url::parse(url).unwrap()).build().unwrap();
            request.headers().contains_key("authorization")
        };
        assert!(has_key("https://a.example/other"));
        assert!(
            !has_key("https://a.example:444/f/") && !has_key("http://a.example/f/") && !has_key("https://b.example/")
        );
    }
}
