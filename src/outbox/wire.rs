//! The wire: one connection to a mail server, plain or TLS, on which lines go out and replies
//! come in.
//!
//! It promises that no reply takes more than its deadline or more than 64 KB, whatever the other
//! side does, that small writes leave at once (`TCP_NODELAY`) but for the end of a text, which
//! leaves with the dot where the system can wait so (`TCP_CORK`), and that octets received
//! before TLS are never read as if they had come through it.
//!
//! It does not know which command a reply answers. What fails is told in words: the text of an
//! `Err` here is why no usable reply came.
//!
//! Standards: RFC 5321 section 4.2 (replies), RFC 3207 (STARTTLS), RFC 8446 and 5246 (TLS 1.3,
//! 1.2); certificates are judged by the platform.

use std::{
    io,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::Poll,
    time::Duration,
};

use rustls::{ClientConfig, crypto::aws_lc_rs, pki_types};
use rustls_platform_verifier::Verifier;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::domain::delivery::Reply;

/// The longest reply, all its lines together.
const LONGEST_REPLY: usize = 64 * 1024;
/// How much is handed to the system at once; each such block has a deadline of its own.
const BLOCK: usize = 64 * 1024;

trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {
    /// Whether a packet that is not full waits for what is written next (200 ms at most).
    fn cork(&self, on: bool);
}

impl Stream for TcpStream {
    #[cfg(target_os = "linux")]
    fn cork(&self, on: bool) {
        // Where it cannot be had the packet leaves at once, as without it.
        let _ = socket2::SockRef::from(self).set_tcp_cork(on);
    }

    #[cfg(not(target_os = "linux"))]
    fn cork(&self, _: bool) {}
}

impl Stream for TlsStream<Box<dyn Stream>> {
    fn cork(&self, on: bool) {
        self.get_ref().0.cork(on);
    }
}

/// A connection, and what has been received on it but not yet read as a reply.
pub(super) struct Wire {
    stream: Box<dyn Stream>,
    received: Vec<u8>,
    secure: bool,
}

/// A reply line by line, as EHLO needs it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) code: u16,
    pub(super) lines: Vec<String>,
}

impl Lines {
    /// The same as one text; an enhanced code that each line repeats stands once.
    pub(super) fn reply(&self) -> Reply {
        let mut lines = self.lines.iter();
        let first = lines.next().map_or("", String::as_str);
        let mut text = first.to_owned();
        let enhanced = Reply::new(self.code, first).enhanced;
        for line in lines {
            let again = enhanced.as_deref().and_then(|code| line.strip_prefix(code));
            text.push(' ');
            text.push_str(again.unwrap_or(line));
        }
        Reply::new(self.code, &text)
    }
}

