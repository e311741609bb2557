//! What a pass promises, whatever is done to the logs meanwhile.

use std::{collections::BTreeSet, fs, io::Write as _};

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;

use super::*;
use crate::{
    feedback::accesslog::{Paths, Rules},
    time::{Timestamp, day_text, parse_day},
};

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

fn first() -> i32 {
    parse_day("2026-11-20").unwrap()
}

fn counter(counted: BTreeSet<i32>) -> Counter {
    let addresses: Vec<String> = (0..40).map(|n| format!("/p{n}/")).collect();
    let rules = Rules {
        paths: Paths::new(addresses.iter().map(String::as_str), "/", "from=letter"),
        zone: "Europe/Berlin".parse().unwrap(),
        robots: Vec::new(),
        needs_dress: false,
        now: Timestamp::parse_rfc3339("2026-12-24T12:00:00Z").unwrap(),
    };
    Counter::new(rules, [3; 16], counted)
}

/// What a store would hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Kept {
    days: Vec<Counted>,
    places: Vec<(String, u64)>,
}

impl Kept {
    fn keep(&mut self, batch: Batch) {
        for day in batch.days {
            assert!(self.days.iter().all(|known| known.day != day.day), "{day:?} twice");
            self.days.push(day);
        }
        self.places = batch.places;
    }

    fn days(&self) -> BTreeSet<i32> {
        self.days.iter().map(|day| day.day).collect()
    }

    fn sorted(mut self) -> Vec<Counted> {
        self.days.sort_by_key(|day| day.day);
        self.days
    }

    /// One pass. `cut`: it dies at the batch of that number, before it is kept or right after.
    fn pass(
        &mut self,
        files: &[PathBuf],
        over: i32,
        held: usize,
        cut: Option<(usize, bool)>,
    ) -> Report {
        let plan = |places| Plan { places, over, held, is_complete: true, stop: &|| false };
        let (places, mut batches, mut report) = (self.places.clone(), 0, None);
        if let Some((number, is_kept)) = cut {
            let logs = open(|| files.to_vec()).unwrap();
            let died = read(logs, counter(self.days()), plan(&places), |batch| {
                batches += 1;
                if batches <= number {
                    self.keep(batch);
                    return Ok(());
                }
                if is_kept {
                    self.keep(batch);
                }
                Err("killed")
            });
            report = died.ok();
        }
        let places = self.places.clone();
        report.unwrap_or_else(|| {
            let logs = open(|| files.to_vec()).unwrap();
            read(logs, counter(self.days()), plan(&places), |batch| {
                self.keep(batch);
                Ok::<_, &str>(())
            })
            .unwrap()
        })
    }
}

fn line(second: i64, host: u8, post: u8, kind: u8) -> String {
    let at = crate::time::Zone::utc().day_start(first()).seconds() + second;
    let day = day_text(i32::try_from(at.div_euclid(86_400)).unwrap());
    let clock = at.rem_euclid(86_400);
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    let agent = if kind == 1 { "Examplebot/1.0" } else { BROWSER };
    match kind {
        2 => format!("garbage {second}"),
        3 => format!(
            r#"{{"ts":"{day}T{hour:02}:{minute:02}:{second:02}Z","request":{{"remote_ip":"203.0.{host}.9","method":"GET","uri":"/p{post}/","headers":{{"User-Agent":["{agent}"]}}}},"status":200}}"#
        ),
        4 => format!(
            r#"203.0.{host}.9 - - [{}/Nov/2026:{hour:02}:{minute:02}:{second:02} +0000] "GET /robots.txt HTTP/1.1" 200 1 "-" "{agent}""#,
            &day[8..]
        ),
        _ => format!(
            r#"203.0.{host}.9 - - [{}/Nov/2026:{hour:02}:{minute:02}:{second:02} +0000] "GET /p{post}/ HTTP/1.1" 200 1 "-" "{agent}""#,
            &day[8..]
        ),
    }
}

/// Four days of lines in the order of time.
fn lines() -> impl Strategy<Value = Vec<String>> {
    let visit = (0_i64..4 * 86_400, 0_u8..8, 0_u8..40, 0_u8..20);
    prop::collection::vec(visit, 1..250).prop_map(|mut visits| {
        visits.sort_unstable();
        visits.iter().map(|(second, host, post, kind)| line(*second, *host, *post, *kind)).collect()
    })
}

