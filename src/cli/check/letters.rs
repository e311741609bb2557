//! Looking over letters: what each newsletter would send of the newest posts, before readers do.
//!
//! Looked over are the letters of the newest posts, of drafts and of what is scheduled, and the
//! digest of each cadence. What would harm every reader is a trouble, the rest a note that names
//! the letter. Where SpamAssassin is installed it gives its opinion too, by its own rules and
//! without asking the network.

use std::{
    collections::BTreeMap,
    io::Write as _,
    process::{Command, Stdio},
};

use super::Findings;
use crate::{
    catalog::Catalog,
    domain::subscriber::Cadence,
    outbox::open::Newsletter,
    service::{
        site::Site,
        trial::{Error, Reading, Trial},
    },
    time::Clock,
};

/// Letters of so many posts are looked over.
const POSTS: usize = 10;

/// Points from which on SpamAssassin takes a letter for unwanted.
const UNWANTED: f64 = 5.0;

/// Adds what is found to `findings`.
pub(super) async fn look(
    site: &Site,
    (reading, catalog): (&Reading, &Catalog),
    findings: &mut Findings,
) -> Result<(), Error> {
    findings
        .notes
        .extend(site.config.theme.faint().into_iter().map(|f| format!("mail.theme: {f}")));
    let all = reading.everything(site, Clock::System.now());
    let beside = reading.related(site, &all.posts).await?;
    let related = reading.related(site, &catalog.posts).await?;
    let mut told: BTreeMap<(bool, String), Vec<String>> = BTreeMap::new();
    let mut tell = |name: String, found: Vec<(bool, String)>| {
        for what in found {
            told.entry(what).or_default().push(name.clone());
        }
    };
    for newsletter in site.newsletters() {
        let own = |name: &str| format!("{}: letter of {name}", newsletter.id);
        let offers = |wanted: Cadence| newsletter.cadences.iter().any(|(one, _)| *one == wanted);
        for at in (0..all.posts.len()).take(POSTS).filter(|_| offers(Cadence::Instant)) {
            let name = all.posts.get(at).map_or("", |post| post.path.as_str());
            let of = (&[at][..], Cadence::Instant);
            let made = reading.letter(site, &newsletter, (&all.posts, &beside), of);
            tell(own(&format!("posts/{name}")), found(site, &made));
        }
        let places: Vec<usize> = (0..catalog.posts.len().min(POSTS)).collect();
        if let (Some(cadence), false) = (periodic(&newsletter), places.is_empty()) {
            let made =
                reading.letter(site, &newsletter, (&catalog.posts, &related), (&places, cadence));
            let mut found = found(site, &made);
            found.extend(made.ok().and_then(|trial| opinion(&trial)));
            tell(own(&format!("a {cadence} digest")), found);
        }
    }
    for ((serious, what), names) in told {
        let to = if serious { &mut findings.troubles } else { &mut findings.notes };
        to.push(sentence(&what, &names));
    }
    findings.troubles.sort();
    findings.troubles.dedup();
    Ok(())
}

fn periodic(newsletter: &Newsletter) -> Option<Cadence> {
    newsletter.cadences.iter().map(|(cadence, _)| *cadence).find(|one| *one != Cadence::Instant)
}

/// What is said of one letter; whether it is serious stands in front.
fn found(site: &Site, made: &Result<Trial, Error>) -> Vec<(bool, String)> {
    match made {
        Ok(trial) => trial.findings(site).into_iter().map(|one| (one.serious, one.what)).collect(),
        Err(error) => vec![(true, error.to_string())],
    }
}

/// A finding with the letters that it is about; a template at fault is told once.
fn sentence(what: &str, names: &[String]) -> String {
    match names {
        _ if what.starts_with("template ") => what.to_owned(),
        [one] => format!("{one}: {what}"),
        [first, rest @ ..] => format!("{first} and {} more: {what}", rest.len()),
        [] => what.to_owned(),
    }
}

/// What SpamAssassin says, where it is installed.
fn opinion(trial: &Trial) -> Option<(bool, String)> {
    let message = trial.message(None).ok()?;
    let mut filter = Command::new("spamassassin")
        .args(["--test-mode", "--local"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut pipe = filter.stdin.take()?;
    // The filter reads all before it writes a word.
    let _fed = pipe.write_all(&message);
    drop(pipe);
    let output = filter.wait_with_output().ok()?;
    let (points, rules) = score(&String::from_utf8_lossy(&output.stdout))?;
    let word = if points >= UNWANTED { "unwanted" } else { "wanted" };
    Some((false, format!("SpamAssassin gives it {points} points ({rules}): {word}")))
}

/// Points and rules in `X-Spam-Status: No, score=1.2 required=5.0 tests=A,B autolearn=no`.
fn score(text: &str) -> Option<(f64, String)> {
    let unfolded = text.replace("\r\n", "\n").replace("\n\t", "").replace("\n ", " ");
    let line = unfolded.lines().find(|line| line.starts_with("X-Spam-Status:"))?;
    let value = |name: &str| line.split_once(name)?.1.split_whitespace().next();
    Some((value("score=")?.parse().ok()?, value("tests=").unwrap_or("none").to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_of_a_filter_is_read() {
        let text = "X-Spam-Level: *\nX-Spam-Status: No, score=1.3 required=5.0 tests=HTML_MESSAGE,\n\t\
                    MISSING_MID autolearn=no\n";
        assert_eq!(score(text), Some((1.3, "HTML_MESSAGE,MISSING_MID".to_owned())));
        assert_eq!(score("nothing"), None);
    }

    #[test]
    fn findings_name_their_letters() {
        let names = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        assert_eq!(sentence("x", &names[..1]), "a: x");
        assert_eq!(sentence("x", &names), "a and 2 more: x");
        assert_eq!(sentence("template t, line 1: x", &names), "template t, line 1: x");
    }
}
