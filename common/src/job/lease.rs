//! Who runs a job: one at a time, and for a while only, so that another one takes over where a process died.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::Job;
use crate::error::{Error, Result};
use crate::store::{Name, Store, Version};

/// How long a lease holds without being renewed, and how often its holder renews it.
pub(crate) const HOLDS: Duration = Duration::from_secs(15);
pub(crate) const RENEWED: Duration = Duration::from_secs(4);

/// The right to run a job until it is not renewed any more.
pub(crate) struct Lease {
    name: Name,
    holder: String,
    version: Version,
}

#[derive(Serialize, Deserialize)]
struct Written {
    holder: String,
    /// Milliseconds since 1970.
    until: u64,
}

impl Lease {
    /// Takes the lease of a job; `None` where another one holds it.
    pub(crate) async fn take(store: &Store, job: &Job) -> Result<Option<Self>> {
        // Drawn each time: two processes restored from one snapshot are two.
        let (name, holder) = (job.lease()?, &uuid::Uuid::new_v4().simple().to_string());
        if !store.create(&name, written(holder)?.into()).await? {
            let Some(kept) = store.get(&name, None).await? else { return Ok(None) };
            let version = kept.version.clone();
            let before: Written = serde_json::from_slice(&kept.read().await?).map_err(Error::internal)?;
            if before.until > now() || !store.replace(&name, written(holder)?.into(), &version).await? {
                return Ok(None);
            }
        }
        Self::read(store, name, holder).await
    }

    /// Holds it for another while; false where another one has taken it.
    pub(crate) async fn renew(&mut self, store: &Store) -> Result<bool> {
        if !store.replace(&self.name, written(&self.holder)?.into(), &self.version).await? {
            return Ok(false);
        }
        match Self::read(store, self.name.clone(), &self.holder).await? {
            Some(renewed) => {
                *self = renewed;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Gives it back, where it is held still; `over`: nobody will want it again.
    pub(crate) async fn end(self, store: &Store, over: bool) -> Result<()> {
        let free = serde_json::to_vec(&Written { holder: self.holder, until: 0 }).map_err(Error::internal)?;
        if store.replace(&self.name, free.into(), &self.version).await? && over {
            store.remove(&self.name).await?;
        }
        Ok(())
    }

    /// Whether nobody holds the lease of a job.
    pub(crate) async fn is_free(store: &Store, job: &Job) -> Result<bool> {
        let Some(kept) = store.get(&job.lease()?, None).await? else { return Ok(true) };
        let written: Written = serde_json::from_slice(&kept.read().await?).map_err(Error::internal)?;
        Ok(written.until <= now())
    }

    async fn read(store: &Store, name: Name, holder: &str) -> Result<Option<Self>> {
        let Some(kept) = store.get(&name, None).await? else { return Ok(None) };
        let version = kept.version.clone();
        let written: Written = serde_json::from_slice(&kept.read().await?).map_err(Error::internal)?;
        Ok((written.holder == holder).then(|| Self { name, holder: holder.to_owned(), version }))
    }
}

fn written(holder: &str) -> Result<Vec<u8>> {
    let until = now() + HOLDS.as_millis() as u64;
    serde_json::to_vec(&Written { holder: holder.to_owned(), until }).map_err(Error::internal)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
