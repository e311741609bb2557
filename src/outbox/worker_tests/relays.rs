//! A drain over several relays, their limits, and the canary.

use super::*;
use crate::outbox::{
    policy::pace::{Limits, Settings},
    relays::Outlet,
    watch::{Point, Watch},
};

fn to(sink: &Sink) -> Transport {
    let (host, hello) = ("127.0.0.1".to_owned(), "blog.example".to_owned());
    let deadlines = Deadlines::default();
    Transport::Smtp(Relay { host, port: sink.port, tls: Tls::None, login: None, hello, deadlines })
}

fn outlet(name: &str, transport: Transport, priority: u32) -> Outlet {
    Outlet { name: name.to_owned(), priority, ..Outlet::one(transport, 2) }
}

fn limited(town: &Town, relay: Option<u64>, domain: Option<u64>) -> Arc<Relays> {
    let limits = |per_day| Limits { connections: 2, per_minute: None, per_day };
    let domains = domain.map(|letters| ("example.net".to_owned(), limits(Some(letters))));
    let pace = Settings {
        relay: limits(relay),
        domains: domains.into_iter().collect(),
        ..Settings::unlimited(2)
    };
    let transport = Transport::Memory(town.memory.clone());
    Arc::new(Relays::new(vec![Outlet { pace, ..outlet("main", transport, 1) }]))
}

fn readers_of(sink: &Sink) -> Vec<String> {
    let mut to: Vec<_> = sink.log().letters.into_iter().map(|letter| letter.to).collect();
    to.sort();
    to
}

#[tokio::test]
async fn another_relay_gets_what_the_first_cannot_have_taken() {
    for event in ["connect", "MAIL", "RCPT", "DATA", "body"] {
        let town = Town::with_readers(12).await;
        let first = Sink::start(move |now, _| now.starts_with(event).then_some(Act::Hang)).await;
        let second = Sink::start(|_, _| None).await;
        let mut desk = town.desk(2);
        let outlets = vec![outlet("first", to(&first), 1), outlet("second", to(&second), 2)];
        desk.relays = Arc::new(Relays::new(outlets));
        let tally = drain(desk).await.unwrap();
        assert_eq!(tally, Tally { sent: 12, ..Tally::default() }, "{event}");
        assert_eq!(readers_of(&second).len(), 12, "{event}");
    }
}

#[tokio::test]
async fn what_the_first_relay_may_have_is_given_to_no_other() {
    let town = Town::with_readers(12).await;
    let first = Sink::start(|now, _| (now == "dot").then_some(Act::Hang)).await;
    let second = Sink::start(|_, _| None).await;
    let mut desk = town.desk(1);
    let outlets = vec![outlet("first", to(&first), 1), outlet("second", to(&second), 2)];
    desk.relays = Arc::new(Relays::new(outlets));
    let tally = drain(desk).await.unwrap();
    assert_eq!((tally.sent, tally.uncertain, tally.deferred), (9, 3, 0), "{tally:?}");
    let doubtful = town.store.accounts(town.issue, Some(DeliveryState::Uncertain)).await.unwrap();
    let second = readers_of(&second);
    assert_eq!(second.len(), 9);
    assert!(doubtful.iter().all(|one| !second.iter().any(|to| to.contains(&one.address))));
}

#[tokio::test]
async fn relays_of_one_priority_share_the_sessions() {
    let town = Town::with_readers(40).await;
    let sinks = [Sink::start(|_, _| None).await, Sink::start(|_, _| None).await];
    let mut desk = town.desk(4);
    let outlets = vec![outlet("a", to(&sinks[0]), 1), outlet("b", to(&sinks[1]), 1)];
    desk.relays = Arc::new(Relays::new(outlets));
    assert_eq!(drain(desk).await.unwrap().sent, 40);
    let counts = sinks.each_ref().map(|sink| readers_of(sink).len());
    assert!(counts.iter().all(|count| *count > 0) && counts.iter().sum::<usize>() == 40);
}

#[tokio::test]
async fn a_day_s_quota_holds_over_drains_and_restarts() {
    for (relay, domain) in [(Some(5), None), (None, Some(5))] {
        let town = Town::with_readers(12).await;
        for (hours, expected) in [(0, 5), (1, 0), (24, 5), (24, 2)] {
            town.clock.advance(Duration::from_secs(hours * 3600));
            let mut desk = town.desk(2);
            desk.relays = limited(&town, relay, domain);
            let tally = drain(desk).await.unwrap();
            assert_eq!((tally.sent, tally.failed), (expected, 0), "{relay:?} {domain:?} {hours}");
            let left = town.states().await.get("leased").copied();
            assert_eq!(left, None, "{relay:?} {domain:?} {hours}");
        }
        assert_eq!(town.taken().len(), 12);
    }
}

