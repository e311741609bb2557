//! Wrapping: running text in lines, broken at blanks, and between signs of scripts that write
//! without blanks (Chinese, Japanese), counted in columns as terminals show them.
//!
//! A word without a place to break it keeps a line to itself, so addresses stay whole.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Stands in running text where a line ends in any case.
pub(super) const BREAK: char = '\u{b}';

/// Signs that begin no line.
const CLOSING: &str = "、。，．！？：；）」』】〉》”’・ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ…";

/// `text` in lines of at most `width` columns; blanks are made single.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = text.split(BREAK).flat_map(|line| one(line, width)).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    lines.split_off(first)
}

fn one(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_ascii_whitespace() {
        let blank = usize::from(!line.is_empty());
        if !line.is_empty() && line.width() + blank + word.width() > width && !is_divisible(word) {
            lines.push(std::mem::take(&mut line));
        } else if blank == 1 {
            line.push(' ');
        }
        for sign in word.chars() {
            let is_full = line.width() + sign.width().unwrap_or(0) > width;
            let breaks = is_wide(sign) || line.chars().last().is_some_and(is_wide);
            if is_full && breaks && !CLOSING.contains(sign) {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
            }
            line.push(sign);
        }
    }
    lines.push(line);
    lines
}

fn is_wide(sign: char) -> bool {
    sign.width() == Some(2) && !('\u{1f000}'..'\u{20000}').contains(&sign)
}

fn is_divisible(word: &str) -> bool {
    word.chars().any(is_wide)
}
