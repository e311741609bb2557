//! Signals: how many readers each post had on each day, and how that is known.
//!
//! It promises that a day is counted once for each source: what is counted comes with what became
//! of its lines and with how far the logs were read, in one transaction, and not at all if the day
//! was counted before. What an analytics tool says of a day may be said again, and then replaces
//! what it said.
//!
//! It keeps posts, days and numbers. Who read is not among them, nor anything made of that.

use std::collections::BTreeSet;

use super::{Error, Store, statement::sql};
use crate::{domain::post::PostId, time::Timestamp};

/// What became of one day at one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadDay {
    /// Days since 1970-01-01.
    pub day: i32,
    /// The posts that had readers, and how many.
    pub readers: Vec<(PostId, u32)>,
    /// Lines by what became of them.
    pub lines: Vec<(&'static str, u64)>,
}

/// Readers of one post on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reads {
    /// Where they were counted.
    pub source: String,
    /// Days since 1970-01-01.
    pub day: i32,
    /// The post.
    pub post: PostId,
    /// How many.
    pub readers: u32,
}

/// What popularity remembers of a post, as numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct TallyRow {
    /// The post.
    pub post: PostId,
    /// Readers and days, each with two memories: E, W, U, V.
    pub numbers: [f64; 4],
    /// The last day that was taken in.
    pub through: Option<i32>,
}

/// A post by its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// The post.
    pub post: PostId,
    /// Its short name.
    pub key: String,
    /// Where it is.
    pub url: String,
    /// When it was published.
    pub published: Timestamp,
}

/// How far the tallies are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tallied {
    /// The last day that they took in.
    pub day: i32,
    /// The half-life by which they forget.
    pub half_life: f64,
}

impl Store {
    /// Every post ever seen, by its address.
    pub async fn post_addresses(&self) -> Result<Vec<Addressed>, Error> {
        let read = sql("select post_id, key, url, published_at from posts order by id");
        let rows: Vec<(String, String, String, i64)> = read.rows(self.reading()).await?;
        let addressed = rows.into_iter().map(|(post, key, url, published)| Addressed {
            post: PostId::new(post),
            key,
            url,
            published: Timestamp::from_micros(published),
        });
        Ok(addressed.collect())
    }

    /// The days that were counted at `source`.
    pub async fn counted_days(&self, source: &str) -> Result<BTreeSet<i32>, Error> {
        let read = sql("select day from read_days where source = $1").bind(source);
        let days: Vec<i64> = read.column(self.reading()).await?;
        Ok(days.into_iter().map(day).collect())
    }

    /// Every day that was counted, with where.
    pub async fn all_counted_days(&self) -> Result<Vec<(i32, String)>, Error> {
        let read = sql("select day, source from read_days order by day, source");
        let rows: Vec<(i64, String)> = read.rows(self.reading()).await?;
        Ok(rows.into_iter().map(|(number, source)| (day(number), source)).collect())
    }

    /// How far each access log was counted, by what it is known by.
    pub async fn log_places(&self) -> Result<Vec<(String, u64)>, Error> {
        let rows: Vec<(String, i64)> =
            sql("select head, place from log_places").rows(self.reading()).await?;
        Ok(rows.into_iter().map(|(head, place)| (head, place.unsigned_abs())).collect())
    }

    /// Counts days that are over, with how far the logs were read for them; a day that was counted
    /// before is left as it is. `None` for places: they stay as they are.
    pub async fn count_days(
        &self,
        source: &str,
        days: &[ReadDay],
        places: Option<&[(String, u64)]>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut open = self.begin().await?;
        for one in days {
            let number = i64::from(one.day);
            let counted = sql("insert into read_days (source, day, counted_at) \
                 values ($1, $2, $3) on conflict (source, day) do nothing");
            if counted.bind(source).bind(number).bind(now).run(open.at()).await? == 0 {
                continue;
            }
            let put = sql("insert into reads (source, day, post, readers) \
                 select $1, $2, p.id, cast(r.value ->> 'n' as bigint) from {records $3} as r \
                 join posts p on p.post_id = r.value ->> 'p'");
            put.bind(source).bind(number).bind(records(&one.readers)).run(open.at()).await?;
            for (fate, lines) in &one.lines {
                let note = sql("insert into read_lines (source, day, fate, lines) \
                     values ($1, $2, $3, $4)");
                let lines = i64::try_from(*lines).unwrap_or(i64::MAX);
                note.bind(source).bind(number).bind(*fate).bind(lines).run(open.at()).await?;
            }
            sql("delete from tallied where day >= $1").bind(number).run(open.at()).await?;
        }
        if let Some(places) = places {
            sql("delete from log_places").run(open.at()).await?;
            for (head, place) in places {
                let place = i64::try_from(*place).unwrap_or(i64::MAX);
                sql("insert into log_places (head, place) values ($1, $2) on conflict (head) \
                     do update set place = excluded.place where log_places.place < excluded.place")
                .bind(head)
                .bind(place)
                .run(open.at())
                .await?;
            }
        }
        open.commit().await
    }

