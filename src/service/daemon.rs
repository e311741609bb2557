//! `serve`: the same run for ever, and the door for unsubscribe links and published files.
//!
//! It wakes for the next planned issue and once a minute to look for new posts, and holds the
//! instance lock all the while. Letters are sent in a task of its own beside the passes, which
//! wakes for the next retry and after each pass: a long issue keeps no post from appearing.
//! SIGHUP asks for a pass at once.
//! Configuration and templates are read again for each pass; when they cannot be read, the last
//! good ones stay in use and the log says why.
//!
//! SIGTERM, SIGINT and SIGHUP finish what is in flight, give the rest back and end with status 0. Under
//! systemd it reports READY and STOPPING (`Type=notify`).

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use axum::Router;
use serde::Serialize;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    task::JoinHandle,
};

use super::{
    Error as RunError, Progress, Run,
    report::Reporter,
    signals,
    site::{self, Site},
    summary::Summary,
};
use crate::{
    domain::post::Direction,
    template,
    time::{Clock, Timestamp},
    web::{self, Notice, Web},
    words,
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

/// Serves the site below `root` until a signal comes. `listen` goes before the configuration;
/// `ready` is told the address once it is listened on.
pub async fn serve(
    root: &Path,
    listen: Option<SocketAddr>,
    clock: Clock,
    ready: impl FnOnce(SocketAddr),
) -> Result<(), Error> {
    let site = Site::read(root)?;
    let stop = signals::stop_but_hang_up().map_err(Error::Signals)?;
    let address = listen.unwrap_or(site.config.listen);
    let failed = |error| Error::Listen(address, error);
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let site = Arc::new(site.listening_at(address));
    let quiet: Progress = Arc::new(|_| {});
    let mut run = Run::begin(site.clone(), "serve", clock.clone(), stop, quiet).await?;
    run.light().await?;
    // Comes also when another run has taken over.
    let stop = run.stop.clone();
    let nudge = signal(SignalKind::hangup()).map_err(Error::Signals)?;
    let mut doors = doors(&site, web(&site, &run, &clock));
    if let Some(beacon) = &run.beacon {
        let beacon = web::beacon::router(beacon.clone(), clock.clone());
        doors = under(&site, beacon).merge(doors);
    }
    let answering = tokio::spawn(answer(listener, doors, stop.clone()));
    let sending = tokio::spawn(run.sending().for_ever());
    ready(address);
    notify(&[sd_notify::NotifyState::Ready]);
    Service { run, site, address, stop, nudge }.passes(sending).await;
    ended(answering.await, "the web server");
    Ok(())
}

fn ended(task: Result<(), tokio::task::JoinError>, what: &str) {
    if let Err(error) = task {
        tracing::error!(%error, "{what} ended badly");
    }
}

pub(super) fn notify(states: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd could not be told");
    }
}

/// The passes of a service.
struct Service {
    run: Run,
    /// The last one that could be read.
    site: Arc<Site>,
    address: SocketAddr,
    stop: watch::Receiver<bool>,
    /// SIGHUP.
    nudge: Signal,
}

impl Service {
    /// Pass after pass until the stop comes; then waits for the sending to finish what is in
    /// flight.
    async fn passes(mut self, sending: JoinHandle<()>) {
        let mut reporter = Reporter::default();
        while !*self.stop.borrow() {
            match self.pass().await {
                Ok(summary) => reporter.report(&summary),
                Err(error) => tracing::error!(%error, "this pass failed; the next one goes on"),
            }
            let pause = pause(&self.site, self.run.clock.now());
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = self.nudge.recv() => {}
                _ = self.stop.wait_for(|stop| *stop) => {}
            }
        }
        notify(&[sd_notify::NotifyState::Stopping]);
        ended(sending.await, "the sending");
        self.run.end().await;
    }

    async fn pass(&mut self) -> Result<Summary, RunError> {
        let fresh = Site::read(&self.site.root);
        let stale = fresh.map(|fresh| self.site = Arc::new(fresh.listening_at(self.address))).err();
        let mut summary = self.run.plan(self.site.clone()).await?;
        if let Some(error) = stale {
            summary.trouble(format!("{error}; the last good configuration stays in use"));
        }
        self.run.tell_hubs(&mut summary).await?;
        self.run.count(&mut summary).await?;
        self.run.sending().alarm(&summary).await;
        Ok(summary)
    }
}

/// Until the next planned issue, a minute at most.
fn pause(site: &Site, now: Timestamp) -> Duration {
    let newsletters = site.config.newsletters.iter();
    let schedules = newsletters.flat_map(|one| &one.cadences).filter_map(|(_, s)| s.as_ref());
    let planned = schedules.filter_map(|schedule| schedule.after(now).next()).min();
    let until = planned.map_or(PAUSE, |next| next.since(now));
    until.clamp(Duration::from_secs(1), PAUSE)
}

/// The doors, at the root and below the path of the public address: a web server in front may
/// hand requests on with that path or without.
fn doors(site: &Site, web: Web) -> Router {
    let files = web::files::router(web::files::Settings {
        folder: site.config.output.clone(),
        pages: web.page.clone(),
        moved: site.config.feeds.moved.clone(),
        removed: site.config.feeds.removed.iter().cloned().collect(),
    });
    under(site, web::router(web).merge(files))
}

/// At the root and below the path of the public address.
fn under(site: &Site, doors: Router) -> Router {
    match site.config.url.path().trim_end_matches('/') {
        "" => doors,
        prefix => Router::new().nest(prefix, doors.clone()).merge(doors),
    }
}

async fn answer(listener: TcpListener, doors: Router, mut stop: watch::Receiver<bool>) {
    let stopped = async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    let doors = doors.into_make_service_with_connect_info::<SocketAddr>();
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
    button: String,
    fields: Vec<Field>,
}

#[derive(Serialize)]
struct Field {
    name: &'static str,
    value: &'static str,
}

/// A page in the site's own clothes; a plain one where its template fails.
fn page(site: &Site, told: Notice) -> String {
    notice(site, told).unwrap_or_else(|error| {
        tracing::error!(%error, "a page could not be rendered");
        "<!doctype html><title>Sorry</title><p>This page could not be made.".to_owned()
    })
}

/// The page behind an unsubscribe link as its readers would see it: for a look at the template.
pub fn sample(site: &Site) -> Result<String, template::Error> {
    notice(site, Notice::Ask { newsletter: String::new(), token: String::new() })
}

fn notice(site: &Site, told: Notice) -> Result<String, template::Error> {
    let named = |id: &str| {
        let found = site.config.newsletters.iter().find(|one| one.id == id);
        found.map_or_else(|| id.to_owned(), |one| one.name.clone())
    };
    let words = site.templates.words();
    let say = |key: &str, newsletter: &str| {
        let name = words::Value::Text(named(newsletter));
        words.say(&site.config.language, key, &[("newsletter", name)]).unwrap_or_default()
    };
    let (heading, paragraph, form) = match &told {
        Notice::Ask { newsletter, token } => (
            say("leave-ask", newsletter),
            say("leave-press", newsletter),
            Some(Form {
                action: format!("{}unsubscribe/{token}", site.config.url.path()),
                button: say("unsubscribe", newsletter),
                fields: vec![Field { name: "leave", value: "yes" }],
            }),
        ),
        Notice::Done { newsletter } => {
            (say("left", newsletter), say("left-text", newsletter), None)
        }
        Notice::Absent => (say("absent", ""), say("absent-text", ""), None),
        Notice::Broken => (say("broken", ""), say("broken-text", ""), None),
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
    site.templates.render("web/notice.html", &page)
}
