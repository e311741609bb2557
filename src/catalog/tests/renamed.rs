//! What survives when files are renumbered, copied, renamed and rewritten at once.

use super::*;

fn post(title: &str, date: &str, body: &str) -> String {
    format!("---\ntitle: {title}\ndate: {date}\n---\n{body}\n")
}

const LONG: &str = "The bilge pump stopped at four in the morning, and the batteries had nothing \
                    left to tell us why it did.";

/// The keys of known posts by their paths; new ones have a `+`.
fn identities(catalog: &Catalog) -> Vec<(String, String)> {
    let name = |record: &Record| {
        let mark = if record.is_new { "+" } else { "" };
        (record.known.path.clone(), format!("{mark}{}", record.known.key))
    };
    let mut identities: Vec<_> = catalog.records.iter().map(name).collect();
    identities.sort();
    identities
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(path, key)| ((*path).to_owned(), (*key).to_owned())).collect()
}

#[test]
fn renumbered_files_keep_their_identities() {
    let (one, two) =
        (post("One", "2026-11-01", "Text one."), post("Two", "2026-11-02", "Text two."));
    let known = known_of(&read_new(&[("p1.md", &one), ("p2.md", &two)]));
    let new = post("Zero", "2026-11-20", "Text zero.");
    let catalog = read_known(&[("p1.md", &new), ("p2.md", &one), ("p3.md", &two)], &known);
    let expected = [("p1.md", "+p1-2"), ("p2.md", "p1"), ("p3.md", "p2")];
    assert_eq!(identities(&catalog), pairs(&expected));
    let swapped = read_known(&[("p1.md", &two), ("p2.md", &one)], &known);
    assert_eq!(identities(&swapped), pairs(&[("p1.md", "p2"), ("p2.md", "p1")]));
}

#[test]
fn a_copy_takes_nothing_from_the_original_that_was_edited_beside_it() {
    let text = post("A pump", "2026-11-02", LONG);
    let known = known_of(&read_new(&[("a.md", &text)]));
    let edited = text.replace("batteries", "accumulators");
    let catalog = read_known(&[("a.md", &edited), ("b.md", &text)], &known);
    assert_eq!(identities(&catalog), pairs(&[("a.md", "a"), ("b.md", "+b")]));
}

#[test]
fn posts_of_one_stub_are_told_apart_by_their_paths() {
    let known = known_of(&read_new(&[("a.md", &post("A", "2026-11-02", "Coming soon."))]));
    let files = [
        ("a.md", post("A", "2026-11-02", "A whole article by now.")),
        ("b.md", post("B", "2026-11-03", "Coming soon.")),
    ];
    let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
    let catalog = read_known(&files, &known);
    assert_eq!(identities(&catalog), pairs(&[("a.md", "a"), ("b.md", "+b")]));
}

#[test]
fn name_title_and_a_typo_changed_together_are_still_one_post() {
    let known = known_of(&read_new(&[("a.md", &post("A pump", "2026-11-02", LONG))]));
    let changed = post("Pumps", "2026-11-02", &LONG.replace("batteries", "battery"));
    let catalog = read_known(&[("b.md", &changed)], &known);
    assert_eq!(identities(&catalog), pairs(&[("b.md", "a")]));
    assert!(catalog.warnings.is_empty(), "{:?}", catalog.warnings);
    let week_later = changed.replace("2026-11-02", "2026-11-09");
    let next = read_known(&[("b.md", &week_later)], &known);
    assert_eq!(identities(&next), pairs(&[("b.md", "+b")]), "a notice of every week");
}

#[test]
fn a_new_post_that_may_be_an_old_one_is_told() {
    let known = known_of(&read_new(&[("a.md", &post("A pump", "2026-11-02", LONG))]));
    for new in [post("Other", "2026-11-02", "Else."), post("A pump", "2026-11-03", "Else.")] {
        let catalog = read_known(&[("b.md", &new)], &known);
        assert!(catalog.records[0].is_new);
        let told = catalog.warnings[0].to_string();
        assert!(told.contains("posts/a.md") && told.contains("aliases: [/a/]"), "{told}");
    }
    let unlike = post("Other", "2026-11-03", "Else.");
    assert!(read_known(&[("b.md", &unlike)], &known).warnings.is_empty());
}
