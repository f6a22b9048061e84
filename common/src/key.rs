//! Keys: who may call. Of a key only its SHA-256 is known here.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::aws::Aws;
use crate::error::{Error, Kind, Result};
use crate::runtime::hexadecimal;

/// The keys that may call; none at all: everybody may.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys(Vec<[u8; 32]>);

/// The one who calls, by the key; `Owner::ANYBODY` where there are no keys. It names what belongs to it in the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Owner(String);

impl Owner {
    /// Everybody, where there are no keys.
    pub(crate) fn anybody() -> Self {
        Self("anybody".into())
    }

    /// The one of that name, as it stands in the store.
    pub(crate) fn named(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// A word of plain letters, the same for the same key: the first digits of its hash's hash, so that even the store and the
    /// log don't hold what a key is compared with.
    pub(crate) fn name(&self) -> &str {
        &self.0
    }
}

impl Keys {
    /// Reads what the setting names: the hashes themselves, a file of them (`file:PATH`), or a secret of AWS (`secret:ID`).
    pub(crate) async fn load(setting: Option<&str>) -> Result<Self> {
        let Some(setting) = setting else { return Ok(Self::default()) };
        let text = if let Some(path) = setting.strip_prefix("file:") {
            std::fs::read_to_string(path).map_err(|cause| Error::internal(format!("API_KEYS=file:{path}: {cause}")))?
        } else if let Some(id) = setting.strip_prefix("secret:") {
            async { Aws::load().await?.secret(id).await }
                .await
                .map_err(|cause| Error::internal(format!("API_KEYS=secret:{id}: {cause}")))?
        } else {
            setting.to_owned()
        };
        let keys = Self::parse(&text).map_err(|wrong| Error::internal(format!("API_KEYS: {wrong}")))?;
        // A list that was emptied by mistake must not open the door.
        if keys.is_open() {
            return Err(Error::internal("API_KEYS holds no hash; unset it to let everybody call"));
        }
        Ok(keys)
    }

    /// Hashes in hexadecimal with commas, spaces or line breaks between; a `#` begins a remark.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
        let words = lines.flat_map(|line| line.split([',', ' ', '\t'])).filter(|word| !word.is_empty());
        words.map(|word| hash(word).ok_or_else(|| word_of(word))).collect::<Result<_, _>>().map(Self)
    }

    /// Whether everybody may call.
    pub(crate) fn is_open(&self) -> bool {
        self.0.is_empty()
    }

    /// Who calls.
    ///
    /// # Errors
    /// `NoKey` without a key, `WrongKey` with one that is none of these.
    pub(crate) fn owner(&self, headers: &HeaderMap) -> Result<Owner> {
        if self.is_open() {
            return Ok(Owner::anybody());
        }
        let Some(given) = given(headers) else {
            let message = "this needs a key: send `Authorization: Bearer KEY` or `x-api-key: KEY`";
            return Err(Error::new(Kind::NoKey, message));
        };
        let digest: [u8; 32] = Sha256::digest(given).into();
        // All are compared, whole: how long it takes tells nothing.
        let known = self.0.iter().fold(Choice::from(0), |known, one| known | one.ct_eq(&digest));
        if !bool::from(known) {
            return Err(Error::new(Kind::WrongKey, "this key is not known here, or no more"));
        }
        let name: [u8; 32] = Sha256::digest(digest).into();
        Ok(Owner(hexadecimal(&name[..8])))
    }
}

/// The key of a request.
fn given(headers: &HeaderMap) -> Option<&[u8]> {
    let bearer = headers.get(AUTHORIZATION).map(|value| value.as_bytes()).and_then(|value| {
        let (scheme, key) = value.split_at_checked(7)?;
        scheme.eq_ignore_ascii_case(b"bearer ").then(|| key.trim_ascii())
    });
    bearer.or_else(|| headers.get("x-api-key").map(|value| value.as_bytes())).filter(|key| !key.is_empty())
}

fn hash(word: &str) -> Option<[u8; 32]> {
    let digits = word.as_bytes();
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(word.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// What is told of a word that is no hash: it may be a key itself, which nobody should read in a log.
fn word_of(word: &str) -> String {
    format!("a word of {} letters is no SHA-256 of a key (64 hexadecimal digits)", word.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::sha256;

    fn asked(headers: &[(&'static str, &str)], keys: &Keys) -> Result<Owner, Kind> {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        keys.owner(&headers).map_err(|wrong| wrong.kind())
    }

    #[test]
    fn a_key_is_known_by_its_hash_in_both_headers() {
        let of = |key: &str| sha256(key.as_bytes());
        let keys = Keys::parse(&format!("{},\n{} # the old one\n", of("one"), of("two"))).unwrap();
        let one = asked(&[("authorization", "Bearer one")], &keys).unwrap();
        assert_eq!(asked(&[("x-api-key", "one")], &keys).unwrap(), one);
        assert_ne!(asked(&[("x-api-key", "two")], &keys).unwrap(), one);
        assert_eq!(asked(&[("authorization", "bearer  one")], &keys).unwrap(), one);
        for wrong in ["three", &of("one"), "on"] {
            assert_eq!(asked(&[("x-api-key", wrong)], &keys), Err(Kind::WrongKey));
        }
        for none in [[].as_slice(), &[("authorization", "Basic one")], &[("x-api-key", "")]] {
            assert_eq!(asked(none, &keys), Err(Kind::NoKey));
        }
        assert_eq!(asked(&[], &Keys::default()).unwrap(), Owner::anybody());
        let told = Keys::parse("a-secret-written-by-mistake").unwrap_err();
        assert!(told.contains("27 letters") && !told.contains("secret"));
    }
}
