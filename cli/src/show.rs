//! Classes and boxes as text.

use serde_json::{Value, json};

/// What a function says about an input: for people, or as one line for programs.
pub fn text(name: &str, data: &Value, as_json: bool) -> String {
    if as_json {
        return line(name, data);
    }
    let percent = |found: &Value| format!("{:6.1}%", found["score"].as_f64().unwrap_or(0.0) * 100.0);
    let word = |found: &Value| found["name"].as_str().unwrap_or("?").to_owned();
    let mut lines = vec![name.to_owned()];
    if let Some(classes) = data["classes"].as_array() {
        lines.extend(classes.iter().map(|found| format!("{}  {}", percent(found), word(found))));
    } else if let Some(boxes) = data["boxes"].as_array() {
        let (count, width, height) = (boxes.len(), &data["width"], &data["height"]);
        lines[0] = format!("{name}  {width}x{height}, {count} {}", if count == 1 { "object" } else { "objects" });
        lines.extend(boxes.iter().map(|found| {
            let [left, top, right, bottom] = corners(found).map(f64::round);
            format!("{}  {:<14} {left},{top} to {right},{bottom}", percent(found), word(found))
        }));
    } else {
        lines.push(serde_json::to_string_pretty(data).expect("JSON"));
    }
    lines.join("\n")
}

/// One line of JSON with the input's name in front.
pub fn line(name: &str, data: &Value) -> String {
    let mut all = json!({ "input": name });
    match (all.as_object_mut(), data.as_object()) {
        (Some(all), Some(data)) => all.extend(data.clone()),
        _ => all["answer"] = data.clone(),
    }
    all.to_string()
}

/// The things of one frame, counted: `2 person, 1 car`.
pub fn counted(boxes: &[Value]) -> String {
    let mut names: Vec<(&str, u32)> = Vec::new();
    for name in boxes.iter().map(|found| found["name"].as_str().unwrap_or("?")) {
        match names.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => names.push((name, 1)),
        }
    }
    names.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}

/// Left, top, right and bottom of a box, in pixels.
pub fn corners(found: &Value) -> [f64; 4] {
    std::array::from_fn(|side| found["box"][side].as_f64().unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_and_boxes_read_as_a_table() {
        let classes = json!({"classes": [{"name": "cat", "score": 0.915}]});
        assert_eq!(text("a.jpg", &classes, false), "a.jpg\n  91.5%  cat");
        let boxes =
            json!({"width": 9, "height": 8, "boxes": [{"name": "car", "score": 1.0, "box": [1.6, 2.0, 3.0, 4.4]}]});
        assert_eq!(text("a.jpg", &boxes, false), "a.jpg  9x8, 1 object\n 100.0%  car            2,2 to 3,4");
        assert_eq!(text("a", &json!({"boxes": []}), true), r#"{"boxes":[],"input":"a"}"#);
    }

    #[test]
    fn things_are_counted() {
        let boxes = [json!({"name": "person"}), json!({"name": "car"}), json!({"name": "person"})];
        assert_eq!((counted(&boxes).as_str(), counted(&[]).as_str()), ("2 person, 1 car", ""));
    }
}
