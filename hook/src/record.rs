//! `hook record`: what a function answers today becomes what is expected of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use common::{Error, Result};
use reqwest::{Client, Method};
use serde_json::Value;

use crate::answer::Answer;
use crate::ask::{Ask, Kind};
use crate::content::Content;
use crate::expected::Expected;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Asks the function at each of these addresses and writes `NAME.json` into a folder.
///
/// # Errors
/// One sentence where one of them is another function, answers wrong, or says nothing worth expecting.
pub async fn record(name: &str, addresses: &[String], into: &Path) -> Result<()> {
    let client = Client::builder().timeout(PATIENCE).build().map_err(Error::internal)?;
    let mut expected: Option<Expected> = None;
    for address in addresses {
        let wrong = |cause: Error| Error::internal(format!("{name} at {address}: {cause}"));
        let kind = kind(&client, name, address).await.map_err(wrong)?;
        let mut answers = Vec::new();
        for ask in kind.asks() {
            answers.push(send(&client, address, &ask).await.map_err(wrong)?);
        }
        let (by, content) = Content::read(kind, &answers).map_err(wrong)?;
        content.says_something().map_err(wrong)?;
        println!("{name}: {by}");
        expected.get_or_insert(Expected { kind, answers: BTreeMap::new() }).answers.insert(by, content);
    }
    let path = into.join(format!("{name}.json"));
    let text = serde_json::to_string_pretty(&expected).map_err(Error::internal)?;
    std::fs::create_dir_all(into)
        .and_then(|()| std::fs::write(&path, text + "\n"))
        .map_err(|cause| Error::internal(format!("{}: {cause}", path.display())))
}

/// What kind of function it is, once it is the one of this name.
async fn kind(client: &Client, name: &str, address: &str) -> Result<Kind> {
    let get =
        |path| Ask { method: "GET", path, query: String::new(), headers: vec![("accept", JSON.into())], body: b"" };
    let card: Value = serde_json::from_slice(send(client, address, &get("/")).await?.good()?).unwrap_or_default();
    if card["name"] != name {
        return Err(Error::internal(format!("this is not {name}: it calls itself {}", card["name"])));
    }
    if card["functions"].is_string() {
        return Ok(Kind::Page);
    }
    let models: Value =
        serde_json::from_slice(send(client, address, &get("/models")).await?.good()?).unwrap_or_default();
    let children = models["children"].as_array();
    let default = children.into_iter().flatten().find(|child| child["name"] == models["default"]);
    match default.and_then(|child| child["type"].as_str()) {
        Some("picture") => Ok(Kind::Picture),
        Some("labels" | "boxes") => Ok(Kind::Words),
        other => Err(Error::internal(format!("it does {other:?}, of which nothing is known here"))),
    }
}

const JSON: &str = "application/json";

async fn send(client: &Client, address: &str, ask: &Ask) -> Result<Answer> {
    let query = if ask.query.is_empty() { String::new() } else { format!("?{}", ask.query) };
    let url = format!("{}{}{query}", address.trim_end_matches('/'), ask.path);
    let method = Method::from_bytes(ask.method.as_bytes()).map_err(Error::internal)?;
    let mut request = client.request(method, url).body(ask.body);
    for (name, value) in &ask.headers {
        request = request.header(*name, value);
    }
    let answer = request.send().await.map_err(Error::internal)?;
    let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = answer.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let status = answer.status().as_u16();
    Ok(Answer { status, headers, body: answer.bytes().await.map_err(Error::internal)?.into() })
}
