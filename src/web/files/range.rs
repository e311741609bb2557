//! Ranges: a part of a file, as players ask for it when they jump within an episode.
//!
//! One range is answered; a request for several, or for what cannot be read, gets the whole
//! file, as the standard allows.
//!
//! Standard: RFC 9110 section 14.

use std::ops::Range;

use axum::http::{HeaderMap, header};

/// The part asked for; `Err` where it lies behind the end. `None`: the whole file.
pub(super) fn asked(headers: &HeaderMap, length: u64, tag: &str) -> Option<Result<Range<u64>, ()>> {
    let range = headers.get(header::RANGE)?.to_str().ok()?;
    // RFC 9110 section 13.1.5: a part of another version is no use.
    let condition = headers.get(header::IF_RANGE).map(|value| value.to_str().unwrap_or_default());
    if condition.is_some_and(|condition| condition != tag) {
        return None;
    }
    let (first, last) = range.trim().strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let part = match (number(first), number(last)) {
        (Some(first), _) if first >= length => return Some(Err(())),
        (Some(first), Some(last)) if last >= first => first..last.saturating_add(1).min(length),
        (Some(first), None) if last.trim().is_empty() => first..length,
        (None, Some(0)) => return Some(Err(())),
        (None, Some(end)) if first.trim().is_empty() => length.saturating_sub(end)..length,
        _ => return None,
    };
    Some(Ok(part))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn one_part_is_answered_and_nonsense_gets_the_whole() {
        for (sent, expected) in [
            ("bytes=0-9", Some(Ok(0..10))),
            ("bytes=90-", Some(Ok(90..100))),
            ("bytes=-10", Some(Ok(90..100))),
            ("bytes=-500", Some(Ok(0..100))),
            ("bytes=50-500", Some(Ok(50..100))),
            ("bytes=100-", Some(Err(()))),
            ("bytes=-0", Some(Err(()))),
            ("bytes=9-3", None),
            ("bytes=0-1,5-6", None),
            ("lines=1-2", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, HeaderValue::from_str(sent).unwrap());
            assert_eq!(asked(&headers, 100, "\"a\""), expected, "{sent}");
            headers.insert(header::IF_RANGE, HeaderValue::from_static("\"b\""));
            assert_eq!(asked(&headers, 100, "\"a\""), None, "of another version: {sent}");
        }
    }
}
