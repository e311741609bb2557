//! Proof that the ledger adds up. Nothing is changed; what is not as it must be is named.

use super::{Error, Store, set_rows, statement::sql};
use crate::time::Timestamp;

/// What a look at the whole ledger found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Issues looked at.
    pub issues: u64,
    /// Deliveries, pruned ones included.
    pub deliveries: u64,
    /// Subscriptions.
    pub subscriptions: u64,
    /// Histories.
    pub histories: u64,
    /// What does not add up, in sentences.
    pub faults: Vec<String>,
}

/// What must not be there: what to say of it, and a statement that lists it.
const FAULTS: [(&str, &str); 6] = [
    (
        "the letters of this issue are not as many as its readers",
        "select f.newsletter || ' ' || f.name || ' (' || cast(f.readers as text) || ' readers, ' \
           || cast(f.counted as text) || ' letters)' from (select i.*, \
           (select count(*) from deliveries d where d.issue_id = i.id) + coalesce((select \
             cast(sum(p.count) as bigint) from pruned p where p.issue_id = i.id), 0) as counted \
           from issues i) as f where f.readers <> f.counted and $1 > 0 order by f.id",
    ),
    (
        "this issue is called sent and has letters to send",
        "select i.newsletter || ' ' || i.name from issues i where i.state = 'sent' and exists ( \
           select 1 from deliveries d where d.issue_id = i.id \
           and d.state in ('ready', 'leased', 'sending')) and $1 > 0 order by i.id",
    ),
    (
        "this letter is leased by nobody or past its time; the next run settles it",
        "select cast(id as text) from deliveries \
         where issue_id in (select id from issues) and state in ('leased', 'sending') \
         and (lease_until is null or lease_owner is null or lease_until < $1) order by id",
    ),
    (
        "this letter was handed over without an intent on record",
        "select cast(id as text) from deliveries where first_intent_at is null \
         and state in ('sending', 'uncertain', 'bounced') and $1 > 0 order by id",
    ),
    (
        "this letter carries the edition of another issue",
        "select cast(d.id as text) from deliveries d join editions e on e.id = d.edition_id \
         where e.issue_id <> d.issue_id and $1 > 0 order by d.id",
    ),
    (
        "this subscription is called confirmed and does not say since when",
        "select cast(id as text) from subscriptions where state = 'confirmed' \
         and confirmed_at is null and $1 > 0 order by id",
    ),
];

/// How many of one kind are listed.
const LISTED: usize = 20;

impl Store {
    /// Adds everything up.
    pub async fn verify(&self, now: Timestamp) -> Result<Audit, Error> {
        let mut audit = self.sums().await?;
        for (what, list) in FAULTS {
            let found: Vec<String> = sql(list).bind(now).column(self.reading()).await?;
            let more = found.len().saturating_sub(LISTED);
            audit.faults.extend(found.iter().take(LISTED).map(|one| format!("{what}: {one}")));
            if more > 0 {
                audit.faults.push(format!("{what}: {more} more"));
            }
        }
        self.check_histories(&mut audit).await?;
        Ok(audit)
    }

    async fn sums(&self) -> Result<Audit, Error> {
        let count = sql("select (select count(*) from issues), (select count(*) from deliveries) \
               + coalesce((select cast(sum(count) as bigint) from pruned), 0), \
             (select count(*) from subscriptions), (select count(*) from histories)");
        let (issues, deliveries, subscriptions, histories): (i64, i64, i64, i64) =
            count.one(self.reading()).await?;
        Ok(Audit {
            issues: issues.unsigned_abs(),
            deliveries: deliveries.unsigned_abs(),
            subscriptions: subscriptions.unsigned_abs(),
            histories: histories.unsigned_abs(),
            faults: Vec::new(),
        })
    }

    /// The posts of a reader's latest letter are in the reader's history, and those of one that
    /// failed are not. (Earlier letters tell nothing: a history forgets what is no longer mailed.)
    async fn check_histories(&self, audit: &mut Audit) -> Result<(), Error> {
        let read = sql("select e.posts, h.posts, d.state = 'failed', count(*), min(s.id) \
             from subscriptions s join deliveries d on d.id = (select max(x.id) \
               from deliveries x where x.subscription_id = s.id) \
             join editions e on e.id = d.edition_id join histories h on h.id = s.history_id \
             where s.state = 'confirmed' and d.state not in ('suppressed', 'cancelled') \
             group by 1, 2, 3 order by 5");
        let rows: Vec<(String, String, bool, i64, i64)> = read.rows(self.reading()).await?;
        for (carried, had, failed, readers, first) in rows {
            let had = set_rows(&had);
            let known = set_rows(&carried).iter().filter(|row| had.contains(row)).count();
            let expected = if failed { 0 } else { set_rows(&carried).len() };
            if known != expected {
                audit.faults.push(format!(
                    "the history of {readers} readers (subscription {first} first) does not \
                     agree with their latest letter: {carried} was carried, {had:?} is had"
                ));
            }
        }
        Ok(())
    }
}
