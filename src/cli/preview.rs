//! `preview POST` and `preview --digest`: a letter as it would be made, to standard output.

use std::{path::Path, time::Duration};

use super::{Format, Refusal, out};
use crate::{
    catalog::{self, Catalog, directory},
    digest::{Digest, message::Recipient, render},
    domain::{issue::IssueName, post::Post, subscriber::Cadence, token::Key},
    outbox::open::Newsletter,
    rank::{Chosen, Wish},
    service::{
        nearest,
        related::{Renewal, Shelf},
        site::Site,
    },
    store::Store,
    time::{Clock, Timestamp},
};

/// How far ahead a look at a scheduled post goes.
const AHEAD: Duration = Duration::from_secs(1000 * 365 * 86_400);

/// How many posts a digest shows.
const DIGEST: usize = 3;

/// Posts as a run would read them, with what the ledger knows; nothing is recorded.
pub(super) struct Reading {
    sources: catalog::Files,
    known: Vec<catalog::Known>,
    key: Option<Key>,
    /// The ledger, where there is one.
    pub(super) store: Option<Store>,
}

impl Reading {
    /// Reads the files of a site.
    pub(super) async fn of(site: &Site) -> Result<Self, Refusal> {
        let sources = directory::read(&site.config.posts).map_err(Refusal::needs_operator)?;
        let store = Store::look(site.location()?).await?;
        let (known, key) = match &store {
            None => (Vec::new(), None),
            Some(store) => (store.known_posts(|_| {}).await?, Some(store.ledger().await?.key)),
        };
        Ok(Self { sources, known, key, store })
    }

    /// The catalog that a run would publish at `now`.
    pub(super) fn catalog(&self, site: &Site, now: Timestamp) -> Catalog {
        catalog::read(&self.sources, &self.known, &site.catalog_settings(), now)
    }

    /// Every post, with drafts and those that are scheduled.
    fn everything(&self, site: &Site, now: Timestamp) -> Catalog {
        let settings = site.catalog_settings();
        catalog::read_drafts(&self.sources, &self.known, &settings, now.plus(AHEAD))
    }
}

/// A letter of the posts at `places` with what stands beside them, as the first newsletter would
/// send it in that cadence.
pub(super) fn letter(
    site: &Site,
    posts: &[Post],
    (places, beside, cadence): (&[usize], &Chosen, Cadence),
    key: &Key,
) -> Result<(Newsletter, render::Letter), Refusal> {
    let newsletter = site.newsletters().into_iter().next().ok_or_else(|| {
        Refusal::wrong_usage("the configuration has no [[newsletters]], so there are no letters")
    })?;
    let now = Clock::System.now();
    let stationery = site.stationery();
    let picked = |places: &[usize]| places.iter().filter_map(|&p| posts.get(p)).collect();
    let digest = Digest {
        articles: picked(places),
        related: picked(&beside.related),
        popular: picked(&beside.popular),
    };
    let issue = IssueName::periodic(cadence, now, &site.config.zone)
        .map_or_else(|| "preview".to_owned(), |name| name.to_string());
    let head = stationery.letterhead(&newsletter, (&issue, cadence), now);
    let letter = render::render(&site.templates, &head, &digest, &newsletter.sender, key)
        .map_err(Refusal::needs_operator)?;
    Ok((newsletter, letter))
}

/// Prints the letter of a post, or a digest of the newest posts.
pub(super) async fn preview(
    root: &Path,
    (post, digest): (Option<&str>, Option<Cadence>),
    format: Format,
) -> Result<u8, Refusal> {
    let site = Site::read(root)?;
    let reading = Reading::of(&site).await?;
    let now = Clock::System.now();
    let catalog = reading.catalog(&site, now);
    let post = post.map(|name| below(&site, name));
    let key = reading.key.clone().unwrap_or_else(|| Key::new(b"preview".to_vec()));
    let cadence = digest.unwrap_or(if post.is_some() { Cadence::Instant } else { Cadence::Weekly });
    let (catalog, places) = match &post {
        Some(name) => match place(&catalog, name) {
            Some(at) => (catalog, vec![at]),
            None => unpublished(&site, (&reading, &catalog), name)?,
        },
        None if cadence == Cadence::Instant => {
            return Err(Refusal::wrong_usage("an instant letter is of one post: name it"));
        }
        None => {
            let places = (0..catalog.posts.len().min(DIGEST)).collect();
            (catalog, places)
        }
    };
    if places.is_empty() {
        return Err(Refusal::needs_operator("there is no published post to show"));
    }
    let beside = beside(&site, &reading, (&catalog.posts, &places), now).await?;
    let (newsletter, letter) = letter(&site, &catalog.posts, (&places, &beside, cadence), &key)?;
    print(&newsletter, &letter, &key, format)
}

