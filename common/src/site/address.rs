//! The addresses that an operator sets for a page: of functions, of feedback, of what else it may connect to.

use std::fmt;

use reqwest::Url;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::error::{Error, Result};

/// The most letters of a function's name.
const NAME: usize = 64;

/// A function's name, and its addresses in the order in which they are asked.
pub(super) type Function = (String, Vec<String>);

/// Reads `FUNCTIONS`: names and addresses in their order. An address that is relative stays so; each ends with a slash.
pub(super) fn functions(text: &str) -> Result<Vec<Function>> {
    let wrong = |why: String| Error::internal(format!("FUNCTIONS: {why}"));
    let Pairs(pairs) = serde_json::from_str(text).map_err(|cause| {
        wrong(format!("give a JSON object of names and addresses, {{\"name\": \"https://host/path/\"}}; {cause}"))
    })?;
    if pairs.is_empty() {
        return Err(wrong("it names no function".into()));
    }
    let mut read: Vec<Function> = Vec::new();
    for (name, given) in pairs {
        let plain = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
        if name.is_empty() || name.len() > NAME || !name.bytes().all(plain) {
            return Err(wrong(format!("{name:?} is no name: small letters, digits and hyphens, at most {NAME}")));
        }
        if read.iter().any(|(known, _)| *known == name) {
            return Err(wrong(format!("{name} stands there twice")));
        }
        let addresses = addresses(given).map_err(|why| wrong(format!("{name}: {why}")))?;
        read.push((name, addresses));
    }
    Ok(read)
}

/// A function's addresses: one, or a list of them. Fails with what is wrong.
fn addresses(given: Value) -> std::result::Result<Vec<String>, String> {
    let given = match given {
        Value::Array(list) if list.is_empty() => return Err("the list of its addresses is empty".into()),
        Value::Array(list) => list,
        one => vec![one],
    };
    let mut read = Vec::new();
    for address in given {
        let Value::String(text) = address else { return Err(format!("{address} is no address, nor a list of some")) };
        let address = function(&text)
            .ok_or_else(|| format!("{text:?} is neither https://host/path/ nor an address relative to the page"))?;
        if read.contains(&address) {
            return Err(format!("{address} stands there twice"));
        }
        read.push(address);
    }
    Ok(read)
}

/// An address under which other addresses stand: http(s) without user, query and fragment, or relative on the same host.
fn function(text: &str) -> Option<String> {
    if text.is_empty() || !text.bytes().all(|letter| letter.is_ascii_graphic()) {
        return None;
    }
    let page = Url::parse("http://page.invalid/").ok()?;
    let absolute = Url::parse(text).ok();
    let url = absolute.clone().or_else(|| page.join(text).ok().filter(|url| url.origin() == page.origin()))?;
    let web = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    if !web || url.query().is_some() || url.fragment().is_some() {
        return None;
    }
    origin(&url)?;
    let text = absolute.map_or_else(|| text.to_owned(), String::from);
    Some(if text.ends_with('/') { text } else { text + "/" })
}

/// Reads `FEEDBACK`.
pub(super) fn feedback(text: &str) -> Result<String> {
    let known = |url: &Url| matches!(url.scheme(), "http" | "https" | "mailto");
    let url = Url::parse(text).ok().filter(known);
    url.map(String::from)
        .ok_or_else(|| Error::internal(format!("FEEDBACK={text}: give https://host/path or mailto:name@host")))
}

/// The `Content-Security-Policy` of a page that calls these functions, with what `CONNECT` adds.
pub(super) fn policy(functions: &[Function], connect: Option<&str>) -> Result<String> {
    let mut connections = vec!["'self'".to_owned()];
    // One that is relative has no origin of its own.
    let addresses = functions.iter().flat_map(|(_, addresses)| addresses);
    connections.extend(addresses.filter_map(|address| origin(&Url::parse(address).ok()?)));
    for text in connect.unwrap_or_default().split(',').map(str::trim).filter(|text| !text.is_empty()) {
        let origin = Url::parse(text).ok().and_then(|url| origin(&url));
        let wrong =
            || Error::internal(format!("CONNECT: {text:?} is no origin; give https://host, and commas between"));
        connections.push(origin.ok_or_else(wrong)?);
    }
    let mut known = Vec::new();
    for one in connections {
        if !known.contains(&one) {
            known.push(one);
        }
    }
    Ok(format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; \
         connect-src {}; worker-src 'self'; manifest-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'",
        known.join(" ")
    ))
}

