//! A power cut: what was written and not synced may be gone, in any order.
//!
//! `strace` records how a run writes the ledger's files. For instants drawn from a seed the files
//! are rebuilt as a disk might hold them then: everything that a finished sync covers, and of the
//! rest each write by the toss of a coin. The ledger must then open, call nothing sent that the
//! sink had not taken, and nothing ready that it had.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use postrider::{selftest::sink::draw, store::Store, time::Clock};

use super::{Field, ISSUE, scale};
use crate::harness::World;

/// What a run did to a file, and when (microseconds since 1970).
struct Deed {
    begun: i64,
    done: i64,
    file: String,
    what: What,
}

enum What {
    Write(usize, Vec<u8>),
    Cut(usize),
    Sync,
    Remove,
}

/// Reads one line of `strace -ttt -T -y -xx`.
fn deed(line: &str) -> Option<Deed> {
    let (time, rest) = line.split_once(' ')?;
    let (call, rest) = rest.split_once('(')?;
    let (_, took) = line.rsplit_once('<')?;
    let micros = |seconds: &str| Some((seconds.parse::<f64>().ok()? * 1e6).round() as i64);
    let begun = micros(time)?;
    let done = begun + micros(took.trim_end_matches('>'))?;
    let quoted = |text: &str| Some(text.split_once('"')?.1.split_once('"')?.0.to_owned());
    let file = match call {
        "unlink" => quoted(rest)?,
        _ => rest.split_once('<')?.1.split_once('>')?.0.to_owned(),
    };
    let file = String::from_utf8(octets(&file)).ok()?.rsplit('/').next()?.to_owned();
    let number = |nth: usize| {
        let (inner, _) = rest.rsplit_once(") = ")?;
        inner.rsplit(", ").nth(nth)?.parse::<usize>().ok()
    };
    let what = match call {
        "pwrite64" => What::Write(number(0)?, octets(&quoted(rest)?)),
        "ftruncate" => What::Cut(number(0)?),
        "fdatasync" | "fsync" => What::Sync,
        "unlink" => What::Remove,
        _ => return None,
    };
    Some(Deed { begun, done, file, what })
}

fn octets(hex: &str) -> Vec<u8> {
    let digits = hex.split("\\x").filter(|digits| !digits.is_empty());
    digits.filter_map(|digits| u8::from_str_radix(digits, 16).ok()).collect()
}

/// Sends everything under `strace`, and returns what was done to the ledger's files, in order.
fn recorded(field: &Field) -> Vec<Deed> {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new("strace")
        .args(["-ff", "-ttt", "-T", "-y", "-xx", "-s", "1000000", "--seccomp-bpf"])
        .args(["-e", "trace=pwrite64,ftruncate,fdatasync,fsync,unlink", "-o"])
        .arg(folder.path().join("trace"))
        .arg(env!("CARGO_BIN_EXE_postrider"))
        .arg("--root")
        .arg(field.world.root())
        .args(["run", "--quiet"])
        .status()
        .unwrap();
    assert!(status.success());
    let mut deeds = Vec::new();
    for file in fs::read_dir(folder.path()).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        deeds.extend(text.lines().filter_map(deed));
    }
    deeds.retain(|deed| matches!(&*deed.file, "postrider.db" | "postrider.db-wal"));
    deeds.sort_by_key(|deed| deed.begun);
    deeds
}

/// The files as a disk might hold them at `cut`.
fn rebuilt(before: &[u8], deeds: &[Deed], cut: i64, seed: u64) -> BTreeMap<String, Vec<u8>> {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    files.insert("postrider.db".to_owned(), before.to_vec());
    let past: Vec<&Deed> = deeds.iter().filter(|deed| deed.begun <= cut).collect();
    for (at, deed) in past.iter().enumerate() {
        let is_durable = past[at..].iter().any(|later| {
            matches!(later.what, What::Sync) && later.file == deed.file && later.done <= cut
        });
        if !is_durable && draw(seed ^ draw(at as u64)).is_multiple_of(2) {
            continue;
        }
        let content = files.entry(deed.file.clone()).or_default();
        match &deed.what {
            What::Write(offset, octets) => {
                content.resize(content.len().max(offset + octets.len()), 0);
                content[*offset..offset + octets.len()].copy_from_slice(octets);
            }
            What::Cut(length) => content.resize(*length, 0),
            What::Sync | What::Remove => {}
        }
    }
    files
}

