//! A further route: a file in, a stream out.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt;
use serde_json::json;

use super::around::{Details, id};
use super::picture::{Wishes, address, beside, headers, led};
use super::{Failure, Served, Service, Turn, jobs};
use crate::aside::Aside;
use crate::error::{Error, Kind, Result};
use crate::file::{self, FileAsk, Source};
use crate::file_work::{FileWork, Started};
use crate::job;
use crate::key::Owner;
use crate::options::{self, LinkOption};
use crate::reply;
use crate::result::{self, Id, Tag};
use crate::route::Route;
use crate::uploads;
use crate::watch::Watch;
use crate::work::compute;

pub(super) async fn run(State(service): Served, route: Arc<Route>, request: Request) -> Result<Response, Failure> {
    service.front.queue.check_open()?;
    let (parts, body) = request.into_parts();
    let mut req_id = None;
    let started = answer(&service, &route, &parts, body, &mut req_id).await;
    started.map_err(|error| Failure { req_id, ..error.into() })
}

async fn answer(
    service: &Arc<Service>,
    route: &Route,
    parts: &Parts,
    body: Body,
    req_id: &mut Option<String>,
) -> Result<Response> {
    let (settings, turn, face) = (&service.front.settings, Turn::of(parts)?, service.face());
    let FileAsk { source, req_id: named, mut options } =
        file::read(parts, body, route.field, service.most_of_file()).await?;
    req_id.clone_from(&named);
    let wishes: LinkOption = options::take(&mut options)?;
    let link = wishes.link.unwrap_or_default();
    if link {
        service.store()?;
    }
    let accept = reply::accepted(&parts.headers);
    let mut work = FileWork::plan(route, &face.catalogue, settings, &accept, options.clone())?;
    if let Some(kind) = work.aside() {
        service.store().map_err(|none| {
            let message = format!(
                "{}; so there is no {kind} beside the answer: `Accept: {kind}` asks for it alone",
                none.message()
            );
            Error::new(Kind::Missing, message)
        })?;
    }
    if (link || work.aside().is_some()) && Wishes::of(&parts.headers).no_store {
        return Err(Error::bad("what is asked for is kept, and `Cache-Control: no-store` asks for it not to be"));
    }
    if turn.outside && job::prefers_later(&parts.headers) {
        if let Source::Uploaded(id) = &source {
            uploads::open(service.store()?, &turn.owner, id).await?;
        }
        return jobs::begin_file(service, &turn.owner, parts, source, options, named).await;
    }
    let (file, bytes) = match source {
        Source::Here(file, bytes) => (file, bytes),
        Source::Uploaded(id) => {
            let kept = uploads::open(service.store()?, &turn.owner, &id).await?;
            file::fetch(kept.bytes, settings.max_upload_bytes).await?
        }
    };
    let deadline = Instant::now() + settings.job_deadline;
    let place = match turn.outside {
        true => service.front.queue.place(deadline).await?,
        false => service.front.queue.patient_place(deadline).await?,
    };
    let name = work.variant().to_owned();
    let asked = name.clone();
    let model = compute(move || face.catalogue.model(&asked)).await?;
    let watch = Watch::telling(turn.progress.clone());
    if let Some(kind) = work.aside() {
        // A job's answer is kept too.
        work.keep_at(aside(service, &turn.owner, kind, link || !turn.outside, watch.clone())?);
    }
    let started = work.start(file, model, place, deadline, watch, id(parts)).await?;
    let Started { media_type, x_model, body } = started;
    let mut response = if link {
        let (store, id) = (service.store()?, Id::draw(&turn.owner, &Tag::drawn(), media_type)?);
        result::keep_pieces(store, &id, Box::pin(body.into_data_stream().map_err(Error::internal))).await?;
        let mut response = led(&address(service, &id))?;
        response.extensions_mut().insert(id);
        response
    } else {
        (headers(media_type, &x_model)?, body).into_response()
    };
    let line = json!({"bytes_in": bytes});
    response.extensions_mut().insert(Details { line, model: name, ..Details::default() });
    Ok(response)
}

/// A place for what a run keeps beside its answer; `kept`: whether that is read where results are.
fn aside(service: &Service, owner: &Owner, media_type: &str, kept: bool, watch: Watch) -> Result<Aside> {
    let id = Id::draw(owner, &Tag::drawn(), media_type)?;
    let address = if kept { beside(service, &id).into_owned() } else { address(service, &id) };
    Ok(Aside::new(service.store()?.clone(), id, address, watch))
}
