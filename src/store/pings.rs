//! What hubs were told of feeds, and what they are still to be told (WebSub).
//!
//! A row is a hub and a feed. It is owed a ping while the feed's octets are others than those it
//! was told of; that is written down before anything is sent, so that no crash and no hub that is
//! away loses one. Equal octets owe nothing.

use std::time::Duration;

use super::{Error, Store, statement::sql};
use crate::time::Timestamp;

/// A hub that is to be told that a feed has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ping {
    /// The hub's address.
    pub hub: String,
    /// The feed's own address.
    pub topic: String,
    /// Hash of the octets that it is about.
    pub hash: String,
    /// How often it was tried in vain.
    pub tries: u32,
}

/// What became of a ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pinged<'a> {
    /// The hub took it.
    Told,
    /// It did not; to be tried again after that time.
    Later(Duration, &'a str),
    /// It will not.
    Never(&'a str),
}

impl Store {
    /// Notes the octets that feeds have now, by address and hash: a hub is owed a ping for each
    /// that it was told of otherwise. Returns how many are owed anew.
    pub async fn owe_pings(
        &self,
        hubs: &[String],
        feeds: &[(String, String)],
        now: Timestamp,
    ) -> Result<u64, Error> {
        if hubs.is_empty() {
            return Ok(0);
        }
        let known: Vec<String> =
            sql("select distinct hub from pings").column(self.reading()).await?;
        let mut open = self.begin().await?;
        for former in known.iter().filter(|hub| !hubs.contains(hub)) {
            sql("delete from pings where hub = $1").bind(former).run(open.at()).await?;
        }
        let mut owed = 0;
        for hub in hubs {
            for (topic, hash) in feeds {
                owed +=
                    sql("insert into pings (hub, topic, hash, next_at) values ($1, $2, $3, $4) \
                     on conflict (hub, topic) do update set hash = excluded.hash, tries = 0, \
                     reply = null, next_at = case when pings.told = excluded.hash then null \
                     else excluded.next_at end where pings.hash <> excluded.hash")
                    .bind(hub)
                    .bind(topic)
                    .bind(hash)
                    .bind(now)
                    .run(open.at())
                    .await?;
            }
        }
        open.commit().await?;
        Ok(owed)
    }

    /// The pings that are due, those that wait longest first.
    pub async fn due_pings(&self, now: Timestamp, most: u32) -> Result<Vec<Ping>, Error> {
        let read = sql("select hub, topic, hash, tries from pings where next_at <= $1 \
             order by next_at, hub, topic limit $2");
        let rows: Vec<(String, String, String, i64)> =
            read.bind(now).bind(most).rows(self.reading()).await?;
        let pings = rows.into_iter().map(|(hub, topic, hash, tries)| Ping {
            hub,
            topic,
            hash,
            tries: u32::try_from(tries).unwrap_or(u32::MAX),
        });
        Ok(pings.collect())
    }

    /// How many pings wait.
    pub async fn waiting_pings(&self) -> Result<u64, Error> {
        let read = sql("select count(*) from pings where next_at is not null");
        let (count,): (i64,) = read.one(self.reading()).await?;
        Ok(count.unsigned_abs())
    }

    /// Notes what became of a ping, unless the feed has changed again meanwhile.
    pub async fn settle_ping(
        &self,
        ping: &Ping,
        became: Pinged<'_>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (told, next, reply) = match became {
            Pinged::Told => (Some(ping.hash.as_str()), None, None),
            Pinged::Later(wait, why) => (None, Some(now.plus(wait)), Some(why)),
            Pinged::Never(why) => (None, None, Some(why)),
        };
        sql("update pings set told = coalesce($1, told), next_at = $2, reply = $3, \
             tries = tries + 1 where hub = $4 and topic = $5 and hash = $6")
        .bind(told)
        .bind(next)
        .bind(reply)
        .bind(&ping.hub)
        .bind(&ping.topic)
        .bind(&ping.hash)
        .run(self.writing())
        .await
        .map(drop)
    }
}
