//! The watch: lets a test look on at the named points of a delivery's life, and end the process
//! there. It changes nothing, and without one nothing is called.

use std::sync::Arc;

/// Is called at each point that a delivery passes.
pub type Watch = Arc<dyn Fn(Point) + Send + Sync>;

/// A point between two steps of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// The letter was offered; its intent is not yet handed in.
    BeforeIntent,
    /// The intent is on record; the final dot has not left.
    AfterIntent,
    /// The final dot has left; no reply is known.
    AfterDot,
    /// The reply is known; the result is not yet handed in.
    AfterReply,
    /// The result was handed in.
    AfterResult,
}
