//! Filters of our own, beside Tera's: `t` says a message in the language of the page or letter,
//! `date` writes an instant, `wrap` breaks plain text at words, `brief` cuts after one.
//!
//! What a filter cannot do is an error at its place in the template.

use std::sync::Arc;

use tera::{Kwargs, State, Tera, TeraResult};

use crate::{
    time::{Timestamp, Zone},
    words::{Value, Words},
};

/// Makes them known to `tera`.
pub(super) fn register(tera: &mut Tera, words: &Arc<Words>) {
    let said = Arc::clone(words);
    tera.register_filter("t", move |key: &str, values: Kwargs, state: &State<'_>| {
        say(&said, key, &values, state)
    });
    tera.register_filter("date", date);
    tera.register_filter("wrap", wrap);
    tera.register_filter("brief", brief);
}

/// `"comments" | t(count=3)`: the message of that name, filled. Its language is `lang` where
/// that is given, else `site.language` of the context; components ask for `@site` to have it.
fn say(words: &Words, key: &str, values: &Kwargs, state: &State<'_>) -> TeraResult<String> {
    let site: Option<tera::Value> = state.get("site")?;
    let own = site.as_ref().and_then(|site| site.get_from_path("language")?.as_str());
    let given: Option<&str> = values.get("lang")?;
    let language = given.or(own).unwrap_or("en");
    let filled: Vec<(String, Value)> =
        values.iter().map(|(name, value)| (name.to_string(), filled(value))).collect();
    let filled: Vec<(&str, Value)> =
        filled.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let said = words.say(language, key, &filled);
    said.ok_or_else(|| tera::Error::message(format!("there is no message \"{key}\" in words/")))
}

fn filled(value: &tera::Value) -> Value {
    match value.as_i64() {
        Some(number) => Value::Number(number),
        None => Value::Text(value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
    }
}

/// `post.published | date(format="%-d %B %Y", zone="Europe/Stockholm")`: an RFC 3339 instant in
/// strftime's words; in UTC unless told otherwise.
fn date(text: &str, options: Kwargs, _: &State<'_>) -> TeraResult<String> {
    let instant = Timestamp::parse_rfc3339(text)
        .ok_or_else(|| tera::Error::message(format!("\"{text}\" is no RFC 3339 date")))?;
    let zone = match options.get::<&str>("zone")? {
        Some(name) => name.parse::<Zone>().map_err(tera::Error::message)?,
        None => Zone::utc(),
    };
    Ok(instant.format(options.get::<&str>("format")?.unwrap_or("%-d %B %Y"), &zone))
}

/// `summary | wrap(width=72)`: plain text in lines of at most so many characters, broken at
/// spaces. A word that is longer keeps a line to itself, so addresses stay whole.
fn wrap(text: &str, options: Kwargs, _: &State<'_>) -> TeraResult<String> {
    let width = options.get::<usize>("width")?.unwrap_or(72);
    let lines: Vec<String> = text.lines().map(|line| wrap_line(line, width)).collect();
    Ok(lines.join("\n"))
}

/// `summary | brief(length=140)`: at most so many characters, cut after a word and marked `…`.
fn brief(text: &str, options: Kwargs, _: &State<'_>) -> TeraResult<String> {
    let length = options.get::<usize>("length")?.unwrap_or(140);
    let Some((end, _)) = text.char_indices().nth(length) else { return Ok(text.to_owned()) };
    let kept = text.get(..end).unwrap_or(text);
    let kept = kept.rfind(char::is_whitespace).and_then(|cut| kept.get(..cut)).unwrap_or(kept);
    Ok(format!("{}…", kept.trim_end_matches([' ', ',', ';', ':', '.', '–'])))
}

fn wrap_line(line: &str, width: usize) -> String {
    let mut wrapped = String::with_capacity(line.len() + 8);
    let mut column = 0;
    for word in line.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            wrapped.push('\n');
            column = 0;
        } else if column > 0 {
            wrapped.push(' ');
            column += 1;
        }
        wrapped.push_str(word);
        column += length;
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::template::Templates;

    fn rendered(name: &str, text: &str) -> String {
        let site = json!({ "language": "de", "title": "A & B" });
        let context = json!({ "site": site, "at": "2026-11-24T23:30:00Z" });
        let templates = Templates::new(&[(name.to_owned(), text.to_owned())]);
        match templates.and_then(|templates| templates.render(name, &context)) {
            Ok(text) => text,
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_message_is_said_in_the_language_of_the_site_or_another() {
        for (text, said) in [
            ("{{ \"comments\" | t(count=2) }}", "2 Kommentare"),
            ("{{ \"comments\" | t(count=2, lang=\"fr\") }}", "2 commentaires"),
            ("{{ \"reply\" | t(author=site.title) }}", "geht an A &amp; B und"),
            ("{{ \"nothing\" | t }}", "line 1: there is no message \"nothing\" in words/"),
            (
                "{% component x(@site: map) %}{{ \"notes\" | t }}{% endcomponent x %}{{ <x /> }}",
                "Anmerkungen",
            ),
        ] {
            let found = rendered("own/a.html", text);
            assert!(found.contains(said), "{text}: {found}");
        }
    }

    #[test]
    fn dates_are_written_by_the_clocks_of_a_zone() {
        for (template, written) in [
            ("{{ at | date }}", "24 November 2026"),
            ("{{ at | date(zone=\"Europe/Stockholm\") }}", "25 November 2026"),
            ("{{ at | date(format=\"%H:%M\") }}", "23:30"),
        ] {
            assert_eq!(rendered("own/a.txt", template), written);
        }
    }

    #[test]
    fn text_is_wrapped_at_words_and_addresses_stay_whole() {
        for (text, wrapped) in [
            ("one two three", "one two\nthree"),
            ("one  https://x.example/long two", "one\nhttps://x.example/long\ntwo"),
            ("one\n\ntwo", "one\n\ntwo"),
            ("", ""),
        ] {
            let state_free = text.lines().map(|line| wrap_line(line, 8)).collect::<Vec<_>>();
            assert_eq!(state_free.join("\n"), wrapped);
        }
    }

    #[test]
    fn a_teaser_is_cut_after_a_word() {
        for (text, expected) in [
            ("{{ 'Short enough' | brief(length=12) }}", "Short enough"),
            ("{{ 'One, two and three' | brief(length=6) }}", "One…"),
            ("{{ 'Unbreakable' | brief(length=4) }}", "Unbr…"),
        ] {
            assert_eq!(rendered("x.txt", text), expected);
        }
    }
}
