//! Where a function is and which key it wants: from flags, the environment, and the settings' file.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::fs;
use std::path::PathBuf;

use reqwest::Url;
use serde::Deserialize;

use crate::failure::{Failure, Result, at};
use crate::grammar::Common;
use crate::say::Say;

/// Where `make run` starts every function.
const EMULATOR: &str = "http://localhost:9000/lambda-url/{name}/";

/// A key, which no message shows.
#[derive(Clone, Deserialize)]
pub struct Key(String);

impl Key {
    /// The key itself, for a header.
    pub fn reveal(&self) -> &str {
        self.0.trim()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("Key")
    }
}

/// One address, or several in the order in which they are asked.
#[derive(Deserialize, Debug)]
#[serde(untagged, expecting = "expected an address, or a list of addresses")]
enum Addresses {
    One(String),
    Several(Vec<String>),
}

impl Default for Addresses {
    fn default() -> Self {
        Self::One(EMULATOR.to_owned())
    }
}

impl Addresses {
    fn list(&self) -> &[String] {
        match self {
            Self::One(address) => std::slice::from_ref(address),
            Self::Several(addresses) => addresses,
        }
    }
}

/// `darkroom.toml`.
#[derive(Deserialize, Default, Debug)]
#[serde(deny_unknown_fields)]
struct File {
    key: Option<Key>,
    #[serde(default)]
    url: Addresses,
    #[serde(default)]
    functions: BTreeMap<String, Addresses>,
}

/// The settings of one call, the nearest first: flag, environment, file.
pub struct Config {
    /// Empty: none.
    given: Vec<String>,
    file: File,
    key: Option<Key>,
}

impl Config {
    /// Reads the environment and the file, which may be missing unless it was named.
    pub fn read(common: &Common, say: &Say) -> Result<Self> {
        let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let home = || {
            let xdg = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
            Some(xdg.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".config")))?.join("darkroom.toml"))
        };
        let mut file = File::default();
        if let Some(path) = common.config.clone().or_else(home) {
            match fs::read_to_string(&path) {
                Ok(text) => {
                    file = parse(&text).map_err(|cause| Failure::new(format!("{}: {cause}", path.display())))?;
                    if file.key.is_some() && is_open(&path) {
                        let path = path.display();
                        say.warn(&format!("{path} has your key, and others can read it: chmod 600 {path}"));
                    }
                }
                Err(cause) if common.config.is_none() && cause.kind() == std::io::ErrorKind::NotFound => {}
                Err(cause) => return Err(at(&path)(cause)),
            }
        }
        let key = common.key.clone().or_else(|| variable("DARKROOM_KEY")).map(Key).or(file.key.take());
        let mut given = common.url.clone();
        if given.is_empty() {
            let text = variable("DARKROOM_URL").unwrap_or_default();
            given.extend(text.split(',').map(str::trim).filter(|address| !address.is_empty()).map(str::to_owned));
        }
        Ok(Self { given, file, key })
    }

    /// The key, if there is one.
    pub fn key(&self) -> Option<Key> {
        self.key.clone()
    }

    /// The addresses of a function in the order in which they are asked, each with a slash at its end; `function` may be an
    /// address itself.
    pub fn addresses(&self, function: &str) -> Result<Vec<Url>> {
        let own = [function.to_owned()];
        let patterns = if function.contains("://") { &own[..] } else { self.patterns(function) };
        if patterns.is_empty() {
            return Err(Failure::new(format!("the list of the addresses of {function} in darkroom.toml is empty")));
        }
        patterns.iter().map(|pattern| address(&pattern.replace("{name}", function))).collect()
    }

    fn patterns(&self, function: &str) -> &[String] {
        if !self.given.is_empty() {
            return &self.given;
        }
        self.file.functions.get(function).unwrap_or(&self.file.url).list()
    }

    /// The addresses in use: those of named functions, then the patterns of all others.
    pub fn all(&self) -> Vec<(String, &[String])> {
        let named = self.file.functions.keys().filter(|_| self.given.is_empty());
        named.map(String::as_str).chain(["{name}"]).map(|name| (name.to_owned(), self.patterns(name))).collect()
    }
}

