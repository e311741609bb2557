//! `popularity scores`: posts rated by readers a day from a file, by the same formula as a site's.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use serde::Deserialize;

use super::super::{
    Refusal,
    out::{self, say},
};
use crate::{
    rank::popular::{Decay, Tally, rates},
    time::parse_day,
};

/// When posts were published, and the day before which readers count.
#[derive(Deserialize)]
struct Published {
    as_of: String,
    published: BTreeMap<String, String>,
}

/// Readers by day.
type Days = BTreeMap<i32, u32>;

/// Prints the readers a day that each post may expect.
pub(super) fn scores(
    daily: &Path,
    published: &Path,
    half_life: f64,
    json: bool,
) -> Result<u8, Refusal> {
    let text = read(published)?;
    let wrong = |why: &dyn std::fmt::Display| {
        Refusal::wrong_usage(format!("{}: {why}", published.display()))
    };
    let known: Published = serde_json::from_str(&text).map_err(|error| wrong(&error))?;
    let day = |text: &str| {
        let date = text.get(..10).and_then(parse_day);
        date.ok_or_else(|| wrong(&format!("\"{text}\" is no day like 2026-11-24")))
    };
    let last = day(&known.as_of)? - 1;
    let reads = reads(daily)?;
    let mut tallies = Vec::new();
    for (path, date) in &known.published {
        tallies.push(tally(day(date)?, reads.get(path), last, half_life));
    }
    let scores: BTreeMap<&String, f64> = known.published.keys().zip(rates(&tallies)).collect();
    if json {
        out::json(&scores);
    } else {
        scores.iter().for_each(|(path, score)| say!("{score:10.3} {path}"));
    }
    Ok(0)
}

fn tally(published: i32, reads: Option<&Days>, last: i32, half_life: f64) -> Tally {
    let (mut tally, decay) = (Tally::default(), Decay::half_life(half_life));
    let days = reads.into_iter().flat_map(|days| days.range(..=last));
    days.for_each(|(&day, &readers)| tally.day(decay, published, day, readers));
    tally.day(decay, published, last, 0);
    tally
}

/// Readers by path and day.
fn reads(file: &Path) -> Result<HashMap<String, Days>, Refusal> {
    let wrong =
        |line: usize, why: &str| Refusal::wrong_usage(format!("{}:{line}: {why}", file.display()));
    let text = read(file)?;
    let mut rows = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let mut reads: HashMap<String, Days> = HashMap::new();
    for (line, row) in (2..).zip(rows.records()) {
        let row = row.map_err(|error| wrong(line, &error.to_string()))?;
        let cell = |place: usize| row.get(place).unwrap_or_default();
        let day = parse_day(cell(0)).ok_or_else(|| wrong(line, "the first cell is no day"))?;
        let readers: u32 =
            cell(2).parse().map_err(|_| wrong(line, "the third cell is no number"))?;
        let known = reads.entry(cell(1).to_owned()).or_default().entry(day).or_default();
        *known = known.saturating_add(readers);
    }
    Ok(reads)
}

fn read(file: &Path) -> Result<String, Refusal> {
    let read = std::fs::read_to_string(file);
    read.map_err(|why| Refusal::wrong_usage(format!("cannot read {}: {why}", file.display())))
}
