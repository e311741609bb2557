//! A run that dies: killed at named points and random instants, or for want of memory.

use std::{collections::BTreeSet, fs, process::Command, time::Duration};

use postrider::selftest::sink::draw;

use super::{Field, ISSUE, scale, signal};

#[test]
fn a_killed_run_loses_nothing_doubles_nothing_and_names_each_doubt() {
    let asked = std::env::var("POSTRIDER_ROUNDS").ok();
    let rounds = asked.unwrap_or_else(|| "20".to_owned());
    let output = Command::new(env!("CARGO_BIN_EXE_postrider"))
        .args(["selftest", "delivery", "--json", "--seed", "1", "--rounds", &rounds])
        .args(["--letters", scale("200", "2000")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect(&said);
    assert!(output.status.success() && report["held"] == true, "{report:#}{said}");
    let number = |key: &str| report[key].as_u64().unwrap();
    assert!(number("killed_sending") * 2 >= number("rounds"), "{report:#}");
    assert!(number("accepted") > 0 && number("moody") > 0, "{report:#}");
    for doubt in report["uncertain"].as_array().unwrap() {
        assert!(doubt["address"].as_str().unwrap().contains('@'), "{doubt}");
    }
}

/// What the disk holds of 500 letters right after each of twenty kills, before anybody settles it.
#[test]
fn a_killed_run_leaves_each_reader_in_the_log_in_doubt_or_ready() {
    let connections = 4;
    let field = Field::new(500, connections);
    let bed = Bed::of(&field);
    let (mut began, mut cut_short) = (0, 0);
    for seed in 0..20 {
        bed.put_back(&field);
        let before = field.logged().len();
        let goal = 1 + usize::try_from(draw(seed) % 400).unwrap();
        let child = field.run_until(before + goal);
        std::thread::sleep(Duration::from_micros(draw(seed ^ 1 << 32) % 3000));
        signal("-KILL", &child);
        drop(child.wait_with_output());
        field.quiet();
        let taken = taken(&field, before);
        let doubts = field.states().remove("sending").unwrap_or_default();
        assert!(doubts.len() <= connections, "seed {seed}: {doubts:?}");
        began += usize::from(!doubts.is_empty());
        let mut waits = BTreeSet::new();
        for state in ["ready", "leased"] {
            waits.extend(field.states().remove(state).unwrap_or_default());
        }
        assert!(waits.is_disjoint(&taken), "seed {seed}: taken, and would be sent again");
        assert!(waits.is_disjoint(&doubts), "seed {seed}");
        let named = taken.iter().chain(&doubts).chain(&waits).collect::<BTreeSet<_>>();
        assert_eq!(named.len(), field.readers, "seed {seed}: somebody was lost");
        cut_short += usize::from(!waits.is_empty());
        let (_, out, err) = field.world.call(&["run"]);
        let taken = self::taken(&field, before);
        assert!(waits.is_subset(&taken), "seed {seed}: the rest was not sent: {out}{err}");
        assert_eq!(field.states().remove("uncertain").unwrap_or_default(), doubts, "seed {seed}");
        assert_eq!(field.count("sent") + doubts.len(), field.readers, "seed {seed}");
    }
    assert!(began > 0, "no kill fell between an intent and its result");
    assert!(cut_short > 15, "only {cut_short} kills came in the middle");
}

/// Whose letters stand in the log behind its first `before`; each once.
fn taken(field: &Field, before: usize) -> BTreeSet<String> {
    let logged = field.logged().split_off(before);
    let taken: BTreeSet<String> = logged.iter().map(|(_, to)| to.clone()).collect();
    assert_eq!(taken.len(), logged.len(), "somebody got two");
    taken
}

/// A ledger in which everything is owed, and its mark.
struct Bed {
    ledger: Vec<u8>,
    mark: Vec<u8>,
}

impl Bed {
    fn of(field: &Field) -> Self {
        field.open();
        let read = |name| fs::read(field.world.path(name)).unwrap();
        Self { ledger: read("var/postrider.db"), mark: read("var/postrider.instance") }
    }

    /// Into the same file, since a copy elsewhere would be held, and rightly.
    fn put_back(&self, field: &Field) {
        for stale in ["var/postrider.db-wal", "var/postrider.db-shm"] {
            let _ = fs::remove_file(field.world.path(stale));
        }
        fs::write(field.world.path("var/postrider.db"), &self.ledger).unwrap();
        fs::write(field.world.path("var/postrider.instance"), &self.mark).unwrap();
    }
}

#[test]
fn a_killed_run_is_settled_by_the_next_and_status_names_the_doubts() {
    let field = Field::new(200, 4);
    let child = field.run_until(60);
    signal("-KILL", &child);
    drop(child.wait_with_output());
    field.settle();
    field.check(4);
    let (_, out, _) = field.world.call(&["status"]);
    for account in field.accounts().iter().filter(|account| account.state == "uncertain") {
        assert!(out.contains(&format!("uncertain: {}", account.address)), "{out}");
    }
    field.finish(4);
    let resolved = field.world.call(&["issue", "resolve", ISSUE, "--as", "sent"]);
    assert_eq!(resolved.0, 0, "{}{}", resolved.1, resolved.2);
    assert_eq!(field.count("sent"), 200);
}

/// Memory limits by bisection, so that runs die as late as they can, in the middle of things.
#[test]
fn a_run_without_memory_loses_nothing_and_doubles_nothing() {
    let (mut low, mut high, mut died) = (20_000_u32, 2_000_000_u32, 0);
    while high - low > scale(4_000, 1_000) {
        let field = Field::new(scale(200, 2000), 4);
        field.open();
        let limit = low.midpoint(high);
        Command::new("sh")
            .args(["-c", "ulimit -v $1; exec \"$2\" --root \"$3\" run --quiet", "sh"])
            .arg(limit.to_string())
            .arg(env!("CARGO_BIN_EXE_postrider"))
            .arg(field.world.root())
            .output()
            .unwrap();
        field.settle();
        field.check(4);
        if field.count("sent") == field.readers {
            high = limit;
        } else {
            (low, died) = (limit, died + 1);
        }
        field.finish(4);
    }
    assert!(died > 0, "no run died");
}
