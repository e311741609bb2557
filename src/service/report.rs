//! The report: what the service writes to its log, each thing once.
//!
//! A trouble or a note that stands from pass to pass is told when it appears and again when it
//! comes back after it was gone, never every minute.

use std::collections::BTreeSet;

use super::summary::Summary;

/// Remembers what was told.
#[derive(Default)]
pub(super) struct Reporter {
    told: BTreeSet<String>,
}

impl Reporter {
    /// Writes what is new to the log.
    pub(super) fn report(&mut self, summary: &Summary) {
        for trouble in self.fresh(&summary.troubles) {
            tracing::error!("{trouble}");
        }
        for note in self.fresh(&summary.warnings) {
            tracing::info!("{note}");
        }
        let stands =
            |told: &String| summary.troubles.contains(told) || summary.warnings.contains(told);
        self.told.retain(stands);
        if !summary.is_idle() {
            tracing::info!(
                published = summary.posts.published,
                files = summary.feeds.written + summary.pages.written,
                issues = ?summary.issues.opened,
                sent = summary.letters.sent,
                deferred = summary.letters.deferred,
                failed = summary.letters.failed,
                uncertain = summary.letters.uncertain,
                "done"
            );
        }
    }

    fn fresh<'a>(&mut self, lines: &'a [String]) -> Vec<&'a String> {
        lines.iter().filter(|line| self.told.insert((*line).clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_is_told_once_and_again_when_it_comes_back() {
        let mut reporter = Reporter::default();
        let lines = ["a template".to_owned()];
        let troubled = Summary { troubles: lines.to_vec(), ..Summary::default() };
        assert_eq!(reporter.fresh(&lines).len(), 1);
        reporter.report(&troubled);
        assert!(reporter.fresh(&lines).is_empty());
        reporter.report(&Summary::default());
        assert_eq!(reporter.fresh(&lines).len(), 1);
    }
}
