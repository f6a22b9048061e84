//! Colours to sRGB by the picture's ICC profile.

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::MAX_METADATA;

/// Pixels converted at a time: bounds the scratch memory.
const CHUNK: usize = 1 << 16;

/// Converts RGB pixels to sRGB by `profile`, in place.
///
/// A profile that can't be read, or that is for other channels than RGB or grey (a CMYK one: those pixels have been
/// converted already), changes nothing: colours a little off beat no picture at all.
pub(super) fn to_srgb(pixels: &mut [u8], profile: &[u8]) {
    if profile.len() > MAX_METADATA {
        return;
    }
    let Ok(profile) = ColorProfile::new_from_slice(profile) else { return };
    let grey = match profile.color_space {
        DataColorSpace::Rgb => false,
        DataColorSpace::Gray => true,
        _ => return,
    };
    let layout = if grey { Layout::Gray } else { Layout::Rgb };
    let options = TransformOptions::default();
    let target = ColorProfile::new_srgb();
    let Ok(transform) = profile.create_transform_8bit(layout, &target, Layout::Rgb, options) else { return };
    let run = |source: &[u8], target: &mut [u8]| transform.transform(source, target).is_ok();
    if is_identity(grey, &run) {
        return;
    }
    let mut scratch = vec![0; CHUNK.min(pixels.len() / 3) * 3];
    for chunk in pixels.chunks_mut(CHUNK * 3) {
        let scratch = &mut scratch[..chunk.len()];
        let done = if grey {
            let grey: Vec<u8> = chunk.chunks_exact(3).map(|pixel| pixel[0]).collect();
            run(&grey, scratch)
        } else {
            run(chunk, scratch)
        };
        if done {
            chunk.copy_from_slice(scratch);
        }
    }
}

/// Whether the profile is sRGB in other words: most are, and those pixels are not to be touched.
fn is_identity(grey: bool, run: &impl Fn(&[u8], &mut [u8]) -> bool) -> bool {
    const LEVELS: [u8; 6] = [0, 24, 64, 128, 192, 255];
    let probe: Vec<u8> = if grey {
        (0..=255).collect()
    } else {
        // All colours of these levels: red counts slowest.
        (0..LEVELS.len().pow(3)).flat_map(|i| [LEVELS[i / 36], LEVELS[i / 6 % 6], LEVELS[i % 6]]).collect()
    };
    let expect: Vec<u8> = if grey { probe.iter().flat_map(|level| [*level; 3]).collect() } else { probe.clone() };
    let mut got = vec![0; expect.len()];
    run(&probe, &mut got) && expect.iter().zip(&got).all(|(expect, got)| expect.abs_diff(*got) <= 1)
}
