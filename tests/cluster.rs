//! A PostgreSQL of a test's own, for what the suite's shared one must not suffer.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// A cluster on a free port of loopback; it ends when it is dropped.
pub(crate) struct Cluster {
    folder: tempfile::TempDir,
    port: u16,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        if is_root() {
            let owned = Command::new("chown").arg("postgres").arg(folder.path()).status();
            assert!(owned.unwrap().success());
        }
        let cluster = Self { folder, port: free_port() };
        cluster.does("initdb", &["--no-sync", "-U", "postrider", "-A", "trust"]);
        cluster.ctl("start");
        cluster
    }

    pub(crate) fn address(&self) -> String {
        format!("postgres://postrider@127.0.0.1:{}/postgres", self.port)
    }

    /// Ends it without a checkpoint, as a crash would, and starts it again.
    pub(crate) fn restart(&self) {
        self.ctl("restart");
    }

    /// `kill -9` of the backend that was at work last: the server ends all others, and recovers.
    pub(crate) fn kill_backend(&self) {
        let asked = self.asks(
            "select pid from pg_stat_activity where application_name = 'postrider' \
             order by state_change desc limit 1",
        );
        let pid = asked.expect("it answers");
        assert!(!pid.is_empty(), "nobody is at work");
        assert!(Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
    }

    /// Waits until it answers.
    pub(crate) fn wait(&self) {
        let started = Instant::now();
        while self.asks("select 1").is_none() {
            assert!(started.elapsed() < Duration::from_secs(30), "it does not come back");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn asks(&self, text: &str) -> Option<String> {
        let told = Command::new("psql").args([&self.address(), "-qAtc", text]).output().unwrap();
        told.status.success().then(|| String::from_utf8(told.stdout).unwrap().trim().to_owned())
    }

    fn ctl(&self, verb: &str) {
        let folder = self.folder.path().display();
        let options = format!("-p {} -c listen_addresses=127.0.0.1 -k {folder}", self.port);
        let log = format!("{folder}/log");
        self.does("pg_ctl", &["-m", "immediate", "-l", &log, "-o", &options, "-w", verb]);
    }

    fn does(&self, program: &str, words: &[&str]) {
        let mut command = as_postgres(&bin().join(program));
        let command = command.arg("-D").arg(self.folder.path().join("data")).args(words);
        assert!(command.status().unwrap().success(), "{program} {words:?}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut command = as_postgres(&bin().join("pg_ctl"));
        command.arg("-D").arg(self.folder.path().join("data"));
        // It may have ended already.
        let _ = command.args(["-m", "immediate", "-w", "stop"]).status();
    }
}

/// A port of loopback on which nobody listens.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its number").port()
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}

/// PostgreSQL does not run as root.
fn as_postgres(program: &Path) -> Command {
    let mut command = if is_root() { Command::new("runuser") } else { Command::new(program) };
    if is_root() {
        command.args(["-u", "postgres", "--"]).arg(program);
    }
    command.current_dir("/").stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Where Debian puts the newest one that is installed.
fn bin() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").unwrap().flatten();
    let newest = versions
        .max_by_key(|version| version.file_name().to_string_lossy().parse::<u32>().unwrap_or(0));
    newest.expect("tests/run installs it").path().join("bin")
}
