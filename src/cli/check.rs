//! `check`: what configuration, posts, templates, readers and schedules amount to; changes nothing.
//!
//! It renders what a run would render: an article page, the front page, a page behind an
//! unsubscribe link, a page that has moved, and the letters of each newsletter ([`letters`]), which
//! are looked over. What is wrong is a trouble and makes the exit status 1.

mod letters;

use std::path::Path;

use serde::Serialize;

use super::{
    Refusal,
    out::{self, counted, say},
};
use crate::{
    catalog::Catalog,
    config::{Config, Relay, Way},
    domain::subscriber::Cadence,
    outbox::policy::pace::Limits,
    service::{
        daemon,
        readers::{self, List},
        site::Site,
        summary::Posts,
        trial::Reading,
        unreachable_links,
    },
    site as pages,
    store::Store,
    time::Clock,
};

/// How many planned times are shown.
const SHOWN: usize = 5;

#[derive(Serialize)]
struct Findings {
    posts: Posts,
    /// Usable lines in the list of subscribers.
    readers: usize,
    schedules: Vec<Plan>,
    troubles: Vec<String>,
    notes: Vec<String>,
}

/// A cadence with its next times, RFC 3339; none for instant.
#[derive(Serialize)]
struct Plan {
    newsletter: String,
    cadence: Cadence,
    next: Vec<String>,
}

/// Prints what a run would work with.
pub(super) async fn check(root: &Path, json: bool) -> Result<u8, Refusal> {
    let site = Site::read(root)?;
    let now = Clock::System.now();
    let reading = Reading::of(&site).await?;
    let catalog = reading.catalog(&site, now);
    let list = List::read(&site, now);
    let mut findings = Findings {
        posts: Posts::of(&catalog),
        readers: list.import.rows.len(),
        schedules: plans(&site.config),
        troubles: catalog.refused.iter().map(ToString::to_string).collect(),
        notes: site.notes.clone(),
    };
    let told = catalog.warnings.iter().chain(&catalog.reminders);
    findings.notes.extend(told.map(ToString::to_string));
    if catalog.is_emptied {
        findings.troubles.push("there is no post left, though some were published".to_owned());
    }
    findings.notes.extend(list.unconfirmed());
    findings.notes.extend(list.import.notes);
    findings.troubles.extend(list.import.refused);
    findings.troubles.extend(left_over(&site).await?);
    findings.troubles.extend(rendered(&site, &catalog));
    letters::look(&site, (&reading, &catalog), &mut findings).await?;
    findings.troubles.extend(ways_out(&site));
    findings.troubles.extend(unwritable(&site));
    if json {
        out::json(&findings);
    } else {
        tell(&site, &catalog, &findings);
    }
    Ok(u8::from(!findings.troubles.is_empty()))
}

/// Why letters could not leave.
fn ways_out(site: &Site) -> Option<String> {
    if site.config.newsletters.is_empty() {
        return None;
    }
    match site.outlets() {
        Err(error) => Some(error.to_string()),
        Ok(ways) if ways.iter().all(|way| way.transport.is_local()) => None,
        Ok(_) => (!site.config.is_public).then(unreachable_links),
    }
}

/// Folders in which a run could not write.
fn unwritable(site: &Site) -> Vec<String> {
    let Config { output, outbox, ledger, way, .. } = &site.config;
    let letters = Some(outbox.as_path()).filter(|_| *way == Way::Eml);
    let ledger = ledger.file().and_then(Path::parent);
    let folders = [Some(output.as_path()), letters, ledger].into_iter().flatten();
    let refused = folders.filter_map(|folder| {
        let there = folder.ancestors().find(|folder| folder.exists())?;
        let error = tempfile::tempfile_in(there).err()?;
        Some(format!("cannot write into {}: {error}", site.shown(folder)))
    });
    refused.collect()
}

async fn left_over(site: &Site) -> Result<Vec<String>, Refusal> {
    let Some(store) = Store::look(site.location()?).await? else { return Ok(Vec::new()) };
    Ok(readers::left_over(&store.audience_counts().await?, &site.config.newsletters))
}

/// What the templates cannot make.
fn rendered(site: &Site, catalog: &Catalog) -> Vec<String> {
    let (templates, described) = (&site.templates, site.described());
    let mut made = vec![pages::index(templates, &described, &catalog.posts), daemon::sample(site)];
    if let Some(post) = catalog.posts.first() {
        let (html, beside) = (&post.html, [post]);
        let article = pages::Article { post, html, related: &beside, popular: &beside };
        made.push(pages::article(templates, &described, &article));
        made.push(pages::moved(templates, &described, post, "former/index.html"));
    }
    let told = made.into_iter().filter_map(|page| Some(page.err()?.to_string()));
    let mut troubles: Vec<String> = told.collect();
    troubles.sort();
    troubles.dedup();
    troubles
}

