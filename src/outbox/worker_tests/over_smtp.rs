//! A drain over real sessions with a scripted server.

use super::*;

async fn over_smtp(town: &Town, sink: &Sink, connections: usize) -> Tally {
    let mut desk = town.desk(connections);
    let (host, hello) = ("127.0.0.1".to_owned(), "blog.example".to_owned());
    let (port, tls, login) = (sink.port, Tls::None, None);
    let deadlines = Deadlines::default();
    desk.relays = Arc::new(Relays::one(
        Transport::Smtp(Relay { host, port, tls, login, hello, deadlines }),
        desk.connections,
    ));
    drain(desk).await.unwrap()
}

#[tokio::test]
async fn a_relay_that_closes_now_and_then_costs_nobody_a_wait() {
    let town = Town::with_readers(60).await;
    let mails = AtomicUsize::new(0);
    let sink = Sink::start(move |event, _| {
        let every_tenth =
            event.starts_with("MAIL") && mails.fetch_add(1, Ordering::SeqCst) % 20 == 19;
        every_tenth.then_some(Act::SayAndHang("421 4.7.0 enough for one session"))
    })
    .await;
    let tally = over_smtp(&town, &sink, 2).await;
    assert_eq!(tally, Tally { sent: 60, ..Tally::default() });
    let mut to: Vec<_> = sink.log().letters.into_iter().map(|letter| letter.to).collect();
    to.sort();
    to.dedup();
    assert_eq!(to.len(), 60);
}

#[tokio::test]
async fn a_relay_that_always_closes_is_given_up_after_three_tries() {
    for (event, doubts) in [("RCPT", 0), ("dot", 3)] {
        let town = Town::with_readers(20).await;
        let sink = Sink::start(move |now, _| now.starts_with(event).then_some(Act::Hang)).await;
        let tally = over_smtp(&town, &sink, 1).await;
        assert_eq!((tally.uncertain, tally.deferred), (doubts, 20 - doubts), "{event}");
        assert!(tally.unreachable.unwrap().contains("closed"), "{event}");
        assert_eq!(sink.log().connections, 3, "{event}");
    }
}

#[tokio::test]
async fn letters_that_ride_fare_as_if_each_had_gone_alone() {
    let refusals = |event: &str| match event {
        _ if event.starts_with("RCPT TO:<reader3@") => Some(Act::Say("550 5.1.1 nobody")),
        _ if event.starts_with("RCPT TO:<reader7@") => Some(Act::Say("450 4.2.0 greylisted")),
        _ if event.starts_with("RCPT TO:<reader11@") => Some(Act::SayAndHang("421 4.7.0 bye")),
        _ => None,
    };
    for ehlo in [
        "250-sink\r\n250 PIPELINING",
        "250-sink\r\n250-PIPELINING\r\n250 CHUNKING",
        "250-sink\r\n250-PIPELINING\r\n250 LIMITS MAILMAX=5",
        "250-sink\r\n250 CHUNKING",
    ] {
        let town = Town::with_readers(20).await;
        let once = AtomicUsize::new(0);
        let sink = Sink::start(move |event, _| match event {
            _ if event.starts_with("EHLO") => Some(Act::Say(ehlo)),
            "dot" if once.fetch_add(1, Ordering::SeqCst) / 2 == 3 => {
                Some(Act::Say("451 4.3.0 not now"))
            }
            _ => refusals(event),
        })
        .await;
        let tally = over_smtp(&town, &sink, 1).await;
        let letters = sink.log().letters.len();
        assert_eq!((tally.failed, tally.uncertain, tally.held), (1, 0, 0), "{ehlo}: {tally:?}");
        assert_eq!(tally.sent, letters as u64, "{ehlo}");
        assert_eq!(tally.sent + tally.deferred + tally.failed, 20, "{ehlo}: {tally:?}");
        assert_eq!(town.account(3).await.state, "failed");
        let sent = town.states().await["sent"];
        assert_eq!(sent, letters, "{ehlo}");
    }
}

#[tokio::test]
async fn an_issue_that_is_held_takes_down_the_letter_that_rides() {
    let town = Town::with_readers(20).await;
    let dots = AtomicUsize::new(0);
    let sink = Sink::start(move |event, _| {
        let fifth = event == "dot" && dots.fetch_add(1, Ordering::SeqCst) / 2 == 4;
        fifth.then_some(Act::Say("550 5.7.26 who are you"))
    })
    .await;
    let tally = over_smtp(&town, &sink, 1).await;
    assert_eq!(tally.uncertain, 0);
    assert_eq!(town.issue_state().await.0, "held");
    let states = town.states().await;
    let sent = sink.log().letters.len();
    assert_eq!(states.get("sent").copied().unwrap_or(0), sent);
    assert_eq!(states.get("ready").copied().unwrap_or(0), 20 - sent);
    assert!(sent < 6, "{states:?}");
}

#[tokio::test]
async fn whoever_leaves_while_the_letter_rides_is_not_written_to() {
    let town = Town::with_readers(6).await;
    let sink = Sink::start(|_, _| None).await;
    let mut desk = town.desk(1);
    let (host, hello) = ("127.0.0.1".to_owned(), "blog.example".to_owned());
    let (port, tls, login, deadlines) = (sink.port, Tls::None, None, Deadlines::default());
    desk.relays = Arc::new(Relays::one(
        Transport::Smtp(Relay { host, port, tls, login, hello, deadlines }),
        desk.connections,
    ));
    let (store, clock) = (town.store.clone(), town.clock.clone());
    desk.letters = Arc::new(move |leased| {
        let (store, now) = (store.clone(), clock.now());
        Box::pin(async move {
            if leased.address == reader(3) {
                store.end_subscription(leased.subscription, now).await.unwrap();
            }
            letter(&leased)
        })
    });
    let tally = drain(desk).await.unwrap();
    assert_eq!(tally, Tally { sent: 5, suppressed: 1, ..Tally::default() });
    assert!(!sink.log().letters.iter().any(|letter| letter.to.contains("reader3@")));
}
