//! What a drain promises, on a ledger in a temporary folder.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::*;
use crate::{
    catalog::{Known, Record},
    domain::{
        address::Address,
        delivery::{DeliveryState, Reply},
        issue::IssueName,
        post::PostId,
        subscriber::{Cadence, NewSubscription},
    },
    outbox::{
        attempt::{Completion, Envelope, Failure, Phase},
        sink::{Act, Sink},
        smtp::{Deadlines, Relay, Tls},
        transport::{Answer, Memory, Transport},
    },
    store::{
        audience::Audience,
        deliveries::{Account, Move},
        issues::{EditionKey, Gift, Opening},
    },
};

#[path = "worker_tests/over_smtp.rs"]
mod over_smtp;
#[path = "worker_tests/relays.rs"]
mod relays;
#[path = "worker_tests/town.rs"]
mod town;

use town::{Town, letter, reader};

fn states<const N: usize>(expected: [(&str, usize); N]) -> BTreeMap<String, usize> {
    expected.map(|(state, count)| (state.to_owned(), count)).into()
}

fn refused(phase: Phase, code: u16, text: &str) -> Answer {
    Answer::Refuse(Failure::refused(phase, Reply::new(code, text)))
}

fn replied(code: u16, text: &str) -> Answer {
    Answer::Complete(Completion::Replied(Reply::new(code, text)))
}

#[tokio::test]
async fn every_reader_gets_the_letter_exactly_once() {
    let town = Town::with_readers(200).await;
    let tally = drain(town.desk(4)).await.unwrap();
    assert_eq!(tally, Tally { sent: 200, ..Tally::default() });
    let mut expected: Vec<_> = (0..200).map(reader).collect();
    expected.sort();
    assert_eq!(town.taken(), expected);
    assert_eq!(town.states().await, states([("sent", 200)]));
    assert_eq!(drain(town.desk(4)).await.unwrap(), Tally::default());
    assert_eq!(town.taken().len(), 200);
    let reply = town.account(0).await.reply;
    assert_eq!(reply.as_deref(), Some("250 2.0.0 kept in memory"));
}

#[tokio::test]
async fn whoever_leaves_between_lease_and_intent_is_not_written_to() {
    let town = Town::with_readers(3).await;
    let mut desk = town.desk(1);
    let (store, clock) = (town.store.clone(), town.clock.clone());
    desk.letters = Arc::new(move |leased| {
        let (store, now) = (store.clone(), clock.now());
        Box::pin(async move {
            if leased.address == reader(1) {
                store.end_subscription(leased.subscription, now).await.unwrap();
            }
            letter(&leased)
        })
    });
    let tally = drain(desk).await.unwrap();
    assert_eq!(tally, Tally { sent: 2, suppressed: 1, ..Tally::default() });
    assert_eq!(town.taken(), [reader(0), reader(2)]);
    assert_eq!(town.account(1).await.state, "suppressed");
    assert_eq!(town.account(1).await.attempts, 0);
    // The begun text could be taken back only together with its connection.
    assert_eq!(town.memory.connections(), 2);
}

#[tokio::test]
async fn each_verdict_moves_a_delivery_as_the_table_says() {
    let town = Town::with_readers(7).await;
    let unknown = "550 5.1.1";
    town.memory.answer(&reader(0), refused(Phase::Recipient, 550, "5.1.1 <reader0@example.net>"));
    town.memory.answer(&reader(1), refused(Phase::Recipient, 450, "4.2.0 greylisted"));
    town.memory.answer(&reader(2), replied(451, "4.3.0 later"));
    town.memory.answer(&reader(3), replied(552, "5.2.2 full"));
    town.memory.answer(&reader(4), Answer::Complete(Completion::Lost("gone".to_owned())));
    let tally = drain(town.desk(1)).await.unwrap();
    let expected = Tally { sent: 2, deferred: 2, failed: 2, uncertain: 1, ..Tally::default() };
    assert_eq!(tally, expected);
    for (number, state, attempts) in
        [(0, "failed", 0), (1, "ready", 0), (2, "ready", 1), (3, "failed", 1), (4, "uncertain", 1)]
    {
        let account = town.account(number).await;
        assert_eq!((account.state.as_str(), account.attempts), (state, attempts), "{number}");
        let reply = account.reply.unwrap();
        assert!(!reply.contains(&reader(number)), "{reply}");
        let later = account.not_before > town.clock.now();
        assert_eq!(later, state == "ready", "{number}");
    }
    assert!(town.account(0).await.reply.unwrap().contains(unknown));
    town.clock.advance(Duration::from_secs(600));
    assert_eq!(drain(town.desk(1)).await.unwrap().sent, 2);
    assert_eq!(town.states().await, states([("failed", 2), ("sent", 4), ("uncertain", 1)]));
}

