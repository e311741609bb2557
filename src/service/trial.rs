//! Trials: a letter as it would be made, of a post, a draft or a digest, for a look at it.
//!
//! It is made by the same steps from the same files as the letters of a run, for a reader of its
//! own; the ledger is looked at and nothing is recorded. A trial tells what may be found fault
//! with ([`Trial::findings`]) and can be sent to one address through the configured relay.
//!
//! What cannot be made is an [`Error`]: a name that means no post, or a post or template at fault.

use std::{path::Path, time::Duration};

use super::{
    alarm, nearest,
    related::{Renewal, Shelf},
    site::Site,
};
use crate::{
    catalog::{self, Catalog, directory},
    config::Way,
    digest::{
        Digest,
        lint::{self, Finding},
        message::{Part, Recipient},
        render,
    },
    domain::{address::Address, issue::IssueName, post::Post, subscriber::Cadence, token::Key},
    outbox::{
        attempt::Envelope,
        open::{Newsletter, Related},
        transport::Outgoing,
    },
    rank::Wish,
    store::{self, Store},
    time::{Clock, Timestamp},
};

/// How far ahead a look at a scheduled post goes.
const AHEAD: Duration = Duration::from_secs(1000 * 365 * 86_400);

/// How many posts a digest shows.
const DIGEST: usize = 3;

/// A letter that cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was asked for is not there.
    #[error("{0}")]
    Unknown(String),
    /// It is there and no letter can be made of it, or it cannot be sent.
    #[error("{0}")]
    Unmade(String),
    /// The ledger, or the configuration of where it is.
    #[error(transparent)]
    Ledger(#[from] store::Error),
    /// The configuration.
    #[error(transparent)]
    Site(#[from] super::site::Error),
}

/// Which letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Of a post, by its file, slug, key or address; drafts included.
    Post(String),
    /// A digest of the newest posts.
    Digest(Cadence),
}

/// Posts as a run would read them, with what the ledger knows; nothing is recorded.
pub struct Reading {
    sources: catalog::Files,
    known: Vec<catalog::Known>,
    key: Key,
    /// The ledger, where there is one.
    pub store: Option<Store>,
}

impl Reading {
    /// Reads the files of a site.
    pub async fn of(site: &Site) -> Result<Self, Error> {
        let sources = directory::read(&site.config.posts);
        let sources = sources.map_err(|error| Error::Unmade(error.to_string()))?;
        let store = Store::look(site.location()?).await?;
        let (known, key) = match &store {
            None => (Vec::new(), Key::new(b"preview".to_vec())),
            Some(store) => (store.known_posts(|_| {}).await?, store.ledger().await?.key),
        };
        Ok(Self { sources, known, key, store })
    }

    /// The catalog that a run would publish at `now`.
    pub fn catalog(&self, site: &Site, now: Timestamp) -> Catalog {
        catalog::read(&self.sources, &self.known, &site.catalog_settings(), now)
    }

    /// Every post, with drafts and those that are scheduled.
    pub fn everything(&self, site: &Site, now: Timestamp) -> Catalog {
        let settings = site.catalog_settings();
        catalog::read_drafts(&self.sources, &self.known, &settings, now.plus(AHEAD))
    }