fn write(path: &Path, lines: &[String], is_gzip: bool) {
    let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    if is_gzip {
        let mut encoder = GzEncoder::new(File::create(path).unwrap(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap();
    } else {
        fs::write(path, text).unwrap();
    }
}

fn counts(days: &[Counted]) -> Vec<(i32, Vec<(u32, u32)>)> {
    days.iter().map(|day| (day.day, day.readers.clone())).collect()
}

/// The days of one file read in one go.
fn at_once(lines: &[String], over: i32) -> Vec<Counted> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    write(&path, lines, false);
    let mut kept = Kept::default();
    kept.pass(&[path], over, HELD, None);
    kept.sorted()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_division_into_rotated_parts_comes_to_the_same(
        lines in lines(),
        cuts in prop::collection::vec((0_usize..250, any::<bool>()), 0..6),
        twice in any::<bool>(),
        held in prop_oneof![Just(HELD), 1_usize..40],
    ) {
        let over = first() + 5;
        let folder = tempfile::tempdir().unwrap();
        let mut places: Vec<(usize, bool)> =
            cuts.iter().map(|(at, gzip)| (at % (lines.len() + 1), *gzip)).collect();
        places.extend([(0, false), (lines.len(), false)]);
        places.sort_unstable();
        let mut files = Vec::new();
        for (number, pair) in places.windows(2).enumerate() {
            // Names tell nothing of the order.
            let path = folder.path().join(format!("{:02}.log", number * 7 % 10));
            write(&path, &lines[pair[0].0..pair[1].0], pair[0].1);
            files.push(path);
        }
        if twice {
            let path = folder.path().join("whole-again.log");
            write(&path, &lines, true);
            files.push(path);
        }
        let mut kept = Kept::default();
        let report = kept.pass(&files, over, held, None);
        let whole = at_once(&lines, over);
        let days = kept.sorted();
        let of_days = |days: &[Counted]| -> Vec<_> {
            counts(days).into_iter().filter(|(_, readers)| !readers.is_empty()).collect()
        };
        prop_assert_eq!(of_days(&days), of_days(&whole));
        let open: u64 = report.open.iter().map(|day| day.lines.total()).sum();
        let count = lines.len() as u64;
        prop_assert_eq!(report.lines.total() + open, if twice { 2 * count } else { count });
        if !twice && held == HELD {
            let total = |days: &[Counted]| {
                let mut lines = Lines::default();
                days.iter().for_each(|day| lines.extend(&day.lines));
                lines.add(Fate::Unreadable, open);
                lines
            };
            // What cannot be read belongs to no day in particular.
            prop_assert_eq!(total(&days).of(Fate::Counted), total(&whole).of(Fate::Counted));
            prop_assert_eq!(total(&days).of(Fate::RobotsTxt), total(&whole).of(Fate::RobotsTxt));
        }
    }

    #[test]
    fn day_after_day_under_rotation_and_kills_comes_to_the_same(
        lines in lines(),
        turns in prop::collection::vec((0_u8..5, prop::option::of((0_usize..3, any::<bool>()))), 6),
        held in prop_oneof![Just(HELD), 1_usize..30],
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let (mut kept, mut done, mut rotated) = (Kept::default(), 0, 0);
        fs::write(path("access.log"), "").unwrap();
        let zone: crate::time::Zone = "Europe/Berlin".parse().unwrap();
        for (turn, (rotation, cut)) in (0..).zip(turns) {
            // Everything until some hours into the day behind the one that is over.
            let over = first() + turn - 1;
            let until = zone.day_start(over + 1).seconds() + 7 * 3600;
            let mut log = fs::OpenOptions::new().append(true).open(path("access.log")).unwrap();
            while done < lines.len() && time_of(&lines[done]).is_none_or(|time| time < until) {
                writeln!(log, "{}", lines[done]).unwrap();
                done += 1;
            }
            rotated += 1;
            let old = path(&format!("access.log.{rotated}"));
            match rotation {
                0 => {
                    fs::rename(path("access.log"), &old).unwrap();
                    fs::write(path("access.log"), "").unwrap();
                }
                1 => {
                    fs::copy(path("access.log"), &old).unwrap();
                    fs::write(path("access.log"), "").unwrap();
                }
                2 => {
                    let text = fs::read_to_string(path("access.log")).unwrap();
                    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
                    write(&path(&format!("access.log.{rotated}.gz")), &lines, true);
                    fs::write(path("access.log"), "").unwrap();
                }
                3 => {
                    for plain in (1..rotated).map(|n| path(&format!("access.log.{n}"))) {
                        let Ok(text) = fs::read_to_string(&plain) else { continue };
                        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
                        write(&plain.with_extension(format!("{rotated}.gz")), &lines, true);
                        fs::remove_file(plain).unwrap();
                    }
                }
                _ => {}
            }
            let files = list(folder.path(), &["access.log*".into()]);
            kept.pass(&files, over, held, cut);
        }
        prop_assert_eq!(done, lines.len());
        let over = first() + 4;
        let days = kept.sorted();
        let days: Vec<Counted> = days.into_iter().filter(|day| !day.readers.is_empty()).collect();
        let whole = at_once(&lines, over);
        let whole: Vec<Counted> = whole.into_iter().filter(|day| !day.readers.is_empty()).collect();
        prop_assert_eq!(counts(&days), counts(&whole));
    }
}

fn time_of(line: &str) -> Option<i64> {
    let mut times = crate::feedback::accesslog::Times::default();
    crate::feedback::accesslog::Line::read(line.as_bytes(), &mut times).map(|line| line.time)
}

#[test]
fn what_was_read_is_not_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("access.log");
    let lines: Vec<String> = (0..100).map(|n| line(n * 1000, (n % 5) as u8, 1, 9)).collect();
    write(&plain, &lines, false);
    let mut kept = Kept::default();
    let report = kept.pass(std::slice::from_ref(&plain), first(), HELD, None);
    assert_eq!(report.days, 1);
    let today = report.open.iter().map(|day| day.lines.total()).sum::<u64>();
    assert_eq!(report.lines.total() + today, 100);
    let again = kept.pass(std::slice::from_ref(&plain), first(), HELD, None);
    let read = again.lines.total() + again.open.iter().map(|day| day.lines.total()).sum::<u64>();
    assert_eq!((again.days, read), (0, today), "the day that is not over");
    let packed = folder.path().join("access.log.1.gz");
    write(&packed, &lines, true);
    fs::remove_file(&plain).unwrap();
    let moved = kept.pass(&[packed], first(), HELD, None);
    let read = moved.lines.total() + moved.open.iter().map(|day| day.lines.total()).sum::<u64>();
    assert_eq!(read, today, "recognised in its new place");
}

