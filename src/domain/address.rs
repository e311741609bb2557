//! Mail addresses in one normal form.
//!
//! An [`Address`] is syntactically sound (RFC 5321 section 4.1.2, by lettre's parser), its domain
//! is lower-case ASCII (IDNA A-labels, RFC 5890), its local part is kept as written. Two spellings
//! that differ only in the case of the local part compare equal through [`Address::key`]; dots and
//! plus-tags are never folded, since only the receiving server knows what they mean.
//!
//! It does not ask whether the mailbox exists.

use std::{fmt, str::FromStr};

/// Why a text is no address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{text}\" is not a mail address: {why}")]
pub struct Error {
    text: String,
    why: String,
}

/// The longest path RFC 5321 section 4.5.3.1.3 allows, without its angle brackets.
const LONGEST: usize = 254;

/// A mail address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    text: String,
    at: usize,
}

impl Address {
    /// An address that is nobody's for ever (RFC 2606): for a look at a letter.
    pub fn sample() -> Self {
        Self { text: "reader@example.net".to_owned(), at: "reader".len() }
    }

    /// The address as it goes into an envelope.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part before the `@`, as written.
    pub fn local(&self) -> &str {
        self.text.get(..self.at).unwrap_or_default()
    }

    /// The part after the `@`: lower-case ASCII.
    pub fn domain(&self) -> &str {
        self.text.get(self.at + 1..).unwrap_or_default()
    }

    /// The form in which addresses are compared: all in lower case.
    pub fn key(&self) -> String {
        self.text.to_lowercase()
    }

    /// `a***@example.net`: enough to recognise, not enough to write to.
    pub fn masked(&self) -> String {
        let first: String = self.local().chars().take(1).collect();
        format!("{first}***@{}", self.domain())
    }

    /// Whether the domain is reserved for examples and tests.
    pub fn is_reserved(&self) -> bool {
        is_reserved(self.domain())
    }

    /// Whether the local part needs SMTPUTF8 (RFC 6531).
    pub fn needs_smtputf8(&self) -> bool {
        !self.local().is_ascii()
    }
}

/// Whether a domain is reserved for examples and tests (RFC 2606, RFC 6761), so that no public
/// server can ever be reached by it.
pub fn is_reserved(domain: &str) -> bool {
    let labels: Vec<&str> = domain.rsplit('.').collect();
    matches!(
        labels[..],
        ["test" | "invalid" | "localhost" | "example", ..] | ["com" | "net" | "org", "example", ..]
    )
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| Error { text: text.escape_debug().to_string(), why: why.into() };
        let trimmed = text.trim();
        let at = trimmed.rfind('@').ok_or_else(|| refuse("it has no @"))?;
        let (local, domain) = (&trimmed[..at], &trimmed[at + 1..]);
        if trimmed.chars().any(char::is_control) {
            return Err(refuse("it holds a control character"));
        }
        let domain = idna::domain_to_ascii(domain.trim_end_matches('.'))
            .map_err(|_| refuse("its domain is not a host name"))?;
        let text = format!("{local}@{domain}");
        if text.len() > LONGEST {
            return Err(refuse("it is longer than 254 octets (RFC 5321 section 4.5.3.1.3)"));
        }
        if !domain.contains('.') && domain != "localhost" {
            return Err(refuse("its domain has no dot"));
        }
        lettre::Address::from_str(&text).map_err(|error| refuse(&error.to_string()))?;
        Ok(Self { text, at: local.len() })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_brought_into_one_normal_form() {
        for (text, normal) in [
            (" Ann.Lee+x@Example.NET ", "Ann.Lee+x@example.net"),
            ("jörg@bücher.example", "jörg@xn--bcher-kva.example"),
            ("a@example.net.", "a@example.net"),
            ("root@localhost", "root@localhost"),
        ] {
            assert_eq!(text.parse::<Address>().unwrap().as_str(), normal, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        for (text, why) in [
            ("ann.example.net", "no @"),
            ("ann@", "no dot"),
            ("ann@nowhere", "no dot"),
            ("a\r\nBcc: b@example.net", "control character"),
            (&format!("{}@example.net", "x".repeat(320)), "254 octets"),
            ("two words@example.net", "not a mail address"),
            ("@example.net", "not a mail address"),
        ] {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn reserved_domains_are_known() {
        for (text, reserved) in [
            ("a@example.net", true),
            ("a@mail.example.org", true),
            ("a@blog.example", true),
            ("a@x.test", true),
            ("a@x.invalid", true),
            ("a@localhost", true),
            ("a@myexample.net", false),
            ("a@example.de", false),
        ] {
            assert_eq!(text.parse::<Address>().unwrap().is_reserved(), reserved, "{text}");
        }
    }

    #[test]
    fn masks_keep_the_domain_only() {
        assert_eq!("ann@example.net".parse::<Address>().unwrap().masked(), "a***@example.net");
    }
}
