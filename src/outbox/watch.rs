//! Watch: the points of a delivery's life at which a crash is worth a test.
//!
//! A desk that is given a [`Watch`] calls it as each point is passed. It promises nothing but the
//! order of the points; the ledger and the wire are the same with and without it.

use std::sync::Arc;

/// A point in the life of a delivery, in the order in which they are passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Point {
    /// The letter was offered; its intent is about to be handed in.
    BeforeIntent,
    /// The intent is on record.
    AfterIntent,
    /// The final dot has been written.
    AfterDot,
    /// The reply to the dot has been read.
    AfterReply,
    /// The result is on record.
    AfterResult,
}

/// Called at each point.
pub type Watch = Arc<dyn Fn(Point) + Send + Sync>;
