//! Files that belong to a post, as its front matter names them: an episode, a score, a paper.
//!
//! A file is a text, a table or a list of these. What describes the one file of a post may stand
//! beside it (`audio: a.mp3`, `duration: 12:30`).

use serde_json::Value;

use super::{Keys, flag};

/// A file as it stands in the front matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::catalog) struct Attached {
    pub(in crate::catalog) url: String,
    pub(in crate::catalog) media_type: Option<String>,
    /// Octets; what lies beside the post is measured instead.
    pub(in crate::catalog) length: Option<u64>,
    pub(in crate::catalog) seconds: Option<u32>,
    pub(in crate::catalog) is_explicit: Option<bool>,
}

/// Keys that name files.
const NAMES: [&str; 5] = ["enclosures", "enclosure", "attachments", "audio", "podcast"];

impl Keys<'_> {
    /// The files that belong to the post.
    pub(super) fn files(&self) -> Vec<Attached> {
        let mut files = Vec::new();
        for name in NAMES {
            let found = self.table.get(&[name]);
            files.extend(found.map(|(_, value)| listed(value)).unwrap_or_default());
        }
        if let [file] = files.as_mut_slice() {
            let beside = |names: &[&str]| self.table.get(names).map(|(_, value)| value);
            file.length = file.length.or(beside(&["length", "filesize"]).and_then(number));
            file.seconds = file.seconds.or(beside(&["duration"]).and_then(seconds));
            file.is_explicit = file.is_explicit.or(beside(&["explicit"]).and_then(yes_or_no));
        }
        files
    }
}

fn listed(value: &Value) -> Vec<Attached> {
    match value {
        Value::Array(values) => values.iter().flat_map(listed).collect(),
        Value::String(url) if flag(url).is_none() => {
            vec![Attached { url: url.trim().to_owned(), ..Attached::default() }]
        }
        Value::Object(table) => {
            let of = |names: &[&str]| names.iter().find_map(|name| table.get(*name));
            let Some(url) = of(&["url", "src", "file", "path", "href"]).and_then(Value::as_str)
            else {
                return Vec::new();
            };
            let media_type = of(&["type", "mime", "mime_type", "media_type"]);
            vec![Attached {
                url: url.trim().to_owned(),
                media_type: media_type.and_then(Value::as_str).map(str::to_owned),
                length: of(&["length", "size", "bytes", "size_in_bytes"]).and_then(number),
                seconds: of(&["duration", "duration_in_seconds"]).and_then(seconds),
                is_explicit: of(&["explicit"]).and_then(yes_or_no),
            }]
        }
        _ => Vec::new(),
    }
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().replace(['_', ','], "").parse().ok())
}

fn yes_or_no(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| flag(value.as_str()?))
}

/// `3723`, `62:03` or `1:02:03` as seconds.
fn seconds(value: &Value) -> Option<u32> {
    if let Some(number) = value.as_u64() {
        return number.try_into().ok();
    }
    let parts = value.as_str()?.trim().split(':');
    parts
        .map(|part| part.trim().parse::<u32>().ok())
        .try_fold(0_u32, |sum, part| sum.checked_mul(60)?.checked_add(part?))
}

/// The media type of a file by its name.
pub(in crate::catalog) fn media_type(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
        "mp3" => "audio/mpeg",
        "m4a" => "audio/x-m4a",
        "aac" => "audio/aac",
        "ogg" | "oga" | "opus" => "audio/ogg",
        "flac" => "audio/flac",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        "m4v" => "video/x-m4v",
        "mov" => "video/quicktime",
        "webm" => "video/webm",
        "pdf" => "application/pdf",
        "epub" => "application/epub+zip",
        "zip" => "application/zip",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "svg" => "image/svg+xml",
        _ => return None,
    })
}
