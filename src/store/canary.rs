//! The canary of an issue: its first letters are leased alone.
//!
//! It promises that a delivery which was never tried is leased from an issue on its canary by
//! [`Store::lease_first`] only, and that workers who ask at once do not lease twice what was
//! allowed once: whoever comes second finds other counts than it decided upon, and leases
//! nothing. What may be leased is `outbox::policy::canary`'s to say.

use super::{
    Error, Store,
    deliveries::Leased,
    statement::{sql, whole},
};
use crate::{outbox::policy::canary::Counts, time::Timestamp};

impl Store {
    /// The sending issues that are on their canary.
    pub async fn on_canary(&self) -> Result<Vec<(i64, Counts)>, Error> {
        let read = sql("select id from issues \
             where canary_passed_at is null and state = 'sending' order by id");
        let ids: Vec<i64> = read.column(self.writing()).await?;
        let mut issues = Vec::with_capacity(ids.len());
        for id in ids {
            issues.push((id, self.canary_counts(id).await?));
        }
        Ok(issues)
    }

    async fn canary_counts(&self, issue: i64) -> Result<Counts, Error> {
        let read = sql("select state, attempts > 0 or tried_since is not null, count(*), \
               max(settled_at) from deliveries where issue_id = $1 \
             group by state, attempts > 0 or tried_since is not null");
        let rows: Vec<(String, bool, i64, Option<i64>)> =
            read.bind(issue).rows(self.writing()).await?;
        let mut counts = Counts::default();
        for (state, tried, count, settled) in rows {
            let count = count.unsigned_abs();
            counts.all += count;
            match state.as_str() {
                "leased" | "sending" => counts.in_hand += count,
                "ready" if tried => counts.deferred += count,
                "ready" => {}
                "sent" => counts.sent += count,
                "failed" | "bounced" | "uncertain" => counts.bad += count,
                _ => counts.withdrawn += count,
            }
            counts.last_settled = counts.last_settled.max(settled.map(Timestamp::from_micros));
        }
        Ok(counts)
    }

    /// Lets the rest of an issue go.
    pub async fn pass_canary(&self, issue: i64, now: Timestamp) -> Result<(), Error> {
        sql("update issues set canary_passed_at = $2 where id = $1 and canary_passed_at is null")
            .bind(issue)
            .bind(now)
            .run(self.writing())
            .await?;
        Ok(())
    }

    /// Leases up to `count` deliveries of an issue on its canary that were never tried, provided
    /// that its counts are still those.
    pub async fn lease_first(
        &self,
        owner: &str,
        (now, until): (Timestamp, Timestamp),
        (issue, counts): (i64, &Counts),
        count: u64,
    ) -> Result<Vec<Leased>, Error> {
        let untried = counts.untried();
        whole!(self.lease_first_once(owner, (now, until), (issue, untried), count))
    }

    async fn lease_first_once(
        &self,
        owner: &str,
        (now, until): (Timestamp, Timestamp),
        (issue, untried): (i64, u64),
        count: u64,
    ) -> Result<Vec<Leased>, Error> {
        let mut open = self.begin().await?;
        let lock = sql("select id from issues \
             where id = $1 and canary_passed_at is null and state = 'sending' {locked issues}");
        let locked: Option<(i64,)> = lock.bind(issue).row(open.at()).await?;
        let left = sql("select count(*) from deliveries where issue_id = $1 and state = 'ready' \
             and attempts = 0 and tried_since is null");
        let (left,): (i64,) = left.bind(issue).one(open.at()).await?;
        if locked.is_none() || left.unsigned_abs() != untried {
            return Ok(Vec::new());
        }
        let claim = sql("update deliveries set state = 'leased', lease_owner = $1, \
               lease_until = $2 where id in ( \
               select id from deliveries where issue_id = $3 and state = 'ready' \
               and attempts = 0 and tried_since is null and not_before <= $4 \
               and not exists (select 1 from ledger where held_because is not null) \
               order by not_before, id limit $5) returning id");
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let claim = claim.bind(owner).bind(until).bind(issue).bind(now).bind(count);
        let ids: Vec<i64> = claim.column(open.at()).await?;
        open.commit().await?;
        if ids.is_empty() { Ok(Vec::new()) } else { self.leased(ids).await }
    }
}
