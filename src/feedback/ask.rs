//! Asking analytics tools over HTTP for readers a day.
//!
//! One question for all days where the tool can answer that, else one a day. What it answers is
//! read by [`super::imports`], as a file with the same would be. Nothing is remembered and nothing
//! tried again here.
//!
//! | Tool | Asked for | Shown to it |
//! |---|---|---|
//! | GoatCounter | `api/v0/stats/hits` | `Authorization: Bearer` |
//! | Plausible | `api/v2/query` | `Authorization: Bearer` |
//! | Umami | `websites/SITE/metrics`, type `path`, else `url` | `Authorization: Bearer`, `x-umami-api-key` |
//! | Matomo | `Actions.getPageUrls` | `token_auth`, in the body |

use std::{ops::RangeInclusive, time::Duration};

use reqwest::{Client, RequestBuilder, StatusCode, redirect::Policy};
use serde_json::{Value, json};
use url::Url;

use super::imports::Tool;
use crate::time::{Zone, day_text};

/// How long a tool may take to answer a question.
const PATIENCE: Duration = Duration::from_secs(60);

/// Pages that are asked for at once.
const PAGES: usize = 1000;

/// Answers of one question at most.
const ANSWERS: usize = 100;

/// A tool that did not answer.
#[derive(Debug, thiserror::Error)]
#[error("{tool} at {url} was asked for readers: {why}")]
pub struct Error {
    tool: &'static str,
    url: Url,
    why: String,
}

/// A tool and how it is reached.
#[derive(Clone, Debug)]
pub struct Desk {
    /// Which one.
    pub tool: Tool,
    /// Where it is.
    pub url: Url,
    /// What it calls the site.
    pub site: String,
    /// What it knows us by.
    pub token: String,
    /// By whose calendar days are cut.
    pub zone: Zone,
}

/// An answer, and the day that it is of where it does not say that itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Of which day.
    pub day: Option<i32>,
    /// As it came.
    pub text: String,
}

impl Desk {
    /// Asks for these days.
    pub async fn ask(&self, days: RangeInclusive<i32>) -> Result<Vec<Answer>, Error> {
        let client = Client::builder().timeout(PATIENCE).redirect(Policy::none()).build();
        let asked = async {
            let client = client?;
            match self.tool {
                Tool::GoatCounter => self.goatcounter(&client, &days).await,
                Tool::Plausible => self.plausible(&client, &days).await,
                Tool::Umami => self.umami(&client, days).await,
                Tool::Matomo => self.matomo(&client, &days).await,
            }
        };
        asked.await.map_err(|why: Fault| Error {
            tool: self.tool.as_str(),
            url: self.url.clone(),
            why: why.0,
        })
    }

    /// A hundred pages an answer; the next one leaves out those that were told.
    async fn goatcounter(
        &self,
        client: &Client,
        days: &RangeInclusive<i32>,
    ) -> Result<Vec<Answer>, Fault> {
        let (mut answers, mut told) = (Vec::new(), Vec::new());
        while answers.len() < ANSWERS {
            let mut url = self.join("api/v0/stats/hits")?;
            url.query_pairs_mut()
                .append_pair("start", &day_text(*days.start()))
                .append_pair("end", &day_text(*days.end()))
                .append_pair("daily", "true")
                .append_pair("limit", "100")
                .append_pair("exclude_paths", &told.join(","));
            let text = said(client.get(url).bearer_auth(&self.token)).await?;
            let value: Value = serde_json::from_str(&text).map_err(Fault::of)?;
            let hits = value.get("hits").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let before = told.len();
            told.extend(hits.iter().filter_map(|hit| Some(hit.get("path_id")?.to_string())));
            let is_more = value.get("more").and_then(Value::as_bool).unwrap_or(false);
            answers.push(Answer { day: None, text });
            if !is_more || told.len() == before {
                break;
            }
        }
        Ok(answers)
    }

