//! PNG: reading under limits (also on what packed metadata unfolds to) and fast writing.

use std::io::{Cursor, Read, Write};

use image::metadata::Orientation;
use png::{ColorType, Decoder, DecodingError, DeflateCompression, Encoder, Transformations};

use super::{Limits, MAX_METADATA, Picture, colour};
use crate::error::{Error, Kind, Result};
use crate::watch::Watch;

/// Bytes of pixels that are packed between two looks at the watch.
const PIECE: usize = 1 << 18;

pub(super) fn decode(bytes: &[u8], limits: Limits) -> Result<Picture> {
    let decoder = || Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: 2 * MAX_METADATA });
    let header = |mut decoder: Decoder<_>| decoder.read_header_info().map(|info| info.size()).map_err(broken);
    let (width, height) = header(decoder())?;
    limits.check(width.into(), height.into())?;
    check_metadata(bytes)?;
    let mut decoder = decoder();
    decoder.set_transformations(Transformations::normalize_to_color8());
    decoder.set_ignore_text_chunk(true);
    let mut reader = decoder.read_info().map_err(broken)?;
    let length = reader.output_buffer_size().ok_or_else(|| Error::internal("a picture larger than memory"))?;
    let mut rows = vec![0; length];
    let frame = reader.next_frame(&mut rows).map_err(broken)?;
    rows.truncate(frame.buffer_size());
    let info = reader.info();
    let (width, height) = (width as usize, height as usize);
    if rows.len() != width * height * frame.color_type.samples() {
        // An animation whose default image is smaller than its canvas.
        return Err(Error::new(Kind::BrokenPicture, "the picture's first frame does not fill its canvas"));
    }
    let mut picture = match frame.color_type {
        ColorType::Rgb => Picture::new(width, height, rows, None),
        ColorType::Rgba => Picture::from_rgba(width, height, &rows),
        ColorType::Grayscale => Picture::from_grey(width, height, &rows),
        ColorType::GrayscaleAlpha => {
            let rgba: Vec<u8> =
                rows.chunks_exact(2).flat_map(|pixel| [pixel[0], pixel[0], pixel[0], pixel[1]]).collect();
            Picture::from_rgba(width, height, &rgba)
        }
        ColorType::Indexed => return Err(Error::internal("a palette that was not unfolded")),
    };
    if let (None, Some(profile)) = (info.srgb, &info.icc_profile) {
        colour::to_srgb(&mut picture.pixels, profile);
    }
    let orientation = info.exif_metadata.as_deref().and_then(Orientation::from_exif_chunk);
    Ok(picture.upright(orientation.unwrap_or(Orientation::NoTransforms)))
}

/// Writes RGB, or RGBA where there is alpha, marked as sRGB.
///
/// `compression`: 0 stores, 1 is fast (the default), 9 is small.
pub(super) fn encode(picture: &Picture, compression: Option<u8>, watch: &Watch) -> Result<Vec<u8>> {
    let out = write(picture, compression, watch)?;
    if compression.is_some_and(|level| level > 1) {
        // Searching for repeats loses to the fast way where there are none (a painting, noise): the smaller is kept.
        let fast = write(picture, None, watch)?;
        return Ok(if fast.len() < out.len() { fast } else { out });
    }
    Ok(out)
}

fn write(picture: &Picture, compression: Option<u8>, watch: &Watch) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(picture.pixels.len() / 2);
    let mut encoder = Encoder::new(&mut out, picture.width as u32, picture.height as u32);
    encoder.set_color(if picture.alpha.is_some() { ColorType::Rgba } else { ColorType::Rgb });
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    match compression {
        None | Some(1) => encoder.set_compression(png::Compression::Fast),
        Some(0) => encoder.set_compression(png::Compression::NoCompression),
        Some(level) => {
            encoder.set_deflate_compression(DeflateCompression::Level(level));
            encoder.set_filter(png::Filter::Adaptive);
        }
    }
    let mut writer = encoder.write_header().map_err(Error::internal)?;
    let rgba = picture.rgba();
    let pixels = rgba.as_deref().unwrap_or(&picture.pixels);
    watch.check()?;
    if compression.is_none_or(|level| level <= 1) {
        writer.write_image_data(pixels).map_err(Error::internal)?;
        drop(writer);
        return Ok(out);
    }
    // Searching takes long: whoever waits may leave meanwhile.
    let mut rows = writer.stream_writer().map_err(Error::internal)?;
    for piece in pixels.chunks(PIECE) {
        rows.write_all(piece).map_err(Error::internal)?;
        watch.check()?;
    }
    rows.finish().map_err(Error::internal)?;
    drop(writer);
    Ok(out)
}

