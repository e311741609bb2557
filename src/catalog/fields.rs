//! What the keys of a front matter mean.
//!
//! A [`Front`] holds checked values under one name each, whatever a generator calls them
//! (`updated`, `lastmod` and `last_modified_at` are one). A key that decides whether, when or
//! under which identity a post appears must be right: anything else is a [`Fault`] naming key and
//! line. A key that only adorns is left out with a warning when it cannot be read. Unknown keys
//! are other programs' business, unless they look like one of ours (`spelling`).

use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

use super::{
    date::Written,
    front_matter::{Fault, Table},
    text,
};
use crate::domain::post::RelatedChoice;

pub(super) mod files;
mod spelling;
#[cfg(test)]
mod tests;
mod values;

use files::Attached;
pub(super) use values::language;
use values::{count, flag, named, nameless_mail, picture};

/// The checked values of a front matter.
#[derive(Debug, Default)]
pub(super) struct Front {
    pub(super) title: Option<String>,
    pub(super) date: Option<Written>,
    pub(super) updated: Option<Written>,
    /// A draft, hidden, private or unlisted.
    pub(super) is_draft: bool,
    pub(super) slug: Option<String>,
    pub(super) permalink: Option<String>,
    /// Addresses it once had.
    pub(super) aliases: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) authors: Vec<String>,
    pub(super) description: Option<String>,
    /// What stands behind its teaser, where that is not one of the usual marks.
    pub(super) separator: Option<String>,
    pub(super) language: Option<String>,
    pub(super) is_rtl: Option<bool>,
    pub(super) image: Option<Picture>,
    pub(super) comments: Talk,
    pub(super) guid: Option<String>,
    /// All but `expires`.
    pub(super) related: RelatedChoice,
    pub(super) expires: Option<Written>,
    /// Whether feeds carry its summary only, where it says so.
    pub(super) summary_only: Option<bool>,
    /// Files that belong to it.
    pub(super) files: Vec<Attached>,
}

/// A picture as it stands in the front matter.
#[derive(Debug, Default)]
pub(super) struct Picture {
    pub(super) url: String,
    pub(super) alt: String,
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
}

/// Where readers discuss a post and how many have, as far as it is told.
#[derive(Debug, Default)]
pub(super) struct Talk {
    pub(super) url: Option<String>,
    pub(super) count: Option<u32>,
    /// A feed of what they say.
    pub(super) feed: Option<String>,
}

impl Front {
    /// Reads the table. What is left out is added to `warnings`.
    pub(super) fn read(table: &Table, warnings: &mut Vec<Fault>) -> Result<Self, Fault> {
        spelling::check(table, warnings)?;
        let mut keys = Keys { table, warnings };
        let (published, is_withheld) = keys.published()?;
        let date = keys.date(&["date"])?.or(keys.date(&["publishdate", "publish_date"])?);
        let date = date.or(published).or(keys.date(&["created_at", "created", "pubdate"])?);
        let mut front = Self {
            title: keys.text(&["title"])?,
            date,
            is_draft: is_withheld || keys.is_draft()?,
            slug: keys.text(&["slug"])?,
            permalink: keys.permalink()?,
            guid: keys.text(&["guid", "id"])?,
            ..Self::default()
        };
        front.updated = keys.soft_date(&[
            "updated",
            "lastmod",
            "last_modified_at",
            "modified",
            "updated_at",
            "date_modified",
        ]);
        front.expires = keys.soft_date(&["expires", "expirydate", "expiry_date", "expire"]);
        front.aliases = keys.list(&["aliases", "redirect_from", "alias"], false);
        front.tags = keys.tags();
        front.authors = keys.authors();
        front.description = keys.soft_text(&["description", "summary", "excerpt"]);
        front.separator = keys.soft_text(&["excerpt_separator"]);
        front.language = keys.soft_text(&["lang", "language", "locale"]);
        front.is_rtl = keys.is_rtl();
        front.image = keys.image();
        front.comments = keys.comments();
        front.related = keys.related();
        front.summary_only = keys.flag(&["summary_only"]).unwrap_or_else(|fault| {
            keys.warnings.push(fault);
            None
        });
        front.files = keys.files();
        front.is_draft |= table.is_nikola() && front.tags.iter().any(|tag| tag == "draft");
        Ok(front)
    }
}

/// A table being read.
struct Keys<'a> {
    table: &'a Table,
    warnings: &'a mut Vec<Fault>,
}

/// Adds a tag in its first spelling.
fn add_tag(tags: &mut Vec<String>, tag: &str) {
    let tag: String = text::line(tag.trim_start_matches('#')).nfc().collect();
    let is_new = !tags.iter().any(|known| known.to_lowercase() == tag.to_lowercase());
    if is_new && !tag.is_empty() {
        tags.push(tag);
    }
}

