//! The integration tests: one binary, one harness, one file a story.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bad_input;
mod crash;
mod dkim;
mod harness;
mod issue;
mod layers;
mod newcomer;
mod service;
mod whole;
