//! The ledger's own speed, on SQLite with every commit synced: opening an issue for a million
//! readers while others write, and leasing and recording in blocks of 500.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use postrider::{
    catalog::{Known, Record},
    domain::{
        delivery::DeliveryState as S,
        issue::IssueName,
        post::PostId,
        subscriber::{Cadence, NewSubscription},
    },
    rank::rails::Log,
    store::{
        Store,
        audience::Audience,
        deliveries::{Leased, Move},
        issues::{EditionKey, Frozen, Gift, Opening},
    },
    time::Timestamp,
};

const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);
/// Letters leased or recorded by one statement.
const BLOCK: u32 = 500;

/// How long opening takes, and how long another write had to wait at most.
pub(crate) struct Opened {
    pub(crate) took: Duration,
    pub(crate) waited: Duration,
}

/// Rows a second that were leased, and that were settled after their intents.
pub(crate) struct Moved {
    pub(crate) leased: f64,
    pub(crate) settled: f64,
}

/// Opens an issue for so many readers while somebody else writes all the time.
pub(crate) fn open(readers: usize) -> Opened {
    runtime().block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let store = ledger(folder.path(), readers).await;
        let done = Arc::new(AtomicBool::new(false));
        let other = tokio::spawn(others(store.clone(), done.clone()));
        let started = Instant::now();
        issue(&store).await;
        let took = started.elapsed();
        done.store(true, Ordering::Relaxed);
        let waited = other.await.expect("it ends");
        store.close().await;
        Opened { took, waited }
    })
}

/// The longest of many small writes.
async fn others(store: Store, done: Arc<AtomicBool>) -> Duration {
    let mut longest = Duration::ZERO;
    while !done.load(Ordering::Relaxed) {
        let started = Instant::now();
        let wave = ("other", Cadence::Weekly, 1);
        store.take_wave(wave, (NOW, NOW)).await.expect("written");
        longest = longest.max(started.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    longest
}

/// Leases and settles so many letters.
pub(crate) fn moves(letters: usize) -> Moved {
    runtime().block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let store = ledger(folder.path(), letters).await;
        issue(&store).await;
        let until = NOW.plus(Duration::from_secs(120));
        let (mut blocks, started) = (Vec::new(), Instant::now());
        loop {
            let block = store.lease("bench", (NOW, until), BLOCK).await.expect("leased");
            if block.is_empty() {
                break;
            }
            blocks.push(block);
        }
        let leased = letters as f64 / started.elapsed().as_secs_f64();
        assert_eq!(blocks.iter().map(Vec::len).sum::<usize>(), letters, "all were leased");
        record(&store, &blocks, (S::Leased, S::Sending)).await;
        let started = Instant::now();
        record(&store, &blocks, (S::Sending, S::Sent)).await;
        let settled = letters as f64 / started.elapsed().as_secs_f64();
        store.close().await;
        Moved { leased, settled }
    })
}

async fn record(store: &Store, blocks: &[Vec<Leased>], (from, to): (S, S)) {
    for block in blocks {
        let moves: Vec<Move> = block
            .iter()
            .map(|leased| Move {
                id: leased.id,
                from,
                to,
                at: NOW,
                not_before: None,
                tried_since: None,
                reply: (to == S::Sent).then(|| "250 2.0.0 Ok: queued as 4B3F2C0D".to_owned()),
            })
            .collect();
        let moved = store.record("bench", &moves).await.expect("recorded");
        assert_eq!(moved.len(), block.len());
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime")
}

/// A ledger for the site at `root` that knows so many readers.
pub(crate) fn populate(root: &Path, readers: usize) {
    runtime().block_on(async { ledger(&root.join("var"), readers).await.close().await });
}

async fn ledger(folder: &Path, readers: usize) -> Store {
    let store = Store::open(&folder.join("postrider.db"), NOW, [7; 32]).await.expect("a ledger");
    let rows: Vec<NewSubscription> = (0..readers)
        .map(|number| NewSubscription {
            address: format!("reader{number}@example.net").parse().expect("an address"),
            name: String::new(),
            newsletter: "letters".to_owned(),
            cadence: Cadence::Instant,
            choice: postrider::domain::choice::Choice::default(),
            confirmed_at: NOW,
            source: "bench".to_owned(),
        })
        .collect();
    store.import(&rows, ("bench", "hash"), NOW).await.expect("imported");
    store
}

/// One issue of one post for everybody.
async fn issue(store: &Store) {
    let id = PostId::new("tag:blog.example,2026:first".to_owned());
    let known = Known {
        id: id.clone(),
        key: "first".to_owned(),
        path: "first.md".to_owned(),
        url: "https://blog.example/first/".to_owned(),
        title: "First".to_owned(),
        body_hash: String::new(),
        published: NOW,
        first_seen: NOW,
        source: "".into(),
    };
    let record = Record { known, is_new: true, changed: false };
    store.record_posts(&[record], std::slice::from_ref(&id), NOW).await.expect("recorded");
    let row = store.candidates(NOW).await.expect("read")[0].row;
    let name = IssueName::instant("first");
    let issue = store.open_issue("letters", &name, NOW).await.expect("opened").id;
    let (posts, language) = (vec![row], "en".to_owned());
    let (related, popular) = (Vec::new(), Vec::new());
    let key = EditionKey { issue, posts, related, popular, language };
    let edition = store
        .freeze_edition(&key, Frozen { letter: "Hello", subject: "", summary: "" }, NOW)
        .await
        .expect("frozen");
    let moments = [NOW];
    let audience = Audience::of("letters", Cadence::Instant, &moments);
    for group in store.groups(audience).await.expect("read") {
        let opening =
            Opening { audience, choice: 1, history: group.history, missed: group.missed, issue };
        let gift = Gift { edition, had: vec![row], log: Log::default() };
        store.open_deliveries(&opening, &gift, NOW).await.expect("written");
    }
    store.release_opened(NOW).await.expect("released");
    for (issue, _) in store.on_canary().await.expect("read") {
        store.pass_canary(issue, NOW).await.expect("let go");
    }
}