#[tokio::test]
async fn a_drain_that_used_up_the_day_says_until_when() {
    let town = Town::with_readers(9).await;
    let mut desk = town.desk(2);
    desk.relays = limited(&town, Some(5), None);
    let relays = desk.relays.clone();
    let midnight = Timestamp::parse_rfc3339("2026-11-25T00:00:00Z").unwrap();
    assert_eq!(drain(desk).await.unwrap().spent_until, Some(midnight));
    assert_eq!(closed(&relays, town.clock.now()), Some((midnight, Closed::Spent)));
    assert_eq!(closed(&relays, midnight), None);
}

#[tokio::test]
async fn the_first_letters_go_alone_and_the_rest_follows() {
    let town = Town::with_readers(20).await;
    for (seconds, expected) in [(0, 3), (59, 0), (2, 17)] {
        town.clock.advance(Duration::from_secs(seconds));
        let mut desk = town.desk(2);
        desk.canary = canary::Settings { letters: 3, wait: Duration::from_secs(60), share: 0.4 };
        assert_eq!(drain(desk).await.unwrap().sent, expected, "{seconds}");
    }
}

#[tokio::test]
async fn bad_first_letters_hold_the_issue_until_somebody_has_looked() {
    let town = Town::with_readers(20).await;
    for number in 0..2 {
        town.memory.answer(&reader(number), refused(Phase::Recipient, 550, "5.1.1 nobody"));
    }
    let desk = || Desk {
        canary: canary::Settings { letters: 3, wait: Duration::ZERO, share: 0.4 },
        ..town.desk(1)
    };
    let tally = drain(desk()).await.unwrap();
    assert_eq!((tally.sent, tally.failed), (1, 2));
    drain(desk()).await.unwrap();
    let (state, note) = town.issue_state().await;
    assert_eq!(state, "held");
    assert!(note.unwrap().contains("2 of its first 3"), "it says why");
    assert!(town.store.release_issue(town.issue).await.unwrap());
    assert_eq!(drain(desk()).await.unwrap().sent, 17);
}

#[tokio::test]
async fn a_drain_that_broke_off_leaves_no_relay_busy() {
    let town = Town::with_readers(8).await;
    let relays = Arc::new(Relays::one(Transport::Memory(town.memory.clone()), 2));
    let desk = || Desk { relays: relays.clone(), ..town.desk(2) };
    let breaks: Watch =
        Arc::new(|point| assert_ne!(point, Point::AfterIntent, "the desk breaks down"));
    assert!(drain(Desk { watch: Some(breaks), ..desk() }).await.is_err());
    town.store.void_leases(town.clock.now()).await.unwrap();
    let doubts = town.states().await.get("uncertain").copied().unwrap_or(0);
    assert!((1..=2).contains(&doubts), "{doubts}");
    let tally = tokio::time::timeout(Duration::from_secs(20), drain(desk())).await.unwrap();
    assert_eq!(tally.unwrap(), Tally { sent: 8 - doubts as u64, ..Tally::default() });
}

#[tokio::test]
async fn only_attempts_that_reached_a_relay_count_for_the_lifetime() {
    let town = Town::with_readers(1).await;
    let hours = |hours: u64| town.clock.advance(Duration::from_secs(hours * 3600));
    let put_off = || refused(Phase::Recipient, 450, "4.2.0 not now");
    town.memory.answer(&reader(0), put_off());
    assert_eq!(drain(town.desk(1)).await.unwrap().deferred, 1);
    let away = Failure::without_reply(Phase::Connect, "connection refused");
    town.memory.refuse_to_connect(Some(away));
    hours(1);
    assert_eq!(drain(town.desk(1)).await.unwrap().deferred, 1, "the relay is away");
    town.memory.refuse_to_connect(None);
    hours(100);
    town.memory.answer(&reader(0), put_off());
    assert_eq!(drain(town.desk(1)).await.unwrap().deferred, 1, "its four days begin here");
    hours(97);
    town.memory.answer(&reader(0), put_off());
    let tally = drain(town.desk(1)).await.unwrap();
    assert_eq!((tally.deferred, tally.failed), (0, 1), "they are over");
    assert!(town.account(0).await.reply.unwrap().starts_with("lifetime: "));
}