/// A post as it was named, or its path below the folder of posts where the name leads to a file
/// there: from here, from the root, or from anywhere.
pub(super) fn below(site: &Site, name: &str) -> String {
    let inside = |path: &Path| {
        let (path, posts) = (path.canonicalize().ok()?, site.config.posts.canonicalize().ok()?);
        Some(path.strip_prefix(posts).ok()?.to_string_lossy().into_owned())
    };
    let found = [Path::new(name).to_owned(), site.root.join(name)].iter().find_map(|p| inside(p));
    found.filter(|path| !path.is_empty()).unwrap_or_else(|| name.trim_start_matches('/').to_owned())
}

pub(super) fn place(catalog: &Catalog, name: &str) -> Option<usize> {
    catalog.posts.iter().position(|post| post.is_called(name))
}

/// What would stand beside these posts for a reader who has had no letter.
async fn beside(
    site: &Site,
    reading: &Reading,
    (posts, places): (&[Post], &[usize]),
    now: Timestamp,
) -> Result<Chosen, Refusal> {
    let ground = (posts, now);
    let shelf = Shelf::new(site, reading.store.as_ref(), ground, Renewal::Daily).await?;
    let related = &site.config.related;
    let wish = Wish::page(related.count, related.fills(), now);
    Ok(shelf.related().lists.choose(places, &wish))
}

/// A draft or a post that is scheduled, among all posts; which it is, is said.
fn unpublished(
    site: &Site,
    (reading, catalog): (&Reading, &Catalog),
    name: &str,
) -> Result<(Catalog, Vec<usize>), Refusal> {
    let everything = reading.everything(site, Clock::System.now());
    let Some(at) = place(&everything, name) else {
        return Err(Refusal::wrong_usage(unknown(&everything, name)));
    };
    let path = everything.posts.get(at).map_or("", |post| post.path.as_str());
    match catalog.scheduled.iter().find(|(scheduled, _)| scheduled == path) {
        Some((_, at)) => out::note(&format!("posts/{path} is scheduled for {}", site.time(*at))),
        None => out::note(&format!("posts/{path} is a draft")),
    }
    Ok((everything, vec![at]))
}

pub(super) fn unknown(catalog: &Catalog, name: &str) -> String {
    let path = name.strip_prefix("posts/").unwrap_or(name);
    if let Some(refusal) = catalog.refused.iter().find(|refusal| refusal.path == path) {
        return refusal.to_string();
    }
    match nearest(path, catalog.posts.iter().flat_map(|post| [&*post.path, &*post.key])) {
        Some(near) => format!("no post is called \"{name}\"; did you mean \"{near}\"?"),
        None => format!("no post is called \"{name}\"; name its file, slug, key or address"),
    }
}

fn print(
    newsletter: &Newsletter,
    letter: &render::Letter,
    key: &Key,
    format: Format,
) -> Result<u8, Refusal> {
    let address = "reader@example.net".parse().map_err(Refusal::needs_operator)?;
    let reader = Recipient { address, name: "Reader".to_owned(), subscription: 0 };
    let sender = &newsletter.sender;
    let octets = match format {
        Format::Eml => sender.message(letter, &reader, key).map_err(Refusal::needs_operator)?,
        Format::Text => sender.readable(&letter.text, false, &reader, key).into_bytes(),
        Format::Html => sender.readable(&letter.html, true, &reader, key).into_bytes(),
    };
    out::octets(&octets);
    Ok(0)
}
