//! Codings: the form in which a file travels, the smallest that its reader takes.
//!
//! Standards: RFC 9110 section 12.5.3 (Accept-Encoding); RFC 1952 (gzip), RFC 7932 (Brotli).

use std::io::Write as _;

use axum::http::{HeaderMap, header};

use super::held::Held;

/// A shorter file is not worth it.
const LEAST: u64 = 256;

/// A form in which a file travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
    Brotli,
}

impl Coding {
    /// Its name in `Content-Encoding`; none where the file travels as it is.
    pub(super) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }

    /// The octets in this coding. The same octets give the same: no time, no name goes in.
    pub(super) fn apply(self, octets: &[u8]) -> Vec<u8> {
        let mut coded = Vec::with_capacity(octets.len() / 3);
        let done = match self {
            Self::Identity => coded.write_all(octets),
            Self::Gzip => {
                let level = flate2::Compression::new(6);
                flate2::write::GzEncoder::new(&mut coded, level).write_all(octets)
            }
            Self::Brotli => {
                brotli::CompressorWriter::new(&mut coded, 64 * 1024, 5, 22).write_all(octets)
            }
        };
        // Writing into memory does not fail; were it to, the file as it is stays right.
        if done.is_ok() { coded } else { octets.to_vec() }
    }
}

/// The coding for a reader that sends these headers.
pub(super) fn chosen(headers: &HeaderMap, held: &Held) -> Coding {
    if !held.is_text || held.length < LEAST || headers.contains_key(header::RANGE) {
        return Coding::Identity;
    }
    let mut listed = headers.get_all(header::ACCEPT_ENCODING).iter();
    let text = listed.try_fold(String::new(), |all, one| Some(all + "," + one.to_str().ok()?));
    accepted(&text.unwrap_or_default())
}

/// The best coding of those that `Accept-Encoding` names.
fn accepted(text: &str) -> Coding {
    let weight = |wanted: Coding| {
        let name = wanted.name().unwrap_or("identity");
        let own = text.split(',').find_map(|one| weighed(one, name));
        own.or_else(|| text.split(',').find_map(|one| weighed(one, "*"))).unwrap_or(0.0)
    };
    let (gzip, brotli) = (weight(Coding::Gzip), weight(Coding::Brotli));
    match (gzip > 0.0, brotli > 0.0) {
        (_, true) if brotli >= gzip => Coding::Brotli,
        (true, _) => Coding::Gzip,
        _ => Coding::Identity,
    }
}

/// The weight of one member of the list, if it is about the coding `name`.
fn weighed(member: &str, name: &str) -> Option<f32> {
    let (coding, weight) = member.split_once(';').unwrap_or((member, ""));
    let coding = coding.trim().to_ascii_lowercase();
    (coding.strip_prefix("x-").unwrap_or(&coding) == name).then(|| {
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse().ok());
        weight.unwrap_or(1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_form_that_a_reader_takes_is_chosen() {
        for (text, coding) in [
            ("", Coding::Identity),
            ("gzip, deflate, br", Coding::Brotli),
            ("gzip", Coding::Gzip),
            ("x-gzip", Coding::Gzip),
            ("br;q=0.1, gzip;q=0.9", Coding::Gzip),
            ("br;q=0, gzip;q=0", Coding::Identity),
            ("*", Coding::Brotli),
            ("*;q=0", Coding::Identity),
            ("br;q=0, *", Coding::Gzip),
            ("deflate, zstd", Coding::Identity),
            ("gzip;q=nonsense", Coding::Gzip),
        ] {
            assert_eq!(accepted(text), coding, "{text}");
        }
    }
}