fn plans(config: &Config) -> Vec<Plan> {
    let now = Clock::System.now();
    let newsletters = config.newsletters.iter();
    let all = newsletters.flat_map(|one| one.cadences.iter().map(move |offer| (one, offer)));
    let plans = all.map(|(newsletter, (cadence, schedule))| Plan {
        newsletter: newsletter.id.clone(),
        cadence: *cadence,
        next: schedule
            .iter()
            .flat_map(|schedule| schedule.after(now).take(SHOWN).map(|at| at.rfc3339()))
            .collect(),
    });
    plans.collect()
}

fn tell(site: &Site, catalog: &Catalog, findings: &Findings) {
    configuration(site);
    schedules(site);
    say!("Posts: {}", findings.posts);
    for (path, at) in &catalog.scheduled {
        say!("  posts/{path} appears {}", site.time(*at));
    }
    match &site.config.subscribers {
        Some(path) => {
            let lines = counted(findings.readers, "usable line", "usable lines");
            say!("Readers: {lines} in {}", site.shown(path));
        }
        None => say!("Readers: no file of them (mail.subscribers)"),
    }
    for note in &findings.notes {
        say!("note: {note}");
    }
    for trouble in &findings.troubles {
        say!("trouble: {trouble}");
    }
    match findings.troubles.len() {
        0 => say!("All is well: pages, letters and feeds can be made."),
        1 => say!("One trouble needs you."),
        count => say!("{count} troubles need you."),
    }
}

fn configuration(site: &Site) {
    let config = &site.config;
    say!("Site: {} ({}, {})", config.title, config.language, config.zone.name());
    let public = if config.is_public { "" } else { ", until web.public_url is set" };
    say!("Address: {}{public}", config.url);
    say!("Output: {}", site.shown(&config.output));
    say!("Ledger: {}", site.ledger_shown());
    say!("Sender: {}, replies to {}", config.from, config.reply_to);
    signatures(site);
    match config.way {
        Way::Eml => say!("Letters: files in {}", site.shown(&config.outbox)),
        Way::Smtp => config.relays.iter().for_each(relay),
    }
    if config.canary.letters > 0 {
        let canary = &config.canary;
        let minutes = canary.wait.as_secs() / 60;
        let letters = counted(canary.letters, "letter", "letters");
        say!("Canary: {letters} first, then {} of waiting", counted(minutes, "minute", "minutes"));
    }
    match &config.operator {
        Some(operator) => say!("Operator: {operator}"),
        None => say!("Operator: nobody is written to; set operator.address"),
    }
}

fn relay(relay: &Relay) {
    let Relay { name, smtp, priority, weight, pace } = relay;
    say!("Relay {name}: {} port {}, priority {priority}, weight {weight}", smtp.host, smtp.port);
    say!("  {}", limits(&pace.relay));
    if let Some(connections) = pace.per_domain {
        say!("  each domain: at most {connections} connections");
    }
    let mut domains: Vec<_> = pace.domains.iter().collect();
    domains.sort_by_key(|(domain, _)| domain.as_str());
    for (domain, of) in domains {
        say!("  {domain}: {}", limits(of));
    }
    if !pace.warm_up.is_empty() {
        let days: Vec<String> = pace.warm_up.iter().map(u64::to_string).collect();
        say!("  warm-up, letters a day: {}", days.join(", "));
    }
}

fn limits(limits: &Limits) -> String {
    let mut text = format!("at most {} connections", limits.connections);
    if let Some(letters) = limits.per_minute {
        text.push_str(&format!(", {letters} letters a minute"));
    }
    if let Some(letters) = limits.per_day {
        text.push_str(&format!(", {letters} letters a day"));
    }
    text
}

fn signatures(site: &Site) {
    let Some(signer) = &site.signer else {
        say!("Signatures: none of ours; a relay may sign (DKIM), else see mail.dkim");
        return;
    };
    say!("Signatures: {} (DKIM); publish as TXT records:", signer.domain());
    for record in signer.records() {
        say!("  {}\n    {}", record.name, record.value);
    }
}

fn schedules(site: &Site) {
    let now = Clock::System.now();
    for newsletter in &site.config.newsletters {
        say!("Newsletter {}: {}", newsletter.id, newsletter.name);
        for (cadence, schedule) in &newsletter.cadences {
            let Some(schedule) = schedule else {
                say!("  {cadence}: as posts appear");
                continue;
            };
            say!("  {cadence}: {schedule}");
            for planned in schedule.after(now).take(SHOWN) {
                say!("    {}", site.time(planned));
            }
        }
    }
}
