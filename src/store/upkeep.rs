//! Upkeep: keeping the ledger small, and the operator's way back from *failed*.
//!
//! [`Store::prune`] turns deliveries that have come to an end into counts of their issue. Who
//! they were is then gone, but an issue's sum is as it was, and histories, which decide who is
//! owed what, are not touched.

use std::collections::BTreeMap;

use super::{
    Error, Store,
    deliveries::Count,
    record::intern,
    set_rows,
    statement::{Open, sql, whole},
};
use crate::{domain::delivery::DeliveryState, time::Timestamp};

/// What a pruning did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Issues that lost deliveries.
    pub issues: usize,
    /// Deliveries that are counts now.
    pub deliveries: u64,
}

/// What became of failed deliveries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retried {
    /// Ready again.
    pub ready: u64,
    /// Left as they are: the reader has left, or has had the posts since.
    pub passed: u64,
}

/// Deliveries handled in one transaction.
const CHUNK: i64 = 10_000;

impl Store {
    /// Turns the deliveries of issues that were sent before `before` into counts, but those that
    /// are uncertain.
    pub async fn prune(&self, before: Timestamp) -> Result<Pruned, Error> {
        let mut pruned = Pruned::default();
        let old = sql("select id from issues where state = 'sent' and sent_at < $1 order by id");
        for issue in old.bind(before).column::<i64>(self.reading()).await? {
            let mut gone = 0;
            loop {
                let chunk = whole!(self.prune_chunk(issue))?;
                if chunk == 0 {
                    break;
                }
                gone += chunk;
            }
            pruned.issues += usize::from(gone > 0);
            pruned.deliveries += gone;
        }
        Ok(pruned)
    }

    async fn prune_chunk(&self, issue: i64) -> Result<u64, Error> {
        let mut open = self.begin().await?;
        let read = sql("select d.id from deliveries d where d.issue_id = $1 and d.state in \
             ('sent', 'failed', 'bounced', 'suppressed', 'cancelled') limit $2 {locked d}");
        let ids: Vec<i64> = read.bind(issue).bind(CHUNK).column(open.at()).await?;
        sql("insert into pruned (issue_id, state, count, latest_at) \
             select issue_id, state, count(*), coalesce(max(settled_at), 0) from deliveries \
             where id in (select value from {numbers $1} as gone) group by issue_id, state \
             on conflict (issue_id, state) do update set count = pruned.count + excluded.count, \
             latest_at = excluded.latest_at")
        .bind(ids.as_slice())
        .run(open.at())
        .await?;
        let remove =
            sql("delete from deliveries where id in (select value from {numbers $1} as g)");
        let gone = remove.bind(ids).run(open.at()).await?;
        open.commit().await?;
        Ok(gone)
    }

    /// The deliveries of an issue that are counts by now.
    pub async fn pruned(&self, issue: i64) -> Result<Vec<Count>, Error> {
        let read = sql("select state, count from pruned where issue_id = $1 order by state");
        let rows: Vec<(String, i64)> = read.bind(issue).rows(self.reading()).await?;
        let counts = rows.into_iter().filter_map(|(state, count)| {
            let state = DeliveryState::named(&state)?;
            Some(Count { issue, state, count: count.unsigned_abs() })
        });
        Ok(counts.collect())
    }

    /// Makes the failed deliveries of an issue ready again, for readers who still want it and
    /// have not had its posts since.
    pub async fn retry(&self, issue: i64, now: Timestamp) -> Result<Retried, Error> {
        whole!(self.retry_once(issue, now))
    }

    async fn retry_once(&self, issue: i64, now: Timestamp) -> Result<Retried, Error> {
        let mut open = self.begin().await?;
        let (groups, passed) = failed(&mut open, issue).await?;
        let mut retried = Retried { ready: 0, passed };
        for (had, (deliveries, subscriptions)) in groups {
            let history = intern(&mut open, had).await?;
            sql("update subscriptions set history_id = $1 \
                 where id in (select value from {numbers $2} as asked)")
            .bind(history)
            .bind(subscriptions)
            .run(open.at())
            .await?;
            let ready = sql(
                "update deliveries set state = 'ready', not_before = $2, settled_at = null, \
                 attempts = 0, tried_since = null, reply = 'to be sent again, says the operator; before: ' \
                   || coalesce(reply, 'no reply') \
                 where state = 'failed' and id in (select value from {numbers $1} as asked)",
            );
            retried.ready += ready.bind(deliveries).bind(now).run(open.at()).await?;
        }
        open.commit().await?;
        Ok(retried)
    }
}

/// Deliveries and subscriptions by the history that their readers will have; and how many are
/// passed over.
type Failed = (BTreeMap<Vec<i64>, (Vec<i64>, Vec<i64>)>, u64);

async fn failed(open: &mut Open, issue: i64) -> Result<Failed, Error> {
    let read = sql(
        "select d.id, s.id, s.state = 'confirmed' and not exists (select 1 from suppressions x \
           where x.subscriber_id = s.subscriber_id), e.posts, h.posts from deliveries d \
         join editions e on e.id = d.edition_id join subscriptions s on s.id = d.subscription_id \
         join histories h on h.id = s.history_id \
         where d.issue_id = $1 and d.state = 'failed' order by s.id {locked s}",
    );
    let rows: Vec<(i64, i64, bool, String, String)> = read.bind(issue).rows(open.at()).await?;
    let (mut groups, mut passed) = (BTreeMap::new(), 0);
    for (delivery, subscription, wanted, carried, had) in rows {
        let (carried, mut had) = (set_rows(&carried), set_rows(&had));
        if !wanted || carried.iter().any(|row| had.contains(row)) {
            passed += 1;
            continue;
        }
        had.extend(carried);
        had.sort_unstable();
        let (deliveries, subscriptions): &mut (Vec<i64>, Vec<i64>) = groups.entry(had).or_default();
        deliveries.push(delivery);
        subscriptions.push(subscription);
    }
    Ok((groups, passed))
}
