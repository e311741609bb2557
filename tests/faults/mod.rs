//! The fault matrix: what goes wrong between us, the disk and the relay, and what it may cost.
//!
//! A [`Field`] is a world whose readers are all owed one post, over SMTP into a sink that logs
//! each letter on disk before it acknowledges it. [`Field::check`] holds that log against the
//! ledger: nothing lost, nothing twice, no more doubts than allowed. `tests/run --long` sets
//! `POSTRIDER_LONG`, and every test does more.

mod addresses;
mod disk;
mod instances;
mod kill;
mod limits;
mod long;
mod power;
mod replies;
mod serve;
mod signals;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::{Child, Stdio},
    sync::Arc,
    time::Duration,
};

use postrider::{
    selftest::sink::{Act, Options, Script, Sink},
    store::deliveries::Account,
    time::Clock,
};

use crate::harness::World;

pub(crate) const ISSUE: &str = "instant/owed";

/// `short`, or `long` under `tests/run --long`.
pub(crate) fn scale<T>(short: T, long: T) -> T {
    if std::env::var_os("POSTRIDER_LONG").is_some() { long } else { short }
}

/// A world that sends into a sink.
pub(crate) struct Field {
    pub(crate) world: World,
    pub(crate) sink: Sink,
    log: tempfile::NamedTempFile,
    pub(crate) readers: usize,
}

impl Field {
    pub(crate) fn new(readers: usize, connections: usize) -> Self {
        Self::with(readers, connections, Options::default())
    }

    pub(crate) fn with(readers: usize, connections: usize, options: Options) -> Self {
        let log = tempfile::NamedTempFile::new().unwrap();
        let sink = Sink::start(Options { log: Some(log.path().to_owned()), ..options }).unwrap();
        let world = World::new();
        let mut lines = world.read("config/subscribers.csv");
        for reader in 0..readers {
            lines.push_str(&format!("{},,letters,instant,2026-01-01T00:00:00Z\n", address(reader)));
        }
        world.write("config/subscribers.csv", &lines);
        world.configure_mail("first_run = \"latest\"");
        world.relay_at(sink.port, &format!("connections = {connections}"));
        world.post("owed", "2026-11-20", "A letter for all", "Text that everybody gets.");
        Self { world, sink, log, readers }
    }

    /// The sink behaves so from now on.
    pub(crate) fn turn(&self, script: impl Fn(&str, usize) -> Option<Act> + Send + Sync + 'static) {
        let script: Arc<Script> = Arc::new(script);
        self.sink.turn(Some(script));
    }

    /// Opens the issue without sending anything, and returns how large the ledger then is.
    pub(crate) fn open(&self) -> u64 {
        self.turn(|event, _| {
            (event == "connect").then_some(Act::say_and_hang("421 4.3.2 not yet"))
        });
        self.world.run();
        self.sink.turn(None);
        assert_eq!(self.count("ready"), self.readers);
        fs::metadata(self.world.path("var/postrider.db")).unwrap().len()
    }

    /// Message-ID and recipient of each letter taken.
    pub(crate) fn logged(&self) -> Vec<(String, String)> {
        let text = fs::read_to_string(self.log.path()).unwrap();
        let words = |line: &str| {
            let mut words = line.split('\t').skip(1).map(str::to_owned);
            (words.next().unwrap(), words.next().unwrap())
        };
        text.lines().map(words).collect()
    }

    /// Starts `postrider run`, and waits until so many letters were taken.
    pub(crate) fn run_until(&self, taken: usize) -> Child {
        self.until(taken, &["run", "--quiet"])
    }

    /// The same with any verb.
    pub(crate) fn until(&self, taken: usize, verb: &[&str]) -> Child {
        let mut command = self.world.postrider();
        let command = command.args(verb).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        while self.sink.taken() < taken {
            assert!(child.try_wait().unwrap().is_none(), "it ended before {taken} were taken");
            std::thread::sleep(Duration::from_micros(100));
        }
        child
    }

    /// Settles what a run that is no more left behind, as the next run would.
    pub(crate) fn settle(&self) {
        self.quiet();
        self.world.with_store(async |store| store.void_leases(Clock::System.now()).await.unwrap());
    }

    /// Waits until the sink has dealt with all that it was sent.
    pub(crate) fn quiet(&self) {
        for _ in 0..5000 {
            if self.sink.open() == 0 {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub(crate) fn accounts(&self) -> Vec<Account> {
        self.world.accounts(ISSUE)
    }

    /// Readers by what became of their letter.
    pub(crate) fn states(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut states: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for account in self.accounts() {
            states.entry(account.state).or_default().insert(account.address);
        }
        states
    }

    /// How many readers are in that state.
    pub(crate) fn count(&self, state: &str) -> usize {
        self.states().get(state).map_or(0, BTreeSet::len)
    }

    /// Holds the sink's log against the ledger after a crash was settled.
    pub(crate) fn check(&self, allowed: usize) {
        let logged: Vec<String> = self.logged().into_iter().map(|(_, to)| to).collect();
        let taken: BTreeSet<String> = logged.iter().cloned().collect();
        assert_eq!(taken.len(), logged.len(), "somebody got two");
        let mut states = self.states();
        let mut of = |state: &str| states.remove(state).unwrap_or_default();
        let (sent, uncertain, ready) = (of("sent"), of("uncertain"), of("ready"));
        assert!(states.is_empty(), "{states:?}");
        assert_eq!(sent.len() + uncertain.len() + ready.len(), self.readers);
        assert!(sent.is_subset(&taken), "sent without being taken");
        assert!(ready.is_disjoint(&taken), "taken, and would be sent again");
        assert!(uncertain.len() <= allowed, "{uncertain:?} are more than {allowed}");
    }

    /// The next run, by the binary, sends what is left; nobody is left out.
    pub(crate) fn finish(&self, allowed: usize) {
        let (status, out, err) = self.world.call(&["run"]);
        self.check(allowed);
        assert_eq!(self.count("ready"), 0, "{out}{err}");
        assert_eq!(status, i32::from(self.count("uncertain") > 0), "{out}{err}");
    }
}

pub(crate) fn address(reader: usize) -> String {
    format!("r{reader}@example.net")
}

pub(crate) fn signal(name: &str, child: &Child) {
    let told = std::process::Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(told.unwrap().success());
}

/// A signal in the middle of 300 letters: the process ends well, some are sent, none is in doubt.
fn ends_in_good_order(name: &str, verb: &[&str]) {
    let delay = Duration::from_millis(4);
    let field = Field::with(300, 3, Options { delay, ..Options::default() });
    let child = field.until(40, verb);
    signal(name, &child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{name}");
    field.check(0);
    let sent = field.count("sent");
    assert!((40..300).contains(&sent) && sent == field.sink.taken(), "{name}: {sent}");
    field.finish(0);
}
