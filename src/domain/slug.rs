//! Slugs: any text as one part of an address.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// The longest slug in octets: with a suffix it still fits a file name.
const LONGEST: usize = 180;

/// The text as part of an address: lower case, letters and digits of every script, the rest `-`.
/// Empty when nothing is left.
pub fn slug(text: &str) -> String {
    let mut slug = String::new();
    for character in text.nfc().flat_map(char::to_lowercase) {
        let keeps = character.is_alphanumeric() || is_combining_mark(character);
        if keeps || character == '_' {
            slug.push(character);
        } else if !matches!(character, '\'' | '’') && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_matches('-');
    let end = (0..=slug.len().min(LONGEST)).rev().find(|&end| slug.is_char_boundary(end));
    slug.get(..end.unwrap_or(0)).unwrap_or_default().trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_keeps_the_letters_of_every_script() {
        for (text, expected) in [
            ("A title: with, signs!", "a-title-with-signs"),
            ("Don't panic", "dont-panic"),
            ("عربي", "عربي"),
            ("हिन्दी में", "हिन्दी-में"),
            ("日本語 タイトル", "日本語-タイトル"),
            ("snake_case", "snake_case"),
            ("../../etc/passwd", "etc-passwd"),
            ("🎉", ""),
        ] {
            assert_eq!(slug(text), expected);
        }
        assert!(slug(&"å".repeat(300)).len() <= LONGEST);
    }
}
