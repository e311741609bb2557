//! Answers: what an operator asks of the ledger. Nothing is changed here.

use super::{Error, Store, statement::sql};
use crate::time::Timestamp;

/// The letter of a sending issue that is due first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// When it may be tried.
    pub at: Timestamp,
    /// Why it was put off; `None`: it was never tried.
    pub why: Option<String>,
}

/// One reader's consent as a file of subscribers brought it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The address in lower case.
    pub address: String,
    /// How the reader wants to be called.
    pub name: String,
    /// The newsletter's id.
    pub newsletter: String,
    /// The rhythm.
    pub cadence: String,
    /// `pending`, `confirmed` or `ended`.
    pub state: String,
}

/// What the ledger knows of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its title.
    pub title: String,
    /// When the catalog first saw it.
    pub first_seen: Timestamp,
    /// When it became nobody's.
    pub baseline: Option<Timestamp>,
}

impl Store {
    /// The letter that waits for its turn.
    pub async fn next_letter(&self) -> Result<Option<Next>, Error> {
        let read = sql("select d.not_before, d.reply from deliveries d \
             join issues i on i.id = d.issue_id \
             where d.state = 'ready' and i.state = 'sending' \
             order by d.not_before, d.id limit 1");
        let rows: Vec<(i64, Option<String>)> = read.rows(self.reading()).await?;
        let next = rows.into_iter().next();
        Ok(next.map(|(at, why)| Next { at: Timestamp::from_micros(at), why }))
    }

    /// When the oldest letter that waits for another try was made.
    pub async fn waiting_since(&self) -> Result<Option<Timestamp>, Error> {
        let read = sql("select min(e.created_at) from deliveries d \
             join issues i on i.id = d.issue_id join editions e on e.id = d.edition_id \
             where d.state = 'ready' and d.reply is not null and i.state = 'sending'");
        let (since,): (Option<i64>,) = read.one(self.reading()).await?;
        Ok(since.map(Timestamp::from_micros))
    }

    /// Whether a letter waits for an address outside of the domains that are reserved for examples
    /// and tests (RFC 2606, RFC 6761; as `Address::is_reserved`).
    pub async fn waits_for_the_world(&self) -> Result<bool, Error> {
        let read = sql("select count(*) from (select 1 from deliveries d \
             join subscriptions s on s.id = d.subscription_id \
             join subscribers r on r.id = s.subscriber_id \
             where d.state = 'ready' and not (r.address_key like '%@test' \
             or r.address_key like '%.test' or r.address_key like '%@invalid' \
             or r.address_key like '%.invalid' or r.address_key like '%@localhost' \
             or r.address_key like '%.localhost' or r.address_key like '%@example' \
             or r.address_key like '%.example' or r.address_key like '%@example.com' \
             or r.address_key like '%.example.com' or r.address_key like '%@example.net' \
             or r.address_key like '%.example.net' or r.address_key like '%@example.org' \
             or r.address_key like '%.example.org') limit 1) as found");
        let (found,): (i64,) = read.one(self.reading()).await?;
        Ok(found > 0)
    }

    /// The consents that the file `source` brought.
    pub async fn imported(&self, source: &str) -> Result<Vec<Imported>, Error> {
        let read = sql("select r.address_key, r.name, s.newsletter, s.cadence, s.state \
             from subscriptions s join subscribers r on r.id = s.subscriber_id \
             where substr(s.source, 1, length($1)) = $1 order by s.id");
        let rows: Vec<(String, String, String, String, String)> =
            read.bind(format!("{source}:")).rows(self.reading()).await?;
        let imported = rows.into_iter().map(|row| Imported {
            address: row.0,
            name: row.1,
            newsletter: row.2,
            cadence: row.3,
            state: row.4,
        });
        Ok(imported.collect())
    }

    /// Every address that ever asked.
    pub async fn addresses(&self) -> Result<Vec<String>, Error> {
        sql("select address from subscribers order by id").column(self.reading()).await
    }

    /// Whether the ledger has ever imported the file `source`.
    pub async fn knows_file(&self, source: &str) -> Result<bool, Error> {
        let read = sql("select hash from imports where source = $1").bind(source);
        Ok(!read.column::<String>(self.reading()).await?.is_empty())
    }

    /// What is known of the post of that key.
    pub async fn told(&self, key: &str) -> Result<Option<Told>, Error> {
        let read = sql("select title, first_seen_at, baseline_at from posts where key = $1");
        let rows: Vec<(String, i64, Option<i64>)> = read.bind(key).rows(self.reading()).await?;
        Ok(rows.into_iter().next().map(|(title, first_seen, baseline)| Told {
            title,
            first_seen: Timestamp::from_micros(first_seen),
            baseline: baseline.map(Timestamp::from_micros),
        }))
    }

    /// The titles of the posts in a set of row numbers.
    pub async fn titles(&self, rows: &[i64]) -> Result<Vec<String>, Error> {
        let read =
            sql("select title from posts where id in (select value from {numbers $1} as n) \
             order by id");
        read.bind(rows).column(self.reading()).await
    }
}
