//! Accounts: what became of deliveries, counted and one by one. Nothing is changed here.

use super::{Error, Store, set_rows, statement::sql};
use crate::{
    domain::{address::Address, delivery::DeliveryState},
    time::Timestamp,
};

/// How many deliveries of an issue are in a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The issue's row number.
    pub issue: i64,
    /// The state.
    pub state: DeliveryState,
    /// How many.
    pub count: u64,
}

/// One reader's delivery of one issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Row number.
    pub id: i64,
    /// The reader's address.
    pub address: String,
    /// What is certain.
    pub state: String,
    /// Attempts so far.
    pub attempts: u32,
    /// Not to be tried before.
    pub not_before: Timestamp,
    /// When the first intent was recorded.
    pub first_intent: Option<Timestamp>,
    /// When it reached its present state, where that is an end or a doubt.
    pub settled: Option<Timestamp>,
    /// The last reply or reason.
    pub reply: Option<String>,
    /// Row numbers of the posts it carries.
    pub posts: Vec<i64>,
}

impl Store {
    /// How many deliveries of each issue are in each state.
    pub async fn counts(&self) -> Result<Vec<Count>, Error> {
        let read =
            sql("select issue_id, state, count(*) from deliveries group by issue_id, state \
             order by issue_id");
        let rows: Vec<(i64, String, i64)> = read.rows(self.reading()).await?;
        let counts = rows.into_iter().filter_map(|(issue, state, count)| {
            let state = DeliveryState::named(&state)?;
            Some(Count { issue, state, count: count.unsigned_abs() })
        });
        Ok(counts.collect())
    }

    /// The deliveries of an issue, those in one state or all.
    pub async fn accounts(
        &self,
        issue: i64,
        state: Option<DeliveryState>,
    ) -> Result<Vec<Account>, Error> {
        self.accounts_where(issue, state, None).await
    }

    /// The delivery of an issue to an address.
    pub async fn account(&self, issue: i64, address: &Address) -> Result<Option<Account>, Error> {
        Ok(self.accounts_where(issue, None, Some(address.key())).await?.into_iter().next())
    }

    async fn accounts_where(
        &self,
        issue: i64,
        state: Option<DeliveryState>,
        address_key: Option<String>,
    ) -> Result<Vec<Account>, Error> {
        type Row =
            (i64, String, String, i64, i64, Option<i64>, Option<i64>, Option<String>, String);
        let read =
            sql("select d.id, r.address, d.state, d.attempts, d.not_before, d.first_intent_at, \
             d.settled_at, d.reply, e.posts from deliveries d \
             join editions e on e.id = d.edition_id \
             join subscriptions s on s.id = d.subscription_id \
             join subscribers r on r.id = s.subscriber_id \
             where d.issue_id = $1 and ($2 is null or d.state = $2) \
             and ($3 is null or r.address_key = $3) order by d.id");
        let rows: Vec<Row> = read
            .bind(issue)
            .bind(state.map(DeliveryState::as_str))
            .bind(address_key)
            .rows(self.reading())
            .await?;
        let accounts = rows.into_iter().map(|row| Account {
            id: row.0,
            address: row.1,
            state: row.2,
            attempts: u32::try_from(row.3).unwrap_or(0),
            not_before: Timestamp::from_micros(row.4),
            first_intent: row.5.map(Timestamp::from_micros),
            settled: row.6.map(Timestamp::from_micros),
            reply: row.7,
            posts: set_rows(&row.8),
        });
        Ok(accounts.collect())
    }
}
