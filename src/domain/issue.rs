//! Issues: one period of one newsletter in one cadence, named as in print (`weekly/2026-W48`).
//!
//! A period has one issue, and a reader gets an issue once. So a schedule must fire at most once
//! in each period of its cadence ([`once_a_period`]): what fires again would reach nobody.

use std::{fmt, str::FromStr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::subscriber::Cadence;
use crate::time::{Schedule, Timestamp, Zone};

/// The name of an issue within its newsletter: `instant/<post key>`, `daily/2026-11-24`,
/// `weekly/2026-W48` (ISO 8601 week) or `monthly/2026-11`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IssueName {
    cadence: Cadence,
    period: String,
}

/// A text that names no issue.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "\"{0}\" names no issue; write e.g. weekly/2026-W48, daily/2026-11-24, monthly/2026-11 or \
     instant/ and a post"
)]
pub struct NoSuchName(String);

impl IssueName {
    /// The issue that carries one post as it appears.
    pub fn instant(post_key: &str) -> Self {
        Self { cadence: Cadence::Instant, period: post_key.to_owned() }
    }

    /// The issue planned for `instant` by the wall clocks of `zone`; `None` for instant issues,
    /// which are named after posts.
    pub fn periodic(cadence: Cadence, instant: Timestamp, zone: &Zone) -> Option<Self> {
        let period = match cadence {
            Cadence::Instant => return None,
            Cadence::Daily => instant.format("%Y-%m-%d", zone),
            Cadence::Monthly => instant.format("%Y-%m", zone),
            Cadence::Weekly => {
                let (year, week) = zone.iso_week(instant);
                format!("{year:04}-W{week:02}")
            }
        };
        Some(Self { cadence, period })
    }

    /// The rhythm it belongs to.
    pub const fn cadence(&self) -> Cadence {
        self.cadence
    }

    /// What follows the slash: a post key, a day, a week or a month.
    pub fn period(&self) -> &str {
        &self.period
    }
}

/// The folder of the web archive, below the site.
pub const ARCHIVE: &str = "letters";

/// Where the issue of that name stands below the site, without a slash at either end. An edition
/// in another language than its newsletter's has a place of its own.
pub fn place(newsletter: &str, issue: &str, other_language: Option<&str>) -> String {
    let place = format!("{ARCHIVE}/{newsletter}/{}", issue.replace('/', "-"));
    match other_language {
        Some(language) => format!("{place}/{}", language.to_ascii_lowercase()),
        None => place,
    }
}

/// The address of a place of a site at `url`, which ends with a slash.
pub fn address(url: &str, place: &str) -> String {
    const KEPT: AsciiSet =
        NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
    format!("{url}{}/", utf8_percent_encode(place, &KEPT))
}

impl fmt::Display for IssueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.cadence, self.period)
    }
}

impl FromStr for IssueName {
    type Err = NoSuchName;

    fn from_str(text: &str) -> Result<Self, NoSuchName> {
        let refuse = || NoSuchName(text.to_owned());
        let (cadence, period) = text.trim().split_once('/').ok_or_else(refuse)?;
        let cadence = cadence.parse().map_err(|_| refuse())?;
        if period.is_empty() {
            return Err(refuse());
        }
        Ok(Self { cadence, period: period.to_owned() })
    }
}

/// A schedule that does not suit its cadence.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unsuitable {
    /// Two issues of one name.
    #[error(
        "\"{schedule}\" fires twice for {name}, at {first} and {second}, but a reader gets each \
         issue once; let it fire once, or offer a shorter rhythm too"
    )]
    Twice {
        /// The schedule.
        schedule: String,
        /// The issue that it names twice.
        name: String,
        /// When it fires.
        first: Timestamp,
        /// When it fires again.
        second: Timestamp,
    },
    /// It fires on no day of the calendar.
    #[error("\"{0}\" never fires: the calendar has no such day")]
    Never(String),
}

