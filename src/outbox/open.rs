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

pub use super::stationery::{Newsletter, Stationery};
use super::{
    eligible::{Eligible, Guard},
    waves::Waves,
};
use crate::{
    digest::{
        self, Digest,
        render::{Letter, render},
    },
    domain::{
        choice::Choice,
        issue::IssueName,
        post::{Post, PostId},
        token::Key,
    },
    rank::{
        Chosen, Lists, Wish,
        rails::{Held, Log},
    },
    store::{
        self, Store,
        audience::{Audience, Group},
        issues::{EditionKey, Frozen, Gift, Issue, Opening},
    },
    template::Templates,
    time::Timestamp,
};

/// What is related to the published posts.
pub struct Related<'a> {
    /// What is stored of each post.
    pub lists: Lists<'a>,
    /// The number by which the ledger knows each post.
    pub rows: Vec<i64>,
}

impl Related<'_> {
    /// Of no posts.
    pub fn none() -> Self {
        Self { lists: Lists::new(&[], Vec::new(), Vec::new()), rows: Vec::new() }
    }
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

/// The places of the posts in a letter.
struct Content {
    /// Newest first.
    articles: Vec<usize>,
    beside: Chosen,
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
            let popular = waiting.popular.iter().filter_map(named).collect();
            let language = Some(waiting.language.clone());
            let choice = Choice { language, ..Choice::default() };
            let due = Due { newsletter, name, planned: waiting.planned, choice: &choice };
            match self.letter(&due, &Digest { articles, related, popular }) {
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
        let log = self.store.log(audience, group.history).await?;
        let content = self.content(eligible, (group, &log), rows);
        let (issue, edition) = match self.edition(due, eligible, rows, &content).await? {
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
        let log = log.after(self.held(rows, &content.beside));
        let gift = Gift { edition, had, log };
        let written = self.store.open_deliveries(&opening, &gift, self.now).await?;
        if written > 0 {
            let name = due.name.to_string();
            if !opened.issues.contains(&name) {
                opened.issues.push(name);
            }
            opened.deliveries += written;
        }
        Ok(if written > 0 { Written::Letters } else { Written::Nothing })
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
            && let Some(why) = self.doubt(due, eligible, rows)
        {
            self.store.hold_issue(issue.id, &why).await?;
        }
        let ids = |posts: &[&Post]| posts.iter().map(|post| post.id.clone()).collect();
        let key = EditionKey {
            issue: issue.id,
            posts: rows.to_vec(),
            related: ids(&digest.related),
            popular: ids(&digest.popular),
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

    /// The articles, and what stands beside them for the readers of a group.
    fn content(
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
    fn held(&self, rows: &[i64], beside: &Chosen) -> Held {
        let places = beside.related.iter().chain(&beside.popular);
        let row = |&place: &usize| self.related.rows.get(place).copied();
        Held { sent: rows.to_vec(), shown: places.filter_map(row).collect() }
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
