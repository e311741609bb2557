//! SMTP: one session with a relay, over which letters go one after another.
//!
//! It promises that [`Session::offer`] stops short of the final dot, so that a [`Failure`] from
//! it means that nothing was taken; that [`Session::finish`] alone sends the dot and
//! [`Session::hear`] says whether the answer is known; and that no step waits longer than the
//! relay's deadlines allow.
//!
//! How many round trips a letter takes depends on the server. Without PIPELINING it is one a
//! command. With it the envelope leaves in one write (RFC 2920), and the envelope of the next
//! letter rides behind the final dot, so that a letter takes one round trip: while its text
//! goes out, the caller records the result of the one before. With CHUNKING the text goes as one
//! BDAT and an empty `BDAT 0 LAST` stands for the dot (RFC 3030); nothing needs stuffing then.
//!
//! After a refusal the transaction is reset and the session goes on. It does not retry and does
//! not judge (`policy` does). A future of it that is dropped half way leaves a session that says
//! it is not usable.

pub use super::{
    attempt::{Completion, Envelope, Failure, Phase},
    relay::{Deadlines, Login, Proof, Relay, Tls},
};
use super::{
    octets::{ended, faulty_line, stuffed},
    relay::Offers,
    wire::{Lines, Wire},
};

/// How long leaving may take: nothing depends on it.
const QUIT_DEADLINE: std::time::Duration = std::time::Duration::from_secs(2);

/// A session, ready for letters.
pub struct Session {
    pub(super) wire: Wire,
    pub(super) offers: Offers,
    deadlines: Deadlines,
    pub(super) usable: bool,
    /// Letters whose envelope was sent.
    letters: u32,
    /// A chunk was sent whose answer has not been read.
    chunk: bool,
    /// A chunk was taken on this session. The answer to the first one is waited for, so that a
    /// server that does not know what it offers leaves no doubt; later ones leave with the dot.
    takes_chunks: bool,
}

/// The commands before a letter's text.
struct Opening([(Phase, String); 3]);

/// What went out with a final dot.
pub struct Riding(Option<Opening>);

impl Session {
    pub(super) fn over(wire: Wire, deadlines: Deadlines) -> Self {
        let offers = Offers::default();
        Self {
            wire,
            offers,
            deadlines,
            usable: false,
            letters: 0,
            chunk: false,
            takes_chunks: false,
        }
    }

    pub(super) fn learn(&mut self, lines: &[String]) {
        self.offers = Offers::read(lines);
        // A text in chunks pays only where it needs no round trip of its own.
        self.offers.chunking &= self.offers.pipelining;
    }

    /// Whether another letter may be offered.
    pub fn is_usable(&self) -> bool {
        self.usable && self.has_room()
    }

    /// Whether the server takes another letter on this connection.
    fn has_room(&self) -> bool {
        self.offers.letters.is_none_or(|most| self.letters < most)
    }

    /// Everything up to but not including the final dot. A failure means that nothing was taken;
    /// whether the session can go on, [`Session::is_usable`] tells.
    pub async fn offer(&mut self, envelope: &Envelope, message: &[u8]) -> Result<(), Failure> {
        let opening = self.opening(envelope, message)?;
        self.usable = false;
        if let Some(failure) = self.unsolicited(Phase::Sender).await {
            return Err(failure);
        }
        self.letters += 1;
        if self.offers.pipelining {
            self.send(Phase::Sender, opening.octets(self.offers.chunking).as_bytes()).await?;
        }
        self.answers(&opening).await?;
        self.fill(message).await
    }

    /// The text of a letter whose envelope was granted.
    pub async fn fill(&mut self, message: &[u8]) -> Result<(), Failure> {
        self.usable = false;
        if self.offers.chunking {
            let text = ended(message);
            let head = format!("BDAT {}\r\n", text.len());
            if self.takes_chunks {
                self.send_text(head.as_bytes()).await?;
                self.send_text(&text).await?;
            } else {
                self.send(Phase::Body, &[head.as_bytes(), &text].concat()).await?;
            }
            self.chunk = true;
        } else {
            self.send_text(&stuffed(message)).await?;
        }
        match self.early().await {
            Some(failure) => Err(failure),
            None => {
                self.usable = true;
                Ok(())
            }
        }
    }

