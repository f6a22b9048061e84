//! Answers written whole or not at all, and the record by which a folder is gone on with.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::failure::{Failure, Result, at};

/// The record's name in a folder of answers.
const RECORD: &str = ".darkroom.jsonl";

/// A line on standard output.
pub fn print(text: &str) -> Result<()> {
    put(format!("{text}\n").as_bytes())
}

/// Bytes on standard output.
pub fn put(bytes: &[u8]) -> Result<()> {
    let written = stdout().lock().write_all(bytes).and_then(|()| stdout().flush());
    written.map_err(|cause| Failure::new(format!("standard output: {cause}")).fatal())
}

/// A file in the making: it has its name once it is whole.
pub struct Draft {
    file: NamedTempFile,
    path: PathBuf,
}

impl Draft {
    /// Begins a file; makes its folder where it is missing.
    pub fn new(path: &Path) -> Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(at(folder))?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".darkroom-");
        #[cfg(unix)]
        {
            // As any file that the user makes: what the user's mask leaves of it.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        Ok(Self { file: builder.tempfile_in(folder).map_err(at(folder))?, path: path.to_owned() })
    }

    /// Writes on.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(at(&self.path))
    }

    /// Gives the file its name.
    pub fn finish(self) -> Result<()> {
        self.file.persist(&self.path).map(drop).map_err(|cause| at(&self.path)(cause.error))
    }
}

/// Writes a whole file.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut draft = Draft::new(path)?;
    draft.write(bytes)?;
    draft.finish()
}

/// What makes an answer what it is: function, options (in any order) and the input's bytes.
pub fn recipe(function: &str, options: &[(String, String)], digest: [u8; 32]) -> String {
    let mut options: Vec<_> = options.iter().collect();
    options.sort();
    let text = serde_json::to_string(&(function, options, digest)).expect("words and numbers");
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One line of the record; names are relative to its folder.
#[derive(Serialize, Deserialize, Clone)]
struct Made {
    place: String,
    file: String,
    recipe: String,
}

/// What was made in a folder, and how.
pub struct Record {
    folder: PathBuf,
    made: HashMap<String, Made>,
}

impl Record {
    /// Reads a folder's record; a line that was cut off counts for nothing.
    pub fn open(folder: &Path) -> Self {
        let text = fs::read_to_string(folder.join(RECORD)).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Made>(line).ok());
        Self { folder: folder.to_owned(), made: lines.map(|made| (made.place.clone(), made)).collect() }
    }

    /// The file of this place, if it was made by this recipe and is still there.
    pub fn find(&self, place: &Path, recipe: &str) -> Option<PathBuf> {
        let made = self.made.get(&self.name(place)).filter(|made| made.recipe == recipe)?;
        Some(self.folder.join(&made.file)).filter(|file| file.is_file())
    }

    /// Notes that a file was made.
    pub fn note(&mut self, place: &Path, file: &Path, recipe: String) -> Result<()> {
        let made = Made { place: self.name(place), file: self.name(file), recipe };
        let path = self.folder.join(RECORD);
        let mut record = OpenOptions::new().create(true).append(true).open(&path).map_err(at(&path))?;
        let line = serde_json::to_string(&made).expect("words") + "\n";
        record.write_all(line.as_bytes()).map_err(at(&path))?;
        self.made.insert(made.place.clone(), made);
        Ok(())
    }

    fn name(&self, path: &Path) -> String {
        path.strip_prefix(&self.folder).unwrap_or(path).to_string_lossy().into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_recipe_is_its_parts_in_any_order() {
        let one = recipe("sepia", &options(&[("a", "1"), ("b", "2")]), [7; 32]);
        assert_eq!(one, recipe("sepia", &options(&[("b", "2"), ("a", "1")]), [7; 32]));
        assert_ne!(one, recipe("other", &options(&[("a", "1"), ("b", "2")]), [7; 32]));
        assert_ne!(one, recipe("sepia", &options(&[("a", "1")]), [7; 32]));
        assert_ne!(one, recipe("sepia", &options(&[("a", "1"), ("b", "2")]), [8; 32]));
    }

    #[test]
    fn a_record_is_read_again_and_bears_a_cut_line() {
        let folder = tempfile::tempdir().unwrap();
        let (place, file) = (folder.path().join("a.bmp"), folder.path().join("a.png"));
        write(&file, b"x").unwrap();
        Record::open(folder.path()).note(&place, &file, "r1".to_owned()).unwrap();
        let mut record = OpenOptions::new().append(true).open(folder.path().join(RECORD)).unwrap();
        record.write_all(b"{\"place\":\"a.b").unwrap();
        let again = Record::open(folder.path());
        assert_eq!(again.find(&place, "r1"), Some(file.clone()));
        assert_eq!(again.find(&place, "r2"), None);
        fs::remove_file(&file).unwrap();
        assert_eq!(again.find(&place, "r1"), None);
    }

    #[test]
    fn a_draft_that_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut draft = Draft::new(&folder.path().join("new/a.png")).unwrap();
        draft.write(b"half").unwrap();
        drop(draft);
        assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 0);
    }
}
