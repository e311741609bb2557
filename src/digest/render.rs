//! Rendering: one digest becomes one frozen letter, shared by all readers whom it fits.
//!
//! Templates see placeholders in place of the greeting and the unsubscribe link: words that
//! cannot be guessed and that mean nothing in HTML, CSS, URLs or plain text. The finished parts
//! are cut at these words, and what lies between is encoded once. A [`Letter`] is what the
//! ledger keeps of an edition: a later change of templates or configuration does not touch it.
//!
//! A template that fails is an [`Error`] naming template and line; nothing is sent then.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    Digest,
    message::{self, Sender},
    plain, quoted,
};
use crate::{
    domain::{
        post::{Comments, Direction, Image, Post},
        subscriber::Cadence,
        token::Key,
    },
    template::{self, Templates},
    time::{Timestamp, Zone},
};

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
#[derive(Clone, Copy, Debug)]
pub struct Letterhead<'a> {
    /// The site's title.
    pub site: &'a str,
    /// The site's address.
    pub url: &'a str,
    /// BCP 47.
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
    /// When the letter is made: its Date.
    pub date: Timestamp,
    /// By whose calendar dates are written.
    pub zone: &'a Zone,
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
}

const SLOTS: [Slot; 2] = [Slot::Greeting, Slot::Unsubscribe];

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

#[derive(Serialize)]
struct Context<'a> {
    site: SiteContext<'a>,
    newsletter: NewsletterContext<'a>,
    issue: IssueContext<'a>,
    subject: String,
    preheader: String,
    postal_address: &'a str,
    articles: Vec<Article<'a>>,
    full_text: bool,
    related: Vec<Teaser<'a>>,
    popular: Vec<Teaser<'a>>,
    reader: Reader,
}

#[derive(Serialize)]
struct SiteContext<'a> {
    title: &'a str,
    url: &'a str,
    language: &'a str,
    direction: &'static str,
    author: &'a str,
}

#[derive(Serialize)]
struct NewsletterContext<'a> {
    name: &'a str,
    description: &'a str,
}

#[derive(Serialize)]
struct IssueContext<'a> {
    name: &'a str,
    cadence: Cadence,
    date: String,
}

#[derive(Serialize)]
struct Article<'a> {
    title: &'a str,
    url: Cow<'a, str>,
    date: String,
    authors: &'a [String],
    summary: &'a str,
    html: &'a str,
    text: String,
    image: Option<&'a Image>,
    comments: Option<&'a Comments>,
    language: &'a str,
    direction: &'static str,
}

#[derive(Serialize)]
struct Teaser<'a> {
    title: &'a str,
    url: Cow<'a, str>,
    summary: &'a str,
    date: String,
    image: Option<&'a Image>,
}

#[derive(Serialize)]
struct Reader {
    greeting: String,
    unsubscribe_url: String,
}

/// How wide the text part's lines are.
const WIDTH: usize = 72;

/// Date as letters write it.
const DAY: &str = "%-d %B %Y";

/// Renders `digest` under `head` for `sender`. `key` makes placeholders, boundary and Message-IDs
/// that nobody can guess.
pub fn render(
    templates: &Templates,
    head: &Letterhead<'_>,
    digest: &Digest<'_>,
    sender: &Sender,
    key: &Key,
) -> Result<Letter, Error> {
    let seed = key.derive("letter", &[&sender.newsletter, head.issue]);
    let words = SLOTS.map(|slot| format!("pr{}q", key.derive("slot", &[&format!("{slot:?}")])));
    let mut context = context(head, digest, &words);
    context.subject = one_line(&templates.render("email/issue/subject.txt", &context)?);
    context.preheader = one_line(&templates.render("email/issue/preheader.txt", &context)?);
    let kind = if head.cadence == Cadence::Instant { "article" } else { "digest" };
    let text = templates.render(&format!("email/issue/{kind}.txt"), &context)?;
    let template = format!("email/issue/{kind}.html");
    let html = inline(&templates.render(&template, &context)?, template)?;
    let boundary = format!("=_{}", key.derive("boundary", &[&seed]));
    Ok(Letter {
        head: sender.head(&context.subject, head.date, &boundary)?,
        boundary,
        seed,
        text: pieces(&tidy(&text), &words),
        html: pieces(&tidy(&html), &words),
    })
}

fn context<'a>(
    head: &Letterhead<'a>,
    digest: &'a Digest<'a>,
    [greeting, unsubscribe]: &[String; 2],
) -> Context<'a> {
    Context {
        site: SiteContext {
            title: head.site,
            url: head.url,
            language: head.language,
            direction: Direction::of_language(head.language).as_str(),
            author: head.author,
        },
        newsletter: NewsletterContext { name: head.newsletter, description: head.description },
        issue: IssueContext {
            name: head.issue,
            cadence: head.cadence,
            date: head.date.format(DAY, head.zone),
        },
        subject: String::new(),
        preheader: String::new(),
        postal_address: head.postal_address,
        articles: digest.articles.iter().map(|post| article(post, head)).collect(),
        full_text: digest.articles.len() == 1,
        related: digest.related.iter().map(|post| teaser(post, head)).collect(),
        popular: digest.popular.iter().map(|post| teaser(post, head)).collect(),
        reader: Reader { greeting: greeting.clone(), unsubscribe_url: unsubscribe.clone() },
    }
}

fn article<'a>(post: &'a Post, head: &Letterhead<'_>) -> Article<'a> {
    Article {
        title: &post.title,
        url: marked(&post.url, head.mark),
        date: post.published.format(DAY, head.zone),
        authors: &post.authors,
        summary: &post.summary,
        html: &post.html,
        text: plain::text(&post.html, WIDTH).unwrap_or_else(|| post.summary.clone()),
        image: post.image.as_ref(),
        comments: post.comments.as_ref(),
        language: &post.language,
        direction: post.direction.as_str(),
    }
}

fn teaser<'a>(post: &'a Post, head: &Letterhead<'_>) -> Teaser<'a> {
    Teaser {
        title: &post.title,
        url: marked(&post.url, head.mark),
        summary: &post.summary,
        date: post.published.format(DAY, head.zone),
        image: post.image.as_ref(),
    }
}

/// The address of a post with the mark of our letters as one more part of its query.
fn marked<'a>(url: &'a str, mark: &str) -> Cow<'a, str> {
    if mark.is_empty() {
        return Cow::Borrowed(url);
    }
    let joint = if url.contains('?') { '&' } else { '?' };
    match url.split_once('#') {
        Some((url, place)) => format!("{url}{joint}{mark}#{place}").into(),
        None => format!("{url}{joint}{mark}").into(),
    }
}

fn inline(html: &str, template: String) -> Result<String, Error> {
    let inliner = css_inline::CSSInliner::options()
        .keep_at_rules(true)
        .load_remote_stylesheets(false)
        .apply_width_attributes(true)
        .build();
    inliner.inline(html).map_err(|error| Error::Styles { template, why: error.to_string() })
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

fn pieces(text: &str, words: &[String; 2]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let next = |rest: &str| {
        let found = SLOTS.iter().zip(words).filter_map(|(&slot, word)| {
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
