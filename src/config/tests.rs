//! What the configuration promises, on the sample and on what people mistype.

use super::*;

mod sample;

const SAMPLE: &str = include_str!("../../config/postrider.toml");

fn refused(from: &str, to: &str) -> String {
    assert!(SAMPLE.contains(from), "{from}");
    Config::parse(&SAMPLE.replacen(from, to, 1), Path::new("/r")).unwrap_err().to_string()
}

#[test]
fn the_sample_configuration_is_read() {
    let config = Config::parse(SAMPLE, Path::new("/r")).unwrap();
    assert_eq!(config.title, "Salt & Solder");
    assert_eq!(config.url.as_str(), "http://127.0.0.1:8025/");
    assert_eq!(config.from.to_string(), "Mara Lindqvist <letters@salt-and-solder.example>");
    assert_eq!(config.newsletters[0].cadences.len(), 2);
    assert!(!config.is_public);
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest_known_one() {
    let error = refused("description = \"Repair", "descripton = \"Repair");
    assert_eq!(
        error,
        "config/postrider.toml:11: there is no key \"descripton\" here; did you mean \
         \"description\"?"
    );
}

#[test]
fn what_is_of_the_wrong_kind_is_refused_in_plain_words() {
    for (from, to, why) in [
        ("title = \"Salt & Solder\"", "title = 3", "title: write text in quotes instead of 3"),
        (
            "transport = \"eml\"",
            "transport = \"emll\"",
            "transport: \"emll\" is none of \"eml\" or \"smtp\"; did you mean \"eml\"?",
        ),
        (
            "port = 465",
            "port = 465000",
            "port: write a whole number from 0 to 65535 instead of 465000",
        ),
        ("port = 465", "port = -1", "port: write a whole number from 0 to 65535 instead of -1"),
        (
            "entries = 25",
            "entries = \"all\"",
            "entries: write a whole number from 0 on instead of \"all\"",
        ),
        ("popularity = 0.3", "popularity = \"1\"", "popularity: write a number instead of \"1\""),
        ("instant = true", "instant = 1", "instant: write true or false instead of 1"),
        ("posts = \"posts\"", "posts = [\"a\"]", "posts: write a path in quotes instead of a list"),
    ] {
        let line = SAMPLE.lines().position(|line| line.starts_with(from)).unwrap() + 1;
        assert_eq!(refused(from, to), format!("config/postrider.toml:{line}: {why}"));
    }
}

#[test]
fn what_is_missing_is_named_with_its_table() {
    for (text, why) in [
        ("[site]\ntitle = \"T\"\n", "1: the table [mail] is missing"),
        ("[mail]\nfrom = \"a@b.example\"\n", "1: the table [site] is missing"),
        (
            "[mail]\nfrom = \"a@b.example\"\n[site]\nlanguage = \"en\"\n",
            "3: \"title\" is missing here and has no default; write title = \"..\"",
        ),
    ] {
        let error = Config::parse(text, Path::new("/r")).unwrap_err().to_string();
        assert!(error.starts_with(&format!("config/postrider.toml:{why}")), "{error}");
    }
}

#[test]
fn a_value_that_cannot_be_right_is_refused_with_its_line() {
    for (from, to, why) in [
        ("Europe/Stockholm", "Mars/Olympus", "no time zone \"Mars/Olympus\""),
        ("0 9 * * MON", "0 9 * *", "five fields"),
        ("0 9 * * MON", "0 9 * * MON,THU", "fires twice"),
        ("eligible_days = 30", "eligible_days = 4000", "at most 3650"),
        ("letters@salt", "letters salt", "not a mail address"),
        ("publish_hour = 9", "publish_hour = 24", "0 to 23"),
        ("entries = 25", "entries = 0", "at least one"),
        ("# hubs = [\"https", "hubs = [\"gopher", "no address"),
        ("# removed = [\"/c", "removed = [\"c", "no path"),
        ("id = \"letters\"", "id = \"Letters\"", "lower-case"),
        ("publish_hour = 9", "publish_hour = 300", "write an hour from 0 to 23"),
    ] {
        let error = refused(from, to);
        let line = SAMPLE.lines().position(|line| line.contains(from)).unwrap() + 1;
        assert!(error.contains(why), "{error}");
        assert!(error.starts_with(&format!("config/postrider.toml:{line}:")), "{error}");
    }
}

#[test]
fn a_ledger_is_in_a_file_or_on_a_server_and_no_password_stands_here() {
    let with = |lines: &str| {
        let text = SAMPLE.replace("path = \"var/postrider.db\"", lines);
        Config::parse(&text, Path::new("/r")).map_err(|error| error.to_string())
    };
    let url = "url = \"postgres://ann@db.example/letters\"";
    let read = with(&format!("{url}\npassword_file = \"config/pw\"")).unwrap();
    let server =
        Ledger::Server("postgres://ann@db.example/letters".to_owned(), Some("/r/config/pw".into()));
    assert_eq!(read.ledger, server);
    assert_eq!(with("").unwrap().ledger, Ledger::File("/r/var/postrider.db".into()));
    for (lines, why) in [
        ("url = \"postgres://ann:geheim@db.example/letters\"", "password_file"),
        ("url = \"mysql://ann@db.example/letters\"", "postgres://postrider@db.example"),
        (&format!("{url}\npath = \"var/x.db\""), "leave one out"),
        ("password_file = \"config/pw\"", "no ledger.url"),
    ] {
        let error = with(lines).unwrap_err();
        assert!(error.contains(why) && !error.contains("geheim"), "{error}");
    }
}

#[test]
fn an_address_that_leads_readers_nowhere_is_refused() {
    let unset = "# public_url = \"https://salt-and-solder.example/\"";
    let set = |url: &str| format!("public_url = \"{url}\"");
    for (url, why) in [
        ("http://127.0.0.1:8025", "this machine only"),
        ("https://localhost/", "this machine only"),
        ("https://[::1]/", "this machine only"),
        ("http://blog.mara.se/", "need https"),
        ("https://mara:secret@blog.mara.se/", "no place"),
        ("https://blog.mara.se/?a=b", "write an address"),
        ("blog.mara.se", "write an address"),
    ] {
        let error = refused(unset, &set(url));
        assert!(error.contains("public_url: ") && error.contains(why), "{url}: {error}");
    }
    for (url, is_public) in [("https://blog.mara.se/notes", true), ("https://blog.example/", false)]
    {
        let config = Config::parse(&SAMPLE.replacen(unset, &set(url), 1), Path::new("/r"));
        let config = config.unwrap();
        assert_eq!((config.is_public, config.url.path().ends_with('/')), (is_public, true));
    }
}

#[test]
fn links_follow_the_listening_address_until_there_is_a_public_one() {
    let mut config = Config::parse(SAMPLE, Path::new("/r")).unwrap();
    config.listen_at("127.0.0.1:9000".parse().unwrap());
    assert_eq!(config.url.as_str(), "http://127.0.0.1:9000/");
}

#[test]
fn no_letter_crosses_a_network_in_clear() {
    let text = SAMPLE
        .replace("transport = \"eml\"", "transport = \"smtp\"")
        .replace("tls = \"implicit\"", "tls = \"none\"");
    assert!(Config::parse(&text, Path::new("/r")).is_ok(), "loopback may");
    let text = text.replace("host = \"127.0.0.1\"", "host = \"mail.example\"");
    let error = Config::parse(&text, Path::new("/r")).unwrap_err().to_string();
    assert!(error.contains("only to loopback"), "{error}");
}
