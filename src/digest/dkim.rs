//! DKIM: signatures by which a receiver knows whose letter it is, and that it came unchanged.
//!
//! A [`Signer`] puts one DKIM-Signature for each of its keys on top of a finished message. They
//! are relaxed/relaxed, cover the whole body (no `l=`) and the fields of [`SIGNED`], and name
//! these once more than they stand, so that a second From or another List-Unsubscribe added on
//! the way breaks them. `t=` is the message's own Date, and both kinds of signature are
//! deterministic: the same message gets the same octets for ever.
//!
//! It reads no file and no clock, makes no keys and verifies nothing. A key that cannot be used
//! is an [`Error`] that names the file and the command that makes one.
//!
//! Standards: RFC 6376, 8301 (RSA keys of 2,048 bits or more), 8463 (Ed25519), 8058 section 4
//! (both List-Unsubscribe fields are covered).

mod relaxed;

use std::fmt;

use aws_lc_rs::{
    digest::{Context, Digest, SHA256},
    encoding::AsDer as _,
    rsa,
    signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject as _};

use crate::time::Timestamp;

/// A signature that cannot be made.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// Not a PEM file, a public key, or one under a password.
    #[error(
        "{file} holds no private key in PEM form that opens without a password; make one with: \
         {make}"
    )]
    NoKey {
        /// The file.
        file: String,
        /// A command that makes a key.
        make: String,
    },
    /// A private key of another kind, too short, or damaged.
    #[error("{file} holds a key that is no {kind} key, or a damaged one; make one with: {make}")]
    Unfit {
        /// The file.
        file: String,
        /// What was asked for.
        kind: &'static str,
        /// A command that makes a key.
        make: String,
    },
    /// The library did not sign.
    #[error("the key of selector {0} made no signature")]
    Unsigned(String),
}

/// The header fields that are signed where they stand (RFC 6376 section 5.4.1). Each but
/// [`OPEN`] is also signed as absent once more.
const SIGNED: [&str; 13] = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "MIME-Version",
    "Content-Type",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Archive",
    OPEN,
];

/// The one field of which a relay may add its own.
const OPEN: &str = "Feedback-ID";

/// The longest line of a signature.
const WIDTH: usize = 76;

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA PKCS#1 v1.5 with SHA-256: every verifier knows it.
    Rsa,
    /// Ed25519 (RFC 8463): short and fast, not yet known to every verifier.
    Ed25519,
}

impl Algorithm {
    /// A command that makes a key in `file`.
    pub fn make(self, file: &str) -> String {
        match self {
            Self::Rsa => format!("openssl genrsa -out {file} 2048"),
            Self::Ed25519 => format!("openssl genpkey -algorithm ed25519 -out {file}"),
        }
    }

    const fn tag(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::Ed25519 => "ed25519",
        }
    }
}

/// A private key and the name under which its public half is published.
pub struct Key {
    selector: String,
    secret: Secret,
}

enum Secret {
    Rsa(rsa::KeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Key {
    /// Reads a key from the text of `file`: PKCS#1 or PKCS#8.
    pub fn read(
        algorithm: Algorithm,
        selector: &str,
        (file, pem): (&str, &[u8]),
    ) -> Result<Self, Error> {
        let make = || algorithm.make(file);
        let found = PrivateKeyDer::from_pem_slice(pem)
            .map_err(|_| Error::NoKey { file: file.to_owned(), make: make() })?;
        let (kind, secret) = match algorithm {
            Algorithm::Rsa => ("RSA (2,048 to 8,192 bits)", rsa_key(&found)),
            Algorithm::Ed25519 => ("Ed25519", ed25519_key(&found)),
        };
        let unfit = || Error::Unfit { file: file.to_owned(), kind, make: make() };
        Ok(Self { selector: selector.to_owned(), secret: secret.ok_or_else(unfit)? })
    }

    fn algorithm(&self) -> Algorithm {
        match self.secret {
            Secret::Rsa(_) => Algorithm::Rsa,
            Secret::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    /// The public half as a record holds it: SubjectPublicKeyInfo (RFC 6376 section 3.6.1) or
    /// the bare key (RFC 8463 section 4).
    fn public(&self) -> String {
        match &self.secret {
            Secret::Rsa(pair) => {
                let der = pair.public_key().as_der();
                der.map_or_else(|_| String::new(), |der| STANDARD.encode(der.as_ref()))
            }
            Secret::Ed25519(pair) => STANDARD.encode(pair.public_key()),
        }
    }

    fn sign(&self, hash: &Digest) -> Option<String> {
        match &self.secret {
            Secret::Rsa(pair) => {
                let mut octets = vec![0; pair.public_modulus_len()];
                pair.sign_digest(&RSA_PKCS1_SHA256, hash, &mut octets).ok()?;
                Some(STANDARD.encode(octets))
            }
            // RFC 8463 section 3: what is signed is the hash.
            Secret::Ed25519(pair) => Some(STANDARD.encode(pair.try_sign(hash.as_ref()).ok()?)),
        }
    }
}

fn rsa_key(found: &PrivateKeyDer<'_>) -> Option<Secret> {
    let pair = match found {
        PrivateKeyDer::Pkcs1(der) => rsa::KeyPair::from_der(der.secret_pkcs1_der()),
        PrivateKeyDer::Pkcs8(der) => rsa::KeyPair::from_pkcs8(der.secret_pkcs8_der()),
        _ => return None,
    };
    pair.ok().map(Secret::Rsa)
}

fn ed25519_key(found: &PrivateKeyDer<'_>) -> Option<Secret> {
    let PrivateKeyDer::Pkcs8(der) = found else { return None };
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der());
    pair.ok().map(Secret::Ed25519)
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, {:?}, ..)", self.selector, self.algorithm())
    }
}

/// What has to stand in the DNS for receivers to verify a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The name of the TXT record.
    pub name: String,
    /// Its text.
    pub value: String,
}

