//! SMTP: one session with a relay, over which letters go one after another.
//!
//! It promises that [`Session::offer`] stops short of the final dot, so that a [`Failure`] from
//! it means that nothing was taken; that [`Session::complete`] alone sends the dot and says
//! whether the answer is known; that no command waits longer than RFC 5321 section 4.5.3.2
//! allows; and that a password never crosses an unencrypted line but to this machine itself.
//! Where the server offers PIPELINING, MAIL, RCPT and DATA leave in one write (RFC 2920). After
//! a refusal the transaction is reset and the session goes on.
//!
//! It does not retry, does not judge (`policy` does), and never turns STARTTLS into a wish:
//! where it is asked for and not offered, nothing is sent (RFC 8314). A future of `offer` that
//! is dropped half way leaves a session that says it is not usable.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use tokio_rustls::TlsConnector;

pub use super::{
    attempt::{Completion, Envelope, Failure, Phase},
    relay::{Login, Relay, Tls},
};
use super::{
    relay::Offers,
    wire::{self, Lines, Wire},
};

/// How long the server may take over the final dot (RFC 5321 section 4.5.3.2.6).
const DOT_DEADLINE: Duration = Duration::from_secs(10 * 60);
/// How long leaving may take: nothing depends on it.
const QUIT_DEADLINE: Duration = Duration::from_secs(2);

/// The longest wait in a phase (RFC 5321 section 4.5.3.2; connecting and TLS are ours).
const fn deadline(phase: Phase) -> Duration {
    Duration::from_secs(match phase {
        Phase::Connect | Phase::Tls => 60,
        Phase::Data => 2 * 60,
        Phase::Body => 3 * 60,
        _ => 5 * 60,
    })
}

