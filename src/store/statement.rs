//! Statements: one text and its values, run on whichever database the ledger is in.
//!
//! It promises that a statement is the same for both databases but for the words of
//! [`Dialect`]; the two arms stand here, in one macro, and nowhere else. A statement that
//! PostgreSQL rolled back for a deadlock is run again; nothing that may have been done is.
//!
//! A transaction begins and commits in a task of its own, since a future dropped in the middle
//! of `begin` would leave an open transaction on a connection that others use (launchbadge/sqlx
//! issue 4385). Dropping [`Open`] rolls back.

use std::borrow::Cow;

use sqlx::{
    AssertSqlSafe, FromRow, PgPool, SqlitePool,
    postgres::{PgArguments, PgRow},
    query_as_with, query_with,
    sqlite::{SqliteArguments, SqliteRow},
};

use super::{Error, Store, dialect::Dialect, error};
use crate::time::Timestamp;

/// How often a statement that was rolled back for a deadlock is run again.
pub(super) const TRIES: usize = 5;

/// A whole transaction, done again when PostgreSQL rolled it back for a deadlock.
macro_rules! whole {
    ($work:expr) => {{
        let mut tries = 1;
        loop {
            match $work.await {
                Err(Error::Busy { .. }) if tries < $crate::store::statement::TRIES => tries += 1,
                done => break done,
            }
        }
    }};
}
pub(super) use whole;

/// What both databases can read a row into.
pub(super) trait Row:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{}

/// The two databases.
#[derive(Clone, Debug)]
pub(super) enum Database {
    /// One writer, several readers.
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    /// One pool for both.
    Postgres(PgPool),
}

impl Database {
    pub(super) const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite { .. } => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }
}

/// A value to bind.
#[derive(Clone, Debug)]
pub(super) enum Value<'q> {
    Number(Option<i64>),
    Real(f64),
    Text(Option<Cow<'q, str>>),
    Numbers(Cow<'q, [i64]>),
}

macro_rules! values {
    ($($from:ty, $value:ident => $to:expr;)*) => {
        $(impl<'q> From<$from> for Value<'q> {
            fn from($value: $from) -> Self {
                $to
            }
        })*
    };
}

values! {
    i64, value => Self::Number(Some(value));
    u32, value => Self::Number(Some(value.into()));
    f64, value => Self::Real(value);
    Option<i64>, value => Self::Number(value);
    Timestamp, value => Self::Number(Some(value.micros()));
    Option<Timestamp>, value => Self::Number(value.map(Timestamp::micros));
    &'q str, value => Self::Text(Some(value.into()));
    &'q String, value => Self::Text(Some(value.as_str().into()));
    String, value => Self::Text(Some(value.into()));
    Option<&'q str>, value => Self::Text(value.map(Into::into));
    Option<String>, value => Self::Text(value.map(Into::into));
    &'q [i64], value => Self::Numbers(value.into());
    Vec<i64>, value => Self::Numbers(value.into());
}

/// A statement with its values.
#[derive(Clone, Debug)]
pub(super) struct Statement<'q> {
    text: &'static str,
    values: Vec<Value<'q>>,
}

/// The statement of that text.
pub(super) const fn sql<'q>(text: &'static str) -> Statement<'q> {
    Statement { text, values: Vec::new() }
}

/// Where a statement runs.
pub(super) struct At<'a> {
    store: &'a Store,
    place: Place<'a>,
}

