//! Pace: whether an address reads posts faster than people do.
//!
//! More than [`MOST`] different posts within [`SPAN`] seconds is not reading. The answer is exact
//! and does not depend on the order in which reads are noted. What is remembered stays small
//! however often an address asks: a read between two others of the same post that are no further
//! apart than the span is in no span without one of them, and is forgotten.

/// So many posts may be read within the span.
const MOST: usize = 30;

/// Ten minutes.
const SPAN: i64 = 600;

/// How many reads are remembered before they are sifted for the first time.
const FEW: usize = 64;

/// What is remembered of the reads of one address.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    /// When, and which post.
    reads: Vec<(i64, u32)>,
    /// How many there were after the last sifting.
    sifted: usize,
    is_robot: bool,
}

impl Pace {
    /// Notes that `post` was read at `time`.
    pub(super) fn note(&mut self, time: i64, post: u32) {
        if self.is_robot || self.reads.last() == Some(&(time, post)) {
            return;
        }
        self.reads.push((time, post));
        if self.reads.len() >= FEW.max(2 * self.sifted) {
            self.look();
        }
    }

    /// Whether there were too many at some time.
    pub(super) fn is_robot(&mut self) -> bool {
        self.look();
        self.is_robot
    }

    fn look(&mut self) {
        if self.is_robot || self.reads.len() <= MOST {
            return;
        }
        self.reads.sort_unstable();
        self.is_robot = most_at_once(&self.reads) > MOST;
        if self.is_robot {
            self.reads = Vec::new();
        } else {
            sift(&mut self.reads);
            self.sifted = self.reads.len();
        }
    }
}

/// The most different posts within one span; `reads` are in the order of time.
fn most_at_once(reads: &[(i64, u32)]) -> usize {
    let mut within: Vec<(u32, usize)> = Vec::new();
    let (mut oldest, mut most) = (reads.iter(), 0);
    let mut next = oldest.next();
    for (time, post) in reads {
        while let Some((old, gone)) = next.filter(|(old, _)| time - old >= SPAN) {
            debug_assert!(old < time);
            within.iter_mut().filter(|(post, _)| post == gone).for_each(|(_, count)| *count -= 1);
            within.retain(|(_, count)| *count > 0);
            next = oldest.next();
        }
        match within.iter_mut().find(|(one, _)| one == post) {
            Some((_, count)) => *count += 1,
            None => within.push((*post, 1)),
        }
        most = most.max(within.len());
        if most > MOST {
            break;
        }
    }
    most
}

/// Forgets what no span needs; `reads` are in the order of time.
fn sift(reads: &mut Vec<(i64, u32)>) {
    reads.sort_unstable_by_key(|(time, post)| (*post, *time));
    let mut kept: Vec<(i64, u32)> = Vec::with_capacity(reads.len());
    for read in reads.drain(..) {
        if let [.., (before, post), last] = kept.as_mut_slice()
            && *post == read.1
            && last.1 == read.1
            && read.0 - *before < SPAN
        {
            *last = read;
        } else {
            kept.push(read);
        }
    }
    *reads = kept;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn is_robot(reads: &[(i64, u32)]) -> bool {
        let mut pace = Pace::default();
        reads.iter().for_each(|(time, post)| pace.note(*time, *post));
        pace.is_robot()
    }

    #[test]
    fn the_thirty_first_post_within_ten_minutes_is_one_too_many() {
        let steady = |count: u32, step: i64| -> Vec<(i64, u32)> {
            (0..count).map(|post| (1000 + i64::from(post) * step, post)).collect()
        };
        assert!(!is_robot(&steady(30, 1)));
        assert!(is_robot(&steady(31, 1)));
        assert!(is_robot(&steady(31, 19)), "within 570 seconds");
        assert!(!is_robot(&steady(500, 20)), "thirty in each ten minutes");
        assert!(is_robot(&steady(500, 19)));
    }

    #[test]
    fn one_post_asked_for_all_day_is_remembered_in_few_words() {
        let mut pace = Pace::default();
        (0..86_400).for_each(|second| pace.note(second, (second % 3) as u32));
        assert!(!pace.is_robot());
        assert!(pace.reads.len() < 1000, "{}", pace.reads.len());
    }

    proptest! {
        #[test]
        fn the_answer_is_that_of_a_look_at_every_span(
            mut reads in prop::collection::vec((0_i64..4000, 0_u32..45), 0..400),
            span in 400_i64..4000,
        ) {
            reads.iter_mut().for_each(|read| read.0 %= span);
            let wanted = reads.iter().any(|(begin, _)| {
                let within = reads.iter().filter(|(time, _)| (*begin..begin + SPAN).contains(time));
                within.map(|(_, post)| post).collect::<BTreeSet<_>>().len() > MOST
            });
            prop_assert_eq!(is_robot(&reads), wanted);
            reads.reverse();
            prop_assert_eq!(is_robot(&reads), wanted);
        }
    }
}
