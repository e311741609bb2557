//! The sitemap: every page that search engines may show, with the day of its last change.
//!
//! A sitemap has at most [`MOST`] addresses; a larger site has several and an index of them, under
//! the same name. Nothing here depends on the time of a build.
//!
//! Standard: the sitemap protocol 0.9 (sitemaps.org).

use crate::{domain::post::Post, time::Timestamp};

/// Its name below the site.
pub const FILE: &str = "sitemap.xml";

/// Addresses in one file, by the protocol.
const MOST: usize = 50_000;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";
const NAMES: &str = "xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"";

/// The names of the files of the sitemap of a site of so many posts.
pub fn names(posts: usize) -> Vec<String> {
    let count = (posts + 1).div_ceil(MOST);
    let parts = (1..=count).filter(|_| count > 1).map(|number| format!("sitemap-{number}.xml"));
    parts.chain([FILE.to_owned()]).collect()
}

/// The files of the sitemap of the site at `url` (ending with `/`), by their paths below it.
pub fn files(url: &str, posts: &[Post]) -> Vec<(String, String)> {
    let newest = posts.iter().map(|post| post.updated).max();
    let own = std::iter::once((url, newest));
    let pages: Vec<(&str, Option<Timestamp>)> =
        own.chain(posts.iter().map(|post| (post.url.as_str(), Some(post.updated)))).collect();
    let mut files: Vec<(String, String)> =
        pages.chunks(MOST).map(|pages| (FILE.to_owned(), list("urlset", "url", pages))).collect();
    if files.len() < 2 {
        return files;
    }
    for (number, (name, _)) in files.iter_mut().enumerate() {
        *name = format!("sitemap-{}.xml", number + 1);
    }
    let addresses: Vec<String> = files.iter().map(|(name, _)| format!("{url}{name}")).collect();
    let parts: Vec<(&str, Option<Timestamp>)> =
        addresses.iter().map(|address| (address.as_str(), None)).collect();
    files.push((FILE.to_owned(), list("sitemapindex", "sitemap", &parts)));
    files
}

fn list(root: &str, each: &str, pages: &[(&str, Option<Timestamp>)]) -> String {
    let mut text = format!("{HEAD}<{root} {NAMES}>\n");
    for (address, changed) in pages {
        let changed = changed.map(|at| format!("<lastmod>{}</lastmod>", at.rfc3339()));
        let address = address.replace('&', "&amp;").replace('\'', "&apos;");
        let changed = changed.unwrap_or_default();
        text.push_str(&format!("<{each}><loc>{address}</loc>{changed}</{each}>\n"));
    }
    text.push_str(&format!("</{root}>\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_site_has_an_index_of_its_sitemaps() {
        let at = Timestamp::from_micros(1_700_000_000_000_000);
        let pages = vec![("https://a.example/?x=1&y='", Some(at)); 2];
        let text = list("urlset", "url", &pages);
        assert!(text.contains("<loc>https://a.example/?x=1&amp;y=&apos;</loc>"), "{text}");
        assert!(text.contains("<lastmod>2023-11-14T22:13:20Z</lastmod>"), "{text}");
        let one = files("https://a.example/", &[]);
        assert_eq!(one.len(), 1);
        assert!(one[0].1.contains("<urlset ") && !one[0].1.contains("lastmod"));
        let post = super::super::tests::post("Many", "2026-11-24T09:00:00Z");
        let many = files("https://a.example/", &vec![post; MOST + 1]);
        let names: Vec<&str> = many.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["sitemap-1.xml", "sitemap-2.xml", "sitemap.xml"]);
        assert!(many[2].1.contains("<sitemap><loc>https://a.example/sitemap-2.xml</loc>"));
    }
}
