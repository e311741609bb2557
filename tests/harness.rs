//! The harness: a [`World`] is a site in a folder of its own, with a hand-set clock.
//!
//! A test arranges files, lets the world run, and compares. Letters of [`World::run`] are kept in
//! memory, which answers as a test lays out; those of the binary ([`World::call`]) leave as
//! `.eml` files. With a relay ([`World::relay_at`]) both go there. When a world ends it checks
//! that no delivery is left leased.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use postrider::{
    config::Way,
    outbox::transport::{Memory, Transport},
    selftest::sink::{Options, Sink},
    service::{self, Progress, Run, lock, never_stops, site::Site, summary::Summary},
    store::{Store, deliveries::Account},
    time::{Clock, Timestamp},
};

/// The configuration of a world: one newsletter, instant and weekly.
pub(crate) const CONFIG: &str = r#"
[site]
title = "Notes & Queries"
description = "A blog for tests"
language = "en"
time_zone = "Europe/Berlin"
author = "Ann Author"
[mail]
from = "Ann Author <letters@blog.example>"
postal_address = "1 Test Street, Testville"
subscribers = "config/subscribers.csv"
[[newsletters]]
id = "letters"
name = "Notes by mail"
instant = true
weekly = "0 9 * * MON"
"#;

/// A site in a folder of its own.
pub(crate) struct World {
    folder: tempfile::TempDir,
    pub(crate) clock: Clock,
    /// Where letters are kept, and what becomes of each.
    pub(crate) memory: Memory,
}

impl World {
    /// An empty site on a Tuesday noon.
    pub(crate) fn new() -> Self {
        let start = Timestamp::parse_rfc3339("2026-11-24T12:00:00Z").unwrap();
        let (folder, clock) = (tempfile::tempdir().unwrap(), Clock::hand_set(start));
        let world = Self { folder, clock, memory: Memory::default() };
        world.write("config/postrider.toml", CONFIG);
        world.write("config/subscribers.csv", "address,name,newsletter,cadence,confirmed_at\n");
        fs::create_dir_all(world.path("posts")).unwrap();
        world
    }

    /// The same with its ledger in a schema of its own on a PostgreSQL server.
    pub(crate) fn on_server(server: &str) -> Self {
        let world = Self::new();
        let schema = format!("world_{:016x}", getrandom::u64().unwrap());
        let made =
            Command::new("psql").args([server, "-qc", &format!("create schema {schema}")]).status();
        assert!(made.unwrap().success());
        let text = world.read("config/postrider.toml");
        let ledger = format!("[ledger]\nurl = \"{server}?options[search_path]={schema}\"\n");
        world.write("config/postrider.toml", &(ledger + &text));
        world
    }

    /// The repository's own sample site.
    pub(crate) fn sample() -> Self {
        let world = Self::new();
        let source = Path::new(env!("CARGO_MANIFEST_DIR"));
        for part in ["config", "posts"] {
            fs::remove_dir_all(world.path(part)).unwrap();
            copy(&source.join(part), &world.path(part));
        }
        world
    }

    /// An instant and a weekly reader, and one post that was there before them.
    pub(crate) fn with_readers() -> Self {
        let world = Self::new();
        world.subscribe("ada@example.net", "Ada", "instant");
        world.subscribe("wes@example.net", "", "weekly");
        world.post("old-news", "2026-11-01", "Old news", "What was there before.");
        world
    }

