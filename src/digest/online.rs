//! Online: a frozen letter as a page that anybody may read.
//!
//! It is the very letter that was sent, without what is a reader's own: greeting, reason, and the
//! ways out of the subscription, which templates mark with the class `own`. What marks nothing
//! leads to the archive instead of anybody's subscription. The page names its address and the
//! feed of its newsletter.

use lol_html::{
    RewriteStrSettings, element,
    html_content::{ContentType, Element},
    rewrite_str,
};

use super::{
    quoted,
    render::{Letter, Piece, Slot},
    tree::escaped,
};

/// Where a page stands.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its own address.
    pub url: String,
    /// The address of the newsletter's archive, which ends with a slash.
    pub archive: String,
}

/// The page of `letter`.
pub fn page(letter: &Letter, place: &Place) -> String {
    let pieces = letter.html.iter().map(|piece| match piece {
        Piece::Fixed(encoded) => quoted::decode(encoded),
        Piece::Slot(Slot::Greeting) => escaped(&letter.greeting.nameless),
        Piece::Slot(Slot::Unsubscribe | Slot::Preferences) => escaped(&place.archive),
    });
    let html: String = pieces.collect();
    let [url, feed] = [&place.url, &format!("{}feed.xml", place.archive)].map(|to| escaped(to));
    let links = format!(
        "<link rel=\"canonical\" href=\"{url}\">\n<link rel=\"alternate\" \
         type=\"application/atom+xml\" href=\"{feed}\">\n"
    );
    let gone = |own: &mut Element<'_, '_>| {
        own.remove();
        Ok(())
    };
    let settings = RewriteStrSettings::new()
        .append_element_content_handler(element!(".own", gone))
        .append_element_content_handler(element!("head", move |head: &mut Element<'_, '_>| {
            head.append(&links, ContentType::Html);
            Ok(())
        }));
    rewrite_str(&html, settings).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_nothing_of_any_reader() {
        let fixed = |text: &str| Piece::Fixed(quoted::encode(text));
        let letter = Letter {
            html: vec![
                fixed("<html><head><title>é</title></head><body><p class=\"ink own\">"),
                Piece::Slot(Slot::Greeting),
                fixed("</p><p>Text = text.</p><a href=\""),
                Piece::Slot(Slot::Unsubscribe),
                fixed("\">x</a></body></html>"),
            ],
            ..Letter::default()
        };
        let place = Place {
            url: "https://a.example/letters/n/x/".into(),
            archive: "https://a.example/letters/n/".into(),
        };
        assert_eq!(
            page(&letter, &place),
            "<html><head><title>é</title><link rel=\"canonical\" \
             href=\"https://a.example/letters/n/x/\">\n<link rel=\"alternate\" \
             type=\"application/atom+xml\" href=\"https://a.example/letters/n/feed.xml\">\n\
             </head><body><p>Text = text.</p><a href=\"https://a.example/letters/n/\">x</a>\
             </body></html>"
        );
    }
}
