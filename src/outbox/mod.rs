//! The outbox: the one way out, and the one record of what went out.
//!
//! Every letter is a *delivery*, a row of the ledger: the obligation to put one edition before one
//! subscriber. The ledger is written before the network is used and after it answered, never
//! while it is waited for. This text tells each state, each move and each crash; the code of the
//! folder does nothing that is not told here. [`open`] writes deliveries, [`worker`] works on
//! them, [`policy`] reads what servers say, [`transport`] and [`smtp`] carry octets, and
//! [`watch`](mod@watch) tells tests where a delivery is.
//!
//! # States
//!
//! | State | What is certain | Moves to |
//! |---|---|---|
//! | ready | nothing handed over by this ledger; may go once `not_before` has passed | leased, suppressed, cancelled |
//! | leased | one run has it until its lease ends; still nothing handed over | sending, ready, failed, suppressed, cancelled |
//! | sending | the intent is on record; octets may have crossed | sent, ready, failed, uncertain |
//! | sent | a server took responsibility; its reply is kept | bounced |
//! | failed | will not be tried again; the reason is kept | ready, by the operator |
//! | uncertain | a server may or may not have it | sent, failed or ready, by the operator or by `mail.uncertain`; sent, by a reply that came after all |
//! | bounced, suppressed, cancelled | final | |
//!
//! A ledger that was restored or copied does not know what the other one sent since. So it starts
//! held: nothing of it is leased. When the operator adopts it, the issues that are open are held
//! one by one, and so is what is opened later of posts from before that moment.
//!
//! # The life of a delivery
//!
//! 1. *Opening.* In one transaction a reader's delivery is written (ready) and the reader's history
//!    moves, so that no later letter carries the same posts. (issue, subscription) is unique:
//!    opening twice is a no-op.
//! 2. *Lease.* One statement picks due rows of issues that are sending and marks them leased; of
//!    an issue on its canary only the first ones.
//! 3. *Offer.* The route picks a relay whose pace and breaker let the letter through. The session
//!    sends envelope and message up to, but not including, the final dot; until then the letter may
//!    go to another relay. What
//!    goes wrong here is certain not to have been taken: refusals of the recipient fail the
//!    delivery, temporary ones put it back with a later `not_before`, refusals about the sender
//!    put it back at once and hold the issue.
//! 4. *Intent.* One statement moves the row to sending, if the lease still stands, the issue is
//!    still sending and the reader still subscribed; of an issue that was held meanwhile it goes
//!    back to ready. A row that it does not move to sending is never completed: the session is
//!    cut.
//! 5. *Completion.* The final dot goes out, and its reply is waited for.
//! 6. *Result.* One statement records the reply: sent, ready, failed, or uncertain when no reply
//!    came.
//!
//! Where the server knows PIPELINING, steps 3 to 6 of neighbouring letters of a connection
//! overlap. The envelope of letter n+1 rides behind the dot of letter n; when both are answered,
//! the result of n and the intent of n+1 are handed in together and go on record as one
//! statement, while the text of n+1 goes out without its dot. So a letter costs one round trip
//! and one commit, and a connection still has one delivery at most between intent and result:
//!
//! ```text
//! server   <- dot n, MAIL RCPT DATA n+1      <- text n+1       <- dot n+1, MAIL RCPT DATA n+2
//!          -> 250 n, 250 250 354                               -> 250 n+1, ...
//! ledger                     result n, intent n+1: committed before the next dot
//! ```
//!
//! All connections hand in to one recorder, which commits whatever waits the moment it is idle.
//!
//! # Crashes
//!
//! - *Before the intent is durable:* the row is ready or leased, nothing was taken. On a file the
//!   next run holds the instance lock, so nobody else works there; it voids the leases and sends.
//!   On a server others may be at work: whoever drains next voids the leases whose time is over,
//!   two minutes after the crash.
//! - *Between intent and result:* the row is sending. The server may have the letter, and nobody
//!   can know (RFC 1047). Whoever voids its lease calls it uncertain and names it; it is not sent again
//!   unless the operator says so. A connection has one delivery between intent and result, so
//!   there are at most as many uncertain deliveries as there were connections.
//! - *After the result is durable:* nothing to do.
//! - *While an issue is opened:* its state is still opening and nothing of it is leased; the next
//!   run opens the rest.
//!
//! # Never
//!
//! No transaction spans the network. No letter is completed without an intent on record. No
//! delivery is forgotten: the counts of an issue add up to its readers. No refusal about the
//! sender costs a reader the letter. Nobody who has unsubscribed is written to afterwards.

pub mod attempt;
mod dial;
pub mod eligible;
mod floor;
mod lane;
mod line;
mod memory;
mod octets;
pub mod open;
pub mod policy;
mod recorder;
pub mod relay;
pub mod relays;
mod shelf;
#[cfg(test)]
mod sink;
pub mod smtp;
pub mod stationery;
pub mod transport;
pub mod watch;
mod waves;
mod wire;
pub mod worker;
