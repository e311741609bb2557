//! Words: what of a text counts when two texts are compared.
//!
//! Compatibility forms are unified (NFKC), case and accents are dropped, and runs of two or more
//! letters or digits are words. Chinese, Japanese and Korean runs have no spaces, so they are
//! read as overlapping pairs of characters. Markup and web addresses are left out, code is kept;
//! there is no stemming and no stop list: both were measured and bring nothing.
//!
//! A word is handed on as a hash of 48 bits. Two of 200,000 different words share one with a
//! probability of about one in fourteen thousand, and the price would be one doubtful match.
//!
//! Nothing can fail: any text has words, perhaps none.

use std::collections::HashMap;

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// A word by its hash, the lower 16 bits of which are nought; the same word has the same hash in
/// every run.
pub(super) type Word = u64;

/// Hands the words of sanitised HTML to `each`, in order.
pub(super) fn of_html(html: &str, each: &mut impl FnMut(Word)) {
    of_text(&without_markup(html), each);
}

/// How words of sanitised HTML are spelt, by their hashes: unified and folded, as they are
/// compared. A word that is not found here was read otherwise and has no spelling.
pub(super) fn spellings(html: &str) -> HashMap<Word, String> {
    let mut found = HashMap::new();
    let mut note = |spelling: String| {
        of_text(&spelling, &mut |word| {
            found.entry(word).or_insert_with(|| spelling.clone());
        });
    };
    for piece in without_markup(html).split_ascii_whitespace().map(before_address) {
        let is_letter = |letter: char| letter.is_alphanumeric() || is_combining_mark(letter);
        let folded: Vec<char> = folded(piece).collect();
        for run in folded.chunk_by(|one, other| {
            is_letter(*one) == is_letter(*other) && is_paired(*one) == is_paired(*other)
        }) {
            match run {
                [first, _, ..] if is_paired(*first) => {
                    run.windows(2).for_each(|pair| note(pair.iter().collect()));
                }
                _ => note(run.iter().collect()),
            }
        }
    }
    found
}

/// The characters of a piece of text as they are compared.
fn folded(piece: &str) -> impl Iterator<Item = char> {
    let lower = piece.nfkc().flat_map(char::to_lowercase).nfd();
    lower.filter(|letter| !('\u{300}'..='\u{36f}').contains(letter)).nfc()
}

/// The name of a post as a number.
pub(super) fn named(name: &str) -> u64 {
    name.chars().fold(SEED, hash_on)
}

/// Hands the words of plain text to `each`, in order.
pub(super) fn of_text(text: &str, each: &mut impl FnMut(Word)) {
    let mut speller = Speller { each, hash: SEED, length: 0, previous: None, paired: false };
    for piece in text.split_ascii_whitespace() {
        let piece = before_address(piece);
        if piece.is_ascii() {
            piece.bytes().for_each(|octet| speller.ascii(octet.to_ascii_lowercase()));
        } else {
            folded(piece).for_each(|letter| speller.any(letter));
        }
        speller.pause();
    }
}

/// The text of sanitised HTML, tags and character references replaced by spaces. A sanitiser
/// writes letters as they are, so the references that remain stand for no letters.
fn without_markup(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = memchr::memchr2(b'<', b'&', rest.as_bytes()) {
        let (before, markup) = rest.split_at(at);
        text.push_str(before);
        text.push(' ');
        rest = if markup.starts_with('<') { after_tag(markup) } else { after_reference(markup) };
    }
    text.push_str(rest);
    text
}

/// What follows a tag; a `>` within quotes does not end it.
fn after_tag(markup: &str) -> &str {
    let mut quote = None;
    for (at, octet) in markup.bytes().enumerate() {
        match (quote, octet) {
            (None, b'>') => return markup.get(at + 1..).unwrap_or(""),
            (None, b'"' | b'\'') => quote = Some(octet),
            (Some(open), _) if open == octet => quote = None,
            _ => {}
        }
    }
    ""
}

/// What follows a character reference, or follows the `&` where there is none.
fn after_reference(markup: &str) -> &str {
    let name = markup.bytes().skip(1).take_while(|o| o.is_ascii_alphanumeric() || *o == b'#');
    let end = name.count() + 1;
    match markup.as_bytes().get(end) {
        Some(b';') => markup.get(end + 1..).unwrap_or(""),
        _ => markup.get(1..).unwrap_or(""),
    }
}

/// The piece up to a web address in it.
fn before_address(piece: &str) -> &str {
    let Some(colon) = memchr::memchr(b':', piece.as_bytes()) else { return piece };
    let (before, after) = piece.split_at(colon);
    let scheme = ["https", "http"].iter().find_map(|scheme| before.strip_suffix(scheme));
    scheme.filter(|_| after.starts_with("://")).unwrap_or(piece)
}

/// Puts letters together into words.
struct Speller<'a, F> {
    each: &'a mut F,
    hash: u64,
    length: usize,
    /// The character before, within a run that is read in pairs.
    previous: Option<char>,
    /// Whether the run has given a pair yet.
    paired: bool,
}

