//! Colours as CSS writes them (`#0a5f6b`), and how well one is read on another.
//!
//! Standard: WCAG 2.2, relative luminance and contrast ratio.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

/// A colour without transparency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

/// A word that is no colour.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{0}\" is no colour; write one like \"#0a5f6b\"")]
pub struct Unknown(String);

/// The least contrast at which text of ordinary size is read easily (WCAG 2.2, 1.4.3).
pub const READABLE: f64 = 4.5;

impl Colour {
    /// White.
    pub const WHITE: Self = Self([255; 3]);
    /// Nearly black: readers' programs that turn colours round leave pure black alone.
    pub const BLACK: Self = Self([16; 3]);

    /// A colour by its parts.
    pub const fn rgb(red: u8, green: u8, blue: u8) -> Self {
        Self([red, green, blue])
    }

    /// From 1 (the same) to 21 (black on white).
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// The colour at `share` of the way to `other`.
    pub fn towards(self, other: Self, share: f64) -> Self {
        let mixed = |(from, to): (u8, u8)| {
            let mixed = f64::from(from) + (f64::from(to) - f64::from(from)) * share;
            #[expect(clippy::cast_possible_truncation, reason = "between two octets")]
            #[expect(clippy::cast_sign_loss, reason = "between two octets")]
            let octet = mixed.round() as u8;
            octet
        };
        let [a, b, c] = self.0;
        let [x, y, z] = other.0;
        Self([mixed((a, x)), mixed((b, y)), mixed((c, z))])
    }

    /// White or black, whichever is read better on this.
    pub fn ink_on(self) -> Self {
        let is_white = self.contrast(Self::WHITE) >= self.contrast(Self::BLACK);
        if is_white { Self::WHITE } else { Self::BLACK }
    }

    /// Light where this is dark and the other way round, of the same hue: what a program does
    /// that forces letters dark.
    pub fn turned(self) -> Self {
        let (most, least) =
            self.0.iter().fold((0, 255), |(most, least), &part| (part.max(most), part.min(least)));
        let shift =
            |part: u8| u8::try_from(255 - i32::from(most) - i32::from(least) + i32::from(part));
        Self(self.0.map(|part| shift(part).unwrap_or(0)))
    }

    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl FromStr for Colour {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        let digits = text.trim().strip_prefix('#').unwrap_or_default();
        let octets: Option<Vec<u32>> = digits.chars().map(|digit| digit.to_digit(16)).collect();
        let parts: Option<Vec<u8>> = octets.map(|digits| match digits.len() {
            3 => digits.iter().filter_map(|digit| u8::try_from(digit * 17).ok()).collect(),
            6 => digits
                .chunks(2)
                .filter_map(|pair| {
                    u8::try_from(pair.iter().fold(0, |all, one| all * 16 + one)).ok()
                })
                .collect(),
            _ => Vec::new(),
        });
        let parts = parts.and_then(|parts| <[u8; 3]>::try_from(parts).ok());
        parts.map(Self).ok_or_else(|| Unknown(text.to_owned()))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Serialize for Colour {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Colour {
        text.parse().unwrap()
    }

    #[test]
    fn colours_are_read_and_written() {
        assert_eq!(colour("#0a5f6b").to_string(), "#0a5f6b");
        assert_eq!(colour(" #fa3 "), colour("#ffaa33"));
        for wrong in ["red", "#12", "#12345g", "", "0a5f6b"] {
            assert!(wrong.parse::<Colour>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn contrast_is_that_of_the_standard() {
        for (one, two, expected) in [
            ("#000000", "#ffffff", 21.0),
            ("#767676", "#ffffff", 4.54),
            ("#0a5f6b", "#0a5f6b", 1.0),
        ] {
            let found = colour(one).contrast(colour(two));
            assert!((found - expected).abs() < 0.01, "{one} on {two}: {found}");
        }
        assert_eq!(colour("#0a5f6b").ink_on(), Colour::WHITE);
        assert_eq!(colour("#86c9d1").ink_on(), Colour::BLACK);
    }

    #[test]
    fn a_colour_turned_twice_is_itself() {
        for text in ["#0a5f6b", "#ffffff", "#22282b", "#86c9d1"] {
            assert_eq!(colour(text).turned().turned(), colour(text));
        }
        assert_eq!(colour("#ffffff").turned(), colour("#000000"));
    }

    #[test]
    fn a_mixture_lies_between() {
        assert_eq!(colour("#000000").towards(colour("#ffffff"), 0.5).to_string(), "#808080");
        assert_eq!(colour("#102030").towards(colour("#ffffff"), 0.0), colour("#102030"));
    }
}