impl Front {
    /// Adds the tags that stand in the body as Obsidian has them: on a line that holds nothing
    /// else (`#boat #repair/engine`), code aside. A word with a `#` in a sentence is none: too
    /// many blogs mean something else by it.
    pub(super) fn take_tags(&mut self, body: &str) {
        let mut code = None;
        for line in body.lines().filter(|line| line.contains(['#', '`', '~'])) {
            let bare = line.trim_start();
            let fence = ["```", "~~~"].into_iter().find(|fence| bare.starts_with(fence));
            match (code, fence) {
                (None, Some(_)) => code = fence,
                (Some(open), Some(fence)) if open == fence => code = None,
                (None, None) if is_line_of_tags(line) => {
                    line.split_whitespace().for_each(|tag| add_tag(&mut self.tags, tag));
                }
                _ => {}
            }
        }
    }
}

/// Whether a line holds tags alone, each with a letter in it (`#7` is a number).
fn is_line_of_tags(line: &str) -> bool {
    let is_tag = |word: &str| {
        word.strip_prefix('#').is_some_and(|tag| {
            tag.contains(char::is_alphabetic)
                && tag.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '/'))
        })
    };
    !line.starts_with("    ")
        && !line.starts_with('\t')
        && line.contains('#')
        && line.split_whitespace().all(is_tag)
}

