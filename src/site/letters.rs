//! The archive of letters: pages that list what was sent, each newsletter with a feed of its own.
//!
//! The letters themselves are pages already (`digest::online`); here they are only listed, and
//! told as posts, so that feeds are written of them as of anything else.

use serde::Serialize;

use super::{Feed, Page, Site, SiteContext, feeds};
use crate::{
    domain::{
        issue::{self, ARCHIVE},
        post::{Direction, FeedChoice, Post, PostId, RelatedChoice},
    },
    template::{self, Templates},
    time::Timestamp,
};

/// An issue on the web.
#[derive(Clone, Debug)]
pub struct Issue {
    /// Its name (`weekly/2026-W48`).
    pub name: String,
    /// Its place below the site.
    pub place: String,
    /// Its subject.
    pub title: String,
    /// What it is about, or empty.
    pub summary: String,
    /// BCP 47.
    pub language: String,
    /// When it was made.
    pub at: Timestamp,
}

/// A newsletter with its issues, newest first.
#[derive(Clone, Debug)]
pub struct Newsletter<'a> {
    /// Its id.
    pub id: &'a str,
    /// What readers call it.
    pub name: &'a str,
    /// Its issues.
    pub issues: Vec<Issue>,
}

#[derive(Serialize)]
struct LettersContext<'a> {
    site: SiteContext<'a>,
    feeds: Vec<Feed>,
    page: Page<'a>,
    newsletters: Vec<Listed<'a>>,
}

#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    url: String,
    feeds: Vec<Feed>,
    issues: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    title: &'a str,
    url: String,
    summary: &'a str,
    date: String,
    /// RFC 3339.
    sent: String,
    language: &'a str,
    direction: &'static str,
}

/// The folder of a newsletter's archive below the site, ending with a slash.
pub fn folder(newsletter: &str) -> String {
    format!("{ARCHIVE}/{newsletter}/")
}

/// The page that lists the issues of all newsletters (`letters/index.html`), or of one.
pub fn list(
    templates: &Templates,
    site: &Site<'_>,
    newsletters: &[Newsletter<'_>],
    folder: &str,
) -> Result<String, template::Error> {
    let listed = newsletters.iter().map(|one| one.listed(templates, site)).collect::<Vec<_>>();
    let url = format!("{}{folder}", site.url);
    let context = LettersContext {
        site: site.context(),
        feeds: listed.iter().flat_map(|one| one.feeds.clone()).chain(site.feeds()).collect(),
        page: Page { url: &url, root: "../".repeat(folder.matches('/').count()) },
        newsletters: listed,
    };
    templates.render("web/letters.html", &context)
}

impl<'a> Newsletter<'a> {
    fn listed(&'a self, templates: &Templates, site: &Site<'_>) -> Listed<'a> {
        let folder = folder(self.id);
        let url = format!("{}{folder}", site.url);
        let shown = |issue: &'a Issue| Shown {
            title: &issue.title,
            url: issue::address(site.url, &issue.place),
            summary: &issue.summary,
            date: templates.words().date(site.language, issue.at, site.zone),
            sent: issue.at.rfc3339(),
            language: &issue.language,
            direction: Direction::of_language(&issue.language).as_str(),
        };
        Listed {
            name: self.name,
            feeds: feeds(self.name, &url, &folder),
            url,
            issues: self.issues.iter().map(shown).collect(),
        }
    }

    /// Its issues as posts, for its feed. `id_host` is the domain of their identities (RFC 4151),
    /// which do not depend on the site's address.
    pub fn posts(&self, site: &Site<'_>, id_host: &str) -> Vec<Post> {
        self.issues.iter().map(|issue| issue.post(self, (site, id_host))).collect()
    }
}

impl Issue {
    fn post(&self, of: &Newsletter<'_>, (site, id_host): (&Site<'_>, &str)) -> Post {
        let own = self.place.trim_start_matches(ARCHIVE).trim_start_matches('/');
        Post {
            id: PostId::new(format!("tag:{id_host},2026:{ARCHIVE}/{own}")),
            key: own.replace('/', "-"),
            path: self.name.clone(),
            url: issue::address(site.url, &self.place),
            place: own.strip_prefix(of.id).unwrap_or(own).trim_start_matches('/').to_owned(),
            title: self.title.clone(),
            summary: self.summary.clone(),
            html: String::new(),
            published: self.at,
            updated: self.at,
            authors: site.author.into_iter().map(str::to_owned).collect(),
            tags: Vec::new(),
            direction: Direction::of_language(&self.language),
            language: self.language.clone(),
            image: None,
            comments: None,
            related: RelatedChoice::default(),
            feed: FeedChoice { summary_only: Some(true), ..FeedChoice::default() },
        }
    }
}
