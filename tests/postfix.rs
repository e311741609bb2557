//! A real relay: a Postfix of the test's own takes 10,000 signed letters and delivers them into
//! maildirs, refuses some readers at once, and sends others' letters back later.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{cluster::free_port, dkim, harness::World};

const READERS: usize = 10_000;
/// Readers that Postfix does not know, by the moment at which it says so.
const REFUSED: usize = 5;
const LATE: usize = 7;
/// Letters that the independent verifier looks at.
const SAMPLE: usize = 1000;

/// A Postfix of its own: configuration, queue and mail in a folder, one port of loopback. It
/// needs root, and gives up no part of its usual privileges: `sudo` where this is not root.
struct Postfix {
    folder: tempfile::TempDir,
    port: u16,
}

const MAIN: &str = "
compatibility_level = 3.6
queue_directory = FOLDER/spool
data_directory = FOLDER/data
maillog_file = FOLDER/log/postfix
maillog_file_prefixes = FOLDER/log
myhostname = relay.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_tls_security_level = none
in_flow_delay = 0
virtual_mailbox_domains = readers.test
virtual_mailbox_base = FOLDER/mail
virtual_mailbox_maps = texthash:FOLDER/etc/mailboxes
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_reject_unlisted_recipient = no
smtpd_recipient_restrictions = check_recipient_access regexp:FOLDER/etc/access,
    reject_unlisted_recipient, permit_mynetworks, reject
";

const MASTER: &str = "
127.0.0.1:PORT inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
";

impl Postfix {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let postfix = Self { folder, port };
        for part in ["etc", "spool", "data", "log", "mail"] {
            fs::create_dir(postfix.path(part)).unwrap();
        }
        postfix.write("main.cf", MAIN);
        postfix.write("master.cf", MASTER);
        let known = (0..READERS).map(|number| format!("r{number}@readers.test r{number}/\n"));
        postfix.write(
            "mailboxes",
            &known.chain(["letters@readers.test letters/\n".into()]).collect::<String>(),
        );
        // Taken without a look at the mailboxes: the letter comes back.
        postfix.write("access", "/^late/ OK\n");
        let folder = postfix.folder.path().display();
        postfix.as_root(&format!(
            "chmod 755 {folder} && chown 65534:65534 {folder}/mail && chown postfix {folder}/data \
             && chown -R root:root {folder}/etc {folder}/spool {folder}/log \
             && postfix -c {folder}/etc start"
        ));
        postfix
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let folder = self.folder.path().display().to_string();
        let text = text.replace("FOLDER", &folder).replace("PORT", &self.port.to_string());
        fs::write(self.path("etc").join(name), text).unwrap();
    }

    fn as_root(&self, script: &str) {
        let output = root_shell(script).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success(), "{said}");
    }

    /// Letters in a maildir.
    fn letters(&self, mailbox: &str) -> Vec<PathBuf> {
        let found = fs::read_dir(self.path("mail").join(mailbox).join("new"));
        let found = found.into_iter().flatten().flatten();
        found.map(|entry| entry.path()).collect()
    }

    /// Waits until so many mailboxes have been made and the sender has so many bounces.
    fn deliver(&self, mailboxes: usize, bounces: usize) {
        let started = Instant::now();
        let here = || fs::read_dir(self.path("mail")).unwrap().count();
        while here() < mailboxes + 1 || self.letters("letters").len() < bounces {
            let log = fs::read_to_string(self.path("log/postfix")).unwrap_or_default();
            let end: Vec<&str> = log.lines().rev().take(20).collect();
            assert!(started.elapsed() < Duration::from_secs(60), "{} made; {end:#?}", here());
            std::thread::sleep(Duration::from_millis(200));
        }
        // Whatever would come twice is to have come.
        std::thread::sleep(Duration::from_secs(1));
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let folder = self.folder.path().display();
        let script = format!("postfix -c {folder}/etc stop; rm -rf {folder}/*");
        // A test that failed before it was started has nothing to stop.
        let _ = root_shell(&script).output();
    }
}

fn root_shell(script: &str) -> Command {
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let mut command = Command::new(if is_root { "sh" } else { "sudo" });
    if !is_root {
        command.arg("sh");
    }
    command.args(["-c", &format!("PATH=$PATH:/usr/sbin; {script}")]).stdin(Stdio::null());
    command
}

