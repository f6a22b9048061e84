//! Answers that are kept, each under an id that nobody guesses: to know it is the right to read it.

use std::ops::Range;

use axum::http::HeaderValue;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use sha2::{Digest, Sha256};

use crate::error::{Error, Kind, Result};
use crate::key::Owner;
use crate::runtime::hexadecimal;
use crate::store::{Kept, Name, Store};

/// The media types that are kept, and how their names end.
const TYPES: &[(&str, &str)] = &[
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("webp", "image/webp"),
    ("json", "application/json"),
    ("txt", "text/plain; charset=utf-8"),
    ("jsonl", "application/jsonl"),
    ("avi", "video/x-msvideo"),
    ("mp4", "video/mp4"),
];

/// Digits of each part of an id.
const DRAWN: usize = 32;
const PROOF: usize = 16;
const TAG: usize = 32;

/// The id of a result: 128 drawn bits, a proof of whose it is, its entity tag, and its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Id(String);

impl Id {
    /// A new one.
    pub(crate) fn draw(owner: &Owner, tag: &Tag, media_type: &str) -> Result<Self> {
        let known = TYPES.iter().find(|(_, known)| known.split(';').next() == media_type.split(';').next());
        let (end, _) = known.ok_or_else(|| Error::internal(format!("results of type {media_type} are not kept")))?;
        let drawn = uuid::Uuid::new_v4().simple().to_string();
        let proof = proof(owner, &drawn);
        Ok(Self(format!("{drawn}-{proof}-{}.{end}", tag.0)))
    }

    /// The one that a client names.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let (name, end) = text.split_once('.').ok_or_else(gone)?;
        let hexadecimal = |part: &str, digits| {
            part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        };
        let parts: Vec<_> = name.split('-').collect();
        match parts[..] {
            [drawn, proof, tag]
                if hexadecimal(drawn, DRAWN)
                    && hexadecimal(proof, PROOF)
                    && hexadecimal(tag, TAG)
                    && TYPES.iter().any(|(known, _)| *known == end) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(gone()),
        }
    }

    /// Whether it was made for that owner.
    pub(crate) fn belongs_to(&self, owner: &Owner) -> bool {
        self.0.get(DRAWN + 1..DRAWN + 1 + PROOF) == Some(&proof(owner, &self.0[..DRAWN]))
    }

    /// As it stands in addresses.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What names its content.
    pub(crate) fn tag(&self) -> Tag {
        Tag(self.0.rsplit(['-', '.']).nth(1).unwrap_or_default().to_owned())
    }

    /// Its media type.
    pub(crate) fn media_type(&self) -> &'static str {
        let end = self.0.rsplit('.').next().unwrap_or_default();
        TYPES.iter().find(|(known, _)| *known == end).map_or("application/octet-stream", |(_, kind)| kind)
    }

    fn name(&self) -> Result<Name> {
        Name::of(&["result", &self.0]).ok_or_else(|| Error::internal("the name of a result"))
    }
}

fn proof(owner: &Owner, drawn: &str) -> String {
    digits(&Sha256::new().chain_update(owner.name()).chain_update([0]).chain_update(drawn).finalize(), PROOF)
}

fn digits(digest: &[u8], count: usize) -> String {
    hexadecimal(&digest[..count / 2])
}

/// What names an answer's content: the same for the same picture, options, form, weights and version.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Tag(String);

impl Tag {
    /// The first digits of a digest.
    pub(crate) fn of(digest: &[u8]) -> Self {
        Self(digits(digest, TAG))
    }

    /// One for an answer that nobody will ask for again.
    pub(crate) fn drawn() -> Self {
        Self::of(uuid::Uuid::new_v4().as_bytes())
    }

    /// As an `ETag` header.
    pub(crate) fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&format!("\"{}\"", self.0)).unwrap_or(HeaderValue::from_static("\"\""))
    }

    /// As a word.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a header's list of entity tags names it.
    pub(crate) fn is_named(&self, listed: &HeaderValue) -> bool {
        listed.to_str().is_ok_and(|listed| self.is_in(listed))
    }

    /// Whether a list of entity tags (RFC 9110, 13.1.2) names it; a weak one counts, as for `If-None-Match`.
    pub(crate) fn is_in(&self, listed: &str) -> bool {
        listed
            .split(',')
            .map(str::trim)
            .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one).trim_matches('"') == self.0)
    }
}

/// Keeps an answer under an id.
pub(crate) async fn keep(store: &Store, id: &Id, body: Bytes) -> Result<()> {
    store.put(&id.name()?, body).await
}

/// Keeps an answer as its pieces come.
pub(crate) async fn keep_pieces(store: &Store, id: &Id, pieces: BoxStream<'_, Result<Bytes>>) -> Result<()> {
    store.write(&id.name()?, None, pieces).await
}

/// Removes a kept answer of that owner; another's is not there for them.
pub(crate) async fn remove(store: &Store, id: &Id, owner: &Owner) -> Result<()> {
    let name = id.name()?;
    if !id.belongs_to(owner) || store.length(&name).await?.is_none() {
        return Err(gone());
    }
    store.remove(&name).await
}

/// Removes what was kept for nobody; what was never kept is removed already.
pub(crate) async fn forget(store: &Store, id: &Id) -> Result<()> {
    store.remove(&id.name()?).await
}

/// A kept answer or a part of it.
///
/// # Errors
/// `NotFound` where there is none, or no more.
pub(crate) async fn open(store: &Store, id: &Id, part: Option<Range<u64>>) -> Result<Kept> {
    store.get(&id.name()?, part).await?.ok_or_else(gone)
}

/// The length of one that is kept still.
pub(crate) async fn length(store: &Store, id: &Id) -> Result<u64> {
    store.length(&id.name()?).await?.ok_or_else(gone)
}

fn gone() -> Error {
    Error::new(Kind::NotFound, "there is no such result, or no more")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_its_type_its_tag_and_its_owner_to_us_alone() {
        let (owner, tag) = (Owner::anybody(), Tag::of(&[0xab; 32]));
        let id = Id::draw(&owner, &tag, "text/plain; charset=utf-8").unwrap();
        assert_eq!(Id::read(id.as_str()).unwrap(), id);
        assert_eq!((id.media_type(), id.tag()), ("text/plain; charset=utf-8", tag.clone()));
        assert!(id.belongs_to(&owner));
        assert_ne!(Id::draw(&owner, &tag, "image/png").unwrap().as_str()[..32], id.as_str()[..32]);
        assert!(tag.is_in("\"x\", W/\"abababababababababababababababab\"") && tag.is_in("*") && !tag.is_in("\"ab\""));
        for wrong in ["", "..", "../../etc/passwd", "a.png", &id.as_str().replace(".txt", ".html"), &id.as_str()[1..]] {
            assert_eq!(Id::read(wrong).unwrap_err().kind(), Kind::NotFound);
        }
    }
}