/// A session, ready for letters.
pub struct Session {
    wire: Wire,
    offers: Offers,
    usable: bool,
}

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
    async fn connect_with(relay: &Relay, tls: Option<&TlsConnector>) -> Result<Self, Failure> {
        if relay.hello.is_empty() || !relay.hello.bytes().all(|octet| octet.is_ascii_graphic()) {
            return Err(settings("the name for EHLO is no host name: set it in ASCII"));
        }
        let opened = Wire::open(&relay.host, relay.port, deadline(Phase::Connect)).await;
        let mut wire = opened.map_err(|why| Failure::without_reply(Phase::Connect, why))?;
        if let (Tls::Implicit, Some(tls)) = (relay.tls, tls) {
            wire = secure(wire, relay, tls).await?;
        }
        let mut session = Self { wire, offers: Offers::default(), usable: false };
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
        self.offers = Offers::read(&answer.lines);
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

    /// AUTH PLAIN (RFC 4616), or LOGIN where only that is offered.
    async fn log_in(&mut self, relay: &Relay, login: &Login) -> Result<(), Failure> {
        if !self.wire.is_secure() && !relay.is_loopback() {
            let why =
                "no password is sent over an unencrypted line; set tls to implicit or starttls";
            return Err(settings(why));
        }
        let offers = |name: &str| self.offers.logins.iter().any(|offered| offered == name);
        let answer = if offers("PLAIN") {
            let proof = BASE64.encode(format!("\0{}\0{}", login.user, login.password));
            self.ask(Phase::Login, &format!("AUTH PLAIN {proof}")).await?
        } else if offers("LOGIN") {
            self.log_in_stepwise(login).await?
        } else {
            let why = format!("{} offers no login that we know (PLAIN, LOGIN)", relay.host);
            return Err(settings(why));
        };
        let answer = answer.reply();
        if answer.code == 235 { Ok(()) } else { Err(Failure::refused(Phase::Login, answer)) }
    }

    async fn log_in_stepwise(&mut self, login: &Login) -> Result<Lines, Failure> {
        let mut answer = self.ask(Phase::Login, "AUTH LOGIN").await?;
        for word in [&login.user, &login.password] {
            if answer.code != 334 {
                break;
            }
            answer = self.ask(Phase::Login, &BASE64.encode(word)).await?;
        }
        Ok(answer)
    }

    /// Whether another letter may be offered.
    pub const fn is_usable(&self) -> bool {
        self.usable
    }

    /// Everything up to but not including the final dot. A failure means that nothing was taken;
    /// whether the session can go on, [`Session::is_usable`] tells.
    pub async fn offer(&mut self, envelope: &Envelope, message: &[u8]) -> Result<(), Failure> {
        let path_options = self.check(envelope, message)?;
        self.usable = false;
        if let Some(failure) = self.unsolicited(Phase::Sender).await {
            return Err(failure);
        }
        self.open_transaction(envelope, &path_options).await?;
        self.send(Phase::Body, &stuffed(message)).await?;
        match self.unsolicited(Phase::Body).await {
            Some(failure) => Err(failure),
            None => {
                self.usable = true;
                Ok(())
            }
        }
    }

    /// Looks at letter and address before anything is sent, and returns the parameters of MAIL.
    fn check(&self, envelope: &Envelope, message: &[u8]) -> Result<String, Failure> {
        let refuse = |why: String| Err(Failure::without_reply(Phase::Letter, why));
        if let Some(line) = faulty_line(message) {
            return refuse(format!("line {line} of the letter ends in a bare CR or LF"));
        }
        let mut options = String::new();
        if self.offers.sizes {
            if self.offers.size != 0 && message.len() > self.offers.size {
                let (ours, theirs) = (message.len(), self.offers.size);
                return refuse(format!("the letter has {ours} octets, the relay takes {theirs}"));
            }
            options.push_str(&format!(" SIZE={}", message.len()));
        }
        if !message.is_ascii() {
            if !self.offers.eight_bit {
                return refuse("the letter has 8-bit text and the relay takes none".to_owned());
            }
            options.push_str(" BODY=8BITMIME");
        }
        if envelope.to.needs_smtputf8() || envelope.from.needs_smtputf8() {
            if !self.offers.utf8 {
                let why = "the address is not ASCII before the @ and the relay does not take \
                           such addresses (SMTPUTF8, RFC 6531)";
                return Err(Failure::without_reply(Phase::Address, why));
            }
            options.push_str(" SMTPUTF8");
        }
        Ok(options)
    }

    /// MAIL, RCPT and DATA: in one write where the server takes them so, else one by one. After
    /// a refusal the transaction is undone and the session stays usable.
    async fn open_transaction(&mut self, to: &Envelope, options: &str) -> Result<(), Failure> {
        let commands = [
            (Phase::Sender, format!("MAIL FROM:<{}>{options}\r\n", to.from)),
            (Phase::Recipient, format!("RCPT TO:<{}>\r\n", to.to)),
            (Phase::Data, "DATA\r\n".to_owned()),
        ];
        let pipelining = self.offers.pipelining;
        if pipelining {
            let all: String = commands.iter().map(|(_, line)| line.as_str()).collect();
            self.send(Phase::Sender, all.as_bytes()).await?;
        }
        let mut refused: Option<Failure> = None;
        let (mut recipient, mut invited) = (false, false);
        for (phase, line) in &commands {
            if !pipelining {
                if refused.is_some() {
                    break;
                }
                self.send(*phase, line.as_bytes()).await?;
            }
            let answer = match self.reply(*phase).await {
                Ok(answer) => answer.reply(),
                Err(lost) => return Err(refused.unwrap_or(lost)),
            };
            let closing = answer.code == 421;
            invited = *phase == Phase::Data && answer.code == 354;
            let granted = if *phase == Phase::Data { invited } else { answer.is_positive() };
            recipient |= granted && *phase == Phase::Recipient;
            if !granted {
                refused.get_or_insert_with(|| Failure::refused(*phase, answer));
            }
            if let (true, Some(failure)) = (closing, &refused) {
                return Err(failure.clone());
            }
        }
        let Some(failure) = refused else { return Ok(()) };
        // With a recipient granted, a dot now would hand over an empty letter.
        if !(invited && recipient) {
            self.usable = self.undo(invited).await.is_ok();
        }
        Err(failure)
    }

    /// Ends a transaction in which something was refused. A server that asks for the letter all
    /// the same gets an empty one, for the recipients that it refused (RFC 2920 section 3.1).
    async fn undo(&mut self, invited: bool) -> Result<(), Failure> {
        if invited {
            self.ask(Phase::Data, ".").await?;
        }
        let answer = self.ask(Phase::Data, "RSET").await?.reply();
        if answer.is_positive() { Ok(()) } else { Err(Failure::refused(Phase::Data, answer)) }
    }

    /// Sends the final dot and waits for the answer, ten minutes at most. To be called after an
    /// `offer` that went well, once.
    pub async fn complete(&mut self) -> Completion {
        self.usable = false;
        if let Some(failure) = self.unsolicited(Phase::Body).await {
            return Completion::NotSent(failure);
        }
        if let Err(why) = self.wire.write(b".\r\n", deadline(Phase::Body)).await {
            return Completion::Lost(format!("no reply to the letter: {why}"));
        }
        match self.wire.read(DOT_DEADLINE).await {
            Ok(answer) => {
                let answer = answer.reply();
                self.usable = matches!(answer.code / 100, 2 | 4 | 5) && answer.code != 421;
                Completion::Replied(answer)
            }
            Err(why) => Completion::Lost(format!("no reply to the letter: {why}")),
        }
    }

    /// Leaves without a word: the only way out of a letter that was begun and shall not go.
    pub async fn abandon(self) {
        drop(self.wire);
    }

    /// Leaves in good order.
    pub async fn quit(mut self) {
        if self.usable && self.wire.write(b"QUIT\r\n", QUIT_DEADLINE).await.is_ok() {
            // Whatever it answers, every letter has been accounted for.
            let _ = self.wire.read(QUIT_DEADLINE).await;
        }
        self.wire.shut().await;
    }

    /// What the server said or did unasked: the session is out of step or over.
    async fn unsolicited(&mut self, phase: Phase) -> Option<Failure> {
        Some(match self.wire.unsolicited().await? {
            Ok(lines) if lines.code == 421 || (lines.code > 421 && phase == Phase::Body) => {
                Failure::refused(phase, lines.reply())
            }
            Ok(lines) => lost(phase, &format!("an answer to no question: {}", lines.reply())),
            Err(why) => lost(phase, &why),
        })
    }

    async fn ask(&mut self, phase: Phase, line: &str) -> Result<Lines, Failure> {
        self.send(phase, format!("{line}\r\n").as_bytes()).await?;
        self.reply(phase).await
    }

    async fn send(&mut self, phase: Phase, octets: &[u8]) -> Result<(), Failure> {
        self.wire.write(octets, deadline(phase)).await.map_err(|why| lost(phase, &why))
    }

    async fn reply(&mut self, phase: Phase) -> Result<Lines, Failure> {
        self.wire.read(deadline(phase)).await.map_err(|why| lost(phase, &why))
    }
}

