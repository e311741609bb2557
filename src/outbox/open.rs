//! Opening: what is due becomes an issue, its editions are frozen, and every reader who is owed
//! something gets one delivery.
//!
//! It promises that an edition is composed and rendered once however many readers share it, that
//! a reader is never owed a post twice (the history moves in the transaction that writes the
//! delivery), and that a run that is cut off is simply continued by the next one: whoever has a
//! delivery is no longer in the group that is being opened.
//!
//! What looks like an archive ([`Guard`]) is opened held: its deliveries are written, and nothing
//! of it leaves before the operator lets it go.
//!
//! A letter that cannot be rendered opens no issue: the reason is a trouble of the run, its
//! readers stay owed, and the rest goes on. A ledger that fails ends the opening.

use std::time::Duration;

use super::eligible::{Eligible, Guard};
use crate::{
    digest::{
        self, Digest,
        message::Sender,
        render::{Letterhead, render},
    },
    domain::{issue::IssueName, post::Post, subscriber::Cadence, token::Key},
    rank::{
        Chosen, Lists, Wish,
        rails::{Held, Log, Rails},
    },
    store::{
        self, Store,
        audience::{Audience, Group},
        issues::{EditionKey, Gift, Issue, Opening},
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
    /// Whether popular posts take the places that related ones leave open.
    pub fill: bool,
    /// What of them a reader has seen too often.
    pub rails: Rails,
    /// How long after it was first seen a post may still be mailed.
    pub eligible: Duration,
    /// What links to posts carry in their address where readers are counted, else empty.
    pub mark: String,
}

/// What is related to the published posts.
pub struct Related<'a> {
    /// What is stored of each post.
    pub lists: Lists<'a>,
    /// The number by which the ledger knows each post.
    pub rows: Vec<i64>,
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
    /// What is related to them.
    pub related: &'a Related<'a>,
    /// Templates.
    pub templates: &'a Templates,
    /// What letters have in common.
    pub stationery: &'a Stationery,
    /// What is held back.
    pub guard: Guard,
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
    /// What the operator may want to know.
    pub notes: Vec<String>,
}

/// One issue that is due, and whose audience it is.
struct Due<'a> {
    newsletter: &'a Newsletter,
    name: IssueName,
    planned: Timestamp,
}

/// The places of the posts in a letter.
struct Content {
    articles: Vec<usize>,
    beside: Chosen,
}

