//! Readers: who they are, what they asked for, and what their history has been.
//!
//! A subscription points to an interned history: the set of still eligible posts that its reader
//! has had. Readers with the same history, eligibility and cadence form a [`Group`]; planning
//! reads groups and never deliveries, so that it does not slow down as the ledger grows.

use super::{
    Error, Store, set_rows,
    statement::{Open, sql, whole},
};
use crate::{
    domain::{
        address::Address,
        subscriber::{Cadence, NewSubscription},
    },
    time::Timestamp,
};

/// Readers of one newsletter and cadence who are owed the same posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The choice that they share.
    pub choice: i64,
    /// Their interned history.
    pub history: i64,
    /// The posts in it, by row number.
    pub had: Vec<i64>,
    /// How many of the moments at which posts were first seen came before they were readers.
    pub missed: usize,
    /// How many readers.
    pub readers: u64,
}

/// Whom a planning pass asks about.
#[derive(Clone, Copy, Debug)]
pub struct Audience<'a> {
    /// The newsletter's id.
    pub newsletter: &'a str,
    /// The rhythm.
    pub cadence: Cadence,
    /// The distinct moments at which the candidate posts were first seen, ascending.
    pub moments: &'a [Timestamp],
    /// What they chose, by row number: readers who chose otherwise are passed over.
    pub choices: &'a [i64],
    /// How many letters a reader may get on a day, counted from 1970, and that day.
    pub ceiling: Option<(u32, i64)>,
}

impl<'a> Audience<'a> {
    /// All who chose nothing, without a ceiling.
    pub const fn of(newsletter: &'a str, cadence: Cadence, moments: &'a [Timestamp]) -> Self {
        Self { newsletter, cadence, moments, choices: &[1], ceiling: None }
    }

    /// The ceiling as statements read it; no reader has had a letter before 1970.
    pub(super) fn most(&self) -> (u32, i64) {
        self.ceiling.unwrap_or((u32::MAX, -1))
    }

    pub(super) fn moments(&self) -> Vec<i64> {
        self.moments.iter().map(|moment| moment.micros()).collect()
    }
}

/// One reader's consent to one newsletter, as pages and `why` need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Row number.
    pub id: i64,
    /// The newsletter's id.
    pub newsletter: String,
    /// The rhythm.
    pub cadence: String,
    /// `pending`, `confirmed` or `ended`.
    pub state: String,
    /// From when on new posts are for this reader.
    pub eligible_from: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Where the consent came from.
    pub source: String,
}

/// Readers imported by one pair of statements.
const IMPORT: usize = 5_000;

fn rows_text(block: &[NewSubscription], now: Timestamp) -> String {
    let rows = block.iter().map(|row| {
        serde_json::json!({
            "address": row.address.as_str(),
            "key": row.address.key(),
            "name": row.name,
            "newsletter": row.newsletter,
            "cadence": row.cadence.as_str(),
            "choice": row.choice.text(),
            "source": row.source,
            "confirmed": row.confirmed_at.micros(),
            "eligible": now.max(row.confirmed_at).micros(),
        })
    });
    serde_json::Value::Array(rows.collect()).to_string()
}

impl Store {
    /// Whether `source` was imported with exactly this content.
    pub async fn was_imported(&self, source: &str, hash: &str) -> Result<bool, Error> {
        let read = sql("select hash from imports where source = $1").bind(source);
        let stored = read.column::<String>(self.reading()).await?;
        Ok(stored.iter().any(|stored| stored == hash))
    }

    /// Adds the subscriptions that are not there yet, all or none, and remembers the file. A
    /// reader who is known keeps name, cadence and state: an import never revives anybody.
    /// Returns how many were new.
    pub async fn import(
        &self,
        rows: &[NewSubscription],
        file: (&str, &str),
        now: Timestamp,
    ) -> Result<u64, Error> {
        let mut open = self.begin().await?;
        let mut added = 0;
        for block in rows.chunks(IMPORT) {
            added += self.add(&mut open, block, now).await?;
        }
        sql("insert into imports (source, hash, imported_at) values ($1, $2, $3) \
             on conflict (source) do update set hash = excluded.hash, \
             imported_at = excluded.imported_at")
        .bind(file.0)
        .bind(file.1)
        .bind(now)
        .run(open.at())
        .await?;
        open.commit().await?;
        Ok(added)
    }

