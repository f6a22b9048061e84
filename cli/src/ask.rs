//! One question to a function, by the way that it needs: in the request, by an upload, as a job.

use std::collections::BTreeMap;

use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;

use crate::client::{Client, body, join, location};
use crate::failure::{Failure, Result};
use crate::input::Input;
use crate::job;

/// Bodies up to this size are sent without asking what the limit is; every platform takes them.
const SMALL: u64 = 1_000_000;

/// Who waits.
#[derive(Clone, Copy, PartialEq)]
pub enum Mode {
    /// The connection, where it can; a job for what is uploaded or takes longer than the server waits.
    Auto,
    /// A job, and this program waits for it.
    Job,
    /// A job that nobody waits for.
    Detached,
}

/// What came of it.
pub enum Asked {
    /// The function's answer.
    Answer(Response),
    /// The address of a job that goes on.
    Job(Url),
}

/// What is asked of every input.
pub struct Question<'a> {
    /// Of whom.
    pub client: &'a Client,
    /// Below the function's address: empty, or `video`.
    pub path: &'a str,
    /// The function's options.
    pub options: Vec<(String, String)>,
    /// The answer's form; none: the function's own.
    pub accept: Option<&'a str>,
    /// Who waits.
    pub mode: Mode,
    /// Whether another address waits to be asked.
    pub hurry: bool,
}

#[derive(Deserialize)]
struct Upload {
    id: String,
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

impl Question<'_> {
    /// Asks it of one input.
    pub async fn ask(&self, input: &Input) -> Result<Asked> {
        if input.length() > SMALL && input.length() > self.client.body_limit().await {
            if self.hurry && self.client.has_store().await == Some(false) {
                return Err(Failure::too_large("larger than a request may be, and no uploads are taken"));
            }
            return self.ask_uploaded(input).await;
        }
        match self.ask_directly(input, self.mode).await {
            Err(failure) if is_too_large(&failure) => self.ask_uploaded(input).await,
            Err(failure) if self.mode == Mode::Auto && self.is_too_slow(&failure).await => {
                self.client.say.warn(&format!("{}: takes longer than the server waits; as a job", input.name));
                self.ask_directly(input, Mode::Job).await
            }
            asked => asked,
        }
    }

    async fn ask_directly(&self, input: &Input, mode: Mode) -> Result<Asked> {
        let token = uuid::Uuid::new_v4().to_string();
        let send = async || {
            let request = self.post(&[], mode, &token).header(CONTENT_TYPE, input.media);
            Ok(request.header(CONTENT_LENGTH, input.length()).body(input.body(None).await?))
        };
        self.answered(self.client.send(self.hurry, send).await?, mode).await
    }

    async fn ask_uploaded(&self, input: &Input) -> Result<Asked> {
        let id = self.upload(input).await?;
        let mode = if self.mode == Mode::Auto { Mode::Job } else { self.mode };
        let token = uuid::Uuid::new_v4().to_string();
        let with = [("upload".to_owned(), id.clone())];
        let asked = async {
            let response = self.client.send(self.hurry, async || Ok(self.post(&with, mode, &token).body(""))).await?;
            self.answered(response, mode).await
        };
        let asked = asked.await;
        if mode != Mode::Detached {
            // It ends by itself too: that this fails is nobody's trouble.
            let url = self.client.url(&format!("uploads/{id}"), &[]);
            let _ = self.client.send_once(self.client.request(Method::DELETE, url)).await;
        }
        asked
    }

    fn post(&self, further: &[(String, String)], mode: Mode, token: &str) -> RequestBuilder {
        let query: Vec<_> = self.options.iter().chain(further).cloned().collect();
        let mut request = self.client.request(Method::POST, self.client.url(self.path, &query));
        if let Some(accept) = self.accept {
            request = request.header(ACCEPT, accept);
        }
        if mode != Mode::Auto {
            // The same token in every try: a job is not begun twice.
            request = request.header("prefer", "respond-async").header("idempotency-key", token);
        }
        request
    }

    /// What follows once it has taken the work on, which then stays there.
    async fn answered(&self, response: Response, mode: Mode) -> Result<Asked> {
        self.fetched(response, mode).await.map_err(|failure| failure.elsewhere(false))
    }

    async fn fetched(&self, response: Response, mode: Mode) -> Result<Asked> {
        if response.status() != StatusCode::ACCEPTED {
            return self.client.follow(response).await.map(Asked::Answer);
        }
        let address = location(&response)?;
        if mode == Mode::Detached {
            return Ok(Asked::Job(address));
        }
        let result = job::wait(self.client, &address).await?;
        self.client.get(&result).await.map(Asked::Answer)
    }

    /// Brings an input to where the function finds it; gives its id.
    async fn upload(&self, input: &Input) -> Result<String> {
        let client = self.client;
        let name = std::path::Path::new(&input.name).file_name().map_or("input".into(), |name| name.to_string_lossy());
        let asked = serde_json::json!({ "name": name, "type": input.media, "length": input.length() }).to_string();
        let url = client.url("uploads", &[]);
        let ask = async || {
            Ok(client.request(Method::POST, url.clone()).header(CONTENT_TYPE, "application/json").body(asked.clone()))
        };
        let granted = body(client.send(self.hurry, ask).await?).await?;
        let granted: Upload = serde_json::from_slice(&granted)
            .map_err(|cause| Failure::new(format!("the answer to POST uploads is not understood: {cause}")))?;
        let place = join(&url, &granted.url)?;
        let bar = client.say.bytes(input.length(), "upload");
        let put = async || {
            bar.set_position(0);
            let mut request = client.put(place.clone(), input.length()).header(CONTENT_LENGTH, input.length());
            for (name, value) in granted.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content-length"))
            {
                request = request.header(name, value);
            }
            Ok(request.body(input.body(Some(bar.clone())).await?))
        };
        let sent = client.send(self.hurry, put).await;
        bar.finish_and_clear();
        sent.map(|_| granted.id)
    }

    /// Out of time at an address that can do it as a job. Where something between ran out of it, another address comes first.
    async fn is_too_slow(&self, failure: &Failure) -> bool {
        let late = failure.status == Some(StatusCode::GATEWAY_TIMEOUT) && !(self.hurry && failure.elsewhere);
        late && self.client.has_store().await == Some(true)
    }
}

/// Refused for its size by a function that takes uploads.
fn is_too_large(failure: &Failure) -> bool {
    failure.status == Some(StatusCode::PAYLOAD_TOO_LARGE) && failure.to_string().contains("/uploads")
}
