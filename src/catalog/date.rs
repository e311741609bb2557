//! Dates as blogs write them.
//!
//! A [`Written`] date keeps what its author said and no more: a day, a time on some wall clock, or
//! an instant. It becomes an instant with the site's zone and publishing hour, never with those
//! of the machine; a date without a time therefore keeps its calendar day wherever it is read.
//!
//! Read are RFC 3339 with its usual slips (a blank for the `T`, no seconds, `+0200`, ` -4`,
//! `UTC`), RFC 5322 section 3.3, `2026-1-2`, `2/18/2026` (month first), `18.2.2026`,
//! `2026年2月18日`, `20260218`, `24 Sep 2026`, `September 24, 2026 3:04 pm` and seconds since 1970.
//! Everything else reads as `None`, program text and template marks included: a guess would
//! end in feeds for ever.

use crate::time::{Timestamp, Zone};

#[cfg(test)]
mod tests;

/// A calendar day: year, month, day.
pub(super) type Day = (i16, i8, i8);

/// A date as its author wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// A day without a time.
    Day(Day),
    /// A day and a time without a zone.
    Wall(Day, (i8, i8, i8)),
    /// An instant.
    Instant(Timestamp),
}

impl Written {
    /// Reads a date in one of the forms above.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim().trim_matches(['"', '\'']);
        if text.len() >= 9 && text.len() <= 11 && text.bytes().all(|b| b.is_ascii_digit()) {
            let seconds: i64 = text.parse().ok()?;
            return Some(Self::Instant(Timestamp::from_micros(seconds.checked_mul(1_000_000)?)));
        }
        let spaced = spaced(text);
        let mut parts = Parts::default();
        let words = spaced.split(|c: char| c.is_whitespace() || c == ',');
        for word in words.filter(|word| !word.is_empty()) {
            parts.take(word)?;
        }
        parts.finish()
    }

    /// The day, as the wall clocks of `zone` show it.
    pub(super) fn day(self, zone: &Zone) -> Day {
        match self {
            Self::Day(day) | Self::Wall(day, _) => day,
            Self::Instant(instant) => day_of(instant, zone),
        }
    }

    /// The instant meant; a day without a time begins at `hour`.
    pub(super) fn instant(self, zone: &Zone, hour: i8) -> Option<Timestamp> {
        match self {
            Self::Day(day) => zone.instant(day, (hour, 0, 0)),
            Self::Wall(day, time) => zone.instant(day, time),
            Self::Instant(instant) => Some(instant),
        }
    }
}

/// The day on which `instant` falls in `zone`.
pub(super) fn day_of(instant: Timestamp, zone: &Zone) -> Day {
    let text = instant.format("%Y %m %d", zone);
    let mut numbers = text.split(' ').map(|part| part.parse::<i16>().unwrap_or(1));
    let mut next = || numbers.next().unwrap_or(1);
    let (year, month, day) = (next(), next(), next());
    (year, i8::try_from(month).unwrap_or(1), i8::try_from(day).unwrap_or(1))
}

/// The day that a file name begins with (`2026-2-18-slug`, `2026_02_18 slug`) and the rest of it.
pub(super) fn of_name(stem: &str) -> Option<(Day, &str)> {
    let mut rest = stem;
    let mut numbers = [0i16; 3];
    for (place, number) in numbers.iter_mut().enumerate() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let fits = if place == 0 { digits == 4 } else { digits == 1 || digits == 2 };
        *number = rest.get(..digits).filter(|_| fits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let parted = rest.strip_prefix(['-', '_', '.', ' ']);
        rest = match parted {
            Some(rest) => rest,
            None if place == 2 && rest.is_empty() => rest,
            None => return None,
        };
    }
    let day = day(numbers[0], numbers[1], numbers[2])?;
    Some((day, rest))
}

/// A day that the calendar has.
fn day(year: i16, month: i16, day: i16) -> Option<Day> {
    let day = (year, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    Zone::utc().instant(day, (0, 0, 0)).filter(|_| year >= 1000).map(|_| day)
}

/// The text with the `T` of RFC 3339 and the signs of Chinese and Japanese dates as separators.
fn spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut before = ' ';
    while let Some(character) = characters.next() {
        let digit_follows = characters.peek().is_some_and(char::is_ascii_digit);
        spaced.push(match character {
            'T' | 't' if before.is_ascii_digit() && digit_follows => ' ',
            '年' | '月' => '-',
            '日' => ' ',
            other => other,
        });
        before = character;
    }
    spaced
}

/// What has been read of a date so far.
#[derive(Default)]
struct Parts {
    day: Option<Day>,
    month: Option<i16>,
    numbers: Vec<i16>,
    time: Option<(i8, i8, i8)>,
    afternoon: Option<bool>,
    offset: Option<Offset>,
}

/// How far a wall clock is from UTC.
enum Offset {
    Minutes(i64),
    Zone(Zone),
}

impl Parts {
    /// Takes one word; `None` when it belongs to no date.
    fn take(&mut self, word: &str) -> Option<()> {
        let is_digit = |character: char| character.is_ascii_digit();
        let lower = word.trim_end_matches('.').to_lowercase();
        if self.day.is_none()
            && self.numbers.is_empty()
            && self.month.is_none()
            && let Some((day, rest)) = numeric_day(word)
        {
            self.day = Some(day);
            return if rest.is_empty() { Some(()) } else { self.zone(rest) };
        }
        if word.contains(':') && word.starts_with(is_digit) {
            return self.clock(word);
        }
        if self.time.is_some() && matches!(lower.as_str(), "am" | "pm") {
            self.afternoon = Some(lower == "pm");
            return Some(());
        }
        if self.day.is_none() {
            if let Some(month) = month(&lower) {
                return self.month.replace(month).is_none().then_some(());
            }
            if is_weekday(&lower) {
                return Some(());
            }
            let number = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            if let (true, Ok(number)) = (word.starts_with(is_digit), number.parse()) {
                self.numbers.push(number);
                return (self.numbers.len() <= 2).then_some(());
            }
        }
        self.zone(word)
    }

