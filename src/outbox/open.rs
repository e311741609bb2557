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
        pixels::Pictures,
        render::{Letter, Letterhead, render},
        theme::Theme,
    },
    domain::{
        issue::{self, IssueName},
        post::Post,
        subscriber::Cadence,
        token::Key,
    },
    rank::{Index, Wish},
    store::{
        self, Store,
        audience::{Audience, Group},
        issues::{EditionKey, Frozen, Issue, Opening},
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
    /// The language of its letters (BCP 47).
    pub language: String,
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
    /// What letters look like.
    pub theme: Theme,
    /// Who knows how large pictures are.
    pub pictures: Pictures,
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
        let mut written = 0;
        for group in self.store.groups(audience).await? {
            let mut rows = digest::owed(&eligible.candidates, group.missed, &group.had);
            rows.retain(|row| only.is_none_or(|only| only == *row));
            if rows.is_empty() {
                continue;
            }
            match self.edition(due, eligible, &group, &rows).await? {
                Ok((issue, edition)) => {
                    let opening = Opening {
                        audience,
                        history: group.history,
                        missed: group.missed,
                        issue: issue.id,
                    };
                    let had = digest::history_after(&eligible.remembered, &group.had, &rows);
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
        eligible: &Eligible<'_>,
        group: &Group,
        rows: &[i64],
    ) -> Result<Result<(Issue, i64), String>, store::Error> {
        let (articles, related) = self.choose(eligible, group, rows);
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
        if issue.state == "opening"
            && let Some(why) =
                self.guard.doubt(eligible, rows, (self.baseline, &self.stationery.zone))
        {
            self.store.hold_issue(issue.id, &why).await?;
        }
        let key = EditionKey {
            issue: issue.id,
            posts: rows.to_vec(),
            related: digest.related.iter().map(|post| post.id.clone()).collect(),
            language: due.newsletter.language.clone(),
        };
        let edition = match self.store.edition(&key).await? {
            Some(edition) => edition,
            None => {
                let text = serde_json::to_string(&letter).unwrap_or_default();
                let (subject, summary) = (letter.subject.as_str(), letter.summary.as_str());
                let frozen = Frozen { letter: &text, subject, summary };
                self.store.freeze_edition(&key, frozen, self.now).await?
            }
        };
        Ok(Ok((issue, edition)))
    }

    /// Places of the articles, newest first, and of the related posts that go with them.
    fn choose(
        &self,
        eligible: &Eligible<'_>,
        group: &Group,
        rows: &[i64],
    ) -> (Vec<usize>, Vec<usize>) {
        let row_of = |place: usize| {
            eligible.known.iter().find(|k| k.place == place).map(|k| k.candidate.row)
        };
        let mut articles: Vec<usize> = eligible.carried(rows).map(|k| k.place).collect();
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

    fn letter(&self, due: &Due<'_>, digest: &Digest<'_>) -> Result<Letter, digest::render::Error> {
        let name = due.name.to_string();
        let (language, issue) = (due.newsletter.language.as_str(), (&*name, due.name.cadence()));
        let head = self.stationery.letterhead(due.newsletter, issue, (language, self.now));
        render(self.templates, &head, digest, &due.newsletter.sender, self.key)
    }
}

impl Stationery {
    /// The head of an issue's letters in that language, made at `date`.
    pub fn letterhead<'a>(
        &'a self,
        newsletter: &'a Newsletter,
        (issue, cadence): (&'a str, Cadence),
        (language, date): (&'a str, Timestamp),
    ) -> Letterhead<'a> {
        let other = (language != newsletter.language).then_some(language);
        let place = issue::place(&newsletter.id, issue, other);
        Letterhead {
            site: &self.site,
            url: &self.url,
            language,
            author: &self.author,
            postal_address: &self.postal_address,
            newsletter: &newsletter.name,
            description: &newsletter.description,
            issue,
            cadence,
            online: issue::address(&self.url, &place),
            date,
            zone: &self.zone,
            theme: &self.theme,
            pictures: &self.pictures,
        }
    }
}