/// The readers of each state in a ledger made of those files, once the crash is settled.
fn states(files: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, BTreeSet<String>> {
    let folder = tempfile::tempdir().unwrap();
    for (name, octets) in files {
        fs::write(folder.path().join(name), octets).unwrap();
    }
    let ledger = folder.path().join("postrider.db");
    tokio::runtime::Runtime::new().unwrap().block_on(read(&ledger))
}

async fn read(ledger: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let store = Store::look(ledger).await.unwrap().unwrap();
    store.void_leases(Clock::System.now()).await.unwrap();
    let mut states: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for issue in store.issues_named(ISSUE).await.unwrap() {
        for account in store.accounts(issue.id, None).await.unwrap() {
            states.entry(account.state).or_default().insert(account.address);
        }
    }
    store.close().await;
    states
}

#[test]
#[ignore = "needs strace: run tests/run"]
fn a_power_cut_costs_no_letter_and_leaves_no_unnamed_doubt() {
    let connections = 4;
    let field = Field::new(scale(100, 1000), connections);
    field.open();
    let before = fs::read(field.world.path("var/postrider.db")).unwrap();
    let deeds = recorded(&field);
    let syncs = deeds.iter().filter(|deed| matches!(deed.what, What::Sync)).count();
    assert!(syncs > field.readers / connections, "only {syncs} syncs were seen");
    assert_eq!(field.count("sent"), field.readers);
    let taken = field.taken_at();
    // What the end of a run does with its log is SQLite's own business.
    let end = deeds.iter().find(|deed| matches!(deed.what, What::Remove)).map(|deed| deed.begun);
    let (first, last) = (taken[0].0 - 20_000, end.unwrap_or(taken[taken.len() - 1].0 + 1000));
    let mut doubts = 0;
    for seed in 0..scale(60, 400) {
        let cut = first + i64::try_from(draw(seed)).unwrap_or(i64::MAX).rem_euclid(last - first);
        let states = states(&rebuilt(&before, &deeds, cut, seed));
        let of = |state: &str| states.get(state).cloned().unwrap_or_default();
        let (sent, uncertain, ready) = (of("sent"), of("uncertain"), of("ready"));
        let logged = |until: i64| -> BTreeSet<String> {
            let past = taken.iter().take_while(|(at, _)| *at <= until);
            past.map(|(_, to)| to.clone()).collect()
        };
        assert_eq!(sent.len() + uncertain.len() + ready.len(), field.readers, "seed {seed}");
        assert!(sent.is_subset(&logged(cut)), "seed {seed}: sent, and never taken");
        assert!(ready.is_disjoint(&logged(cut)), "seed {seed}: taken, and would be sent again");
        assert!(uncertain.len() <= connections, "seed {seed}: {uncertain:?}");
        doubts += uncertain.len();
    }
    assert!(doubts > 0, "no cut fell between an intent and its result");
}

/// The calls of one run that sync and rename, as `strace -y` prints them, thread by thread.
fn syncs_and_renames(world: &World) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new("strace")
        .args(["-ff", "-y", "--seccomp-bpf", "-e"])
        .arg("trace=fsync,fdatasync,rename,renameat,renameat2,linkat,link")
        .arg("-o")
        .arg(folder.path().join("trace"))
        .arg(env!("CARGO_BIN_EXE_postrider"))
        .arg("--root")
        .arg(world.root())
        .args(["run", "--quiet"])
        .status()
        .unwrap();
    assert!(status.success());
    let files = fs::read_dir(folder.path()).unwrap();
    files
        .flat_map(|file| {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
#[ignore = "needs strace: run tests/run"]
fn a_page_is_on_disk_before_it_takes_its_name_and_its_folder_after() {
    let world = World::new();
    world.post("one", "2026-11-20", "One", "Text.");
    let calls = syncs_and_renames(&world);
    let public = world.path("public").canonicalize().unwrap().display().to_string();
    let mut renamed = 0;
    for (at, call) in calls.iter().enumerate() {
        let Some(names) = call.strip_prefix("rename").filter(|call| call.contains(".postrider-"))
        else {
            continue;
        };
        let quoted: Vec<&str> = names.split('"').skip(1).step_by(2).collect();
        let [beside, target] = quoted[..] else { panic!("{call}") };
        let folder = Path::new(target).parent().unwrap().display();
        let synced = |calls: &[String], file: &str| {
            let file = format!("<{file}>");
            calls.iter().any(|call| call.starts_with('f') && call.contains(&file))
        };
        assert!(synced(&calls[..at], beside), "{beside} was renamed unsynced");
        assert!(synced(&calls[at..], &folder.to_string()), "the new name in {folder} may be lost");
        renamed += usize::from(target.starts_with(&public));
    }
    assert!(renamed >= 6, "{calls:#?}");
}

impl Field {
    /// When each letter was taken, and whose it was.
    fn taken_at(&self) -> Vec<(i64, String)> {
        let text = fs::read_to_string(self.log.path()).unwrap();
        let read = |line: &str| {
            let mut words = line.split('\t');
            (words.next().unwrap().parse().unwrap(), words.nth(1).unwrap().to_owned())
        };
        let mut taken: Vec<(i64, String)> = text.lines().map(read).collect();
        taken.sort();
        taken
    }
}
