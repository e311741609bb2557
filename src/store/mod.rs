//! The store: the one memory. SQLite inside, one file, opened by [`Store::open`].
//!
//! It promises that a statement it reported as done survives a crash and a power cut (WAL with
//! `synchronous=FULL`), that a delivery moves only as `domain::delivery` allows (each update
//! names the state it expects), and that an address stands in `subscribers` only.
//!
//! It does not know what a letter, a feed or a page is: frozen letters are text to it. It never
//! asks what time it is, and no transaction of it waits for a network.
//!
//! One writing connection, several reading ones: SQLite has one writer anyway, and a queue in
//! front of it is fairer than its busy loop. Every writing transaction is `begin immediate`.
//!
//! Errors say which file, what happened and what to do: a damaged or foreign file, a full disk,
//! a folder that cannot be written, a lock held for too long.

pub mod audience;
pub mod deliveries;
pub mod issues;
pub mod posts;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    Executor as _, SqlSafeStr as _, SqlitePool,
    migrate::{Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{domain::token::Key, time::Timestamp};

/// The oldest SQLite without the WAL-reset corruption bug.
const SQLITE_FLOOR: [u32; 3] = [3, 51, 3];

/// How long a statement waits for a lock held by another process (a backup, say).
const BUSY: Duration = Duration::from_secs(30);

/// How many connections read at once.
const READERS: u32 = 4;

/// A ledger that cannot be used, or a statement that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is not a ledger of ours, or is damaged.
    #[error(
        "{path} is damaged or no ledger: {why}; nothing was changed. Put back a copy, or move the \
         file away to begin a new ledger (posts known then become its baseline)"
    )]
    Damaged {
        /// The file.
        path: String,
        /// What SQLite said.
        why: String,
    },
    /// The disk is full.
    #[error("{path} cannot grow, the disk is full: make room and run again; nothing was lost")]
    Full {
        /// The file.
        path: String,
    },
    /// The file or its folder cannot be opened or written.
    #[error("cannot open or write {path}: {why}; check the folder's owner and permissions")]
    Unwritable {
        /// The file.
        path: String,
        /// What the system said.
        why: String,
    },
    /// Another process kept the file locked.
    #[error("{path} was locked by another process for {} s; run again later", BUSY.as_secs())]
    Locked {
        /// The file.
        path: String,
    },
    /// Another kind of failure, in words of SQLite.
    #[error("the ledger {path} refused a statement: {why}")]
    Statement {
        /// The file.
        path: String,
        /// What SQLite said.
        why: String,
    },
}

/// A handle to the ledger; clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    path: PathBuf,
    writer: SqlitePool,
    readers: SqlitePool,
}

/// What a ledger is, apart from its contents.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The secret from which tokens, Message-IDs and boundaries are derived.
    pub key: Key,
    /// When it was created.
    pub created_at: Timestamp,
    /// When the posts that are nobody's were recorded; `None` before the first run.
    pub baseline_at: Option<Timestamp>,
}

impl Store {
    /// Opens the ledger at `path`, creates it where there is none, and brings its tables up to
    /// date. `secret` (32 random octets) is kept only by a ledger created now.
    pub async fn open(path: &Path, now: Timestamp, secret: [u8; 32]) -> Result<Self, Error> {
        let fail = |why: std::io::Error| Error::Unwritable {
            path: path.display().to_string(),
            why: why.to_string(),
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(fail)?;
        }
        let store = Self::connect(path, true).await?;
        let migrated = migrator().run(&store.writer).await;
        migrated.map_err(|error| store.migration_error(error))?;
        store.create_ledger(now, secret).await?;
        Ok(store)
    }

    /// Opens an existing ledger to look at it; `None` where there is none yet.
    pub async fn look(path: &Path) -> Result<Option<Self>, Error> {
        if !path.exists() {
            return Ok(None);
        }
        Self::connect(path, false).await.map(Some)
    }

