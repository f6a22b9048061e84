//! A folder kept small: what is too old goes, and the oldest goes while there is more than the quota.

use std::path::Path as FilePath;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use futures_util::TryStreamExt;
use object_store::{Error as StoreError, ObjectMeta, ObjectStore, ObjectStoreExt};
use tokio::sync::Notify;

use crate::error::{Error, Result};

/// How often a folder is swept when nothing asks for it.
const EVERY: Duration = Duration::from_secs(60);

/// What a client can have again by sending it again: names begin so.
const RESTORABLE: [&str; 4] = ["result/", "upload/", "ticket/", "cache/"];

/// A piece of a write that nobody has ended for this long is left over from a crash.
const LEFT_OVER: Duration = Duration::from_secs(3600);

/// How much a folder holds and may hold.
pub(super) struct Quota {
    most: u64,
    held: AtomicU64,
    full: Notify,
}

impl Quota {
    pub(super) fn new(most: u64) -> Self {
        Self { most, held: AtomicU64::new(0), full: Notify::new() }
    }

    /// Notes what is being written; past the quota a sweep is due at once.
    pub(super) fn add(&self, bytes: u64) {
        if self.held.fetch_add(bytes, Ordering::Relaxed) + bytes > self.most {
            self.full.notify_one();
        }
    }

    /// Waits until a sweep is due.
    pub(super) async fn due(&self) {
        _ = tokio::time::timeout(EVERY, self.full.notified()).await;
    }
}

/// How long ago a thing was written.
pub(super) fn age(meta: &ObjectMeta) -> Duration {
    SystemTime::now().duration_since(meta.last_modified.into()).unwrap_or_default()
}

/// Sweeps the folder once.
pub(super) async fn folder(objects: &dyn ObjectStore, root: &FilePath, quota: &Quota, kept: Duration) -> Result<()> {
    let mut found: Vec<ObjectMeta> = objects.list(None).try_collect().await.map_err(Error::internal)?;
    // What begins with a dot is the store's own: its lock.
    found.retain(|meta| !meta.location.as_ref().starts_with('.'));
    found.sort_by_key(|meta| std::cmp::Reverse(meta.last_modified));
    let mut held = 0;
    for meta in found {
        // The newest come first: what no longer fits behind them goes, jobs aside, which somebody waits for.
        let fits =
            held + meta.size <= quota.most || !RESTORABLE.iter().any(|first| meta.location.as_ref().starts_with(first));
        if age(&meta) <= kept && fits {
            held += meta.size;
            continue;
        }
        match objects.delete(&meta.location).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => {}
            Err(cause) => return Err(Error::internal(cause)),
        }
    }
    quota.held.store(held, Ordering::Relaxed);
    let root = root.to_owned();
    tokio::task::spawn_blocking(move || left_over(&root)).await.map_err(Error::internal)?.map_err(Error::internal)
}

/// Removes pieces of writes that a crash has left, which no list shows: `name#1`.
fn left_over(folder: &FilePath) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            left_over(&path)?;
            continue;
        }
        let piece = path.file_name().is_some_and(|name| name.to_string_lossy().contains('#'));
        let old = || entry.metadata()?.modified()?.elapsed().map_err(std::io::Error::other);
        if piece && old().is_ok_and(|age| age > LEFT_OVER) {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::settings::Settings;
    use crate::store::{Name, Store};

    #[tokio::test]
    async fn the_oldest_goes_first_and_jobs_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        let settings = |name: &str| match name {
            "STORE" => Some(path.clone()),
            "STORE_BYTES" => Some("250".to_owned()),
            _ => None,
        };
        let store = Store::open(&Settings::read(settings).unwrap()).await.unwrap().unwrap();
        let name = |kind: &str, last: &str| Name::of(&[kind, last]).unwrap();
        let names =
            [name("job", "a"), name("result", "a"), name("result", "b"), name("result", "c"), name("cache", "d")];
        for (age, name) in names.iter().enumerate() {
            store.put(name, vec![0; 100].into()).await.unwrap();
            let file = std::fs::File::options().write(true).open(folder.path().join(name.path())).unwrap();
            let seconds = std::time::Duration::from_secs(100 - 10 * age as u64);
            file.set_modified(std::time::SystemTime::now() - seconds).unwrap();
        }
        // The store's lock is older than anything: removed, two could hold one each.
        let lock = std::fs::File::create(folder.path().join(".lock")).unwrap();
        lock.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        // More than fits: a sweep is due at once.
        tokio::time::timeout(std::time::Duration::from_secs(5), store.sweep_due()).await.unwrap();
        store.sweep().await.unwrap();
        let mut left = Vec::new();
        for name in &names {
            left.push(store.exists(name).await.unwrap());
        }
        assert_eq!(left, [true, false, false, true, true]);
        assert!(folder.path().join(".lock").is_file());
    }
}
