//! The last pass over a serialised feed, for what the serialising crates cannot say.
//!
//! It writes the declaration with its encoding, gives the events of the document to an edit, and
//! ends the file with a line end. Everything the edit leaves alone keeps its bytes, and whatever
//! comes out has been read as XML once.
//!
//! It fails where the serialised text is not well-formed.
//!
//! Standard: XML 1.0; the RSS Best Practices Profile for references in plain text.

use quick_xml::{
    Reader, Writer,
    events::{BytesRef, Event},
};

/// The encoding stands first, where a reader that guesses looks (RFC 7303 section 3.2).
const DECLARATION: &[u8] = b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";

/// The document `xml` with each event as `edit` returns it.
pub(super) fn rewrite(
    xml: &[u8],
    mut edit: impl FnMut(Event<'_>) -> Event<'_>,
) -> Result<Vec<u8>, quick_xml::Error> {
    let mut reader = Reader::from_reader(xml);
    let mut out = Vec::with_capacity(xml.len() + xml.len() / 16);
    out.extend_from_slice(DECLARATION);
    let mut writer = Writer::new(out);
    let mut begun = false;
    loop {
        let event = reader.read_event()?;
        begun |= matches!(event, Event::Start(_));
        match event {
            Event::Eof => break,
            _ if !begun => {}
            event => writer.write_event(edit(event))?,
        }
    }
    let mut out = writer.into_inner();
    out.push(b'\n');
    Ok(out)
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

    #[test]
    fn plain_text_alone_gets_hexadecimal_references() {
        let xml = b"<?xml version=\"1.0\"?>\n<r><title>a &lt;b&gt; &amp;amp; c</title>\
                    <link>&amp;</link><description><![CDATA[<x>&amp;]]></description></r>";
        let out = rewrite(xml, hexadecimal_references()).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<r><title>a &#x3C;b&gt; &#x26;amp; c\
             </title><link>&amp;</link><description><![CDATA[<x>&amp;]]></description></r>\n"
        );
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        assert!(rewrite(b"<r><a></r>", hexadecimal_references()).is_err());
    }
}
