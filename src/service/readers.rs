//! Readers from a file: `config/subscribers.csv`, imported when it is new or has changed.
//!
//! It promises that a line which cannot be used is refused with its number and reason while the
//! others are imported, that nobody who is known is changed or revived, and that an edit which
//! therefore has no effect is noted ([`List::without_effect`]). How lines are read: [`lines`].

mod lines;

use std::{collections::HashMap, path::Path};

use sha2::{Digest as _, Sha256};

use super::{nearest, site::Site};
use crate::{
    config::{self, Newsletter},
    domain::subscriber::{Cadence, NewSubscription},
    store::answers::Imported,
    time::Timestamp,
};
pub use lines::{Import, Terms, read};

/// How many readers a note names.
const NAMED: usize = 3;

/// A file of subscribers as one run sees it.
#[derive(Debug, Default)]
pub struct List {
    /// The file, as messages show it.
    pub shown: String,
    /// Of its content and of what is offered: a line that was refused for a cadence is looked at
    /// again when the cadence is offered.
    pub hash: String,
    /// What it holds.
    pub import: Import,
    is_read: bool,
}

impl List {
    /// Reads the file that the configuration of `site` names, if it names one.
    pub fn read(site: &Site, now: Timestamp) -> Self {
        let Some(path) = &site.config.subscribers else { return Self::default() };
        let shown = site.shown(path);
        let terms = Terms { newsletters: &site.config.newsletters, zone: &site.config.zone, now };
        Self::of(path, shown, terms)
    }

    fn of(path: &Path, shown: String, terms: Terms<'_>) -> Self {
        match std::fs::read(path) {
            Ok(octets) => Self {
                hash: hash(&octets, terms.newsletters),
                import: read(&shown, &octets, terms),
                shown,
                is_read: true,
            },
            Err(error) => {
                let refused = vec![format!("cannot read {shown}: {error}")];
                Self { shown, import: Import { refused, ..Import::default() }, ..Self::default() }
            }
        }
    }

    /// Whether there is a file and it could be read.
    pub fn is_read(&self) -> bool {
        self.is_read
    }

    /// Why a first run does nothing yet.
    pub fn unusable(&self) -> String {
        format!(
            "nothing was published or recorded: this is the first run, mail.first_run wants the \
             newest post mailed, and {} has no usable line. Mend it and run again",
            self.shown
        )
    }

    /// Edits of the file that change nobody, in words; `known` is whom it brought before.
    pub fn without_effect(&self, known: &[Imported]) -> Vec<String> {
        let rows: HashMap<(String, &str), &NewSubscription> = self
            .import
            .rows
            .iter()
            .map(|row| ((row.address.key(), row.newsletter.as_str()), row))
            .collect();
        let known = known.iter().filter(|reader| reader.state == "confirmed");
        let (mut gone, mut other, mut named) = (Vec::new(), Vec::new(), Vec::new());
        for reader in known {
            match rows.get(&(reader.address.clone(), reader.newsletter.as_str())) {
                None if self.import.refused_addresses.contains(&reader.address) => {}
                None => gone.push(reader.address.as_str()),
                Some(row) if row.cadence.as_str() != reader.cadence => {
                    other.push(reader.address.as_str());
                }
                Some(row) if row.name != reader.name => named.push(reader.address.as_str()),
                Some(_) => {}
            }
        }
        let file = &self.shown;
        let told = [
            (gone, "subscribed, and no longer in", "end ADDRESS"),
            (other, "subscribed with another cadence than in", "change ADDRESS CADENCE"),
            (named, "subscribed under another name than in", "rename ADDRESS NAME"),
        ];
        let told = told.into_iter().filter(|(who, ..)| !who.is_empty());
        told.map(|(who, differ, verb)| {
            let (count, who) = (who.len(), some_of(&who));
            format!(
                "{count} {differ} {file} ({who}): the file adds readers and changes none, for that \
                 there is postrider subscriber {verb}"
            )
        })
        .collect()
    }

    /// What to know of lines that are imported now.
    pub fn unconfirmed(&self) -> Option<String> {
        let count = Some(self.import.unconfirmed).filter(|count| *count > 0)?;
        let file = &self.shown;
        let lines = if count == 1 { "line" } else { "lines" };
        Some(format!("{file}: confirmed_at is empty in {count} {lines}; the day of import counts"))
    }
}

fn some_of(who: &[&str]) -> String {
    let named = who.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    if who.len() > NAMED { format!("{named}, ..") } else { named }
}

/// Readers whose cadence or newsletter is no longer offered: they get nothing.
pub fn left_over(
    counts: &[(String, String, String, u64)],
    newsletters: &[Newsletter],
) -> Vec<String> {
    let confirmed = counts.iter().filter(|(_, _, state, _)| state == "confirmed");
    let left = confirmed.filter_map(|(id, cadence, _, count)| {
        let why = offer(newsletters, id, cadence).err()?;
        Some(format!(
            "{count} subscribed and getting no letters: {why}. Offer it again in {}, or end or \
             change the subscriptions with postrider subscriber",
            config::FILE
        ))
    });
    left.collect()
}

/// The cadence of that name, where the newsletter of that id offers it.
fn offer(newsletters: &[Newsletter], id: &str, cadence: &str) -> Result<Cadence, String> {
    let Some(newsletter) = newsletters.iter().find(|one| one.id == id) else {
        let near = nearest(id, newsletters.iter().map(|one| one.id.as_str()));
        let near = near.map_or(String::new(), |near| format!("; did you mean \"{near}\"?"));
        return Err(format!("there is no newsletter \"{id}\"{near}"));
    };
    let wanted: Cadence = cadence.parse().map_err(text)?;
    if newsletter.cadences.iter().any(|(offered, _)| *offered == wanted) {
        return Ok(wanted);
    }
    let offered = newsletter.cadences.iter().map(|(cadence, _)| cadence.as_str());
    let offered = offered.collect::<Vec<_>>().join(", ");
    Err(format!("newsletter \"{id}\" does not offer {wanted}; it offers {offered}"))
}

fn hash(octets: &[u8], newsletters: &[Newsletter]) -> String {
    let mut hash = Sha256::new();
    hash.update(octets);
    for newsletter in newsletters {
        hash.update(format!("\n{}", newsletter.id));
        for (cadence, _) in &newsletter.cadences {
            hash.update(format!(" {cadence}"));
        }
    }
    hash.finalize().iter().map(|octet| format!("{octet:02x}")).collect()
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests;
