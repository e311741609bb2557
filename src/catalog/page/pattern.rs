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
    let (year, month, day) = marks.day;
    let section = marks.section.unwrap_or_default();
    // Longer names first: `:slugorfilename` begins like `:slug`.
    let values = [
        ("slugorfilename", marks.slug.to_owned()),
        ("slugortitle", marks.slug.to_owned()),
        ("contentbasename", marks.stem.to_owned()),
        ("short_year", format!("{:02}", year.rem_euclid(100))),
        ("date:%Y", format!("{year:04}")),
        ("date:%m", format!("{month:02}")),
        ("date:%d", format!("{day:02}")),
        ("categories", section.to_owned()),
        ("category", section.to_owned()),
        ("sections", section.to_owned()),
        ("section", section.to_owned()),
        ("filename", marks.stem.to_owned()),
        ("i_month", month.to_string()),
        ("i_day", day.to_string()),
        ("y_day", format!("{:03}", day_of_year(marks.day))),
        ("title", marks.slug.to_owned()),
        ("slug", marks.slug.to_owned()),
        ("year", format!("{year:04}")),
        ("month", format!("{month:02}")),
        ("day", format!("{day:02}")),
    ];
    values.iter().fold(pattern.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{name}}}"), value).replace(&format!(":{name}"), value)
    })
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
