//! The rules of the source tree, which keep one change in one place.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{all_functions, functions, models, root, variants};

/// Every file below `folder` with one of these endings.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|cause| panic!("{}: {cause}", folder.display())) {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && !matches!(name.as_str(), "target" | "out" | "__pycache__" | "node_modules") {
                found.extend(files(&path, endings));
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))
}

/// The code of a Rust file: without comments.
fn code(path: &Path) -> String {
    read(path).lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// Whether `word` stands in `text` as a word of its own; a path's beginning (`base64::`) may be followed by anything.
fn has_word(text: &str, word: &str) -> bool {
    let part = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let alone = |at: usize| !part(text[..at].chars().next_back()) && !part(text[at + word.len()..].chars().next());
    word.ends_with(':') && text.contains(word) || text.match_indices(word).any(|(at, _)| alone(at))
}

// proves: K01, K02
#[test]
fn what_only_one_module_knows_no_other_names() {
    let rules: [(&str, &[&str]); 10] = [
        ("ort", &["network.rs"]),
        ("lambda_http", &["serve.rs"]),
        ("StatusCode", &["service"]),
        ("base64::", &["request.rs", "reply.rs"]),
        ("multer::", &["request.rs", "file.rs"]),
        ("object_store::", &["store"]),
        ("aws_config::", &["aws.rs"]),
        ("aws_sigv4::", &["aws.rs"]),
        ("metrics::", &["telemetry.rs"]),
        ("opentelemetry::", &["trace.rs"]),
    ];
    let sources: Vec<_> =
        ["common/src", "functions"].iter().flat_map(|folder| files(&root().join(folder), &[".rs"])).collect();
    assert!(sources.len() > 20);
    for (word, homes) in rules {
        let named: Vec<_> = sources.iter().filter(|path| has_word(&code(path), word)).collect();
        for path in &named {
            assert!(
                homes.iter().any(|home| path.starts_with(root().join("common/src").join(home))),
                "{word} in {}",
                path.display()
            );
        }
        assert!(!named.is_empty(), "{word} is named nowhere: has its home a new name?");
    }
    for codec in ["zune_jpeg", "jpeg_encoder", "turbojpeg", "moxcms", "png", "webp", "fast_image_resize"] {
        for path in sources.iter().filter(|path| code(path).contains(&format!("{codec}::"))) {
            assert!(path.starts_with(root().join("common/src/picture")), "{codec} in {}", path.display());
        }
    }
}

// proves: K01
#[test]
fn functions_stand_alone_and_common_names_none() {
    for path in files(&root().join("common"), &[".rs", ".toml"]) {
        for function in all_functions() {
            assert!(!has_word(&code(&path), &function), "{function} in {}", path.display());
        }
    }
    for function in all_functions() {
        let folder = root().join("functions").join(&function);
        for path in files(&folder, &[".rs", ".toml"]) {
            let text = code(&path);
            for other in all_functions().iter().filter(|other| **other != function) {
                assert!(!has_word(&text, other), "{other} in {}", path.display());
            }
            for word in ["http", "axum", "ort", "tokio", "lambda_http", "lambda_runtime"] {
                assert!(!has_word(&text, word), "{word} in {}", path.display());
            }
        }
    }
}

// proves: K01
#[test]
fn a_function_has_all_that_belongs_to_one() {
    let (readme, changes) = (read(&root().join("README.md")), read(&root().join("CHANGELOG.md")));
    for function in all_functions() {
        let folder = root().join("functions").join(&function);
        let manifest = read(&folder.join("Cargo.toml"));
        assert!(manifest.contains(&format!("name = \"{function}\"")), "the crate of {function} has the folder's name");
        let main = folder.join("src/main.rs");
        assert!(read(&main).lines().count() <= 60, "{} is for what only this function does", main.display());
        assert!(read(&main).contains(&format!("name: \"{function}\"")), "the card of {function}");
        let row = readme.lines().any(|line| line.starts_with('|') && has_word(line, &function));
        assert!(row, "a row for {function} in a table of README.md");
        assert!(has_word(&changes, &function), "a word on {function} in CHANGELOG.md");
        assert!(folder.join("README.md").is_file(), "functions/{function}/README.md");
    }
    for function in functions() {
        for file in ["model.json", "CARD.md"] {
            assert!(models().join(&function).join("default").join(file).is_file(), "models/{function}/default/{file}");
        }
        let golden = root().join("tests/golden").join(&function);
        assert!(fs::read_dir(&golden).is_ok_and(|files| files.count() >= 6), "golden pictures of {function}");
    }
    let others: Vec<_> = fs::read_dir(root().join("models"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .filter(|name| name != "workshop" && !name.starts_with(['.', '_']) && !all_functions().contains(name))
        .collect();
    assert!(others.is_empty(), "models of no function: {others:?}");
}

// proves: E08
#[test]
fn cards_and_readme_show_pictures_of_before_and_after() {
    let readme = read(&root().join("README.md"));
    assert!(readme.lines().filter(|line| line.starts_with("![") && line.contains("sheet.jpg)")).count() >= 2);
    for function in functions() {
        let folder = models().join(&function).join("default");
        assert!(read(&folder.join("CARD.md")).contains("](sheet.jpg)"), "the card of {function} shows its sheet");
        let sheet = crate::samples::read(&fs::read(folder.join("sheet.jpg")).expect("a sheet")).0;
        assert!(sheet.width() >= 400 && sheet.height() >= 100, "the sheet of {function} can be looked at");
    }
}

#[test]
fn weights_are_small_and_are_those_that_the_manifest_names() {
    for path in variants(&root().join("models")).iter().map(|folder| folder.join("model.json")) {
        let manifest: serde_json::Value = serde_json::from_str(&read(&path)).unwrap();
        if manifest["status"] != "ready" {
            continue; // its files are not in the repository
        }
        for weights in manifest["weights"].as_array().unwrap() {
            let file = path.with_file_name(weights["file"].as_str().unwrap());
            let bytes = fs::metadata(&file).unwrap_or_else(|cause| panic!("{}: {cause}", file.display())).len();
            assert!(bytes <= 6_000_000 && weights["bytes"] == bytes, "{}: {bytes} bytes", file.display());
        }
        for member in ["recipe", "command"] {
            assert!(
                manifest["from"][member].is_string() || manifest["from"]["url"].is_string(),
                "{}: from.{member}",
                path.display()
            );
        }
    }
}

#[test]
fn files_are_short() {
    for path in files(&root(), &[".rs", ".py", ".sh", ".ts", ".tsx", ".css"]) {
        let lines = read(&path).lines().count();
        assert!(lines <= 500, "{} has {lines} lines: it has more than one duty", path.display());
    }
}

#[test]
fn modules_use_only_those_above_them() {
    let library = read(&root().join("common/src/lib.rs"));
    let order: Vec<_> = library.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';')).collect();
    assert!(order.len() > 15);
    let mut wrong = Vec::new();
    for (at, module) in order.iter().enumerate() {
        let folder = root().join("common/src").join(module);
        let file = folder.with_extension("rs");
        let sources = if file.is_file() { vec![file] } else { files(&folder, &[".rs"]) };
        for path in sources {
            // What stands in a module's own tests may look further.
            let text = code(&path);
            let text = text.split("#[cfg(test)]").next().unwrap();
            for below in &order[at + 1..] {
                if text.contains(&format!("crate::{below}")) {
                    wrong.push(format!("{} names {below}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "what stands below in lib.rs is named above:\n{}", wrong.join("\n"));
}

#[test]
fn nothing_of_a_machine_or_a_person_stands_in_the_tree() {
    for path in files(&root(), &[".rs", ".py", ".md", ".toml", ".json", ".yml", "Makefile"]) {
        let text = read(&path);
        for word in ["/home/", "/root/", "/Users/"] {
            let place = path.display();
            assert!(!text.contains(word) || path.ends_with("tests/src/layout.rs"), "{word} in {place}");
        }
    }
}
