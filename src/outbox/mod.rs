//! The outbox: the one way out for letters.

pub mod attempt;
pub mod policy;
pub mod relay;
pub mod smtp;
pub mod transport;
pub mod worker;

mod lane;
mod recorder;
#[cfg(test)]
mod sink;
mod wire;
