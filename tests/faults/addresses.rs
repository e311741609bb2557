//! Addresses, names and titles of every kind: served as they are or refused by line, and no
//! header is ever split.

use std::collections::BTreeSet;

use postrider::selftest::sink::Options;

use super::{Field, ISSUE};

/// The header of a letter, unfolded, line by line.
fn header(raw: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(raw).into_owned();
    assert!(text.lines().all(|line| line.len() <= 998), "{text}");
    let (header, _) = text.split_once("\r\n\r\n").unwrap();
    header.replace("\r\n ", " ").replace("\r\n\t", " ").lines().map(str::to_owned).collect()
}

#[test]
fn addresses_are_served_as_written_or_refused_by_line() {
    let field = Field::with(0, 1, Options { keeps: true, ..Options::default() });
    let long = format!("{}@example.net", "a".repeat(64));
    let too_long = format!("{}@example.net", "a".repeat(320));
    let served = [
        ("Ada@EXAMPLE.net", "Ada@EXAMPLE.net"),
        ("ada+tag@example.net", "ada+tag@example.net"),
        ("o'neil&sons@example.net", "o'neil&sons@example.net"),
        ("jörg@example.net", "jörg@example.net"),
        ("dot@example.net.", "dot@example.net"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        (long.as_str(), long.as_str()),
    ];
    let refused = ["ada", "a@b@c", "ada @example.net", "<a@b.c>", "a@", too_long.as_str()];
    let mut lines = "address,newsletter,cadence,confirmed_at\n".to_owned();
    for address in served.iter().map(|(written, _)| *written).chain(refused) {
        lines.push_str(&format!("{address},letters,instant,2026-01-01T00:00:00Z\n"));
    }
    field.world.write("config/subscribers.csv", &lines);
    let said = field.world.run().to_string();
    let commands = field.sink.seen().commands;
    let envelopes: BTreeSet<String> =
        field.sink.seen().letters.into_iter().map(|letter| letter.to.to_lowercase()).collect();
    for (written, expected) in served {
        assert!(envelopes.contains(&expected.to_lowercase()), "{written}: {envelopes:?} {said}");
    }
    for (at, address) in refused.iter().enumerate() {
        let line = format!("config/subscribers.csv:{}:", at + 2 + served.len());
        assert!(said.contains(&line), "{address}: {said}");
    }
    let international = commands.iter().filter(|line| line.contains("SMTPUTF8")).count();
    assert_eq!(international, 1, "{commands:?}");
    assert_eq!(field.world.accounts(ISSUE).len(), served.len());
}

#[test]
fn no_name_and_no_title_splits_a_header() {
    let field = Field::with(0, 1, Options { keeps: true, ..Options::default() });
    let names = [
        "\"Eve\r\nBcc: all@example.net\"",
        "\"Eve\nX-Evil: 1\"",
        "Ada \u{202e}evil",
        "Ada <b@example.net>",
        "\"Ada, \"\"the\"\" second\"",
        "Åsa Öberg-名前",
    ];
    let mut lines = "address,name,newsletter,cadence,confirmed_at\n".to_owned();
    for (at, name) in names.iter().enumerate() {
        lines.push_str(&format!("n{at}@example.net,{name},letters,instant,2026-01-01T00:00:00Z\n"));
    }
    field.world.write("config/subscribers.csv", &lines);
    let title = "A title\\r\\nBcc: all@example.net\\nX-Evil: 1 ünd 名前 \\u0000".to_owned()
        + &"x".repeat(900);
    field.world.post("owed", "2026-11-20", &title, "Text.\r\n.\r\n..\r\nMAIL FROM:<x@y.example>");
    let said = field.world.run().to_string();
    let letters = field.sink.seen().letters;
    assert_eq!(letters.len(), names.len(), "{said}");
    let mut ids = BTreeSet::new();
    for letter in letters {
        let header = header(&letter.raw);
        for once in ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "List-Id"] {
            let with = |line: &&String| {
                let name = line.split(':').next().unwrap_or_default();
                name.eq_ignore_ascii_case(once)
            };
            assert_eq!(header.iter().filter(with).count(), 1, "{once}: {header:#?}");
        }
        let evil = |line: &String| line.starts_with("Bcc") || line.starts_with("X-Evil");
        assert!(!header.iter().any(evil), "{header:#?}");
        ids.insert(header.iter().find(|line| line.starts_with("Message-ID")).unwrap().clone());
    }
    assert_eq!(ids.len(), names.len());
    assert_eq!(field.sink.connections(), 1);
}
