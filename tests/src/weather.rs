//! Rain and haze made over photographs, and what is left of them.

use common::Picture;

use crate::process::{models, shared};
use crate::samples::{difference, png, read, sample};
use crate::wire::{get, post};

/// What comes after each other by chance, the same each time.
struct Chance(u32);

impl Chance {
    /// A number from `from` to `to`.
    fn between(&mut self, from: f32, to: f32) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        from + (to - from) * (self.0 >> 8) as f32 / (1 << 24) as f32
    }
}

/// `picture` under a veil: `veil` tells, for a column and row, how much of the pixel is hidden and by which colour.
fn veiled(picture: &Picture, veil: impl Fn(f32, f32) -> (f32, [f32; 3])) -> Picture {
    let width = picture.width();
    let pixel = |(at, pixel): (usize, &[u8])| {
        let (share, colour) = veil((at % width) as f32, (at / width) as f32);
        let mixed = |channel: usize| f32::from(pixel[channel]) * (1.0 - share) + colour[channel] * share;
        [mixed(0), mixed(1), mixed(2)].map(|level| level.round() as u8)
    };
    let pixels = picture.pixels().chunks_exact(3).enumerate().flat_map(pixel).collect();
    Picture::new(width, picture.height(), pixels, None)
}

/// Streaks of rain, 1 to 2 pixels wide and 12 to 30 long, nearly upright.
fn rainy(picture: &Picture) -> Picture {
    let (width, height, mut chance) = (picture.width() as f32, picture.height() as f32, Chance(5));
    let streaks: Vec<[f32; 5]> = (0..picture.width() * picture.height() / 400)
        .map(|_| {
            let (x, y) = (chance.between(0.0, width), chance.between(-20.0, height));
            [x, y, chance.between(12.0, 30.0), chance.between(0.6, 1.2), chance.between(0.35, 0.75)]
        })
        .collect();
    veiled(picture, |x, y| {
        let cover = |[left, top, length, half, strength]: &[f32; 5]| {
            let along = (y - top).clamp(0.0, *length);
            let distance = (x - left - 0.2 * along).hypot(y - top - along);
            strength * (half + 0.5 - distance).clamp(0.0, 1.0)
        };
        (streaks.iter().map(cover).fold(0.0, f32::max), [228.0, 230.0, 234.0])
    })
}

/// Drops on the glass, out of focus: each a pale blur of what lies behind it.
fn dropped(picture: &Picture) -> Picture {
    let (width, height, mut chance) = (picture.width(), picture.height(), Chance(9));
    let drops: Vec<[f32; 3]> = (0..width * height / 640)
        .map(|_| [chance.between(0.0, width as f32), chance.between(0.0, height as f32), chance.between(4.0, 9.0)])
        .collect();
    let blurred = picture.scaled((width / 8, height / 8)).and_then(|small| small.scaled((width, height))).unwrap();
    veiled(picture, |x, y| {
        let cover = |[left, top, radius]: &[f32; 3]| (1.2 - (x - left).hypot(y - top) / radius).clamp(0.0, 0.8);
        let behind = &blurred.pixels()[(y as usize * width + x as usize) * 3..][..3];
        let pale = |channel: usize| f32::from(behind[channel]) * 0.5 + [102.0, 106.0, 110.0][channel];
        (drops.iter().map(cover).fold(0.0, f32::max), [pale(0), pale(1), pale(2)])
    })
}

/// Haze by the scattering model: `1 - exp(-depth)` of each pixel is airlight; what is higher up is farther away. Uneven haze
/// drifts: its depth swells and falls across the picture.
fn hazy(picture: &Picture, thick: f32, drift: f32) -> Picture {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    veiled(picture, |x, y| {
        let waves = (x / width * 7.0).sin() * (y / height * 5.0 + 1.0).cos();
        let depth = thick * (1.3 - 0.9 * y / height) * (1.0 + drift * waves);
        (1.0 - (-depth).exp(), [222.0, 224.0, 228.0])
    })
}

/// Peak signal-to-noise ratio, dB.
fn psnr(one: &Picture, other: &Picture) -> f64 {
    let square = |(one, other): (&u8, &u8)| f64::from(one.abs_diff(*other)).powi(2);
    let sum: f64 = one.pixels().iter().zip(other.pixels()).map(square).sum();
    10.0 * (255.0 * 255.0 * one.pixels().len() as f64 / sum).log10()
}

fn answered(function: &str, query: &str, picture: &Picture) -> Picture {
    read(&shared(function).ask(&post(&format!("/?format=png&{query}"), &png(picture))).good().body).0
}

