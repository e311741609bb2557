//! Suspicion: a file that would be published as plain text though its author meant front matter.
//!
//! What has no front matter is all body, and a body goes out to every reader. So a text is refused
//! here that opens with something like a fence (`---xml`, `;;;`, `----`, a dash that an editor
//! made longer) and holds keys behind it, that says `draft` in its first lines, or that holds the
//! marks of a merge conflict outside of code. A rule (`---`) with prose behind it is none of them.

use super::Fault;

/// How the first line of a front matter begins, in this dialect or another's.
const FENCES: [&str; 6] = ["---", "+++", ";;;", "—", "–", "{"];

/// Why a text without front matter may not be published as it stands.
pub(super) fn lost(rest: &str, first_line: usize) -> Option<Fault> {
    let opening = rest.lines().next()?.trim_end();
    let fence = FENCES.iter().find(|fence| opening.starts_with(**fence) && !is_mark(opening));
    let (place, _) = keys(rest, fence.copied())?;
    let why = match fence {
        Some(_) => format!(
            "\"{opening}\" opens no front matter, yet keys follow; write --- alone (YAML), +++ \
             alone (TOML) or a JSON object, and *** for a rule"
        ),
        None => "it says draft, but in no front matter; put a line --- before and after".to_owned(),
    };
    let line = if fence.is_some() { first_line } else { first_line + place };
    Some(Fault::new(Some(line), why))
}

/// The first line that holds a key: behind a fence any key above the first blank line, or `draft`
/// above the fence that closes it; without a fence `draft` above the first blank line.
fn keys<'t>(rest: &'t str, fence: Option<&str>) -> Option<(usize, &'t str)> {
    let closes = |line: &str| match fence {
        Some("{") => line.starts_with('}'),
        Some(fence) => line.starts_with(fence),
        None => false,
    };
    let skipped = usize::from(fence.is_some_and(|fence| fence != "{"));
    let lines = || rest.lines().enumerate().skip(skipped);
    let is_closed = lines().any(|(_, line)| closes(line));
    let mut is_first_paragraph = true;
    for (place, line) in lines().take_while(|(_, line)| !closes(line)) {
        is_first_paragraph &= !line.trim().is_empty();
        let Some(key) = key_of(line) else { continue };
        let says_draft = key.eq_ignore_ascii_case("draft");
        if is_first_paragraph && (says_draft || fence.is_some()) || says_draft && is_closed {
            return Some((place, key));
        }
    }
    None
}

/// The key of a line such as `key: value`, `key = value`, `"key": value`.
fn key_of(line: &str) -> Option<&str> {
    let line = line.trim_start_matches(['{', ' ', '\t', '.']);
    let (key, value) = line.split_at(line.find([':', '='])?);
    let key = key.trim().trim_matches(['"', '\'']);
    let is_word = key.chars().all(|c| c.is_alphanumeric() || "_-".contains(c));
    let parts =
        value.starts_with('=') || matches!(value.as_bytes(), [b':'] | [b':', b' ' | b'\t', ..]);
    (is_word && !key.is_empty() && parts).then_some(key)
}

/// Whether a brace opens a template mark.
fn is_mark(opening: &str) -> bool {
    opening.strip_prefix('{').is_some_and(|rest| rest.starts_with(['{', '%', '#', ':', '<']))
}

/// The first mark that a merge left behind, outside of fenced code.
pub(super) fn conflict(text: &str) -> Option<Fault> {
    const MARKS: [&str; 3] = ["<<<<<<<", ">>>>>>>", "|||||||"];
    if !MARKS.iter().any(|mark| text.contains(mark)) {
        return None;
    }
    let mut code = None;
    for (place, line) in text.lines().enumerate() {
        let bare = line.trim_start();
        let fence = ["```", "~~~"].into_iter().find(|fence| bare.starts_with(fence));
        code = match (code, fence) {
            (None, fence) => fence,
            (Some(open), Some(fence)) if open == fence => None,
            (open, _) => open,
        };
        let is_mark = |mark: &str| {
            line.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        if code.is_none() && MARKS.into_iter().any(is_mark) {
            let why = "a merge left its conflict here; settle it and take the marks out";
            return Some(Fault::new(Some(place + 1), why));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::catalog::front_matter::Document;

    fn refused(text: &str) -> Option<(Option<usize>, String)> {
        Document::read(text).err().map(|fault| (fault.line, fault.why))
    }

    #[test]
    fn front_matter_that_cannot_be_found_is_never_published_as_text() {
        for text in [
            "---\nfoo bar\ndraft: true\n---\nBody\n",
            "---\nfoo bar\n\ndraft: true\n---\nBody\n",
            "---\nfoo bar\ndraft: true\n\nBody\n",
            "--- # yaml\ndraft: true\n---\nBody\n",
            "---xml\ndraft: true\n---\nBody\n",
            "---tml\ndraft = true\n---\nBody\n",
            "---jsn\n{\"draft\": true}\n---\nBody\n",
            ";;;\n{\n\"draft\": true\n}\n;;;\nBody\n",
            "----\ndraft: true\n----\nBody\n",
            "—\ndraft: true\n—\nBody\n",
            "+++ toml\ntitle = \"a\"\n+++\nBody\n",
            "{ title: \"x\", draft: true }\nBody\n",
            "{\n  draft: true\n}\nBody\n",
            "draft: true\n\nBody\n",
            "title: x\ndraft: true\n---\nBody\n",
        ] {
            let (line, why) = refused(text).unwrap_or_else(|| panic!("published: {text:?}"));
            assert!(line.is_some(), "{text:?}: {why}");
        }
    }

    #[test]
    fn a_rule_with_prose_behind_it_is_no_front_matter() {
        for text in [
            "---\n\nProse under a rule.\n",
            "---\nProse under a rule.\n\n---\n\nMore.\n",
            "---\n\nProse.\n\nNote: this is no key.\n\n---\nMore.\n",
            "----\n\nProse: with a colon in it.\n\n----\n",
            "***\n\ndraft horses pull: hard\n",
            "— Bonjour, dit-elle : venez.\n",
            "{{< shortcode >}}\ndraft of air\n",
            "A draft: how it moves air.\n",
        ] {
            assert_eq!(refused(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_marks_of_a_merge_are_refused_wherever_they_stand() {
        for (text, line) in [
            ("---\n<<<<<<< HEAD\ntitle: a\n=======\ntitle: b\n>>>>>>> x\n---\nBody\n", 2),
            ("---\ntitle: a\n---\nBody\n\n<<<<<<< HEAD\nOne\n=======\nTwo\n>>>>>>> x\n", 6),
            ("Text\n>>>>>>> topic\n", 2),
        ] {
            let (found, why) = refused(text).unwrap();
            assert_eq!(found, Some(line), "{text:?}");
            assert!(why.contains("merge"), "{why}");
        }
        for text in ["Title\n=======\n\nText\n", "```\n<<<<<<< HEAD\n```\n", "<<<<<<<<<\n"] {
            assert_eq!(refused(text), None, "{text:?}");
        }
    }
}
