//! Shaping: what a reader's program cannot show becomes something that it can.
//!
//! A frame or embedded player becomes a link to what it showed, a checkbox a character, a lazy
//! picture an ordinary one, `bdo` a span (the W3C validator warns for it); every picture has an
//! `alt`. What is going to be left out altogether is named. The sanitiser comes after this and
//! trusts none of it.
//!
//! lol_html hands out attributes as they stand in the source, references and all, so a value
//! goes back as it came, its quotes aside.

use std::{cell::RefCell, collections::BTreeSet};

use lol_html::{
    HandlerResult, RewriteStrSettings, element,
    html_content::{ContentType, Element},
    rewrite_str,
};

/// The shaped HTML, and the names of elements that have no place in feeds and letters.
pub(super) fn shape(html: &str) -> (String, BTreeSet<&'static str>) {
    let left_out = RefCell::new(BTreeSet::new());
    let settings = RewriteStrSettings::new()
        .with_strict(false)
        .append_element_content_handler(element!("iframe, embed, object", |frame| {
            if !replace_frame(frame) {
                left_out.borrow_mut().insert("iframe");
            }
            Ok(())
        }))
        .append_element_content_handler(element!("input[type=checkbox]", |input| {
            let is_checked = input.has_attribute("checked");
            input.replace(if is_checked { "☑" } else { "☐" }, ContentType::Text);
            Ok(())
        }))
        .append_element_content_handler(element!("a[data-heading-content]", |anchor| {
            anchor.remove();
            Ok(())
        }))
        .append_element_content_handler(element!(
            "bdo",
            |element| Ok(element.set_tag_name("span")?)
        ))
        .append_element_content_handler(element!("img", picture))
        .append_element_content_handler(element!("math", |formula| told(formula, "alttext")))
        .append_element_content_handler(element!("svg", |drawing| told(drawing, "aria-label")))
        .append_element_content_handler(element!(
            "script, style, form, svg, math, canvas",
            |gone| {
                let names = ["script", "style", "form", "svg", "math", "canvas"];
                left_out.borrow_mut().extend(names.iter().find(|name| gone.tag_name() == **name));
                Ok(())
            }
        ));
    // What cannot be shaped is left to the sanitiser, which drops frames and forms.
    let shaped = rewrite_str(html, settings).unwrap_or_else(|_| html.to_owned());
    (shaped, left_out.into_inner())
}

/// Leaves the words that a formula or drawing has for those who cannot see it.
fn told(drawn: &mut Element<'_, '_>, attribute: &str) -> HandlerResult {
    if let Some(words) = drawn.get_attribute(attribute).filter(|words| !words.trim().is_empty()) {
        drawn.before(&format!("<span>[{}]</span>", words.replace('<', "&lt;")), ContentType::Html);
    }
    Ok(())
}

/// Gives a picture the address it loads late and an `alt`; one without any address goes.
fn picture(image: &mut Element<'_, '_>) -> HandlerResult {
    if let (None, Some(late)) = (image.get_attribute("src"), image.get_attribute("data-src")) {
        image.set_attribute("src", &late)?;
    }
    let shows = |name| image.get_attribute(name).is_some_and(|value| !value.trim().is_empty());
    if !shows("src") && !shows("srcset") {
        image.remove();
    } else if !image.has_attribute("alt") {
        image.set_attribute("alt", "")?;
    }
    Ok(())
}

/// Puts a link where a frame was. `false` when the frame tells no address.
fn replace_frame(frame: &mut Element<'_, '_>) -> bool {
    let names = ["src", "data", "data-src"];
    let source = names.iter().find_map(|name| frame.get_attribute(name));
    let source = source.unwrap_or_default().replace('"', "&quot;");
    if source.trim().is_empty() {
        frame.remove();
        return false;
    }
    let shown = shown(source.trim());
    let label = frame.get_attribute("title").or_else(|| frame.get_attribute("aria-label"));
    let label = label.map(|label| label.replace('<', "&lt;")).filter(|l| !l.trim().is_empty());
    let label = label.unwrap_or_else(|| label_of(&shown));
    frame.replace(&format!("<a href=\"{shown}\">{label}</a>"), ContentType::Html);
    true
}

