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
    let (mut time, mut is_caddy) = (None, false);
    let mut rest = octets.strip_prefix(b"{")?;
    while let Some(name) = name(&mut rest)? {
        match name {
            b"request" if rest.first() == Some(&b'{') => {
                request(&mut line, &mut rest)?;
                is_caddy = true;
            }
            b"request" => line = line.asked(text(value(&mut rest)?)),
            name if is_time(name) && time.is_none() => {
                time = Some(times.read(text(value(&mut rest)?))?);
            }
            name => field(&mut line, name, text(value(&mut rest)?)),
        }
        // What Caddy writes behind that is about its answer.
        if is_caddy && line.status > 0 && time.is_some() {
            break;
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

/// Caddy's request, which `rest` begins with: addresses, method, what was asked for, and the
/// program among the headers.
fn request<'a>(line: &mut Line<'a>, rest: &mut &'a [u8]) -> Option<()> {
    *rest = rest.strip_prefix(b"{")?;
    while let Some(key) = name(rest)? {
        if key != b"headers" || rest.first() != Some(&b'{') {
            field(line, key, text(value(rest)?));
            continue;
        }
        *rest = rest.strip_prefix(b"{")?;
        while let Some(header) = name(rest)? {
            let list = value(rest)?;
            if header.eq_ignore_ascii_case(b"user-agent") {
                let first = list.strip_prefix(b"[").unwrap_or(list).trim_ascii();
                line.agent = string(first).map(|(text, _)| text).unwrap_or_default();
            }
        }
    }
    Some(())
}

/// The name of the next member of the object that `rest` is inside of, up to its value;
/// `Some(None)` behind its end, `None` where the line is cut off or no JSON.
fn name<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let inside = rest.trim_ascii_start();
    let inside = inside.strip_prefix(b",").unwrap_or(inside).trim_ascii_start();
    if let Some(after) = inside.strip_prefix(b"}") {
        *rest = after;
        return Some(None);
    }
    let (name, after) = string(inside)?;
    *rest = after.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    Some(Some(name))
}

/// The value that `rest` begins with.
fn value<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = match rest.first()? {
        b'"' => string(rest)?.0.len() + 2,
        open @ (b'{' | b'[') => nested(rest, *open)?,
        _ => rest.iter().position(|c| matches!(c, b',' | b'}' | b']' | b' '))?,
    };
    let (value, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(value)
}

/// The text of a string, or what stands there.
fn text(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(value)
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
