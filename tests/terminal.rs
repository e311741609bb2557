//! What a person sees at a terminal, and what a pipe gets.

use std::process::{Command, Output};

use crate::harness::World;

/// A site with letters enough for a bar to be drawn.
fn world() -> World {
    let world = World::new();
    world.configure_mail("first_run = \"latest\"");
    for reader in 0..200 {
        world.subscribe(&format!("r{reader}@example.net"), "", "instant");
    }
    world.post("one", "2026-11-20", "One", "Text.");
    world
}

/// The binary on a terminal of `script`'s.
fn on_a_terminal(world: &World, words: &str) -> Output {
    let command = format!(
        "'{}' --root '{}' {words}",
        env!("CARGO_BIN_EXE_postrider"),
        world.root().display()
    );
    Command::new("script").args(["-qec", &command, "/dev/null"]).output().unwrap()
}

#[test]
#[ignore = "needs script(1): run tests/run"]
fn bars_show_progress_on_a_terminal() {
    let output = on_a_terminal(&world(), "run");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{shown}");
    assert!(shown.contains("\r") && shown.contains("/200"), "{shown}");
    let quiet = on_a_terminal(&world(), "run --quiet");
    assert_eq!(String::from_utf8_lossy(&quiet.stdout), "", "quiet is quiet there too");
}

#[test]
fn a_pipe_gets_the_result_and_no_bar() {
    let (status, out, err) = world().call(&["run"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    let plain = |c: char| c == '\n' || !c.is_control();
    assert!(out.contains("200 sent") && out.chars().all(plain), "{out:?}");
}
