//! The alarm: one plain letter a day to the operator, while the operator is needed.
//!
//! Status line, log and exit status say the same; the letter is for the operator who looks at
//! none of them. It is no delivery: it has no reader to be missed by, and its only record is the
//! ledger's instant of the last one ([`is_due`]), so that a broken relay is not asked again and
//! again with a password that it refuses.
//!
//! It promises that no reader's address stands in it beyond what a summary already says, and that
//! a letter which cannot be handed over is a line in the log and nothing worse.
//!
//! Standards: RFC 5322, RFC 2045 (quoted-printable), RFC 3834 section 5 (Auto-Submitted).

use std::{fmt::Write as _, time::Duration};

use super::{sending::Sending, site::Site, summary::Summary};
use crate::{
    digest::quoted,
    domain::address::Address,
    outbox::{
        attempt::{Completion, Envelope},
        transport::{Outgoing, Transport},
    },
    store,
    time::Timestamp,
};

/// How long one letter is enough.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// When a letter that could not be handed over may be tried again.
const SOONER: Duration = Duration::from_secs(60 * 60);
/// How many needs are written out.
const SHOWN: usize = 20;
/// One failed letter in so many is more than readers' own troubles explain.
const FAILED: u64 = 20;

/// Who writes to whom about what.
#[derive(Clone, Copy, Debug)]
pub struct Alarm<'a> {
    /// The sender of all letters.
    pub from: &'a Address,
    /// The operator.
    pub to: &'a Address,
    /// The site's title.
    pub title: &'a str,
    /// The site's address.
    pub url: &'a str,
}

/// Whether a letter may go, `last` being when the last one went.
pub fn is_due(last: Option<Timestamp>, now: Timestamp) -> bool {
    // A clock that was set back must not silence it for longer than a day.
    last.is_none_or(|last| now.since(last) >= DAY || last.since(now) >= DAY)
}

/// What to record as the instant of the last letter when it could not be handed over at `now`.
pub fn not_rung(now: Timestamp) -> Timestamp {
    now.minus(DAY - SOONER)
}

/// What the operator is needed for, in sentences.
pub fn needs(summary: &Summary) -> Vec<String> {
    let mut needs = summary.troubles.clone();
    let (failed, sent) = (summary.letters.failed, summary.letters.sent);
    if failed.saturating_mul(FAILED) > failed + sent {
        needs.push(format!(
            "{failed} of {} letters failed for good: postrider status",
            failed + sent
        ));
    }
    needs
}

impl Alarm<'_> {
    /// The letter about `needs`; `None` where nobody is needed.
    pub fn letter(&self, needs: &[String], now: Timestamp) -> Option<Outgoing> {
        if needs.is_empty() {
            return None;
        }
        let envelope = Envelope { from: self.from.clone(), to: self.to.clone(), id: String::new() };
        let day = now.rfc3339().chars().take(10).collect::<String>();
        let message = self.head(needs.len(), &day, now) + &quoted::encode(&self.text(needs));
        let name = format!("operator/{day}");
        Some(Outgoing { envelope, name, message: (message + "\r\n").into_bytes() })
    }

    fn head(&self, count: usize, day: &str, now: Timestamp) -> String {
        let (from, to) = (self.from.as_str(), self.to.as_str());
        let things = if count == 1 { "one thing" } else { "some things" };
        let lines = [
            format!("Date: {}", now.rfc5322()),
            format!("From: Postrider <{from}>"),
            format!("To: <{to}>"),
            format!("Subject: Postrider needs you for {things}"),
            format!("Message-ID: <operator.{day}.{}@{}>", now.micros(), self.from.domain()),
            "Auto-Submitted: auto-generated".to_owned(),
            "MIME-Version: 1.0".to_owned(),
            "Content-Type: text/plain; charset=utf-8".to_owned(),
            "Content-Transfer-Encoding: quoted-printable".to_owned(),
        ];
        lines.join("\r\n") + "\r\n\r\n"
    }

    fn text(&self, needs: &[String]) -> String {
        let mut text = format!("{} ({}) needs you:\n\n", self.title, self.url);
        for need in needs.iter().take(SHOWN) {
            let _ = writeln!(text, "* {need}");
        }
        if needs.len() > SHOWN {
            let _ = writeln!(text, "* and {} more: postrider run lists them", needs.len() - SHOWN);
        }
        text.push_str(
            "\nWhat each of these means and what to do is told in docs/operations.md. This letter \
             comes once a day while somebody is needed.",
        );
        text
    }
}

/// Hands the letter over; the error says why it could not be.
pub(super) async fn ring(transport: &Transport, letter: &Outgoing) -> Result<(), String> {
    let mut connection = transport.connect().await.map_err(|failure| failure.text)?;
    if let Err(failure) = connection.offer(letter).await {
        connection.abandon().await;
        return Err(failure.text);
    }
    let pending = connection.finish(None).await;
    let (completion, _) = connection.hear(pending).await;
    connection.close().await;
    match completion {
        Completion::Replied(reply) if reply.is_positive() => Ok(()),
        Completion::Replied(reply) => Err(reply.to_string()),
        Completion::Lost(why) => Err(why),
        Completion::NotSent(failure) => Err(failure.text),
    }
}

