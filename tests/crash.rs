//! What a crash may cost: no letter lost, none sent twice, and each doubt named.

use std::{collections::BTreeSet, time::Duration};

use postrider::time::Clock;

use crate::harness::{Sink, World};

const READERS: usize = 500;
const CONNECTIONS: usize = 4;

/// A site with 500 instant readers who are owed one post, over SMTP into `sink`.
fn world(sink: &Sink) -> World {
    let world = World::new();
    let mut lines = String::from("address,name,newsletter,cadence,confirmed_at\n");
    for reader in 0..READERS {
        lines.push_str(&format!("r{reader}@example.net,,letters,instant,2026-01-01T00:00:00Z\n"));
    }
    world.write("config/subscribers.csv", &lines);
    world.configure_mail("first_run = \"latest\"\ntransport = \"smtp\"");
    let text = world.read("config/postrider.toml");
    let smtp = format!(
        "\n[mail.smtp]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nconnections = {CONNECTIONS}\n",
        sink.port
    );
    world.write("config/postrider.toml", &(text + &smtp));
    world.post("crash", "2026-11-20", "A letter for all", "Text that everybody gets.");
    world
}

/// A small generator (splitmix64), so that a failing round can be replayed from its seed.
fn number(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Kills the run once the sink has taken a seeded number of letters, somewhere in the next few
/// milliseconds. Returns whether letters were left to send.
fn kill_one(world: &World, sink: &Sink, seed: u64) -> bool {
    let goal = usize::try_from(number(seed) % (READERS as u64 - 60)).unwrap() + 10;
    let mut child = world.postrider().args(["run", "--quiet"]).spawn().unwrap();
    while sink.taken.load(std::sync::atomic::Ordering::SeqCst) < goal {
        assert!(child.try_wait().unwrap().is_none(), "seed {seed}: it ended before {goal}");
        std::thread::sleep(Duration::from_micros(50));
    }
    std::thread::sleep(Duration::from_micros(number(seed ^ 1) % 3000));
    child.kill().unwrap();
    child.wait().unwrap();
    std::thread::sleep(Duration::from_millis(50));
    sink.recipients().len() < READERS
}

#[test]
fn a_killed_run_loses_nothing_doubles_nothing_and_names_each_doubt() {
    let mut killed_midway = 0;
    for seed in 0..20 {
        let log = tempfile::NamedTempFile::new().unwrap();
        let sink = Sink::start(log.path().to_owned());
        let world = world(&sink);
        killed_midway += usize::from(kill_one(&world, &sink, seed));
        let logged: BTreeSet<String> = sink.recipients().into_iter().collect();
        assert_eq!(logged.len(), sink.recipients().len(), "seed {seed}: somebody got two");
        world.with_store(async |store| store.void_leases(Clock::System.now()).await.unwrap());
        let accounts = world.accounts("instant/crash");
        let of = |state: &str| -> BTreeSet<String> {
            accounts.iter().filter(|a| a.state == state).map(|a| a.address.clone()).collect()
        };
        let (sent, uncertain, ready) = (of("sent"), of("uncertain"), of("ready"));
        assert!(uncertain.len() <= CONNECTIONS, "seed {seed}: {} uncertain", uncertain.len());
        assert_eq!(sent.len() + uncertain.len() + ready.len(), READERS, "seed {seed}");
        assert!(sent.is_subset(&logged), "seed {seed}: sent without being taken");
        assert!(ready.is_disjoint(&logged), "seed {seed}: taken, and would be sent again");
        let (status, out, _) = world.call(&["run"]);
        assert_eq!(status, i32::from(!uncertain.is_empty()), "seed {seed}: {out}");
        let after: Vec<String> = sink.recipients();
        let distinct: BTreeSet<String> = after.iter().cloned().collect();
        assert_eq!(distinct.len(), after.len(), "seed {seed}: somebody got two");
        assert_eq!(distinct.union(&uncertain).count(), READERS, "seed {seed}: somebody got none");
    }
    assert!(killed_midway >= 10, "only {killed_midway} of 20 kills landed in the middle");
}

#[test]
fn a_second_run_beside_the_first_says_who_is_at_work_and_leaves() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let sink = Sink::start(log.path().to_owned());
    let world = world(&sink);
    let mut first = world.postrider().args(["run", "--quiet"]).spawn().unwrap();
    while sink.taken.load(std::sync::atomic::Ordering::SeqCst) == 0 {
        std::thread::sleep(Duration::from_micros(100));
    }
    let (status, out, _) = world.call(&["run"]);
    assert_eq!(status, 0);
    assert!(out.contains(&format!("postrider run, process {}", first.id())), "{out}");
    assert!(first.wait().unwrap().success());
    assert_eq!(sink.recipients().len(), READERS);
}
