//! Under systemd: its units, its notifications, and the secrets it hands over.

use std::{
    fs,
    os::unix::net::UnixDatagram,
    process::{Child, Command, Output, Stdio},
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use postrider::selftest::sink::{Act, Options, Sink};

use crate::harness::World;

/// What no file, no log and no argument may hold.
const MARKER: &str = "marker-of-a-password-7Q2x";

/// All files below a folder, as one lump.
fn lump(folder: &std::path::Path) -> Vec<u8> {
    let files = walkdir::WalkDir::new(folder).into_iter().flatten();
    let files = files.filter(|entry| entry.file_type().is_file());
    files.flat_map(|entry| fs::read(entry.path()).unwrap()).collect()
}

fn holds(octets: &[u8], text: &str) -> bool {
    octets.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Sends a letter with the marker as the relay's password; what was said, and the site.
fn sent_with_a_credential(auth: &str) -> (World, Sink, Output, Vec<u8>) {
    let sink = Sink::start(Options { keeps: true, ..Options::default() }).unwrap();
    let login = b"250-sink\r\n250 AUTH PLAIN XOAUTH2\r\n";
    sink.turn(Some(Arc::new(|event, _| {
        event.starts_with("EHLO").then(|| Act::Raw(login.to_vec()))
    })));
    let world = World::new();
    world.configure_mail("first_run = \"latest\"");
    world.relay_at(sink.port, &format!("user = \"ann\"\nauth = \"{auth}\""));
    world.subscribe("ada@example.net", "Ada", "instant");
    world.post("one", "2026-11-20", "One", "Text.");
    let credentials = tempfile::tempdir().unwrap();
    fs::write(credentials.path().join("smtp-password"), format!("{MARKER}\n")).unwrap();
    let child = world
        .postrider()
        .arg("run")
        .env("RUST_LOG", "trace")
        .env("CREDENTIALS_DIRECTORY", credentials.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (arguments, output) = (arguments(&child), child.wait_with_output().unwrap());
    (world, sink, output, arguments)
}

/// Its command line, as `ps` shows it to everybody.
fn arguments(child: &Child) -> Vec<u8> {
    for _ in 0..1000 {
        let words = fs::read(format!("/proc/{}/cmdline", child.id())).unwrap();
        // Empty until the kernel has laid out the new program.
        if words.ends_with(b"run\0") {
            return words;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("it has no command line");
}

#[test]
fn a_password_from_a_credential_stands_in_no_log_no_file_and_no_argument() {
    for (auth, proof) in [
        ("password", format!("\0ann\0{MARKER}")),
        ("xoauth2", format!("user=ann\x01auth=Bearer {MARKER}\x01\x01")),
    ] {
        let (world, sink, output, arguments) = sent_with_a_credential(auth);
        let said = [output.stdout, output.stderr, arguments].concat();
        assert_eq!(output.status.code(), Some(0), "{auth}");
        assert!(holds(&said, "DEBUG") && holds(&said, "--root"), "it was to tell everything");
        let proof = STANDARD.encode(proof);
        let commands = sink.seen().commands;
        assert!(commands.iter().any(|line| line.contains(&proof)), "{auth}: {commands:?}");
        let kept = lump(world.root());
        assert!(holds(&kept, "SQLite format 3") && holds(&kept, "ada@example.net"));
        for secret in [MARKER, &proof, &STANDARD.encode(MARKER)] {
            assert!(!holds(&said, secret), "{auth}: {secret} was said");
            assert!(!holds(&kept, secret), "{auth}: {secret} was kept");
        }
    }
}

/// What systemd hears of a verb: up to its readiness, and after it was told to stop.
fn heard(world: &World, verb: &[&str]) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut command = world.postrider();
    let command = command.args(verb).env("NOTIFY_SOCKET", &path).stdout(Stdio::null());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let hear = || {
        let mut octets = [0; 4096];
        let length = socket.recv(&mut octets).unwrap();
        String::from_utf8_lossy(&octets[..length]).into_owned()
    };
    let ready = hear();
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(told.unwrap().success());
    let stopping = hear();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    (ready, stopping)
}

#[test]
fn systemd_hears_when_the_service_is_ready_and_when_it_stops() {
    let world = World::new();
    let (ready, stopping) = heard(&world, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(ready.lines().any(|line| line == "READY=1"), "{ready}");
    assert!(stopping.lines().any(|line| line == "STOPPING=1"), "{stopping}");
}

#[test]
#[ignore = "needs PostgreSQL: run tests/run"]
fn systemd_hears_when_a_worker_is_ready_and_when_it_stops() {
    let server = std::env::var("POSTRIDER_POSTGRES").expect("tests/run sets it");
    let world = World::on_server(&server);
    world.run();
    let (ready, stopping) = heard(&world, &["worker"]);
    assert!(ready.lines().any(|line| line == "READY=1"), "{ready}");
    assert!(stopping.lines().any(|line| line == "STOPPING=1"), "{stopping}");
}

#[test]
#[ignore = "needs systemd-analyze: run tests/run"]
fn the_units_stand_before_systemd() {
    let folder = tempfile::tempdir().unwrap();
    let config = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let mut units = Vec::new();
    for name in [
        "postrider.service",
        "postrider-run.service",
        "postrider-worker.service",
        "postrider.timer",
    ] {
        let text = fs::read_to_string(config.join(name)).unwrap();
        let path = folder.path().join(name);
        let text = text.replace("/usr/bin/postrider", env!("CARGO_BIN_EXE_postrider"));
        fs::write(&path, text).unwrap();
        units.push(path);
    }
    let output = Command::new("systemd-analyze").arg("verify").args(&units).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}
