//! What the store promises, on both databases.
//!
//! Each promise is one function over a [`Bed`]: a ledger of its own, a file or a schema. The
//! half on PostgreSQL needs `POSTRIDER_POSTGRES`, the address of a server on which schemas may be
//! made (`tests/run` starts one).

mod answers;
mod bed;
mod bell;
mod instance;
mod leases;
mod ledger;
mod pings;
mod readers;
mod related;
mod schema;
mod signals;
mod upkeep;

pub(super) use bed::Bed;

/// Makes of each promise a test on a file and a test on a server.
macro_rules! on_both {
    ($($promise:ident)*) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                super::$promise(crate::store::tests::Bed::sqlite().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = "needs PostgreSQL: run tests/run"]
            async fn $promise() {
                super::$promise(crate::store::tests::Bed::postgres().await).await;
            })*
        }
    };
}
pub(super) use on_both;
