//! What a log file gives, whatever it holds.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;

use super::*;

fn file(octets: &[u8]) -> (tempfile::NamedTempFile, LogFile) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(octets).unwrap();
    let log = LogFile::new(file.path(), File::open(file.path()).unwrap()).unwrap();
    (file, log)
}

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(octets).unwrap();
    encoder.finish().unwrap()
}

/// Its lines, each with where it begins; `!` for one that is too long.
fn lines(log: &mut LogFile) -> Vec<(u64, String)> {
    let mut lines = Vec::new();
    while let Some((place, piece)) = log.piece().unwrap() {
        let text = match piece {
            Piece::Line(line) => String::from_utf8_lossy(line).into_owned(),
            Piece::TooLong => "!".to_owned(),
        };
        lines.push((place, text));
    }
    lines
}

fn log_of(count: usize) -> String {
    let line = |n| {
        format!(
            "203.0.113.{n} - - [24/Nov/2026:14:05:{n:02} +0100] \"GET / HTTP/1.1\" 200 1 \"-\" \"x\"\n"
        )
    };
    (0..count).map(line).collect()
}

#[test]
fn lines_come_with_their_places_plain_or_gzip() {
    let text = b"one\ntwo\r\n\nfour";
    let wanted =
        [(0, "one"), (4, "two"), (9, ""), (10, "four")].map(|(at, line)| (at, line.to_owned()));
    for octets in [text.to_vec(), gzip(text), [gzip(b"one\ntw"), gzip(b"o\r\n\nfour")].concat()] {
        let (_file, mut log) = file(&octets);
        assert_eq!(lines(&mut log), wanted);
        assert_eq!((log.settled(), log.fault()), (10, None), "the last line may grow");
    }
    for nothing in [Vec::new(), gzip(b"")] {
        let (_file, mut log) = file(&nothing);
        assert_eq!(lines(&mut log), []);
    }
}

#[test]
fn a_line_of_any_length_takes_no_memory() {
    let mut text = b"one\n".to_vec();
    text.resize(3_000_000, b'x');
    text.extend_from_slice(b"\ntwo\n");
    for octets in [text.clone(), gzip(&text)] {
        let (_file, mut log) = file(&octets);
        let wanted = [(0, "one"), (4, "!"), (3_000_001, "two")];
        assert_eq!(lines(&mut log), wanted.map(|(at, line)| (at, line.to_owned())));
        assert_eq!(log.buffer.len(), LONGEST);
    }
    let (_file, mut log) = file(&text[..2_999_999]);
    assert_eq!(lines(&mut log).len(), 2);
}

#[test]
fn reading_goes_on_where_a_line_begins_and_only_there() {
    let text = b"one\ntwo\nthree\n";
    for octets in [text.to_vec(), gzip(text)] {
        for (place, wanted) in [(0, 3), (4, 2), (8, 1), (14, 0)] {
            let (_file, mut log) = file(&octets);
            log.head().unwrap();
            assert!(log.skip_to(place).unwrap());
            assert_eq!(lines(&mut log).len(), wanted, "{place}");
            assert_eq!(log.settled(), 14);
        }
        let (_file, mut log) = file(&octets);
        assert!(!log.skip_to(15).unwrap());
        assert_eq!(lines(&mut log).len(), 3, "a file that is shorter than it was");
    }
    let (_file, mut log) = file(text);
    assert!(!log.skip_to(5).unwrap());
}

#[test]
fn half_of_a_gzip_file_is_read_as_far_as_it_goes() {
    let whole = gzip(log_of(50).as_bytes());
    for (octets, says) in [
        (whole[..whole.len() / 2].to_vec(), "ends in the middle"),
        (whole[..5].to_vec(), "ends in the middle"),
        ([&whole[..], b"\x1f\x8b\x08"].concat(), "ends in the middle"),
        ([&whole[..], b"what is no gzip"].concat(), "damaged"),
    ] {
        let (_file, mut log) = file(&octets);
        let count = lines(&mut log).len();
        assert!(count <= 51 || says == "damaged", "{count}");
        assert!(log.fault().unwrap().contains(says), "{:?}", log.fault());
    }
}

#[test]
fn a_log_is_known_by_its_first_lines_wherever_it_goes() {
    let text = log_of(40);
    let (_file, mut log) = file(text.as_bytes());
    let head = log.head().unwrap();
    assert_eq!(head.begins, Some(1_795_525_500));
    assert_eq!(head.names.len(), 16);
    assert_eq!(lines(&mut log).len(), 40, "a look takes nothing away");
    let (_file, mut compressed) = file(&gzip(text.as_bytes()));
    assert_eq!(compressed.head().unwrap(), head);
    let (_file, mut younger) = file(log_of(3).as_bytes());
    let young = younger.head().unwrap();
    assert_eq!(young.names, head.names[..3]);
    assert_eq!(young.name(9), head.name(3));
    assert_eq!((young.name(0), head.name(99)), (None, head.name(16)));
    let others = text.replace("203.0.113.", "198.51.10.").replace("\"x\"", "\"y\"");
    let (_file, mut other) = file(others.as_bytes());
    assert_eq!(other.head().unwrap(), head, "nobody can be told from it");
    let (_file, mut later) = file(text.replace("14:05", "14:06").as_bytes());
    assert_ne!(later.head().unwrap().names[0], head.names[0]);
}

#[test]
fn a_file_that_cannot_be_read_is_told_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let opened = File::open(folder.path()).unwrap();
    let error = LogFile::new(folder.path(), opened).and_then(|mut log| log.head()).unwrap_err();
    assert!(error.to_string().contains(folder.path().to_str().unwrap()), "{error}");
}

proptest! {
    #[test]
    fn whatever_a_file_holds_its_lines_are_all_of_it(
        octets in prop::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..300),
    ) {
        let (_file, mut log) = file(&octets);
        prop_assume!(!octets.starts_with(&[0x1f, 0x8b]));
        let mut count = 0;
        let mut length = 0;
        while let Some((place, _)) = log.piece().unwrap() {
            prop_assert!(count == 0 || octets[usize::try_from(place).unwrap() - 1] == b'\n');
            count += 1;
            length = place;
        }
        prop_assert!(length <= octets.len() as u64);
        let ends = octets.iter().filter(|octet| **octet == b'\n').count();
        let rest = usize::from(octets.last().is_some_and(|octet| *octet != b'\n'));
        prop_assert_eq!(count, ends + rest);
    }
}
