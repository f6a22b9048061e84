//! Pictures made by the tests, and answers read back.

use common::{Encoding, Format, Limits, Picture, Watch};
use image::ImageFormat;

use crate::process::root;

/// A picture with slopes, edges and texture: the same for the same size.
pub fn photo(width: usize, height: usize) -> Picture {
    let mut state = (width * 31 + height) as u32 | 1;
    let mut pixels = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 24) as usize % 23;
            let edge = if (x / 7 + y / 5) % 2 == 0 { 40 } else { 0 };
            let slope = |at: usize, of: usize| at * 120 / of.max(1);
            pixels.push((20 + slope(x, width) + edge + noise) as u8);
            pixels.push((30 + slope(y, height) + edge / 2 + noise) as u8);
            pixels.push((60 + slope(width - x, width) + noise) as u8);
        }
    }
    Picture::new(width, height, pixels, None)
}

/// The same, with an alpha channel that falls from opaque at the left to nothing at the right.
pub fn glass(width: usize, height: usize) -> Picture {
    let alpha = (0..width * height).map(|at| 255 - (at % width * 255 / width.max(2).saturating_sub(1)) as u8).collect();
    Picture::new(width, height, photo(width, height).pixels().to_vec(), Some(alpha))
}

/// A photograph of `samples/`, shrunk so that its longer side is `side`.
pub fn sample(name: &str, side: usize) -> Picture {
    let path = root().join("samples").join(name).with_extension("jpg");
    let bytes = std::fs::read(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
    read(&bytes).0.shrunk(side).expect("a smaller picture")
}

pub fn png(picture: &Picture) -> Vec<u8> {
    picture.encode(Encoding::Png { compression: None }, &Watch::default()).expect("PNG")
}

pub fn jpeg(picture: &Picture, quality: u8) -> Vec<u8> {
    picture.encode(Encoding::Jpeg { quality }, &Watch::default()).expect("JPEG")
}

pub fn webp(picture: &Picture) -> Vec<u8> {
    picture.encode(Encoding::WebP { quality: 90 }, &Watch::default()).expect("WebP")
}

/// A picture in a format that is read but never written.
pub fn other(picture: &Picture, format: ImageFormat) -> Vec<u8> {
    let image = image::RgbImage::from_raw(picture.width() as u32, picture.height() as u32, picture.pixels().to_vec());
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.expect("rows").write_to(&mut bytes, format).expect("a picture");
    bytes.into_inner()
}

/// Reads an answer of any format.
pub fn read(bytes: &[u8]) -> (Picture, Format) {
    Picture::decode(bytes, Limits { max_pixels: u64::MAX }).expect("a picture")
}

/// Reads a PNG by another library than the one under test.
pub fn read_png(bytes: &[u8]) -> image::RgbaImage {
    image::load_from_memory_with_format(bytes, ImageFormat::Png).expect("a PNG").into_rgba8()
}

/// The largest and the mean difference of two rows of bytes of one length.
pub fn difference(one: &[u8], two: &[u8]) -> (u8, f64) {
    assert_eq!(one.len(), two.len(), "pictures of one size");
    let (mut most, mut sum) = (0, 0_u64);
    for (one, two) in one.iter().zip(two) {
        most = most.max(one.abs_diff(*two));
        sum += u64::from(one.abs_diff(*two));
    }
    (most, sum as f64 / one.len().max(1) as f64)
}
