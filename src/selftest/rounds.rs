//! The rounds: kill a child, let others send the rest, compare log and ledger as sets.

use std::{
    collections::BTreeMap,
    io::Read as _,
    process::Child,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    Error, Plan, Report,
    ground::Ground,
    report::{Doubt, Found},
    sink::{draw, moody},
    system,
    worker::POINTS,
};

/// How long the sink may take to notice that a child is gone.
const PATIENCE: u32 = 5000;
/// How long children wait for letters that were put off, each one longer.
const PAUSE: Duration = Duration::from_secs(7 * 60 * 60);
/// After so many children the sink is in a better mood, so that a round ends.
const MOODY_CHILDREN: u32 = 4;
const MOST_CHILDREN: u32 = 12;

/// Runs the test; `done` is told of each round.
pub async fn delivery(plan: &Plan, done: impl Fn()) -> Result<Report, Error> {
    let mut ground = Ground::prepare(plan).await?;
    let mut report = Report::new(*plan);
    for number in 0..plan.rounds {
        let round = Round::drawn(plan, plan.seed.wrapping_add(number));
        report.add(round.seed, round.run(plan, &mut ground).await?);
        done();
    }
    Ok(report)
}

/// How a child dies.
#[derive(Clone, Debug)]
enum Death {
    /// By its own hand, at the passage of a point.
    At(String),
    /// From outside, so long after so many letters were taken.
    Instant(usize, Duration),
}

struct Round {
    seed: u64,
    death: Death,
    is_moody: bool,
}

impl Round {
    fn drawn(plan: &Plan, seed: u64) -> Self {
        let dice = |nth: u64, below: u64| draw(seed ^ draw(nth)) % below.max(1);
        let letters = plan.letters as u64;
        let death = match POINTS.get(usize::try_from(dice(1, 8)).unwrap_or(0)) {
            Some((name, _)) => Death::At(format!("{name}:{}", 1 + dice(2, letters * 9 / 10))),
            None => {
                let goal = usize::try_from(dice(2, letters * 3 / 4)).unwrap_or(0);
                Death::Instant(goal, Duration::from_micros(dice(3, 2000)))
            }
        };
        Self { seed, death, is_moody: dice(4, 3) == 0 }
    }

    async fn run(&self, plan: &Plan, ground: &mut Ground) -> Result<Found, Error> {
        let doubts = Arc::new(AtomicU64::new(0));
        ground.reset()?;
        ground.sink.turn(self.is_moody.then(|| moody(self.seed, doubts.clone())));
        let before = ground.sink.taken();
        let was_killed = self.kill_one(ground, before)?;
        let mut logged = ground.logged()?;
        let taken = logged.len();
        self.send_the_rest(ground)?;
        logged.extend(ground.logged()?);
        let dots = usize::try_from(doubts.load(Ordering::SeqCst)).unwrap_or(usize::MAX);
        let found = compare(&logged, &ground.states().await?);
        Ok(Found {
            was_killed,
            was_sending: was_killed && (1..plan.letters).contains(&taken),
            is_moody: self.is_moody,
            allowed: plan.connections + dots,
            ..found
        })
    }

    /// Starts a child and sees it die; `false`: it had finished before.
    fn kill_one(&self, ground: &Ground, before: usize) -> Result<bool, Error> {
        let killed = match &self.death {
            Death::At(point) => {
                let child = ground.child(Some(point.clone()), Duration::ZERO)?;
                self.ended(child)?
            }
            Death::Instant(goal, pause) => {
                let mut child = ground.child(None, Duration::ZERO)?;
                while ground.sink.taken() - before < *goal && is_running(&mut child)? {
                    std::thread::sleep(Duration::from_micros(50));
                }
                std::thread::sleep(*pause);
                child.kill().map_err(system("kill a child"))?;
                self.ended(child)?
            }
        };
        quiet(ground);
        Ok(killed)
    }

    /// Waits for a child; whether it died of a signal.
    fn ended(&self, mut child: Child) -> Result<bool, Error> {
        let mut said = String::new();
        if let Some(mut stderr) = child.stderr.take() {
            stderr.read_to_string(&mut said).map_err(system("hear a child"))?;
        }
        let status = child.wait().map_err(system("wait for a child"))?;
        match status.code() {
            None => Ok(true),
            Some(0 | 3) => Ok(false),
            Some(_) => Err(Error::Child { seed: self.seed, status, said }),
        }
    }

    /// Lets children run, each later than the one before, until nothing waits.
    fn send_the_rest(&self, ground: &Ground) -> Result<(), Error> {
        for number in 0..MOST_CHILDREN {
            if number == MOODY_CHILDREN {
                ground.sink.turn(None);
            }
            let mut child = ground.child(None, PAUSE * number)?;
            let status = child.wait().map_err(system("wait for a child"))?;
            if status.code() != Some(3) {
                self.ended(child)?;
                break;
            }
        }
        quiet(ground);
        Ok(())
    }
}

fn is_running(child: &mut Child) -> Result<bool, Error> {
    Ok(child.try_wait().map_err(system("look at a child"))?.is_none())
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
        let plan = Plan { rounds: 1, seed: 0, letters: 200, connections: 4 };
        let shown = |seed| format!("{:?}", Round::drawn(&plan, seed).death);
        for seed in 0..50 {
            assert_eq!(shown(seed), shown(seed));
        }
        let all: std::collections::BTreeSet<_> = (0..50).map(shown).collect();
        assert!(all.len() > 40);
        let tiny = Plan { letters: 0, ..plan };
        Round::drawn(&tiny, 1);
    }
}
