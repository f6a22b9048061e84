//! Which files are meant, and where the answer of each goes.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result, at};

/// The endings by which a folder's pictures are known.
const PICTURES: [&str; 10] = ["jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "tif", "tiff"];

/// One input and the place of its answer.
#[derive(Debug, PartialEq, Clone)]
pub struct Source {
    /// The input.
    pub path: PathBuf,
    /// Where the answer goes; its ending becomes the answer's, unless it is `exact`.
    pub output: PathBuf,
    /// The user wrote the name of the file.
    pub exact: bool,
    /// Another input has the same name with another ending, so the answer keeps the whole name.
    pub crowded: bool,
    /// The folder that keeps a record of what was made; none for a file of its own.
    pub root: Option<PathBuf>,
}

/// The sources of a call, in the order of the command line, a folder's by name.
pub fn gather(inputs: &[PathBuf], output: Option<&Path>, function: &str) -> Result<Vec<Source>> {
    let into = output.filter(|out| inputs.len() > 1 || out.is_dir() || ends_with_slash(out) || inputs[0].is_dir());
    if let Some(out) = into.filter(|out| *out == Path::new("-") || out.is_file()) {
        return Err(Failure::new(format!("-o {}: the answers of several inputs go into a folder", out.display())));
    }
    let mut sources = Vec::new();
    for path in inputs {
        let source = |path: PathBuf, output, root| Source { path, output, exact: false, crowded: false, root };
        if path.is_dir() {
            let root = into.map_or_else(|| beside(path, function), |out| Ok(out.to_owned()))?;
            let mut found = Vec::new();
            walk(path, &root, &mut found)?;
            if found.is_empty() {
                return Err(Failure::new(format!("{}: no picture in this folder", path.display())));
            }
            sources.extend(found.into_iter().map(|file| {
                let inside = file.strip_prefix(path).expect("a file below the folder").to_owned();
                source(file, root.join(inside), Some(root.clone()))
            }));
        } else if let Some(root) = into {
            let name = path.file_name().filter(|name| *name != "-").unwrap_or("stdin".as_ref());
            sources.push(source(path.clone(), root.join(name), Some(root.to_owned())));
        } else if let Some(out) = output {
            sources.push(Source { exact: true, ..source(path.clone(), out.to_owned(), None) });
        } else {
            sources.push(source(path.clone(), beside(path, function)?, None));
        }
    }
    check(&mut sources)?;
    Ok(sources)
}

/// `photo.jpg` -> `photo-upscale.jpg`, `.` -> `../folder-upscale`.
fn beside(path: &Path, function: &str) -> Result<PathBuf> {
    if path == Path::new("-") {
        return Ok(PathBuf::from(format!("stdin-{function}")));
    }
    let real = if path.file_name().is_some() { path.to_owned() } else { path.canonicalize().map_err(at(path))? };
    let part = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    if real.is_dir() {
        return Ok(real.with_file_name(format!("{}-{function}", part(real.file_name()))));
    }
    let mut name = format!("{}-{function}", part(real.file_stem()));
    if let Some(ending) = real.extension() {
        name = format!("{name}.{}", part(Some(ending)));
    }
    Ok(real.with_file_name(name))
}

/// Every picture below a folder, without what was made there before.
fn walk(folder: &Path, made: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).map_err(at(folder))?;
    let mut entries: Vec<_> = entries.collect::<std::io::Result<_>>().map_err(at(folder))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type().map_err(at(&path))?.is_dir() {
            if !is_same(&path, made) {
                walk(&path, made, found)?;
            }
        } else if path.is_file() && ending(&path).is_some_and(|ending| PICTURES.contains(&ending.as_str())) {
            found.push(path);
        }
    }
    Ok(())
}

