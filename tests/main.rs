//! The integration tests: one binary, one harness, one file a story.

#![allow(missing_docs)]

mod bad_input;
mod crash;
mod harness;
mod issue;
mod newcomer;
mod service;