impl Wire {
    /// Opens a TCP connection.
    pub(super) async fn open(host: &str, port: u16, within: Duration) -> Result<Self, String> {
        let why = |why: &dyn std::fmt::Display| format!("cannot reach {host}:{port}: {why}");
        let stream = match timeout(within, TcpStream::connect((host, port))).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(why(&error)),
            Err(_) => return Err(why(&format!("no answer for {} s", within.as_secs()))),
        };
        stream.set_nodelay(true).map_err(|error| why(&error))?;
        Ok(Self { stream: Box::new(stream), received: Vec::new(), secure: false })
    }

    /// Whether nobody between can read along.
    pub(super) const fn is_secure(&self) -> bool {
        self.secure
    }

    /// Goes over to TLS, as `host`. What had been received in the open is an attack or a fault
    /// (RFC 3207 section 6).
    pub(super) async fn secured(
        self,
        host: &str,
        tls: &TlsConnector,
        within: Duration,
    ) -> Result<Self, String> {
        if !self.received.is_empty() {
            return Err(format!("{host} sent something between STARTTLS and TLS"));
        }
        let name = pki_types::ServerName::try_from(host.to_owned())
            .map_err(|_| format!("{host} is no name that a certificate could bear"))?;
        match timeout(within, tls.connect(name, self.stream)).await {
            Ok(Ok(stream)) => {
                Ok(Self { stream: Box::new(stream), received: Vec::new(), secure: true })
            }
            Ok(Err(error)) => Err(format!("TLS with {host} failed: {error}")),
            Err(_) => Err(format!("TLS with {host} took more than {} s", within.as_secs())),
        }
    }

    /// The same for octets that others will follow soon: the last packet waits for those.
    pub(super) async fn write_on(&mut self, octets: &[u8], within: Duration) -> Result<(), String> {
        self.stream.cork(true);
        self.write(octets, within).await
    }

    /// The same for the octets that end a text.
    pub(super) async fn write_end(
        &mut self,
        octets: &[u8],
        within: Duration,
    ) -> Result<(), String> {
        let written = self.write(octets, within).await;
        self.stream.cork(false);
        written
    }

    /// Writes all of `octets`, each block within the deadline.
    pub(super) async fn write(&mut self, octets: &[u8], within: Duration) -> Result<(), String> {
        for block in octets.chunks(BLOCK) {
            let sent = timeout(within, self.stream.write_all(block)).await;
            sent.map_err(|_| late("took nothing", within))?.map_err(|error| cut(&error))?;
        }
        let flushed = timeout(within, self.stream.flush()).await;
        flushed.map_err(|_| late("took nothing", within))?.map_err(|error| cut(&error))
    }

    /// Reads one reply; the deadline is for all of it.
    pub(super) async fn read(&mut self, within: Duration) -> Result<Lines, String> {
        timeout(within, self.read_lines()).await.map_err(|_| late("said nothing", within))?
    }

    async fn read_lines(&mut self) -> Result<Lines, String> {
        let mut searched = 0;
        let mut begun = 0;
        let mut found = Lines { code: 0, lines: Vec::new() };
        loop {
            while let Some(end) = memchr::memchr(b'\n', &self.received[searched..]) {
                let end = searched + end;
                let is_last = found.take_line(&self.received[begun..end])?;
                (searched, begun) = (end + 1, end + 1);
                if is_last {
                    self.received.drain(..begun);
                    return Ok(found);
                }
            }
            searched = self.received.len();
            if searched >= LONGEST_REPLY {
                return Err("the server's reply has no end (64 KB read)".to_owned());
            }
            let room = LONGEST_REPLY - searched;
            let mut more = (&mut self.stream).take(room as u64);
            if more.read_buf(&mut self.received).await.map_err(|error| cut(&error))? == 0 {
                return Err("the server closed the connection".to_owned());
            }
        }
    }

    /// Looks, without waiting, whether the server has said something or hung up. `None`: the
    /// line is open and quiet.
    pub(super) async fn unsolicited(&mut self) -> Option<Result<Lines, String>> {
        if self.received.is_empty() {
            let mut room = [0; 4096];
            let mut buffer = ReadBuf::new(&mut room);
            let polled = std::future::poll_fn(|cx| {
                Poll::Ready(match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                    Poll::Pending => None,
                    Poll::Ready(read) => Some(read),
                })
            });
            match polled.await? {
                Ok(()) if !buffer.filled().is_empty() => {
                    self.received.extend_from_slice(buffer.filled());
                }
                Ok(()) => return Some(Err("the server closed the connection".to_owned())),
                Err(error) => return Some(Err(cut(&error))),
            }
        }
        Some(self.read(Duration::from_secs(1)).await)
    }

    /// Ends the connection in good order.
    pub(super) async fn shut(mut self) {
        // Nothing depends on it: whatever it says, the connection ends here.
        let _ = timeout(Duration::from_secs(1), self.stream.shutdown()).await;
    }
}

impl Lines {
    /// Adds a line (RFC 5321 section 4.2: three digits, then `-`, a space or nothing); tells
    /// whether it was the last.
    fn take_line(&mut self, line: &[u8]) -> Result<bool, String> {
        let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
        let garbage = || {
            let shown: String = line.chars().take(60).collect();
            format!("the server does not speak SMTP: {}", shown.escape_debug())
        };
        let (code, rest) = line.split_at_checked(3).ok_or_else(garbage)?;
        let digits = code.bytes().all(|octet| octet.is_ascii_digit());
        let code = code.parse().ok().filter(|code| digits && (200..600).contains(code));
        let code: u16 = code.ok_or_else(garbage)?;
        if !self.lines.is_empty() && code != self.code {
            return Err(garbage());
        }
        let (is_last, text) = match rest.as_bytes().first() {
            None => (true, ""),
            Some(b' ') => (true, &rest[1..]),
            Some(b'-') => (false, &rest[1..]),
            Some(_) => return Err(garbage()),
        };
        self.code = code;
        let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        self.lines.push(clean.collect::<String>().trim_end().to_owned());
        Ok(is_last)
    }
}

