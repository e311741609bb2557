//! Several relays, their limits, the canary and the operator's letter, as a run shows them.

use postrider::outbox::{
    attempt::{Failure, Phase},
    transport::Answer,
};

use crate::{
    cluster::free_port,
    harness::{World, recipients, sink},
};

fn with_readers(count: usize) -> World {
    let world = World::new();
    for reader in 0..count {
        world.subscribe(&format!("reader{reader}@example.net"), "", "instant");
    }
    world.configure_mail("first_run = \"latest\"");
    world.post("first", "2026-11-20", "The first", "Text of the first.");
    world
}

fn append(world: &World, text: &str) {
    let config = world.read("config/postrider.toml");
    world.write("config/postrider.toml", &format!("{config}\n{text}\n"));
}

#[test]
fn the_second_relay_takes_letters_while_the_first_is_away() {
    let world = with_readers(10);
    let log = tempfile::NamedTempFile::new().unwrap();
    let second = sink(log.path());
    world.configure_mail("transport = \"smtp\"");
    for (name, port, priority) in [("first", free_port(), 1), ("second", second.port, 2)] {
        append(
            &world,
            &format!(
                "[[mail.relays]]\nname = \"{name}\"\nhost = \"127.0.0.1\"\nport = {port}\n\
                 tls = \"none\"\npriority = {priority}"
            ),
        );
    }
    let summary = world.run();
    assert_eq!((summary.letters.sent, summary.needs_operator()), (10, false), "{summary}");
    assert_eq!(recipients(log.path()).len(), 10);
}

#[test]
fn a_day_s_quota_is_kept_and_said() {
    let world = with_readers(12);
    let log = tempfile::NamedTempFile::new().unwrap();
    let relay = sink(log.path());
    world.relay_at(relay.port, "");
    append(&world, "[mail.limits]\nper_day = 5");
    let first = world.run();
    assert_eq!(first.letters.sent, 5, "{first}");
    assert!(
        first.to_string().contains("the rest goes from Wed 2026-11-25 01:00 CET on"),
        "{first}"
    );
    assert_eq!((world.run().letters.sent, first.needs_operator()), (0, false));
    for expected in [5, 2, 0] {
        world.wait(24);
        assert_eq!(world.run().letters.sent, expected);
    }
    assert_eq!(recipients(log.path()).len(), 12);
}

#[test]
fn the_first_letters_go_alone_and_the_summary_says_so() {
    let world = with_readers(30);
    world.configure_mail("canary = 5\ncanary_wait = 30");
    let first = world.run();
    assert_eq!(first.letters.sent, 5, "{first}");
    let said = "instant/first: its first letters are out, 5 of 5 taken; the rest waits until Tue \
                2026-11-24 13:30 CET (mail.canary)";
    assert!(first.to_string().contains(said), "{first}");
    assert_eq!(world.run().letters.sent, 0);
    world.wait(1);
    assert_eq!(world.run().letters.sent, 25);
}

#[test]
fn the_operator_gets_one_letter_a_day_while_somebody_is_needed() {
    let world = with_readers(2);
    append(&world, "[operator]\naddress = \"ann@blog.example\"");
    let refusal = || {
        let reply = postrider::domain::delivery::Reply::new(550, "5.7.26 not authenticated");
        Answer::Refuse(Failure::refused(Phase::Sender, reply))
    };
    for reader in 0..2 {
        world.memory.answer(&format!("reader{reader}@example.net"), refusal());
    }
    let to_operator = || {
        let taken = world.memory.taken().into_iter();
        let mut letters: Vec<_> = taken.filter(|one| one.name.starts_with("operator/")).collect();
        letters.pop().map(|last| (letters.len() + 1, String::from_utf8(last.message).unwrap()))
    };
    assert!(world.run().needs_operator());
    let (count, text) = to_operator().unwrap();
    assert_eq!(count, 1);
    assert!(text.contains("To: <ann@blog.example>") && text.contains("5.7.26"), "{text}");
    assert!(!text.contains("reader0@"), "{text}");
    world.wait(1);
    world.run();
    assert_eq!(to_operator().unwrap().0, 1);
    world.wait(23);
    world.run();
    assert_eq!(to_operator().unwrap().0, 2);
    assert_eq!(world.call(&["issue", "release", "instant/first"]).0, 0);
    world.wait(24);
    assert_eq!(world.run().letters.sent, 2);
    assert_eq!(to_operator().unwrap().0, 2, "nobody is needed any more");
}
