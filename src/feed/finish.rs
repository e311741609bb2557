//! The last pass over what a serialising crate wrote, for what the crates cannot say.
//!
//! The crates write whole documents. A head is one without entries, cut off before its end, so
//! that extensions of the feed stand before the entries, where the grammar of RFC 4287 wants
//! them; an entry is cut out of a document that has no other. On the way each event passes an
//! edit; everything that the edit leaves alone keeps its bytes, and whatever comes out has been
//! read as XML once.
//!
//! It fails where the serialised text is not well-formed.
//!
//! Standards: XML 1.0; Associating Style Sheets with XML documents; the RSS Best Practices
//! Profile for references in plain text.

use quick_xml::{
    Reader, Writer,
    events::{BytesRef, Event},
};

use super::{Error, entry};

/// What stands before a document's root: the encoding first, where a reader that guesses looks
/// (RFC 7303 section 3.2), then the style sheet by which browsers show the document.
pub(super) fn prolog(style: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <?xml-stylesheet type=\"text/css\" href=\"{style}\"?>\n"
    )
}

/// The document `xml` from its root on, without its last tags from `end` on.
pub(super) fn head(
    xml: &[u8],
    end: &'static str,
    edit: impl FnMut(Event<'_>) -> Event<'_>,
) -> Result<String, Error> {
    let mut text = rewritten(xml, edit)?;
    let end = text.rfind(end).ok_or(Error::Shape(end))?;
    text.truncate(end);
    text.truncate(text.trim_end().len());
    text.push('\n');
    Ok(without_gaps(text))
}

/// The crates write an element that holds nothing as one that holds a line end; RFC 5005 wants its
/// marks empty (sections 2 and 4).
fn without_gaps(text: String) -> String {
    let Some((before, rest)) = text.split_once("<fh:") else { return text };
    let Some((name, rest)) = rest.split_once('>') else { return text };
    match rest.trim_start().strip_prefix(&format!("</fh:{name}>")) {
        Some(after) => format!("{before}<fh:{name}/>{after}"),
        None => text,
    }
}

/// The first element `name` of the document `xml`, with the white space before it on its line.
pub(super) fn element(
    xml: &[u8],
    (start, end): (&'static str, &'static str),
    edit: impl FnMut(Event<'_>) -> Event<'_>,
) -> Result<String, Error> {
    let text = rewritten(xml, edit)?;
    let first = text.find(start).ok_or(Error::Shape(start))?;
    let line = text.get(..first).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let last = text.rfind(end).ok_or(Error::Shape(end))? + end.len();
    Ok(format!("{}\n", text.get(line..last).ok_or(Error::Shape(end))?))
}

/// The entry `text` with its body, escaped, where [`entry::BODY`] stands for it.
pub(super) fn filled(text: String, body: Option<&str>) -> String {
    match body.zip(text.split_once(entry::BODY)) {
        Some((body, (before, after))) => [before, body, after].concat(),
        None => text,
    }
}

/// The document `xml` from its root on with each event as `edit` returns it.
fn rewritten(xml: &[u8], mut edit: impl FnMut(Event<'_>) -> Event<'_>) -> Result<String, Error> {
    let mut reader = Reader::from_reader(xml);
    let mut writer = Writer::new(Vec::with_capacity(xml.len() + xml.len() / 16));
    let mut begun = false;
    loop {
        let event = reader.read_event()?;
        begun |= matches!(event, Event::Start(_));
        match event {
            Event::Eof => break,
            _ if !begun => {}
            event => writer.write_event(edit(event)).map_err(quick_xml::Error::from)?,
        }
    }
    String::from_utf8(writer.into_inner()).map_err(|_| Error::Shape("UTF-8"))
}

/// Elements of RSS that hold plain text, which some readers take for HTML.
const PLAIN: [&[u8]; 5] =
    [b"title", b"description", b"category", b"dc:creator", b"media:description"];

/// An edit for RSS: `&` and `<` in plain text as hexadecimal references. The Profile recommends
/// them since readers disagree whether a title is text or HTML, and these are right for both.
/// Text in CDATA is HTML and stays as it is.
pub(super) fn hexadecimal_references() -> impl FnMut(Event<'_>) -> Event<'_> {
    let mut is_plain = false;
    move |event| {
        match &event {
            Event::Start(element) => is_plain = PLAIN.contains(&element.name().as_ref()),
            Event::End(_) => is_plain = false,
            Event::GeneralRef(reference) if is_plain => match &reference[..] {
                b"amp" => return Event::GeneralRef(BytesRef::new("#x26")),
                b"lt" => return Event::GeneralRef(BytesRef::new("#x3C")),
                _ => {}
            },
            _ => {}
        }
        event
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &[u8] =
        b"<?xml version=\"1.0\"?>\n<r>\n  <title>a &lt;b&gt; &amp;amp; c</title>\n  \
        <e><link>&amp;</link><description><![CDATA[<x>&amp;</e>]]></description></e>\n</r>";

    #[test]
    fn plain_text_alone_gets_hexadecimal_references() {
        let head = head(XML, "  <e>", hexadecimal_references()).unwrap();
        assert_eq!(head, "<r>\n  <title>a &#x3C;b&gt; &#x26;amp; c</title>\n");
        let element = element(XML, ("<e>", "</e>"), hexadecimal_references()).unwrap();
        assert_eq!(
            element,
            "  <e><link>&amp;</link><description><![CDATA[<x>&amp;</e>]]></description></e>\n"
        );
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        assert!(head(b"<r><a></r>", "</r>", hexadecimal_references()).is_err());
        assert!(matches!(head(b"<r></r>", "</x>", |event| event), Err(Error::Shape("</x>"))));
    }
}
