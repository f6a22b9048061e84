//! A bucket of an S3 server.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AwsCredential};
use object_store::prefix::PrefixStore;
use object_store::{CredentialProvider, ObjectStore, RetryConfig};

use crate::aws::Aws;
use crate::error::{Error, Result};

/// How long a presigned address may be used.
const PRESIGNED_FOR: Duration = Duration::from_secs(15 * 60);

/// How long a call that fails is tried again.
const RETRIED: Duration = Duration::from_secs(15);

/// A bucket as presigned addresses need it.
pub(super) struct Bucket {
    aws: Aws,
    /// Where its things stand, without a slash at the end.
    address: String,
}

/// An address where a client may put one thing by itself.
pub(crate) struct Presigned {
    pub url: String,
    /// The headers that are signed, which the client has to send so.
    pub headers: Vec<(&'static str, String)>,
    pub valid_for: Duration,
}

/// Opens `bucket/prefix`.
pub(super) async fn open(named: &str) -> Result<(Arc<dyn ObjectStore>, Bucket)> {
    let wrong = |cause: String| Error::internal(format!("STORE=s3://{named}: {cause}"));
    let (bucket, prefix) = named.split_once('/').unwrap_or((named, ""));
    if bucket.is_empty() {
        return Err(wrong("give s3://bucket or s3://bucket/prefix".into()));
    }
    let aws = Aws::load().await.map_err(|cause| wrong(cause.to_string()))?;
    // A start without credentials is a wrong start.
    aws.credentials().await.map_err(|cause| wrong(cause.to_string()))?;
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(aws.region())
        .with_credentials(Arc::new(Chain(aws.clone())))
        .with_retry(RetryConfig { max_retries: 3, retry_timeout: RETRIED, ..RetryConfig::default() });
    // Another server than AWS's own: the bucket stands in the path, and plain HTTP is the operator's choice.
    let address = match aws.endpoint("s3") {
        None => format!("https://{bucket}.s3.{}.amazonaws.com", aws.region()),
        Some(endpoint) => {
            builder = builder.with_endpoint(&endpoint).with_allow_http(true).with_virtual_hosted_style_request(false);
            format!("{endpoint}/{bucket}")
        }
    };
    let objects = builder.build().map_err(|cause| wrong(cause.to_string()))?;
    let prefix = prefix.trim_matches('/');
    let address = format!("{address}/{prefix}").trim_end_matches('/').to_owned();
    Ok((Arc::new(PrefixStore::new(objects, prefix)), Bucket { aws, address }))
}

impl Bucket {
    /// An address to put `name` at, for exactly that many bytes of that type.
    pub(super) async fn put_address(&self, name: &str, length: u64, media_type: &str) -> Result<Presigned> {
        let address = format!("{}/{name}", self.address);
        let headers = vec![("content-length", length.to_string()), ("content-type", media_type.to_owned())];
        let url = self.aws.presigned(&address, &headers, PRESIGNED_FOR).await?;
        Ok(Presigned { url, headers, valid_for: PRESIGNED_FOR })
    }
}

/// AWS's chain of credentials as `object_store` wants it; it keeps what it has found until that expires.
#[derive(Debug)]
struct Chain(Aws);

#[async_trait::async_trait]
impl CredentialProvider for Chain {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let found = self
            .0
            .credentials()
            .await
            .map_err(|cause| object_store::Error::Generic { store: "S3", source: Box::new(cause) })?;
        Ok(Arc::new(AwsCredential { key_id: found.id, secret_key: found.secret, token: found.token }))
    }
}
