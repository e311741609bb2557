//! Which dates are read, and which are not.

use super::*;

fn instant(text: &str) -> Option<String> {
    let zone = "Europe/Stockholm".parse().unwrap();
    Written::read(text)?.instant(&zone, 9).map(Timestamp::rfc3339)
}

#[test]
fn every_form_that_blogs_use_is_read() {
    for (text, expected) in [
        ("2026-11-24", "2026-11-24T08:00:00Z"),
        ("2026-1-2", "2026-01-02T08:00:00Z"),
        ("2026/01/02", "2026-01-02T08:00:00Z"),
        ("20260102", "2026-01-02T08:00:00Z"),
        ("2026-11-24T09:30:00Z", "2026-11-24T09:30:00Z"),
        ("2026-11-24T09:30:00.250+01:00", "2026-11-24T08:30:00Z"),
        ("2026-11-24 09:30", "2026-11-24T08:30:00Z"),
        ("2026-11-24t09:30z", "2026-11-24T09:30:00Z"),
        ("2015-03-17 14:00:00 -4", "2015-03-17T18:00:00Z"),
        ("2015-03-17 14:00:00 +0530", "2015-03-17T08:30:00Z"),
        ("2015-03-17 14:00:00 UTC+02:00", "2015-03-17T12:00:00Z"),
        ("2015-03-17 14:00:00 UTC-03:00", "2015-03-17T17:00:00Z"),
        ("2015-03-17 14:00 UTC", "2015-03-17T14:00:00Z"),
        ("2015-03-17 14:00 America/New_York", "2015-03-17T18:00:00Z"),
        ("2/18/2021", "2021-02-18T08:00:00Z"),
        ("18.2.2021", "2021-02-18T08:00:00Z"),
        ("2021年10月01日", "2021-10-01T07:00:00Z"),
        ("24 Sep 2013", "2013-09-24T07:00:00Z"),
        ("Sept 24, 2013", "2013-09-24T07:00:00Z"),
        ("September 24th, 2013 3:04 pm", "2013-09-24T13:04:00Z"),
        ("2013-09-24 12:04am", "2013-09-23T22:04:00Z"),
        ("Tue, 24 Sep 2013 10:00:00 +0200", "2013-09-24T08:00:00Z"),
        ("1700000000", "2023-11-14T22:13:20Z"),
        ("\"2026-11-24\"", "2026-11-24T08:00:00Z"),
    ] {
        assert_eq!(instant(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn what_is_no_date_is_not_guessed_at() {
    for text in [
        "",
        "soon",
        "2026",
        "2026-02-30",
        "2026-13-01",
        "2026-11-24 25:00",
        "2026-11-24 09:00 09:00",
        "24:12:03",
        "`r Sys.Date()`",
        "{{ page.date }}",
        "2026-11-24 somewhere",
        "0001-01-01",
        "13/13/2021",
    ] {
        assert_eq!(Written::read(text), None, "{text}");
    }
}

#[test]
fn a_day_without_a_time_keeps_its_day_in_every_zone() {
    for zone in ["Pacific/Auckland", "Asia/Kathmandu", "America/Los_Angeles"] {
        let zone: Zone = zone.parse().unwrap();
        // The nights in which the clocks of Europe, New Zealand and the west of America change.
        for text in [
            "2026-03-29",
            "2026-10-25",
            "2026-04-05",
            "2026-09-27",
            "2026-03-08",
            "2026-11-01",
            "2026-11-24",
            "1969-12-31",
            "1985-07-13",
        ] {
            let written = Written::read(text).unwrap();
            let instant = written.instant(&zone, 9).unwrap();
            assert_eq!(instant.format("%Y-%m-%d %H:%M", &zone), format!("{text} 09:00"));
            assert_eq!(day_of(instant, &zone), written.day(&zone));
        }
    }
}

#[test]
fn a_file_name_may_begin_with_its_day() {
    assert_eq!(of_name("2026-02-18-a-post"), Some(((2026, 2, 18), "a-post")));
    assert_eq!(of_name("2026-2-8-a-post"), Some(((2026, 2, 8), "a-post")));
    assert_eq!(of_name("2026_02_18"), Some(((2026, 2, 18), "")));
    for stem in ["a-post", "2026-a", "2026-02-30-x", "20260218-x", "2026-02-183"] {
        assert_eq!(of_name(stem), None, "{stem}");
    }
}
