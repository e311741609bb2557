//! Finishing: from a settled entry to the post that feeds, pages and letters read.
//!
//! Everything that a post shows comes together here, and every text in it has passed the filter
//! of `text`. Pages are finished on all cores, since rendering is most of a run's work; the
//! result does not depend on how many there are.

use std::{borrow::Cow, sync::Arc};

use super::{
    Entry, Known, Record, Refusal, Settings, attached, date,
    edit::Filed,
    fields::files,
    front_matter::Fault,
    links::{Broken, Here, Links},
    markdown::{self, Written},
    page::{self, Page},
    text,
};
use crate::{
    domain::post::{Comments, Direction, FeedChoice, Image, Post, PostId, RelatedChoice},
    parallel,
    time::Timestamp,
};

/// Fewer than this are done before a thread has started.
const FEW: usize = 32;

/// A finished post, what is known of it from now on, and what had to be left out.
pub(super) struct Finished {
    pub(super) post: Post,
    /// None for a post that stands as it was read before.
    pub(super) record: Option<Record>,
    pub(super) warnings: Vec<Refusal>,
    pub(super) filed: Filed,
}

/// How many pages are let go at once when they are finished: what an author wrote above a post is
/// as much as the post.
const BATCH: usize = 1024;

/// Finishes all entries, in their order.
pub(super) fn all<'e>(
    mut entries: Vec<Entry>,
    links: &'e Arc<Links>,
    settings: &'e Settings,
    now: Timestamp,
) -> impl Iterator<Item = Finished> + 'e {
    entries.reverse();
    let batches = std::iter::from_fn(move || {
        let batch = entries.split_off(entries.len().saturating_sub(BATCH));
        let done = parallel::map(&batch, FEW, |entry| one(entry, links, settings, now));
        (!done.is_empty()).then(|| done.into_iter().rev())
    });
    batches.flatten()
}

pub(super) fn one(
    entry: &Entry,
    links: &Arc<Links>,
    settings: &Settings,
    now: Timestamp,
) -> Finished {
    let page = &entry.page;
    let url = page::address(&settings.base, &entry.place);
    let here = Arc::new(Here::new(Arc::clone(links), &page.path, url.clone()));
    let rendered = markdown::render(written(page), &here);
    let mut faults = left_out(page, &rendered);
    let front = &page.front;
    let language = page.language.clone().unwrap_or_else(|| settings.language.clone());
    let enclosures = attached::enclosures(page, &here, &mut faults);
    let post = Post {
        id: entry.id.clone().unwrap_or_else(|| PostId::new(url.as_str())),
        key: entry.key.clone(),
        path: page.path.clone(),
        place: entry.place.clone(),
        title: page.title.clone(),
        summary: summary(entry, &rendered.html, &here),
        html: rendered.html,
        published: entry.published,
        updated: updated(entry, settings, now, &mut faults),
        authors: match &front.authors[..] {
            [] => settings.author.clone().into_iter().collect(),
            authors => authors.to_vec(),
        },
        tags: front.tags.clone(),
        direction: direction(front.is_rtl, &language),
        language,
        image: image(entry, &here),
        comments: comments(entry, &here),
        related: RelatedChoice {
            expires: front.expires.and_then(|e| e.instant(&settings.zone, settings.publish_hour)),
            ..front.related.clone()
        },
        feed: FeedChoice {
            section: page.section.clone(),
            summary_only: front.summary_only,
            enclosures,
            comments: front.comments.feed.as_deref().and_then(|feed| here.link(feed)),
        },
        url: url.into(),
    };
    faults.extend(broken(page, &here));
    // A stale post was told about in its refusal; its lines are not those of the file.
    faults.retain(|_| !entry.is_stale);
    let filed = Filed::of(entry, settings, !faults.is_empty(), now);
    let warnings = faults.into_iter().map(|fault| Refusal::new(&page.path, fault)).collect();
    Finished { record: record(entry, &post, now), post, warnings, filed }
}

/// What the body had to lose.
fn left_out(page: &Page, rendered: &markdown::Rendered) -> Vec<Fault> {
    let mut faults = page.warnings.clone();
    for name in &rendered.left_out {
        let why = format!("a <{name}> has no place in feeds and letters and was left out");
        faults.push(Fault::new(page.line_of(&format!("<{name}")), why));
    }
    for mark in &rendered.marks {
        let why = format!("the template mark \"{mark}\" cannot be run here and was left out");
        faults.push(Fault::new(page.line_of_mark(mark), why));
    }
    faults
}

