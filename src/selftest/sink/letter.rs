//! A letter on its way into the sink: passed over, remembered as far as is asked for, logged.

use std::io;

use super::{
    Act, Letter,
    talk::{Flow, Talk},
};
use crate::time::Clock;

/// How much of a letter is kept for its Message-ID.
const HEAD: usize = 8 * 1024;

impl Talk<'_> {
    /// Passes over `count` octets of a letter, remembering what is asked for.
    pub(super) fn keep(&mut self, count: usize) {
        let octets = &self.input[self.start..self.start + count];
        if self.server.log.is_some() && self.head.len() < HEAD {
            self.head.extend_from_slice(&octets[..count.min(HEAD - self.head.len())]);
        }
        if self.server.options.keeps {
            self.letter.extend_from_slice(octets);
        }
        self.start += count;
    }

    /// A letter is complete.
    pub(super) async fn finish(&mut self) -> io::Result<Flow> {
        let act = self.server.act("dot", self.number);
        let has_recipient = !self.recipients.is_empty();
        let takes = matches!(act, None | Some(Act::TakeAndHang | Act::Late(_))) && has_recipient;
        if takes {
            self.take();
        }
        self.forget();
        let usual: &[u8] = if has_recipient {
            b"250 2.0.0 Ok: taken\r\n"
        } else {
            b"554 5.5.1 nobody to give it to\r\n"
        };
        match act {
            Some(act) => self.perform(act, usual).await,
            None => {
                self.out.extend_from_slice(usual);
                Ok(Flow::On)
            }
        }
    }

    fn take(&mut self) {
        let id = message_id(&self.head);
        for to in std::mem::take(&mut self.recipients) {
            self.taken += 1;
            if self.server.log.is_some() {
                let line = format!("{}\t{id}\t{to}\n", Clock::System.now().micros());
                self.unsynced.extend_from_slice(line.as_bytes());
            }
            if self.server.options.keeps {
                let raw = self.letter.strip_prefix(b"\r\n").unwrap_or(&self.letter).to_vec();
                self.server.seen().letters.push(Letter { to, raw });
            }
        }
    }

    /// The next transaction begins.
    pub(super) fn forget(&mut self) {
        self.recipients.clear();
        self.head.clear();
        self.letter.clear();
    }
}

/// What stands between the angle brackets of a RCPT command; a quoted local part may hold one.
pub(super) fn recipient(line: &str) -> String {
    let path = line.split_once('<').map_or("", |(_, path)| path);
    let end = path.find("> ").or_else(|| path.rfind('>')).unwrap_or(path.len());
    path[..end].to_owned()
}

/// The Message-ID in the header that `head` begins with, or nothing.
fn message_id(head: &[u8]) -> String {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.split("\r\n").skip_while(|line| line.is_empty());
    let header = lines.by_ref().take_while(|line| !line.is_empty()).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("message-id").then(|| value.trim().to_owned())
    });
    header.unwrap_or_default()
}
