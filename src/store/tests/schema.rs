//! The tables are the same on both databases.

use super::Bed;
use crate::store::statement::sql;

type Column = (String, String, String, i64);

/// Table, column, kind and whether it may be null, of every table of ours.
async fn sqlite_columns(bed: &Bed) -> Vec<Column> {
    let read = sql(
        "select t.name, c.name, case when lower(c.type) = 'text' then 'text' else 'number' end, \
         case when c.\"notnull\" = 1 or c.pk > 0 then 0 else 1 end \
         from sqlite_master t join pragma_table_info(t.name) c \
         where t.type = 'table' and t.name not like '!_%' escape '!' \
         and t.name not like 'sqlite!_%' escape '!' order by 1, 2",
    );
    read.rows(bed.store.reading()).await.unwrap()
}

async fn postgres_columns(bed: &Bed) -> Vec<Column> {
    let read = sql("select table_name::text, column_name::text, \
         case data_type when 'text' then 'text' else 'number' end, \
         case is_nullable when 'YES' then 1::bigint else 0::bigint end \
         from information_schema.columns where table_schema = current_schema() \
         and left(table_name, 1) <> '_' order by 1, 2");
    read.rows(bed.store.reading()).await.unwrap()
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run tests/run"]
async fn both_databases_have_the_same_tables_columns_and_indexes() {
    let (file, server) = (Bed::sqlite().await, Bed::postgres().await);
    let mut columns = (sqlite_columns(&file).await, postgres_columns(&server).await);
    columns.0.sort();
    columns.1.sort();
    assert!(columns.0.len() > 50);
    assert_eq!(columns.0, columns.1);
    let here: Vec<String> =
        sql("select name from sqlite_master where type = 'index' and sql <> '' order by 1")
            .column(file.store.reading())
            .await
            .unwrap();
    let there: Vec<String> =
        sql("select indexname::text from pg_indexes where schemaname = current_schema() \
         and indexdef not like 'CREATE UNIQUE%' order by 1")
        .column(server.store.reading())
        .await
        .unwrap();
    assert_eq!(here, there);
}

#[tokio::test]
async fn a_migration_that_ledgers_have_seen_is_never_changed() {
    let bed = Bed::sqlite().await;
    let sums: Vec<String> =
        sql("select substr(hex(checksum), 1, 16) from _sqlx_migrations order by version")
            .column(bed.store.reading())
            .await
            .unwrap();
    assert_eq!(sums[0], "734FBC46943E5149", "a new migration goes into a new file");
}
