//! Postrider: a folder of posts becomes feeds that validate and letters that arrive.
//!
//! The layers, lowest first: [`time`], [`parallel`] and [`domain`] (values), the pure modules
//! ([`catalog`], [`feed`], [`site`], [`rank`], [`digest`], [`template`],
//! [`words`]), the edges ([`store`],
//! [`publish`], the transports of [`outbox`]), the steps that join them ([`outbox`]), and the
//! doors ([`web`], [`cli`], [`service`], [`config`]). `tests/layers.rs` reads the sources and
//! checks who may know whom; ARCHITECTURE.md tells why.

pub mod catalog;
pub mod cli;
pub mod config;
pub mod digest;
pub mod domain;
pub mod feed;
pub mod feedback;
pub mod outbox;
pub mod parallel;
pub mod publish;
pub mod rank;
pub mod selftest;
pub mod service;
pub mod site;
pub mod store;
pub mod template;
pub mod time;
pub mod web;
pub mod words;
