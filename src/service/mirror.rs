//! The mirror: what was published goes to the bucket too, where one is configured.
//!
//! A bucket that does not take it is a trouble; the next pass goes on where this one stopped.

use super::{Run, summary::Summary};

impl Run {
    /// Brings the bucket up to date; `false`: it is not, and why is a trouble.
    #[cfg(feature = "s3")]
    pub(super) async fn mirror(&self, summary: &mut Summary) -> bool {
        use crate::publish::{bucket::Bucket, manifest::Manifest};

        let Some(bucket) = &self.site.config.bucket else { return true };
        let root = &self.site.config.output;
        let mirrored = async {
            let bucket = Bucket::open(&bucket.url, bucket.endpoint.as_deref())?;
            bucket.mirror(root, &Manifest::read(root)).await
        };
        match mirrored.await {
            Ok(done) => {
                tracing::info!(put = done.put, removed = done.removed, "the bucket is up to date");
                true
            }
            Err(error) => {
                summary.trouble(error);
                false
            }
        }
    }

    /// Without the feature no bucket can be configured.
    #[cfg(not(feature = "s3"))]
    pub(super) async fn mirror(&self, _: &mut Summary) -> bool {
        true
    }
}