impl Printer<'_> {
    /// Opens what is due of `newsletters` and lets it be sent.
    pub async fn open(&self, newsletters: &[Newsletter]) -> Result<Opened, store::Error> {
        let eligible = self.eligible().await?;
        let mut opened = Opened::default();
        for newsletter in newsletters {
            for (cadence, schedule) in &newsletter.cadences {
                match schedule {
                    None => self.instant(newsletter, &eligible, &mut opened).await?,
                    Some(schedule) => {
                        let due = (*cadence, schedule);
                        self.periodic(newsletter, due, &eligible, &mut opened).await?;
                    }
                }
            }
        }
        self.store.release_opened(self.now).await?;
        Ok(opened)
    }

    async fn eligible(&self) -> Result<Eligible<'_>, store::Error> {
        let found = self.store.candidates(self.now.minus(digest::MEMORY)).await?;
        let since = self.now.minus(self.stationery.eligible);
        Ok(Eligible::new(self.posts, found, (since, self.now)))
    }

    /// One issue a post, in the order in which they appeared.
    async fn instant(
        &self,
        newsletter: &Newsletter,
        eligible: &Eligible<'_>,
        opened: &mut Opened,
    ) -> Result<(), store::Error> {
        for one in &eligible.known {
            let due = Due {
                newsletter,
                name: IssueName::instant(&one.post.key),
                planned: one.candidate.first_seen,
            };
            self.issue(&due, eligible, Some(one.candidate.row), opened).await?;
        }
        Ok(())
    }

    /// The issue of the latest planned time that has passed and was not acted upon.
    async fn periodic(
        &self,
        newsletter: &Newsletter,
        (cadence, schedule): (Cadence, &Schedule),
        eligible: &Eligible<'_>,
        opened: &mut Opened,
    ) -> Result<(), store::Error> {
        let last = self.last_slot(newsletter, cadence, opened).await?;
        let after = last.unwrap_or(self.baseline);
        let Some(planned) = schedule.latest(after, self.now) else { return Ok(()) };
        let Some(name) = IssueName::periodic(cadence, planned, schedule.zone()) else {
            return Ok(());
        };
        let before = opened.troubles.len();
        self.issue(&Due { newsletter, name, planned }, eligible, None, opened).await?;
        if opened.troubles.len() == before {
            self.store.take_slot(&newsletter.id, cadence, (planned, self.now)).await?;
        }
        Ok(())
    }

    /// The latest planned time that was acted upon; one in the future is told and ignored.
    async fn last_slot(
        &self,
        newsletter: &Newsletter,
        cadence: Cadence,
        opened: &mut Opened,
    ) -> Result<Option<Timestamp>, store::Error> {
        let last = self.store.last_slot(&newsletter.id, cadence).await?;
        let Some(ahead) = last.filter(|last| *last > self.now) else { return Ok(last) };
        opened.notes.push(format!(
            "the {cadence} issue of {} planned for {ahead} was opened already, by a clock that was \
             wrong; it is passed over and digests go on",
            newsletter.id
        ));
        self.store.last_slot_before(&newsletter.id, cadence, self.now).await
    }

    /// Opens one issue for every group that is owed something; `only` narrows it to one post.
    async fn issue(
        &self,
        due: &Due<'_>,
        eligible: &Eligible<'_>,
        only: Option<i64>,
        opened: &mut Opened,
    ) -> Result<(), store::Error> {
        let moments = digest::moments(&eligible.candidates);
        let audience = Audience {
            newsletter: &due.newsletter.id,
            cadence: due.name.cadence(),
            moments: &moments,
        };
        let logs = self.store.logs(audience).await?;
        let mut written = 0;
        for group in self.store.groups(audience).await? {
            let mut rows = digest::owed(&eligible.candidates, group.missed, &group.had);
            rows.retain(|row| only.is_none_or(|only| only == *row));
            if rows.is_empty() {
                continue;
            }
            let log = logs.get(&group.history).cloned().unwrap_or_default();
            let content = self.choose(eligible, (&group, &log), &rows);
            match self.edition(due, eligible, &rows, &content).await? {
                Ok((issue, edition)) => {
                    let opening = Opening {
                        audience,
                        history: group.history,
                        missed: group.missed,
                        issue: issue.id,
                    };
                    let had = digest::history_after(&eligible.remembered, &group.had, &rows);
                    let log = log.after(self.held(rows, &content.beside));
                    let gift = Gift { edition, had, log };
                    written += self.store.open_deliveries(&opening, &gift, self.now).await?;
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

    /// The frozen edition of that content, made where there is none; or why it cannot be made.
    async fn edition(
        &self,
        due: &Due<'_>,
        eligible: &Eligible<'_>,
        rows: &[i64],
        content: &Content,
    ) -> Result<Result<(Issue, i64), String>, store::Error> {
        let picked = |places: &[usize]| -> Vec<&Post> {
            places.iter().filter_map(|&place| self.posts.get(place)).collect()
        };
        let digest = Digest {
            articles: picked(&content.articles),
            related: picked(&content.beside.related),
            popular: picked(&content.beside.popular),
        };
        let rendered = self.letter(due, &digest);
        let letter = match rendered {
            Ok(letter) => letter,
            Err(error) => return Ok(Err(format!("{}: {error}", due.name))),
        };
        let issue = self.store.open_issue(&due.newsletter.id, &due.name, due.planned).await?;
        if issue.state == "opening"
            && let Some(why) =
                self.guard.doubt(eligible, rows, (self.baseline, &self.stationery.zone))
        {
            self.store.hold_issue(issue.id, &why).await?;
        }
        let ids = |posts: &[&Post]| posts.iter().map(|post| post.id.clone()).collect();
        let key = EditionKey {
            issue: issue.id,
            posts: rows.to_vec(),
            related: ids(&digest.related),
            popular: ids(&digest.popular),
            language: self.stationery.language.clone(),
        };
        let edition = match self.store.edition(&key).await? {
            Some(edition) => edition,
            None => self.store.freeze_edition(&key, &letter, self.now).await?,
        };
        Ok(Ok((issue, edition)))
    }

    /// The articles, newest first, and what stands beside them for the readers of a group.
    fn choose(
        &self,
        eligible: &Eligible<'_>,
        (group, log): (&Group, &Log),
        rows: &[i64],
    ) -> Content {
        let mut articles: Vec<usize> = eligible.carried(rows).map(|k| k.place).collect();
        articles.sort_unstable();
        let Stationery { related: count, fill, rails, .. } = *self.stationery;
        let worth = |place: usize| match self.related.rows.get(place) {
            Some(row) => rails.worth(log, &group.had, *row),
            None => 1.0,
        };
        let wish = Wish { count, now: self.now, fill, worth: &worth };
        let beside = self.related.lists.choose(&articles, &wish);
        Content { articles, beside }
    }

    /// What a letter holds, as its readers' log has it.
    fn held(&self, sent: Vec<i64>, beside: &Chosen) -> Held {
        let places = beside.related.iter().chain(&beside.popular);
        let row = |&place: &usize| self.related.rows.get(place).copied();
        Held { sent, shown: places.filter_map(row).collect() }
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
            mark: &self.mark,
        }
    }
}
