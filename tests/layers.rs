//! The layers: who may know whom, read from the sources and held against the tables below.
//!
//! It promises that every file has a floor and imports from the crate only what its floor may;
//! that an outside crate is used in its home alone; that nobody but `time` asks what time it is;
//! that the ground and the pure floor touch no disk, network, environment or random numbers;
//! that nobody but `store` writes SQL about our tables; and that every file opens with `//!`.
//!
//! It reads text, not types: paths (`crate::..`, `super::..`, outside crates) outside comments,
//! literals and `#[cfg(test)]`. What reaches another layer through a re-export or a macro is not
//! seen. Tests may cross layers, since they bring about what the code is not allowed to.

mod source;

use std::{collections::BTreeSet, fs, io, path::Path};

use source::{Source, read_all};

/// The floor of each module; the longest name that fits decides. 0 ground, 1 pure, 2 edges,
/// 3 steps, 4 doors.
const FLOORS: [(&str, u8); 37] = [
    ("time", 0),
    ("parallel", 0),
    ("domain", 0),
    ("template", 1),
    ("words", 1),
    ("catalog", 1),
    ("feed", 1),
    ("site", 1),
    ("rank", 1),
    ("digest", 1),
    ("outbox/policy", 1),
    ("outbox/attempt", 1),
    ("outbox/octets", 1),
    ("feedback/report", 1),
    ("feedback/accesslog", 1),
    ("feedback/imports", 1),
    ("feedback/logfiles", 2),
    ("feedback/ask", 2),
    ("store", 2),
    ("publish", 2),
    ("catalog/directory", 2),
    ("catalog/remote", 2),
    ("outbox/transport", 2),
    ("outbox/memory", 2),
    ("outbox/smtp", 2),
    ("outbox/wire", 2),
    ("outbox/dial", 2),
    ("outbox/relay", 2),
    ("selftest/sink", 2),
    ("outbox", 3),
    ("feedback", 3),
    ("web", 4),
    ("cli", 4),
    ("service", 4),
    ("selftest", 4),
    ("config", 4),
    ("main", 4),
];

/// Imports that the floors would forbid: who, whom. Pages and letters are made from templates
/// and words.
const ALLOWED: [(&str, &str); 5] = [
    ("site", "template"),
    ("site", "words"),
    ("digest", "template"),
    ("digest", "words"),
    ("template", "words"),
];

/// Imports that the floors would allow: who, whom.
const FORBIDDEN: [(&str, &str); 8] = [
    ("web", "cli"),
    ("cli", "web"),
    ("web", "outbox/smtp"),
    ("web", "outbox/transport"),
    ("store", "digest"),
    ("store", "feed"),
    ("store", "site"),
    ("store", "template"),
];

/// Outside crates and the only modules that may use them.
const HOMES: [(&str, &[&str]); 28] = [
    ("rss", &["feed"]),
    ("atom_syndication", &["feed"]),
    ("chrono", &["time", "feed"]),
    ("cron", &["time"]),
    ("jiff", &["time"]),
    ("tera", &["template"]),
    ("fluent_bundle", &["words"]),
    ("rust_embed", &["template"]),
    ("lettre", &["domain/address", "digest/message", "outbox"]),
    ("css_inline", &["digest"]),
    ("comrak", &["catalog"]),
    ("ammonia", &["catalog"]),
    ("serde_saphyr", &["catalog"]),
    ("sqlx", &["store"]),
    ("libsqlite3_sys", &["store"]),
    ("aws_lc_rs", &["digest/dkim", "outbox"]),
    ("rustls", &["outbox", "digest/dkim"]),
    ("tokio_rustls", &["outbox", "selftest/sink"]),
    ("rustls_platform_verifier", &["outbox"]),
    ("axum", &["web", "service"]),
    ("brotli", &["web"]),
    ("flate2", &["web", "feedback"]),
    ("object_store", &["publish/bucket"]),
    ("reqwest", &["publish/hub", "catalog/remote", "feedback/ask"]),
    ("clap", &["cli", "main"]),
    ("indicatif", &["cli"]),
    ("sd_notify", &["service"]),
    ("tracing_subscriber", &["cli", "service", "main"]),
];

/// What the ground and the pure floor never use.
const IMPURE: [&str; 11] = [
    "tokio",
    "getrandom",
    "tempfile",
    "walkdir",
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::hash::RandomState",
];

/// Types whose `now` reads a clock.
const CLOCKS: [&str; 6] = ["Instant", "SystemTime", "Timestamp", "Zoned", "Utc", "Local"];