impl Keys<'_> {
    fn fault(&self, key: &str, why: impl Into<String>) -> Fault {
        Fault::new(self.table.line_of(key), why)
    }

    /// A text; anything but a single value is a fault.
    fn text(&self, names: &[&str]) -> Result<Option<String>, Fault> {
        let Some((key, value)) = self.table.get(names) else { return Ok(None) };
        let text = self.table.text(key, value);
        text.map(Some).ok_or_else(|| self.fault(key, format!("{key} must be one text")))
    }

    /// A text; anything else is left out with a warning.
    fn soft_text(&mut self, names: &[&str]) -> Option<String> {
        self.text(names).unwrap_or_else(|fault| {
            self.warnings.push(Fault { why: format!("{}; it was left out", fault.why), ..fault });
            None
        })
    }

    fn date(&self, names: &[&str]) -> Result<Option<Written>, Fault> {
        let Some((key, value)) = self.table.get(names) else { return Ok(None) };
        let text = self.table.text(key, value).unwrap_or_else(|| value.to_string());
        let date = Written::read(&text).ok_or_else(|| {
            let why = format!(
                "the {key} \"{text}\" is no date; write 2026-11-24 or 2026-11-24T09:00:00+01:00"
            );
            self.fault(key, why)
        });
        date.map(Some)
    }

    fn soft_date(&mut self, names: &[&str]) -> Option<Written> {
        self.date(names).unwrap_or_else(|fault| {
            self.warnings.push(Fault { why: format!("{}; it was left out", fault.why), ..fault });
            None
        })
    }

    fn flag(&self, names: &[&str]) -> Result<Option<bool>, Fault> {
        let Some((key, value)) = self.table.get(names) else { return Ok(None) };
        let text = self.table.text(key, value).unwrap_or_else(|| value.to_string());
        let flag = flag(&text)
            .ok_or_else(|| self.fault(key, format!("{key} must be true or false, not \"{text}\"")));
        flag.map(Some)
    }

    /// `published` is a date for Hugo and a flag for Jekyll (`publish` for Obsidian): the date, and
    /// whether it is held back.
    fn published(&self) -> Result<(Option<Written>, bool), Fault> {
        if self.flag(&["publish"])? == Some(false) {
            return Ok((None, true));
        }
        let Some((key, value)) = self.table.get(&["published"]) else { return Ok((None, false)) };
        match self.table.text(key, value).as_deref().and_then(flag) {
            Some(is_published) => Ok((None, !is_published)),
            None => Ok((self.date(&["published"])?, false)),
        }
    }

    fn is_draft(&self) -> Result<bool, Fault> {
        for key in ["draft", "hidden", "private", "unlisted"] {
            if self.flag(&[key])? == Some(true) {
                return Ok(true);
            }
        }
        let status = self.text(&["status", "visibility"])?.unwrap_or_default().to_lowercase();
        let withheld = ["draft", "hidden", "private", "unlisted", "pending", "members", "skip"];
        let is_off = self.table.get(&["permalink"]).is_some_and(|(_, v)| v == &Value::Bool(false));
        Ok(is_off || withheld.contains(&status.as_str()))
    }

    fn permalink(&self) -> Result<Option<String>, Fault> {
        match self.table.get(&["permalink", "url", "path"]) {
            Some((_, Value::Bool(_))) => Ok(None),
            _ => self.text(&["permalink", "url", "path"]),
        }
    }

    /// Texts of a list, or of one text, parted at commas if `parts`.
    fn list(&self, names: &[&str], parts: bool) -> Vec<String> {
        let Some((key, value)) = self.table.get(names) else { return Vec::new() };
        let texts: Vec<String> = match value {
            Value::Array(values) => values.iter().filter_map(named).collect(),
            other => self.table.text(key, other).or_else(|| named(other)).into_iter().collect(),
        };
        let is_single = !matches!(value, Value::Array(_));
        let parted =
            texts.iter().flat_map(|text| text.split(move |c| c == ',' && parts && is_single));
        parted.map(text::line).filter(|text| !text.is_empty()).collect()
    }

    /// The same parted at commas. Where a layout is named beside them, as Jekyll's posts do, a
    /// text without commas is parted at blanks.
    fn words(&self, keys: &[&str]) -> Vec<String> {
        let is_jekyll = self.table.get(&["layout"]).is_some();
        match self.table.get(keys) {
            Some((key, Value::String(text)))
                if is_jekyll && matches!(key, "tags" | "categories") && !text.contains(',') =>
            {
                text.split_whitespace().map(str::to_owned).collect()
            }
            _ => self.list(keys, true),
        }
    }

    /// Tags and categories in their first spelling, each once.
    fn tags(&self) -> Vec<String> {
        let mut found = self.words(&["tags", "tag", "keywords"]);
        found.extend(self.words(&["categories", "category"]));
        if let Some((_, Value::Object(taxonomies))) = self.table.get(&["taxonomies"]) {
            for name in ["tags", "categories"] {
                let values = taxonomies.get(name).and_then(Value::as_array);
                found.extend(values.into_iter().flatten().filter_map(named));
            }
        }
        let mut tags = Vec::new();
        found.iter().for_each(|tag| add_tag(&mut tags, tag));
        tags
    }

    /// Names of authors without their mail addresses, which belong in no feed.
    fn authors(&self) -> Vec<String> {
        let mut authors: Vec<String> = Vec::new();
        // Pelican parts its authors at commas, or at semicolons where names hold commas.
        let many = self.list(&["authors"], false);
        let many = many.iter().flat_map(|text| {
            let is_list = matches!(self.table.get(&["authors"]), Some((_, Value::Array(_))));
            let mark = if text.contains(';') { ';' } else { ',' };
            text.split(move |c| c == mark && !is_list).map(text::line).collect::<Vec<_>>()
        });
        for author in many.chain(self.list(&["author"], false)) {
            let name = nameless_mail(&author);
            if !name.is_empty() && !authors.contains(&name) {
                authors.push(name);
            }
        }
        authors
    }

    fn is_rtl(&mut self) -> Option<bool> {
        let direction = self.soft_text(&["dir", "direction"]).map(|text| text.to_lowercase());
        let by_name = match direction.as_deref() {
            Some("rtl") => Some(true),
            Some("ltr") => Some(false),
            _ => None,
        };
        by_name.or(self.flag(&["rtl"]).unwrap_or_else(|fault| {
            self.warnings.push(fault);
            None
        }))
    }

    fn image(&self) -> Option<Picture> {
        const NAMES: [&str; 10] = [
            "image",
            "cover",
            "cover_image",
            "featured_image",
            "feature_image",
            "hero_image",
            "hero",
            "thumbnail",
            "og_image",
            "images",
        ];
        let (key, value) = self.table.get(&NAMES)?;
        let mut picture = picture(value)?;
        if picture.alt.is_empty() {
            let beside = [format!("{key}_alt"), format!("{key}_description"), format!("{key}alt")];
            let names: Vec<&str> = beside.iter().map(String::as_str).collect();
            picture.alt = self.text(&names).ok().flatten().unwrap_or_default();
        }
        Some(picture)
    }

    fn comments(&self) -> Talk {
        let mut talk = Talk::default();
        match self.table.get(&["comments"]).map(|(_, value)| value) {
            Some(Value::Object(table)) => {
                talk.url = table.get("url").and_then(Value::as_str).map(str::to_owned);
                talk.count = table.get("count").and_then(count);
                talk.feed = table.get("feed").and_then(Value::as_str).map(str::to_owned);
            }
            Some(Value::String(text)) if flag(text).is_none() => match text.trim().parse() {
                Ok(number) => talk.count = Some(number),
                Err(_) => talk.url = Some(text.clone()),
            },
            Some(number @ Value::Number(_)) => talk.count = count(number),
            _ => {}
        }
        let url = self.text(&["comments_url", "comment_url"]).ok().flatten();
        let number = self.table.get(&["comments_count", "comment_count"]);
        talk.url = url.or(talk.url);
        talk.feed = self.text(&["comments_feed", "comments_rss"]).ok().flatten().or(talk.feed);
        talk.count = number.and_then(|(_, value)| count(value)).or(talk.count);
        talk
    }

    fn related(&self) -> RelatedChoice {
        let related = self.table.get(&["related"]).map(|(_, value)| value);
        let word = related.and_then(Value::as_str).and_then(flag);
        let hidden = related.and_then(Value::as_bool).or(word) == Some(false);
        let is_flag = word.is_some() || matches!(related, Some(Value::Bool(_)));
        RelatedChoice {
            pins: if is_flag { Vec::new() } else { self.list(&["related"], true) },
            excluded: self.list(&["related_exclude", "exclude_related"], true),
            hidden,
            series: self.list(&["series"], false).into_iter().next(),
            expires: None,
        }
    }
}
