//! Scorecards.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::scorecards;
use crate::db::support::IsOneOf as _;
use crate::db::types::Json;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{ApplicationId, UserId};
use crate::sql_words;
use crate::vetting::application::Card;
use crate::vetting::domain::{Criterion, Score, Scorecard, SkillVerdict};
use crate::vetting::process::Stage;

sql_words!(Score);

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = scorecards, treat_none_as_null = true, primary_key(application_id, stage, reviewer_id))]
struct CardRow {
    application_id: ApplicationId,
    stage: Stage,
    reviewer_id: UserId,
    criteria_json: Json<Vec<Criterion>>,
    recommendation: Score,
    verified_skills_json: Json<Vec<SkillVerdict>>,
    feedback: Option<String>,
    private_notes: Option<String>,
    version: i64,
    written_at: Instant,
}

impl CardRow {
    fn of(application_id: ApplicationId, card: Card) -> Self {
        let Card { stage, reviewer_id, scorecard, version, written_at } = card;
        let Scorecard { criteria, recommendation, verified_skills, feedback, private_notes } = scorecard;
        Self {
            application_id,
            stage,
            reviewer_id,
            criteria_json: Json(criteria),
            recommendation,
            verified_skills_json: Json(verified_skills),
            feedback,
            private_notes,
            version,
            written_at,
        }
    }
}

impl From<CardRow> for Card {
    fn from(row: CardRow) -> Self {
        let scorecard = Scorecard {
            criteria: row.criteria_json.0,
            recommendation: row.recommendation,
            verified_skills: row.verified_skills_json.0,
            feedback: row.feedback,
            private_notes: row.private_notes,
        };
        Self { stage: row.stage, reviewer_id: row.reviewer_id, scorecard, version: row.version, written_at: row.written_at }
    }
}

/// All cards of an application, in the order in which they were last written.
///
/// # Errors
/// 503 when the database is down.
pub fn cards(conn: &mut Conn, id: ApplicationId) -> Result<Vec<Card>> {
    let rows: Vec<CardRow> = scorecards::table
        .filter(scorecards::application_id.eq(id))
        .order((scorecards::written_at, scorecards::reviewer_id))
        .select(CardRow::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(Card::from).collect())
}

/// Whether the admin has scored this stage in any of these applications.
///
/// # Errors
/// 503 when the database is down.
pub fn has_scored(conn: &mut Conn, applications: &[ApplicationId], stage: Stage, reviewer: UserId) -> Result<bool> {
    let own: i64 = scorecards::table
        .filter(scorecards::application_id.one_of(applications))
        .filter(scorecards::stage.eq(stage))
        .filter(scorecards::reviewer_id.eq(reviewer))
        .count()
        .get_result(conn)?;
    Ok(own > 0)
}

/// Writes a card, for the first time where its version is 1.
///
/// # Errors
/// 412 when somebody was faster.
pub fn write(conn: &mut Conn, application: ApplicationId, card: &Card) -> Result<()> {
    let row = CardRow::of(application, card.clone());
    if card.version == 1 {
        diesel::insert_into(scorecards::table).values(row).execute(conn)?;
        return Ok(());
    }
    let same = scorecards::table
        .filter(scorecards::application_id.eq(application))
        .filter(scorecards::stage.eq(card.stage))
        .filter(scorecards::reviewer_id.eq(card.reviewer_id))
        .filter(scorecards::version.eq(card.version - 1));
    let changed = diesel::update(same).set(row).execute(conn)?;
    if changed == 1 { Ok(()) } else { Err(Error::stale()) }
}
