//! Popularity: how much readers have cared for each post, between 0 and 1.
//!
//! The only signal so far is the number of comments: `ln(1 + c) / ln(1 + most)`, logarithmic
//! because the second comment tells more than the hundredth. Where no post has a count every
//! post is equally popular, and related lists are purely related: a correct cold start.
//!
//! Readers a day from access logs are the better signal. Once they are counted they replace
//! comments rather than join them, and nothing else changes: ranking sees only the share.
//! Clicks in our own letters stay out for good, for a list that feeds on its own clicks stops
//! moving.

use crate::domain::post::Post;

/// The popularity of each post, in the order given.
pub(super) fn shares(posts: &[Post]) -> Vec<f32> {
    let interest = |post: &Post| {
        let count = post.comments.as_ref().and_then(|comments| comments.count).unwrap_or(0);
        f64::from(count).ln_1p()
    };
    let most = posts.iter().map(interest).fold(0.0, f64::max);
    let share = |post| if most > 0.0 { (interest(post) / most) as f32 } else { 0.0 };
    posts.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::post::Comments, rank::tests::post};

    fn with_counts(counts: &[Option<u32>]) -> Vec<f32> {
        let posts = counts.iter().enumerate().map(|(at, &count)| Post {
            comments: Some(Comments { url: "https://example.org/talk".into(), count }),
            ..post(&format!("p{at}"), "")
        });
        shares(&posts.collect::<Vec<_>>())
    }

    #[test]
    fn the_most_discussed_post_is_the_measure() {
        let shares = with_counts(&[Some(0), Some(3), Some(15), None]);
        assert_eq!(shares, [0.0, 0.5, 1.0, 0.0]);
    }

    #[test]
    fn without_any_count_all_posts_are_alike() {
        assert_eq!(with_counts(&[None, Some(0)]), [0.0, 0.0]);
        assert!(shares(&[]).is_empty());
    }
}
