//! The lines of a list of subscribers.
//!
//! The first line names the columns, in any order and case: `address`, `newsletter`, `cadence`,
//! and if wanted `name`, `confirmed_at` (RFC 3339, or a day by the site's clocks), and what a
//! reader chose: `hour`, `weekday`, `time_zone`, `language`, `topics` (parted by bars). Columns are
//! parted by commas, semicolons or tabs, as the first line shows; the encoding is UTF-8.
//!
//! A line that cannot be used is refused with its number; a fault of the first line is told once.

use std::collections::HashMap;

use csv::{ByteRecord, ReaderBuilder, StringRecord};

use super::{offer, text};
use crate::{
    config::Newsletter,
    domain::{
        address::Address,
        choice::{Choice, Written},
        subscriber::{Cadence, NewSubscription},
    },
    time::{Timestamp, Zone},
};

/// The columns that each line needs.
const NEEDED: [&str; 3] = ["address", "newsletter", "cadence"];
/// The others.
const WANTED: [&str; 7] =
    ["name", "confirmed_at", "hour", "weekday", "time_zone", "language", "topics"];
/// What a file of subscribers holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// Usable lines.
    pub rows: Vec<NewSubscription>,
    /// Refused lines: file, number, reason.
    pub refused: Vec<String>,
    /// What the operator may want to know.
    pub notes: Vec<String>,
    /// Lines without a day of consent.
    pub unconfirmed: usize,
    /// Addresses that stand in refused lines.
    pub(super) refused_addresses: Vec<String>,
}

/// What the lines are held against.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// What is offered.
    pub newsletters: &'a [Newsletter],
    /// By whose clocks a day begins.
    pub zone: &'a Zone,
    /// The present instant.
    pub now: Timestamp,
}

/// Reads the content of the file shown as `path`.
pub fn read(path: &str, octets: &[u8], terms: Terms<'_>) -> Import {
    let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
    let mut import = Import::default();
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .delimiter(separator(octets))
        .flexible(true)
        .from_reader(octets);
    let mut record = ByteRecord::new();
    let columns = match reader.read_byte_record(&mut record) {
        Ok(true) => Columns::read(&record),
        Ok(false) => Err("the file is empty".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let columns = match columns {
        Ok(columns) => columns,
        Err(why) => {
            import.refused.push(format!("{path}:1: {why}"));
            return import;
        }
    };
    import.notes.extend(
        columns.unused.iter().map(|name| format!("{path}:1: the column \"{name}\" is not used")),
    );
    let mut lines = Lines { path, terms, columns, import, seen: HashMap::new() };
    while let Ok(true) = reader.read_byte_record(&mut record) {
        let line = record.position().map_or(0, csv::Position::line);
        lines.take(line, &record);
    }
    lines.import
}

/// What parts the columns of the first line.
fn separator(octets: &[u8]) -> u8 {
    let first = octets.split(|octet| *octet == b'\n').next().unwrap_or_default();
    let count = |separator: u8| first.iter().filter(|octet| **octet == separator).count();
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|one| count(*one)).unwrap_or(b',')
}

/// Where each column stands.
struct Columns {
    count: usize,
    at: HashMap<&'static str, usize>,
    unused: Vec<String>,
}

impl Columns {
    fn read(record: &ByteRecord) -> Result<Self, String> {
        let record = utf8(record)?;
        let names: Vec<String> =
            record.iter().map(|name| name.trim().to_lowercase().replace(' ', "_")).collect();
        let mut at = HashMap::new();
        for known in NEEDED.into_iter().chain(WANTED) {
            at.extend(names.iter().position(|name| name == known).map(|place| (known, place)));
        }
        if let Some(missing) = NEEDED.iter().find(|needed| !at.contains_key(*needed)) {
            return Err(format!(
                "there is no column \"{missing}\"; the first line names the columns: address, \
                 newsletter, cadence, and if you like name and confirmed_at"
            ));
        }
        let is_unused = |name: &&String| !name.is_empty() && !at.contains_key(name.as_str());
        let unused = names.iter().filter(is_unused).cloned().collect();
        Ok(Self { count: names.len(), at, unused })
    }

    fn of<'r>(&self, name: &str, record: &'r StringRecord) -> &'r str {
        self.at.get(name).and_then(|place| record.get(*place)).unwrap_or_default().trim()
    }

    /// Refuses a line that lacks a needed column, or whose columns are shifted.
    fn fit(&self, record: &StringRecord) -> Result<(), String> {
        let lacks = |name: &str| self.at.get(name).is_none_or(|at| *at >= record.len());
        if record.len() > self.count || NEEDED.into_iter().any(lacks) {
            let (has, of) = (record.len(), self.count);
            return Err(format!("the line has {has} of {of} columns"));
        }
        Ok(())
    }
}

