//! The output folder in the course of one publishing: what was put there, and what could not be.

use std::path::Path;

use super::{archive, pages::Published, summary::Summary};
use crate::{
    domain::post::PostId,
    publish::{Error, Folder, Outcome, gone, manifest::Manifest},
    template,
};

/// The output folder in the course of one publishing.
pub(super) struct Shelf<'a> {
    pub(super) root: &'a Path,
    pub(super) folder: Folder,
    pub(super) manifest: Manifest,
    pub(super) summary: &'a mut Summary,
    /// Posts without a page.
    pub(super) missing: Vec<PostId>,
    /// Feeds that are where they belong: the address of each and the hash of its octets.
    pub(super) topics: Vec<(String, String)>,
    /// Whether everything could be put where it belongs.
    is_whole: bool,
}

impl<'a> Shelf<'a> {
    /// The empty shelf at `root`.
    pub(super) fn new(root: &'a Path, summary: &'a mut Summary) -> Self {
        Self {
            root,
            folder: Folder::new(root),
            manifest: Manifest::default(),
            summary,
            missing: Vec::new(),
            topics: Vec::new(),
            is_whole: true,
        }
    }

    /// What the publishing came to.
    pub(super) fn published(self) -> Published {
        Published { missing: self.missing, topics: self.topics, is_whole: self.is_whole }
    }

    /// Writes a page; `false`: it is not there, and why is a trouble.
    pub(super) fn page(
        &mut self,
        file: &str,
        page: Result<String, template::Error>,
        post: Option<&PostId>,
    ) -> Result<bool, Error> {
        let made = page.map(|page| self.folder.put(file, page.as_bytes()));
        self.made(file, made, post)
    }

    /// Takes note of a page that was made and written, or why not; `false`: it is not there.
    pub(super) fn made(
        &mut self,
        file: &str,
        made: Result<Result<Outcome, Error>, template::Error>,
        post: Option<&PostId>,
    ) -> Result<bool, Error> {
        let written = match made {
            Ok(written) => written,
            Err(error) => {
                self.fault(error);
                return Ok(false);
            }
        };
        let outcome = self.put(file, written, post)?;
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
        post: Option<&PostId>,
    ) -> Result<Option<Outcome>, Error> {
        match outcome {
            Ok(outcome) => {
                self.manifest.note(self.root, file, post.map(PostId::as_str));
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

    /// Takes away what earlier runs wrote and this one did not, and writes down what is ours.
    pub(super) fn tidy(&mut self, before: Manifest) -> Result<(), Error> {
        self.manifest.carry(&before, archive::is_ours);
        if self.is_whole {
            let went = self.manifest.former(&before);
            gone::note(self.root, &self.folder, went, |path| self.manifest.has(path))?;
            self.summary.pages.removed = self.manifest.sweep(&before, self.root, &self.folder)?;
        } else {
            self.manifest.keep(before);
        }
        self.manifest.write(&self.folder).map(drop)
    }
}
