//! The relay: the server that takes our letters, who we are to it, and what it offers.
//!
//! Values only. A password is never shown by `Debug`. What a server offers is read from its
//! answer to EHLO; a word that we do not know is passed over (RFC 5321 section 4.1.1.1).
//!
//! Standards: RFC 5321 section 4.5.3.2 (deadlines), 2920 (PIPELINING), 3030 (CHUNKING), 1870
//! (SIZE), 6152 (8BITMIME), 6531 (SMTPUTF8), 3461 (DSN), 9422 (LIMITS), 4954 (AUTH).

use std::time::Duration;

/// How the line to the relay is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// TLS from the first octet (port 465; RFC 8314).
    Implicit,
    /// STARTTLS, required (port 587; RFC 3207).
    StartTls,
    /// None: for a relay on this machine.
    None,
}

/// Who we are to the relay.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// Name.
    pub user: String,
    /// What proves it.
    pub proof: Proof,
}

/// What proves who we are; never shown.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// A password: AUTH PLAIN (RFC 4616) or LOGIN.
    Password(String),
    /// An OAuth 2.0 access token: AUTH XOAUTH2.
    Token(String),
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login(..)")
    }
}

/// The server that takes our letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    /// Host name, or an address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the line is protected.
    pub tls: Tls,
    /// Who we are to it, where it asks.
    pub login: Option<Login>,
    /// The name by which we introduce ourselves: this host's, fully qualified.
    pub hello: String,
    /// How long we wait for it.
    pub deadlines: Deadlines,
}

/// The longest waits, each for one step (RFC 5321 section 4.5.3.2; connecting and TLS are ours).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// For the connection, and for the handshake of TLS.
    pub connect: Duration,
    /// For the greeting and the answer to a command.
    pub command: Duration,
    /// For the answer to DATA.
    pub data: Duration,
    /// For the server to take a block of the letter.
    pub block: Duration,
    /// For the answer to the final dot.
    pub dot: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        let minutes = |count: u64| Duration::from_secs(count * 60);
        Self {
            connect: minutes(1),
            command: minutes(5),
            data: minutes(2),
            block: minutes(3),
            dot: minutes(10),
        }
    }
}

impl Relay {
    /// Whether the relay is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

/// Whether a host is this machine by its very name or address.
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What the server offers (RFC 5321 section 4.1.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Offers {
    pub(super) pipelining: bool,
    pub(super) chunking: bool,
    pub(super) dsn: bool,
    /// How many letters it takes on one connection, where it says so.
    pub(super) letters: Option<u32>,
    pub(super) eight_bit: bool,
    pub(super) utf8: bool,
    pub(super) start_tls: bool,
    /// The largest message; 0: no limit told.
    pub(super) size: usize,
    pub(super) sizes: bool,
    pub(super) logins: Vec<String>,
}

impl Offers {
    pub(super) fn read(lines: &[String]) -> Self {
        let mut offers = Self::default();
        for line in lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split([' ', '=']).filter(|word| !word.is_empty());
            match words.next() {
                Some("PIPELINING") => offers.pipelining = true,
                Some("CHUNKING") => offers.chunking = true,
                Some("DSN") => offers.dsn = true,
                Some("LIMITS") => offers.letters = limit(words, "MAILMAX").or(offers.letters),
                Some("8BITMIME") => offers.eight_bit = true,
                Some("SMTPUTF8") => offers.utf8 = true,
                Some("STARTTLS") => offers.start_tls = true,
                Some("AUTH") => offers.logins.extend(words.map(str::to_owned)),
                Some("SIZE") => {
                    offers.sizes = true;
                    offers.size = words.next().and_then(|size| size.parse().ok()).unwrap_or(0);
                }
                _ => {}
            }
        }
        offers
    }
}

/// A limit of RFC 9422, `NAME=number`, already cut at the equals sign.
fn limit<'a>(mut words: impl Iterator<Item = &'a str>, name: &str) -> Option<u32> {
    words.find(|word| *word == name)?;
    words.next()?.parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_is_read_in_any_case_and_order() {
        let lines = ["mx PIPELINING", "size 1000", "Auth=LOGIN plain", "pipelining", "X-NEW"];
        let offers = Offers::read(&lines.map(str::to_owned));
        assert_eq!((offers.sizes, offers.size, offers.pipelining), (true, 1000, true));
        assert_eq!(offers.logins, ["LOGIN", "PLAIN"]);
        assert!(!offers.start_tls && !offers.utf8 && !offers.eight_bit && !offers.chunking);
        let lines = ["mx", "LIMITS RCPTMAX=5 MAILMAX=20", "CHUNKING", "DSN"];
        let offers = Offers::read(&lines.map(str::to_owned));
        assert_eq!((offers.letters, offers.chunking, offers.dsn), (Some(20), true, true));
        for odd in ["LIMITS MAILMAX=0", "LIMITS MAILMAX", "LIMITS MAILMAX=x", "LIMITS"] {
            assert_eq!(Offers::read(&["mx".to_owned(), odd.to_owned()]).letters, None, "{odd}");
        }
        assert_eq!(Offers::read(&["mx PIPELINING".to_owned()]), Offers::default());
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (host, expected) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("127.3.2.1", true),
            ("[::1]", true),
            ("::1", true),
            ("10.0.0.1", false),
            ("localhost.example.net", false),
            ("mail.example.net", false),
        ] {
            let relay = Relay {
                host: host.to_owned(),
                port: 25,
                tls: Tls::None,
                login: None,
                hello: "blog.example".to_owned(),
                deadlines: Deadlines::default(),
            };
            assert_eq!(relay.is_loopback(), expected, "{host}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let login = Login { user: "ann".to_owned(), proof: Proof::Password("secret".to_owned()) };
        assert!(!format!("{login:?}").contains("secret"));
    }
}
