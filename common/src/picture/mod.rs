//! Bytes <-> [`Picture`]: upright sRGB RGB8 with alpha apart, under limits that are checked before any pixel is decoded.

mod colour;
mod decode;
mod encode;
mod orient;
mod png;
mod sniff;

pub use encode::{Encoding, Writable};
pub use sniff::Format;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::error::{Error, Kind, Result};
use crate::watch::Watch;

/// An upright sRGB picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
    alpha: Option<Vec<u8>>,
}

/// How many pixels a picture may have.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Width times height.
    pub max_pixels: u64,
}

/// The most that the colour profile or another piece of packed metadata may unfold to, in bytes.
const MAX_METADATA: usize = 4 << 20;

impl Limits {
    /// Refuses a size from a header before anything of that size is allocated.
    fn check(&self, width: u64, height: u64) -> Result<()> {
        if width == 0 || height == 0 {
            return Err(Error::new(
                Kind::BrokenPicture,
                format!("the picture is {width} x {height}: it has no pixels"),
            ));
        }
        if width * height > self.max_pixels {
            let (has, may) = (width * height / 1_000_000, self.max_pixels / 1_000_000);
            let message =
                format!("the picture has {width} x {height} pixels ({has} million); at most {may} million are taken");
            return Err(Error::new(Kind::TooLarge, message));
        }
        Ok(())
    }
}

impl Picture {
    /// A picture of `width` x `height` pixels from RGB rows and, where it has one, its alpha channel.
    ///
    /// # Panics
    /// When a buffer's length is not that of the size: a mistake in this program.
    pub fn new(width: usize, height: usize, pixels: Vec<u8>, alpha: Option<Vec<u8>>) -> Self {
        assert_eq!(pixels.len(), width * height * 3, "RGB bytes of {width} x {height} pixels");
        assert!(alpha.as_ref().is_none_or(|alpha| alpha.len() == width * height), "one alpha byte a pixel");
        Self { width, height, pixels, alpha }
    }

    /// Splits rows of RGBA; an alpha channel that is opaque everywhere is none.
    fn from_rgba(width: usize, height: usize, rgba: &[u8]) -> Self {
        let alpha: Vec<u8> = rgba.chunks_exact(4).map(|pixel| pixel[3]).collect();
        let opaque = alpha.iter().all(|alpha| *alpha == u8::MAX);
        let mut pixels = Vec::with_capacity(width * height * 3);
        rgba.chunks_exact(4).for_each(|pixel| pixels.extend_from_slice(&pixel[..3]));
        Self::new(width, height, pixels, (!opaque).then_some(alpha))
    }

    /// Grey levels as RGB.
    fn from_grey(width: usize, height: usize, grey: &[u8]) -> Self {
        Self::new(width, height, grey.iter().flat_map(|level| [*level; 3]).collect(), None)
    }

    /// RGBA rows, where there is alpha.
    fn rgba(&self) -> Option<Vec<u8>> {
        let alpha = self.alpha.as_ref()?;
        let mut out = Vec::with_capacity(alpha.len() * 4);
        for (rgb, alpha) in self.pixels.chunks_exact(3).zip(alpha) {
            out.extend_from_slice(rgb);
            out.push(*alpha);
        }
        Some(out)
    }

    /// Reads any format in [`Format`]: upright by its EXIF orientation, sRGB by its colour profile.
    ///
    /// # Errors
    /// `NotAPicture` for other bytes, `TooLarge` by the header alone, `BrokenPicture` for what can't be decoded whole.
    pub fn decode(bytes: &[u8], limits: Limits) -> Result<(Self, Format)> {
        decode::decode(bytes, limits)
    }

    /// Writes the picture; alpha is kept by PNG and WebP, colours are marked as sRGB, no metadata is carried over.
    ///
    /// # Errors
    /// `TooLarge` where the format holds no such side; `Deadline` and `Gone` as `watch` says.
    pub fn encode(&self, encoding: Encoding, watch: &Watch) -> Result<Vec<u8>> {
        encode::encode(self, encoding, watch)
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// RGB, 3 bytes a pixel, rows without gaps.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The alpha channel, a byte a pixel, where there is one.
    pub fn alpha(&self) -> Option<&[u8]> {
        self.alpha.as_deref()
    }

    /// RGB, its size and alpha left behind.
    pub fn into_pixels(self) -> Vec<u8> {
        self.pixels
    }

    /// The picture with other colours and the same alpha.
    ///
    /// # Panics
    /// When the length is not that of the size: a mistake in this program.
    pub fn with_pixels(self, pixels: Vec<u8>) -> Self {
        Self::new(self.width, self.height, pixels, self.alpha)
    }

    /// Shrunk so that its longer side is `max_side` at most; a smaller picture stays as it is.
    pub fn shrunk(self, max_side: usize) -> Result<Self> {
        let longer = self.width.max(self.height);
        if longer <= max_side {
            return Ok(self);
        }
        let fit = |side: usize| ((side * max_side + longer / 2) / longer).max(1);
        let (width, height) = (fit(self.width), fit(self.height));
        let size = (self.width, self.height);
        let pixels = resize(&self.pixels, size, (width, height), PixelType::U8x3, FilterType::Lanczos3)?;
        let alpha = resize_alpha(self.alpha.as_deref(), size, (width, height))?;
        Ok(Self::new(width, height, pixels, alpha))
    }

    /// The picture in `to` columns and rows (antialiased, Catmull-Rom), alpha too.
    pub fn scaled(&self, to: (usize, usize)) -> Result<Self> {
        let size = (self.width, self.height);
        let pixels = resize(&self.pixels, size, to, PixelType::U8x3, FilterType::CatmullRom)?;
        Ok(Self::new(to.0, to.1, pixels, resize_alpha(self.alpha.as_deref(), size, to)?))
    }

    /// The whole picture in `side` x `side` pixels of RGB, its aspect not kept (antialiased, bilinear).
    pub(crate) fn context(&self, side: usize) -> Result<Vec<u8>> {
        resize(&self.pixels, (self.width, self.height), (side, side), PixelType::U8x3, FilterType::Bilinear)
    }

    /// RGB rows at another size (antialiased, bilinear), for a network that takes that size.
    pub(crate) fn resized(&self, to: (usize, usize)) -> Result<Vec<u8>> {
        resize(&self.pixels, (self.width, self.height), to, PixelType::U8x3, FilterType::Bilinear)
    }

    /// The alpha channel at `scale` times the size.
    pub(crate) fn scaled_alpha(&self, scale: usize) -> Result<Option<Vec<u8>>> {
        let size = (self.width, self.height);
        resize_alpha(self.alpha.as_deref(), size, (self.width * scale, self.height * scale))
    }
}

fn resize_alpha(alpha: Option<&[u8]>, from: (usize, usize), to: (usize, usize)) -> Result<Option<Vec<u8>>> {
    alpha.map(|alpha| resize(alpha, from, to, PixelType::U8, FilterType::CatmullRom)).transpose()
}

fn resize(
    pixels: &[u8],
    from: (usize, usize),
    to: (usize, usize),
    kind: PixelType,
    filter: FilterType,
) -> Result<Vec<u8>> {
    if from == to {
        return Ok(pixels.to_vec());
    }
    let source = ImageRef::new(from.0 as u32, from.1 as u32, pixels, kind).map_err(Error::internal)?;
    let mut target = Image::new(to.0 as u32, to.1 as u32, kind);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
    Resizer::new().resize(&source, &mut target, &options).map_err(Error::internal)?;
    Ok(target.into_vec())
}
