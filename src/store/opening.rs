//! Opening: one delivery for each reader of an issue, in chunks.
//!
//! It promises that no other write waits longer than one chunk takes, that a reader's delivery
//! and new history are written in one transaction, and that opening again after a crash goes on
//! where it stopped: readers who have their delivery also have their new history, so they are no
//! longer in the group that is being opened. Readers who are suppressed are passed over.

use super::{
    Error, Store,
    audience::Audience,
    record::intern,
    related::note_shown,
    statement::{Open, sql, whole},
};
use crate::{rank::rails::Log, time::Timestamp};

/// Readers opened in one transaction.
const CHUNK: i64 = 20_000;

/// The readers to open an edition for: one group of an audience, with the history they move to.
#[derive(Clone, Debug)]
pub struct Opening<'a> {
    /// As for [`Store::groups`].
    pub audience: Audience<'a>,
    /// The group's choice.
    pub choice: i64,
    /// The group's history.
    pub history: i64,
    /// The group's count of missed moments.
    pub missed: usize,
    /// The issue.
    pub issue: i64,
}

impl Opening<'_> {
    fn missed(&self) -> i64 {
        i64::try_from(self.missed).unwrap_or(i64::MAX)
    }
}

/// What the readers of an opening get.
#[derive(Clone, Debug)]
pub struct Gift {
    /// The edition.
    pub edition: i64,
    /// The posts that they have had then.
    pub had: Vec<i64>,
    /// What their last letters held then.
    pub log: Log,
}

impl Store {
    /// Writes one delivery for each reader of the group, chunk by chunk, and moves these readers
    /// to the history that they have then. A reader who has a delivery of the issue already gets
    /// none and stays. Returns how many deliveries were written.
    pub async fn open_deliveries(
        &self,
        opening: &Opening<'_>,
        gift: &Gift,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let (mut written, mut after) = (0, 0);
        loop {
            let chunk = whole!(self.open_chunk(opening, gift, (after, now)))?;
            let Some((last, count)) = chunk else { return Ok(written) };
            after = last;
            written += count;
        }
    }

    /// The chunk of readers after a subscription's number: its last number, and how many
    /// deliveries were written; `None` where nobody is left.
    async fn open_chunk(
        &self,
        opening: &Opening<'_>,
        gift: &Gift,
        (after, now): (i64, Timestamp),
    ) -> Result<Option<(i64, u64)>, Error> {
        let mut open = self.begin().await?;
        let history = intern(&mut open, gift.had.clone()).await?;
        let readers = readers_after(&mut open, opening, after).await?;
        let Some(&last) = readers.last() else { return Ok(None) };
        let opened = insert(&mut open, (opening.issue, gift.edition), &readers, now).await?;
        if let Some((_, day)) = opening.audience.ceiling {
            count(&mut open, &opened, day).await?;
        }
        note_shown(&mut open, (opening.audience, history), &gift.log).await?;
        move_readers(&mut open, (opening.issue, gift.edition), &readers, history).await?;
        open.commit().await?;
        Ok(Some((last, opened.len() as u64)))
    }
}

async fn readers_after(
    open: &mut Open,
    opening: &Opening<'_>,
    after: i64,
) -> Result<Vec<i64>, Error> {
    let (most, day) = opening.audience.most();
    sql("select s.id from subscriptions s \
         where s.newsletter = $1 and s.cadence = $2 and s.state = 'confirmed' \
         and s.choice_id = $8 and s.history_id = $4 and s.id > $6 and $5 = (select count(*) \
           from {numbers $3} as m where m.value < s.eligible_from) \
         and not exists (select 1 from suppressions x where x.subscriber_id = s.subscriber_id) \
         and not exists (select 1 from letters_a_day y \
           where y.subscriber_id = s.subscriber_id and y.day = $9 and y.letters >= $10) \
         order by s.id limit $7 {locked s}")
    .bind(opening.audience.newsletter)
    .bind(opening.audience.cadence.as_str())
    .bind(opening.audience.moments())
    .bind(opening.history)
    .bind(opening.missed())
    .bind(after)
    .bind(CHUNK)
    .bind(opening.choice)
    .bind(day)
    .bind(most)
    .column(open.at())
    .await
}

/// The deliveries, and whose they are.
async fn insert(
    open: &mut Open,
    (issue, edition): (i64, i64),
    readers: &[i64],
    now: Timestamp,
) -> Result<Vec<i64>, Error> {
    let opened: Vec<i64> =
        sql("insert into deliveries (issue_id, edition_id, subscription_id, state, not_before) \
         select $1, $2, r.value, 'ready', $4 from {numbers $3} as r where true \
         on conflict (issue_id, subscription_id) do nothing returning subscription_id")
        .bind(issue)
        .bind(edition)
        .bind(readers)
        .bind(now)
        .column(open.at())
        .await?;
    let count = sql("update issues set readers = readers + $2 where id = $1");
    count.bind(issue).bind(i64::try_from(opened.len()).unwrap_or(0)).run(open.at()).await?;
    Ok(opened)
}

/// One letter more for each of these on that day.
async fn count(open: &mut Open, opened: &[i64], day: i64) -> Result<(), Error> {
    sql("insert into letters_a_day (subscriber_id, day, letters) \
         select s.subscriber_id, cast($2 as bigint), 1 from subscriptions s \
         where s.id in (select value from {numbers $1} as asked) \
         on conflict (subscriber_id) do update set day = excluded.day, \
         letters = case when letters_a_day.day = excluded.day \
           then letters_a_day.letters + 1 else 1 end")
    .bind(opened)
    .bind(day)
    .run(open.at())
    .await?;
    Ok(())
}

/// Only readers whose delivery carries this edition and still counts as had.
async fn move_readers(
    open: &mut Open,
    (issue, edition): (i64, i64),
    readers: &[i64],
    history: i64,
) -> Result<(), Error> {
    sql("update subscriptions set history_id = $3 \
         where id in (select value from {numbers $4} as r) and exists ( \
           select 1 from deliveries d where d.issue_id = $1 and d.edition_id = $2 \
           and d.subscription_id = subscriptions.id \
           and d.state not in ('failed', 'suppressed', 'cancelled'))")
    .bind(issue)
    .bind(edition)
    .bind(history)
    .bind(readers)
    .run(open.at())
    .await?;
    Ok(())
}
