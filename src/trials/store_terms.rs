//! What belongs to a trial: versions of its terms, signatures, a proposal, events.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{trial_conversions, trial_events, trial_proposals, trial_signatures, trial_terms};
use crate::db::support::IsOneOf as _;
use crate::db::types::Json;
use crate::insert_rows;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{EventId, TrialId, UserId};
use crate::kernel::page::PageQuery;
use crate::kernel::process::Actor;
use crate::sql_words;
use crate::trials::model::{Contract, Conversion, Dossier, Event, Proposal, ProposalContent, TermsVersion, Trial};
use crate::trials::process::{Action, Outcome, TrialState};
use crate::trials::terms::{Document, Frozen, Party, Signature};

sql_words!(Party, Action);

#[derive(Queryable, Selectable)]
#[diesel(table_name = trial_terms)]
struct TermsRow {
    trial_id: TrialId,
    document: String,
    sha256: String,
    proposed_by: Party,
    proposed_at: Instant,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = trial_signatures)]
struct SignatureRow {
    trial_id: TrialId,
    party: Party,
    terms_version: i64,
    user_id: UserId,
    sha256: String,
    signed_at: Instant,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = trial_proposals)]
pub(super) struct ProposalRow {
    trial_id: TrialId,
    action: Action,
    party: Party,
    content_json: Json<ProposalContent>,
    proposed_at: Instant,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = trial_events)]
struct EventRow {
    version: i64,
    action: Action,
    actor: String,
    user_id: Option<UserId>,
    from_state: Option<TrialState>,
    to_state: TrialState,
    reason_code: Option<String>,
    message: Option<String>,
    occurred_at: Instant,
}

/// The terms that were frozen as `document`.
///
/// # Errors
/// 500 when it is none of ours.
pub(super) fn read(document: &str) -> Result<Document> {
    serde_json::from_str(document).map_err(Error::internal)
}

/// Keeps a version of the terms, for good.
///
/// # Errors
/// 409 when there is one with this number.
pub fn insert_terms(conn: &mut Conn, contract: &Contract, frozen: &Frozen, proposed_by: Party, at: Instant) -> Result<()> {
    diesel::insert_into(trial_terms::table)
        .values((
            trial_terms::trial_id.eq(contract.trial.id),
            trial_terms::version.eq(contract.trial.terms_version),
            trial_terms::document.eq(&frozen.document),
            trial_terms::sha256.eq(&frozen.sha256),
            trial_terms::proposed_by.eq(proposed_by),
            trial_terms::proposed_at.eq(at),
        ))
        .execute(conn)?;
    Ok(())
}

/// Keeps a signature.
///
/// # Errors
/// 409 when the party has signed this version.
pub fn sign(conn: &mut Conn, trial_id: TrialId, signature: Signature) -> Result<()> {
    let Signature { party, user_id, at, terms_version, sha256 } = signature;
    let row = SignatureRow { trial_id, party, terms_version, user_id, sha256, signed_at: at };
    diesel::insert_into(trial_signatures::table).values(row).execute(conn)?;
    Ok(())
}

impl From<ProposalRow> for Proposal {
    fn from(row: ProposalRow) -> Self {
        Self { action: row.action, party: row.party, content: row.content_json.0, proposed_at: row.proposed_at }
    }
}

