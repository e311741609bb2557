//! Days: how many letters each relay was handed, so that a restart does not begin a quota anew.
//!
//! It keeps counts, never addresses. The domains are those that have a limit of their own.

use super::{Error, Store, statement::sql};
use crate::outbox::policy::quota::{Day, DayTally};

/// Stands for all domains.
const ALL: &str = "";

/// Letters of a day to add to what is on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handed {
    /// The day.
    pub day: Day,
    /// The relay's name.
    pub relay: String,
    /// The domain; `None`: all of them.
    pub domain: Option<String>,
    /// Letters that were taken, or may have been.
    pub letters: u64,
    /// Refusals that taught us to slow down.
    pub slowed: u64,
}

impl Store {
    /// Adds letters to the counts of their days.
    pub async fn add_handed_over(&self, handed: &[Handed]) -> Result<(), Error> {
        let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        for one in handed {
            sql("insert into handed_over (day, relay, domain, letters, slowed) \
                 values ($1, $2, $3, $4, $5) on conflict (relay, domain, day) do update set \
                 letters = handed_over.letters + excluded.letters, \
                 slowed = handed_over.slowed + excluded.slowed")
            .bind(one.day.number())
            .bind(&one.relay)
            .bind(one.domain.as_deref().unwrap_or(ALL))
            .bind(signed(one.letters))
            .bind(signed(one.slowed))
            .run(self.writing())
            .await?;
        }
        Ok(())
    }

    /// The days on which a relay was handed letters, in order.
    pub async fn days_of(&self, relay: &str) -> Result<Vec<DayTally>, Error> {
        let read = sql("select day, letters, slowed from handed_over \
             where relay = $1 and domain = '' order by day");
        let rows: Vec<(i64, i64, i64)> = read.bind(relay).rows(self.writing()).await?;
        let days = rows.into_iter().map(|(day, letters, slowed)| DayTally {
            day: Day::numbered(day),
            letters: letters.unsigned_abs(),
            slowed: slowed.unsigned_abs(),
        });
        Ok(days.collect())
    }

    /// The letters of a day for each domain that was counted.
    pub async fn domains_of(&self, relay: &str, day: Day) -> Result<Vec<(String, u64)>, Error> {
        let read = sql("select domain, letters from handed_over \
             where relay = $1 and day = $2 and domain <> ''");
        let rows: Vec<(String, i64)> =
            read.bind(relay).bind(day.number()).rows(self.writing()).await?;
        Ok(rows.into_iter().map(|(domain, letters)| (domain, letters.unsigned_abs())).collect())
    }
}
