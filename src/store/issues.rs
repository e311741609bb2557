//! Issues and their editions: what was opened when, and the content that was frozen then.
//!
//! An issue is opened in chunks, each its own transaction, so that no other write waits long;
//! none of its deliveries may be leased before [`Store::release_opened`], and opening it again
//! after a crash goes on where it stopped: readers who already have their delivery also have
//! their new history, so they are no longer in the group that is being opened.

use super::{Error, Store, audience::Audience, set_text};
use crate::{
    domain::{issue::IssueName, post::PostId, subscriber::Cadence},
    time::Timestamp,
};

/// Readers opened in one transaction.
const CHUNK: i64 = 20_000;

/// An issue as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Row number.
    pub id: i64,
    /// The newsletter's id.
    pub newsletter: String,
    /// Its name, e.g. `weekly/2026-W48`.
    pub name: String,
    /// `opening`, `sending`, `held` or `sent`.
    pub state: String,
    /// Why it is held.
    pub note: Option<String>,
}

/// What makes an edition: readers with equal keys share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditionKey {
    /// The issue.
    pub issue: i64,
    /// Row numbers of its posts.
    pub posts: Vec<i64>,
    /// Identities of its related posts, in order.
    pub related: Vec<PostId>,
    /// BCP 47 tag.
    pub language: String,
}

/// The readers to open an edition for: one group of an audience, with the history they move to.
#[derive(Clone, Debug)]
pub struct Opening<'a> {
    /// Newsletter, cadence and moments, as for [`Store::groups`].
    pub audience: Audience<'a>,
    /// The group's history.
    pub history: i64,
    /// The group's count of missed moments.
    pub missed: usize,
    /// The issue.
    pub issue: i64,
}

impl Store {
    /// The issue of that name, created in the state *opening* where there is none.
    pub async fn open_issue(
        &self,
        newsletter: &str,
        name: &IssueName,
        planned: Timestamp,
    ) -> Result<Issue, Error> {
        sqlx::query(
            "insert into issues (newsletter, name, state, planned_at) \
             values ($1, $2, 'opening', $3) on conflict (newsletter, name) do nothing",
        )
        .bind(newsletter)
        .bind(name.to_string())
        .bind(planned.micros())
        .execute(&self.writer)
        .await
        .map_err(|error| self.error(error))?;
        let found = self.issues_named(&name.to_string()).await?;
        let ours = found.into_iter().find(|issue| issue.newsletter == newsletter);
        ours.ok_or_else(|| self.error(sqlx::Error::RowNotFound))
    }

    /// The issues of that name, one a newsletter at most.
    pub async fn issues_named(&self, name: &str) -> Result<Vec<Issue>, Error> {
        self.issues_where(Some(name)).await
    }

    /// The latest issues, newest first, at most `count`.
    pub async fn latest_issues(&self, count: usize) -> Result<Vec<Issue>, Error> {
        let mut issues = self.issues_where(None).await?;
        issues.truncate(count);
        Ok(issues)
    }

    async fn issues_where(&self, name: Option<&str>) -> Result<Vec<Issue>, Error> {
        let read = sqlx::query_as(
            "select id, newsletter, name, state, note from issues \
             where $1 is null or name = $1 order by planned_at desc, id desc limit 1000",
        );
        let rows: Vec<(i64, String, String, String, Option<String>)> =
            read.bind(name).fetch_all(&self.readers).await.map_err(|error| self.error(error))?;
        let issues = rows.into_iter().map(|(id, newsletter, name, state, note)| Issue {
            id,
            newsletter,
            name,
            state,
            note,
        });
        Ok(issues.collect())
    }

    /// The frozen letter of an edition, if it has been rendered.
    pub async fn edition(&self, key: &EditionKey) -> Result<Option<i64>, Error> {
        let read = sqlx::query_scalar(
            "select id from editions \
             where issue_id = $1 and posts = $2 and related = $3 and language = $4",
        );
        read.bind(key.issue)
            .bind(set_text(key.posts.clone()))
            .bind(related_text(&key.related))
            .bind(&key.language)
            .fetch_optional(&self.readers)
            .await
            .map_err(|error| self.error(error))
    }

    /// Freezes an edition: its letter never changes again. Returns its row number.
    pub async fn freeze_edition(
        &self,
        key: &EditionKey,
        letter: &str,
        now: Timestamp,
    ) -> Result<i64, Error> {
        let write = sqlx::query_scalar(
            "insert into editions (issue_id, posts, related, language, letter, created_at) \
             values ($1, $2, $3, $4, $5, $6) \
             on conflict (issue_id, posts, related, language) do update set posts = excluded.posts \
             returning id",
        );
        write
            .bind(key.issue)
            .bind(set_text(key.posts.clone()))
            .bind(related_text(&key.related))
            .bind(&key.language)
            .bind(letter)
            .bind(now.micros())
            .fetch_one(&self.writer)
            .await
            .map_err(|error| self.error(error))
    }

