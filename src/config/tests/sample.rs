//! What the sample configuration promises about itself: it names every key, and tells the truth.

use super::*;

/// A line that sets a key, or would without its `#`.
struct Line {
    number: usize,
    /// The table that it stands in, without brackets.
    table: String,
    key: String,
    /// The lines of prose right above.
    comment: String,
    is_left_out: bool,
}

/// `key = value`, or the header of a table.
fn is_setting(line: &str) -> bool {
    let is_of_key = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_./\"".contains(c);
    match line.split_once(" = ") {
        Some((key, _)) => key.chars().all(is_of_key),
        None => line.starts_with('[') && line.ends_with(']'),
    }
}

/// What a line sets or would set, and whether its `#` keeps it from that.
fn setting(line: &str) -> Option<(&str, bool)> {
    match line.strip_prefix("# ") {
        Some(rest) => is_setting(rest).then_some((rest, true)),
        None => is_setting(line).then_some((line, false)),
    }
}

fn lines() -> Vec<Line> {
    let (mut lines, mut table, mut comment) = (Vec::new(), String::new(), String::new());
    for (number, line) in SAMPLE.lines().enumerate() {
        let Some((text, is_left_out)) = setting(line) else {
            match line.strip_prefix('#') {
                Some(words) => comment.push_str(words),
                None => comment.clear(),
            }
            continue;
        };
        let comment = std::mem::take(&mut comment);
        match text.split_once(" = ") {
            None => table = text.trim_matches(['[', ']']).to_owned(),
            Some((key, _)) => {
                let (table, key) = (table.clone(), key.to_owned());
                lines.push(Line { number, table, key, comment, is_left_out });
            }
        }
    }
    lines
}

/// The keys that the table of that header accepts, as the reader itself tells them.
fn accepted(header: &str) -> Vec<String> {
    let site = "[site]\ntitle = \"T\"\n";
    let text = format!("{header}\nzz = 1\n{}", if header == "[site]" { "" } else { site });
    let error = toml::from_str::<raw::Raw>(&text).err().unwrap();
    let (unknown, known) = error.message().split_once(", expected ").unwrap();
    assert_eq!(unknown, "unknown field `zz`", "{header}");
    known.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_key_stands_in_the_sample_with_a_comment_of_its_own() {
    let lines = lines();
    for line in &lines {
        assert!(line.comment.len() > 10, "line {}: {} has no comment", line.number + 1, line.key);
        let tells = line.comment.contains("efault");
        assert!(tells || !line.is_left_out, "{} is left out, and then what?", line.key);
    }
    let stands = |table: &str, key: &str| {
        let is_it = |line: &Line| line.table == table && line.key.split('.').next() == Some(key);
        lines.iter().any(is_it)
    };
    for table in [
        "site",
        "web",
        "feeds",
        "feeds.podcast",
        "bucket",
        "related",
        "popularity",
        "popularity.tools",
        "ledger",
        "mail",
        "mail.smtp",
        "mail.theme",
    ]
    .into_iter()
    .chain(["mail.relays", "mail.limits", "mail.dkim", "operator", "newsletters"])
    {
        let is_list = SAMPLE.contains(&format!("[[{table}]]"));
        let header = if is_list { format!("[[{table}]]") } else { format!("[{table}]") };
        for key in accepted(&header) {
            let is_table = SAMPLE.contains(&format!("[{table}.{key}]"));
            // A relay has one set of keys, which the two tables share out.
            let is_shared = match table {
                "mail.smtp" => stands("mail.relays", &key),
                "mail.relays" => stands("mail.smtp", &key),
                _ => false,
            };
            assert!(stands(table, &key) || is_table || is_shared, "{header}: {key} is not there");
        }
    }
}

#[test]
fn every_key_that_is_left_out_can_be_taken_up() {
    let text: Vec<&str> =
        SAMPLE.lines().map(|line| setting(line).map_or(line, |(text, _)| text)).collect();
    // The ledger is in one place.
    let text = text.join("\n").replace("path = \"var/postrider.db\"", "");
    let (before, bucket) = text.split_once("[bucket]").unwrap();
    let (_, after) = bucket.split_once("[related]").unwrap();
    let without = format!("{before}[related]{after}");
    let text = if cfg!(feature = "s3") { text } else { without };
    let config = Config::parse(&text, Path::new("/r")).unwrap();
    assert_eq!(config.bucket.is_some(), cfg!(feature = "s3"));
    assert_eq!((config.relays.len(), config.relays[1].priority), (2, 2));
    assert_eq!(config.relays[1].pace.relay.per_minute, Some(60));
    assert_eq!(config.relays[0].pace.warm_up.len(), 7);
    let dkim = config.dkim.unwrap();
    assert_eq!((dkim.domain.as_str(), dkim.keys.len()), ("salt-and-solder.example", 2));
    assert_eq!(config.newsletters[0].cadences.len(), 4);
    assert!(config.operator.is_some() && config.feeds.podcast.is_some());
    assert_eq!(config.feeds.moved["/index.xml"], "/feed.xml");
    assert!(matches!(config.ledger, Ledger::Server(_, Some(_))));
}

/// What the sample means when one of its lines says something else.
fn meaning(number: usize, instead: &str) -> Result<String, Error> {
    let lines = SAMPLE.lines().enumerate();
    let lines: Vec<&str> =
        lines.map(|(at, line)| if at == number { instead } else { line }).collect();
    Config::parse(&lines.join("\n"), Path::new("/r")).map(|config| format!("{config:?}"))
}

#[test]
fn the_defaults_that_the_sample_tells_are_those_of_the_code() {
    let mut told = 0;
    for line in lines().iter().filter(|line| !line.is_left_out) {
        let (number, key) = (line.number, &line.key);
        let without = meaning(number, "");
        if line.comment.contains("No default") {
            assert!(without.is_err(), "{key} has a default");
            continue;
        }
        let default = match line.comment.split_once("Default: ") {
            None => SAMPLE.lines().nth(number).unwrap().to_owned(),
            Some((_, words)) => match words.trim_end_matches('.') {
                "empty" => format!("{key} = \"\""),
                value if value.starts_with('"') || value == "false" => format!("{key} = {value}"),
                _ => continue,
            },
        };
        assert_eq!(meaning(number, &default).unwrap(), without.unwrap(), "{key}");
        told += 1;
    }
    assert!(told > 25, "only {told} were compared");
}
