//! Where results, uploads and jobs are kept: a folder, or a bucket of an S3 server.
//!
//! The only module that names `object_store`. Names are made here and by those above it out of drawn
//! ids and fixed words alone: no path from a client ever reaches a file system.

mod bucket;
mod sweep;

use std::ops::Range;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    Error as StoreError, GetOptions, GetRange, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode,
    PutOptions, PutPayload, UpdateVersion,
};

use crate::error::{Error, Kind, Result, has_no_room};
use crate::settings::Settings;

use bucket::Bucket;
pub(crate) use bucket::Presigned;
use sweep::Quota;

/// How large the pieces are in which a long body is written; S3 takes none smaller than 5 MiB but the last.
const PIECE: usize = 8 << 20;

/// Where things are kept.
pub(crate) struct Store {
    objects: Arc<dyn ObjectStore>,
    place: Place,
    kept: Duration,
}

enum Place {
    Folder { root: PathBuf, quota: Quota },
    Bucket(Bucket),
}

/// One thing that is kept, before its bytes are read.
pub(crate) struct Kept {
    /// Its length in bytes, whatever part of it was asked for.
    pub length: u64,
    /// The bytes that follow: all of it, or the part that was asked for.
    pub range: Range<u64>,
    /// What tells this content from another one under the same name.
    pub version: Version,
    /// How long it is kept still.
    pub left: Duration,
    /// The bytes, piece by piece.
    pub bytes: BoxStream<'static, Result<Bytes>>,
}

/// What tells one content from another under the same name.
#[derive(Clone, Debug)]
pub(crate) struct Version(UpdateVersion);

impl Kept {
    /// All its bytes.
    pub(crate) async fn read(self) -> Result<Bytes> {
        let mut all = Vec::with_capacity((self.range.end - self.range.start) as usize);
        let mut pieces = self.bytes;
        while let Some(piece) = pieces.try_next().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all.into())
    }
}

