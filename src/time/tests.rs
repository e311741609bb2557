//! What instants, clocks and schedules promise.

use super::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn next(schedule: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    let schedule = Schedule::new(schedule, zone.parse().unwrap()).unwrap();
    schedule.after(at(after)).take(count).map(Timestamp::rfc3339).collect()
}

#[test]
fn instants_are_written_as_the_standards_ask() {
    let instant = at("2026-11-04T09:05:03.25Z");
    assert_eq!(instant.rfc3339(), "2026-11-04T09:05:03Z");
    assert_eq!(instant.rfc5322(), "Wed, 04 Nov 2026 09:05:03 +0000");
    assert_eq!(instant.format("%-d %B %Y", &"Asia/Tokyo".parse().unwrap()), "4 November 2026");
}

#[test]
fn a_clock_that_cannot_be_right_is_told() {
    let told = |last: &str, now: &str| oddity(at(last), at(now)).is_some();
    assert!(must_be_wrong(Timestamp::default()).is_some_and(|why| why.contains("1970")));
    assert_eq!(must_be_wrong(at("2026-11-24T12:00:00Z")), None);
    let last = "2026-11-24T12:00:00Z";
    for (now, odd) in [
        ("2026-11-24T12:05:00Z", false),
        ("2026-11-24T11:00:00Z", false),
        ("2026-11-22T12:00:00Z", true),
        ("2027-11-24T12:00:00Z", false),
        ("2036-11-24T12:00:00Z", true),
    ] {
        assert_eq!(told(last, now), odd, "{now}");
    }
}

#[test]
fn five_fields_mean_what_a_crontab_means() {
    for (schedule, expected) in [
        ("0 9 * * 1", "2026-11-30T09:00:00Z"),
        ("0 9 * * MON", "2026-11-30T09:00:00Z"),
        ("0 9 * * 0", "2026-11-29T09:00:00Z"),
        ("0 9 * * 7", "2026-11-29T09:00:00Z"),
        ("0 9 * * 5-7", "2026-11-27T09:00:00Z"),
        ("30 6 1 * *", "2026-12-01T06:30:00Z"),
        ("*/20 * * * *", "2026-11-24T12:20:00Z"),
    ] {
        assert_eq!(next(schedule, "UTC", "2026-11-24T12:00:00Z", 1), [expected], "{schedule}");
    }
}

#[test]
fn a_schedule_that_cannot_be_read_is_refused_with_its_reason() {
    let refused = |text: &str| Schedule::new(text, Zone::utc()).unwrap_err().to_string();
    assert!(refused("0 9 * *").contains("five fields"));
    assert!(refused("0 9 1 * 1").contains("both the day of the month and the weekday"));
    assert!(refused("0 9 * * 8").contains("no weekday"));
    assert!(refused("61 9 * * *").contains("61 9 * * *"));
    assert!("Mars/Olympus".parse::<Zone>().unwrap_err().to_string().contains("Mars/Olympus"));
}

#[test]
fn a_time_skipped_in_spring_moves_forward_and_none_is_lost() {
    assert_eq!(
        next("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3),
        ["2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"]
    );
    assert_eq!(
        next("30 2 * * *", "Europe/Berlin", "2026-03-29T01:10:00Z", 1),
        ["2026-03-29T01:30:00Z"],
        "also when asked within the gap"
    );
}

#[test]
fn a_time_repeated_in_autumn_fires_once() {
    assert_eq!(
        next("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
        ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
    );
}

#[test]
fn the_latest_planned_time_stands_for_those_missed() {
    let daily = Schedule::new("0 9 * * *", Zone::utc()).unwrap();
    let (gone, back) = (at("2026-11-20T10:00:00Z"), at("2026-11-24T08:00:00Z"));
    assert_eq!(daily.latest(gone, back), Some(at("2026-11-23T09:00:00Z")));
    assert_eq!(daily.latest(back, back), None);
}

#[test]
fn a_hand_set_clock_moves_for_all_its_clones() {
    let clock = Clock::hand_set(at("2026-11-24T00:00:00Z"));
    clock.clone().advance(Duration::from_secs(60));
    assert_eq!(clock.now(), at("2026-11-24T00:01:00Z"));
}

#[test]
fn days_are_those_of_calendars_in_the_zone() {
    let berlin: Zone = "Europe/Berlin".parse().unwrap();
    let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
    let day = parse_day("2026-11-24").unwrap();
    assert_eq!((day, day_text(day)), (20_781, "2026-11-24".to_owned()));
    assert_eq!(day_number(2026, 11, 24), Some(day));
    assert_eq!(day_number(2026, 2, 29), None);
    assert_eq!(parse_day("2026-11-24T00:00"), None);
    assert_eq!(berlin.day_at(at("2026-11-23T22:59:59Z")), day - 1);
    assert_eq!(berlin.day_at(at("2026-11-23T23:00:00Z")), day);
    assert_eq!(berlin.day_start(day), at("2026-11-23T23:00:00Z"));
    assert_eq!(Zone::utc().day_at(at("1969-12-31T23:59:59Z")), -1);
    for day in [-800_000, -1, 0, 11_016, 20_781, 60_000] {
        assert_eq!(parse_day(&day_text(day)), Some(day).filter(|day| *day > -700_000));
        assert_eq!(berlin.day_at(berlin.day_start(day)), day);
    }
}
