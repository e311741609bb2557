//! Choices of readers, and the planned times that were acted upon for them.
//!
//! Equal choices are one row. A change of topics is kept until planning has looked at it, since
//! only planning knows the posts: [`Store::pass_over`] then writes down what the change is too
//! late for, as if the reader had had it.

use super::{
    Error, Store,
    record::intern,
    set_rows,
    statement::{Open, sql, whole},
};
use crate::{
    domain::{choice::Choice, subscriber::Cadence},
    time::Timestamp,
};

/// How long planned times that were acted upon are kept beside later ones: as long as a clock may
/// have been wrong.
const KEPT: std::time::Duration = std::time::Duration::from_secs(62 * 86_400);

/// The most changes that planning looks at together.
const CHANGES: i64 = 5_000;

/// A choice on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Row number.
    pub id: i64,
    /// What was chosen.
    pub choice: Choice,
    /// When somebody chose so for the first time.
    pub made: Timestamp,
}

/// A change of topics that planning has not yet looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Row number.
    pub id: i64,
    /// Whose.
    pub subscription: i64,
    /// When.
    pub at: Timestamp,
    /// What had been chosen.
    pub before: Choice,
    /// What was chosen instead.
    pub after: Choice,
}

impl Store {
    /// All choices, in the order in which they were made.
    pub async fn choices(&self) -> Result<Vec<Chosen>, Error> {
        let read = sql("select id, choice, made_at from choices order by id");
        let rows: Vec<(i64, String, i64)> = read.rows(self.reading()).await?;
        let chosen = rows.into_iter().map(|(id, text, made)| Chosen {
            id,
            choice: Choice::from_text(&text),
            made: Timestamp::from_micros(made),
        });
        Ok(chosen.collect())
    }

    /// Changes what a reader chose; what the reader has had stays so.
    pub async fn choose(
        &self,
        subscription: i64,
        choice: &Choice,
        now: Timestamp,
    ) -> Result<(), Error> {
        whole!(self.choose_once(subscription, choice, now))
    }

    async fn choose_once(
        &self,
        subscription: i64,
        choice: &Choice,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut open = self.begin().await?;
        let read =
            sql("select c.choice from subscriptions s join choices c on c.id = s.choice_id \
             where s.id = $1 {locked s}");
        let before: Option<(String,)> = read.bind(subscription).row(open.at()).await?;
        let Some((before,)) = before else { return Ok(()) };
        let after = choice.text();
        if Choice::from_text(&before).topics != choice.topics {
            note_change(&mut open, subscription, (&before, &after), now).await?;
        }
        let write = sql("insert into choices (choice, made_at) values ($1, $2) \
             on conflict (choice) do update set choice = excluded.choice returning id");
        let (id,): (i64,) = write.bind(&after).bind(now).one(open.at()).await?;
        let write = sql("update subscriptions set choice_id = $2 where id = $1");
        write.bind(subscription).bind(id).run(open.at()).await?;
        open.commit().await
    }

    /// Changes of topics that planning has not yet looked at, oldest first, some at a time.
    pub async fn changes(&self) -> Result<Vec<Change>, Error> {
        let read = sql("select id, subscription_id, changed_at, before, after from changes \
             order by id limit $1");
        let rows: Vec<(i64, i64, i64, String, String)> =
            read.bind(CHANGES).rows(self.reading()).await?;
        let changes = rows.into_iter().map(|(id, subscription, at, before, after)| Change {
            id,
            subscription,
            at: Timestamp::from_micros(at),
            before: Choice::from_text(&before),
            after: Choice::from_text(&after),
        });
        Ok(changes.collect())
    }

    /// Puts the posts that each change is too late for into its reader's history, and forgets
    /// the changes.
    pub async fn pass_over(&self, changes: &[(Change, Vec<i64>)]) -> Result<(), Error> {
        whole!(self.pass_over_once(changes))
    }

    async fn pass_over_once(&self, changes: &[(Change, Vec<i64>)]) -> Result<(), Error> {
        let mut open = self.begin().await?;
        for (change, rows) in changes {
            let forget = sql("delete from changes where id = $1").bind(change.id);
            if forget.run(open.at()).await? == 1 && !rows.is_empty() {
                add_to_history(&mut open, change.subscription, rows).await?;
            }
        }
        open.commit().await
    }

    /// Notes that a planned time has been acted upon for readers of a choice.
    pub async fn take_wave(
        &self,
        (newsletter, cadence, choice): (&str, Cadence, i64),
        (planned, now): (Timestamp, Timestamp),
    ) -> Result<(), Error> {
        sql("insert into waves (newsletter, cadence, choice_id, planned_at, taken_at) \
             values ($1, $2, $3, $4, $5) on conflict do nothing")
        .bind(newsletter)
        .bind(cadence.as_str())
        .bind(choice)
        .bind(planned)
        .bind(now)
        .run(self.writing())
        .await?;
        sql("delete from waves where newsletter = $1 and cadence = $2 and choice_id = $3 \
             and planned_at < $4")
        .bind(newsletter)
        .bind(cadence.as_str())
        .bind(choice)
        .bind(planned.minus(KEPT))
        .run(self.writing())
        .await?;
        Ok(())
    }

    /// The planned times that were acted upon, by choice, ascending: those of the last two months
    /// and the last of each choice.
    pub async fn waves(
        &self,
        newsletter: &str,
        cadence: Cadence,
    ) -> Result<Vec<(i64, Timestamp)>, Error> {
        let read = sql("select choice_id, planned_at from waves \
             where newsletter = $1 and cadence = $2 order by choice_id, planned_at");
        let read = read.bind(newsletter).bind(cadence.as_str());
        let rows: Vec<(i64, i64)> = read.rows(self.reading()).await?;
        Ok(rows.into_iter().map(|(id, at)| (id, Timestamp::from_micros(at))).collect())
    }
}

async fn note_change(
    open: &mut Open,
    subscription: i64,
    (before, after): (&str, &str),
    now: Timestamp,
) -> Result<(), Error> {
    sql("insert into changes (subscription_id, changed_at, before, after) \
         values ($1, $2, $3, $4)")
    .bind(subscription)
    .bind(now)
    .bind(before)
    .bind(after)
    .run(open.at())
    .await?;
    Ok(())
}

async fn add_to_history(open: &mut Open, subscription: i64, rows: &[i64]) -> Result<(), Error> {
    let read = sql("select h.posts from subscriptions s join histories h on h.id = s.history_id \
         where s.id = $1 {locked s}");
    let (had,): (String,) = read.bind(subscription).one(open.at()).await?;
    let had = set_rows(&had).into_iter().chain(rows.iter().copied()).collect();
    let history = intern(open, had).await?;
    let write = sql("update subscriptions set history_id = $2 where id = $1");
    write.bind(subscription).bind(history).run(open.at()).await?;
    Ok(())
}
