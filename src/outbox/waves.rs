//! Waves: whose letters are due just now. An issue opens in waves, as the hours, weekdays and zones
//! that its readers chose come due; each wave is frozen on its own.
//!
//! It promises that a planned time is acted upon once for each choice, that after an outage only
//! the latest one is, and that quiet hours and a ceiling of letters put posts off without losing
//! any: what is held back is not frozen, and joins the reader's next letter, as a digest where it
//! is more than one post.
//!
//! Nobody's rhythm decides what a letter carries: that is worked out on sets of posts
//! ([`digest::owed`]). A choice that was never used before begins when it is made.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{
    eligible::Eligible,
    open::{Due, Newsletter, Opened, Printer, Written},
};
use crate::{
    digest::{self, Candidate},
    domain::{issue::IssueName, subscriber::Cadence},
    store::{
        self,
        audience::{Audience, Group},
        choices::Chosen,
    },
    time::{Schedule, Timestamp},
};

/// What is due of one newsletter.
pub(super) struct Waves<'a> {
    printer: &'a Printer<'a>,
    newsletter: &'a Newsletter,
    eligible: &'a Eligible<'a>,
    choices: &'a [Chosen],
    /// When the eligible posts were first seen.
    moments: Vec<Timestamp>,
    /// What the newsletter carries, by choice.
    carried: HashMap<i64, Vec<Candidate>>,
}

/// A planned time that has come for the readers of a choice.
struct Wave<'a> {
    chosen: &'a Chosen,
    name: IssueName,
    planned: Timestamp,
}

impl<'a> Waves<'a> {
    pub(super) fn new(
        printer: &'a Printer<'a>,
        newsletter: &'a Newsletter,
        eligible: &'a Eligible<'a>,
        choices: &'a [Chosen],
    ) -> Self {
        let all = eligible.of(newsletter.topics.as_ref());
        let carried =
            choices.iter().map(|chosen| (chosen.id, eligible.chosen(&all, &chosen.choice)));
        let moments = digest::moments(&eligible.candidates);
        Self { carried: carried.collect(), printer, newsletter, eligible, choices, moments }
    }

    /// Whether the readers of a choice are left in peace just now.
    fn is_quiet(&self, chosen: &Chosen) -> bool {
        let Some((from, to)) = self.newsletter.quiet.filter(|_| chosen.choice.hour.is_none())
        else {
            return false;
        };
        let zone = chosen.choice.zone();
        let hour = zone.as_ref().unwrap_or(&self.printer.stationery.zone).hour(self.printer.now);
        if from <= to { (from..to).contains(&hour) } else { hour >= from || hour < to }
    }

    fn audience<'b>(&'b self, cadence: Cadence, choices: &'b [i64]) -> Audience<'b> {
        let today = i64::from(self.printer.stationery.zone.day_at(self.printer.now));
        Audience {
            choices,
            ceiling: self.printer.stationery.ceiling.map(|most| (most, today)),
            ..Audience::of(&self.newsletter.id, cadence, &self.moments)
        }
    }

    fn owed(&self, group: &Group) -> Vec<i64> {
        let carried = self.carried.get(&group.choice).map_or(&[][..], Vec::as_slice);
        digest::owed(carried, &self.moments, group.missed, &group.had)
    }

