//! The acts of a script, carried out on a connection.

use std::{io, time::Duration};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{
    Act,
    talk::{Flow, Talk},
};

impl Talk<'_> {
    /// Does what the script wants for an event, or what is usual.
    pub(super) async fn answer(&mut self, event: &str, usual: &[u8]) -> io::Result<Flow> {
        if let Some(act) = self.server.act(event, self.number) {
            return self.perform(act, usual).await;
        }
        self.out.extend_from_slice(usual);
        Ok(Flow::On)
    }

    /// Does what the script wants; `usual` is what would be right.
    pub(super) async fn perform(&mut self, act: Act, usual: &[u8]) -> io::Result<Flow> {
        match act {
            Act::Say(text) => self.say(&text),
            Act::Raw(octets) => self.out.extend_from_slice(&octets),
            Act::Hang | Act::TakeAndHang => {
                self.flush().await?;
                return Ok(Flow::Over);
            }
            Act::SayAndHang(text) => {
                self.say(&text);
                self.flush().await?;
                self.stream.shutdown().await?;
                // Whatever still comes is read, so that what was said is not lost in a reset.
                return self.ignore().await;
            }
            Act::Late(pause) => {
                self.flush().await?;
                tokio::time::sleep(pause).await;
                self.out.extend_from_slice(usual);
            }
            Act::Drip(text, pause) => self.drip(&text, pause).await?,
            Act::Endless => loop {
                self.stream.write_all(&b"250-and another thing\r\n".repeat(100)).await?;
            },
            Act::Silent => {
                self.flush().await?;
                return self.ignore().await;
            }
            Act::Deaf => {
                self.flush().await?;
                std::future::pending::<()>().await;
            }
        }
        Ok(Flow::On)
    }

    fn say(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
        self.out.extend_from_slice(b"\r\n");
    }

    async fn drip(&mut self, text: &str, pause: Duration) -> io::Result<()> {
        self.flush().await?;
        for octet in text.bytes().chain(*b"\r\n") {
            tokio::time::sleep(pause).await;
            self.stream.write_all(&[octet]).await?;
            self.stream.flush().await?;
        }
        Ok(())
    }

    /// Reads until the other side hangs up.
    async fn ignore(&mut self) -> io::Result<Flow> {
        while self.stream.read(&mut self.input).await? > 0 {}
        Ok(Flow::Over)
    }
}
