//! Years of a marketplace, a piece at a time: a job request with its skills, a trial and an application that live their steps, and
//! mails. Written as rows, for nobody could live them in a benchmark; what is made from them is made by the product.

use std::ops::Range;

use chrono::{NaiveDate, TimeDelta};
use diesel::prelude::*;

use guildhall::db::Conn;
use guildhall::db::schema::{job_request_skills, job_requests, outbox, skills, trial_events, trials, vetting_applications, vetting_events};
use guildhall::insert_rows;
use guildhall::jobs::process::JobRequestState;
use guildhall::kernel::clock::Instant;
use guildhall::kernel::ids::{ApplicationId, DeveloperId, EventId, Id, JobRequestId, Kind, MailId, OrganizationId, TrialId, UserId};
use guildhall::kernel::words::Word as _;
use guildhall::notifications::outbox::MailState;
use guildhall::trials::process::{Outcome, TrialState};
use guildhall::vetting::process::ApplicationState;

use crate::random::Random;

/// Rows of a piece.
pub const ROWS: u64 = 30;
/// Skills of a job request; all but the last it must have.
const SKILLS: usize = 3;

/// A step: the action, the state that it leads to, and how many hours pass before it at the most.
type Step<S> = (&'static str, S, i64);

/// How trials go, each as often as the others.
const TRIALS: [(Outcome, &[Step<TrialState>]); 5] = [
    (
        Outcome::Converted,
        &[
            ("offer", TrialState::Offered, 0),
            ("accept", TrialState::Scheduled, 72),
            ("start", TrialState::Active, 240),
            ("offer-conversion", TrialState::ConversionOffered, 700),
            ("accept-conversion", TrialState::Ended, 48),
        ],
    ),
    (
        Outcome::EndedByClient,
        &[
            ("offer", TrialState::Offered, 0),
            ("accept", TrialState::Scheduled, 72),
            ("start", TrialState::Active, 240),
            ("end", TrialState::Ended, 700),
        ],
    ),
    (
        Outcome::EndedByDeveloper,
        &[
            ("offer", TrialState::Offered, 0),
            ("counter", TrialState::Countered, 48),
            ("accept", TrialState::Scheduled, 48),
            ("start", TrialState::Active, 240),
            ("pause", TrialState::Paused, 300),
            ("resume", TrialState::Active, 100),
            ("end", TrialState::Ended, 300),
        ],
    ),
    (Outcome::Declined, &[("offer", TrialState::Offered, 0), ("decline", TrialState::Void, 100)]),
    (Outcome::OfferExpired, &[("offer", TrialState::Offered, 0), ("expire", TrialState::Void, 168)]),
];

/// How applications go, likewise.
const APPLICATIONS: [&[Step<ApplicationState>]; 3] = [
    &[
        ("apply", ApplicationState::Draft, 0),
        ("submit", ApplicationState::Submitted, 48),
        ("claim", ApplicationState::ProfileReview, 48),
        ("advance", ApplicationState::ScreeningCall, 72),
        ("advance", ApplicationState::TechnicalAssessment, 100),
        ("advance", ApplicationState::TechnicalInterview, 200),
        ("advance", ApplicationState::Decision, 100),
        ("approve", ApplicationState::Approved, 48),
    ],
    &[
        ("apply", ApplicationState::Draft, 0),
        ("submit", ApplicationState::Submitted, 48),
        ("claim", ApplicationState::ProfileReview, 48),
        ("ask", ApplicationState::NeedsInfo, 48),
        ("answer", ApplicationState::ProfileReview, 100),
        ("advance", ApplicationState::ScreeningCall, 72),
        ("hold", ApplicationState::OnHold, 100),
        ("release", ApplicationState::ScreeningCall, 300),
        ("reject", ApplicationState::Rejected, 48),
    ],
    &[
        ("apply", ApplicationState::Draft, 0),
        ("submit", ApplicationState::Submitted, 300),
        ("claim", ApplicationState::ProfileReview, 48),
        ("withdraw", ApplicationState::Withdrawn, 200),
    ],
];

/// Whoever everything belongs to.
pub struct Parties {
    /// The client.
    pub client: UserId,
    /// The client's organisation.
    pub organization: OrganizationId,
    /// The developers.
    pub developers: Vec<DeveloperId>,
    /// Slugs that can be asked for; of the first one is the most asked for.
    pub skills: Vec<String>,
}

/// The catalogue's slugs.
///
/// # Errors
/// When the database cannot be read.
pub fn skills(conn: &mut Conn) -> QueryResult<Vec<String>> {
    skills::table.select(skills::slug).order(skills::slug).load(conn)
}

/// What begins at some moment; nothing of it happens from `until` on.
#[derive(Debug, Clone, Copy)]
pub struct Piece {
    number: u64,
    at: Instant,
    until: Instant,
}

impl Piece {
    /// The pieces of these numbers, spread evenly from `from` to `until`.
    pub fn all(numbers: Range<u64>, from: Instant, until: Instant) -> Vec<Self> {
        let (first, count) = (numbers.start, i64::try_from(numbers.end - numbers.start).unwrap_or(i64::MAX));
        let apart = (until.micros() - from.micros()) / count.max(1);
        let at = |number: u64| Instant::from_micros(from.micros() + apart * i64::try_from(number - first).unwrap_or_default());
        numbers.map(|number| Self { number, at: at(number), until }).collect()
    }
}

/// Adds `pieces`.
///
/// # Errors
/// When the database cannot be written.
pub fn insert(conn: &mut Conn, parties: &Parties, pieces: &[Piece]) -> QueryResult<()> {
    let mut rows = Rows::default();
    for piece in pieces {
        rows.add(parties, piece);
    }
    insert_rows!(conn, job_requests::table, rows.requests)?;
    insert_rows!(conn, job_request_skills::table, rows.skills)?;
    insert_rows!(conn, trials::table, rows.trials)?;
    insert_rows!(conn, trial_events::table, rows.trial_steps)?;
    insert_rows!(conn, vetting_applications::table, rows.applications)?;
    insert_rows!(conn, vetting_events::table, rows.vetting_steps)?;
    insert_rows!(conn, outbox::table, rows.mails)
}

/// An id that was made then.
fn id<K: Kind>(at: Instant, random: &mut Random) -> Id<K> {
    let millis = u128::from(at.micros().unsigned_abs() / 1000);
    let (high, low) = (u128::from(random.below(1 << 12)), u128::from(random.draw() >> 2));
    Id::from_u128((millis << 80) | (7 << 76) | (high << 64) | (0b10 << 62) | low)
}

/// The steps of `path` that are taken in time, each with its moment.
fn lived<S: Copy>(path: &[Step<S>], piece: &Piece, random: &mut Random) -> Vec<(&'static str, S, Instant)> {
    let mut at = piece.at;
    let mut lived = Vec::with_capacity(path.len());
    for (action, state, hours) in path {
        at = at.plus(TimeDelta::minutes(random.between(0, hours * 60)));
        if at >= piece.until {
            break;
        }
        lived.push((*action, *state, at));
    }
    lived
}

#[derive(Default)]
struct Rows {
    requests: Vec<RequestRow>,
    skills: Vec<SkillRow>,
    trials: Vec<TrialRow>,
    trial_steps: Vec<TrialStepRow>,
    applications: Vec<ApplicationRow>,
    vetting_steps: Vec<VettingStepRow>,
    mails: Vec<MailRow>,
}

impl Rows {
    fn add(&mut self, parties: &Parties, piece: &Piece) {
        let random = &mut Random::of(77, piece.number);
        let request = self.request(parties, piece, random);
        let developer = *random.pick(&parties.developers);
        let (trial, trial_steps) = self.trial(parties, piece, (request, developer), random);
        let vetting_steps = self.application(piece, developer, random);
        let others = 1 + SKILLS + 1 + trial_steps + 1 + vetting_steps;
        for number in others..usize::try_from(ROWS).unwrap_or_default() {
            self.mail(piece, (trial, number), random);
        }
    }

    fn request(&mut self, parties: &Parties, piece: &Piece, random: &mut Random) -> JobRequestId {
        let id = id(piece.at, random);
        let mut asked: Vec<&String> = Vec::with_capacity(SKILLS);
        while asked.len() < SKILLS {
            // The smallest of four draws: the first slugs are asked for by many, the last ones by hardly anybody.
            let place = (0..4).map(|_| random.index(parties.skills.len())).min().unwrap_or_default();
            let slug = &parties.skills[place];
            if !asked.contains(&slug) {
                asked.push(slug);
            }
        }
        for (position, slug) in (0_i64..).zip(asked) {
            let must = position + 1 < SKILLS as i64;
            let slug = slug.clone();
            self.skills.push(SkillRow { job_request_id: id, position, slug, min_level: 3, must, weight: 1, allow_adjacent: true });
        }
        self.requests.push(RequestRow {
            id,
            organization_id: parties.organization,
            created_by: parties.client,
            state: random.pick(&[JobRequestState::Open, JobRequestState::Filled, JobRequestState::Closed]).as_str(),
            title: "Go engineer",
            description: "Keeps the ledger, and the services around it.",
            seniority_json: "[]",
            domains_json: "[]",
            legal_country_limit_json: "null",
            rate_amount: 20_000,
            rate_currency: "USD",
            hours_per_week: 40,
            starts_on: piece.at.date(),
            time_zone: "UTC",
            overlap_hours: 0.0,
            languages_json: "[]",
            seats: random.between(1, 3),
            created_at: piece.at,
            updated_at: piece.at,
        });
        id
    }

    fn trial(
        &mut self,
        parties: &Parties,
        piece: &Piece,
        (job_request_id, developer_id): (JobRequestId, DeveloperId),
        random: &mut Random,
    ) -> (TrialId, usize) {
        let (outcome, path) = *random.pick(&TRIALS);
        let (id, steps) = (id(piece.at, random), lived(path, piece, random));
        let mut from_state = None;
        for (version, (action, state, at)) in (1_i64..).zip(steps.iter().copied()) {
            let to_state = state.as_str();
            let row = self::id(at, random);
            self.trial_steps.push(TrialStepRow {
                id: row,
                trial_id: id,
                version,
                action,
                actor: "client",
                from_state,
                to_state,
                occurred_at: at,
            });
            from_state = Some(to_state);
        }
        let in_a_month = piece.at.plus(TimeDelta::days(30));
        self.trials.push(TrialRow {
            id,
            job_request_id,
            developer_id,
            organization_id: parties.organization,
            offered_by: parties.client,
            state: from_state.unwrap_or_default(),
            outcome: (steps.len() == path.len()).then(|| outcome.as_str()),
            terms_version: 1,
            starts_on: piece.at.date(),
            starts_at: piece.at,
            trial_days: 30,
            ends_at: in_a_month,
            grace_until: in_a_month,
            offer_expires_at: in_a_month,
            version: steps.len() as i64,
            created_at: piece.at,
            changed_at: steps.last().map_or(piece.at, |step| step.2),
        });
        (id, steps.len())
    }

    fn application(&mut self, piece: &Piece, developer_id: DeveloperId, random: &mut Random) -> usize {
        let path: &&[_] = random.pick(&APPLICATIONS);
        let (id, steps) = (id(piece.at, random), lived(path, piece, random));
        let mut from_state = None;
        for (version, (action, state, at)) in (1_i64..).zip(steps.iter().copied()) {
            let to_state = state.as_str();
            let (row, application_id) = (self::id(at, random), id);
            let (actor, occurred_at) = ("admin", at);
            self.vetting_steps.push(VettingStepRow { id: row, application_id, version, action, actor, from_state, to_state, occurred_at });
            from_state = Some(to_state);
        }
        self.applications.push(ApplicationRow {
            id,
            developer_id,
            state: from_state.unwrap_or_default(),
            skipped_stages_json: "[]",
            version: steps.len() as i64,
            created_at: piece.at,
            changed_at: steps.last().map_or(piece.at, |step| step.2),
        });
        steps.len()
    }

    fn mail(&mut self, piece: &Piece, (trial, number): (TrialId, usize), random: &mut Random) {
        let due_at = piece.at.plus(TimeDelta::minutes(random.between(0, 700 * 60)));
        let state = match random.below(100) {
            _ if due_at >= piece.until => MailState::Pending,
            0 => MailState::Dead,
            1..=4 => MailState::Cancelled,
            _ => MailState::Sent,
        };
        let attempts = if state == MailState::Sent { 1 + i64::from(random.percent(3)) } else { 0 };
        let address = format!("developer{}@stats.example", random.below(1000));
        self.mails.push(MailRow {
            id: id(piece.at, random),
            kind: "check_in",
            subject: trial,
            anchor: number.to_string(),
            recipient_key: address.clone(),
            recipient_email: address,
            recipient_name: "A developer",
            recipient_time_zone: "UTC",
            letter_json: format!("{{\"kind\":\"check_in\",\"text\":\"{}\"}}", "x".repeat(500)),
            state: state.as_str(),
            attempts,
            due_at,
            give_up_at: due_at.plus(TimeDelta::days(2)),
            created_at: piece.at,
            sent_at: (state == MailState::Sent).then_some(due_at),
        });
    }
}

#[derive(Insertable)]
#[diesel(table_name = job_requests)]
struct RequestRow {
    id: JobRequestId,
    organization_id: OrganizationId,
    created_by: UserId,
    state: &'static str,
    title: &'static str,
    description: &'static str,
    seniority_json: &'static str,
    domains_json: &'static str,
    legal_country_limit_json: &'static str,
    rate_amount: i64,
    rate_currency: &'static str,
    hours_per_week: i64,
    starts_on: NaiveDate,
    time_zone: &'static str,
    overlap_hours: f64,
    languages_json: &'static str,
    seats: i64,
    created_at: Instant,
    updated_at: Instant,
}

#[derive(Insertable)]
#[diesel(table_name = job_request_skills)]
struct SkillRow {
    job_request_id: JobRequestId,
    position: i64,
    slug: String,
    min_level: i64,
    must: bool,
    weight: i64,
    allow_adjacent: bool,
}

#[derive(Insertable)]
#[diesel(table_name = trials)]
struct TrialRow {
    id: TrialId,
    job_request_id: JobRequestId,
    developer_id: DeveloperId,
    organization_id: OrganizationId,
    offered_by: UserId,
    state: &'static str,
    outcome: Option<&'static str>,
    terms_version: i64,
    starts_on: NaiveDate,
    starts_at: Instant,
    trial_days: i64,
    ends_at: Instant,
    grace_until: Instant,
    offer_expires_at: Instant,
    version: i64,
    created_at: Instant,
    changed_at: Instant,
}

#[derive(Insertable)]
#[diesel(table_name = trial_events)]
struct TrialStepRow {
    id: EventId,
    trial_id: TrialId,
    version: i64,
    action: &'static str,
    actor: &'static str,
    from_state: Option<&'static str>,
    to_state: &'static str,
    occurred_at: Instant,
}

#[derive(Insertable)]
#[diesel(table_name = vetting_applications)]
struct ApplicationRow {
    id: ApplicationId,
    developer_id: DeveloperId,
    state: &'static str,
    skipped_stages_json: &'static str,
    version: i64,
    created_at: Instant,
    changed_at: Instant,
}

#[derive(Insertable)]
#[diesel(table_name = vetting_events)]
struct VettingStepRow {
    id: EventId,
    application_id: ApplicationId,
    version: i64,
    action: &'static str,
    actor: &'static str,
    from_state: Option<&'static str>,
    to_state: &'static str,
    occurred_at: Instant,
}

#[derive(Insertable)]
#[diesel(table_name = outbox)]
struct MailRow {
    id: MailId,
    kind: &'static str,
    subject: TrialId,
    anchor: String,
    recipient_key: String,
    recipient_email: String,
    recipient_name: &'static str,
    recipient_time_zone: &'static str,
    letter_json: String,
    state: &'static str,
    attempts: i64,
    due_at: Instant,
    give_up_at: Instant,
    created_at: Instant,
    sent_at: Option<Instant>,
}
