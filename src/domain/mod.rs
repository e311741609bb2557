//! The words of the trade as types: posts, readers, issues, deliveries, addresses, tokens.
//!
//! Values only. Nothing here reads a disk, a clock or a database, and nothing here knows that
//! feeds, letters or web pages exist. A value that cannot be right cannot be made: parsing is
//! the only way in, and it names what is wrong.

pub mod address;
pub mod choice;
pub mod delivery;
pub mod issue;
pub mod post;
pub mod recipe;
pub mod slug;
pub mod subscriber;
pub mod token;
