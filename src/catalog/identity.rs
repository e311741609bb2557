//! Identity: which of the known posts a page is.
//!
//! A post keeps its identity through a new title, slug, file name, text and address, one at a
//! time and most of them together; what was mailed once is never mailed again because its author
//! tidied up. The marks are tried in order of their strength, each for all pages before the next,
//! so that a weak mark never takes what a strong one would have claimed: the `guid` of the front
//! matter, the file's path, the hash of the body, a former or equal address, the title with the
//! day. All but the first two count only for posts whose file is gone.
//!
//! A guid that an author adds to a post readers already have does not rename it: the known
//! identity stays, with a warning. A file whose guid was replaced by another is a new post.

use std::collections::{BTreeMap, HashMap, HashSet};

use url::Url;

use super::{
    Known,
    front_matter::Fault,
    page::{Page, place_of},
};
use crate::time::Zone;

/// A page with what it asks for, in search of its identity.
#[derive(Debug)]
pub(super) struct Claim<'a> {
    pub(super) page: &'a Page,
    /// The place that it would have.
    pub(super) place: Option<String>,
    /// The known post it is already settled to be.
    pub(super) settled: Option<usize>,
}

/// Pages that share a guid: the place of the refused one, and the path of the one that keeps it.
pub(super) type Double = (usize, Fault);

/// What the claims turned out to be.
#[derive(Debug, Default)]
pub(super) struct Recognised {
    /// The known post of each claim.
    pub(super) known: Vec<Option<usize>>,
    /// Claims refused.
    pub(super) doubles: Vec<Double>,
    /// Claims whose guid is set aside for the identity that readers know.
    pub(super) kept: Vec<usize>,
}

/// Recognises the claims among the known posts. `paths` are those of all files that exist.
pub(super) fn recognise(
    claims: &[Claim<'_>],
    known: &[Known],
    paths: &HashSet<&str>,
    (base, zone): (&Url, &Zone),
) -> Recognised {
    let mut search = Search {
        claims,
        known,
        taken: vec![false; known.len()],
        found: Recognised { known: vec![None; claims.len()], ..Recognised::default() },
    };
    search.settled();
    search.by_guid();
    search.by(|known| Some(known.path.clone()), |claim| vec![claim.page.path.clone()], |_| true);
    let gone = |known: &Known| !paths.contains(known.path.as_str());
    search.by(
        |known| Some(known.body_hash.clone()).filter(|hash| !hash.is_empty()),
        |claim| claim.page.body_hash.iter().cloned().collect(),
        gone,
    );
    search.by(
        |known| Some(place_of(&known.url, base)),
        |claim| {
            let own = claim.place.iter().map(|place| place.to_lowercase());
            claim.page.former(base).into_iter().chain(own).collect()
        },
        gone,
    );
    search.by(
        |known| Some(format!("{} {}", known.published.format("%Y-%m-%d", zone), known.title)),
        |claim| {
            let day = claim.page.date.map(|date| date.day(zone));
            let name = |(y, m, d)| format!("{y:04}-{m:02}-{d:02} {}", claim.page.title);
            day.map(name).into_iter().collect()
        },
        gone,
    );
    search.found
}

struct Search<'a> {
    claims: &'a [Claim<'a>],
    known: &'a [Known],
    taken: Vec<bool>,
    found: Recognised,
}

impl Search<'_> {
    fn settled(&mut self) {
        for (at, claim) in self.claims.iter().enumerate() {
            if let Some(known) = claim.settled {
                self.take(at, known);
            }
        }
    }

    fn take(&mut self, at: usize, known: usize) {
        if let (Some(found), Some(taken)) =
            (self.found.known.get_mut(at), self.taken.get_mut(known))
        {
            (*found, *taken) = (Some(known), true);
        }
    }

    fn is_free(&self, known: usize) -> bool {
        self.taken.get(known) == Some(&false)
    }

    /// A guid belongs to one post: to the file that had it, else to the first by path.
    fn by_guid(&mut self) {
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, claim) in self.claims.iter().enumerate() {
            if let (Some(guid), None) = (&claim.page.front.guid, claim.settled) {
                groups.entry(guid).or_default().push(at);
            }
        }
        for (guid, mut group) in groups {
            let known = self.known.iter().position(|known| known.id.as_str() == guid);
            let path = known.and_then(|known| self.known.get(known)).map(|known| &known.path);
            group.sort_by_key(|&at| {
                let own = self.claims.get(at).map(|claim| &claim.page.path);
                (own != path, own.cloned())
            });
            let [first, doubles @ ..] = &group[..] else { continue };
            match known {
                Some(known) if self.is_free(known) => self.take(*first, known),
                Some(_) => self.refuse(*first, guid, None),
                None => {}
            }
            for &double in doubles {
                self.refuse(double, guid, Some(*first));
            }
        }
    }

    fn refuse(&mut self, at: usize, guid: &str, by: Option<usize>) {
        let owner = by.and_then(|by| self.claims.get(by)).map(|claim| claim.page.path.as_str());
        let owner = owner.map_or("another post".to_owned(), |path| format!("posts/{path}"));
        let why = format!("{owner} has the guid \"{guid}\" already; give this post another one");
        self.found.doubles.push((at, Fault::new(None, why)));
    }

    /// Lets every free claim take the free known post that shares a mark with it.
    fn by(
        &mut self,
        mark: impl Fn(&Known) -> Option<String>,
        marks: impl Fn(&Claim<'_>) -> Vec<String>,
        counts: impl Fn(&Known) -> bool,
    ) {
        let mut index: HashMap<String, usize> = HashMap::new();
        for (place, known) in self.known.iter().enumerate() {
            if self.is_free(place) && counts(known) {
                // Of several with one mark, the latest.
                index.extend(mark(known).map(|mark| (mark, place)));
            }
        }
        if index.is_empty() {
            return;
        }
        let refused: HashSet<usize> = self.found.doubles.iter().map(|(at, _)| *at).collect();
        for (at, claim) in self.claims.iter().enumerate() {
            if self.found.known.get(at) != Some(&None) || refused.contains(&at) {
                continue;
            }
            let found = marks(claim).iter().find_map(|mark| index.get(mark).copied());
            let Some(known) = found.filter(|&known| self.is_free(known)) else { continue };
            let Some(post) = self.known.get(known) else { continue };
            if claim.page.front.guid.is_some() {
                if has_guid(post) {
                    continue;
                }
                self.found.kept.push(at);
            }
            self.take(at, known);
        }
    }
}

/// Whether the identity of a known post was written by its author.
fn has_guid(known: &Known) -> bool {
    Page::read(&known.path, &known.source).is_ok_and(|page| page.front.guid.is_some())
}
