//! `popularity import`: files are recognised, read, and told line by line what became of them.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::super::{
    Refusal,
    issue::ledger,
    out::{self, counted, say},
};
use crate::{
    feedback::{
        accesslog::{Fate, Lines},
        imports::{self, Reader, Readings, Tool, zip},
        logfiles::LogFile,
        pass::Report,
    },
    service::{
        never_stops,
        popularity::{Counting, Logs, fold},
        site::Site,
    },
    store::Store,
    time::Clock,
};

/// What was taken in.
#[derive(Serialize)]
struct Import {
    source: &'static str,
    files: Vec<String>,
    lines: u64,
    outcomes: BTreeMap<&'static str, u64>,
    days: usize,
    readers: u64,
    faults: Vec<String>,
}

/// Takes in these files.
pub(super) async fn import(
    site: &Site,
    files: Vec<PathBuf>,
    day: Option<i32>,
    json: bool,
) -> Result<u8, Refusal> {
    let store = ledger(site).await?;
    let sorted = Sorted::of(site, files, day)?;
    let mut imports = Vec::new();
    if !sorted.logs.is_empty() {
        imports.push(logs(site, &store, sorted.logs).await?);
    }
    for (tool, (names, readings)) in &sorted.tools {
        imports.push(tool_said(site, &store, (*tool, names), readings).await?);
    }
    fold(site, &store).await?;
    if json {
        out::json(&imports);
    } else {
        imports.iter().for_each(Import::tell);
    }
    Ok(u8::from(imports.iter().any(|import| !import.faults.is_empty())))
}

/// Files by what they are.
#[derive(Default)]
struct Sorted {
    logs: Vec<PathBuf>,
    tools: BTreeMap<Tool, (Vec<String>, Readings)>,
}

impl Sorted {
    fn of(site: &Site, files: Vec<PathBuf>, day: Option<i32>) -> Result<Self, Refusal> {
        let mut sorted = Self::default();
        let mut exports = Vec::new();
        for path in files {
            if is_log(&path)? {
                sorted.logs.push(path);
            } else {
                exports.extend(opened(&path)?);
            }
        }
        // The pages that GoatCounter numbers stand in a file of their own.
        exports.sort_by_key(|(name, _)| !name.ends_with("paths.jsonl"));
        let mut reader = Reader::new(site.config.zone.clone(), day);
        for (name, octets) in exports {
            let read = reader.read(&name, &octets).map_err(Refusal::needs_operator)?;
            if let Some((tool, readings)) = read {
                let known = sorted.tools.entry(tool).or_default();
                known.0.push(name);
                known.1.extend(readings);
            }
        }
        Ok(sorted)
    }
}

fn unreadable(path: &Path, why: impl std::fmt::Display) -> Refusal {
    Refusal::needs_operator(format!("cannot read {}: {why}", path.display()))
}

/// Whether a line of an access log stands near its beginning.
fn is_log(path: &Path) -> Result<bool, Refusal> {
    let file = File::open(path).map_err(|why| unreadable(path, why))?;
    let head = LogFile::new(path, file).and_then(|mut log| log.head());
    Ok(head.map_err(Refusal::needs_operator)?.begins.is_some())
}

/// Names and octets of what a file holds: itself, or the files of an archive that tell of pages.
fn opened(path: &Path) -> Result<Vec<(String, Vec<u8>)>, Refusal> {
    let octets = std::fs::read(path).map_err(|why| unreadable(path, why))?;
    let octets = zip::gunzipped(octets).map_err(|why| unreadable(path, why))?;
    if !zip::is_archive(&octets) {
        return Ok(vec![(path.display().to_string(), octets)]);
    }
    let files = zip::files(&octets).ok_or_else(|| unreadable(path, "the archive is damaged"))?;
    let wanted = ["paths.jsonl", "hit_stats.jsonl", "website_event.csv"];
    let is_wanted = |name: &str| {
        let name = name.rsplit('/').next().unwrap_or(name);
        wanted.contains(&name) || name.starts_with("imported_pages")
    };
    let files: Vec<_> = files.into_iter().filter(|(name, _)| is_wanted(name)).collect();
    if files.is_empty() {
        return Err(Refusal::needs_operator(imports::Error::Unknown(path.display().to_string())));
    }
    let here = path.display();
    Ok(files.into_iter().map(|(name, octets)| (format!("{here}/{name}"), octets)).collect())
}

async fn logs(site: &Site, store: &Store, paths: Vec<PathBuf>) -> Result<Import, Refusal> {
    let counting = Counting::of(site, store, Clock::System.now()).await?;
    let files = paths.iter().map(|path| path.display().to_string()).collect();
    let report = counting.read(Logs::Files(paths), never_stops()).await?;
    let (lines, later) = told(&report);
    let outcomes = Fate::ALL.iter().map(|fate| (fate.meaning(), lines.of(*fate)));
    let outcomes = outcomes.chain([("of days that are not over", later)]);
    Ok(Import {
        source: "access log",
        files,
        lines: lines.total() + later,
        outcomes: outcomes.filter(|(_, lines)| *lines > 0).collect(),
        days: report.days,
        readers: report.kept,
        faults: report.faults,
    })
}

/// Lines by what became of them, and those of days that are not over.
fn told(report: &Report) -> (Lines, u64) {
    let (mut lines, mut later) = (report.lines.clone(), 0);
    for day in &report.open {
        for fate in Fate::ALL {
            match fate {
                Fate::Future | Fate::Unreadable => lines.add(fate, day.lines.of(fate)),
                fate => later += day.lines.of(fate),
            }
        }
    }
    (lines, later)
}

async fn tool_said(
    site: &Site,
    store: &Store,
    (tool, names): (Tool, &[String]),
    readings: &Readings,
) -> Result<Import, Refusal> {
    let counting = Counting::of(site, store, Clock::System.now()).await?;
    let taken = counting.ground().take(tool, readings, None).await?;
    let outcomes = taken.lines.iter().map(|(outcome, lines)| (outcome.meaning(), *lines));
    Ok(Import {
        source: tool.as_str(),
        files: names.to_vec(),
        lines: readings.lines(),
        outcomes: outcomes.collect(),
        days: taken.days,
        readers: taken.readers,
        faults: Vec::new(),
    })
}

impl Import {
    fn tell(&self) {
        let Self { source, files, lines, outcomes, days, readers, faults } = self;
        say!("{source}: {}", files.join(", "));
        say!("  {}", counted(*lines, "line", "lines"));
        for (meaning, lines) in outcomes {
            say!("  {lines:>9} {meaning}");
        }
        let (days, readers) =
            (counted(*days as u64, "day", "days"), counted(*readers, "reader", "readers"));
        say!("  {readers} of posts on {days} taken in");
        faults.iter().for_each(|fault| say!("  {fault}"));
    }
}
