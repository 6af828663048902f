//! `/v1/events`.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, get};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use tokio::time::{Interval, MissedTickBehavior, interval};
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::kernel::error::{Code, Error, Result};
use crate::kernel::ids::EventId;
use crate::streams::domain::{GREETING, HEARTBEAT, RESET, frame};
use crate::streams::listeners::{Place, Signal};
use crate::streams::service::{Listening, Streams};
use crate::web::ask::{Signed, still_signed};
use crate::web::middleware::HeadersOnly;
use crate::web::query::Query;

/// How to listen.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// Whether to wait for what comes; `false` ends after what was missed.
    #[serde(default = "yes")]
    #[param(default = true)]
    pub wait: bool,
}

fn yes() -> bool {
    true
}

/// Be told of what concerns you while it happens: a stream of server-sent events. Role: client, developer.
///
/// Each event has an `id`, an `event` (its type, as of webhooks; `vetting.…` and `vetted_status.…` for developers alone) and `data`, an
/// `EventPayload`: read the rest with the API. Come back with `Last-Event-ID` to be told what you missed, for a week; the same event may
/// come twice, its id tells. `event: reset` instead means: too much was missed, read anew what you show. The stream ends with the access
/// token or the session; it is never silent for longer than 20 seconds.
#[utoipa::path(tag = "events", params(EventQuery, ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that you have seen", max_length = 40)), responses((status = 200, content_type = "text/event-stream", body = String, description = "The stream")), security(("bearer" = [])))]
#[get("/v1/events")]
async fn stream_events(
    request: HttpRequest,
    Signed(principal): Signed,
    query: Query<EventQuery>,
    streams: Data<Streams>,
) -> Result<HttpResponse> {
    let Listening { place, missed } = streams.listen(&principal, last_seen(&request)?).await?;
    let (mut first, mut told): (VecDeque<String>, _) = ([GREETING.to_owned()].into(), HashSet::new());
    match missed {
        Some(missed) => {
            first.extend(missed.iter().map(frame));
            told.extend(missed.iter().map(|heard| heard.id));
        }
        None => first.push_back(RESET.to_owned()),
    }
    let mut heartbeat = interval(Duration::from_secs(streams.heartbeat));
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.reset();
    // A stream whose body nobody reads would keep its place for ever.
    let waits = query.0.wait && request.extensions().get::<HeadersOnly>().is_none();
    let wire = Wire { first, told, place: Some(place).filter(|_| waits), heartbeat, request };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // An encoder would hold events back until it has enough of them; a proxy's buffer likewise.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(wire.stream()))
}

fn last_seen(request: &HttpRequest) -> Result<Option<EventId>> {
    let Some(value) = request.headers().get("last-event-id") else { return Ok(None) };
    let id = value.to_str().ok().and_then(|text| text.parse().ok());
    id.map(Some)
        .ok_or_else(|| Error::new(Code::MalformedRequest, "Last-Event-ID must be the id of an event (evt_…); leave it out to begin."))
}

/// A connection that is kept open.
struct Wire {
    first: VecDeque<String>,
    /// What was missed and is told first: the log of changes may bring it once more.
    told: HashSet<EventId>,
    /// None: nothing more is waited for.
    place: Option<Place>,
    heartbeat: Interval,
    request: HttpRequest,
}

impl Wire {
    fn stream(self) -> impl Stream<Item = Result<Bytes>> {
        stream::unfold(self, |mut wire| async move { wire.next().await.map(|text| (Ok(Bytes::from(text)), wire)) })
    }

    /// What to send next; none ends the stream.
    async fn next(&mut self) -> Option<String> {
        if let Some(text) = self.first.pop_front() {
            return Some(text);
        }
        loop {
            let place = self.place.as_mut()?;
            tokio::select! {
                signal = place.signals.recv() => match signal? {
                    Signal::Heard(heard) if self.told.remove(&heard.id) => continue,
                    Signal::Heard(heard) => return Some(frame(&heard)),
                    Signal::Recheck => {}
                },
                _ = self.heartbeat.tick() => {
                    return still_signed(&self.request).await.then(|| HEARTBEAT.to_owned());
                }
            }
            if !still_signed(&self.request).await {
                return None;
            }
        }
    }
}

/// Mounts the room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(stream_events);
}