/// An address out of its text, with a slash at its end.
fn address(text: &str) -> Result<Url> {
    let wrong = |cause: &dyn fmt::Display| {
        Failure::new(format!(
            "`{text}` is no address ({cause}); one looks like http://localhost:9000/lambda-url/upscale/"
        ))
    };
    let mut url = Url::parse(text).map_err(|cause| wrong(&cause))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong(&"http:// or https:// is missing"));
    }
    url.set_query(None);
    url.set_fragment(None);
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// The error's text has the line and what was expected, but not the line itself: it may be the key's.
fn parse(text: &str) -> std::result::Result<File, String> {
    toml::from_str(text).map_err(|error| {
        let ends = |span: std::ops::Range<usize>| text.bytes().take(span.start).filter(|byte| *byte == b'\n').count();
        let line = 1 + error.span().map_or(0, ends);
        format!("line {line}: {}", error.message())
    })
}

#[cfg(unix)]
fn is_open(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open(_: &std::path::Path) -> bool {
    false
}

/// A function's name as part of a file's: its own, or the last word of its address.
pub fn short_name(function: &str) -> String {
    let word =
        |part: &&str| !part.is_empty() && part.chars().all(|letter| letter.is_alphanumeric() || "-_".contains(letter));
    let address = function.split_once("://").map(|(_, rest)| rest);
    let last = address.unwrap_or(function).rsplit('/').find(word).map(str::to_owned);
    last.unwrap_or_else(|| "answer".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(given: &[&str], text: &str) -> Config {
        let given = given.iter().map(|address| (*address).to_owned()).collect();
        Config { given, file: parse(text).unwrap(), key: None }
    }

    #[test]
    fn the_nearest_address_is_taken() {
        let file = "url = [\"https://gpu/{name}\", \"https://a.example/{name}\"]\n\
                    [functions]\nsepia = \"https://sepia.example\"\ntwice = [\"http://b/x\", \"http://c/{name}\"]";
        let addresses = |given: &[&str], text, name: &str| {
            let found = config(given, text).addresses(name).unwrap();
            found.iter().map(Url::to_string).collect::<Vec<_>>()
        };
        assert_eq!(addresses(&[], "", "sepia"), ["http://localhost:9000/lambda-url/sepia/"]);
        assert_eq!(addresses(&[], file, "sepia"), ["https://sepia.example/"]);
        assert_eq!(addresses(&[], file, "twice"), ["http://b/x/", "http://c/twice/"]);
        assert_eq!(addresses(&[], file, "other"), ["https://gpu/other/", "https://a.example/other/"]);
        assert_eq!(addresses(&["http://b:1/x?y", "http://c"], file, "sepia"), ["http://b:1/x/", "http://c/"]);
        assert_eq!(addresses(&["http://b:1"], file, "http://c/d"), ["http://c/d/"]);
    }

    #[test]
    fn what_is_no_address_is_told() {
        for given in ["localhost:9000", "sepia", "ftp://a/", "http://"] {
            assert!(config(&["http://a", given], "").addresses("sepia").is_err(), "{given}");
        }
        let empty = config(&[], "[functions]\nsepia = []").addresses("sepia").unwrap_err().to_string();
        assert_eq!(empty, "the list of the addresses of sepia in darkroom.toml is empty");
        let told = parse("url = 1").unwrap_err();
        assert_eq!(told, "line 1: expected an address, or a list of addresses");
    }

    #[test]
    fn a_wrong_file_is_told_by_its_line_and_without_the_key() {
        let told = parse("url = \"x\"\nkee = \"secret\"").unwrap_err();
        assert!(told.starts_with("line 2: unknown field `kee`") && !told.contains("secret"), "{told}");
        let told = parse("key = \"secret").unwrap_err();
        assert!(told.starts_with("line 1: ") && !told.contains("secret"), "{told}");
        let told = parse("key = [\"secret\"]").unwrap_err();
        assert!(!told.contains("secret"), "{told}");
    }

    #[test]
    fn a_key_is_not_shown() {
        let file = parse("key = \"secret\"").unwrap();
        assert!(!format!("{file:?}").contains("secret"));
        assert_eq!(file.key.unwrap().reveal(), "secret");
    }

    #[test]
    fn a_function_gives_files_its_name() {
        assert_eq!(short_name("upscale"), "upscale");
        assert_eq!(short_name("http://localhost:9000/lambda-url/upscale/"), "upscale");
        assert_eq!(short_name("http://localhost:8081/"), "answer");
    }
}