/// Refuses metadata that is, or unfolds to, more than anyone needs: a bomb is told before it goes off.
fn check_metadata(bytes: &[u8]) -> Result<()> {
    let mut rest = &bytes[8..];
    while let Some((head, tail)) = rest.split_first_chunk::<8>() {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let Some(data) = tail.get(..length) else { break };
        let name = &head[4..8];
        let unfolded = match name {
            b"IDAT" | b"IEND" => break,
            b"iCCP" | b"zTXt" => data.iter().position(|byte| *byte == 0).map_or(0, |end| unfold(data.get(end + 2..))),
            b"iTXt" => itxt(data).map_or(length, |packed| unfold(Some(packed))),
            b"tEXt" | b"eXIf" => length,
            _ => 0,
        };
        if unfolded > MAX_METADATA {
            let (name, most) = (String::from_utf8_lossy(name), MAX_METADATA >> 20);
            let message =
                format!("the picture's {name} metadata unfolds to more than {most} MB; send it without metadata");
            return Err(Error::new(Kind::TooLarge, message));
        }
        rest = tail.get(length + 4..).unwrap_or_default();
    }
    Ok(())
}

/// The packed text of an iTXt chunk: keyword, 0, flag, method, language, 0, translated keyword, 0, text.
fn itxt(data: &[u8]) -> Option<&[u8]> {
    let (_, rest) = split_at_zero(data)?;
    let (flags, rest) = rest.split_at_checked(2)?;
    let (_, rest) = split_at_zero(rest)?;
    let (_, text) = split_at_zero(rest)?;
    (flags[0] == 1).then_some(text)
}

fn split_at_zero(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = data.iter().position(|byte| *byte == 0)?;
    Some((&data[..at], &data[at + 1..]))
}

/// The length that zlib data unfolds to, counted no further than the limit needs.
fn unfold(packed: Option<&[u8]>) -> usize {
    let mut most = flate2::read::ZlibDecoder::new(packed.unwrap_or_default()).take(MAX_METADATA as u64 + 1);
    let mut scratch = [0; 1 << 14];
    let mut length = 0;
    while let Ok(read @ 1..) = most.read(&mut scratch) {
        length += read;
    }
    length
}

fn broken(cause: DecodingError) -> Error {
    match cause {
        DecodingError::LimitsExceeded => {
            Error::new(Kind::TooLarge, "the picture needs more memory than is given to one")
        }
        cause => Error::new(Kind::BrokenPicture, "the PNG picture is broken or cut off").because(cause),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::watch::Stop;

    #[test]
    fn packing_stops_when_nobody_waits_for_it() {
        let mut seed = 1u32;
        let mut noise = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8 & 0x3F
        };
        let picture = Picture::new(4000, 3000, (0..4000 * 3000 * 3).map(|_| noise()).collect(), None);
        let watch = Watch::default();
        std::thread::scope(|scope| {
            let packing = scope.spawn(|| encode(&picture, Some(9), &watch).map_err(|stopped| stopped.kind()));
            std::thread::sleep(Duration::from_millis(100));
            assert!(!packing.is_finished());
            let (left, ()) = (Instant::now(), watch.stop(Stop::Gone));
            assert_eq!(packing.join().unwrap(), Err(Kind::Gone));
            assert!(left.elapsed() < Duration::from_secs(1), "{:?}", left.elapsed());
        });
    }
}