    /// How many readers of the group have no delivery of the issue yet.
    pub async fn unopened(&self, opening: &Opening<'_>) -> Result<u64, Error> {
        let read = sqlx::query_scalar(
            "select count(*) from subscriptions s \
             where s.newsletter = $1 and s.cadence = $2 and s.state = 'confirmed' \
             and s.history_id = $4 and $5 = (select count(*) from json_each($3) as m \
               where m.value < s.eligible_from) \
             and not exists (select 1 from deliveries d \
               where d.issue_id = $6 and d.subscription_id = s.id)",
        );
        let count: i64 = read
            .bind(opening.audience.newsletter)
            .bind(opening.audience.cadence.as_str())
            .bind(opening.audience.moments_text())
            .bind(opening.history)
            .bind(i64::try_from(opening.missed).unwrap_or(i64::MAX))
            .bind(opening.issue)
            .fetch_one(&self.readers)
            .await
            .map_err(|error| self.error(error))?;
        Ok(count.unsigned_abs())
    }

    /// Writes one delivery for each reader of the group, chunk by chunk, and moves these readers
    /// to the history `had`. A reader who has a delivery of the issue already gets none and
    /// stays. Returns how many deliveries were written.
    pub async fn open_deliveries(
        &self,
        opening: &Opening<'_>,
        edition: i64,
        had: Vec<i64>,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let mut written = 0;
        let mut after = 0;
        loop {
            let mut open = self.begin().await?;
            let history = self.intern(&mut open, had.clone()).await?;
            let readers = self.readers_after(&mut open, opening, after).await?;
            let Some(&last) = readers.last() else { break };
            after = last;
            written += self.insert_chunk(&mut open, opening.issue, edition, &readers, now).await?;
            self.move_readers(&mut open, opening.issue, edition, (&readers, history)).await?;
            self.commit(open).await?;
        }
        Ok(written)
    }

    async fn readers_after(
        &self,
        open: &mut sqlx::SqliteConnection,
        opening: &Opening<'_>,
        after: i64,
    ) -> Result<Vec<i64>, Error> {
        let read = sqlx::query_scalar(
            "select s.id from subscriptions s \
             where s.newsletter = $1 and s.cadence = $2 and s.state = 'confirmed' \
             and s.history_id = $4 and s.id > $6 and $5 = (select count(*) \
               from json_each($3) as m where m.value < s.eligible_from) \
             order by s.id limit $7",
        );
        read.bind(opening.audience.newsletter)
            .bind(opening.audience.cadence.as_str())
            .bind(opening.audience.moments_text())
            .bind(opening.history)
            .bind(i64::try_from(opening.missed).unwrap_or(i64::MAX))
            .bind(after)
            .bind(CHUNK)
            .fetch_all(open)
            .await
            .map_err(|error| self.error(error))
    }

    async fn insert_chunk(
        &self,
        open: &mut sqlx::SqliteConnection,
        issue: i64,
        edition: i64,
        readers: &[i64],
        now: Timestamp,
    ) -> Result<u64, Error> {
        let done = sqlx::query(
            "insert into deliveries (issue_id, edition_id, subscription_id, state, not_before) \
             select $1, $2, r.value, 'ready', $4 from json_each($3) as r where true \
             on conflict (issue_id, subscription_id) do nothing",
        )
        .bind(issue)
        .bind(edition)
        .bind(set_text(readers.to_vec()))
        .bind(now.micros())
        .execute(open)
        .await
        .map_err(|error| self.error(error))?;
        Ok(done.rows_affected())
    }

    /// Only readers whose delivery carries this edition and still counts as had.
    async fn move_readers(
        &self,
        open: &mut sqlx::SqliteConnection,
        issue: i64,
        edition: i64,
        (readers, history): (&[i64], i64),
    ) -> Result<(), Error> {
        sqlx::query(
            "update subscriptions set history_id = $3 \
             where id in (select value from json_each($4)) and exists ( \
               select 1 from deliveries d where d.issue_id = $1 and d.edition_id = $2 \
               and d.subscription_id = subscriptions.id \
               and d.state not in ('failed', 'suppressed', 'cancelled'))",
        )
        .bind(issue)
        .bind(edition)
        .bind(history)
        .bind(set_text(readers.to_vec()))
        .execute(open)
        .await
        .map_err(|error| self.error(error))?;
        Ok(())
    }

