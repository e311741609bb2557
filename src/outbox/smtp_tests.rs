//! What a session promises, against a scripted server.

use std::{sync::Arc, time::Duration};

use tokio_rustls::TlsConnector;

use super::*;
use crate::{
    domain::delivery::Verdict,
    outbox::{
        policy::{verdict_after_dot, verdict_before_dot},
        sink::{Act, Sink},
        wire,
    },
};

#[path = "smtp_tests/dialling.rs"]
mod dialling;
#[path = "smtp_tests/riding.rs"]
mod riding;

const EHLO_PLAIN: Act = Act::Say("250-sink\r\n250 HELP");

fn relay(port: u16) -> Relay {
    Relay {
        host: "127.0.0.1".to_owned(),
        port,
        tls: Tls::None,
        login: None,
        hello: "blog.example".to_owned(),
        deadlines: Deadlines::default(),
    }
}

fn to(address: &str) -> Envelope {
    Envelope {
        from: "news@blog.example".parse().unwrap(),
        to: address.parse().unwrap(),
        id: String::new(),
    }
}

const MESSAGE: &[u8] = b"Subject: hello\r\n\r\nA letter.\r\n";

/// Sends the dot, with an envelope behind it, and waits for the answers.
async fn finished(
    session: &mut Session,
    next: Option<(&Envelope, &[u8])>,
) -> (Completion, Option<Result<(), Failure>>) {
    match session.finish(next).await {
        Ok(riding) => session.hear(riding).await,
        Err(completion) => (completion, None),
    }
}

/// Offers and completes one letter, waiting between as for an intent.
async fn deliver(session: &mut Session, address: &str, message: &[u8]) -> Verdict {
    match session.offer(&to(address), message).await {
        Err(failure) => verdict_before_dot(&failure),
        Ok(()) => {
            tokio::time::sleep(Duration::from_millis(30)).await;
            verdict_after_dot(&finished(session, None).await.0)
        }
    }
}

fn is_accepted(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Accepted(_))
}

/// The verdict on one letter given to a server with that script, and the server.
async fn one_letter(
    script: impl Fn(&str, usize) -> Option<Act> + Send + Sync + 'static,
) -> (Verdict, Sink) {
    let sink = Sink::start(script).await;
    let verdict = match Session::connect(&relay(sink.port)).await {
        Ok(mut session) => deliver(&mut session, "ada@example.net", MESSAGE).await,
        Err(failure) => verdict_before_dot(&failure),
    };
    (verdict, sink)
}

#[tokio::test]
async fn letters_go_one_after_another_over_one_session() {
    for ehlo in [None, Some(EHLO_PLAIN)] {
        let pipelining = ehlo.is_none();
        let sink = Sink::start(move |event, _| ehlo.clone().filter(|_| event.starts_with("EHLO")));
        let sink = sink.await;
        let mut session = Session::connect(&relay(sink.port)).await.unwrap();
        for address in ["ada@example.net", "bob@example.net"] {
            assert!(is_accepted(&deliver(&mut session, address, MESSAGE).await));
            assert!(session.is_usable());
        }
        session.quit().await;
        let log = sink.log();
        assert_eq!(log.connections, 1);
        let size = if pipelining { " SIZE=29" } else { "" };
        let mail = format!("MAIL FROM:<news@blog.example>{size}");
        let expected = [
            "EHLO blog.example",
            &mail,
            "RCPT TO:<ada@example.net>",
            "DATA",
            &mail,
            "RCPT TO:<bob@example.net>",
            "DATA",
            "QUIT",
        ];
        assert_eq!(log.commands, expected);
        assert_eq!(log.letters[1].to, "<bob@example.net>");
        assert_eq!(log.letters[1].raw, MESSAGE);
    }
}

#[tokio::test]
async fn after_a_refused_recipient_the_next_letter_goes() {
    for ehlo in [None, Some(EHLO_PLAIN)] {
        for (data, name) in [(None, "554"), (Some(Act::Say("354 all the same")), "354")] {
            let ehlo = ehlo.clone();
            let refused = std::sync::atomic::AtomicBool::new(false);
            let sink = Sink::start(move |event, _| {
                if event.starts_with("EHLO") {
                    return ehlo.clone();
                }
                if event.contains("<gone@") {
                    refused.store(true, std::sync::atomic::Ordering::SeqCst);
                    return Some(Act::Say("550-5.1.1 <gone@example.net>\r\n550 5.1.1 unknown"));
                }
                if event == "RSET" {
                    refused.store(false, std::sync::atomic::Ordering::SeqCst);
                }
                let now = refused.load(std::sync::atomic::Ordering::SeqCst);
                data.clone().filter(|_| event == "DATA" && now)
            });
            let sink = sink.await;
            let mut session = Session::connect(&relay(sink.port)).await.unwrap();
            let verdict = deliver(&mut session, "gone@example.net", MESSAGE).await;
            assert!(
                matches!(&verdict, Verdict::Never(why) if why.contains("5.1.1")),
                "{verdict:?}"
            );
            assert!(session.is_usable(), "{name}");
            assert!(is_accepted(&deliver(&mut session, "ada@example.net", MESSAGE).await));
            let log = sink.log();
            assert_eq!((log.connections, log.letters.len()), (1, 1), "{name}");
            assert!(log.commands.contains(&"RSET".to_owned()));
            assert_eq!(log.letters[0].to, "<ada@example.net>");
        }
    }
}

