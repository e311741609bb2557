//! A pass over access logs: days that are over are counted, each once and with how far the logs
//! were read for it.
//!
//! All logs are read in one go, in the order of time across rotated parts and across hosts, with a
//! salt that nobody keeps. A day stays open until the pass ends, so that no disorder in the logs
//! costs a reader; only where more is open than [`HELD`] are the oldest days closed before, once
//! every log is past them: memory stays flat over any number of days. What is closed is handed to
//! the owner at once, days and places together. If the pass is cut off there, the next one
//! goes on from those places, and begins what was still open again.
//!
//! Lines of days that were counted before count no more, wherever they come from. The places only
//! save the time of reading them: a log that is not recognised costs no reader and adds none.
//!
//! The day that is not over is counted for a look and given to nobody else ([`Report::open`]).

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    fs::File,
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::{
    accesslog::{Counted, Counter, Fate, Lines, Taken},
    logfiles::{self, Head, LogFile, Piece},
};

/// A good measure of how many readers and addresses are held before old days are closed: some
/// ten megabytes.
pub const HELD: usize = 1 << 17;

/// How late a line may be written, in seconds, before its day is closed early.
const LATE: i64 = 3600;

/// Days without a line that are taken for days without a reader, rather than without a log.
const SILENT: i32 = 400;

/// Lines between two looks at what is held.
const STRIDE: u32 = 4096;

/// How often logs are listed anew because they were rotated meanwhile.
const TRIES: usize = 10;

/// A pass that could not be finished.
#[derive(Debug, thiserror::Error)]
pub enum Error<E> {
    /// A log cannot be read.
    #[error(transparent)]
    File(#[from] logfiles::Error),
    /// What was counted could not be kept.
    #[error(transparent)]
    Keep(E),
}

/// What is to be kept at once: days, and how far each log was read for all days so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Days that are over.
    pub days: Vec<Counted>,
    /// The place in each log, by its name.
    pub places: Vec<(String, u64)>,
}

/// What a pass found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Lines that were read, by what became of them; without those of days that are not over.
    pub lines: Lines,
    /// Days that were counted.
    pub days: usize,
    /// Readers of posts on those days.
    pub kept: u64,
    /// Days that are not over, as they stand.
    pub open: Vec<Counted>,
    /// Files that were read.
    pub files: usize,
    /// What is wrong with them.
    pub faults: Vec<String>,
    /// Whether it was stopped before it was through.
    pub is_cut: bool,
}

/// How a pass is made.
pub struct Plan<'a> {
    /// How far each log was read before, by its name.
    pub places: &'a [(String, u64)],
    /// The last day that is over.
    pub over: i32,
    /// How many readers and addresses may be held; [`HELD`].
    pub held: usize,
    /// Whether a day without a line, after one that was counted, is a day without readers.
    pub is_complete: bool,
    /// Whether it is to be cut short.
    pub stop: &'a dyn Fn() -> bool,
}

/// Opens the logs that `list` names; if logs are rotated while they are opened, all again, so
/// that none is missed.
pub fn open(list: impl Fn() -> Vec<PathBuf>) -> Result<Vec<(PathBuf, File)>, logfiles::Error> {
    let mut opened = Vec::new();
    for _ in 0..TRIES {
        opened = Vec::new();
        for path in list() {
            match File::open(&path) {
                Ok(file) => opened.push((path, file)),
                Err(why) if why.kind() == io::ErrorKind::NotFound => {}
                Err(why) => return Err(logfiles::Error { path: path.display().to_string(), why }),
            }
        }
        let here =
            |(path, file): &(PathBuf, File)| Some((path.clone(), inode(&file.metadata().ok()?)));
        let listed = list().into_iter().map(|path| {
            let found = inode(&path.metadata().ok()?);
            Some((path, found))
        });
        if opened.iter().map(here).eq(listed) {
            break;
        }
    }
    Ok(opened)
}

