//! Marks: by what words the recipes of pages and feeds tell posts apart.
//!
//! A list that shows titles does not change because a text did, so a post has two marks: of all
//! but its body, and of all.

use serde::{Deserialize, Serialize};

use crate::{
    domain::{post::Post, recipe::Recipe},
    feed, parallel,
};

/// Fewer posts than this are not shared out among cores.
const FEW: usize = 64;

/// What tells one state of a post from another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// Of all but the body.
    pub(super) head: [u8; 16],
    /// Of all.
    pub(super) whole: [u8; 16],
    /// Octets of the body in a feed.
    pub(super) length: usize,
}

impl Mark {
    /// The mark of a post with its body.
    pub(super) fn of(post: &Post) -> Self {
        let head = postcard::to_allocvec(&bodiless(post)).unwrap_or_default();
        let head = Recipe::of("post").with(head).octets();
        let whole = whole(&head, &post.html);
        Self { head, whole, length: feed::length(&post.html) }
    }

    /// Whether it is of a post with that body.
    pub(super) fn is_of(&self, body: &str) -> bool {
        self.whole == whole(&self.head, body)
    }

    /// The marks of all.
    pub(super) fn all(posts: &[Post]) -> Vec<Self> {
        parallel::map(posts, FEW, Self::of)
    }
}

fn whole(head: &[u8], body: &str) -> [u8; 16] {
    Recipe::of("whole").with(head).with(body).octets()
}

/// The post without its body.
pub(super) fn bodiless(post: &Post) -> Post {
    Post { html: String::new(), ..post.clone() }
}
