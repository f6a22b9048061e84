//! Bytes -> picture: the right decoder, its limits, then upright and sRGB.

use std::io::Cursor;

use image::codecs::{bmp::BmpDecoder, gif::GifDecoder, tiff::TiffDecoder, webp::WebPDecoder};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::{Format, Limits, Picture, colour, png};
use crate::error::{Error, Kind, Result};

pub(super) fn decode(bytes: &[u8], limits: Limits) -> Result<(Picture, Format)> {
    let format = Format::sniff(bytes)?;
    let source = Cursor::new(bytes);
    let wrong = |cause| broken(format, cause);
    if let Some((width, height)) = early_size(format, bytes) {
        limits.check(width, height)?;
    }
    let picture = match format {
        Format::Jpeg => jpeg(bytes, limits),
        Format::Png => png::decode(bytes, limits),
        Format::WebP => any(WebPDecoder::new(source).map_err(wrong)?, format, limits),
        Format::Gif => any(GifDecoder::new(source).map_err(wrong)?, format, limits),
        Format::Bmp => any(BmpDecoder::new(source).map_err(wrong)?, format, limits),
        Format::Tiff => any(TiffDecoder::new(source).map_err(wrong)?, format, limits),
    }?;
    Ok((picture, format))
}

/// The first frame of what the `image` crate reads.
fn any(mut decoder: impl ImageDecoder, format: Format, limits: Limits) -> Result<Picture> {
    let wrong = |cause| broken(format, cause);
    let (width, height) = decoder.dimensions();
    limits.check(width.into(), height.into())?;
    // Before the limits are set: those of TIFF count a profile's unpacked form against the pixels' memory.
    let profile = decoder.icc_profile().ok().flatten();
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut bounds = image::Limits::no_limits();
    // 16 bits of four channels, once decoded and once as the decoder's own scratch.
    bounds.max_alloc = Some(u64::from(width) * u64::from(height) * 16 + (16 << 20));
    decoder.set_limits(bounds).map_err(wrong)?;
    let image = DynamicImage::from_decoder(decoder).map_err(wrong)?;
    let (width, height) = (width as usize, height as usize);
    let mut picture = if image.color().has_alpha() {
        Picture::from_rgba(width, height, &image.into_rgba8())
    } else {
        Picture::new(width, height, image.into_rgb8().into_raw(), None)
    };
    if let Some(profile) = profile {
        colour::to_srgb(&mut picture.pixels, &profile);
    }
    Ok(picture.upright(orientation))
}

/// The size in a header whose decoder misreads the extremes: no pixels (BMP), a side of 16384 (lossless WebP).
fn early_size(format: Format, bytes: &[u8]) -> Option<(u64, u64)> {
    let number = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(i32::from_le_bytes);
    match format {
        Format::Bmp if bytes.get(14)? > &12 => {
            Some((number(18)?.unsigned_abs().into(), number(22)?.unsigned_abs().into()))
        }
        Format::WebP if bytes.get(12..16)? == b"VP8L" => {
            let bits = number(21)? as u32;
            Some((u64::from(bits & 0x3fff) + 1, u64::from(bits >> 14 & 0x3fff) + 1))
        }
        _ => None,
    }
}

fn jpeg(bytes: &[u8], limits: Limits) -> Result<Picture> {
    let wrong = |cause: &dyn std::fmt::Debug| {
        Error::new(Kind::BrokenPicture, "the JPEG picture is broken or cut off").because(format!("{cause:?}"))
    };
    let side = usize::from(u16::MAX);
    let options =
        DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB).set_max_width(side).set_max_height(side);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|cause| wrong(&cause))?;
    let info = decoder.info().ok_or_else(|| Error::internal("a JPEG decoder without header"))?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    limits.check(width as u64, height as u64)?;
    // The decoder fills what is missing with grey; a client wants to know.
    if !ends(bytes) {
        return Err(wrong(&"no end marker"));
    }
    let pixels = decoder.decode().map_err(|cause| wrong(&cause))?;
    let mut picture = match pixels.len() / (width * height) {
        1 => Picture::from_grey(width, height, &pixels),
        3 => Picture::new(width, height, pixels, None),
        _ => return Err(wrong(&"an unknown kind of colours")),
    };
    if let Some(profile) = decoder.icc_profile() {
        colour::to_srgb(&mut picture.pixels, &profile);
    }
    let orientation = decoder.exif().and_then(|exif| Orientation::from_exif_chunk(exif));
    Ok(picture.upright(orientation.unwrap_or(Orientation::NoTransforms)))
}

/// Whether the end marker follows the pixels. Within entropy-coded data 0xff is followed by 0 or a restart marker, so
/// an end marker behind the first scan's start is a true one; those of thumbnails lie before it.
fn ends(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xff, marker, high, low]) = bytes.get(at..at + 4).and_then(|head| head.first_chunk()) {
        match marker {
            0xff => at += 1,
            0xda => return bytes[at..].windows(2).rev().any(|pair| pair == [0xff, 0xd9]),
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low])),
        }
    }
    false
}

fn broken(format: Format, cause: ImageError) -> Error {
    match cause {
        ImageError::Limits(_) => {
            Error::new(Kind::TooLarge, "the picture needs more memory than is given to one").because(cause)
        }
        ImageError::Unsupported(_) => {
            let message = format!("this kind of {format} picture is not read here; send JPEG, PNG or WebP");
            Error::new(Kind::NotAPicture, message).because(cause)
        }
        _ => Error::new(Kind::BrokenPicture, format!("the {format} picture is broken or cut off")).because(cause),
    }
}
