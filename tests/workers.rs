//! Several workers on one ledger of PostgreSQL: each letter once, whoever dies (the server too),
//! and each doubt named.

use std::{
    collections::BTreeSet,
    path::Path,
    process::{Child, Command},
    sync::Arc,
    time::{Duration, Instant},
};

use postrider::{
    selftest::sink::{Options, Sink},
    service::{Progress, Run, site::Site},
    time::Clock,
};
use tokio::sync::watch;

use crate::{
    cluster::Cluster,
    faults::scale,
    harness::{World, recipients, sink},
};

const READERS: usize = 200;
const CONNECTIONS: usize = 4;

/// A site on PostgreSQL whose readers are owed one post, over SMTP into `sink`.
fn world(sink: &Sink) -> World {
    world_on(&std::env::var("POSTRIDER_POSTGRES").expect("tests/run sets it"), sink)
}

fn world_on(server: &str, sink: &Sink) -> World {
    let world = World::on_server(server);
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

fn slow_sink(log: &Path, delay: Duration) -> Sink {
    Sink::start(Options { log: Some(log.to_owned()), delay, ..Options::default() }).unwrap()
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
    Worker(world.postrider().arg("worker").env("RUST_LOG", "off").spawn().unwrap())
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

/// Lets the leases of the dead end (by a clock two minutes ahead, as soon as the living have
/// nothing left to do), and waits for the living to send what comes back.
fn settle(world: &World) {
    let started = Instant::now();
    let held = || {
        let count = |state| in_state(world, state).len();
        (count("ready"), count("leased"), count("sending"))
    };
    let mut last = held();
    while last != (0, 0, 0) {
        assert!(started.elapsed() < Duration::from_secs(90), "it does not come to an end");
        std::thread::sleep(Duration::from_secs(1));
        let now = held();
        if now == last {
            world.with_store(async |store| {
                let ahead = Clock::System.now().plus(Duration::from_secs(121));
                store.reap(ahead).await.unwrap();
                store.ring().await.unwrap();
            });
        }
        last = now;
    }
}

/// Two workers on a server to which something happens in the middle; both must live through it.
fn through(cluster: &Cluster, calamity: fn(&Cluster)) {
    let log = tempfile::NamedTempFile::new().unwrap();
    // Slow enough that a calamity, which takes its time on a busy machine, is in the middle.
    let sink = slow_sink(log.path(), Duration::from_millis(30));
    let world = world_on(&cluster.address(), &sink);
    open(&world);
    let workers = [worker(&world), worker(&world)];
    wait_for(&sink, READERS / 8);
    calamity(cluster);
    let then = recipients(log.path()).len();
    assert!(then < READERS, "it came too late");
    cluster.wait();
    settle(&world);
    workers.into_iter().for_each(end);
    let (taken, uncertain) = (recipients(log.path()), in_state(&world, "uncertain"));
    let distinct: BTreeSet<String> = taken.iter().cloned().collect();
    assert_eq!(distinct.len(), taken.len(), "somebody got two");
    assert!(uncertain.len() <= 2 * CONNECTIONS, "{uncertain:?}");
    assert_eq!(distinct.union(&uncertain).count(), READERS, "somebody got none");
    let sent = in_state(&world, "sent");
    assert_eq!(sent.len() + uncertain.len(), READERS);
    assert!(sent.is_subset(&distinct), "sent, and never taken");
    let (status, out, _) = world.call(&["ledger", "verify"]);
    assert_eq!(status, 0, "{out}");
}

#[test]
#[ignore = "needs PostgreSQL: run tests/run"]
fn a_backend_killed_in_the_middle_costs_no_letter_and_doubles_none() {
    let cluster = Cluster::start();
    (0..scale(3, 20)).for_each(|_| through(&cluster, Cluster::kill_backend));
}

#[test]
#[ignore = "needs PostgreSQL: run tests/run"]
fn a_server_restarted_in_the_middle_costs_no_letter_and_doubles_none() {
    let cluster = Cluster::start();
    (0..scale(3, 20)).for_each(|_| through(&cluster, Cluster::restart));
}

/// The self-test on the suite's server: some of `workers` are killed while the others go on.
fn killed(rounds: &str, letters: &str, workers: &str) {
    let server = std::env::var("POSTRIDER_POSTGRES").expect("tests/run sets it");
    let output = Command::new(env!("CARGO_BIN_EXE_postrider"))
        .args(["selftest", "delivery", "--json", "--seed", "1", "--rounds", rounds])
        .args(["--letters", letters, "--workers", workers, "--ledger", &server])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect(&said);
    assert!(output.status.success() && report["held"] == true, "{report:#}{said}");
    let number = |key: &str| report[key].as_u64().unwrap();
    assert!(number("killed_sending") * 2 >= number("rounds"), "{report:#}");
    for doubt in report["uncertain"].as_array().unwrap() {
        assert!(doubt["address"].as_str().unwrap().contains('@'), "{doubt}");
    }
}

#[test]
#[ignore = "needs PostgreSQL: run tests/run"]
fn a_killed_worker_costs_no_letter_and_doubles_none_while_another_goes_on() {
    killed("40", scale("200", "2000"), scale("2", "4"));
}

#[test]
#[ignore = "needs PostgreSQL: run tests/run"]
fn of_four_workers_up_to_three_may_be_killed() {
    killed(scale("10", "40"), scale("1000", "2000"), "4");
}
