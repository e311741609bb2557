//! Checking `[popularity]`: where readers are counted, and by which rules.

use std::{path::PathBuf, time::Duration};

use serde::Deserialize;

use super::{
    Error,
    check::{Check, credential},
    relays::Table,
};
use crate::feedback::imports::Tool;

/// How readers are counted.
#[derive(Clone, Debug)]
pub struct Popularity {
    /// Patterns of access logs; relative ones are below the root.
    pub logs: Vec<PathBuf>,
    /// How long after its end a day is counted.
    pub wait: Duration,
    /// Days after which a reader counts half.
    pub half_life: f64,
    /// More words by which robots give themselves away.
    pub robots: Vec<String>,
    /// Whether a visitor must fetch a style sheet, a script or a font to count.
    pub needs_style: bool,
    /// What links of our own letters carry in their address, or empty.
    pub letter_mark: String,
    /// Whether article pages tell us that they are read.
    pub beacon: bool,
    /// Analytics tools that are asked.
    pub tools: Vec<Asked>,
}

/// An analytics tool that is asked for readers a day.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Which one.
    pub tool: Tool,
    /// Where it is.
    pub url: url::Url,
    /// What it calls the site.
    pub site: String,
    /// The file that holds its key.
    pub token_file: PathBuf,
}

impl Popularity {
    /// Whether readers are counted anywhere.
    pub fn counts_readers(&self) -> bool {
        !self.logs.is_empty() || self.beacon || !self.tools.is_empty()
    }

    /// The mark of our letters where somebody looks for it, else empty.
    pub fn mark(&self) -> &str {
        if self.counts_readers() { &self.letter_mark } else { "" }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawPopularity {
    logs: Vec<PathBuf>,
    wait: u32,
    half_life: f64,
    robots: Vec<String>,
    needs_style: bool,
    letter_mark: String,
    beacon: bool,
    tools: Vec<RawTool>,
}

impl Default for RawPopularity {
    fn default() -> Self {
        Self {
            logs: Vec::new(),
            wait: 1,
            half_life: 30.0,
            robots: Vec::new(),
            needs_style: false,
            letter_mark: "from=letter".to_owned(),
            beacon: false,
            tools: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTool {
    kind: Tool,
    url: String,
    #[serde(default)]
    site: String,
    token_file: Option<PathBuf>,
}

impl Check<'_> {
    pub(super) fn popularity(&self, raw: RawPopularity) -> Result<Popularity, Error> {
        let table = Table { header: "[popularity]", nth: 0 };
        if !(1.0..=3650.0).contains(&raw.half_life) {
            return Err(self.wrong_in(table, "half_life", "write a number of days from 1 to 3650"));
        }
        if raw.wait > 72 {
            return Err(self.wrong_in(table, "wait", "write a number of hours from 0 to 72"));
        }
        let is_pair = |mark: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || "=_-.".contains(c);
            mark.split_once('=').is_some() && mark.chars().all(fits)
        };
        if !raw.letter_mark.is_empty() && !is_pair(&raw.letter_mark) {
            let why = "write a name and a value of letters and digits, e.g. \"from=letter\"";
            return Err(self.wrong_in(table, "letter_mark", why));
        }
        let tools = (0..).zip(raw.tools).map(|(nth, tool)| self.tool(nth, tool));
        Ok(Popularity {
            logs: raw.logs,
            wait: Duration::from_secs(u64::from(raw.wait) * 3600),
            half_life: raw.half_life,
            robots: raw.robots,
            needs_style: raw.needs_style,
            letter_mark: raw.letter_mark,
            beacon: raw.beacon,
            tools: tools.collect::<Result<_, _>>()?,
        })
    }

    fn tool(&self, nth: usize, raw: RawTool) -> Result<Asked, Error> {
        let table = Table { header: "[[popularity.tools]]", nth };
        let text = if raw.url.ends_with('/') { raw.url } else { raw.url + "/" };
        let url = text.parse().ok().filter(|url: &url::Url| {
            url.scheme().starts_with("http") && url.has_host() && url.query().is_none()
        });
        let Some(url) = url else {
            let why = "write an address like https://stats.blog.example/";
            return Err(self.wrong_in(table, "url", why));
        };
        if raw.site.is_empty() && raw.kind != Tool::GoatCounter {
            let why = "say what the tool calls the site: a domain, an identifier or a number";
            return Err(self.wrong_in(table, "site", why));
        }
        let own = || credential(&format!("{}-token", raw.kind.as_str()));
        let token_file = raw.token_file.map_or_else(own, |file| self.root.join(file));
        Ok(Asked { tool: raw.kind, url, site: raw.site, token_file })
    }
}
