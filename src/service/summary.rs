//! The summary: what a run found and did, for a person and for a machine.
//!
//! It promises that its numbers add up: published, draft, scheduled and refused posts are all the
//! post files there are. It decides the exit status: 0 when nobody is needed, 1 when the operator
//! is.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{catalog::Catalog, outbox::worker::Tally};

/// What a run found and did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Post files.
    pub posts: Posts,
    /// Feeds in all formats, archives and the list of them.
    pub feeds: Files,
    /// Hubs.
    pub hubs: Hubs,
    /// Pages, pictures and the style sheet.
    pub pages: Files,
    /// Readers of posts.
    pub signals: Signals,
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Written by an earlier run and no longer of the site.
    pub removed: usize,
}

/// What hubs were told of changed feeds.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Hubs {
    /// Pings taken in this run.
    pub told: u64,
    /// Pings that wait for another try.
    pub waiting: u64,
}

/// What was counted of readers of posts in this run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Signals {
    /// Days that are over and are counted now.
    pub days: usize,
    /// Readers of posts on those days.
    pub readers: u64,
}

/// Readers.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Readers {
    /// Subscriptions that this run imported.
    pub added: u64,
    /// Confirmed subscriptions, in the whole ledger.
    pub subscribed: u64,
    /// Where to add readers while there are none.
    #[serde(skip)]
    pub file: Option<String>,
}

/// Issues.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Issues {
    /// Names of those opened by this run.
    pub opened: Vec<String>,
    /// Names of those that are held.
    pub held: Vec<String>,
    /// Why none was opened.
    pub none_because: Option<String>,
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
    /// The next try, where letters were put off.
    pub next_try: Option<NextTry>,
}

/// When letters that were put off are tried again, and why they were.
#[derive(Clone, Debug, Serialize)]
pub struct NextTry {
    /// RFC 3339.
    pub at: String,
    /// The same by the site's clocks.
    #[serde(skip)]
    pub shown: String,
    /// What stood in the way.
    pub why: String,
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
            crate::publish::Outcome::Removed => self.removed += 1,
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

    /// Adds what a part of the run found and made: posts, files, what it said.
    pub fn adopt(&mut self, part: &Self) {
        if part.posts != Posts::default() {
            self.posts = part.posts.clone();
        }
        for (mine, its) in [(&mut self.feeds, &part.feeds), (&mut self.pages, &part.pages)] {
            mine.written += its.written;
            mine.unchanged += its.unchanged;
            mine.removed += its.removed;
        }
        part.troubles.iter().for_each(|trouble| self.trouble(trouble));
        self.warnings.extend(part.warnings.iter().cloned());
    }

    /// Notes a trouble, each once.
    pub fn trouble(&mut self, trouble: impl fmt::Display) {
        let trouble = trouble.to_string();
        if !self.troubles.contains(&trouble) {
            self.troubles.push(trouble);
        }
    }

    /// Whether the run changed nothing.
    pub fn is_idle(&self) -> bool {
        self.feeds.changed() + self.pages.changed() == 0
            && self.hubs.told == 0
            && self.readers.added == 0
            && self.issues.opened.is_empty()
            && self.letters.sent + self.letters.deferred + self.letters.failed == 0
    }

    /// What the operator is needed for, a line each.
    pub fn complaints(&self) -> impl Iterator<Item = String> + '_ {
        let failed = Some(self.letters.failed).filter(|failed| *failed > 0).map(|failed| {
            format!("{failed} letters failed for good; postrider status tells of which issue")
        });
        let troubles = self.troubles.iter().cloned().chain(failed);
        troubles.map(|trouble| format!("trouble: {trouble}"))
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Posts    {}", self.posts)?;
        writeln!(f, "Feeds    {}{}", self.feeds, self.hubs)?;
        writeln!(f, "Pages    {}", self.pages)?;
        writeln!(f, "Readers  {}", self.readers)?;
        if self.signals.days > 0 {
            let Signals { days, readers } = self.signals;
            writeln!(f, "Signals  {readers} readers of posts on {days} days counted")?;
        }
        writeln!(f, "Issues   {}", self.issues)?;
        writeln!(f, "Letters  {}", self.letters)?;
        if self.is_idle() && self.letters.waiting == 0 && !self.needs_operator() {
            writeln!(f, "Nothing new: nothing was written and nothing was sent.")?;
        }
        for warning in &self.warnings {
            writeln!(f, "note: {warning}")?;
        }
        self.complaints().try_for_each(|complaint| writeln!(f, "{complaint}"))
    }
}