    async fn connect(path: &Path, create: bool) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(create)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .pragma("secure_delete", "on");
        let pool = |connections| SqlitePoolOptions::new().max_connections(connections);
        let store = Self {
            path: path.to_owned(),
            writer: pool(1).connect_lazy_with(options.clone()),
            readers: pool(READERS).connect_lazy_with(options),
        };
        store.check_version().await?;
        Ok(store)
    }

    async fn check_version(&self) -> Result<(), Error> {
        let read = sqlx::query_scalar("select sqlite_version()").fetch_one(&self.writer).await;
        let version: String = read.map_err(|error| self.error(error))?;
        let numbers: Vec<u32> = version.split('.').filter_map(|n| n.parse().ok()).collect();
        if numbers.as_slice() < SQLITE_FLOOR.as_slice() {
            let why = format!("this build carries SQLite {version}, older than 3.51.3");
            return Err(Error::Statement { path: self.shown(), why });
        }
        Ok(())
    }

    async fn create_ledger(&self, now: Timestamp, secret: [u8; 32]) -> Result<(), Error> {
        let hex = |octets: &[u8]| octets.iter().map(|o| format!("{o:02x}")).collect::<String>();
        let secret = hex(&secret);
        let instance = Key::new(secret.clone().into_bytes()).derive("instance", &[]);
        let insert = sqlx::query(
            "insert into ledger (one, instance, secret, created_at) values (1, $1, $2, $3) \
             on conflict do nothing",
        );
        let done = insert.bind(instance).bind(secret).bind(now.micros()).execute(&self.writer);
        done.await.map_err(|error| self.error(error))?;
        Ok(())
    }

    /// What this ledger is.
    pub async fn ledger(&self) -> Result<Ledger, Error> {
        let read = sqlx::query_as("select secret, created_at, baseline_at from ledger");
        let row: (String, i64, Option<i64>) =
            read.fetch_one(&self.readers).await.map_err(|error| self.error(error))?;
        Ok(Ledger {
            key: Key::new(row.0.into_bytes()),
            created_at: Timestamp::from_micros(row.1),
            baseline_at: row.2.map(Timestamp::from_micros),
        })
    }

    /// Writes the log back into the file and closes every connection.
    pub async fn close(&self) {
        let checkpoint = self.writer.execute("pragma wal_checkpoint(truncate)").await;
        if let Err(error) = checkpoint {
            tracing::warn!(%error, "the ledger's log could not be folded back");
        }
        self.readers.close().await;
        self.writer.close().await;
    }

    async fn begin(&self) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>, Error> {
        self.writer.begin_with("begin immediate").await.map_err(|error| self.error(error))
    }

    async fn commit(&self, open: sqlx::Transaction<'static, sqlx::Sqlite>) -> Result<(), Error> {
        open.commit().await.map_err(|error| self.error(error))
    }

    fn shown(&self) -> String {
        self.path.display().to_string()
    }

    fn error(&self, error: sqlx::Error) -> Error {
        let path = self.shown();
        let why = match &error {
            sqlx::Error::Database(inner) => inner.message().to_owned(),
            other => other.to_string(),
        };
        match result_code(&error) {
            Some(11 | 24 | 26) => Error::Damaged { path, why },
            Some(13) => Error::Full { path },
            Some(8 | 10 | 14 | 3) => Error::Unwritable { path, why },
            Some(5 | 6) => Error::Locked { path },
            _ => Error::Statement { path, why },
        }
    }

    fn migration_error(&self, error: sqlx::migrate::MigrateError) -> Error {
        match error {
            sqlx::migrate::MigrateError::Execute(error) => self.error(error),
            other => Error::Damaged { path: self.shown(), why: other.to_string() },
        }
    }
}

/// SQLite's primary result code (sqlite.org/rescode.html): the low octet of the extended one.
fn result_code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?;
    code.parse::<i32>().ok().map(|code| code & 0xff)
}

fn migrator() -> Migrator {
    let ledger = Migration::new(
        1,
        "ledger".into(),
        MigrationType::Simple,
        include_str!("migrations/0001_ledger.sql").into_sql_str(),
        false,
    );
    Migrator::with_migrations(vec![ledger])
}

/// A set of row numbers as the store writes it: ascending, each once.
fn set_text(mut rows: Vec<i64>) -> String {
    rows.sort_unstable();
    rows.dedup();
    serde_json::Value::from(rows).to_string()
}

/// A set of row numbers as read from the store.
fn set_rows(text: &str) -> Vec<i64> {
    serde_json::from_str(text).unwrap_or_default()
}
