//! The promise of composition, over random histories: what the ledger holds is what the reference
//! gives each reader, whatever comes between.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    super::{
        eligible::Guard,
        open::{Newsletter, Printer, Related, Stationery},
    },
    model::{ELIGIBLE, Model, Reader, Written},
};
use crate::{
    catalog::{Known, Record},
    digest::message::Sender,
    domain::{
        choice::Choice,
        post::{Direction, FeedChoice, Post, PostId, RelatedChoice},
        subscriber::{Cadence, NewSubscription},
    },
    rank::rails::Rails,
    store::Store,
    template::Templates,
    time::{Schedule, Timestamp, Zone},
};

const ZONES: [&str; 6] = [
    "Europe/Berlin",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Pacific/Apia",
];
/// Just before clocks are changed somewhere, and a day that Apia never had.
const STARTS: [&str; 5] = [
    "2026-03-05T12:00:00Z",
    "2026-03-26T12:00:00Z",
    "2026-10-01T12:00:00Z",
    "2026-10-22T12:00:00Z",
    "2011-12-24T12:00:00Z",
];
const TAGS: [&str; 3] = ["boats", "Low Power", "mail"];
const HISTORIES: u64 = 24;
const STEPS: usize = 40;

/// Random numbers from a seed (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % count
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()].clone()
    }

    fn tags(&mut self) -> Vec<String> {
        let chosen = TAGS.iter().filter(|_| self.below(2) == 0);
        chosen.map(|tag| (*tag).to_owned()).collect()
    }

    fn choice(&mut self) -> Choice {
        if self.below(3) == 0 {
            return Choice::default();
        }
        let topics: BTreeSet<String> =
            self.tags().iter().map(|tag| crate::domain::choice::topic(tag)).collect();
        Choice {
            hour: (self.below(2) == 0).then(|| u8::try_from(self.below(24)).unwrap()),
            weekday: (self.below(2) == 0).then(|| u8::try_from(self.below(7)).unwrap()),
            zone: (self.below(2) == 0).then(|| self.one(&ZONES).to_owned()),
            language: (self.below(4) == 0).then(|| "de".to_owned()),
            topics: (self.below(2) == 0 && !topics.is_empty()).then_some(topics),
        }
    }
}

/// A ledger and its reference, which live through the same.
struct History {
    dice: Dice,
    now: Timestamp,
    store: Store,
    model: Model,
    newsletter: Newsletter,
    posts: Vec<Post>,
    _folder: tempfile::TempDir,
}

