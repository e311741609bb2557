//! What each tool's exports say.

use std::io::Write as _;

use flate2::{Compression, write::DeflateEncoder};
use proptest::prelude::*;

use super::*;

fn reader(day: Option<&str>) -> Reader {
    Reader::new("Europe/Berlin".parse().unwrap(), day.and_then(parse_day))
}

fn day(text: &str) -> i32 {
    parse_day(text).unwrap()
}

/// Tool, (day, page, readers) and the other outcomes.
type Seen = (Tool, Vec<(i32, String, u64)>, Vec<(Outcome, u64)>);

fn seen(day: Option<&str>, text: &str) -> Seen {
    let (tool, readings) = reader(day).read("file", text.as_bytes()).unwrap().unwrap();
    let pages = readings.pages.into_iter().map(|((day, page), (readers, _))| (day, page, readers));
    (tool, pages.collect(), readings.others.into_iter().collect())
}

#[test]
fn every_tool_is_recognised_and_says_the_same() {
    let wanted =
        vec![(day("2026-11-20"), "/a/".to_owned(), 2), (day("2026-11-21"), "/a/".to_owned(), 1)];
    for (tool, text) in [
        (
            Tool::GoatCounter,
            "2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,Screen size,Location,FirstVisit,Date\n\
          /a/,A,false,,Firefox,Linux,s1,0,,,,DE,true,2026-11-20T09:00:00Z\n\
          /a/,\"A, \"\"x\"\"\",false,,Firefox,Linux,s2,0,,,,DE,true,2026-11-20T22:59:59Z\n\
          /a/,A,false,,Firefox,Linux,s3,0,,,,DE,true,2026-11-20T23:00:00Z\n",
        ),
        (
            Tool::GoatCounter,
            r#"{"hits":[{"path":"/a/","event":false,"stats":[{"day":"2026-11-20","hourly":[0,2],"daily":2},{"day":"2026-11-21","daily":1}]}],"more":false}"#,
        ),
        (
            Tool::Plausible,
            "date,hostname,page,visits,visitors,pageviews\n2026-11-20,b.example,/a/,9,2,9\n2026-11-21,b.example,/a/,9,1,9\n",
        ),
        (
            Tool::Plausible,
            r#"{"results":[{"metrics":[2],"dimensions":["2026-11-20","/a/"]},{"metrics":[1],"dimensions":["2026-11-21","/a/"]}],"meta":{},"query":{}}"#,
        ),
        (
            Tool::Umami,
            "website_id,session_id,visit_id,event_id,url_path,event_type,created_at\n\
          w,s1,v,e,/a/,1,2026-11-20 09:00:00\nw,s2,v,e,/a/,1,2026-11-20 22:00:00.123\nw,s2,v,e,/a/,1,2026-11-20T23:30:00Z\n",
        ),
        (
            Tool::Matomo,
            "date,label,nb_visits,nb_uniq_visitors,nb_hits\n2026-11-20,/a/,9,2,9\n2026-11-21,/a/,1,1,1\n",
        ),
        (
            Tool::Matomo,
            r#"{"2026-11-20":[{"label":"/a/","nb_visits":9,"nb_uniq_visitors":2}],"2026-11-21":[{"label":"a/index","nb_visits":"1"}]}"#,
        ),
    ] {
        assert_eq!(seen(None, text), (tool, wanted.clone(), vec![]), "{text}");
        let wide: Vec<u8> = [0xff, 0xfe]
            .into_iter()
            .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        assert_eq!(reader(None).read("x", &wide).unwrap().unwrap().0, tool);
    }
}

