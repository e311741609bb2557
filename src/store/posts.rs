//! What the ledger remembers of posts: their identities for ever, their last good version, when
//! each was first seen, and which of them are the baseline that is nobody's.
//!
//! A row is never deleted: a post that vanished keeps its identity, so that it is recognised
//! when it comes back.

use super::{Error, Store, statement::sql};
use crate::{
    catalog::{Known, Record},
    domain::post::PostId,
    time::Timestamp,
};

/// A post that may still be owed to somebody: not of the baseline, first seen recently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its row number, by which sets of posts are written.
    pub row: i64,
    /// Its identity.
    pub id: PostId,
    /// Its short name.
    pub key: String,
    /// When the catalog first saw it.
    pub first_seen: Timestamp,
}

impl Store {
    /// Every post ever seen.
    pub async fn known_posts(&self) -> Result<Vec<Known>, Error> {
        type Row = (String, String, String, String, String, String, i64, i64, String);
        let read =
            sql("select post_id, key, path, url, body_hash, title, published_at, first_seen_at, \
             source from posts order by id");
        let rows: Vec<Row> = read.rows(self.reading()).await?;
        let known = rows.into_iter().map(|row| Known {
            id: PostId::new(row.0),
            key: row.1,
            path: row.2,
            url: row.3,
            body_hash: row.4,
            title: row.5,
            published: Timestamp::from_micros(row.6),
            first_seen: Timestamp::from_micros(row.7),
            source: row.8.into(),
        });
        Ok(known.collect())
    }

    /// What tells one state of the known posts from another, as long as only runs change them.
    pub async fn posts_mark(&self) -> Result<String, Error> {
        let read = sql("select count(*), coalesce(max(id), 0), coalesce(max(first_seen_at), 0), \
             coalesce((select day from tallied), 0) from posts");
        let (count, last, seen, day): (i64, i64, i64, i64) = read.one(self.reading()).await?;
        Ok(format!("{count}/{last}/{seen}/{day}"))
    }

    /// Records new and changed posts in one transaction. On the first call ever, all of them
    /// become the baseline but those that `owed` names, and the ledger notes `now` as the time
    /// of its baseline.
    pub async fn record_posts(
        &self,
        records: &[Record],
        owed: &[PostId],
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut open = self.begin().await?;
        let marked = sql("update ledger set baseline_at = $1 where baseline_at is null")
            .bind(now)
            .run(open.at())
            .await?;
        let is_baseline = marked == 1;
        for record in records.iter().filter(|record| record.is_new || record.changed) {
            let known = &record.known;
            let baseline = is_baseline && !owed.contains(&known.id);
            sql("insert into posts (post_id, key, path, url, title, body_hash, source, \
                 published_at, first_seen_at, baseline_at) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
                 on conflict (post_id) do update set path = excluded.path, url = excluded.url, \
                 title = excluded.title, body_hash = excluded.body_hash, \
                 source = excluded.source, published_at = excluded.published_at")
            .bind(known.id.as_str())
            .bind(&known.key)
            .bind(&known.path)
            .bind(&known.url)
            .bind(&known.title)
            .bind(&known.body_hash)
            .bind(&*known.source)
            .bind(known.published)
            .bind(known.first_seen)
            .bind(baseline.then(|| now.micros()))
            .run(open.at())
            .await?;
        }
        open.commit().await
    }

    /// The posts first seen since `since` that are not of the baseline, oldest first.
    pub async fn candidates(&self, since: Timestamp) -> Result<Vec<Candidate>, Error> {
        let read = sql("select id, post_id, key, first_seen_at from posts \
             where baseline_at is null and first_seen_at >= $1 \
             order by first_seen_at, published_at, id");
        let rows: Vec<(i64, String, String, i64)> = read.bind(since).rows(self.reading()).await?;
        let candidates = rows.into_iter().map(|(row, id, key, first_seen)| Candidate {
            row,
            id: PostId::new(id),
            key,
            first_seen: Timestamp::from_micros(first_seen),
        });
        Ok(candidates.collect())
    }

    /// The identities of the posts in a set of row numbers.
    pub async fn post_ids(&self, rows: &[i64]) -> Result<Vec<PostId>, Error> {
        let read = sql("select post_id from posts \
             where id in (select value from {numbers $1} as asked) order by id");
        let ids: Vec<String> = read.bind(rows).column(self.reading()).await?;
        Ok(ids.into_iter().map(PostId::new).collect())
    }
}
