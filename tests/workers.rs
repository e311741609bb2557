//! Several workers on one ledger: each letter once, whoever dies, and each doubt named.

use std::{
    collections::BTreeSet,
    process::{Child, Command},
    sync::Arc,
    time::{Duration, Instant},
};

use postrider::{
    selftest::sink::{Sink, draw},
    service::{Progress, Run, site::Site},
    time::Clock,
};
use tokio::sync::watch;

use crate::harness::{World, recipients, sink};

const READERS: usize = 200;
const CONNECTIONS: usize = 4;

/// A site on PostgreSQL whose readers are owed one post, over SMTP into `sink`.
fn world(sink: &Sink) -> World {
    let world = World::on_postgres();
    let mut lines = String::from("address,name,newsletter,cadence,confirmed_at\n");
    for reader in 0..READERS {
        lines.push_str(&format!("r{reader}@example.net,,letters,instant,2026-01-01T00:00:00Z\n"));
    }
    world.write("config/subscribers.csv", &lines);
    world.configure_mail("first_run = \"latest\"\ntransport = \"smtp\"");
    let smtp = format!(
        "\n[mail.smtp]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nconnections = {CONNECTIONS}\n",
        sink.port
    );
    world.write("config/postrider.toml", &(world.read("config/postrider.toml") + &smtp));
    world.post("crash", "2026-11-20", "A letter for all", "Text that everybody gets.");
    world
}

/// Opens what is due and sends nothing: the run is told to stop before it begins to.
fn open(world: &World) {
    world.block(async {
        let site = Arc::new(Site::read(world.root()).unwrap());
        let quiet: Progress = Arc::new(|_| {});
        let (_keep, stop) = watch::channel(true);
        let clock = world.clock.clone();
        let mut run = Run::begin(site.clone(), "run", clock, stop, quiet).await.unwrap();
        let summary = run.pass(site).await.unwrap();
        run.end().await;
        assert_eq!(summary.letters.waiting, u64::try_from(READERS).unwrap());
    });
}

/// A worker, killed when a test fails before it ends.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn worker(world: &World) -> Worker {
    Worker(world.postrider().arg("worker").env("RUST_LOG", "error").spawn().unwrap())
}

/// Waits until the sink has taken so many letters.
fn wait_for(sink: &Sink, taken: usize) {
    let started = Instant::now();
    while sink.taken() < taken {
        assert!(started.elapsed() < Duration::from_secs(60), "{} taken", sink.taken());
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn end(mut worker: Worker) {
    let asked = Command::new("kill").args(["-TERM", &worker.0.id().to_string()]).status();
    assert!(asked.unwrap().success());
    assert!(worker.0.wait().unwrap().success());
}

/// How many of the letters are in each of the states.
fn in_state(world: &World, state: &str) -> BTreeSet<String> {
    let accounts = world.accounts("instant/crash").into_iter();
    accounts.filter(|account| account.state == state).map(|account| account.address).collect()
}

#[test]
#[ignore = "needs PostgreSQL: run tests/run"]
fn two_workers_share_the_letters_and_give_back_what_they_hold_when_told_to_stop() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let sink = sink(log.path());
    let world = world(&sink);
    open(&world);
    let workers = [worker(&world), worker(&world)];
    wait_for(&sink, READERS / 4);
    workers.into_iter().for_each(end);
    assert!(in_state(&world, "leased").is_empty() && in_state(&world, "sending").is_empty());
    let rest = worker(&world);
    wait_for(&sink, READERS);
    end(rest);
    let distinct: BTreeSet<String> = recipients(log.path()).into_iter().collect();
    assert_eq!((distinct.len(), recipients(log.path()).len()), (READERS, READERS));
    assert_eq!(in_state(&world, "sent").len(), READERS);
    let (status, out, _) = world.call(&["ledger", "verify"]);
    assert_eq!(status, 0, "{out}");
}

/// Kills one of two workers somewhere in the middle; the other goes on.
fn round(seed: u64) -> bool {
    let log = tempfile::NamedTempFile::new().unwrap();
    let sink = sink(log.path());
    let world = world(&sink);
    open(&world);
    let (killed, left) = (worker(&world), worker(&world));
    wait_for(&sink, 10 + usize::try_from(draw(seed) % (READERS as u64 - 60)).unwrap());
    std::thread::sleep(Duration::from_micros(draw(seed ^ 1) % 3000));
    drop(killed);
    let midway = recipients(log.path()).len() < READERS;
    settle(&world);
    end(left);
    let (taken, uncertain) = (recipients(log.path()), in_state(&world, "uncertain"));
    let distinct: BTreeSet<String> = taken.iter().cloned().collect();
    assert_eq!(distinct.len(), taken.len(), "seed {seed}: somebody got two");
    assert!(uncertain.len() <= CONNECTIONS, "seed {seed}: {uncertain:?}");
    assert_eq!(distinct.union(&uncertain).count(), READERS, "seed {seed}: somebody got none");
    assert_eq!(in_state(&world, "sent").len() + uncertain.len(), READERS, "seed {seed}");
    let (status, out, _) = world.call(&["ledger", "verify"]);
    assert_eq!(status, 0, "seed {seed}: {out}");
    midway
}

/// Lets the leases of the dead end (by a clock two minutes ahead, as soon as the living have
/// nothing left), and waits for the living to send what comes back.
fn settle(world: &World) {
    let started = Instant::now();
    loop {
        assert!(started.elapsed() < Duration::from_secs(60), "it does not come to an end");
        let ready = in_state(world, "ready").len();
        let held = in_state(world, "leased").len() + in_state(world, "sending").len();
        if ready == 0 && held == 0 {
            return;
        }
        if ready == 0 {
            std::thread::sleep(Duration::from_millis(300));
            world.with_store(async |store| {
                let ahead = Clock::System.now().plus(Duration::from_secs(121));
                store.reap(ahead).await.unwrap();
                store.ring().await.unwrap();
            });
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
#[ignore = "needs PostgreSQL: run tests/run"]
fn a_killed_worker_costs_no_letter_and_doubles_none_while_another_goes_on() {
    let midway = (0..40).filter(|&seed| round(seed)).count();
    assert!(midway >= 20, "only {midway} of 40 kills landed in the middle");
}
