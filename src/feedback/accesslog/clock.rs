//! Times of access logs: `24/Nov/2026:14:05:36 +0100`, ISO 8601, and seconds since 1970.
//!
//! Lines come in order and many within a day, so that the date is read once and remembered. A time
//! that no calendar has is `None`. Fractions of seconds are cut off.

use crate::time;

/// Reads times, and remembers the last date.
#[derive(Clone, Debug, Default)]
pub struct Times {
    /// As it stood there, and when it begins in UTC.
    date: [u8; 11],
    begins: i64,
}

const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";

/// No log is older than 1990: what says so is no time.
const EARLIEST: i64 = 631_152_000;

/// Seconds after this are milli- or microseconds.
const LATEST_SECONDS: f64 = 1e11;

impl Times {
    /// Seconds since 1970.
    pub fn read(&mut self, text: &[u8]) -> Option<i64> {
        let time = match text.get(2)? {
            b'/' => self.clf(text)?,
            _ if text.get(4) == Some(&b'-') => self.iso(text)?,
            _ => epoch(text)?,
        };
        (time >= EARLIEST).then_some(time)
    }

    /// `24/Nov/2026:14:05:36 +0100`.
    fn clf(&mut self, text: &[u8]) -> Option<i64> {
        let begins = self.date(text.get(..11)?, |date| {
            let name = date.get(3..6)?;
            let month = MONTHS.chunks_exact(3).position(|month| month == name)?;
            let year = i16::try_from(number(date.get(7..)?)?).ok()?;
            (date.get(6) == Some(&b'/')).then_some(())?;
            Some((year, i8::try_from(month).ok()? + 1, i8::try_from(number(date.get(..2)?)?).ok()?))
        })?;
        let wall = clock(text.get(12..20)?)?;
        Some(begins + wall - offset(text.get(20..)?.strip_prefix(b" ")?)?)
    }

    /// `2026-11-24T14:05:36.123+01:00`, with a blank for `T` too; without an offset UTC.
    fn iso(&mut self, text: &[u8]) -> Option<i64> {
        let begins = self.date(text.get(..10)?, |date| {
            let year = i16::try_from(number(date.get(..4)?)?).ok()?;
            let month = i8::try_from(number(date.get(5..7)?)?).ok()?;
            (date.get(7) == Some(&b'-')).then_some(())?;
            Some((year, month, i8::try_from(number(date.get(8..)?)?).ok()?))
        })?;
        let wall = clock(text.get(11..19)?)?;
        let rest = text.get(19..)?;
        let fraction = rest.iter().take_while(|c| c.is_ascii_digit() || matches!(c, b'.' | b','));
        Some(begins + wall - offset(rest.get(fraction.count()..)?.trim_ascii())?)
    }

    fn date(
        &mut self,
        text: &[u8],
        read: impl FnOnce(&[u8]) -> Option<(i16, i8, i8)>,
    ) -> Option<i64> {
        let mut date = [0; 11];
        date.get_mut(..text.len())?.copy_from_slice(text);
        if self.date != date {
            let (year, month, day) = read(text)?;
            self.begins = i64::from(time::day_number(year, month, day)?) * 86_400;
            self.date = date;
        }
        Some(self.begins)
    }
}

/// `14:05:36`; a leap second counts as the next one.
fn clock(text: &[u8]) -> Option<i64> {
    (text.get(2) == Some(&b':') && text.get(5) == Some(&b':')).then_some(())?;
    let part = |from: usize| number(text.get(from..from + 2)?);
    let (hours, minutes, seconds) = (part(0)?, part(3)?, part(6)?);
    (hours < 24 && minutes < 60 && seconds <= 60).then_some(())?;
    Some(i64::from(hours * 3600 + minutes * 60 + seconds))
}

/// `+0100`, `+01:00`, `Z` or nothing.
fn offset(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text {
        [] | [b'Z' | b'z'] => return Some(0),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.len() {
        4 => (digits.get(..2)?, digits.get(2..)?),
        5 if digits.get(2) == Some(&b':') => (digits.get(..2)?, digits.get(3..)?),
        _ => return None,
    };
    Some(sign * i64::from(number(hours)? * 3600 + number(minutes)? * 60))
}

/// Seconds since 1970 with or without a fraction; milli- and microseconds by their size.
fn epoch(text: &[u8]) -> Option<i64> {
    let digits = text.iter().all(|c| c.is_ascii_digit() || *c == b'.');
    let text = std::str::from_utf8(text).ok().filter(|_| digits)?;
    let mut seconds: f64 = text.parse().ok()?;
    while seconds > LATEST_SECONDS {
        seconds /= 1000.0;
    }
    Some(seconds as i64)
}

/// Digits as a number; at most nine.
fn number(digits: &[u8]) -> Option<u32> {
    let is_number = (1..10).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    is_number.then(|| digits.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_an_instant_is_read() {
        let mut times = Times::default();
        for text in [
            "24/Nov/2026:14:05:36 +0100",
            "24/Nov/2026:13:05:36 +0000",
            "24/Nov/2026:04:35:36 -0830",
            "2026-11-24T14:05:36+01:00",
            "2026-11-24 13:05:36.999Z",
            "2026-11-24T13:05:36",
            "2026-11-24T14:05:36.123456789+0100",
            "1795525536",
            "1795525536.999",
            "1795525536123",
            "1795525536123456",
        ] {
            assert_eq!(times.read(text.as_bytes()), Some(1_795_525_536), "{text}");
        }
    }

    #[test]
    fn what_no_calendar_or_clock_shows_is_none() {
        let mut times = Times::default();
        for text in [
            "",
            "-",
            "31/Feb/2026:14:05:36 +0100",
            "24/Nov/2026:24:05:36 +0100",
            "24/Nov/2026:14:05:36",
            "24/Nov/2026:14:05:36 CET",
            "24-Nov-2026:14:05:36 +0100",
            "2026-13-24T14:05:36Z",
            "2026-11-24",
            "0",
            "12",
            "1.2.3",
            "99999999999999999999999999999999999999999",
            "1969-11-24T14:05:36Z",
        ] {
            assert_eq!(times.read(text.as_bytes()).filter(|time| *time < 1 << 40), None, "{text}");
        }
    }
}