/// How much nearer to the clean picture the answer is than what was sent, dB.
fn gain(function: &str, query: &str, clean: &Picture, sent: &Picture) -> f64 {
    psnr(&answered(function, query, sent), clean) - psnr(sent, clean)
}

// proves: E01
#[test]
fn streaks_of_rain_and_drops_on_the_glass_are_removed() {
    for name in ["street_buses", "people_astronaut", "landscape_field"] {
        let clean = sample(name, 320);
        let streaks = gain("derain", "", &clean, &rainy(&clean));
        assert!(streaks > 2.0, "{name}: streaks, {streaks:+.2} dB");
        let drops = gain("derain", "", &clean, &dropped(&clean));
        assert!(drops > 1.0, "{name}: drops, {drops:+.2} dB");
        let untouched = psnr(&answered("derain", "", &clean), &clean);
        assert!(untouched > 42.0, "{name}: a dry picture comes out at {untouched:.2} dB to itself");
    }
}

// proves: D01
#[test]
fn thick_and_uneven_haze_is_removed() {
    for name in ["street_buses", "cat_chelsea", "people_astronaut"] {
        let clean = sample(name, 320);
        for (thick, drift) in [(0.7, 0.0), (1.5, 0.0), (1.1, 0.5)] {
            let gain = gain("dehaze", "", &clean, &hazy(&clean, thick, drift));
            assert!(gain > 5.0, "{name}, thickness {thick}, drift {drift}: {gain:+.2} dB");
        }
    }
}

// proves: D05, D06
#[test]
fn the_code_book_and_its_second_branch_answer_too() {
    let clean = sample("street_buses", 320);
    for (thick, drift) in [(0.7, 0.0), (1.5, 0.0), (1.1, 0.5)] {
        let gain = gain("dehaze", "model=codebook", &clean, &hazy(&clean, thick, drift));
        assert!(gain > 4.0, "thickness {thick}, drift {drift}: {gain:+.2} dB");
    }
    for (width, height) in [(1, 1), (33, 70), (131, 65)] {
        let small = Picture::new(width, height, vec![140; width * height * 3], None);
        let answer = answered("dehaze", "model=codebook", &small);
        assert_eq!((answer.width(), answer.height()), (width, height));
    }
    // What each part is worth: the table of networks trained again without it.
    let table = std::fs::read_to_string(models().join("dehaze/codebook/ABLATION.md")).expect("the table of its parts");
    for network in ["all parts", "without the code book", "without the attending branch", "without channel attention"] {
        let row = table.lines().find(|line| line.starts_with(&format!("| {network} |")));
        assert!(row.is_some_and(|row| row.contains(|one: char| one.is_ascii_digit())), "a row of {network}:\n{table}");
    }
}

// proves: D01
#[test]
fn the_dark_channel_prior_removes_haze_without_weights() {
    let card = shared("dehaze").ask(&get("/models/dark-channel")).good().json();
    assert!(card["weights"].as_array().unwrap().iter().all(|file| file["parameters"] == 0), "{}", card["weights"]);
    let clean = sample("street_buses", 320);
    let sent = hazy(&clean, 0.9, 0.0);
    let gain = gain("dehaze", "model=dark-channel", &clean, &sent);
    assert!(gain > 6.0, "{gain:+.2} dB");
    // The prior itself: somewhere near each pixel of a clear picture, something is dark.
    let darkest = |picture: &Picture| {
        let rows = picture.pixels().chunks_exact(picture.width() * 3);
        let least =
            rows.flat_map(|row| row.chunks(45).map(|run| f64::from(*run.iter().min().unwrap())).collect::<Vec<_>>());
        let least: Vec<_> = least.collect();
        least.iter().sum::<f64>() / least.len() as f64
    };
    let answer = answered("dehaze", "model=dark-channel", &sent);
    assert!(darkest(&answer) < 0.6 * darkest(&sent), "{} {}", darkest(&answer), darkest(&sent));
}

// proves: E01, D01
#[test]
fn strength_is_whole_by_default_and_nothing_at_0_in_any_weather() {
    let clean = sample("street_buses", 160);
    for (function, sent) in [("derain", rainy(&clean)), ("dehaze", hazy(&clean, 1.0, 0.3))] {
        let whole = answered(function, "", &sent);
        assert_eq!(answered(function, "strength=0", &sent), sent, "{function}");
        assert_eq!(answered(function, "strength=1", &sent), whole, "{function}");
        let half = answered(function, "strength=0.5", &sent);
        let apart = |one: &Picture, other: &Picture| difference(one.pixels(), other.pixels()).1;
        assert!((apart(&half, &sent) / apart(&whole, &sent) - 0.5).abs() < 0.1, "{function}");
    }
}
