//! The ground of a test: a throw-away site whose readers are all owed one post, its sink, and a
//! prepared ledger that each round begins with.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use tokio::sync::watch;

use super::{
    Error, Plan,
    sink::{Options, Sink},
    system,
};
use crate::{
    config,
    service::{Progress, Run, site::Site},
    store::Store,
    time::Clock,
};

const ISSUE: &str = "instant/owed";
const LEDGER: &str = "var/postrider.db";

/// A site below a temporary folder, and what its letters are sent to.
pub(super) struct Ground {
    folder: tempfile::TempDir,
    pub(super) sink: Sink,
    /// How much of the sink's log earlier rounds wrote.
    read: u64,
}

impl Ground {
    /// Makes the site, opens the issue, and sends nothing.
    pub(super) async fn prepare(plan: &Plan) -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("postrider-selftest-").tempdir();
        let folder = folder.map_err(system("make a temporary folder"))?;
        let options = Options { log: Some(folder.path().join("sink.log")), ..Options::default() };
        let sink = Sink::start(options).map_err(system("start the sink"))?;
        let ground = Self { folder, sink, read: 0 };
        ground.write_site(plan).map_err(system("write the throw-away site"))?;
        let site = Arc::new(Site::read(ground.root())?);
        // A run that is told to stop at once opens what is due and sends nothing.
        let (_stopper, stop) = watch::channel(true);
        let quiet: Progress = Arc::new(|_| {});
        let mut run = Run::begin(site.clone(), "selftest", Clock::System, stop, quiet).await?;
        let passed = run.pass(site.clone()).await;
        run.end().await;
        passed?;
        fs::copy(ground.path(LEDGER), ground.path("prepared.db"))
            .and_then(|_| fs::copy(site.mark(), ground.path("prepared.mark")))
            .map_err(system("keep the prepared ledger"))?;
        Ok(ground)
    }

    pub(super) fn root(&self) -> &Path {
        self.folder.path()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write_site(&self, plan: &Plan) -> std::io::Result<()> {
        let Plan { letters, connections, .. } = plan;
        let port = self.sink.port;
        let config = format!(
            "[site]\ntitle = \"Self-test\"\n[mail]\nfrom = \"selftest@blog.example\"\n\
             subscribers = \"config/subscribers.csv\"\nfirst_run = \"latest\"\n\
             transport = \"smtp\"\n[mail.smtp]\nhost = \"127.0.0.1\"\nport = {port}\n\
             tls = \"none\"\nconnections = {connections}\n\
             [[newsletters]]\nid = \"letters\"\nname = \"Letters\"\ninstant = true\n"
        );
        let mut readers = "address,newsletter,cadence\n".to_owned();
        readers.extend((0..*letters).map(|n| format!("r{n}@example.net,letters,instant\n")));
        fs::create_dir_all(self.path("config"))?;
        fs::create_dir_all(self.path("posts"))?;
        fs::write(self.path(config::FILE), config)?;
        fs::write(self.path("config/subscribers.csv"), readers)?;
        let post = "+++\ntitle = \"A letter for all\"\ndate = 2026-01-02\n+++\nText.\n";
        fs::write(self.path("posts/owed.md"), post)
    }

    /// Puts the prepared ledger back, as if nothing had been sent.
    pub(super) fn reset(&mut self) -> Result<(), Error> {
        for stale in ["var/postrider.db-wal", "var/postrider.db-shm"] {
            match fs::remove_file(self.path(stale)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(system("remove a ledger")(error));
                }
                _ => {}
            }
        }
        // Into the same file, and with its mark: a copy elsewhere would be held, and rightly.
        let mark = Site::read(self.root())?.mark();
        fs::copy(self.path("prepared.db"), self.path(LEDGER))
            .and_then(|_| fs::copy(self.path("prepared.mark"), mark))
            .map_err(system("copy a ledger"))?;
        self.logged().map(drop)
    }

    /// A child that makes one run: killed where it is told, as if so much later.
    pub(super) fn child(&self, kill: Option<String>, later: Duration) -> Result<Child, Error> {
        let program = std::env::current_exe().map_err(system("find this program"))?;
        let mut command = Command::new(program);
        command.arg("--root").arg(self.root()).args(["selftest", "worker"]);
        command.args(["--later", &later.as_secs().to_string()]);
        if let Some(kill) = kill {
            command.args(["--kill", &kill]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().map_err(system("start a child"))
    }

    /// The recipients of the letters that were taken since this was last asked.
    pub(super) fn logged(&mut self) -> Result<Vec<String>, Error> {
        let read = || {
            let mut file = fs::File::open(self.path("sink.log"))?;
            file.seek(SeekFrom::Start(self.read))?;
            let mut text = String::new();
            file.read_to_string(&mut text)?;
            Ok(text)
        };
        let text = read().map_err(system("read the sink's log"))?;
        self.read += text.len() as u64;
        let recipients = text.lines().filter_map(|line| line.split('\t').nth(2));
        Ok(recipients.map(str::to_owned).collect())
    }

    /// What the ledger says of each reader.
    pub(super) async fn states(&self) -> Result<BTreeMap<String, String>, Error> {
        let mut states = BTreeMap::new();
        if let Some(store) = Store::look(&self.path(LEDGER)).await? {
            for issue in store.issues_named(ISSUE).await? {
                let accounts = store.accounts(issue.id, None).await?;
                states.extend(accounts.into_iter().map(|account| (account.address, account.state)));
            }
            store.close().await;
        }
        Ok(states)
    }
}
