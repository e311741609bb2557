//! What the sink does wrong on purpose: acts, and scripts that choose them.
//!
//! A [`Script`] is asked at each event: a command line as received, `connect`, `body` (DATA was
//! granted, nothing read yet) or `dot` (a letter is complete). `None` means the right thing. Scripts
//! made here draw from a seed, so that a failing run can be replayed.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// What the sink does instead of the right thing.
#[derive(Clone, Debug)]
pub enum Act {
    /// Says this (without the last CRLF) and takes nothing.
    Say(Cow<'static, str>),
    /// Closes the connection.
    Hang,
    /// Says this, then closes.
    SayAndHang(Cow<'static, str>),
    /// Takes the letter, then closes without a word.
    TakeAndHang,
    /// Does the right thing, but so much later.
    Late(Duration),
    /// Says this octet by octet, with a pause before each.
    Drip(Cow<'static, str>, Duration),
    /// Sends these octets as they are.
    Raw(Vec<u8>),
    /// Sends reply lines without end.
    Endless,
    /// Never answers, but reads on.
    Silent,
    /// Never answers and never reads again.
    Deaf,
}

impl Act {
    /// Says `text`.
    pub fn say(text: &'static str) -> Self {
        Self::Say(Cow::Borrowed(text))
    }

    /// Says `text`, then closes.
    pub fn say_and_hang(text: &'static str) -> Self {
        Self::SayAndHang(Cow::Borrowed(text))
    }
}

/// What to do for an event; the number counts its connection, from 1. `None`: the right thing.
pub type Script = dyn Fn(&str, usize) -> Option<Act> + Send + Sync;

/// A small generator (SplitMix64): each number is a function of the seed alone.
pub fn draw(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A receiver on a bad day: now and then it refuses for a while, hangs up before, at or after
/// the dot, or takes its time. `doubts` counts the dots that it left without a reply.
pub fn moody(seed: u64, doubts: Arc<AtomicU64>) -> Arc<Script> {
    let events = AtomicU64::new(0);
    Arc::new(move |event, _| {
        let number = events.fetch_add(1, Ordering::Relaxed);
        let dice = draw(seed ^ draw(number)) % 400;
        let act = match (event, dice) {
            ("dot", 0..4) => Act::TakeAndHang,
            ("dot", 4..8) => Act::Hang,
            ("dot", 8..14) => Act::say("451 4.3.0 try again later"),
            ("dot", 14..30) => Act::Late(Duration::from_millis(2)),
            ("connect", 0..20) => Act::say_and_hang("421 4.7.0 too many sessions"),
            ("connect" | "dot" | "body", _) => return None,
            (command, 0..4) if command.starts_with("MAIL") => {
                Act::say_and_hang("421 4.7.0 enough for one session")
            }
            (command, 0..4) if command.starts_with("RCPT") => Act::say("450 4.2.0 greylisted"),
            (command, 0..2) if command.starts_with("DATA") => Act::Hang,
            _ => return None,
        };
        if matches!(act, Act::Hang | Act::TakeAndHang) && event == "dot" {
            doubts.fetch_add(1, Ordering::Relaxed);
        }
        Some(act)
    })
}