fn inode(found: &std::fs::Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

/// Reads the logs and hands what is to be kept to `keep`.
pub fn read<E>(
    logs: Vec<(PathBuf, File)>,
    counter: Counter,
    plan: Plan<'_>,
    keep: impl FnMut(Batch) -> Result<(), E>,
) -> Result<Report, Error<E>> {
    let report = Report { files: logs.len(), ..Report::default() };
    let parts = logs.into_iter().map(|(path, file)| Part::new(path, file, plan.places));
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    let mut pass = Pass { parts, counter, plan, keep, report };
    pass.run()?;
    Ok(pass.report)
}

/// One log in a pass.
struct Part {
    path: PathBuf,
    head: Head,
    /// Until it is begun.
    file: Option<File>,
    log: Option<LogFile>,
    /// Where to begin, and how many lines stand before, or at least enough to tell its name.
    place: u64,
    lines: u64,
    /// The latest time so far.
    clock: i64,
    /// The day of the last line.
    day: i32,
    /// Where the first line of each day that is open stands.
    firsts: HashMap<i32, (u64, u64)>,
}

impl Part {
    fn new(path: PathBuf, file: File, places: &[(String, u64)]) -> Result<Self, logfiles::Error> {
        let failed = |why| logfiles::Error { path: path.display().to_string(), why };
        let head = LogFile::new(&path, file.try_clone().map_err(failed)?)?.head()?;
        let known = (1..).zip(&head.names).filter_map(|(lines, name)| {
            let found = places.iter().find(|(known, _)| known == name)?;
            Some((found.1, lines))
        });
        let (place, lines) = known.last().unwrap_or((0, 0));
        let (clock, firsts) = (head.begins.unwrap_or(i64::MIN), HashMap::new());
        Ok(Self { path, head, file: Some(file), log: None, place, lines, clock, day: 0, firsts })
    }

    /// The log, begun if it was not.
    fn log(&mut self) -> Result<Option<&mut LogFile>, logfiles::Error> {
        if let Some(file) = self.file.take() {
            let mut log = LogFile::new(&self.path, file)?;
            if !log.skip_to(self.place)? {
                (self.place, self.lines) = (0, 0);
            }
            self.log = Some(log);
        }
        Ok(self.log.as_mut())
    }

    /// Notes a line at `place` on the account of a day.
    fn note(&mut self, place: u64, taken: Taken, is_open: impl Fn(i32) -> bool) {
        if let Some(time) = taken.time {
            self.clock = self.clock.max(time);
            if self.day != taken.day || self.firsts.is_empty() {
                self.day = taken.day;
                if is_open(taken.day) {
                    self.firsts.entry(taken.day).or_insert((place, self.lines));
                }
            }
        }
        self.lines += 1;
    }

    /// Its name by what stands before its first open day, and that place.
    fn place(&self) -> Option<(String, u64)> {
        let (place, lines) = self.firsts.values().min().copied().unwrap_or_else(|| {
            (self.log.as_ref().map_or(self.place, LogFile::settled), self.lines)
        });
        Some((self.head.name(lines)?.to_owned(), place))
    }
}

struct Pass<'a, K> {
    parts: Vec<Part>,
    counter: Counter,
    plan: Plan<'a>,
    keep: K,
    report: Report,
}

