//! Moves of deliveries: intents, results, and what is done about those who fell silent.
//!
//! Every move is one statement that names the state it expects; what does not come back from it
//! has not moved. An intent (`sending`) is granted only while the lease is the asker's and has
//! not ended, the issue is sending, and the reader is subscribed and not suppressed: nobody who
//! left is written to, and a worker that was paused past its lease learns it before the next dot.
//! An intent for an issue that was held meanwhile gives the delivery back instead.
//!
//! A delivery that fails gives its posts back to the reader's next letter; that is part of the
//! same transaction.

use super::{
    Error, Store,
    deliveries::Move,
    set_rows, set_text,
    statement::{At, Database, Open, sql, whole},
};
use crate::{domain::delivery::DeliveryState, time::Timestamp};

impl Store {
    /// Records moves of deliveries that `owner` holds, as one statement, and returns the ids of
    /// those that moved. A result also settles a delivery that had become uncertain meanwhile.
    pub async fn record(&self, owner: &str, moves: &[Move]) -> Result<Vec<i64>, Error> {
        if moves.iter().all(|change| change.to.counts_as_had()) {
            return apply(self.writing(), Some(owner), moves).await;
        }
        whole!(self.move_and_give_back(Some(owner), moves))
    }

    /// Ends what a run that is no more left behind: its leases return to ready, its open intents
    /// become uncertain. On a file it is to be called by whoever has just taken the instance
    /// lock, and ends all leases; where others may be at work, those whose time is over.
    pub async fn void_leases(&self, now: Timestamp) -> Result<(), Error> {
        let ended = match &self.database {
            Database::Sqlite { .. } => Timestamp::from_micros(i64::MAX),
            Database::Postgres(_) => now,
        };
        self.end_leases(ended, now).await?;
        Ok(())
    }

    /// The same for leases whose time is over, whoever held them. Returns how many deliveries
    /// became uncertain.
    pub async fn reap(&self, now: Timestamp) -> Result<u64, Error> {
        self.end_leases(now, now).await
    }

    async fn end_leases(&self, ended: Timestamp, now: Timestamp) -> Result<u64, Error> {
        sql("update deliveries set state = 'ready', lease_owner = null, lease_until = null \
             where issue_id in (select id from issues) and state = 'leased' \
             and lease_until < $1")
        .bind(ended)
        .run(self.writing())
        .await?;
        sql("update deliveries set state = 'uncertain', settled_at = $2, lease_owner = null, \
             lease_until = null, reply = 'the run that was sending it ended before a reply was \
             on record' where issue_id in (select id from issues) and state = 'sending' \
             and lease_until < $1")
        .bind(ended)
        .bind(now)
        .run(self.writing())
        .await
    }

    /// Settles the uncertain deliveries of an issue as the operator says: sent, failed or ready.
    /// Returns how many there were.
    pub async fn resolve(
        &self,
        issue: i64,
        to: DeliveryState,
        now: Timestamp,
    ) -> Result<usize, Error> {
        let reply = format!("settled as {to} by the operator");
        let uncertain = self.accounts(issue, Some(DeliveryState::Uncertain)).await?;
        let ids = uncertain.iter().map(|account| account.id).collect();
        self.settle_uncertain(ids, to, (now, &reply)).await
    }

    /// Settles every uncertain delivery by a standing policy, as failed or as ready; a delivery
    /// that has been tried `tries` times stays for the operator. Returns how many there were.
    pub async fn settle_doubts(
        &self,
        to: DeliveryState,
        tries: u32,
        now: Timestamp,
    ) -> Result<usize, Error> {
        let read = sql("select id from deliveries where issue_id in (select id from issues) \
             and state = 'uncertain' and attempts < $1 order by id");
        let ids: Vec<i64> = read.bind(tries).column(self.reading()).await?;
        let reply = if to == DeliveryState::Ready {
            "nobody knows whether a server took it; sent again by mail.uncertain"
        } else {
            "dropped: nobody knows whether a server took it; given up by mail.uncertain"
        };
        self.settle_uncertain(ids, to, (now, reply)).await
    }

    async fn settle_uncertain(
        &self,
        ids: Vec<i64>,
        to: DeliveryState,
        (now, reply): (Timestamp, &str),
    ) -> Result<usize, Error> {
        if ids.is_empty() {
            return Ok(0);
        }
        let moves = ids.into_iter().map(|id| Move {
            id,
            from: DeliveryState::Uncertain,
            to,
            at: now,
            not_before: None,
            tried_since: None,
            reply: Some(reply.to_owned()),
        });
        let moves: Vec<Move> = moves.collect();
        let moved = whole!(self.move_and_give_back(None, &moves))?;
        Ok(moved.len())
    }

    async fn move_and_give_back(
        &self,
        owner: Option<&str>,
        moves: &[Move],
    ) -> Result<Vec<i64>, Error> {
        let mut open = self.begin().await?;
        let moved = apply(open.at(), owner, moves).await?;
        give_back_moved(&mut open, moves, &moved).await?;
        open.commit().await?;
        Ok(moved)
    }
}

