//! The list of all feeds as OPML, which feed readers import at once.
//!
//! Each feed is an outline that holds one for each of its formats. Nothing here changes but with
//! the feeds themselves and the newest post.
//!
//! Standard: OPML 2.0 (subscription lists).

use quick_xml::{
    Writer,
    events::{BytesEnd, BytesStart, BytesText, Event},
};

use super::{Error, Feed, Format, Set, entry};

/// The whole list.
pub(super) fn write(set: &Set<'_>) -> Result<Vec<u8>, Error> {
    let mut out = Writer::new_with_indent(Vec::new(), b' ', 2);
    let title = entry::line(set.site().title);
    let mut root = BytesStart::new("opml");
    root.push_attribute(("version", "2.0"));
    put(&mut out, Event::Start(root))?;
    put(&mut out, Event::Start(BytesStart::new("head")))?;
    element(&mut out, "title", &title)?;
    if let Some(updated) = set.updated() {
        element(&mut out, "dateModified", &updated.rfc5322())?;
    }
    put(&mut out, Event::End(BytesEnd::new("head")))?;
    put(&mut out, Event::Start(BytesStart::new("body")))?;
    for feed in set.feeds() {
        outlines(&mut out, set, feed)?;
    }
    put(&mut out, Event::End(BytesEnd::new("body")))?;
    put(&mut out, Event::End(BytesEnd::new("opml")))?;
    let text = b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";
    Ok([text, &out.into_inner()[..], b"\n"].concat())
}

fn outlines(out: &mut Writer<Vec<u8>>, set: &Set<'_>, feed: &Feed) -> Result<(), Error> {
    let mut group = BytesStart::new("outline");
    group.push_attribute(("text", feed.title.as_str()));
    put(out, Event::Start(group))?;
    for format in Format::ALL {
        let title = format!("{} ({})", feed.title, format.name());
        let address = set.address(feed, format);
        let page = set.page(feed);
        let mut one = BytesStart::new("outline");
        // "rss" is what OPML calls a subscription in any format.
        one.push_attribute(("type", "rss"));
        one.push_attribute(("text", title.as_str()));
        one.push_attribute(("title", title.as_str()));
        one.push_attribute(("xmlUrl", address.as_str()));
        one.push_attribute(("htmlUrl", page.as_str()));
        put(out, Event::Empty(one))?;
    }
    put(out, Event::End(BytesEnd::new("outline")))
}

fn element(out: &mut Writer<Vec<u8>>, name: &str, text: &str) -> Result<(), Error> {
    put(out, Event::Start(BytesStart::new(name)))?;
    put(out, Event::Text(BytesText::new(text)))?;
    put(out, Event::End(BytesEnd::new(name)))
}

fn put(out: &mut Writer<Vec<u8>>, event: Event<'_>) -> Result<(), Error> {
    Ok(out.write_event(event).map_err(quick_xml::Error::from)?)
}