impl Sending {
    /// Writes to the operator about what `summary` asks of somebody, once a day.
    pub(super) async fn alarm(&self, summary: &Summary) {
        let site = self.sites.borrow().clone();
        let (Some(to), needs) = (&site.config.operator, needs(summary)) else { return };
        let (from, title) = (&site.config.from.address, site.config.title.as_str());
        let alarm = Alarm { from, to, title, url: site.config.url.as_str() };
        let now = self.clock.now();
        let Some(letter) = alarm.letter(&needs, now) else { return };
        match self.claim_alarm(now).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return tracing::warn!(%error, "the operator could not be written to"),
        }
        if let Err(why) = self.ring(&site, letter).await {
            tracing::warn!(why, operator = to.as_str(), "the operator could not be written to");
            // An hour from now it is tried again; where that is not noted, a day.
            let _ = self.store.note_alarm(Some(now), not_rung(now)).await;
        }
    }

    /// Whether a letter is due, and no other process writes it.
    async fn claim_alarm(&self, now: Timestamp) -> Result<bool, store::Error> {
        let last = self.store.alarmed_at().await?;
        Ok(is_due(last, now) && self.store.note_alarm(last, now).await?)
    }

    async fn ring(&self, site: &Site, letter: Outgoing) -> Result<(), String> {
        let relays = self.ways.of(site).map_err(|error| error.to_string())?;
        if !site.config.is_public && !relays.is_local() {
            return Err("web.public_url is not set, so no relay elsewhere is used".to_owned());
        }
        let message = match &site.signer {
            Some(signer) => signer.sign(&letter.message).map_err(|error| error.to_string())?,
            None => letter.message,
        };
        let letter = Outgoing { message, ..letter };
        let mut why = "there is no way out".to_owned();
        for outlet in relays.outlets() {
            match ring(&outlet.transport, &letter).await {
                Ok(()) => return Ok(()),
                Err(other) => why = other,
            }
        }
        Err(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::delivery::Reply,
        outbox::{
            attempt::{Failure, Phase},
            transport::{Answer, Memory},
        },
    };

    const NOW: Timestamp = Timestamp::from_micros(1_764_064_800_000_000);

    fn letter(needs: &[String]) -> Option<Outgoing> {
        let from = "letters@blog.example".parse().unwrap();
        let to = "mara@blog.example".parse().unwrap();
        let alarm =
            Alarm { from: &from, to: &to, title: "Salt & Sölder", url: "https://blog.example/" };
        alarm.letter(needs, NOW)
    }

    #[test]
    fn a_letter_says_what_the_operator_is_needed_for() {
        let need = "weekly/2026-W48 is held: 550 5.7.26. Mend the cause, then: postrider issue \
                    release weekly/2026-W48";
        let letter = letter(&[need.to_owned()]).unwrap();
        assert_eq!(letter.name, "operator/2025-11-25");
        let text = String::from_utf8(letter.message).unwrap();
        assert!(text.lines().all(|line| line.len() <= 76 && line.is_ascii()), "{text}");
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("Subject: Postrider needs you for one thing\r\n"), "{head}");
        assert!(head.contains("\r\nTo: <mara@blog.example>\r\n"), "{head}");
        let body = body.replace("=\r\n", "");
        assert!(
            body.starts_with("Salt & S=C3=B6lder (https://blog.example/) needs you:"),
            "{body}"
        );
        assert!(body.contains(&format!("* {need}\r\n")), "{body}");
    }

    #[test]
    fn nobody_is_written_to_for_nothing() {
        assert_eq!(letter(&needs(&Summary::default())), None);
        let mut one_reader_gone = Summary::default();
        (one_reader_gone.letters.sent, one_reader_gone.letters.failed) = (99, 1);
        assert_eq!(needs(&one_reader_gone), [""; 0]);
    }

    #[test]
    fn many_failed_letters_need_somebody() {
        let mut summary = Summary::default();
        (summary.letters.sent, summary.letters.failed) = (90, 10);
        assert_eq!(needs(&summary), ["10 of 100 letters failed for good: postrider status"]);
    }

    #[test]
    fn a_hundred_troubles_make_a_short_letter() {
        let many: Vec<String> = (0..100).map(|number| format!("trouble {number}")).collect();
        let text = String::from_utf8(letter(&many).unwrap().message).unwrap();
        assert!(text.contains("* trouble 19\r\n* and 80 more"), "{text}");
    }

    #[test]
    fn one_letter_a_day_and_an_hour_after_a_failure() {
        let hours = |hours: u64| NOW.plus(Duration::from_secs(hours * 3600));
        for (last, now, expected) in [
            (None, NOW, true),
            (Some(NOW), hours(23), false),
            (Some(NOW), hours(24), true),
            (Some(hours(24)), NOW, true),
            (Some(not_rung(NOW)), NOW, false),
            (Some(not_rung(NOW)), hours(1), true),
        ] {
            assert_eq!(is_due(last, now), expected, "{last:?} {now}");
        }
    }

    #[tokio::test]
    async fn a_letter_that_cannot_be_handed_over_says_why() {
        let memory = Memory::default();
        let failure = Failure::refused(Phase::Recipient, Reply::new(550, "5.1.1 who?"));
        memory.answer("mara@blog.example", Answer::Refuse(failure));
        let (transport, letter) =
            (Transport::Memory(memory.clone()), letter(&["help".to_owned()]).unwrap());
        let why = ring(&transport, &letter).await.unwrap_err();
        assert!(why.contains("5.1.1 who?"), "{why}");
        assert_eq!(ring(&transport, &letter).await, Ok(()));
        assert_eq!(memory.taken(), [letter]);
    }
}
