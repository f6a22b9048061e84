//! What of the photograph is put back into the painting: a share of it, and how light its pixels are.

/// `painting` = (1 - `share`) * `painting` + `share` * `photo`, rounded.
pub fn blend(painting: &mut [u8], photo: &[u8], share: f32) {
    if share <= 0.0 {
        return;
    }
    for (painting, photo) in painting.iter_mut().zip(photo) {
        *painting = mixed(*painting, *photo, share).round() as u8;
    }
}

/// Mixes `share` of the photograph's value (HSV: the largest of red, green and blue) into the painting's; hue and saturation
/// stay the painting's.
///
/// With both fixed, red, green and blue are in proportion to the value: each is scaled by what the value is scaled by.
pub fn value(painting: &mut [u8], photo: &[u8], share: f32) {
    if share <= 0.0 {
        return;
    }
    let largest = |pixel: &[u8]| pixel.iter().copied().max().unwrap_or_default();
    for (painting, photo) in painting.chunks_exact_mut(3).zip(photo.chunks_exact(3)) {
        let had = largest(painting);
        let has = mixed(had, largest(photo), share);
        if had == 0 {
            // Black has no hue to keep: grey.
            painting.fill(has.round() as u8);
            continue;
        }
        let times = has / f32::from(had);
        painting.iter_mut().for_each(|level| *level = (f32::from(*level) * times).round() as u8);
    }
}

fn mixed(from: u8, to: u8, share: f32) -> f32 {
    f32::from(from) + (f32::from(to) - f32::from(from)) * share
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves: S05
    #[test]
    fn a_share_of_0_is_the_painting_and_of_1_the_photograph() {
        for (share, expect) in [(0.0, [10, 200, 0]), (1.0, [20, 100, 255]), (0.5, [15, 150, 128])] {
            let mut painting = [10, 200, 0];
            blend(&mut painting, &[20, 100, 255], share);
            assert_eq!(painting, expect, "{share}");
        }
    }

    // proves: S04
    #[test]
    fn value_is_the_photographs_and_hue_and_saturation_are_the_paintings() {
        for (painting, photo, share, expect) in [
            ([200, 100, 50], [10, 100, 30], 1.0, [100, 50, 25]),
            ([200, 100, 50], [10, 100, 30], 0.5, [150, 75, 38]),
            ([200, 100, 50], [10, 100, 30], 0.0, [200, 100, 50]),
            ([0, 0, 0], [10, 90, 30], 1.0, [90, 90, 90]),
            ([7, 7, 7], [255, 0, 0], 1.0, [255, 255, 255]),
            ([255, 0, 0], [0, 0, 0], 1.0, [0, 0, 0]),
        ] {
            let mut pixel = painting;
            value(&mut pixel, &photo, share);
            assert_eq!(pixel, expect, "{painting:?} {photo:?} {share}");
        }
    }
}