/// Signs messages for one domain.
#[derive(Debug)]
pub struct Signer {
    domain: String,
    keys: Vec<Key>,
}

impl Signer {
    /// A signer for `domain`, with one signature for each key.
    pub fn new(domain: &str, keys: Vec<Key>) -> Self {
        Self { domain: domain.to_owned(), keys }
    }

    /// The domain that signs.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The records to publish, one for each key.
    pub fn records(&self) -> Vec<Record> {
        let record = |key: &Key| Record {
            name: format!("{}._domainkey.{}", key.selector, self.domain),
            value: format!("v=DKIM1; k={}; p={}", key.algorithm().tag(), key.public()),
        };
        self.keys.iter().map(record).collect()
    }

    /// `message` with its signatures on top.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let shared = Shared::of(message);
        let mut signed = Vec::with_capacity(message.len() + 1024 * self.keys.len());
        for key in &self.keys {
            signed.extend_from_slice(self.signature(key, &shared)?.as_bytes());
        }
        signed.extend_from_slice(message);
        Ok(signed)
    }

    /// The DKIM-Signature field of one key.
    fn signature(&self, key: &Key, shared: &Shared) -> Result<String, Error> {
        let Shared { names, body_hash, covered, date } = shared;
        let time = date.map_or_else(String::new, |at| format!(" t={};", at.seconds()));
        let value = format!(
            " v=1; a={}-sha256; c=relaxed/relaxed;\r\n d={}; s={};{time}\r\n h={names};\r\n \
             bh={body_hash};\r\n b=",
            key.algorithm().tag(),
            self.domain,
            key.selector,
        );
        let mut own = Vec::with_capacity(value.len() + NAME.len());
        relaxed::field((NAME.as_bytes(), value.as_bytes()), &mut own);
        let mut hash = Context::new(&SHA256);
        hash.update(covered);
        hash.update(&own);
        let signature =
            key.sign(&hash.finish()).ok_or_else(|| Error::Unsigned(key.selector.clone()))?;
        Ok(format!("{NAME}:{value}{}\r\n", broken(&signature)))
    }
}

/// The name of the field.
const NAME: &str = "DKIM-Signature";

/// What the signatures of a message have in common.
struct Shared {
    /// The message's Date.
    date: Option<Timestamp>,
    /// The list `h=`, folded.
    names: String,
    /// The hash of the relaxed body.
    body_hash: String,
    /// The signed fields, relaxed.
    covered: Vec<u8>,
}

impl Shared {
    fn of(message: &[u8]) -> Self {
        let (head, body) = relaxed::split(message);
        let fields = relaxed::fields(head);
        let (names, covered) = cover(&fields);
        let mut body_hash = Context::new(&SHA256);
        relaxed::body(body, |stretch| body_hash.update(stretch));
        Self {
            date: fields.iter().find(|f| is_called(f, "Date")).and_then(|(_, value)| date(value)),
            names: folded(&names.join(":"), ':'),
            body_hash: STANDARD.encode(body_hash.finish()),
            covered,
        }
    }
}

/// The names to be listed, and the fields that they cover, relaxed.
fn cover(fields: &[relaxed::Field<'_>]) -> (Vec<&'static str>, Vec<u8>) {
    let mut names = Vec::with_capacity(2 * SIGNED.len());
    let mut covered = Vec::with_capacity(1024);
    for name in SIGNED {
        // From the last to the first, as RFC 6376 section 5.4.2 wants.
        for &field in fields.iter().rev().filter(|field| is_called(field, name)) {
            names.push(name);
            relaxed::field(field, &mut covered);
            covered.extend_from_slice(b"\r\n");
        }
        if name != OPEN {
            names.push(name);
        }
    }
    (names, covered)
}

fn is_called((found, _): &relaxed::Field<'_>, name: &str) -> bool {
    found.eq_ignore_ascii_case(name.as_bytes())
}

fn date(value: &[u8]) -> Option<Timestamp> {
    Timestamp::parse_rfc5322(std::str::from_utf8(value).ok()?)
}

/// `list` on lines of its own, broken after separators.
fn folded(list: &str, separator: char) -> String {
    let mut out = String::with_capacity(list.len() + 32);
    let mut width = " h=".len();
    for word in list.split_inclusive(separator) {
        if width + word.len() > WIDTH {
            out.push_str("\r\n ");
            width = 1;
        }
        out.push_str(word);
        width += word.len();
    }
    out
}

/// Base64 on lines of its own, broken anywhere.
fn broken(base64: &str) -> String {
    let mut out = String::with_capacity(base64.len() + 32);
    let mut rest = base64;
    let mut room = WIDTH - " b=".len();
    while let Some((line, after)) = rest.split_at_checked(room).filter(|(_, rest)| !rest.is_empty())
    {
        out.push_str(line);
        out.push_str("\r\n ");
        (rest, room) = (after, WIDTH - 1);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
