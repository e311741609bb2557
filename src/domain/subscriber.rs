//! Readers: an address that asked, and its consent to one newsletter.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{address::Address, choice::Choice};
use crate::time::Timestamp;

/// A reader's rhythm for one newsletter. It belongs to the subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cadence {
    /// Each post as it appears.
    Instant,
    /// A digest a day.
    Daily,
    /// A digest a week.
    Weekly,
    /// A digest a month.
    Monthly,
}

impl Cadence {
    /// All of them, shortest first.
    pub const ALL: [Self; 4] = [Self::Instant, Self::Daily, Self::Weekly, Self::Monthly];

    /// The word in configuration, imports and issue names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Instant => "instant",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }
}

impl fmt::Display for Cadence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no cadence.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{0}\" is no cadence; write instant, daily, weekly or monthly")]
pub struct UnknownCadence(String);

impl FromStr for Cadence {
    type Err = UnknownCadence;

    fn from_str(text: &str) -> Result<Self, UnknownCadence> {
        let word = text.trim();
        let known = Self::ALL.into_iter().find(|c| c.as_str().eq_ignore_ascii_case(word));
        known.ok_or_else(|| UnknownCadence(word.to_owned()))
    }
}

/// What a subscription's consent is worth today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubscriptionState {
    /// Asked, not yet confirmed: gets nothing but the question.
    Pending,
    /// Confirmed: gets letters.
    Confirmed,
    /// Ended by its reader or by a report: gets nothing.
    Ended,
}

/// A request to receive one newsletter, as an import or a form brings it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSubscription {
    /// Who asked.
    pub address: Address,
    /// How the reader wants to be called; empty when not told.
    pub name: String,
    /// Which newsletter, by its id in the configuration.
    pub newsletter: String,
    /// In which rhythm.
    pub cadence: Cadence,
    /// What else was chosen.
    pub choice: Choice,
    /// When consent was confirmed, as its source says.
    pub confirmed_at: Timestamp,
    /// Where the consent comes from (`config/subscribers.csv line 3`).
    pub source: String,
}
