//! What a crash may cost: no letter lost, none sent twice, and each doubt named.

use std::{
    collections::BTreeSet,
    process::{Command, Stdio},
    time::Duration,
};

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
    world.configure_mail("first_run = \"latest\"");
    world.relay_at(sink.port, &format!("connections = {CONNECTIONS}"));
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

/// Who has the letter for certain, who may have it, and who has not.
fn accounts(world: &World) -> (BTreeSet<String>, BTreeSet<String>, BTreeSet<String>) {
    let accounts = world.accounts("instant/crash");
    let of = |states: &[&str]| -> BTreeSet<String> {
        let of = accounts.iter().filter(|account| states.contains(&account.state.as_str()));
        of.map(|account| account.address.clone()).collect()
    };
    (of(&["sent"]), of(&["sending", "uncertain"]), of(&["ready", "leased"]))
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
        let (sent, doubts, owed) = accounts(&world);
        assert!(doubts.len() <= CONNECTIONS, "seed {seed}: {} in doubt", doubts.len());
        assert_eq!(sent.len() + doubts.len() + owed.len(), READERS, "seed {seed}");
        assert!(sent.is_subset(&logged), "seed {seed}: sent without being taken");
        assert!(owed.is_disjoint(&logged), "seed {seed}: taken, and would be sent again");
        let (status, out, _) = world.call(&["run"]);
        assert_eq!(status, i32::from(!doubts.is_empty()), "seed {seed}: {out}");
        let after: Vec<String> = sink.recipients();
        let distinct: BTreeSet<String> = after.iter().cloned().collect();
        assert_eq!(distinct.len(), after.len(), "seed {seed}: somebody got two");
        assert_eq!(distinct.union(&doubts).count(), READERS, "seed {seed}: somebody got none");
        let (_, named, owed) = accounts(&world);
        assert_eq!((named, owed.len()), (doubts, 0), "seed {seed}: not every doubt is named");
    }
    assert!(killed_midway >= 10, "only {killed_midway} of 20 kills landed in the middle");
}

/// Tells the command to stop while it sends; what was begun must be finished, the rest given
/// back, and nothing left in doubt.
fn stops_midway(verb: &[&str], signal: &str) {
    let log = tempfile::NamedTempFile::new().unwrap();
    let sink = Sink::slow(log.path().to_owned(), Duration::from_millis(5));
    let world = world(&sink);
    let mut child =
        world.postrider().args(verb).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while sink.taken.load(std::sync::atomic::Ordering::SeqCst) < 40 {
        std::thread::sleep(Duration::from_millis(1));
    }
    Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{verb:?}");
    let logged: BTreeSet<String> = sink.recipients().into_iter().collect();
    assert!((40..READERS).contains(&logged.len()), "{verb:?} sent {}", logged.len());
    let ready = world.accounts("instant/crash").iter().filter(|a| a.state == "ready").count();
    let (sent, doubts, _) = accounts(&world);
    assert_eq!((sent, doubts), (logged.clone(), BTreeSet::new()), "{verb:?}");
    assert_eq!(logged.len() + ready, READERS, "{verb:?}: not all was given back");
    assert_eq!(world.call(&["run"]).0, 0);
    let after = sink.recipients();
    assert_eq!(after.len(), READERS, "somebody got none, or two");
    assert_eq!(after.iter().collect::<BTreeSet<_>>().len(), READERS, "somebody got two");
}

#[test]
fn a_run_that_is_told_to_stop_finishes_what_is_in_flight() {
    stops_midway(&["run"], "-TERM");
    stops_midway(&["run", "--quiet"], "-INT");
}

#[test]
fn a_service_that_is_told_to_stop_finishes_what_is_in_flight() {
    stops_midway(&["serve", "--listen", "127.0.0.1:0"], "-TERM");
}

#[test]
fn a_service_goes_on_publishing_and_opening_while_it_sends() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let sink = Sink::slow(log.path().to_owned(), Duration::from_millis(40));
    let world = world(&sink);
    let mut child = world
        .postrider()
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let taken = || sink.taken.load(std::sync::atomic::Ordering::SeqCst);
    while taken() < 8 {
        std::thread::sleep(Duration::from_millis(5));
    }
    world.post("news", "2026-11-24", "News", "Written while letters go out.");
    Command::new("kill").args(["-HUP", &child.id().to_string()]).status().unwrap();
    for _ in 0..200 {
        if !world.accounts("instant/news").is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(world.accounts("instant/news").len(), READERS);
    assert!(world.path("public/news/index.html").exists());
    assert!(taken() < READERS, "it was told only when all was sent");
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
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
