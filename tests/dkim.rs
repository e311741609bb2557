//! Signed letters: from the key files to what an independent verifier says of them.

use std::{fs, path::Path, process::Command};

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    rsa, signature,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use postrider::service::site::Site;

use crate::harness::World;

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}

/// A world whose letters are signed, with fresh keys of both kinds.
pub(crate) fn world() -> World {
    let world = World::new();
    configure(&world);
    let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    world.write("config/dkim.pem", &pem(der.as_ref()));
    let pair = signature::Ed25519KeyPair::generate().unwrap();
    world.write("config/ed25519.pem", &pem(pair.to_pkcs8v1().unwrap().as_ref()));
    world
}

fn configure(world: &World) {
    world.configure_mail("first_run = \"latest\"");
    let text = world.read("config/postrider.toml");
    let table = "[mail.dkim]\nselector = \"one\"\nkey_file = \"config/dkim.pem\"\n\
                 ed25519_selector = \"two\"\ned25519_key_file = \"config/ed25519.pem\"\n";
    world.write("config/postrider.toml", &(text + table));
}

/// The records that `check` tells to publish: name, tab, text.
pub(crate) fn records(world: &World) -> String {
    let (status, out, err) = world.call(&["check"]);
    assert_eq!(status, 0, "{err}");
    let (_, told) = out.split_once("publish as TXT records:\n").unwrap();
    let told: Vec<&str> = told.lines().take_while(|line| line.starts_with("  ")).collect();
    let lines = told.chunks(2).map(|pair| format!("{}\t{}\n", pair[0].trim(), pair[1].trim()));
    lines.collect()
}

#[test]
fn letters_are_signed_by_each_key_and_check_tells_what_to_publish() {
    let world = world();
    world.subscribe("ada@example.net", "Ada", "instant");
    world.post("one", "2026-11-20", "One", "Text.");
    world.run();
    let letter = &world.letters()["instant-one/ada@example.net"];
    for key in ["a=rsa-sha256", "a=ed25519-sha256", "d=blog.example; s=one;", "s=two;"] {
        assert!(letter.contains(key), "{key}\n{letter}");
    }
    let records = records(&world);
    let records: Vec<&str> = records.lines().collect();
    assert!(records[0].starts_with("one._domainkey.blog.example\tv=DKIM1; k=rsa; p=MII"));
    assert!(records[1].starts_with("two._domainkey.blog.example\tv=DKIM1; k=ed25519; p="));
}

#[test]
fn a_key_that_is_missing_or_damaged_is_named_with_what_to_do() {
    let world = World::new();
    configure(&world);
    for (key, why) in [(None, "cannot read the key config/dkim.pem"), (Some("x"), "holds no")] {
        if let Some(key) = key {
            world.write("config/dkim.pem", key);
        }
        let (status, _, err) = world.call(&["check"]);
        assert_eq!(status, 2, "{err}");
        assert!(err.contains(why), "{err}");
        assert!(err.contains("openssl genrsa -out config/dkim.pem 2048"), "{err}");
    }
}

/// Messages as no letter of ours is, for the signer must not depend on what our letters are.
fn odd_messages() -> Vec<String> {
    let head = "FROM:  Ann \t <a@blog.example>\r\nSUBJECT:folded\r\n\t and \r\n  folded\r\n\
                To: \"B\" <b@example.net>\r\nTo: c@example.net\r\nDate: Tue, 24 Nov 2026 12:00:00 +0000\r\n\
                X-Empty:\r\nMessage-ID:\r\n <1@blog.example>\r\n";
    let bodies = [
        "",
        "\r\n",
        "\r\n\r\n \t\r\n",
        "no line end",
        "  indented\twith \t tabs  \r\n\r\n\r\n.\r\n..\r\nend \t\r\n",
        "Ünïcödé 漢\u{a0}\r\n\u{a0} \r\n",
    ];
    bodies.iter().map(|body| format!("{head}\r\n{body}")).collect()
}

#[test]
#[ignore = "needs Python with dkimpy, and openssl: run tests/run"]
fn signatures_stand_before_an_independent_verifier() {
    let world = world();
    // The form that `openssl genrsa` wrote before its version 3.
    let file = world.path("config/dkim.pem");
    let mut openssl = Command::new("openssl");
    let made = openssl.args(["genrsa", "-traditional", "-out"]).arg(&file).arg("2048").output();
    assert!(made.unwrap().status.success());
    assert!(world.read("config/dkim.pem").starts_with("-----BEGIN RSA PRIVATE KEY-----"));
    for (address, name) in [
        ("ada@example.net", "Ada Lovelace"),
        ("zoe@example.net", "Zoë Ångström-Løvås of the far and long-winded North 漢字"),
        ("bob@example.net", ""),
        ("quo@example.net", "\"Q\" <x> & 'y' Jr."),
    ] {
        world.subscribe(address, &name.replace('"', ""), "instant");
    }
    let title =
        "Ein sehr langer Titel über Söhne, 漢字 and plain words that must be folded ".repeat(4);
    world.post("one", "2026-11-20", &title, ODD);
    assert_eq!(world.call(&["run"]).0, 0);
    let site = Site::read(world.root()).unwrap();
    for (number, message) in odd_messages().iter().enumerate() {
        let signed = site.signer.as_ref().unwrap().sign(message.as_bytes()).unwrap();
        fs::write(world.path(&format!("var/outbox/odd-{number}.eml")), signed).unwrap();
    }
    assert_eq!(world.letters().len(), 4);
    world.write("records", &records(&world));
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/check_signatures.py");
    let python = std::env::var("POSTRIDER_PYTHON").expect("tests/run sets POSTRIDER_PYTHON");
    let checked = Command::new(python)
        .arg(tool)
        .args([world.path("var/outbox"), world.path("records")])
        .output()
        .unwrap();
    let said = String::from_utf8([checked.stdout, checked.stderr].concat()).unwrap();
    assert!(said.contains("10 messages verified, 4 of them changed"), "{said}");
}

const ODD: &str = "Text = with \\\n.\n\n..\n\n\ttabs and    runs\n\n```\n    code   \n\n\n  more\t\n```\n\n\
                   Ünïcödé 🙂🙂🙂 שלום.   \n\n.";
