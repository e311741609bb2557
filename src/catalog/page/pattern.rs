//! Permalink patterns: how other generators write where a post stands.
//!
//! Ours are marks in braces (`{year}/{month}/{slug}`); Jekyll's and Hugo's (`/:year/:title/`, and
//! Jekyll's `pretty`, `date`, `ordinal`, `none`) and Pelican's (`{date:%Y}/{slug}.html`) mean the
//! same. What has no value, such as the section of a post at the top, leaves no empty part.

use crate::catalog::date::Day;

/// What marks stand for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks<'p> {
    pub(super) slug: &'p str,
    pub(super) day: Day,
    pub(super) section: Option<&'p str>,
    /// The file name without its date and ending.
    pub(super) stem: &'p str,
}

/// The pattern with its marks replaced.
pub(super) fn expanded(pattern: &str, marks: &Marks<'_>) -> String {
    let pattern = match pattern.trim_matches('/') {
        "pretty" | "date" => ":categories/:year/:month/:day/:title",
        "ordinal" => ":categories/:year/:y_day/:title",
        "none" => ":categories/:title",
        own => own,
    };
    let mut text = pattern.to_owned();
    for (name, braced, colon) in MARKS {
        if text.contains(braced) || text.contains(colon) {
            let value = marks.value(name);
            text = text.replace(braced, &value).replace(colon, &value);
        }
    }
    text
}

/// The marks in each writing. Longer names stand first: `:slugorfilename` begins like `:slug`.
const MARKS: [(Mark, &str, &str); 20] = [
    (Mark::Slug, "{slugorfilename}", ":slugorfilename"),
    (Mark::Slug, "{slugortitle}", ":slugortitle"),
    (Mark::Stem, "{contentbasename}", ":contentbasename"),
    (Mark::ShortYear, "{short_year}", ":short_year"),
    (Mark::Year, "{date:%Y}", ":date:%Y"),
    (Mark::Month, "{date:%m}", ":date:%m"),
    (Mark::Day, "{date:%d}", ":date:%d"),
    (Mark::Section, "{categories}", ":categories"),
    (Mark::Section, "{category}", ":category"),
    (Mark::Section, "{sections}", ":sections"),
    (Mark::Section, "{section}", ":section"),
    (Mark::Stem, "{filename}", ":filename"),
    (Mark::BareMonth, "{i_month}", ":i_month"),
    (Mark::BareDay, "{i_day}", ":i_day"),
    (Mark::DayOfYear, "{y_day}", ":y_day"),
    (Mark::Slug, "{title}", ":title"),
    (Mark::Slug, "{slug}", ":slug"),
    (Mark::Year, "{year}", ":year"),
    (Mark::Month, "{month}", ":month"),
    (Mark::Day, "{day}", ":day"),
];

#[derive(Clone, Copy)]
enum Mark {
    Slug,
    Stem,
    Section,
    Year,
    ShortYear,
    Month,
    BareMonth,
    Day,
    BareDay,
    DayOfYear,
}

impl Marks<'_> {
    fn value(&self, mark: Mark) -> String {
        let (year, month, day) = self.day;
        match mark {
            Mark::Slug => self.slug.to_owned(),
            Mark::Stem => self.stem.to_owned(),
            Mark::Section => self.section.unwrap_or_default().to_owned(),
            Mark::Year => format!("{year:04}"),
            Mark::ShortYear => format!("{:02}", year.rem_euclid(100)),
            Mark::Month => format!("{month:02}"),
            Mark::BareMonth => month.to_string(),
            Mark::Day => format!("{day:02}"),
            Mark::BareDay => day.to_string(),
            Mark::DayOfYear => format!("{:03}", day_of_year(self.day)),
        }
    }
}

fn day_of_year((year, month, day): Day) -> i16 {
    const BEFORE: [i16; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month = usize::try_from(month).unwrap_or(1);
    let before = BEFORE.get(month.saturating_sub(1)).copied().unwrap_or(0);
    before + i16::from(day) + i16::from(is_leap && month > 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_of_every_generator_mean_what_they_mean_there() {
        let marks =
            Marks { slug: "a-boat", day: (2024, 3, 9), section: Some("notes"), stem: "boat" };
        for (pattern, expected) in [
            ("{slug}", "a-boat"),
            ("{year}/{month}/{day}/{slug}", "2024/03/09/a-boat"),
            ("/:year/:i_month/:title/", "2024/3/a-boat"),
            ("pretty", "notes/2024/03/09/a-boat"),
            ("ordinal", "notes/2024/069/a-boat"),
            ("/:section/:slugorfilename/", "notes/a-boat"),
            ("{date:%Y}/{slug}.html", "2024/a-boat.html"),
            (":short_year/:filename", "24/boat"),
        ] {
            assert_eq!(expanded(pattern, &marks), expected, "{pattern}");
        }
    }
}
