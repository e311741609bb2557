//! The tables, brought up to date when a ledger is opened: one text for both databases.

use sqlx::{
    AssertSqlSafe, SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
};

use super::{Error, Store, dialect::Dialect, statement::Database};

/// Every migration, oldest first. What has been released is never changed again.
const MIGRATIONS: [(&str, &str); 8] = [
    ("ledger", include_str!("migrations/0001_ledger.sql")),
    ("many workers", include_str!("migrations/0002_many_workers.sql")),
    ("policy", include_str!("migrations/0003_policy.sql")),
    ("hubs", include_str!("migrations/0004_hubs.sql")),
    ("related", include_str!("migrations/0005_related.sql")),
    ("signals", include_str!("migrations/0006_signals.sql")),
    ("language", include_str!("migrations/0007_language.sql")),
    ("choices", include_str!("migrations/0008_choices.sql")),
];

fn migrator(dialect: Dialect) -> Migrator {
    let migrations = (1..).zip(MIGRATIONS).map(|(version, (name, text))| {
        let text = AssertSqlSafe(dialect.text(text)).into_sql_str();
        Migration::new(version, name.into(), MigrationType::Simple, text, false)
    });
    Migrator::with_migrations(migrations.collect())
}

impl Store {
    /// Brings the tables up to date. Processes that do so at once wait for one another.
    pub(super) async fn migrate(&self) -> Result<(), Error> {
        let migrator = migrator(self.database.dialect());
        let done = match &self.database {
            Database::Sqlite { writer, .. } => migrator.run(writer).await,
            Database::Postgres(pool) => migrator.run(pool).await,
        };
        done.map_err(|error| self.migration_error(error))
    }
}