/// Answers must not fall onto each other, nor onto an input.
fn check(sources: &mut [Source]) -> Result<()> {
    let inputs: BTreeSet<_> = sources.iter().filter_map(|source| source.path.canonicalize().ok()).collect();
    let mut stems: HashMap<PathBuf, u32> = HashMap::new();
    let mut outputs = HashMap::new();
    for source in sources.iter() {
        *stems.entry(source.output.with_extension("")).or_default() += 1;
        if let Some(other) = outputs.insert(source.output.clone(), source.path.clone()) {
            let (other, path, output) = (other.display(), source.path.display(), source.output.display());
            return Err(Failure::new(format!("{other} and {path} would both become {output}; name them in two calls")));
        }
        if source.output.canonicalize().is_ok_and(|output| inputs.contains(&output)) {
            let output = source.output.display();
            return Err(Failure::new(format!(
                "the answer would overwrite the input {output}; give another place with -o"
            )));
        }
    }
    for source in sources {
        source.crowded = stems[&source.output.with_extension("")] > 1;
    }
    Ok(())
}

impl Source {
    /// The file for an answer with this ending.
    pub fn file(&self, wanted: &str) -> PathBuf {
        let has = ending(&self.output).unwrap_or_default();
        let jpeg = |ending: &str| matches!(ending, "jpg" | "jpeg" | "jpe" | "jfif");
        if self.exact || has == wanted || jpeg(&has) && jpeg(wanted) {
            return self.output.clone();
        }
        if self.crowded {
            return PathBuf::from(format!("{}.{wanted}", self.output.display()));
        }
        self.output.with_extension(wanted)
    }
}

/// A file's ending, in small letters.
pub fn ending(path: &Path) -> Option<String> {
    Some(path.extension()?.to_string_lossy().to_lowercase())
}

fn ends_with_slash(path: &Path) -> bool {
    path.to_string_lossy().ends_with(std::path::MAIN_SEPARATOR)
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        folder
    }

    fn outputs(inputs: &[PathBuf], output: Option<&Path>, ending: &str) -> Vec<PathBuf> {
        gather(inputs, output, "sepia").unwrap().iter().map(|source| source.file(ending)).collect()
    }

    #[test]
    fn a_lone_picture_goes_beside_or_where_it_is_told() {
        let photo = [PathBuf::from("a/photo.JPG")];
        assert_eq!(outputs(&photo, None, "jpg"), [PathBuf::from("a/photo-sepia.JPG")]);
        assert_eq!(outputs(&photo, None, "png"), [PathBuf::from("a/photo-sepia.png")]);
        assert_eq!(outputs(&photo, Some(Path::new("b.png")), "jpg"), [PathBuf::from("b.png")]);
        assert_eq!(outputs(&photo, Some(Path::new("out/")), "jpg"), [PathBuf::from("out/photo.JPG")]);
    }

    #[test]
    fn a_folder_is_walked_and_keeps_its_shape() {
        let all = folder(&["b.png", "sub/a.jpg", ".hidden/c.jpg", "notes.txt", "out/old.jpg"]);
        let out = all.path().join("out");
        let found = outputs(&[all.path().to_owned()], Some(&out), "png");
        assert_eq!(found, [out.join("b.png"), out.join("sub/a.png")]);
        let aside = gather(&[all.path().to_owned()], None, "sepia").unwrap();
        let name = format!("{}-sepia", all.path().file_name().unwrap().to_string_lossy());
        assert_eq!(aside[0].root, Some(all.path().with_file_name(name)));
    }

    #[test]
    fn answers_fall_neither_onto_each_other_nor_onto_inputs() {
        let all = folder(&["a.bmp", "a.png", "sub/a.png"]);
        let at = |name: &str| all.path().join(name);
        let out = at("out");
        assert_eq!(outputs(&[at("a.bmp"), at("a.png")], Some(&out), "png"), [out.join("a.bmp.png"), out.join("a.png")]);
        assert!(gather(&[at("a.png"), at("sub/a.png")], Some(&out), "sepia").is_err());
        assert!(gather(&[at("a.png"), at("a.bmp")], Some(all.path()), "sepia").is_err());
        assert!(gather(&[at("a.png")], Some(&at("a.png")), "sepia").is_err());
        assert!(gather(&[at("a.png"), at("a.bmp")], Some(&at("sub/a.png")), "sepia").is_err());
        assert!(gather(&[at("a.png"), at("a.bmp")], Some(Path::new("-")), "sepia").is_err());
    }
}
