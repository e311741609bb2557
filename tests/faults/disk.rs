//! A disk that fails: nothing is sent that could not be recorded, and the next run goes on.

use std::{process::Command, str::FromStr as _, time::Duration};

use postrider::selftest::sink::Options;
use sqlx::{Connection as _, Executor as _};

use super::{Field, scale};

#[test]
fn a_disk_that_fills_up_while_sending_stops_it_and_costs_no_letter() {
    for extra in [60_u64, 150, 400] {
        let field = Field::new(scale(300, 2000), 4);
        let blocks = field.open() / 512 + extra * 2;
        let output = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f $1; exec \"$2\" --root \"$3\" run", "sh"])
            .arg(blocks.to_string())
            .arg(env!("CARGO_BIN_EXE_postrider"))
            .arg(field.world.root())
            .output()
            .unwrap();
        let said =
            String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
        field.settle();
        field.check(4);
        if field.count("ready") > 0 {
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(said.contains("postrider.db"), "{said}");
        }
        field.finish(4);
    }
}

#[test]
#[ignore = "needs to mount a file system: run tests/run"]
fn on_a_read_only_file_system_nothing_is_sent() {
    let field = Field::new(50, 2);
    field.open();
    let script = "mount --bind \"$2/var\" \"$2/var\" && mount -o remount,ro,bind \"$2/var\" \
                  && exec \"$1\" --root \"$2\" run";
    let output = Command::new("unshare")
        .args(["-m", "sh", "-c", script, "sh", env!("CARGO_BIN_EXE_postrider")])
        .arg(field.world.root())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("check the folder's owner and permissions"), "{said}");
    assert_eq!(field.sink.taken(), 0);
    field.finish(0);
}

/// Holds the ledger's write lock for so long, once some letters were taken.
fn locked_while_sending(seconds: u64) -> (Field, Option<i32>) {
    let delay = Duration::from_millis(2);
    let field = Field::with(300, 2, Options { delay, ..Options::default() });
    let child = field.run_until(30);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let path = format!("sqlite:{}", field.world.path("var/postrider.db").display());
        let options = sqlx::sqlite::SqliteConnectOptions::from_str(&path).unwrap();
        let options = options.busy_timeout(Duration::from_secs(5));
        let mut other = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        other.execute("begin immediate").await.unwrap();
        let taken = field.sink.taken();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        // What had its intent may be taken; nothing else.
        assert!(field.sink.taken() <= taken + 2, "letters went out unrecorded");
        other.execute("rollback").await.unwrap();
        other.close().await.unwrap();
    });
    let status = child.wait_with_output().unwrap().status.code();
    (field, status)
}

#[test]
fn a_ledger_locked_by_another_program_is_waited_for() {
    let (field, status) = locked_while_sending(2);
    assert_eq!(status, Some(0));
    field.check(0);
    assert_eq!(field.count("sent"), 300);
    if scale(false, true) {
        let (field, status) = locked_while_sending(34);
        assert_eq!(status, Some(1));
        field.settle();
        field.check(2);
        field.finish(2);
    }
}
