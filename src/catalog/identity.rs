//! Identity: which of the known posts a page is.
//!
//! A post keeps its identity through a new title, slug, file name, text and address, one at a
//! time and most of them together; what was mailed once is never mailed again because its author
//! tidied up. The marks are tried in order of their strength, each for all pages before the next,
//! so that a weak mark never takes what a strong one would have claimed: the `guid` of the front
//! matter, the path with the hash of the body, that hash alone, the path alone, a former or equal
//! address, the title with the day, the day with a like text. The hash goes before the path since
//! renumbered files (`2.md` becomes `3.md`, `1.md` becomes `2.md`) swap their paths; an original
//! that was edited beside a copy of it keeps its identity all the same. The last three count only
//! for posts whose file is gone.
//!
//! A new post that shares a day or a title with one whose file is gone is told as a doubt.
//!
//! A guid that an author adds to a post readers already have does not rename it: the known
//! identity stays, with a warning. A file whose guid was replaced by another is a new post.

use std::collections::{BTreeMap, HashMap, HashSet};

use url::Url;

use super::{
    Known,
    front_matter::Fault,
    likeness::alike,
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

/// A body of no more words may be a stub that several posts share.
const FEW_WORDS: usize = 12;

impl Claim<'_> {
    /// The hash of its body.
    fn hash(&self) -> impl Iterator<Item = &str> {
        self.page.body_hash.as_deref().into_iter()
    }

    /// The day that it names, as text.
    fn day(&self, zone: &Zone) -> Option<String> {
        let (year, month, day) = self.page.date?.day(zone);
        Some(format!("{year:04}-{month:02}-{day:02}"))
    }
}

/// The day of a known post, as text.
fn day_of(known: &Known, zone: &Zone) -> String {
    known.published.format("%Y-%m-%d", zone)
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
    /// Claims that count as new though they may be a post whose file is gone.
    pub(super) doubts: Vec<(usize, Fault)>,
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
    let gone = |known: &Known| !paths.contains(known.path.as_str());
    search.by_body(gone);
    search.by(|known| vec![known.path.clone()], |claim| vec![claim.page.path.clone()], |_| true);
    search.by(
        |known| vec![place_of(&known.url, base)],
        |claim| {
            let own = claim.place.iter().map(|place| place.to_lowercase());
            claim.page.former(base).into_iter().chain(own).collect()
        },
        gone,
    );
    search.by(
        |known| vec![format!("{} {}", day_of(known, zone), known.title)],
        |claim| {
            claim.day(zone).map(|day| format!("{day} {}", claim.page.title)).into_iter().collect()
        },
        gone,
    );
    search.by_likeness(gone, (base, zone));
    search.found
}

struct Search<'a> {
    claims: &'a [Claim<'a>],
    known: &'a [Known],
    taken: Vec<bool>,
    found: Recognised,
}

impl<'a> Search<'a> {
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
        mark: impl Fn(&Known) -> Vec<String>,
        marks: impl Fn(&Claim<'_>) -> Vec<String>,
        counts: impl Fn(&Known) -> bool,
    ) {
        let mut index: HashMap<String, usize> = HashMap::new();
        for (place, known) in self.known.iter().enumerate() {
            if self.is_free(place) && counts(known) {
                // Of several with one mark, the latest.
                index.extend(mark(known).into_iter().map(|mark| (mark, place)));
            }
        }
        if index.is_empty() {
            return;
        }
        for (at, claim) in self.open() {
            let found = marks(claim).iter().find_map(|mark| index.get(mark).copied());
            if let Some(known) = found {
                self.offer(at, known);
            }
        }
    }

    /// Claims that have found nothing yet and are not refused.
    fn open(&self) -> Vec<(usize, &'a Claim<'a>)> {
        let refused: HashSet<usize> = self.found.doubles.iter().map(|(at, _)| *at).collect();
        let is_open = |at: usize| self.found.known.get(at) == Some(&None) && !refused.contains(&at);
        self.claims.iter().enumerate().filter(|(at, _)| is_open(*at)).collect()
    }

