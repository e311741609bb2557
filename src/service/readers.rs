//! Readers from a file: `config/subscribers.csv`, imported when it is new or has changed.
//!
//! It promises that a line which cannot be used is refused with its number and reason while the
//! others are imported, and that nobody who is known is changed or revived.
//!
//! Columns, in any order: `address`, `newsletter`, `cadence`, and if wanted `name` and
//! `confirmed_at` (RFC 3339).

use serde::Deserialize;

use crate::{
    domain::{
        address::Address,
        subscriber::{Cadence, NewSubscription},
    },
    time::Timestamp,
};

#[derive(Deserialize)]
struct Row {
    address: String,
    #[serde(default)]
    name: String,
    newsletter: String,
    cadence: String,
    #[serde(default)]
    confirmed_at: String,
}

/// What a file of subscribers holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// Usable lines.
    pub rows: Vec<NewSubscription>,
    /// Refused lines: file, number, reason.
    pub refused: Vec<String>,
}

/// Reads `text`, the content of the file shown as `path`. `offers` says whether a newsletter has
/// a cadence.
pub fn read(
    path: &str,
    text: &str,
    now: Timestamp,
    offers: impl Fn(&str, Cadence) -> Result<(), String>,
) -> Import {
    let mut import = Import::default();
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let headers = reader.headers().cloned().unwrap_or_default();
    let mut record = csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        let row = match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => record.deserialize(Some(&headers)).map_err(|error| plain(&error)),
            Err(error) => Err(plain(&error)),
        };
        let line = record.position().map_or(line, csv::Position::line);
        let source = format!("{path}:{line}");
        match row.and_then(|row| subscription(row, &source, now, &offers)) {
            Ok(row) => import.rows.push(row),
            Err(why) => import.refused.push(format!("{source}: {why}")),
        }
    }
    import
}

fn plain(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => err.to_string(),
        _ => error.to_string(),
    }
}

fn subscription(
    row: Row,
    source: &str,
    now: Timestamp,
    offers: impl Fn(&str, Cadence) -> Result<(), String>,
) -> Result<NewSubscription, String> {
    let address: Address = row.address.parse().map_err(text)?;
    let cadence: Cadence = row.cadence.parse().map_err(text)?;
    offers(&row.newsletter, cadence)?;
    let confirmed_at = match row.confirmed_at.as_str() {
        "" => now,
        written => Timestamp::parse_rfc3339(written).ok_or_else(|| {
            format!("confirmed_at \"{written}\" is not like 2026-11-24T09:00:00Z")
        })?,
    };
    Ok(NewSubscription {
        address,
        name: row.name.replace(char::is_control, " "),
        newsletter: row.newsletter,
        cadence,
        confirmed_at,
        source: source.to_owned(),
    })
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_lines(text: &str) -> Import {
        read("subscribers.csv", text, Timestamp::from_micros(0), |newsletter, cadence| {
            match (newsletter, cadence) {
                ("letters", Cadence::Weekly | Cadence::Instant) => Ok(()),
                _ => Err(format!("no newsletter \"{newsletter}\" offers {cadence}")),
            }
        })
    }

    #[test]
    fn usable_lines_are_read_and_the_others_named() {
        let import = read_lines(
            "\u{feff}address,name,newsletter,cadence,confirmed_at\n\
             ada@example.net,Ada,letters,weekly,2026-01-02T03:04:05Z\n\
             nobody,,letters,weekly,\n\
             bob@example.net,\"Bob, the second\",letters,instant,\n\
             cy@example.net,,letters,hourly,\n\
             di@example.net,,letters,monthly,\n\
             ed@example.net,,letters,weekly,yesterday\n",
        );
        let addresses: Vec<&str> = import.rows.iter().map(|row| row.address.as_str()).collect();
        assert_eq!(addresses, ["ada@example.net", "bob@example.net"]);
        assert_eq!(import.rows[1].source, "subscribers.csv:4");
        for (refused, why) in import.refused.iter().zip([
            "subscribers.csv:3: \"nobody\" is not a mail address",
            "subscribers.csv:5: \"hourly\" is no cadence",
            "subscribers.csv:6: no newsletter \"letters\" offers monthly",
            "subscribers.csv:7: confirmed_at \"yesterday\"",
        ]) {
            assert!(refused.starts_with(why), "{refused}");
        }
        assert_eq!(import.refused.len(), 4);
    }

    #[test]
    fn a_file_without_the_needed_columns_is_refused_line_by_line() {
        let import = read_lines("email\nada@example.net\n");
        assert_eq!(import.rows, []);
        assert!(import.refused[0].contains("missing field `address`"), "{:?}", import.refused);
    }
}
