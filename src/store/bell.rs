//! The bell: a worker is woken when letters may have become due, instead of asking all the time.
//!
//! PostgreSQL carries it (LISTEN and NOTIFY). It is a hint and no more: one that is lost costs
//! the time until the worker looks by itself. A ledger in a file has one process, and no bell.

use sqlx::postgres::{PgListener, PgPoolOptions};

use super::{
    Error, Store,
    statement::{Database, sql},
};

/// Waits for a ring.
pub struct Bell(Option<PgListener>);

impl Bell {
    /// Ends when somebody has rung; never on a file, or where the server went away.
    pub async fn rings(&mut self) {
        if let Some(listener) = &mut self.0 {
            match listener.recv().await {
                Ok(_) => return,
                Err(error) => tracing::warn!(%error, "the ledger's bell is out of order"),
            }
        }
        std::future::pending().await
    }
}

impl Store {
    /// Listens from now on.
    pub async fn bell(&self) -> Result<Bell, Error> {
        let Database::Postgres(pool) = &self.database else { return Ok(Bell(None)) };
        let channel = self.channel().await?;
        let listening = async {
            // A connection of its own: the pool could not be closed while somebody listens.
            let options = (*pool.connect_options()).clone();
            let own = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
            let mut listener = PgListener::connect_with(&own).await?;
            listener.listen(&channel).await?;
            Ok(listener)
        };
        let listener = listening.await.map_err(|error| self.error(error))?;
        Ok(Bell(Some(listener)))
    }

    /// Wakes whoever listens: letters may be due.
    pub async fn ring(&self) -> Result<(), Error> {
        if self.is_shared() {
            let channel = self.channel().await?;
            sql("select pg_notify($1, '')").bind(channel).run(self.writing()).await?;
        }
        Ok(())
    }

    /// Ledgers that share a database do not wake one another.
    async fn channel(&self) -> Result<String, Error> {
        let (instance,): (String,) = sql("select instance from ledger").one(self.reading()).await?;
        let short: String = instance.chars().filter(char::is_ascii_alphanumeric).take(24).collect();
        Ok(format!("postrider_{}", short.to_lowercase()))
    }
}