impl Posts {
    /// What became of the files of a catalog.
    pub fn of(catalog: &Catalog) -> Self {
        Self {
            published: catalog.posts.len() - catalog.stale.len(),
            draft: catalog.drafts.len(),
            scheduled: catalog.scheduled.len(),
            refused: catalog.refused.len(),
        }
    }
}

impl fmt::Display for Posts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { published, draft, scheduled, refused } = self;
        write!(f, "{published} published, {draft} draft, {scheduled} scheduled, {refused} refused")
    }
}

impl Files {
    const fn changed(&self) -> usize {
        self.written + self.removed
    }
}

impl fmt::Display for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} written, {} unchanged", self.written, self.unchanged)?;
        counted(f, self.removed, "removed")
    }
}

impl fmt::Display for Hubs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        counted(f, self.told, "told to hubs")?;
        counted(f, self.waiting, "to be told")
    }
}

impl fmt::Display for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.subscribed, &self.file) {
            (0, Some(file)) => write!(f, "none; add them to {file}"),
            (0, None) => write!(f, "none; name a file of them: mail.subscribers"),
            (subscribed, _) => {
                write!(f, "{subscribed} subscribed")?;
                counted(f, self.added, "of them new")
            }
        }
    }
}

impl fmt::Display for Issues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.opened.as_slice(), &self.none_because) {
            ([], Some(why)) => write!(f, "none opened: {why}")?,
            ([], None) => write!(f, "none opened")?,
            (names, _) => write!(f, "{} opened: {}", names.len(), names.join(", "))?,
        }
        match self.held.as_slice() {
            [] => Ok(()),
            names => write!(f, "; held: {}", names.join(", ")),
        }
    }
}

impl fmt::Display for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sent", self.sent)?;
        counted(f, self.deferred, "deferred")?;
        counted(f, self.failed, "failed")?;
        counted(f, self.uncertain, "uncertain")?;
        counted(f, self.suppressed, "withdrawn")?;
        counted(f, self.waiting, "waiting")?;
        match &self.next_try {
            Some(next) => write!(f, ", next try {}: {}", next.shown, next.why),
            None => Ok(()),
        }
    }
}

/// A number worth telling: one that is not zero.
fn counted<N: fmt::Display + Default + PartialEq>(
    f: &mut fmt::Formatter<'_>,
    number: N,
    of: &str,
) -> fmt::Result {
    if number == N::default() { Ok(()) } else { write!(f, ", {number} {of}") }
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

    #[test]
    fn zeros_are_not_told_and_what_waits_says_why() {
        let mut letters = Letters { sent: 3, ..Letters::default() };
        assert_eq!(letters.to_string(), "3 sent");
        letters.waiting = 2;
        letters.next_try = Some(NextTry {
            at: "2026-11-25T09:14:00Z".into(),
            shown: "Wed 2026-11-25 10:14 CET".into(),
            why: "cannot reach mail.example:25".into(),
        });
        assert_eq!(
            letters.to_string(),
            "3 sent, 2 waiting, next try Wed 2026-11-25 10:14 CET: cannot reach mail.example:25"
        );
        let readers = Readers { file: Some("config/subscribers.csv".into()), ..Readers::default() };
        assert_eq!(readers.to_string(), "none; add them to config/subscribers.csv");
        let pages = Files { written: 2, unchanged: 0, removed: 1 };
        assert_eq!(pages.to_string(), "2 written, 0 unchanged, 1 removed");
    }
}