/// The origin of an http(s) address, where it can stand in a policy: the letters that an URL's host may have besides (`;`, `*`)
/// would be more than an origin there.
fn origin(url: &Url) -> Option<String> {
    let origin = url.origin().ascii_serialization();
    let plain = |letter: u8| letter.is_ascii_alphanumeric() || b"-._:/[]".contains(&letter);
    let web = matches!(url.scheme(), "http" | "https");
    (web && origin.bytes().all(plain)).then_some(origin)
}

/// The members of a JSON object in their order.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Pairs;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Pairs, M::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        from.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_keep_their_order_and_end_with_a_slash() {
        let text = r#"{"b": "https://B.example", "a": ["../a", "https://cpu.example/a"], "c": "/x/c/", "d": "http://[::1]:80/d"}"#;
        let expect = [
            ("b", &["https://b.example/"][..]),
            ("a", &["../a/", "https://cpu.example/a/"]),
            ("c", &["/x/c/"]),
            ("d", &["http://[::1]/d/"]),
        ];
        assert_eq!(functions(text).unwrap(), expect.map(of));
    }

    fn of((name, addresses): (&str, &[&str])) -> Function {
        (name.to_owned(), addresses.iter().map(|address| (*address).to_owned()).collect())
    }

    #[test]
    fn what_is_no_address_of_a_function_is_refused() {
        for address in [
            "",
            " ",
            "//other.example/",
            "\\\\other.example",
            "javascript:alert(1)",
            "ftp://a.example",
            "data:,x",
            "https://user@a.example/",
            "https://a.example/?q",
            "https://a.example/#f",
            "https://",
            "https://a b/",
            "../a?x",
            "https://a.example;script-src",
            "https://*.example",
            "../\u{e9}",
            "mailto:a@b.example",
        ] {
            for given in [serde_json::json!(address), serde_json::json!(["../a/", address])] {
                let text = serde_json::json!({"a": given}).to_string();
                let wrong = functions(&text).unwrap_err().to_string();
                assert!(wrong.starts_with("FUNCTIONS: a: ") && !wrong.contains('\n'), "{address}: {wrong}");
            }
        }
        for text in
            ["", "[]", "{}", "{\"A\": \"../a/\"}", "{\"a\": \"x\", \"a\": \"y\"}", "{\"\": \"x\"}", "{\"a\": \"x\"} {}"]
        {
            let wrong = functions(text).unwrap_err().to_string();
            assert!(wrong.starts_with("FUNCTIONS: "), "{text}: {wrong}");
        }
        for (given, why) in [
            ("1", "1 is no address, nor a list of some"),
            ("null", "null is no address, nor a list of some"),
            ("[]", "the list of its addresses is empty"),
            (r#"["x", 1]"#, "1 is no address, nor a list of some"),
            (r#"["x", ["y"]]"#, r#"["y"] is no address, nor a list of some"#),
            (r#"["https://a.example", "https://A.example/"]"#, "https://a.example/ stands there twice"),
        ] {
            let wrong = functions(&format!(r#"{{"a": {given}}}"#)).unwrap_err().to_string();
            assert_eq!(wrong, format!("FUNCTIONS: a: {why}"));
        }
    }

    #[test]
    fn only_origins_get_into_the_policy() {
        let given = [
            ("a", &["../a/"][..]),
            ("b", &["https://gpu.example/b/", "https://b.example:8443/b/"]),
            ("c", &["https://b.example:8443/c/"]),
        ];
        let policy = policy(&given.map(of), Some("https://store.example/bucket, http://127.0.0.1:9000,")).unwrap();
        let connect = "connect-src 'self' https://gpu.example https://b.example:8443 https://store.example \
                       http://127.0.0.1:9000; worker-src";
        assert!(policy.contains(connect), "{policy}");
        for wrong in
            ["*", "https:", "https://a.example;script-src", "https://*", "'unsafe-inline'", "data:", "store.example"]
        {
            let wrong = super::policy(&[], Some(wrong)).unwrap_err().to_string();
            assert!(wrong.starts_with("CONNECT: "), "{wrong}");
        }
        assert!(feedback("mailto:a@b.example").is_ok() && feedback("https://b.example/x").is_ok());
        assert!(feedback("javascript:alert(1)").is_err() && feedback("b.example").is_err());
    }
}
