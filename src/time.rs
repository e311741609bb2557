//! Time: instants, the clock, zones and schedules. The only module that asks what time it is.
//!
//! It promises that an instant is one integer (microseconds since 1970, UTC) everywhere, that a
//! schedule fires once per planned wall-clock time whatever the clocks of its zone do, and that
//! every caller can be given a hand-set clock instead of the system's.
//!
//! It does not remember which planned times have been acted upon: that is the store's record.
//!
//! Schedules are the operator's five crontab fields. The `cron` crate parses them (it wants
//! seconds first and counts Sunday as 1, so both are translated here), iterates over wall-clock
//! time as if it were UTC, and `jiff` maps each hit into the zone: a time skipped in spring
//! moves forward by the gap, a time repeated in autumn fires at its first pass only.
//!
//! Written forms: RFC 3339 for Atom, JSON and logs, RFC 5322 section 3.3 for mail and RSS.

use std::{
    fmt,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::TimeZone as _;
use jiff::{SignedDuration, civil};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `micros` microseconds after 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This instant moved forward.
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(micros_of(span)))
    }

    /// This instant moved back.
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(micros_of(span)))
    }

    /// The time from `earlier` to this instant; zero when `earlier` is the later one.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// `2026-11-24T09:00:00Z` (RFC 3339, whole seconds, UTC).
    pub fn rfc3339(self) -> String {
        self.in_zone(&Zone::utc()).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// `Tue, 24 Nov 2026 09:00:00 +0000` (RFC 5322 section 3.3, UTC).
    pub fn rfc5322(self) -> String {
        self.in_zone(&Zone::utc()).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
    }

    /// The instant as `format` (strftime directives) shows it in `zone`; an unknown directive
    /// is shown as it stands.
    pub fn format(self, format: &str, zone: &Zone) -> String {
        jiff::fmt::strtime::format(format, &self.in_zone(zone))
            .unwrap_or_else(|_| format.to_owned())
    }

    /// Reads RFC 3339, with or without fraction; a zone is required.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let instant: jiff::Timestamp = text.trim().parse().ok()?;
        Some(Self(instant.as_microsecond()))
    }

    /// Reads RFC 5322 section 3.3, as it stands in a Date field.
    pub fn parse_rfc5322(text: &str) -> Option<Self> {
        let instant =
            jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()?;
        Some(Self(instant.as_microsecond()))
    }

    fn in_zone(self, zone: &Zone) -> jiff::Zoned {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or_default().to_zoned(zone.0.clone())
    }
}

/// The start of 2026: no clock that is right shows less.
const EARLIEST: Timestamp = Timestamp(1_767_225_600_000_000);

/// How far a clock may seem to go back, and to leap, from one run to the next.
const BACK: Duration = Duration::from_secs(86_400);
const LEAP: Duration = Duration::from_secs(400 * 86_400);

/// Why a clock that shows `now` must be wrong, if it must: a machine that lost its clock begins in
/// 1970, and everything dated would be in its future.
pub fn must_be_wrong(now: Timestamp) -> Option<String> {
    (now < EARLIEST).then(|| {
        format!("the clock of this machine shows {now}, which is long past; set it and run again")
    })
}

/// What is odd about a clock that shows `now` when it has shown `last`, if anything is.
pub fn oddity(last: Timestamp, now: Timestamp) -> Option<String> {
    let odd = if last.since(now) > BACK {
        "goes back"
    } else if now.since(last) > LEAP {
        "leaps"
    } else {
        return None;
    };
    Some(format!(
        "the clock of this machine {odd} from {last} to {now}; if either is wrong, posts and \
         digests appear too early or too late: set the clock and look at postrider status"
    ))
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

fn micros_of(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

/// Where "now" comes from. Cheap to clone; clones of a hand-set clock share its hands.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands still until it is moved.
    HandSet(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `now`.
    pub fn hand_set(now: Timestamp) -> Self {
        Self::HandSet(Arc::new(AtomicI64::new(now.0)))
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp(jiff::Timestamp::now().as_microsecond()),
            Self::HandSet(hands) => Timestamp(hands.load(Ordering::SeqCst)),
        }
    }

    /// Moves a hand-set clock forward; the system's clock is left alone.
    pub fn advance(&self, span: Duration) {
        if let Self::HandSet(hands) = self {
            hands.fetch_add(micros_of(span), Ordering::SeqCst);
        }
    }
}

/// What can be wrong with a zone or a schedule.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// No such zone in the time zone database.
    #[error("there is no time zone \"{0}\"; write one like \"Europe/Berlin\" or \"UTC\"")]
    Zone(String),
    /// Not five fields.
    #[error(
        "a schedule has five fields (minute hour day month weekday), \"{0}\" has {1}: \
         write e.g. \"0 9 * * MON\" for Mondays at nine"
    )]
    Fields(String, usize),
    /// Day of month and weekday both restricted.
    #[error(
        "\"{0}\" restricts both the day of the month and the weekday; crontabs disagree on what \
         that means, so leave one of them \"*\""
    )]
    BothDays(String),
    /// A field that cannot be read.
    #[error("cannot read the schedule \"{0}\": {1}")]
    Field(String, String),
}

