//! What readers, caches and scripts are answered, one request at a time.

use axum::http::Request;
use tower::ServiceExt as _;

use super::*;

/// A published folder and its door.
struct Site {
    folder: tempfile::TempDir,
    door: Router,
}

fn site() -> Site {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("public");
    std::fs::create_dir_all(root.join("a post")).unwrap();
    std::fs::write(root.join("a post/index.html"), "page").unwrap();
    std::fs::write(root.join("feed.xml"), "<feed>".repeat(200)).unwrap();
    std::fs::write(root.join("feeds.opml"), "list").unwrap();
    std::fs::write(root.join("a.mp3"), vec![7; 3_000_000]).unwrap();
    std::fs::write(root.join(".secret"), "hidden").unwrap();
    std::fs::write(root.join(".postrider-gone"), "tags/old/rss.xml\n").unwrap();
    std::fs::write(folder.path().join("ledger"), "private").unwrap();
    let door = router(Settings {
        folder: root,
        pages: Arc::new(|_| "absent".to_owned()),
        moved: [("/index.xml".to_owned(), "/feed.xml".to_owned())].into(),
        removed: ["/comments/".to_owned()].into(),
    });
    Site { folder, door }
}

impl Site {
    /// Status, headers and body.
    async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (StatusCode, HeaderMap, Vec<u8>) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let (head, body) = self.door.clone().oneshot(request).await.unwrap().into_parts();
        let body = axum::body::to_bytes(body, 10_000_000).await.unwrap();
        (head.status, head.headers, body.to_vec())
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, Vec<u8>) {
        self.ask("GET", path, headers).await
    }
}

fn head<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn published_files_are_answered_with_their_type() {
    let site = site();
    for (path, kind) in [
        ("/a%20post/", "text/html; charset=utf-8"),
        ("/feed.xml", "application/atom+xml; charset=utf-8"),
        ("/feeds.opml", "text/x-opml; charset=utf-8"),
        ("/a.mp3", "audio/mpeg"),
    ] {
        let (status, headers, body) = site.get(path, &[]).await;
        assert_eq!((status, head(&headers, "content-type")), (StatusCode::OK, kind));
        assert_eq!(head(&headers, "content-length"), body.len().to_string());
    }
    assert_eq!(site.get("/a%20post", &[]).await.0, StatusCode::PERMANENT_REDIRECT);
}