/// Checks that a schedule fires, and at most once in each period of `cadence`.
pub fn once_a_period(cadence: Cadence, schedule: &Schedule) -> Result<(), Unsuitable> {
    /// 2028, a leap year that begins on a Saturday, and those around it: every kind of month.
    const YEARS: (i64, i64) = (1_767_225_600, 1_893_456_000);
    let start = Timestamp::from_micros(YEARS.0 * 1_000_000);
    let fired = schedule.after(start).take_while(|planned| planned.seconds() < YEARS.1);
    let mut last: Option<(Timestamp, IssueName)> = None;
    for second in fired {
        let Some(name) = IssueName::periodic(cadence, second, schedule.zone()) else { break };
        if let Some((first, before)) = last.filter(|(_, before)| *before == name) {
            let (schedule, name) = (schedule.to_string(), before.to_string());
            return Err(Unsuitable::Twice { schedule, name, first, second });
        }
        last = Some((second, name));
    }
    match last {
        None if cadence != Cadence::Instant => Err(Unsuitable::Never(schedule.to_string())),
        _ => Ok(()),
    }
}

/// Where an issue stands. Recipients are frozen on opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IssueState {
    /// Its deliveries are being written; none may be leased yet.
    Opening,
    /// Its deliveries may be worked on.
    Sending,
    /// Stopped by the operator or by a refusal that is about the sender.
    Held,
    /// No delivery is left to work on.
    Sent,
}

impl IssueState {
    /// The word in the store and in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Sending => "sending",
            Self::Held => "held",
            Self::Sent => "sent",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issues_are_named_after_their_period() {
        let berlin: Zone = "Europe/Berlin".parse().unwrap();
        let new_year = Timestamp::parse_rfc3339("2026-12-31T23:30:00Z").unwrap();
        for (cadence, name) in [
            (Cadence::Daily, "daily/2027-01-01"),
            (Cadence::Weekly, "weekly/2026-W53"),
            (Cadence::Monthly, "monthly/2027-01"),
        ] {
            let issue = IssueName::periodic(cadence, new_year, &berlin).unwrap();
            assert_eq!(issue.to_string(), name);
            assert_eq!(name.parse(), Ok(issue));
        }
        assert_eq!(IssueName::periodic(Cadence::Instant, new_year, &berlin), None);
        assert_eq!(IssueName::instant("a-post").to_string(), "instant/a-post");
    }

    #[test]
    fn a_schedule_fires_once_a_period_or_is_refused() {
        for (cadence, text, refused) in [
            (Cadence::Weekly, "0 9 * * MON", None),
            (Cadence::Weekly, "0 9 * * MON,THU", Some("weekly/2026-W02")),
            (Cadence::Weekly, "0 9 * * SUN,MON", Some("weekly/2026-W02")),
            (Cadence::Weekly, "0 9 1,15 * *", None),
            (Cadence::Weekly, "0 9 1,4 * *", Some("weekly/2026-W01")),
            (Cadence::Weekly, "0 9 28 * *", None),
            (Cadence::Daily, "30 2 * * *", None),
            (Cadence::Daily, "0 9 * * MON-FRI", None),
            (Cadence::Daily, "0 7,19 * * *", Some("daily/2026-01-01")),
            (Cadence::Monthly, "0 9 1 * *", None),
            (Cadence::Monthly, "0 9 29 2 *", None),
            (Cadence::Monthly, "0 9 * * MON", Some("monthly/2026-01")),
            (Cadence::Monthly, "0 9 30 2 *", Some("never fires")),
        ] {
            let schedule = Schedule::new(text, "Europe/Berlin".parse().unwrap()).unwrap();
            let why = once_a_period(cadence, &schedule).err().map(|why| why.to_string());
            match (&why, refused) {
                (None, None) => {}
                (Some(why), Some(named)) => assert!(why.contains(named), "{why}"),
                _ => panic!("{cadence} {text}: {why:?}"),
            }
        }
    }

    #[test]
    fn what_names_no_issue_is_refused_with_examples() {
        for text in ["", "weekly", "weekly/", "hourly/12", "/2026-W48"] {
            let error = text.parse::<IssueName>().unwrap_err().to_string();
            assert!(error.contains("weekly/2026-W48"), "{error}");
        }
    }
}
