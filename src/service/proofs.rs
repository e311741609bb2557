//! Proofs: a letter in the browser as its readers will see it, while it is being written.
//!
//! One page shows it side by side: on a desk, on a phone, in dark surroundings and as plain text,
//! with what may be found fault with above. The page looks once a second whether posts, templates
//! or configuration have changed, and shows the letter anew.
//!
//! Dark surroundings are shown whatever the browser's own are, by taking the letter's rules for
//! them as said. Pictures of the site come from its folders. It answers on loopback only, and
//! records nothing. A letter that cannot be made shows why in its place.

use std::{fmt::Write as _, net::SocketAddr, path::PathBuf, sync::Arc};

use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse as _, Response},
    routing::get,
};
use tokio::{net::TcpListener, sync::watch};

use super::{
    look::Look,
    pictures,
    site::Site,
    trial::{Trial, Which},
};
use crate::{digest::message::Part, time::Clock};

/// Where the site's own files are answered.
const FILES: &str = "/site/";

/// The page around the letter. It is of ours, not of the site's, and no template.
const PAGE: &str = include_str!("proofs.html");

#[derive(Clone)]
struct Proofs {
    root: PathBuf,
    which: Arc<Which>,
}

/// Answers at `listen` until `stop` comes; `ready` is told the address.
pub async fn show(
    root: PathBuf,
    which: Which,
    listen: SocketAddr,
    mut stop: watch::Receiver<bool>,
    ready: impl FnOnce(SocketAddr),
) -> Result<(), std::io::Error> {
    let listener = TcpListener::bind(listen).await?;
    ready(listener.local_addr()?);
    let stopped = async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    let proofs = Proofs { root, which: Arc::new(which) };
    axum::serve(listener, router(proofs)).with_graceful_shutdown(stopped).await
}

fn router(proofs: Proofs) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/letter/{look}", get(letter))
        .route("/mark", get(mark))
        .route("/site/{*place}", get(file))
        .with_state(proofs)
}

impl Proofs {
    /// The letter as the files are now; else why there is none.
    async fn trial(&self) -> Result<(Site, Trial), String> {
        let site = Site::read(&self.root).map_err(|error| error.to_string())?;
        let trial = Trial::make(&site, &self.which).await.map_err(|error| error.to_string())?;
        Ok((site, trial))
    }
}

async fn page(State(proofs): State<Proofs>) -> Html<String> {
    let (subject, preheader, remarks) = match proofs.trial().await {
        Err(why) => ("No letter".to_owned(), String::new(), vec![why]),
        Ok((site, trial)) => {
            let octets = trial.part(Part::Html).len();
            let size = format!("{}.{} kB of HTML", octets / 1000, octets % 1000 / 100);
            let found = trial.findings(&site).into_iter().map(|finding| finding.what);
            let remarks = trial.note.iter().cloned().chain([size]).chain(found).collect();
            (trial.letter.subject.clone(), trial.letter.summary.clone(), remarks)
        }
    };
    let mut list = String::new();
    for remark in &remarks {
        // Writing to a String cannot fail.
        let _written = write!(list, "<li>{}</li>", escaped(remark));
    }
    let page = PAGE.replace("[subject]", &escaped(&subject));
    Html(page.replace("[preheader]", &escaped(&preheader)).replace("[remarks]", &list))
}

async fn letter(State(proofs): State<Proofs>, Path(look): Path<String>) -> Response {
    let (site, trial) = match proofs.trial().await {
        Ok(made) => made,
        Err(why) => return Html(format!("<pre>{}</pre>", escaped(&why))).into_response(),
    };
    if look == "text" {
        let text = trial.part(Part::Text);
        return ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response();
    }
    const DARK: &str = "(prefers-color-scheme: dark)";
    let shown = if look == "dark" { "all" } else { "not all" };
    let html = trial.part(Part::Html).replace(DARK, shown);
    let html = html.replace("content=\"light dark\"", "content=\"light\"");
    let url = site.config.url.as_str();
    Html(html.replace(&format!("src=\"{url}"), &format!("src=\"{FILES}"))).into_response()
}

/// Changes whenever something changes that the letter is made of.
async fn mark(State(proofs): State<Proofs>) -> String {
    let look = tokio::task::spawn_blocking(move || match Site::read(&proofs.root) {
        Ok(site) => Look::at(&site, Clock::System.now()).map_or_else(String::new, |l| l.mark("")),
        Err(error) => error.to_string(),
    });
    look.await.unwrap_or_default()
}

async fn file(State(proofs): State<Proofs>, Path(place): Path<String>) -> Response {
    let Ok(site) = Site::read(&proofs.root) else { return StatusCode::NOT_FOUND.into_response() };
    for folder in [&site.config.output, &site.config.posts] {
        let Some(path) = pictures::below(folder, &place) else { continue };
        if let Ok(octets) = tokio::fs::read(path).await {
            return octets.into_response();
        }
    }
    StatusCode::NOT_FOUND.into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
