//! Pictures: how large those of the site are, read from their files when a letter shows one.
//!
//! An address of the site leads to a file of the output folder, or of the posts folder while it is
//! not published yet. Only the beginning of the file is read. What lies elsewhere, or cannot be
//! read, is of unknown size; nothing fails.

use std::{
    fs::File,
    io::Read as _,
    path::{Component, Path, PathBuf},
};

use percent_encoding::percent_decode_str;

use crate::{
    config::Config,
    digest::pixels::{self, ENOUGH, Pictures, Size},
};

/// Those of the site.
pub(super) fn of(config: &Config) -> Pictures {
    let (url, folders) = (config.url.to_string(), [config.output.clone(), config.posts.clone()]);
    Pictures::new(move |address| {
        let place = address.strip_prefix(&url)?.split(['?', '#']).next()?;
        let place = percent_decode_str(place).decode_utf8().ok()?;
        folders.iter().find_map(|folder| size(&below(folder, &place)?))
    })
}

/// The file at `place`, unless that leads out of the folder.
pub(super) fn below(folder: &Path, place: &str) -> Option<PathBuf> {
    let is_plain = |part| matches!(part, Component::Normal(_));
    Path::new(place).components().all(is_plain).then(|| folder.join(place))
}

fn size(file: &Path) -> Option<Size> {
    let mut head = Vec::new();
    File::open(file).ok()?.take(ENOUGH as u64).read_to_end(&mut head).ok()?;
    pixels::size(&head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_leads_nowhere_but_below_the_folder() {
        let folder = Path::new("/public");
        assert_eq!(below(folder, "images/a.png"), Some("/public/images/a.png".into()));
        for place in ["../secret.png", "a/../../b.png", "/etc/x.png"] {
            assert_eq!(below(folder, place), None, "{place}");
        }
    }
}
