//! Messages: a frozen letter and a reader become finished RFC 5322 octets.
//!
//! It promises one multipart/alternative message, text first; each header field once; lines
//! below 998 octets ending in CRLF; encoded words where a field is not ASCII (by lettre); and that
//! no value of a reader, post or configuration can begin a header field of its own. Date,
//! Message-ID and boundary are derived, so that the same delivery always gives the same octets.
//!
//! Standards: RFC 5322, 2045 to 2047, 2369 (List-Unsubscribe, List-Archive), 2919 (List-Id), 8058
//! (List-Unsubscribe-Post), 6376 (by `dkim`).

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lettre::message::{
    Mailbox, Mailboxes,
    header::{self, HeaderName, HeaderValue, Headers, Subject},
};

use super::{
    dkim::{self, Signer},
    quoted::{self, SOFT_BREAK},
    render::{Letter, Piece, Slot},
    tree,
};
use crate::{
    domain::{
        address::Address,
        issue::ARCHIVE,
        token::{Key, Purpose},
    },
    time::Timestamp,
};

/// A message that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address lettre refuses.
    #[error("{field}: \"{address}\" cannot stand in a letter: {why}")]
    Address {
        /// The field.
        field: &'static str,
        /// The address.
        address: String,
        /// What lettre said.
        why: String,
    },
    /// A signature that could not be made.
    #[error(transparent)]
    Dkim(#[from] dkim::Error),
}

impl Error {
    /// Whether it would befall the letters of all readers.
    pub const fn is_ours(&self) -> bool {
        matches!(self, Self::Dkim(_))
    }
}

/// Who sends a newsletter, and how it names itself.
#[derive(Clone, Debug)]
pub struct Sender {
    /// Name and address of From.
    pub from: (String, Address),
    /// Name and address of Reply-To.
    pub reply_to: (String, Address),
    /// The newsletter's id, of which its List-Id is made.
    pub newsletter: String,
    /// What readers call the newsletter.
    pub name: String,
    /// The site's address, ending in a slash.
    pub url: String,
    /// What signs its letters, if they are signed.
    pub signer: Option<Arc<Signer>>,
}

/// The reader a letter is addressed to.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// Where it goes.
    pub address: Address,
    /// How the reader wants to be called; may be empty.
    pub name: String,
    /// The subscription that brings it.
    pub subscription: i64,
}

impl Sender {
    /// The header fields shared by all readers of a letter.
    pub fn head(&self, subject: &str, date: Timestamp, boundary: &str) -> Result<String, Error> {
        let mut headers = Headers::new();
        let from: header::From = mailboxes("From", &self.from)?.into();
        headers.set(from);
        let reply_to: header::ReplyTo = mailboxes("Reply-To", &self.reply_to)?.into();
        headers.set(reply_to);
        set_subject(&mut headers, subject);
        raw(&mut headers, "Date", date.rfc5322());
        raw(&mut headers, "List-Id", self.list_id());
        raw(&mut headers, "List-Archive", format!("<{}{ARCHIVE}/{}/>", self.url, self.newsletter));
        raw(&mut headers, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned());
        raw(&mut headers, "MIME-Version", "1.0".to_owned());
        let mut head = headers.to_string();
        head.push_str("Content-Type: multipart/alternative;\r\n boundary=\"");
        head.push_str(boundary);
        head.push_str("\"\r\n");
        Ok(head)
    }

    /// `Name <letters.example.net>` (RFC 2919 section 2). The label stands under the domain of
    /// the sender; the phrase is left out where it would need quoting.
    fn list_id(&self) -> String {
        let label = format!("<{}.{}>", self.newsletter, self.from.1.domain());
        let is_atoms =
            |c: char| c == ' ' || c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
        if self.name.chars().all(is_atoms) && !self.name.is_empty() {
            format!("{} {label}", self.name)
        } else {
            label
        }
    }

    /// The whole message for one reader, signed where a signer is set. `self` names the site and the sender's domain; what was
    /// frozen in `letter` is taken from there.
    pub fn message(&self, letter: &Letter, to: &Recipient, key: &Key) -> Result<Vec<u8>, Error> {
        let values = self.values(letter, to, key);
        let mut out = String::with_capacity(4096 + length(&letter.text) + length(&letter.html));
        out.push_str(&letter.head);
        push_to(&mut out, to)?;
        let subscription = to.subscription.to_string();
        let id = key.derive("message-id", &[&letter.seed, &subscription]);
        push(&mut out, &["Message-ID: <", &id, "@", self.from.1.domain(), ">\r\n"]);
        push(&mut out, &["List-Unsubscribe: <", &values.unsubscribe, ">,\r\n <mailto:"]);
        push(&mut out, &[self.reply_to.1.as_str(), "?subject=unsubscribe%20", &values.token]);
        out.push_str(">\r\n\r\n");
        push_part(&mut out, letter, &letter.text, ("plain", &values));
        push_part(&mut out, letter, &letter.html, ("html", &values.escaped()));
        push(&mut out, &["--", &letter.boundary, "--\r\n"]);
        match &self.signer {
            Some(signer) => Ok(signer.sign(out.as_bytes())?),
            None => Ok(out.into_bytes()),
        }
    }

    /// A part of the letter as the reader's program shows it, decoded.
    pub fn readable(&self, letter: &Letter, part: Part, to: &Recipient, key: &Key) -> String {
        let values = self.values(letter, to, key);
        match part {
            Part::Text => joined(&letter.text, &values),
            Part::Html => joined(&letter.html, &values.escaped()),
        }
    }

