//! Issues: one period of one newsletter in one cadence, named as in print (`weekly/2026-W48`).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::subscriber::Cadence;
use crate::time::{Timestamp, Zone};

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
    fn what_names_no_issue_is_refused_with_examples() {
        for text in ["", "weekly", "weekly/", "hourly/12", "/2026-W48"] {
            let error = text.parse::<IssueName>().unwrap_err().to_string();
            assert!(error.contains("weekly/2026-W48"), "{error}");
        }
    }
}
