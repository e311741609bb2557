//! What a route promises: order, shares, and no second relay after the dot.

use proptest::prelude::*;

use super::{super::pace::Settings, *};
use crate::domain::delivery::Reply;

const NOW: Timestamp = Timestamp::from_micros(0);

fn route(stops: &[(u32, u32)]) -> Route {
    let stops = stops.iter().map(|&(priority, weight)| {
        Stop::new(priority, weight, Pace::new(Settings::unlimited(1000)))
    });
    Route::new(stops.collect())
}

fn refused(phase: Phase, code: u16, text: &str) -> Failure {
    Failure::refused(phase, Reply::new(code, text))
}

fn hung_up() -> Failure {
    Failure::without_reply(Phase::Connect, "hung up")
}

fn break_down(route: &mut Route, relay: usize) {
    (0..5).for_each(|_| route.failed(relay, "x.example", &hung_up(), NOW));
}

#[test]
fn the_first_priority_has_all_until_it_breaks() {
    let mut route = route(&[(2, 1), (1, 1)]);
    assert_eq!(route.pick("x.example", &[], NOW), Pick::Relay(1));
    break_down(&mut route, 1);
    assert_eq!(route.pick("x.example", &[], NOW), Pick::Relay(0));
    break_down(&mut route, 0);
    let until = NOW.plus(std::time::Duration::from_secs(30));
    assert_eq!(route.pick("x.example", &[], NOW), Pick::Wait(Wait::Until(until)));
    assert_eq!(route.pick("x.example", &[], until), Pick::Relay(1), "on trial");
    assert_eq!(route.pick("x.example", &[], until), Pick::Relay(0), "the other, on trial too");
    assert_eq!(route.pick("x.example", &[], until), Pick::Wait(Wait::Turn));
    let full = refused(Phase::Recipient, 552, "5.2.2 mailbox full");
    route.failed(1, "x.example", &full, until);
    assert_eq!(route.pick("x.example", &[], until), Pick::Relay(1), "it is there");
}

#[test]
fn a_relay_that_refuses_the_password_is_left_alone_at_once() {
    let mut route = route(&[(1, 1), (2, 1)]);
    assert_eq!(route.pick("x.example", &[], NOW), Pick::Relay(0));
    route.failed(0, "x.example", &refused(Phase::Login, 535, "5.7.8 no"), NOW);
    assert_eq!(route.pick("x.example", &[], NOW), Pick::Relay(1));
}

#[test]
fn a_relay_that_is_too_busy_is_slowed_down_for_not_given_up() {
    let mut route = route(&[(1, 1)]);
    for _ in 0..8 {
        assert_eq!(route.pick("x.example", &[], NOW), Pick::Relay(0));
        let busy = refused(Phase::Greeting, 421, "too many connections");
        route.failed(0, "x.example", &busy, NOW);
    }
    let in_flight =
        (0..1000).take_while(|_| matches!(route.pick("x.example", &[], NOW), Pick::Relay(0)));
    assert_eq!(in_flight.count(), 1000 >> 8);
}

#[test]
fn lost_replies_break_a_relay_too() {
    let mut route = route(&[(1, 1)]);
    for _ in 0..5 {
        assert_eq!(route.pick("x.example", &[], NOW), Pick::Relay(0));
        route.completed(0, "x.example", &Completion::Lost("gone".into()), NOW);
    }
    assert!(matches!(route.pick("x.example", &[], NOW), Pick::Wait(Wait::Until(_))));
}

#[test]
fn equal_priorities_share_by_weight() {
    let mut route = route(&[(1, 3), (1, 1)]);
    let mut got = [0; 2];
    for _ in 0..400 {
        let Pick::Relay(relay) = route.pick("x.example", &[], NOW) else { panic!("no relay") };
        route.completed(relay, "x.example", &Completion::Replied(Reply::new(250, "ok")), NOW);
        got[relay] += 1;
    }
    assert_eq!(got, [300, 100]);
}

#[test]
fn a_letter_goes_to_each_relay_once_at_most() {
    let mut route = route(&[(1, 1), (2, 1)]);
    assert_eq!(route.pick("x.example", &[0], NOW), Pick::Relay(1));
    assert_eq!(route.pick("x.example", &[0, 1], NOW), Pick::Nowhere);
}

#[test]
fn a_letter_withdrawn_gives_its_place_and_its_trial_back() {
    let mut route = route(&[(1, 1)]);
    break_down(&mut route, 0);
    let later = NOW.plus(std::time::Duration::from_secs(60));
    assert_eq!(route.pick("x.example", &[], later), Pick::Relay(0));
    route.withdrawn(0, "x.example", later);
    assert_eq!(route.pick("x.example", &[], later), Pick::Relay(0));
}

#[test]
fn only_what_says_nothing_about_the_letter_goes_elsewhere() {
    for (failure, expected) in [
        (Failure::without_reply(Phase::Connect, "refused"), true),
        (refused(Phase::Login, 535, "5.7.8 bad password"), true),
        (refused(Phase::Greeting, 554, "go away"), true),
        (refused(Phase::Recipient, 421, "closing"), true),
        (Failure::without_reply(Phase::Body, "gone"), true),
        (Failure::without_reply(Phase::Address, "no such form"), false),
        (refused(Phase::Recipient, 550, "5.1.1 nobody"), false),
        (refused(Phase::Recipient, 450, "4.2.0 later"), false),
        (refused(Phase::Body, 554, "5.7.1 spam"), false),
    ] {
        assert_eq!(may_go_elsewhere(&failure), expected, "{failure}");
    }
}

proptest! {
    #[test]
    fn a_relay_is_passed_over_only_for_a_reason(
        stops in prop::collection::vec((1_u32..4, 0_u32..5), 1..5),
        events in prop::collection::vec((0_usize..5, 0_u8..4, 0_i64..40), 0..200),
    ) {
        let mut route = route(&stops);
        let mut now = 0;
        for (relay, what, seconds) in events {
            now += seconds * 1_000_000;
            let now = Timestamp::from_micros(now);
            match what {
                0 => route.failed(relay, "y.example", &hung_up(), now),
                1 => {
                    let full = refused(Phase::Recipient, 552, "5.2.2 mailbox full");
                    route.failed(relay, "y.example", &full, now);
                }
                _ => {}
            }
            match route.pick("x.example", &[], now) {
                Pick::Relay(picked) => {
                    let better = route.stops.iter().any(|stop| {
                        stop.priority < route.stops[picked].priority
                            && stop.breaker.state(now) == State::Closed
                    });
                    prop_assert!(!better, "a better one was free");
                    route.withdrawn(picked, "x.example", now);
                }
                Pick::Wait(Wait::Until(until)) => {
                    prop_assert!(until > now);
                    let closed = route.stops.iter().any(|s| s.breaker.state(now) == State::Closed);
                    prop_assert!(!closed, "waits beside an open door");
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
