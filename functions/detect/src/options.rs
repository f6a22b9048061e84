//! What a request may set, for pictures and for videos alike.

use common::{Error, Result, Share, Wanted, Whole, Words};
use schemars::JsonSchema;
use serde::Deserialize;

/// What to look for, and what to show of it.
#[derive(Clone, Default, Deserialize, JsonSchema)]
pub struct Options {
    /// The lowest score of a box (default 0.3).
    pub threshold: Option<Share>,
    /// Of two boxes of one class that overlap by more than this (intersection over union) the better one stays
    /// (default 0.5).
    pub iou: Option<Share>,
    /// The classes to look for, names or numbers with commas between them; without it all.
    #[schemars(extend("examples" = ["person", "0,2"]))]
    pub classes: Option<Words>,
    /// The most boxes (default 100).
    pub max_boxes: Option<Whole<1, 1000>>,
    /// Whether names and scores are drawn beside the boxes (default true).
    pub names: Option<bool>,
}

impl Options {
    /// As the model takes it; `names` are those of its classes.
    pub fn wanted(&self, names: &[String]) -> Result<Wanted> {
        let share = |share: Option<Share>, default| share.map_or(default, |share| share.0);
        let number = |word: &String| {
            let by_name = names.iter().position(|name| name.eq_ignore_ascii_case(word));
            by_name.or_else(|| word.parse().ok().filter(|number| *number < names.len())).ok_or_else(|| {
                let word: String = word.chars().take(100).collect();
                let last = names.len().saturating_sub(1);
                Error::bad(format!(
                    "`classes` has no `{word}`; give numbers from 0 to {last} or names: {}",
                    names.join(", ")
                ))
            })
        };
        let classes =
            self.classes.as_ref().map(|words| words.0.iter().map(number).collect::<Result<_>>()).transpose()?;
        Ok(Wanted {
            threshold: share(self.threshold, 0.3),
            iou: share(self.iou, 0.5),
            classes,
            most: self.max_boxes.map_or(100, |most| most.0 as usize),
        })
    }

    /// Whether names are drawn.
    pub fn named(&self) -> bool {
        self.names.unwrap_or(true)
    }
}