impl Store {
    /// The store that the settings name; `None` where nothing is to be kept.
    ///
    /// # Errors
    /// One sentence when the folder can't be made or written, or the address is none of a bucket.
    pub(crate) async fn open(settings: &Settings) -> Result<Option<Self>> {
        let Some(named) = &settings.store else { return Ok(None) };
        let kept = settings.store_kept;
        if let Some(address) = named.strip_prefix("s3://") {
            let (objects, bucket) = bucket::open(address).await?;
            return Ok(Some(Self { objects, place: Place::Bucket(bucket), kept }));
        }
        let wrong = |cause: &dyn std::fmt::Display| Error::internal(format!("STORE={named}: {cause}"));
        let root = std::path::absolute(named).map_err(|cause| wrong(&cause))?;
        // Photographs lie there: nobody else on this machine is to read them.
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&root).map_err(|cause| wrong(&cause))?;
        let objects = LocalFileSystem::new_with_prefix(&root).map_err(|cause| wrong(&cause))?;
        let objects = objects.with_automatic_cleanup(true);
        tempfile::tempfile_in(&root).map_err(|cause| wrong(&cause))?;
        let quota = Quota::new(settings.store_bytes);
        Ok(Some(Self { objects: Arc::new(objects), place: Place::Folder { root, quota }, kept }))
    }

    /// How long a thing is kept.
    pub(crate) fn kept(&self) -> Duration {
        self.kept
    }

    /// Writes a thing, whole or not at all; another one of that name is replaced.
    pub(crate) async fn put(&self, name: &Name, bytes: Bytes) -> Result<()> {
        self.made_room(bytes.len() as u64);
        self.objects.put(&name.0, PutPayload::from_bytes(bytes)).await.map_err(failed).map(drop)
    }

    /// Writes a thing where there is none of that name; false where there is.
    pub(crate) async fn create(&self, name: &Name, bytes: Bytes) -> Result<bool> {
        self.made_room(bytes.len() as u64);
        let options = PutOptions::from(PutMode::Create);
        match self.objects.put_opts(&name.0, PutPayload::from_bytes(bytes.clone()), options).await {
            Ok(_) => Ok(true),
            // One that is too old counts as none, also where nobody has swept yet.
            Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => {
                match self.objects.head(&name.0).await {
                    Ok(meta) if self.is_old(&meta) => {
                        let version = Version(UpdateVersion { e_tag: meta.e_tag, version: meta.version });
                        self.replace(name, bytes, &version).await
                    }
                    Ok(_) | Err(StoreError::NotFound { .. }) => Ok(false),
                    Err(cause) => Err(failed(cause)),
                }
            }
            Err(cause) => Err(failed(cause)),
        }
    }

    /// Replaces a thing where it is still the one of that version; false where it is another by now, or gone.
    pub(crate) async fn replace(&self, name: &Name, bytes: Bytes, version: &Version) -> Result<bool> {
        self.made_room(bytes.len() as u64);
        let root = match &self.place {
            Place::Folder { root, .. } => root,
            Place::Bucket(_) => {
                let options = PutOptions::from(PutMode::Update(version.0.clone()));
                return match self.objects.put_opts(&name.0, PutPayload::from_bytes(bytes), options).await {
                    Ok(_) => Ok(true),
                    Err(StoreError::Precondition { .. } | StoreError::NotFound { .. }) => Ok(false),
                    Err(cause) => Err(failed(cause)),
                };
            }
        };
        // A folder has no conditional write: whoever replaces does so under one lock.
        let _lock = lock(root.join(LOCK)).await?;
        match self.objects.head(&name.0).await {
            Ok(meta) if meta.e_tag == version.0.e_tag => {}
            Ok(_) | Err(StoreError::NotFound { .. }) => return Ok(false),
            Err(cause) => return Err(failed(cause)),
        }
        self.objects.put(&name.0, PutPayload::from_bytes(bytes)).await.map_err(failed)?;
        Ok(true)
    }

    /// Writes a thing as its pieces come, whole or not at all; `length`: how many bytes it must have, where that is known.
    ///
    /// # Errors
    /// `BadRequest` when more or fewer bytes come.
    pub(crate) async fn write(
        &self,
        name: &Name,
        length: Option<u64>,
        mut pieces: BoxStream<'_, Result<Bytes>>,
    ) -> Result<()> {
        // Room is made for it as it comes, and not after.
        self.made_room(length.unwrap_or_default());
        let mut file = self.objects.put_multipart(&name.0).await.map_err(failed)?;
        let written = match write_all(&mut *file, length, &mut pieces).await {
            Ok(bytes) => file.complete().await.map_err(failed).map(|_| bytes),
            Err(wrong) => Err(wrong),
        };
        match written {
            Ok(bytes) => self.made_room(bytes - length.unwrap_or_default()),
            // What was written of it is of no use; where even that fails, the sweep takes it.
            Err(_) => _ = file.abort().await,
        }
        written.map(drop)
    }

    /// A thing, or a part of it; `None` where there is none, or where it is older than things are kept.
    ///
    /// `part`: one that it has.
    pub(crate) async fn get(&self, name: &Name, part: Option<Range<u64>>) -> Result<Option<Kept>> {
        let options = GetOptions { range: part.map(GetRange::Bounded), ..GetOptions::default() };
        let found = match self.objects.get_opts(&name.0, options).await {
            Ok(found) => found,
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(cause) => return Err(failed(cause)),
        };
        if self.is_old(&found.meta) {
            return Ok(None);
        }
        let version = Version(UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() });
        let (length, range) = (found.meta.size, found.range.clone());
        let left = self.kept.saturating_sub(sweep::age(&found.meta));
        let bytes = found.into_stream().map(|piece| piece.map_err(failed)).boxed();
        Ok(Some(Kept { length, range, version, left, bytes }))
    }

    /// The length of a thing; `None` as in `get`.
    pub(crate) async fn length(&self, name: &Name) -> Result<Option<u64>> {
        match self.objects.head(&name.0).await {
            Ok(meta) => Ok((!self.is_old(&meta)).then_some(meta.size)),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(cause) => Err(failed(cause)),
        }
    }

    /// Removes a thing; one that is not there is removed already.
    pub(crate) async fn remove(&self, name: &Name) -> Result<()> {
        match self.objects.delete(&name.0).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(cause) => Err(failed(cause)),
        }
    }

    /// Whether there is such a thing.
    pub(crate) async fn exists(&self, name: &Name) -> Result<bool> {
        Ok(self.length(name).await?.is_some())
    }

    /// All names below one, those that were written first before the others.
    pub(crate) async fn list(&self, below: &Name) -> Result<Vec<Name>> {
        let mut found: Vec<_> = self.objects.list(Some(&below.0)).try_collect().await.map_err(failed)?;
        found.retain(|meta| !self.is_old(meta));
        found.sort_by_key(|meta| meta.last_modified);
        Ok(found.into_iter().map(|meta| Name(meta.location)).collect())
    }

    /// An address where a client may put a thing of that length and type by itself; `None` for a folder.
    pub(crate) async fn presigned(&self, name: &Name, length: u64, media_type: &str) -> Result<Option<Presigned>> {
        match &self.place {
            Place::Folder { .. } => Ok(None),
            Place::Bucket(bucket) => bucket.put_address(name.0.as_ref(), length, media_type).await.map(Some),
        }
    }

    /// Removes what is older than things are kept, then the oldest while a folder holds more than it may. A bucket does the
    /// first by its lifecycle rule.
    pub(crate) async fn sweep(&self) -> Result<()> {
        match &self.place {
            Place::Folder { root, quota } => sweep::folder(&*self.objects, root, quota, self.kept).await,
            Place::Bucket(_) => Ok(()),
        }
    }

    /// Waits until a sweep is due.
    pub(crate) async fn sweep_due(&self) {
        match &self.place {
            Place::Folder { quota, .. } => quota.due().await,
            Place::Bucket(_) => std::future::pending().await,
        }
    }

    fn made_room(&self, bytes: u64) {
        if let Place::Folder { quota, .. } = &self.place {
            quota.add(bytes);
        }
    }

    fn is_old(&self, meta: &ObjectMeta) -> bool {
        sweep::age(meta) > self.kept
    }
}

