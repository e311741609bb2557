//! A reader's rhythm: hours, zones, topics, quiet hours, the ceiling; and the operator's hand in
//! it: approval, corrections, calling off.

use crate::harness::World;

/// A world whose newsletter has these lines too.
fn world(lines: &str) -> World {
    let world = World::with_readers();
    let config = world.read("config/postrider.toml");
    world.write("config/postrider.toml", &format!("{config}{lines}\n"));
    world.run();
    world.wait(1);
    world
}

fn tagged(world: &World, slug: &str, tags: &str) {
    let text = format!(
        "+++\ntitle = \"{slug}\"\ndate = 2026-11-24\ntags = [{tags}]\n+++\n\nThe text of {slug}.\n"
    );
    world.write(&format!("posts/{slug}.md"), &text);
}

fn names(world: &World) -> Vec<String> {
    world.letters().into_keys().collect()
}

#[test]
fn digests_come_at_the_readers_own_hour_day_and_zone() {
    let world = World::with_readers();
    world.write(
        "config/subscribers.csv",
        "address,newsletter,cadence,hour,weekday,time_zone,confirmed_at\n\
         usual@example.net,letters,weekly,,,,2026-01-01\n\
         early@example.net,letters,weekly,6,,,2026-01-01\n\
         friday@example.net,letters,weekly,18,friday,,2026-01-01\n\
         far@example.net,letters,weekly,,,Asia/Kathmandu,2026-01-01\n",
    );
    world.run();
    world.post("one", "2026-11-24", "One", "Text.");
    world.wait(1);
    // Tuesday, 24 November, 13:00 UTC; Berlin is an hour ahead.
    for (hours, expected) in [
        (24 * 3 + 4, &["friday"][..]),
        (24 * 2 + 11, &["far", "friday"]),
        (2, &["early", "far", "friday"]),
        (3, &["early", "far", "friday", "usual"]),
        (24 * 7, &["early", "far", "friday", "usual"]),
    ] {
        world.run();
        world.wait(hours);
        world.run();
        let have: Vec<String> = names(&world)
            .iter()
            .filter_map(|name| Some(name.split_once('/')?.1.split('@').next()?.to_owned()))
            .collect();
        let mut have = have;
        have.sort();
        assert_eq!(have, expected, "after {hours} hours more");
    }
}

#[test]
fn a_reader_gets_the_topics_that_were_chosen_and_a_newsletter_carries_its_own() {
    let world = World::with_readers();
    let config = world.read("config/postrider.toml");
    let more = "topics = [\"Boats\", \"mail\"]";
    world.write("config/postrider.toml", &format!("{config}{more}\n"));
    world.write(
        "config/subscribers.csv",
        "address,newsletter,cadence,topics,confirmed_at\n\
         all@example.net,letters,instant,,2026-01-01\n\
         boats@example.net,letters,instant,boats|weather,2026-01-01\n",
    );
    world.run();
    world.wait(1);
    for (slug, tags) in [("a", "\"boats\""), ("b", "\"mail\""), ("c", "\"weather\""), ("d", "")] {
        tagged(&world, slug, tags);
    }
    world.run();
    assert_eq!(
        names(&world),
        ["instant-a/all@example.net", "instant-a/boats@example.net", "instant-b/all@example.net"]
    );
}

#[test]
fn what_quiet_hours_held_back_comes_in_one_letter() {
    let world = world("quiet_hours = \"22-7\"");
    world.wait(9);
    world.post("one", "2026-11-24", "The first", "Text one.");
    assert_eq!(world.run().letters.sent, 0, "it is eleven at night in Berlin");
    world.wait(3);
    world.post("two", "2026-11-24", "The second", "Text two.");
    assert_eq!(world.run().letters.sent, 0);
    world.wait(5);
    assert_eq!(world.run().letters.sent, 1);
    let letters = world.letters();
    let letter = &letters["instant-two/ada@example.net"];
    assert!(letter.contains("The first") && letter.contains("The second"), "{letter}");
    world.wait(24);
    assert_eq!(world.run().letters.sent, 0);
}