#[tokio::test]
async fn nothing_outside_of_the_folder_and_nothing_hidden_is_answered() {
    let site = site();
    for path in
        ["/../ledger", "/%2e%2e/ledger", "/..%2fledger", "/.secret", "/%00", "/no", "/a%5cb"]
    {
        assert_eq!(site.get(path, &[]).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_reader_that_has_the_file_gets_no_body() {
    let site = site();
    let (_, full, _) = site.get("/feed.xml", &[]).await;
    let (tag, modified) = (head(&full, "etag"), head(&full, "last-modified"));
    assert!(tag.starts_with('"') && !modified.is_empty());
    for (name, value, expected) in [
        ("if-none-match", tag.to_owned(), 304),
        ("if-none-match", format!("W/{tag}"), 304),
        ("if-none-match", format!("\"x\", {tag}"), 304),
        ("if-none-match", "*".to_owned(), 304),
        ("if-none-match", "\"x\"".to_owned(), 200),
        ("if-modified-since", modified.to_owned(), 304),
        ("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT".to_owned(), 304),
        ("if-modified-since", "Thu, 01 Jan 2015 00:00:00 GMT".to_owned(), 200),
    ] {
        let (status, headers, body) = site.get("/feed.xml", &[(name, &value)]).await;
        assert_eq!(status.as_u16(), expected, "{name}: {value}");
        assert_eq!(body.is_empty(), expected == 304);
        for name in ["etag", "cache-control", "vary"] {
            assert!(!head(&headers, name).is_empty(), "{name}");
        }
    }
    let both = [("if-none-match", "\"x\""), ("if-modified-since", modified)];
    assert_eq!(site.get("/feed.xml", &both).await.0, StatusCode::OK, "the tag goes first");
}

#[tokio::test]
async fn a_tag_follows_the_octets_alone() {
    let (one, other) = (site(), site());
    let tag = async |site: &Site| head(&site.get("/feed.xml", &[]).await.1, "etag").to_owned();
    assert_eq!(tag(&one).await, tag(&other).await, "the same on another machine");
    let before = tag(&one).await;
    std::fs::write(one.folder.path().join("public/feed.xml"), "<feeb>".repeat(200)).unwrap();
    assert_ne!(tag(&one).await, before);
}

#[tokio::test]
async fn texts_travel_compressed_and_arrive_whole() {
    let site = site();
    let (_, plain, octets) = site.get("/feed.xml", &[]).await;
    let mut tags = vec![head(&plain, "etag").to_owned()];
    for coding in ["gzip", "br"] {
        let (_, headers, body) = site.get("/feed.xml", &[("accept-encoding", coding)]).await;
        assert_eq!(head(&headers, "content-encoding"), coding);
        assert_eq!(head(&headers, "vary"), "Accept-Encoding");
        assert!(body.len() < octets.len());
        let mut back = Vec::new();
        let read: &mut dyn std::io::Read = match coding {
            "gzip" => &mut flate2::read::GzDecoder::new(&body[..]),
            _ => &mut brotli::Decompressor::new(&body[..], 4096),
        };
        read.read_to_end(&mut back).unwrap();
        assert_eq!(back, octets);
        tags.push(head(&headers, "etag").to_owned());
        let again = [("accept-encoding", coding), ("if-none-match", tags.last().unwrap())];
        assert_eq!(site.get("/feed.xml", &again).await.0, StatusCode::NOT_MODIFIED);
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 3, "{tags:?}");
    let (_, headers, _) = site.get("/a.mp3", &[("accept-encoding", "br")]).await;
    assert_eq!(head(&headers, "content-encoding"), "");
}

#[tokio::test]
async fn head_says_what_get_does_without_the_body() {
    let site = site();
    for headers in [&[][..], &[("accept-encoding", "gzip")]] {
        let (_, of_get, _) = site.get("/feed.xml", headers).await;
        let (status, of_head, body) = site.ask("HEAD", "/feed.xml", headers).await;
        assert_eq!((status, of_head, body.len()), (StatusCode::OK, of_get, 0));
    }
}

#[tokio::test]
async fn a_part_of_a_file_is_answered_alone() {
    let site = site();
    let (status, headers, body) = site.get("/a.mp3", &[("range", "bytes=2999990-")]).await;
    assert_eq!((status, body.len()), (StatusCode::PARTIAL_CONTENT, 10));
    assert_eq!(head(&headers, "content-range"), "bytes 2999990-2999999/3000000");
    let status = site.get("/a.mp3", &[("range", "bytes=3000000-")]).await.0;
    assert_eq!(status, StatusCode::RANGE_NOT_SATISFIABLE);
}

#[tokio::test]
async fn caches_and_scripts_may_keep_and_read_it() {
    let site = site();
    let (_, headers, _) = site.get("/feed.xml", &[]).await;
    assert_eq!(head(&headers, "cache-control"), "public, max-age=900");
    assert_eq!(head(&headers, "access-control-allow-origin"), "*");
    assert!(headers.get("set-cookie").is_none());
    let (status, headers, _) = site.ask("OPTIONS", "/feed.xml", &[]).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert!(head(&headers, "access-control-allow-headers").contains("If-None-Match"));
    let (status, headers, _) = site.ask("POST", "/feed.xml", &[]).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(head(&headers, "allow"), "GET, HEAD, OPTIONS");
}

#[tokio::test]
async fn a_feed_that_moved_or_went_says_so() {
    let site = site();
    let (status, headers, _) = site.get("/index.xml", &[]).await;
    assert_eq!(status, StatusCode::MOVED_PERMANENTLY);
    assert_eq!(head(&headers, "location"), "/feed.xml");
    assert_eq!(site.get("/comments/", &[]).await.0, StatusCode::GONE);
    assert_eq!(site.get("/tags/old/rss.xml", &[]).await.0, StatusCode::GONE);
    assert_eq!(site.get("/tags/never/rss.xml", &[]).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn conditional_requests_cost_next_to_nothing() {
    let site = site();
    let (_, full, _) = site.get("/feed.xml", &[]).await;
    let tag = head(&full, "etag").to_owned();
    let started = std::time::Instant::now();
    for _ in 0..1_000 {
        let status = site.get("/feed.xml", &[("if-none-match", &tag)]).await.0;
        assert_eq!(status, StatusCode::NOT_MODIFIED);
    }
    assert!(started.elapsed().as_secs() < 1, "{:?}", started.elapsed());
}