/// A site whose letters are signed and whose readers all live at `readers.test`.
fn world(postfix: &Postfix) -> World {
    let world = dkim::world();
    let config = world.read("config/postrider.toml");
    world.write(
        "config/postrider.toml",
        &config.replace("letters@blog.example", "letters@readers.test"),
    );
    world.relay_at(postfix.port, "connections = 16");
    let mut lines = world.read("config/subscribers.csv");
    let groups = [("r", READERS), ("refused", REFUSED), ("late", LATE)];
    for (name, count) in groups {
        for number in 0..count {
            let address = format!("{name}{number}@readers.test");
            lines += &format!("{address},,letters,instant,2026-01-01T00:00:00Z\n");
        }
    }
    world.write("config/subscribers.csv", &lines);
    world.post("one", "2026-11-20", "One", ".\n..\n\nText with dots.\n\n.");
    world
}

/// The header field of that name in a letter.
fn field<'a>(letter: &'a str, name: &str) -> &'a str {
    let mut lines = letter.lines().take_while(|line| !line.is_empty());
    lines.find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name} in {letter}"))
}

/// Each reader has one letter, addressed to that reader; returns some of them.
fn one_each(postfix: &Postfix) -> Vec<PathBuf> {
    let mut ids = BTreeSet::new();
    let mut sample = Vec::new();
    for number in 0..READERS {
        let name = format!("r{number}");
        let letters = postfix.letters(&name);
        assert_eq!(letters.len(), 1, "{name}");
        let text = fs::read_to_string(&letters[0]).unwrap();
        assert_eq!(field(&text, "Delivered-To: "), format!("{name}@readers.test"));
        assert_eq!(field(&text, "To: "), format!("{name}@readers.test"));
        assert!(ids.insert(field(&text, "Message-ID: ").to_owned()), "{name}");
        if number % (READERS / SAMPLE) == 0 {
            sample.extend(letters);
        }
    }
    sample
}

fn verify(world: &World, sample: &[PathBuf]) {
    world.write("records", &dkim::records(world));
    fs::create_dir_all(world.path("sample")).unwrap();
    for (number, letter) in sample.iter().enumerate() {
        fs::copy(letter, world.path(&format!("sample/{number}.eml"))).unwrap();
    }
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/check_signatures.py");
    let python = std::env::var("POSTRIDER_PYTHON").expect("tests/run sets POSTRIDER_PYTHON");
    let (sample, records) = (world.path("sample"), world.path("records"));
    let checked = Command::new(python).arg(tool).args([sample, records]).output().unwrap();
    let said = String::from_utf8([checked.stdout, checked.stderr].concat()).unwrap();
    assert!(said.contains(&format!("{SAMPLE} messages verified, 0 of them changed")), "{said}");
}

#[test]
#[ignore = "needs Postfix, root or sudo, and Python with dkimpy: run tests/run"]
fn a_real_relay_delivers_each_letter_once_and_bounces_come_back() {
    let postfix = Postfix::start();
    let world = world(&postfix);
    let (status, out, err) = world.call(&["run"]);
    assert_eq!(status, 1, "{out}{err}");
    assert!(out.contains(&format!("{REFUSED} letters failed for good")), "{out}");
    postfix.deliver(READERS, LATE);
    let mut states: BTreeMap<String, usize> = BTreeMap::new();
    for account in world.accounts("instant/one") {
        assert_eq!(account.state == "failed", account.address.starts_with("refused"));
        *states.entry(account.state).or_default() += 1;
    }
    let expected = [("failed".to_owned(), REFUSED), ("sent".to_owned(), READERS + LATE)];
    assert_eq!(states, expected.into());
    let sample = one_each(&postfix);
    verify(&world, &sample);
    let bounces = postfix.letters("letters");
    assert_eq!(bounces.len(), LATE);
    for bounce in bounces {
        let text = fs::read_to_string(bounce).unwrap();
        assert!(text.contains("Content-Type: message/delivery-status"), "{text}");
        assert!(text.contains("Final-Recipient: rfc822; late"), "{text}");
        assert!(text.contains("Status: 5.1.1"), "{text}");
    }
}