    /// Sends the final dot, and behind it the envelope of the next letter where the server takes
    /// that. To be called after an offer that went well, once. `Err`: there is no answer to wait
    /// for.
    pub async fn finish(&mut self, next: Option<(&Envelope, &[u8])>) -> Result<Riding, Completion> {
        self.usable = false;
        let failure = if self.chunk && !self.takes_chunks {
            let answer = self.wire.read(self.deadlines.block).await;
            self.heed(answer)
        } else {
            self.early().await
        };
        if let Some(failure) = failure {
            return Err(Completion::NotSent(failure));
        }
        let rides = self.offers.pipelining && self.has_room();
        let next = next.filter(|_| rides);
        let next = next.and_then(|(envelope, message)| self.opening(envelope, message).ok());
        let mut octets = self.dot().to_owned();
        if let Some(opening) = &next {
            self.letters += 1;
            octets.push_str(&opening.octets(self.offers.chunking));
        }
        match self.wire.write_end(octets.as_bytes(), self.deadlines.block).await {
            Ok(()) => Ok(Riding(next)),
            Err(why) => Err(Completion::Lost(no_reply(&why))),
        }
    }

    /// Waits for the answer to the dot and to the envelope behind it. Of the letter behind it:
    /// `None` when nothing of it was sent; else whether its text may follow.
    pub async fn hear(&mut self, riding: Riding) -> (Completion, Option<Result<(), Failure>>) {
        let completion = self.hear_dot().await;
        let Completion::Replied(reply) = &completion else { return (completion, None) };
        self.usable = matches!(reply.code / 100, 2 | 4 | 5) && reply.code != 421;
        let opened = match riding.0 {
            Some(opening) if self.usable => {
                self.usable = false;
                Some(self.answers(&opening).await)
            }
            _ => None,
        };
        (completion, opened)
    }

    async fn hear_dot(&mut self) -> Completion {
        let mut answer = self.wire.read(self.deadlines.dot).await;
        if let (true, Ok(chunk)) = (std::mem::take(&mut self.chunk), &answer) {
            let refused = (!chunk.reply().is_positive()).then(|| chunk.reply());
            self.takes_chunks |= refused.is_none();
            answer = self.wire.read(self.deadlines.dot).await;
            if let Some(refused) = refused {
                // Taken without a text that was refused: nobody can say what was taken.
                let is_odd = answer.is_ok_and(|last| last.reply().is_positive());
                let odd = || Completion::Lost(format!("its text was refused: {refused}"));
                return if is_odd { odd() } else { Completion::Replied(refused) };
            }
        }
        match answer {
            Ok(answer) => Completion::Replied(answer.reply()),
            Err(why) => Completion::Lost(no_reply(&why)),
        }
    }