impl History {
    async fn new(seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let now = Timestamp::parse_rfc3339(dice.one(&STARTS)).unwrap();
        let zone: Zone = dice.one(&ZONES).parse().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("ledger.db"), now, [7; 32]).await.unwrap();
        store.record_posts(&[], &[], now).await.unwrap();
        let topics = (dice.below(4) == 0)
            .then(|| ["boats", "mail"].map(str::to_owned).into_iter().collect());
        let model = Model {
            zone: zone.clone(),
            baseline: now,
            topics,
            quiet: (dice.below(3) == 0).then(|| dice.one(&[(22, 7), (0, 6), (12, 15)])),
            ceiling: (dice.below(3) == 0).then(|| dice.one(&[1, 2])),
            posts: Vec::new(),
            readers: Vec::new(),
            changes: Vec::new(),
            made: BTreeMap::from([(Choice::default(), Timestamp::default())]),
            taken: BTreeMap::new(),
        };
        let newsletter = newsletter(&model);
        Self { dice, now, store, model, newsletter, posts: Vec::new(), _folder: folder }
    }

    async fn live(&mut self) {
        for _ in 0..STEPS {
            let jump = self.dice.one(&[1_800, 3_600, 10_000, 40_000, 86_400, 300_000]);
            self.now = self.now.plus(Duration::from_secs(jump));
            for _ in 0..self.dice.below(4) {
                self.happen().await;
            }
            // Now and then nothing runs for a while.
            if self.dice.below(5) > 0 {
                self.pass().await;
            }
        }
        self.pass().await;
    }

    async fn happen(&mut self) {
        let (posts, readers) = (self.posts.len() as u64, self.model.readers.len() as u64);
        match self.dice.below(9) {
            0..=2 => self.publish().await,
            3 | 4 => self.subscribe().await,
            5 if posts > 0 => {
                let post = usize::try_from(self.dice.below(posts)).unwrap();
                let tags = self.dice.tags();
                self.posts[post].tags.clone_from(&tags);
                self.model.posts[post].tags = tags;
            }
            6 if posts > 0 => {
                let post = usize::try_from(self.dice.below(posts)).unwrap();
                self.model.posts[post].visible ^= true;
            }
            7 if readers > 0 => {
                let reader = usize::try_from(self.dice.below(readers)).unwrap();
                self.change(reader).await;
            }
            8 if readers > 0 && self.dice.below(3) == 0 => {
                let reader = usize::try_from(self.dice.below(readers)).unwrap();
                self.model.readers[reader].ended = true;
                self.store.end_subscription(row(reader), self.now).await.unwrap();
            }
            _ => {}
        }
    }

    async fn publish(&mut self) {
        let key = format!("p{}", self.posts.len());
        let tags = self.dice.tags();
        let post = post(&key, tags.clone(), self.now);
        let known = Known {
            id: post.id.clone(),
            key: key.clone(),
            path: post.path.clone(),
            url: post.url.clone(),
            title: key.clone(),
            body_hash: String::new(),
            published: post.published,
            first_seen: self.now,
            source: "".into(),
        };
        let record = Record { known, is_new: true, changed: false };
        self.store.record_posts(&[record], &[], self.now).await.unwrap();
        self.posts.push(post);
        self.model.posts.push(Written { key, first_seen: self.now, tags, visible: true });
    }

    async fn subscribe(&mut self) {
        let number = self.model.readers.len();
        let (cadence, choice) = (self.dice.one(&Cadence::ALL), self.dice.choice());
        let from = self.now.plus(Duration::from_micros(1));
        let reader = NewSubscription {
            address: format!("r{number}@example.net").parse().unwrap(),
            name: String::new(),
            newsletter: "letters".to_owned(),
            cadence,
            choice: choice.clone(),
            confirmed_at: self.now,
            source: "a form".to_owned(),
        };
        self.store.import(&[reader], ("a form", "hash"), from).await.unwrap();
        self.model.made.entry(choice.clone()).or_insert(from);
        self.model.readers.push(Reader::new(from, cadence, choice));
    }

    async fn change(&mut self, number: usize) {
        let reader = &mut self.model.readers[number];
        if self.dice.below(2) == 0 {
            reader.cadence = self.dice.one(&Cadence::ALL);
            return self.store.change_cadence(row(number), reader.cadence).await.unwrap();
        }
        let choice = self.dice.choice();
        self.model.made.entry(choice.clone()).or_insert(self.now);
        self.store.choose(row(number), &choice, self.now).await.unwrap();
        let before = std::mem::replace(&mut reader.choice, choice.clone());
        self.model.changes.push((number, self.now, before, choice));
    }

    async fn pass(&mut self) {
        self.model.pass(self.now);
        let visible = self.posts.iter().zip(&self.model.posts).filter(|(_, known)| known.visible);
        let mut posts: Vec<Post> = visible.map(|(post, _)| post.clone()).collect();
        posts.reverse();
        let zone = self.model.zone.clone();
        let printer = Printer {
            store: &self.store,
            key: &self.store.ledger().await.unwrap().key,
            baseline: self.model.baseline,
            posts: &posts,
            related: &Related::none(),
            templates: &templates(),
            stationery: &stationery(zone, self.model.ceiling),
            guard: Guard { posts: 10_000, days: 10_000, adopted: None },
            now: self.now,
        };
        let opened = printer.open(std::slice::from_ref(&self.newsletter)).await.unwrap();
        assert_eq!(opened.troubles, Vec::<String>::new());
    }

    /// Every reader's letters as the ledger has them.
    async fn letters(&self) -> Vec<BTreeMap<String, BTreeSet<usize>>> {
        let mut letters = vec![BTreeMap::new(); self.model.readers.len()];
        for issue in self.store.latest_issues(1_000).await.unwrap() {
            for account in self.store.accounts(issue.id, None).await.unwrap() {
                let number = account.address[1..].split('@').next().unwrap().parse::<usize>();
                let posts = account.posts.iter().map(|row| usize::try_from(row - 1).unwrap());
                letters[number.unwrap()].insert(issue.name.clone(), posts.collect());
            }
        }
        letters
    }
}

