//! What can go wrong with a ledger, in sentences that say which, what happened and what to do.
//!
//! [`Store::error`] reads the codes of both databases: SQLite's primary result codes
//! (sqlite.org/rescode.html) and PostgreSQL's SQLSTATE (its manual, appendix A). A password is
//! never part of a message: places are shown by [`super::location::Location`].

use super::{BUSY, Store, statement::Database};

/// A ledger that cannot be used, or a statement that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is not a ledger of ours, or is damaged.
    #[error(
        "{path} is damaged or no ledger: {why}; nothing was changed. Put back a copy; where there \
         is none, move the file away and begin anew: postrider ledger new"
    )]
    Damaged {
        /// The file or server.
        path: String,
        /// What the database said.
        why: String,
    },
    /// The disk is full.
    #[error("{path} cannot grow, the disk is full: make room and run again; nothing was lost")]
    Full {
        /// The file or server.
        path: String,
    },
    /// The file or its folder, or the database, cannot be opened or written.
    #[error("cannot open or write {path}: {why}; check the folder's owner and permissions")]
    Unwritable {
        /// The file or server.
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
    /// The server cannot be reached, or went away in the middle.
    #[error("the ledger's server {path} cannot be reached: {why}; run again when it is back")]
    Away {
        /// The server.
        path: String,
        /// What the system or the server said.
        why: String,
    },
    /// The server does not let us in.
    #[error(
        "the ledger's server {path} refused the login: {why}; check ledger.url and the password \
         file, and that the role may use the database"
    )]
    Refused {
        /// The server.
        path: String,
        /// What the server said.
        why: String,
    },
    /// Others held what was needed, again and again. Nothing was changed.
    #[error("{path} was busy with others' transactions: {why}; run again")]
    Busy {
        /// The server.
        path: String,
        /// What the server said.
        why: String,
    },
    /// Another kind of failure, in words of the database.
    #[error("the ledger {path} refused a statement: {why}")]
    Statement {
        /// The file or server.
        path: String,
        /// What the database said.
        why: String,
    },
}

impl Error {
    /// Whether the same may well succeed in a while, with nothing mended.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Locked { .. } | Self::Away { .. } | Self::Busy { .. })
    }
}

/// Whether the database undid the whole transaction to let another one pass.
pub(super) fn was_rolled_back(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("40001" | "40P01"))
}

impl Store {
    pub(super) fn error(&self, error: sqlx::Error) -> Error {
        let why = match &error {
            sqlx::Error::Database(inner) => inner.message().to_owned(),
            sqlx::Error::PoolTimedOut => {
                format!("no connection within {} s", BUSY.as_secs())
            }
            other => other.to_string(),
        };
        match &self.database {
            Database::Sqlite { .. } => of_sqlite(&error, self.shown(), why),
            Database::Postgres(_) => of_postgres(&error, self.shown(), why),
        }
    }

    pub(super) fn migration_error(&self, error: sqlx::migrate::MigrateError) -> Error {
        use sqlx::migrate::MigrateError as E;
        match error {
            E::Execute(error) | E::ExecuteMigration(error, _) => self.error(error),
            E::VersionMissing(_) => Error::Statement {
                path: self.shown(),
                why: "a newer Postrider has changed it; use that one".to_owned(),
            },
            other => Error::Damaged { path: self.shown(), why: other.to_string() },
        }
    }
}

/// By the low octet of the extended result code.
fn of_sqlite(error: &sqlx::Error, path: String, why: String) -> Error {
    let code = error.as_database_error().and_then(|error| error.code());
    let code = code.and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff);
    match code {
        Some(11 | 24 | 26) => Error::Damaged { path, why },
        Some(13) => Error::Full { path },
        Some(8 | 10 | 14 | 3) => Error::Unwritable { path, why },
        Some(5 | 6) => Error::Locked { path },
        _ => Error::Statement { path, why },
    }
}

/// By SQLSTATE, or by its class: the first two characters.
fn of_postgres(error: &sqlx::Error, path: String, why: String) -> Error {
    use sqlx::Error as E;
    if matches!(error, E::Io(_) | E::Tls(_) | E::Protocol(_) | E::PoolTimedOut | E::PoolClosed) {
        return Error::Away { path, why };
    }
    let code = error.as_database_error().and_then(|error| error.code()).unwrap_or_default();
    match code.as_ref() {
        "53100" => Error::Full { path },
        "40001" | "40P01" | "55P03" => Error::Busy { path, why },
        "3D000" | "42501" => Error::Refused { path, why },
        "25006" | "58030" => Error::Unwritable { path, why },
        "57014" => Error::Statement { path, why },
        code => match code.get(..2) {
            Some("28") => Error::Refused { path, why },
            Some("08" | "53" | "57") => Error::Away { path, why },
            Some("XX") => Error::Damaged { path, why },
            _ => Error::Statement { path, why },
        },
    }
}
