//! Rendering: one digest becomes one frozen letter, shared by all readers whom it fits.
//!
//! Templates see placeholders in place of what differs between readers: words that cannot be
//! guessed and that mean nothing in HTML, CSS, URLs or plain text. The finished parts are cut at
//! these words, and what lies between is encoded once. A [`Letter`] is what the ledger keeps of
//! an edition: a later change of templates or configuration does not touch it.
//!
//! No HTML part is longer than [`LONGEST`], since mailboxes cut off longer ones, and with them the
//! way to unsubscribe: bodies are cut between blocks, long digests go on as a list of titles.
//!
//! A template that fails is an [`Error`] naming template and line; nothing is sent then.

mod context;

use serde::{Deserialize, Serialize};

use super::{
    Digest,
    message::{self, Sender},
    pixels::Pictures,
    quoted,
    theme::Theme,
};
use crate::{
    domain::{subscriber::Cadence, token::Key},
    template::{self, Templates},
    time::{Timestamp, Zone},
    words::{Value, Words},
};
use context::{Context, Desk, Measure};

/// A letter that could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A template failed.
    #[error(transparent)]
    Template(#[from] template::Error),
    /// The style sheet of a letter could not be inlined.
    #[error("the styles of {template} cannot be inlined: {why}")]
    Styles {
        /// The template.
        template: String,
        /// What the inliner said.
        why: String,
    },
    /// A header could not be written.
    #[error(transparent)]
    Header(#[from] message::Error),
}

/// What stands above and below the articles of every letter of an issue.
#[derive(Clone, Debug)]
pub struct Letterhead<'a> {
    /// The site's title.
    pub site: &'a str,
    /// The site's address.
    pub url: &'a str,
    /// The language of the letter (BCP 47).
    pub language: &'a str,
    /// Who writes, or empty.
    pub author: &'a str,
    /// The owner's postal address, or empty.
    pub postal_address: &'a str,
    /// What readers call the newsletter.
    pub newsletter: &'a str,
    /// Why they get it.
    pub description: &'a str,
    /// The issue's name.
    pub issue: &'a str,
    /// Its rhythm.
    pub cadence: Cadence,
    /// Where the issue stands on the web.
    pub online: String,
    /// When the letter is made: its Date.
    pub date: Timestamp,
    /// By whose calendar dates are written.
    pub zone: &'a Zone,
    /// What it looks like.
    pub theme: &'a Theme,
    /// How large the picture at an address is, where that is known.
    pub pictures: &'a Pictures,
    /// What links to posts carry in their address, so that visits by them are told apart; may be
    /// empty.
    pub mark: &'a str,
}

/// What differs from reader to reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Slot {
    /// `Hello Ada,`
    Greeting,
    /// The address of the page that ends the subscription.
    Unsubscribe,
    /// The way to another rhythm.
    Preferences,
}

const SLOTS: [Slot; 3] = [Slot::Greeting, Slot::Unsubscribe, Slot::Preferences];

/// A piece of a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Piece {
    /// The same for all, already encoded (quoted-printable).
    Fixed(String),
    /// Filled in for each reader.
    Slot(Slot),
}

/// A frozen letter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The header fields that all readers share, folded and encoded.
    pub head: String,
    /// The MIME boundary.
    pub boundary: String,
    /// What seeds the Message-ID beside the reader.
    pub seed: String,
    /// The plain text.
    pub text: Vec<Piece>,
    /// The HTML.
    pub html: Vec<Piece>,
    /// How a reader is greeted.
    #[serde(default)]
    pub greeting: Greeting,
    /// Its subject as it reads.
    #[serde(default)]
    pub subject: String,
    /// What it is about, in a sentence.
    #[serde(default)]
    pub summary: String,
}

/// How a reader is greeted, with a name and without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// To a reader without a name.
    pub nameless: String,
    /// What stands before the name.
    pub before: String,
    /// What stands behind it.
    pub after: String,
}

impl Default for Greeting {
    fn default() -> Self {
        Self { nameless: "Hello,".into(), before: "Hello ".into(), after: ",".into() }
    }
}

impl Greeting {
    fn of(words: &Words, language: &str) -> Self {
        /// Private use, so that no message holds it.
        const NAME: &str = "\u{f8ff}";
        let name = Value::Text(NAME.to_owned());
        let named = words.say(language, "greeting", &[("name", name)]).unwrap_or_default();
        let (before, after) = named.split_once(NAME).unwrap_or((&named, ""));
        Self {
            nameless: words.word(language, "greeting-nameless"),
            before: before.to_owned(),
            after: after.to_owned(),
        }
    }

    /// The greeting for a reader of that name, which may be empty.
    pub fn to(&self, name: &str) -> String {
        match name {
            "" => self.nameless.clone(),
            name => [&*self.before, &name.replace(char::is_control, " "), &*self.after].concat(),
        }
    }
}

/// How wide the text part's lines are.
const WIDTH: usize = 72;

/// Octets of HTML in a letter, at most. Gmail hides what is behind some 102 kB.
pub const LONGEST: usize = 90_000;