/// The addresses that lead nowhere.
fn broken(page: &Page, here: &Here) -> impl Iterator<Item = Fault> {
    let fault = |(raw, what): (String, Broken)| {
        let why = match what {
            Broken::Post => format!("the link to {raw} leads to no published post"),
            Broken::Refused => format!("the link to {raw} leads to a post that was refused"),
            Broken::File if media_type(&raw).is_some() => format!("there is no picture {raw}"),
            Broken::File => format!("there is no file {raw}"),
        };
        Fault::new(page.line_of(&raw), why)
    };
    here.broken().into_iter().map(fault)
}

fn direction(is_rtl: Option<bool>, language: &str) -> Direction {
    match is_rtl {
        Some(true) => Direction::Rtl,
        Some(false) => Direction::Ltr,
        None => Direction::of_language(language),
    }
}

pub(super) fn written(page: &Page) -> Written<'_> {
    Written {
        text: &page.body,
        kind: page.kind,
        title: &page.title,
        image: page.front.image.as_ref().map_or("", |image| &image.url),
    }
}

/// What its author wrote as such, else what stands before the mark for more, else its beginning.
fn summary(entry: &Entry, html: &str, here: &Arc<Here>) -> String {
    const MARKS: [&str; 4] =
        ["<!--more-->", "<!-- more -->", "<!-- TEASER_END -->", "<!-- excerpt -->"];
    let page = &entry.page;
    if let Some(description) = &page.front.description {
        return text::cut(&text::line(&markdown::plain(description)), text::SUMMARY);
    }
    let own = page.front.separator.as_deref();
    let teaser = own.into_iter().chain(MARKS).find_map(|mark| page.body.split_once(mark));
    let teaser = teaser.map(|(before, _)| before);
    if let Some(teaser) = teaser.filter(|teaser| !teaser.trim().is_empty()) {
        let rendered = markdown::render(Written { text: teaser, ..written(page) }, here);
        return text::summary(&rendered.html);
    }
    text::summary(html)
}

/// The declared instant of change: never before publication, never after now.
fn updated(
    entry: &Entry,
    settings: &Settings,
    now: Timestamp,
    faults: &mut Vec<Fault>,
) -> Timestamp {
    let Some(written) = entry.page.front.updated else { return entry.published };
    let published = date::day_of(entry.published, &settings.zone);
    if matches!(written, date::Written::Day(day) if day == published) {
        return entry.published;
    }
    match written.instant(&settings.zone, settings.publish_hour) {
        Some(instant) if instant > now => {
            let why = "the date of its last change has not come yet; it was left out";
            faults.push(Fault::new(None, why));
            entry.published
        }
        Some(instant) => instant.max(entry.published),
        None => entry.published,
    }
}

fn image(entry: &Entry, here: &Here) -> Option<Image> {
    let picture = entry.page.front.image.as_ref()?;
    let url = here.media(&picture.url).filter(|url| url.starts_with("http"))?;
    Some(Image {
        media_type: media_type(&url).map(Cow::Borrowed),
        url,
        alt: text::line(&picture.alt),
        width: picture.width,
        height: picture.height,
    })
}

fn media_type(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    files::media_type(path).filter(|kind| kind.starts_with("image/"))
}

/// Comments have an address; a count alone is about those on the post's own page.
fn comments(entry: &Entry, here: &Here) -> Option<Comments> {
    let talk = &entry.page.front.comments;
    let own = talk.count.map(|_| "#comments");
    let url = here.link(talk.url.as_deref().or(own)?)?;
    Some(Comments { url, count: talk.count })
}

fn record(entry: &Entry, post: &Post, now: Timestamp) -> Option<Record> {
    let known = Known {
        id: post.id.clone(),
        key: post.key.clone(),
        path: post.path.clone(),
        url: post.url.clone(),
        body_hash: entry.page.body_hash.clone().unwrap_or_default(),
        title: post.title.clone(),
        published: post.published,
        first_seen: entry.known.as_ref().map_or(now, |known| known.first_seen),
        source: entry.page.source.clone(),
    };
    let record = Record {
        is_new: entry.known.is_none(),
        changed: entry.known.as_ref().is_some_and(|before| before != &known),
        known,
    };
    (!entry.is_stale).then_some(record)
}
