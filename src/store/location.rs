//! Where a ledger is: a file, or a schema of a PostgreSQL server.
//!
//! It promises that a password is never shown: what is printed of a server is user, host and
//! database. It opens nothing.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr as _,
};

use sqlx::postgres::PgConnectOptions;

/// An address that is none of PostgreSQL.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("write an address like postgres://postrider@db.example/postrider")]
pub struct NoAddress;

/// Where a ledger is.
#[derive(Clone)]
pub enum Location {
    /// A file of SQLite's.
    File(PathBuf),
    /// A PostgreSQL server.
    Server(Server),
}

/// A database on a PostgreSQL server, with what it takes to get in.
#[derive(Clone)]
pub struct Server {
    pub(super) options: Box<PgConnectOptions>,
    shown: String,
}

impl Server {
    /// Reads `postgres://user@host:port/database?sslmode=..`. A `password` goes before the one in
    /// the address.
    pub fn new(address: &str, password: Option<&str>) -> Result<Self, NoAddress> {
        let url = url::Url::parse(address).map_err(|_| NoAddress)?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(NoAddress);
        }
        let mut options = PgConnectOptions::from_str(address).map_err(|_| NoAddress)?;
        if let Some(password) = password {
            options = options.password(password);
        }
        let host = options
            .get_socket()
            .map_or_else(|| options.get_host().to_owned(), |socket| socket.display().to_string());
        let database = options.get_database().unwrap_or_else(|| options.get_username());
        let user = options.get_username();
        let shown = format!("postgres://{user}@{host}:{}/{database}", options.get_port());
        Ok(Self { options: Box::new(options), shown })
    }

    /// Whether an address carries a password.
    pub fn has_password(address: &str) -> bool {
        url::Url::parse(address).is_ok_and(|url| {
            url.password().is_some() || url.query_pairs().any(|(key, _)| key == "password")
        })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Server(server) => f.write_str(&server.shown),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}

impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Self::File(path.to_owned())
    }
}

impl From<&PathBuf> for Location {
    fn from(path: &PathBuf) -> Self {
        Self::File(path.clone())
    }
}

impl From<&Self> for Location {
    fn from(location: &Self) -> Self {
        location.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_a_server_has_no_password() {
        for (address, shown) in [
            ("postgres://ann:geheim@db.example/letters", "postgres://ann@db.example:5432/letters"),
            (
                "postgresql://ann@db.example:5433/x?password=geheim",
                "postgres://ann@db.example:5433/x",
            ),
        ] {
            assert!(Server::has_password(address));
            let location = Location::Server(Server::new(address, Some("geheimer")).unwrap());
            assert_eq!(location.to_string(), shown);
            assert!(!format!("{location:?}").contains("geheim"));
        }
        assert!(!Server::has_password("postgres://ann@db.example/letters"));
    }

    #[test]
    fn an_address_of_another_kind_is_refused_without_repeating_it() {
        for address in ["mysql://ann:geheim@db/x", "var/postrider.db", "postgres://[:geheim"] {
            let error = Server::new(address, None).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains("postgres://postrider@") && !error.contains("geheim"));
        }
    }
}
