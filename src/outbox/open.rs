//! Opening: what is due becomes an issue, its editions are frozen, and every reader who is owed
//! something gets one delivery.
//!
//! It promises that an edition is composed and rendered once however many readers share it, that
//! a reader is never owed a post twice (the history moves in the transaction that writes the
//! delivery), and that a run that is cut off is simply continued by the next one: whoever has a
//! delivery is no longer in the group that is being opened.
//!
//! A letter that cannot be rendered opens no issue: the reason is a trouble of the run, its
//! readers stay owed, and the rest goes on. A ledger that fails ends the opening.

use std::time::Duration;

use crate::{
    digest::{
        self, Digest,
        message::Sender,
        render::{Letterhead, render},
    },
    domain::{issue::IssueName, post::Post, subscriber::Cadence, token::Key},
    rank::{Index, Wish},
    store::{
        self, Store,
        audience::{Audience, Group},
        issues::{EditionKey, Issue, Opening},
    },
    template::Templates,
    time::{Schedule, Timestamp, Zone},
};

/// A newsletter as opening needs it.
#[derive(Clone, Debug)]
pub struct Newsletter {
    /// Its name for ever.
    pub id: String,
    /// What readers call it.
    pub name: String,
    /// Why they get it.
    pub description: String,
    /// Offered cadences; those but instant with their schedules.
    pub cadences: Vec<(Cadence, Option<Schedule>)>,
    /// Who sends it.
    pub sender: Sender,
}

/// What letters of all newsletters have in common.
#[derive(Clone, Debug)]
pub struct Stationery {
    /// The site's title.
    pub site: String,
    /// The site's address.
    pub url: String,
    /// BCP 47.
    pub language: String,
    /// Who writes, or empty.
    pub author: String,
    /// The owner's postal address, or empty.
    pub postal_address: String,
    /// By whose calendar dates are written.
    pub zone: Zone,
    /// How many related posts a letter shows.
    pub related: usize,
    /// How much popularity lifts one.
    pub popularity: f64,
    /// How long after it was first seen a post may still be mailed.
    pub eligible: Duration,
}

/// Everything that opening looks at; it changes the store alone.
pub struct Printer<'a> {
    /// The ledger.
    pub store: &'a Store,
    /// Its secret.
    pub key: &'a Key,
    /// When the ledger began to know posts.
    pub baseline: Timestamp,
    /// Published posts, newest first.
    pub posts: &'a [Post],
    /// Their index.
    pub index: &'a Index,
    /// Templates.
    pub templates: &'a Templates,
    /// What letters have in common.
    pub stationery: &'a Stationery,
    /// The present instant.
    pub now: Timestamp,
}

/// What an opening did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// Names of issues that got deliveries.
    pub issues: Vec<String>,
    /// Deliveries written.
    pub deliveries: u64,
    /// Letters that could not be rendered, in words.
    pub troubles: Vec<String>,
}

/// A candidate with the place of its post in the catalog.
#[derive(Clone, Copy)]
struct Known {
    candidate: digest::Candidate,
    post: usize,
}

/// One issue that is due, and whose audience it is.
struct Due<'a> {
    newsletter: &'a Newsletter,
    name: IssueName,
    planned: Timestamp,
}

