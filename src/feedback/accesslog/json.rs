//! Lines in JSON: nginx's with `escape=json`, under the names people give its variables, and
//! Caddy's, whose request is an object of its own.
//!
//! It walks over the members and looks at those it knows; strings stay as they stand, escapes
//! included. It is no validator: what is wrong in members that nobody asked for is not seen.

use memchr::{memchr2, memchr3};

use super::{
    clock::Times,
    line::{Line, status},
};

/// Reads a line that begins with a brace. `None`: it says not what was asked for, from where, when
/// and how it was answered.
pub(super) fn read<'a>(octets: &'a [u8], times: &mut Times) -> Option<Line<'a>> {
    let mut line = Line::default();
    let mut time = None;
    let mut rest = octets.strip_prefix(b"{")?;
    while let Some(member) = Member::next(&mut rest)? {
        match member.name {
            b"request" if member.value.first() == Some(&b'{') => request(&mut line, member.value)?,
            b"request" => line = line.asked(member.text()),
            name if is_time(name) && time.is_none() => time = Some(times.read(member.text())?),
            name => field(&mut line, name, member.text()),
        }
    }
    line.time = time?;
    (line.status > 0 && !line.address.is_empty() && !line.target.is_empty()).then_some(line)
}

fn is_time(name: &[u8]) -> bool {
    matches!(
        name,
        b"ts" | b"msec" | b"time" | b"time_iso8601" | b"time_local" | b"timestamp" | b"@timestamp"
    )
}

fn field<'a>(line: &mut Line<'a>, name: &[u8], text: &'a [u8]) {
    match name {
        b"status" => line.status = status(text).unwrap_or(0),
        b"client_ip" => line.address = text,
        b"remote_addr" | b"remote_ip" | b"remote_address" | b"client"
            if line.address.is_empty() =>
        {
            line.address = text;
        }
        b"method" | b"request_method" => line.method = text,
        b"request_uri" => line.target = text,
        b"uri" | b"path" if line.target.is_empty() => line.target = text,
        b"http_user_agent" | b"user_agent" | b"agent" | b"userAgent" if text != b"-" => {
            line.agent = text;
        }
        _ => {}
    }
}

/// Caddy's request: addresses, method, what was asked for, and the program among the headers.
fn request<'a>(line: &mut Line<'a>, object: &'a [u8]) -> Option<()> {
    let mut rest = object.strip_prefix(b"{")?;
    while let Some(member) = Member::next(&mut rest)? {
        if member.name != b"headers" {
            field(line, member.name, member.text());
            continue;
        }
        let Some(mut headers) = member.value.strip_prefix(b"{") else { continue };
        while let Some(header) = Member::next(&mut headers)? {
            if header.name.eq_ignore_ascii_case(b"user-agent") {
                let first = header.value.strip_prefix(b"[").unwrap_or(header.value).trim_ascii();
                line.agent = string(first).map(|(text, _)| text).unwrap_or_default();
            }
        }
    }
    Some(())
}

/// A name and its value as it stands.
struct Member<'a> {
    name: &'a [u8],
    value: &'a [u8],
}

impl<'a> Member<'a> {
    /// The next member of the object that `rest` is inside of; `Some(None)` at its end, `None`
    /// where the line is cut off or no JSON.
    fn next(rest: &mut &'a [u8]) -> Option<Option<Self>> {
        let inside = rest.trim_ascii_start();
        let inside = inside.strip_prefix(b",").unwrap_or(inside).trim_ascii_start();
        if inside.first()? == &b'}' {
            *rest = inside;
            return Some(None);
        }
        let (name, after) = string(inside)?;
        let after = after.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        let (value, after) = value(after)?;
        *rest = after;
        Some(Some(Self { name, value }))
    }

    /// The text of a string, or what stands there.
    fn text(&self) -> &'a [u8] {
        self.value
            .strip_prefix(b"\"")
            .and_then(|text| text.strip_suffix(b"\""))
            .unwrap_or(self.value)
    }
}

/// A value and what comes after it.
fn value(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = match octets.first()? {
        b'"' => string(octets)?.0.len() + 2,
        open @ (b'{' | b'[') => nested(octets, *open)?,
        _ => octets.iter().position(|c| matches!(c, b',' | b'}' | b']' | b' '))?,
    };
    octets.split_at_checked(length)
}

/// A string without its quotes, and what comes after.
fn string(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = octets.strip_prefix(b"\"")?;
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', inner.get(at..)?)?;
        if inner.get(at)? == &b'"' {
            return Some((inner.get(..at)?, inner.get(at + 1..)?));
        }
        at += 2;
    }
}

/// How long an object or a list is. Brackets of the other kind always come in pairs within.
fn nested(octets: &[u8], open: u8) -> Option<usize> {
    let close = open + 2;
    let (mut depth, mut at) = (0_u32, 0);
    loop {
        at += memchr3(b'"', open, close, octets.get(at..)?)?;
        match octets.get(at)? {
            b'"' => at += string(octets.get(at..)?)?.0.len() + 2,
            bracket => {
                depth = if *bracket == open { depth + 1 } else { depth.checked_sub(1)? };
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
    }
}
