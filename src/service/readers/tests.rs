//! The promises of the list of subscribers.

use super::*;
use crate::time::{Schedule, Zone};

fn newsletters() -> Vec<Newsletter> {
    let weekly = Schedule::new("0 9 * * MON", Zone::utc()).unwrap();
    vec![Newsletter {
        id: "letters".to_owned(),
        name: "Letters".to_owned(),
        description: String::new(),
        cadences: vec![(Cadence::Instant, None), (Cadence::Weekly, Some(weekly))],
        topics: None,
        approval: false,
        quiet: None,
    }]
}

fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-25T12:00:00Z").unwrap()
}

fn read_octets(octets: &[u8]) -> Import {
    let zone: Zone = "Europe/Stockholm".parse().unwrap();
    let newsletters = newsletters();
    read("s.csv", octets, Terms { newsletters: &newsletters, zone: &zone, now: now() })
}

fn addresses(import: &Import) -> Vec<&str> {
    import.rows.iter().map(|row| row.address.as_str()).collect()
}

#[test]
fn usable_lines_are_read_and_the_others_named() {
    let import = read_octets(
        b"address,name,newsletter,cadence,confirmed_at\n\
          ada@example.net,Ada,letters,weekly,2026-01-02T03:04:05Z\n\
          nobody,,letters,weekly,2026-01-02\n\
          bob@example.net,\"Bob, the second\",letters,instant,2026-01-02\n\
          cy@example.net,,letters,hourly,2026-01-02\n\
          di@example.net,,letters,daily,2026-01-02\n\
          ed@example.net,,letters,weekly,yesterday\n\
          flo@example.net,,letter,weekly,2026-01-02\n\
          gus@example.net,Gus\n\
          hal@example.net,Hal,the third,letters,weekly,2026-01-02\n\
          ida@example.net,,letters,weekly,2027-01-01\n\
          jo@example.net,J\xf6,letters,weekly,2026-01-02\n\
          kim@example.net,Kim,letters,weekly\n",
    );
    assert_eq!(addresses(&import), ["ada@example.net", "bob@example.net", "kim@example.net"]);
    assert_eq!(import.rows[1].source, "s.csv:4");
    assert_eq!(import.rows[1].confirmed_at.rfc3339(), "2026-01-01T23:00:00Z");
    let expected = [
        "s.csv:3: \"nobody\" is not a mail address",
        "s.csv:5: \"hourly\" is no cadence",
        "s.csv:6: newsletter \"letters\" does not offer daily; it offers instant, weekly",
        "s.csv:7: confirmed_at \"yesterday\" is not like",
        "s.csv:8: there is no newsletter \"letter\"; did you mean \"letters\"?",
        "s.csv:9: the line has 2 of 5 columns",
        "s.csv:10: the line has 6 of 5 columns",
        "s.csv:11: confirmed_at 2027-01-01 lies in the future",
        "s.csv:12: the line is not UTF-8",
    ];
    assert_eq!(import.refused.len(), expected.len(), "{:?}", import.refused);
    for (refused, why) in import.refused.iter().zip(expected) {
        assert!(refused.starts_with(why), "{refused}");
    }
    assert_eq!((import.unconfirmed, import.notes.len()), (1, 0));
}

#[test]
fn what_spreadsheets_write_is_read() {
    for text in [
        "\u{feff}Address;Newsletter;Cadence;Confirmed at\r\nada@example.net;letters;weekly;2026-11-25\r\n",
        "ADDRESS\tNEWSLETTER\tCADENCE\nada@example.net\tletters\tWeekly\n",
        "cadence, newsletter ,address\nweekly,letters, ada@example.net \n",
    ] {
        let import = read_octets(text.as_bytes());
        assert_eq!(addresses(&import), ["ada@example.net"], "{text}: {:?}", import.refused);
        assert_eq!(import.rows[0].cadence, Cadence::Weekly);
    }
}

#[test]
fn a_fault_of_the_first_line_is_told_once_and_named_so() {
    for text in ["email,newsletter,cadence\na@example.net,letters,weekly\n", "address\nx\n", ""] {
        let import = read_octets(text.as_bytes());
        assert_eq!(import.rows, []);
        assert_eq!(import.refused.len(), 1, "{:?}", import.refused);
        assert!(import.refused[0].starts_with("s.csv:1: "), "{:?}", import.refused);
    }
}

#[test]
fn the_first_of_two_lines_for_a_reader_counts() {
    let import = read_octets(
        b"address,newsletter,cadence,confirmed_at,shoe size\n\
          ada@example.net,letters,weekly,2026-01-02,41\n\
          Ada@example.net,letters,instant,2026-01-02,41\n\
          ada@example.net,letters,weekly,2026-01-02,41\n",
    );
    assert_eq!(addresses(&import), ["ada@example.net"]);
    assert_eq!(
        import.notes,
        [
            "s.csv:1: the column \"shoe_size\" is not used",
            "s.csv:3: Ada@example.net stands twice; line 2 counts, with weekly",
        ]
    );
}

#[test]
fn edits_without_effect_are_noted_with_the_verb_that_has_one() {
    let import = read_octets(
        b"address,name,newsletter,cadence,confirmed_at\n\
          ada@example.net,Ada,letters,instant,2026-01-02\n\
          bob@example.net,Robert,letters,weekly,2026-01-02\n\
          eve@example.net,,letters,hourly,2026-01-02\n",
    );
    let list = List { import, shown: "s.csv".to_owned(), ..List::default() };
    let known = ["ada", "bob", "cy", "eve"].map(|name| Imported {
        address: format!("{name}@example.net"),
        name: if name == "bob" { "Bob".to_owned() } else { "Ada".to_owned() },
        newsletter: "letters".to_owned(),
        cadence: "weekly".to_owned(),
        state: "confirmed".to_owned(),
    });
    let notes = list.without_effect(&known);
    assert_eq!(notes.len(), 3, "{notes:?}");
    for (note, (who, verb)) in notes.iter().zip([
        ("cy@", "subscriber end"),
        ("ada@", "subscriber change"),
        ("bob@", "subscriber rename"),
    ]) {
        assert!(note.starts_with("1 subscribed") && note.contains(who) && note.contains(verb));
    }
}

#[test]
fn readers_of_what_is_no_longer_offered_are_counted() {
    let count = |id: &str, cadence: &str, state: &str| {
        (id.to_owned(), cadence.to_owned(), state.to_owned(), 3)
    };
    let counts = [
        count("letters", "weekly", "confirmed"),
        count("letters", "daily", "confirmed"),
        count("letters", "monthly", "ended"),
        count("other", "weekly", "confirmed"),
    ];
    let left = left_over(&counts, &newsletters());
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(
        left[0].starts_with(
            "3 subscribed and getting no letters: newsletter \"letters\" does not offer"
        )
    );
    assert!(left[1].contains("there is no newsletter \"other\""), "{left:?}");
}

#[test]
fn a_file_is_looked_at_again_when_what_is_offered_changes() {
    let mut more = newsletters();
    let before = hash(b"x", &more);
    assert_eq!(before, hash(b"x", &newsletters()));
    assert_ne!(before, hash(b"y", &more));
    more[0].cadences.push((Cadence::Daily, None));
    assert_ne!(before, hash(b"x", &more));
}
