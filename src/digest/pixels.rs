//! Pixels: how large a picture is, from the first octets of its file.
//!
//! PNG, GIF, JPEG, WebP and BMP. A photograph that is stored on its side (Exif orientation 5 to
//! 8) is told as it is shown. Anything else, or what is cut short, is `None`.

use std::{fmt, sync::Arc};

/// How many octets from the beginning are enough for nearly every file.
pub const ENOUGH: usize = 64 * 1024;

/// Width and height in pixels.
pub type Size = (u32, u32);

type Look = dyn Fn(&str) -> Option<Size> + Send + Sync;

/// Who knows how large the picture at an address is. Cheap to clone.
#[derive(Clone)]
pub struct Pictures(Arc<Look>);

impl Pictures {
    /// Asks `look`.
    pub fn new(look: impl Fn(&str) -> Option<Size> + Send + Sync + 'static) -> Self {
        Self(Arc::new(look))
    }

    /// Knows nothing.
    pub fn unknown() -> Self {
        Self::new(|_| None)
    }

    /// How large the picture at `address` is.
    pub fn size(&self, address: &str) -> Option<Size> {
        (self.0)(address)
    }
}

impl fmt::Debug for Pictures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pictures(..)")
    }
}

/// The size of the picture that begins with `head`.
pub fn size(head: &[u8]) -> Option<Size> {
    let found = png(head).or_else(|| gif(head)).or_else(|| jpeg(head));
    found.or_else(|| webp(head)).or_else(|| bmp(head)).filter(|&(w, h)| w > 0 && h > 0)
}

fn big(octets: &[u8], at: usize, count: usize) -> Option<u32> {
    let part = octets.get(at..at + count)?;
    Some(part.iter().fold(0, |number, &octet| number << 8 | u32::from(octet)))
}

fn little(octets: &[u8], at: usize, count: usize) -> Option<u32> {
    let part = octets.get(at..at + count)?;
    Some(part.iter().rev().fold(0, |number, &octet| number << 8 | u32::from(octet)))
}

fn png(head: &[u8]) -> Option<Size> {
    head.starts_with(b"\x89PNG\r\n\x1a\n").then_some(())?;
    Some((big(head, 16, 4)?, big(head, 20, 4)?))
}

fn gif(head: &[u8]) -> Option<Size> {
    (head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a")).then_some(())?;
    Some((little(head, 6, 2)?, little(head, 8, 2)?))
}

fn bmp(head: &[u8]) -> Option<Size> {
    head.starts_with(b"BM").then_some(())?;
    let height = little(head, 22, 4)?.cast_signed().unsigned_abs();
    Some((little(head, 18, 4)?, height))
}

fn webp(head: &[u8]) -> Option<Size> {
    (head.starts_with(b"RIFF") && head.get(8..12)? == b"WEBP").then_some(())?;
    match head.get(12..16)? {
        b"VP8X" => Some((little(head, 24, 3)? + 1, little(head, 27, 3)? + 1)),
        b"VP8L" => {
            let bits = little(head, 21, 4)?;
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        b"VP8 " => Some((little(head, 26, 2)? & 0x3fff, little(head, 28, 2)? & 0x3fff)),
        _ => None,
    }
}

/// The frame header is behind segments of any length.
fn jpeg(head: &[u8]) -> Option<Size> {
    head.starts_with(b"\xff\xd8").then_some(())?;
    let mut at = 2;
    let mut lies = false;
    loop {
        let [0xff, mark] = *head.get(at..at + 2)? else { return None };
        let length = usize::try_from(big(head, at + 2, 2)?).ok()?;
        match mark {
            // Huffman tables, extensions and arithmetic coding share the range of frame headers.
            0xc0..=0xcf if ![0xc4, 0xc8, 0xcc].contains(&mark) => {
                let (height, width) = (big(head, at + 5, 2)?, big(head, at + 7, 2)?);
                return Some(if lies { (height, width) } else { (width, height) });
            }
            0xe1 => lies = head.get(at + 4..at + 2 + length).and_then(turned).unwrap_or(lies),
            0xff => {
                at += 1;
                continue;
            }
            _ => {}
        }
        at += 2 + length;
    }
}

/// Whether Exif data says that the picture lies on its side.
fn turned(exif: &[u8]) -> Option<bool> {
    const ORIENTATION: u32 = 0x0112;
    let tiff = exif.strip_prefix(b"Exif\0\0")?;
    let number = match tiff.get(..2)? {
        b"II" => little,
        b"MM" => big,
        _ => return None,
    };
    let table = usize::try_from(number(tiff, 4, 4)?).ok()?;
    let entries = usize::try_from(number(tiff, table, 2)?).ok()?;
    let entries = (0..entries.min(64)).map(|entry| table + 2 + 12 * entry);
    let mut found = entries.filter(|&at| number(tiff, at, 2) == Some(ORIENTATION));
    Some((5..=8).contains(&number(tiff, found.next()? + 8, 2)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn jpeg_file(orientation: Option<u8>) -> Vec<u8> {
        let mut file = b"\xff\xd8".to_vec();
        if let Some(orientation) = orientation {
            file.extend(b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01");
            file.extend([1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]);
        }
        file.extend(b"\xff\xdb\x00\x04ab\xff\xc0\x00\x11\x08\x01\xe0\x02\x80\x03");
        file
    }

    #[test]
    fn each_kind_tells_its_size() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0".to_vec();
        let webp = |rest: &[u8]| [b"RIFF\0\0\0\0WEBP".as_slice(), rest].concat();
        for (name, file) in [
            ("png", png),
            ("gif", b"GIF89a\x80\x02\xe0\x01".to_vec()),
            ("jpeg", jpeg_file(None)),
            ("jpeg upright", jpeg_file(Some(1))),
            ("extended webp", webp(b"VP8X\x0a\0\0\0\0\0\0\0\x7f\x02\0\xdf\x01\0")),
            ("lossy webp", webp(b"VP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x80\x02\xe0\x01")),
            (
                "lossless webp",
                webp(
                    &[b"VP8L\0\0\0\0\x2f".as_slice(), &(639_u32 | 479 << 14).to_le_bytes()]
                        .concat(),
                ),
            ),
            (
                "bmp",
                [b"BM".as_slice(), &[0; 16], &640_u32.to_le_bytes(), &480_u32.to_le_bytes()]
                    .concat(),
            ),
        ] {
            assert_eq!(size(&file), Some((640, 480)), "{name}");
        }
        assert_eq!(size(&jpeg_file(Some(6))), Some((480, 640)), "on its side");
    }

    proptest! {
        #[test]
        fn nothing_is_too_odd_to_be_looked_at(mut head in prop::collection::vec(any::<u8>(), 0..80), kind in 0_usize..6) {
            let starts: [&[u8]; 6] = [b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff\xe1", b"BM", b"RIFFxxxxWEBPVP8 ", b""];
            head.splice(0..0, starts[kind].iter().copied());
            let _found = size(&head);
            let _found = size(&[b"\xff\xd8\xff\xe1\xff\xffExif\0\0MM".as_slice(), &head].concat());
        }
    }
}
