//! `/v1/admin/audit`.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpResponse, get};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::audit::domain::{AuditEntry, Wanted};
use crate::audit::service::Audit;
use crate::kernel::clock::Instant;
use crate::kernel::error::Result;
use crate::kernel::ids::UserId;
use crate::kernel::page::{Page, PageQuery, default_limit};
use crate::kernel::principal::Principal;
use crate::web::ask::Signed;
use crate::web::csv::{Listing, Sheet, listed};
use crate::web::query::Query;

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Only what this person did.
    #[param(inline)]
    pub actor: Option<UserId>,
    /// Only what was done to the thing with this id.
    #[param(max_length = 100)]
    pub subject: Option<String>,
    /// Only what was done then or later.
    #[param(inline)]
    pub since: Option<Instant>,
    /// How many rows at most.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: i64,
    /// Where the previous page ended: its `next_cursor`.
    #[param(max_length = 400)]
    pub cursor: Option<String>,
}

/// The audit log as a file.
const AUDIT: Sheet =
    Sheet { name: "audit", columns: &["id", "at", "actor", "role", "action", "subject", "reason", "details", "request_id"] };

/// Who did or looked at what, and why, newest first. Role: admin.
///
/// As `text/csv` all of it from the cursor on.
#[utoipa::path(tag = "admin", params(AuditQuery), responses((status = 200, content((Page<AuditEntry> = "application/json"), (String = "text/csv", example = json!(AUDIT.heading()))), description = "Entries of the audit log")), security(("bearer" = [])))]
#[get("/v1/admin/audit")]
async fn list_audit_entries(signed: Signed, form: Listing, query: Query<AuditQuery>, audit: Data<Audit>) -> Result<HttpResponse> {
    let AuditQuery { actor, subject, since, limit, cursor } = query.0;
    let wanted = Wanted { actor, subject, since };
    let read = move |page| {
        let (audit, signed, wanted) = (audit.clone(), signed.0.clone(), wanted.clone());
        async move { audit.list(signed, wanted, page).await }
    };
    listed(form, &AUDIT, PageQuery { limit, cursor }, read).await
}

/// Writes down whom an answer refused what it asked for. An answer does not wait for more than that, and goes out also when
/// the note cannot be written.
///
/// # Errors
/// None of its own.
pub async fn note_refusals(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> std::result::Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let response = next.call(request).await?.map_into_boxed_body();
    if response.status() == StatusCode::FORBIDDEN {
        let request = response.request();
        let principal = request.extensions().get::<Principal>().cloned();
        if let (Some(principal), Some(audit)) = (principal, request.app_data::<Data<Audit>>()) {
            let noted = audit.refused(&principal, request.method().to_string(), request.path().to_owned()).await;
            noted.unwrap_or_else(|error| tracing::error!(%error, "a refusal could not be written into the audit log"));
        }
    }
    Ok(response)
}

/// Mounts the room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_audit_entries);
}