fn utf8(record: &ByteRecord) -> Result<StringRecord, String> {
    StringRecord::from_byte_record(record.clone())
        .map_err(|_| "the line is not UTF-8; save the file in that encoding".to_owned())
}

/// The lines after the first, and what they came to.
struct Lines<'a> {
    path: &'a str,
    terms: Terms<'a>,
    columns: Columns,
    import: Import,
    /// Address and newsletter of each line: its number and cadence.
    seen: HashMap<(String, String), (u64, Cadence)>,
}

impl Lines<'_> {
    fn take(&mut self, line: u64, record: &ByteRecord) {
        let source = format!("{}:{line}", self.path);
        match self.row(&source, record) {
            Ok(row) => self.keep(line, row),
            Err(why) => {
                let place = self.columns.at.get("address");
                let address = place.and_then(|place| record.get(*place)).unwrap_or_default();
                let address = String::from_utf8_lossy(address).trim().to_lowercase();
                self.import.refused_addresses.push(address);
                self.import.refused.push(format!("{source}: {why}"));
            }
        }
    }

    fn row(&mut self, source: &str, record: &ByteRecord) -> Result<NewSubscription, String> {
        let record = utf8(record)?;
        self.columns.fit(&record)?;
        let of = |name| self.columns.of(name, &record);
        let address: Address = of("address").parse().map_err(text)?;
        let newsletter = of("newsletter").to_owned();
        let cadence = offer(self.terms.newsletters, &newsletter, of("cadence"))?;
        let confirmed_at = match of("confirmed_at") {
            "" => {
                self.import.unconfirmed += 1;
                self.terms.now
            }
            written => confirmed(written, self.terms)?,
        };
        let choice = Choice::read(&Written {
            hour: of("hour"),
            weekday: of("weekday"),
            zone: of("time_zone"),
            language: of("language"),
            topics: of("topics"),
        });
        let choice = choice.map_err(text)?;
        let name = of("name").replace(char::is_control, " ");
        let source = source.to_owned();
        Ok(NewSubscription { address, name, newsletter, cadence, choice, confirmed_at, source })
    }

    /// The first of several lines for one reader and newsletter counts.
    fn keep(&mut self, line: u64, row: NewSubscription) {
        let key = (row.address.key(), row.newsletter.clone());
        let Some((first, cadence)) = self.seen.get(&key) else {
            self.seen.insert(key, (line, row.cadence));
            self.import.rows.push(row);
            return;
        };
        if *cadence != row.cadence {
            self.import.notes.push(format!(
                "{}:{line}: {} stands twice; line {first} counts, with {cadence}",
                self.path, row.address
            ));
        }
    }
}

/// When consent was confirmed: an instant, or a day.
fn confirmed(written: &str, terms: Terms<'_>) -> Result<Timestamp, String> {
    let day = || {
        let mut parts = written.splitn(3, '-');
        let year = parts.next()?.parse().ok()?;
        let (month, day) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        terms.zone.instant((year, month, day), (0, 0, 0))
    };
    let at = Timestamp::parse_rfc3339(written).or_else(day).ok_or_else(|| {
        format!("confirmed_at \"{written}\" is not like 2026-11-24 or 2026-11-24T09:00:00Z")
    })?;
    if at > terms.now {
        return Err(format!("confirmed_at {written} lies in the future"));
    }
    Ok(at)
}