/// Keeps a proposal instead of whatever was proposed before; none: nothing is proposed any more.
///
/// # Errors
/// 503 when the database is down.
pub fn set_proposal(conn: &mut Conn, trial_id: TrialId, proposal: Option<&Proposal>) -> Result<()> {
    diesel::delete(trial_proposals::table.find(trial_id)).execute(conn)?;
    if let Some(Proposal { action, party, content, proposed_at }) = proposal.cloned() {
        let row = ProposalRow { trial_id, action, party, content_json: Json(content), proposed_at };
        diesel::insert_into(trial_proposals::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// Keeps an offer instead of whatever was offered before; none: nothing is offered any more.
///
/// # Errors
/// 503 when the database is down.
pub fn set_conversion(conn: &mut Conn, trial: TrialId, offer: Option<&Conversion>) -> Result<()> {
    diesel::delete(trial_conversions::table.find(trial)).execute(conn)?;
    if let Some(offer) = offer.cloned() {
        let row = (trial_conversions::trial_id.eq(trial), trial_conversions::content_json.eq(Json(offer)));
        diesel::insert_into(trial_conversions::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// Who took `action` in the trial, in their order; nobody for the clock.
///
/// # Errors
/// 503 when the database is down.
pub fn takers(conn: &mut Conn, trial: TrialId, action: Action) -> Result<Vec<Option<UserId>>> {
    let events = trial_events::table.filter(trial_events::trial_id.eq(trial)).filter(trial_events::action.eq(action));
    Ok(events.order(trial_events::version).select(trial_events::user_id).load(conn)?)
}

/// Whether somebody has contested the termination; asks the database only where there was one.
///
/// # Errors
/// 503 when the database is down.
pub fn is_appealed(conn: &mut Conn, trial: &Trial) -> Result<bool> {
    Ok(trial.outcome == Some(Outcome::TerminatedForCause) && !takers(conn, trial.id, Action::Appeal)?.is_empty())
}

/// Notes steps, for good.
///
/// # Errors
/// 409 when one of these versions of these trials has one.
pub fn record(conn: &mut Conn, events: &[(TrialId, Event)]) -> Result<()> {
    let row = |(trial, event): &(TrialId, Event)| {
        (
            trial_events::id.eq(EventId::new(event.at)),
            trial_events::trial_id.eq(*trial),
            trial_events::version.eq(event.version),
            trial_events::action.eq(event.action),
            trial_events::actor.eq(event.actor.to_string()),
            trial_events::user_id.eq(event.user_id),
            trial_events::from_state.eq(event.from),
            trial_events::to_state.eq(event.to),
            trial_events::reason_code.eq(event.reason_code.clone()),
            trial_events::message.eq(event.message.clone()),
            trial_events::occurred_at.eq(event.at),
        )
    };
    Ok(insert_rows!(conn, trial_events::table, events.iter().map(row).collect::<Vec<_>>())?)
}

/// The steps of a trial, the first one first, one more than the page's limit.
///
/// # Errors
/// 400 for a cursor that is not one of ours; 503 when the database is down.
pub fn events(conn: &mut Conn, trial: TrialId, page: &PageQuery) -> Result<Vec<Event>> {
    let after = page.after_as::<i64>()?.unwrap_or_default();
    let rows: Vec<EventRow> = trial_events::table
        .filter(trial_events::trial_id.eq(trial))
        .filter(trial_events::version.gt(after))
        .order(trial_events::version)
        .limit(page.rows_to_read())
        .select(EventRow::as_select())
        .load(conn)?;
    rows.into_iter().map(event).collect()
}

/// All steps of a trial, the first one first. They are few: a person takes each of them, or the clock, once.
///
/// # Errors
/// 503 when the database is down.
pub fn all_events(conn: &mut Conn, trial: TrialId) -> Result<Vec<Event>> {
    let rows = trial_events::table.filter(trial_events::trial_id.eq(trial)).order(trial_events::version);
    rows.select(EventRow::as_select()).load::<EventRow>(conn)?.into_iter().map(event).collect()
}

fn event(row: EventRow) -> Result<Event> {
    let EventRow { version, action, actor, user_id, from_state, to_state, reason_code, message, occurred_at } = row;
    let unknown = || Error::internal(format!("an unknown actor: {actor}"));
    let actor = <Actor as crate::kernel::words::Word>::parse(&actor).ok_or_else(unknown)?;
    Ok(Event { version, action, actor, user_id, from: from_state, to: to_state, reason_code, message, at: occurred_at })
}

/// Everything about `trials`, in their order. Four queries, however many there are.
///
/// # Errors
/// 503 when the database is down.
pub fn dossiers(conn: &mut Conn, trials: Vec<Trial>) -> Result<Vec<Dossier>> {
    let ids: Vec<TrialId> = trials.iter().map(|trial| trial.id).collect();
    let terms: Vec<TermsRow> = trial_terms::table
        .filter(trial_terms::trial_id.one_of(&ids))
        .order(trial_terms::version)
        .select(TermsRow::as_select())
        .load(conn)?;
    let signatures: Vec<SignatureRow> = trial_signatures::table
        .filter(trial_signatures::trial_id.one_of(&ids))
        .order(trial_signatures::signed_at)
        .select(SignatureRow::as_select())
        .load(conn)?;
    let proposals: Vec<ProposalRow> =
        trial_proposals::table.filter(trial_proposals::trial_id.one_of(&ids)).select(ProposalRow::as_select()).load(conn)?;
    let mut proposals: Vec<(TrialId, Proposal)> = proposals.into_iter().map(|row| (row.trial_id, row.into())).collect();
    let conversions: Vec<(TrialId, Json<Conversion>)> =
        trial_conversions::table.filter(trial_conversions::trial_id.one_of(&ids)).select(trial_conversions::all_columns).load(conn)?;
    let mut dossiers: Vec<Dossier> =
        trials.into_iter().map(|trial| dossier(trial, &terms, &signatures, &mut proposals)).collect::<Result<_>>()?;
    for (trial, Json(offer)) in conversions {
        let dossier = dossiers.iter_mut().find(|dossier| dossier.contract.trial.id == trial);
        dossier.into_iter().for_each(|dossier| dossier.contract.conversion = Some(offer.clone()));
    }
    for dossier in &mut dossiers {
        dossier.contract.appealed = is_appealed(conn, &dossier.contract.trial)?;
    }
    Ok(dossiers)
}

fn dossier(trial: Trial, terms: &[TermsRow], signatures: &[SignatureRow], proposals: &mut Vec<(TrialId, Proposal)>) -> Result<Dossier> {
    let mine = terms.iter().filter(|row| row.trial_id == trial.id);
    let history = mine.map(version).collect::<Result<Vec<_>>>()?;
    let current = history.iter().find(|each| each.document.version == trial.terms_version);
    let current = current.ok_or_else(|| Error::internal(format!("{} has no terms", trial.id)))?;
    let position = proposals.iter().position(|(id, _)| *id == trial.id);
    let proposal = position.map(|position| proposals.swap_remove(position).1);
    let signatures = signatures.iter().filter(|row| row.trial_id == trial.id).map(signature).collect();
    let (terms, sha256) = (current.document.terms.clone(), current.sha256.clone());
    let contract = Contract { trial, terms, sha256, proposal, conversion: None, appealed: false };
    Ok(Dossier { contract, history, signatures })
}

fn version(row: &TermsRow) -> Result<TermsVersion> {
    let document = read(&row.document)?;
    Ok(TermsVersion { document, sha256: row.sha256.clone(), proposed_by: row.proposed_by, proposed_at: row.proposed_at })
}

fn signature(row: &SignatureRow) -> Signature {
    let SignatureRow { party, terms_version, user_id, signed_at, .. } = *row;
    Signature { party, user_id, at: signed_at, terms_version, sha256: row.sha256.clone() }
}