/// The row of a reader's subscription.
fn row(reader: usize) -> i64 {
    i64::try_from(reader + 1).unwrap()
}

fn newsletter(model: &Model) -> Newsletter {
    let schedule = |text: &str| Some(Schedule::new(text, model.zone.clone()).unwrap());
    let from: crate::domain::address::Address = "letters@blog.example".parse().unwrap();
    Newsletter {
        id: "letters".to_owned(),
        name: "Letters".to_owned(),
        description: String::new(),
        language: "en".to_owned(),
        cadences: vec![
            (Cadence::Instant, None),
            (Cadence::Daily, schedule("0 9 * * *")),
            (Cadence::Weekly, schedule("0 9 * * MON")),
            (Cadence::Monthly, schedule("0 9 1 * *")),
        ],
        sender: Sender {
            from: (String::new(), from.clone()),
            reply_to: (String::new(), from),
            newsletter: "letters".to_owned(),
            name: "Letters".to_owned(),
            url: "https://blog.example/".to_owned(),
            signer: None,
        },
        topics: model.topics.clone(),
        approval: false,
        quiet: model.quiet,
    }
}

fn stationery(zone: Zone, ceiling: Option<u32>) -> Stationery {
    Stationery {
        site: "Blog".to_owned(),
        url: "https://blog.example/".to_owned(),
        author: String::new(),
        postal_address: String::new(),
        zone,
        related: 0,
        fill: false,
        rails: Rails::default(),
        mark: String::new(),
        eligible: Duration::from_secs(ELIGIBLE),
        theme: crate::digest::theme::Theme::default(),
        pictures: crate::digest::pixels::Pictures::unknown(),
        ceiling,
    }
}

/// Letters of a word, since this is about who gets them.
fn templates() -> Templates {
    let names = ["article.html", "digest.html", "article.txt", "digest.txt"];
    let own = names.map(|name| (format!("email/issue/{name}"), "Hello".to_owned()));
    Templates::new(&own).unwrap()
}

fn post(key: &str, tags: Vec<String>, published: Timestamp) -> Post {
    Post {
        id: PostId::new(format!("tag:blog.example,2026:{key}")),
        key: key.to_owned(),
        path: format!("{key}.md"),
        url: format!("https://blog.example/{key}/"),
        place: key.to_owned(),
        title: key.to_owned(),
        summary: String::new(),
        html: String::new(),
        published,
        updated: published,
        authors: Vec::new(),
        tags,
        language: "en".to_owned(),
        direction: Direction::Ltr,
        image: None,
        comments: None,
        related: RelatedChoice::default(),
        feed: FeedChoice::default(),
    }
}

#[tokio::test]
async fn every_reader_gets_what_the_reference_gives_them() {
    let (mut letters, mut digests) = (0, 0);
    for seed in 0..HISTORIES {
        let mut history = History::new(seed).await;
        history.live().await;
        for (number, found) in history.letters().await.into_iter().enumerate() {
            let reader = &history.model.readers[number];
            assert_eq!(found, reader.letters, "seed {seed}, reader {number}");
            letters += found.len();
            digests += found.values().filter(|posts| posts.len() > 1).count();
            let carried: usize = found.values().map(BTreeSet::len).sum();
            let distinct: BTreeSet<_> = found.values().flatten().collect();
            assert_eq!(carried, distinct.len(), "seed {seed}, reader {number}: a post came twice");
        }
    }
    assert!(letters > 500 && digests > 50, "{letters} letters, {digests} digests");
}
