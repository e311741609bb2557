//! What the command line promises: help that helps, a README that names each verb, a quiet log.

use clap::CommandFactory as _;
use tracing_subscriber::{EnvFilter, layer::SubscriberExt as _};

use super::*;

/// Every command below `command` that is shown, with the words that lead there.
fn walked(command: &clap::Command, path: &str, found: &mut Vec<(String, String)>) {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    found.push((path.to_owned(), help));
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        walked(sub, &format!("{path} {}", sub.get_name()), found);
    }
}

#[test]
fn the_help_of_each_verb_has_an_example_that_works() {
    let mut found = Vec::new();
    walked(&Cli::command(), "postrider", &mut found);
    assert!(found.len() > 25, "{found:?}");
    for (path, help) in found {
        let example = help.strip_prefix("Example:  ");
        let example = example.unwrap_or_else(|| panic!("{path} has no example: {help}"));
        let verb = path.rsplit(' ').next().unwrap();
        assert!(example.contains(verb), "{path}: {example}");
        for line in example.split("\n\n").next().unwrap().lines() {
            let parsed = Cli::try_parse_from(line.split_whitespace());
            assert!(parsed.is_ok(), "{path}: {line}: {:?}", parsed.err().map(|e| e.to_string()));
        }
    }
}

#[test]
fn the_readme_names_each_verb() {
    const README: &str = include_str!("../../README.md");
    let mut found = Vec::new();
    walked(&Cli::command(), "postrider", &mut found);
    let is_group = |path: &str| {
        path == "postrider" || found.iter().any(|(other, _)| other.starts_with(&format!("{path} ")))
    };
    for (path, _) in found.iter().filter(|(path, _)| !is_group(path)) {
        let verb = path.trim_start_matches("postrider ");
        let is_named =
            [format!("`{verb}`"), format!("`{verb} ")].iter().any(|v| README.contains(v));
        assert!(is_named, "README.md does not name {verb}");
    }
}

#[test]
fn the_log_tells_of_the_service_and_of_no_statement() {
    let log = tracing_subscriber::registry().with(EnvFilter::new(SERVICE_LOG));
    tracing::subscriber::with_default(log, || {
        use tracing::{Level, enabled};
        assert!(!enabled!(target: "sqlx::query", Level::WARN));
        assert!(enabled!(target: "postrider::service::worker", Level::INFO));
        assert!(enabled!(target: "postrider::outbox::worker", Level::WARN));
    });
}