    async fn plausible(
        &self,
        client: &Client,
        days: &RangeInclusive<i32>,
    ) -> Result<Vec<Answer>, Fault> {
        let mut answers = Vec::new();
        while answers.len() < ANSWERS {
            let question = json!({
                "site_id": self.site,
                "metrics": ["visitors"],
                "date_range": [day_text(*days.start()), day_text(*days.end())],
                "dimensions": ["time:day", "event:page"],
                "pagination": {"limit": PAGES, "offset": answers.len() * PAGES},
            });
            let asked = client.post(self.join("api/v2/query")?).bearer_auth(&self.token);
            let asked = asked.header("content-type", "application/json").body(question.to_string());
            let text = said(asked).await?;
            let value: Value = serde_json::from_str(&text).map_err(Fault::of)?;
            let results = value.get("results").and_then(Value::as_array).map_or(0, Vec::len);
            answers.push(Answer { day: None, text });
            if results < PAGES {
                break;
            }
        }
        Ok(answers)
    }

    /// One question a day. Who has the name of the type wrong is told "bad request".
    async fn umami(
        &self,
        client: &Client,
        days: RangeInclusive<i32>,
    ) -> Result<Vec<Answer>, Fault> {
        let mut types = ["path", "url"].as_slice();
        let mut answers = Vec::new();
        for day in days {
            let text = loop {
                let [first, rest @ ..] = types else {
                    return Err(Fault("no type fits".to_owned()));
                };
                match said(self.umami_day(client, day, first)?).await {
                    Ok(text) => break text,
                    Err(fault) if rest.is_empty() || !fault.is_refusal() => return Err(fault),
                    Err(_) => types = rest,
                }
            };
            answers.push(Answer { day: Some(day), text });
        }
        Ok(answers)
    }

    fn umami_day(&self, client: &Client, day: i32, kind: &str) -> Result<RequestBuilder, Fault> {
        // The cloud has its API at an address of its own, others below their own.
        let api = if self.url.path().ends_with("/v1/") { "" } else { "api/" };
        let mut url = self.join(&format!("{api}websites/{}/metrics", self.site))?;
        let millis = |day| self.zone.day_start(day).micros() / 1000;
        url.query_pairs_mut()
            .append_pair("startAt", &millis(day).to_string())
            .append_pair("endAt", &(millis(day + 1) - 1).to_string())
            .append_pair("type", kind)
            .append_pair("limit", &PAGES.to_string());
        let asked = client.get(url).bearer_auth(&self.token);
        Ok(asked.header("x-umami-api-key", &self.token))
    }

    async fn matomo(
        &self,
        client: &Client,
        days: &RangeInclusive<i32>,
    ) -> Result<Vec<Answer>, Fault> {
        let range = format!("{},{}", day_text(*days.start()), day_text(*days.end()));
        let form = [
            ("module", "API"),
            ("method", "Actions.getPageUrls"),
            ("idSite", &self.site),
            ("period", "day"),
            ("date", &range),
            ("format", "JSON"),
            ("flat", "1"),
            ("filter_limit", "-1"),
            ("token_auth", &self.token),
        ];
        let text = said(client.post(self.join("index.php")?).form(&form)).await?;
        // It answers "ok" to refuse.
        let value: Value = serde_json::from_str(&text).map_err(Fault::of)?;
        if value.get("result").and_then(Value::as_str) == Some("error") {
            let why = value.get("message").and_then(Value::as_str).unwrap_or("it refused");
            return Err(Fault(why.to_owned()));
        }
        Ok(vec![Answer { day: (days.start() == days.end()).then_some(*days.start()), text }])
    }

    fn join(&self, path: &str) -> Result<Url, Fault> {
        self.url.join(path).map_err(Fault::of)
    }
}

/// Why a tool did not answer, without secrets.
#[derive(Debug)]
struct Fault(String);

impl Fault {
    fn of(why: impl std::fmt::Display) -> Self {
        Self(why.to_string())
    }

    fn status(status: StatusCode) -> Self {
        let more = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "; look at its token_file",
            StatusCode::NOT_FOUND => "; look at its url and site",
            _ => "",
        };
        Self(format!("it answered {status}{more}"))
    }

    /// Whether the question was not understood.
    fn is_refusal(&self) -> bool {
        self.0.contains("400 ")
    }
}

impl From<reqwest::Error> for Fault {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut source = std::error::Error::source(&error);
        let mut text = error.to_string();
        while let Some(inner) = source {
            text = inner.to_string();
            source = inner.source();
        }
        Self(text)
    }
}

/// What is answered to a question.
async fn said(asked: RequestBuilder) -> Result<String, Fault> {
    let answer = asked.send().await?;
    if !answer.status().is_success() {
        return Err(Fault::status(answer.status()));
    }
    Ok(answer.text().await?)
}
