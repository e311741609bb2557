//! Relays with limits: whatever they are, everybody is served in the end and nobody fails.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use postrider::{selftest::sink::Act, time::Timestamp};

use super::{Field, scale};

/// Runs hour after hour until nothing waits; returns how many hours went by.
fn hours(field: &Field) -> u64 {
    for hour in 0..96 {
        field.world.run();
        field.check(0);
        if field.count("ready") == 0 {
            assert_eq!(field.count("sent"), field.readers);
            return hour;
        }
        field.world.wait(1);
    }
    panic!("{:?}", field.states());
}

/// How many whole spans lie between 1970 and then.
fn bucket(now: Timestamp, span: Duration) -> u64 {
    now.since(Timestamp::default()).as_secs() / span.as_secs()
}

#[test]
fn so_many_letters_a_connection_cost_nobody_a_wait() {
    let field = Field::new(scale(100, 2000), 2);
    let carried = Mutex::new(HashMap::<usize, usize>::new());
    field.turn(move |event, number| {
        let mut carried = carried.lock().unwrap();
        let letters = carried.entry(number).or_default();
        *letters += usize::from(event == "dot");
        (event.starts_with("MAIL") && *letters >= 10)
            .then_some(Act::say_and_hang("421 4.7.0 ten letters are enough"))
    });
    assert_eq!(hours(&field), 0);
    assert!(field.sink.connections() >= field.readers / 10);
}

#[test]
fn so_many_letters_a_minute_or_a_day_fail_nobody() {
    for (span, most) in [(Duration::from_secs(60), 20), (Duration::from_secs(86_400), 30)] {
        let field = Field::new(80, 2);
        let (clock, taken) = (field.world.clock.clone(), Mutex::new(HashMap::new()));
        field.turn(move |event, _| {
            let mut taken = taken.lock().unwrap();
            let now = taken.entry(bucket(clock.now(), span)).or_insert(0);
            if !event.starts_with("RCPT") {
                return None;
            }
            *now += 1;
            (*now > most).then_some(Act::say("450 4.7.1 quota exceeded, try again later"))
        });
        assert!(hours(&field) > 0);
    }
}

#[test]
fn greylisting_is_waited_out() {
    let field = Field::new(50, 2);
    let (clock, met) = (field.world.clock.clone(), Mutex::new(HashMap::new()));
    let refused = std::sync::Arc::new(AtomicUsize::new(0));
    let counted = refused.clone();
    field.turn(move |event, _| {
        let to = event.strip_prefix("RCPT TO:")?.to_owned();
        let mut met = met.lock().unwrap();
        let first = *met.entry(to).or_insert_with(|| clock.now());
        let is_early = clock.now().since(first) < Duration::from_secs(900);
        counted.fetch_add(usize::from(is_early), Ordering::SeqCst);
        is_early.then_some(Act::say("450 4.2.0 greylisted, come back in 15 minutes"))
    });
    assert_eq!(hours(&field), 1);
    assert_eq!(refused.load(Ordering::SeqCst), 50);
}