    /// Takes in what an analytics tool says of a day: for the posts that it names, this replaces
    /// what it said before.
    pub async fn import_days(
        &self,
        source: &str,
        days: &[ReadDay],
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut open = self.begin().await?;
        for one in days {
            let number = i64::from(one.day);
            sql("insert into read_days (source, day, counted_at) values ($1, $2, $3) \
                 on conflict (source, day) do update set counted_at = excluded.counted_at")
            .bind(source)
            .bind(number)
            .bind(now)
            .run(open.at())
            .await?;
            sql("insert into reads (source, day, post, readers) \
                 select $1, $2, p.id, cast(r.value ->> 'n' as bigint) from {records $3} as r \
                 join posts p on p.post_id = r.value ->> 'p' where true \
                 on conflict (source, day, post) do update set readers = excluded.readers")
            .bind(source)
            .bind(number)
            .bind(records(&one.readers))
            .run(open.at())
            .await?;
            sql("delete from tallied where day >= $1").bind(number).run(open.at()).await?;
        }
        open.commit().await
    }

    /// Readers by day and post since a day, in order.
    pub async fn reads_since(&self, since: i32) -> Result<Vec<Reads>, Error> {
        let read = sql("select r.source, r.day, p.post_id, r.readers from reads r \
             join posts p on p.id = r.post where r.day >= $1 order by r.day, r.source, p.id");
        let rows: Vec<(String, i64, String, i64)> =
            read.bind(i64::from(since)).rows(self.reading()).await?;
        let reads = rows.into_iter().map(|(source, number, post, readers)| Reads {
            source,
            day: day(number),
            post: PostId::new(post),
            readers: u32::try_from(readers).unwrap_or(u32::MAX),
        });
        Ok(reads.collect())
    }

    /// Lines since a day by source and what became of them.
    pub async fn lines_since(&self, since: i32) -> Result<Vec<(String, String, u64)>, Error> {
        let read = sql("select source, fate, cast(sum(lines) as bigint) from read_lines \
             where day >= $1 group by source, fate order by source, fate");
        let rows: Vec<(String, String, i64)> =
            read.bind(i64::from(since)).rows(self.reading()).await?;
        Ok(rows
            .into_iter()
            .map(|(source, fate, lines)| (source, fate, lines.unsigned_abs()))
            .collect())
    }

    /// How far the tallies are; `None`: they are to be made anew.
    pub async fn tallied(&self) -> Result<Option<Tallied>, Error> {
        let read = sql("select day, half_life from tallied");
        let row: Option<(i64, f64)> = read.row(self.reading()).await?;
        Ok(row.map(|(number, half_life)| Tallied { day: day(number), half_life }))
    }

    /// What popularity remembers of each post.
    pub async fn tallies(&self) -> Result<Vec<TallyRow>, Error> {
        type Row = (String, f64, f64, f64, f64, Option<i64>);
        let read = sql("select p.post_id, t.expected, t.weight, t.readers, t.days, t.through \
             from tallies t join posts p on p.id = t.post order by p.id");
        let rows: Vec<Row> = read.rows(self.reading()).await?;
        let tallies = rows.into_iter().map(|row| TallyRow {
            post: PostId::new(row.0),
            numbers: [row.1, row.2, row.3, row.4],
            through: row.5.map(day),
        });
        Ok(tallies.collect())
    }

    /// Writes down what popularity remembers, all of it, through that day.
    pub async fn keep_tallies(&self, tallies: &[TallyRow], tallied: Tallied) -> Result<(), Error> {
        let mut open = self.begin().await?;
        sql("delete from tallies").run(open.at()).await?;
        for tally in tallies {
            let [expected, weight, readers, days] = tally.numbers;
            sql("insert into tallies (post, expected, weight, readers, days, through) \
                 select id, $2, $3, $4, $5, $6 from posts where post_id = $1")
            .bind(tally.post.as_str())
            .bind(expected)
            .bind(weight)
            .bind(readers)
            .bind(days)
            .bind(tally.through.map(i64::from))
            .run(open.at())
            .await?;
        }
        sql("insert into tallied (one, day, half_life) values (1, $1, $2) on conflict (one) \
             do update set day = excluded.day, half_life = excluded.half_life")
        .bind(i64::from(tallied.day))
        .bind(tallied.half_life)
        .run(open.at())
        .await?;
        open.commit().await
    }
}

fn day(number: i64) -> i32 {
    i32::try_from(number).unwrap_or_default()
}

/// As the statements read it.
fn records(readers: &[(PostId, u32)]) -> String {
    let record = |(post, readers): &(PostId, u32)| serde_json::json!({"p": post, "n": readers});
    serde_json::Value::from_iter(readers.iter().map(record)).to_string()
}
