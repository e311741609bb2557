//! The outbox: the one way out for letters.

pub mod attempt;
pub mod policy;
