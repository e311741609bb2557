//! Rust sources as the layers' test sees them: paths and string literals, without comments and
//! without what is compiled for tests only.
//!
//! A reader of tokens, no parser: it knows comments, literals, lifetimes and `use` trees, which
//! is all that paths need. A file that it misreads would show as an offence, not pass silently.

use std::{collections::BTreeSet, fs, io, ops::Range};

/// One file below `src`.
pub(super) struct Source {
    /// Its module: `time`, `rank/mod`, `rank/words`.
    pub(super) unit: String,
    /// Whether it is compiled for tests only.
    pub(super) is_test: bool,
    /// Whether it begins by saying what it is.
    pub(super) opens_with_doc: bool,
    /// The paths in its code.
    pub(super) paths: Vec<Path>,
    /// The contents of its string literals.
    pub(super) literals: Vec<String>,
}

/// A path of two names or more, or of one name imported alone.
pub(super) struct Path {
    /// Its names, `use` trees written out.
    pub(super) names: Vec<String>,
}

impl Path {
    /// The first name.
    pub(super) fn root(&self) -> Option<&str> {
        self.names.first().map(String::as_str)
    }

    /// Whether it begins with the names of `path` (`std::fs`).
    pub(super) fn starts_with(&self, path: &str) -> bool {
        let mut names = self.names.iter();
        path.split("::").all(|wanted| names.next().is_some_and(|name| name == wanted))
    }
}

impl Source {
    /// The paths that lead into the crate, from its root.
    pub(super) fn crate_paths(&self, units: &BTreeSet<String>) -> Vec<Vec<String>> {
        let place: Vec<&str> = self.unit.split('/').filter(|name| *name != "mod").collect();
        let resolve = |path: &Path| {
            let mut base = place.clone();
            let mut rest = path.names.as_slice();
            match rest.first()?.as_str() {
                "crate" => base.clear(),
                "self" => {}
                "super" => {
                    base.pop();
                }
                child if units.contains(&format!("{}/{child}", place.join("/"))) => {
                    return Some(
                        base.iter().map(|n| (*n).to_owned()).chain(rest.to_vec()).collect(),
                    );
                }
                _ => return None,
            }
            rest = rest.get(1..)?;
            while rest.first().is_some_and(|name| name == "super") {
                base.pop();
                rest = rest.get(1..)?;
            }
            Some(base.iter().map(|name| (*name).to_owned()).chain(rest.to_vec()).collect())
        };
        self.paths.iter().filter_map(resolve).collect()
    }
}

/// All Rust files below a folder.
pub(super) fn read_all(folder: &std::path::Path) -> io::Result<Vec<Source>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(folder).map_err(io::Error::other)?;
                files.push((name.to_string_lossy().replace('\\', "/"), fs::read_to_string(&path)?));
            }
        }
    }
    files.sort();
    Ok(sources(&files))
}

/// Sources from names below `src` and texts.
pub(super) fn sources(files: &[(String, String)]) -> Vec<Source> {
    let mut test_units = BTreeSet::new();
    let mut read = Vec::new();
    for (name, text) in files {
        let unit = name.trim_end_matches(".rs").to_owned();
        let (source, tests) = source(unit, text);
        let folder = match source.unit.as_str() {
            "lib" | "main" => String::new(),
            unit => format!("{}/", unit.strip_suffix("/mod").unwrap_or(unit)),
        };
        test_units.extend(tests.iter().map(|name| format!("{folder}{name}")));
        read.push(source);
    }
    for source in &mut read {
        let name = source.unit.rsplit('/').next().unwrap_or_default();
        source.is_test =
            test_units.contains(&source.unit) || name == "tests" || name.ends_with("_tests");
    }
    read
}

/// The source, and the names of the modules that it declares for tests only.
fn source(unit: String, text: &str) -> (Source, Vec<String>) {
    let (mut code, literals) = masked(text);
    let mut test_modules = Vec::new();
    let mut hidden: Vec<Range<usize>> = Vec::new();
    while let Some(start) = code.find("#[cfg(test)]") {
        let end = item_end(&code, start);
        let item = code[start..end].to_owned();
        let name = item.split_once("mod ").map(|(_, rest)| rest.trim_end_matches(';').trim());
        test_modules.extend(name.filter(|_| item.ends_with(';')).map(str::to_owned));
        code.replace_range(start..end, &" ".repeat(end - start));
        hidden.push(start..end);
    }
    let shown = |literal: &&Range<usize>| !hidden.iter().any(|h| h.contains(&literal.start));
    let literals = literals.iter().filter(shown).map(|range| text[range.clone()].to_owned());
    let source = Source {
        unit,
        is_test: false,
        opens_with_doc: text.starts_with("//!"),
        paths: paths(&tokens(&code)),
        literals: literals.collect(),
    };
    (source, test_modules)
}

