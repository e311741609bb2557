//! Exports and answers as JSON: recognised by their members.

use serde_json::Value;

use super::{Error, Outcome, Reader, Readings, Said, Tool, labelled};
use crate::time::parse_day;

impl Reader {
    pub(super) fn json(
        &mut self,
        name: &str,
        text: &str,
    ) -> Result<Option<(Tool, Readings)>, Error> {
        let first = text.lines().next().unwrap_or_default();
        if let Ok(Value::Object(line)) = serde_json::from_str(first)
            && line.contains_key("path_id") | line.contains_key("id")
        {
            return self.lines(name, text);
        }
        let whole: Value = serde_json::from_str(text).map_err(|error| Error::Damaged {
            name: name.to_owned(),
            what: "JSON",
            why: error.to_string(),
        })?;
        self.whole(name, &whole).map(Some)
    }

    fn whole(&self, name: &str, whole: &Value) -> Result<(Tool, Readings), Error> {
        let unknown = || Error::Unknown(name.to_owned());
        let day = || self.day.ok_or_else(|| Error::NoDay(name.to_owned()));
        if let Some(hits) = whole.get("hits").and_then(Value::as_array) {
            return Ok((Tool::GoatCounter, readings(hits.iter().flat_map(goatcounter))));
        }
        if let Some(results) = whole.get("results").and_then(Value::as_array) {
            let is_of_a_day = results.iter().any(|result| result.get("page").is_some());
            let day = if is_of_a_day { day()? } else { 0 };
            let said = results.iter().map(|result| match is_of_a_day {
                true => named(result, day, "page", "visitors"),
                false => self.plausible(result),
            });
            return Ok((Tool::Plausible, readings(said)));
        }
        if let Some(list) = whole.as_array() {
            let umami =
                list.iter().all(|entry| entry.get("x").is_some() && entry.get("y").is_some());
            let day = day()?;
            return Ok(match umami {
                true => {
                    (Tool::Umami, readings(list.iter().map(|entry| named(entry, day, "x", "y"))))
                }
                false if list.iter().all(|entry| entry.get("label").is_some()) => {
                    (Tool::Matomo, readings(list.iter().map(|entry| matomo(entry, day))))
                }
                false => return Err(unknown()),
            });
        }
        let days = whole.as_object().ok_or_else(unknown)?;
        if days.is_empty() || !days.keys().all(|key| parse_day(key).is_some()) {
            return Err(unknown());
        }
        let said = days.iter().flat_map(|(key, list)| {
            let day = parse_day(key).unwrap_or_default();
            list.as_array().into_iter().flatten().map(move |entry| matomo(entry, day))
        });
        Ok((Tool::Matomo, readings(said)))
    }

    /// Plausible, version 2: a day and a page as dimensions, visitors as the metric.
    fn plausible(&self, result: &Value) -> Option<Said> {
        let dimension = |at: usize| result.get("dimensions")?.get(at)?.as_str();
        let day = self.day_of(dimension(0)?)?;
        Some(Said::Readers(day, dimension(1)?.to_owned(), count(result.get("metrics")?.get(0)?)?))
    }

    /// GoatCounter's export: a file that numbers the pages, and one that counts by hours.
    fn lines(&mut self, name: &str, text: &str) -> Result<Option<(Tool, Readings)>, Error> {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap_or_default());
        let lines: Vec<Value> = lines.collect();
        let is_count = |line: &Value| line.get("hour").is_some() && line.get("count").is_some();
        if lines.iter().any(is_count) {
            if self.paths.is_empty() {
                let why = "name the export's paths.jsonl too, or the whole archive".to_owned();
                let what = "GoatCounter's export";
                return Err(Error::Damaged { name: name.to_owned(), what, why });
            }
            let said = lines.iter().map(|line| self.hour(line));
            return Ok(Some((Tool::GoatCounter, readings(said))));
        }
        let events = |line: &Value| line.get("event").and_then(Value::as_bool).unwrap_or(false);
        for line in lines.iter().filter(|line| !events(line)) {
            let (id, path) = (line.get("id"), line.get("path"));
            if let (Some(id), Some(path)) =
                (id.and_then(Value::as_u64), path.and_then(Value::as_str))
            {
                self.paths.insert(id, path.to_owned());
            }
        }
        Ok(None)
    }

    fn hour(&self, line: &Value) -> Option<Said> {
        let day = self.day_of(line.get("hour")?.as_str()?)?;
        let page = line.get("path_id")?.as_u64()?;
        let Some(page) = self.paths.get(&page) else { return Some(Said::Other(Outcome::NoReader)) };
        Some(Said::Readers(day, page.clone(), count(line.get("count")?)?))
    }
}

fn readings(said: impl Iterator<Item = Option<Said>>) -> Readings {
    let mut readings = Readings::default();
    said.for_each(|said| readings.take(said.unwrap_or(Said::Other(Outcome::Unreadable))));
    readings
}

/// GoatCounter's `stats/hits`: a page with its days.
fn goatcounter(hit: &Value) -> Vec<Option<Said>> {
    let days = hit.get("stats").and_then(Value::as_array);
    let said = days.into_iter().flatten().map(|day| {
        if hit.get("event").and_then(Value::as_bool).unwrap_or(false) {
            return Some(Said::Other(Outcome::NoReader));
        }
        let hours = day.get("hourly").and_then(Value::as_array).into_iter().flatten();
        let hours: u64 = hours.filter_map(count).sum();
        let readers = day.get("daily").and_then(count).unwrap_or(0).max(hours);
        let page = hit.get("path")?.as_str()?.to_owned();
        Some(Said::Readers(parse_day(day.get("day")?.as_str()?)?, page, readers))
    });
    said.collect()
}

/// A page and a number under these names.
fn named(entry: &Value, day: i32, page: &str, readers: &str) -> Option<Said> {
    Some(Said::Readers(day, entry.get(page)?.as_str()?.to_owned(), count(entry.get(readers)?)?))
}

/// Matomo's page: its whole address where it is told, since labels are cut and joined.
fn matomo(entry: &Value, day: i32) -> Option<Said> {
    let page = match entry.get("url").and_then(Value::as_str) {
        Some(url) => url.to_owned(),
        None => labelled(entry.get("label")?.as_str()?),
    };
    let readers = ["nb_uniq_visitors", "sum_daily_nb_uniq_visitors", "nb_visits"];
    let readers = readers.iter().find_map(|name| entry.get(*name).and_then(count))?;
    Some(Said::Readers(day, page, readers))
}

/// A number, or one written as text.
fn count(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}
