//! What serde says of a wrong key or value, in the words of people who write configurations.
//!
//! It knows four kinds of sentences: an unknown key, a missing one, a value of the wrong kind, a
//! word that is none of those allowed. What it does not know, a fault of TOML's own, passes as it
//! is, in one line.

/// The tables that a configuration cannot do without.
const TABLES: [&str; 2] = ["site", "mail"];

/// Serde's `message` about that line, in our words.
pub(super) fn ours(message: &str, line: &str) -> String {
    let message = message.trim().replace('\n', " ");
    unknown_key(&message)
        .or_else(|| missing(&message))
        .or_else(|| none_of(&message, line))
        .or_else(|| wrong_kind(&message, line))
        .unwrap_or(message)
}

fn unknown_key(message: &str) -> Option<String> {
    let (unknown, known) = message.strip_prefix("unknown field `")?.split_once('`')?;
    let best = nearest(unknown, &ticked(known))?;
    Some(format!("there is no key \"{unknown}\" here; did you mean \"{best}\"?"))
}

fn missing(message: &str) -> Option<String> {
    let key = message.strip_prefix("missing field `")?.strip_suffix('`')?;
    if TABLES.contains(&key) {
        return Some(format!("the table [{key}] is missing; `postrider new DIR` shows one"));
    }
    Some(format!("\"{key}\" is missing here and has no default; write {key} = \"..\""))
}

fn none_of(message: &str, line: &str) -> Option<String> {
    let (wrong, known) = message.strip_prefix("unknown variant `")?.split_once('`')?;
    let known = ticked(known);
    let best = nearest(wrong, &known)?;
    let all: Vec<String> = known.iter().map(|word| format!("\"{word}\"")).collect();
    let (all, key) = (all.join(" or "), key(line));
    Some(format!("{key}\"{wrong}\" is none of {all}; did you mean \"{best}\"?"))
}

fn wrong_kind(message: &str, line: &str) -> Option<String> {
    let rest = ["invalid type: ", "invalid value: "].iter();
    let rest = rest.filter_map(|start| message.strip_prefix(start)).next()?;
    let (found, wanted) = rest.rsplit_once(", expected ")?;
    let wanted = match wanted {
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number from 0 on",
        "i64" => "a whole number",
        "f64" => "a number",
        "a boolean" => "true or false",
        "a string" => "text in quotes",
        "path string" => "a path in quotes",
        "a sequence" => "a list in brackets",
        wanted if wanted.starts_with("struct ") || wanted == "a map" => "a table",
        wanted => wanted,
    };
    let found = match found.split_once(' ') {
        Some((_, value)) if value.contains(['`', '"']) => value.trim_matches('`'),
        _ => match found {
            "sequence" => "a list",
            "map" => "a table",
            found => found,
        },
    };
    Some(format!("{}write {wanted} instead of {found}", key(line)))
}

/// The key that a line sets, as the beginning of a sentence; else nothing.
fn key(line: &str) -> String {
    match line.split_once('=') {
        Some((key, _)) if !key.contains(['[', '{', '#']) => format!("{}: ", key.trim()),
        _ => String::new(),
    }
}

/// What stands between backquotes.
fn ticked(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn nearest<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = known.iter().map(|word| (strsim::jaro_winkler(word, wrong), *word));
    near.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, word)| word)
}