async fn secure(wire: Wire, relay: &Relay, tls: &TlsConnector) -> Result<Wire, Failure> {
    let secured = wire.secured(&relay.host, tls, deadline(Phase::Tls)).await;
    secured.map_err(|why| Failure::without_reply(Phase::Tls, why))
}

fn settings(why: impl Into<String>) -> Failure {
    Failure::without_reply(Phase::Settings, why)
}

fn lost(phase: Phase, why: &str) -> Failure {
    Failure::without_reply(phase, format!("{why} (at {phase})"))
}

/// The first line, from 1, that holds a CR or LF which is not part of a CRLF (RFC 5321 section
/// 2.3.8): letters that hold one are read differently by different servers.
fn faulty_line(message: &[u8]) -> Option<usize> {
    let mut lines = 1;
    let mut skip = usize::MAX;
    for at in memchr::memchr2_iter(b'\r', b'\n', message) {
        if at == skip {
            lines += 1;
            continue;
        }
        if message[at] == b'\n' || message.get(at + 1) != Some(&b'\n') {
            return Some(lines);
        }
        skip = at + 1;
    }
    None
}

/// The message with a dot before each dot that begins a line (RFC 5321 section 4.5.2), its last
/// line ended.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 64);
    if message.first() == Some(&b'.') {
        out.push(b'.');
    }
    let mut copied = 0;
    for at in memchr::memmem::find_iter(message, b"\r\n.") {
        out.extend_from_slice(&message[copied..at + 2]);
        out.push(b'.');
        copied = at + 2;
    }
    out.extend_from_slice(&message[copied..]);
    if !out.is_empty() && !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
#[path = "smtp_tests.rs"]
mod tests;
