//! Deliveries: leasing them, recording intents and results, and answering what became of them.
//!
//! Every move is one statement that names the state it expects ([`Store::record`]); what does
//! not come back from it has not moved. An intent (`sending`) is granted only while the lease is
//! the asker's and the reader still wants the letter, so that nobody who left is written to.
//!
//! A delivery that fails gives its posts back to the reader's next letter; that is part of the
//! same transaction.

use serde::Serialize;

use super::{Error, Store, set_rows, set_text};
use crate::{
    domain::{address::Address, delivery::DeliveryState},
    time::Timestamp,
};

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
}

/// A move to record.
#[derive(Clone, Debug, Serialize)]
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
    /// What a server said, or why: addresses masked.
    pub reply: Option<String>,
}

/// How many deliveries of an issue are in a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The issue's row number.
    pub issue: i64,
    /// The state.
    pub state: DeliveryState,
    /// How many.
    pub count: u64,
}

/// One reader's delivery of one issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Row number.
    pub id: i64,
    /// The reader's address.
    pub address: String,
    /// What is certain.
    pub state: String,
    /// Attempts so far.
    pub attempts: u32,
    /// Not to be tried before.
    pub not_before: Timestamp,
    /// When the first intent was recorded.
    pub first_intent: Option<Timestamp>,
    /// When it reached its present state, where that is an end or a doubt.
    pub settled: Option<Timestamp>,
    /// The last reply or reason.
    pub reply: Option<String>,
    /// Row numbers of the posts it carries.
    pub posts: Vec<i64>,
}

impl Store {
    /// Leases up to `count` due deliveries of sending issues to `owner` until `until`.
    pub async fn lease(
        &self,
        owner: &str,
        (now, until): (Timestamp, Timestamp),
        count: u32,
    ) -> Result<Vec<Leased>, Error> {
        let claim = sqlx::query_scalar(
            "update deliveries set state = 'leased', lease_owner = $1, lease_until = $2 \
             where state = 'ready' and id in ( \
               select d.id from deliveries d join issues i on i.id = d.issue_id \
               where d.state = 'ready' and d.not_before <= $3 and i.state = 'sending' \
               order by d.not_before, d.id limit $4) \
             returning id",
        );
        let ids: Vec<i64> = claim
            .bind(owner)
            .bind(until.micros())
            .bind(now.micros())
            .bind(count)
            .fetch_all(&self.writer)
            .await
            .map_err(|error| self.error(error))?;
        self.leased(ids).await
    }

    async fn leased(&self, ids: Vec<i64>) -> Result<Vec<Leased>, Error> {
        type Row = (i64, i64, String, String, i64, i64, String, String, i64, Option<i64>, i64);
        let read = sqlx::query_as(
            "select d.id, d.issue_id, i.name, i.newsletter, d.edition_id, d.subscription_id, \
             r.address, r.name, d.attempts, d.first_intent_at, e.created_at from deliveries d \
             join issues i on i.id = d.issue_id \
             join editions e on e.id = d.edition_id \
             join subscriptions s on s.id = d.subscription_id \
             join subscribers r on r.id = s.subscriber_id \
             where d.id in (select value from json_each($1)) order by d.not_before, d.id",
        );
        let rows: Vec<Row> = read
            .bind(set_text(ids))
            .fetch_all(&self.writer)
            .await
            .map_err(|error| self.error(error))?;
        let leased = rows.into_iter().map(|row| Leased {
            id: row.0,
            issue: row.1,
            issue_name: row.2,
            newsletter: row.3,
            edition: row.4,
            subscription: row.5,
            address: row.6,
            name: row.7,
            attempts: u32::try_from(row.8).unwrap_or(0),
            first_intent: row.9.map(Timestamp::from_micros),
            opened: Timestamp::from_micros(row.10),
        });
        Ok(leased.collect())
    }

    /// Prolongs every lease that `owner` holds, also of deliveries whose intent is on record.
    /// Returns how many it holds.
    pub async fn renew(&self, owner: &str, until: Timestamp) -> Result<u64, Error> {
        let done = sqlx::query(
            "update deliveries set lease_until = $2 \
             where lease_owner = $1 and state in ('leased', 'sending')",
        )
        .bind(owner)
        .bind(until.micros())
        .execute(&self.writer)
        .await
        .map_err(|error| self.error(error))?;
        Ok(done.rows_affected())
    }

    /// The frozen letter of an edition.
    pub async fn letter(&self, edition: i64) -> Result<String, Error> {
        sqlx::query_scalar("select letter from editions where id = $1")
            .bind(edition)
            .fetch_one(&self.readers)
            .await
            .map_err(|error| self.error(error))
    }

