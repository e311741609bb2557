//! Files: the published folder over HTTP, as well as a web server of its own would answer.
//!
//! GET and HEAD of what lies below the folder, and nothing else: no hidden file, no path that
//! leaves it, no listing. A folder answers with its `index.html`, after a redirect where the
//! address lacks the final slash (so that relative links in the page are right); the redirect is
//! relative, since a web server in front may have cut off a part of the path. Where there is
//! nothing, a page says so and leads home; a feed that has moved or is gone for good says that.
//!
//! Every answer names its media type; feeds have theirs (RFC 4287 section 8, RSS Advisory Board,
//! JSON Feed 1.1). Its validators come from the octets and the time of their last change, so a
//! reader that has them already gets 304 and no body (`conditional`); texts travel compressed
//! (`coding`); a part of a file may be asked for (`range`). What was answered lately is kept in
//! memory (`held`), so that looking again costs a look at the folder. Anybody's script may read
//! what anybody may read.
//!
//! Standards: RFC 9110 (HTTP), RFC 9111 (caching), the Fetch standard (CORS).

mod coding;
mod conditional;
mod held;

mod range;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::{Html, IntoResponse as _, Response},
};
use percent_encoding::percent_decode_str;

use super::{Notice, Pages};
use crate::publish::gone;
use coding::Coding;
use held::{Held, Shelf};

/// What is answered besides the files that are there.
#[derive(Clone)]
pub struct Settings {
    /// Where the files are.
    pub folder: PathBuf,
    /// Makes the page for what is not there.
    pub pages: Pages,
    /// Former paths, and where each leads.
    pub moved: BTreeMap<String, String>,
    /// Paths that are gone for good.
    pub removed: BTreeSet<String>,
}

#[derive(Clone)]
struct Files {
    settings: Arc<Settings>,
    shelf: Arc<Shelf>,
}

/// Answers for what lies below the folder.
pub fn router(settings: Settings) -> Router {
    let files = Files { settings: Arc::new(settings), shelf: Arc::default() };
    Router::new().fallback(answer).with_state(files)
}

const METHODS: &str = "GET, HEAD, OPTIONS";

/// Seconds for which a reader, or a cache on the way, may keep an answer.
const KEPT: &str = "public, max-age=900";

async fn answer(
    State(files): State<Files>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    match method {
        Method::GET | Method::HEAD => {}
        Method::OPTIONS => return options(),
        _ => {
            return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, METHODS)]).into_response();
        }
    }
    if let Some(answer) = files.elsewhere(uri.path()) {
        return answer;
    }
    let Some(mut path) = below(&files.settings.folder, uri.path()) else {
        return files.absent();
    };
    if tokio::fs::metadata(&path).await.is_ok_and(|found| found.is_dir()) {
        if !uri.path().ends_with('/') {
            let last = uri.path().rsplit('/').next().unwrap_or_default();
            let place = format!("./{last}/");
            return (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, place)]).into_response();
        }
        path.push("index.html");
    }
    let shelf = files.shelf.clone();
    let found = tokio::task::spawn_blocking(move || shelf.file(&path)).await;
    match found {
        Ok(Some(held)) => found_at(held, &method, &headers).await,
        _ => files.missing(uri.path()).await,
    }
}

impl Files {
    /// The answer for a path that is configured to lead elsewhere or nowhere.
    fn elsewhere(&self, path: &str) -> Option<Response> {
        if let Some(place) = self.settings.moved.get(path) {
            let place = HeaderValue::from_str(place).ok()?;
            return Some(
                (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, place)]).into_response(),
            );
        }
        self.settings.removed.contains(path).then(|| self.gone())
    }

    /// The answer where there is no file: a feed that was here is gone for good.
    async fn missing(&self, path: &str) -> Response {
        let folder = self.settings.folder.clone();
        let path =
            percent_decode_str(path.trim_start_matches('/')).decode_utf8_lossy().into_owned();
        let was_here = tokio::task::spawn_blocking(move || gone::was_here(&folder, &path)).await;
        if was_here.unwrap_or(false) { self.gone() } else { self.absent() }
    }

    fn gone(&self) -> Response {
        (StatusCode::GONE, Html((self.settings.pages)(Notice::Absent))).into_response()
    }

    fn absent(&self) -> Response {
        (StatusCode::NOT_FOUND, Html((self.settings.pages)(Notice::Absent))).into_response()
    }
}

/// What a script on another site asks before it sends a conditional request.
fn options() -> Response {
    let heads = [
        (header::ALLOW, METHODS),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "If-None-Match, If-Modified-Since, Range"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    (StatusCode::NO_CONTENT, heads).into_response()
}

/// The answer with a file: nothing, a part of it or all of it.
async fn found_at(held: Arc<Held>, method: &Method, headers: &HeaderMap) -> Response {
    let coding = coding::chosen(headers, &held);
    let validators = conditional::Validators { hash: &held.hash, modified: held.modified };
    if let Some(tag) = validators.known(headers, coding) {
        let mut answer = StatusCode::NOT_MODIFIED.into_response();
        answer.headers_mut().extend(common(&held, &tag));
        return answer;
    }
    let tag = conditional::tag(&held.hash, coding);
    let part = range::asked(headers, held.length, &tag).filter(|_| coding == Coding::Identity);
    let (status, octets, place) = match part {
        Some(Err(())) => {
            let place = format!("bytes */{}", held.length);
            let heads = [(header::CONTENT_RANGE, place)];
            return (StatusCode::RANGE_NOT_SATISFIABLE, heads).into_response();
        }
        Some(Ok(part)) => {
            let place = format!("bytes {}-{}/{}", part.start, part.end - 1, held.length);
            (StatusCode::PARTIAL_CONTENT, held.octets(part).await, Some(place))
        }
        None => (StatusCode::OK, held.coded(coding).await, None),
    };
    // The file was replaced while it was read: the reader asks again.
    let Some(octets) = octets else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let length = octets.len();
    let body = if *method == Method::HEAD { Body::empty() } else { Body::from(octets) };
    let mut answer = (status, body).into_response();
    let heads = answer.headers_mut();
    heads.extend(common(&held, &tag));
    set(heads, header::CONTENT_TYPE, held.kind);
    set(heads, header::CONTENT_LENGTH, &length.to_string());
    if let Some(name) = coding.name() {
        set(heads, header::CONTENT_ENCODING, name);
    }
    if let Some(place) = place {
        set(heads, header::CONTENT_RANGE, &place);
    }
    answer
}

/// What a full answer and a 304 say alike (RFC 9110 section 15.4.5).
fn common(held: &Held, tag: &str) -> HeaderMap {
    let mut heads = HeaderMap::new();
    set(&mut heads, header::ETAG, tag);
    set(&mut heads, header::LAST_MODIFIED, &httpdate::fmt_http_date(held.modified));
    set(&mut heads, header::CACHE_CONTROL, KEPT);
    set(&mut heads, header::VARY, "Accept-Encoding");
    set(&mut heads, header::ACCEPT_RANGES, "bytes");
    set(&mut heads, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    set(&mut heads, header::ACCESS_CONTROL_EXPOSE_HEADERS, "ETag");
    set(&mut heads, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    heads
}

fn set(heads: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        heads.insert(name, value);
    }
}

/// The file that a path names; `None` where it would leave the folder or is hidden.
fn below(folder: &Path, path: &str) -> Option<PathBuf> {
    let path = percent_decode_str(path).decode_utf8().ok()?;
    let mut file = folder.to_owned();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        if part.starts_with('.') || part.contains(['\\', '\0']) {
            return None;
        }
        file.push(part);
    }
    Some(file)
}