/// Whether `unit` (`rank/words`) is `place` (`rank`) or within it.
fn is_in(unit: &str, place: &str) -> bool {
    unit.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn floor(unit: &str) -> Option<u8> {
    let fitting = FLOORS.iter().filter(|(place, _)| is_in(unit, place));
    fitting.max_by_key(|(place, _)| place.len()).map(|&(_, floor)| floor)
}

/// The unit that a path within the crate leads to: `["rank", "words", "Word"]` -> `rank/words`.
fn target(path: &[String], units: &BTreeSet<String>) -> Option<String> {
    let places = (1..=path.len()).rev().map(|length| path[..length].join("/"));
    let mut units = places
        .flat_map(|place| [place.clone(), format!("{place}/mod")])
        .filter(|unit| units.contains(unit));
    units.next().or_else(|| path.first().cloned())
}

/// Why `unit` must not import `other`, if it must not.
fn refusal(unit: &str, other: &str) -> Option<String> {
    let (own, its) = (floor(unit)?, floor(other)?);
    let among = |table: &[(&str, &str)]| {
        table.iter().any(|(who, whom)| is_in(unit, who) && is_in(other, whom))
    };
    let folder = |unit: &str| unit.split('/').next().map(str::to_owned);
    let refused = if among(&FORBIDDEN) {
        true
    } else if folder(unit) == folder(other) {
        its > own && !other.ends_with("/mod")
    } else {
        match own {
            0 => !(is_in(unit, "domain") && other == "time"),
            1 => its != 0 && !among(&ALLOWED),
            2 | 3 => its >= own,
            _ => false,
        }
    };
    refused.then(|| format!("{unit} (floor {own}) imports {other} (floor {its})"))
}

fn imports(source: &Source, units: &BTreeSet<String>) -> Vec<String> {
    let targets = source.crate_paths(units).into_iter().filter_map(|path| target(&path, units));
    let targets: BTreeSet<String> = targets.filter(|other| *other != source.unit).collect();
    targets.iter().filter_map(|other| refusal(&source.unit, other)).collect()
}

fn outside_crates(source: &Source) -> Vec<String> {
    let roots: BTreeSet<&str> = source.paths.iter().filter_map(|path| path.root()).collect();
    let strays = HOMES.iter().filter(|(name, homes)| {
        roots.contains(name) && !homes.iter().any(|home| is_in(&source.unit, home))
    });
    strays
        .map(|(name, homes)| format!("{} uses {name}, at home in {homes:?}", source.unit))
        .collect()
}

fn impurities(source: &Source) -> Vec<String> {
    if floor(&source.unit).is_none_or(|floor| floor > 1) || source.unit == "time" {
        return Vec::new();
    }
    let used = IMPURE.iter().filter(|what| source.paths.iter().any(|path| path.starts_with(what)));
    used.map(|what| format!("{} is pure and uses {what}", source.unit)).collect()
}

/// Tokio's own instant, which deadlines need, is no question about the time of day.
fn clocks(source: &Source) -> Vec<String> {
    let is_tokios = |path: &source::Path| path.starts_with("tokio::time::Instant");
    let tokios = source.paths.iter().any(is_tokios);
    let reads = source.paths.iter().filter(|path| match path.names.as_slice() {
        [.., of, now] => now == "now" && CLOCKS.contains(&of.as_str()) && !is_tokios(path),
        _ => false,
    });
    let reads = reads.filter(|path| !(tokios && path.names == ["Instant", "now"]));
    reads
        .filter(|_| source.unit != "time")
        .map(|path| format!("{} reads a clock: {}", source.unit, path.names.join("::")))
        .collect()
}

fn sql(source: &Source, tables: &[String]) -> Vec<String> {
    let speaks = |literal: &&String| {
        let text = literal.to_lowercase();
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        words.windows(2).enumerate().any(|(at, pair)| {
            let is_table = tables.iter().any(|table| table == pair[1]);
            let before = |word| words[..at].contains(&word);
            is_table
                && match pair[0] {
                    "into" => before("insert"),
                    "from" | "join" => before("select") || before("delete"),
                    "update" => words.contains(&"set"),
                    _ => false,
                }
        })
    };
    if is_in(&source.unit, "store") {
        return Vec::new();
    }
    let spoken = source.literals.iter().filter(speaks);
    spoken.map(|literal| format!("{} writes SQL: {literal:?}", source.unit)).collect()
}

fn tables(migrations: &Path) -> io::Result<Vec<String>> {
    let mut tables = Vec::new();
    for entry in fs::read_dir(migrations)? {
        let text = fs::read_to_string(entry?.path())?;
        let names = text.lines().filter_map(|line| line.strip_prefix("create table "));
        tables.extend(names.filter_map(|rest| rest.split([' ', '(']).next()).map(str::to_owned));
    }
    Ok(tables)
}

/// Everything in `sources` that the tables do not allow.
fn offences(sources: &[Source], tables: &[String]) -> Vec<String> {
    let units: BTreeSet<String> = sources.iter().map(|source| source.unit.clone()).collect();
    let mut found = Vec::new();
    for source in sources {
        if !source.opens_with_doc {
            found.push(format!("{} does not open with //!", source.unit));
        }
        if source.is_test || source.unit == "lib" {
            continue;
        }
        if floor(&source.unit).is_none() {
            found.push(format!("{} has no floor: add it to FLOORS", source.unit));
        }
        found.extend(imports(source, &units));
        found.extend(outside_crates(source));
        found.extend(impurities(source));
        found.extend(clocks(source));
        found.extend(sql(source, tables));
    }
    found
}

#[test]
fn the_sources_keep_to_their_layers() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let sources = read_all(&src).unwrap();
    let tables = tables(&src.join("store/migrations")).unwrap();
    assert!(sources.len() > 20 && tables.contains(&"deliveries".to_owned()), "{tables:?}");
    let found = offences(&sources, &tables);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// What is said of one file, beside a few innocent ones.
fn said_of(file: &str, code: &str) -> Vec<String> {
    let others = ["time.rs", "domain/post.rs", "rank/mod.rs", "rank/words.rs", "template.rs"]
        .into_iter()
        .chain(["store/mod.rs", "publish/mod.rs", "outbox/mod.rs", "outbox/smtp.rs", "cli/mod.rs"])
        .chain(["outbox/policy.rs", "config.rs", "catalog/mod.rs", "catalog/directory.rs"]);
    let mut files: Vec<(String, String)> = others
        .filter(|other| *other != file)
        .map(|other| (other.to_owned(), "//! Innocent.\n".to_owned()))
        .collect();
    files.push((file.to_owned(), format!("//! Guilty, perhaps.\n{code}")));
    offences(&source::sources(&files), &["posts".into(), "deliveries".into()])
}

#[test]
fn an_offence_is_found_however_it_is_written() {
    for (file, code) in [
        ("domain/post.rs", "use crate::store::Store;"),
        ("time.rs", "use crate::domain::post::Post;"),
        ("rank/mod.rs", "use crate::{domain::post::Post, store::{self, Store}};"),
        ("rank/words.rs", "fn f() { super::super::publish::go() }"),
        ("rank/words.rs", "use crate::template::Templates;"),
        ("rank/mod.rs", "use crate::catalog::Catalog;"),
        ("store/mod.rs", "use crate::publish::Folder;"),
        ("store/posts.rs", "use crate::template::Templates;"),
        ("outbox/policy.rs", "use super::smtp::Relay;"),
        ("outbox/smtp.rs", "use crate::config::Config;"),
        ("catalog/mod.rs", "pub fn f() { directory::read() }"),
        ("web/mod.rs", "use crate::cli;"),
        ("web/mod.rs", "use crate::outbox::smtp::Session;"),
        ("site/mod.rs", "use tera::Context;"),
        ("cli/mod.rs", "fn f() { let x = sqlx::query(q); }"),
        ("rank/mod.rs", "use std::{fs, io};"),
        ("rank/mod.rs", "async fn f() { tokio::task::yield_now().await }"),
        ("cli/mod.rs", "use std::time::Instant; fn f() { Instant::now(); }"),
        ("cli/mod.rs", "fn f() { std::time::SystemTime::now(); }"),
        ("cli/mod.rs", "const Q: &str = \"select id \\\n from posts\";"),
        ("cli/mod.rs", "const Q: &str = r#\"update deliveries set state = 'x'\"#;"),
        ("attic.rs", ""),
        ("attic/mod.rs", "#[cfg(test)] mod tests {} use crate::rank;"),
    ] {
        assert!(!said_of(file, code).is_empty(), "{file}: {code}");
    }
}

#[test]
fn what_is_allowed_is_not_called_an_offence() {
    for (file, code) in [
        ("domain/post.rs", "use crate::time::Timestamp;"),
        ("rank/mod.rs", "mod words; use words::Word; use crate::{domain::post::Post, time};"),
        ("rank/words.rs", "use super::Index; use crate::rank::Wish;"),
        ("site/mod.rs", "use crate::template::Templates;"),
        ("store/mod.rs", "use crate::catalog::Known; const Q: &str = \"select * from posts\";"),
        ("outbox/mod.rs", "use crate::store::Store; use super::rank::Index;"),
        ("outbox/smtp.rs", "use super::policy::f; use tokio::time::{Instant, timeout};"),
        ("outbox/smtp.rs", "use tokio::time::Instant; fn f() { Instant::now(); }"),
        ("outbox/smtp.rs", "fn f() { tokio::time::Instant::now(); }"),
        ("catalog/directory.rs", "use super::Source; use std::fs;"),
        ("cli/mod.rs", "const Q: &str = \"reads posts from posts/, updates deliveries\";"),
        ("rank/mod.rs", "/* use std::fs; */ // crate::store\nconst S: &str = \"crate::store\";"),
        ("rank/mod.rs", "const C: char = '\"'; fn f<'a>(x: &'a str) {} const D: char = '{';"),
        ("rank/mod.rs", "#[cfg(test)]\n#[allow(x)]\nmod tests { use crate::store::Store; }"),
        ("rank/mod.rs", "#[cfg(test)]\nuse std::{fs, io};\nfn f() {}"),
        ("rank/tests.rs", "use crate::store::Store;"),
        ("template.rs", "mod letters; use letters::f;"),
        ("template/letters.rs", "use super::Templates; use crate::template::Error;"),
    ] {
        assert_eq!(said_of(file, code), [""; 0], "{file}: {code}");
    }
}
