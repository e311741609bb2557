//! One connection of the sink: reads what came in one go, answers it in one write.
//!
//! A letter's octets are looked through for its end (or counted, with BDAT) and forgotten; only
//! the first of them are kept, for its Message-ID. What was taken is logged before the replies
//! leave.

use std::io;

use memchr::memmem;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::{Act, Server, letter::recipient};

/// What is read at once, and the longest command.
const BUFFER: usize = 128 * 1024;

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What is offered with and without STARTTLS.
macro_rules! offers {
    () => {
        "250-PIPELINING\r\n250-SIZE 104857600\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n\
         250-DSN\r\n250-AUTH LOGIN PLAIN\r\n250 ENHANCEDSTATUSCODES\r\n"
    };
}

/// What the next octets are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expecting {
    Command,
    /// A letter up to its final dot.
    Text,
    /// A chunk: so many octets more, whether it is the last, and whether it is wanted.
    Chunk {
        left: usize,
        is_last: bool,
        wanted: bool,
    },
}

/// Whether the connection goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    On,
    Over,
}

pub(super) struct Talk<'a> {
    pub(super) server: &'a Server,
    pub(super) number: usize,
    pub(super) stream: Box<dyn Stream>,
    pub(super) input: Box<[u8]>,
    /// The octets of `input` that are not yet dealt with.
    pub(super) start: usize,
    end: usize,
    /// Replies that have not left.
    pub(super) out: Vec<u8>,
    /// Lines of the log that are not on disk, and letters they stand for.
    pub(super) unsynced: Vec<u8>,
    pub(super) taken: usize,
    expecting: Expecting,
    pub(super) recipients: Vec<String>,
    pub(super) head: Vec<u8>,
    pub(super) letter: Vec<u8>,
}

impl<'a> Talk<'a> {
    pub(super) fn new(server: &'a Server, number: usize, stream: Box<dyn Stream>) -> Self {
        Self {
            server,
            number,
            stream,
            input: vec![0; BUFFER].into(),
            start: 0,
            end: 0,
            out: Vec::with_capacity(1024),
            unsynced: Vec::new(),
            taken: 0,
            expecting: Expecting::Command,
            recipients: Vec::new(),
            head: Vec::new(),
            letter: Vec::new(),
        }
    }

    pub(super) async fn run(mut self) -> io::Result<()> {
        if let Some((tls, true)) = &self.server.options.tls {
            let stream = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
            self.stream = Box::new(tls.accept(stream).await?);
        }
        if self.answer("connect", b"220 sink.example ESMTP\r\n").await? == Flow::Over {
            return Ok(());
        }
        loop {
            self.flush().await?;
            if self.fill().await? == 0 || self.digest().await? == Flow::Over {
                return Ok(());
            }
        }
    }

    async fn fill(&mut self) -> io::Result<usize> {
        self.input.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        let read = self.stream.read(&mut self.input[self.end..]).await?;
        self.end += read;
        Ok(read)
    }

