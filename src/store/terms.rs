//! Terms: what one process does at a time where several share a ledger.
//!
//! A term is held by one owner until an instant, and prolonged by that owner alone. It ends when
//! its owner ends it, or when its time is over: nobody has to clean up after a killed holder.

use super::{Error, Store, statement::sql};
use crate::time::Timestamp;

/// Somebody who holds a term, or asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// A name that no other has.
    pub owner: String,
    /// Who that is, for people.
    pub shown: String,
}

impl Store {
    /// Takes a term, or prolongs it, until `until`. `Err`: who holds it.
    pub async fn take_term(
        &self,
        role: &str,
        holder: &Holder,
        (now, until): (Timestamp, Timestamp),
    ) -> Result<Result<(), String>, Error> {
        let take = sql("insert into terms (role, owner, holder, until) values ($1, $2, $3, $4) \
             on conflict (role) do update set owner = excluded.owner, \
             holder = excluded.holder, until = excluded.until \
             where terms.owner = excluded.owner or terms.until < $5 returning role");
        let take = take.bind(role).bind(&holder.owner).bind(&holder.shown).bind(until).bind(now);
        if !take.column::<String>(self.writing()).await?.is_empty() {
            return Ok(Ok(()));
        }
        let read = sql("select holder from terms where role = $1").bind(role);
        let other = read.column::<String>(self.writing()).await?.into_iter().next();
        Ok(Err(other.unwrap_or_else(|| "somebody who has just ended".to_owned())))
    }

    /// When the operator was last written to.
    pub async fn alarmed_at(&self) -> Result<Option<Timestamp>, Error> {
        let (at,): (Option<i64>,) =
            sql("select alarmed_at from ledger").one(self.writing()).await?;
        Ok(at.map(Timestamp::from_micros))
    }

    /// Notes that the operator is written to, unless another process has just done so. Whether
    /// it was noted.
    pub async fn note_alarm(
        &self,
        before: Option<Timestamp>,
        at: Timestamp,
    ) -> Result<bool, Error> {
        let note = sql("update ledger set alarmed_at = $1 where coalesce(alarmed_at, 0) = $2");
        let note = note.bind(at).bind(before.unwrap_or(Timestamp::from_micros(0)));
        Ok(note.run(self.writing()).await? == 1)
    }

    /// Ends a term; harmless where another holds it.
    pub async fn end_term(&self, role: &str, owner: &str) -> Result<(), Error> {
        let end = sql("delete from terms where role = $1 and owner = $2");
        end.bind(role).bind(owner).run(self.writing()).await?;
        Ok(())
    }
}
