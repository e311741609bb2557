//! Likeness: whether two texts are versions of one.
//!
//! Texts are alike when they share four fifths of their distinct words (Jaccard), whatever the
//! order: a few words changed leave a text what it was, another article shares far less. In a text
//! of a few words a single change is a large share, so nothing is said of those.

use std::collections::HashSet;

use unicode_segmentation::UnicodeSegmentation as _;

/// Whether two texts are versions of one.
pub(super) fn alike(one: &str, other: &str) -> bool {
    let (shorter, longer) = (one.len().min(other.len()), one.len().max(other.len()));
    if shorter.saturating_mul(2) < longer {
        return false;
    }
    let (one, other) = (words(one), words(other));
    let shared = one.intersection(&other).count();
    let all = one.len() + other.len() - shared;
    shared > 0 && shared * 5 >= all * 4
}

fn words(text: &str) -> HashSet<&str> {
    text.unicode_words().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corrected_text_is_alike_and_another_is_not() {
        let text = "The bilge pump stopped at four in the morning, and the batteries had nothing \
                    left to tell us why it did.";
        assert!(alike(text, text));
        assert!(alike(text, &text.replace("batteries", "battereis")));
        assert!(!alike(text, "The kettle would not boil, and the gas bottle was full."));
        assert!(!alike(text, &text.repeat(3)), "a longer one");
        assert!(!alike("", ""));
    }
}
