//! Choices: what a reader chose beyond a cadence: the hour, the weekday, the zone whose clocks
//! count, and the topics. What is not chosen is the newsletter's.
//!
//! It promises one written form for equal choices ([`Choice::text`]), so that readers who chose
//! alike share one row of the ledger, and that a choice that was read can be used: the hour and
//! weekday exist, the zone is in the IANA database, no topic is empty.
//!
//! It does not say when a choice was made; the ledger does.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{slug::slug, subscriber::Cadence};
use crate::time::{self, Schedule, Zone};

/// What a reader chose.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Choice {
    /// At which hour letters come, 0 to 23.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hour: Option<u8>,
    /// On which weekday weekly letters come; 0 is Sunday.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekday: Option<u8>,
    /// Whose clocks count, by its name in the IANA database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// In which language letters speak (BCP 47).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Posts with one of these tags, as [`topic`] writes them; `None`: all posts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topics: Option<BTreeSet<String>>,
}

/// A choice as it was written in a form or a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Written<'a> {
    /// `18` or `18:00`.
    pub hour: &'a str,
    /// `friday`, or its first three letters.
    pub weekday: &'a str,
    /// `Europe/Berlin`.
    pub zone: &'a str,
    /// `pt-BR`.
    pub language: &'a str,
    /// Tags, parted by commas or bars.
    pub topics: &'a str,
}

/// Why a choice cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// No such hour.
    #[error("\"{0}\" is no hour; write 0 to 23")]
    Hour(String),
    /// No such weekday.
    #[error("\"{0}\" is no weekday; write monday to sunday")]
    Weekday(String),
    /// No such zone.
    #[error(transparent)]
    Zone(#[from] time::Error),
}

const WEEKDAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

impl Choice {
    /// Reads what was written in a form or a file; an empty text chooses nothing.
    pub fn read(written: &Written<'_>) -> Result<Self, Error> {
        let Written { hour, weekday, zone, language, topics } = *written;
        let chosen = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        let topics: BTreeSet<String> =
            topics.split([',', '|']).map(topic).filter(|topic| !topic.is_empty()).collect();
        if let Some(zone) = chosen(zone) {
            zone.parse::<Zone>()?;
        }
        Ok(Self {
            hour: chosen(hour).map(|hour| read_hour(&hour)).transpose()?,
            weekday: chosen(weekday).map(|weekday| read_weekday(&weekday)).transpose()?,
            zone: chosen(zone),
            language: chosen(language),
            topics: (!topics.is_empty()).then_some(topics),
        })
    }

    /// The one written form; empty where nothing is chosen.
    pub fn text(&self) -> String {
        if *self == Self::default() {
            return String::new();
        }
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the written form; what cannot be read chooses nothing.
    pub fn from_text(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// The zone whose clocks count, if one was chosen.
    pub fn zone(&self) -> Option<Zone> {
        self.zone.as_deref().and_then(|name| name.parse().ok())
    }

    /// When digests are due for readers who chose so, where others get theirs by `usual`.
    pub fn schedule(&self, cadence: Cadence, usual: &Schedule) -> Schedule {
        let weekday = self.weekday.filter(|_| cadence == Cadence::Weekly);
        let moved = usual.moved(self.hour, weekday, self.zone().as_ref());
        moved.unwrap_or_else(|_| usual.clone())
    }

    /// Whether a post with these tags is among the topics.
    pub fn admits(&self, tags: &[String]) -> bool {
        admits(self.topics.as_ref(), tags)
    }
}

/// Whether one of the tags is among the topics; without topics all are.
pub fn admits(topics: Option<&BTreeSet<String>>, tags: &[String]) -> bool {
    topics.is_none_or(|topics| tags.iter().any(|tag| topics.contains(&topic(tag))))
}

/// A tag as topics are compared: `Low Power` and `low-power` are one.
pub fn topic(tag: &str) -> String {
    slug(tag)
}

fn read_hour(text: &str) -> Result<u8, Error> {
    let hour = text.strip_suffix(":00").unwrap_or(text).parse();
    hour.ok().filter(|hour| *hour < 24).ok_or_else(|| Error::Hour(text.to_owned()))
}

fn read_weekday(text: &str) -> Result<u8, Error> {
    let word = text.to_lowercase();
    let is_it = |name: &&str| word.len() >= 3 && name.starts_with(word.as_str());
    let at = WEEKDAYS.iter().position(is_it);
    let at = at.and_then(|at| u8::try_from(at).ok());
    at.ok_or_else(|| Error::Weekday(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::subscriber::Cadence::{Daily, Weekly},
        time::Timestamp,
    };

    #[test]
    fn what_was_chosen_is_read_and_written_in_one_form() {
        let written = Written {
            hour: "18:00",
            weekday: "Fri",
            zone: "Asia/Kathmandu",
            language: "de",
            topics: "Low Power, repair|",
        };
        let choice = Choice::read(&written).unwrap();
        let expected = r#"{"hour":18,"weekday":5,"zone":"Asia/Kathmandu","language":"de","#;
        assert_eq!(choice.text(), format!(r#"{expected}"topics":["low-power","repair"]}}"#));
        assert_eq!(Choice::from_text(&choice.text()), choice);
        let nothing = Written { weekday: " ", topics: ",", ..Written::default() };
        assert_eq!(Choice::read(&nothing).unwrap().text(), "");
        assert_eq!(Choice::from_text(""), Choice::default());
    }

    #[test]
    fn what_cannot_be_chosen_is_named() {
        for (hour, weekday, zone, named) in [
            ("24", "", "", "0 to 23"),
            ("noon", "", "", "\"noon\""),
            ("", "x", "", "monday to sunday"),
            ("", "", "Mars/Olympus", "Mars/Olympus"),
        ] {
            let written = Written { hour, weekday, zone, ..Written::default() };
            let why = Choice::read(&written).unwrap_err().to_string();
            assert!(why.contains(named), "{why}");
        }
    }

    #[test]
    fn a_schedule_moves_to_the_readers_hour_day_and_clocks() {
        let usual = Schedule::new("0 9 * * MON", "Europe/Berlin".parse().unwrap()).unwrap();
        let daily = Schedule::new("30 7 * * *", Zone::utc()).unwrap();
        let now = Timestamp::parse_rfc3339("2026-11-25T00:00:00Z").unwrap();
        for (schedule, cadence, (hour, weekday, zone), next) in [
            (&usual, Weekly, ("", "", ""), "2026-11-30T08:00:00Z"),
            (&usual, Weekly, ("18", "fri", ""), "2026-11-27T17:00:00Z"),
            (&usual, Weekly, ("", "", "Asia/Kathmandu"), "2026-11-30T03:15:00Z"),
            (&daily, Daily, ("22", "fri", "Pacific/Apia"), "2026-11-25T09:30:00Z"),
        ] {
            let written = Written { hour, weekday, zone, ..Written::default() };
            let choice = Choice::read(&written).unwrap();
            let planned = choice.schedule(cadence, schedule).after(now).next().unwrap();
            assert_eq!(planned.to_string(), next);
        }
    }

    #[test]
    fn topics_are_tags_however_they_are_spelt() {
        let written = Written { topics: "low power", ..Written::default() };
        let choice = Choice::read(&written).unwrap();
        assert!(choice.admits(&["Boats".to_owned(), "Low Power".to_owned()]));
        assert!(!choice.admits(&["power".to_owned()]) && !choice.admits(&[]));
        assert!(Choice::default().admits(&[]));
    }
}