impl Printer<'_> {
    /// Opens what is due of `newsletters` and lets it be sent.
    pub async fn open(&self, newsletters: &[Newsletter]) -> Result<Opened, store::Error> {
        let since = self.now.minus(self.stationery.eligible);
        let known = self.known(self.store.candidates(since).await?);
        let mut opened = Opened::default();
        for newsletter in newsletters {
            for (cadence, schedule) in &newsletter.cadences {
                match schedule {
                    None => self.instant(newsletter, &known, &mut opened).await?,
                    Some(schedule) => {
                        let due = (*cadence, schedule);
                        self.periodic(newsletter, due, &known, &mut opened).await?;
                    }
                }
            }
        }
        self.store.release_opened(self.now).await?;
        Ok(opened)
    }

    fn known(&self, candidates: Vec<store::posts::Candidate>) -> Vec<Known> {
        let places: std::collections::HashMap<&str, usize> =
            self.posts.iter().enumerate().map(|(place, post)| (post.id.as_str(), place)).collect();
        let known = candidates.into_iter().filter_map(|found| {
            let candidate = digest::Candidate { row: found.row, first_seen: found.first_seen };
            Some(Known { candidate, post: *places.get(found.id.as_str())? })
        });
        known.collect()
    }

    /// One issue a post, in the order in which they appeared.
    async fn instant(
        &self,
        newsletter: &Newsletter,
        known: &[Known],
        opened: &mut Opened,
    ) -> Result<(), store::Error> {
        for one in known {
            let Some(post) = self.posts.get(one.post) else { continue };
            let due = Due {
                newsletter,
                name: IssueName::instant(&post.key),
                planned: one.candidate.first_seen,
            };
            self.issue(&due, known, Some(one.candidate.row), opened).await?;
        }
        Ok(())
    }

    /// The issue of the latest planned time that has passed and was not acted upon.
    async fn periodic(
        &self,
        newsletter: &Newsletter,
        (cadence, schedule): (Cadence, &Schedule),
        known: &[Known],
        opened: &mut Opened,
    ) -> Result<(), store::Error> {
        let last = self.store.last_slot(&newsletter.id, cadence).await?;
        let after = last.unwrap_or(self.baseline);
        let Some(planned) = schedule.latest(after, self.now) else { return Ok(()) };
        let Some(name) = IssueName::periodic(cadence, planned, schedule.zone()) else {
            return Ok(());
        };
        let before = opened.troubles.len();
        self.issue(&Due { newsletter, name, planned }, known, None, opened).await?;
        if opened.troubles.len() == before {
            self.store.take_slot(&newsletter.id, cadence, (planned, self.now)).await?;
        }
        Ok(())
    }

    /// Opens one issue for every group that is owed something; `only` narrows it to one post.
    async fn issue(
        &self,
        due: &Due<'_>,
        known: &[Known],
        only: Option<i64>,
        opened: &mut Opened,
    ) -> Result<(), store::Error> {
        let candidates: Vec<digest::Candidate> = known.iter().map(|k| k.candidate).collect();
        let moments = digest::moments(&candidates);
        let audience = Audience {
            newsletter: &due.newsletter.id,
            cadence: due.name.cadence(),
            moments: &moments,
        };
        let mut written = 0;
        for group in self.store.groups(audience).await? {
            let mut rows = digest::owed(&candidates, group.missed, &group.had);
            rows.retain(|row| only.is_none_or(|only| only == *row));
            if rows.is_empty() {
                continue;
            }
            match self.edition(due, known, &group, &rows).await? {
                Ok((issue, edition)) => {
                    let opening = Opening {
                        audience,
                        history: group.history,
                        missed: group.missed,
                        issue: issue.id,
                    };
                    let had = digest::history_after(&candidates, &group.had, &rows);
                    written += self.store.open_deliveries(&opening, edition, had, self.now).await?;
                }
                Err(trouble) => {
                    opened.troubles.push(trouble);
                    break;
                }
            }
        }
        if written > 0 {
            opened.issues.push(due.name.to_string());
            opened.deliveries += written;
        }
        Ok(())
    }

    /// The frozen edition for a group, made where there is none; or why it cannot be made.
    async fn edition(
        &self,
        due: &Due<'_>,
        known: &[Known],
        group: &Group,
        rows: &[i64],
    ) -> Result<Result<(Issue, i64), String>, store::Error> {
        let (articles, related) = self.choose(known, group, rows);
        let picked = |places: &[usize]| -> Vec<&Post> {
            places.iter().filter_map(|&place| self.posts.get(place)).collect()
        };
        let digest = Digest { articles: picked(&articles), related: picked(&related) };
        let rendered = self.letter(due, &digest);
        let letter = match rendered {
            Ok(letter) => letter,
            Err(error) => return Ok(Err(format!("{}: {error}", due.name))),
        };
        let issue = self.store.open_issue(&due.newsletter.id, &due.name, due.planned).await?;
        let key = EditionKey {
            issue: issue.id,
            posts: rows.to_vec(),
            related: digest.related.iter().map(|post| post.id.clone()).collect(),
            language: self.stationery.language.clone(),
        };
        let edition = match self.store.edition(&key).await? {
            Some(edition) => edition,
            None => self.store.freeze_edition(&key, &letter, self.now).await?,
        };
        Ok(Ok((issue, edition)))
    }

    /// Places of the articles, newest first, and of the related posts that go with them.
    fn choose(&self, known: &[Known], group: &Group, rows: &[i64]) -> (Vec<usize>, Vec<usize>) {
        let row_of = |place: usize| known.iter().find(|k| k.post == place).map(|k| k.candidate.row);
        let mut articles: Vec<usize> =
            known.iter().filter(|k| rows.contains(&k.candidate.row)).map(|k| k.post).collect();
        articles.sort_unstable();
        let barred = |place: usize| {
            row_of(place).is_some_and(|row| group.had.contains(&row) || rows.contains(&row))
        };
        let wish = Wish {
            count: self.stationery.related,
            popularity: self.stationery.popularity,
            now: self.now,
            barred: &barred,
        };
        let related = self.index.suggest(self.posts, &articles, &wish);
        (articles, related)
    }

    fn letter(&self, due: &Due<'_>, digest: &Digest<'_>) -> Result<String, digest::render::Error> {
        let name = due.name.to_string();
        let head = self.letterhead(due.newsletter, &name, due.name.cadence());
        let letter = render(self.templates, &head, digest, &due.newsletter.sender, self.key)?;
        Ok(serde_json::to_string(&letter).unwrap_or_default())
    }

    fn letterhead<'a>(
        &'a self,
        newsletter: &'a Newsletter,
        issue: &'a str,
        cadence: Cadence,
    ) -> Letterhead<'a> {
        self.stationery.letterhead(newsletter, (issue, cadence), self.now)
    }
}

impl Stationery {
    /// The head of an issue's letters, made at `date`.
    pub fn letterhead<'a>(
        &'a self,
        newsletter: &'a Newsletter,
        (issue, cadence): (&'a str, Cadence),
        date: Timestamp,
    ) -> Letterhead<'a> {
        Letterhead {
            site: &self.site,
            url: &self.url,
            language: &self.language,
            author: &self.author,
            postal_address: &self.postal_address,
            newsletter: &newsletter.name,
            description: &newsletter.description,
            issue,
            cadence,
            date,
            zone: &self.zone,
        }
    }
}
