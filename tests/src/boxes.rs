//! Non-maximum suppression against torchvision's (tests/boxes/make.py writes what that keeps).

use common::{Wanted, suppress};
use serde_json::Value;

use crate::process::root;

// proves: O08
#[test]
fn what_is_kept_is_what_torchvision_keeps_in_its_order() {
    let text = std::fs::read_to_string(root().join("tests/boxes/nms.json")).expect("the cases");
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let numbers = |value: &Value| -> Vec<f32> {
            value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
        };
        let bounds: Vec<[f32; 4]> =
            case["boxes"].as_array().unwrap().iter().map(|row| numbers(row).try_into().unwrap()).collect();
        let classes = case["classes"].as_u64().unwrap() as usize;
        let share = |name: &str| case[name].as_f64().unwrap() as f32;
        let wanted = Wanted { threshold: share("threshold"), iou: share("iou"), classes: None, most: usize::MAX };
        let kept: Vec<Vec<f32>> = suppress(&bounds, &numbers(&case["scores"]), classes, &wanted)
            .iter()
            .map(|found| std::iter::once(found.class as f32).chain(found.bounds).collect())
            .collect();
        let expect: Vec<Vec<f32>> = case["kept"].as_array().unwrap().iter().map(numbers).collect();
        assert!(expect.len() > 100);
        assert_eq!(kept, expect, "iou {}", wanted.iou);
    }
}
