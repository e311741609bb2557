//! Checking `[mail.theme]`: colours, fonts, measures and the logo of letters.

use serde::Deserialize;

use super::{Error, check::Check, relays::Table};
use crate::{
    digest::theme::{Pair, Theme},
    domain::colour::Colour,
};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawTheme {
    accent: Option<String>,
    accent_dark: Option<String>,
    background: Option<String>,
    background_dark: Option<String>,
    paper: Option<String>,
    paper_dark: Option<String>,
    ink: Option<String>,
    ink_dark: Option<String>,
    font: Option<String>,
    heading_font: Option<String>,
    width: Option<u32>,
    logo: Option<String>,
    logo_width: Option<u32>,
}

const TABLE: Table<'_> = Table { header: "[mail.theme]", nth: 0 };

/// How narrow and how wide a letter may be.
const WIDTHS: std::ops::RangeInclusive<u32> = 320..=800;

impl Check<'_> {
    /// The theme of the letters of a site at `url`.
    pub(super) fn theme(&self, raw: RawTheme, url: &url::Url) -> Result<Theme, Error> {
        let ours = Theme::default();
        let pair = |key: &str, (light, dark): (Option<String>, Option<String>), ours: Pair| {
            Ok::<_, Error>(Pair::new(
                self.colour(key, light, ours.light)?,
                self.colour(&format!("{key}_dark"), dark, ours.dark)?,
            ))
        };
        let width = raw.width.unwrap_or(ours.width);
        if !WIDTHS.contains(&width) {
            return Err(self.wrong_in(TABLE, "width", "write 320 to 800 pixels; 600 is usual"));
        }
        let logo_width = raw.logo_width.unwrap_or(ours.logo_width);
        if logo_width == 0 || logo_width > width {
            return Err(self.wrong_in(TABLE, "logo_width", "write a width within the letter's"));
        }
        Ok(Theme {
            accent: pair("accent", (raw.accent, raw.accent_dark), ours.accent)?,
            background: pair("background", (raw.background, raw.background_dark), ours.background)?,
            paper: pair("paper", (raw.paper, raw.paper_dark), ours.paper)?,
            ink: pair("ink", (raw.ink, raw.ink_dark), ours.ink)?,
            font: self.font("font", raw.font, ours.font)?,
            heading_font: self.font("heading_font", raw.heading_font, ours.heading_font)?,
            small_font: ours.small_font,
            width,
            logo: raw.logo.map(|logo| self.logo(&logo, url)).transpose()?,
            logo_width,
        })
    }

    fn colour(&self, key: &str, text: Option<String>, ours: Colour) -> Result<Colour, Error> {
        let Some(text) = text else { return Ok(ours) };
        text.parse().map_err(|error: crate::domain::colour::Unknown| {
            self.wrong_in(TABLE, key, &error.to_string())
        })
    }

    /// Names of fonts stand in a style sheet: nothing in them may end it.
    fn font(&self, key: &str, text: Option<String>, ours: String) -> Result<String, Error> {
        let Some(text) = text else { return Ok(ours) };
        let text = text.replace('"', "'");
        let is_plain = |c: char| c.is_alphanumeric() || " ,'-_".contains(c);
        if text.trim().is_empty() || !text.chars().all(is_plain) {
            let why = "write names of fonts with commas between, like \"Georgia, serif\"";
            return Err(self.wrong_in(TABLE, key, why));
        }
        Ok(text)
    }

    fn logo(&self, text: &str, url: &url::Url) -> Result<String, Error> {
        let logo = url.join(text.trim_start_matches('/'));
        logo.map(String::from).map_err(|error| self.wrong_in(TABLE, "logo", &error.to_string()))
    }
}
