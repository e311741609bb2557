//! Related posts: what is near each post, as it was last worked out, and what readers were shown.
//!
//! It promises that all lists are renewed in one transaction, together with when that was. Lists
//! are kept by the posts' row numbers; a post that is gone stays in the lists of others until the
//! next renewal, and whoever reads a list passes over it.
//!
//! What readers were shown is kept by history, as everything about them is: readers with one
//! history have had the same letters. Where two ways lead to one history, the later one counts.

use super::{
    Error, Store,
    audience::Audience,
    statement::{Open, sql},
};
use crate::{
    domain::post::PostId,
    rank::{lists::Relations, rails::Log},
    time::Timestamp,
};

/// Lists written by one statement.
const BLOCK: usize = 2_000;

/// A post as its list is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Its row number.
    pub row: i64,
    /// Its identity.
    pub id: PostId,
    /// What is near it; `None`: nobody has looked yet.
    pub relations: Option<Relations>,
}

impl Store {
    /// Every post ever seen, with what is near it.
    pub async fn relations(&self) -> Result<Vec<Kept>, Error> {
        let read = sql("select p.id, p.post_id, r.relations from posts p \
             left join related r on r.post = p.id order by p.id");
        let rows: Vec<(i64, String, Option<String>)> = read.rows(self.reading()).await?;
        let kept = rows.into_iter().map(|(row, id, relations)| Kept {
            row,
            id: PostId::new(id),
            // What cannot be read is worked out anew.
            relations: relations.and_then(|text| serde_json::from_str(&text).ok()),
        });
        Ok(kept.collect())
    }

    /// When all lists were last renewed; `None`: they are to be.
    pub async fn related_at(&self) -> Result<Option<Timestamp>, Error> {
        let (at,): (Option<i64>,) =
            sql("select related_at from ledger").one(self.reading()).await?;
        Ok(at.map(Timestamp::from_micros))
    }

    /// Keeps what is near posts that had no list.
    pub async fn add_relations(&self, relations: &[(i64, Relations)]) -> Result<(), Error> {
        let mut open = self.begin().await?;
        keep(&mut open, relations).await?;
        open.commit().await
    }

    /// Keeps what is near each post in place of all that was kept.
    pub async fn renew_relations(
        &self,
        relations: &[(i64, Relations)],
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut open = self.begin().await?;
        sql("delete from related").run(open.at()).await?;
        keep(&mut open, relations).await?;
        sql("update ledger set related_at = $1").bind(now).run(open.at()).await?;
        open.commit().await
    }

    /// What the last letters held of the readers of a newsletter, in one rhythm, who have that
    /// history.
    pub async fn log(&self, audience: Audience<'_>, history: i64) -> Result<Log, Error> {
        let read = sql("select log from shown \
             where history_id = $1 and newsletter = $2 and cadence = $3");
        let read = read.bind(history).bind(audience.newsletter).bind(audience.cadence.as_str());
        let found: Vec<String> = read.column(self.reading()).await?;
        let log = found.first().and_then(|text| serde_json::from_str(text).ok());
        Ok(log.unwrap_or_default())
    }
}

async fn keep(open: &mut Open, relations: &[(i64, Relations)]) -> Result<(), Error> {
    for block in relations.chunks(BLOCK) {
        let records = block.iter().map(|(row, relations)| {
            let text = serde_json::to_string(relations).unwrap_or_default();
            serde_json::json!({ "post": row, "relations": text })
        });
        sql("insert into related (post, relations) \
             select cast(value ->> 'post' as bigint), value ->> 'relations' \
             from {records $1} as list where true \
             on conflict (post) do update set relations = excluded.relations")
        .bind(serde_json::Value::Array(records.collect()).to_string())
        .run(open.at())
        .await?;
    }
    Ok(())
}

/// Notes what the last letters held of readers who have that history now.
pub(super) async fn note_shown(
    open: &mut Open,
    (audience, history): (Audience<'_>, i64),
    log: &Log,
) -> Result<(), Error> {
    sql("insert into shown (history_id, newsletter, cadence, log) values ($1, $2, $3, $4) \
         on conflict (history_id, newsletter, cadence) do update set log = excluded.log")
    .bind(history)
    .bind(audience.newsletter)
    .bind(audience.cadence.as_str())
    .bind(serde_json::to_string(log).unwrap_or_default())
    .run(open.at())
    .await
    .map(drop)
}
