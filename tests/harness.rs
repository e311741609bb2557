//! The harness: a [`World`] is a site in a folder of its own, with a hand-set clock.
//!
//! A test arranges files, lets the world run, and compares. Letters leave as `.eml` files; a
//! [`Sink`] stands for a relay. When a world ends it checks that no delivery is left leased.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use postrider::{
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
}

impl World {
    /// An empty site on a Tuesday noon.
    pub(crate) fn new() -> Self {
        let start = Timestamp::parse_rfc3339("2026-11-24T12:00:00Z").unwrap();
        let world = Self { folder: tempfile::tempdir().unwrap(), clock: Clock::hand_set(start) };
        world.write("config/postrider.toml", CONFIG);
        world.write("config/subscribers.csv", "address,name,newsletter,cadence,confirmed_at\n");
        fs::create_dir_all(world.path("posts")).unwrap();
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
        self.block(async {
            let site = Arc::new(Site::read(self.root()).unwrap());
            let quiet: Progress = Arc::new(|_| {});
            let mut run = self.begin(&site, &quiet).await;
            let summary = run.pass(site).await.unwrap();
            run.end().await;
            summary
        })
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

    /// The letters under `var/outbox`: `issue/address` and text.
    pub(crate) fn letters(&self) -> BTreeMap<String, String> {
        let folder = self.path("var/outbox/letters");
        let mut letters = BTreeMap::new();
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
            let store = Store::look(&self.path("var/postrider.db")).await.unwrap().unwrap();
            let seen = look(&store).await;
            store.close().await;
            seen
        })
    }

    fn block<T>(&self, work: impl Future<Output = T>) -> T {
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

/// A relay that logs and syncs each letter before it answers 250.
pub(crate) struct Sink {
    pub(crate) port: u16,
    log: Arc<Mutex<fs::File>>,
    path: PathBuf,
    /// Letters taken so far.
    pub(crate) taken: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Sink {
    /// Listens on a free port of loopback and logs to `path`.
    pub(crate) fn start(path: PathBuf) -> Self {
        Self::slow(path, Duration::ZERO)
    }

    /// The same, taking its time for each letter.
    pub(crate) fn slow(path: PathBuf, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let sink = Self {
            port: listener.local_addr().unwrap().port(),
            log: Arc::new(Mutex::new(fs::File::create(&path).unwrap())),
            path,
            taken: Arc::default(),
            stop: Arc::default(),
        };
        let (log, taken, stop) = (sink.log.clone(), sink.taken.clone(), sink.stop.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let (log, taken) = (log.clone(), taken.clone());
                let stream = stream.unwrap();
                std::thread::spawn(move || drop(session(stream, delay, &log, &taken)));
            }
        });
        sink
    }

    /// The recipients on record, in order.
    pub(crate) fn recipients(&self) -> Vec<String> {
        let _written = self.log.lock().unwrap();
        fs::read_to_string(&self.path).unwrap().lines().map(str::to_owned).collect()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

fn session(
    stream: TcpStream,
    delay: Duration,
    log: &Mutex<fs::File>,
    taken: &AtomicUsize,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    stream.write_all(b"220 sink ESMTP\r\n")?;
    let mut recipient = String::new();
    let mut line = String::new();
    while {
        line.clear();
        reader.read_line(&mut line)?
    } > 0
    {
        let word = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        match word.as_str() {
            "EHLO" => stream.write_all(b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n")?,
            "RCPT" => {
                recipient = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                stream.write_all(b"250 2.1.5 Ok\r\n")?;
            }
            "DATA" => {
                stream.write_all(b"354 go\r\n")?;
                let mut body = Vec::new();
                while !body.ends_with(b"\r\n.\r\n") {
                    if reader.read_until(b'\n', &mut body)? == 0 {
                        return Ok(());
                    }
                }
                std::thread::sleep(delay);
                let mut log = log.lock().unwrap();
                writeln!(log, "{recipient}")?;
                log.sync_data()?;
                drop(log);
                taken.fetch_add(1, Ordering::SeqCst);
                stream.write_all(b"250 2.0.0 Ok: taken\r\n")?;
            }
            "QUIT" => return stream.write_all(b"221 bye\r\n"),
            _ => stream.write_all(b"250 Ok\r\n")?,
        }
    }
    Ok(())
}
