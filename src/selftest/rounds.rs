//! The rounds: kill children, let others send the rest, compare log and ledger as sets.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    Error, Plan, Report,
    crew::{Crew, Death},
    ground::Ground,
    report::{Doubt, Found},
    sink::{draw, moody},
    worker::POINTS,
};

/// How long the sink may take to notice that a child is gone.
const PATIENCE: u32 = 5000;
/// How long children wait for letters that were put off, each one longer.
const PAUSE: Duration = Duration::from_secs(7 * 60 * 60);
/// After so many crews the sink is in a better mood, so that a round ends.
const MOODY_CREWS: u32 = 4;
const MOST_CREWS: u32 = 12;

/// Runs the test; `done` is told of each round.
pub async fn delivery(plan: &Plan, done: impl Fn()) -> Result<Report, Error> {
    let mut ground = Ground::prepare(plan).await?;
    let report = rounds(plan, &mut ground, done).await;
    ground.leave().await?;
    report
}

async fn rounds(plan: &Plan, ground: &mut Ground, done: impl Fn()) -> Result<Report, Error> {
    let mut report = Report::new(plan.clone());
    for number in 0..plan.rounds {
        let round = Round::drawn(plan, plan.seed.wrapping_add(number));
        report.add(round.seed, round.run(plan, ground).await?);
        done();
    }
    Ok(report)
}

struct Round {
    seed: u64,
    /// Who of the crew dies, and how.
    deaths: Vec<Option<Death>>,
    is_moody: bool,
}

impl Round {
    fn drawn(plan: &Plan, seed: u64) -> Self {
        let dice = |nth: u64, below: u64| draw(seed ^ draw(nth)) % below.max(1);
        let workers = plan.workers.max(1) as u64;
        let letters = plan.letters as u64;
        // The first dies in any case; of more than one the last lives.
        let dying = 1 + dice(5, workers - 1);
        let deaths = (0..workers).map(|number| {
            let dice = |nth: u64, below: u64| dice(nth + 8 * number, below);
            (number < dying).then(|| death(dice, (letters, letters / workers)))
        });
        Self { seed, deaths: deaths.collect(), is_moody: dice(4, 3) == 0 }
    }

    async fn run(&self, plan: &Plan, ground: &mut Ground) -> Result<Found, Error> {
        let doubts = Arc::new(AtomicU64::new(0));
        ground.reset().await?;
        ground.sink.turn(self.is_moody.then(|| moody(self.seed, doubts.clone())));
        let died = Crew::start(ground, &self.deaths, Duration::ZERO)?.end(self.seed)?.died;
        quiet(ground);
        self.send_the_rest(ground)?;
        let dots = usize::try_from(doubts.load(Ordering::SeqCst)).unwrap_or(usize::MAX);
        let found = compare(&ground.logged()?, &ground.states().await?);
        let was_sending = |taken: &&usize| (1..plan.letters).contains(*taken);
        Ok(Found {
            killed: died.len() as u64,
            killed_sending: died.iter().filter(was_sending).count() as u64,
            is_moody: self.is_moody,
            allowed: plan.connections * died.len() + dots,
            ..found
        })
    }

    /// Lets crews work, each later than the one before, until nothing waits.
    fn send_the_rest(&self, ground: &Ground) -> Result<(), Error> {
        let unharmed = vec![None; self.deaths.len()];
        // The dead hold their leases on a server until these end.
        let first = u32::from(ground.is_shared());
        for number in first..MOST_CREWS {
            if number == MOODY_CREWS {
                ground.sink.turn(None);
            }
            let crew = Crew::start(ground, &unharmed, PAUSE * number)?;
            if !crew.end(self.seed)?.left_some {
                break;
            }
        }
        quiet(ground);
        Ok(())
    }
}

/// How a child dies that shares so many letters with others, and has so many for itself.
fn death(dice: impl Fn(u64, u64) -> u64, (letters, own): (u64, u64)) -> Death {
    match POINTS.get(usize::try_from(dice(1, 8)).unwrap_or(0)) {
        Some((name, _)) => Death::At(format!("{name}:{}", 1 + dice(2, own * 9 / 10))),
        None => {
            let goal = usize::try_from(dice(2, letters * 3 / 4)).unwrap_or(0);
            Death::Instant(goal, Duration::from_micros(dice(3, 2000)))
        }
    }
}

/// Waits until the sink has dealt with all that a dead child had sent.
fn quiet(ground: &Ground) {
    for _ in 0..PATIENCE {
        if ground.sink.open() == 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Holds what the sink took against what the ledger says.
fn compare(logged: &[String], states: &BTreeMap<String, String>) -> Found {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for address in logged {
        *times.entry(address).or_default() += 1;
    }
    let mut found = Found { accepted: logged.len(), ..Found::default() };
    for (address, &times) in &times {
        if times > 1 {
            found.duplicate.push(Doubt::new(address, format!("taken {times} times")));
        }
        if !states.contains_key(*address) {
            found.lost.push(Doubt::new(address, "taken, and not in the ledger"));
        }
    }
    for (address, state) in states {
        let was_taken = times.contains_key(address.as_str());
        match (state.as_str(), was_taken) {
            ("sent", true) => {}
            ("uncertain", true) => found.uncertain.push(Doubt::new(address, "taken")),
            ("uncertain", false) => found.uncertain.push(Doubt::new(address, "not taken")),
            ("sent", false) => found.lost.push(Doubt::new(address, "sent, and never taken")),
            (other, true) => found.lost.push(Doubt::new(address, format!("{other}, but taken"))),
            (other, false) => found.lost.push(Doubt::new(address, format!("left {other}"))),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_promise_is_found_and_named() {
        let states: BTreeMap<String, String> = [
            ("a", "sent"),
            ("b", "sent"),
            ("c", "uncertain"),
            ("d", "uncertain"),
            ("e", "ready"),
            ("f", "failed"),
        ]
        .map(|(address, state)| (address.to_owned(), state.to_owned()))
        .into();
        let logged = ["a", "a", "c", "f", "g"].map(str::to_owned);
        let found = compare(&logged, &states);
        let of = |doubts: &[Doubt]| doubts.iter().map(|d| d.address.clone()).collect::<Vec<_>>();
        assert_eq!(of(&found.duplicate), ["a"]);
        assert_eq!(of(&found.uncertain), ["c", "d"]);
        assert_eq!(of(&found.lost), ["g", "b", "e", "f"]);
    }

    #[test]
    fn a_round_is_a_function_of_its_seed() {
        let (letters, workers) = (200, 4);
        let plan = Plan { rounds: 1, seed: 0, letters, connections: 4, workers, ledger: None };
        let shown = |seed| format!("{:?}", Round::drawn(&plan, seed).deaths);
        for seed in 0..50 {
            assert_eq!(shown(seed), shown(seed));
        }
        let all: std::collections::BTreeSet<_> = (0..50).map(shown).collect();
        assert!(all.len() > 40);
        let tiny = Plan { letters: 0, workers: 1, ..plan };
        assert!(Round::drawn(&tiny, 1).deaths[0].is_some());
    }
}