    /// Another site of the same files at the same time.
    pub(crate) fn twin(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(self.root(), folder.path());
        Self { folder, clock: Clock::hand_set(self.clock.now()), memory: Memory::default() }
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Adds a line to the configuration's `[mail]` table.
    pub(crate) fn configure_mail(&self, lines: &str) {
        let text = self.read("config/postrider.toml");
        let marked = text.replacen("[mail]\n", &format!("[mail]\n{lines}\n"), 1);
        assert_ne!(text, marked);
        self.write("config/postrider.toml", &marked);
    }

    /// Adds a reader who is confirmed long since.
    pub(crate) fn subscribe(&self, address: &str, name: &str, cadence: &str) {
        let mut text = self.read("config/subscribers.csv");
        text.push_str(&format!("{address},{name},letters,{cadence},2026-01-01T00:00:00Z\n"));
        self.write("config/subscribers.csv", &text);
    }

    /// Writes a post dated on that day.
    pub(crate) fn post(&self, slug: &str, date: &str, title: &str, body: &str) {
        let text = format!("+++\ntitle = \"{title}\"\ndate = {date}\n+++\n\n{body}\n");
        self.write(&format!("posts/{slug}.md"), &text);
    }

    /// Sends over SMTP without TLS to a port of loopback.
    pub(crate) fn relay_at(&self, port: u16, more: &str) {
        self.configure_mail("transport = \"smtp\"");
        let text = self.read("config/postrider.toml");
        let smtp =
            format!("[mail.smtp]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n{more}\n");
        self.write("config/postrider.toml", &format!("{text}\n{smtp}"));
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, hours: u64) {
        self.clock.advance(Duration::from_secs(hours * 3600));
    }

    /// One run.
    pub(crate) fn run(&self) -> Summary {
        self.run_telling(Arc::new(|_| {}))
    }

    /// One run that tells how far it is.
    pub(crate) fn run_telling(&self, progress: Progress) -> Summary {
        self.block(async {
            let site = Arc::new(self.site());
            let mut run = self.begin(&site, &progress).await;
            let summary = run.pass(site).await.unwrap();
            run.end().await;
            summary
        })
    }

    /// The site, its letters kept in memory where no relay is set.
    fn site(&self) -> Site {
        let site = Site::read(self.root()).unwrap();
        match site.config.way {
            Way::Eml => site.handing_to(Transport::Memory(self.memory.clone())),
            Way::Smtp => site,
        }
    }

    /// Begins a run. A child that another test is just starting holds every open file of this
    /// process, the lock of a run that has ended too, until it is its own program; so the lock
    /// is asked for again for a while.
    async fn begin(&self, site: &Arc<Site>, progress: &Progress) -> Run {
        for _ in 0..200 {
            let clock = self.clock.clone();
            match Run::begin(site.clone(), "run", clock, never_stops(), progress.clone()).await {
                Ok(run) => return run,
                Err(service::Error::Lock(lock::Error::Held(_))) => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
        panic!("the lock stayed held");
    }

    /// The letters that left, kept or as files: `issue/address` and text.
    pub(crate) fn letters(&self) -> BTreeMap<String, String> {
        let folder = self.path("var/outbox/letters");
        let kept = self.memory.taken().into_iter().filter_map(|letter| {
            let name = letter.name.strip_prefix("letters/")?.to_owned();
            Some((name, String::from_utf8(letter.message).unwrap()))
        });
        let mut letters: BTreeMap<_, _> = kept.collect();
        for entry in walkdir::WalkDir::new(&folder).into_iter().flatten() {
            let name = entry.path().strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
            if let Some(name) = name.strip_suffix(".eml") {
                letters.insert(name.to_owned(), fs::read_to_string(entry.path()).unwrap());
            }
        }
        letters
    }

    /// Everything the ledger says of the issue of that name.
    pub(crate) fn accounts(&self, issue: &str) -> Vec<Account> {
        self.with_store(async |store| {
            let mut accounts = Vec::new();
            for issue in store.issues_named(issue).await.unwrap() {
                accounts.extend(store.accounts(issue.id, None).await.unwrap());
            }
            accounts
        })
    }

    /// Opens the ledger for a look.
    pub(crate) fn with_store<T>(&self, look: impl AsyncFnOnce(&Store) -> T) -> T {
        self.block(async {
            let site = Site::read(self.root()).unwrap();
            let store = Store::look(site.location().unwrap()).await.unwrap().unwrap();
            let seen = look(&store).await;
            store.close().await;
            seen
        })
    }

    pub(crate) fn block<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::runtime::Runtime::new().unwrap().block_on(work)
    }

    /// The binary, told to work here.
    pub(crate) fn postrider(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postrider"));
        command.arg("--root").arg(self.root()).env_remove("RUST_LOG").current_dir("/");
        command
    }

    /// Runs the binary: status, standard output, standard error.
    pub(crate) fn call(&self, words: &[&str]) -> (i32, String, String) {
        let output = self.postrider().args(words).output().unwrap();
        let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
        (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() || !self.path("var/postrider.db").exists() {
            return;
        }
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let Ok(Some(store)) = Store::look(&self.path("var/postrider.db")).await else { return };
            let Ok(counts) = store.counts().await else { return };
            store.close().await;
            let left = counts.iter().any(|count| count.state.as_str() == "leased");
            assert!(!left, "a delivery was left leased");
        });
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.unwrap();
        let target = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            fs::create_dir_all(target).unwrap();
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A relay that logs and syncs each letter before it says that it has it.
pub(crate) fn sink(log: &Path) -> Sink {
    Sink::start(Options { log: Some(log.to_owned()), ..Options::default() }).unwrap()
}

/// The readers in that log, as often as they stand there.
pub(crate) fn recipients(log: &Path) -> Vec<String> {
    let text = fs::read_to_string(log).unwrap();
    text.lines().map(|line| line.split('\t').nth(2).unwrap().to_owned()).collect()
}
