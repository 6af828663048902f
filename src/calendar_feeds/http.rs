//! `/v1/me/calendar-feed`, and the feeds themselves.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::calendar_feeds::domain::{CalendarFeed, FeedSecret, NewCalendarFeed};
use crate::calendar_feeds::service::CalendarFeeds;
use crate::kernel::error::Result;
use crate::web::answer;
use crate::web::ask::Signed;
use crate::web::path::{Path, Segment};

impl Segment for FeedSecret {}

/// Make a calendar feed for myself. Roles: client, developer.
///
/// An address for a calendar to subscribe to, with the key dates of all my trials. It is shown this once, and whoever has it can read
/// the feed; making another one ends the one before.
#[utoipa::path(tag = "calendar", responses((status = 201, body = NewCalendarFeed, description = "The feed with its address")), security(("bearer" = [])))]
#[post("/v1/me/calendar-feed")]
async fn make_calendar_feed(Signed(principal): Signed, feeds: Data<CalendarFeeds>) -> Result<HttpResponse> {
    answer::created_once(&feeds.create(principal).await?)
}

/// Whether I have a calendar feed, and since when. Roles: client, developer.
#[utoipa::path(tag = "calendar", responses((status = 200, body = CalendarFeed, description = "The feed, without its address")), security(("bearer" = [])))]
#[get("/v1/me/calendar-feed")]
async fn read_calendar_feed(Signed(principal): Signed, feeds: Data<CalendarFeeds>) -> Result<HttpResponse> {
    answer::json(&feeds.show(principal).await?)
}

/// Take my calendar feed away; its address is dead at once. Roles: client, developer.
#[utoipa::path(tag = "calendar", responses((status = 204, description = "There is no feed")), security(("bearer" = [])))]
#[delete("/v1/me/calendar-feed")]
async fn revoke_calendar_feed(Signed(principal): Signed, feeds: Data<CalendarFeeds>) -> Result<HttpResponse> {
    feeds.revoke(principal).await?;
    Ok(answer::nothing())
}

/// Read a calendar feed (RFC 5545), for calendars. Role: anybody who has its secret.
///
/// The dates have the UIDs and sequence numbers of the files in mails, so that a calendar shows each once. `If-None-Match` saves the
/// transfer where nothing has changed.
#[utoipa::path(tag = "calendar", params(("secret" = String, Path, description = "The secret", pattern = "^[A-Za-z0-9_-]{43}$", max_length = 43)), responses((status = 200, body = String, content_type = "text/calendar", description = "The calendar"), (status = 304, description = "As before")))]
#[get("/v1/calendar/{secret}/trials.ics")]
async fn read_calendar(request: HttpRequest, secret: Path<FeedSecret>, feeds: Data<CalendarFeeds>) -> Result<HttpResponse> {
    Ok(answer::tagged(&request, "text/calendar; charset=utf-8", feeds.read(secret.0).await?))
}

/// Mounts the room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(make_calendar_feed).service(read_calendar_feed).service(revoke_calendar_feed).service(read_calendar);
}
