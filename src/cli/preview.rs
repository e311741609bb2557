//! `preview POST`: the letter that a post would make, to standard output.

use std::path::Path;

use super::{Format, Refusal};
use crate::{
    catalog::{self, Catalog, directory},
    digest::{Digest, message::Recipient, render},
    domain::{post::Post, subscriber::Cadence, token::Key},
    outbox::open::Newsletter,
    rank::{Index, Wish},
    service::site::Site,
    store::Store,
    time::Clock,
};

/// The catalog as a run would read it, with what the ledger knows; nothing is recorded.
pub(super) async fn catalog(site: &Site) -> Result<(Catalog, Option<Key>), Refusal> {
    let sources = directory::sources(&site.config.posts).map_err(Refusal::needs_operator)?;
    let (known, key) = match Store::look(site.location()?).await? {
        None => (Vec::new(), None),
        Some(store) => (store.known_posts().await?, Some(store.ledger().await?.key)),
    };
    let now = Clock::System.now();
    Ok((catalog::read(&sources, &known, &site.catalog_settings(), now), key))
}

/// A letter of one article, as the first newsletter would send it.
pub(super) fn letter(
    site: &Site,
    posts: &[Post],
    place: usize,
    key: &Key,
) -> Result<(Newsletter, render::Letter), Refusal> {
    let newsletter = site.newsletters().into_iter().next().ok_or_else(|| {
        Refusal::wrong_usage("the configuration has no [[newsletters]], so there are no letters")
    })?;
    let now = Clock::System.now();
    let stationery = site.stationery();
    let wish = Wish {
        count: stationery.related,
        popularity: stationery.popularity,
        now,
        barred: &|_| false,
    };
    let related = Index::new(posts).suggest(posts, &[place], &wish);
    let picked = |places: &[usize]| places.iter().filter_map(|&p| posts.get(p)).collect();
    let digest = Digest { articles: picked(&[place]), related: picked(&related) };
    let head = stationery.letterhead(&newsletter, ("preview", Cadence::Instant), now);
    let letter = render::render(&site.templates, &head, &digest, &newsletter.sender, key)
        .map_err(Refusal::needs_operator)?;
    Ok((newsletter, letter))
}

/// Prints the letter of a post.
pub(super) async fn preview(root: &Path, post: &str, format: Format) -> Result<u8, Refusal> {
    let site = Site::read(root)?;
    let (catalog, key) = catalog(&site).await?;
    let place = catalog.posts.iter().position(|one| one.is_called(post)).ok_or_else(|| {
        let names: Vec<&str> = catalog.posts.iter().take(5).map(|p| p.path.as_str()).collect();
        let text = format!("no published post is called \"{post}\"; try {}", names.join(", "));
        Refusal::wrong_usage(text)
    })?;
    let key = key.unwrap_or_else(|| Key::new(b"preview".to_vec()));
    let (newsletter, letter) = letter(&site, &catalog.posts, place, &key)?;
    let address = "reader@example.net".parse().map_err(Refusal::needs_operator)?;
    let reader = Recipient { address, name: "Reader".to_owned(), subscription: 0 };
    let sender = &newsletter.sender;
    match format {
        Format::Eml => {
            let octets = sender.message(&letter, &reader, &key).map_err(Refusal::needs_operator)?;
            print!("{}", String::from_utf8_lossy(&octets));
        }
        Format::Text => print!("{}", sender.readable(&letter.text, false, &reader, &key)),
        Format::Html => print!("{}", sender.readable(&letter.html, true, &reader, &key)),
    }
    Ok(0)
}
