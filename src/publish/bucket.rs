//! A bucket: the public folder once more, in S3-compatible storage.
//!
//! What the folder holds is put there where its octets differ from what the bucket was given last,
//! pages before the feeds that lead to them, and what is gone from the folder goes from the
//! bucket. What it was given is written down in the bucket itself ([`LIST`]), last of all: a mirror
//! that is cut off is simply continued by the next one. Nothing else in the bucket is touched.
//!
//! Credentials come from where the tools of such services have them (`AWS_ACCESS_KEY_ID` and its
//! kin, or the machine's role), never from the configuration.
//!
//! [`Error`] names the file and what the service said.

use std::{collections::BTreeMap, path::Path as Folder, sync::Arc};

use object_store::{
    Attribute, Attributes, ObjectStore, ObjectStoreExt as _, PutOptions, PutPayload,
    aws::AmazonS3Builder, path::Path,
};
use sha2::{Digest as _, Sha256};

use super::{kind, manifest::Manifest};

/// What the bucket was given: a hash by path.
const LIST: &str = ".postrider-bucket.json";

/// How long readers and caches may keep a file.
const KEPT: &str = "public, max-age=900";

/// A bucket that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its address or the credentials.
    #[error("the bucket {0} cannot be used: {1}")]
    Address(String, object_store::Error),
    /// A file of the public folder.
    #[error("cannot read {0} for the bucket: {1}")]
    Read(String, std::io::Error),
    /// A file in the bucket.
    #[error("the bucket did not take {0}: {1}")]
    Put(String, object_store::Error),
    /// The list of what it was given.
    #[error("the bucket does not say what it was given ({LIST}): {0}")]
    List(object_store::Error),
}

/// What a mirroring changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mirrored {
    /// Files put.
    pub put: usize,
    /// Files taken away.
    pub removed: usize,
}

/// A bucket.
#[derive(Clone, Debug)]
pub struct Bucket(Arc<dyn ObjectStore>, Path);

impl Bucket {
    /// The bucket at `s3://NAME/PREFIX`; `endpoint` where it is not Amazon's.
    pub fn open(url: &str, endpoint: Option<&str>) -> Result<Self, Error> {
        let (name, prefix) = url.strip_prefix("s3://").unwrap_or(url).split_once('/').unzip();
        let name = name.unwrap_or(url.trim_start_matches("s3://"));
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(name);
        if let Some(endpoint) = endpoint {
            let is_plain = endpoint.starts_with("http://");
            builder = builder.with_endpoint(endpoint).with_allow_http(is_plain);
        }
        let store = builder.build().map_err(|error| Error::Address(url.to_owned(), error))?;
        Ok(Self(Arc::new(store), Path::from(prefix.unwrap_or_default())))
    }

    /// Brings the bucket to what `manifest` says of the folder `root`.
    pub async fn mirror(&self, root: &Folder, manifest: &Manifest) -> Result<Mirrored, Error> {
        let given = self.given().await?;
        let mut now = BTreeMap::new();
        let mut done = Mirrored::default();
        let mut paths: Vec<&str> = manifest.paths().collect();
        paths.sort_by_key(|path| (leads_on(path), *path));
        for path in paths {
            let octets = tokio::fs::read(root.join(path)).await;
            let octets = octets.map_err(|error| Error::Read(path.to_owned(), error))?;
            let hash: String =
                Sha256::digest(&octets).iter().map(|octet| format!("{octet:02x}")).collect();
            if given.get(path) != Some(&hash) {
                self.put(path, octets).await?;
                done.put += 1;
            }
            now.insert(path.to_owned(), hash);
        }
        for path in given.keys().filter(|path| !now.contains_key(*path)) {
            let removed = self.0.delete(&self.place(path)).await;
            removed.or_else(absent).map_err(|error| Error::Put(path.clone(), error))?;
            done.removed += 1;
        }
        if now != given {
            self.put(LIST, serde_json::to_vec(&now).unwrap_or_default()).await?;
        }
        Ok(done)
    }

    async fn given(&self) -> Result<BTreeMap<String, String>, Error> {
        let octets = match self.0.get(&self.place(LIST)).await {
            Ok(found) => found.bytes().await.map_err(Error::List)?,
            Err(object_store::Error::NotFound { .. }) => return Ok(BTreeMap::new()),
            Err(error) => return Err(Error::List(error)),
        };
        Ok(serde_json::from_slice(&octets).unwrap_or_default())
    }

    async fn put(&self, path: &str, octets: Vec<u8>) -> Result<(), Error> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let attributes = Attributes::from_iter([
            (Attribute::ContentType, kind::of(name)),
            (Attribute::CacheControl, KEPT),
        ]);
        let options = PutOptions { attributes, ..PutOptions::default() };
        let put = self.0.put_opts(&self.place(path), PutPayload::from(octets), options).await;
        put.map(drop).map_err(|error| Error::Put(path.to_owned(), error))
    }

    fn place(&self, path: &str) -> Path {
        path.split('/').fold(self.1.clone(), |place, part| place.join(part))
    }
}

/// Whether a file leads to others, which must be there before it.
fn leads_on(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    path == "index.html" || !path.contains('/') || name != "index.html"
}

/// What is gone already needs no removal.
fn absent(error: object_store::Error) -> Result<(), object_store::Error> {
    match error {
        object_store::Error::NotFound { .. } => Ok(()),
        error => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::Folder as Public;

    #[tokio::test]
    async fn a_bucket_is_given_what_differs_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Public::new(dir.path());
        let put = |files: &[(&str, &str)]| {
            let mut manifest = Manifest::default();
            for (path, text) in files {
                folder.put(path, text.as_bytes()).unwrap();
                manifest.note(dir.path(), path, (None, None));
            }
            manifest
        };
        let store = Arc::new(object_store::memory::InMemory::new());
        let bucket = Bucket(store.clone(), Path::from("blog"));
        let one = put(&[("feed.xml", "one"), ("a/index.html", "page"), ("b/index.html", "page")]);
        let done = bucket.mirror(dir.path(), &one).await.unwrap();
        assert_eq!(done, Mirrored { put: 3, removed: 0 });
        let found = store.get(&Path::from("blog/feed.xml")).await.unwrap();
        let kind = found.attributes.get(&Attribute::ContentType).unwrap();
        assert_eq!(kind.as_ref(), "application/atom+xml; charset=utf-8");
        assert_eq!(bucket.mirror(dir.path(), &one).await.unwrap(), Mirrored::default());
        let two = put(&[("feed.xml", "two"), ("a/index.html", "page")]);
        let done = bucket.mirror(dir.path(), &two).await.unwrap();
        assert_eq!(done, Mirrored { put: 1, removed: 1 });
        assert!(store.get(&Path::from("blog/b/index.html")).await.is_err());
        let octets = store.get(&Path::from("blog/feed.xml")).await.unwrap().bytes().await.unwrap();
        assert_eq!(&octets[..], b"two");
    }
}
