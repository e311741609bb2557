//! What a pace promises: no limit is exceeded, lessons narrow, success widens, waiting ends.

use std::{collections::VecDeque, time::Duration};

use proptest::prelude::*;

use super::*;

const SLOWER_RELAY: Lesson = Lesson::Slower(Scope::Relay);
const SLOWER_DOMAIN: Lesson = Lesson::Slower(Scope::Domain);

fn at(milli: i64) -> Timestamp {
    Timestamp::from_micros(milli * 1000)
}

fn limited(connections: u32, per_minute: Option<u32>, per_day: Option<u64>) -> Pace {
    let relay = Limits { connections, per_minute, per_day };
    Pace::new(Settings { relay, ..Settings::unlimited(connections) })
}

/// Letters that go at once at `now`; all of them stay in flight.
fn admitted(pace: &mut Pace, domain: &str, now: Timestamp) -> usize {
    (0..10_000).take_while(|_| pace.admit(domain, now) == Admit::Now).count()
}

/// Letters that go one after another within a minute from `start`, each taken at once.
fn in_a_minute(pace: &mut Pace, start: i64) -> usize {
    let mut sent = 0;
    for milli in start..start + 60_000 {
        while pace.admit("x.example", at(milli)) == Admit::Now {
            pace.done("x.example", Lesson::Doubtful, at(milli));
            sent += 1;
        }
    }
    sent
}

#[test]
fn by_default_only_the_connections_bound_it() {
    let mut pace = Pace::new(Settings::unlimited(4));
    assert_eq!(admitted(&mut pace, "x.example", at(0)), 4);
    assert_eq!(pace.admit("y.example", at(0)), Admit::Relay(Wait::Turn));
    pace.done("x.example", Lesson::Taken, at(0));
    assert_eq!(pace.admit("y.example", at(0)), Admit::Now);
}

#[test]
fn a_lesson_about_a_domain_slows_down_that_domain_alone() {
    let mut pace = Pace::new(Settings::unlimited(8));
    assert_eq!(admitted(&mut pace, "x.example", at(0)), 8);
    (0..8).for_each(|_| pace.done("x.example", SLOWER_DOMAIN, at(0)));
    assert_eq!(admitted(&mut pace, "x.example", at(0)), 4, "eight complaints of one burst");
    assert_eq!(pace.admit("x.example", at(0)), Admit::Domain(Wait::Turn));
    assert_eq!(admitted(&mut pace, "y.example", at(0)), 4);
}

#[test]
fn at_one_connection_lessons_slow_down_the_rate() {
    let (mut pace, mut now) = (Pace::new(Settings::unlimited(2)), at(0));
    for minute in [usize::MAX, 60, 30, 15] {
        now = next(&mut pace, now);
        pace.done("x.example", SLOWER_RELAY, now);
        if minute < usize::MAX {
            now = now.plus(Duration::from_secs(600));
            let sent = in_a_minute(&mut pace, now.micros() / 1000);
            assert!(sent <= minute && sent + 1 >= minute, "{sent} of {minute}");
        }
    }
    assert_eq!(*pace.settings(), Settings::unlimited(2), "lessons leave the settings alone");
}

#[test]
fn success_widens_up_to_what_is_configured_and_no_further() {
    let mut pace = Pace::new(Settings::unlimited(4));
    let mut now = at(0);
    for _ in 0..6 {
        now = next(&mut pace, now);
        pace.done("x.example", SLOWER_RELAY, now);
    }
    let mut letters = 0;
    loop {
        now = next(&mut pace, now);
        pace.done("x.example", Lesson::Taken, now);
        letters += 1;
        let fork = admitted(&mut pace, "x.example", now);
        (0..fork).for_each(|_| pace.done("x.example", Lesson::Nothing, now));
        if fork == 4 {
            break;
        }
        assert!(letters < 20_000, "never recovers");
    }
    (0..1000).for_each(|_| {
        now = next(&mut pace, now);
        pace.done("x.example", Lesson::Taken, now);
    });
    assert_eq!(admitted(&mut pace, "x.example", now), 4);
}