/// A time zone by its name in the IANA database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(jiff::tz::TimeZone);

impl Zone {
    /// Coordinated Universal Time.
    pub fn utc() -> Self {
        Self(jiff::tz::TimeZone::UTC)
    }

    /// The zone's name, as in the configuration.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The instant at which a wall clock here shows the given date and time. A time that the
    /// clocks skip moves forward by the gap; a time that comes twice is its first pass. `None`
    /// when the calendar has no such day or time.
    pub fn instant(&self, date: (i16, i8, i8), time: (i8, i8, i8)) -> Option<Timestamp> {
        let date = civil::Date::new(date.0, date.1, date.2).ok()?;
        let time = civil::Time::new(time.0, time.1, time.2, 0).ok()?;
        self.map(date.to_datetime(time))
    }

    /// The ISO 8601 week year and week in which `instant` falls here.
    pub fn iso_week(&self, instant: Timestamp) -> (i16, i8) {
        let week = instant.in_zone(self).date().iso_week_date();
        (week.year(), week.week())
    }

    /// The day that calendars here show at `instant`, counted from 1970-01-01.
    pub fn day_at(&self, instant: Timestamp) -> i32 {
        number_of(self.wall(instant).date())
    }

    /// When that day begins here.
    pub fn day_start(&self, day: i32) -> Timestamp {
        let begins = self.map(date_of(day).to_datetime(civil::Time::midnight()));
        begins.unwrap_or(Timestamp(i64::from(day) * 86_400_000_000))
    }

    /// The hour that a wall clock here shows.
    pub fn hour(&self, instant: Timestamp) -> u8 {
        u8::try_from(instant.in_zone(self).hour()).unwrap_or(0)
    }

    fn map(&self, wall: civil::DateTime) -> Option<Timestamp> {
        let zoned = self.0.to_ambiguous_zoned(wall).compatible().ok()?;
        Some(Timestamp(zoned.timestamp().as_microsecond()))
    }

    fn wall(&self, instant: Timestamp) -> civil::DateTime {
        instant.in_zone(self).datetime()
    }
}

impl FromStr for Zone {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        jiff::tz::TimeZone::get(name).map(Self).map_err(|_| Error::Zone(name.to_owned()))
    }
}

/// The days from 1970-01-01 to that date; `None` where the calendar has no such day.
pub fn day_number(year: i16, month: i8, day: i8) -> Option<i32> {
    civil::Date::new(year, month, day).ok().map(number_of)
}

/// `2026-11-24`, for a day counted from 1970-01-01.
pub fn day_text(day: i32) -> String {
    date_of(day).to_string()
}

/// Reads `2026-11-24`.
pub fn parse_day(text: &str) -> Option<i32> {
    text.parse().ok().filter(|_| text.len() == 10).map(number_of)
}

/// The first day, 1970-01-01.
const FIRST: civil::Date = civil::Date::constant(1970, 1, 1);

fn number_of(date: civil::Date) -> i32 {
    FIRST.until(date).map_or(0, |span| span.get_days())
}

fn date_of(day: i32) -> civil::Date {
    FIRST.checked_add(jiff::Span::new().days(day.clamp(-4_000_000, 2_900_000))).unwrap_or(FIRST)
}

/// When something is due: five crontab fields read in a time zone.
#[derive(Clone, Debug)]
pub struct Schedule {
    text: String,
    zone: Zone,
    parsed: cron::Schedule,
}

/// How far behind the wall clock a search starts: past any gap a zone has had (24 h, Apia 2011).
const GAP: SignedDuration = SignedDuration::from_hours(25);