    /// Lets the claim take the known post, if that is free and no guid speaks against it.
    fn offer(&mut self, at: usize, known: usize) {
        let (Some(claim), Some(post)) = (self.claims.get(at), self.known.get(known)) else {
            return;
        };
        if !self.is_free(known) {
            return;
        }
        if claim.page.front.guid.is_some() {
            if has_guid(post) {
                return;
            }
            self.found.kept.push(at);
        }
        self.take(at, known);
    }

    /// By the body: the file that has it and the path, those that have it and the title, those
    /// that have it alone. What stands in a few words alone may be a stub, so it speaks for a
    /// post only when that post's file is gone. A copy beside its edited original takes nothing.
    fn by_body(&mut self, gone: impl Fn(&Known) -> bool) {
        let hash = |known: &Known| Some(known.body_hash.clone()).filter(|hash| !hash.is_empty());
        let with = |hash: &str, other: &str| format!("{hash} {other}");
        self.by(
            |known| hash(known).map(|hash| with(&hash, &known.path)).into_iter().collect(),
            |claim| claim.hash().map(|hash| with(hash, &claim.page.path)).collect(),
            |_| true,
        );
        let at_home = self.edited();
        self.by(
            |known| hash(known).map_or(vec![], |hash| vec![with(&hash, &known.title), hash]),
            |claim| {
                let titled = claim.hash().map(|hash| with(hash, &claim.page.title));
                let is_long = claim.page.body.split_whitespace().nth(FEW_WORDS).is_some();
                titled.chain(claim.hash().filter(|_| is_long).map(str::to_owned)).collect()
            },
            |known| !at_home.contains(&known.path),
        );
        self.by(
            |known| hash(known).into_iter().collect(),
            |claim| claim.hash().map(str::to_owned).collect(),
            gone,
        );
    }

    /// Paths of the known posts whose own file holds a version of them while another has their
    /// very text.
    fn edited(&self) -> HashSet<String> {
        let open = self.open();
        let asked: HashSet<&str> = open.iter().flat_map(|(_, claim)| claim.hash()).collect();
        let is_edited = |claim: &Claim<'_>| {
            let known = self.known.iter().rfind(|known| known.path == claim.page.path);
            known.is_some_and(|known| {
                asked.contains(known.body_hash.as_str()) && alike(&known.source, &claim.page.source)
            })
        };
        let edited = open.iter().filter(|(_, claim)| is_edited(claim));
        edited.map(|(_, claim)| claim.page.path.clone()).collect()
    }

    /// By a like text of the same day; what shares only a day or a title is a doubt.
    fn by_likeness(&mut self, gone: impl Fn(&Known) -> bool, (base, zone): (&Url, &Zone)) {
        let missing: Vec<(usize, &Known)> =
            self.known.iter().enumerate().filter(|(_, k)| gone(k)).collect();
        for (at, claim) in self.open() {
            let day = claim.day(zone);
            let free: Vec<_> = missing.iter().filter(|(place, _)| self.is_free(*place)).collect();
            let is_of_day =
                |known: &Known| day.as_ref().is_none_or(|day| *day == day_of(known, zone));
            let like = free
                .iter()
                .rev()
                .find(|(_, known)| is_of_day(known) && alike(&known.source, &claim.page.source));
            if let Some((place, _)) = like {
                self.offer(at, *place);
                continue;
            }
            let near = free.iter().rev().find(|(_, known)| {
                known.title == claim.page.title || day.as_ref() == Some(&day_of(known, zone))
            });
            if let Some((_, known)) = near {
                let why = format!(
                    "it counts as a new post; if it is posts/{}, whose file is gone, under another \
                     name, say so with the line \"aliases: [/{}/]\"",
                    known.path,
                    place_of(&known.url, base)
                );
                self.found.doubts.push((at, Fault::new(None, why)));
            }
        }
    }
}

/// Whether the identity of a known post was written by its author. A guid that was added later is
/// none: it stands in the file for good, and the post keeps the identity that it had.
fn has_guid(known: &Known) -> bool {
    let page = Page::read(&known.path, &known.source).ok();
    page.and_then(|page| page.front.guid).is_some_and(|guid| guid == known.id.as_str())
}