fn late(what: &str, within: Duration) -> String {
    format!("the server {what} for {} s", within.as_secs())
}

fn cut(error: &io::Error) -> String {
    format!("the connection broke: {error}")
}

/// TLS as the platform trusts; made once, since reading the platform's roots takes a while.
pub(super) fn platform_tls() -> Result<TlsConnector, String> {
    static MADE: OnceLock<TlsConnector> = OnceLock::new();
    if let Some(made) = MADE.get() {
        return Ok(made.clone());
    }
    let made = tls_trusting(Vec::new())?;
    Ok(MADE.get_or_init(|| made).clone())
}

/// TLS that trusts the platform's roots and `extra` ones.
pub(super) fn tls_trusting(
    extra: Vec<pki_types::CertificateDer<'static>>,
) -> Result<TlsConnector, String> {
    let why = |error: rustls::Error| format!("TLS cannot be set up: {error}");
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = if extra.is_empty() {
        Verifier::new(provider.clone())
    } else {
        Verifier::new_with_extra_roots(extra, provider.clone())
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(why)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier.map_err(why)?))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Stream for tokio::io::DuplexStream {
        fn cork(&self, _: bool) {}
    }

    /// What a server that sends `octets` and hangs up is understood to say, reply by reply.
    async fn heard(octets: &[u8]) -> Vec<Result<Lines, String>> {
        let (near, mut far) = tokio::io::duplex(1 << 20);
        far.write_all(octets).await.unwrap();
        drop(far);
        let mut wire = Wire { stream: Box::new(near), received: Vec::new(), secure: false };
        let mut heard = Vec::new();
        loop {
            heard.push(wire.read(Duration::from_secs(5)).await);
            if heard.last().unwrap().is_err() {
                return heard;
            }
        }
    }

    #[tokio::test]
    async fn replies_are_told_apart_however_they_arrive() {
        let heard = heard(b"250-mx\r\n250-SIZE 10\r\n250 HELP\r\n354\r\n550 5.1.1 no\n").await;
        let lines = |code, lines: &[&str]| Lines {
            code,
            lines: lines.iter().map(|&line| line.to_owned()).collect(),
        };
        assert_eq!(heard[0], Ok(lines(250, &["mx", "SIZE 10", "HELP"])));
        assert_eq!(heard[1], Ok(lines(354, &[""])));
        assert_eq!(heard[2].as_ref().unwrap().reply(), Reply::new(550, "5.1.1 no"));
        assert!(heard[3].as_ref().unwrap_err().contains("closed"));
    }

    #[tokio::test]
    async fn what_is_no_reply_is_refused() {
        for octets in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            b"99 no\r\n",
            b"+50 no\r\n",
            b"999 no\r\n",
            b"250-a\r\n550 b\r\n",
            b"250x\r\n",
            "2\u{e9}0 no\r\n".as_bytes(),
            b"\0\0\0\r\n",
        ] {
            let why = heard(octets).await.remove(0).unwrap_err();
            assert!(why.contains("does not speak SMTP"), "{why}");
            assert!(!why.contains('\n'), "{why}");
        }
    }

    #[tokio::test]
    async fn a_reply_without_end_is_cut_at_64_kb() {
        let endless = b"250-more\r\n".repeat(20_000);
        let long_line = vec![b'2'; 200_000];
        for octets in [endless, long_line] {
            let why = heard(&octets).await.remove(0).unwrap_err();
            assert!(why.contains("64 KB"), "{why}");
        }
    }

    #[test]
    fn an_enhanced_code_on_every_line_stands_once() {
        let lines = vec!["5.1.1 no such".to_owned(), "5.1.1 mailbox".to_owned()];
        assert_eq!(Lines { code: 550, lines }.reply(), Reply::new(550, "5.1.1 no such mailbox"));
    }
}
