//! Publishing in a pass: nothing where nothing changed, what an edit touched, or everything.
//!
//! Three ways lead to the same files. A pass from what the last one was made from says what that
//! one said ([`Seen`]). One in which only texts of known posts changed reads these alone
//! ([`Edits`]). Any other reads the whole folder. The shorter ways are taken only while no letter
//! may be owed to anybody, since letters are made of posts with their bodies, and they give way
//! to the longer ones wherever they are in doubt.

use super::{
    Error, Run, Step,
    edits::Edits,
    inventory::{self, Inventory},
    look::Look,
    marks::Mark,
    pages::{Bodies, Press, Published, Stock, Unpublished},
    standstill::{self, Seen},
    summary::Summary,
};
use crate::{
    catalog::Catalog,
    domain::post::PostId,
    parallel,
    rank::{Chosen, Lists, Wish},
    time::Timestamp,
};

/// What a whole pass works out beside its catalog.
pub(super) struct Sheets {
    marks: Vec<Mark>,
    beside: Vec<Chosen>,
}

/// What a publishing came to for the rest of the pass.
pub(super) struct Printed {
    /// Posts without a page; `None`: there is no page at all.
    pub(super) missing: Option<Vec<PostId>>,
}

impl Run {
    /// Whether a shorter way led to the same as a pass over the whole folder.
    pub(super) async fn is_known(
        &self,
        look: &Look,
        now: Timestamp,
        summary: &mut Summary,
    ) -> Result<bool, Error> {
        let Some(seen) = Seen::read(&self.site).filter(|seen| seen.lasts(now)) else {
            return Ok(false);
        };
        let owed = self.store.candidates(now.minus(self.site.config.eligible)).await?;
        if !owed.is_empty() {
            return Ok(false);
        }
        let ledger = self.store.posts_mark().await?;
        if seen.is_same(&self.site, look, &look.mark(&ledger)) {
            seen.say(summary);
            seen.say_files(summary);
            return Ok(true);
        }
        match Edits::found(&self.site, (look, &ledger), &seen, now) {
            Some(edits) => self.edited(edits, (look, &ledger), seen, now, summary).await,
            None => Ok(false),
        }
    }

    /// Records and publishes edits; `false`: something is not as it seemed.
    async fn edited(
        &self,
        mut edits: Edits,
        (look, ledger): (&Look, &str),
        seen: Seen,
        now: Timestamp,
        summary: &mut Summary,
    ) -> Result<bool, Error> {
        standstill::forget(&self.site);
        self.store.record_posts(&edits.records, &[], now).await?;
        let press = Press { site: &self.site, now, is_first: false, progress: &self.progress };
        let mut made = Summary::default();
        let published = match edits.publish(&press, &mut made) {
            Ok(published) if published.is_whole => published,
            Ok(_) | Err(Unpublished::Bodiless | Unpublished::Refused(_)) => return Ok(false),
        };
        if !self.hand_on(Some(&published), now, &mut made).await? {
            return Ok(false);
        }
        seen.say(summary);
        summary.adopt(&made);
        edits.keep(&self.site);
        seen.after(look, look.mark(ledger)).keep(&self.site);
        Ok(true)
    }

    /// Publishes a catalog, and remembers what it was made from.
    pub(super) async fn print(
        &self,
        (catalog, lists): (&Catalog, &Lists<'_>),
        look: Option<Look>,
        now: Timestamp,
        (read, summary): (&Summary, &mut Summary),
    ) -> Result<Printed, Error> {
        let pages = u64::try_from(catalog.posts.len()).ok();
        (self.progress)(Step::Begin("writing pages", pages));
        let sheets = self.sheets(catalog, lists, now);
        let press = Press { site: &self.site, now, is_first: true, progress: &self.progress };
        let mut made = Summary::default();
        let published = match press.publish(&sheets.stock(catalog), &mut made) {
            Ok(published) => Some(published),
            Err(Unpublished::Refused(error)) => {
                made.trouble(error);
                None
            }
            Err(Unpublished::Bodiless) => None,
        };
        let is_handed_on = self.hand_on(published.as_ref(), now, &mut made).await?;
        summary.adopt(&made);
        let is_whole = published.as_ref().is_some_and(|published| published.is_whole);
        if let Some(look) = look.filter(|_| is_whole && is_handed_on) {
            let mut said = Summary::default();
            said.adopt(read);
            said.adopt(&made);
            let ledger = self.store.posts_mark().await?;
            let Sheets { marks, beside } = sheets;
            let inventory = Inventory::new((&look, &ledger), catalog, marks, beside);
            inventory::keep(&self.site, &inventory.octets());
            Seen::new(&look, look.mark(&ledger), &said, (catalog, now)).keep(&self.site);
        }
        Ok(Printed { missing: published.map(|published| published.missing) })
    }

    /// Gives what was published to the bucket, and notes what hubs are owed; `false`: the bucket
    /// does not have it all.
    async fn hand_on(
        &self,
        published: Option<&Published>,
        now: Timestamp,
        made: &mut Summary,
    ) -> Result<bool, Error> {
        let is_mirrored = self.mirror(made).await;
        let topics = published.map_or(&[][..], |published| &published.topics);
        self.store.owe_pings(&self.site.config.feeds.hubs, topics, now).await?;
        Ok(is_mirrored)
    }

    fn sheets(&self, catalog: &Catalog, lists: &Lists<'_>, now: Timestamp) -> Sheets {
        /// Fewer lists than this are chosen before a thread has started.
        const FEW: usize = 256;
        let wanted = &self.site.config.related;
        let wish = Wish::page(wanted.count, wanted.fills(), now);
        let places: Vec<usize> = (0..catalog.posts.len()).collect();
        let beside = parallel::map(&places, FEW, |&at| lists.choose(&[at], &wish));
        Sheets { marks: Mark::all(&catalog.posts), beside }
    }
}

impl Sheets {
    fn stock<'a>(&'a self, catalog: &'a Catalog) -> Stock<'a> {
        Stock {
            posts: &catalog.posts,
            marks: &self.marks,
            beside: &self.beside,
            aliases: &catalog.aliases,
            assets: None,
            bodies: Bodies::Held,
        }
    }
}
