//! Checking `[feeds]`: hubs, former addresses, what podcast directories ask for.

use super::{Bucket, Error, Feeds, check::Check, relays::Table};

impl Check<'_> {
    /// The bucket, if this program knows how to reach one.
    pub(super) fn bucket(&self, bucket: Option<Bucket>) -> Result<Option<Bucket>, Error> {
        let Some(bucket) = bucket else { return Ok(None) };
        let table = Table { header: "[bucket]", nth: 0 };
        if !bucket.url.starts_with("s3://") {
            return Err(self.wrong_in(table, "url", "write an address like s3://name/prefix"));
        }
        if !cfg!(feature = "s3") {
            let why = "this postrider was built without buckets; build it with --features s3";
            return Err(self.wrong_in(table, "url", why));
        }
        Ok(Some(bucket))
    }

    /// The feeds of the site at `url`.
    pub(super) fn feeds(&self, mut feeds: Feeds, url: &url::Url) -> Result<Feeds, Error> {
        if feeds.entries == 0 {
            return Err(self.wrong("entries", "a feed carries at least one post"));
        }
        for hub in &feeds.hubs {
            let is_web = hub.parse().is_ok_and(|hub: url::Url| hub.scheme().starts_with("http"));
            if !is_web {
                let why = format!("\"{hub}\" is no address like https://hub.example/");
                return Err(self.wrong("hubs", &why));
            }
        }
        for path in feeds.moved.keys().chain(&feeds.removed) {
            if !path.starts_with('/') {
                let why = format!("\"{path}\" is no path; write it as \"/old/feed.xml\"");
                let key = if feeds.removed.contains(path) { "removed" } else { "moved" };
                return Err(self.wrong(key, &why));
            }
        }
        if let Some(podcast) = &mut feeds.podcast {
            podcast.email = self.mailbox("email", &podcast.email)?.address.to_string();
            let image = url.join(&podcast.image);
            podcast.image = self.value("image", image)?.into();
        }
        Ok(feeds)
    }
}
