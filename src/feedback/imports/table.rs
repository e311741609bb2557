//! Exports as CSV: recognised by the names of their columns.

use csv::StringRecord;

use super::{Error, Outcome, Reader, Readings, Said, Tool, labelled};

/// The columns that matter, by their places.
enum Columns {
    /// Single pageviews.
    GoatCounter { path: usize, first: usize, date: usize, event: Option<usize>, bot: Option<usize> },
    /// Sums.
    Plausible { date: usize, page: usize, visitors: usize },
    /// Single events.
    Umami { path: usize, session: usize, created: usize, kind: Option<usize> },
    /// Sums.
    Matomo { date: Option<usize>, page: usize, visitors: usize },
}

impl Columns {
    fn of(header: &StringRecord) -> Option<Self> {
        let place = |name: &str| {
            let plain = |one: &str| {
                let one = one.trim().trim_start_matches(|c: char| c.is_ascii_digit() || c == ',');
                one.replace(['_', ' ', '-'], "").eq_ignore_ascii_case(name)
            };
            header.iter().position(plain)
        };
        if let (Some(path), Some(first), Some(date)) =
            (place("path"), place("firstvisit"), place("date"))
        {
            return Some(Self::GoatCounter {
                path,
                first,
                date,
                event: place("event"),
                bot: place("bot"),
            });
        }
        if let (Some(date), Some(page), Some(visitors)) =
            (place("date"), place("page"), place("visitors"))
        {
            return Some(Self::Plausible { date, page, visitors });
        }
        if let (Some(path), Some(session), Some(created)) =
            (place("urlpath"), place("sessionid"), place("createdat"))
        {
            return Some(Self::Umami { path, session, created, kind: place("eventtype") });
        }
        let page = ["metadataurl", "url", "label"].iter().find_map(|name| place(name))?;
        let visitors =
            ["nbuniqvisitors", "uniquevisitors", "nbvisits", "visits", "uniquepageviews"];
        let visitors = visitors.iter().find_map(|name| place(name))?;
        Some(Self::Matomo { date: place("date"), page, visitors })
    }

    const fn tool(&self) -> Tool {
        match self {
            Self::GoatCounter { .. } => Tool::GoatCounter,
            Self::Plausible { .. } => Tool::Plausible,
            Self::Umami { .. } => Tool::Umami,
            Self::Matomo { .. } => Tool::Matomo,
        }
    }
}

impl Reader {
    pub(super) fn table(&mut self, name: &str, text: &str) -> Result<(Tool, Readings), Error> {
        let first = text.lines().next().unwrap_or_default();
        let delimiter = [b',', b';', b'\t']
            .into_iter()
            .max_by_key(|delimiter| first.bytes().filter(|octet| octet == delimiter).count());
        let mut rows = csv::ReaderBuilder::new()
            .delimiter(delimiter.unwrap_or(b','))
            .flexible(true)
            .from_reader(text.as_bytes());
        let columns = rows.headers().ok().and_then(Columns::of);
        let columns = columns.ok_or_else(|| Error::Unknown(name.to_owned()))?;
        if matches!(columns, Columns::Matomo { date: None, .. }) && self.day.is_none() {
            return Err(Error::NoDay(name.to_owned()));
        }
        let mut readings = Readings::default();
        for row in rows.records() {
            let said = row.ok().and_then(|row| self.row(&columns, &row));
            readings.take(said.unwrap_or(Said::Other(Outcome::Unreadable)));
        }
        Ok((columns.tool(), readings))
    }

    /// What a row says; `None`: it cannot be read.
    fn row(&mut self, columns: &Columns, row: &StringRecord) -> Option<Said> {
        let number = |place: usize| row.get(place)?.trim().parse().ok();
        Some(match *columns {
            Columns::GoatCounter { path, first, date, event, bot } => {
                let day = self.day_of(row.get(date)?)?;
                let is = |place: Option<usize>| place.is_some_and(|at| is_true(row.get(at)));
                if is(event) || is(bot) {
                    Said::Other(Outcome::NoReader)
                } else if is_true(row.get(first)) {
                    Said::Readers(day, row.get(path)?.to_owned(), 1)
                } else {
                    Said::Other(Outcome::Repeated)
                }
            }
            Columns::Plausible { date, page, visitors } => Said::Readers(
                self.day_of(row.get(date)?)?,
                row.get(page)?.to_owned(),
                number(visitors)?,
            ),
            Columns::Umami { path, session, created, kind } => {
                let day = self.day_of(row.get(created)?)?;
                if kind.and_then(|place| row.get(place)).is_some_and(|kind| kind.trim() != "1") {
                    return Some(Said::Other(Outcome::NoReader));
                }
                let path = row.get(path)?.to_owned();
                let visitor = (day, path.clone(), row.get(session)?.to_owned());
                if self.seen.insert(visitor) {
                    Said::Readers(day, path, 1)
                } else {
                    Said::Other(Outcome::Repeated)
                }
            }
            Columns::Matomo { date, page, visitors } => {
                let day = match date {
                    Some(date) => self.day_of(row.get(date)?)?,
                    None => self.day?,
                };
                Said::Readers(day, labelled(row.get(page)?), number(visitors)?)
            }
        })
    }
}

/// `true`, and every number but nought.
fn is_true(text: Option<&str>) -> bool {
    text.is_some_and(|text| !matches!(text.trim(), "" | "0" | "false" | "f"))
}
