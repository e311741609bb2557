//! What counts as a reader, rule by rule.

use proptest::prelude::*;

use super::*;

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
const POSTS: usize = 40;

fn rules() -> Rules {
    let addresses: Vec<String> = (0..POSTS).map(|n| format!("https://b.example/p{n}/")).collect();
    Rules {
        paths: Paths::new(addresses.iter().map(String::as_str), "/", "from=letter"),
        zone: "Europe/Berlin".parse().unwrap(),
        robots: Vec::new(),
        needs_dress: false,
        now: Timestamp::parse_rfc3339("2026-11-25T12:00:00Z").unwrap(),
    }
}

fn day() -> i32 {
    crate::time::parse_day("2026-11-24").unwrap()
}

fn line(address: &str, time: &str, target: &str, agent: &str) -> String {
    format!(
        "{address} - - [24/Nov/2026:{time} +0100] \"GET {target} HTTP/1.1\" 200 9 \"-\" \"{agent}\""
    )
}

fn counted(rules: Rules, lines: &[String]) -> Counted {
    let mut counter = Counter::new(rules, [7; 16], BTreeSet::new());
    for line in lines {
        counter.line(line.as_bytes(), day());
    }
    let counted = counter.close(day());
    assert_eq!(counter.oldest(), None);
    assert_eq!(counted.lines.total(), lines.len() as u64);
    let readers = counted.readers.iter().map(|(_, readers)| u64::from(*readers)).sum::<u64>();
    assert_eq!(counted.lines.of(Fate::Counted), readers);
    counted
}

/// One line, then: how many readers, and the fate of the line if it is no reader.
fn fate(rules: Rules, line: &str) -> Fate {
    let counted = counted(rules, &[line.to_owned()]);
    *Fate::ALL.iter().find(|fate| counted.lines.of(**fate) == 1).unwrap()
}

#[test]
fn each_rule_removes_its_lines() {
    let get = |target: &str, agent: &str| line("203.0.113.9", "12:00:00", target, agent);
    let plain = get("/p1/", BROWSER);
    for (line, wanted) in [
        (plain.clone(), Fate::Counted),
        (plain.replace(" 200 ", " 304 "), Fate::Counted),
        (plain.replace(" 200 ", " 206 "), Fate::NoPost),
        (plain.replace(" 200 ", " 301 "), Fate::NoPost),
        (plain.replace(" 200 ", " 404 "), Fate::NoPost),
        (plain.replace("GET", "HEAD"), Fate::NoPost),
        (plain.replace("GET", "POST"), Fate::NoPost),
        (get("/", BROWSER), Fate::NoPost),
        (get("/feed.xml", BROWSER), Fate::NoPost),
        (get("/p1/", ""), Fate::NoAgent),
        (get("/p1/", "-"), Fate::NoAgent),
        (get("/p1/", "Examplebot/1.0"), Fate::Robot),
        (get("/", "Examplebot/1.0"), Fate::NoPost),
        (get("/p1/?from=letter", BROWSER), Fate::OwnMark),
        (get("/p1/?from=letter", "Examplebot/1.0"), Fate::Robot),
        (plain.replace("24/Nov/2026", "26/Nov/2026"), Fate::Future),
        (plain.replace("[24/", "[99/"), Fate::Unreadable),
        ("\u{fffd}\0".to_owned(), Fate::Unreadable),
    ] {
        assert_eq!(fate(rules(), &line), wanted, "{line}");
    }
    assert_eq!(fate(Rules { needs_dress: true, ..rules() }, &plain), Fate::Undressed);
    let more = Rules { robots: vec!["firefox".to_owned()], ..rules() };
    assert_eq!(fate(more, &plain), Fate::Robot);
}

#[test]
fn a_reader_of_a_post_counts_once_a_day() {
    let lines = [
        line("203.0.113.9", "00:00:00", "/p1/", BROWSER),
        line("203.0.113.9", "23:59:59", "/p1", BROWSER),
        line("203.0.113.77", "13:00:00", "/p1/", BROWSER),
        line("203.0.114.9", "13:00:00", "/p1/", BROWSER),
        line("203.0.113.9", "13:00:00", "/p1/", "Lynx/2.9"),
        line("203.0.113.9", "13:00:00", "/p2/", BROWSER),
        line("2001:db8:1:2::9", "13:00:00", "/p3/", BROWSER),
        line("2001:db8:1:3::7", "13:00:00", "/p3/", BROWSER),
        line("2001:db8:2::7", "13:00:00", "/p3/", BROWSER),
    ];
    let counted = counted(rules(), &lines);
    assert_eq!(counted.readers, [(1, 3), (2, 1), (3, 2)]);
    assert_eq!(counted.lines.of(Fate::Repeated), 3);
}

#[test]
fn an_address_that_reads_robots_txt_has_read_nothing_all_day() {
    let lines = [
        line("203.0.113.9", "12:00:00", "/p1/", BROWSER),
        line("203.0.113.9", "13:00:00", "/robots.txt", "Wget/1.21"),
        line("203.0.113.10", "12:00:00", "/p1/", BROWSER),
    ];
    let counted = counted(rules(), &lines);
    assert_eq!(counted.readers, [(1, 1)], "the neighbour counts");
    assert_eq!(counted.lines.of(Fate::RobotsTxt), 1);
}

