//! Several runs at once, and a run that slept.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use postrider::service::Step;

use super::{Field, scale, signal};

#[test]
fn a_second_run_beside_the_first_says_who_is_at_work_and_leaves() {
    let field = Field::new(300, 2);
    let first = field.run_until(1);
    let (status, out, _) = field.world.call(&["run"]);
    assert_eq!(status, 0);
    assert!(out.contains(&format!("postrider run, process {}", first.id())), "{out}");
    assert!(first.wait_with_output().unwrap().status.success());
    field.check(0);
    assert_eq!(field.count("sent"), 300);
}

#[test]
fn of_runs_started_together_one_sends() {
    for count in [2, 3] {
        let field = Field::new(200, 2);
        let run = || field.world.postrider().args(["run", "--quiet"]).spawn().unwrap();
        let runs: Vec<_> = (0..count).map(|_| run()).collect();
        for run in runs {
            assert!(run.wait_with_output().unwrap().status.success());
        }
        field.finish(0);
        assert_eq!(field.count("sent"), 200);
    }
}

#[test]
fn a_run_that_was_stopped_and_goes_on_sends_nothing_twice() {
    let field = Field::new(300, 2);
    let child = field.run_until(50);
    signal("-STOP", &child);
    std::thread::sleep(Duration::from_secs(scale(1, 130)));
    // The sleeper holds the lock, so that nobody takes its letters over.
    let (status, out, _) = field.world.call(&["run"]);
    assert!(status == 0 && out.contains("another run is at work"), "{out}");
    signal("-CONT", &child);
    assert!(child.wait_with_output().unwrap().status.code().is_some());
    field.settle();
    field.check(0);
    field.finish(0);
}

#[test]
fn a_run_that_slept_past_its_leases_hands_nothing_over_that_was_not_granted() {
    let field = Field::new(300, 2);
    let (clock, made) = (field.world.clock.clone(), AtomicUsize::new(0));
    field.world.run_telling(Arc::new(move |step| {
        let is_hundredth = step == Step::Done && made.fetch_add(1, Ordering::SeqCst) == 100;
        if is_hundredth {
            clock.advance(Duration::from_secs(3600));
        }
    }));
    field.settle();
    field.check(0);
    field.world.run();
    field.check(0);
    assert_eq!(field.count("sent"), 300);
}
