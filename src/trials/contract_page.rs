//! The contract as a page to be printed: the terms, who pays with an example worked out, signatures, history.

use askama::Template;
use chrono::{Datelike as _, NaiveDate, Weekday};

use crate::db::Conn;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::TrialId;
use crate::kernel::money::Money;
use crate::kernel::principal::Principal;
use crate::kernel::words::Word as _;
use crate::kernel::zone::{TimeZone, add_days};
use crate::notifications::moments::moment;
use crate::trials::billing::{Agreement, Line, Worked, totals};
use crate::trials::model::{Contract, Dossier, Event, Names, Viewer};
use crate::trials::neighbors;
use crate::trials::notices::Recipient;
use crate::trials::service::{Trials, viewer};
use crate::trials::terms::{Billing, Party};

/// The days that the worked example covers.
const EXAMPLE_DAYS: i64 = 14;

#[derive(Template)]
#[template(path = "contract.html")]
struct ContractPage {
    id: TrialId,
    state: String,
    zone: TimeZone,
    client: String,
    developer: String,
    terms: Vec<(&'static str, String)>,
    scope: String,
    dates: Vec<(&'static str, String)>,
    billing: String,
    examples: Vec<Example>,
    signatures: Vec<Signed>,
    versions: Vec<Signed>,
    history: Vec<[String; 4]>,
}

/// A signature, or a version of the terms.
struct Signed {
    who: String,
    version: i64,
    at: String,
    sha256: String,
}

/// What a rule means for two weeks: week, hours, developer, client, platform.
struct Example {
    title: String,
    rows: Vec<[String; 5]>,
}

impl Trials {
    /// The contract of one's own trial as a page to be printed (HTML).
    ///
    /// # Errors
    /// 404, also for another's trial.
    pub async fn contract_page(&self, principal: Principal, id: TrialId) -> Result<String> {
        self.get(principal.clone(), id).await?;
        let this = self.clone();
        let read = move |conn: &mut Conn| {
            let viewer = viewer(conn, &principal)?;
            let (dossier, events) = this.dossier(conn, id)?;
            let trial = &dossier.contract.trial;
            let names = neighbors::names(conn, trial.developer_id, trial.organization_id)?;
            this.page(viewer, &dossier, &events, &names).render().map_err(Error::internal)
        };
        self.db.read(read).await
    }

    fn page(&self, viewer: Viewer, dossier: &Dossier, events: &[Event], names: &Names) -> ContractPage {
        let contract = &dossier.contract;
        let zone = contract.time_zone();
        let at = |instant: Instant| moment(instant, zone, None);
        let developer = if matches!(viewer, Viewer::Client(_)) { names.other(Recipient::Client) } else { names.developer.clone() };
        let who = |party: Party| if party == Party::Client { names.organization.clone() } else { developer.clone() };
        let signatures = dossier.signatures.iter().map(|each| Signed {
            who: who(each.party),
            version: each.terms_version,
            at: at(each.at),
            sha256: each.sha256.clone(),
        });
        let versions = dossier.history.iter().map(|each| Signed {
            who: each.proposed_by.to_string(),
            version: each.document.version,
            at: at(each.proposed_at),
            sha256: each.sha256.clone(),
        });
        let history =
            events.iter().map(|event| [at(event.at), event.actor.to_string(), spoken(event.action.as_str()), spoken(event.to.as_str())]);
        ContractPage {
            id: contract.trial.id,
            state: spoken(contract.trial.state.as_str()),
            zone,
            client: names.organization.clone(),
            terms: terms(contract),
            scope: contract.terms.scope.clone(),
            dates: self.dates(contract),
            billing: contract.terms.billing.explanation(),
            examples: examples(contract),
            signatures: signatures.collect(),
            versions: versions.collect(),
            history: history.collect(),
            developer,
        }
    }

    fn dates(&self, contract: &Contract) -> Vec<(&'static str, String)> {
        let dates = contract.key_dates(&self.rules.periods);
        let at = |instant: Instant| moment(instant, contract.time_zone(), None);
        let mut rows = vec![
            ("Starts", at(dates.starts_at)),
            ("The decision opens", at(dates.decision_opens_at)),
            ("Ends", at(dates.ends_at)),
            ("Without a decision, ends at", at(dates.grace_until)),
        ];
        if let Some(last_day) = contract.trial.last_day {
            rows.push(("Last day of work", last_day.to_string()));
        }
        rows
    }
}

fn terms(contract: &Contract) -> Vec<(&'static str, String)> {
    let (trial, terms) = (&contract.trial, &contract.terms);
    vec![
        ("Rate", format!("{} per hour", terms.hourly_rate.display())),
        ("Hours", format!("{} per week", terms.hours_per_week)),
        ("Both work at the same time", format!("{} hours per day", terms.overlap_hours)),
        ("Length", days(trial.trial_days + trial.extension_days + trial.paused_days)),
        ("Notice", days(terms.notice_days)),
        ("Version of the terms", trial.terms_version.to_string()),
    ]
}

fn days(count: i64) -> String {
    if count == 1 { "1 calendar day".to_owned() } else { format!("{count} calendar days") }
}

/// `offer_conversion` as people say it.
fn spoken(word: &str) -> String {
    word.replace('_', " ")
}

/// What the rule means for the agreed hours on the working days of the first two weeks, computed as bills are.
fn examples(contract: &Contract) -> Vec<Example> {
    let starts_on = contract.trial.starts_on;
    let rates = vec![(starts_on, contract.terms.hourly_rate)];
    let running = Agreement { billing: contract.terms.billing, starts_on, ended_on: None, rates };
    let in_all = format!("Example: {} hours a week for two weeks", contract.terms.hours_per_week);
    let Billing::FreeIfEndedWithin { days } = contract.terms.billing else {
        return vec![example(in_all, &running, contract, EXAMPLE_DAYS)];
    };
    let ended = Agreement { ended_on: Some(add_days(starts_on, days - 1)), ..running.clone() };
    vec![
        example(format!("Example: ended on day {days}"), &ended, contract, days),
        example(format!("{in_all}, and it goes on"), &running, contract, EXAMPLE_DAYS),
    ]
}

fn example(title: String, agreement: &Agreement, contract: &Contract, days: i64) -> Example {
    // A fifth of the week's hours on each working day.
    let minutes = contract.terms.hours_per_week * 60 / 5;
    let dates = (0..days).map(|day| add_days(agreement.starts_on, day));
    let worked: Vec<Worked> = dates.filter(is_working_day).map(|date| Worked { date, minutes }).collect();
    let weeks = agreement.weeks(&worked);
    let lines: Vec<Line> = weeks.iter().map(|(_, line)| *line).collect();
    let mut rows: Vec<[String; 5]> = weeks.iter().map(|(week, line)| row(week.to_string(), line)).collect();
    rows.extend(totals(&lines).iter().map(|line| row("In all".to_owned(), line)));
    Example { title, rows }
}

fn is_working_day(date: &NaiveDate) -> bool {
    !matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

fn row(name: String, line: &Line) -> [String; 5] {
    let money = |money: Money| money.display();
    let hours = format!("{}:{:02}", line.minutes / 60, line.minutes % 60);
    [name, hours, money(line.split.developer_due), money(line.split.client_owes), money(line.split.platform_pays)]
}