    /// Three statements for a block of readers: what they chose, the addresses, the consents.
    async fn add(
        &self,
        open: &mut Open,
        block: &[NewSubscription],
        now: Timestamp,
    ) -> Result<u64, Error> {
        let rows = rows_text(block, now);
        sql("insert into choices (choice, made_at) select distinct value ->> 'choice', \
             cast($2 as bigint) from {records $1} as list where true \
             on conflict (choice) do nothing")
        .bind(&rows)
        .bind(now)
        .run(open.at())
        .await?;
        sql("insert into subscribers (address, address_key, name, created_at) \
             select value ->> 'address', value ->> 'key', value ->> 'name', $2 \
             from {records $1} as list where true on conflict (address_key) do nothing")
        .bind(&rows)
        .bind(now)
        .run(open.at())
        .await?;
        let done =
            sql("insert into subscriptions (subscriber_id, newsletter, cadence, state, source, \
             confirmed_at, eligible_from, choice_id) select r.id, value ->> 'newsletter', \
             value ->> 'cadence', 'confirmed', value ->> 'source', \
             cast(value ->> 'confirmed' as bigint), cast(value ->> 'eligible' as bigint), c.id \
             from {records $1} as list join choices c on c.choice = value ->> 'choice' \
             join subscribers r on r.address_key = value ->> 'key' \
             where true order by r.id on conflict (subscriber_id, newsletter) do nothing")
            .bind(&rows)
            .run(open.at())
            .await?;
        Ok(done)
    }

    /// The groups of confirmed readers. A reader's `missed` counts the moments before the one
    /// from which on new posts are for that reader.
    pub async fn groups(&self, audience: Audience<'_>) -> Result<Vec<Group>, Error> {
        let read = sql("select g.choice_id, g.history_id, h.posts, g.missed, g.readers from ( \
               select s.choice_id, s.history_id, (select count(*) from {numbers $3} as m \
                 where m.value < s.eligible_from) as missed, count(*) as readers \
               from subscriptions s \
               where s.newsletter = $1 and s.cadence = $2 and s.state = 'confirmed' \
               and s.choice_id in (select value from {numbers $4} as asked) \
               and not exists (select 1 from suppressions x \
                 where x.subscriber_id = s.subscriber_id) \
               and not exists (select 1 from letters_a_day y \
                 where y.subscriber_id = s.subscriber_id and y.day = $5 and y.letters >= $6) \
               group by 1, 2, 3) as g \
             join histories h on h.id = g.history_id \
             order by g.choice_id, g.history_id, g.missed");
        let (most, day) = audience.most();
        let rows: Vec<(i64, i64, String, i64, i64)> = read
            .bind(audience.newsletter)
            .bind(audience.cadence.as_str())
            .bind(audience.moments())
            .bind(audience.choices)
            .bind(day)
            .bind(most)
            .rows(self.reading())
            .await?;
        let groups = rows.into_iter().map(|(choice, history, posts, missed, readers)| Group {
            choice,
            history,
            had: set_rows(&posts),
            missed: usize::try_from(missed).unwrap_or(0),
            readers: readers.unsigned_abs(),
        });
        Ok(groups.collect())
    }

    /// The subscription of that number.
    pub async fn subscription(&self, id: i64) -> Result<Option<Subscription>, Error> {
        let found = self.subscriptions_where(Some(id), None).await?;
        Ok(found.into_iter().next())
    }

    /// All subscriptions of an address.
    pub async fn subscriptions_of(&self, address: &Address) -> Result<Vec<Subscription>, Error> {
        self.subscriptions_where(None, Some(address.key())).await
    }

