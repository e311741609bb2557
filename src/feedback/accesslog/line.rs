//! One line of an access log: what it says, as slices of it.
//!
//! Three shapes are known, and each line is looked at on its own, so that formats may be mixed:
//! the *combined* format of nginx and Apache (Apache's with the virtual host in front too, either
//! with more fields behind), nginx's JSON under the names that are in use for its variables, and
//! Caddy's JSON. A field that is absent is empty. What has none of these shapes, or no time that
//! can be read, is `None`; nothing here fails, and nothing is copied.
//!
//! Times are [`super::clock`]'s. Escapes stay as they stand: whoever needs the meaning of a target
//! undoes them ([`super::paths`]), an agent is as good with them.

use memchr::{memchr, memchr_iter, memchr2, memrchr};

use super::{clock::Times, json};

/// What a line says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line<'a> {
    /// Seconds since 1970.
    pub time: i64,
    /// Who asked, as text.
    pub address: &'a [u8],
    /// The method, in capitals.
    pub method: &'a [u8],
    /// What was asked for: a path with its query, as it stands in the request.
    pub target: &'a [u8],
    /// How it was answered.
    pub status: u16,
    /// The program that asked.
    pub agent: &'a [u8],
}

impl<'a> Line<'a> {
    /// Reads a line without its end.
    pub fn read(octets: &'a [u8], times: &mut Times) -> Option<Self> {
        match octets.first()? {
            b'{' => json::read(octets, times),
            _ => combined(octets, times),
        }
    }

    /// The same with the parts of a request line (`GET /a HTTP/1.1`).
    pub(super) fn asked(self, request: &'a [u8]) -> Self {
        let (method, rest) = split(request, b' ').unwrap_or((request, &[]));
        let target = split(rest, b' ').map_or(rest, |(target, _)| target);
        Self { method, target, ..self }
    }
}

/// `ADDRESS - USER [TIME] "REQUEST" STATUS SIZE "REFERER" "AGENT"`.
fn combined<'a>(octets: &'a [u8], times: &mut Times) -> Option<Line<'a>> {
    let end = memchr_iter(b']', octets).find(|end| octets.get(end + 1..end + 3) == Some(b" \""))?;
    let (before, rest) = (octets.get(..end)?, octets.get(end + 2..)?);
    let begin = memrchr(b'[', before)?;
    let (who, time) = (before.get(..begin)?, times.read(before.get(begin + 1..)?)?);
    let (request, rest) = quoted(rest)?;
    let status = status(rest.strip_prefix(b" ")?.get(..3)?)?;
    let agent = rest.get(4..).and_then(|rest| {
        let (_referer, rest) = quoted(rest.get(memchr(b'"', rest)?..)?)?;
        let (agent, _) = quoted(rest.get(memchr(b'"', rest)?..)?)?;
        Some(agent)
    });
    let agent = agent.filter(|agent| *agent != b"-").unwrap_or_default();
    Some(Line { time, address: address(who)?, status, agent, ..Line::default() }.asked(request))
}

/// Who asked; in front of it may stand the virtual host (`blog.example:443 192.0.2.7 - -`).
fn address(who: &[u8]) -> Option<&[u8]> {
    let (first, rest) = split(who, b' ')?;
    let second = split(rest, b' ').map_or(rest, |(second, _)| second);
    let is_address =
        second.first().is_some_and(|first| first.is_ascii_hexdigit() || *first == b':')
            && memchr2(b'.', b':', second).is_some()
            && second.iter().all(|octet| octet.is_ascii_hexdigit() || matches!(octet, b'.' | b':'));
    Some(if is_address { second } else { first }).filter(|address| !address.is_empty())
}

/// The text between the quote that `octets` begin with and the next one that no backslash
/// escapes, and what comes after.
fn quoted(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = octets.strip_prefix(b"\"")?;
    let mut from = 0;
    loop {
        let quote = from + memchr(b'"', inner.get(from..)?)?;
        let before = inner.get(..quote)?;
        let escapes = before.iter().rev().take_while(|octet| **octet == b'\\').count();
        if escapes % 2 == 0 {
            return Some((before, inner.get(quote + 1..)?));
        }
        from = quote + 1;
    }
}

/// Three digits.
pub(super) fn status(digits: &[u8]) -> Option<u16> {
    let [hundreds, tens, ones] = *digits else { return None };
    let all = [hundreds, tens, ones];
    let digit = |value: u16, digit: &u8| value * 10 + u16::from(digit - b'0');
    all.iter().all(u8::is_ascii_digit).then(|| all.iter().fold(0, digit))
}

