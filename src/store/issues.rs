//! Issues and their editions: what was opened when, and the content that was frozen then.
//!
//! Their deliveries are written by [`super::opening`], and none of them may be leased before
//! [`Store::release_opened`].

pub use super::opening::{Gift, Opening};
use super::{Error, Store, set_text, statement::sql};
use crate::{
    domain::{issue::IssueName, post::PostId},
    time::Timestamp,
};

/// An issue as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Row number.
    pub id: i64,
    /// The newsletter's id.
    pub newsletter: String,
    /// Its name, e.g. `weekly/2026-W48`.
    pub name: String,
    /// `opening`, `sending`, `held`, `sent` or `cancelled`.
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
    /// Identities of the popular posts beside them, in order.
    pub popular: Vec<PostId>,
    /// BCP 47 tag.
    pub language: String,
}

/// What is frozen of an edition.
#[derive(Clone, Copy, Debug)]
pub struct Frozen<'a> {
    /// The letter with its slots.
    pub letter: &'a str,
    /// Its subject, for lists of issues.
    pub subject: &'a str,
    /// What it is about, for the same.
    pub summary: &'a str,
}

impl EditionKey {
    /// What stands beside its posts, as the store writes it: a list, or two where there are
    /// popular posts.
    fn related_text(&self) -> String {
        // A `PostId` is written as its text.
        match self.popular.as_slice() {
            [] => serde_json::json!(self.related),
            popular => serde_json::json!([self.related, popular]),
        }
        .to_string()
    }
}

/// The related and the popular posts of an edition, as [`EditionKey`] writes them.
pub(super) fn beside(text: &str) -> (Vec<PostId>, Vec<PostId>) {
    let both = serde_json::from_str::<(Vec<PostId>, Vec<PostId>)>(text);
    both.unwrap_or_else(|_| (serde_json::from_str(text).unwrap_or_default(), Vec::new()))
}

impl Store {
    /// The issue of that name, created in the state *opening* where there is none.
    pub async fn open_issue(
        &self,
        newsletter: &str,
        name: &IssueName,
        planned: Timestamp,
    ) -> Result<Issue, Error> {
        sql("insert into issues (newsletter, name, state, planned_at) \
             values ($1, $2, 'opening', $3) on conflict (newsletter, name) do nothing")
        .bind(newsletter)
        .bind(name.to_string())
        .bind(planned)
        .run(self.writing())
        .await?;
        let found = self.issues_named(&name.to_string()).await?;
        let ours = found.into_iter().find(|issue| issue.newsletter == newsletter);
        ours.ok_or_else(|| self.error(sqlx::Error::RowNotFound))
    }

    /// The name of an issue.
    pub async fn issue_name(&self, issue: i64) -> Result<String, Error> {
        let read = sql("select name from issues where id = $1").bind(issue);
        let (name,) = read.one(self.reading()).await?;
        Ok(name)
    }

    /// The issues of that name, one a newsletter at most.
    pub async fn issues_named(&self, name: &str) -> Result<Vec<Issue>, Error> {
        self.issues_where(Some(name)).await
    }

    /// The names of a newsletter's issues that were called off.
    pub async fn cancelled_issues(&self, newsletter: &str) -> Result<Vec<String>, Error> {
        let read =
            sql("select name from issues where newsletter = $1 and cancelled_at is not null");
        read.bind(newsletter).column(self.reading()).await
    }

    /// The latest issues, newest first, at most `count`.
    pub async fn latest_issues(&self, count: usize) -> Result<Vec<Issue>, Error> {
        let mut issues = self.issues_where(None).await?;
        issues.truncate(count);
        Ok(issues)
    }

    async fn issues_where(&self, name: Option<&str>) -> Result<Vec<Issue>, Error> {
        let read = sql("select id, newsletter, name, \
             case when cancelled_at is null then state else 'cancelled' end, note from issues \
             where $1 is null or name = $1 order by planned_at desc, id desc limit 1000");
        let rows: Vec<(i64, String, String, String, Option<String>)> =
            read.bind(name).rows(self.reading()).await?;
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
        let read = sql("select id from editions \
             where issue_id = $1 and posts = $2 and related = $3 and language = $4");
        let read = read
            .bind(key.issue)
            .bind(set_text(key.posts.clone()))
            .bind(key.related_text())
            .bind(&key.language);
        let found: Option<(i64,)> = read.row(self.reading()).await?;
        Ok(found.map(|(id,)| id))
    }

    /// Freezes an edition: its letter never changes again. Returns its row number.
    pub async fn freeze_edition(
        &self,
        key: &EditionKey,
        frozen: Frozen<'_>,
        now: Timestamp,
    ) -> Result<i64, Error> {
        let said = self.words_of(&key.posts).await?;
        let write =
            sql("insert into editions (issue_id, posts, related, language, letter, created_at, \
             subject, summary, said) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
             on conflict (issue_id, posts, related, language) do update set posts = excluded.posts \
             returning id");
        let write = write
            .bind(key.issue)
            .bind(set_text(key.posts.clone()))
            .bind(key.related_text())
            .bind(&key.language)
            .bind(frozen.letter)
            .bind(now)
            .bind(frozen.subject)
            .bind(frozen.summary)
            .bind(said);
        let (id,) = write.one(self.writing()).await?;
        Ok(id)
    }

    /// Lets the deliveries of opened issues be leased: the last chunk of each is in. An issue
    /// that had been sent and has got new readers is sending again; a held one stays held.
    pub async fn release_opened(&self, now: Timestamp) -> Result<(), Error> {
        sql("update issues set state = 'sending', opened_at = coalesce(opened_at, $1), \
             sent_at = null where state = 'opening' or (state = 'sent' and exists ( \
               select 1 from deliveries d where d.issue_id = issues.id and d.state = 'ready'))")
        .bind(now)
        .run(self.writing())
        .await?;
        self.ring().await
    }

    /// Marks the issues that have no open delivery left as sent.
    pub async fn close_finished_issues(&self, now: Timestamp) -> Result<(), Error> {
        sql("update issues set state = 'sent', sent_at = $1 where state = 'sending' \
             and not exists (select 1 from deliveries d where d.issue_id = issues.id \
               and d.state in ('ready', 'leased', 'sending'))")
        .bind(now)
        .run(self.writing())
        .await?;
        Ok(())
    }

    /// Stops an issue; nothing of it is leased until it is released.
    pub async fn hold_issue(&self, issue: i64, why: &str) -> Result<(), Error> {
        sql("update issues set state = 'held', note = $2 \
             where id = $1 and state in ('opening', 'sending')")
        .bind(issue)
        .bind(why)
        .run(self.writing())
        .await?;
        Ok(())
    }

    /// Lets a held issue go on. Returns whether it was held. The days in which it was held are
    /// not counted for the lifetime of its deliveries.
    pub async fn release_issue(&self, issue: i64) -> Result<bool, Error> {
        let done = sql(
            "update issues set state = 'sending', note = null where id = $1 and state = 'held'",
        )
        .bind(issue)
        .run(self.writing())
        .await?;
        sql("update deliveries set tried_since = null \
             where issue_id = $1 and state = 'ready' and tried_since is not null and $2 = 1")
        .bind(issue)
        .bind(i64::try_from(done).unwrap_or(0))
        .run(self.writing())
        .await?;
        self.ring().await?;
        Ok(done == 1)
    }
}
