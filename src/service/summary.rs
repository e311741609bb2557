//! The summary: what a run found and did, for a person and for a machine.
//!
//! It promises that its numbers add up: published, draft, scheduled and refused posts are all the
//! post files there are. It decides the exit status: 0 when nobody is needed, 1 when the operator
//! is.

use std::fmt;

use serde::Serialize;

use crate::outbox::worker::Tally;

/// What a run found and did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Post files.
    pub posts: Posts,
    /// The three feeds.
    pub feeds: Files,
    /// Pages, pictures and the style sheet.
    pub pages: Files,
    /// Readers.
    pub readers: Readers,
    /// Issues.
    pub issues: Issues,
    /// Letters.
    pub letters: Letters,
    /// What the operator has to look at.
    pub troubles: Vec<String>,
    /// What the operator may want to know.
    pub warnings: Vec<String>,
}

/// Post files by what became of them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Posts {
    /// In feeds and pages.
    pub published: usize,
    /// Not ready.
    pub draft: usize,
    /// Dated in the future.
    pub scheduled: usize,
    /// Could not be read.
    pub refused: usize,
}

/// Published files.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Files {
    /// New or different.
    pub written: usize,
    /// Left as they were.
    pub unchanged: usize,
}

/// Readers.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Readers {
    /// Subscriptions that this run imported.
    pub added: u64,
}

/// Issues.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Issues {
    /// Names of those opened by this run.
    pub opened: Vec<String>,
    /// Names of those that are held.
    pub held: Vec<String>,
}

/// Letters.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Letters {
    /// Taken by a server, or written, in this run.
    pub sent: u64,
    /// Put back in this run, to be tried again.
    pub deferred: u64,
    /// Given up in this run.
    pub failed: u64,
    /// Withdrawn in this run since their reader left.
    pub suppressed: u64,
    /// Of unknown fate, in the whole ledger.
    pub uncertain: u64,
    /// Still to be sent, in the whole ledger.
    pub waiting: u64,
}

impl Letters {
    /// Adds what a worker did.
    pub fn add(&mut self, tally: &Tally) {
        self.sent += tally.sent;
        self.deferred += tally.deferred;
        self.failed += tally.failed;
        self.suppressed += tally.suppressed;
    }
}

impl Files {
    /// Counts one file.
    pub fn count(&mut self, outcome: crate::publish::Outcome) {
        match outcome {
            crate::publish::Outcome::Written => self.written += 1,
            crate::publish::Outcome::Unchanged => self.unchanged += 1,
        }
    }
}

impl Summary {
    /// Whether the operator is needed.
    pub fn needs_operator(&self) -> bool {
        self.posts.refused > 0
            || self.letters.failed > 0
            || self.letters.uncertain > 0
            || !self.issues.held.is_empty()
            || !self.troubles.is_empty()
    }

    /// Whether the run changed nothing.
    pub fn is_idle(&self) -> bool {
        self.feeds.written + self.pages.written == 0
            && self.readers.added == 0
            && self.issues.opened.is_empty()
            && self.letters.sent + self.letters.deferred + self.letters.failed == 0
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Posts { published, draft, scheduled, refused } = self.posts;
        writeln!(
            f,
            "Posts    {published} published, {draft} draft, {scheduled} scheduled, {refused} refused"
        )?;
        writeln!(f, "Feeds    {}", self.feeds)?;
        writeln!(f, "Pages    {}", self.pages)?;
        if self.readers.added > 0 {
            writeln!(f, "Readers  {} subscribed", self.readers.added)?;
        }
        writeln!(f, "Issues   {}", self.issues)?;
        writeln!(f, "Letters  {}", self.letters)?;
        if self.is_idle() {
            writeln!(f, "Nothing new: nothing was written and nothing was sent.")?;
        }
        for warning in &self.warnings {
            writeln!(f, "note: {warning}")?;
        }
        for trouble in &self.troubles {
            writeln!(f, "trouble: {trouble}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} written, {} unchanged", self.written, self.unchanged)
    }
}

impl fmt::Display for Issues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.opened.as_slice() {
            [] => write!(f, "none opened")?,
            names => write!(f, "{} opened: {}", names.len(), names.join(", "))?,
        }
        match self.held.as_slice() {
            [] => Ok(()),
            names => write!(f, "; held: {}", names.join(", ")),
        }
    }
}

impl fmt::Display for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, deferred, failed, uncertain, .. } = self;
        write!(f, "{sent} sent, {deferred} deferred, {failed} failed, {uncertain} uncertain")?;
        if self.suppressed > 0 {
            write!(f, ", {} withdrawn", self.suppressed)?;
        }
        if self.waiting > 0 {
            write!(f, " ({} waiting)", self.waiting)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_did_nothing_says_so_and_needs_nobody() {
        let summary = Summary::default();
        assert!(summary.to_string().contains("Nothing new"));
        assert!(!summary.needs_operator());
    }

    #[test]
    fn whatever_needs_a_person_shows_in_the_exit_status() {
        let mut cases = vec![Summary::default(); 5];
        cases[0].posts.refused = 1;
        cases[1].letters.failed = 1;
        cases[2].letters.uncertain = 1;
        cases[3].issues.held.push("weekly/2026-W48".into());
        cases[4].troubles.push("a template".into());
        assert!(cases.iter().all(Summary::needs_operator));
        let mut waiting = Summary::default();
        waiting.letters.deferred = 3;
        assert!(!waiting.needs_operator(), "waiting for a retry needs nobody");
    }
}
