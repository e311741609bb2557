//! Policy: what an outcome of SMTP means, and how fast, by which way and when to go on. Pure.
//!
//! It promises that the same outcomes at the same times give the same decisions: time and seeds
//! are handed in, nothing is read and nobody is talked to. What must outlive the process (how
//! long a delivery has been tried, what today's quota has left, whether an issue's canary has
//! come back) is a value that the caller keeps in the ledger.
//!
//! # Strategies, each with the trouble it prevents
//!
//! - [`verdict`]: a refusal is about the recipient, about us, or about the moment. *A rule of a
//!   receiver about the sender must never cost a reader the letter.*
//! - [`lesson`]: what a refusal says about our speed. *A receiver that says "too fast" and meets
//!   the same speed again blocks the sender for days.*
//! - [`retry`]: a delivery that was put off waits as long as it has been tried already, spread by
//!   a seed. *No thundering herd, no reader lost to four days of somebody else's trouble.*
//! - [`pace`]: connections, letters a minute and letters a day, for a relay and for each domain;
//!   halved by a lesson, regrown letter by letter. *Limits that nobody publishes are found and
//!   kept to.*
//! - [`quota`]: the day's cap and the warm-up of a new sender. *A relay unknown yesterday that
//!   sends a million letters today is taken for a spammer.*
//! - [`breaker`]: a relay that loses connections is left alone for a growing while. *Each lost
//!   session may leave a doubt; a broken relay must not be fed.*
//! - [`route`]: the next relay for a letter. It goes to another one only when its attempt ended
//!   before the final dot. *Failover must never become a duplicate.*
//! - [`canary`]: a few letters first. *A mistake reaches fifty readers, not a million.*

pub mod breaker;
pub mod canary;
mod gate;
pub mod lesson;
mod mask;
pub mod pace;
pub mod quota;
pub mod retry;
pub mod route;
pub mod verdict;
mod wording;

pub use mask::masked;
pub use retry::{PutOff, after_outage, next_attempt, put_off};
pub use verdict::{verdict_after_dot, verdict_before_dot};

#[cfg(test)]
mod simulation_tests;
