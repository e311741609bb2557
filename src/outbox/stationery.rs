//! Stationery: what every letter of a newsletter has in common, apart from what it says.
//!
//! Filled from the configuration once a run; opening makes letterheads of it and nothing else.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    digest::{message::Sender, pixels::Pictures, render::Letterhead, theme::Theme},
    domain::{issue, subscriber::Cadence},
    rank::rails::Rails,
    time::{Schedule, Timestamp, Zone},
};

/// A newsletter as opening needs it.
#[derive(Clone, Debug)]
pub struct Newsletter {
    /// Its name for ever.
    pub id: String,
    /// What readers call it.
    pub name: String,
    /// Why they get it.
    pub description: String,
    /// The language of its letters (BCP 47).
    pub language: String,
    /// Offered cadences; those but instant with their schedules.
    pub cadences: Vec<(Cadence, Option<Schedule>)>,
    /// Who sends it.
    pub sender: Sender,
    /// It carries posts with one of these topics; `None`: all posts.
    pub topics: Option<BTreeSet<String>>,
    /// Whether each issue waits for the operator.
    pub approval: bool,
    /// The hours, from the first up to the second, in which no letter comes unless its reader
    /// chose the hour.
    pub quiet: Option<(u8, u8)>,
}

/// What letters of all newsletters have in common.
#[derive(Clone, Debug)]
pub struct Stationery {
    /// The site's title.
    pub site: String,
    /// The site's address.
    pub url: String,
    /// Who writes, or empty.
    pub author: String,
    /// The owner's postal address, or empty.
    pub postal_address: String,
    /// By whose calendar dates are written.
    pub zone: Zone,
    /// How many related posts a letter shows.
    pub related: usize,
    /// Whether popular posts take the places that related ones leave open.
    pub fill: bool,
    /// What of them a reader has seen too often.
    pub rails: Rails,
    /// How long after it was first seen a post may still be mailed.
    pub eligible: Duration,
    /// What letters look like.
    pub theme: Theme,
    /// Who knows how large pictures are.
    pub pictures: Pictures,
    /// The most letters that a reader gets on a day.
    pub ceiling: Option<u32>,
    /// What links to posts carry in their address where readers are counted, else empty.
    pub mark: String,
}

impl Stationery {
    /// The head of an issue's letters in that language, made at `date`.
    pub fn letterhead<'a>(
        &'a self,
        newsletter: &'a Newsletter,
        (issue, cadence): (&'a str, Cadence),
        (language, date): (&'a str, Timestamp),
    ) -> Letterhead<'a> {
        let other = (language != newsletter.language).then_some(language);
        let place = issue::place(&newsletter.id, issue, other);
        Letterhead {
            site: &self.site,
            url: &self.url,
            language,
            author: &self.author,
            postal_address: &self.postal_address,
            newsletter: &newsletter.name,
            description: &newsletter.description,
            issue,
            cadence,
            online: issue::address(&self.url, &place),
            date,
            zone: &self.zone,
            theme: &self.theme,
            pictures: &self.pictures,
            mark: &self.mark,
        }
    }
}
