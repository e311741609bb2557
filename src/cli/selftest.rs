//! `selftest`: whether the promise about crashes holds on this machine.

use std::{io::IsTerminal as _, path::Path, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

use super::{Refusal, SelftestVerb};
use crate::selftest::{
    self, Plan,
    sink::{Options, Sink},
};

/// A worker that leaves letters behind ends with this status.
const WAITING: u8 = 3;

impl From<selftest::Error> for Refusal {
    fn from(error: selftest::Error) -> Self {
        Self::needs_operator(error)
    }
}

/// Does what is asked for.
pub(super) async fn selftest(root: &Path, verb: SelftestVerb) -> Result<u8, Refusal> {
    match verb {
        SelftestVerb::Delivery { rounds, seed, letters, connections, ledger, workers, json } => {
            if letters == 0 || connections == 0 || workers == 0 {
                let text = "--letters, --connections and --workers begin at 1";
                return Err(Refusal::wrong_usage(text));
            }
            let seed = match seed {
                Some(seed) => seed,
                None => u64::from(getrandom::u32().map_err(Refusal::needs_operator)?),
            };
            let plan = Plan { rounds, seed, letters, connections, workers, ledger };
            delivery(&plan, json).await
        }
        SelftestVerb::Sink { port, delay, log } => sink(port, Duration::from_millis(delay), log),
        SelftestVerb::Worker { kill, later } => {
            let waits = selftest::worker(root, kill, Duration::from_secs(later)).await?;
            Ok(if waits { WAITING } else { 0 })
        }
    }
}

async fn delivery(plan: &Plan, json: bool) -> Result<u8, Refusal> {
    let bar = if std::io::stderr().is_terminal() {
        ProgressBar::new(plan.rounds)
    } else {
        ProgressBar::hidden()
    };
    if let Ok(style) = ProgressStyle::with_template("rounds {bar:30} {pos}/{len}, {eta} left") {
        bar.set_style(style);
    }
    let report = selftest::delivery(plan, || bar.inc(1)).await;
    bar.finish_and_clear();
    let report = report?;
    if json {
        println!("{}", serde_json::to_string_pretty(&report).unwrap_or_default());
    } else {
        print!("{report}");
    }
    Ok(u8::from(!report.held))
}

/// Takes letters until the process is ended.
fn sink(port: u16, delay: Duration, log: Option<std::path::PathBuf>) -> Result<u8, Refusal> {
    let sink = Sink::listen(port, Options { delay, log, ..Options::default() })
        .map_err(|error| Refusal::needs_operator(format!("cannot listen on {port}: {error}")))?;
    println!("taking letters on 127.0.0.1:{}", sink.port);
    loop {
        std::thread::park();
    }
}
