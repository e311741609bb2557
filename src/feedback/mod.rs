//! Feedback: what comes back from readers, made into facts.
//!
//! [`accesslog`] counts readers in the lines of access logs, [`logfiles`] reads those lines from
//! files, a [`pass`] counts the days that are over, and [`fold`] makes popularity of
//! them. [`imports`] understands what analytics tools say.

pub mod accesslog;
pub mod ask;
pub mod beacon;
pub mod fold;
pub mod imports;
pub mod logfiles;
pub mod pass;
pub mod take;