    const fn dot(&self) -> &'static str {
        if self.offers.chunking { "BDAT 0 LAST\r\n" } else { ".\r\n" }
    }

    /// Looks at letter and address before anything is sent.
    fn opening(&self, envelope: &Envelope, message: &[u8]) -> Result<Opening, Failure> {
        let (mut mail, mut rcpt) = (self.parameters(envelope, message)?, String::new());
        if self.offers.dsn {
            let id = if envelope.id.is_empty() { "" } else { " ENVID=" };
            mail.push_str(&format!(" RET=HDRS{id}{}", xtext(&envelope.id)));
            rcpt.push_str(" NOTIFY=FAILURE,DELAY");
            if envelope.to.as_str().is_ascii() {
                rcpt.push_str(&format!(" ORCPT=rfc822;{}", xtext(envelope.to.as_str())));
            }
        }
        Ok(Opening([
            (Phase::Sender, format!("MAIL FROM:<{}>{mail}\r\n", envelope.from)),
            (Phase::Recipient, format!("RCPT TO:<{}>{rcpt}\r\n", envelope.to)),
            (Phase::Data, "DATA\r\n".to_owned()),
        ]))
    }

    /// The parameters of MAIL that the letter needs.
    fn parameters(&self, envelope: &Envelope, message: &[u8]) -> Result<String, Failure> {
        let refuse = |why: String| Err(Failure::without_reply(Phase::Letter, why));
        if let Some(line) = faulty_line(message) {
            return refuse(format!("line {line} of the letter ends in a bare CR or LF"));
        }
        let mut parameters = String::new();
        if self.offers.sizes {
            if self.offers.size != 0 && message.len() > self.offers.size {
                let (ours, theirs) = (message.len(), self.offers.size);
                return refuse(format!("the letter has {ours} octets, the relay takes {theirs}"));
            }
            parameters.push_str(&format!(" SIZE={}", message.len()));
        }
        if !message.is_ascii() {
            if !self.offers.eight_bit {
                return refuse("the letter has 8-bit text and the relay takes none".to_owned());
            }
            parameters.push_str(" BODY=8BITMIME");
        }
        if envelope.to.needs_smtputf8() || envelope.from.needs_smtputf8() {
            if !self.offers.utf8 {
                let why = "the address is not ASCII before the @ and the relay does not take \
                           such addresses (SMTPUTF8, RFC 6531)";
                return Err(Failure::without_reply(Phase::Address, why));
            }
            parameters.push_str(" SMTPUTF8");
        }
        Ok(parameters)
    }

    /// Reads the answers to an opening that was sent, or sends and reads it command by command
    /// where the server knows no PIPELINING. After a refusal the transaction is undone and the
    /// session stays usable.
    async fn answers(&mut self, opening: &Opening) -> Result<(), Failure> {
        let mut refused: Option<Failure> = None;
        let (mut recipient, mut invited) = (false, false);
        for (phase, line) in opening.commands(self.offers.chunking) {
            if !self.offers.pipelining {
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

    /// What the server said to the text before it was asked to take it: the answer to a chunk, or
    /// the end of the session.
    async fn early(&mut self) -> Option<Failure> {
        if !self.chunk {
            return self.unsolicited(Phase::Body).await;
        }
        let answer = self.wire.unsolicited().await?;
        self.heed(answer)
    }

    /// What an answer to a chunk means for its letter.
    fn heed(&mut self, answer: Result<Lines, String>) -> Option<Failure> {
        let answer = match answer {
            Ok(answer) => answer.reply(),
            Err(why) => return Some(lost(Phase::Body, &why)),
        };
        self.chunk = false;
        self.takes_chunks |= answer.is_positive();
        (!answer.is_positive()).then(|| Failure::refused(Phase::Body, answer))
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

    pub(super) async fn ask(&mut self, phase: Phase, line: &str) -> Result<Lines, Failure> {
        self.send(phase, format!("{line}\r\n").as_bytes()).await?;
        self.reply(phase).await
    }

    async fn send(&mut self, phase: Phase, octets: &[u8]) -> Result<(), Failure> {
        let within = self.deadline(phase);
        self.wire.write(octets, within).await.map_err(|why| lost(phase, &why))
    }

    /// Part of a letter's text; its end leaves with the dot.
    async fn send_text(&mut self, octets: &[u8]) -> Result<(), Failure> {
        let written = self.wire.write_on(octets, self.deadlines.block).await;
        written.map_err(|why| lost(Phase::Body, &why))
    }

    pub(super) async fn reply(&mut self, phase: Phase) -> Result<Lines, Failure> {
        let within = self.deadline(phase);
        self.wire.read(within).await.map_err(|why| lost(phase, &why))
    }

    const fn deadline(&self, phase: Phase) -> std::time::Duration {
        match phase {
            Phase::Connect | Phase::Tls => self.deadlines.connect,
            Phase::Data => self.deadlines.data,
            Phase::Body => self.deadlines.block,
            _ => self.deadlines.command,
        }
    }
}

impl Opening {
    /// MAIL, RCPT and DATA; a text in chunks needs no DATA.
    fn commands(&self, chunking: bool) -> &[(Phase, String)] {
        let count = if chunking { 2 } else { 3 };
        self.0.get(..count).unwrap_or(&self.0)
    }

    fn octets(&self, chunking: bool) -> String {
        self.commands(chunking).iter().map(|(_, line)| line.as_str()).collect()
    }
}

/// A value as it may stand in a parameter (xtext, RFC 3461 section 4).
fn xtext(value: &str) -> String {
    let plain = |octet: u8| octet.is_ascii_graphic() && octet != b'+' && octet != b'=';
    let octets = value.bytes().map(|octet| {
        if plain(octet) { char::from(octet).to_string() } else { format!("+{octet:02X}") }
    });
    octets.collect()
}

fn lost(phase: Phase, why: &str) -> Failure {
    Failure::without_reply(phase, format!("{why} (at {phase})"))
}

fn no_reply(why: &str) -> String {
    format!("no reply to the letter: {why}")
}

#[cfg(test)]
#[path = "smtp_tests.rs"]
mod tests;