    /// Records moves of deliveries that `owner` holds, as one statement, and returns the ids of
    /// those that moved. An intent moves only while its reader is subscribed. A result also
    /// settles a delivery that had become uncertain meanwhile.
    pub async fn record(&self, owner: &str, moves: &[Move]) -> Result<Vec<i64>, Error> {
        let given_back: Vec<i64> = moves
            .iter()
            .filter(|change| !change.to.counts_as_had())
            .map(|change| change.id)
            .collect();
        if given_back.is_empty() {
            return self.apply(&self.writer, Some(owner), moves).await;
        }
        let mut open = self.begin().await?;
        let moved = self.apply(&mut *open, Some(owner), moves).await?;
        let given_back = given_back.into_iter().filter(|id| moved.contains(id));
        for id in given_back {
            self.give_back(&mut open, id).await?;
        }
        self.commit(open).await?;
        Ok(moved)
    }

    async fn apply<'c>(
        &self,
        writer: impl sqlx::Executor<'c, Database = sqlx::Sqlite>,
        owner: Option<&str>,
        moves: &[Move],
    ) -> Result<Vec<i64>, Error> {
        let write = sqlx::query_scalar(
            "with asked as materialized (select \
               json_extract(value, '$.id') as id, json_extract(value, '$.from') as was, \
               json_extract(value, '$.to') as next, json_extract(value, '$.at') as at, \
               json_extract(value, '$.not_before') as not_before, \
               json_extract(value, '$.reply') as reply from json_each($1)) \
             update deliveries set state = asked.next, reply = asked.reply, \
               not_before = coalesce(asked.not_before, deliveries.not_before), \
               attempts = deliveries.attempts + (asked.next = 'sending'), \
               first_intent_at = case when asked.next = 'sending' \
                 then coalesce(deliveries.first_intent_at, asked.at) \
                 else deliveries.first_intent_at end, \
               settled_at = case when asked.next in ('ready', 'sending') \
                 then null else asked.at end, \
               lease_owner = case when asked.next = 'sending' then deliveries.lease_owner end, \
               lease_until = case when asked.next = 'sending' then deliveries.lease_until end \
             from asked where deliveries.id = asked.id \
               and (deliveries.state = asked.was and ($2 is null or deliveries.lease_owner = $2) \
                 or asked.was = 'sending' and asked.next = 'sent' \
                   and deliveries.state = 'uncertain') \
               and (asked.next <> 'sending' or exists (select 1 from subscriptions s \
                 where s.id = deliveries.subscription_id and s.state = 'confirmed')) \
             returning id",
        );
        let text = serde_json::to_string(moves).unwrap_or_default();
        write.bind(text).bind(owner).fetch_all(writer).await.map_err(|error| self.error(error))
    }

    /// Takes the posts of a delivery out of its reader's history.
    async fn give_back(
        &self,
        open: &mut sqlx::SqliteConnection,
        delivery: i64,
    ) -> Result<(), Error> {
        let read = sqlx::query_as(
            "select s.id, h.posts, e.posts from deliveries d \
             join editions e on e.id = d.edition_id \
             join subscriptions s on s.id = d.subscription_id \
             join histories h on h.id = s.history_id where d.id = $1",
        );
        let (subscription, had, carried): (i64, String, String) =
            read.bind(delivery).fetch_one(&mut *open).await.map_err(|error| self.error(error))?;
        let carried = set_rows(&carried);
        let left = set_rows(&had).into_iter().filter(|row| !carried.contains(row)).collect();
        let history = self.intern(&mut *open, left).await?;
        sqlx::query("update subscriptions set history_id = $2 where id = $1")
            .bind(subscription)
            .bind(history)
            .execute(open)
            .await
            .map_err(|error| self.error(error))?;
        Ok(())
    }

    /// Whether the reader of a delivery still wants letters.
    pub async fn is_wanted(&self, delivery: i64) -> Result<bool, Error> {
        let read = sqlx::query_scalar(
            "select s.state = 'confirmed' from deliveries d \
             join subscriptions s on s.id = d.subscription_id where d.id = $1",
        );
        read.bind(delivery).fetch_one(&self.writer).await.map_err(|error| self.error(error))
    }

    /// Ends what a run that is no more left behind: its leases return to ready, its open intents
    /// become uncertain. To be called by whoever has just taken the instance lock.
    pub async fn void_leases(&self, now: Timestamp) -> Result<(), Error> {
        let mut open = self.begin().await?;
        sqlx::query(
            "update deliveries set state = 'ready', lease_owner = null, lease_until = null \
             where state = 'leased'",
        )
        .execute(&mut *open)
        .await
        .map_err(|error| self.error(error))?;
        sqlx::query(
            "update deliveries set state = 'uncertain', settled_at = $1, lease_owner = null, \
             lease_until = null, reply = 'the run that was sending it ended before a reply was \
             on record' where state = 'sending'",
        )
        .bind(now.micros())
        .execute(&mut *open)
        .await
        .map_err(|error| self.error(error))?;
        self.commit(open).await
    }

    /// Settles the uncertain deliveries of an issue as the operator says: sent, failed or ready.
    /// Returns how many there were.
    pub async fn resolve(
        &self,
        issue: i64,
        to: DeliveryState,
        now: Timestamp,
    ) -> Result<usize, Error> {
        let uncertain = self.accounts(issue, Some(DeliveryState::Uncertain)).await?;
        let moves: Vec<Move> = uncertain
            .iter()
            .map(|account| Move {
                id: account.id,
                from: DeliveryState::Uncertain,
                to,
                at: now,
                not_before: None,
                reply: Some(format!("settled as {to} by the operator")),
            })
            .collect();
        let mut open = self.begin().await?;
        let moved = self.apply(&mut *open, None, &moves).await?;
        if !to.counts_as_had() {
            for &id in &moved {
                self.give_back(&mut open, id).await?;
            }
        }
        self.commit(open).await?;
        Ok(moved.len())
    }

    /// How many deliveries of each issue are in each state.
    pub async fn counts(&self) -> Result<Vec<Count>, Error> {
        let read = sqlx::query_as(
            "select issue_id, state, count(*) from deliveries group by issue_id, state \
             order by issue_id",
        );
        let rows: Vec<(i64, String, i64)> =
            read.fetch_all(&self.readers).await.map_err(|error| self.error(error))?;
        let counts = rows.into_iter().filter_map(|(issue, state, count)| {
            let state = DeliveryState::named(&state)?;
            Some(Count { issue, state, count: count.unsigned_abs() })
        });
        Ok(counts.collect())
    }

    /// The deliveries of an issue, those in one state or all.
    pub async fn accounts(
        &self,
        issue: i64,
        state: Option<DeliveryState>,
    ) -> Result<Vec<Account>, Error> {
        self.accounts_where(issue, state, None).await
    }

    /// The delivery of an issue to an address.
    pub async fn account(&self, issue: i64, address: &Address) -> Result<Option<Account>, Error> {
        Ok(self.accounts_where(issue, None, Some(address.key())).await?.into_iter().next())
    }

    async fn accounts_where(
        &self,
        issue: i64,
        state: Option<DeliveryState>,
        address_key: Option<String>,
    ) -> Result<Vec<Account>, Error> {
        type Row =
            (i64, String, String, i64, i64, Option<i64>, Option<i64>, Option<String>, String);
        let read = sqlx::query_as(
            "select d.id, r.address, d.state, d.attempts, d.not_before, d.first_intent_at, \
             d.settled_at, d.reply, e.posts from deliveries d \
             join editions e on e.id = d.edition_id \
             join subscriptions s on s.id = d.subscription_id \
             join subscribers r on r.id = s.subscriber_id \
             where d.issue_id = $1 and ($2 is null or d.state = $2) \
             and ($3 is null or r.address_key = $3) order by d.id",
        );
        let rows: Vec<Row> = read
            .bind(issue)
            .bind(state.map(DeliveryState::as_str))
            .bind(address_key)
            .fetch_all(&self.readers)
            .await
            .map_err(|error| self.error(error))?;
        let accounts = rows.into_iter().map(|row| Account {
            id: row.0,
            address: row.1,
            state: row.2,
            attempts: u32::try_from(row.3).unwrap_or(0),
            not_before: Timestamp::from_micros(row.4),
            first_intent: row.5.map(Timestamp::from_micros),
            settled: row.6.map(Timestamp::from_micros),
            reply: row.7,
            posts: set_rows(&row.8),
        });
        Ok(accounts.collect())
    }

    /// When the next ready delivery of a sending issue is due.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, Error> {
        let read = sqlx::query_scalar(
            "select min(d.not_before) from deliveries d join issues i on i.id = d.issue_id \
             where d.state = 'ready' and i.state = 'sending'",
        );
        let due: Option<i64> =
            read.fetch_one(&self.readers).await.map_err(|error| self.error(error))?;
        Ok(due.map(Timestamp::from_micros))
    }
}
