//! The median of a square window around every pixel, each channel by itself: takes single odd pixels away, keeps edges.

use common::{Result, Watch};

/// The median filter of RGB rows; beyond its borders the picture is its last row and column repeated.
///
/// `window` is the side of the window, odd; 1 leaves the picture as it is. Stops when `watch` is told to.
pub fn median(pixels: Vec<u8>, width: usize, window: usize, watch: &Watch) -> Result<Vec<u8>> {
    if window <= 1 || pixels.is_empty() {
        return Ok(pixels);
    }
    let (stride, reach) = (width * 3, window / 2);
    let height = pixels.len() / stride;
    let mut out = vec![0; pixels.len()];
    let mut scratch = Columns::new(stride);
    for (y, out) in out.chunks_exact_mut(stride).enumerate() {
        watch.check()?;
        let row = |y: usize| &pixels[y * stride..][..stride];
        let beside = |at: usize| row((y + at).saturating_sub(reach).min(height - 1));
        if window == 3 {
            scratch.median([beside(0), beside(1), beside(2)], out);
        } else {
            let rows: Vec<_> = (0..window).map(beside).collect();
            (0..3).for_each(|channel| slide(&rows, channel, out));
        }
    }
    Ok(out)
}

/// Columns of three, sorted: the least, the middle and the largest of each, with a pixel more at both ends.
struct Columns {
    sorted: [Vec<u8>; 3],
}

impl Columns {
    fn new(stride: usize) -> Self {
        Self { sorted: [(); 3].map(|()| vec![0; stride + 6]) }
    }

    /// A row of medians of 3 x 3: the middle of the largest least, the middle middle and the least largest (Paeth,
    /// "Median finding on a 3 x 3 grid", Graphics Gems, 1990). Nothing but minima and maxima: the compiler makes them wide.
    fn median(&mut self, [above, row, below]: [&[u8]; 3], out: &mut [u8]) {
        let stride = row.len();
        let [least, middle, largest] = &mut self.sorted;
        let targets = least[3..].iter_mut().zip(&mut middle[3..]).zip(&mut largest[3..]);
        for (((&a, &b), &c), ((least, middle), largest)) in above.iter().zip(row).zip(below).zip(targets) {
            (*least, *middle, *largest) = (a.min(b).min(c), middle_of(a, b, c), a.max(b).max(c));
        }
        for row in [&mut *least, middle, largest] {
            row.copy_within(3..6, 0);
            row.copy_within(stride..stride + 3, stride + 3);
        }
        let beside = |row: &[u8], at: usize| [row[at], row[at + 3], row[at + 6]];
        let (least, middle, largest) = (&least[..stride + 6], &middle[..stride + 6], &largest[..stride + 6]);
        for (at, out) in out.iter_mut().enumerate() {
            let ([a, b, c], [d, e, f], [g, h, i]) = (beside(least, at), beside(middle, at), beside(largest, at));
            *out = middle_of(a.max(b).max(c), middle_of(d, e, f), g.min(h).min(i));
        }
    }
}

fn middle_of(a: u8, b: u8, c: u8) -> u8 {
    a.min(b).max(a.max(b).min(c))
}

/// A row of medians of one channel: a histogram of the window loses a column and gains one from pixel to pixel (Huang,
/// Yang and Tang, "A fast two-dimensional median filtering algorithm", 1979).
fn slide(rows: &[&[u8]], channel: usize, out: &mut [u8]) {
    let (reach, last, half) = (rows.len() / 2, out.len() / 3 - 1, rows.len() * rows.len() / 2);
    let mut counts = [0_usize; 256];
    // `below` counts what is less than `median`.
    let (mut median, mut below) = (0_usize, 0);
    for x in 0..=last {
        let mut column = |x: usize, add: bool| {
            for row in rows {
                let value = usize::from(row[x * 3 + channel]);
                let (count, less) = (&mut counts[value], usize::from(value < median));
                if add {
                    *count += 1;
                    below += less;
                } else {
                    *count -= 1;
                    below -= less;
                }
            }
        };
        if x == 0 {
            (0..rows.len()).for_each(|at| column(at.saturating_sub(reach).min(last), true));
        } else {
            column((x - 1).saturating_sub(reach), false);
            column((x + reach).min(last), true);
        }
        while below > half {
            median -= 1;
            below -= counts[median];
        }
        while below + counts[median] <= half {
            below += counts[median];
            median += 1;
        }
        out[x * 3 + channel] = median as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::{Kind, Stop};
    use proptest::prelude::*;

    /// The median by sorting.
    fn sorted(pixels: &[u8], width: usize, window: usize) -> Vec<u8> {
        let (height, reach) = (pixels.len() / width / 3, window / 2);
        let value = |x: usize, y: usize, channel: usize| {
            let inside = |at: usize, length: usize| at.saturating_sub(reach).min(length - 1);
            let at = |k: usize| (inside(y + k / window, height) * width + inside(x + k % window, width)) * 3 + channel;
            let mut values: Vec<_> = (0..window * window).map(|k| pixels[at(k)]).collect();
            values.sort_unstable();
            values[values.len() / 2]
        };
        (0..pixels.len()).map(|at| value(at / 3 % width, at / 3 / width, at % 3)).collect()
    }

    proptest! {
        // proves: S06
        #[test]
        fn every_window_gives_the_middle_of_the_sorted_values(
            width in 1_usize..20, height in 1_usize..20, reach in 0_usize..8, levels in 1_u32..=256, seed in any::<u32>(),
        ) {
            let mut state = seed | 1;
            let mut level = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                ((state >> 16) % levels * 255 / levels.max(2).saturating_sub(1)).min(255) as u8
            };
            let pixels: Vec<u8> = (0..width * height * 3).map(|_| level()).collect();
            let ours = median(pixels.clone(), width, reach * 2 + 1, &Watch::default()).unwrap();
            prop_assert_eq!(ours, sorted(&pixels, width, reach * 2 + 1));
        }
    }

    #[test]
    fn a_filter_that_is_told_to_stop_stops() {
        let watch = Watch::default();
        watch.stop(Stop::Gone);
        assert_eq!(median(vec![0; 27], 3, 3, &watch).unwrap_err().kind(), Kind::Gone);
    }
}
