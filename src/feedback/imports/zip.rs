//! What exports come packed in: gzip data, and ZIP archives as far as exports need them, their
//! files stored or deflated.
//!
//! The files are found by the directory at the end (PKWARE APPNOTE 4.3.12); encryption, more than
//! 65,534 files, archives in parts and other compressions are not understood. No file is unpacked
//! beyond [`LARGEST`] octets, whatever it claims.

use std::io::{self, Read as _};

use flate2::read::{DeflateDecoder, MultiGzDecoder};

/// The largest file that is unpacked.
pub const LARGEST: u64 = 1 << 30;

/// What gzip data holds; anything else as it is.
pub fn gunzipped(octets: Vec<u8>) -> io::Result<Vec<u8>> {
    if !octets.starts_with(&[0x1f, 0x8b]) {
        return Ok(octets);
    }
    let mut plain = Vec::new();
    MultiGzDecoder::new(octets.as_slice()).take(LARGEST).read_to_end(&mut plain)?;
    Ok(plain)
}

/// Whether it begins like an archive.
pub fn is_archive(octets: &[u8]) -> bool {
    octets.starts_with(b"PK\x03\x04")
}

/// Names and octets of the files in an archive, in order of their names; `None`: it is damaged.
pub fn files(octets: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let last = octets.windows(4).rposition(|four| four == b"PK\x05\x06")?;
    let count = number(octets, last + 10, 2)?;
    let mut at = number(octets, last + 16, 4)?;
    let mut files = Vec::new();
    for _ in 0..count {
        (octets.get(at..at + 4)? == b"PK\x01\x02").then_some(())?;
        let (method, size) = (number(octets, at + 10, 2)?, number(octets, at + 20, 4)?);
        let lengths = [28, 30, 32].map(|place| number(octets, at + place, 2));
        let [name, extra, comment] = lengths;
        let (name, extra, comment) = (name?, extra?, comment?);
        let own = number(octets, at + 42, 4)?;
        let text = octets.get(at + 46..at + 46 + name)?;
        let begins = own + 30 + number(octets, own + 26, 2)? + number(octets, own + 28, 2)?;
        let packed = octets.get(begins..begins.checked_add(size)?)?;
        files.push((String::from_utf8_lossy(text).into_owned(), unpacked(method, packed)?));
        at += 46 + name + extra + comment;
    }
    files.sort_unstable();
    Some(files)
}

fn unpacked(method: usize, packed: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    match method {
        0 => plain.extend_from_slice(packed),
        8 => {
            DeflateDecoder::new(packed).take(LARGEST).read_to_end(&mut plain).ok()?;
        }
        _ => return None,
    }
    Some(plain)
}

/// A little-endian number.
fn number(octets: &[u8], at: usize, length: usize) -> Option<usize> {
    let digits = octets.get(at..at.checked_add(length)?)?;
    Some(digits.iter().rev().fold(0, |number, octet| number << 8 | usize::from(*octet)))
}