#[test]
fn a_day_without_a_line_is_a_day_without_readers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    write(&path, &[line(0, 1, 1, 9), line(3 * 86_400, 1, 1, 9)], false);
    let mut kept = Kept::default();
    kept.pass(std::slice::from_ref(&path), first() + 2, HELD, None);
    assert_eq!(kept.days(), (first()..=first() + 2).collect());
    assert_eq!(Kept::default().pass(&[], first(), HELD, None).days, 0, "no log says nothing");
    let mut late =
        Kept { days: vec![Counted { day: first() - 9, ..Counted::default() }], ..Kept::default() };
    late.pass(std::slice::from_ref(&path), first() + 2, HELD, None);
    assert_eq!(late.days().len(), 4, "what stood in logs that are gone is unknown");
    let mut some = Kept::default();
    let logs = open(|| vec![path.clone()]).unwrap();
    let plan =
        Plan { places: &[], over: first() + 2, held: HELD, is_complete: false, stop: &|| false };
    read(logs, counter(BTreeSet::new()), plan, |batch| {
        some.keep(batch);
        Ok::<_, &str>(())
    })
    .unwrap();
    assert_eq!(some.days(), BTreeSet::from([first()]), "some files say nothing of other days");
}

#[test]
fn a_pass_that_is_stopped_keeps_what_it_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let lines: Vec<String> = (0..10_000).map(|n| line(n * 30, (n % 250) as u8, 1, 9)).collect();
    write(&path, &lines, false);
    let mut kept = Kept::default();
    let logs = open(|| vec![path.clone()]).unwrap();
    let looks = std::cell::Cell::new(0);
    let stop = || looks.replace(looks.get() + 1) == 1;
    let plan = Plan { places: &[], over: first() + 9, held: 300, is_complete: true, stop: &stop };
    let report = read(logs, counter(BTreeSet::new()), plan, |batch| {
        kept.keep(batch);
        Ok::<_, &str>(())
    });
    assert!(report.unwrap().is_cut);
    assert_eq!(kept.days(), BTreeSet::from([first()]));
    kept.pass(&[path], first() + 3, 300, None);
    let whole = at_once(&lines, first() + 3);
    assert_eq!(counts(&kept.sorted()), counts(&whole));
}

#[test]
fn a_log_that_cannot_be_read_stops_the_pass_before_anything_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let logs = open(|| vec![folder.path().to_owned()]).unwrap();
    let plan = Plan { places: &[], over: first(), held: HELD, is_complete: true, stop: &|| false };
    let error = read(logs, counter(BTreeSet::new()), plan, |_| Err("kept")).unwrap_err();
    assert!(matches!(error, Error::File(_)), "{error}");
}
