//! The store: the one memory. SQLite in a file, or PostgreSQL, opened by [`Store::open`].
//!
//! It promises that a statement it reported as done survives a crash and a power cut (SQLite: WAL
//! with `synchronous=FULL`; PostgreSQL: `synchronous_commit=on`), that a delivery moves only as
//! `domain::delivery` allows (each update names the state it expects), and that an address
//! stands in `subscribers` only.
//!
//! It does not know what a letter, a feed or a page is: frozen letters are text to it. It never
//! asks what time it is, and no transaction of it waits for a network but the database's own.
//!
//! Each statement has one text for both databases ([`statement`], [`dialect`]). On SQLite one
//! connection writes and several read: SQLite has one writer anyway, and a queue in front of it
//! is fairer than its busy loop. On PostgreSQL any number of processes share the ledger.
//!
//! Errors ([`Error`]) say which ledger, what happened and what to do.

pub mod accounts;
pub mod answers;
pub mod archive;
pub mod audience;
pub mod bell;
pub mod canary;
pub mod choices;
pub mod days;
pub mod deliveries;
mod dialect;
mod error;
pub mod instance;
pub mod issues;
pub mod location;
mod opening;
pub mod pings;
pub mod posts;
mod record;
pub mod related;
pub mod revisions;
mod schema;
pub mod scratch;
pub mod signals;
mod statement;
pub mod terms;
#[cfg(test)]
mod tests;
pub mod upkeep;
pub mod verify;

use std::{path::Path, time::Duration};

