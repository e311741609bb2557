//! Recipes: what a published file is made of, in one word.
//!
//! A recipe is written down beside the file that was made by it. When the next build finds the
//! same recipe and the file as it was left, there is nothing to make. It promises that recipes of
//! other ingredients, or of the same in another order, are other words (SHA-256, the length of
//! each ingredient counted in). It says nothing of what the ingredients mean.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// What something is made of, ingredient by ingredient.
#[derive(Clone)]
pub struct Recipe(Sha256);

impl Recipe {
    /// Of a kind of thing.
    pub fn of(kind: &str) -> Self {
        Self(Sha256::new()).with(kind)
    }

    /// The same with one ingredient more.
    #[must_use]
    pub fn with(self, ingredient: impl AsRef<[u8]>) -> Self {
        let ingredient = ingredient.as_ref();
        let length = (ingredient.len() as u64).to_le_bytes();
        Self(self.0.chain_update(length).chain_update(ingredient))
    }

    /// The word: as much of the hash as no two recipes share by chance.
    pub fn word(self) -> String {
        hexadecimal(&self.octets())
    }

    /// The same as octets.
    pub fn octets(self) -> [u8; 16] {
        let hash = self.0.finalize();
        hash.first_chunk().copied().unwrap_or_default()
    }
}

/// Octets as hexadecimal digits.
pub fn hexadecimal(octets: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digits = |octet: &u8| [octet >> 4, octet & 15].map(|half| DIGITS[usize::from(half)]);
    octets.iter().flat_map(digits).collect()
}

impl fmt::Debug for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.clone().word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_ingredients_make_another_word() {
        let word = |parts: &[&str]| {
            parts.iter().fold(Recipe::of("page"), |recipe, part| recipe.with(part)).word()
        };
        assert_eq!(word(&["a", "b"]), word(&["a", "b"]));
        for other in [&["b", "a"][..], &["ab"], &["a", "b", ""], &["a"]] {
            assert_ne!(word(&["a", "b"]), word(other), "{other:?}");
        }
        assert_ne!(word(&[]), Recipe::of("feed").word());
        assert_eq!(hexadecimal(&[0, 0x1f, 0xff]), "001fff");
    }
}
