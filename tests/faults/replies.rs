//! What a relay says, at each phase, and what becomes of letters: the ledger's side of it.

use std::time::Duration;

use postrider::selftest::sink::Act;

use super::{Field, ISSUE, address, scale};

/// States after one run against a relay that does `act` at `event`, always.
fn after(event: &'static str, act: &Act) -> (Vec<String>, String) {
    let field = Field::new(3, 1);
    let does = act.clone();
    field.turn(move |now, _| match now {
        // Without CHUNKING, so that DATA is said.
        _ if event == "DATA" && now.starts_with("EHLO") => Some(Act::say("250 PIPELINING")),
        _ if event == "BDAT" && now.ends_with("LAST") => None,
        _ => now.starts_with(event).then(|| does.clone()),
    });
    let summary = field.world.run();
    let states: Vec<String> = field.accounts().into_iter().map(|account| account.state).collect();
    assert_eq!(states.len(), 3);
    assert!(field.logged().is_empty() && field.count("sent") == 0);
    (states, summary.to_string())
}

#[test]
fn each_answer_at_each_phase_costs_no_more_than_it_must() {
    let long_line = [b"250 ".as_slice(), &b"x".repeat(1 << 20), b"\r\n"].concat();
    let later = [
        Act::say("451 4.3.0 later"),
        Act::say("421 4.3.2 closing"),
        Act::say_and_hang("421-4.3.2 closing\r\n421 4.3.2 down"),
    ];
    let garbage = [
        Act::say("thanks!"),
        Act::Raw(b"\xff\xfe\x00\xe9\r\n".to_vec()),
        Act::Raw(long_line),
        Act::Raw(b"250-one\r\n550 two\r\n".to_vec()),
    ];
    std::thread::scope(|scope| {
        for event in ["connect", "EHLO", "MAIL", "RCPT", "DATA", "BDAT", "dot"] {
            for act in &later {
                scope.spawn(move || expect(event, act, "ready"));
            }
            for act in &garbage {
                let state = if event == "dot" { "uncertain" } else { "ready" };
                scope.spawn(move || expect(event, act, state));
            }
        }
        for (event, state) in [("RCPT", "failed"), ("dot", "failed")] {
            scope.spawn(move || expect(event, &Act::say("550 5.1.1 nobody"), state));
        }
        for event in ["connect", "EHLO", "MAIL"] {
            scope.spawn(move || expect_held(event, &Act::say("550 5.1.1 nobody")));
        }
        for event in ["RCPT", "DATA", "BDAT", "dot"] {
            scope.spawn(move || expect_held(event, &Act::say("550 5.7.26 who are you")));
        }
    });
}

fn expect(event: &'static str, act: &Act, state: &str) {
    let (states, said) = after(event, act);
    let shown: String = format!("{act:?}").chars().take(60).collect();
    assert!(states.iter().all(|one| one == state), "{event} {shown}: {states:?} {said}");
}

fn expect_held(event: &'static str, act: &Act) {
    let (states, said) = after(event, act);
    assert_eq!(states, ["ready"; 3], "{event} {act:?}");
    assert!(said.contains("is held"), "{event} {act:?}: {said}");
}

#[test]
fn a_reply_that_never_came_is_a_doubt_and_resending_keeps_the_message_id() {
    for taken in [true, false] {
        let field = Field::new(20, 2);
        let first = std::sync::atomic::AtomicBool::new(true);
        field.turn(move |event, _| {
            let hangs = event == "dot" && first.swap(false, std::sync::atomic::Ordering::SeqCst);
            hangs.then_some(if taken { Act::TakeAndHang } else { Act::Hang })
        });
        field.world.run();
        field.check(1);
        assert_eq!((field.count("uncertain"), field.count("sent")), (1, 19));
        let doubt = field.states()["uncertain"].first().unwrap().clone();
        let (_, out, _) = field.world.call(&["status"]);
        assert!(out.contains(&format!("uncertain: {doubt}")), "{out}");
        field.world.wait(24);
        field.world.run();
        assert_eq!(field.logged().len(), 19 + usize::from(taken), "held, so never sent again");
        field.world.call(&["issue", "resolve", ISSUE, "--as", "ready"]);
        field.world.run();
        assert_eq!(field.count("sent"), 20);
        let logged = field.logged();
        let ids: Vec<_> = logged.iter().filter(|(_, to)| *to == doubt).map(|(id, _)| id).collect();
        assert_eq!(ids.len(), 1 + usize::from(taken));
        assert!(ids.iter().all(|id| *id == ids[0] && !id.is_empty()), "{ids:?}");
    }
}

/// The dot may be answered for ten minutes; the long run takes them.
#[test]
fn a_late_reply_is_waited_for_as_long_as_the_standard_says() {
    std::thread::scope(|scope| {
        let (early, late) = scale((3, None), (590, Some(612)));
        scope.spawn(move || replied_after(early, "sent"));
        if let Some(late) = late {
            scope.spawn(move || replied_after(late, "uncertain"));
        }
    });
}

fn replied_after(seconds: u64, state: &str) {
    let field = Field::new(2, 2);
    field.turn(move |event, number| {
        (event == "dot" && number == 1).then_some(Act::Late(Duration::from_secs(seconds)))
    });
    field.world.run();
    let account = field.accounts().into_iter().find(|account| account.state == state);
    assert!(account.is_some(), "{seconds} s: {:?}", field.states());
    assert_eq!(field.logged().len(), 2);
}

#[test]
fn a_certificate_that_nobody_vouches_for_ends_it_before_anything_is_said() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .unwrap();
    let server = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(server));
    for (tls, implicit, acceptor) in [
        ("implicit", true, Some(server.clone())),
        ("starttls", false, Some(server)),
        ("starttls", false, None),
    ] {
        let tls_of_sink = acceptor.map(|acceptor| (acceptor, implicit));
        let options = postrider::selftest::sink::Options {
            keeps: true,
            tls: tls_of_sink,
            ..postrider::selftest::sink::Options::default()
        };
        let field = Field::with(2, 1, options);
        field.world.write("config/password", "secret\n");
        let text = field.world.read("config/postrider.toml");
        let text = text.replace("host = \"127.0.0.1\"", "host = \"localhost\"").replace(
            "tls = \"none\"",
            &format!("tls = \"{tls}\"\nuser = \"ann\"\npassword_file = \"config/password\""),
        );
        field.world.write("config/postrider.toml", &text);
        let said = field.world.run().to_string();
        let commands = field.sink.seen().commands;
        assert!(!commands.iter().any(|line| line.starts_with("AUTH")), "{commands:?}");
        assert!(!commands.iter().any(|line| line.starts_with("MAIL")), "{commands:?}");
        assert_eq!(field.count("ready"), 2, "{said}");
        let why = if said.contains("STARTTLS") { "STARTTLS" } else { "TLS with localhost failed" };
        assert!(said.contains(why), "{said}");
        assert!(!said.contains("secret") && !said.contains(&address(0)), "{said}");
    }
}