#[test]
fn a_file_of_one_day_takes_its_day_from_the_command() {
    for (tool, text) in [
        (Tool::Umami, r#"[{"x":"/a/","y":2},{"x":"/b/","y":0}]"#),
        (
            Tool::Plausible,
            r#"{"results":[{"page":"/a/","visitors":2},{"page":"/b/","visitors":0}]}"#,
        ),
        (Tool::Matomo, r#"[{"label":"/a/","nb_visits":2},{"label":"/b/","nb_visits":0}]"#),
        (Tool::Matomo, "label\tnb_visits\n/a/\t2\n/b/\t0\n"),
    ] {
        let wanted = vec![(day("2026-11-20"), "/a/".to_owned(), 2)];
        assert_eq!(seen(Some("2026-11-20"), text), (tool, wanted, vec![(Outcome::NoReader, 1)]));
        let error = reader(None).read("file", text.as_bytes()).unwrap_err();
        assert_eq!(error, Error::NoDay("file".to_owned()), "{text}");
    }
}

#[test]
fn each_line_has_one_outcome() {
    let goatcounter = "2Path,Event,Session,Bot,FirstVisit,Date\n\
        /a/,false,s,0,true,2026-11-20T09:00:00Z\n\
        /a/,false,s,0,false,2026-11-20T09:01:00Z\n\
        click,true,s,0,true,2026-11-20T09:01:00Z\n\
        /a/,false,s,5,true,2026-11-20T09:01:00Z\n\
        /a/,false,s,0,true,yesterday\n\
        /a/\n";
    let (_, readings) = reader(None).read("x", goatcounter.as_bytes()).unwrap().unwrap();
    assert_eq!(readings.lines(), 6);
    let of = |outcome| readings.others.get(&outcome).copied().unwrap_or(0);
    assert_eq!((of(Outcome::Repeated), of(Outcome::NoReader), of(Outcome::Unreadable)), (1, 2, 2));
    let umami = "session_id,url_path,event_type,created_at\n\
        s,/a/,1,2026-11-20 09:00:00\ns,/a/,1,2026-11-20 09:01:00\ns,/a/,2,2026-11-20 09:01:00\ns,/b/,1,x\n";
    let (_, readings) = reader(None).read("x", umami.as_bytes()).unwrap().unwrap();
    assert_eq!((readings.lines(), readings.pages.len(), readings.others.len()), (4, 1, 3));
}

#[test]
fn an_archive_is_read_whole() {
    let paths = "{\"id\": 7, \"path\": \"/a/\", \"title\": \"A\"}\n{\"id\": 8, \"event\": true, \"path\": \"click\"}\n";
    let hits = "{\"hour\": \"2026-11-20T22:00:00Z\", \"path_id\": 7, \"ref_id\": 1, \"count\": 4}\n\
        {\"hour\": \"2026-11-20T23:00:00Z\", \"path_id\": 7, \"ref_id\": 2, \"count\": 1}\n\
        {\"hour\": \"2026-11-20T10:00:00Z\", \"path_id\": 8, \"ref_id\": 2, \"count\": 1}\nbroken\n";
    let archive = zipped(&[("paths.jsonl", paths, true), ("hit_stats.jsonl", hits, false)]);
    assert!(zip::is_archive(&archive));
    let mut files = zip::files(&archive).unwrap();
    assert_eq!(files.len(), 2);
    files.reverse();
    let mut reader = reader(None);
    assert_eq!(reader.read(&files[0].0, &files[0].1).unwrap(), None);
    let (tool, readings) = reader.read(&files[1].0, &files[1].1).unwrap().unwrap();
    assert_eq!((tool, readings.lines()), (Tool::GoatCounter, 4));
    assert_eq!(readings.pages[&(day("2026-11-20"), "/a/".to_owned())], (4, 1));
    assert_eq!(readings.pages[&(day("2026-11-21"), "/a/".to_owned())], (1, 1));
    let alone = Reader::new(Zone::utc(), None).read("hit_stats.jsonl", hits.as_bytes());
    assert!(alone.unwrap_err().to_string().contains("paths.jsonl"));
}

/// An archive of these files, deflated or stored.
pub(crate) fn zipped(files: &[(&str, &str, bool)]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, text, is_deflated) in files {
        let mut packed = text.as_bytes().to_vec();
        if *is_deflated {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(text.as_bytes()).unwrap();
            packed = encoder.finish().unwrap();
        }
        let mut middle =
            vec![20, 0, 0, 0, if *is_deflated { 8 } else { 0 }, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        middle.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
        middle.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
        middle.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        middle.extend([0, 0]);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&middle);
        directory.extend([0; 10]);
        directory.extend(u32::try_from(archive.len()).unwrap().to_le_bytes());
        directory.extend(name.as_bytes());
        archive.extend(b"PK\x03\x04");
        archive.extend(&middle);
        archive.extend(name.as_bytes());
        archive.extend(packed);
    }
    let begins = u32::try_from(archive.len()).unwrap().to_le_bytes();
    let count = u16::try_from(files.len()).unwrap().to_le_bytes();
    let size = u32::try_from(directory.len()).unwrap().to_le_bytes();
    archive.extend(directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    for part in [&count[..], &count, &size, &begins, &[0, 0]] {
        archive.extend(part);
    }
    archive
}

#[test]
fn what_is_no_export_is_told() {
    for text in
        ["", "hello\n", "a,b\n1,2\n", "{}", "[1]", "{\"a\":1}", "{\"2026-11-20\":1,\"x\":2}"]
    {
        let error = reader(Some("2026-11-20")).read("file", text.as_bytes()).unwrap_err();
        assert_eq!(error, Error::Unknown("file".to_owned()), "{text}");
    }
    let error = reader(None).read("file", b"{\"hits\":[").unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }));
}

proptest! {
    #[test]
    fn no_octets_bring_it_down(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = reader(Some("2026-11-20")).read("x", &octets);
        let _ = zip::files(&octets);
        let mut archive = zipped(&[("a", "some text", true), ("b", "more", false)]);
        for (at, octet) in octets.iter().enumerate() {
            let length = archive.len();
            archive[at * 7 % length] ^= octet;
        }
        let _ = zip::files(&archive);
    }
}