#[tokio::test]
async fn a_delivery_put_off_for_four_days_fails_with_that_reason() {
    let town = Town::with_readers(1).await;
    for _ in 0..200 {
        town.memory.answer(&reader(0), refused(Phase::Recipient, 450, "4.2.0 greylisted"));
        drain(town.desk(1)).await.unwrap();
        let account = town.account(0).await;
        if account.state != "ready" {
            break;
        }
        let wait = account.not_before.since(town.clock.now());
        town.clock.advance(wait);
    }
    let account = town.account(0).await;
    assert_eq!(account.state, "failed");
    assert!(account.reply.unwrap().starts_with("lifetime: "));
}

#[tokio::test]
async fn a_refusal_about_the_sender_holds_the_issue_and_costs_no_reader_anything() {
    for before_dot in [true, false] {
        let town = Town::with_readers(50).await;
        let other = town.open("second").await;
        let answer = if before_dot {
            refused(Phase::Sender, 550, "5.7.26 not authenticated")
        } else {
            replied(550, "5.7.26 not authenticated")
        };
        town.memory.answer(&reader(10), answer);
        let tally = drain(town.desk(1)).await.unwrap();
        assert_eq!((tally.sent, tally.failed, tally.unreachable), (60, 0, None));
        assert!(tally.held >= 1);
        assert_eq!(town.states().await, states([("ready", 40), ("sent", 10)]));
        let (state, note) = town.issue_state().await;
        assert_eq!(state, "held");
        assert!(note.unwrap().contains("5.7.26"));
        assert!(town.store.release_issue(town.issue).await.unwrap());
        assert_eq!(drain(town.desk(2)).await.unwrap().sent, 40);
        assert_eq!(town.states().await, states([("sent", 50)]));
        let counts = town.store.counts().await.unwrap();
        let others: u64 = counts.iter().filter(|c| c.issue == other).map(|c| c.count).sum();
        assert_eq!(others, 50);
    }
}

#[tokio::test]
async fn a_relay_that_is_away_puts_off_what_was_in_hand_and_says_so() {
    let town = Town::with_readers(100).await;
    let away = Failure::without_reply(Phase::Connect, "cannot reach mail.example.net:25: refused");
    town.memory.refuse_to_connect(Some(away.clone()));
    let tally = drain(town.desk(2)).await.unwrap();
    assert_eq!(tally.unreachable, Some(away.text));
    assert_eq!(tally.deferred, 64);
    assert_eq!(town.states().await, states([("ready", 100)]));
    assert!(town.memory.connections() <= 6);
    town.memory.refuse_to_connect(None);
    town.clock.advance(Duration::from_secs(600));
    assert_eq!(drain(town.desk(2)).await.unwrap().sent, 100);
}

#[tokio::test]
async fn a_refused_login_holds_the_issue_after_one_try() {
    let town = Town::with_readers(10).await;
    let reply = Reply::new(535, "5.7.8 bad password");
    town.memory.refuse_to_connect(Some(Failure::refused(Phase::Login, reply)));
    let tally = drain(town.desk(1)).await.unwrap();
    assert_eq!((tally.held, tally.failed, town.memory.connections()), (10, 0, 1));
    assert!(tally.unreachable.unwrap().contains("535"));
    assert_eq!(town.issue_state().await.0, "held");
    assert_eq!(town.states().await, states([("ready", 10)]));
}

