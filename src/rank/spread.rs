//! Spreading equal work over the machine's cores, the results in order.
//!
//! The calling thread works too, so that a machine that refuses threads is slower and nothing
//! else. A panic of the work is passed on.

use std::{
    num::NonZero,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// How many pieces a thread takes at a time.
const STRIDE: usize = 32;

/// `work(0)`, `work(1)` .. `work(count - 1)`.
pub(super) fn spread<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let toil = || {
        let mut done: Vec<(usize, Vec<T>)> = Vec::new();
        loop {
            let start = next.fetch_add(STRIDE, Ordering::Relaxed);
            if start >= count {
                return done;
            }
            done.push((start, (start..count.min(start + STRIDE)).map(&work).collect()));
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let helpers = threads.min(count.div_ceil(STRIDE)).saturating_sub(1);
    let mut done = thread::scope(|scope| {
        let spawned: Vec<_> = (0..helpers)
            .filter_map(|_| thread::Builder::new().spawn_scoped(scope, toil).ok())
            .collect();
        let mut done = toil();
        for thread in spawned {
            done.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|&(start, _)| start);
    done.into_iter().flat_map(|(_, results)| results).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_whatever_the_threads_do() {
        for count in [0, 1, STRIDE, STRIDE + 1, 1000] {
            let expected: Vec<usize> = (0..count).map(|n| n * 2).collect();
            assert_eq!(spread(count, |n| n * 2), expected);
        }
    }
}
