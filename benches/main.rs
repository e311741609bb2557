//! The benchmark driver: `benches/run [NAME..]`.
//!
//! Builds its inputs from a seed, runs the released binary on them and the peer beside it, and
//! prints one line a figure: name, ours, peer or limit, ratio, target, `ok` or `short`. Times are
//! the median of three fresh runs; memory is the peak that the kernel reports.

#![allow(clippy::expect_used, clippy::panic)]

mod accesslog;
// The tests do more with it, in their own way.
#[allow(dead_code, clippy::unwrap_used)]
#[path = "../tests/cluster.rs"]
mod cluster;
mod delivery;
mod feeds;
mod ledger;
mod message;
mod million;
mod related;
mod workers;

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const ROUNDS: usize = 3;

fn main() {
    if delivery::is_sink() || related::is_maker() {
        return;
    }
    let asked: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let wants = |name: &str| asked.is_empty() || asked.iter().any(|one| one == name);
    println!("{:<28}{:>12}{:>14}{:>8}{:>10}  ", "figure", "ours", "peer/limit", "ratio", "target");
    if wants("build") {
        build();
    }
    if wants("feeds") {
        feeds::feeds();
    }
    if wants("letters") {
        letters();
    }
    if wants("delivery") {
        delivery::delivery();
    }
    if wants("workers") {
        workers::workers();
    }
    if wants("open") {
        open();
    }
    if wants("million") {
        million::million();
    }
    if wants("ledger") {
        moves();
    }
    if wants("message") {
        message::message();
    }
    if wants("accesslog") {
        accesslog::accesslog();
    }
    if wants("related") {
        related::related();
    }
}

/// An issue for 1,000,000 readers, opened in chunks while others write.
fn open() {
    let opened = ledger::open(1_000_000);
    line("open: 1,000,000 readers", seconds(opened.took), 10.0, 1.0, "s");
    line("open: others wait at most", seconds(opened.waited), 0.2, 1.0, "s");
}

/// Leasing and recording, 500 letters a commit: time for 150,000 of them against one second.
fn moves() {
    let rounds: Vec<_> = (0..ROUNDS).map(|_| ledger::moves(150_000)).collect();
    let time = |rate: f64| Duration::from_secs_f64(150_000.0 / rate);
    let leased = median(rounds.iter().map(|round| time(round.leased)));
    let settled = median(rounds.iter().map(|round| time(round.settled)));
    line("ledger: 150,000 leased", seconds(leased), 1.0, 1.0, "s");
    line("ledger: 150,000 settled", seconds(settled), 1.0, 1.0, "s");
}

/// Feeds and pages of 1,000 posts, cold and when nothing changed.
fn build() {
    let rounds: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let site = site(0..1000, 0, "");
            let cold = run(site.path());
            (cold, run(site.path()))
        })
        .collect();
    let cold = median(rounds.iter().map(|round| round.0.0));
    let warm = median(rounds.iter().map(|round| round.1.0));
    let peak = rounds.iter().map(|round| round.0.1).max().unwrap_or(0);
    line("build: 1,000 posts, cold", seconds(cold), 2.0, 1.0, "s");
    line("build: nothing changed", seconds(warm), 1.0, 1.0, "s");
    line("build: peak memory", megabytes(peak), 150.0, 1.0, "MB");
}

/// One post to 10,000 readers as files, beside the bare writing and syncing of such files.
///
/// No folder is removed before the end: for minutes ext4 searches past the inodes of files that
/// were removed, which would make whoever comes next three times slower.
fn letters() {
    let mut ours = Vec::new();
    let mut bare = Vec::new();
    let mut peak = 0;
    let mut kept = Vec::new();
    for _ in 0..ROUNDS {
        let site = site(0..20, 10_000, "");
        let (time, memory) = run(site.path());
        ours.push(time);
        peak = peak.max(memory);
        let written = walkdir::WalkDir::new(site.path().join("var/outbox"))
            .into_iter()
            .flatten()
            .filter(|entry| entry.file_type().is_file())
            .count();
        assert_eq!(written, 10_000, "every reader has a letter");
        let folder = tempfile::tempdir().expect("a folder");
        bare.push(bare_files(folder.path(), 10_000, 20_000));
        kept.extend([site, folder]);
    }
    let (ours, bare) = (median(ours.into_iter()), median(bare.into_iter()));
    line("letters: 10,000 as files", seconds(ours), seconds(bare), 3.0, "s");
    line("letters: peak memory", megabytes(peak), 150.0, 1.0, "MB");
}

