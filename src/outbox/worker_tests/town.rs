//! A town of readers: a ledger in a temporary folder, a hand-set clock, letters kept in memory.

use super::*;
use crate::store::issues::Frozen;

/// A ledger with one issue, `instant/first`, that is owed to some readers.
pub(super) struct Town {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) issue: i64,
    pub(super) memory: Memory,
    pub(super) stop: watch::Sender<bool>,
    _folder: tempfile::TempDir,
}

pub(super) fn reader(number: usize) -> String {
    format!("reader{number}@example.net")
}

impl Town {
    pub(super) async fn with_readers(count: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::parse_rfc3339("2026-11-24T09:00:00Z").unwrap();
        let path = folder.path().join("ledger.sqlite");
        let store = Store::open(&path, now, [7; 32]).await.unwrap();
        let rows: Vec<_> = (0..count).map(|number| subscription(number, now)).collect();
        store.import(&rows, ("subscribers.csv", "hash"), now).await.unwrap();
        let clock = Clock::hand_set(now.plus(Duration::from_secs(3600)));
        let (stop, memory) = (watch::Sender::new(false), Memory::default());
        let mut town = Self { store, clock, issue: 0, memory, stop, _folder: folder };
        town.issue = town.open("first").await;
        town
    }

    /// Opens the issue of a new post for every reader.
    pub(super) async fn open(&self, key: &str) -> i64 {
        let now = self.clock.now();
        let id = PostId::new(format!("tag:blog.example,2026:{key}"));
        let record = Record { known: known(&id, key, now), is_new: true, changed: false };
        self.store.record_posts(&[record], std::slice::from_ref(&id), now).await.unwrap();
        let posts = self.store.candidates(Timestamp::default()).await.unwrap();
        let row = posts.iter().find(|post| post.id == id).unwrap().row;
        let name = IssueName::instant(key);
        let issue = self.store.open_issue("letters", &name, now).await.unwrap().id;
        let (posts, language) = (vec![row], "en".to_owned());
        let (related, popular) = (Vec::new(), Vec::new());
        let edition = EditionKey { issue, posts, related, popular, language };
        let letter = Frozen { letter: "Hello {{name}}", subject: "", summary: "" };
        let edition = self.store.freeze_edition(&edition, letter, now).await.unwrap();
        let moments = [now];
        let audience = Audience::of("letters", Cadence::Instant, &moments);
        for group in self.store.groups(audience).await.unwrap() {
            let opening = Opening {
                audience,
                choice: 1,
                history: group.history,
                missed: group.missed,
                issue,
            };
            let mut had = group.had;
            had.push(row);
            let gift = Gift { edition, had, log: crate::rank::rails::Log::default() };
            self.store.open_deliveries(&opening, &gift, now).await.unwrap();
        }
        self.store.release_opened(now).await.unwrap();
        issue
    }

    pub(super) fn desk(&self, connections: usize) -> Desk {
        Desk {
            store: self.store.clone(),
            relays: Arc::new(Relays::one(Transport::Memory(self.memory.clone()), connections)),
            canary: canary::Settings { letters: 0, wait: Duration::ZERO, share: 0.0 },
            clock: self.clock.clone(),
            connections,
            letters: Arc::new(|leased| Box::pin(async move { letter(&leased) })),
            stop: self.stop.subscribe(),
            watch: None,
        }
    }

    pub(super) async fn states(&self) -> BTreeMap<String, usize> {
        let mut states = BTreeMap::new();
        for account in self.store.accounts(self.issue, None).await.unwrap() {
            *states.entry(account.state).or_default() += 1;
        }
        states
    }

    pub(super) async fn account(&self, number: usize) -> Account {
        let address: Address = reader(number).parse().unwrap();
        self.store.account(self.issue, &address).await.unwrap().unwrap()
    }

    pub(super) fn taken(&self) -> Vec<String> {
        let taken = self.memory.taken();
        let mut readers: Vec<_> = taken.iter().map(|l| l.envelope.to.to_string()).collect();
        readers.sort();
        readers
    }

    pub(super) async fn issue_state(&self) -> (String, Option<String>) {
        let issues = self.store.latest_issues(10).await.unwrap();
        let issue = issues.into_iter().find(|issue| issue.id == self.issue).unwrap();
        (issue.state, issue.note)
    }
}

fn subscription(number: usize, now: Timestamp) -> NewSubscription {
    NewSubscription {
        address: reader(number).parse().unwrap(),
        name: String::new(),
        newsletter: "letters".to_owned(),
        cadence: Cadence::Instant,
        choice: crate::domain::choice::Choice::default(),
        confirmed_at: now,
        source: "a test".to_owned(),
    }
}

fn known(id: &PostId, key: &str, now: Timestamp) -> Known {
    Known {
        id: id.clone(),
        key: key.to_owned(),
        path: format!("{key}.md"),
        url: format!("https://blog.example/{key}/"),
        body_hash: key.to_owned(),
        title: key.to_owned(),
        published: now,
        first_seen: now,
        source: "".into(),
    }
}

pub(super) fn letter(leased: &Leased) -> Result<Outgoing, Unmade> {
    let from = "news@blog.example".parse().unwrap();
    let to: Address = leased.address.parse().unwrap();
    let name = format!("instant-first/{to}");
    let message = format!("To: {to}\r\n\r\nHello.\r\n").into_bytes();
    Ok(Outgoing { envelope: Envelope { from, to, id: String::new() }, name, message })
}
