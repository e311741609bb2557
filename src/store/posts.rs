//! What the ledger remembers of posts: their identities for ever, their last good version, when
//! each was first seen, and which of them are the baseline that is nobody's.
//!
//! A row is never deleted: a post that vanished keeps its identity, so that it is recognised
//! when it comes back.

use std::sync::LazyLock;

use super::{
    Error, Store,
    statement::{Statement, sql},
};
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
    /// The file of a post that was known before and says the same. Of short posts nothing is
    /// said: two may well be alike.
    pub twin: Option<String>,
}

/// Posts recorded by one statement.
const PART: usize = 32;

static WRITE_ONE: LazyLock<String> = LazyLock::new(|| write(1));
static WRITE_PART: LazyLock<String> = LazyLock::new(|| write(PART));

/// The statement that records so many posts.
fn write(posts: usize) -> String {
    const COLUMNS: usize = 10;
    let row = |post: usize| {
        let values: Vec<String> =
            (1..=COLUMNS).map(|n| format!("${}", post * COLUMNS + n)).collect();
        format!("({})", values.join(", "))
    };
    let rows: Vec<String> = (0..posts).map(row).collect();
    format!(
        "insert into posts (post_id, key, path, url, title, body_hash, source, published_at, \
         first_seen_at, baseline_at) values {} on conflict (post_id) do update set \
         path = excluded.path, url = excluded.url, title = excluded.title, \
         body_hash = excluded.body_hash, source = excluded.source, \
         published_at = excluded.published_at",
        rows.join(", ")
    )
}

/// One more post for such a statement.
fn row<'q>(write: Statement<'q>, known: &'q Known, baseline: Option<i64>) -> Statement<'q> {
    write
        .bind(known.id.as_str())
        .bind(&known.key)
        .bind(&known.path)
        .bind(&known.url)
        .bind(&known.title)
        .bind(&known.body_hash)
        .bind(&*known.source)
        .bind(known.published)
        .bind(known.first_seen)
        .bind(baseline)
}

impl Store {
    /// Every post ever seen. `share` may exchange the text of each for one that is at hand: all of
    /// them are half of what a run holds, and need not be held twice.
    pub async fn known_posts(&self, share: impl Fn(&mut Known)) -> Result<Vec<Known>, Error> {
        /// Rows read at once.
        const PART: i64 = 500;
        type Row = (String, String, String, String, String, String, i64, i64, String, i64);
        let mut known = Vec::new();
        let mut last = 0;
        loop {
            let read = sql("select post_id, key, path, url, body_hash, title, published_at, \
                 first_seen_at, source, id from posts where id > $1 order by id limit $2");
            let rows: Vec<Row> = read.bind(last).bind(PART).rows(self.reading()).await?;
            let Some(end) = rows.last() else { return Ok(known) };
            last = end.9;
            known.extend(rows.into_iter().map(|row| {
                let mut one = Known {
                    id: PostId::new(row.0),
                    key: row.1,
                    path: row.2,
                    url: row.3,
                    body_hash: row.4,
                    title: row.5,
                    published: Timestamp::from_micros(row.6),
                    first_seen: Timestamp::from_micros(row.7),
                    source: row.8.into(),
                };
                share(&mut one);
                one
            }));
        }
    }

    /// What tells one state of the known posts from another, as long as only runs change them.
    pub async fn posts_mark(&self) -> Result<String, Error> {
        let read = sql("select count(*), coalesce(max(id), 0), coalesce((select first_seen_at \
             from posts order by id desc limit 1), 0), \
             coalesce((select day from tallied), 0), \
             coalesce((select related_at from ledger), 0) from posts");
        type Row = (i64, i64, i64, i64, i64);
        let (count, last, seen, day, renewed): Row = read.one(self.reading()).await?;
        Ok(format!("{count}/{last}/{seen}/{day}/{renewed}"))
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
        let changed = records.iter().filter(|record| record.is_new || record.changed);
        let changed: Vec<&Record> = changed.collect();
        for part in changed.chunks(PART) {
            let text: &'static str = if part.len() == PART { &WRITE_PART } else { &WRITE_ONE };
            for rows in part.chunks(if part.len() == PART { PART } else { 1 }) {
                let write = rows.iter().fold(sql(text), |write, record| {
                    let baseline = is_baseline && !owed.contains(&record.known.id);
                    row(write, &record.known, baseline.then(|| now.micros()))
                });
                write.run(open.at()).await?;
            }
        }
        open.commit().await
    }

    /// The posts first seen since `since` that are not of the baseline, oldest first.
    pub async fn candidates(&self, since: Timestamp) -> Result<Vec<Candidate>, Error> {
        let read = sql("select p.id, p.post_id, p.key, p.first_seen_at, \
             (select min(q.path) from posts q where q.body_hash = p.body_hash and q.id <> p.id \
               and q.first_seen_at < p.first_seen_at and length(p.source) > 200) from posts p \
             where p.baseline_at is null and p.first_seen_at >= $1 \
             order by p.first_seen_at, p.published_at, p.id");
        type Row = (i64, String, String, i64, Option<String>);
        let rows: Vec<Row> = read.bind(since).rows(self.reading()).await?;
        let candidates = rows.into_iter().map(|(row, id, key, first_seen, twin)| Candidate {
            twin,
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
