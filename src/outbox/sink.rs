//! A mail server for tests: in process, one script, every letter kept.
//!
//! It speaks SMTP as it should (RFC 5321) unless the [`Script`] says otherwise for an event: a
//! command line as received, or `connect`, `body` (DATA was granted, nothing read yet), `chunk` (one
//! that is not the last was read) or `dot`.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{
        AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _,
        BufReader,
    },
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// What the server does instead of the right thing.
#[derive(Clone)]
pub(super) enum Act {
    /// Says this (without the last CRLF).
    Say(&'static str),
    /// Closes the connection.
    Hang,
    /// Says this, then closes.
    SayAndHang(&'static str),
    /// Sends reply lines without end.
    Endless,
    /// Says nothing and goes on.
    Silent,
}

/// What to do for an event; the number counts its connection, from 1. `None`: the right thing.
pub(super) type Script = dyn Fn(&str, usize) -> Option<Act> + Send + Sync;

#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    pub(super) commands: Vec<String>,
    pub(super) letters: Vec<Letter>,
    pub(super) connections: usize,
}

/// A letter as it was taken, dots and all.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) to: String,
    pub(super) raw: Vec<u8>,
}

#[derive(Clone)]
pub(super) struct Sink {
    pub(super) port: u16,
    log: Arc<Mutex<Log>>,
    script: Arc<Script>,
    tls: Option<TlsAcceptor>,
    implicit: bool,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}
type Line = BufReader<Box<dyn Stream>>;

impl Sink {
    pub(super) async fn start(
        script: impl Fn(&str, usize) -> Option<Act> + Send + Sync + 'static,
    ) -> Self {
        Self::start_with(script, None, false).await
    }

