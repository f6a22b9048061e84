//! AWS: credentials by its own chain, and requests signed with them (Signature Version 4).
//!
//! The only module that names its crates.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use axum::http::HeaderMap;
use serde_json::{Value, json};

use crate::error::{Error, Result};

/// What is used where nothing names a region.
const REGION: &str = "us-east-1";

/// How long a call may take.
const CALL: Duration = Duration::from_secs(20);

/// The type of the calls that name what is asked for in a header.
const JSON: &str = "application/x-amz-json-1.1";

/// An account, as the process's environment names it.
#[derive(Clone, Debug)]
pub struct Aws {
    credentials: SharedCredentialsProvider,
    region: String,
    endpoint: Option<String>,
}

/// Credentials of the moment.
pub(crate) struct Credentials {
    pub id: String,
    pub secret: String,
    pub token: Option<String>,
}

/// What a service answered, be it a failure.
pub struct Heard {
    /// Its HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, whole.
    pub body: Vec<u8>,
}

impl Heard {
    /// The status and the beginning of the body, for a log.
    pub fn said(&self) -> String {
        format!("{}: {}", self.status, String::from_utf8_lossy(&self.body[..self.body.len().min(300)]))
    }
}

impl Aws {
    /// Reads environment, profile or role, as AWS's own tools do.
    ///
    /// # Errors
    /// One sentence where no credentials are to be had.
    pub async fn load() -> Result<Self> {
        let config: SdkConfig = aws_config::load_defaults(BehaviorVersion::latest()).await;
        let none = || Error::internal("no credentials of AWS are found");
        Ok(Self {
            credentials: config.credentials_provider().ok_or_else(none)?,
            region: config.region().map_or(REGION, |region| region.as_ref()).to_owned(),
            endpoint: config.endpoint_url().map(|endpoint| endpoint.trim_end_matches('/').to_owned()),
        })
    }

    /// The region.
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// The address of a service by its name in `AWS_ENDPOINT_URL_NAME`: the one that is set, else AWS's own.
    pub fn address(&self, service: &str) -> String {
        let own = || format!("https://{}.{}.amazonaws.com", service.replace('_', ""), self.region);
        self.endpoint(service).unwrap_or_else(own)
    }

    /// The address of a service, where it is another one than AWS's own.
    pub(crate) fn endpoint(&self, service: &str) -> Option<String> {
        let name = format!("AWS_ENDPOINT_URL_{}", service.to_ascii_uppercase());
        let own = std::env::var(name).ok().filter(|value| !value.is_empty());
        own.map(|endpoint| endpoint.trim_end_matches('/').to_owned()).or_else(|| self.endpoint.clone())
    }

    /// The credentials of the moment.
    pub(crate) async fn credentials(&self) -> Result<Credentials> {
        let found = self.credentials.provide_credentials().await.map_err(Error::internal)?;
        Ok(Credentials {
            id: found.access_key_id().to_owned(),
            secret: found.secret_access_key().to_owned(),
            token: found.session_token().map(str::to_owned),
        })
    }

    /// `address` with a signature in its query, to PUT at it what has these headers, for so long.
    pub(crate) async fn presigned(&self, address: &str, headers: &[(&str, String)], valid: Duration) -> Result<String> {
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(valid);
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
        let request = SignableRequest::new("PUT", Cow::Borrowed(address), headers, SignableBody::UnsignedPayload)
            .map_err(Error::internal)?;
        let (_, query) = self.signed("s3", settings, request).await?;
        let query = serde_urlencoded::to_string(query).map_err(Error::internal)?;
        Ok(format!("{address}?{query}"))
    }