    /// What may stand beside posts in letters.
    pub async fn related<'a>(
        &self,
        site: &'a Site,
        posts: &'a [Post],
    ) -> Result<Related<'a>, Error> {
        let ground = (posts, Clock::System.now());
        let shelf = Shelf::new(site, self.store.as_ref(), ground, Renewal::Daily).await?;
        Ok(shelf.related())
    }

    /// The letter of the posts at `places`, as a newsletter would send it in that cadence.
    pub fn letter(
        &self,
        site: &Site,
        newsletter: &Newsletter,
        (posts, related): (&[Post], &Related<'_>),
        (places, cadence): (&[usize], Cadence),
    ) -> Result<Trial, Error> {
        let now = Clock::System.now();
        let stationery = site.stationery();
        let wish = Wish::page(stationery.related, stationery.fill, now);
        let beside = related.lists.choose(places, &wish);
        let picked = |places: &[usize]| places.iter().filter_map(|&p| posts.get(p)).collect();
        let digest = Digest {
            articles: picked(places),
            related: picked(&beside.related),
            popular: picked(&beside.popular),
        };
        let issue = IssueName::periodic(cadence, now, &site.config.zone)
            .map_or_else(|| "preview".to_owned(), |name| name.to_string());
        let head =
            stationery.letterhead(newsletter, (&issue, cadence), (&newsletter.language, now));
        let letter = render::render(&site.templates, &head, &digest, &newsletter.sender, &self.key)
            .map_err(|error| Error::Unmade(error.to_string()))?;
        Ok(Trial { newsletter: newsletter.clone(), letter, key: self.key.clone(), note: None })
    }
}

/// A letter as it would be made.
pub struct Trial {
    /// Whose letter it is.
    pub newsletter: Newsletter,
    /// The letter.
    pub letter: render::Letter,
    /// What is to be known of the post: that it is a draft, or scheduled.
    pub note: Option<String>,
    key: Key,
}

impl Trial {
    /// Makes the letter that was asked for, as the first newsletter would send it.
    pub async fn make(site: &Site, which: &Which) -> Result<Self, Error> {
        let Some(newsletter) = site.newsletters().into_iter().next() else {
            let why = "the configuration has no [[newsletters]], so there are no letters";
            return Err(Error::Unknown(why.to_owned()));
        };
        let reading = Reading::of(site).await?;
        let now = Clock::System.now();
        let catalog = reading.catalog(site, now);
        let related = reading.related(site, &catalog.posts).await?;
        let posts = (&catalog.posts[..], &related);
        match which {
            Which::Post(name) => {
                let name = below(site, name);
                match place(&catalog, &name) {
                    Some(at) => {
                        let of = (&[at][..], Cadence::Instant);
                        reading.letter(site, &newsletter, posts, of)
                    }
                    None => unpublished(site, (&reading, &catalog), &name, &newsletter).await,
                }
            }
            Which::Digest(Cadence::Instant) => {
                Err(Error::Unknown("an instant letter is of one post: name it".to_owned()))
            }
            Which::Digest(cadence) => {
                let places: Vec<usize> = (0..catalog.posts.len().min(DIGEST)).collect();
                if places.is_empty() {
                    return Err(Error::Unmade("there is no published post to show".to_owned()));
                }
                reading.letter(site, &newsletter, posts, (&places, *cadence))
            }
        }
    }

    /// A part as its reader's program shows it.
    pub fn part(&self, part: Part) -> String {
        self.newsletter.sender.readable(&self.letter, part, &sample(), &self.key)
    }

    /// The whole message for `address`; for a reader of its own without one.
    pub fn message(&self, address: Option<&Address>) -> Result<Vec<u8>, Error> {
        let to = Recipient { address: address.cloned().unwrap_or(sample().address), ..sample() };
        let made = self.newsletter.sender.message(&self.letter, &to, &self.key);
        made.map_err(|error| Error::Unmade(error.to_string()))
    }

    /// What may be found fault with.
    pub fn findings(&self, site: &Site) -> Vec<Finding> {
        let (html, text) = (self.part(Part::Html), self.part(Part::Text));
        let unsubscribe = self.newsletter.sender.unsubscribe(&sample(), &self.key);
        let subject = &self.letter.subject;
        let shown = lint::Shown { subject, html: &html, text: &text, unsubscribe: &unsubscribe };
        let mut found = lint::lint(&shown);
        let note = |what: String| Finding { serious: false, what };
        if site.config.postal_address.trim().is_empty() {
            found.push(note("mail.postal_address is empty; many countries ask for one".to_owned()));
        }
        if !site.templates.words().speaks(&self.newsletter.language) {
            let language = &self.newsletter.language;
            found.push(note(format!("there are no words in \"{language}\"; it speaks English")));
        }
        found
    }