/// Where the item whose attributes begin at `start` ends: after its `;` or its block.
fn item_end(code: &str, start: usize) -> usize {
    let (mut depth, mut in_attribute) = (0usize, 0usize);
    for (at, letter) in code[start..].char_indices() {
        match letter {
            '[' => in_attribute += 1,
            ']' => in_attribute = in_attribute.saturating_sub(1),
            _ if in_attribute > 0 => {}
            '{' => depth += 1,
            '}' if depth <= 1 => return start + at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return start + at + 1,
            _ => {}
        }
    }
    code.len()
}

/// The text with comments and the contents of literals turned into spaces, octet for octet, and
/// where the contents of its string literals are.
fn masked(text: &str) -> (String, Vec<Range<usize>>) {
    let octets = text.as_bytes();
    let mut mask = String::with_capacity(text.len());
    let mut literals = Vec::new();
    let mut at = 0;
    while at < octets.len() {
        let rest = &text[at..];
        let word_before =
            at > 0 && (octets[at - 1].is_ascii_alphanumeric() || octets[at - 1] == b'_');
        let end = if rest.starts_with("//") {
            at + rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            at + comment(rest)
        } else if let Some((from, to, end)) = raw(rest).filter(|_| !word_before) {
            literals.push(at + from..at + to);
            at + end
        } else if rest.starts_with('"') {
            let end = quoted(rest, '"');
            literals.push(at + 1..at + end - 1);
            at + end
        } else if let Some(end) = character(rest) {
            at + end
        } else {
            let letter = rest.chars().next().unwrap_or(' ');
            mask.push(letter);
            at += letter.len_utf8();
            continue;
        };
        let blank = |letter: &u8| if *letter == b'\n' { '\n' } else { ' ' };
        mask.extend(octets[at..end].iter().map(blank));
        at = end;
    }
    (mask, literals)
}

/// The length of a block comment, which may hold others.
fn comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if here.starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Where the contents of a raw string begin and end, and where it ends itself.
fn raw(rest: &str) -> Option<(usize, usize, usize)> {
    let after = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = after.bytes().take_while(|octet| *octet == b'#').count();
    let inner = after[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let length = inner.find(&close)?;
    let from = rest.len() - inner.len();
    Some((from, from + length, from + length + close.len()))
}

/// The length of a literal in quotes with escapes.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a character literal; a lifetime is none.
fn character(rest: &str) -> Option<usize> {
    let mut letters = rest.strip_prefix('\'')?.chars();
    let first = letters.next()?;
    (first == '\\' || letters.next() == Some('\'')).then(|| quoted(rest, '\''))
}

/// Names, `::` and single signs.
fn tokens(code: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
        let length = if is_name(first) {
            rest.find(|letter| !is_name(letter)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        tokens.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    tokens
}

fn paths(tokens: &[&str]) -> Vec<Path> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let before = at.checked_sub(1).map_or("", |before| tokens[before]);
        if is_name(tokens[at]) && before != "." && before != "::" {
            let is_used = before == "use";
            let from = found.len();
            at = tree(tokens, at, &[], &mut found);
            if !is_used && found.len() == from + 1 && found[from].names.len() < 2 {
                found.pop();
            }
        } else {
            at += 1;
        }
    }
    found
}

/// Reads a path or a `use` tree that begins at `at`; returns where it ends.
fn tree(tokens: &[&str], mut at: usize, base: &[String], found: &mut Vec<Path>) -> usize {
    let mut names = base.to_vec();
    loop {
        match tokens.get(at) {
            Some(name) if is_name(name) => {
                names.push((*name).to_owned());
                at += 1;
            }
            Some(&"{") => return group(tokens, at + 1, &names, found),
            _ => break,
        }
        if tokens.get(at) != Some(&"::") {
            break;
        }
        at += 1;
    }
    if names.len() > 1 && names.last().is_some_and(|name| name == "self") {
        names.pop();
    }
    found.push(Path { names });
    at
}

fn group(tokens: &[&str], mut at: usize, base: &[String], found: &mut Vec<Path>) -> usize {
    while let Some(&token) = tokens.get(at) {
        match token {
            "}" => return at + 1,
            "," | "*" => at += 1,
            "as" => at += 2,
            _ if is_name(token) || token == "{" => at = tree(tokens, at, base, found),
            _ => at += 1,
        }
    }
    at
}

fn is_name(token: &str) -> bool {
    token.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
}
