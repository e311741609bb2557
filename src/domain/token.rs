//! Tokens: signed capabilities inside links, one purpose each (RFC 8058 asks for links that are
//! hard to forge and need no login).
//!
//! A token is `version ‖ purpose ‖ subscription id ‖ tag`, the tag being HMAC-SHA-256 (RFC 2104)
//! cut to 128 bits, all in URL-safe base64. It holds no address, survives any number of fetches
//! and never expires: an unsubscribe link must work for as long as the letter exists.
//!
//! A token that was altered, made for another purpose or signed with another key reads as
//! [`Error`]; which of these it was is nobody's business.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The secret that signs tokens and derives Message-IDs, boundaries and placeholders.
#[derive(Clone)]
pub struct Key(Hmac<Sha256>);

/// The token is none of ours.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("this link is damaged or not one of ours; copy it whole from the letter")]
pub struct Error;

/// What a token allows its bearer to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// End one subscription.
    Unsubscribe,
}

impl Purpose {
    const fn code(self) -> u8 {
        match self {
            Self::Unsubscribe => b'u',
        }
    }
}

const VERSION: u8 = 1;
const TAG: usize = 16;

impl Key {
    /// A key from secret octets.
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length (RFC 2104)")]
    pub fn new(octets: Vec<u8>) -> Self {
        Self(Hmac::new_from_slice(&octets).expect("HMAC takes keys of any length"))
    }

    /// The keyed hash of `parts`, each fenced by its length, for the given use: hexadecimal.
    /// The same input gives the same text for ever; without the key it cannot be guessed.
    pub fn derive(&self, use_for: &str, parts: &[&str]) -> String {
        let mut mac = self.0.clone();
        for part in std::iter::once(&use_for).chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        let octets = mac.finalize().into_bytes();
        let nibbles = octets.iter().take(TAG).flat_map(|octet| [octet >> 4, octet & 15]);
        nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16)).collect()
    }

    /// A token that lets its bearer do `purpose` to the subscription.
    pub fn token(&self, purpose: Purpose, subscription: i64) -> String {
        let mut octets = vec![VERSION, purpose.code()];
        octets.extend(subscription.to_be_bytes());
        let mut mac = self.0.clone();
        mac.update(&octets);
        octets.extend(mac.finalize().into_bytes().iter().take(TAG));
        URL_SAFE_NO_PAD.encode(octets)
    }

    /// The subscription for which `token` allows `purpose`. Takes the same time whatever is
    /// wrong with the tag.
    pub fn open(&self, purpose: Purpose, token: &str) -> Result<i64, Error> {
        let octets = URL_SAFE_NO_PAD.decode(token).map_err(|_| Error)?;
        let (claim, tag) = octets.split_last_chunk::<TAG>().ok_or(Error)?;
        let mut mac = self.0.clone();
        mac.update(claim);
        mac.verify_truncated_left(tag).map_err(|_| Error)?;
        match claim {
            [VERSION, code, id @ ..] if *code == purpose.code() => {
                Ok(i64::from_be_bytes(id.try_into().map_err(|_| Error)?))
            }
            _ => Err(Error),
        }
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key::new(b"thirty-two octets of secret text".to_vec())
    }

    #[test]
    fn a_token_opens_what_it_was_made_for() {
        let token = key().token(Purpose::Unsubscribe, 4711);
        assert_eq!(key().open(Purpose::Unsubscribe, &token), Ok(4711));
        assert!(token.len() < 40, "{token}");
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
    }

    #[test]
    fn a_token_with_any_bit_changed_opens_nothing() {
        let octets = URL_SAFE_NO_PAD.decode(key().token(Purpose::Unsubscribe, 1)).unwrap();
        for bit in 0..octets.len() * 8 {
            let mut forged = octets.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                key().open(Purpose::Unsubscribe, &URL_SAFE_NO_PAD.encode(forged)),
                Err(Error),
                "bit {bit}"
            );
        }
        assert_eq!(key().open(Purpose::Unsubscribe, "nonsense"), Err(Error));
        let other = Key::new(vec![7; 32]).token(Purpose::Unsubscribe, 1);
        assert_eq!(key().open(Purpose::Unsubscribe, &other), Err(Error));
    }

    #[test]
    fn derived_names_depend_on_every_part() {
        let name = key().derive("message-id", &["a", "bc"]);
        assert_eq!(name, key().derive("message-id", &["a", "bc"]));
        assert_ne!(name, key().derive("message-id", &["ab", "c"]));
        assert_ne!(name, key().derive("boundary", &["a", "bc"]));
        assert_eq!(name.len(), 32);
    }
}
