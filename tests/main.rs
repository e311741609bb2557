//! The integration tests: one binary, one harness, one file a story.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod archive;
mod bad_input;
mod cli;
mod cluster;
mod dialects;
mod dkim;
mod edits;
mod faults;
mod feeds;
mod harness;
mod issue;
mod layers;
mod ledger;
mod letters;
mod newcomer;
mod postfix;
mod related;
mod relays;
mod rhythm;
mod service;
mod signals;
mod systemd;
mod terminal;
mod whole;
mod workers;
