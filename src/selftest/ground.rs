//! The ground of a test: a throw-away site whose readers are all owed one post, its sink, and the
//! ledger that each round begins with: a copy of a prepared file, or a fresh schema on a server.

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
    store::{Store, location::Server, scratch::Scratch},
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
    bed: Bed,
}

/// Where the ledger of a round comes from.
enum Bed {
    /// Copied from a file.
    Copied,
    /// Opened anew in a schema of that server.
    Fresh { plan: Plan, address: String, scratch: Option<Scratch> },
}

impl Ground {
    /// Makes the site and, where it can be used again, its ledger. Sends nothing.
    pub(super) async fn prepare(plan: &Plan) -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("postrider-selftest-").tempdir();
        let folder = folder.map_err(system("make a temporary folder"))?;
        let options = Options { log: Some(folder.path().join("sink.log")), ..Options::default() };
        let sink = Sink::start(options).map_err(system("start the sink"))?;
        let bed = match &plan.ledger {
            None => Bed::Copied,
            Some(address) => {
                Bed::Fresh { plan: plan.clone(), address: address.clone(), scratch: None }
            }
        };
        let ground = Self { folder, sink, read: 0, bed };
        ground.write_site(plan, "").map_err(system("write the throw-away site"))?;
        if !ground.is_shared() {
            ground.open().await?;
            let mark = ground.mark()?;
            fs::copy(ground.path(LEDGER), ground.path("prepared.db"))
                .and_then(|_| fs::copy(mark, ground.path("prepared.mark")))
                .map_err(system("keep the prepared ledger"))?;
        }
        Ok(ground)
    }

    /// Opens the issue and sends nothing.
    async fn open(&self) -> Result<(), Error> {
        let site = Arc::new(Site::read(self.root())?);
        // A run that is told to stop at once opens what is due and sends nothing.
        let (_stopper, stop) = watch::channel(true);
        let quiet: Progress = Arc::new(|_| {});
        let mut run = Run::begin(site.clone(), "selftest", Clock::System, stop, quiet).await?;
        let passed = run.pass(site).await;
        run.end().await;
        passed?;
        Ok(())
    }

    pub(super) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Whether several children may work at once.
    pub(super) const fn is_shared(&self) -> bool {
        matches!(self.bed, Bed::Fresh { .. })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write_site(&self, plan: &Plan, ledger: &str) -> std::io::Result<()> {
        let Plan { letters, connections, .. } = plan;
        let port = self.sink.port;
        let config = format!(
            "{ledger}[site]\ntitle = \"Self-test\"\n[mail]\nfrom = \"selftest@blog.example\"\n\
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

    /// Gives the round a ledger in which nothing has been sent.
    pub(super) async fn reset(&mut self) -> Result<(), Error> {
        match &self.bed {
            Bed::Copied => self.put_back()?,
            Bed::Fresh { .. } => self.begin_anew().await?,
        }
        self.logged().map(drop)
    }

    /// Puts the prepared file back: into the same one, and with its mark, since a copy elsewhere
    /// would be held, and rightly.
    fn put_back(&self) -> Result<(), Error> {
        for stale in ["var/postrider.db-wal", "var/postrider.db-shm"] {
            remove(&self.path(stale))?;
        }
        let mark = self.mark()?;
        fs::copy(self.path("prepared.db"), self.path(LEDGER))
            .and_then(|_| fs::copy(self.path("prepared.mark"), mark))
            .map_err(system("copy a ledger"))?;
        Ok(())
    }

    /// Makes a schema in the place of the one before, and opens the issue there.
    async fn begin_anew(&mut self) -> Result<(), Error> {
        self.clear().await?;
        let Bed::Fresh { plan, address, scratch } = &mut self.bed else { return Ok(()) };
        let number = getrandom::u64()
            .map_err(|error| system("draw a random number")(std::io::Error::other(error)))?;
        let schema = format!("postrider_selftest_{number:016x}");
        *scratch = Some(Scratch::make(&Server::new(address, None)?, &schema).await?);
        let mark = if address.contains('?') { '&' } else { '?' };
        let ledger = format!("[ledger]\nurl = \"{address}{mark}options[search_path]={schema}\"\n");
        let plan = plan.clone();
        self.write_site(&plan, &ledger).map_err(system("write the throw-away site"))?;
        remove(&self.mark()?)?;
        self.open().await
    }

    /// Removes the schema of the last round.
    async fn clear(&mut self) -> Result<(), Error> {
        let Bed::Fresh { scratch, .. } = &mut self.bed else { return Ok(()) };
        if let Some(scratch) = scratch.take() {
            scratch.remove().await?;
        }
        Ok(())
    }

    /// Leaves nothing behind.
    pub(super) async fn leave(mut self) -> Result<(), Error> {
        self.clear().await
    }

    fn mark(&self) -> Result<PathBuf, Error> {
        Ok(Site::read(self.root())?.mark())
    }

    /// A child at work: killed where it is told, as if so much later.
    pub(super) fn child(
        &self,
        kill: Option<&str>,
        later: Duration,
        stderr: fs::File,
    ) -> Result<Child, Error> {
        let program = std::env::current_exe().map_err(system("find this program"))?;
        let mut command = Command::new(program);
        command.arg("--root").arg(self.root()).args(["selftest", "worker"]);
        command.args(["--later", &later.as_secs().to_string()]);
        if let Some(kill) = kill {
            command.args(["--kill", kill]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
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
        let site = Site::read(self.root())?;
        if let Some(store) = Store::look(site.location()?).await? {
            for issue in store.issues_named(ISSUE).await? {
                let accounts = store.accounts(issue.id, None).await?;
                states.extend(accounts.into_iter().map(|account| (account.address, account.state)));
            }
            store.close().await;
        }
        Ok(states)
    }
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(system("remove a stale file")(error))
        }
        _ => Ok(()),
    }
}
