//! Feedback: what comes back from readers, made into facts.
//!
//! [`accesslog`] counts readers in the logs of web servers.

pub mod accesslog;
