//! The body of a job's request, on its way into the store.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use bytes::Bytes;
use futures_util::StreamExt;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::runtime::{hexadecimal, sha256};
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
    /// Its SHA-256 in hexadecimal; computing, on a thread that may be kept busy.
    pub(crate) fn digest(&mut self) -> Result<String> {
        match self {
            Self::Bytes(bytes) => Ok(sha256(bytes)),
            Self::File(file, _) => {
                let (mut hash, mut piece) = (Sha256::new(), vec![0; PIECE]);
                loop {
                    match file.read(&mut piece).map_err(Error::internal)? {
                        0 => break,
                        length => hash.update(&piece[..length]),
                    }
                }
                file.seek(SeekFrom::Start(0)).map_err(Error::internal)?;
                Ok(hexadecimal(&hash.finalize()))
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
