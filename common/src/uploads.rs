//! Files that come before the request that uses them: announced, put by the client, used by their id.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq;

use crate::body::{Pace, slow};
use crate::error::{Error, Kind, Result};
use crate::key::Owner;
use crate::runtime::sha256;
use crate::store::{Kept, Name, Store};

/// The longest time that putting a file may take.
const WHOLE: Duration = Duration::from_secs(900);

/// What a client announces.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Announced {
    /// The file's name; nothing is done with it, and it is not kept.
    #[serde(default, rename = "name")]
    _name: Option<String>,
    /// The media type.
    #[serde(rename = "type")]
    media_type: String,
    /// Bytes.
    length: u64,
}

/// What is known of a file that may be put.
#[derive(Debug, Serialize, Deserialize)]
struct Ticket {
    length: u64,
    owner: String,
    /// The SHA-256 of the token, in hexadecimal.
    token: String,
}

/// Announces a file; the answer tells where to put it.
///
/// `base`: where the function's addresses begin, or nothing where they are relative to this one.
pub(crate) async fn announce(store: &Store, owner: &Owner, body: &[u8], most: u64, base: &str) -> Result<Value> {
    let announced: Announced = serde_json::from_slice(body).map_err(|cause| {
        Error::bad(format!(
            "give JSON as {{\"name\": \"a.jpg\", \"type\": \"image/jpeg\", \"length\": 12345}}: {cause}"
        ))
    })?;
    let Announced { media_type, length, .. } = announced;
    let plain = media_type.bytes().all(|byte| byte.is_ascii_graphic()) && media_type.len() <= 100;
    let taken = ["image/", "video/"].iter().any(|kind| media_type.starts_with(kind));
    if !plain || !(taken || media_type == "application/octet-stream") {
        return Err(Error::new(Kind::NotAPicture, "`type` is none of image/*, video/* and application/octet-stream"));
    }
    if length == 0 {
        return Err(Error::bad("`length` is 0: the file is empty"));
    }
    if length > most {
        return Err(Error::new(Kind::TooLarge, format!("`length` is {length}; at most {most} bytes are taken")));
    }
    let id = uuid::Uuid::new_v4().simple().to_string();
    let token = uuid::Uuid::new_v4().simple().to_string();
    let ticket = Ticket { length, owner: owner.name().to_owned(), token: sha256(token.as_bytes()) };
    store.put(&ticket_name(&id)?, serde_json::to_vec(&ticket).map_err(Error::internal)?.into()).await?;
    let (url, headers, valid_s) = match store.presigned(&file_name(owner, &id)?, length, &media_type).await? {
        Some(presigned) => {
            let headers = presigned.headers.into_iter().map(|(name, value)| (name.to_owned(), json!(value)));
            (presigned.url, headers.collect(), presigned.valid_for.as_secs())
        }
        None => {
            let headers = Map::from_iter([("content-type".to_owned(), json!(media_type))]);
            (format!("{base}uploads/{id}?token={token}"), headers, store.kept().as_secs())
        }
    };
    Ok(json!({"id": id, "method": "PUT", "url": url, "headers": headers, "valid_s": valid_s}))
}

/// Takes a file at the address that `announce` gave, once.
pub(crate) async fn put(store: &Arc<Store>, id: &str, token: &str, headers: &HeaderMap, body: Body) -> Result<()> {
    let ticket = ticket(store, id).await?;
    if !bool::from(ticket.token.as_bytes().ct_eq(sha256(token.as_bytes()).as_bytes())) {
        return Err(Error::new(Kind::WrongKey, "the address's token is not the one that was given with it"));
    }
    let given = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if given.is_some_and(|given| given != ticket.length) {
        let message = format!("{} bytes were announced, and the request says {}", ticket.length, given.unwrap_or(0));
        return Err(Error::bad(message));
    }
    let name = Name::of(&["upload", &ticket.owner, id]).ok_or_else(unknown)?;
    if store.length(&name).await?.is_some() {
        return Err(Error::new(Kind::WrongKey, "this address was used already; announce the file again"));
    }
    let pieces = futures_util::stream::try_unfold((body, Pace::new()), async |(mut body, mut pace)| {
        Ok(pace.piece(&mut body).await?.map(|piece| (piece, (body, pace))))
    });
    // A client that leaves ends the body with a failure: the write is to see it, and to clear away what it began.
    let store = store.clone();
    let written = async move {
        let write = store.write(&name, Some(ticket.length), pieces.boxed());
        tokio::time::timeout(WHOLE, write).await.unwrap_or_else(|_| Err(slow(WHOLE)))
    };
    tokio::spawn(written).await.map_err(Error::internal)?
}

/// The file of that owner, checked against what was announced.
pub(crate) async fn open(store: &Store, owner: &Owner, id: &str) -> Result<Kept> {
    let ticket = ticket(store, id).await?;
    if ticket.owner != owner.name() {
        return Err(unknown());
    }
    let waits = || Error::bad("the upload is announced, and its file has not been put yet");
    let kept = store.get(&file_name(owner, id)?, None).await?.ok_or_else(waits)?;
    if kept.length != ticket.length {
        let message = format!("the upload has {} bytes, and {} were announced", kept.length, ticket.length);
        return Err(Error::bad(message));
    }
    Ok(kept)
}

/// Removes the file of that owner and what is known of it.
pub(crate) async fn remove(store: &Store, owner: &Owner, id: &str) -> Result<()> {
    if ticket(store, id).await?.owner != owner.name() {
        return Err(unknown());
    }
    store.remove(&file_name(owner, id)?).await?;
    store.remove(&ticket_name(id)?).await
}

async fn ticket(store: &Store, id: &str) -> Result<Ticket> {
    let kept = store.get(&ticket_name(id)?, None).await?.ok_or_else(unknown)?;
    serde_json::from_slice(&kept.read().await?).map_err(Error::internal)
}

fn ticket_name(id: &str) -> Result<Name> {
    let plain = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    Name::of(&["ticket", id]).filter(|_| plain).ok_or_else(unknown)
}

fn file_name(owner: &Owner, id: &str) -> Result<Name> {
    Name::of(&["upload", owner.name(), id]).ok_or_else(unknown)
}

fn unknown() -> Error {
    Error::new(Kind::NotFound, "there is no such upload, or no more")
}
