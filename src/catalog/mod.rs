//! The catalog: what is known of a post between two readings.

use crate::{domain::post::PostId, time::Timestamp};

/// What was recorded of a post when it was last read well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its identity for ever.
    pub id: PostId,
    /// Its short name for ever.
    pub key: String,
    /// The file it came from, relative to the posts folder.
    pub path: String,
    /// The address it had.
    pub url: String,
    /// Hash of its body, by which a moved file is recognised.
    pub body_hash: String,
    /// Its title.
    pub title: String,
    /// When it was published.
    pub published: Timestamp,
    /// When the catalog first saw it published.
    pub first_seen: Timestamp,
    /// The file as it stood when it was last read well.
    pub source: String,
}

/// A post as this reading leaves it, to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What is known from now on.
    pub known: Known,
    /// Never seen before.
    pub is_new: bool,
    /// Differs from what was recorded.
    pub changed: bool,
}
