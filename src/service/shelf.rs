//! The output folder in the course of one publishing: what was put there, what was kept, and what
//! could not be put.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use super::{archive, pages::Published, summary::Summary};
use crate::{
    domain::post::PostId,
    publish::{Error, Folder, Outcome, gone, manifest::Manifest},
    template,
};

/// The post that a file is the page of, and the recipe by which it was made.
pub(super) type Origin<'a> = (Option<&'a PostId>, Option<&'a str>);

/// The output folder in the course of one publishing.
pub(super) struct Shelf<'a> {
    pub(super) root: &'a Path,
    pub(super) folder: Folder,
    pub(super) manifest: Manifest,
    pub(super) summary: &'a mut Summary,
    /// Posts without a page.
    pub(super) missing: Vec<PostId>,
    /// Feeds that were put where they belong: the address of each and the hash of its octets.
    pub(super) topics: Vec<(String, String)>,
    /// Whether everything could be put where it belongs.
    is_whole: bool,
    /// What earlier runs wrote.
    before: &'a Manifest,
    /// The recipes of what stands of it as it was made.
    pub(super) as_made: HashMap<&'a str, &'a str>,
    /// Files that were kept.
    kept: HashSet<&'a str>,
}

impl<'a> Shelf<'a> {
    /// The shelf at `root`, on which what `before` tells of stands.
    pub(super) fn new(root: &'a Path, before: &'a Manifest, summary: &'a mut Summary) -> Self {
        Self {
            root,
            folder: Folder::new(root),
            manifest: Manifest::default(),
            summary,
            missing: Vec::new(),
            topics: Vec::new(),
            is_whole: true,
            before,
            as_made: before.as_made(root),
            kept: HashSet::new(),
        }
    }

    /// What the publishing came to.
    pub(super) fn published(self) -> Published {
        Published { missing: self.missing, topics: self.topics, is_whole: self.is_whole }
    }

    /// Keeps a page that stands as it was made by that recipe; `false`: none does.
    pub(super) fn keeps(&mut self, file: &str, recipe: &str) -> bool {
        let made = self.as_made.get_key_value(file).filter(|(_, made)| **made == recipe);
        let Some((file, _)) = made else { return false };
        self.kept(file);
        true
    }

    /// Keeps a page.
    pub(super) fn kept(&mut self, file: &'a str) {
        self.summary.pages.unchanged += usize::from(self.kept.insert(file));
    }

    /// The same for a feed.
    pub(super) fn keeps_feed(&mut self, file: &str, recipe: &str) -> bool {
        let made = self.as_made.get_key_value(file).filter(|(_, made)| **made == recipe);
        let Some((file, _)) = made else { return false };
        self.summary.feeds.unchanged += usize::from(self.kept.insert(file));
        true
    }

    /// Whether that file is one of the site's.
    pub(super) fn has(&self, file: &str) -> bool {
        self.kept.contains(file) || self.manifest.has(file)
    }

    /// What earlier runs wrote and this one has not yet, with the posts whose pages they were.
    pub(super) fn former(&self) -> Vec<(&'a str, Option<&'a str>)> {
        self.before.former(|file| self.has(file))
    }

    /// Writes a page; `false`: it is not there, and why is a trouble.
    pub(super) fn page(
        &mut self,
        file: &str,
        page: Result<String, template::Error>,
        origin: Origin<'_>,
    ) -> Result<bool, Error> {
        let made = page.map(|page| self.folder.put(file, page.as_bytes()));
        self.made(file, made, origin)
    }

    /// Takes note of a page that was made and written, or why not; `false`: it is not there.
    pub(super) fn made(
        &mut self,
        file: &str,
        made: Result<Result<Outcome, Error>, template::Error>,
        origin: Origin<'_>,
    ) -> Result<bool, Error> {
        let written = match made {
            Ok(written) => written,
            Err(error) => {
                self.fault(error);
                return Ok(false);
            }
        };
        let outcome = self.put(file, written, origin)?;
        if let Some(outcome) = outcome {
            self.summary.pages.count(outcome);
        }
        Ok(outcome.is_some())
    }

    /// Takes note of what became of a file; an error is one that ends the publishing.
    pub(super) fn put(
        &mut self,
        file: &str,
        outcome: Result<Outcome, Error>,
        (post, recipe): Origin<'_>,
    ) -> Result<Option<Outcome>, Error> {
        match outcome {
            Ok(outcome) => {
                self.manifest.note(self.root, file, (post.map(PostId::as_str), recipe));
                Ok(Some(outcome))
            }
            Err(error) if error.is_final() => Err(error),
            Err(error) => {
                self.fault(error);
                Ok(None)
            }
        }
    }

    /// Notes a trouble: not everything is where it belongs.
    pub(super) fn fault(&mut self, why: impl std::fmt::Display) {
        self.is_whole = false;
        self.summary.trouble(why);
    }

    /// Takes away of what is `former` what this run did not write either, and writes down what is
    /// ours.
    pub(super) fn tidy(&mut self, former: &[(&str, Option<&str>)]) -> Result<(), Error> {
        let before = self.before;
        self.manifest.carry(before, archive::is_ours);
        if self.is_whole {
            let paths = former.iter().map(|(file, _)| *file);
            let went: Vec<&str> = paths.filter(|file| !self.has(file)).collect();
            gone::note(self.root, &self.folder, went.iter().copied(), |path| self.has(path))?;
            for file in went {
                let is_removed = before.sweep(file, self.root, &self.folder)?;
                self.summary.pages.removed += usize::from(is_removed);
            }
            self.manifest.take_over(before, |path| self.kept.contains(path));
        } else {
            self.manifest.take_over(before, |_| true);
        }
        self.manifest.write(&self.folder).map(drop)
    }
}
