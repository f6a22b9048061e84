//! What a run keeps beside its answer: a result of its own, whole or not at all, and gone with an answer that nobody took.

use std::fs::File;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::error::{Error, Result};
use crate::log::{self, Level};
use crate::result::{self, Id};
use crate::store::Store;
use crate::watch::Watch;

/// How much of a file is read at a time, bytes.
const PIECE: u64 = 256 << 10;

/// How long a store may take to end a write that is not wanted any more, and to clear away what it began.
const CLEARED: Duration = Duration::from_secs(10);

/// The place of one further result. Dropped before its answer was taken, it leaves nothing.
pub(crate) struct Aside {
    store: Arc<Store>,
    id: Id,
    address: String,
    watch: Watch,
    runtime: Handle,
    taken: AtomicBool,
}

impl Aside {
    /// A place in the store, which the answer calls `address`; to be made within the runtime that the store lives in.
    pub(crate) fn new(store: Arc<Store>, id: Id, address: String, watch: Watch) -> Self {
        Self { store, id, address, watch, runtime: Handle::current(), taken: AtomicBool::new(false) }
    }

    /// Keeps a file, from where it is read to its end: its address. For a thread that may be kept busy.
    ///
    /// # Errors
    /// As the watch says once it stops the run; `NotReady` where the store has no room.
    pub(crate) fn keep(&self, file: File) -> Result<String> {
        let pieces = futures_util::stream::try_unfold(file, async |file| {
            self.watch.check()?;
            let mut piece = Vec::new();
            (&file).take(PIECE).read_to_end(&mut piece).map_err(Error::internal)?;
            Ok((!piece.is_empty()).then(|| (piece.into(), file)))
        });
        let write = result::keep_pieces(&self.store, &self.id, pieces.boxed());
        let stop = Arc::new(Notify::new());
        let stopped = stop.clone();
        let hangs = async {
            stopped.notified().await;
            tokio::time::sleep(CLEARED).await;
        };
        let work = async {
            tokio::select! {
                written = write => written,
                () = hangs => self.watch.check(),
            }
        };
        self.watch.while_braked(move || stop.notify_one(), || self.runtime.block_on(work))??;
        Ok(self.address.clone())
    }

    /// The answer that tells of it was taken to its end: it stays.
    pub(crate) fn taken(&self) {
        self.taken.store(true, Ordering::Release);
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if *self.taken.get_mut() {
            return;
        }
        let (store, id) = (self.store.clone(), self.id.clone());
        self.runtime.spawn(async move {
            if let Err(cause) = result::forget(&store, &id).await {
                log::line(Level::Error, "a result of nobody stays", json!({"cause": cause.to_string()}));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use super::*;
    use crate::error::Kind;
    use crate::key::Owner;
    use crate::result::Tag;
    use crate::settings::Settings;
    use crate::watch::Stop;
    use crate::work::compute;

    async fn store(folder: &tempfile::TempDir) -> Arc<Store> {
        let path = folder.path().display().to_string();
        let settings = Settings::read(|name| (name == "STORE").then(|| path.clone())).unwrap();
        Arc::new(Store::open(&settings).await.unwrap().unwrap())
    }

    fn place(store: &Arc<Store>, watch: &Watch) -> (Arc<Aside>, Id) {
        let id = Id::draw(&Owner::anybody(), &Tag::drawn(), "video/mp4").unwrap();
        (Arc::new(Aside::new(store.clone(), id.clone(), "result/it".to_owned(), watch.clone())), id)
    }

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        file
    }

    #[tokio::test]
    async fn a_file_is_kept_whole_and_stays_once_its_answer_was_taken() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let bytes: Vec<u8> = (0..PIECE * 2 + 7).map(|at| (at % 251) as u8).collect();
        let (aside, id) = place(&store, &Watch::default());
        let (keeper, sent) = (aside.clone(), file(&bytes));
        assert_eq!(compute(move || keeper.keep(sent)).await.unwrap(), "result/it");
        aside.taken();
        drop(aside);
        assert!(result::open(&store, &id, None).await.unwrap().read().await.unwrap() == bytes, "the same bytes");
    }

    #[tokio::test]
    async fn of_an_answer_that_nobody_took_nothing_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let (aside, id) = place(&store, &Watch::default());
        let keeper = aside.clone();
        compute(move || keeper.keep(file(b"whole"))).await.unwrap();
        assert_eq!(result::length(&store, &id).await.unwrap(), 5);
        drop(aside);
        // The runtime of a test has one thread: what was spawned goes on while this waits for it.
        let gone = async {
            while result::length(&store, &id).await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(CLEARED, gone).await.unwrap();
    }

    #[tokio::test]
    async fn a_run_that_was_stopped_keeps_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        for (why, kind) in [(Stop::Gone, Kind::Gone), (Stop::Deadline, Kind::Deadline)] {
            let watch = Watch::default();
            let (aside, id) = place(&store, &watch);
            watch.stop(why);
            assert_eq!(compute(move || aside.keep(file(b"late"))).await.unwrap_err().kind(), kind);
            assert_eq!(result::length(&store, &id).await.unwrap_err().kind(), Kind::NotFound);
        }
    }
}
