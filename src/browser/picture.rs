//! Screenshots as pixels.

use std::io::Cursor;

/// A gap between two pictures, in pixels.
const GAP: u32 = 16;

/// No screenshot is larger, in bytes once decoded.
const LARGEST: usize = 256 << 20;

/// Why a picture cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// It is no PNG, or is broken.
    #[error("cannot read the screenshot: {0}")]
    Read(#[from] png::DecodingError),
    /// It cannot be written.
    #[error("cannot write the picture: {0}")]
    Write(#[from] png::EncodingError),
    /// It is larger than any screenshot.
    #[error("a picture of {width} × {height} pixels is no screenshot")]
    Size {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
}

/// Eight bits for each of red, green and blue.
struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

/// Whether all pixels of a PNG have the same colour.
///
/// # Errors
/// When it cannot be read.
pub fn is_one_colour(png: &[u8]) -> Result<bool, PictureError> {
    let picture = read(png)?;
    let mut pixels = picture.pixels.chunks_exact(3);
    let first = pixels.next();
    Ok(pixels.all(|pixel| Some(pixel) == first))
}

/// Two pictures beside each other, as PNG, on grey.
///
/// # Errors
/// When one of them cannot be read, or they are too large together.
pub fn side_by_side(left: &[u8], right: &[u8]) -> Result<Vec<u8>, PictureError> {
    let (left, right) = (read(left)?, read(right)?);
    let width = left.width.saturating_add(right.width).saturating_add(GAP);
    let height = left.height.max(right.height);
    let size = size(width, height)?;
    let mut pixels = vec![0x80; size];
    for (picture, x) in [(&left, 0), (&right, left.width + GAP)] {
        let (row, from) = (picture.width as usize * 3, x as usize * 3);
        for (target, source) in pixels.chunks_exact_mut(width as usize * 3).zip(picture.pixels.chunks_exact(row.max(1)))
        {
            if let Some(target) = target.get_mut(from..from + row) {
                target.copy_from_slice(source);
            }
        }
    }
    write(width, height, &pixels)
}

/// The same picture, drawn anew: whatever else a file of strangers holds stays behind. One of more than `most` pixels is none.
///
/// # Errors
/// When it cannot be read, or is too large.
pub fn redrawn(png: &[u8], most: u64) -> Result<Vec<u8>, PictureError> {
    let head = png::Decoder::new(Cursor::new(png)).read_info()?;
    let (width, height) = (head.info().width, head.info().height);
    if u64::from(width) * u64::from(height) > most {
        return Err(PictureError::Size { width, height });
    }
    let picture = read(png)?;
    write(picture.width, picture.height, &picture.pixels)
}

fn write(width: u32, height: u32, pixels: &[u8]) -> Result<Vec<u8>, PictureError> {
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(png)
}

fn size(width: u32, height: u32) -> Result<usize, PictureError> {
    let size = (width as usize).checked_mul(height as usize).and_then(|pixels| pixels.checked_mul(3));
    size.filter(|size| *size <= LARGEST).ok_or(PictureError::Size { width, height })
}

/// Reads a PNG; what is transparent becomes white.
fn read(png: &[u8]) -> Result<Picture, PictureError> {
    let mut decoder = png::Decoder::new(Cursor::new(png));
    decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
    let mut reader = decoder.read_info()?;
    let (width, height) = (reader.info().width, reader.info().height);
    let bytes = reader.output_buffer_size().filter(|bytes| *bytes <= LARGEST);
    let mut buffer = vec![0; bytes.ok_or(PictureError::Size { width, height })?];
    let info = reader.next_frame(&mut buffer)?;
    let samples = info.color_type.samples();
    let mut pixels = Vec::with_capacity(size(width, height)?);
    for pixel in buffer.chunks_exact(samples) {
        let (colour, alpha) = match pixel {
            [grey, alpha] => ([*grey; 3], *alpha),
            [red, green, blue, alpha] => ([*red, *green, *blue], *alpha),
            [red, green, blue] => ([*red, *green, *blue], 255),
            other => ([other.first().copied().unwrap_or_default(); 3], 255),
        };
        pixels.extend(if alpha == 0 { [255; 3] } else { colour });
    }
    Ok(Picture { width, height, pixels })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32, colour: impl Fn(u32, u32) -> [u8; 3]) -> Vec<u8> {
        let mut png = Vec::new();
        let mut encoder = png::Encoder::new(&mut png, width, height);
        encoder.set_color(png::ColorType::Rgb);
        let pixels: Vec<u8> =
            (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).flat_map(|(x, y)| colour(x, y)).collect();
        encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
        png
    }

    #[test]
    fn one_pixel_makes_a_difference() {
        assert!(is_one_colour(&picture(30, 20, |_, _| [7, 8, 9])).unwrap());
        assert!(
            !is_one_colour(&picture(30, 20, |x, y| if (x, y) == (29, 19) { [7, 8, 8] } else { [7, 8, 9] })).unwrap()
        );
        assert!(is_one_colour(b"no picture").is_err());
    }

    #[test]
    fn two_pictures_stand_beside_each_other() {
        let both = side_by_side(&picture(3, 2, |_, _| [255, 0, 0]), &picture(5, 4, |_, _| [0, 0, 255])).unwrap();
        let both = read(&both).unwrap();
        assert_eq!((both.width, both.height), (3 + GAP + 5, 4));
        let at = |x: u32, y: u32| {
            let at = ((y * both.width + x) * 3) as usize;
            [both.pixels[at], both.pixels[at + 1], both.pixels[at + 2]]
        };
        assert_eq!((at(2, 1), at(2, 2), at(3 + GAP, 3), at(4, 0)), ([255, 0, 0], [128; 3], [0, 0, 255], [128; 3]));
    }
}
