//! The theme: what an operator may choose of a letter's looks without writing a template.
//!
//! Colours come in pairs, for light and for dark surroundings; what lies between them (secondary
//! text, rules, the ground of code, the ink on a button) is worked out here, so that a theme
//! cannot make one of these unreadable unless its own inks are. [`Theme::faint`] names the pairs
//! that are read with difficulty.

use serde::Serialize;

use crate::domain::colour::{Colour, READABLE};

/// What letters look like.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// Links and buttons.
    pub accent: Pair,
    /// Behind the letter.
    pub background: Pair,
    /// The sheet that it is written on.
    pub paper: Pair,
    /// Text.
    pub ink: Pair,
    /// The font of text, as CSS lists it.
    pub font: String,
    /// That of titles.
    pub heading_font: String,
    /// That of small print.
    pub small_font: String,
    /// How wide the letter is, in pixels.
    pub width: u32,
    /// A picture in place of the newsletter's name: an absolute address.
    pub logo: Option<String>,
    /// How wide it is shown, in pixels.
    pub logo_width: u32,
}

/// A colour in light and in dark surroundings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// In light ones.
    pub light: Colour,
    /// In dark ones.
    pub dark: Colour,
}

impl Pair {
    /// A pair of its two colours.
    pub const fn new(light: Colour, dark: Colour) -> Self {
        Self { light, dark }
    }

    fn each(self, other: Self, make: impl Fn(Colour, Colour) -> Colour) -> Self {
        Self::new(make(self.light, other.light), make(self.dark, other.dark))
    }
}

impl Default for Theme {
    fn default() -> Self {
        let serif = "Georgia, 'Times New Roman', serif".to_owned();
        Self {
            accent: Pair::new(Colour::rgb(10, 95, 107), Colour::rgb(134, 201, 209)),
            background: Pair::new(Colour::rgb(243, 241, 236), Colour::rgb(16, 20, 21)),
            paper: Pair::new(Colour::rgb(254, 254, 252), Colour::rgb(25, 30, 32)),
            ink: Pair::new(Colour::rgb(34, 40, 43), Colour::rgb(230, 227, 220)),
            font: serif.clone(),
            heading_font: serif,
            small_font: "'Segoe UI', -apple-system, Helvetica, Arial, sans-serif".to_owned(),
            width: 600,
            logo: None,
            logo_width: 160,
        }
    }
}

/// A theme as templates see it, with what is worked out.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Shown<'a> {
    accent: Pair,
    /// The ink on a button.
    on_accent: Pair,
    background: Pair,
    paper: Pair,
    ink: Pair,
    /// Secondary text.
    soft: Pair,
    /// Rules.
    line: Pair,
    /// The ground of code.
    tint: Pair,
    font: &'a str,
    heading_font: &'a str,
    small_font: &'a str,
    width: u32,
    /// How wide text is on a desk.
    pub(super) measure: u32,
    logo: Option<&'a str>,
    logo_width: u32,
}

/// What stands beside the text on either side.
const MARGIN: u32 = 32;

impl Theme {
    pub(super) fn shown(&self) -> Shown<'_> {
        let Self { accent, background, paper, ink, .. } = *self;
        Shown {
            accent,
            on_accent: accent.each(accent, |accent, _| accent.ink_on()),
            background,
            paper,
            ink,
            soft: self.soft(),
            line: paper.each(ink, |paper, ink| paper.towards(ink, 0.16)),
            tint: self.tint(),
            font: &self.font,
            heading_font: &self.heading_font,
            small_font: &self.small_font,
            width: self.width,
            measure: self.width.saturating_sub(2 * MARGIN),
            logo: self.logo.as_deref(),
            logo_width: self.logo_width,
        }
    }

    /// As faint as it may be and still be read on the paper and behind it.
    fn soft(&self) -> Pair {
        let of = |ink: Colour, paper: Colour, background: Colour| {
            let shades = [0.3, 0.22, 0.14, 0.06].map(|share| ink.towards(paper, share));
            let is_read = |shade: &&Colour| {
                shade.contrast(paper) > READABLE + 0.4
                    && shade.contrast(background) > READABLE + 0.2
            };
            shades.iter().find(is_read).copied().unwrap_or(ink)
        };
        let Self { ink, paper, background, .. } = self;
        Pair::new(
            of(ink.light, paper.light, background.light),
            of(ink.dark, paper.dark, background.dark),
        )
    }

    fn tint(&self) -> Pair {
        self.paper.each(self.ink, |paper, ink| paper.towards(ink, 0.06))
    }

    /// Pairs of ink and ground that are read with difficulty, in words.
    pub fn faint(&self) -> Vec<String> {
        let Self { accent, background, paper, ink, .. } = *self;
        let on_accent = accent.each(accent, |accent, _| accent.ink_on());
        let pairs = [
            ("ink on paper", ink, paper),
            ("ink on background", ink, background),
            ("accent on paper", accent, paper),
            ("accent on background", accent, background),
            ("a button's words on accent", on_accent, accent),
        ];
        let modes = pairs.iter().flat_map(|&(name, ink, ground)| {
            let dark = format!("{name} in dark surroundings");
            [(name.to_owned(), ink.light, ground.light), (dark, ink.dark, ground.dark)]
        });
        let faint = modes.filter_map(|(name, ink, ground)| {
            let contrast = ink.contrast(ground);
            (contrast < READABLE).then(|| {
                format!("{name}: contrast {contrast:.1}, less than the {READABLE} it needs")
            })
        });
        faint.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_theme_is_read_easily_in_both_surroundings() {
        let theme = Theme::default();
        assert_eq!(theme.faint(), [""; 0]);
        let shown = theme.shown();
        for (ink, ground) in [
            (shown.soft, shown.paper),
            (shown.soft, shown.background),
            (shown.ink, shown.tint),
            (shown.accent, shown.tint),
            (shown.on_accent, shown.accent),
        ] {
            assert!(ink.light.contrast(ground.light) >= READABLE, "{ink:?} on {ground:?}");
            assert!(ink.dark.contrast(ground.dark) >= READABLE, "{ink:?} on {ground:?}");
        }
    }

    /// Some programs turn the light colours of a letter round by themselves.
    #[test]
    fn our_theme_survives_being_turned_dark() {
        let theme = Theme::default();
        let shown = theme.shown();
        for (ink, ground) in [
            (shown.ink, shown.paper),
            (shown.soft, shown.paper),
            (shown.accent, shown.paper),
            (shown.soft, shown.background),
            (shown.accent, shown.background),
            (shown.ink, shown.tint),
            (shown.on_accent, shown.accent),
        ] {
            let contrast = ink.light.turned().contrast(ground.light.turned());
            assert!(contrast >= READABLE, "{ink:?} on {ground:?}: {contrast}");
        }
    }

    #[test]
    fn a_faint_theme_is_told() {
        let faint = Pair::new(Colour::rgb(160, 160, 160), Colour::rgb(134, 201, 209));
        let told = Theme { accent: faint, ..Theme::default() }.faint();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("accent on paper: contrast 2.6"), "{told:?}");
    }
}