    /// The address of the page that ends the reader's subscription.
    pub fn unsubscribe(&self, to: &Recipient, key: &Key) -> String {
        [&self.url, "unsubscribe/", &key.token(Purpose::Unsubscribe, to.subscription)].concat()
    }

    fn values(&self, letter: &Letter, to: &Recipient, key: &Key) -> Values {
        let token = key.token(Purpose::Unsubscribe, to.subscription);
        let unsubscribe = [&self.url, "unsubscribe/", &token].concat();
        let to_us = self.reply_to.1.as_str();
        let preferences = ["mailto:", to_us, "?subject=preferences%20", &token].concat();
        Values { greeting: letter.greeting.to(&to.name), unsubscribe, preferences, token }
    }
}

/// A part of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The plain text.
    Text,
    /// The HTML.
    Html,
}

fn joined(pieces: &[Piece], values: &Values) -> String {
    let texts = pieces.iter().map(|piece| match piece {
        Piece::Fixed(encoded) => quoted::decode(encoded),
        Piece::Slot(slot) => values.of(*slot).to_owned(),
    });
    texts.collect()
}

/// What stands in the slots, and the token in it.
struct Values {
    greeting: String,
    unsubscribe: String,
    preferences: String,
    token: String,
}

impl Values {
    /// The values as they may stand in HTML.
    fn escaped(&self) -> Self {
        let Self { greeting, unsubscribe, preferences, token } = self;
        Self {
            greeting: tree::escaped(greeting),
            unsubscribe: tree::escaped(unsubscribe),
            preferences: tree::escaped(preferences),
            token: token.clone(),
        }
    }

    fn of(&self, slot: Slot) -> &str {
        match slot {
            Slot::Greeting => &self.greeting,
            Slot::Unsubscribe => &self.unsubscribe,
            Slot::Preferences => &self.preferences,
        }
    }
}

fn push(out: &mut String, texts: &[&str]) {
    for text in texts {
        out.push_str(text);
    }
}

/// `To: "Ada Lovelace" <ada@example.net>`. A name of letters, digits and a few signs on a short
/// line is written here, as lettre writes it but in a fraction of the time; all others by lettre.
fn push_to(out: &mut String, to: &Recipient) -> Result<(), Error> {
    const LONGEST: usize = 60;
    let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-_.".contains(&octet);
    let (name, address) = (to.name.trim(), to.address.as_str());
    if name.is_empty() {
        push(out, &["To: ", address, "\r\n"]);
    } else if name.bytes().all(is_plain) {
        push(out, &["To: ", name, " <", address, ">\r\n"]);
    } else if name.len() <= LONGEST && name.bytes().all(|o| is_plain(o) || o == b' ') {
        push(out, &["To: \"", name, "\" <", address, ">\r\n"]);
    } else {
        let mut headers = Headers::new();
        let field: header::To = mailboxes("To", &(to.name.clone(), to.address.clone()))?.into();
        headers.set(field);
        out.push_str(&headers.to_string());
    }
    Ok(())
}

fn push_part(out: &mut String, letter: &Letter, pieces: &[Piece], (kind, values): (&str, &Values)) {
    push(out, &["--", &letter.boundary, "\r\nContent-Type: text/", kind, "; charset=utf-8\r\n"]);
    out.push_str("Content-Transfer-Encoding: quoted-printable\r\n\r\n");
    for (index, piece) in pieces.iter().enumerate() {
        if index > 0 {
            out.push_str(SOFT_BREAK);
        }
        match piece {
            Piece::Fixed(encoded) => out.push_str(encoded),
            Piece::Slot(slot) => quoted::encode_onto(out, values.of(*slot)),
        }
    }
    out.push_str("\r\n");
}

fn length(pieces: &[Piece]) -> usize {
    let fixed = pieces.iter().map(|piece| match piece {
        Piece::Fixed(text) => text.len(),
        Piece::Slot(_) => 256,
    });
    fixed.sum()
}

fn mailboxes(field: &'static str, (name, address): &(String, Address)) -> Result<Mailboxes, Error> {
    let parsed = address.as_str().parse().map_err(|error: lettre::address::AddressError| {
        Error::Address { field, address: address.masked(), why: error.to_string() }
    })?;
    // No name holds what would be read as an encoded word.
    let name = name.replace(char::is_control, " ").replace("=?", "= ?").trim().to_owned();
    Ok(Mailboxes::new().with(Mailbox::new((!name.is_empty()).then_some(name), parsed)))
}

/// What looks like an encoded word (RFC 2047 section 2) and is none would be read as one: it is
/// encoded here, since lettre lets it pass.
fn set_subject(headers: &mut Headers, subject: &str) {
    /// Octets of text in a word, so that the first line with the field's name has 78 at most.
    const WORD: usize = 39;
    if !subject.contains("=?") {
        headers.set(Subject::from(subject.to_owned()));
        return;
    }
    let mut words = vec![String::new()];
    for c in subject.chars() {
        match words.last_mut().filter(|word| word.len() + c.len_utf8() <= WORD) {
            Some(word) => word.push(c),
            None => words.push(c.to_string()),
        }
    }
    let words: Vec<String> =
        words.iter().map(|word| format!("=?utf-8?b?{}?=", STANDARD.encode(word))).collect();
    let name = HeaderName::new_from_ascii_str("Subject");
    headers.insert_raw(HeaderValue::dangerous_new_pre_encoded(
        name,
        subject.to_owned(),
        words.join("\r\n "),
    ));
}

fn raw(headers: &mut Headers, name: &'static str, value: String) {
    headers.insert_raw(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