/// What readers' values may add to it.
const SPARE: usize = 1_500;

/// Renders `digest` under `head` for `sender`. `key` makes placeholders, boundary and Message-IDs
/// that nobody can guess.
pub fn render(
    templates: &Templates,
    head: &Letterhead<'_>,
    digest: &Digest<'_>,
    sender: &Sender,
    key: &Key,
) -> Result<Letter, Error> {
    let seed = key.derive("letter", &[&sender.newsletter, head.issue, head.language]);
    let slots = SLOTS.map(|slot| format!("pr{}q", key.derive("slot", &[&format!("{slot:?}")])));
    let desk = Desk::new(templates.words(), head, digest, &slots);
    let parts = fitting(templates, &desk)?;
    let boundary = format!("=_{}", key.derive("boundary", &[&seed]));
    let words = templates.words();
    Ok(Letter {
        head: sender.head(&parts.subject, head.date, &boundary)?,
        boundary,
        seed,
        text: pieces(&tidy(&parts.text), &slots),
        html: pieces(&parts.html, &slots),
        greeting: Greeting::of(words, head.language),
        subject: parts.subject,
        summary: parts.preheader,
    })
}

/// What templates make of a digest.
struct Parts {
    subject: String,
    preheader: String,
    text: String,
    html: String,
}

/// The parts, with as much of the digest in them as a letter may hold.
fn fitting(templates: &Templates, desk: &Desk<'_>) -> Result<Parts, Error> {
    let mut measure = desk.whole();
    let whole = parts(templates, desk, measure)?;
    if whole.html.len() <= LONGEST - SPARE {
        return Ok(whole);
    }
    // What templates make of everything but bodies tells how much room is left for these.
    let frame = parts(templates, desk, Measure { body: 0, ..measure })?.html.len();
    let room = (LONGEST - SPARE).saturating_sub(frame);
    measure.body = measure.body * room / (whole.html.len() - frame).max(1);
    loop {
        let parts = parts(templates, desk, measure)?;
        let length = parts.html.len();
        if length <= LONGEST - SPARE || !measure.shrink(length, LONGEST - SPARE) {
            return Ok(parts);
        }
    }
}

fn parts(templates: &Templates, desk: &Desk<'_>, measure: Measure) -> Result<Parts, Error> {
    let mut context: Context<'_> = desk.context(measure);
    context.subject = one_line(&templates.render("email/issue/subject.txt", &context)?);
    context.preheader = one_line(&templates.render("email/issue/preheader.txt", &context)?);
    let kind = if desk.is_article() { "article" } else { "digest" };
    let text = templates.render(&format!("email/issue/{kind}.txt"), &context)?;
    let template = format!("email/issue/{kind}.html");
    let html = tidy(&inline(&templates.render(&template, &context)?, template)?);
    Ok(Parts { subject: context.subject, preheader: context.preheader, text, html })
}

/// Writes the rules of `<style>` into the elements. A sheet that is marked as `data-kept` stays as
/// it is: rules for narrow and for dark readers, and for programs that turn colours themselves.
pub(crate) fn inline(html: &str, template: String) -> Result<String, Error> {
    let (html, kept) = without_kept(html);
    let inliner = css_inline::CSSInliner::options()
        .keep_at_rules(true)
        .load_remote_stylesheets(false)
        .apply_width_attributes(true)
        .build();
    let styles =
        |error: css_inline::InlineError| Error::Styles { template, why: error.to_string() };
    let html = inliner.inline(&html).map_err(styles)?;
    Ok(html.replacen("</head>", &format!("{kept}</head>"), 1))
}

/// The HTML without the sheets that stay, and these.
fn without_kept(html: &str) -> (String, String) {
    const END: &str = "</style>";
    let (mut rest, mut without, mut kept) =
        (html, String::with_capacity(html.len()), String::new());
    while let Some((before, sheet)) = rest.split_once("<style data-kept>") {
        without.push_str(before);
        let (sheet, after) = sheet.split_once(END).unwrap_or((sheet, ""));
        kept.extend(["<style>", sheet, END, "\n"]);
        rest = after;
    }
    without.push_str(rest);
    (without, kept)
}

/// A header's or preheader's text: one line, no control characters.
fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Line feeds only, no more than one empty line in a row, one line end at the end.
fn tidy(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut out = String::with_capacity(text.len());
    let mut empty = 1;
    for line in text.lines() {
        let line = line.trim_end();
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

fn pieces(text: &str, slots: &[String; 3]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let next = |rest: &str| {
        let found = SLOTS.iter().zip(slots).filter_map(|(&slot, word)| {
            rest.find(word.as_str()).map(|start| (start, start + word.len(), slot))
        });
        found.min_by_key(|&(start, ..)| start)
    };
    while let Some((start, end, slot)) = next(rest) {
        pieces.push(Piece::Fixed(quoted::encode(rest.get(..start).unwrap_or_default())));
        pieces.push(Piece::Slot(slot));
        rest = rest.get(end..).unwrap_or_default();
    }
    pieces.push(Piece::Fixed(quoted::encode(rest)));
    pieces
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