/// The page of a film rather than its bare player.
fn shown(source: &str) -> String {
    let bare = source.trim_start_matches("https:").trim_start_matches("http:");
    let bare = bare.trim_start_matches("//").trim_start_matches("www.");
    let id = |rest: &str| {
        let end = rest.find(['?', '&', '/', '#']).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default().to_owned()
    };
    let youtube = ["youtube.com/embed/", "youtube-nocookie.com/embed/"];
    if let Some(rest) = youtube.iter().find_map(|start| bare.strip_prefix(start)) {
        return format!("https://www.youtube.com/watch?v={}", id(rest));
    }
    match bare.strip_prefix("player.vimeo.com/video/") {
        Some(rest) => format!("https://vimeo.com/{}", id(rest)),
        None => source.to_owned(),
    }
}

fn label_of(address: &str) -> String {
    let host = address.split("//").nth(1).and_then(|rest| rest.split(['/', '?', '#']).next());
    match host.map(|host| host.trim_start_matches("www.")) {
        Some("youtube.com") => "Watch on YouTube".to_owned(),
        Some("vimeo.com") => "Watch on Vimeo".to_owned(),
        Some(host) if !host.is_empty() => format!("Open on {}", host.replace('<', "&lt;")),
        _ => "Open this page".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_becomes_a_link_to_what_it_showed() {
        for (html, expected) in [
            (
                "<iframe src=\"https://www.youtube.com/embed/abc?x=1\"></iframe>",
                "<a href=\"https://www.youtube.com/watch?v=abc\">Watch on YouTube</a>",
            ),
            (
                "<iframe src=\"//player.vimeo.com/video/9\" title=\"A &amp; B\"></iframe>",
                "<a href=\"https://vimeo.com/9\">A &amp; B</a>",
            ),
            (
                "<iframe src='https://maps.example/?a=1&amp;b=\"2\"'>old</iframe>",
                "<a href=\"https://maps.example/?a=1&amp;b=&quot;2&quot;\">Open on maps.example</a>",
            ),
            ("<embed src=\"film.swf\">", "<a href=\"film.swf\">Open this page</a>"),
        ] {
            assert_eq!(shape(html).0, expected);
        }
        let (html, left_out) = shape("<p><iframe srcdoc=\"x\"></iframe></p>");
        assert_eq!(html, "<p></p>");
        assert!(left_out.contains("iframe"));
    }

    #[test]
    fn boxes_pictures_and_directions_are_made_showable() {
        for (html, expected) in [
            ("<input type=\"checkbox\" checked=\"\" disabled=\"\" /> a", "☑ a"),
            ("<input type=\"checkbox\"> a", "☐ a"),
            ("<img data-src=\"x.png\">", "<img data-src=\"x.png\" src=\"x.png\" alt=\"\">"),
            ("<img src=\"\" alt=\"lost\">", ""),
            ("<bdo dir=\"rtl\">a</bdo>", "<span dir=\"rtl\">a</span>"),
        ] {
            assert_eq!(shape(html).0, expected);
        }
    }

    #[test]
    fn drawings_and_formulas_leave_their_words() {
        for (html, expected) in [
            ("<svg aria-label=\"A &amp; B\"><path/></svg>", "<span>[A &amp; B]</span>"),
            ("<math alttext=\"x^2\"><mi>x</mi></math>", "<span>[x^2]</span>"),
        ] {
            let (shaped, left_out) = shape(html);
            assert!(shaped.starts_with(expected), "{shaped}");
            assert_eq!(left_out.len(), 1);
        }
    }

    #[test]
    fn what_is_going_to_be_left_out_is_named() {
        let (_, left_out) = shape("<script>x</script><svg></svg><form></form><p>a</p>");
        assert_eq!(left_out.into_iter().collect::<Vec<_>>(), ["form", "script", "svg"]);
    }
}
