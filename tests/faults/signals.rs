//! A run that is told to stop finishes what is in flight and gives back the rest.

use std::time::{Duration, Instant};

use postrider::selftest::sink::Act;

use super::{Field, ends_in_good_order, signal};

#[test]
fn a_signal_ends_a_run_in_good_order_and_leaves_no_doubt() {
    for name in ["-TERM", "-INT", "-HUP"] {
        ends_in_good_order(name, &["run", "--quiet"]);
    }
}

#[test]
fn a_signal_waits_for_the_reply_to_a_letter_that_was_sent() {
    let field = Field::new(20, 2);
    field.turn(|event, _| (event == "dot").then_some(Act::Late(Duration::from_millis(1500))));
    let child = field.run_until(2);
    let told = Instant::now();
    signal("-TERM", &child);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    assert!(told.elapsed() > Duration::from_millis(900), "{:?}", told.elapsed());
    field.check(0);
    assert_eq!(field.count("sent"), field.sink.taken());
    field.sink.turn(None);
    field.finish(0);
}

#[test]
fn a_relay_that_falls_silent_holds_up_one_connection_and_a_stop_ten_seconds() {
    let cases = [("MAIL", Act::Silent), ("connect", Act::Silent), ("MAIL", Act::Deaf)]
        .into_iter()
        .chain([("EHLO", Act::Drip("250 slow".into(), Duration::from_secs(1)))]);
    std::thread::scope(|scope| {
        for (event, act) in cases {
            scope.spawn(move || one_silent(event, &act));
        }
    });
}

fn one_silent(event: &'static str, act: &Act) {
    let field = Field::new(40, 2);
    let does = act.clone();
    field.turn(move |now, number| (number == 1 && now.starts_with(event)).then(|| does.clone()));
    let is_slow_only = matches!(act, Act::Drip(..));
    let child = field.run_until(if is_slow_only { 40 } else { 38 });
    let told = Instant::now();
    signal("-TERM", &child);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0), "{event}");
    assert!(told.elapsed() < Duration::from_secs(20), "{event}: {:?}", told.elapsed());
    field.check(0);
    field.sink.turn(None);
    field.finish(0);
}
