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

use std::{collections::BTreeSet, time::Duration};

use super::{
    eligible::{Eligible, Guard},
    waves::Waves,
};
use crate::{
    digest::{
        self, Digest,
        message::Sender,
        pixels::Pictures,
        render::{Letter, Letterhead, render},
        theme::Theme,
    },
    domain::{
        choice::Choice,
        issue::{self, IssueName},
        post::{Post, PostId},
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
    /// It carries posts with one of these topics; `None`: all posts.
    pub topics: Option<BTreeSet<String>>,
    /// Whether each issue waits for the operator.
    pub approval: bool,
    /// The hours, from the first up to the second, in which no letter comes unless its reader
    /// chose the hour.
    pub quiet: Option<(u8, u8)>,
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
    /// The most letters that a reader gets on a day.
    pub ceiling: Option<u32>,
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

/// One issue that is due for a group of readers.
pub(super) struct Due<'a> {
    pub(super) newsletter: &'a Newsletter,
    pub(super) name: IssueName,
    pub(super) planned: Timestamp,
    /// What the readers chose.
    pub(super) choice: &'a Choice,
}

/// How the opening of a group ended.
#[derive(PartialEq, Eq)]
pub(super) enum Written {
    /// Deliveries were written.
    Letters,
    /// All have a letter of this issue already.
    Nothing,
    /// The letter cannot be rendered.
    Failed,
}

impl Printer<'_> {
    /// Opens what is due of `newsletters` and lets it be sent.
    pub async fn open(&self, newsletters: &[Newsletter]) -> Result<Opened, store::Error> {
        let found = self.store.candidates(self.now.minus(digest::MEMORY)).await?;
        let since = self.now.minus(self.stationery.eligible);
        let eligible = Eligible::new(self.posts, &found, (since, self.now));
        self.pass_over(&eligible).await?;
        let choices = self.store.choices().await?;
        let mut opened = Opened::default();
        for newsletter in newsletters {
            let waves = Waves::new(self, newsletter, &eligible, &choices);
            for (cadence, schedule) in &newsletter.cadences {
                match schedule {
                    None => waves.instant(&mut opened).await?,
                    Some(schedule) => waves.periodic(*cadence, schedule, &mut opened).await?,
                }
            }
        }
        self.revise(newsletters, &eligible, &mut opened).await?;
        self.store.release_opened(self.now).await?;
        Ok(opened)
    }

    /// Renders letters anew whose posts were corrected since, for readers of whom none was begun
    /// to be sent. What was withdrawn meanwhile stays as it was frozen.
    async fn revise(
        &self,
        newsletters: &[Newsletter],
        eligible: &Eligible<'_>,
        opened: &mut Opened,
    ) -> Result<(), store::Error> {
        for waiting in self.store.waiting_editions().await? {
            let said = self.store.words_of(&waiting.posts).await?;
            let newsletter = newsletters.iter().find(|one| one.id == waiting.newsletter);
            let name: Option<IssueName> = waiting.issue.parse().ok();
            let (Some(newsletter), Some(name)) = (newsletter, name) else { continue };
            let mut articles: Vec<usize> =
                eligible.carried(&waiting.posts).map(|known| known.place).collect();
            if said == waiting.said || articles.len() < waiting.posts.len() {
                continue;
            }
            articles.sort_unstable();
            let articles = articles.iter().filter_map(|&place| self.posts.get(place)).collect();
            let named = |id: &PostId| self.posts.iter().find(|post| post.id == *id);
            let related = waiting.related.iter().filter_map(named).collect();
            let language = Some(waiting.language.clone());
            let choice = Choice { language, ..Choice::default() };
            let due = Due { newsletter, name, planned: waiting.planned, choice: &choice };
            match self.letter(&due, &Digest { articles, related }) {
                Ok(letter) => {
                    let text = serde_json::to_string(&letter).unwrap_or_default();
                    self.store.revise(waiting.edition, frozen(&letter, &text), &said).await?;
                }
                Err(error) => opened.troubles.push(format!("{}: {error}", waiting.issue)),
            }
        }
        Ok(())
    }

    /// Looks at changes of topics: a post that appeared before one is not for the topics that it
    /// added.
    async fn pass_over(&self, eligible: &Eligible<'_>) -> Result<(), store::Error> {
        loop {
            let changes = self.store.changes().await?;
            if changes.is_empty() {
                return Ok(());
            }
            let late = changes.into_iter().map(|change| {
                let rows = eligible.too_late_for(&change);
                (change, rows)
            });
            self.store.pass_over(&late.collect::<Vec<_>>()).await?;
        }
    }

    /// Opens an issue for a group that is owed these rows.
    pub(super) async fn issue(
        &self,
        due: &Due<'_>,
        eligible: &Eligible<'_>,
        (audience, group): (Audience<'_>, &Group),
        rows: &[i64],
        opened: &mut Opened,
    ) -> Result<Written, store::Error> {
        let (issue, edition) = match self.edition(due, eligible, group, rows).await? {
            Ok((issue, _)) if issue.state == "cancelled" => return Ok(Written::Nothing),
            Ok(found) => found,
            Err(trouble) => {
                if !opened.troubles.contains(&trouble) {
                    opened.troubles.push(trouble);
                }
                return Ok(Written::Failed);
            }
        };
        let opening = Opening {
            audience,
            choice: group.choice,
            history: group.history,
            missed: group.missed,
            issue: issue.id,
        };
        let had = digest::history_after(&eligible.remembered, &group.had, rows);
        let written = self.store.open_deliveries(&opening, edition, had, self.now).await?;
        if written > 0 {
            let name = due.name.to_string();
            if !opened.issues.contains(&name) {
                opened.issues.push(name);
            }
            opened.deliveries += written;
        }
        Ok(if written > 0 { Written::Letters } else { Written::Nothing })
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
            && let Some(why) = self.doubt(due, eligible, rows)
        {
            self.store.hold_issue(issue.id, &why).await?;
        }
        let key = EditionKey {
            issue: issue.id,
            posts: rows.to_vec(),
            related: digest.related.iter().map(|post| post.id.clone()).collect(),
            language: Self::language(due).to_owned(),
        };
        let edition = match self.store.edition(&key).await? {
            Some(edition) => edition,
            None => {
                let text = serde_json::to_string(&letter).unwrap_or_default();
                self.store.freeze_edition(&key, frozen(&letter, &text), self.now).await?
            }
        };
        Ok(Ok((issue, edition)))
    }

    /// Why an issue should wait for the operator, if it should.
    fn doubt(&self, due: &Due<'_>, eligible: &Eligible<'_>, rows: &[i64]) -> Option<String> {
        let doubt = self.guard.doubt(eligible, rows, (self.baseline, &self.stationery.zone));
        let approval = || "it waits for your approval, as its newsletter wants".to_owned();
        doubt.or_else(|| due.newsletter.approval.then(approval))
    }

    fn language<'a>(due: &Due<'a>) -> &'a str {
        due.choice.language.as_deref().unwrap_or(&due.newsletter.language)
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
        let (language, issue) = (Self::language(due), (&*name, due.name.cadence()));
        let head = self.stationery.letterhead(due.newsletter, issue, (language, self.now));
        render(self.templates, &head, digest, &due.newsletter.sender, self.key)
    }
}

/// What the ledger keeps of a letter, written as `text`.
fn frozen<'a>(letter: &'a Letter, text: &'a str) -> Frozen<'a> {
    Frozen { letter: text, subject: &letter.subject, summary: &letter.summary }
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
