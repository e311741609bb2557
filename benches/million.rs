//! An issue for 1,000,000 readers, opened and sent by the released binary: peak memory of the
//! process, and that it stays flat. The readers are written into the ledger beforehand, by the
//! bench, since a list of a million lines is another story.
//!
//! A machine that is slow, or shared, does not get through in [`LIMIT`]: then the line says how
//! many letters the figures are of.

use std::{
    fs,
    path::Path,
    process::{Child, Command},
    time::{Duration, Instant},
};

use super::{
    delivery::{Far, smtp},
    ledger, line, megabytes, site,
};

const READERS: usize = 1_000_000;
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
    for (name, peak) in ["opened", "10 %", "50 %", "100 %"].into_iter().zip(peaks) {
        line(&format!("million: peak memory, {name}"), megabytes(peak), MOST, 1.0, "MB");
    }
}

/// Peak memory in kB when the first letter comes, at a tenth, at half, and in the end.
fn follow(child: &mut Child, sink: &mut Far) -> [u64; 4] {
    let marks = [1, READERS / 10, READERS / 2, READERS];
    let mut peaks = [0; 4];
    let (started, mut first) = (Instant::now(), None);
    loop {
        let taken = sink.taken();
        let peak = peak(child.id());
        for (mark, kept) in marks.iter().zip(&mut peaks) {
            if taken >= *mark && *kept == 0 {
                *kept = peak;
            }
        }
        if taken > 0 && first.is_none() {
            first = Some(Instant::now());
            println!("million: opened after {:.1} s", started.elapsed().as_secs_f64());
        }
        let sending = first.map_or(Duration::ZERO, |first| first.elapsed());
        if taken >= READERS || sending > LIMIT {
            let rate = taken as f64 / sending.as_secs_f64();
            println!(
                "million: {taken} letters sent in {:.0} s, {rate:.0}/s",
                sending.as_secs_f64()
            );
            peaks[3] = peak.max(peaks[3]);
            stop(child);
            return peaks;
        }
        assert!(child.try_wait().expect("its state").is_none(), "it ended after {taken} letters");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The peak that the kernel reports, in kB.
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(Path::new("/proc").join(process.to_string()).join("status"));
    let status = status.unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|rest| rest.trim().strip_suffix(" kB"))
        .and_then(|n| n.trim().parse().ok())
        .unwrap_or(0)
}

fn stop(child: &mut Child) {
    let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(child.wait().expect("it ends").success(), "it failed");
}
