//! What the file may hold, key by key, with the value of each that is left out. Nothing is checked
//! here but names and kinds; `check` turns it into a [`super::Config`].

use std::path::PathBuf;

use serde::Deserialize;

use super::{
    Bucket, Feeds, FirstRun, Related, Uncertain, Way,
    dkim::RawDkim,
    popularity::RawPopularity,
    relays::{RawLimits, RawRelay},
    theme::RawTheme,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) site: RawSite,
    #[serde(default)]
    pub(super) web: RawWeb,
    pub(super) bucket: Option<Bucket>,
    #[serde(default)]
    pub(super) feeds: Feeds,
    #[serde(default)]
    pub(super) related: Related,
    #[serde(default)]
    pub(super) popularity: RawPopularity,
    #[serde(default)]
    pub(super) ledger: RawLedger,
    pub(super) mail: RawMail,
    #[serde(default)]
    pub(super) operator: RawOperator,
    #[serde(default)]
    pub(super) newsletters: Vec<RawNewsletter>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSite {
    pub(super) title: String,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default = "english")]
    pub(super) language: String,
    #[serde(default = "utc")]
    pub(super) time_zone: String,
    pub(super) author: Option<String>,
    #[serde(default = "posts")]
    pub(super) posts: PathBuf,
    #[serde(default = "public")]
    pub(super) output: PathBuf,
    #[serde(default = "templates")]
    pub(super) templates: PathBuf,
    #[serde(default = "slug")]
    pub(super) permalink: String,
    #[serde(default = "nine")]
    pub(super) publish_hour: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawWeb {
    pub(super) public_url: Option<String>,
    pub(super) listen: String,
}

impl Default for RawWeb {
    fn default() -> Self {
        Self { public_url: None, listen: "127.0.0.1:8025".to_owned() }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawLedger {
    pub(super) path: Option<PathBuf>,
    pub(super) url: Option<String>,
    pub(super) password_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMail {
    pub(super) from: String,
    pub(super) reply_to: Option<String>,
    #[serde(default)]
    pub(super) postal_address: String,
    pub(super) subscribers: Option<PathBuf>,
    #[serde(default)]
    pub(super) first_run: FirstRun,
    #[serde(default)]
    pub(super) transport: Way,
    #[serde(default)]
    pub(super) uncertain: Uncertain,
    #[serde(default = "outbox")]
    pub(super) outbox: PathBuf,
    #[serde(default = "thirty")]
    pub(super) eligible_days: u32,
    pub(super) letters_a_day: Option<u32>,
    #[serde(default = "five")]
    pub(super) guard_posts: usize,
    #[serde(default = "thirty")]
    pub(super) guard_days: u32,
    #[serde(default)]
    pub(super) canary: u64,
    #[serde(default = "ten")]
    pub(super) canary_wait: u32,
    #[serde(default = "twentieth")]
    pub(super) canary_share: f64,
    pub(super) smtp: Option<RawRelay>,
    #[serde(default)]
    pub(super) relays: Vec<RawRelay>,
    #[serde(default)]
    pub(super) limits: RawLimits,
    pub(super) dkim: Option<RawDkim>,
    #[serde(default)]
    pub(super) theme: RawTheme,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawOperator {
    pub(super) address: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNewsletter {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) language: Option<String>,
    #[serde(default)]
    pub(super) instant: bool,
    pub(super) daily: Option<String>,
    pub(super) weekly: Option<String>,
    pub(super) monthly: Option<String>,
    #[serde(default)]
    pub(super) topics: Vec<String>,
    #[serde(default)]
    pub(super) approval: bool,
    pub(super) quiet_hours: Option<String>,
}

fn english() -> String {
    "en".to_owned()
}
fn utc() -> String {
    "UTC".to_owned()
}
fn posts() -> PathBuf {
    "posts".into()
}
fn public() -> PathBuf {
    "public".into()
}
fn templates() -> PathBuf {
    "templates".into()
}
fn slug() -> String {
    "{slug}".to_owned()
}
fn outbox() -> PathBuf {
    "var/outbox".into()
}
const fn nine() -> i64 {
    9
}
const fn five() -> usize {
    5
}
const fn thirty() -> u32 {
    30
}
const fn ten() -> u32 {
    10
}
const fn twentieth() -> f64 {
    0.05
}
