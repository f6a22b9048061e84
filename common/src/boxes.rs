//! Boxes around objects: from a network's rows to the few that are meant; pure arithmetic.

use serde::Serialize;

/// At most this many rows of one picture are weighed against each other, the best ones.
const CANDIDATES: usize = 10_000;

/// What a request wants of the boxes.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The lowest score, 0..1.
    pub threshold: f32,
    /// Of two boxes of one class that overlap by more than this (intersection over union, 0..1) the better one stays.
    pub iou: f32,
    /// The classes to look for; `None`: all.
    pub classes: Option<Vec<usize>>,
    /// The most boxes.
    pub most: usize,
}

/// One object.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Found {
    /// x1 y1 x2 y2, in pixels.
    pub bounds: [f32; 4],
    /// Line of the labels file, from 0.
    pub class: usize,
    /// 0..1.
    pub score: f32,
}

/// Non-maximum suppression by class, the best first: greedy, as `torchvision.ops.batched_nms` does it.
///
/// `bounds`: rows of x1 y1 x2 y2; `scores`: a row of `classes` scores for each. Rows that are not finite, or have
/// no area, are passed over.
pub fn suppress(bounds: &[[f32; 4]], scores: &[f32], classes: usize, wanted: &Wanted) -> Vec<Found> {
    let mut candidates = Vec::new();
    for (bounds, scores) in bounds.iter().zip(scores.chunks_exact(classes.max(1))) {
        for (class, score) in scores.iter().enumerate() {
            // A score that is no number fails this comparison too.
            if *score >= wanted.threshold
                && wanted.classes.as_ref().is_none_or(|classes| classes.contains(&class))
                && bounds.iter().all(|side| side.is_finite())
                && area(bounds) > 0.0
            {
                candidates.push(Found { bounds: *bounds, class, score: *score });
            }
        }
    }
    // A stable sort: of equal scores the earlier row wins.
    candidates.sort_by(|one, two| two.score.total_cmp(&one.score));
    candidates.truncate(CANDIDATES);
    let mut kept: Vec<Found> = Vec::new();
    let mut areas = Vec::new();
    for found in candidates {
        if kept.len() == wanted.most {
            break;
        }
        let own = area(&found.bounds);
        let hidden = kept.iter().zip(&areas).any(|(other, area)| {
            other.class == found.class && overlap(&other.bounds, *area, &found.bounds, own) > wanted.iou
        });
        if !hidden {
            kept.push(found);
            areas.push(own);
        }
    }
    kept
}

fn area(bounds: &[f32; 4]) -> f32 {
    (bounds[2] - bounds[0]).max(0.0) * (bounds[3] - bounds[1]).max(0.0)
}

/// Intersection over union.
fn overlap(one: &[f32; 4], one_area: f32, two: &[f32; 4], two_area: f32) -> f32 {
    let width = one[2].min(two[2]) - one[0].max(two[0]);
    let height = one[3].min(two[3]) - one[1].max(two[1]);
    let shared = width.max(0.0) * height.max(0.0);
    if shared > 0.0 { shared / (one_area + two_area - shared) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Wanted = Wanted { threshold: 0.1, iou: 0.5, classes: None, most: 100 };

    #[test]
    fn of_two_that_overlap_the_better_stays_in_its_class_alone() {
        let bounds = [[0.0, 0.0, 10.0, 10.0], [1.0, 0.0, 11.0, 10.0], [0.0, 0.0, 10.0, 10.0], [20.0, 0.0, 30.0, 10.0]];
        let scores = [0.8, 0.0, 0.9, 0.0, 0.0, 0.7, 0.05, 0.3];
        let kept = suppress(&bounds, &scores, 2, &ALL);
        let told: Vec<_> = kept.iter().map(|found| (found.class, found.score, found.bounds[0])).collect();
        assert_eq!(told, [(0, 0.9, 1.0), (1, 0.7, 0.0), (1, 0.3, 20.0)]);
        let one = Wanted { classes: Some(vec![1]), most: 1, ..ALL };
        assert_eq!(suppress(&bounds, &scores, 2, &one).len(), 1);
        assert_eq!(suppress(&bounds, &scores, 2, &Wanted { iou: 0.9, ..ALL }).len(), 4);
    }

    #[test]
    fn nonsense_is_passed_over() {
        let bounds = [[f32::NAN; 4], [0.0, 0.0, f32::INFINITY, 1.0], [5.0, 5.0, 1.0, 1.0]];
        assert_eq!(suppress(&bounds, &[0.9, 0.9, 0.9], 1, &ALL).len(), 0);
        assert!(suppress(&[[0.0, 0.0, 1.0, 1.0]], &[f32::NAN], 1, &ALL).is_empty());
        assert!(suppress(&[], &[], 0, &ALL).is_empty());
    }
}
