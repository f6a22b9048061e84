//! Traces by OTLP over HTTP (OpenTelemetry): a span a request, a child a stage.
//!
//! The only module that names its crates.

use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    Span, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState,
    Tracer as _, TracerProvider,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

use crate::error::{Error, Result};
use crate::telemetry::Answered;

/// How long a sending may take.
const SEND: Duration = Duration::from_secs(5);

/// What sends traces, in the background.
pub(crate) struct Tracer {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Tracer {
    /// Begins to send to `endpoint` (as OTEL_EXPORTER_OTLP_ENDPOINT: without `/v1/traces`).
    pub(crate) fn start(endpoint: &str, function: &'static str) -> Result<Self> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_timeout(SEND)
            .build()
            .map_err(|cause| Error::internal(format!("OTEL_EXPORTER_OTLP_ENDPOINT={endpoint}: {cause}")))?;
        let resource = Resource::builder()
            .with_service_name(format!("darkroom-{function}"))
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
        let tracer = provider.tracer("darkroom");
        Ok(Self { provider, tracer })
    }

    /// Notes a request that began then and is answered now; `parent`: its header `traceparent`.
    pub(crate) fn record(&self, done: &Answered<'_>, began: SystemTime, parent: Option<&str>, id: &str) {
        let outer =
            parent.and_then(remote).map_or_else(Context::new, |parent| Context::new().with_remote_span_context(parent));
        let end = began + Duration::from_secs_f64(done.seconds.max(0.0));
        // The conventions' names (OpenTelemetry, HTTP spans).
        let mut attributes = vec![
            KeyValue::new("http.request.method", done.method.to_owned()),
            KeyValue::new("http.route", done.route.to_owned()),
            KeyValue::new("http.response.status_code", i64::from(done.status)),
            KeyValue::new("darkroom.request_id", id.to_owned()),
        ];
        if !done.model.is_empty() {
            attributes.push(KeyValue::new("darkroom.model", done.model.to_owned()));
        }
        let builder = SpanBuilder::from_name(format!("{} {}", done.method, done.route))
            .with_kind(SpanKind::Server)
            .with_start_time(began)
            .with_attributes(attributes);
        let mut span = self.tracer.build_with_context(builder, &outer);
        if done.status >= 500 {
            span.set_status(Status::error(done.status.to_string()));
        }
        let inner = outer.with_remote_span_context(span.span_context().clone());
        // The stages come one after the other, the last ends with the answer.
        let all: Duration = done.stages.iter().map(|(_, took)| *took).sum();
        let mut at = end.checked_sub(all).unwrap_or(began);
        for (stage, took) in done.stages {
            let builder = SpanBuilder::from_name(*stage).with_start_time(at);
            at += *took;
            self.tracer.build_with_context(builder, &inner).end_with_timestamp(at);
        }
        span.end_with_timestamp(end);
    }

    /// Sends what waits to be sent.
    pub(crate) fn flush(&self) {
        // What can't be sent now is tried again with the next.
        _ = self.provider.force_flush();
    }

    /// Sends what is left.
    pub(crate) fn end(&self) {
        // What can't be sent at the end is lost, as what couldn't before.
        _ = self.provider.shutdown_with_timeout(SEND);
    }
}

/// The span that a `traceparent` names (W3C Trace Context, 3.2).
fn remote(header: &str) -> Option<SpanContext> {
    let mut parts = header.split('-').skip(1);
    let trace = TraceId::from_hex(parts.next()?).ok()?;
    let span = SpanId::from_hex(parts.next()?).ok()?;
    let flags = u8::from_str_radix(parts.next()?, 16).ok()?;
    let context = SpanContext::new(trace, span, TraceFlags::new(flags), true, TraceState::default());
    context.is_valid().then_some(context)
}
