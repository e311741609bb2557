//! Media types: what a file is, by its name.

/// Media types of files that have a name of their own.
const NAMED: [(&str, &str); 3] = [
    ("feed.xml", "application/atom+xml; charset=utf-8"),
    ("rss.xml", "application/rss+xml; charset=utf-8"),
    ("feed.json", "application/feed+json; charset=utf-8"),
];

/// Media types by ending.
const KINDS: [(&str, &str); 23] = [
    ("html", "text/html; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("xml", "application/xml"),
    ("opml", "text/x-opml; charset=utf-8"),
    ("txt", "text/plain; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
    ("ico", "image/x-icon"),
    ("mp3", "audio/mpeg"),
    ("m4a", "audio/x-m4a"),
    ("ogg", "audio/ogg"),
    ("mp4", "video/mp4"),
    ("webm", "video/webm"),
    ("woff2", "font/woff2"),
    ("pdf", "application/pdf"),
    ("epub", "application/epub+zip"),
];

/// How many of [`KINDS`] are texts, which shrink on the way.
const TEXTS: usize = 8;

/// The media type of a file called `name`.
pub fn of(name: &str) -> &'static str {
    let name = name.to_ascii_lowercase();
    let named = NAMED.iter().find(|(own, _)| *own == name);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let found = named.or_else(|| KINDS.iter().find(|(end, _)| *end == ending));
    found.map_or("application/octet-stream", |(_, kind)| kind)
}

/// Whether files of that media type are worth compressing.
pub fn shrinks(kind: &str) -> bool {
    let texts = KINDS.iter().take(TEXTS);
    NAMED.iter().chain(texts).any(|(_, text)| *text == kind)
}
