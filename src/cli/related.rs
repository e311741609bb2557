//! `related POST`, `related --all` and `related --renew`: which posts stand beside which, and why.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;

use super::{
    Refusal,
    issue::ledger,
    out::{self, counted, say},
};
use crate::{
    domain::post::Post,
    rank::{
        Index, Lists, Taste, Wish,
        explain::{Explanation, Parts, Skipped},
        popular,
        rules::Rules,
    },
    service::{
        popularity::shares,
        related::{Renewal, Shelf},
        site::Site,
        trial::{Reading, below, place, unknown},
    },
    time::Clock,
};

/// How long the lists of `--all` are.
const LONG: usize = 100;

/// What `--all` measures popularity by, instead of what the site has.
#[derive(Default)]
pub(super) struct Instead<'a> {
    /// A file of views by path.
    pub(super) views: Option<&'a Path>,
    /// How much popularity counts.
    pub(super) popularity: Option<f64>,
}

/// What stands under a post, as pages show it now.
pub(super) async fn related(root: &Path, name: &str, explain: bool) -> Result<u8, Refusal> {
    let site = Site::read(root)?;
    let reading = Reading::of(&site).await?;
    let now = Clock::System.now();
    let catalog = reading.catalog(&site, now);
    let posts = &catalog.posts[..];
    let name = &below(&site, name);
    let at = place(&catalog, name).ok_or_else(|| Refusal::wrong_usage(unknown(&catalog, name)))?;
    let store = reading.store.as_ref();
    let mut shelf = Shelf::new(&site, store, (posts, now), Renewal::Daily).await?;
    if explain {
        shelf.index();
    }
    let (index, related) = shelf.parts();
    let settings = &site.config.related;
    let wish = Wish::page(settings.count, settings.fills(), now);
    let chosen = related.lists.choose(&[at], &wish);
    let tell = |heading: &str, places: &[usize]| {
        if !places.is_empty() {
            say!("{heading}");
        }
        for post in places.iter().filter_map(|&at| posts.get(at)) {
            say!("  {}  {} (posts/{})", day(&site, post), post.title, post.path);
        }
    };
    match index.filter(|_| explain) {
        Some(index) => {
            let taste = Taste::stored(related.lists.popularity(), settings.popularity);
            let explanation = index.explain(posts, at, &taste, (&wish, &chosen));
            explained(&site, posts, &explanation);
        }
        None => tell("Related popular posts", &chosen.related),
    }
    tell("Popular posts, in the places left open", &chosen.popular);
    if chosen.related.is_empty() && chosen.popular.is_empty() {
        say!("nothing: no post is related by more than chance, and none is known to be popular");
    }
    Ok(0)
}

fn day(site: &Site, post: &Post) -> String {
    post.published.format("%Y-%m-%d", &site.config.zone)
}

fn explained(site: &Site, posts: &[Post], explanation: &Explanation) {
    let title = |at: usize| posts.get(at).map_or("", |post| post.title.as_str());
    for (number, parts) in (1..).zip(&explanation.shown) {
        let post = posts.get(parts.post);
        let written = post.map(|post| day(site, post)).unwrap_or_default();
        say!("{number}. {} ({written}, score {:.3})", title(parts.post), parts.score);
        tell_parts(parts);
    }
    for (parts, why) in &explanation.skipped {
        let why = match why {
            Skipped::Refused(refusal) => refusal.to_string(),
            Skipped::Seen => "the reader has seen it".to_owned(),
            Skipped::Series(other) => {
                format!("one post of its series is enough: {}", title(*other))
            }
            Skipped::Alike(other) => format!("it is too like {}", title(*other)),
        };
        say!("-  {} (score {:.3}) is passed over: {why}", title(parts.post), parts.score);
    }
}

fn tell_parts(parts: &Parts) {
    let Parts { cosine, freshness, popularity, shared, .. } = parts;
    let words = parts.words.iter().map(|(word, part)| format!("{word} {part:.3}"));
    let words: Vec<String> = words.collect();
    let lift = parts.score / (f64::from(*cosine) * freshness);
    let shared = counted(*shared as u64, "shared word", "shared words");
    say!("   cosine {cosine:.3} from {shared}: {}", words.join(", "));
    say!("   freshness x {freshness:.3}, popularity {popularity:.2} x {lift:.3}");
}

/// A post in the lists of `--all`.
#[derive(Serialize)]
#[serde(transparent)]
struct Ranked<'a>(BTreeMap<&'a str, Vec<&'a str>>);

/// For each post what was related to it on the day it was published, best first.
pub(super) async fn all(root: &Path, instead: &Instead<'_>) -> Result<u8, Refusal> {
    let site = Site::read(root)?;
    let reading = Reading::of(&site).await?;
    let catalog = reading.catalog(&site, Clock::System.now());
    let posts = &catalog.posts[..];
    let popularity = match instead.views {
        Some(file) => popular::shares(&views(file, posts)?),
        None => shares(reading.store.as_ref(), posts).await?,
    };
    let weight = instead.popularity.unwrap_or(site.config.related.popularity);
    let taste = Taste { popularity: &popularity, weight, most: LONG };
    let ranked = as_of_their_days(posts, &taste).into_iter().zip(posts).map(|(list, post)| {
        let paths = list.into_iter().filter_map(|at| posts.get(at).map(|post| &*post.path));
        (post.path.as_str(), paths.collect())
    });
    out::json(&Ranked(ranked.collect()));
    Ok(0)
}

/// What was related to each post when it was published.
fn as_of_their_days(posts: &[Post], taste: &Taste<'_>) -> Vec<Vec<usize>> {
    let (index, rules) = (Index::new(posts), Rules::new(posts));
    let near = posts.iter().enumerate().map(|(at, post)| {
        let may = |other: usize| {
            posts.get(other).is_some_and(|other| other.published < post.published)
                && rules.refusal(posts, at, other, post.published).is_none()
        };
        index.near(posts, at, taste, &may)
    });
    let lists = Lists::new(posts, near.collect(), taste.popularity.to_vec());
    let dated = posts.iter().enumerate();
    let list = dated
        .map(|(at, post)| lists.choose(&[at], &Wish::page(LONG, false, post.published)).related);
    list.collect()
}

/// The views of each post, from a JSON object of numbers by path.
fn views(file: &Path, posts: &[Post]) -> Result<Vec<f64>, Refusal> {
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Refusal::wrong_usage(format!("cannot read {shown}: {error}")))?;
    let views: BTreeMap<String, f64> = serde_json::from_str(&text).map_err(|error| {
        let like = "write an object like {\"a-post.md\": 12}";
        Refusal::wrong_usage(format!("{shown}: {error}; {like}"))
    })?;
    Ok(posts.iter().map(|post| views.get(&post.path).copied().unwrap_or(0.0)).collect())
}

/// Makes all lists anew; pages and letters show them from the next run on.
pub(super) async fn renew(root: &Path) -> Result<u8, Refusal> {
    let site = Site::read(root)?;
    let store = ledger(&site).await?;
    let reading = Reading::of(&site).await?;
    let now = Clock::System.now();
    let catalog = reading.catalog(&site, now);
    let shelf = Shelf::new(&site, Some(&store), (&catalog.posts, now), Renewal::Now).await?;
    shelf.keep(&store).await?;
    let lists = counted(catalog.posts.len() as u64, "list", "lists");
    say!("{lists} of related posts renewed; pages show them from the next run on");
    store.close().await;
    Ok(0)
}