    /// Logs what was taken, then lets the replies go.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        self.sync().await?;
        if !self.out.is_empty() {
            self.stream.write_all(&self.out).await?;
            self.stream.flush().await?;
            self.out.clear();
        }
        Ok(())
    }

    async fn sync(&mut self) -> io::Result<()> {
        if let (Some(log), false) = (&self.server.log, self.unsynced.is_empty())
            && !log.write(std::mem::take(&mut self.unsynced)).await
        {
            return Err(io::Error::other("the sink's log cannot be written"));
        }
        let taken = std::mem::take(&mut self.taken);
        self.server.taken.fetch_add(taken, std::sync::atomic::Ordering::SeqCst);
        Ok(())
    }

    /// Deals with everything that has come in.
    async fn digest(&mut self) -> io::Result<Flow> {
        loop {
            let before = (self.start, self.expecting);
            let flow = match self.expecting {
                Expecting::Command => self.command().await?,
                Expecting::Text => self.text().await?,
                Expecting::Chunk { left, is_last, wanted } => {
                    self.chunk(left, is_last, wanted).await?
                }
            };
            if flow == Flow::Over || before == (self.start, self.expecting) {
                return Ok(flow);
            }
        }
    }

    async fn command(&mut self) -> io::Result<Flow> {
        let waiting = &self.input[self.start..self.end];
        let Some(length) = memchr::memchr(b'\n', waiting) else {
            if waiting.len() == BUFFER {
                self.out.extend_from_slice(b"500 5.5.2 line too long\r\n");
                self.flush().await?;
                return Ok(Flow::Over);
            }
            return Ok(Flow::On);
        };
        let line = String::from_utf8_lossy(&waiting[..length]).trim_end().to_owned();
        self.start += length + 1;
        if self.server.options.keeps {
            self.server.seen().commands.push(line.clone());
        }
        let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match word.as_str() {
            "DATA" => self.data(&line).await,
            "BDAT" => self.bdat(&line).await,
            "STARTTLS" => self.start_tls(&line).await,
            _ => self.simple(&word, &line).await,
        }
    }

    async fn simple(&mut self, word: &str, line: &str) -> io::Result<Flow> {
        let usual = self.usual(word);
        if let Some(act) = self.server.act(line, self.number) {
            if word == "RCPT" && matches!(act, Act::Late(_)) {
                self.recipients.push(recipient(line));
            }
            return self.perform(act, usual).await;
        }
        match word {
            "RCPT" => self.recipients.push(recipient(line)),
            "MAIL" | "RSET" => self.forget(),
            _ => {}
        }
        self.out.extend_from_slice(usual);
        if word == "QUIT" {
            self.flush().await?;
            return Ok(Flow::Over);
        }
        Ok(Flow::On)
    }

    fn usual(&self, word: &str) -> &'static [u8] {
        match word {
            "EHLO" if self.server.options.tls.is_some() => {
                concat!("250-sink.example\r\n250-STARTTLS\r\n", offers!()).as_bytes()
            }
            "EHLO" => concat!("250-sink.example\r\n", offers!()).as_bytes(),
            "HELO" | "NOOP" => b"250 2.0.0 Ok\r\n",
            "MAIL" | "RSET" => b"250 2.1.0 Ok\r\n",
            "RCPT" => b"250 2.1.5 Ok\r\n",
            "AUTH" => b"235 2.7.0 welcome\r\n",
            "QUIT" => b"221 2.0.0 bye\r\n",
            _ => b"500 5.5.2 what?\r\n",
        }
    }

    async fn data(&mut self, line: &str) -> io::Result<Flow> {
        let mut invited = !self.recipients.is_empty();
        let usual: &[u8] =
            if invited { b"354 go on\r\n" } else { b"554 5.5.1 no valid recipients\r\n" };
        let mut flow = Flow::On;
        match self.server.act(line, self.number) {
            Some(act) => {
                invited &= matches!(act, Act::Late(_));
                invited |= matches!(&act, Act::Say(text) if text.starts_with("354"));
                flow = self.perform(act, usual).await?;
            }
            None => self.out.extend_from_slice(usual),
        }
        if invited && flow == Flow::On {
            self.expecting = Expecting::Text;
            if let Some(act) = self.server.act("body", self.number) {
                return self.perform(act, b"").await;
            }
            // The CRLF of the command line also begins the letter's text: a dot may follow it.
            self.start -= 2;
            self.input[self.start..self.start + 2].copy_from_slice(b"\r\n");
        }
        Ok(flow)
    }

    /// Octets of a letter; the last four may be the beginning of its end.
    async fn text(&mut self) -> io::Result<Flow> {
        let waiting = &self.input[self.start..self.end];
        let Some(length) = memmem::find(waiting, b"\r\n.\r\n") else {
            self.keep(waiting.len().saturating_sub(4));
            return Ok(Flow::On);
        };
        self.keep(length + 2);
        self.start += 3;
        self.expecting = Expecting::Command;
        self.finish().await
    }

    async fn bdat(&mut self, line: &str) -> io::Result<Flow> {
        let mut words = line.split_ascii_whitespace().skip(1);
        let Some(left) = words.next().and_then(|size| size.parse().ok()) else {
            self.out.extend_from_slice(b"501 5.5.4 how many?\r\n");
            return Ok(Flow::On);
        };
        let is_last = words.next().is_some_and(|word| word.eq_ignore_ascii_case("LAST"));
        let mut wanted = !self.recipients.is_empty();
        let mut flow = Flow::On;
        if let Some(act) = self.server.act(line, self.number) {
            wanted &= matches!(act, Act::Late(_));
            flow = self.perform(act, b"").await?;
        } else if !wanted {
            self.out.extend_from_slice(b"503 5.5.1 no valid recipients\r\n");
        }
        if self.letter.is_empty() {
            // As a letter by DATA begins, with the end of the command line.
            self.letter.extend_from_slice(b"\r\n");
        }
        self.expecting = Expecting::Chunk { left, is_last, wanted };
        Ok(flow)
    }

    async fn chunk(&mut self, left: usize, is_last: bool, wanted: bool) -> io::Result<Flow> {
        let here = left.min(self.end - self.start);
        if wanted {
            self.keep(here)
        } else {
            self.start += here
        }
        self.expecting = Expecting::Chunk { left: left - here, is_last, wanted };
        if left > here {
            return Ok(Flow::On);
        }
        self.expecting = Expecting::Command;
        match (wanted, is_last) {
            (false, _) => {
                // What was refused in part is not taken at all (RFC 3030 section 2).
                self.forget();
                Ok(Flow::On)
            }
            (true, false) => {
                self.out.extend_from_slice(b"250 2.0.0 chunk taken\r\n");
                Ok(Flow::On)
            }
            (true, true) => self.finish().await,
        }
    }

    async fn start_tls(&mut self, line: &str) -> io::Result<Flow> {
        let act = self.server.act(line, self.number);
        let granted = match &act {
            None => true,
            Some(Act::Say(text)) => text.starts_with("220"),
            Some(_) => false,
        };
        let Some((tls, _)) = self.server.options.tls.as_ref().filter(|_| granted) else {
            return self.perform(act.unwrap_or(Act::say("502 5.5.1 no")), b"").await;
        };
        self.perform(act.unwrap_or(Act::say("220 2.0.0 go on")), b"").await?;
        self.flush().await?;
        let stream = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        self.stream = Box::new(tls.accept(stream).await?);
        Ok(Flow::On)
    }
}
