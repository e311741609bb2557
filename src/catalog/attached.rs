//! Files that belong to a post, finished: absolute address, media type, true size.
//!
//! A file beside the post is measured; of one elsewhere its author says how long it is. A file
//! whose size nobody knows is left out and told, since a feed that lies about it breaks players.

use super::{
    fields::files::{self, Attached},
    front_matter::Fault,
    links::Here,
    page::Page,
};
use crate::domain::post::Enclosure;

/// The files of a page, what can be played first. What is left out is added to `faults`.
pub(super) fn enclosures(page: &Page, here: &Here, faults: &mut Vec<Fault>) -> Vec<Enclosure> {
    let mut enclosures = Vec::new();
    for file in &page.front.files {
        match enclosure(file, here) {
            Ok(enclosure) => enclosures.push(enclosure),
            Err(why) => faults.push(Fault::new(page.line_of(&file.url), why)),
        }
    }
    enclosures.sort_by_key(|file| !file.is_audible());
    enclosures
}

fn enclosure(file: &Attached, here: &Here) -> Result<Enclosure, String> {
    let raw = &file.url;
    let url = here.media(raw).filter(|url| url.starts_with("http"));
    let url =
        url.ok_or_else(|| format!("the file {raw} has no address that readers may follow"))?;
    let path = raw.split(['?', '#']).next().unwrap_or(raw);
    let media_type = file.media_type.clone().filter(|kind| kind.contains('/'));
    let media_type = media_type.or_else(|| files::media_type(path).map(str::to_owned));
    let media_type = media_type
        .ok_or_else(|| format!("what kind of file {raw} is cannot be told; give it a \"type\""))?;
    let length = here.size(raw).or(file.length).ok_or_else(|| {
        format!("how long the file {raw} is cannot be told; give it a \"length\" in octets")
    })?;
    Ok(Enclosure { url, media_type, length, seconds: file.seconds, is_explicit: file.is_explicit })
}
