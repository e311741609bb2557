//! Files: the published folder over HTTP, for a small site that has no web server of its own.
//!
//! GET and HEAD of what lies below the folder, and nothing else: no hidden file, no path that
//! leaves it, no listing. A folder answers with its `index.html`, after a redirect where the
//! address lacks the final slash (so that relative links in the page are right); the redirect is
//! relative, since a web server in front may have cut off a part of the path. Where there is
//! nothing, a page says so and leads home. Every answer names its media type; feeds have theirs (RFC 4287 section 8, RSS Advisory Board, JSON Feed
//! 1.1). Conditional requests and compression are left to the web server in front.

use std::path::{Path, PathBuf};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{Method, StatusCode, Uri, header},
    response::{Html, IntoResponse as _, Response},
};
use percent_encoding::percent_decode_str;

use super::{Notice, Pages};

/// Media types by extension; feeds by name.
const KINDS: [(&str, &str); 18] = [
    ("feed.xml", "application/atom+xml; charset=utf-8"),
    ("rss.xml", "application/rss+xml; charset=utf-8"),
    ("feed.json", "application/feed+json; charset=utf-8"),
    (".html", "text/html; charset=utf-8"),
    (".css", "text/css; charset=utf-8"),
    (".js", "text/javascript; charset=utf-8"),
    (".json", "application/json"),
    (".xml", "application/xml"),
    (".txt", "text/plain; charset=utf-8"),
    (".png", "image/png"),
    (".jpg", "image/jpeg"),
    (".jpeg", "image/jpeg"),
    (".gif", "image/gif"),
    (".webp", "image/webp"),
    (".avif", "image/avif"),
    (".svg", "image/svg+xml"),
    (".mp3", "audio/mpeg"),
    (".pdf", "application/pdf"),
];

#[derive(Clone)]
struct Files {
    folder: PathBuf,
    pages: Pages,
}

/// Answers for what lies below `folder`; `pages` makes the page for what does not.
pub fn router(folder: PathBuf, pages: Pages) -> Router {
    Router::new().fallback(answer).with_state(Files { folder, pages })
}

async fn answer(State(files): State<Files>, method: Method, uri: Uri) -> Response {
    let absent = || (StatusCode::NOT_FOUND, Html((files.pages)(Notice::Absent))).into_response();
    if method != Method::GET && method != Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    let Some(mut path) = below(&files.folder, uri.path()) else { return absent() };
    if tokio::fs::metadata(&path).await.is_ok_and(|found| found.is_dir()) {
        if !uri.path().ends_with('/') {
            let last = uri.path().rsplit('/').next().unwrap_or_default();
            let place = format!("./{last}/");
            return (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, place)]).into_response();
        }
        path.push("index.html");
    }
    let Ok(octets) = tokio::fs::read(&path).await else { return absent() };
    let length = octets.len();
    let body = if method == Method::HEAD { Body::empty() } else { Body::from(octets) };
    let head = [
        (header::CONTENT_TYPE, kind(&path).to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (head, body).into_response()
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

fn kind(path: &Path) -> &'static str {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let found = KINDS.iter().find(|(end, _)| name.ends_with(end));
    found.map_or("application/octet-stream", |(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use tower::ServiceExt as _;

    use super::*;

    async fn asked(method: &str, path: &str) -> (StatusCode, String, String) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("public");
        std::fs::create_dir_all(root.join("a post")).unwrap();
        std::fs::write(root.join("a post/index.html"), "page").unwrap();
        std::fs::write(root.join("feed.xml"), "feed").unwrap();
        std::fs::write(root.join(".secret"), "hidden").unwrap();
        std::fs::write(folder.path().join("ledger"), "private").unwrap();
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let pages: Pages = std::sync::Arc::new(|_| "absent".to_owned());
        let answer = router(root, pages).oneshot(request).await.unwrap();
        let status = answer.status();
        let kind = answer.headers().get(header::CONTENT_TYPE).map(|k| k.to_str().unwrap().into());
        let body = axum::body::to_bytes(answer.into_body(), 1000).await.unwrap();
        (status, kind.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn published_files_are_answered_with_their_type() {
        let page = asked("GET", "/a%20post/").await;
        assert_eq!(page, (StatusCode::OK, "text/html; charset=utf-8".into(), "page".into()));
        let feed = asked("GET", "/feed.xml").await;
        assert_eq!((feed.1.as_str(), feed.2.as_str()), (KINDS[0].1, "feed"));
        let head = asked("HEAD", "/feed.xml").await;
        assert_eq!((head.0, head.2.as_str()), (StatusCode::OK, ""));
        assert_eq!(asked("GET", "/a%20post").await.0, StatusCode::PERMANENT_REDIRECT);
    }

    #[tokio::test]
    async fn nothing_outside_of_the_folder_and_nothing_hidden_is_answered() {
        for path in
            ["/../ledger", "/%2e%2e/ledger", "/..%2fledger", "/.secret", "/%00", "/no", "/a%5cb"]
        {
            let (status, _, body) = asked("GET", path).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}: {body}");
        }
        assert_eq!(asked("POST", "/feed.xml").await.0, StatusCode::METHOD_NOT_ALLOWED);
    }
}
