//! Picture -> bytes.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Picture, png};
use crate::error::{Error, Kind, Result};
use crate::watch::Watch;

/// A format to write, with its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `quality` 1..=100; colours at full resolution from 90 on.
    Jpeg {
        /// 1..=100.
        quality: u8,
    },
    /// `compression` 0 (stored) ..= 9 (small); none: fast.
    Png {
        /// 0..=9.
        compression: Option<u8>,
    },
    /// Lossy, `quality` 1..=100.
    WebP {
        /// 1..=100.
        quality: u8,
    },
}

/// The formats that can be written, as a request names them.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
// The names say it all; a documented one would be a schema of its own in the OpenAPI document.
#[allow(missing_docs)]
pub enum Writable {
    Png,
    Jpeg,
    Webp,
}

impl Encoding {
    /// The media type of what is written.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg { .. } => "image/jpeg",
            Self::Png { .. } => "image/png",
            Self::WebP { .. } => "image/webp",
        }
    }
}

/// The largest side that each format can hold.
const JPEG_SIDE: usize = 65_535;
const WEBP_SIDE: usize = 16_383;

pub(super) fn encode(picture: &Picture, encoding: Encoding, watch: &Watch) -> Result<Vec<u8>> {
    watch.check()?;
    let longer = picture.width.max(picture.height);
    match encoding {
        Encoding::Png { compression } => png::encode(picture, compression, watch),
        Encoding::Jpeg { quality } => fits(longer, JPEG_SIDE, "JPEG").and_then(|()| jpeg(picture, quality)),
        Encoding::WebP { quality } => fits(longer, WEBP_SIDE, "WebP").and_then(|()| webp(picture, quality)),
    }
}

fn fits(longer: usize, most: usize, name: &str) -> Result<()> {
    if longer <= most {
        return Ok(());
    }
    let message = format!("the answer is {longer} pixels long and {name} holds {most}; ask for `format=png`");
    Err(Error::new(Kind::TooLarge, message))
}

/// From this quality on colours keep their full resolution (4:4:4).
const FULL_COLOUR: u8 = 90;

fn jpeg(picture: &Picture, quality: u8) -> Result<Vec<u8>> {
    let mut bytes = jpeg_bytes(picture, quality)?;
    // Behind the start marker and the JFIF header, as ICC.1 (annex B.4) has it.
    let at = 4 + usize::from(u16::from_be_bytes([bytes[4], bytes[5]])) - 2;
    let at = if bytes[3] == 0xe0 { at + 2 } else { 2 };
    bytes.splice(at..at, SRGB_SEGMENT.iter().copied());
    Ok(bytes)
}

/// The sRGB profile as a JPEG segment.
static SRGB_SEGMENT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut profile = moxcms::ColorProfile::new_srgb().encode().unwrap_or_default();
    // When the profile was made (ICC.1, 7.2.8) is nobody's business, and the same picture is to be the same bytes at any time.
    if let Some(date) = profile.get_mut(24..36) {
        date.copy_from_slice(&[0x07, 0xea, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
    }
    let body = [b"ICC_PROFILE\0\x01\x01".as_slice(), &profile].concat();
    let length = u16::try_from(body.len() + 2).unwrap_or_default().to_be_bytes();
    if profile.is_empty() { Vec::new() } else { [[0xff, 0xe2].as_slice(), &length, &body].concat() }
});

#[cfg(feature = "turbo")]
fn jpeg_bytes(picture: &Picture, quality: u8) -> Result<Vec<u8>> {
    use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};
    let mut compressor = Compressor::new().map_err(Error::internal)?;
    compressor.set_quality(quality.into()).map_err(Error::internal)?;
    let subsamp = if quality >= FULL_COLOUR { Subsamp::None } else { Subsamp::Sub2x2 };
    compressor.set_subsamp(subsamp).map_err(Error::internal)?;
    let (width, height) = (picture.width, picture.height);
    let image = Image { pixels: picture.pixels.as_slice(), width, pitch: width * 3, height, format: PixelFormat::RGB };
    compressor.compress_to_vec(image).map_err(Error::internal)
}

#[cfg(not(feature = "turbo"))]
fn jpeg_bytes(picture: &Picture, quality: u8) -> Result<Vec<u8>> {
    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
    let mut out = Vec::with_capacity(picture.pixels.len() / 8);
    let mut encoder = Encoder::new(&mut out, quality);
    encoder.set_sampling_factor(if quality >= FULL_COLOUR { SamplingFactor::F_1_1 } else { SamplingFactor::F_2_2 });
    let (width, height) = (picture.width as u16, picture.height as u16);
    encoder.encode(&picture.pixels, width, height, ColorType::Rgb).map_err(Error::internal)?;
    Ok(out)
}

fn webp(picture: &Picture, quality: u8) -> Result<Vec<u8>> {
    let (width, height) = (picture.width as u32, picture.height as u32);
    let mut config = webp::WebPConfig::new().map_err(|()| Error::internal("libwebp gave no settings"))?;
    config.quality = quality.into();
    // 0 is fastest, 6 smallest: 2 takes half the time of the library's 4 for a few per cent of the bytes.
    config.method = 2;
    let rgba = picture.rgba();
    let encoder = match &rgba {
        None => webp::Encoder::from_rgb(&picture.pixels, width, height),
        Some(rgba) => webp::Encoder::from_rgba(rgba, width, height),
    };
    let bytes = encoder.encode_advanced(&config).map_err(|cause| Error::internal(format!("libwebp: {cause:?}")))?;
    Ok(bytes.to_vec())
}
