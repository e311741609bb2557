//! From a name to a session: logins, TLS, and what is never said in the open.

use super::*;

#[tokio::test]
async fn a_login_is_made_as_the_relay_offers_it_and_its_refusal_is_ours() {
    let login = Login { user: "ann".to_owned(), proof: Proof::Password("secret".to_owned()) };
    for (ehlo, auth, expected) in [
        ("250-sink\r\n250 AUTH PLAIN LOGIN", "235 ok", "AUTH PLAIN AGFubgBzZWNyZXQ="),
        ("250-sink\r\n250 AUTH LOGIN", "334 VXNlcm5hbWU6", "AUTH LOGIN"),
        ("250-sink\r\n250 AUTH PLAIN", "535 5.7.8 no", "refused at AUTH: 535 5.7.8 no"),
        ("250-sink\r\n250 AUTH GSSAPI", "", "offers no login"),
    ] {
        let sink = Sink::start(move |now, _| match now {
            _ if now.starts_with("EHLO") => Some(Act::Say(ehlo)),
            _ if now.starts_with("AUTH") => Some(Act::Say(auth)),
            "YW5u" => Some(Act::Say("334 UGFzc3dvcmQ6")),
            "c2VjcmV0" => Some(Act::Say("235 ok")),
            _ => None,
        })
        .await;
        let relay = Relay { login: Some(login.clone()), ..relay(sink.port) };
        match Session::connect(&relay).await {
            Ok(_) => assert!(sink.log().commands.contains(&expected.to_owned()), "{expected}"),
            Err(failure) => {
                assert!(failure.text.contains(expected), "{failure}");
                assert!(matches!(verdict_before_dot(&failure), Verdict::Ours(_)));
                assert!(!failure.text.contains("secret"));
            }
        }
    }
}

#[tokio::test]
async fn a_token_logs_in_and_its_refusal_is_heard_to_the_end() {
    let login = |token: &str| {
        let proof = Proof::Token(token.to_owned());
        Some(Login { user: "ann".to_owned(), proof })
    };
    let sink = Sink::start(|now, _| match now {
        _ if now.starts_with("EHLO") => Some(Act::Say("250-sink\r\n250 AUTH XOAUTH2 PLAIN")),
        // user=ann^Aauth=Bearer good^A^A
        "AUTH XOAUTH2 dXNlcj1hbm4BYXV0aD1CZWFyZXIgZ29vZAEB" => Some(Act::Say("235 ok")),
        _ if now.starts_with("AUTH") => Some(Act::Say("334 eyJzdGF0dXMiOiI0MDEifQ==")),
        "" => Some(Act::Say("535 5.7.8 expired")),
        _ => None,
    })
    .await;
    let good = Relay { login: login("good"), ..relay(sink.port) };
    assert!(Session::connect(&good).await.is_ok());
    let bad = Relay { login: login("bad"), ..relay(sink.port) };
    let Err(failure) = Session::connect(&bad).await else { panic!("connected") };
    assert!(failure.text.contains("535 5.7.8 expired"), "{failure}");
    assert!(matches!(verdict_before_dot(&failure), Verdict::Ours(_)));
}

#[tokio::test]
async fn an_old_server_that_knows_helo_only_is_served() {
    let (verdict, sink) =
        one_letter(|now, _| now.starts_with("EHLO").then_some(Act::Say("502 what?"))).await;
    assert!(is_accepted(&verdict), "{verdict:?}");
    assert_eq!(sink.log().commands[1], "HELO blog.example");
}

#[tokio::test]
async fn a_name_with_a_line_end_in_it_is_not_sent() {
    let relay = Relay { hello: "a\r\nMAIL FROM:<x>".to_owned(), ..relay(9) };
    let Err(failure) = Session::connect(&relay).await else { panic!("connected") };
    assert_eq!(failure.phase, Phase::Settings);
}

/// A server certificate for `localhost`, and a client that trusts it.
fn certified() -> (tokio_rustls::TlsAcceptor, TlsConnector) {
    certified_for("localhost", 4096)
}

