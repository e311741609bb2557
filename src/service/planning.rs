//! Planning: a pass without the sending, from posts to open issues.
//!
//! Each step records before the next begins. Without readable posts nothing is published, and
//! without published pages no new issue is opened.

use std::{sync::Arc, time::Duration};

use super::{
    Error, Run, Step,
    look::Look,
    readers::{self, List},
    site::Site,
    standstill,
    summary::{self, Summary},
};
use crate::{
    catalog::{self, Catalog, directory},
    config::FirstRun,
    domain::post::{Post, PostId},
    outbox::open::{Printer, Related},
    time::{self, Timestamp},
};

impl Run {
    /// A pass without the sending: from posts to open issues.
    pub(super) async fn plan(&mut self, site: Arc<Site>) -> Result<Summary, Error> {
        self.site = site;
        let mut summary = Summary { warnings: self.site.notes.clone(), ..Summary::default() };
        let now = self.clock.now();
        let last = self.last.replace(now).max(self.ledger.baseline_at);
        summary.troubles.extend(last.and_then(|last| time::oddity(last, now)));
        let list = List::read(&self.site, now);
        if self.waits_for_readers(&list) {
            summary.trouble(list.unusable());
            summary.troubles.extend(list.import.refused);
        } else {
            self.publish(&list, now, &mut summary).await?;
            self.archive(now, &mut summary).await?;
        }
        self.sites.send_replace(self.site.clone());
        Ok(summary)
    }

    /// Whether this is the first run, which mails the newest post, and nobody is known to mail it
    /// to: it would be lost for those whose line or file is mended later.
    fn waits_for_readers(&self, list: &List) -> bool {
        self.ledger.baseline_at.is_none()
            && self.site.config.first_run == FirstRun::Latest
            && list.import.rows.is_empty()
            && !list.import.refused.is_empty()
    }

    async fn publish(
        &mut self,
        list: &List,
        now: Timestamp,
        summary: &mut Summary,
    ) -> Result<(), Error> {
        let is_known = self.ledger.baseline_at.is_some();
        if is_known {
            self.hear(now, summary).await?;
        }
        let look = Look::at(&self.site, now);
        if let Some(look) = &look
            && self.is_known(look, now, summary).await?
        {
            self.subscribe(list, now, summary).await?;
            return self.open(&[], &Related::none(), now, summary).await;
        }
        standstill::forget(&self.site);
        (self.progress)(Step::Begin("reading posts", None));
        let mut read = Summary::default();
        let catalog = self.read(now, &mut read).await?;
        summary.adopt(&read);
        self.subscribe(list, now, summary).await?;
        let Some(catalog) = catalog else { return Ok(()) };
        if !is_known {
            self.hear(now, summary).await?;
        }
        self.hear_comments(&catalog.posts, now).await?;
        let site = self.site.clone();
        let related = self.related(&site, &catalog.posts, now).await?;
        let printed = self.print((&catalog, &related.lists), look, now, (&read, summary)).await?;
        (self.progress)(Step::Begin("opening issues", None));
        if self.lacks_pages(&printed.missing, now).await? {
            summary.trouble(
                "no new issue was opened, since its letters would link to pages that are missing",
            );
            return Ok(());
        }
        self.open(&catalog.posts, &related, now, summary).await
    }

    /// Reads and records the posts; `None` when the folder cannot be read.
    async fn read(
        &mut self,
        now: Timestamp,
        summary: &mut Summary,
    ) -> Result<Option<Catalog>, Error> {
        let sources = match directory::read(&self.site.config.posts) {
            Ok(sources) => sources,
            Err(error) => {
                summary.trouble(error);
                return Ok(None);
            }
        };
        if self.ledger.baseline_at.is_none()
            && let Some(folder) = directory::unlisted(&sources)
        {
            summary.trouble(unlisted(&self.site, folder));
            return Ok(None);
        }
        let known = self.store.known_posts(catalog::sharing(&sources)).await?;
        let mut catalog = catalog::read(&sources, &known, &self.site.catalog_settings(), now);
        note(&catalog, summary);
        if catalog.is_emptied {
            summary.trouble(emptied(&self.site));
            return Ok(None);
        }
        if self.ledger.baseline_at.is_none() {
            catalog.records.append(&mut catalog.unread);
        }
        let owed = match (self.site.config.first_run, catalog.posts.first()) {
            // A ledger in the place of a lost one: its newest post may have been mailed.
            (FirstRun::Latest, Some(newest)) if self.ledger.adopted_at.is_none() => {
                vec![newest.id.clone()]
            }
            _ => Vec::new(),
        };
        self.store.record_posts(&catalog.records, &owed, now).await?;
        (catalog.records, catalog.unread) = (Vec::new(), Vec::new());
        self.ledger = self.store.ledger().await?;
        Ok(Some(catalog))
    }

