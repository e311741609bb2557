//! Deliveries in hand: leasing them to workers, and what a worker needs of one.
//!
//! A lease is the right to work on a delivery until an instant. Many workers may lease from one
//! ledger: on PostgreSQL each passes over the rows that another is just leasing. The moves that
//! follow are recorded in [`super::record`].

pub use super::accounts::{Account, Count};
use super::{Error, Store, statement::sql};
use crate::{domain::delivery::DeliveryState, time::Timestamp};

/// A delivery in a worker's hands, with what its letter needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leased {
    /// Row number.
    pub id: i64,
    /// Its issue.
    pub issue: i64,
    /// Its issue's name.
    pub issue_name: String,
    /// Its newsletter's id.
    pub newsletter: String,
    /// Its edition.
    pub edition: i64,
    /// The edition's revision.
    pub revision: i64,
    /// The subscription it serves.
    pub subscription: i64,
    /// The reader's address as stored.
    pub address: String,
    /// How the reader wants to be called; may be empty.
    pub name: String,
    /// Attempts that reached a server so far.
    pub attempts: u32,
    /// When its first intent was recorded: the Date of every copy.
    pub first_intent: Option<Timestamp>,
    /// When it became ready for the first time.
    pub opened: Timestamp,
    /// Since when it has been put off; see [`Move::tried_since`].
    pub tried_since: Option<Timestamp>,
}

/// A move to record.
#[derive(Clone, Debug)]
pub struct Move {
    /// The delivery.
    pub id: i64,
    /// The state it must be in.
    pub from: DeliveryState,
    /// The state it shall be in.
    pub to: DeliveryState,
    /// When.
    pub at: Timestamp,
    /// For a move back to ready: not before then.
    pub not_before: Option<Timestamp>,
    /// For a move back to ready: since when its lifetime counts; `None`: it has not begun.
    pub tried_since: Option<Timestamp>,
    /// What a server said, or why: addresses masked.
    pub reply: Option<String>,
}

impl Store {
    /// Leases up to `count` due deliveries of sending issues to `owner` until `until`. A ledger
    /// that is held (see [`super::instance`]) leases nothing, and of an issue on its canary only
    /// what has been tried is leased here ([`Store::lease_first`]).
    pub async fn lease(
        &self,
        owner: &str,
        (now, until): (Timestamp, Timestamp),
        count: u32,
    ) -> Result<Vec<Leased>, Error> {
        let claim = sql("with due as materialized ( \
               select d.id from deliveries d join issues i on i.id = d.issue_id \
               where d.state = 'ready' and d.not_before <= $3 and i.state = 'sending' \
               and (i.canary_passed_at is not null or d.attempts > 0 \
                 or d.tried_since is not null) \
               and not exists (select 1 from ledger where held_because is not null) \
               order by d.not_before, d.id limit $4 {free d}) \
             update deliveries set state = 'leased', lease_owner = $1, lease_until = $2 \
             where state = 'ready' and id in (select id from due) returning id");
        let claim = claim.bind(owner).bind(until).bind(now).bind(count);
        let ids = claim.column(self.writing()).await?;
        if ids.is_empty() { Ok(Vec::new()) } else { self.leased(ids).await }
    }

    pub(super) async fn leased(&self, ids: Vec<i64>) -> Result<Vec<Leased>, Error> {
        type At = Option<i64>;
        type Row = (i64, i64, String, String, i64, i64, String, String, i64, At, i64, At, i64);
        let read =
            sql("select d.id, d.issue_id, i.name, i.newsletter, d.edition_id, d.subscription_id, \
             r.address, r.name, d.attempts, d.first_intent_at, e.created_at, d.tried_since, \
             coalesce(d.revision, e.revision) from deliveries d \
             join issues i on i.id = d.issue_id \
             join editions e on e.id = d.edition_id \
             join subscriptions s on s.id = d.subscription_id \
             join subscribers r on r.id = s.subscriber_id \
             where d.id in (select value from {numbers $1} as asked) \
             order by d.not_before, d.id");
        let rows: Vec<Row> = read.bind(ids).rows(self.writing()).await?;
        let leased = rows.into_iter().map(|row| Leased {
            id: row.0,
            issue: row.1,
            issue_name: row.2,
            newsletter: row.3,
            edition: row.4,
            revision: row.12,
            subscription: row.5,
            address: row.6,
            name: row.7,
            attempts: u32::try_from(row.8).unwrap_or(0),
            first_intent: row.9.map(Timestamp::from_micros),
            opened: Timestamp::from_micros(row.10),
            tried_since: row.11.map(Timestamp::from_micros),
        });
        Ok(leased.collect())
    }

    /// Prolongs every lease that `owner` holds, also of deliveries whose intent is on record.
    /// Returns how many it holds.
    pub async fn renew(&self, owner: &str, until: Timestamp) -> Result<u64, Error> {
        sql("update deliveries set lease_until = $2 \
             where lease_owner = $1 and issue_id in (select id from issues) \
             and state in ('leased', 'sending')")
        .bind(owner)
        .bind(until)
        .run(self.writing())
        .await
    }

    /// Whether the reader of a delivery still wants letters, and may have them.
    pub async fn is_wanted(&self, delivery: i64) -> Result<bool, Error> {
        let read =
            sql("select s.state = 'confirmed' and not exists (select 1 from suppressions x \
               where x.subscriber_id = s.subscriber_id) from deliveries d \
             join subscriptions s on s.id = d.subscription_id where d.id = $1");
        let (wanted,) = read.bind(delivery).one(self.writing()).await?;
        Ok(wanted)
    }

    /// When the next ready delivery of a sending issue is due.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, Error> {
        let read =
            sql("select min(d.not_before) from deliveries d join issues i on i.id = d.issue_id \
             where d.state = 'ready' and i.state = 'sending'");
        let (due,): (Option<i64>,) = read.one(self.reading()).await?;
        Ok(due.map(Timestamp::from_micros))
    }
}
