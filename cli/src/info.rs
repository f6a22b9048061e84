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

/// The leaves of the tree of models.
fn list(node: &Value, lines: &mut Vec<String>) {
    let children = node["children"].as_array().filter(|children| !children.is_empty());
    for child in children.into_iter().flatten() {
        list(child, lines);
    }
    if let (None, Some(name), Some(title)) = (children, node["name"].as_str(), node["title"].as_str()) {
        let status = node["status"].as_str().filter(|status| *status != "ready");
        lines.push(format!("  {name:<12} {title}{}", status.map_or(String::new(), |status| format!(" ({status})"))));
    }
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
    fn leaves_of_the_tree_are_listed() {
        let leaf = |name, status| json!({"name": name, "title": "T", "status": status, "children": []});
        let tree = json!({"name": "f", "title": "F", "children": [
            leaf("a", "ready"), {"name": "group", "title": "G", "children": [leaf("b", "fetch")]}]});
        let mut lines = Vec::new();
        list(&tree, &mut lines);
        assert_eq!(lines, ["  a            T", "  b            T (fetch)"]);
    }

    #[test]
    fn ranges_read_as_in_the_manual() {
        assert_eq!(range(&json!({"enum": ["png", "jpeg"]})), "png|jpeg: ");
        assert_eq!(range(&json!({"minimum": 0, "maximum": 9})), "0..9: ");
        assert_eq!(range(&json!({"type": "string"})), "");
    }
}
