//! `check`: what configuration, posts, templates and schedules amount to; changes nothing.

use std::path::Path;

use super::{
    Refusal,
    preview::{catalog, letter},
};
use crate::{
    config::{Config, Relay, Way},
    domain::token::Key,
    outbox::policy::pace::Limits,
    service::site::Site,
    time::Clock,
};

/// How many planned times are shown.
const SHOWN: usize = 5;

/// Prints what a run would work with.
pub(super) async fn check(root: &Path) -> Result<u8, Refusal> {
    let site = Site::read(root)?;
    configuration(&site);
    schedules(&site.config);
    let (catalog, _) = catalog(&site).await?;
    println!(
        "Posts: {} published, {} draft, {} scheduled, {} refused",
        catalog.posts.len() - catalog.stale.len(),
        catalog.drafts.len(),
        catalog.scheduled.len(),
        catalog.refused.len()
    );
    for (path, at) in &catalog.scheduled {
        println!("  posts/{path} appears at {at}");
    }
    let notes = catalog.warnings.iter().chain(&catalog.reminders);
    for note in notes.chain(&catalog.refused) {
        println!("  {note}");
    }
    let mut is_sound = catalog.refused.is_empty() && !catalog.is_emptied;
    if !catalog.posts.is_empty() && !site.config.newsletters.is_empty() {
        let key = Key::new(b"check".to_vec());
        match letter(&site, &catalog.posts, 0, &key) {
            Ok(_) => println!("Templates: the newest post makes a letter"),
            Err(refusal) => {
                println!("Templates: {}", refusal.text);
                is_sound = false;
            }
        }
    }
    Ok(u8::from(!is_sound))
}

fn configuration(site: &Site) {
    let config = &site.config;
    println!("Site: {} ({}, {})", config.title, config.language, config.zone.name());
    let public = if config.is_public { "" } else { ", until web.public_url is set" };
    println!("Address: {}{public}", config.url);
    println!("Output: {}", site.shown(&config.output));
    println!("Ledger: {}", site.ledger_shown());
    println!("Sender: {}, replies to {}", config.from, config.reply_to);
    signatures(site);
    match config.way {
        Way::Eml => println!("Letters: files in {}", site.shown(&config.outbox)),
        Way::Smtp => config.relays.iter().for_each(relay),
    }
    if config.canary.letters > 0 {
        let canary = &config.canary;
        let minutes = canary.wait.as_secs() / 60;
        println!("Canary: {} letters first, then {minutes} minutes", canary.letters);
    }
    match &config.operator {
        Some(operator) => println!("Operator: {operator}"),
        None => println!("Operator: nobody is written to; set operator.address"),
    }
}

fn relay(relay: &Relay) {
    let Relay { name, smtp, priority, weight, pace } = relay;
    println!(
        "Relay {name}: {} port {}, priority {priority}, weight {weight}",
        smtp.host, smtp.port
    );
    println!("  {}", limits(&pace.relay));
    if let Some(connections) = pace.per_domain {
        println!("  each domain: at most {connections} connections");
    }
    let mut domains: Vec<_> = pace.domains.iter().collect();
    domains.sort_by_key(|(domain, _)| domain.as_str());
    for (domain, of) in domains {
        println!("  {domain}: {}", limits(of));
    }
    if !pace.warm_up.is_empty() {
        let days: Vec<String> = pace.warm_up.iter().map(u64::to_string).collect();
        println!("  warm-up, letters a day: {}", days.join(", "));
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
        println!("Signatures: none of ours; a relay may sign (DKIM), else see mail.dkim");
        return;
    };
    println!("Signatures: {} (DKIM); publish as TXT records:", signer.domain());
    for record in signer.records() {
        println!("  {}\n    {}", record.name, record.value);
    }
}

fn schedules(config: &Config) {
    let now = Clock::System.now();
    for newsletter in &config.newsletters {
        println!("Newsletter {}: {}", newsletter.id, newsletter.name);
        for (cadence, schedule) in &newsletter.cadences {
            let Some(schedule) = schedule else {
                println!("  {cadence}: as posts appear");
                continue;
            };
            println!("  {cadence}: {schedule}");
            for planned in schedule.after(now).take(SHOWN) {
                println!("    {}", planned.format("%a %Y-%m-%d %H:%M %Z", schedule.zone()));
            }
        }
    }
}