/// A move as the statement reads it: by place, which is a tenth faster than by name.
type Row<'a> = (
    i64,
    DeliveryState,
    DeliveryState,
    Timestamp,
    Option<Timestamp>,
    Option<Timestamp>,
    Option<&'a str>,
);

fn row(change: &Move) -> Row<'_> {
    let Move { id, from, to, at, not_before, tried_since, reply } = change;
    (*id, *from, *to, *at, *not_before, *tried_since, reply.as_deref())
}

/// The one statement of all moves.
async fn apply(at: At<'_>, owner: Option<&str>, moves: &[Move]) -> Result<Vec<i64>, Error> {
    debug_assert!(moves.iter().all(|change| change.from.may_become(change.to)));
    let write = sql("with asked as materialized (select \
           cast(value ->> 0 as bigint) as id, value ->> 1 as was, \
           value ->> 2 as next, cast(value ->> 3 as bigint) as moment, \
           cast(value ->> 4 as bigint) as not_before, \
           cast(value ->> 5 as bigint) as tried_since, \
           value ->> 6 as reply from {records $1} as list), \
         decided as materialized (select asked.*, case when asked.next = 'sending' \
             and exists (select 1 from deliveries d join issues i on i.id = d.issue_id \
               where d.id = asked.id and i.state <> 'sending') \
             then 'ready' else asked.next end as becomes from asked) \
         update deliveries set state = a.becomes, reply = case when a.becomes = a.next \
             then a.reply else 'its issue is held' end, \
           not_before = coalesce(a.not_before, deliveries.not_before), \
           tried_since = case when a.next = 'ready' \
             then a.tried_since else deliveries.tried_since end, \
           attempts = case when a.becomes = 'sending' \
             then deliveries.attempts + 1 else deliveries.attempts end, \
           first_intent_at = case when a.becomes = 'sending' \
             then coalesce(deliveries.first_intent_at, a.moment) \
             else deliveries.first_intent_at end, \
           settled_at = case when a.becomes in ('ready', 'sending') then null else a.moment end, \
           lease_owner = case when a.becomes = 'sending' then deliveries.lease_owner end, \
           lease_until = case when a.becomes = 'sending' then deliveries.lease_until end \
         from decided a where deliveries.id = a.id \
           and (deliveries.state = a.was and ($2 is null or deliveries.lease_owner = $2) \
             or a.was = 'sending' and a.next = 'sent' and deliveries.state = 'uncertain') \
           and (a.next <> 'sending' or deliveries.lease_until > a.moment \
             and exists (select 1 from subscriptions s \
               where s.id = deliveries.subscription_id and s.state = 'confirmed' \
               and not exists (select 1 from suppressions x \
                 where x.subscriber_id = s.subscriber_id))) \
         returning deliveries.id, deliveries.state");
    let text = serde_json::to_string(&moves.iter().map(row).collect::<Vec<_>>());
    let text = text.unwrap_or_default();
    let rows: Vec<(i64, String)> = write.bind(text).bind(owner).rows(at).await?;
    let asked = |id: i64, state: &str| {
        moves.iter().any(|change| change.id == id && change.to.as_str() == state)
    };
    // A batch holds few hundred moves; those that were refused by a held issue are rare.
    let refused: Vec<i64> = rows
        .iter()
        .filter(|(id, state)| state == "ready" && !asked(*id, state))
        .map(|(id, _)| *id)
        .collect();
    let moved = rows.into_iter().map(|(id, _)| id).filter(|id| !refused.contains(id));
    Ok(moved.collect())
}

/// Takes the posts of deliveries that failed out of their readers' histories.
async fn give_back_moved(open: &mut Open, moves: &[Move], moved: &[i64]) -> Result<(), Error> {
    let failed = moves.iter().filter(|change| !change.to.counts_as_had());
    for change in failed.filter(|change| moved.contains(&change.id)) {
        give_back(open, change.id).await?;
    }
    Ok(())
}

async fn give_back(open: &mut Open, delivery: i64) -> Result<(), Error> {
    let read = sql("select s.id, h.posts, e.posts from deliveries d \
         join editions e on e.id = d.edition_id \
         join subscriptions s on s.id = d.subscription_id \
         join histories h on h.id = s.history_id where d.id = $1 {locked s}");
    let (subscription, had, carried): (i64, String, String) =
        read.bind(delivery).one(open.at()).await?;
    let carried = set_rows(&carried);
    let left = set_rows(&had).into_iter().filter(|row| !carried.contains(row)).collect();
    let history = intern(open, left).await?;
    sql("update subscriptions set history_id = $2 where id = $1")
        .bind(subscription)
        .bind(history)
        .run(open.at())
        .await?;
    Ok(())
}

/// The row number of a history, written where there is none.
pub(super) async fn intern(open: &mut Open, posts: Vec<i64>) -> Result<i64, Error> {
    let write = sql("insert into histories (posts) values ($1) \
         on conflict (posts) do update set posts = excluded.posts returning id");
    let (id,) = write.bind(set_text(posts)).one(open.at()).await?;
    Ok(id)
}
