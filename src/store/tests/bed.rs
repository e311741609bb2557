//! The bed: a fresh ledger with a hand-made past, on either database.

use std::time::Duration;

use crate::{
    catalog::{Known, Record},
    domain::{
        address::Address,
        delivery::DeliveryState,
        issue::IssueName,
        post::PostId,
        subscriber::{Cadence, NewSubscription},
    },
    rank::rails::{Held, Log},
    store::{
        Store,
        audience::Audience,
        deliveries::{Account, Leased, Move},
        issues::{EditionKey, Gift, Opening},
        location::{Location, Server},
        statement::sql,
    },
    time::Timestamp,
};

/// A ledger of a test's own.
pub(crate) struct Bed {
    pub(crate) store: Store,
    pub(crate) location: Location,
    pub(crate) now: Timestamp,
    folder: tempfile::TempDir,
}

impl Bed {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::from(&folder.path().join("ledger.db"));
        Self::at(location, folder).await
    }

    /// A schema that nobody else has. It is left to the server, which ends with the suite.
    pub(crate) async fn postgres() -> Self {
        let address = std::env::var("POSTRIDER_POSTGRES").expect("tests/run sets it");
        let schema = format!("bed_{:016x}", getrandom::u64().unwrap());
        let server = Location::Server(Server::new(&address, None).unwrap());
        let plain = Store::connect(server, false).await.unwrap();
        let text: &'static str = Box::leak(format!("create schema {schema}").into_boxed_str());
        sql(text).run(plain.writing()).await.unwrap();
        plain.close().await;
        let address = format!("{address}?options[search_path]={schema}");
        let location = Location::Server(Server::new(&address, None).unwrap());
        Self::at(location, tempfile::tempdir().unwrap()).await
    }

    async fn at(location: Location, folder: tempfile::TempDir) -> Self {
        let now = Timestamp::parse_rfc3339("2026-11-24T09:00:00Z").unwrap();
        let mut secret = [7; 32];
        getrandom::fill(&mut secret).unwrap();
        let store = Store::open(&location, now, secret).await.unwrap();
        Self { store, location, now, folder }
    }

    /// A folder of its own.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub(crate) fn later(&self, seconds: u64) -> Timestamp {
        self.now.plus(Duration::from_secs(seconds))
    }

    /// Adds instant readers by number.
    pub(crate) async fn readers(&self, numbers: std::ops::Range<usize>) {
        let rows: Vec<_> = numbers.map(|number| subscription(number, self.now)).collect();
        self.store.import(&rows, ("readers.csv", "hash"), self.now).await.unwrap();
    }

    /// Opens the issue of a new post for every reader who is owed it; its row number.
    pub(crate) async fn open(&self, key: &str) -> i64 {
        let row = self.post(key).await;
        let issue = self.write(key, row).await;
        self.store.release_opened(self.now).await.unwrap();
        self.store.pass_canary(issue, self.now).await.unwrap();
        issue
    }

    pub(crate) async fn post(&self, key: &str) -> i64 {
        let id = PostId::new(format!("tag:blog.example,2026:{key}"));
        let known = Known {
            id: id.clone(),
            key: key.to_owned(),
            path: format!("{key}.md"),
            url: format!("https://blog.example/{key}/"),
            title: key.to_owned(),
            body_hash: String::new(),
            published: self.now,
            first_seen: self.now,
            source: "text with a \0 in it".into(),
        };
        let record = Record { known, is_new: true, changed: false };
        self.store.record_posts(&[record], std::slice::from_ref(&id), self.now).await.unwrap();
        let posts = self.store.candidates(Timestamp::default()).await.unwrap();
        posts.iter().find(|post| post.id == id).unwrap().row
    }

    /// Writes the deliveries of a post that is known, again if need be.
    pub(crate) async fn write(&self, key: &str, row: i64) -> i64 {
        let name = IssueName::instant(key);
        let issue = self.store.open_issue("letters", &name, self.now).await.unwrap().id;
        let edition = EditionKey {
            issue,
            posts: vec![row],
            related: Vec::new(),
            popular: Vec::new(),
            language: "en".to_owned(),
        };
        let letter = crate::store::issues::Frozen { letter: "Hello", subject: "", summary: "" };
        let edition = self.store.freeze_edition(&edition, letter, self.now).await.unwrap();
        let moments = [self.now];
        let audience = Audience::of("letters", Cadence::Instant, &moments);
        for group in self.store.groups(audience).await.unwrap() {
            if group.had.contains(&row) {
                continue;
            }
            let opening = Opening {
                audience,
                choice: 1,
                history: group.history,
                missed: group.missed,
                issue,
            };
            let mut had = group.had;
            had.push(row);
            let held = Held { sent: vec![row], shown: vec![] };
            let gift = Gift { edition, had, log: Log::default().after(held) };
            self.store.open_deliveries(&opening, &gift, self.now).await.unwrap();
        }
        issue
    }

    /// Leases for two minutes from `at` on.
    pub(crate) async fn lease(&self, owner: &str, at: Timestamp, count: u32) -> Vec<Leased> {
        let until = at.plus(Duration::from_secs(120));
        self.store.lease(owner, (at, until), count).await.unwrap()
    }

    /// Asks for one move; whether it was made.
    pub(crate) async fn moves(
        &self,
        owner: &str,
        id: i64,
        (from, to): (DeliveryState, DeliveryState),
        at: Timestamp,
    ) -> bool {
        let reply = Some("250 Ok".to_owned());
        let asked = Move { id, from, to, at, not_before: None, tried_since: None, reply };
        let moved = self.store.record(owner, &[asked]).await.unwrap();
        assert!(moved.is_empty() || moved == [id]);
        !moved.is_empty()
    }

    pub(crate) async fn account(&self, issue: i64, number: usize) -> Option<Account> {
        self.store.account(issue, &address(number)).await.unwrap()
    }

    /// The states of an issue's deliveries, in the order of their readers.
    pub(crate) async fn states(&self, issue: i64) -> Vec<String> {
        let accounts = self.store.accounts(issue, None).await.unwrap();
        accounts.into_iter().map(|account| account.state).collect()
    }
}

pub(crate) fn address(number: usize) -> Address {
    format!("reader{number}@example.net").parse().unwrap()
}

fn subscription(number: usize, now: Timestamp) -> NewSubscription {
    NewSubscription {
        address: address(number),
        name: format!("Reader \"{number}\" Ünal"),
        newsletter: "letters".to_owned(),
        cadence: Cadence::Instant,
        choice: crate::domain::choice::Choice::default(),
        confirmed_at: now.minus(Duration::from_secs(3600)),
        source: format!("readers.csv line {number}"),
    }
}
