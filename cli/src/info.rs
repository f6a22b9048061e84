//! `darkroom info`: what a function does and what may be asked of it, as its address tells.

use reqwest::Method;
use serde_json::Value;

use crate::client::{Client, body, checked};
use crate::config::Config;
use crate::failure::{Failure, Result};
use crate::output::print;

/// The addresses in use.
pub fn addresses(config: &Config) -> Result<()> {
    print("Addresses, {name} being the function's:")?;
    let line = |name: &str, addresses: &[String]| format!("  {name:<12} {}", addresses.join(", then "));
    config.all().iter().try_for_each(|(name, addresses)| print(&line(name, addresses)))
}

/// One function.
pub async fn info(client: &Client) -> Result<()> {
    let about = read(client, "").await?;
    let (models, contract) = (read(client, "models").await?, read(client, "openapi.json").await?);
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let mut lines = vec![format!("{}: {} ({})", text(&about["name"]), text(&about["title"]), client.url("", &[]))];
    lines.push(format!("  {}", text(&about["summary"])));
    lines.push("\nModels".to_owned());
    list(&models, &mut lines);
    lines.push("\nOptions (--opt NAME=VALUE)".to_owned());
    for option in contract["paths"]["/"]["post"]["parameters"].as_array().into_iter().flatten() {
        let what = text(&option["description"]);
        let range = range(&option["schema"]);
        lines.push(format!("  {:<12} {}{what}", text(&option["name"]), range));
    }
    lines.push("\nLimits".to_owned());
    for (name, value) in about["limits"].as_object().into_iter().flatten() {
        lines.push(format!("  {name:<16} {value}"));
    }
    let kept = if about["store"].is_null() { "no: no uploads, no jobs" } else { "uploads, jobs and results" };
    lines.push(format!("\nKept: {kept}"));
    print(&lines.join("\n"))
}

/// The tree of models, families with their titles; after it those that can't be used, with the reason.
fn list(tree: &Value, lines: &mut Vec<String>) {
    let (mut here, mut away) = (Vec::new(), Vec::new());
    for node in children(tree) {
        let leaves = if children(node).is_empty() { vec![node] } else { children(node).iter().collect() };
        let (ready, others): (Vec<_>, Vec<_>) = leaves.into_iter().partition(|leaf| leaf["status"] == "ready");
        if !ready.is_empty() && !children(node).is_empty() {
            here.push(format!("  {} ({})", word(node, "title"), word(node, "description")));
        }
        here.extend(ready.into_iter().map(|leaf| {
            let terms = leaf["terms"].as_str().filter(|terms| *terms != "free");
            let terms = terms.map_or(String::new(), |terms| format!(" ({}: {terms})", word(leaf, "licence")));
            format!("  {:<16} {}{terms}", word(leaf, "name"), word(leaf, "title"))
        }));
        away.extend(others.into_iter().map(|leaf| {
            let reason = leaf["reason"].as_str().unwrap_or(word(leaf, "status"));
            format!("  {:<16} {}: {reason}", word(leaf, "name"), word(leaf, "licence"))
        }));
    }
    lines.extend(here);
    if !away.is_empty() {
        lines.push(format!("\nModels that can't be used here ({})", away.len()));
        lines.extend(away);
    }
}

fn children(node: &Value) -> &[Value] {
    node["children"].as_array().map_or(&[], Vec::as_slice)
}

fn word<'a>(node: &'a Value, member: &str) -> &'a str {
    node[member].as_str().unwrap_or("?")
}

/// `0..1: `, `png|jpeg|webp: `, or nothing.
fn range(schema: &Value) -> String {
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
        return format!("{}: ", words.join("|"));
    }
    let (least, most) = (&schema["minimum"], &schema["maximum"]);
    if least.is_number() && most.is_number() { format!("{least}..{most}: ") } else { String::new() }
}

async fn read(client: &Client, path: &str) -> Result<Value> {
    let url = client.url(path, &[]);
    let request = client.request(Method::GET, url.clone()).header("accept", "application/json");
    let response = checked(client.send_once(request).await?).await?;
    serde_json::from_slice(&body(response).await?)
        .map_err(|cause| Failure::new(format!("{url} is no function's: {cause}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_tree_is_listed_and_then_what_is_away() {
        let leaf = |name, status, terms, reason: Value| json!({"name": name, "title": "T", "status": status, "licence": "L", "terms": terms, "reason": reason, "children": []});
        let family = [leaf("b", "ready", "unstated", Value::Null), leaf("c", "fetch", "free", json!("not here yet"))];
        let tree = json!({"name": "f", "title": "F", "children": [
            leaf("a", "ready", "free", Value::Null),
            {"name": "group", "title": "G", "description": "2 networks", "children": family},
            {"name": "none", "title": "N", "description": "1", "children": [leaf("d", "broken", "free", Value::Null)]}]});
        let mut lines = Vec::new();
        list(&tree, &mut lines);
        let expect = [
            "  a                T",
            "  G (2 networks)",
            "  b                T (L: unstated)",
            "\nModels that can't be used here (2)",
            "  c                L: not here yet",
            "  d                L: broken",
        ];
        assert_eq!(lines, expect);
    }

    #[test]
    fn ranges_read_as_in_the_manual() {
        assert_eq!(range(&json!({"enum": ["png", "jpeg"]})), "png|jpeg: ");
        assert_eq!(range(&json!({"minimum": 0, "maximum": 9})), "0..9: ");
        assert_eq!(range(&json!({"type": "string"})), "");
    }
}
