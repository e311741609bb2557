//! The archive: which issues there are to be read on the web, and what each is about.

use super::{Error, Store, statement::sql};
use crate::time::Timestamp;

/// An edition that stands for its issue in the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archived {
    /// The edition's row number.
    pub edition: i64,
    /// Its latest revision.
    pub revision: i64,
    /// The newsletter's id.
    pub newsletter: String,
    /// The issue's name.
    pub issue: String,
    /// `opening`, `sending`, `held` or `sent`.
    pub state: String,
    /// BCP 47 tag.
    pub language: String,
    /// Its subject, where that is known.
    pub subject: Option<String>,
    /// What it is about, where that is known.
    pub summary: Option<String>,
    /// When it was frozen.
    pub frozen_at: Timestamp,
}

type Row = (i64, i64, String, String, String, String, Option<String>, Option<String>, i64, String);

impl Store {
    /// For each issue and language the edition with the most posts, the newest issue first.
    pub async fn archive(&self) -> Result<Vec<Archived>, Error> {
        let read = sql("select e.id, e.revision, i.newsletter, i.name, i.state, e.language, \
             e.subject, e.summary, e.created_at, e.posts \
             from editions e join issues i on i.id = e.issue_id where i.cancelled_at is null \
             order by i.planned_at desc, i.id desc, e.language, e.id");
        let rows: Vec<Row> = read.rows(self.reading()).await?;
        let groups = rows.chunk_by(|a, b| (&a.2, &a.3, &a.5) == (&b.2, &b.3, &b.5));
        // Of several with as many posts, the first one: `max_by_key` would give the last.
        let fullest = groups
            .filter_map(|group| group.iter().rev().max_by_key(|row| row.9.matches(',').count()));
        Ok(fullest.cloned().map(Archived::from).collect())
    }
}

impl From<Row> for Archived {
    fn from(row: Row) -> Self {
        let (edition, revision, newsletter, issue, state, language, subject, summary, frozen, _) =
            row;
        let frozen_at = Timestamp::from_micros(frozen);
        Self { edition, revision, newsletter, issue, state, language, subject, summary, frozen_at }
    }
}