    pub(super) async fn start_with(
        script: impl Fn(&str, usize) -> Option<Act> + Send + Sync + 'static,
        tls: Option<TlsAcceptor>,
        implicit: bool,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::default();
        let sink = Self { port, log, script: Arc::new(script), tls, implicit };
        let server = sink.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = {
                    let mut log = server.log.lock().unwrap();
                    log.connections += 1;
                    log.connections
                };
                let server = server.clone();
                // A connection that breaks is what many a test is about.
                tokio::spawn(async move { drop(server.serve(Box::new(stream), number).await) });
            }
        });
        sink
    }

    pub(super) fn log(&self) -> Log {
        self.log.lock().unwrap().clone()
    }

    async fn serve(&self, stream: Box<dyn Stream>, number: usize) -> io::Result<()> {
        let mut line = BufReader::new(stream);
        if let (Some(tls), true) = (&self.tls, self.implicit) {
            line = BufReader::new(Box::new(tls.accept(line.into_inner()).await?));
        }
        if !self.act(&mut line, "connect", number, "220 sink ESMTP").await? {
            return Ok(());
        }
        let mut rcpt: Option<String> = None;
        let mut text = Vec::new();
        loop {
            let mut command = String::new();
            if line.read_line(&mut command).await? == 0 {
                return Ok(());
            }
            let command = command.trim_end().to_owned();
            self.log.lock().unwrap().commands.push(command.clone());
            if let Some(chunk) = command.strip_prefix("BDAT ") {
                let chunk = (chunk, &mut text);
                if !self.take_chunk(&mut line, number, &mut rcpt, chunk).await? {
                    return Ok(());
                }
                continue;
            }
            let usual = usual(&command, rcpt.is_some());
            let granted = self.usually(&command, number);
            if !self.act(&mut line, &command, number, usual).await? {
                return Ok(());
            }
            match command.split([' ', ':']).next().unwrap_or_default() {
                "RCPT" if granted => rcpt = Some(command[8..].to_owned()),
                "RSET" => rcpt = None,
                "DATA" if (granted && rcpt.is_some()) || self.says(&command, number, "354") => {
                    let to = rcpt.take().unwrap_or_default();
                    if !self.take(&mut line, number, to).await? {
                        return Ok(());
                    }
                }
                "STARTTLS" if granted || self.says(&command, number, "220") => {
                    let Some(tls) = &self.tls else { return Ok(()) };
                    line = BufReader::new(Box::new(tls.accept(line.into_inner()).await?));
                }
                "QUIT" => return Ok(()),
                _ => {}
            }
        }
    }

    fn usually(&self, event: &str, number: usize) -> bool {
        (self.script)(event, number).is_none()
    }

    fn says(&self, event: &str, number: usize, code: &str) -> bool {
        matches!((self.script)(event, number), Some(Act::Say(text)) if text.starts_with(code))
    }

    /// Reads a chunk and answers it; the last one is the dot.
    async fn take_chunk(
        &self,
        line: &mut Line,
        number: usize,
        rcpt: &mut Option<String>,
        (chunk, text): (&str, &mut Vec<u8>),
    ) -> io::Result<bool> {
        let (size, is_last) = match chunk.split_once(' ') {
            Some((size, last)) => (size, last == "LAST"),
            None => (chunk, false),
        };
        let mut octets = vec![0; size.parse().unwrap()];
        line.read_exact(&mut octets).await?;
        text.extend_from_slice(&octets);
        let granted = if rcpt.is_some() { "250 2.0.0 Ok" } else { "503 5.5.1 nobody" };
        if !is_last {
            return self.act(line, "chunk", number, granted).await;
        }
        let raw = std::mem::take(text);
        if let (Some(to), true) = (rcpt.take(), self.usually("dot", number)) {
            self.log.lock().unwrap().letters.push(Letter { to, raw });
        }
        self.act(line, "dot", number, granted).await
    }

    /// Reads a letter and answers its dot.
    async fn take(&self, line: &mut Line, number: usize, to: String) -> io::Result<bool> {
        if !self.usually("body", number) && !self.act(line, "body", number, "").await? {
            return Ok(false);
        }
        let mut raw = b"\r\n".to_vec();
        while !raw.ends_with(b"\r\n.\r\n") {
            if line.read_until(b'\n', &mut raw).await? == 0 {
                return Ok(false);
            }
        }
        let raw = raw[2..raw.len() - 3].to_vec();
        if self.usually("dot", number) && !to.is_empty() {
            self.log.lock().unwrap().letters.push(Letter { to: to.clone(), raw });
        }
        let usual = if to.is_empty() { "554 5.5.1 nobody to give it to" } else { "250 2.0.0 Ok" };
        self.act(line, "dot", number, usual).await
    }

    /// Does what the script says, else says what is usual; `false`: the connection ends.
    async fn act(
        &self,
        line: &mut Line,
        event: &str,
        number: usize,
        usual: &'static str,
    ) -> io::Result<bool> {
        let act = (self.script)(event, number).unwrap_or(Act::Say(usual));
        match act {
            Act::Hang => return Ok(false),
            Act::Silent => return Ok(true),
            Act::Say(text) | Act::SayAndHang(text) => {
                line.write_all(format!("{text}\r\n").as_bytes()).await?;
                line.flush().await?;
            }
            Act::Endless => loop {
                line.write_all(&b"250-and another thing\r\n".repeat(100)).await?;
            },
        }
        if matches!(act, Act::SayAndHang(_)) {
            line.shutdown().await?;
            // Whatever still comes is read, so that what was said is not lost in a reset.
            line.read_to_end(&mut Vec::new()).await?;
            return Ok(false);
        }
        Ok(true)
    }
}

fn usual(command: &str, has_recipient: bool) -> &'static str {
    match command.split([' ', ':']).next().unwrap_or_default() {
        "EHLO" => {
            "250-sink\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n\
             250-AUTH LOGIN PLAIN\r\n250 STARTTLS"
        }
        "HELO" | "MAIL" | "RCPT" | "RSET" | "NOOP" => "250 2.1.0 Ok",
        "DATA" if has_recipient => "354 go on",
        "DATA" => "554 5.5.1 no valid recipients",
        "AUTH" => "235 2.7.0 welcome",
        "STARTTLS" => "220 go on",
        "QUIT" => "221 bye",
        _ => "500 5.5.2 what?",
    }
}