/// When the next letter may go; it is in flight then.
fn next(pace: &mut Pace, mut now: Timestamp) -> Timestamp {
    loop {
        match pace.admit("x.example", now) {
            Admit::Now => return now,
            Admit::Relay(Wait::Until(until)) | Admit::Domain(Wait::Until(until)) => now = until,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_minute_sees_its_share_and_nearly_all_of_it() {
    for rate in [1, 7, 59, 60, 100, 600, 6000] {
        let mut pace = limited(4, Some(rate), None);
        for minute in 0..3 {
            let sent = in_a_minute(&mut pace, minute * 60_000);
            let share = usize::try_from(rate).unwrap();
            assert!(sent <= share && sent * 100 >= share * 98, "{sent} of {rate}");
        }
    }
}

#[test]
fn a_day_sees_its_quota_and_the_next_one_its_own() {
    let mut pace = limited(2, None, Some(3));
    let (noon, midnight) = (at(43_200_000), at(86_400_000));
    let send = |pace: &mut Pace, lesson, now| {
        assert_eq!(pace.admit("x.example", now), Admit::Now);
        pace.done("x.example", lesson, now);
    };
    for lesson in [Lesson::Taken, Lesson::Nothing, Lesson::Doubtful, Lesson::Taken] {
        send(&mut pace, lesson, noon);
    }
    assert_eq!(pace.admit("x.example", noon), Admit::Relay(Wait::Tomorrow(midnight)));
    send(&mut pace, Lesson::Taken, midnight);
    let back = pace.admit("x.example", at(0));
    assert_eq!(back, Admit::Now, "one of today's three, though the clock was set back");
}

#[test]
fn a_restart_does_not_begin_the_day_anew() {
    let capped = Limits { connections: 4, per_minute: None, per_day: Some(10) };
    let domains = HashMap::from([("x.example".to_owned(), capped)]);
    let mut pace = Pace::new(Settings { domains, ..Settings::unlimited(8) });
    assert!(pace.settings().counts_days());
    let today = Day::of(at(0));
    pace.recall(today, (500, Some(1000)), &[("x.example".to_owned(), 8)]);
    assert_eq!(admitted(&mut pace, "x.example", at(0)), 2);
    pace.recall(today, (1000, Some(1000)), &[]);
    let tomorrow = Admit::Relay(Wait::Tomorrow(at(86_400_000)));
    assert_eq!(pace.admit("y.example", at(0)), tomorrow);
}

#[test]
fn a_relay_that_takes_no_more_today_is_left_alone_for_an_hour() {
    let mut pace = Pace::new(Settings::unlimited(1));
    assert_eq!(pace.admit("x.example", at(0)), Admit::Now);
    pace.done("x.example", Lesson::Spent, at(0));
    assert_eq!(pace.admit("y.example", at(0)), Admit::Relay(Wait::Until(at(3_600_000))));
    assert_eq!(pace.admit("y.example", at(3_600_000)), Admit::Now);
}

#[test]
fn domains_without_lessons_are_forgotten() {
    let mut pace = Pace::new(Settings::unlimited(4));
    for number in 0..20_000 {
        let domain = format!("{number}.example");
        assert_eq!(pace.admit(&domain, at(number)), Admit::Now);
        let lesson = if number % 2 == 0 { Lesson::Taken } else { SLOWER_DOMAIN };
        pace.done(&domain, lesson, at(number));
    }
    assert!(pace.domains.len() <= REMEMBERED + 1, "{}", pace.domains.len());
}

fn lessons() -> impl Strategy<Value = Lesson> {
    prop_oneof![
        6 => Just(Lesson::Taken),
        1 => Just(Lesson::Doubtful),
        1 => Just(Lesson::Nothing),
        1 => Just(SLOWER_RELAY),
        1 => Just(SLOWER_DOMAIN),
    ]
}

proptest! {
    /// Any history of letters, clocks and lessons.
    #[test]
    fn no_limit_is_ever_exceeded_and_waiting_ends(
        (connections, rate, quota) in (1_u32..6, 1_u32..300, 1_u64..80),
        steps in prop::collection::vec((0_usize..3, 0_i64..3000, any::<bool>(), lessons()), 1..400),
    ) {
        const DOMAINS: [&str; 3] = ["a.example", "b.example", "c.example"];
        let mut pace = limited(connections, Some(rate), Some(quota));
        let mut now = 0;
        let mut flying: VecDeque<usize> = VecDeque::new();
        let mut counted = 0;
        let mut minute: VecDeque<i64> = VecDeque::new();
        for (domain, wait, lands, lesson) in steps {
            now += wait;
            match pace.admit(DOMAINS[domain], at(now)) {
                Admit::Now => {
                    flying.push_back(domain);
                    minute.push_back(now);
                }
                Admit::Relay(Wait::Turn) | Admit::Domain(Wait::Turn) => {
                    prop_assert!(!flying.is_empty(), "waits for nobody");
                }
                Admit::Relay(Wait::Until(until)) | Admit::Domain(Wait::Until(until)) => {
                    prop_assert!(until > at(now) && until.since(at(now)) <= Duration::from_secs(61));
                }
                Admit::Relay(Wait::Tomorrow(_)) => prop_assert_eq!(counted, quota),
                Admit::Domain(wait) => prop_assert!(false, "{:?}", wait),
            }
            minute.retain(|sent| now - sent < 60_000);
            prop_assert!(minute.len() <= rate as usize);
            prop_assert!(flying.len() <= connections as usize);
            if lands && let Some(domain) = flying.pop_front() {
                pace.done(DOMAINS[domain], lesson, at(now));
                counted += u64::from(matches!(lesson, Lesson::Taken | Lesson::Doubtful));
            }
            prop_assert!(counted <= quota);
        }
    }
}
