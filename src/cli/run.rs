//! `run` and `serve`.

use std::{io::IsTerminal as _, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

use super::{
    Refusal,
    out::{self, say},
};
use crate::{
    config::Way,
    service::{
        self, Progress, Run, Step, daemon, lock, signals,
        site::Site,
        summary::Summary,
        watching::{self, Told},
        worker,
    },
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
            tell_held(&held.to_string(), quiet, json);
            return Ok(0);
        }
        Err(error) => return Err(error.into()),
    };
    let passed = run.pass(site.clone()).await;
    run.end().await;
    bar.finish_and_clear();
    let summary = passed?;
    match (json, quiet) {
        (true, true) if !summary.needs_operator() => {}
        (true, _) => out::json(&summary),
        (false, true) => summary.complaints().for_each(|complaint| say!("{complaint}")),
        (false, false) => tell(&site, &summary),
    }
    Ok(u8::from(summary.needs_operator()))
}

fn tell_held(held: &str, quiet: bool, json: bool) {
    match (json, quiet) {
        (_, true) => {}
        (true, false) => out::json(&serde_json::json!({ "held": held })),
        (false, false) => say!("{held}"),
    }
}

fn tell(site: &Site, summary: &Summary) {
    say!("{}", summary.to_string().trim_end());
    if summary.letters.sent > 0 && site.config.way == Way::Eml {
        say!("Letters are in {}", site.shown(&site.config.outbox));
    }
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
    let ready = |address| say!("Serving http://{address}/ (Ctrl-C stops)");
    match daemon::serve(root, listen, Clock::System, ready).await {
        Ok(()) => Ok(0),
        Err(daemon::Error::Site(error)) => Err(error.into()),
        Err(error) => Err(Refusal::needs_operator(error)),
    }
}

/// Publishes what is saved, until it is told to stop.
pub(super) async fn watch(root: &Path) -> Result<u8, Refusal> {
    let stop = signals::stop()
        .map_err(|error| Refusal::needs_operator(format!("cannot wait for signals: {error}")))?;
    say!("Watching (Ctrl-C stops)");
    watching::watch(root, Clock::System, stop, |told| match told {
        Told::Pass(summary) => {
            say!("Posts    {}", summary.posts);
            say!("Feeds    {}; pages {}", summary.feeds, summary.pages);
            summary.warnings.iter().for_each(|warning| say!("note: {warning}"));
            summary.complaints().for_each(|complaint| say!("{complaint}"));
        }
        Told::Trouble(why) => out::complain(format_args!("{why}")),
    })
    .await?;
    Ok(0)
}

/// Sends what others open, until it is told to stop.
pub(super) async fn worker(root: &Path) -> Result<u8, Refusal> {
    match worker::work(root, Clock::System).await {
        Ok(()) => Ok(0),
        Err(daemon::Error::Site(error)) => Err(error.into()),
        Err(error) => Err(Refusal::needs_operator(error)),
    }
}
