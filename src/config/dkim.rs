//! `[mail.dkim]`: under which domain letters are signed, and with which keys.
//!
//! It promises that the domain is that of the sender or one above it, so that DMARC finds both
//! aligned (RFC 7489 section 3.1.1), and that there is always an RSA key, since not every
//! verifier knows another kind. The key files are read later.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Error, check::Check};
use crate::{digest::dkim::Algorithm, domain::address::Address};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDkim {
    domain: Option<String>,
    selector: String,
    key_file: PathBuf,
    ed25519_selector: Option<String>,
    ed25519_key_file: Option<PathBuf>,
}

/// How letters are signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dkim {
    /// The domain that signs.
    pub domain: String,
    /// Its keys, RSA first.
    pub keys: Vec<DkimKey>,
}

/// A key of `[mail.dkim]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DkimKey {
    /// Its kind.
    pub algorithm: Algorithm,
    /// Under which name its public half is published.
    pub selector: String,
    /// The file of its private half.
    pub file: PathBuf,
}

impl Check<'_> {
    pub(super) fn dkim(&self, raw: RawDkim, from: &Address) -> Result<Dkim, Error> {
        let rsa = self.selector("selector", raw.selector)?;
        let mut keys = vec![DkimKey {
            algorithm: Algorithm::Rsa,
            selector: rsa.clone(),
            file: self.root.join(raw.key_file),
        }];
        match (raw.ed25519_selector, raw.ed25519_key_file) {
            (None, None) => {}
            (Some(selector), Some(_)) if selector == rsa => {
                let why = "each key needs a selector of its own";
                return Err(self.wrong("ed25519_selector", why));
            }
            (Some(selector), Some(file)) => keys.push(DkimKey {
                algorithm: Algorithm::Ed25519,
                selector: self.selector("ed25519_selector", selector)?,
                file: self.root.join(file),
            }),
            (Some(_), None) => {
                return Err(self.wrong("ed25519_selector", "add the key: ed25519_key_file"));
            }
            (None, Some(_)) => {
                return Err(self.wrong("ed25519_key_file", "add its name: ed25519_selector"));
            }
        }
        Ok(Dkim { domain: self.signing_domain(raw.domain, from.domain())?, keys })
    }

    fn signing_domain(&self, asked: Option<String>, from: &str) -> Result<String, Error> {
        let Some(asked) = asked else { return Ok(from.to_owned()) };
        let bare: Result<Address, _> = format!("postmaster@{asked}").parse();
        let domain = self.value("domain", bare.map_err(|_| "write a domain"))?.domain().to_owned();
        if from != domain && !from.ends_with(&format!(".{domain}")) {
            let why = format!("receivers want that of the sender or one above it: {from}");
            return Err(self.wrong("domain", &why));
        }
        Ok(domain)
    }

    fn selector(&self, key: &str, text: String) -> Result<String, Error> {
        let is_label = |label: &str| {
            !label.is_empty()
                && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
        };
        if !text.split('.').all(is_label) || text.len() > 63 {
            return Err(self.wrong(key, "use up to 63 letters, digits and hyphens"));
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    const LEAST: &str = "[site]\ntitle = \"T\"\n[mail]\nfrom = \"a@news.blog.example\"\n\
                         [mail.dkim]\nselector = \"s1\"\nkey_file = \"config/dkim.pem\"\n";

    fn with(lines: &str) -> Result<Option<Dkim>, String> {
        let text = format!("{LEAST}{lines}\n");
        let config = Config::parse(&text, Path::new("/r"));
        config.map(|config| config.dkim).map_err(|error| error.to_string())
    }

    #[test]
    fn the_domain_is_that_of_the_sender_or_one_above_it() {
        for (lines, domain) in [
            ("", "news.blog.example"),
            ("domain = \"Blog.Example\"", "blog.example"),
            ("domain = \"news.blog.example\"", "news.blog.example"),
        ] {
            let dkim = with(lines).unwrap().unwrap();
            assert_eq!(dkim.domain, domain);
            assert_eq!(dkim.keys[0].file, Path::new("/r/config/dkim.pem"));
        }
        for foreign in ["other.example", "log.example", "letters.news.blog.example", "a b"] {
            let error = with(&format!("domain = \"{foreign}\"")).unwrap_err();
            assert!(error.starts_with("config/postrider.toml:8: domain: "), "{error}");
        }
    }

    #[test]
    fn keys_are_complete_and_named_apart() {
        let both = "ed25519_selector = \"s2\"\ned25519_key_file = \"config/ed.pem\"";
        let keys = with(both).unwrap().unwrap().keys;
        assert_eq!((keys.len(), keys[1].algorithm), (2, Algorithm::Ed25519));
        for (lines, why) in [
            ("ed25519_selector = \"s2\"", "add the key"),
            ("ed25519_key_file = \"x\"", "add its name"),
            ("ed25519_selector = \"s1\"\ned25519_key_file = \"x\"", "of its own"),
            ("ed25519_selector = \"s 2\"\ned25519_key_file = \"x\"", "letters, digits"),
            ("key = \"x\"", "did you mean \"key_file\""),
        ] {
            let error = with(lines).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