/// A name in the store: words of ours and drawn ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name(Path);

impl Name {
    /// The name of these parts; `None` where one of them is not made of plain letters, digits, `.`, `-` and `_`.
    pub(crate) fn of(parts: &[&str]) -> Option<Self> {
        let plain = |part: &&str| {
            (1..=128).contains(&part.len())
                && !part.starts_with('.')
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
        };
        parts.iter().all(plain).then(|| Self(parts.iter().copied().collect()))
    }

    /// All of it.
    #[cfg(test)]
    pub(crate) fn path(&self) -> &str {
        self.0.as_ref()
    }

    /// Its last part.
    pub(crate) fn last(&self) -> &str {
        self.0.filename().unwrap_or_default()
    }
}

/// The file whose lock is held while one thing of a folder is replaced.
const LOCK: &str = ".lock";

async fn lock(path: PathBuf) -> Result<std::fs::File> {
    let locked = move || {
        let file = std::fs::File::options().create(true).truncate(false).write(true).open(path)?;
        file.lock()?;
        Ok::<_, std::io::Error>(file)
    };
    tokio::task::spawn_blocking(locked).await.map_err(Error::internal)?.map_err(|cause| no_room(&cause))
}

/// Gives the number of bytes that came.
async fn write_all(
    file: &mut dyn MultipartUpload,
    length: Option<u64>,
    pieces: &mut BoxStream<'_, Result<Bytes>>,
) -> Result<u64> {
    let (mut waiting, mut held, mut came) = (Vec::new(), 0, 0u64);
    let wrong = |came: u64| {
        let length = length.unwrap_or_default();
        Error::bad(format!("{length} bytes were announced, and {came} or more came"))
    };
    while let Some(piece) = pieces.try_next().await? {
        came += piece.len() as u64;
        if length.is_some_and(|length| came > length) {
            return Err(wrong(came));
        }
        held += piece.len();
        waiting.push(piece);
        if held >= PIECE {
            file.put_part(std::mem::take(&mut waiting).into_iter().collect()).await.map_err(failed)?;
            held = 0;
        }
    }
    if let Some(length) = length.filter(|length| came < *length) {
        return Err(Error::bad(format!("{length} bytes were announced, and only {came} came")));
    }
    file.put_part(waiting.into_iter().collect()).await.map_err(failed)?;
    Ok(came)
}

/// What the store's own words become: nothing of them is for clients.
fn failed(cause: StoreError) -> Error {
    match cause {
        StoreError::Generic { ref source, .. } if is_full(&**source) => no_room(&cause),
        cause => Error::internal(without_ids(&cause.to_string())),
    }
}

/// A text for the log: an id in it would be a right for whoever reads that.
fn without_ids(text: &str) -> String {
    let is_id = |word: &&str| word.len() >= 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let words = text.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric());
    let shown = words.map(|word| {
        let bare = word.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        if is_id(&bare) { format!("(id){}", &word[bare.len()..]) } else { word.to_owned() }
    });
    shown.collect()
}

fn no_room(cause: &dyn std::fmt::Display) -> Error {
    let message = "the store can't take it now; come again later";
    Error::new(Kind::NotReady, message).because(without_ids(&cause.to_string()))
}

/// Whether an error comes from a full disk.
fn is_full(cause: &(dyn std::error::Error + 'static)) -> bool {
    let mut at = Some(cause);
    while let Some(error) = at {
        if error.downcast_ref::<std::io::Error>().is_some_and(has_no_room) {
            return true;
        }
        at = error.source();
    }
    false
}

/// The folder of a store, for tests.
#[cfg(test)]
pub(crate) async fn in_folder(folder: &std::path::Path) -> Store {
    let path = folder.display().to_string();
    let settings = Settings::read(|name| (name == "STORE").then(|| path.clone())).unwrap();
    Store::open(&settings).await.unwrap().unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_stands_in_a_text_for_the_log() {
        let told = without_ids("result/0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331.jpg: no such file");
        assert_eq!(told, "result/(id)-b7ad6b7169203331.jpg: no such file");
    }

    #[tokio::test]
    async fn what_is_too_old_is_no_hindrance() {
        let folder = tempfile::tempdir().unwrap();
        let store = in_folder(folder.path()).await;
        let name = Name::of(&["lease", "a"]).unwrap();
        assert!(store.create(&name, "one".into()).await.unwrap());
        assert!(!store.create(&name, "two".into()).await.unwrap());
        let file = std::fs::File::options().write(true).open(folder.path().join(name.path())).unwrap();
        file.set_modified(std::time::SystemTime::now() - store.kept() * 2).unwrap();
        assert!(store.get(&name, None).await.unwrap().is_none());
        assert!(store.create(&name, "three".into()).await.unwrap());
        assert_eq!(store.get(&name, None).await.unwrap().unwrap().read().await.unwrap(), "three");
    }
}
