//! `run` and `serve`.

use std::{io::IsTerminal as _, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

use super::Refusal;
use crate::{
    service::{self, Progress, Run, Step, daemon, lock, signals, site::Site},
    time::Clock,
};

/// One pass from posts to letters. A signal ends it early and in good order.
pub(super) async fn run(root: &Path, quiet: bool, json: bool) -> Result<u8, Refusal> {
    let site = Arc::new(Site::read(root)?);
    let bar = bar(!quiet && !json);
    let shown = bar.clone();
    let progress: Progress = Arc::new(move |step| show(&shown, step));
    let stop = signals::stop()
        .map_err(|error| Refusal::needs_operator(format!("cannot wait for signals: {error}")))?;
    let begun = Run::begin(site.clone(), "run", Clock::System, stop, progress).await;
    let mut run = match begun {
        Ok(run) => run,
        Err(service::Error::Lock(held @ lock::Error::Held(_))) => {
            bar.finish_and_clear();
            if !quiet {
                println!("{held}");
            }
            return Ok(0);
        }
        Err(error) => return Err(error.into()),
    };
    let passed = run.pass(site.clone()).await;
    run.end().await;
    bar.finish_and_clear();
    let summary = passed?;
    let status = u8::from(summary.needs_operator());
    if json {
        println!("{}", serde_json::to_string_pretty(&summary).unwrap_or_default());
    } else if !quiet || status > 0 {
        print!("{summary}");
        if summary.letters.sent > 0 && site.config.way == crate::config::Way::Eml {
            println!("Letters are in {}", site.shown(&site.config.outbox));
        }
    }
    Ok(status)
}

/// A line that names the step, on a terminal only.
fn bar(wanted: bool) -> ProgressBar {
    if !wanted || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn show(bar: &ProgressBar, step: Step) {
    match step {
        Step::Done => bar.inc(1),
        Step::Begin(what, pieces) => {
            let look = match pieces {
                Some(_) => "{msg:16} {bar:30} {pos}/{len}, {eta} left",
                None => "{spinner} {msg}",
            };
            if let Ok(style) = ProgressStyle::with_template(look) {
                bar.set_style(style);
            }
            bar.set_length(pieces.unwrap_or(0));
            bar.set_position(0);
            bar.set_message(what);
        }
    }
}

/// The same for ever.
pub(super) async fn serve(root: &Path, listen: Option<SocketAddr>) -> Result<u8, Refusal> {
    match daemon::serve(root, listen, Clock::System).await {
        Ok(()) => Ok(0),
        Err(daemon::Error::Site(error)) => Err(error.into()),
        Err(daemon::Error::Run(service::Error::Lock(held @ lock::Error::Held(_)))) => {
            println!("{held}");
            Ok(0)
        }
        Err(error) => Err(Refusal::needs_operator(error)),
    }
}
