//! The letter behind the dot, and texts in chunks.

use super::*;

const EHLO_CHUNKS: Act = Act::Say("250-sink\r\n250-PIPELINING\r\n250 CHUNKING");
const EHLO_PIPES: Act = Act::Say("250-sink\r\n250 PIPELINING");

#[tokio::test]
async fn the_next_envelope_rides_behind_the_dot() {
    for (ehlo, text) in [(EHLO_PIPES, "DATA"), (EHLO_CHUNKS, "BDAT 29")] {
        let sink = Sink::start(move |now, _| now.starts_with("EHLO").then(|| ehlo.clone())).await;
        let mut session = Session::connect(&relay(sink.port)).await.unwrap();
        let (ada, bob) = (to("ada@example.net"), to("bob@example.net"));
        session.offer(&ada, MESSAGE).await.unwrap();
        let Ok(riding) = session.finish(Some((&bob, MESSAGE))).await else { panic!("no dot") };
        tokio::time::sleep(Duration::from_millis(50)).await;
        let before_any_answer_was_read = sink.log().commands;
        assert!(before_any_answer_was_read.contains(&format!("RCPT TO:<{}>", bob.to)), "{text}");
        assert_eq!(sink.log().letters.len(), 1);
        let (completion, ride) = session.hear(riding).await;
        assert!(is_accepted(&verdict_after_dot(&completion)));
        assert_eq!(ride, Some(Ok(())));
        session.fill(MESSAGE).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(sink.log().letters.len(), 1, "nothing is taken before the second dot");
        let (completion, ride) = finished(&mut session, None).await;
        assert!(is_accepted(&verdict_after_dot(&completion)) && ride.is_none());
        assert!(session.is_usable());
        let log = sink.log();
        assert!(log.commands.iter().any(|command| command == text), "{:?}", log.commands);
        assert!(log.letters.iter().all(|letter| letter.raw == MESSAGE));
        assert_eq!(log.letters.len(), 2);
    }
}

#[tokio::test]
async fn a_letter_that_rides_in_vain_does_not_touch_the_one_before() {
    for (event, reply, is_usable) in [
        ("MAIL FROM:<second@", "451 4.3.0 later", true),
        ("RCPT TO:<bob@", "550 5.1.1 nobody", true),
        ("MAIL FROM:<second@", "421 4.7.0 enough", false),
        ("MAIL FROM:<second@", "what?", false),
    ] {
        for ehlo in [EHLO_PIPES, EHLO_CHUNKS] {
            let sink = Sink::start(move |now, _| match now {
                _ if now.starts_with("EHLO") => Some(ehlo.clone()),
                "RCPT TO:<bob@example.net>" if event.starts_with("MAIL") => {
                    Some(Act::Say("503 5.5.1 MAIL first"))
                }
                _ => now.starts_with(event).then_some(Act::Say(reply)),
            });
            let sink = sink.await;
            let mut session = Session::connect(&relay(sink.port)).await.unwrap();
            session.offer(&to("ada@example.net"), MESSAGE).await.unwrap();
            let from = "second@blog.example".parse().unwrap();
            let next = Envelope { from, ..to("bob@example.net") };
            let (completion, ride) = finished(&mut session, Some((&next, MESSAGE))).await;
            assert!(is_accepted(&verdict_after_dot(&completion)), "{reply}: {completion:?}");
            assert!(matches!(ride, Some(Err(_))), "{reply}");
            assert_eq!(session.is_usable(), is_usable, "{reply}");
            if is_usable {
                assert!(is_accepted(&deliver(&mut session, "cy@example.net", MESSAGE).await));
            }
        }
    }
}

#[tokio::test]
async fn nothing_rides_behind_a_dot_whose_answer_is_lost() {
    for act in [Act::Hang, Act::SayAndHang("421 4.3.2 closing"), Act::Say("thanks!")] {
        let sink = Sink::start(move |now, _| (now == "dot").then(|| act.clone())).await;
        let mut session = Session::connect(&relay(sink.port)).await.unwrap();
        session.offer(&to("ada@example.net"), MESSAGE).await.unwrap();
        let next = to("bob@example.net");
        let (completion, ride) = finished(&mut session, Some((&next, MESSAGE))).await;
        assert!(!is_accepted(&verdict_after_dot(&completion)), "{completion:?}");
        assert_eq!(ride, None);
        assert!(!session.is_usable());
    }
}

#[tokio::test]
async fn a_chunk_that_is_refused_is_never_a_letter_that_was_taken() {
    for (last, expected) in [(None, "later"), (Some(Act::Say("503 5.5.1 no")), "later")] {
        let last = last.clone();
        let sink = Sink::start(move |now, _| match now {
            _ if now.starts_with("EHLO") => Some(EHLO_CHUNKS),
            "chunk" => Some(Act::Say("452 4.3.1 no room")),
            "dot" => last.clone(),
            _ => None,
        });
        let sink = sink.await;
        let mut session = Session::connect(&relay(sink.port)).await.unwrap();
        let verdict = deliver(&mut session, "ada@example.net", MESSAGE).await;
        assert!(matches!(verdict, Verdict::Later(_)), "{expected}: {verdict:?}");
    }
}

#[tokio::test]
async fn a_server_that_takes_so_many_letters_a_connection_gets_no_more() {
    let ehlo = Act::Say("250-sink\r\n250-PIPELINING\r\n250 LIMITS MAILMAX=2");
    let sink = Sink::start(move |now, _| now.starts_with("EHLO").then(|| ehlo.clone())).await;
    let mut session = Session::connect(&relay(sink.port)).await.unwrap();
    assert!(is_accepted(&deliver(&mut session, "ada@example.net", MESSAGE).await));
    assert!(session.is_usable());
    session.offer(&to("bob@example.net"), MESSAGE).await.unwrap();
    let next = to("cy@example.net");
    let (completion, ride) = finished(&mut session, Some((&next, MESSAGE))).await;
    assert!(is_accepted(&verdict_after_dot(&completion)));
    assert_eq!(ride, None);
    assert!(!session.is_usable());
}
