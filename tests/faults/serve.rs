//! The service while it sends: it goes on publishing, and stops in good order.

use std::time::Duration;

use postrider::selftest::sink::Options;

use super::{Field, ends_in_good_order, signal};

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

fn slow(milliseconds: u64) -> Options {
    Options { delay: Duration::from_millis(milliseconds), ..Options::default() }
}

#[test]
fn a_service_that_is_told_to_stop_finishes_what_is_in_flight() {
    for name in ["-TERM", "-INT"] {
        ends_in_good_order(name, &SERVE);
    }
}

#[test]
fn a_service_goes_on_publishing_and_opening_while_it_sends() {
    let field = Field::with(300, 2, slow(20));
    let child = field.until(4, &SERVE);
    field.world.post("news", "2026-11-24", "News", "Written while letters go out.");
    signal("-HUP", &child);
    for _ in 0..200 {
        if !field.world.accounts("instant/news").is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(field.world.accounts("instant/news").len(), 300);
    assert!(field.world.path("public/news/index.html").exists());
    assert!(field.sink.taken() < 300, "it looked only when all was sent");
    signal("-TERM", &child);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    field.check(0);
}

#[test]
fn the_next_run_settles_by_itself_what_a_killed_one_left() {
    let field = Field::with(300, 4, slow(4));
    let child = field.run_until(40);
    signal("-KILL", &child);
    drop(child.wait_with_output());
    field.quiet();
    let (in_hand, begun) = (field.count("leased"), field.count("sending"));
    assert!(in_hand > 0 && begun <= 4, "{in_hand} leased, {begun} sending");
    field.finish(4);
    assert!(field.count("uncertain") >= begun, "a doubt was not named");
}
