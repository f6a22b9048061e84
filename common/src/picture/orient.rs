//! Turning a picture upright as its EXIF orientation says.

use image::metadata::Orientation;

use super::Picture;

impl Picture {
    /// The picture turned (and mirrored) so that it stands as it was taken.
    pub(super) fn upright(self, orientation: Orientation) -> Self {
        // (swap axes, then mirror horizontally, then vertically): every orientation is one of these eight.
        let (swap, mirror, flip) = match orientation {
            Orientation::NoTransforms => return self,
            Orientation::FlipHorizontal => (false, true, false),
            Orientation::Rotate180 => (false, true, true),
            Orientation::FlipVertical => (false, false, true),
            Orientation::Rotate90FlipH => (true, false, false),
            Orientation::Rotate90 => (true, true, false),
            Orientation::Rotate270FlipH => (true, true, true),
            Orientation::Rotate270 => (true, false, true),
        };
        let size = (self.width, self.height);
        let (width, height) = if swap { (self.height, self.width) } else { size };
        let pixels = turn::<3>(&self.pixels, size, swap, mirror, flip);
        let alpha = self.alpha.map(|alpha| turn::<1>(&alpha, size, swap, mirror, flip));
        Self::new(width, height, pixels, alpha)
    }
}

/// Pixels are moved in blocks that stay in the cache: a swap of axes reads down columns.
const BLOCK: usize = 32;

fn turn<const N: usize>(source: &[u8], size: (usize, usize), swap: bool, mirror: bool, flip: bool) -> Vec<u8> {
    let (from_width, from_height) = size;
    let (width, height) = if swap { (from_height, from_width) } else { size };
    let mut target = vec![0; source.len()];
    for top in (0..height).step_by(BLOCK) {
        for left in (0..width).step_by(BLOCK) {
            for y in top..(top + BLOCK).min(height) {
                for x in left..(left + BLOCK).min(width) {
                    let (u, v) = (if mirror { width - 1 - x } else { x }, if flip { height - 1 - y } else { y });
                    let (from_x, from_y) = if swap { (v, u) } else { (u, v) };
                    let (from, to) = ((from_y * from_width + from_x) * N, (y * width + x) * N);
                    target[to..to + N].copy_from_slice(&source[from..from + N]);
                }
            }
        }
    }
    target
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, RgbImage};

    #[test]
    fn all_eight_orientations_are_those_of_the_exif_standard() {
        let (width, height) = (37, 70);
        let pixels: Vec<u8> = (0..width * height * 3).map(|i| (i * 7 % 251) as u8).collect();
        for value in 1..=8 {
            let orientation = Orientation::from_exif(value).unwrap();
            let ours = Picture::new(width, height, pixels.clone(), None).upright(orientation);
            let mut theirs =
                DynamicImage::ImageRgb8(RgbImage::from_raw(width as u32, height as u32, pixels.clone()).unwrap());
            theirs.apply_orientation(orientation);
            assert_eq!((ours.width(), ours.height()), (theirs.width() as usize, theirs.height() as usize));
            assert!(ours.pixels() == theirs.as_bytes(), "orientation {value}");
        }
    }
}
