//! The body of a job's request, on its way into the store.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use bytes::Bytes;
use futures_util::StreamExt;
use sha2::{Digest, Sha256};

use super::hex;
use crate::error::{Error, Result};
use crate::store::{Name, Store};

/// How much of a file is read at a time.
const PIECE: usize = 1 << 20;

/// A body: in memory, or in a file with its length.
pub(crate) enum Input {
    Bytes(Bytes),
    File(File, u64),
}

impl From<Bytes> for Input {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl Input {
    /// Itself, and its SHA-256 in hexadecimal.
    pub(super) async fn digested(self) -> Result<(Self, String)> {
        match self {
            Self::Bytes(bytes) => {
                let digest = hex(&Sha256::digest(&bytes));
                Ok((Self::Bytes(bytes), digest))
            }
            Self::File(mut file, length) => {
                let digested = move || {
                    let (mut hash, mut piece) = (Sha256::new(), vec![0; PIECE]);
                    loop {
                        match file.read(&mut piece)? {
                            0 => break,
                            length => hash.update(&piece[..length]),
                        }
                    }
                    file.seek(SeekFrom::Start(0))?;
                    Ok::<_, std::io::Error>((file, hex(&hash.finalize())))
                };
                let done = tokio::task::spawn_blocking(digested).await.map_err(Error::internal)?;
                let (file, digest) = done.map_err(Error::internal)?;
                Ok((Self::File(file, length), digest))
            }
        }
    }

    /// Writes it under a name.
    pub(super) async fn write(self, store: &Store, name: &Name) -> Result<()> {
        match self {
            Self::Bytes(bytes) => store.put(name, bytes).await,
            Self::File(file, length) => {
                let pieces = futures_util::stream::try_unfold(file, async |mut file| {
                    let read = move || {
                        let mut piece = Vec::with_capacity(PIECE);
                        (&mut file).take(PIECE as u64).read_to_end(&mut piece)?;
                        Ok::<_, std::io::Error>((Bytes::from(piece), file))
                    };
                    let done = tokio::task::spawn_blocking(read).await.map_err(Error::internal)?;
                    let (piece, file) = done.map_err(Error::internal)?;
                    Ok(if piece.is_empty() { None } else { Some((piece, file)) })
                });
                store.write(name, Some(length), pieces.boxed()).await
            }
        }
    }
}