    pub(super) async fn intern(
        &self,
        open: &mut sqlx::SqliteConnection,
        posts: Vec<i64>,
    ) -> Result<i64, Error> {
        sqlx::query_scalar(
            "insert into histories (posts) values ($1) \
             on conflict (posts) do update set posts = excluded.posts returning id",
        )
        .bind(set_text(posts))
        .fetch_one(open)
        .await
        .map_err(|error| self.error(error))
    }

    /// Lets the deliveries of opened issues be leased: the last chunk of each is in. An issue
    /// that had been sent and has got new readers is sending again; a held one stays held.
    pub async fn release_opened(&self, now: Timestamp) -> Result<(), Error> {
        sqlx::query(
            "update issues set state = 'sending', opened_at = coalesce(opened_at, $1), \
             sent_at = null where state = 'opening' or (state = 'sent' and exists ( \
               select 1 from deliveries d where d.issue_id = issues.id and d.state = 'ready'))",
        )
        .bind(now.micros())
        .execute(&self.writer)
        .await
        .map_err(|error| self.error(error))?;
        Ok(())
    }

    /// Marks the issues that have no open delivery left as sent.
    pub async fn close_finished_issues(&self, now: Timestamp) -> Result<(), Error> {
        sqlx::query(
            "update issues set state = 'sent', sent_at = $1 where state = 'sending' \
             and not exists (select 1 from deliveries d where d.issue_id = issues.id \
               and d.state in ('ready', 'leased', 'sending'))",
        )
        .bind(now.micros())
        .execute(&self.writer)
        .await
        .map_err(|error| self.error(error))?;
        Ok(())
    }

    /// Stops an issue; nothing of it is leased until it is released.
    pub async fn hold_issue(&self, issue: i64, why: &str) -> Result<(), Error> {
        sqlx::query(
            "update issues set state = 'held', note = $2 \
             where id = $1 and state in ('opening', 'sending')",
        )
        .bind(issue)
        .bind(why)
        .execute(&self.writer)
        .await
        .map_err(|error| self.error(error))?;
        Ok(())
    }

    /// Lets a held issue go on. Returns whether it was held.
    pub async fn release_issue(&self, issue: i64) -> Result<bool, Error> {
        let done = sqlx::query(
            "update issues set state = 'sending', note = null where id = $1 and state = 'held'",
        )
        .bind(issue)
        .execute(&self.writer)
        .await
        .map_err(|error| self.error(error))?;
        Ok(done.rows_affected() == 1)
    }

    /// Notes that a planned time has been acted upon.
    pub async fn take_slot(
        &self,
        newsletter: &str,
        cadence: Cadence,
        times: (Timestamp, Timestamp),
    ) -> Result<(), Error> {
        let (planned, now) = times;
        sqlx::query(
            "insert into slots (newsletter, cadence, planned_at, taken_at) \
             values ($1, $2, $3, $4) on conflict do nothing",
        )
        .bind(newsletter)
        .bind(cadence.as_str())
        .bind(planned.micros())
        .bind(now.micros())
        .execute(&self.writer)
        .await
        .map_err(|error| self.error(error))?;
        Ok(())
    }

    /// The latest planned time up to `now` that was acted upon: a run under a wrong clock may have
    /// taken later ones.
    pub async fn last_slot_before(
        &self,
        newsletter: &str,
        cadence: Cadence,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        let read = sqlx::query_scalar(
            "select max(planned_at) from slots \
             where newsletter = $1 and cadence = $2 and planned_at <= $3",
        );
        let latest: Option<i64> = read
            .bind(newsletter)
            .bind(cadence.as_str())
            .bind(now.micros())
            .fetch_one(&self.readers)
            .await
            .map_err(|error| self.error(error))?;
        Ok(latest.map(Timestamp::from_micros))
    }

    /// The latest planned time that was acted upon.
    pub async fn last_slot(
        &self,
        newsletter: &str,
        cadence: Cadence,
    ) -> Result<Option<Timestamp>, Error> {
        let read = sqlx::query_scalar(
            "select max(planned_at) from slots where newsletter = $1 and cadence = $2",
        );
        let latest: Option<i64> = read
            .bind(newsletter)
            .bind(cadence.as_str())
            .fetch_one(&self.readers)
            .await
            .map_err(|error| self.error(error))?;
        Ok(latest.map(Timestamp::from_micros))
    }
}

fn related_text(related: &[PostId]) -> String {
    let ids: Vec<&str> = related.iter().map(PostId::as_str).collect();
    serde_json::Value::from(ids).to_string()
}
