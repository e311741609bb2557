//! `issue simulate`: every post played as one issue, in the order of their dates, to see what the
//! rules about repeats come to. Nothing is recorded and nothing is sent.
//!
//! Each issue is made as a letter would be, by the same functions, for a reader who had all issues
//! before it. It knows only posts that were published then.

use std::path::Path;

use serde::Serialize;

use super::{
    Refusal,
    out::{self, counted, say},
};
use crate::{
    domain::post::Post,
    rank::{
        Index, Lists, Taste, Wish,
        rails::{Held, Log, Rails},
        rules::Rules,
    },
    service::{popularity::shares, site::Site, trial::Reading},
    time::Clock,
};

/// One issue as it would have been.
#[derive(Serialize)]
struct Played<'a> {
    date: String,
    main: &'a str,
    related: Vec<&'a str>,
    popular: Vec<&'a str>,
}

/// Plays all posts as issues. For so many letters a post that was sent is not suggested.
pub(super) async fn simulate(root: &Path, sent: usize, json: bool) -> Result<u8, Refusal> {
    let site = Site::read(root)?;
    let reading = Reading::of(&site).await?;
    let catalog = reading.catalog(&site, Clock::System.now());
    let posts = &catalog.posts[..];
    let popularity = shares(reading.store.as_ref(), posts).await?;
    let played = Play { site: &site, posts, popularity, sent }.played();
    if json {
        out::json(&played);
        return Ok(0);
    }
    for Played { date, main, related, popular } in &played {
        let beside: Vec<&str> = related.iter().chain(popular).copied().collect();
        say!(
            "{date}  {main}: {}",
            if beside.is_empty() { "nothing".into() } else { beside.join(", ") }
        );
    }
    say!("{} played", counted(played.len() as u64, "issue", "issues"));
    Ok(0)
}

/// What is played.
struct Play<'a> {
    site: &'a Site,
    posts: &'a [Post],
    popularity: Vec<f32>,
    sent: usize,
}

impl<'a> Play<'a> {
    fn played(self) -> Vec<Played<'a>> {
        let settings = &self.site.config.related;
        let rails = Rails { sent: self.sent, ..settings.rails() };
        let mut places: Vec<usize> = (0..self.posts.len()).collect();
        let date = |at: &usize| self.posts.get(*at).map(|post| (post.published, &post.path));
        places.sort_by(|one, other| date(one).cmp(&date(other)));
        let lists = self.lists();
        let mut log = Log::default();
        let played = places.into_iter().filter_map(|at| {
            let post = self.posts.get(at)?;
            let worth = |other: usize| rails.worth(&log, &[], number(other));
            let now = post.published;
            let wish = Wish { count: settings.count, now, fill: settings.fills(), worth: &worth };
            let chosen = lists.choose(&[at], &wish);
            let shown = chosen.related.iter().chain(&chosen.popular).map(|&at| number(at));
            let held = Held { sent: vec![number(at)], shown: shown.collect() };
            log = log.after(held);
            let paths = |places: &[usize]| {
                let posts = places.iter().filter_map(|&at| self.posts.get(at));
                posts.map(|post| post.path.as_str()).collect()
            };
            Some(Played {
                date: now.format("%Y-%m-%d", &self.site.config.zone),
                main: &post.path,
                related: paths(&chosen.related),
                popular: paths(&chosen.popular),
            })
        });
        played.collect()
    }

    /// What is near each post among those that were there before it.
    fn lists(&self) -> Lists<'a> {
        let posts = self.posts;
        let (index, rules) = (Index::new(posts), Rules::new(posts));
        let taste = Taste::stored(&self.popularity, self.site.config.related.popularity);
        let near = posts.iter().enumerate().map(|(at, post)| {
            let now = post.published;
            index.near(posts, at, &taste, &|other| rules.refusal(posts, at, other, now).is_none())
        });
        Lists::new(posts, near.collect(), self.popularity.clone())
    }
}

/// Posts go by their places here.
fn number(at: usize) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX)
}