#[test]
fn an_address_that_reads_faster_than_people_has_read_nothing_all_day() {
    let hurried = |posts: usize| -> Vec<String> {
        let at = |post: usize| format!("12:0{}:{:02}", post / 7, post % 7 * 8);
        let all = (0..posts).map(|n| line("203.0.113.9", &at(n), &format!("/p{n}/"), BROWSER));
        all.chain([line("203.0.113.9", "20:00:00", "/p1/?from=letter", BROWSER)]).collect()
    };
    assert_eq!(counted(rules(), &hurried(30)).lines.of(Fate::Counted), 30);
    let counted = counted(rules(), &hurried(31));
    assert_eq!((counted.readers.len(), counted.lines.of(Fate::TooFast)), (0, 32));
}

#[test]
fn a_visitor_that_must_be_dressed_counts_once_it_is() {
    let lines = [
        line("203.0.113.9", "12:00:00", "/p1/", BROWSER),
        line("203.0.113.9", "12:00:01", "/style.css?v=1", BROWSER),
        line("203.0.113.10", "12:00:00", "/p1/", "Lynx/2.9"),
    ];
    let counted = counted(Rules { needs_dress: true, ..rules() }, &lines);
    assert_eq!(counted.readers, [(1, 1)]);
    assert_eq!(counted.lines.of(Fate::Undressed), 1);
}

#[test]
fn a_day_that_was_counted_counts_no_more() {
    let mut counter = Counter::new(rules(), [7; 16], BTreeSet::new());
    let read = line("203.0.113.9", "12:00:00", "/p1/", BROWSER);
    assert_eq!(counter.line(read.as_bytes(), 0).day, day());
    assert_eq!(counter.close(day()).readers, [(1, 1)]);
    counter.line(read.as_bytes(), 0);
    let again = counter.close(day());
    assert_eq!((again.readers.len(), again.lines.of(Fate::Known)), (0, 1));
}

#[test]
fn days_are_those_of_the_site() {
    let mut counter = Counter::new(rules(), [7; 16], BTreeSet::new());
    let late = line("203.0.113.9", "23:30:00", "/p1/", BROWSER);
    let later = late.replace("+0100", "+0000");
    assert_eq!(counter.line(late.as_bytes(), 0).day, day());
    assert_eq!(counter.line(later.as_bytes(), 0).day, day() + 1);
}

proptest! {
    #[test]
    fn the_order_of_lines_and_a_line_twice_change_no_reader(
        visits in prop::collection::vec((0_u8..6, 0_u32..86_400, 0..POSTS, 0_u8..12), 0..300),
        seed in any::<u64>(),
    ) {
        let lines: Vec<String> = visits.iter().map(|(host, second, post, kind)| {
            let time =
                format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
            let target = match kind {
                0 => "/robots.txt".to_owned(),
                1 => format!("/p{post}/?from=letter"),
                _ => format!("/p{post}/"),
            };
            let agent = if *kind == 2 { "Examplebot" } else { BROWSER };
            line(&format!("203.0.11{host}.9"), &time, &target, agent)
        }).collect();
        let once = counted(rules(), &lines);
        let mut shuffled: Vec<String> = lines.iter().chain(&lines).cloned().collect();
        shuffled.sort_by_cached_key(|line| {
            let mut hasher = std::hash::DefaultHasher::new();
            hasher.write(line.as_bytes());
            hasher.write_u64(seed);
            hasher.finish()
        });
        prop_assert_eq!(counted(rules(), &shuffled).readers, once.readers);
    }

    #[test]
    fn whatever_a_line_is_it_has_one_fate(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut counter = Counter::new(rules(), [7; 16], BTreeSet::new());
        counter.line(&octets, day());
        let braced: Vec<u8> = b"{".iter().chain(&octets).copied().collect();
        counter.line(&braced, day());
        prop_assert_eq!(counter.close(day()).lines.total(), 2);
    }

    #[test]
    fn a_line_that_is_cut_or_damaged_has_one_fate(at in 0_usize..400, octet in any::<u8>()) {
        let caddy = r#"{"level":"info","ts":1795525536.87,"request":{"remote_ip":"203.0.113.9","method":"GET","uri":"/p1/","headers":{"User-Agent":["Mozilla"]}},"status":200,"x":[{"y":"}"}]}"#;
        for good in [line("203.0.113.9", "12:00:00", "/p1/", BROWSER), caddy.to_owned()] {
            let mut octets = good.into_bytes();
            let at = at % octets.len();
            let mut counter = Counter::new(rules(), [7; 16], BTreeSet::new());
            counter.line(&octets[..at], day());
            octets[at] = octet;
            let day = counter.line(&octets, day()).day;
            let lines = counter.close(day).lines.total()
                + counter.oldest().map_or(0, |day| counter.close(day).lines.total());
            prop_assert_eq!(lines, 2);
        }
    }
}