impl<E, K: FnMut(Batch) -> Result<(), E>> Pass<'_, K> {
    fn run(&mut self) -> Result<(), Error<E>> {
        let clocks = self.parts.iter().enumerate().map(|(at, part)| Reverse((part.clock, at)));
        let mut waiting: BinaryHeap<_> = clocks.collect();
        while let Some(Reverse((_, at))) = waiting.pop() {
            let limit = waiting.peek().map_or(i64::MAX, |Reverse((clock, _))| *clock);
            let is_through = self.advance(at, limit)?;
            if self.report.is_cut {
                return Ok(());
            }
            if let (false, Some(part)) = (is_through, self.parts.get(at)) {
                waiting.push(Reverse((part.clock, at)));
            }
        }
        self.finish()
    }

    /// Reads a log until its time is past `limit`; whether it is through.
    fn advance(&mut self, at: usize, limit: i64) -> Result<bool, Error<E>> {
        let mut lines = 0_u32;
        loop {
            let Some(part) = self.parts.get_mut(at) else { return Ok(true) };
            let day = if part.day == 0 { self.plan.over + 1 } else { part.day };
            let Some(log) = part.log()? else { return Ok(true) };
            let Some((place, piece)) = log.piece()? else {
                self.report.faults.extend(log.fault().map(str::to_owned));
                return Ok(true);
            };
            let taken = match piece {
                Piece::Line(line) => self.counter.line(line, day),
                Piece::TooLong => self.counter.unreadable(day),
            };
            part.note(place, taken, |day| !self.counter.counted().contains(&day));
            let clock = part.clock;
            lines = lines.wrapping_add(1);
            if lines.is_multiple_of(STRIDE) {
                if (self.plan.stop)() {
                    self.report.is_cut = true;
                    return Ok(true);
                }
                self.relieve(clock.min(limit))?;
            }
            if clock > limit {
                return Ok(false);
            }
        }
    }

    /// Closes the oldest days while too much is held and every log is past them.
    fn relieve(&mut self, clock: i64) -> Result<(), Error<E>> {
        let mut days = Vec::new();
        while self.counter.size() > self.plan.held
            && let Some(oldest) = self.counter.oldest()
            && oldest < self.counter.day_of(clock.saturating_sub(LATE)).min(self.plan.over + 1)
        {
            days.extend(self.close(oldest));
        }
        if days.is_empty() { Ok(()) } else { self.keep(days) }
    }

    /// Closes a day; `None` where it was counted before, so that all of its lines are late.
    fn close(&mut self, day: i32) -> Option<Counted> {
        let is_new = !self.counter.counted().contains(&day);
        let counted = self.counter.close(day);
        if day <= self.plan.over {
            self.report.lines.extend(&counted.lines);
        }
        is_new.then_some(counted)
    }

    fn finish(&mut self) -> Result<(), Error<E>> {
        let mut days = Vec::new();
        while let Some(oldest) = self.counter.oldest() {
            let counted = self.close(oldest);
            if oldest <= self.plan.over {
                days.extend(counted);
            } else {
                self.report.open.extend(counted);
            }
        }
        if self.plan.is_complete && !self.parts.is_empty() {
            let silent = self.silent();
            days.extend(silent);
        }
        self.keep(days)
    }

    /// The days of which the logs would tell if anybody had come, and the last one that is over.
    /// Of what was before the first line that is left, nobody knows.
    fn silent(&mut self) -> Vec<Counted> {
        let over = self.plan.over;
        let begins = self.parts.iter().filter_map(|part| part.head.begins).min();
        let begins = begins.map_or(over, |begins| self.counter.day_of(begins));
        let counted = self.counter.counted();
        let first = counted.first().map_or(over, |first| begins.max(*first).max(over - SILENT));
        let days = (first.min(over)..=over).filter(|day| !counted.contains(day));
        days.map(|day| Counted { day, ..Counted::default() }).collect()
    }

    fn keep(&mut self, days: Vec<Counted>) -> Result<(), Error<E>> {
        self.report.days += days.len();
        self.report.kept += days.iter().map(|day| day.lines.of(Fate::Counted)).sum::<u64>();
        for part in &mut self.parts {
            let counted = self.counter.counted();
            part.firsts.retain(|day, _| !counted.contains(day) || *day > self.plan.over);
        }
        let places = self.parts.iter().filter_map(Part::place).collect();
        (self.keep)(Batch { days, places }).map_err(Error::Keep)
    }
}

/// The files that patterns mean, relative ones below `root`.
pub fn list(root: &Path, patterns: &[PathBuf]) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        patterns.iter().flat_map(|pattern| logfiles::pattern::files(&root.join(pattern))).collect();
    files.sort_unstable();
    files.dedup();
    files
}

#[cfg(test)]
mod tests;
