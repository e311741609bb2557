//! The archive: each issue as a page of the site, lists of them, and a feed of each newsletter's.
//!
//! A page is made from the frozen letter, as soon as the issue is open: before its letters leave,
//! so that no "view online" leads nowhere. What was sent does not change, so that its page is
//! written once. An issue that is held has its page too, and stands in lists and feeds from when
//! it is let go.
//!
//! A post that stands where a page of the archive would is left alone. What cannot be written is
//! a trouble, and the letters go on.

use super::{
    Error, Run,
    site::Site,
    summary::{self, Summary},
};
use crate::{
    digest::{online, render::Letter},
    domain::issue::{self, ARCHIVE},
    feed::{self, Set},
    publish::{self, Folder, Outcome, manifest::Manifest},
    site::{
        self as pages,
        letters::{self, Issue, Newsletter},
    },
    store::archive::Archived,
    time::Timestamp,
};

/// Whether a file of the public folder is the archive's, by its path.
pub(super) fn is_ours(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    path.strip_prefix(ARCHIVE).is_some_and(|rest| rest.starts_with('/'))
        && ["index.html", "feed.xml", "rss.xml", "feed.json", "feed.css"].contains(&name)
}

impl Run {
    /// Brings the archive up to date.
    pub(super) async fn archive(&self, now: Timestamp, summary: &mut Summary) -> Result<(), Error> {
        if self.site.config.newsletters.is_empty() {
            return Ok(());
        }
        let all = self.store.archive().await?;
        let mut rack = Rack::of(&self.site);
        let mut done = Ok(());
        for one in &all {
            let (file, place) = rack.place(one);
            if one.state == "sent" && rack.stands(&file) {
                rack.pages.unchanged += 1;
                continue;
            }
            if done.is_err() {
                break;
            }
            let text = self.store.letter(one.edition, one.revision).await?;
            // An edition that cannot be read is told when its letters are made.
            let Ok(letter) = serde_json::from_str::<Letter>(&text) else { continue };
            done = rack.put(&file, online::page(&letter, &place).as_bytes());
        }
        match done.and_then(|()| rack.lists(&all, now)).and_then(|()| rack.close()) {
            Ok(pages) => {
                summary.pages.written += pages.written;
                summary.pages.unchanged += pages.unchanged;
            }
            Err(error) => summary.trouble(format!("the archive of letters: {error}")),
        }
        Ok(())
    }
}

/// What keeps a page of the archive from being written.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Publish(#[from] publish::Error),
    #[error(transparent)]
    Template(#[from] crate::template::Error),
    #[error(transparent)]
    Feed(#[from] feed::Error),
}

/// The archive in the course of one pass.
struct Rack<'a> {
    site: &'a Site,
    folder: Folder,
    manifest: Manifest,
    pages: summary::Files,
    /// Whether the manifest has to be written.
    is_changed: bool,
}

impl<'a> Rack<'a> {
    fn of(site: &'a Site) -> Self {
        let root = &site.config.output;
        let (folder, manifest) = (Folder::new(root), Manifest::read(root));
        Self { site, folder, manifest, pages: summary::Files::default(), is_changed: false }
    }

    /// The file of an issue's page, and where that stands.
    fn place(&self, one: &Archived) -> (String, online::Place) {
        let url = self.site.config.url.as_str();
        let place = self.below(one);
        let archive = format!("{url}{}", letters::folder(&one.newsletter));
        let place_online = online::Place { url: issue::address(url, &place), archive };
        (format!("{place}/index.html"), place_online)
    }

    fn below(&self, one: &Archived) -> String {
        let newsletters = self.site.config.newsletters.iter();
        let own = newsletters.filter(|newsletter| newsletter.id == one.newsletter);
        let other = own.map(|own| own.language != one.language).next().unwrap_or(false);
        issue::place(&one.newsletter, &one.issue, other.then_some(one.language.as_str()))
    }

    fn stands(&self, file: &str) -> bool {
        self.manifest.has(file) && self.site.config.output.join(file).is_file()
    }

    fn put(&mut self, file: &str, octets: &[u8]) -> Result<(), Fault> {
        if self.manifest.post(file).is_some() {
            return Ok(());
        }
        let outcome = self.folder.put(file, octets)?;
        self.pages.count(outcome);
        if outcome == Outcome::Written || !self.manifest.has(file) {
            self.manifest.note(&self.site.config.output, file, (None, None));
            self.is_changed = true;
        }
        Ok(())
    }

    /// The lists of issues, and the feeds.
    fn lists(&mut self, all: &[Archived], now: Timestamp) -> Result<(), Fault> {
        let site = self.site;
        let (templates, described) = (&site.templates, site.described());
        let newsletters: Vec<Newsletter<'_>> = site
            .config
            .newsletters
            .iter()
            .map(|one| Newsletter {
                id: &one.id,
                name: &one.name,
                issues: self.issues(&one.id, all),
            })
            .collect();
        let page = letters::list(templates, &described, &newsletters, &format!("{ARCHIVE}/"))?;
        self.put(&format!("{ARCHIVE}/index.html"), page.as_bytes())?;
        for one in &newsletters {
            let folder = letters::folder(one.id);
            let page = letters::list(templates, &described, std::slice::from_ref(one), &folder)?;
            self.put(&format!("{folder}index.html"), page.as_bytes())?;
            self.feed(one, &described, now)?;
        }
        Ok(())
    }

    fn issues(&self, newsletter: &str, all: &[Archived]) -> Vec<Issue> {
        let shown = all.iter().filter(|one| one.newsletter == newsletter);
        let shown = shown.filter(|one| matches!(one.state.as_str(), "sending" | "sent"));
        let issue = |one: &Archived| Issue {
            name: one.issue.clone(),
            place: self.below(one),
            title: one.subject.clone().unwrap_or_else(|| one.issue.clone()),
            summary: one.summary.clone().unwrap_or_default(),
            language: one.language.clone(),
            at: one.frozen_at,
        };
        shown.map(issue).collect()
    }

    fn feed(
        &mut self,
        of: &Newsletter<'_>,
        described: &pages::Site<'_>,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let folder = letters::folder(of.id);
        let home = format!("{}{folder}", described.url);
        let host = self.site.config.from.address.domain();
        let id = format!("tag:{host},2026:{}", folder.trim_end_matches('/'));
        let posts = of.posts(described, host);
        let site_id = self.site.feed_id();
        let of_site = self.site.feeds(&site_id, now);
        let site = feed::Site {
            title: of.name,
            home: &home,
            id: &id,
            hubs: &[],
            by: &[],
            archives: feed::Archives::None,
            podcast: None,
            ..of_site
        };
        self.put(
            &format!("{folder}{}", feed::STYLE),
            pages::feed_stylesheet(&self.site.templates).as_bytes(),
        )?;
        // The feed says what issues are about; they themselves stand on their pages.
        let set = Set::new(site, &posts, &vec![0; posts.len()]);
        let documents: Vec<_> = set.documents().iter().collect();
        let made = |_: &str, octets| octets;
        set.write(&documents, &|_| "", made, |document, format, octets| {
            self.put(&format!("{folder}{}", document.path(format)), &octets?)
        })
    }

    /// Writes down what is ours. Returns what became of the files.
    fn close(self) -> Result<summary::Files, Fault> {
        if self.is_changed {
            self.manifest.write(&self.folder)?;
        }
        Ok(self.pages)
    }
}