#[tokio::test]
async fn refusals_are_read_at_each_phase() {
    let events = ["connect", "EHLO", "MAIL", "RCPT", "DATA", "dot"];
    for (reply, expected) in [
        ("451 4.3.0 later", ["later"; 6]),
        ("421 4.3.2 closing", ["later"; 6]),
        ("550 5.1.1 no", ["ours", "ours", "ours", "never", "never", "never"]),
        ("550 5.7.26 who are you", ["ours"; 6]),
    ] {
        for (event, expected) in events.into_iter().zip(expected) {
            for pipelining in [true, false] {
                let (verdict, sink) = one_letter(move |now, _| match now {
                    _ if now.starts_with(event) => Some(Act::Say(reply)),
                    _ if now.starts_with("EHLO") && !pipelining => Some(EHLO_PLAIN),
                    _ => None,
                })
                .await;
                let read = match verdict {
                    Verdict::Later(_) => "later",
                    Verdict::Never(_) => "never",
                    Verdict::Ours(_) => "ours",
                    other => panic!("{event} {reply}: {other:?}"),
                };
                assert_eq!(read, expected, "{event} {reply}");
                assert!(sink.log().letters.is_empty());
            }
        }
    }
}

#[tokio::test]
async fn a_server_that_closes_at_any_phase_before_the_dot_has_taken_nothing() {
    for event in ["connect", "EHLO", "MAIL", "RCPT", "DATA", "body"] {
        for act in [Act::Hang, Act::SayAndHang("421 4.3.2 closing")] {
            let (verdict, _sink) =
                one_letter(move |now, _| now.starts_with(event).then(|| act.clone())).await;
            assert!(matches!(verdict, Verdict::Later(_)), "{event}: {verdict:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_closes_instead_of_answering_the_dot_leaves_a_doubt() {
    let (verdict, _sink) = one_letter(|now, _| (now == "dot").then_some(Act::Hang)).await;
    assert!(matches!(&verdict, Verdict::Unknown(why) if why.contains("closed")), "{verdict:?}");
    let garbage = |now: &str, _| (now == "dot").then_some(Act::Say("thanks!"));
    let (verdict, _sink) = one_letter(garbage).await;
    assert!(matches!(verdict, Verdict::Unknown(_)), "{verdict:?}");
}

#[tokio::test]
async fn a_large_letter_cut_off_half_way_was_not_taken() {
    let sink = Sink::start(|now, _| (now == "body").then_some(Act::Hang)).await;
    let mut session = Session::connect(&relay(sink.port)).await.unwrap();
    let message = b"one line of a long letter\r\n".repeat(35_000);
    let verdict = deliver(&mut session, "ada@example.net", &message).await;
    assert!(matches!(verdict, Verdict::Later(_)), "{verdict:?}");
    assert!(!session.is_usable());
}

#[tokio::test]
async fn nonsense_and_endless_replies_end_the_session() {
    for event in ["connect", "EHLO", "MAIL", "RCPT", "DATA", "dot"] {
        for act in [Act::Say("HTTP/1.1 200 OK"), Act::Endless] {
            let attempt = one_letter(move |now, _| now.starts_with(event).then(|| act.clone()));
            let attempt = tokio::time::timeout(Duration::from_secs(10), attempt);
            let (verdict, _sink) = attempt.await.expect("the reply is bounded");
            match verdict {
                Verdict::Later(_) if event != "dot" => {}
                Verdict::Unknown(_) if event == "dot" => {}
                other => panic!("{event}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn an_answer_too_many_never_counts_as_the_answer_to_the_dot() {
    for event in ["MAIL", "RCPT", "DATA", "RSET"] {
        let (verdict, sink) = one_letter(move |now, _| {
            let twice = if event == "DATA" { "354 go\r\n250 Ok" } else { "250 Ok\r\n250 Ok" };
            now.starts_with(event).then_some(Act::Say(twice))
        })
        .await;
        let taken = !sink.log().letters.is_empty();
        assert_eq!(is_accepted(&verdict), taken, "{event}: {verdict:?}");
    }
}

#[tokio::test]
async fn dots_at_the_beginning_of_lines_are_doubled_and_no_others() {
    for (message, raw) in [
        (&b".a\r\n..b\r\nc.\r\n.\r\nd"[..], &b"..a\r\n...b\r\nc.\r\n..\r\nd\r\n"[..]),
        (b"", b""),
        (b".", b"..\r\n"),
        (b"a.b\r\n\r\n.\r\n.\r\n", b"a.b\r\n\r\n..\r\n..\r\n"),
    ] {
        assert_eq!(stuffed(message), raw);
        let sink = Sink::start(|_, _| None).await;
        let mut session = Session::connect(&relay(sink.port)).await.unwrap();
        assert!(is_accepted(&deliver(&mut session, "ada@example.net", message).await));
        assert_eq!(sink.log().letters[0].raw, raw);
    }
}

#[tokio::test]
async fn what_the_relay_cannot_take_is_not_begun() {
    let sink = Sink::start(|now, _| {
        now.starts_with("EHLO").then_some(Act::Say("250-sink\r\n250 SIZE 100"))
    })
    .await;
    let mut session = Session::connect(&relay(sink.port)).await.unwrap();
    for (address, message, expected) in [
        ("j\u{f6}rg@example.net", MESSAGE, "SMTPUTF8"),
        ("ada@example.net", &[b'x'; 101][..], "the relay takes 100"),
        ("ada@example.net", "gr\u{fc}n\r\n".as_bytes(), "8-bit"),
        ("ada@example.net", b"a\r\nb\nc\r\n", "line 2 "),
        ("ada@example.net", b"a\rb\r\n", "line 1 "),
        ("ada@example.net", b"a\r\n\r", "line 2 "),
    ] {
        let failure = session.offer(&to(address), message).await.unwrap_err();
        assert!(failure.text.contains(expected), "{failure}");
        assert!(session.is_usable());
        let reader = matches!(verdict_before_dot(&failure), Verdict::Never(_));
        assert_eq!(reader, expected == "SMTPUTF8");
    }
    assert!(is_accepted(&deliver(&mut session, "ada@example.net", MESSAGE).await));
    assert_eq!(sink.log().commands.len(), 4);
}

#[tokio::test]
async fn a_relay_that_is_not_there_reads_as_later() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let Err(failure) = Session::connect(&relay(port)).await else { panic!("connected") };
    assert!(failure.text.contains(&format!("127.0.0.1:{port}")), "{failure}");
    assert!(matches!(verdict_before_dot(&failure), Verdict::Later(_)));
}

#[tokio::test]
async fn each_step_has_its_deadline() {
    let brief = Duration::from_millis(60);
    let deadlines =
        Deadlines { connect: brief, command: brief, data: brief, block: brief, dot: brief };
    for (event, expected) in [
        ("connect", "later"),
        ("EHLO", "later"),
        ("MAIL", "later"),
        ("RCPT", "later"),
        ("DATA", "later"),
        ("dot", "unknown"),
    ] {
        let sink = Sink::start(move |now, _| match now {
            _ if now.starts_with(event) => Some(Act::Silent),
            _ => now.starts_with("EHLO").then_some(EHLO_PLAIN),
        });
        let sink = sink.await;
        let relay = Relay { deadlines, ..relay(sink.port) };
        let verdict = match Session::connect(&relay).await {
            Ok(mut session) => deliver(&mut session, "ada@example.net", MESSAGE).await,
            Err(failure) => verdict_before_dot(&failure),
        };
        let word = match &verdict {
            Verdict::Later(why) if why.contains("said nothing") => "later",
            Verdict::Unknown(why) if why.contains("said nothing") => "unknown",
            other => panic!("{event}: {other:?}"),
        };
        assert_eq!(word, expected, "{event}");
    }
}

#[tokio::test]
async fn reports_are_asked_for_where_the_server_gives_them() {
    let ehlo = Act::Say("250-sink\r\n250-PIPELINING\r\n250-SMTPUTF8\r\n250 DSN");
    let sink = Sink::start(move |now, _| now.starts_with("EHLO").then(|| ehlo.clone())).await;
    let mut session = Session::connect(&relay(sink.port)).await.unwrap();
    for (address, id, mail, rcpt) in [
        (
            "a+b=c@example.net",
            "d+7",
            "RET=HDRS ENVID=d+2B7",
            "NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb+3Dc@example.net",
        ),
        ("j\u{f6}rg@example.net", "", "SMTPUTF8 RET=HDRS", "NOTIFY=FAILURE,DELAY"),
    ] {
        let envelope = Envelope { id: id.to_owned(), ..to(address) };
        session.offer(&envelope, MESSAGE).await.unwrap();
        assert!(is_accepted(&verdict_after_dot(&finished(&mut session, None).await.0)));
        let commands = sink.log().commands;
        let ends = |start: &str, end: &str| {
            commands.iter().rev().find(|c| c.starts_with(start)).unwrap().ends_with(end)
        };
        assert!(ends("MAIL", mail) && ends("RCPT", rcpt), "{commands:?}");
    }
}
