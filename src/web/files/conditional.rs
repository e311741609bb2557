//! Conditions: whether a reader has the file already.
//!
//! A tag is a hash of the file's octets and the coding it travels in, so that it is the same after
//! a restart or a build that changed nothing, on every machine. `If-None-Match` goes first; where
//! it is not sent, `If-Modified-Since` counts if it is *not earlier* than the last change: readers
//! send times that we never named.
//!
//! Standard: RFC 9110 sections 8.8, 13.1 and 13.2.2.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, header};

use super::coding::Coding;

/// What a file is known by.
pub(super) struct Validators<'a> {
    pub(super) hash: &'a str,
    pub(super) modified: SystemTime,
}

/// The strong tag of a file in a coding.
pub(super) fn tag(hash: &str, coding: Coding) -> String {
    match coding.name() {
        None => format!("\"{hash}\""),
        Some(name) => format!("\"{hash}-{name}\""),
    }
}

impl Validators<'_> {
    /// The tag of what the reader has, if that is still the file.
    pub(super) fn known(&self, headers: &HeaderMap, coding: Coding) -> Option<String> {
        let mut tags = headers.get_all(header::IF_NONE_MATCH).iter().peekable();
        if tags.peek().is_some() {
            let all: Vec<&str> = tags.filter_map(|tags| tags.to_str().ok()).collect();
            return self.named(&all.join(","), coding);
        }
        let since = headers.get(header::IF_MODIFIED_SINCE)?.to_str().ok()?;
        let since = httpdate::parse_http_date(since.trim()).ok()?;
        (whole_second(self.modified) <= since).then(|| tag(self.hash, coding))
    }

    /// The first of the file's tags in the list; `*` means any. Tags are compared weakly, and one
    /// of another coding names the same file.
    fn named(&self, list: &str, coding: Coding) -> Option<String> {
        if list.trim() == "*" {
            return Some(tag(self.hash, coding));
        }
        let own = [coding, Coding::Identity, Coding::Gzip, Coding::Brotli];
        let own = own.map(|coding| tag(self.hash, coding));
        let members = || list.split(',').map(|one| one.trim().trim_start_matches("W/"));
        own.into_iter().find(|own| members().any(|member| member == own))
    }
}

/// HTTP knows whole seconds only.
fn whole_second(at: SystemTime) -> SystemTime {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    UNIX_EPOCH + Duration::from_secs(since.as_secs())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn known(name: header::HeaderName, value: &str) -> Option<String> {
        let modified = UNIX_EPOCH + Duration::from_millis(1_700_000_000_500);
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        Validators { hash: "ab", modified }.known(&headers, Coding::Gzip)
    }

    #[test]
    fn a_tag_is_known_weakly_in_a_list_and_in_any_coding() {
        for (sent, expected) in [
            ("\"ab-gzip\"", Some("\"ab-gzip\"")),
            ("W/\"ab-gzip\"", Some("\"ab-gzip\"")),
            ("\"x\", W/\"ab\" ,\"y\"", Some("\"ab\"")),
            ("\"ab-br\"", Some("\"ab-br\"")),
            ("*", Some("\"ab-gzip\"")),
            ("\"x\"", None),
            ("ab", None),
            ("", None),
        ] {
            assert_eq!(known(header::IF_NONE_MATCH, sent).as_deref(), expected, "{sent}");
        }
    }

    #[test]
    fn a_time_counts_unless_it_is_earlier_than_the_change() {
        for (sent, expected) in [
            ("Tue, 14 Nov 2023 22:13:20 GMT", true),
            ("Wed, 15 Nov 2023 00:00:00 GMT", true),
            ("Tue, 14 Nov 2023 22:13:19 GMT", false),
            ("Tuesday, 14-Nov-23 22:13:20 GMT", true),
            ("soon", false),
        ] {
            assert_eq!(known(header::IF_MODIFIED_SINCE, sent).is_some(), expected, "{sent}");
        }
    }
}
