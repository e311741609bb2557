//! The fields of a submitted form, as `application/x-www-form-urlencoded` (WHATWG URL section 5)
//! or as `multipart/form-data` (RFC 7578); RFC 8058 section 3.2 allows senders both.
//!
//! Bodies are small and hold short ASCII fields: what is no UTF-8 is replaced, files are read as
//! text, and a part or a pair that makes no sense is passed over. Nothing fails.

use url::form_urlencoded;

/// The fields of a body of that Content-Type; without a known one it is read as urlencoded.
pub(super) fn fields(content_type: &str, body: &[u8]) -> Vec<(String, String)> {
    let (kind, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return form_urlencoded::parse(body.trim_ascii()).into_owned().collect();
    }
    let Some(boundary) = parameter(parameters, "boundary") else { return Vec::new() };
    let text = String::from_utf8_lossy(body);
    let delimiter = format!("--{boundary}");
    text.split(delimiter.as_str()).skip(1).filter_map(part).collect()
}

/// Name and value of a part.
fn part(part: &str) -> Option<(String, String)> {
    let part = part.strip_prefix("\r\n").or_else(|| part.strip_prefix('\n'))?;
    let (head, value) = part.split_once("\r\n\r\n").or_else(|| part.split_once("\n\n"))?;
    let name = head.lines().find_map(|line| {
        let (field, value) = line.split_once(':')?;
        let (_, parameters) = value.split_once(';')?;
        let is_it = field.trim().eq_ignore_ascii_case("content-disposition");
        is_it.then(|| parameter(parameters, "name")).flatten()
    })?;
    let value = value.strip_suffix('\n').unwrap_or(value);
    Some((name, value.strip_suffix('\r').unwrap_or(value).to_owned()))
}

/// The value of a parameter of a header field, without its quotes.
fn parameter(parameters: &str, name: &str) -> Option<String> {
    let pairs = parameters.split(';').filter_map(|pair| pair.split_once('='));
    let value = pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, v)| v);
    let value = value.map(|value| value.trim().trim_matches('"')).find(|value| !value.is_empty());
    value.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_from_both_kinds_of_form() {
        let multipart = "--x1\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\
                         \r\nOne-Click\r\n--x1\r\ncontent-disposition:form-data;name=a\r\n\
                         Content-Type: text/plain\r\n\r\nb\r\n--x1--\r\n";
        let both = [("List-Unsubscribe", "One-Click"), ("a", "b")];
        for (kind, body) in [
            ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click&a=b"),
            (
                "application/x-www-form-urlencoded; charset=utf-8",
                "List%2DUnsubscribe=One-Click&a=b",
            ),
            ("", "List-Unsubscribe=One-Click&a=b\r\n"),
            ("multipart/form-data; boundary=x1", multipart),
            ("Multipart/Form-Data; charset=utf-8; Boundary=\"x1\"", multipart),
            ("multipart/form-data; boundary=x1", &multipart.replace('\r', "")),
        ] {
            let read = fields(kind, body.as_bytes());
            let read: Vec<_> = read.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            assert_eq!(read, both, "{kind} {body}");
        }
    }

    #[test]
    fn nonsense_has_no_fields() {
        for (kind, body) in [
            ("multipart/form-data", "--x\r\n\r\n"),
            ("multipart/form-data; boundary=", "----"),
            ("multipart/form-data; boundary=x", "--x"),
            ("multipart/form-data; boundary=x", "--x\r\nno head\r\n--x--"),
            ("", ""),
        ] {
            assert!(fields(kind, body.as_bytes()).is_empty(), "{kind} {body}");
        }
        assert_eq!(fields("", b"\xff=\xfe").len(), 1);
    }
}
