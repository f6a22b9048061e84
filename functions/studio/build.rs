//! Puts the page into the program: the built files of assets/, the samples, and what the manifests say of each function.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where it builds"));
    let root = here.ancestors().nth(2).expect("a function lies in functions/NAME");
    let assets = here.join("assets");
    let mut files = Vec::new();
    for path in below(&assets) {
        files.push((relative(&path, &assets), path));
    }
    let samples = root.join("samples");
    for path in below(&samples) {
        if path.extension().is_some_and(|end| end == "jpg" || end == "mp4") {
            files.push((format!("samples/{}", relative(&path, &samples)), path));
        }
    }
    let mut code = "const FILES: &[(&str, &[u8])] = &[\n".to_owned();
    for (name, path) in files {
        writeln!(code, "    ({name:?}, include_bytes!({path:?})),").expect("a text grows");
    }
    code += "];\nconst FUNCTIONS: &[Neighbour] = &[\n";
    for manifest in manifests(&root.join("models")) {
        let text = fs::read_to_string(&manifest).unwrap_or_else(|cause| panic!("{}: {cause}", manifest.display()));
        let facts: serde_json::Value =
            serde_json::from_str(&text).unwrap_or_else(|cause| panic!("{}: {cause}", manifest.display()));
        let member = |name: &str| {
            facts[name].as_str().unwrap_or_else(|| panic!("{}: no text in `{name}`", manifest.display())).to_owned()
        };
        let (name, title, summary, task) = (member("function"), member("title"), member("summary"), member("task"));
        writeln!(code, "    Neighbour {{ name: {name:?}, title: {title:?}, summary: {summary:?}, task: {task:?} }},")
            .expect("a text grows");
    }
    code += "];\n";
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write"));
    fs::write(out.join("content.rs"), code).expect("what is made is written");
    for watched in [&assets, &samples, &root.join("models")] {
        println!("cargo::rerun-if-changed={}", watched.display());
    }
}

/// Every file below a folder, in order; those with a dot before their name are not the page's.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in entries(folder) {
        if path.is_dir() {
            found.extend(below(&path));
        } else if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
            found.push(path);
        }
    }
    found
}

/// The manifests of the default variants, one a function, in order.
fn manifests(models: &Path) -> Vec<PathBuf> {
    entries(models).iter().map(|model| model.join("default/model.json")).filter(|path| path.is_file()).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|cause| panic!("{}: {cause}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry of a folder").path()).collect();
    paths.sort();
    paths
}

/// A path as it stands in an address.
fn relative(path: &Path, folder: &Path) -> String {
    path.strip_prefix(folder).expect("it lies below").to_str().expect("names are plain").to_owned()
}
