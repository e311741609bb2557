//! Revisions: a correction of a post makes the letters that carry it anew, for readers of whom none
//! was begun to be sent.
//!
//! It promises that a letter which may have reached a server keeps its octets for ever: whoever
//! was tried, or is in a worker's hands, stays with the revision of that moment.

use super::{
    Error, Store,
    issues::{Frozen, beside},
    set_rows, set_text,
    statement::{sql, whole},
};
use crate::{domain::post::PostId, time::Timestamp};

/// An edition of which letters wait that nobody has begun to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Row number.
    pub edition: i64,
    /// Its issue's name.
    pub issue: String,
    /// The newsletter's id.
    pub newsletter: String,
    /// When the issue was planned for.
    pub planned: Timestamp,
    /// Row numbers of its posts.
    pub posts: Vec<i64>,
    /// Identities of its related posts, in order.
    pub related: Vec<PostId>,
    /// Identities of the popular posts beside them, in order.
    pub popular: Vec<PostId>,
    /// BCP 47 tag.
    pub language: String,
    /// What its posts said when it was rendered.
    pub said: String,
}

impl Store {
    /// The editions of which letters wait that nobody has begun to send.
    pub async fn waiting_editions(&self) -> Result<Vec<Waiting>, Error> {
        type Row = (i64, String, String, i64, String, String, String, String);
        let read = sql("select e.id, i.name, i.newsletter, i.planned_at, e.posts, e.related, \
             e.language, e.said from editions e join issues i on i.id = e.issue_id \
             where i.state in ('opening', 'sending', 'held') and e.said is not null \
             and exists (select 1 from deliveries d where d.issue_id = i.id \
               and d.state = 'ready' and d.edition_id = e.id and d.first_intent_at is null) \
             order by e.id");
        let rows: Vec<Row> = read.rows(self.reading()).await?;
        let waiting = rows.into_iter().map(|row| {
            let (related, popular) = beside(&row.5);
            Waiting {
                edition: row.0,
                issue: row.1,
                newsletter: row.2,
                planned: Timestamp::from_micros(row.3),
                posts: set_rows(&row.4),
                related,
                popular,
                language: row.6,
                said: row.7,
            }
        });
        Ok(waiting.collect())
    }

    /// What posts say, in few words: as long as these are the same, so are they.
    pub async fn words_of(&self, posts: &[i64]) -> Result<String, Error> {
        let read = sql("select id, title, body_hash from posts \
             where id in (select value from {numbers $1} as asked) order by id");
        let rows: Vec<(i64, String, String)> = read.bind(posts).rows(self.reading()).await?;
        Ok(serde_json::to_string(&rows).unwrap_or_default())
    }

    /// Puts a new letter in the place of an edition's, for all whose letter nobody has begun to
    /// send.
    pub async fn revise(&self, edition: i64, frozen: Frozen<'_>, said: &str) -> Result<(), Error> {
        whole!(self.revise_once(edition, frozen, said))
    }

    async fn revise_once(&self, edition: i64, frozen: Frozen<'_>, said: &str) -> Result<(), Error> {
        let mut open = self.begin().await?;
        sql("insert into revisions (edition_id, number, letter) \
             select id, revision, letter from editions where id = $1")
        .bind(edition)
        .run(open.at())
        .await?;
        sql("update deliveries set revision = e.revision from editions e \
             where e.id = $1 and deliveries.edition_id = e.id and deliveries.revision is null \
             and (deliveries.state <> 'ready' or deliveries.first_intent_at is not null)")
        .bind(edition)
        .run(open.at())
        .await?;
        sql("update editions set letter = $2, said = $3, subject = $4, summary = $5, \
             revision = revision + 1 where id = $1")
        .bind(edition)
        .bind(frozen.letter)
        .bind(said)
        .bind(frozen.subject)
        .bind(frozen.summary)
        .run(open.at())
        .await?;
        open.commit().await
    }

    /// The frozen letter of an edition, in one of its revisions.
    pub async fn letter(&self, edition: i64, revision: i64) -> Result<String, Error> {
        let read = sql("select letter from editions where id = $1 and revision = $2 \
             union all select letter from revisions where edition_id = $1 and number = $2");
        let (letter,) = read.bind(edition).bind(revision).one(self.reading()).await?;
        Ok(letter)
    }

    /// Calls an issue off: none of its letters that wait is sent. Their posts are owed again, and
    /// join the next digest. Returns how many letters these were; `None`: it was sent, or has
    /// been called off before.
    pub async fn cancel_issue(&self, issue: i64, now: Timestamp) -> Result<Option<u64>, Error> {
        whole!(self.cancel_once(issue, now))
    }

    async fn cancel_once(&self, issue: i64, now: Timestamp) -> Result<Option<u64>, Error> {
        let mut open = self.begin().await?;
        let end = sql("update issues set state = 'sent', cancelled_at = $2, sent_at = $2, \
             note = null where id = $1 and cancelled_at is null and state <> 'sent'");
        if end.bind(issue).bind(now).run(open.at()).await? == 0 {
            return Ok(None);
        }
        let cancel = sql("update deliveries set state = 'cancelled', settled_at = $2, \
             reply = 'called off by the operator', lease_owner = null, lease_until = null \
             where issue_id = $1 and state in ('ready', 'leased')");
        let cancelled = cancel.bind(issue).bind(now).run(open.at()).await?;
        let read = sql("select distinct s.history_id, h.posts, d.edition_id, e.posts \
             from deliveries d join editions e on e.id = d.edition_id \
             join subscriptions s on s.id = d.subscription_id \
             join histories h on h.id = s.history_id \
             where d.issue_id = $1 and d.state = 'cancelled'");
        let groups: Vec<(i64, String, i64, String)> = read.bind(issue).rows(open.at()).await?;
        for (history, had, edition, carried) in groups {
            let carried = set_rows(&carried);
            let left: Vec<i64> =
                set_rows(&had).into_iter().filter(|row| !carried.contains(row)).collect();
            let write = sql("insert into histories (posts) values ($1) \
                 on conflict (posts) do update set posts = excluded.posts returning id");
            let (left,): (i64,) = write.bind(set_text(left)).one(open.at()).await?;
            let give_back = sql("update subscriptions set history_id = $1 where history_id = $2 \
                 and id in (select subscription_id from deliveries where issue_id = $3 \
                   and edition_id = $4 and state = 'cancelled')");
            give_back.bind(left).bind(history).bind(issue).bind(edition).run(open.at()).await?;
        }
        open.commit().await?;
        Ok(Some(cancelled))
    }
}