    /// Takes `9:05`, `09:05:03.25`, either with a zone or `am`/`pm` at its end.
    fn clock(&mut self, word: &str) -> Option<()> {
        let end = word.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.');
        let (clock, rest) = word.split_at(end.unwrap_or(word.len()));
        let mut fields = clock.split('.').next()?.split(':').map(str::parse::<i8>);
        let hour = fields.next()?.ok()?;
        let minute = fields.next()?.ok()?;
        let second = fields.next().unwrap_or(Ok(0)).ok()?;
        if self.time.replace((hour, minute, second)).is_some() || fields.next().is_some() {
            return None;
        }
        match rest.to_lowercase().as_str() {
            "" => Some(()),
            "am" | "pm" => {
                self.afternoon = Some(rest.to_lowercase() == "pm");
                Some(())
            }
            _ => self.zone(rest),
        }
    }

    /// Takes `Z`, `UTC`, `+02:00`, `-0400`, `-4`, `EST` or `Europe/Stockholm`.
    fn zone(&mut self, word: &str) -> Option<()> {
        let offset = match word.to_ascii_uppercase().as_str() {
            "Z" | "UTC" | "GMT" | "UT" => Offset::Minutes(0),
            "EDT" => Offset::Minutes(-240),
            "EST" | "CDT" => Offset::Minutes(-300),
            "CST" | "MDT" => Offset::Minutes(-360),
            "MST" | "PDT" => Offset::Minutes(-420),
            "PST" => Offset::Minutes(-480),
            // Nikola writes `UTC+02:00`.
            other => match other.trim_start_matches("UTC").chars().next()? {
                '+' | '-' | '−' => Offset::Minutes(minutes(other.trim_start_matches("UTC"))?),
                _ => Offset::Zone(word.trim_matches(['[', ']']).parse().ok()?),
            },
        };
        self.offset.replace(offset).is_none().then_some(())
    }

    fn finish(self) -> Option<Written> {
        let day = match (self.day, self.month, &self.numbers[..]) {
            (Some(day), None, []) => day,
            (None, Some(month), &[one, two]) if one > 31 => day(one, month, two)?,
            (None, Some(month), &[one, two]) => day(two, month, one)?,
            _ => return None,
        };
        let Some((hour, minute, second)) = self.time else {
            return Some(Written::Day(day));
        };
        let hour = match self.afternoon {
            Some(_) if !(1..=12).contains(&hour) => return None,
            Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
            None => hour,
        };
        let time = (hour, minute, if second == 60 { 59 } else { second });
        let utc = Zone::utc().instant(day, time)?;
        match self.offset {
            None => Some(Written::Wall(day, time)),
            Some(Offset::Zone(zone)) => zone.instant(day, time).map(Written::Instant),
            Some(Offset::Minutes(minutes)) => {
                Some(Written::Instant(Timestamp::from_micros(utc.micros() - minutes * 60_000_000)))
            }
        }
    }
}

/// The minutes of `+02:00`, `-0400`, `+5` or `-12`.
fn minutes(text: &str) -> Option<i64> {
    let sign = if text.starts_with('+') { 1 } else { -1 };
    let digits: String = text.chars().skip(1).filter(|&c| c != ':').collect();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits.parse::<i64>().ok()?, 0),
        3 | 4 => digits.split_at_checked(digits.len() - 2).and_then(|(hours, minutes)| {
            Some((hours.parse::<i64>().ok()?, minutes.parse::<i64>().ok()?))
        })?,
        _ => return None,
    };
    (hours <= 15 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// A day in figures at the start of a word, and what follows it.
fn numeric_day(word: &str) -> Option<(Day, &str)> {
    let end = word.find(|c: char| !c.is_ascii_digit() && !"-/.".contains(c));
    let (mut figures, mut rest) = word.split_at(end.unwrap_or(word.len()));
    if figures.len() > 10 {
        // `2026-02-18-04` is a day with a zone.
        (figures, rest) = word.split_at_checked(10)?;
    }
    let separator = figures.chars().find(|c| !c.is_ascii_digit());
    let Some(separator) = separator else {
        let whole = figures.len() == 8;
        let number =
            |range: std::ops::Range<usize>| figures.get(range).filter(|_| whole)?.parse().ok();
        return Some((day(number(0..4)?, number(4..6)?, number(6..8)?)?, rest));
    };
    let mut numbers = figures.trim_end_matches(separator).split(separator).map(str::parse::<i16>);
    let mut next = || numbers.next()?.ok();
    let (one, two, three) = (next()?, next()?, next()?);
    let found = match separator {
        _ if numbers.next().is_some() => None,
        _ if one > 999 => day(one, two, three),
        '/' => day(three, one, two),
        '.' => day(three, two, one),
        _ => None,
    };
    Some((found?, rest))
}

fn month(word: &str) -> Option<i16> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let is_month = |name: &&str| word.len() >= 3 && name.starts_with(word) || word == "sept";
    let found = match word {
        "sept" => Some(8),
        _ => MONTHS.iter().position(is_month),
    };
    found.and_then(|place| i16::try_from(place + 1).ok())
}

fn is_weekday(word: &str) -> bool {
    const DAYS: [&str; 7] =
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    word.len() >= 3 && DAYS.iter().any(|name| name.starts_with(word))
}
