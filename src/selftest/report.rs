//! The report: what the rounds found, for a person and for a machine.
//!
//! It decides whether the promise held: nothing lost, nothing sent twice, no more doubts than
//! connections (and dots that a moody sink never answered), each doubt named. A test in which
//! few children died while they were sending proves little, and counts as broken too.

use std::fmt;

use serde::Serialize;

use super::Plan;

/// So many rounds must there be before their number of kills while sending is judged.
const MANY: u64 = 10;
/// How many doubts are printed for a person.
const SHOWN: usize = 10;

/// A reader about whom something is to be said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Doubt {
    /// The seed with which the round can be replayed alone.
    pub seed: u64,
    /// The reader.
    pub address: String,
    /// What is known.
    pub what: String,
}

impl Doubt {
    pub(super) fn new(address: &str, what: impl Into<String>) -> Self {
        Self { seed: 0, address: address.to_owned(), what: what.into() }
    }
}

/// What one round found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) killed: u64,
    pub(super) killed_sending: u64,
    pub(super) is_moody: bool,
    pub(super) accepted: usize,
    pub(super) allowed: usize,
    pub(super) lost: Vec<Doubt>,
    pub(super) duplicate: Vec<Doubt>,
    pub(super) uncertain: Vec<Doubt>,
}

/// What all rounds found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What was asked for.
    #[serde(flatten)]
    pub plan: Plan,
    /// Children that were killed.
    pub killed: u64,
    /// Those of them that had sent some letters, but not all.
    pub killed_sending: u64,
    /// Rounds in which the sink misbehaved.
    pub moody: u64,
    /// Letters that the sink took.
    pub accepted: usize,
    /// The largest number of doubts in a round.
    pub most_uncertain: usize,
    /// Rounds, by their seed, with more doubts than may be.
    pub too_uncertain: Vec<u64>,
    /// Readers who got nothing, or whose record is wrong.
    pub lost: Vec<Doubt>,
    /// Readers who got a letter twice.
    pub duplicate: Vec<Doubt>,
    /// Readers of whom the ledger says that nobody can know.
    pub uncertain: Vec<Doubt>,
    /// Whether the promise held.
    pub held: bool,
}

impl Report {
    pub(super) fn new(plan: Plan) -> Self {
        Self {
            plan,
            killed: 0,
            killed_sending: 0,
            moody: 0,
            accepted: 0,
            most_uncertain: 0,
            too_uncertain: Vec::new(),
            lost: Vec::new(),
            duplicate: Vec::new(),
            uncertain: Vec::new(),
            held: true,
        }
    }

    pub(super) fn add(&mut self, seed: u64, found: Found) {
        self.killed += found.killed;
        self.killed_sending += found.killed_sending;
        self.moody += u64::from(found.is_moody);
        self.accepted += found.accepted;
        self.most_uncertain = self.most_uncertain.max(found.uncertain.len());
        if found.uncertain.len() > found.allowed {
            self.too_uncertain.push(seed);
        }
        let sown = |doubts: Vec<Doubt>| doubts.into_iter().map(move |d| Doubt { seed, ..d });
        self.lost.extend(sown(found.lost));
        self.duplicate.extend(sown(found.duplicate));
        self.uncertain.extend(sown(found.uncertain));
        self.held = self.lost.is_empty()
            && self.duplicate.is_empty()
            && self.too_uncertain.is_empty()
            && self.proves_much();
    }

    fn proves_much(&self) -> bool {
        self.killed < MANY || self.killed_sending * 2 >= self.killed
    }

    /// The seeds of rounds in which the promise broke, each once.
    fn broken(&self) -> Vec<u64> {
        let named = self.lost.iter().chain(&self.duplicate).map(|doubt| doubt.seed);
        let mut seeds: Vec<u64> = named.chain(self.too_uncertain.iter().copied()).collect();
        seeds.sort_unstable();
        seeds.dedup();
        seeds
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan { rounds, seed, letters, connections, workers, .. } = &self.plan;
        writeln!(
            f,
            "{rounds} rounds of {letters} letters, {workers} at work with {connections} \
             connections each, seed {seed}"
        )?;
        writeln!(f, "  killed      {:>8}   {} while sending", self.killed, self.killed_sending)?;
        writeln!(f, "  moody sink  {:>8}   rounds", self.moody)?;
        writeln!(f, "  taken       {:>8}   letters, by the sink", self.accepted)?;
        writeln!(f, "  lost        {:>8}", self.lost.len())?;
        writeln!(f, "  sent twice  {:>8}", self.duplicate.len())?;
        let uncertain = self.uncertain.len();
        writeln!(f, "  uncertain   {uncertain:>8}   at most {} in a round", self.most_uncertain)?;
        for (word, doubts) in
            [("lost", &self.lost), ("sent twice", &self.duplicate), ("uncertain", &self.uncertain)]
        {
            for doubt in doubts.iter().take(SHOWN) {
                writeln!(f, "    {word}: {} ({}), seed {}", doubt.address, doubt.what, doubt.seed)?;
            }
            if doubts.len() > SHOWN {
                writeln!(f, "    and {} more: --json names them all", doubts.len() - SHOWN)?;
            }
        }
        for seed in self.broken() {
            writeln!(f, "  replay: {}", self.plan.replay(seed))?;
        }
        if !self.proves_much() {
            writeln!(f, "  fewer than half were killed while sending: try more letters")?;
        }
        let end = if self.held { "The promise held." } else { "The promise did NOT hold." };
        writeln!(f, "{end}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(rounds: u64) -> Plan {
        Plan { rounds, seed: 7, letters: 2, connections: 1, workers: 1, ledger: None }
    }

    fn report(found: Found) -> Report {
        let mut report = Report::new(plan(1));
        report.add(7, found);
        report
    }

    #[test]
    fn a_broken_promise_comes_with_its_seed() {
        let doubt = || vec![Doubt::new("a@example.net", "why")];
        for found in [
            Found { lost: doubt(), ..Found::default() },
            Found { duplicate: doubt(), ..Found::default() },
            Found { uncertain: doubt(), allowed: 0, ..Found::default() },
        ] {
            let report = report(found);
            assert!(!report.held);
            let text = report.to_string();
            assert!(text.contains("replay: postrider selftest delivery --rounds 1 --seed 7"));
            assert!(text.contains("a@example.net (why)"), "{text}");
        }
    }

    #[test]
    fn as_many_doubts_as_connections_are_no_broken_promise() {
        let uncertain = vec![Doubt::new("a@example.net", "taken")];
        let report = report(Found { uncertain, allowed: 1, ..Found::default() });
        assert!(report.held && report.to_string().contains("The promise held."));
    }

    #[test]
    fn kills_that_miss_the_sending_prove_nothing() {
        let mut report = Report::new(plan(20));
        for seed in 0..20 {
            let killed_sending = u64::from(seed < 5);
            report.add(seed, Found { killed: 1, killed_sending, ..Found::default() });
        }
        assert!(!report.held);
    }
}