/// The same for a name, and until the first day of a year.
fn certified_for(name: &str, year: i32) -> (tokio_rustls::TlsAcceptor, TlsConnector) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut wanted = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
    wanted.not_after = rcgen::date_time_ymd(year, 1, 1);
    let cert = wanted.self_signed(&key).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .unwrap();
    let client = wire::tls_trusting(vec![cert.der().clone()]).unwrap();
    (Arc::new(server).into(), client)
}

#[tokio::test]
async fn letters_go_through_tls_from_the_start_or_after_starttls() {
    let (server, client) = certified();
    for tls in [Tls::Implicit, Tls::StartTls] {
        let acceptor = Some(server.clone());
        let sink = Sink::start_with(|_, _| None, acceptor, tls == Tls::Implicit).await;
        let login = Some(Login { user: "a".to_owned(), proof: Proof::Password("b".to_owned()) });
        let host = "localhost".to_owned();
        let relay = Relay { host, tls, login, ..relay(sink.port) };
        let mut session = Session::connect_with(&relay, Some(&client)).await.unwrap();
        assert!(session.wire.is_secure());
        assert!(is_accepted(&deliver(&mut session, "ada@example.net", MESSAGE).await));
        session.quit().await;
        let ehlos = sink.log().commands.iter().filter(|c| c.starts_with("EHLO")).count();
        assert_eq!(ehlos, if tls == Tls::Implicit { 1 } else { 2 });
    }
}

#[tokio::test]
async fn nothing_is_sent_where_starttls_is_wanted_and_cannot_be_trusted() {
    let (server, client) = certified();
    let (_, stranger) = certified();
    for (name, client, ehlo, starttls) in [
        ("not offered", &client, Some(EHLO_PLAIN), None),
        ("refused", &client, None, Some(Act::Say("454 4.7.0 not now"))),
        ("injected", &client, None, Some(Act::Say("220 go\r\n250 injected"))),
        ("certificate of somebody else", &stranger, None, None),
    ] {
        let script = move |now: &str, _| match now {
            _ if now.starts_with("EHLO") => ehlo.clone(),
            "STARTTLS" => starttls.clone(),
            _ => None,
        };
        let sink = Sink::start_with(script, Some(server.clone()), false).await;
        let login = Some(Login { user: "a".to_owned(), proof: Proof::Password("b".to_owned()) });
        let host = "localhost".to_owned();
        let relay = Relay { host, tls: Tls::StartTls, login, ..relay(sink.port) };
        let failed = Session::connect_with(&relay, Some(client)).await.err();
        assert!(failed.is_some(), "{name}");
        let commands = sink.log().commands;
        assert!(!commands.iter().any(|c| c.starts_with("AUTH")), "{name}: {commands:?}");
    }
}

#[tokio::test]
async fn a_certificate_of_another_name_or_time_is_refused_in_words() {
    for (name, year, expected) in
        [("mail.example.net", 4096, "not valid for name"), ("localhost", 2020, "expired")]
    {
        for tls in [Tls::Implicit, Tls::StartTls] {
            let (server, client) = certified_for(name, year);
            let sink = Sink::start_with(|_, _| None, Some(server), tls == Tls::Implicit).await;
            let relay = Relay { host: "localhost".to_owned(), tls, ..relay(sink.port) };
            let failure = Session::connect_with(&relay, Some(&client)).await.err().unwrap();
            assert!(failure.text.contains(expected), "{failure}");
            assert!(matches!(verdict_before_dot(&failure), Verdict::Later(_)));
            let commands = sink.log().commands;
            assert!(!commands.iter().any(|c| c.starts_with("MAIL")), "{commands:?}");
        }
    }
}

#[tokio::test]
async fn no_password_crosses_an_open_line_to_another_machine() {
    let login = Login { user: "a".to_owned(), proof: Proof::Password("b".to_owned()) };
    let sink = Sink::start(|_, _| None).await;
    let mut session = Session::connect(&relay(sink.port)).await.unwrap();
    let far = Relay { host: "mail.example.net".to_owned(), ..relay(25) };
    let failure = session.log_in(&far, &login).await.unwrap_err();
    assert_eq!(failure.phase, Phase::Settings);
    assert!(!sink.log().commands.iter().any(|command| command.starts_with("AUTH")));
}
