//! Hubs: telling one that a feed has changed, so that its subscribers hear at once.
//!
//! One request for one feed. Nothing is remembered and nothing is tried again here; what the hub
//! said decides which of the three answers it is.
//!
//! Standard: WebSub section 7 leaves open how a publisher tells its hub; hubs take a form with
//! `hub.mode=publish`, as PubSubHubbub 0.4 did.

use std::time::Duration;

use reqwest::{Client, StatusCode, redirect::Policy};

/// How long a hub may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a hub answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It took it.
    Took,
    /// It could not now.
    Later(String),
    /// It could not be reached at all.
    Away(String),
    /// It never will.
    Never(String),
}

/// What talks to hubs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Teller(Client);

impl Teller {
    /// One that says it works for the site at `home`.
    pub fn new(home: &str) -> Result<Self, String> {
        let client = Client::builder()
            .user_agent(format!("Postrider (+{home})"))
            .timeout(PATIENCE)
            .redirect(Policy::limited(3))
            .build();
        client.map(Self).map_err(|error| error.to_string())
    }

    /// Tells `hub` that the feed at `topic` has changed.
    pub async fn tell(&self, hub: &str, topic: &str) -> Answer {
        let form = [("hub.mode", "publish"), ("hub.url", topic), ("hub.topic", topic)];
        match self.0.post(hub).form(&form).send().await {
            Ok(response) => understood(response.status()),
            Err(error) => Answer::Away(reason(error)),
        }
    }
}

fn understood(status: StatusCode) -> Answer {
    let said = format!("it answered {status}");
    match status {
        status if status.is_success() => Answer::Took,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Answer::Later(said),
        status if status.is_client_error() => Answer::Never(said),
        _ => Answer::Later(said),
    }
}

/// Why, without the address, which may hold a secret.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut source: Option<&dyn std::error::Error> = std::error::Error::source(&error);
    let mut text = error.to_string();
    while let Some(inner) = source {
        text = inner.to_string();
        source = inner.source();
    }
    text
}
