//! An issue for 1,000,000 readers, opened and sent by the released binary: peak memory of the
//! process, and that it stays flat. The readers are written into the ledger beforehand, by the
//! bench, since a list of a million lines is another story.
//!
//! A machine that does not get through in [`LIMIT`] is told to stop; what is printed says of how
//! many letters it is.

use std::{
    process::{Child, Command},
    time::{Duration, Instant},
};

use super::{
    delivery::{Far, smtp},
    ledger, line, megabytes, peak, seconds, site,
};

const READERS: usize = 1_000_000;
/// When memory is looked at: so many letters are taken.
const MARKS: [usize; 4] = [1, READERS / 10, READERS / 2, READERS];
/// How long it may send.
const LIMIT: Duration = Duration::from_secs(240);
/// Megabytes of the process, at most.
const MOST: f64 = 64.0;

pub(super) fn million() {
    let mut sink = Far::start(0);
    let site = site([3], 0, &smtp(sink.port, 16, ""));
    ledger::populate(site.path(), READERS);
    let mut child = Command::new(env!("CARGO_BIN_EXE_postrider"))
        .arg("--root")
        .arg(site.path())
        .args(["run", "--quiet"])
        .spawn()
        .expect("the binary runs");
    let peaks = follow(&mut child, &mut sink);
    for (taken, peak) in &peaks {
        line(&format!("million: memory at {taken}"), megabytes(*peak), MOST, 1.0, "MB");
    }
    if let [_, (_, early), .., (_, late)] = peaks[..] {
        line("million: memory, flat", megabytes(late), megabytes(early), 1.1, "MB");
    }
}

/// Letters taken and peak memory in kB at each mark that is reached, and in the end.
fn follow(child: &mut Child, sink: &mut Far) -> Vec<(usize, u64)> {
    let (mut peaks, started) = (Vec::new(), Instant::now());
    let mut begun = None;
    loop {
        let (taken, peak) = (sink.taken(), peak(child.id()));
        let sending = begun.map_or(Duration::ZERO, |begun: Instant| begun.elapsed());
        let is_over = taken >= READERS || sending > LIMIT;
        if is_over || MARKS.get(peaks.len()).is_some_and(|mark| taken >= *mark) {
            peaks.push((taken, peak));
            begun.get_or_insert_with(Instant::now);
        }
        if is_over {
            let (opening, rate) = (started.elapsed() - sending, taken as f64 / seconds(sending));
            println!("million: {taken} letters, {rate:.0}/s, the first after {opening:.1?}");
            stop(child);
            return peaks;
        }
        assert!(child.try_wait().expect("its state").is_none(), "it ended after {taken} letters");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn stop(child: &mut Child) {
    let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(child.wait().expect("it ends").success(), "it failed");
}
