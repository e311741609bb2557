//! From cron, as a service, and over a real SMTP server.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{cluster::free_port, harness::World};

fn wait_for(port: u16) {
    for _ in 0..400 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    panic!("nobody listens on {port}");
}

fn http(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn terminate(child: &mut Child) -> Option<i32> {
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    child.wait().unwrap().code()
}

#[test]
fn serve_sends_new_posts_answers_one_click_and_ends_when_told() {
    let world = World::new();
    world.configure_mail("first_run = \"latest\"");
    world.subscribe("ada@example.net", "Ada", "instant");
    world.post("one", "2026-11-20", "One", "Text.");
    let port = free_port();
    let mut child = world
        .postrider()
        .args(["serve", "--listen", &format!("127.0.0.1:{port}")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for(port);
    for _ in 0..400 {
        if !world.letters().is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    let letters = world.letters();
    let letter = &letters["instant-one/ada@example.net"];
    let field = letter.split("List-Unsubscribe: <").nth(1).unwrap();
    assert!(field.starts_with(&format!("http://127.0.0.1:{port}/unsubscribe/")), "{field}");
    let token = field.split(['>', '\r']).next().unwrap().rsplit('/').next().unwrap();
    let path = format!("/unsubscribe/{token}");
    let seen = http(port, &format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    assert!(seen.starts_with("HTTP/1.1 200") && seen.contains("<button"), "{seen}");
    let state = |world: &World| {
        world.with_store(async |store| store.audience_counts().await.unwrap()[0].2.clone())
    };
    assert_eq!(state(&world), "confirmed", "a GET changes nothing");
    let body = "List-Unsubscribe=One-Click";
    let seen = http(
        port,
        &format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: \
             application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
    );
    assert!(seen.starts_with("HTTP/1.1 200"), "{seen}");
    assert_eq!(state(&world), "ended");
    let page = http(port, "GET /one/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("<h1"), "{page}");
    assert_eq!(terminate(&mut child), Some(0));
}

#[test]
fn the_crontab_line_works_with_an_empty_environment_from_the_root() {
    let world = World::new();
    world.post("one", "2026-11-20", "One", "Text.");
    let crontab = include_str!("../config/crontab");
    let line = crontab.lines().find(|line| line.starts_with("*/5 ")).unwrap();
    let command = line.splitn(6, ' ').nth(5).unwrap();
    let root = world.root().display().to_string();
    let command = command
        .replace("/srv/postrider", &root)
        .replace("/usr/bin/postrider", env!("CARGO_BIN_EXE_postrider"));
    for _ in 0..2 {
        let output = Command::new("/usr/bin/env")
            .args(["-i", "/bin/sh", "-c", &command])
            .current_dir("/")
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
        assert_eq!(String::from_utf8(said).unwrap(), "", "cron would mail this");
    }
    assert!(world.path("public/feed.xml").exists());
    world.write("posts/bad.md", "+++\ntitle = \n+++\n");
    let output = Command::new("/usr/bin/env")
        .args(["-i", "/bin/sh", "-c", &command])
        .current_dir("/")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("posts/bad.md:2"));
}

#[test]
fn a_relay_that_is_away_is_quiet_at_first_and_trouble_after_hours() {
    let world = World::new();
    world.subscribe("ada@example.net", "Ada", "instant");
    world.configure_mail("first_run = \"latest\"");
    world.relay_at(free_port(), "");
    world.post("one", "2026-11-20", "One", "Text.");
    let summary = world.run();
    let why = "cannot reach 127.0.0.1:";
    assert!(!summary.needs_operator(), "{summary}");
    assert!(summary.letters.next_try.as_ref().is_some_and(|next| next.why.contains(why)));
    assert!(summary.to_string().contains("1 waiting, next try Tue 2026-11-24 13:"), "{summary}");
    world.wait(5);
    let summary = world.run();
    assert!(summary.troubles[0].contains("letters have waited for 5 hours"), "{summary}");
    assert!(summary.troubles[0].contains(why), "{summary}");
}

#[test]
fn quiet_is_quiet_while_a_relay_is_away_and_tells_troubles_alone() {
    let world = World::new();
    world.subscribe("ada@example.net", "Ada", "instant");
    world.configure_mail("first_run = \"latest\"");
    world.relay_at(free_port(), "");
    world.post("one", "2026-11-20", "One", "Text.");
    let said = world.call(&["run", "--quiet"]);
    assert_eq!(said, (0, String::new(), String::new()));
    world.write("posts/bad.md", "+++\ntitle = \n+++\n");
    let (status, out, err) = world.call(&["run", "--quiet"]);
    assert_eq!((status, err.as_str()), (1, ""));
    assert!(out.lines().all(|line| line.starts_with("trouble: ")), "{out}");
    let (_, out, err) = world.call(&["status"]);
    assert!(out.contains("1 waiting, next try") && err.is_empty(), "{out}{err}");
}

#[test]
fn an_outbox_that_cannot_be_written_is_told_in_one_line_until_it_can() {
    for readers in [1, 4, 40] {
        let world = World::new();
        for reader in 0..readers {
            world.subscribe(&format!("r{reader}@example.net"), "", "instant");
        }
        world.configure_mail("first_run = \"latest\"");
        world.write("var/outbox", "a file where the folder should be");
        world.post("one", "2026-11-20", "One", "Text.");
        for run in 0..2 {
            let (status, out, err) = world.call(&["run", "--quiet"]);
            assert_eq!((status, err.as_str()), (1, ""), "{readers} {run}");
            assert_eq!(out.lines().count(), 1, "{out}");
            assert!(out.contains("cannot write a letter into"), "{out}");
        }
        let (status, out, _) = world.call(&["check"]);
        assert!(status == 1 && out.contains("cannot write into var/outbox"), "{out}");
    }
}

#[test]
fn whoever_comes_second_is_told_who_is_at_work() {
    let world = World::new();
    let now = postrider::time::Clock::System.now();
    let ledger = world.path("var/postrider.db");
    let held = postrider::service::lock::Lock::take(&ledger, "serve", now).unwrap();
    let (status, out, _) = world.call(&["run", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(status, 0);
    assert!(told["held"].as_str().unwrap().contains("postrider serve, process"), "{out}");
    assert_eq!(world.call(&["run", "--quiet"]), (0, String::new(), String::new()));
    let (status, _, err) = world.call(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(status, 1);
    assert!(err.contains("another run is at work"), "{err}");
    drop(held);
}

#[test]
fn the_doors_open_below_the_path_of_the_public_address_too() {
    let world = World::new();
    world.configure_mail("first_run = \"latest\"");
    let text = world.read("config/postrider.toml");
    let web = "[web]\npublic_url = \"https://blog.example/notes\"\n[mail]\n";
    world.write("config/postrider.toml", &text.replace("[mail]\n", web));
    world.subscribe("ada@example.net", "Ada", "instant");
    world.post("one", "2026-11-20", "One", "Text.");
    assert_eq!(world.call(&["run"]).0, 0);
    let letter = &world.letters()["instant-one/ada@example.net"];
    let token = letter.split("List-Unsubscribe: <https://blog.example/notes/unsubscribe/").nth(1);
    let token = token.unwrap().split(['>', '\r']).next().unwrap();
    let port = free_port();
    let listen = format!("127.0.0.1:{port}");
    let mut child = world
        .postrider()
        .args(["serve", "--listen", &listen])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_for(port);
    let get = |path: &str| {
        http(port, &format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
    };
    for prefix in ["", "/notes"] {
        let page = get(&format!("{prefix}/unsubscribe/{token}"));
        assert!(page.starts_with("HTTP/1.1 200"), "{prefix}: {page}");
        assert!(page.contains("you get no more of these letters"), "{page}");
        assert!(page.contains(&format!("action=\"/notes/unsubscribe/{token}\"")), "{page}");
        assert!(get(&format!("{prefix}/one/")).starts_with("HTTP/1.1 200"), "{prefix}");
        assert!(get(&format!("{prefix}/one")).contains("location: ./one/"), "{prefix}");
        let absent = get(&format!("{prefix}/none"));
        assert!(absent.starts_with("HTTP/1.1 404"), "{absent}");
        assert!(absent.contains("<a href=\"https://blog.example/notes/\">"), "{absent}");
    }
    assert_eq!(terminate(&mut child), Some(0));
}

#[test]
#[ignore = "needs Postfix's smtp-sink: run tests/run"]
fn a_real_sink_takes_the_letters_and_the_ledger_agrees() {
    let world = World::new();
    let port = free_port();
    world.configure_mail("first_run = \"latest\"");
    world.relay_at(port, "");
    for reader in 0..50 {
        world.subscribe(&format!("r{reader}@example.net"), "", "instant");
    }
    world.post("one", "2026-11-20", "One", ".\n..\n\nText with dots.\n\n.");
    let dump = tempfile::tempdir().unwrap();
    Command::new("chmod").arg("777").arg(dump.path()).status().unwrap();
    let mut sink = Command::new("smtp-sink");
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if is_root {
        sink.args(["-u", "nobody"]);
    }
    let file = dump.path().join("letters");
    let mut sink =
        sink.arg("-D").arg(&file).args([&format!("127.0.0.1:{port}"), "100"]).spawn().unwrap();
    wait_for(port);
    let (status, out, _) = world.call(&["run", "--json"]);
    sink.kill().unwrap();
    sink.wait().unwrap();
    assert_eq!(status, 0, "{out}");
    let taken = std::fs::read_to_string(&file).unwrap();
    let mut recipients: Vec<&str> = taken
        .lines()
        .filter_map(|line| line.strip_prefix("X-Rcpt-Args: <")?.split_once('>'))
        .map(|(address, _)| address)
        .collect();
    recipients.sort_unstable();
    let accounts = world.accounts("instant/one");
    assert!(accounts.iter().all(|account| account.state == "sent"), "{accounts:?}");
    let mut sent: Vec<&str> = accounts.iter().map(|account| account.address.as_str()).collect();
    sent.sort_unstable();
    assert_eq!(recipients, sent, "each reader once");
    assert_eq!(sent.len(), 50);
}
