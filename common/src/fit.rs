//! Bringing a picture to the size that a network of labels or boxes takes, and boxes back; pure arithmetic.

use crate::error::{Error, Result};
use crate::manifest::{Fit, Geometry};
use crate::picture::Picture;

/// The grey beside a letterboxed picture.
const GREY: u8 = 114;

/// A picture as a network takes it.
pub(crate) struct Fitted {
    /// RGB rows.
    pub pixels: Vec<u8>,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Pixels of the network's picture over pixels of the original, across and down.
    pub scale: (f32, f32),
}

/// Resizes (antialiased, bilinear) and pads as the manifest says.
pub(crate) fn fit(picture: &Picture, geometry: &Geometry) -> Result<Fitted> {
    let (Some(size), Some(fit)) = (geometry.size, geometry.fit) else {
        return Err(Error::internal("the manifest has no size and fit"));
    };
    let from = (picture.width(), picture.height());
    let inner = match fit {
        Fit::Stretch => (size, size),
        Fit::Letterbox => {
            let longer = from.0.max(from.1);
            let side = |side: usize| ((side * size + longer / 2) / longer).max(1);
            (side(from.0), side(from.1))
        }
    };
    let pixels = picture.resized(inner)?;
    let scale = (inner.0 as f32 / from.0 as f32, inner.1 as f32 / from.1 as f32);
    let (width, height) = match fit {
        Fit::Stretch => inner,
        Fit::Letterbox => (inner.0.next_multiple_of(geometry.multiple), inner.1.next_multiple_of(geometry.multiple)),
    };
    if (width, height) == inner {
        return Ok(Fitted { pixels, width, height, scale });
    }
    let mut padded = vec![GREY; width * height * 3];
    for (to, from) in padded.chunks_exact_mut(width * 3).zip(pixels.chunks_exact(inner.0 * 3)) {
        to[..inner.0 * 3].copy_from_slice(from);
    }
    Ok(Fitted { pixels: padded, width, height, scale })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometry(size: usize, fit: Fit, multiple: usize) -> Geometry {
        let (scale, halo, tile, min) = (1, 0, 1, 1);
        Geometry { scale, multiple, halo, tile, min, max: None, context: None, size: Some(size), fit: Some(fit) }
    }

    #[test]
    fn a_letterbox_keeps_the_aspect_and_pads_with_grey() {
        let picture = Picture::new(100, 50, vec![200; 100 * 50 * 3], None);
        let fitted = super::fit(&picture, &geometry(64, Fit::Letterbox, 48)).unwrap();
        assert_eq!((fitted.width, fitted.height, fitted.scale), (96, 48, (0.64, 0.64)));
        let at = |x: usize, y: usize| fitted.pixels[(y * 96 + x) * 3];
        assert_eq!([at(0, 0), at(63, 31), at(64, 0), at(0, 32)], [200, 200, GREY, GREY]);
    }

    #[test]
    fn a_stretch_fills_the_square() {
        let picture = Picture::new(10, 5, vec![7; 150], None);
        let fitted = super::fit(&picture, &geometry(32, Fit::Stretch, 1)).unwrap();
        assert_eq!((fitted.width, fitted.height, fitted.scale), (32, 32, (3.2, 6.4)));
        assert!(fitted.pixels.iter().all(|level| *level == 7));
    }
}