    /// Hands the letter to `address` through the relay that is used first, or into the folder.
    pub async fn send(&self, site: &Site, address: &Address) -> Result<(), Error> {
        let outlets = site.outlets()?;
        // As of every other letter: its links would lead nowhere.
        let leaves = site.config.way == Way::Smtp && !address.is_reserved();
        if leaves && !site.config.is_public {
            return Err(Error::Unmade(super::unreachable_links()));
        }
        let envelope = Envelope {
            from: self.newsletter.sender.from.1.clone(),
            to: address.clone(),
            id: "preview".to_owned(),
        };
        let name = format!("preview/{}", address.as_str());
        let letter = Outgoing { envelope, name, message: self.message(Some(address))? };
        let mut why = "there is no way out".to_owned();
        for outlet in &outlets {
            match alarm::ring(&outlet.transport, &letter).await {
                Ok(()) => return Ok(()),
                Err(other) => why = other,
            }
        }
        Err(Error::Unmade(format!("{address} did not get it: {why}")))
    }
}

/// The reader of a trial. `example.net` is reserved (RFC 2606), so that this is nobody.
fn sample() -> Recipient {
    Recipient { address: Address::sample(), name: "Reader".to_owned(), subscription: 0 }
}

/// A post as it was named, or its path below the folder of posts where the name leads to a file
/// there: from here, from the root, or from anywhere.
pub fn below(site: &Site, name: &str) -> String {
    let inside = |path: &Path| {
        let (path, posts) = (path.canonicalize().ok()?, site.config.posts.canonicalize().ok()?);
        Some(path.strip_prefix(posts).ok()?.to_string_lossy().into_owned())
    };
    let found = [Path::new(name).to_owned(), site.root.join(name)].iter().find_map(|p| inside(p));
    found.filter(|path| !path.is_empty()).unwrap_or_else(|| name.trim_start_matches('/').to_owned())
}

/// Where a post of that name is.
pub fn place(catalog: &Catalog, name: &str) -> Option<usize> {
    catalog.posts.iter().position(|post| post.is_called(name))
}

/// The letter of a draft or of a post that is scheduled, which is said beside it.
async fn unpublished(
    site: &Site,
    (reading, catalog): (&Reading, &Catalog),
    name: &str,
    newsletter: &Newsletter,
) -> Result<Trial, Error> {
    let everything = reading.everything(site, Clock::System.now());
    let Some(at) = place(&everything, name) else {
        return Err(Error::Unknown(unknown(&everything, name)));
    };
    let path = everything.posts.get(at).map_or("", |post| post.path.as_str());
    let scheduled = catalog.scheduled.iter().find(|(scheduled, _)| scheduled == path);
    let note = match scheduled {
        Some((_, at)) => format!("posts/{path} is scheduled for {}", site.time(*at)),
        None => format!("posts/{path} is a draft"),
    };
    let of = (&[at][..], Cadence::Instant);
    let related = reading.related(site, &everything.posts).await?;
    let trial = reading.letter(site, newsletter, (&everything.posts, &related), of)?;
    Ok(Trial { note: Some(note), ..trial })
}

/// That no post has that name, and which is near it.
pub fn unknown(catalog: &Catalog, name: &str) -> String {
    let path = name.strip_prefix("posts/").unwrap_or(name);
    if let Some(refusal) = catalog.refused.iter().find(|refusal| refusal.path == path) {
        return refusal.to_string();
    }
    match nearest(path, catalog.posts.iter().flat_map(|post| [&*post.path, &*post.key])) {
        Some(near) => format!("no post is called \"{name}\"; did you mean \"{near}\"?"),
        None => format!("no post is called \"{name}\"; name its file, slug, key or address"),
    }
}