    /// POSTs to a service of AWS and gives its answer.
    ///
    /// # Errors
    /// One for the log when it can't be reached or answers with a failure.
    pub(crate) async fn post(
        &self,
        service: &str,
        address: &str,
        headers: &[(&'static str, &str)],
        body: Vec<u8>,
    ) -> Result<Vec<u8>> {
        let heard = self.send(service, address, headers, body, CALL).await?;
        if !(200..300).contains(&heard.status) {
            return Err(Error::internal(format!("{service} answered {}", heard.said())));
        }
        Ok(heard.body)
    }

    /// POSTs to a service of AWS and gives whatever it answers `within` this time.
    ///
    /// # Errors
    /// One for the log when it can't be reached, or does not answer in time.
    pub async fn send(
        &self,
        service: &str,
        address: &str,
        headers: &[(&'static str, &str)],
        body: Vec<u8>,
        within: Duration,
    ) -> Result<Heard> {
        let given = headers.iter().copied();
        let request = SignableRequest::new("POST", Cow::Borrowed(address), given, SignableBody::Bytes(&body))
            .map_err(Error::internal)?;
        let (signed, _) = self.signed(service, SigningSettings::default(), request).await?;
        let client = reqwest::Client::builder().timeout(within).build().map_err(Error::internal)?;
        let mut request = client.post(address);
        for (name, value) in headers.iter().map(|(name, value)| (*name, (*value).to_owned())).chain(signed) {
            request = request.header(name, value);
        }
        let unheard = |cause| unheard(service, within, cause);
        let answer = request.body(body).send().await.map_err(unheard)?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.bytes().await.map_err(unheard)?.into();
        Ok(Heard { status, headers, body })
    }

    /// Calls what `target` names (`SERVICE.OPERATION`) of a service that speaks JSON 1.1, and gives whatever it answers.
    ///
    /// # Errors
    /// As those of `send`.
    pub async fn call(&self, service: &str, target: &str, asked: &Value, within: Duration) -> Result<Heard> {
        let headers = [("content-type", JSON), ("x-amz-target", target)];
        let address = format!("{}/", self.address(service));
        self.send(&service.replace('_', ""), &address, &headers, asked.to_string().into_bytes(), within).await
    }

    /// The text of a secret of AWS Secrets Manager (GetSecretValue, 2017-10-17).
    ///
    /// # Errors
    /// One for the log when it is not to be had, or no text.
    pub async fn secret(&self, id: &str) -> Result<String> {
        let heard =
            self.call("secrets_manager", "secretsmanager.GetSecretValue", &json!({"SecretId": id}), CALL).await?;
        if heard.status != 200 {
            return Err(Error::internal(format!("secretsmanager answered {}", heard.said())));
        }
        let answer: Value = serde_json::from_slice(&heard.body).map_err(Error::internal)?;
        let text = answer["SecretString"].as_str().ok_or_else(|| Error::internal("the secret is no text"))?;
        Ok(text.to_owned())
    }

    /// The headers and the query that sign a request.
    async fn signed(
        &self,
        service: &str,
        settings: SigningSettings,
        request: SignableRequest<'_>,
    ) -> Result<(Vec<(&'static str, String)>, Vec<(String, String)>)> {
        let identity = self.credentials.provide_credentials().await.map_err(Error::internal)?.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(service)
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .map_err(Error::internal)?
            .into();
        let (instructions, _) = sign(request, &params).map_err(Error::internal)?.into_parts();
        let (headers, query) = instructions.into_parts();
        Ok((
            headers.iter().map(|header| (header.name(), header.value().to_owned())).collect(),
            query.iter().map(|(name, value)| ((*name).to_owned(), value.to_string())).collect(),
        ))
    }
}

/// What is told where no answer came: the innermost cause, which alone says something.
fn unheard(service: &str, within: Duration, cause: reqwest::Error) -> Error {
    if cause.is_timeout() {
        return Error::internal(format!("{service} gave no answer within {:.1} s", within.as_secs_f64()));
    }
    let mut inner: &dyn std::error::Error = &cause;
    while let Some(deeper) = inner.source() {
        inner = deeper;
    }
    Error::internal(format!("{service} gave no answer: {inner}"))
}
