//! Cutting a picture into tiles with a halo, so that what is kept of each is as if the whole had been run.
//!
//! A network sees `halo` pixels around every pixel it writes. A tile's *core* is what is kept of its answer; its *input*
//! is the core with the halo around it, cut off at the picture's borders, where the network pads as it pads the whole.

/// A rectangle of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// Left column.
    pub x: usize,
    /// Top row.
    pub y: usize,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// One tile: what the network is given and what of its answer is kept, both in pixels of the input picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// The core with its halo.
    pub input: Area,
    /// The part that is kept.
    pub core: Area,
}

/// Cuts `width` x `height` pixels into tiles whose cores are at most `side` pixels wide and high, as equal as can be.
///
/// `halo` is the reach of the network; all borders inside the picture lie on multiples of `multiple`.
/// The cores cover the picture without overlap.
pub fn tiles(width: usize, height: usize, side: usize, halo: usize, multiple: usize) -> Vec<Tile> {
    let multiple = multiple.max(1);
    let halo = halo.next_multiple_of(multiple);
    let columns = spans(width, side, halo, multiple);
    let rows = spans(height, side, halo, multiple);
    let tile = |row: &Span, column: &Span| Tile {
        input: Area { x: column.from, y: row.from, width: column.to - column.from, height: row.to - row.from },
        core: Area { x: column.start, y: row.start, width: column.end - column.start, height: row.end - row.start },
    };
    rows.iter().flat_map(|row| columns.iter().map(move |column| tile(row, column))).collect()
}

/// One tile along one axis: the core `start..end` inside the input `from..to`.
struct Span {
    from: usize,
    start: usize,
    end: usize,
    to: usize,
}

fn spans(length: usize, side: usize, halo: usize, multiple: usize) -> Vec<Span> {
    let count = length.div_ceil(side.max(multiple)).max(1);
    let step = length.div_ceil(count).next_multiple_of(multiple).max(1);
    (0..length)
        .step_by(step)
        .map(|start| {
            let end = (start + step).min(length);
            Span { from: start.saturating_sub(halo), start, end, to: (end + halo).min(length) }
        })
        .collect()
}

/// Copies `area` of rows of `stride` bytes, `channels` bytes a pixel, into a tight buffer.
pub fn cut(pixels: &[u8], stride: usize, area: Area, channels: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(area.width * area.height * channels);
    for y in area.y..area.y + area.height {
        let start = y * stride + area.x * channels;
        out.extend_from_slice(&pixels[start..start + area.width * channels]);
    }
    out
}

/// Copies the tile's core out of the network's answer (`scale` times the input) to its place in the whole answer.
///
/// `whole` has rows of `whole_width` pixels; what lies beyond its borders (padding) is dropped. RGB, 3 bytes a pixel.
pub fn paste(answer: &[u8], tile: &Tile, scale: usize, whole: &mut [u8], whole_width: usize) {
    let whole_height = whole.len() / (whole_width * 3);
    let answer_width = tile.input.width * scale;
    let (left, top) = ((tile.core.x - tile.input.x) * scale, (tile.core.y - tile.input.y) * scale);
    let (x, y) = (tile.core.x * scale, tile.core.y * scale);
    let width = (tile.core.width * scale).min(whole_width.saturating_sub(x));
    let height = (tile.core.height * scale).min(whole_height.saturating_sub(y));
    for row in 0..height {
        let from = ((top + row) * answer_width + left) * 3;
        let to = ((y + row) * whole_width + x) * 3;
        whole[to..to + width * 3].copy_from_slice(&answer[from..from + width * 3]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cores_cover_every_pixel_once_and_halos_reach_as_far_as_promised(
            width in 1usize..400, height in 1usize..400, side in 1usize..200, halo in 0usize..40, multiple in 1usize..9,
        ) {
            let (width, height) = (width.next_multiple_of(multiple), height.next_multiple_of(multiple));
            let mut covered = vec![0u8; width * height];
            for Tile { input, core } in tiles(width, height, side, halo, multiple) {
                prop_assert!(core.width <= side.max(1).next_multiple_of(multiple));
                for y in core.y..core.y + core.height {
                    for x in core.x..core.x + core.width {
                        covered[y * width + x] += 1;
                    }
                }
                prop_assert!(input.x == 0 || input.x + halo <= core.x);
                prop_assert!(input.y == 0 || input.y + halo <= core.y);
                prop_assert!(input.x + input.width == width || input.x + input.width >= core.x + core.width + halo);
                prop_assert!(input.y + input.height == height || input.y + input.height >= core.y + core.height + halo);
                prop_assert!(input.x % multiple == 0 && input.y % multiple == 0);
                prop_assert!(input.width % multiple == 0 && input.height % multiple == 0);
            }
            prop_assert!(covered.iter().all(|times| *times == 1));
        }

        #[test]
        fn what_is_cut_and_pasted_is_the_picture_again(
            width in 1usize..60, height in 1usize..60, side in 1usize..40, halo in 0usize..9, scale in 1usize..4,
        ) {
            let pixels: Vec<u8> = (0..width * height * 3).map(|i| (i * 31 % 251) as u8).collect();
            let mut whole = vec![0; pixels.len() * scale * scale];
            for tile in tiles(width, height, side, halo, 1) {
                let input = cut(&pixels, width * 3, tile.input, 3);
                let answer = enlarge(&input, tile.input.width, scale);
                paste(&answer, &tile, scale, &mut whole, width * scale);
            }
            prop_assert_eq!(whole, enlarge(&pixels, width, scale));
        }
    }

    /// Every pixel `scale` times as wide and high.
    fn enlarge(pixels: &[u8], width: usize, scale: usize) -> Vec<u8> {
        let rows = pixels
            .chunks(width * 3)
            .map(|row| row.chunks(3).flat_map(|pixel| pixel.repeat(scale)).collect::<Vec<u8>>());
        rows.flat_map(|row| row.repeat(scale)).collect()
    }
}
