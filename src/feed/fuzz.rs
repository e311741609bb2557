//! A thousand posts that mean ill: whatever stands in a title, tag, name, summary or body, all
//! formats stay readable and tell the same. The cases follow from a seed, so that a failure is
//! the same on every machine.

use super::{sample, tests::read_back};
use crate::domain::post::{Direction, Post};

const HOSTILE: [&str; 24] = [
    "]]>",
    "<![CDATA[",
    "</title>",
    "</item></channel>",
    "</entry></feed>",
    "<!--",
    "-->",
    "<?xml version=\"1.0\"?>",
    "&bogus;",
    "&amp;",
    "&#0;",
    "&#xD800;",
    "\\ud800",
    "\"'",
    "\r\n",
    "\r",
    "\t",
    "\u{85}",
    "\u{2028}",
    "\u{202e}",
    "\u{fffe}",
    "\u{feff}",
    "👩‍🚒",
    "شبكة",
];

/// Numbers that follow from a seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    fn text(&mut self) -> String {
        let mut text = String::from("x");
        for _ in 0..self.below(6) {
            match self.below(4) {
                0 => text.push(char::from(u8::try_from(self.below(32)).unwrap())),
                1 => text.push_str("word "),
                _ => text.push_str(HOSTILE[self.below(HOSTILE.len())]),
            }
        }
        text + "y"
    }

    fn post(&mut self) -> Post {
        let body = self.text().replace('<', "&lt;");
        Post {
            title: self.text(),
            summary: self.text(),
            tags: vec![self.text(), self.text()],
            authors: vec![self.text()],
            html: format!("<p title=\"a\">{body}</p>"),
            language: ["en", "he", "zh-Hans"][self.below(3)].to_owned(),
            direction: [Direction::Ltr, Direction::Rtl][self.below(2)],
            ..sample::posts().remove(self.below(3))
        }
    }
}

#[test]
fn hostile_characters_never_break_a_feed() {
    let mut dice = Dice(0x05ee_d0ff_eed5);
    for case in 0..1_000 {
        let post = dice.post();
        let [rss, atom, json] = read_back(std::slice::from_ref(&post));
        assert_eq!(rss, atom, "case {case}: {post:?}");
        assert_eq!(atom, json, "case {case}: {post:?}");
        for (path, text) in sample::documents(&sample::site(), &[post]) {
            let bad = |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
            assert!(!text.contains(bad), "case {case}: {path}");
        }
    }
}
