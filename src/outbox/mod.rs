//! The outbox: the one way out for letters.

pub mod attempt;
pub mod policy;
pub mod relay;
pub mod smtp;

#[cfg(test)]
mod sink;
mod wire;