    async fn subscriptions_where(
        &self,
        id: Option<i64>,
        address_key: Option<String>,
    ) -> Result<Vec<Subscription>, Error> {
        type Row = (i64, String, String, String, i64, Option<i64>, String);
        let read =
            sql("select s.id, s.newsletter, s.cadence, s.state, s.eligible_from, s.ended_at, \
             s.source from subscriptions s join subscribers r on r.id = s.subscriber_id \
             where s.id = $1 or r.address_key = $2 order by s.id");
        let rows: Vec<Row> = read.bind(id).bind(address_key).rows(self.reading()).await?;
        let subscriptions = rows.into_iter().map(|row| Subscription {
            id: row.0,
            newsletter: row.1,
            cadence: row.2,
            state: row.3,
            eligible_from: Timestamp::from_micros(row.4),
            ended_at: row.5.map(Timestamp::from_micros),
            source: row.6,
        });
        Ok(subscriptions.collect())
    }

    /// Ends a subscription and withdraws its letters that are still waiting, in one transaction.
    /// Harmless when repeated.
    pub async fn end_subscription(&self, id: i64, now: Timestamp) -> Result<(), Error> {
        let mut open = self.begin().await?;
        sql("update subscriptions set state = 'ended', ended_at = $2 \
             where id = $1 and state <> 'ended'")
        .bind(id)
        .bind(now)
        .run(open.at())
        .await?;
        sql("update deliveries set state = 'suppressed', settled_at = $2, \
             reply = 'the reader unsubscribed' \
             where subscription_id = $1 and state = 'ready'")
        .bind(id)
        .bind(now)
        .run(open.at())
        .await?;
        open.commit().await
    }

    /// Never writes to an address again, whatever it is or will be subscribed to. The first
    /// reason stays.
    pub async fn suppress(
        &self,
        address: &Address,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        whole!(self.suppress_once(address, reason, now))
    }

    async fn suppress_once(
        &self,
        address: &Address,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut open = self.begin().await?;
        let know = sql("insert into subscribers (address, address_key, name, created_at) \
             values ($1, $2, '', $3) on conflict (address_key) do nothing");
        know.bind(address.as_str()).bind(address.key()).bind(now).run(open.at()).await?;
        let suppress = sql("insert into suppressions (subscriber_id, reason, suppressed_at) \
             select id, $2, $3 from subscribers where address_key = $1 \
             on conflict (subscriber_id) do nothing");
        suppress.bind(address.key()).bind(reason).bind(now).run(open.at()).await?;
        open.commit().await
    }

    /// Every suppressed address with the reason and since when.
    pub async fn suppressions(&self) -> Result<Vec<(String, String, Timestamp)>, Error> {
        let read = sql("select r.address, x.reason, x.suppressed_at from suppressions x \
             join subscribers r on r.id = x.subscriber_id order by x.suppressed_at, r.id");
        let rows: Vec<(String, String, i64)> = read.rows(self.reading()).await?;
        Ok(rows.into_iter().map(|(a, why, at)| (a, why, Timestamp::from_micros(at))).collect())
    }

    /// Changes the rhythm of a subscription; what its reader has had stays so.
    pub async fn change_cadence(&self, id: i64, cadence: Cadence) -> Result<(), Error> {
        sql("update subscriptions set cadence = $2 where id = $1")
            .bind(id)
            .bind(cadence.as_str())
            .run(self.writing())
            .await?;
        Ok(())
    }

    /// Changes how the reader at an address is called.
    pub async fn rename_subscriber(&self, address: &Address, name: &str) -> Result<(), Error> {
        let name = name.replace(char::is_control, " ");
        let write = sql("update subscribers set name = $2 where address_key = $1");
        write.bind(address.key()).bind(name).run(self.writing()).await?;
        Ok(())
    }

    /// How many subscriptions of each newsletter are in each cadence and state.
    pub async fn audience_counts(&self) -> Result<Vec<(String, String, String, u64)>, Error> {
        let read = sql("select newsletter, cadence, state, count(*) from subscriptions \
             group by newsletter, cadence, state order by newsletter, cadence, state");
        let rows: Vec<(String, String, String, i64)> = read.rows(self.reading()).await?;
        Ok(rows.into_iter().map(|(n, c, s, count)| (n, c, s, count.unsigned_abs())).collect())
    }
}
