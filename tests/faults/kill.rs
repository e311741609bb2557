//! A run that dies: killed at named points and random instants, or for want of memory.

use std::process::Command;

use super::{Field, ISSUE, scale, signal};

#[test]
fn a_killed_run_loses_nothing_doubles_nothing_and_names_each_doubt() {
    let asked = std::env::var("POSTRIDER_ROUNDS").ok();
    let rounds = asked.unwrap_or_else(|| "20".to_owned());
    let output = Command::new(env!("CARGO_BIN_EXE_postrider"))
        .args(["selftest", "delivery", "--json", "--seed", "1", "--rounds", &rounds])
        .args(["--letters", scale("200", "2000")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect(&said);
    assert!(output.status.success() && report["held"] == true, "{report:#}{said}");
    let number = |key: &str| report[key].as_u64().unwrap();
    assert!(number("killed_sending") * 2 >= number("rounds"), "{report:#}");
    assert!(number("accepted") > 0 && number("moody") > 0, "{report:#}");
    for doubt in report["uncertain"].as_array().unwrap() {
        assert!(doubt["address"].as_str().unwrap().contains('@'), "{doubt}");
    }
}

#[test]
fn a_killed_run_is_settled_by_the_next_and_status_names_the_doubts() {
    let field = Field::new(200, 4);
    let child = field.run_until(60);
    signal("-KILL", &child);
    drop(child.wait_with_output());
    field.settle();
    field.check(4);
    let (_, out, _) = field.world.call(&["status"]);
    for account in field.accounts().iter().filter(|account| account.state == "uncertain") {
        assert!(out.contains(&format!("uncertain: {}", account.address)), "{out}");
    }
    field.finish(4);
    let resolved = field.world.call(&["issue", "resolve", ISSUE, "--as", "sent"]);
    assert_eq!(resolved.0, 0, "{}{}", resolved.1, resolved.2);
    assert_eq!(field.count("sent"), 200);
}

/// Memory limits by bisection, so that runs die as late as they can, in the middle of things.
#[test]
fn a_run_without_memory_loses_nothing_and_doubles_nothing() {
    let (mut low, mut high, mut died) = (20_000_u32, 2_000_000_u32, 0);
    while high - low > scale(4_000, 1_000) {
        let field = Field::new(scale(200, 2000), 4);
        field.open();
        let limit = low.midpoint(high);
        Command::new("sh")
            .args(["-c", "ulimit -v $1; exec \"$2\" --root \"$3\" run --quiet", "sh"])
            .arg(limit.to_string())
            .arg(env!("CARGO_BIN_EXE_postrider"))
            .arg(field.world.root())
            .output()
            .unwrap();
        field.settle();
        field.check(4);
        if field.count("sent") == field.readers {
            high = limit;
        } else {
            (low, died) = (limit, died + 1);
        }
        field.finish(4);
    }
    assert!(died > 0, "no run died");
}