impl Schedule {
    /// Reads `minute hour day month weekday`, for the wall clocks of `zone`.
    pub fn new(text: &str, zone: Zone) -> Result<Self, Error> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return Err(Error::Fields(text.to_owned(), fields.len()));
        };
        if day != "*" && weekday != "*" {
            return Err(Error::BothDays(text.to_owned()));
        }
        let weekday = weekdays(weekday).map_err(|why| Error::Field(text.to_owned(), why))?;
        let parsed =
            cron::Schedule::from_str(&format!("0 {minute} {hour} {day} {month} {weekday}"))
                .map_err(|error| Error::Field(text.to_owned(), error.to_string()))?;
        Ok(Self { text: text.to_owned(), zone, parsed })
    }

    /// The zone whose wall clocks count.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The same but at a reader's hour, on a reader's weekday (0 is Sunday; where the schedule
    /// goes by weekdays), by the wall clocks of a reader's zone.
    pub fn moved(
        &self,
        hour: Option<u8>,
        weekday: Option<u8>,
        zone: Option<&Zone>,
    ) -> Result<Self, Error> {
        let fields: Vec<&str> = self.text.split_whitespace().collect();
        let [minute, own_hour, day, month, own_weekday] = fields[..] else {
            return Err(Error::Fields(self.text.clone(), fields.len()));
        };
        let at = hour.map_or(own_hour.to_owned(), |hour| hour.to_string());
        let on = match weekday.filter(|_| own_weekday != "*") {
            Some(weekday) => weekday.to_string(),
            None => own_weekday.to_owned(),
        };
        let zone = zone.unwrap_or(&self.zone).clone();
        Self::new(&format!("{minute} {at} {day} {month} {on}"), zone)
    }

    /// The planned instants after `instant`, in order.
    pub fn after(&self, instant: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
        let wall = self.zone.wall(instant).saturating_sub(GAP);
        let seconds = wall.to_zoned(jiff::tz::TimeZone::UTC).map(|z| z.timestamp().as_second());
        let start = chrono::Utc.timestamp_opt(seconds.unwrap_or(0), 0).single();
        let mut last = instant;
        start
            .into_iter()
            .flat_map(|start| self.parsed.after(&start))
            .filter_map(|hit| self.map(hit))
            .filter(move |&planned| {
                let later = planned > last;
                last = last.max(planned);
                later
            })
    }

    /// The latest planned instant in `(after, upto]`, if any.
    pub fn latest(&self, after: Timestamp, upto: Timestamp) -> Option<Timestamp> {
        self.after(after).take_while(|&planned| planned <= upto).last()
    }

    fn map(&self, hit: chrono::DateTime<chrono::Utc>) -> Option<Timestamp> {
        let fake = jiff::Timestamp::from_second(hit.timestamp()).ok()?;
        self.zone.map(fake.to_zoned(jiff::tz::TimeZone::UTC).datetime())
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.text, self.zone.name())
    }
}

const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A crontab weekday field (0 and 7 are Sunday, names allowed) as a list of names.
fn weekdays(field: &str) -> Result<String, String> {
    if field == "*" {
        return Ok(field.to_owned());
    }
    let mut chosen = [false; 7];
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse().map_err(|_| unreadable(part))?),
            None => (part, 1usize),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (0, 6),
            Some((first, last)) => (weekday(first)?, weekday(last)?),
            None => (weekday(range)?, weekday(range)?),
        };
        if step == 0 || first > last {
            return Err(unreadable(part));
        }
        for day in (first..=last).step_by(step) {
            if let Some(day) = chosen.get_mut(day % 7) {
                *day = true;
            }
        }
    }
    let names: Vec<&str> =
        DAYS.iter().zip(chosen).filter_map(|(name, chosen)| chosen.then_some(*name)).collect();
    Ok(names.join(","))
}

fn weekday(text: &str) -> Result<usize, String> {
    let by_name = DAYS.iter().position(|name| name.eq_ignore_ascii_case(text));
    let number = by_name.or_else(|| text.parse().ok().filter(|&n| n <= 7));
    number.ok_or_else(|| unreadable(text))
}

fn unreadable(part: &str) -> String {
    format!("\"{part}\" is no weekday (0-7 with 0 and 7 Sunday, or SUN to SAT)")
}
