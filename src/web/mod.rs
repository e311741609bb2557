//! The web door: the page behind every letter's unsubscribe link.
//!
//! `GET /unsubscribe/{token}` shows a page with a button and changes nothing, since mail scanners
//! and previews follow every link. `POST` ends the subscription at once, without cookie, login or
//! redirect (RFC 8058 section 3.1): when a mail program sends `List-Unsubscribe=One-Click`, as
//! form or as multipart, and when a reader presses the page's button, whose field is [`BUTTON`].
//! Repeating it is harmless.
//!
//! A link that is none of ours gets a page that says so (404); so does one whose subscription is
//! no longer known. A body over 4 kB is refused (413), one that takes longer than ten seconds too
//! (408), a POST that asks for nothing shows the button again (400), and other methods are not
//! allowed (405). When the ledger cannot be used the answer is 503 and an entry in the log.
//!
//! No page is stored by any cache, framed, indexed or allowed to load or run anything but the
//! styles it carries or this server holds, and no link leaks the token through a referrer.
//!
//! It listens to nothing and writes no HTML: the service does the former, [`Web::page`] the
//! latter.

pub mod beacon;
pub mod files;
mod form;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State, rejection::PathRejection},
    http::{
        HeaderValue, StatusCode,
        header::{self, HeaderName},
    },
    middleware::map_response,
    response::{Html, IntoResponse, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use crate::{
    domain::token::{Key, Purpose},
    store::{Store, audience::Subscription},
    time::Clock,
};

/// Name and value of the field that the page's own button sends.
pub const BUTTON: (&str, &str) = ("leave", "yes");

/// What a mail program sends (RFC 8058 section 3.1).
const ONE_CLICK: (&str, &str) = ("List-Unsubscribe", "One-Click");

/// The largest body that is read.
const LIMIT: usize = 4096;

/// How long a body may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes the HTML page that tells a reader so.
pub type Pages = Arc<dyn Fn(Notice) -> String + Send + Sync>;

/// What the pages need.
#[derive(Clone)]
pub struct Web {
    /// Where subscriptions are.
    pub store: Store,
    /// What signed the links.
    pub key: Key,
    /// The time of an unsubscription.
    pub clock: Clock,
    /// Makes the pages.
    pub page: Pages,
}

/// What a page has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Press the button to leave.
    Ask {
        /// The newsletter's id.
        newsletter: String,
        /// The token to send the form to.
        token: String,
    },
    /// You have left.
    Done {
        /// The newsletter's id.
        newsletter: String,
    },
    /// This link is none of ours.
    Broken,
    /// There is no page at this address.
    Absent,
}

/// An answer other than the page that was asked for.
enum Refusal {
    Broken,
    TooLarge,
    TooSlow,
    Ledger(crate::store::Error),
}

impl From<crate::store::Error> for Refusal {
    fn from(error: crate::store::Error) -> Self {
        Self::Ledger(error)
    }
}

/// The routes of the door. Paths that are not listed are left to the caller.
pub fn router(web: Web) -> Router {
    let page = get(show).post(leave).layer(map_response(sealed));
    let cut_short = get(broken).layer(map_response(sealed));
    Router::new()
        .route("/unsubscribe/{token}", page)
        .route("/unsubscribe/", cut_short)
        .with_state(web)
}

type Token = Result<Path<String>, PathRejection>;

async fn show(State(web): State<Web>, token: Token) -> Response {
    let answer = async {
        let (token, subscription) = web.subscription(token).await?;
        Ok(if subscription.state == "ended" {
            web.tell(StatusCode::OK, Notice::Done { newsletter: subscription.newsletter })
        } else {
            web.tell(StatusCode::OK, Notice::Ask { newsletter: subscription.newsletter, token })
        })
    };
    answer.await.unwrap_or_else(|refusal| web.refuse(refusal))
}

async fn leave(State(web): State<Web>, token: Token, request: Request) -> Response {
    let answer = async {
        let (token, subscription) = web.subscription(token).await?;
        let newsletter = subscription.newsletter;
        let (head, body) = request.into_parts();
        let body = read(body).await?;
        let kind = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let fields = form::fields(kind.unwrap_or(""), &body);
        if !fields.iter().any(|(name, value)| asks_to_leave(name, value)) {
            return Ok(web.tell(StatusCode::BAD_REQUEST, Notice::Ask { newsletter, token }));
        }
        web.store.end_subscription(subscription.id, web.clock.now()).await?;
        tracing::info!(subscription = subscription.id, "a reader unsubscribed");
        Ok(web.tell(StatusCode::OK, Notice::Done { newsletter }))
    };
    answer.await.unwrap_or_else(|refusal| web.refuse(refusal))
}

async fn broken(State(web): State<Web>) -> Response {
    web.refuse(Refusal::Broken)
}

fn asks_to_leave(name: &str, value: &str) -> bool {
    let (name, value) = (name.trim(), value.trim());
    [ONE_CLICK, BUTTON].iter().any(|(field, wanted)| {
        name.eq_ignore_ascii_case(field) && value.eq_ignore_ascii_case(wanted)
    })
}

async fn read(body: Body) -> Result<Vec<u8>, Refusal> {
    let read = tokio::time::timeout(PATIENCE, axum::body::to_bytes(body, LIMIT)).await;
    let octets = read.map_err(|_| Refusal::TooSlow)?.map_err(|_| Refusal::TooLarge)?;
    Ok(octets.to_vec())
}

impl Web {
    /// The token and the subscription that it may end.
    async fn subscription(&self, token: Token) -> Result<(String, Subscription), Refusal> {
        let Path(token) = token.map_err(|_| Refusal::Broken)?;
        let opened = self.key.open(Purpose::Unsubscribe, &token);
        let id = opened.map_err(|_| Refusal::Broken)?;
        let subscription = self.store.subscription(id).await?.ok_or(Refusal::Broken)?;
        Ok((token, subscription))
    }

    fn tell(&self, status: StatusCode, notice: Notice) -> Response {
        let page = (self.page)(notice);
        let policy = content_policy(&page);
        (status, [(header::CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response()
    }

    fn refuse(&self, refusal: Refusal) -> Response {
        let (status, text) = match refusal {
            Refusal::Broken => return self.tell(StatusCode::NOT_FOUND, Notice::Broken),
            Refusal::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "This form is too large.\n"),
            Refusal::TooSlow => (StatusCode::REQUEST_TIMEOUT, "This form took too long.\n"),
            Refusal::Ledger(error) => {
                tracing::error!(%error, "an unsubscribe page could not be answered");
                (StatusCode::SERVICE_UNAVAILABLE, "Not possible just now. Please try again soon.\n")
            }
        };
        let mut response = (status, text).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        }
        response
    }
}

/// Content Security Policy (W3C CSP 3): nothing but the page's own `style` elements, named by
/// their hashes, style sheets of this server, and forms sent to it.
fn content_policy(page: &str) -> String {
    let mut policy = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; \
                      form-action 'self'; style-src 'self'"
        .to_owned();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once("<style") {
        let Some((style, after)) = after.split_once("</style") else { break };
        let text = style.split_once('>').map_or("", |(_, text)| text);
        policy.push_str(&format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(text))));
        rest = after;
    }
    policy
}

/// Adds the headers that every answer has.
async fn sealed(mut response: Response) -> Response {
    const SEALS: [(HeaderName, &str); 5] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    let headers = response.headers_mut();
    for (name, value) in SEALS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let strictest = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(strictest);
    response
}

#[cfg(test)]
mod tests;
