//! Scratch: a schema of its own on a server, for a ledger that is thrown away again.
//!
//! It promises to touch no other schema. Of a process that is killed the schema stays; its name
//! says whose it was. It is for tests, and knows nothing of what is kept in it.

use sqlx::AssertSqlSafe;

use super::{
    Error, Store,
    location::{Location, Server},
    statement::Database,
};

/// An empty schema, until it is removed.
#[derive(Debug)]
pub struct Scratch {
    store: Store,
    schema: String,
}

impl Scratch {
    /// Makes a schema of that name; of `name` only letters, digits and underscores count.
    pub async fn make(server: &Server, name: &str) -> Result<Self, Error> {
        let store = Store::connect(Location::Server(server.clone()), false).await?;
        let schema = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let scratch = Self { store, schema };
        scratch.run(format!("create schema {}", scratch.schema)).await?;
        Ok(scratch)
    }

    /// Removes it with all that it holds.
    pub async fn remove(self) -> Result<(), Error> {
        let removed = self.run(format!("drop schema {} cascade", self.schema)).await;
        self.store.close().await;
        removed
    }

    async fn run(&self, text: String) -> Result<(), Error> {
        let Database::Postgres(pool) = &self.store.database else { return Ok(()) };
        let done = sqlx::raw_sql(AssertSqlSafe(text)).execute(pool).await;
        done.map(drop).map_err(|error| self.store.error(error))
    }
}