enum Place<'a> {
    Sqlite(&'a SqlitePool),
    SqliteOpen(&'a mut sqlx::SqliteConnection),
    Postgres(&'a PgPool),
    PostgresOpen(&'a mut sqlx::PgConnection),
}

/// The two arms, each for a pool and for an open transaction.
macro_rules! run {
    ($at:ident, $statement:ident, $query:ident.$run:ident) => {
        match &mut $at.place {
            Place::Sqlite(pool) => {
                let text = AssertSqlSafe(Dialect::Sqlite.text($statement.text));
                $query(text, sqlite(&$statement.values)).$run(*pool).await.map(Into::into)
            }
            Place::SqliteOpen(open) => {
                let text = AssertSqlSafe(Dialect::Sqlite.text($statement.text));
                $query(text, sqlite(&$statement.values)).$run(&mut **open).await.map(Into::into)
            }
            Place::Postgres(pool) => {
                let text = AssertSqlSafe(Dialect::Postgres.text($statement.text));
                $query(text, postgres(&$statement.values)).$run(*pool).await.map(Into::into)
            }
            Place::PostgresOpen(open) => {
                let text = AssertSqlSafe(Dialect::Postgres.text($statement.text));
                $query(text, postgres(&$statement.values)).$run(&mut **open).await.map(Into::into)
            }
        }
    };
}

/// How many rows a statement touched.
struct Touched(u64);

impl From<sqlx::sqlite::SqliteQueryResult> for Touched {
    fn from(done: sqlx::sqlite::SqliteQueryResult) -> Self {
        Self(done.rows_affected())
    }
}

impl From<sqlx::postgres::PgQueryResult> for Touched {
    fn from(done: sqlx::postgres::PgQueryResult) -> Self {
        Self(done.rows_affected())
    }
}

impl<'q> Statement<'q> {
    /// Binds the next value.
    pub(super) fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
        self.values.push(value.into());
        self
    }

    /// All rows.
    pub(super) async fn rows<R: Row>(self, mut at: At<'_>) -> Result<Vec<R>, Error> {
        let mut tries = 0;
        loop {
            let done: Result<Vec<R>, sqlx::Error> = run!(at, self, query_as_with.fetch_all);
            match done {
                Err(error) if at.may_try_again(&error, &mut tries) => {}
                done => return done.map_err(|error| at.store.error(error)),
            }
        }
    }

    /// The first row, if there is one.
    pub(super) async fn row<R: Row>(self, at: At<'_>) -> Result<Option<R>, Error> {
        Ok(self.rows(at).await?.into_iter().next())
    }

    /// The first row of a statement that always has one.
    pub(super) async fn one<R: Row>(self, at: At<'_>) -> Result<R, Error> {
        let store = at.store;
        self.row(at).await?.ok_or_else(|| store.error(sqlx::Error::RowNotFound))
    }

    /// Only column of all rows.
    pub(super) async fn column<T>(self, at: At<'_>) -> Result<Vec<T>, Error>
    where
        (T,): Row,
    {
        Ok(self.rows::<(T,)>(at).await?.into_iter().map(|(value,)| value).collect())
    }

    /// Runs it and tells how many rows it touched.
    pub(super) async fn run(self, mut at: At<'_>) -> Result<u64, Error> {
        let mut tries = 0;
        loop {
            let done: Result<Touched, sqlx::Error> = run!(at, self, query_with.execute);
            match done {
                Err(error) if at.may_try_again(&error, &mut tries) => {}
                done => return done.map(|t| t.0).map_err(|error| at.store.error(error)),
            }
        }
    }
}

impl At<'_> {
    /// Only outside a transaction: within one, all of it was rolled back.
    fn may_try_again(&self, error: &sqlx::Error, tries: &mut usize) -> bool {
        *tries += 1;
        *tries < TRIES && matches!(self.place, Place::Postgres(_)) && error::was_rolled_back(error)
    }
}

fn sqlite(values: &[Value<'_>]) -> SqliteArguments {
    let mut arguments = SqliteArguments::default();
    for value in values {
        let added = match value {
            Value::Number(number) => sqlx::Arguments::add(&mut arguments, *number),
            Value::Real(number) => sqlx::Arguments::add(&mut arguments, *number),
            Value::Text(text) => {
                sqlx::Arguments::add(&mut arguments, text.as_deref().map(str::to_owned))
            }
            Value::Numbers(numbers) => sqlx::Arguments::add(&mut arguments, list(numbers)),
        };
        debug_assert!(added.is_ok(), "numbers and texts can always be bound");
    }
    arguments
}

/// PostgreSQL's texts hold any character but NUL.
fn postgres(values: &[Value<'_>]) -> PgArguments {
    let mut arguments = PgArguments::default();
    for value in values {
        let added = match value {
            Value::Number(number) => sqlx::Arguments::add(&mut arguments, *number),
            Value::Real(number) => sqlx::Arguments::add(&mut arguments, *number),
            Value::Text(Some(text)) if text.contains('\0') => {
                sqlx::Arguments::add(&mut arguments, text.replace('\0', "\u{fffd}"))
            }
            Value::Text(text) => sqlx::Arguments::add(&mut arguments, text.as_deref()),
            Value::Numbers(numbers) => sqlx::Arguments::add(&mut arguments, numbers.as_ref()),
        };
        debug_assert!(added.is_ok(), "numbers and texts can always be bound");
    }
    arguments
}

fn list(numbers: &[i64]) -> String {
    serde_json::Value::from(numbers).to_string()
}

/// An open transaction that writes; dropped, it is as if it had never been.
pub(super) struct Open {
    store: Store,
    inner: Inner,
}

enum Inner {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl Open {
    /// Where a statement of this transaction runs.
    pub(super) fn at(&mut self) -> At<'_> {
        let place = match &mut self.inner {
            Inner::Sqlite(open) => Place::SqliteOpen(open),
            Inner::Postgres(open) => Place::PostgresOpen(open),
        };
        At { store: &self.store, place }
    }

    /// Makes it last.
    pub(super) async fn commit(self) -> Result<(), Error> {
        let Self { store, inner } = self;
        let done = tokio::spawn(async move {
            match inner {
                Inner::Sqlite(open) => open.commit().await,
                Inner::Postgres(open) => open.commit().await,
            }
        });
        finished(&store, done.await)
    }
}

fn finished<T>(
    store: &Store,
    done: Result<Result<T, sqlx::Error>, tokio::task::JoinError>,
) -> Result<T, Error> {
    let done = done.unwrap_or_else(|error| Err(sqlx::Error::Io(std::io::Error::other(error))));
    done.map_err(|error| store.error(error))
}

impl Store {
    /// Where statements that only read run.
    pub(super) const fn reading(&self) -> At<'_> {
        let place = match &self.database {
            Database::Sqlite { readers, .. } => Place::Sqlite(readers),
            Database::Postgres(pool) => Place::Postgres(pool),
        };
        At { store: self, place }
    }

    /// Where single statements that write run, and reads that must see them.
    pub(super) const fn writing(&self) -> At<'_> {
        let place = match &self.database {
            Database::Sqlite { writer, .. } => Place::Sqlite(writer),
            Database::Postgres(pool) => Place::Postgres(pool),
        };
        At { store: self, place }
    }

    /// Begins a transaction that writes.
    pub(super) async fn begin(&self) -> Result<Open, Error> {
        let database = self.database.clone();
        let begun = tokio::spawn(async move {
            let begin = database.dialect().begin();
            Ok(match database {
                Database::Sqlite { writer, .. } => Inner::Sqlite(writer.begin_with(begin).await?),
                Database::Postgres(pool) => Inner::Postgres(pool.begin_with(begin).await?),
            })
        });
        let inner = finished(self, begun.await)?;
        Ok(Open { store: self.clone(), inner })
    }
}
