//! Tests of words: above all that every language says everything, and says it with the same parts.

use std::collections::BTreeSet;

use super::*;
use crate::template;

fn words() -> Words {
    let files = template::defaults();
    Words::new(files.iter().map(|(name, text)| (name.as_str(), text.as_str()))).unwrap()
}

fn number(count: i64) -> Value {
    Value::Number(count)
}

/// Messages of a file with the names of what is filled in.
fn messages(text: &str) -> Vec<(String, BTreeSet<String>)> {
    let mut messages: Vec<(String, BTreeSet<String>)> = Vec::new();
    for line in text.lines() {
        let starts = line.starts_with(|c: char| c.is_ascii_lowercase());
        if let Some((key, _)) = line.split_once(" =").filter(|_| starts) {
            messages.push((key.to_owned(), BTreeSet::new()));
        }
        let names = line
            .split('$')
            .skip(1)
            .map(|rest| rest.chars().take_while(char::is_ascii_alphanumeric).collect::<String>());
        if let Some((_, filled)) = messages.last_mut() {
            filled.extend(names);
        }
    }
    messages.sort();
    messages
}

#[test]
fn every_language_says_everything_with_the_same_parts() {
    let files = template::defaults();
    let english = messages(&files["words/en.ftl"]);
    assert!(english.len() > 50);
    let languages = ["ar", "de", "en", "es", "fr", "he", "ja", "pt", "zh"];
    assert_eq!(words().languages().collect::<Vec<_>>(), languages);
    for language in languages {
        let own = messages(&files[&format!("words/{language}.ftl")]);
        let keys = |all: &[(String, BTreeSet<String>)]| {
            all.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>()
        };
        assert_eq!(keys(&own), keys(&english), "{language}");
        for ((key, filled), (_, expected)) in own.iter().zip(&english) {
            assert_eq!(filled, expected, "{language}: {key}");
        }
    }
}

#[test]
fn plurals_follow_the_rules_of_the_language() {
    for (language, count, said) in [
        ("en", 1, "1 comment"),
        ("en", 12, "12 comments"),
        ("de", 1, "1 Kommentar"),
        ("fr", 0, "0 commentaire"),
        ("ar", 2, "تعليقان"),
        ("ar", 3, "3 تعليقات"),
        ("ar", 11, "11 تعليقًا"),
        ("ar", 100, "100 تعليق"),
        ("ja", 1, "コメント 1 件"),
    ] {
        let found = words().say(language, "comments", &[("count", number(count))]);
        assert_eq!(found.as_deref(), Some(said), "{language} {count}");
    }
}

#[test]
fn dates_are_written_as_the_language_writes_them() {
    let at = Timestamp::parse_rfc3339("2026-05-01T10:00:00Z").unwrap();
    for (language, date, short) in [
        ("en", "1 May 2026", "1 May"),
        ("de", "1. Mai 2026", "1. Mai"),
        ("fr", "1er mai 2026", "1er mai"),
        ("es", "1 de mayo de 2026", "1 may"),
        ("pt-BR", "1 de maio de 2026", "1 maio"),
        ("he", "1 במאי 2026", "1 במאי"),
        ("ar", "1 مايو 2026", "1 مايو"),
        ("zh", "2026年5月1日", "5月1日"),
        ("ja", "2026年5月1日", "5月1日"),
        ("sv", "1 May 2026", "1 May"),
    ] {
        let words = words();
        assert_eq!(words.date(language, at, &Zone::utc()), date, "{language}");
        assert_eq!(words.date_short(language, at, &Zone::utc()), short, "{language}");
    }
}

#[test]
fn a_language_is_found_by_its_tag_then_its_part_then_english() {
    let files = [
        ("words/en.ftl", "a = one\nb = two"),
        ("words/pt.ftl", "a = um"),
        ("words/pt-BR.ftl", "c = x"),
    ];
    let words = Words::new(files.into_iter()).unwrap();
    for (language, key, said) in
        [("pt-BR", "c", "x"), ("pt-br", "a", "um"), ("pt_PT", "a", "um"), ("pt", "b", "two")]
    {
        assert_eq!(words.word(language, key), said, "{language} {key}");
    }
    assert_eq!(words.say("en", "none", &[]), None);
    assert!(words.speaks("pt-PT") && words.speaks("en-GB") && words.speaks("en"));
    assert!(!words.speaks("sv"));
}

#[test]
fn a_file_of_the_same_name_goes_over_ours_message_by_message() {
    let files = [("words/en.ftl", "a = one\nb = two"), ("words/en.ftl", "a = mine")];
    let words = Words::new(files.into_iter()).unwrap();
    assert_eq!((words.word("en", "a").as_str(), words.word("en", "b").as_str()), ("mine", "two"));
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_its_line() {
    let error = Words::new([("words/en.ftl", "a = one\n\nb = {")].into_iter()).unwrap_err();
    assert_eq!((error.file.as_str(), error.line), ("words/en.ftl", 3), "{error}");
}