#[tokio::test]
async fn a_stop_finishes_what_is_in_flight_and_leaves_no_lease() {
    let town = Town::with_readers(50).await;
    let mut desk = town.desk(2);
    let (stop, made) = (town.stop.clone(), Arc::new(AtomicUsize::new(0)));
    desk.letters = Arc::new(move |leased| {
        if made.fetch_add(1, Ordering::SeqCst) == 9 {
            stop.send_replace(true);
        }
        Box::pin(async move { letter(&leased) })
    });
    let tally = drain(desk).await.unwrap();
    let left = 50 - usize::try_from(tally.sent).unwrap();
    assert!((38..=44).contains(&left), "{tally:?}");
    assert_eq!(tally.unreachable, None);
    assert_eq!(town.states().await, states([("ready", left), ("sent", 50 - left)]));
    town.stop.send_replace(false);
    assert_eq!(drain(town.desk(2)).await.unwrap().sent, left as u64);
    assert_eq!(town.taken().len(), 50);
}

#[tokio::test]
async fn a_run_that_died_between_intent_and_result_leaves_a_named_doubt() {
    let town = Town::with_readers(3).await;
    let now = town.clock.now();
    town.store.pass_canary(town.issue, now).await.unwrap();
    let leased = town.store.lease("dead", (now, now.plus(LEASE)), 2).await.unwrap();
    let (from, to) = (DeliveryState::Leased, DeliveryState::Sending);
    let intent = Move {
        id: leased[0].id,
        from,
        to,
        at: now,
        not_before: None,
        tried_since: None,
        reply: None,
    };
    assert_eq!(town.store.record("dead", &[intent]).await.unwrap(), [leased[0].id]);
    assert_eq!(town.store.renew("dead", now).await.unwrap(), 2);
    assert_eq!(town.store.renew("another", now).await.unwrap(), 0);
    town.store.void_leases(now).await.unwrap();
    assert_eq!(town.states().await, states([("ready", 2), ("uncertain", 1)]));
    assert_eq!(drain(town.desk(1)).await.unwrap().sent, 2);
    assert_eq!(town.states().await, states([("sent", 2), ("uncertain", 1)]));
}

#[tokio::test]
async fn an_intent_that_the_ledger_does_not_grant_is_never_completed() {
    let town = Town::with_readers(1).await;
    let mut desk = town.desk(1);
    let (store, clock) = (town.store.clone(), town.clock.clone());
    desk.letters = Arc::new(move |leased| {
        let (store, now) = (store.clone(), clock.now());
        Box::pin(async move {
            // As if this desk had been asleep while another took the ledger over.
            store.void_leases(now).await.unwrap();
            store.lease("another", (now, now), 1).await.unwrap();
            letter(&leased)
        })
    });
    assert_eq!(drain(desk).await.unwrap(), Tally::default());
    assert!(town.taken().is_empty());
    assert_eq!(town.states().await, states([("leased", 1)]));
}

#[tokio::test]
async fn a_letter_that_cannot_be_made_fails_its_reader_or_holds_its_issue() {
    let town = Town::with_readers(5).await;
    let mut desk = town.desk(1);
    desk.letters = Arc::new(|leased| {
        Box::pin(async move {
            match leased.address.as_str() {
                "reader1@example.net" => Err(Unmade::Never("not an address".to_owned())),
                "reader3@example.net" => Err(Unmade::Ours("no such edition".to_owned())),
                _ => letter(&leased),
            }
        })
    });
    let tally = drain(desk).await.unwrap();
    // The third letter may have been in flight when the fourth was found wanting.
    assert!(tally.failed == 1 && [1, 2].contains(&tally.sent), "{tally:?}");
    let (sent, ready) = (tally.sent as usize, 4 - tally.sent as usize);
    assert_eq!(town.states().await, states([("failed", 1), ("ready", ready), ("sent", sent)]));
    assert_eq!(town.issue_state().await, ("held".to_owned(), Some("no such edition".to_owned())));
}

#[tokio::test]
async fn reserved_domains_are_not_given_to_a_relay_elsewhere() {
    let town = Town::with_readers(2).await;
    let mut desk = town.desk(1);
    let (host, hello) = ("mail.blog.example".to_owned(), "blog.example".to_owned());
    desk.relays = Arc::new(Relays::one(
        Transport::Smtp(Relay {
            host,
            port: 25,
            tls: Tls::None,
            login: None,
            hello,
            deadlines: Deadlines::default(),
        }),
        desk.connections,
    ));
    let tally = drain(desk).await.unwrap();
    assert_eq!(tally, Tally { failed: 2, ..Tally::default() });
    assert_eq!(town.account(0).await.reply.as_deref(), Some("reserved domain"));
}
