//! Which files are parted how.

use super::*;

fn title(text: &str) -> Option<String> {
    let text = normal(text);
    let document = Document::read(&text).unwrap();
    let (key, value) = document.table.get(&["title"])?;
    document.table.text(key, value)
}

#[test]
fn every_dialect_gives_its_keys_and_its_body() {
    for text in [
        "---\ntitle: A\n---\nBody\n",
        "---\r\ntitle: A\r\n---\r\nBody\r\n",
        "\u{FEFF}---\ntitle: A\n---\nBody\n",
        "\n---  \ntitle: A\n...\nBody\n",
        "---\n# a comment\ntitle: A\n--- \nBody\n",
        "+++\ntitle = \"A\"\n+++\nBody\n",
        "{\n  \"title\": \"A\"\n}\nBody\n",
        "Title: A\nDate: 2026-11-24\n\nBody\n",
        ".. title: A\n.. slug: a\n\nBody\n",
        "<!--\n.. title: A\n-->\nBody\n",
    ] {
        assert_eq!(title(text).as_deref(), Some("A"), "{text:?}");
        let text = normal(text);
        let document = Document::read(&text).unwrap();
        assert_eq!(document.body.trim(), "Body", "{text:?}");
        let line = text.lines().position(|line| line == "Body").unwrap() + 1;
        let lead = document.body.chars().take_while(|&c| c == '\n').count();
        assert_eq!(document.body_line + lead, line, "{text:?}");
    }
}

#[test]
fn a_file_without_front_matter_is_all_body() {
    for text in [
        "Just text.\n",
        "---\n\nA rule above.\n",
        "{{< shortcode >}}\n",
        "Note: no front matter.\n\nText\n",
        "",
        "---",
    ] {
        let document = Document::read(text).unwrap();
        assert_eq!(document.body, text);
        assert!(document.table.values.is_empty(), "{text:?}");
    }
}

#[test]
fn a_fault_names_the_line_of_the_file() {
    for (text, line, why) in [
        ("---\ntitle: \"open\n---\nBody\n", Some(2), "no YAML"),
        ("\n---\ntitle: a\ntags: [a, b\n---\nBody\n", None, "no YAML"),
        ("---\ntitle: a\ndraft: true\nBody\n", Some(1), "never closed"),
        ("---\ntitle: a\ntitle: b\n---\n", Some(3), "duplicate"),
        ("+++\ntitle = \"a\"\ndate = soon\n+++\n", Some(3), "no TOML"),
        ("+++\ntitle = \"a\"\n", Some(1), "never closed"),
        ("{\n\"title\": \"a\",\n}\nBody", Some(3), "no JSON"),
    ] {
        let fault = Document::read(text).unwrap_err();
        assert!(fault.why.contains(why), "{fault:?}");
        if line.is_some() {
            assert_eq!(fault.line, line, "{fault:?}");
        }
        assert!(fault.line.is_some() && !fault.why.contains('\n'), "{fault:?}");
    }
}

#[test]
fn a_value_keeps_the_spelling_of_its_author() {
    for (text, expected) in [
        ("---\ntitle: 007\n---\n", "007"),
        ("---\ntitle: 3.10\n---\n", "3.10"),
        ("---\ntitle: No\n---\n", "No"),
        ("---\ntitle: true # really\n---\n", "true"),
        ("---\ntitle: 1_000\n---\n", "1_000"),
        ("---\ntitle: .inf\n---\n", ".inf"),
        ("+++\ntitle = 1.50\n+++\n", "1.50"),
        ("---\nTITLE: A\n---\n", "A"),
        ("+++\n[extra]\ntitle = \"A\"\n+++\n", "A"),
    ] {
        assert_eq!(title(text).as_deref(), Some(expected), "{text}");
    }
    assert_eq!(title("---\ntitle:\n---\n"), None);
}

#[test]
fn a_title_that_needs_quotes_is_read_with_a_warning() {
    for (value, expected) in [
        ("Rust: a review", "Rust: a review"),
        ("@home", "@home"),
        ("[WIP] boats", "[WIP] boats"),
        ("\"Quoted\" words", "\"Quoted\" words"),
    ] {
        let text = format!("---\ntitle: {value}\ndraft: true\n---\nBody\n");
        assert_eq!(title(&text).as_deref(), Some(expected));
        let document = Document::read(&text).unwrap();
        let repaired = &document.table.repaired;
        assert_eq!(repaired.len(), 1);
        assert!(repaired[0].line == Some(2) && repaired[0].why.contains("quotes"));
        assert_eq!(document.table.get(&["draft"]).unwrap().1, &Value::Bool(true));
    }
}

#[test]
fn a_tab_for_indentation_is_read_with_a_warning() {
    let text = "---\ntitle: A\nimage:\n\turl: x.png\n---\n";
    let document = Document::read(text).unwrap();
    assert_eq!(document.table.repaired[0].line, Some(4));
    assert_eq!(document.table.get(&["image"]).unwrap().1["url"], "x.png");
}