/// What stands before and after the first `at`.
pub(super) fn split(octets: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let place = memchr(at, octets)?;
    Some((octets.get(..place)?, octets.get(place + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<(i64, String, String, String, u16, String)> {
        let mut times = Times::default();
        let line = Line::read(line.as_bytes(), &mut times)?;
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let Line { time, address, method, target, status, agent } = line;
        Some((time, text(address), text(method), text(target), status, text(agent)))
    }

    #[test]
    fn every_format_says_the_same() {
        let wanted = (
            1_795_525_536,
            "203.0.113.9".to_owned(),
            "GET".to_owned(),
            "/a/?x=1".to_owned(),
            200,
            "Mozilla/5.0 (X11)".to_owned(),
        );
        for line in [
            r#"203.0.113.9 - - [24/Nov/2026:14:05:36 +0100] "GET /a/?x=1 HTTP/1.1" 200 123 "-" "Mozilla/5.0 (X11)""#,
            r#"203.0.113.9 - Ann [B] [24/Nov/2026:13:05:36 +0000] "GET /a/?x=1 HTTP/2.0" 200 - "https://x.example/?q=\"y\"" "Mozilla/5.0 (X11)" "10.0.0.1" 0.003"#,
            r#"blog.example:443 203.0.113.9 - - [24/Nov/2026:13:05:36 +0000] "GET /a/?x=1 HTTP/1.1" 200 123 "-" "Mozilla/5.0 (X11)""#,
            r#"{"time_local":"24/Nov/2026:14:05:36 +0100","remote_addr":"203.0.113.9","request":"GET /a/?x=1 HTTP/1.1","status":"200","http_user_agent":"Mozilla/5.0 (X11)"}"#,
            r#"{"msec": 1795525536.250, "remote_addr": "203.0.113.9", "request_method": "GET", "request_uri": "/a/?x=1", "status": 200, "http_user_agent": "Mozilla/5.0 (X11)"}"#,
            r#"{"@timestamp":"2026-11-24T14:05:36+01:00","client_ip":"203.0.113.9","method":"GET","uri":"/a/?x=1","status":200,"user_agent":"Mozilla/5.0 (X11)"}"#,
            r#"{"level":"info","ts":1795525536.87,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.9","remote_port":"4711","client_ip":"203.0.113.9","proto":"HTTP/2.0","method":"GET","host":"blog.example","uri":"/a/?x=1","headers":{"Accept":["text/html","*/*"],"User-Agent":["Mozilla/5.0 (X11)"]},"tls":{"resumed":false}},"bytes_read":0,"user_id":"","duration":0.001,"size":10900,"status":200,"resp_headers":{"Etag":["\"x}\""]}}"#,
            r#"{"ts":"2026-11-24T13:05:36.870Z","request":{"remote_ip":"203.0.113.9","method":"GET","uri":"/a/?x=1","headers":{"User-Agent":["Mozilla/5.0 (X11)"]}},"status":200}"#,
        ] {
            assert_eq!(read(line).as_ref(), Some(&wanted), "{line}");
        }
    }

    #[test]
    fn what_is_absent_is_empty() {
        let common = r#"::1 - - [24/Nov/2026:13:05:36 +0000] "GET / HTTP/1.1" 200 123"#;
        let (_, address, _, target, _, agent) = read(common).unwrap();
        assert_eq!((address.as_str(), target.as_str(), agent.as_str()), ("::1", "/", ""));
        let dash = format!("{common} \"-\" \"-\"");
        assert_eq!(read(&dash).unwrap().5, "");
        let garbage =
            r#"198.51.100.1 - - [24/Nov/2026:13:05:36 +0000] "\x16\x03\x01" 400 0 "-" "-""#;
        assert_eq!(read(garbage).unwrap().4, 400);
    }

    #[test]
    fn what_is_no_line_of_an_access_log_is_none() {
        for line in [
            "",
            "\0\0\0",
            "a",
            "Nov 24 13:05:36 host sshd[1]: nothing",
            r#"203.0.113.9 - - [24/Foo/2026:14:05:36 +0100] "GET / HTTP/1.1" 200 1 "-" "x""#,
            r#"203.0.113.9 - - [24/Nov/2026:14:05:36 +0100] "GET / HTTP/1.1"#,
            r#"203.0.113.9 - - [24/Nov/2026:14:05:36 +0100] "GET / HTTP/1.1" x00 1 "-" "x""#,
            r#" - - [24/Nov/2026:14:05:36 +0100] "GET / HTTP/1.1" 200 1 "-" "x""#,
            "{",
            "{}",
            r#"{"level":"error","ts":1795525536.87,"msg":"no request"}"#,
            r#"{"ts":1795525536.87,"request":{"uri":"/a"#,
            r#"{"ts":"yesterday","request":{"remote_ip":"::1","method":"GET","uri":"/"},"status":200}"#,
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
