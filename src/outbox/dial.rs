//! Dialling: from a relay's name to a session that is ready for letters.
//!
//! It promises that a password or token never crosses an unencrypted line but to this machine
//! itself; that STARTTLS, where it is asked for, is never a wish: where it is not offered or does
//! not succeed, nothing is sent (RFC 8314); and that nothing said before TLS counts after it.
//!
//! It does not retry. What fails is a [`Failure`] with the phase it failed in.
//!
//! Standards: RFC 5321 sections 3.1 and 4.1.1.1 (greeting, EHLO), 3207 (STARTTLS), 4954 and 4616
//! (AUTH, PLAIN); LOGIN and XOAUTH2 as servers practise them.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use tokio_rustls::TlsConnector;

use super::{
    attempt::{Failure, Phase},
    relay::{Login, Proof, Relay, Tls},
    smtp::Session,
    wire::{self, Lines, Wire},
};

impl Session {
    /// Connects, introduces us, goes over to TLS and logs in, as `relay` says.
    pub async fn connect(relay: &Relay) -> Result<Self, Failure> {
        let tls = match relay.tls {
            Tls::None => None,
            Tls::Implicit | Tls::StartTls => Some(wire::platform_tls().map_err(settings)?),
        };
        Self::connect_with(relay, tls.as_ref()).await
    }

    /// The same with a TLS of the caller's; `None` for a relay that is spoken to in the open.
    pub(super) async fn connect_with(
        relay: &Relay,
        tls: Option<&TlsConnector>,
    ) -> Result<Self, Failure> {
        if relay.hello.is_empty() || !relay.hello.bytes().all(|octet| octet.is_ascii_graphic()) {
            return Err(settings("the name for EHLO is no host name: set it in ASCII"));
        }
        let opened = Wire::open(&relay.host, relay.port, relay.deadlines.connect).await;
        let mut wire = opened.map_err(|why| Failure::without_reply(Phase::Connect, why))?;
        if let (Tls::Implicit, Some(tls)) = (relay.tls, tls) {
            wire = secure(wire, relay, tls).await?;
        }
        let mut session = Self::over(wire, relay.deadlines);
        session.greet(&relay.hello).await?;
        if let (Tls::StartTls, Some(tls)) = (relay.tls, tls) {
            session = session.start_tls(relay, tls).await?;
        }
        if let Some(login) = &relay.login {
            session.log_in(relay, login).await?;
        }
        session.usable = true;
        Ok(session)
    }

    async fn greet(&mut self, hello: &str) -> Result<(), Failure> {
        let greeting = self.reply(Phase::Greeting).await?.reply();
        if greeting.code != 220 {
            return Err(Failure::refused(Phase::Greeting, greeting));
        }
        self.say_hello(hello).await
    }

    /// EHLO, or HELO where the server knows no better (RFC 5321 section 3.2).
    async fn say_hello(&mut self, hello: &str) -> Result<(), Failure> {
        let mut answer = self.ask(Phase::Hello, &format!("EHLO {hello}")).await?;
        if matches!(answer.code, 500 | 502) {
            answer = self.ask(Phase::Hello, &format!("HELO {hello}")).await?;
            answer.lines.truncate(1);
        }
        if answer.code != 250 {
            return Err(Failure::refused(Phase::Hello, answer.reply()));
        }
        self.learn(&answer.lines);
        Ok(())
    }

    async fn start_tls(mut self, relay: &Relay, tls: &TlsConnector) -> Result<Self, Failure> {
        if !self.offers.start_tls {
            let why = "does not offer STARTTLS, and nothing is sent without it; try tls = \
                       \"implicit\" and port 465";
            return Err(settings(format!("{} {why}", relay.host)));
        }
        let answer = self.ask(Phase::Tls, "STARTTLS").await?.reply();
        if answer.code != 220 {
            return Err(Failure::refused(Phase::Tls, answer));
        }
        self.wire = secure(self.wire, relay, tls).await?;
        // What was offered in the open counts for nothing (RFC 3207 section 4.2).
        self.say_hello(&relay.hello).await?;
        Ok(self)
    }

    pub(super) async fn log_in(&mut self, relay: &Relay, login: &Login) -> Result<(), Failure> {
        if !self.wire.is_secure() && !relay.is_loopback() {
            let why =
                "no password is sent over an unencrypted line; set tls to implicit or starttls";
            return Err(settings(why));
        }
        let answer = match &login.proof {
            Proof::Token(token) if self.offers_login("XOAUTH2") => {
                self.log_in_with_token(&login.user, token).await?
            }
            Proof::Password(password) if self.offers_login("PLAIN") => {
                let proof = BASE64.encode(format!("\0{}\0{password}", login.user));
                self.ask(Phase::Login, &format!("AUTH PLAIN {proof}")).await?
            }
            Proof::Password(password) if self.offers_login("LOGIN") => {
                self.log_in_stepwise(&login.user, password).await?
            }
            proof => return Err(settings(self.no_login(relay, proof))),
        };
        let answer = answer.reply();
        if answer.code == 235 { Ok(()) } else { Err(Failure::refused(Phase::Login, answer)) }
    }

    fn offers_login(&self, name: &str) -> bool {
        self.offers.logins.iter().any(|offered| offered == name)
    }

    fn no_login(&self, relay: &Relay, proof: &Proof) -> String {
        let known = match proof {
            Proof::Token(_) => "XOAUTH2 for a token",
            Proof::Password(_) => "PLAIN or LOGIN for a password",
        };
        let offered = match self.offers.logins.join(", ") {
            none if none.is_empty() => "none at all".to_owned(),
            some => some,
        };
        format!("{} offers no login that we know: {known}; it offers {offered}", relay.host)
    }

    /// A server that refuses the token says why in base64 and wants an empty line before it says
    /// so in SMTP.
    async fn log_in_with_token(&mut self, user: &str, token: &str) -> Result<Lines, Failure> {
        let proof = BASE64.encode(format!("user={user}\x01auth=Bearer {token}\x01\x01"));
        let answer = self.ask(Phase::Login, &format!("AUTH XOAUTH2 {proof}")).await?;
        if answer.code == 334 { self.ask(Phase::Login, "").await } else { Ok(answer) }
    }

    async fn log_in_stepwise(&mut self, user: &str, password: &str) -> Result<Lines, Failure> {
        let mut answer = self.ask(Phase::Login, "AUTH LOGIN").await?;
        for word in [user, password] {
            if answer.code != 334 {
                break;
            }
            answer = self.ask(Phase::Login, &BASE64.encode(word)).await?;
        }
        Ok(answer)
    }
}

async fn secure(wire: Wire, relay: &Relay, tls: &TlsConnector) -> Result<Wire, Failure> {
    let secured = wire.secured(&relay.host, tls, relay.deadlines.connect).await;
    secured.map_err(|why| Failure::without_reply(Phase::Tls, why))
}

fn settings(why: impl Into<String>) -> Failure {
    Failure::without_reply(Phase::Settings, why)
}
