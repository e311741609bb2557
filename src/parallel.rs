//! Work on all cores: the same function for each of many things, the results in their order.
//!
//! What comes out does not depend on how many cores there are. A thread that dies is no reason to
//! lose its share: it is done again on the calling thread, where a panic shows.

use std::{num::NonZero, sync::OnceLock, thread};

/// `work` done for each of `things`. Fewer than `few` are done before a thread has started, so
/// they are not shared out.
pub fn map<T: Sync, R: Send>(things: &[T], few: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    // The system is asked once: it reads files to answer.
    static CORES: OnceLock<usize> = OnceLock::new();
    let cores = *CORES.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get));
    let share = things.len().div_ceil(cores).max(few).max(1);
    let all = |things: &[T]| -> Vec<R> { things.iter().map(&work).collect() };
    if things.len() <= share {
        return all(things);
    }
    thread::scope(|scope| {
        let threads: Vec<_> =
            things.chunks(share).map(|share| (share, scope.spawn(|| all(share)))).collect();
        let done =
            threads.into_iter().map(|(share, thread)| thread.join().unwrap_or_else(|_| all(share)));
        done.flatten().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_things() {
        for (count, few) in [(0, 1), (1, 1), (5, 32), (1_000, 1), (1_000, 32)] {
            let things: Vec<usize> = (0..count).collect();
            let doubled: Vec<usize> = things.iter().map(|thing| thing * 2).collect();
            assert_eq!(map(&things, few, |thing| thing * 2), doubled);
        }
    }
}
