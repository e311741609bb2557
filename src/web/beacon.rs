//! The door for the beacon: `POST /seen` with the path of a page that is being read.
//!
//! It takes at most a kilobyte, answers 204 whatever it thinks of it, sets no cookie and logs
//! nothing. What a page of another site sends is ignored (Fetch Metadata, `Sec-Fetch-Site`). Behind
//! a web server on this machine the reader is whom that server names last in `X-Forwarded-For`;
//! anybody else is believed no such name.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{ConnectInfo, DefaultBodyLimit, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    routing::post,
};

use crate::{
    feedback::beacon::{Beacon, Visit},
    time::Clock,
};

/// The longest path that is read.
const LIMIT: usize = 1024;

/// Answers for the beacon.
pub fn router(beacon: Arc<Beacon>, clock: Clock) -> Router {
    Router::new()
        .route("/seen", post(seen))
        .layer(DefaultBodyLimit::max(LIMIT))
        .with_state((beacon, clock))
}

async fn seen(
    State((beacon, clock)): State<(Arc<Beacon>, Clock)>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    path: String,
) -> (StatusCode, [(header::HeaderName, HeaderValue); 1]) {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_ours = text("sec-fetch-site").is_none_or(|site| site == "same-origin");
    if is_ours && path.starts_with('/') {
        let own = peer.ip().to_string();
        let named = text("x-forwarded-for").and_then(|list| list.rsplit(',').next()).map(str::trim);
        let address = named.filter(|_| peer.ip().is_loopback()).unwrap_or(&own);
        let agent = text("user-agent").unwrap_or_default();
        beacon.see(Visit { address, agent, path: &path }, clock.now());
    }
    (StatusCode::NO_CONTENT, [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::{body::Body, http::Request};
    use tower::ServiceExt as _;

    use super::*;
    use crate::{
        feedback::accesslog::{Counter, Fate, Paths, Rules},
        time::{Timestamp, Zone},
    };

    const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

    /// From where, with which headers, which path.
    type Sent<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

    /// What the readers of a post on a day are, after these requests.
    struct Lamp {
        router: Router,
        beacon: Arc<Beacon>,
        clock: Clock,
    }

    impl Lamp {
        fn new() -> Self {
            let clock = Clock::hand_set(Timestamp::parse_rfc3339("2026-11-24T12:00:00Z").unwrap());
            let rules = Rules {
                paths: Paths::new(["https://b.example/first/"], "/", "from=letter"),
                zone: Zone::utc(),
                robots: Vec::new(),
                needs_dress: false,
                now: clock.now(),
            };
            let beacon = Arc::new(Beacon::new(Counter::new(rules, [7; 16], BTreeSet::new())));
            Self { router: router(beacon.clone(), clock.clone()), beacon, clock }
        }

        async fn post(&self, peer: &str, headers: &[(&str, &str)], path: &str) -> StatusCode {
            let peer: SocketAddr = peer.parse().unwrap();
            let mut request = Request::post("/seen").extension(ConnectInfo(peer));
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let request = request.body(Body::from(path.to_owned())).unwrap();
            self.router.clone().oneshot(request).await.unwrap().status()
        }

        fn day(&self) -> i32 {
            Zone::utc().day_at(self.clock.now())
        }
    }

    #[tokio::test]
    async fn a_visit_is_judged_as_a_line_of_a_log_would_be() {
        let lamp = Lamp::new();
        let agent = ("user-agent", BROWSER);
        let visits: [Sent<'_>; 9] = [
            ("203.0.113.1:9", &[agent], "/first/"),
            ("203.0.113.1:9", &[agent], "/first/"),
            ("203.0.114.1:9", &[agent, ("sec-fetch-site", "same-origin")], "/first/"),
            ("203.0.115.1:9", &[agent, ("sec-fetch-site", "cross-site")], "/first/"),
            ("203.0.116.1:9", &[], "/first/"),
            ("203.0.116.1:9", &[("user-agent", "Examplebot")], "/first/"),
            ("203.0.117.1:9", &[agent], "/first/?from=letter"),
            ("203.0.117.1:9", &[agent], "/other/"),
            ("203.0.117.1:9", &[agent], "https://b.example/first/"),
        ];
        for (peer, headers, path) in visits {
            assert_eq!(lamp.post(peer, headers, path).await, StatusCode::NO_CONTENT);
        }
        assert_eq!(lamp.beacon.finished(lamp.day() - 1), []);
        let day = lamp.beacon.finished(lamp.day()).remove(0);
        assert_eq!((day.day, day.readers), (lamp.day(), vec![(0, 2)]));
        for fate in [Fate::NoAgent, Fate::Robot, Fate::OwnMark, Fate::NoPost, Fate::Repeated] {
            assert_eq!(day.lines.of(fate), 1, "{fate:?}");
        }
    }

    #[tokio::test]
    async fn only_a_server_on_this_machine_names_the_reader() {
        let lamp = Lamp::new();
        for (peer, forwarded) in [
            ("127.0.0.1:9", "203.0.113.1"),
            ("127.0.0.1:9", "10.0.0.1, 203.0.114.1"),
            ("203.0.115.1:9", "203.0.116.1"),
            ("203.0.115.1:9", "203.0.117.1"),
        ] {
            let headers = [("user-agent", BROWSER), ("x-forwarded-for", forwarded)];
            lamp.post(peer, &headers, "/first/").await;
        }
        lamp.clock.advance(std::time::Duration::from_secs(86_400));
        let day = lamp.beacon.finished(lamp.day() - 1).remove(0);
        assert_eq!(day.readers, [(0, 3)]);
    }
}