    /// Imports the file of subscribers when it is new or has changed, or what is offered has.
    async fn subscribe(
        &self,
        list: &List,
        now: Timestamp,
        summary: &mut Summary,
    ) -> Result<(), Error> {
        summary.troubles.extend(list.import.refused.iter().cloned());
        summary.warnings.extend(list.import.notes.iter().cloned());
        if list.is_read() && !self.store.was_imported(&list.shown, &list.hash).await? {
            if self.store.knows_file(&list.shown).await? {
                let known = self.store.imported(&list.shown).await?;
                summary.warnings.extend(list.without_effect(&known));
            }
            summary.warnings.extend(list.unconfirmed());
            // What appeared in the pass in which a reader came is not for that reader, but for
            // what a first run mails.
            let is_first = self.ledger.baseline_at == Some(now);
            let from = if is_first { now } else { now.plus(Duration::from_micros(1)) };
            let file = (list.shown.as_str(), list.hash.as_str());
            summary.readers.added = self.store.import(&list.import.rows, file, from).await?;
        }
        let counts = self.store.audience_counts().await?;
        summary.troubles.extend(readers::left_over(&counts, &self.site.config.newsletters));
        Ok(())
    }

    /// Whether a post that is still owed to somebody has no page; `None`: none has.
    async fn lacks_pages(
        &self,
        missing: &Option<Vec<PostId>>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let Some(missing) = missing else { return Ok(true) };
        if missing.is_empty() {
            return Ok(false);
        }
        let owed = self.store.candidates(now.minus(self.site.config.eligible)).await?;
        Ok(owed.iter().any(|candidate| missing.contains(&candidate.id)))
    }

    async fn open(
        &self,
        posts: &[Post],
        related: &Related<'_>,
        now: Timestamp,
        summary: &mut Summary,
    ) -> Result<(), Error> {
        if !self.mails {
            return Ok(());
        }
        let stationery = self.site.stationery();
        let printer = Printer {
            store: &self.store,
            key: &self.ledger.key,
            baseline: self.ledger.baseline_at.unwrap_or(now),
            posts,
            related,
            templates: &self.site.templates,
            stationery: &stationery,
            guard: self.site.guard(self.ledger.adopted_at),
            now,
        };
        let opened = printer.open(&self.site.newsletters()).await?;
        summary.issues.opened = opened.issues;
        summary.troubles.extend(opened.troubles);
        summary.warnings.extend(opened.notes);
        Ok(())
    }
}

fn unlisted(site: &Site, folder: &str) -> String {
    let posts = site.shown(&site.config.posts);
    format!(
        "{posts}/{folder} cannot be read, and what is in it would be mailed as new once it can. \
         Make it readable or take it away: the first run begins when it has seen every post"
    )
}

fn emptied(site: &Site) -> String {
    format!(
        "there is no post left in {}, though some were published; what is published stays. Bring \
         the folder back, or put a post there if all others are to go",
        site.shown(&site.config.posts)
    )
}

/// What a catalog says of the files.
fn note(catalog: &Catalog, summary: &mut Summary) {
    summary.posts = summary::Posts::of(catalog);
    summary.troubles.extend(catalog.refused.iter().map(ToString::to_string));
    for path in &catalog.stale {
        summary.warnings.push(format!("posts/{path} stays published as it was last read"));
    }
    summary.warnings.extend(catalog.warnings.iter().map(ToString::to_string));
}