use sqlx::{
    Connection as _, Executor as _,
    postgres::{PgConnectOptions, PgConnection, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

pub use error::Error;
use location::Location;
use statement::{Database, sql};

use crate::{domain::token::Key, time::Timestamp};

/// The oldest SQLite without the WAL-reset corruption bug.
const SQLITE_FLOOR: [u32; 3] = [3, 51, 3];

/// How long a statement waits for a lock held by another process (a backup, say), or for a
/// server that is being restarted.
const BUSY: Duration = Duration::from_secs(30);

/// How many connections read at once.
const READERS: u32 = 4;

/// How many connections to a server one process has at most.
const SESSIONS: u32 = 8;

/// A handle to the ledger; clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    location: Location,
    database: Database,
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
    /// When the operator last took it over from a copy.
    pub adopted_at: Option<Timestamp>,
}

impl Store {
    /// Opens the ledger at `location`, creates it where there is none, and brings its tables up
    /// to date. `secret` (32 random octets) is kept only by a ledger created now.
    pub async fn open(
        location: impl Into<Location>,
        now: Timestamp,
        secret: [u8; 32],
    ) -> Result<Self, Error> {
        let location = location.into();
        if let Location::File(path) = &location {
            make_folder(path)?;
            make_private(path)?;
        }
        let store = Self::connect(location, true).await?;
        store.migrate().await?;
        store.create_ledger(now, secret).await?;
        Ok(store)
    }

    /// Opens an existing ledger to look at it; `None` where there is none yet.
    pub async fn look(location: impl Into<Location>) -> Result<Option<Self>, Error> {
        let location = location.into();
        // An empty file is no ledger, and is not made one by a look.
        let is_there = |path: &Path| path.metadata().is_ok_and(|found| found.len() > 0);
        if matches!(&location, Location::File(path) if !is_there(path)) {
            return Ok(None);
        }
        let store = Self::connect(location, false).await?;
        if !store.has_tables().await? {
            return Ok(None);
        }
        store.migrate().await?;
        Ok(Some(store))
    }

    async fn connect(location: Location, create: bool) -> Result<Self, Error> {
        let database = match &location {
            Location::File(path) => sqlite(path, create),
            Location::Server(server) => postgres(&server.options),
        };
        let store = Self { location, database };
        match &store.location {
            Location::File(_) => store.check_version().await?,
            Location::Server(server) => store.knock(&server.options).await?,
        }
        Ok(store)
    }

    /// One connection straight away: a pool would try again until its time is over, and then not
    /// say why.
    async fn knock(&self, options: &PgConnectOptions) -> Result<(), Error> {
        let door = PgConnection::connect_with(options).await.map_err(|error| self.error(error))?;
        door.close().await.map_err(|error| self.error(error))
    }

    async fn check_version(&self) -> Result<(), Error> {
        let (version,): (String,) = sql("select sqlite_version()").one(self.writing()).await?;
        let numbers: Vec<u32> = version.split('.').filter_map(|n| n.parse().ok()).collect();
        if numbers.as_slice() < SQLITE_FLOOR.as_slice() {
            let why = format!("this build carries SQLite {version}, older than 3.51.3");
            return Err(Error::Statement { path: self.shown(), why });
        }
        Ok(())
    }

    /// On a file, a file that is there is enough: it may be damaged, which is to be said.
    async fn has_tables(&self) -> Result<bool, Error> {
        if matches!(self.database, Database::Sqlite { .. }) {
            return Ok(true);
        }
        let (found,) = sql("select to_regclass('ledger') is not null").one(self.reading()).await?;
        Ok(found)
    }

    async fn create_ledger(&self, now: Timestamp, secret: [u8; 32]) -> Result<(), Error> {
        let secret = hex(&secret);
        let instance = Key::new(secret.clone().into_bytes()).derive("instance", &[]);
        sql("insert into ledger (one, instance, secret, created_at) values (1, $1, $2, $3) \
             on conflict do nothing")
        .bind(instance)
        .bind(secret)
        .bind(now)
        .run(self.writing())
        .await?;
        Ok(())
    }

    /// What this ledger is.
    pub async fn ledger(&self) -> Result<Ledger, Error> {
        let read = sql("select secret, created_at, baseline_at, adopted_at from ledger");
        let row: (String, i64, Option<i64>, Option<i64>) = read.one(self.reading()).await?;
        Ok(Ledger {
            key: Key::new(row.0.into_bytes()),
            created_at: Timestamp::from_micros(row.1),
            baseline_at: row.2.map(Timestamp::from_micros),
            adopted_at: row.3.map(Timestamp::from_micros),
        })
    }

    /// Whether other processes may work on this ledger at the same time.
    pub const fn is_shared(&self) -> bool {
        matches!(self.database, Database::Postgres(_))
    }

    /// Closes every connection; a file's log is written back into it first.
    pub async fn close(&self) {
        match &self.database {
            Database::Postgres(pool) => pool.close().await,
            Database::Sqlite { writer, readers } => {
                if let Err(error) = writer.execute("pragma wal_checkpoint(truncate)").await {
                    tracing::warn!(%error, "the ledger's log could not be folded back");
                }
                readers.close().await;
                writer.close().await;
            }
        }
    }

    fn shown(&self) -> String {
        self.location.to_string()
    }
}

fn make_folder(path: &Path) -> Result<(), Error> {
    let Some(folder) = path.parent() else { return Ok(()) };
    std::fs::create_dir_all(folder)
        .map_err(|why| Error::Unwritable { path: path.display().to_string(), why: why.to_string() })
}

/// Makes the file before SQLite does, for its owner only: it holds addresses and the secret. What
/// SQLite puts beside it takes over its mode.
fn make_private(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::OpenOptionsExt as _;
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(why) if why.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(Error::Unwritable { path: path.display().to_string(), why: why.to_string() })
        }
        _ => Ok(()),
    }
}

fn sqlite(path: &Path, create: bool) -> Database {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(create)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .pragma("secure_delete", "on");
    let pool = |connections| SqlitePoolOptions::new().max_connections(connections);
    Database::Sqlite {
        writer: pool(1).connect_lazy_with(options.clone()),
        readers: pool(READERS).connect_lazy_with(options),
    }
}

/// Durable commits whatever the server's default is, and no transaction that its process forgot.
fn postgres(options: &PgConnectOptions) -> Database {
    let session = [("synchronous_commit", "on"), ("idle_in_transaction_session_timeout", "60s")];
    let options = options.clone().application_name("postrider").options(session);
    let pool = PgPoolOptions::new().max_connections(SESSIONS).acquire_timeout(BUSY);
    Database::Postgres(pool.connect_lazy_with(options))
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
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