/// FNV-1a, 64 bits.
const SEED: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

impl<F: FnMut(Word)> Speller<'_, F> {
    fn ascii(&mut self, octet: u8) {
        if octet.is_ascii_alphanumeric() {
            self.end_run();
            self.hash = (self.hash ^ u64::from(octet)).wrapping_mul(PRIME);
            self.length += 1;
        } else {
            self.pause();
        }
    }

    fn any(&mut self, letter: char) {
        if is_paired(letter) {
            self.end_word();
            if let Some(previous) = self.previous.replace(letter) {
                self.paired = true;
                (self.each)(hash_of(&[previous, letter]));
            }
        } else if letter.is_alphanumeric() || is_combining_mark(letter) {
            self.end_run();
            self.hash = hash_on(self.hash, letter);
            self.length += 1;
        } else {
            self.pause();
        }
    }

    fn pause(&mut self) {
        self.end_word();
        self.end_run();
    }

    fn end_word(&mut self) {
        if self.length > 1 {
            (self.each)(mixed(self.hash));
        }
        (self.hash, self.length) = (SEED, 0);
    }

    fn end_run(&mut self) {
        if let Some(alone) = self.previous.take().filter(|_| !self.paired) {
            (self.each)(hash_of(&[alone]));
        }
        self.paired = false;
    }
}

fn hash_of(letters: &[char]) -> Word {
    mixed(letters.iter().fold(SEED, |hash, &letter| hash_on(hash, letter)))
}

fn hash_on(hash: u64, letter: char) -> u64 {
    let mut room = [0; 4];
    let octets = letter.encode_utf8(&mut room).bytes();
    octets.fold(hash, |hash, octet| (hash ^ u64::from(octet)).wrapping_mul(PRIME))
}

/// Spreads short words over all bits but the lower 16.
const fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (hash ^ (hash >> 29)) & !0xffff
}

/// Whether the character belongs to a script that is read in pairs.
const fn is_paired(letter: char) -> bool {
    matches!(
        letter,
        '\u{3040}'..='\u{30ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{ac00}'..='\u{d7af}'
            | '\u{ff66}'..='\u{ff9f}'
            | '\u{20000}'..='\u{323af}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Vec<Word> {
        let mut words = Vec::new();
        of_text(text, &mut |word| words.push(word));
        words
    }

    fn html(html: &str) -> Vec<Word> {
        let mut words = Vec::new();
        of_html(html, &mut |word| words.push(word));
        words
    }

    #[test]
    fn case_accents_and_compatibility_forms_do_not_matter() {
        for (one, other) in [
            ("Crème BRÛLÉE", "creme brulee"),
            ("ﬁne", "fine"),
            ("ＡＢＣ１２", "abc12"),
            ("İstanbul", "istanbul"),
            ("Cafe\u{301}", "café"),
            ("Привет", "привет"),
            ("ｶﾀｶﾅ", "カタカナ"),
        ] {
            assert_eq!(text(one), text(other), "{one}");
            assert!(!text(one).is_empty(), "{one}");
        }
        assert_ne!(text("solder"), text("soldier"));
    }

    #[test]
    fn words_have_two_letters_or_more() {
        assert_eq!(text("a solar-panel, isn't_it? 5 12"), text("solar panel isn it 12"));
        assert_eq!(text("12V 24V").len(), 2);
        assert!(text("a I ñ — …").is_empty());
    }

    #[test]
    fn scripts_without_spaces_are_read_in_pairs() {
        assert_eq!(text("天気予報"), text("天気 気予 予報"));
        assert_eq!(text("雨").len(), 1);
        assert_eq!(text("RustでWeb"), text("rust で web"));
        assert_eq!(text("날씨").len(), 1);
    }

    #[test]
    fn every_word_has_its_spelling() {
        let markup = "<p>Crème-brûlée, R2D2 &amp; 天気予報! (Rustで 雨)</p> https://example.org/";
        let spelt = spellings(markup);
        let mut found: Vec<&str> =
            html(markup).iter().map(|word| spelt.get(word).unwrap().as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, ["brulee", "creme", "r2d2", "rust", "で", "予報", "天気", "気予", "雨"]);
    }

    #[test]
    fn marks_that_spell_are_part_of_the_word() {
        assert_eq!(text("हिन्दी में").len(), 2);
    }

    #[test]
    fn markup_references_and_addresses_are_left_out() {
        for (markup, plain) in [
            ("<p class=\"lead > all\">Solar<br>panel</p>", "solar panel"),
            ("fish &amp; chips&nbsp;today", "fish chips today"),
            ("R&D at R&D;", "at"),
            ("see https://example.org/some-words now", "see now"),
            ("(<a href=\"https://example.org/\">http://example.org/words</a>)", ""),
            ("ratio 3:1 https:", "ratio https"),
            ("<code>cargo build</code>", "cargo build"),
            ("cut <off", "cut"),
        ] {
            assert_eq!(html(markup), text(plain), "{markup}");
        }
    }
}