    fn chosen(&self, id: i64) -> Option<&'a Chosen> {
        self.choices.iter().find(|chosen| chosen.id == id)
    }

    /// Each post as it appears, in the order in which they did.
    pub(super) async fn instant(&self, opened: &mut Opened) -> Result<(), store::Error> {
        let awake: Vec<i64> =
            self.choices.iter().filter(|one| !self.is_quiet(one)).map(|one| one.id).collect();
        let audience = self.audience(Cadence::Instant, &awake);
        let cancelled = self.cancelled().await?;
        let mut tried = HashSet::new();
        while !self.moments.is_empty() {
            let mut is_over = true;
            for group in self.printer.store.groups(audience).await? {
                let key = (group.choice, group.history, group.missed);
                let mut rows = self.owed(&group);
                rows.retain(|row| !tried.contains(&(key, *row)) && !cancelled.contains(row));
                let carried = if self.joins() { rows.len() } else { rows.len().min(1) };
                is_over &= rows.len() <= carried;
                rows.truncate(carried);
                let ended = self.one_letter((audience, &group), &rows, opened).await?;
                if ended != Written::Letters {
                    tried.extend(rows.iter().map(|row| (key, *row)));
                }
            }
            if is_over {
                break;
            }
        }
        Ok(())
    }

    /// Posts whose own letter was called off.
    async fn cancelled(&self) -> Result<HashSet<i64>, store::Error> {
        let names = self.printer.store.cancelled_issues(&self.newsletter.id).await?;
        let known = self.eligible.known.iter();
        let cancelled =
            known.filter(|one| names.contains(&IssueName::instant(&one.post.key).to_string()));
        Ok(cancelled.map(|one| one.candidate.row).collect())
    }

    /// Whether posts that were held back come in one letter.
    const fn joins(&self) -> bool {
        self.newsletter.quiet.is_some() || self.printer.stationery.ceiling.is_some()
    }

    /// An instant letter, named after the newest post in it.
    async fn one_letter(
        &self,
        (audience, group): (Audience<'_>, &Group),
        rows: &[i64],
        opened: &mut Opened,
    ) -> Result<Written, store::Error> {
        let newest = self.eligible.carried(rows).last();
        let (Some(newest), Some(chosen)) = (newest, self.chosen(group.choice)) else {
            return Ok(Written::Nothing);
        };
        let due = Due {
            newsletter: self.newsletter,
            name: IssueName::instant(&newest.post.key),
            planned: newest.candidate.first_seen,
            choice: &chosen.choice,
        };
        self.printer.issue(&due, self.eligible, (audience, group), rows, opened).await
    }

    /// The issue of the latest planned time that has passed and was not acted upon, for each
    /// choice.
    pub(super) async fn periodic(
        &self,
        cadence: Cadence,
        usual: &Schedule,
        opened: &mut Opened,
    ) -> Result<(), store::Error> {
        let waves = self.due(cadence, usual, opened).await?;
        if waves.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = waves.iter().map(|wave| wave.chosen.id).collect();
        let audience = self.audience(cadence, &ids);
        let mut failed = BTreeSet::new();
        for group in self.printer.store.groups(audience).await? {
            let rows = self.owed(&group);
            let Some(wave) = waves.iter().find(|wave| wave.chosen.id == group.choice) else {
                continue;
            };
            if rows.is_empty() || failed.contains(&group.choice) {
                continue;
            }
            let due = Due {
                newsletter: self.newsletter,
                name: wave.name.clone(),
                planned: wave.planned,
                choice: &wave.chosen.choice,
            };
            let whom = (audience, &group);
            let ended = self.printer.issue(&due, self.eligible, whom, &rows, opened).await?;
            if ended == Written::Failed {
                failed.insert(group.choice);
            }
        }
        for wave in waves.iter().filter(|wave| !failed.contains(&wave.chosen.id)) {
            let whose = (self.newsletter.id.as_str(), cadence, wave.chosen.id);
            self.printer.store.take_wave(whose, (wave.planned, self.printer.now)).await?;
        }
        Ok(())
    }

    /// The waves of a cadence that are due.
    async fn due(
        &self,
        cadence: Cadence,
        usual: &Schedule,
        opened: &mut Opened,
    ) -> Result<Vec<Wave<'a>>, store::Error> {
        let (now, mut last, mut ahead) = (self.printer.now, HashMap::new(), None);
        for (choice, planned) in self.printer.store.waves(&self.newsletter.id, cadence).await? {
            if planned > now {
                ahead = Some(planned);
            } else {
                last.insert(choice, planned);
            }
        }
        if let Some(ahead) = ahead {
            opened.notes.push(format!(
                "the {cadence} issue of {} planned for {ahead} was opened already, by a clock that \
                 was wrong; it is passed over and digests go on",
                self.newsletter.id
            ));
        }
        let waves = self.choices.iter().filter(|chosen| !self.is_quiet(chosen));
        let waves = waves.filter_map(|chosen| {
            let schedule = chosen.choice.schedule(cadence, usual);
            let begin = self.printer.baseline.max(chosen.made);
            let after = last.get(&chosen.id).copied().unwrap_or(begin);
            let planned = schedule.latest(after, now)?;
            let name = IssueName::periodic(cadence, planned, schedule.zone())?;
            Some(Wave { chosen, name, planned })
        });
        Ok(waves.collect())
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
