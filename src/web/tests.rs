//! The promises of the unsubscribe page, one test each.

use axum::http::Method;
use tower::ServiceExt as _;

use super::*;
use crate::{
    domain::subscriber::{Cadence, NewSubscription},
    time::Timestamp,
};

const FORM: &str = "application/x-www-form-urlencoded";
const ONE_CLICK_BODY: &str = "List-Unsubscribe=One-Click";

struct World {
    web: Web,
    token: String,
    _folder: tempfile::TempDir,
}

struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    body: String,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::parse_rfc3339("2026-11-24T09:00:00Z").unwrap();
        let store = Store::open(&folder.path().join("ledger.db"), now, [7; 32]).await.unwrap();
        let reader = NewSubscription {
            address: "ada@example.net".parse().unwrap(),
            name: "Ada".into(),
            newsletter: "letters".into(),
            cadence: Cadence::Weekly,
            choice: crate::domain::choice::Choice::default(),
            confirmed_at: now,
            source: "subscribers.csv line 2".into(),
        };
        store.import(&[reader], ("subscribers.csv", "hash"), now).await.unwrap();
        let key = store.ledger().await.unwrap().key;
        let token = key.token(Purpose::Unsubscribe, 1);
        let page = Arc::new(|notice| match notice {
            Notice::Ask { newsletter, token } => {
                format!("<style>p{{}}</style>ask {newsletter} {token}")
            }
            Notice::Done { newsletter } => format!("done {newsletter}"),
            Notice::Broken => "broken".to_owned(),
            Notice::Absent => "absent".to_owned(),
        });
        let web = Web { store, key, clock: Clock::hand_set(now), page };
        Self { web, token, _folder: folder }
    }

    fn path(&self) -> String {
        format!("/unsubscribe/{}", self.token)
    }

    async fn send(&self, method: Method, path: &str, kind: &str, body: &str) -> Answer {
        let request = Request::builder().method(method).uri(path).header("content-type", kind);
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = router(self.web.clone()).oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: head.status, headers: head.headers, body }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "", "").await
    }

    async fn state(&self) -> String {
        self.web.store.subscription(1).await.unwrap().unwrap().state
    }
}

#[tokio::test]
async fn looking_at_the_page_changes_nothing() {
    let world = World::new().await;
    for _ in 0..2 {
        let page = world.get(&world.path()).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.ends_with(&format!("ask letters {}", world.token)), "{}", page.body);
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
        let head = world.send(Method::HEAD, &world.path(), "", "").await;
        assert_eq!((head.status, head.body.as_str()), (StatusCode::OK, ""));
    }
    let query = world.get(&format!("{}?{ONE_CLICK_BODY}&leave=yes", world.path())).await;
    assert_eq!(query.status, StatusCode::OK);
    assert_eq!(world.state().await, "confirmed");
}

#[tokio::test]
async fn a_mail_program_or_the_button_ends_the_subscription_at_once() {
    let multipart = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\n\
                     One-Click\r\n--b--\r\n";
    for (kind, body) in [
        (FORM, ONE_CLICK_BODY),
        ("", ONE_CLICK_BODY),
        ("multipart/form-data; boundary=b", multipart),
        (FORM, "leave=yes"),
    ] {
        let world = World::new().await;
        let answer = world.send(Method::POST, &world.path(), kind, body).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "done letters"));
        assert_eq!(world.state().await, "ended", "{kind} {body}");
        assert!(!answer.headers.contains_key("set-cookie"));
        assert!(!answer.headers.contains_key("location"));
    }
}

#[tokio::test]
async fn leaving_twice_is_harmless_and_keeps_the_first_time() {
    let world = World::new().await;
    let ended_at = async || world.web.store.subscription(1).await.unwrap().unwrap().ended_at;
    world.send(Method::POST, &world.path(), FORM, ONE_CLICK_BODY).await;
    let first = ended_at().await;
    assert!(first.is_some());
    world.web.clock.advance(Duration::from_secs(3600));
    let again = world.send(Method::POST, &world.path(), FORM, ONE_CLICK_BODY).await;
    assert_eq!((again.status, again.body.as_str()), (StatusCode::OK, "done letters"));
    assert_eq!(ended_at().await, first);
    let page = world.get(&world.path()).await;
    assert_eq!((page.status, page.body.as_str()), (StatusCode::OK, "done letters"));
}

#[tokio::test]
async fn a_link_that_is_none_of_ours_gets_a_clear_page() {
    let world = World::new().await;
    let stranger = Key::new(vec![9; 32]).token(Purpose::Unsubscribe, 1);
    let nobody = world.web.key.token(Purpose::Unsubscribe, 2);
    let cut = &world.token[..world.token.len() - 1];
    for token in ["nonsense", &stranger, &nobody, cut, "%FF%FE", ""] {
        let path = format!("/unsubscribe/{token}");
        let page = world.get(&path).await;
        assert_eq!((page.status, page.body.as_str()), (StatusCode::NOT_FOUND, "broken"), "{path}");
        assert_eq!(page.headers["cache-control"], "no-store");
        if !token.is_empty() {
            let post = world.send(Method::POST, &path, FORM, ONE_CLICK_BODY).await;
            assert_eq!(post.status, StatusCode::NOT_FOUND, "{path}");
        }
    }
    assert_eq!(world.state().await, "confirmed");
}

#[tokio::test]
async fn a_post_that_does_not_ask_to_leave_changes_nothing() {
    let world = World::new().await;
    for body in ["", "List-Unsubscribe=", "leave=no", "One-Click", "x=List-Unsubscribe=One-Click"] {
        let answer = world.send(Method::POST, &world.path(), FORM, body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(answer.body.contains("ask letters"), "{}", answer.body);
    }
    assert_eq!(world.state().await, "confirmed");
}

#[tokio::test]
async fn a_body_over_four_kilobytes_is_refused() {
    let world = World::new().await;
    let padded = |length: usize| {
        let start = format!("{ONE_CLICK_BODY}&x=");
        format!("{start}{}", "x".repeat(length - start.len()))
    };
    let answer = world.send(Method::POST, &world.path(), FORM, &padded(4097)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(world.state().await, "confirmed");
    let answer = world.send(Method::POST, &world.path(), FORM, &padded(4096)).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let world = World::new().await;
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let answer = world.send(method, &world.path(), FORM, ONE_CLICK_BODY).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.headers["allow"], "GET,HEAD,POST");
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
    assert_eq!(world.state().await, "confirmed");
}

#[tokio::test]
async fn a_page_may_load_nothing_but_its_own_styles() {
    let world = World::new().await;
    let page = world.get(&world.path()).await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    // printf 'p{}' | openssl dgst -sha256 -binary | base64
    assert!(
        policy.contains("style-src 'self' 'sha256-gG2yISYereRMiG2lMXrbiUgi0Ubw9p7QCeWcroOvy9Y='"),
        "{policy}"
    );
    assert!(policy.contains("form-action 'self'") && policy.contains("frame-ancestors 'none'"));
    assert!(!policy.contains("unsafe"), "{policy}");
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(page.headers[name], value);
    }
}

#[tokio::test]
async fn a_ledger_that_cannot_be_read_is_said_to_be_temporary() {
    let world = World::new().await;
    world.web.store.close().await;
    let answer = world.send(Method::POST, &world.path(), FORM, ONE_CLICK_BODY).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers["retry-after"], "60");
}
