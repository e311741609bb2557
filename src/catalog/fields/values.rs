//! Single values of a front matter: flags, counts, names, pictures and language tags.
//!
//! What is none of what was asked for is `None`; whether that matters is for the key to say.

use serde_json::Value;

use super::Picture;
use crate::catalog::text;

/// A word for yes or no.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "on" | "y" | "1" => Some(true),
        "false" | "no" | "off" | "n" | "0" => Some(false),
        _ => None,
    }
}

/// A number of something.
pub(super) fn count(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) => number.as_u64().and_then(|number| number.try_into().ok()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The text of a list's member: itself, or what names a table.
pub(super) fn named(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Object(table) => {
            let names = ["name", "title", "url", "path", "slug"];
            names.iter().find_map(|name| table.get(*name)?.as_str()).map(str::to_owned)
        }
        _ => None,
    }
}

/// A picture as a text, a table or the first of a list.
pub(super) fn picture(value: &Value) -> Option<Picture> {
    match value {
        Value::String(url) => Some(Picture { url: url.trim().to_owned(), ..Picture::default() }),
        Value::Array(values) => values.iter().find_map(picture),
        Value::Object(table) => {
            let names = ["url", "src", "image", "path", "file", "href", "feature"];
            let url = names.iter().find_map(|name| table.get(*name)?.as_str())?;
            let alts = ["alt", "description", "caption"];
            let alt = alts.iter().find_map(|name| table.get(*name)?.as_str()).unwrap_or_default();
            Some(Picture {
                url: url.trim().to_owned(),
                alt: text::line(alt),
                width: table.get("width").and_then(count),
                height: table.get("height").and_then(count),
            })
        }
        _ => None,
    }
}

/// `Ada <ada@example.org>` and `ada@example.org (Ada)` as `Ada`; a bare address as nothing.
pub(super) fn nameless_mail(author: &str) -> String {
    if !author.contains('@') {
        return author.to_owned();
    }
    let parts = author.split([' ', '<', '>', '(', ')']);
    let is_mail = |part: &str| part.trim_start_matches('@').contains('@');
    parts.filter(|part| !part.is_empty() && !is_mail(part)).collect::<Vec<_>>().join(" ")
}

/// A language as BCP 47 writes it (`zh_tw` becomes `zh-TW`), if it can be one.
pub(in crate::catalog) fn language(text: &str) -> Option<String> {
    let text = text.trim().split('.').next().unwrap_or_default();
    let mut tag = String::new();
    for (place, part) in text.split(['-', '_']).enumerate() {
        let fits = if place == 0 { 2..=3 } else { 1..=8 };
        let letters = part.bytes().all(|b| b.is_ascii_alphanumeric());
        if !letters || !fits.contains(&part.len()) || (place == 0 && has_digit(part)) {
            return None;
        }
        let lower = part.to_ascii_lowercase();
        match (place, part.len()) {
            (0, _) => tag = lower,
            (_, 2) => tag = format!("{tag}-{}", part.to_ascii_uppercase()),
            (_, 4) if !has_digit(part) => {
                let (first, rest) = lower.split_at(1);
                tag = format!("{tag}-{}{rest}", first.to_ascii_uppercase());
            }
            _ => tag = format!("{tag}-{lower}"),
        }
    }
    Some(tag)
}

fn has_digit(part: &str) -> bool {
    part.bytes().any(|b| b.is_ascii_digit())
}
