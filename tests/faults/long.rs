//! Issue after issue: nothing grows but the record.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use super::{Field, address, scale};

/// Runs the binary and returns the peak of its memory in kilobytes.
fn peak(field: &Field) -> u64 {
    let mut child =
        field.world.postrider().args(["run", "--quiet"]).stdout(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        peak = peak.max(now.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    }
    peak
}

#[test]
fn a_year_of_issues_needs_no_more_memory_than_a_month_and_why_answers_at_once() {
    let (issues, readers) = scale((12, 200), (52, 2000));
    let field = Field::new(readers, 4);
    let mut peaks = vec![peak(&field)];
    for issue in 1..issues {
        let title = format!("Letter {issue}");
        field.world.post(&format!("p{issue}"), "2026-11-21", &title, "Text that everybody gets.");
        peaks.push(peak(&field));
    }
    assert_eq!(field.logged().len(), issues * readers);
    let (early, last) = (peaks[..issues / 4].iter().max().unwrap(), peaks.last().unwrap());
    assert!(*last < early + early / 4 + 4096, "{peaks:?}");
    let asked = Instant::now();
    let (status, out, _) = field.world.call(&["why", &address(readers - 1), "instant/p1"]);
    assert!(status == 0 && out.contains("sent"), "{out}");
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
}
