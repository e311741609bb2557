//! `serve`: the same run for ever, and the door for unsubscribe links and published files.
//!
//! It wakes for the next planned issue, for the next retry and once a minute to look for new
//! posts; it holds the instance lock all the while. Configuration and templates are read again
//! for each pass; when they cannot be read, the last good ones stay in use and the log says why.
//!
//! SIGTERM, SIGINT and SIGHUP finish what is in flight, give the rest back and end with status 0. Under
//! systemd it reports READY and STOPPING (`Type=notify`).

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::Serialize;
use tokio::{net::TcpListener, sync::watch};

use super::{
    Error as RunError, Progress, Run, signals,
    site::{self, Site},
    summary::Summary,
};
use crate::{
    domain::post::Direction,
    store::Store,
    time::{Clock, Timestamp},
    web::{self, Notice, Web},
};

/// How long it sleeps at most: a new post appears within this time.
const PAUSE: Duration = Duration::from_secs(60);

/// A service that could not begin, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The site cannot be made ready.
    #[error(transparent)]
    Site(#[from] site::Error),
    /// A pass failed for good.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}; set web.listen or --listen to a free address")]
    Listen(SocketAddr, std::io::Error),
    /// Signals cannot be received.
    #[error("cannot wait for signals: {0}")]
    Signals(std::io::Error),
}

/// Serves the site below `root` until a signal comes. `listen` goes before the configuration.
pub async fn serve(root: &Path, listen: Option<SocketAddr>, clock: Clock) -> Result<(), Error> {
    let site = Arc::new(Site::read(root)?);
    let stop = signals::stop().map_err(Error::Signals)?;
    let quiet: Progress = Arc::new(|_| {});
    let run = Run::begin(site.clone(), "serve", clock.clone(), stop.clone(), quiet).await?;
    let address = listen.unwrap_or(site.config.listen);
    let listener =
        TcpListener::bind(address).await.map_err(|error| Error::Listen(address, error))?;
    let (web, folder) = (web(&site, &run, &clock), site.config.output.clone());
    let answering = tokio::spawn(answer(listener, web, folder, stop.clone()));
    tracing::info!(%address, "serving");
    notify(&[sd_notify::NotifyState::Ready]);
    let ended = passes(run, site, &clock, stop).await;
    notify(&[sd_notify::NotifyState::Stopping]);
    if let Err(error) = answering.await {
        tracing::warn!(%error, "the web server ended badly");
    }
    ended
}

fn notify(states: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd could not be told");
    }
}

async fn passes(
    mut run: Run,
    mut site: Arc<Site>,
    clock: &Clock,
    mut stop: watch::Receiver<bool>,
) -> Result<(), Error> {
    while !*stop.borrow() {
        match Site::read(&site.root) {
            Ok(fresh) => site = Arc::new(fresh),
            Err(error) => tracing::error!(%error, "the last good configuration stays in use"),
        }
        match run.pass(site.clone()).await {
            Ok(summary) => report(&summary),
            Err(error) => tracing::error!(%error, "this pass failed; the next one goes on"),
        }
        let pause = pause(&run.store, &site, clock.now()).await;
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }
    run.end().await;
    Ok(())
}

fn report(summary: &Summary) {
    for trouble in &summary.troubles {
        tracing::error!("{trouble}");
    }
    if summary.is_idle() {
        return;
    }
    tracing::info!(
        published = summary.posts.published,
        files = summary.feeds.written + summary.pages.written,
        issues = ?summary.issues.opened,
        sent = summary.letters.sent,
        deferred = summary.letters.deferred,
        failed = summary.letters.failed,
        uncertain = summary.letters.uncertain,
        "pass done"
    );
}

/// Until the next planned issue or retry, a minute at most.
async fn pause(store: &Store, site: &Site, now: Timestamp) -> Duration {
    let newsletters = site.config.newsletters.iter();
    let schedules = newsletters.flat_map(|one| &one.cadences).filter_map(|(_, s)| s.as_ref());
    let planned = schedules.filter_map(|schedule| schedule.after(now).next());
    let retry = store.next_due().await.ok().flatten();
    let next = planned.chain(retry).min();
    let until = next.map_or(PAUSE, |next| next.since(now));
    until.clamp(Duration::from_secs(1), PAUSE)
}

async fn answer(listener: TcpListener, web: Web, folder: PathBuf, mut stop: watch::Receiver<bool>) {
    let stopped = async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    let doors = web::router(web).merge(web::files::router(folder));
    let served = axum::serve(listener, doors).with_graceful_shutdown(stopped).await;
    if let Err(error) = served {
        tracing::error!(%error, "the web server failed");
    }
}

fn web(site: &Arc<Site>, run: &Run, clock: &Clock) -> Web {
    let site = site.clone();
    Web {
        store: run.store.clone(),
        key: run.key().clone(),
        clock: clock.clone(),
        page: Arc::new(move |notice| page(&site, notice)),
    }
}

#[derive(Serialize)]
struct Page<'a> {
    site: PageSite<'a>,
    heading: String,
    paragraphs: Vec<String>,
    form: Option<Form>,
}

#[derive(Serialize)]
struct PageSite<'a> {
    title: &'a str,
    url: &'a str,
    language: &'a str,
    direction: &'static str,
}

#[derive(Serialize)]
struct Form {
    action: String,
    button: &'static str,
    fields: Vec<Field>,
}

#[derive(Serialize)]
struct Field {
    name: &'static str,
    value: &'static str,
}

/// A page in the site's own clothes; plain text where its template fails.
fn page(site: &Site, notice: Notice) -> String {
    let named = |id: &str| {
        let found = site.config.newsletters.iter().find(|one| one.id == id);
        found.map_or_else(|| id.to_owned(), |one| one.name.clone())
    };
    let (heading, paragraph, form) = match notice {
        Notice::Ask { newsletter, token } => (
            format!("Leave {}?", named(&newsletter)),
            "One press of the button, and no further letter of it is sent to you.".to_owned(),
            Some(Form {
                action: format!("{}unsubscribe/{token}", site.config.url.path()),
                button: "Unsubscribe",
                fields: vec![Field { name: "leave", value: "yes" }],
            }),
        ),
        Notice::Done { newsletter } => (
            "You have left".to_owned(),
            format!("{} will not be sent to you any more.", named(&newsletter)),
            None,
        ),
        Notice::Broken => (
            "This link does not work".to_owned(),
            "It is damaged or not one of ours. Copy it whole from the letter, or reply to the \
             letter and ask to be taken off."
                .to_owned(),
            None,
        ),
    };
    let page = Page {
        site: PageSite {
            title: &site.config.title,
            url: site.config.url.as_str(),
            language: &site.config.language,
            direction: Direction::of_language(&site.config.language).as_str(),
        },
        heading,
        paragraphs: vec![paragraph],
        form,
    };
    site.templates.render("web/notice.html", &page).unwrap_or_else(|error| {
        tracing::error!(%error, "a page could not be rendered");
        "<!doctype html><title>Sorry</title><p>This page could not be made.".to_owned()
    })
}