#[test]
fn no_reader_gets_more_letters_a_day_than_the_ceiling_and_none_is_lost() {
    let world = World::with_readers();
    world.configure_mail("letters_a_day = 1");
    world.run();
    world.wait(1);
    for (slug, sent) in [("one", 1), ("two", 0), ("three", 0)] {
        world.post(slug, "2026-11-24", slug, &format!("Text {slug}."));
        assert_eq!(world.run().letters.sent, sent, "{slug}");
        world.wait(1);
    }
    world.wait(10);
    assert_eq!(world.run().letters.sent, 1);
    let letters = world.letters();
    let letter = &letters["instant-three/ada@example.net"];
    assert!(letter.contains("Text two.") && letter.contains("Text three."), "{letter}");
}

#[test]
fn an_issue_that_needs_approval_waits_and_a_correction_still_reaches_it() {
    let world = world("approval = true");
    world.post("one", "2026-11-24", "One", "A text with an eror.");
    let summary = world.run();
    assert_eq!(summary.letters.sent, 0, "{summary}");
    assert!(summary.to_string().contains("approval"), "{summary}");
    world.wait(1);
    world.post("one", "2026-11-24", "One", "A text without an error.");
    world.run();
    let (code, said, _) = world.call(&["issue", "approve", "instant/one"]);
    assert_eq!((code, said.as_str()), (0, "instant/one is approved; the next run sends it.\n"));
    assert_eq!(world.run().letters.sent, 1);
    let letters = world.letters();
    let letter = &letters["instant-one/ada@example.net"];
    assert!(letter.contains("without an error") && !letter.contains("eror."), "{letter}");
    world.post("one", "2026-11-24", "One", "Corrected too late.");
    assert_eq!(world.run().letters.sent, 0, "a correction is no new letter");
}

#[test]
fn a_digest_that_is_called_off_gives_its_posts_to_the_next() {
    let world = world("approval = true");
    world.post("one", "2026-11-24", "One", "Text one.");
    world.wait(24 * 7);
    world.run();
    let (code, said, error) = world.call(&["issue", "cancel", "weekly/2026-W49"]);
    let expected = "weekly/2026-W49 is called off; 1 letter that waited is not sent.\n";
    assert_eq!((code, said.as_str()), (0, expected), "{error}");
    let (code, _, error) = world.call(&["issue", "cancel", "weekly/2026-W49"]);
    assert_eq!(code, 1, "{error}");
    assert!(error.contains("cancelled"), "{error}");
    world.post("two", "2026-11-24", "Two", "Text two.");
    world.wait(24 * 7);
    world.run();
    world.call(&["issue", "approve", "weekly/2026-W50"]);
    world.run();
    let letters = world.letters();
    let letter = &letters["weekly-2026-W50/wes@example.net"];
    assert!(letter.contains("Text one.") && letter.contains("Text two."), "{letter}");
    let (code, said, error) = world.call(&["ledger", "verify"]);
    assert_eq!(code, 0, "{said}{error}");
}

#[test]
fn the_post_of_an_instant_letter_that_is_called_off_is_not_mailed() {
    let world = world("approval = true\nquiet_hours = \"2-3\"\n[related]\ncount = 0");
    world.post("one", "2026-11-24", "One", "Text one.");
    world.run();
    world.call(&["issue", "cancel", "instant/one"]);
    world.wait(1);
    world.post("two", "2026-11-24", "Two", "Text two.");
    world.run();
    world.call(&["issue", "approve", "instant/two"]);
    world.run();
    let letters = world.letters();
    assert_eq!(names(&world), ["instant-two/ada@example.net"]);
    assert!(!letters["instant-two/ada@example.net"].contains("Text one."));
}

#[test]
fn an_issue_that_the_operator_stops_goes_on_when_it_is_released() {
    let world = world("approval = true");
    world.post("one", "2026-11-24", "One", "Text one.");
    world.run();
    world.call(&["issue", "approve", "instant/one"]);
    let (code, said, _) = world.call(&["issue", "hold", "instant/one"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(world.run().letters.sent, 0);
    world.call(&["issue", "release", "instant/one"]);
    assert_eq!(world.run().letters.sent, 1);
}

#[test]
fn a_post_that_says_what_another_said_before_waits_for_the_operator() {
    let world = world("");
    let body = "A text that is long enough to be told from others, word for word. ".repeat(5);
    world.post("one", "2026-11-24", "One", &body);
    assert_eq!(world.run().letters.sent, 1);
    world.wait(1);
    world.post("copy", "2026-11-24", "A copy", &body);
    let summary = world.run();
    assert_eq!(summary.letters.sent, 0, "{summary}");
    let text = summary.to_string();
    assert!(text.contains("posts/copy.md says the same as posts/one.md"), "{text}");
}