/// The limit of any writer of files: write, sync, rename, sync the folder, on eight threads.
fn bare_files(folder: &Path, count: usize, octets: usize) -> Duration {
    let text = vec![b'x'; octets];
    let started = Instant::now();
    std::thread::scope(|scope| {
        for lane in 0..8 {
            let text = &text;
            scope.spawn(move || {
                for number in (lane..count).step_by(8) {
                    let beside = folder.join(format!("{number}.tmp"));
                    fs::write(&beside, text).expect("a file");
                    fs::File::open(&beside).and_then(|file| file.sync_all()).expect("synced");
                    fs::rename(&beside, folder.join(format!("{number}.eml"))).expect("renamed");
                    fs::File::open(folder).and_then(|f| f.sync_all()).expect("folder synced");
                }
            });
        }
    });
    started.elapsed()
}

/// Runs the binary on a site: wall time, and peak memory in kB.
fn run(root: &Path) -> (Duration, u64) {
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_postrider"))
        .arg("--root")
        .arg(root)
        .args(["run", "--quiet"])
        .stdout(Stdio::inherit())
        .spawn()
        .expect("the binary runs");
    let mut most = 0;
    loop {
        most = peak(child.id()).max(most);
        if let Some(status) = child.try_wait().expect("the binary ends") {
            assert!(status.success(), "{status}");
            return (started.elapsed(), most);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The peak that the kernel reports, in kB.
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak.and_then(|rest| rest.trim().strip_suffix(" kB"));
    kilobytes.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}

/// A site of these posts and so many instant readers; the newest post is owed. `mail` stands at the
/// end of the table of that name.
fn site(posts: impl IntoIterator<Item = usize>, readers: usize, mail: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    write(
        "config/postrider.toml",
        &format!(
            "[site]\ntitle = \"Bench\"\n[mail]\nfrom = \"bench@blog.example\"\n\
             first_run = \"latest\"\nsubscribers = \"config/subscribers.csv\"\n{mail}\
             [[newsletters]]\nid = \"letters\"\ninstant = true\n"
        ),
    );
    let mut lines = String::from("address,name,newsletter,cadence,confirmed_at\n");
    for reader in 0..readers {
        let day = "2026-01-01T00:00:00Z";
        let _ = writeln!(lines, "r{reader}@example.net,Reader {reader},letters,instant,{day}");
    }
    write("config/subscribers.csv", &lines);
    for number in posts {
        write(&format!("posts/post-{number}.md"), &post(number));
    }
    folder
}

/// A post of 2 to 6 KB with code, a list and a table, from its number alone.
fn post(number: usize) -> String {
    let mut seed = number as u64 + 1;
    let mut word = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let part = |shift: u32| SYLLABLES[(seed >> shift) as usize % SYLLABLES.len()];
        format!("{}{}{}", part(33), part(41), part(49))
    };
    let (year, month, day) = (2010 + number % 15, 1 + number % 12, 1 + number % 28);
    let mut text = format!(
        "+++\ntitle = \"{} {} {}\"\ndate = {year}-{month:02}-{day:02}\ntags = [\"{}\"]\n+++\n\n",
        word(),
        word(),
        word(),
        SYLLABLES[number % SYLLABLES.len()]
    );
    for _ in 0..4 + number % 8 {
        let words: Vec<String> = (0..60).map(|_| word()).collect();
        let _ = write!(text, "## {}\n\n{}.\n\n", word(), words.join(" "));
    }
    text.push_str("```rust\nfn main() { println!(\"<T> & more\"); }\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n");
    text
}

const SYLLABLES: [&str; 24] = [
    "ba", "ko", "ri", "tel", "mun", "sa", "vor", "lin", "da", "per", "os", "hel", "mi", "gra",
    "tun", "fe", "wol", "zi", "nar", "que", "lo", "bis", "cam", "ter",
];

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

fn megabytes(kilobytes: u64) -> f64 {
    kilobytes as f64 / 1024.0
}

/// Prints a figure of which more is better: `ours` at least `target` times `peer`.
fn rate(name: &str, ours: f64, peer: f64, target: f64, unit: &str) {
    let ratio = ours / peer;
    let verdict = if ratio >= target { "ok" } else { "short" };
    println!(
        "{name:<38}{ours:>9.0} {unit:<2}{peer:>9.0} {unit:<2}{ratio:>8.2}{:>10}  {verdict}",
        format!(">= {target:.2}")
    );
}

/// Prints a figure of which less is better: `ours` against `limit`, at most `target` times it.
fn line(name: &str, ours: f64, limit: f64, target: f64, unit: &str) {
    let ratio = ours / limit;
    let verdict = if ratio <= target { "ok" } else { "short" };
    println!(
        "{name:<28}{ours:>9.2} {unit:<2}{limit:>11.2} {unit:<2}{ratio:>8.2}{:>10}  {verdict}",
        format!("<= {target:.1}")
    );
}
