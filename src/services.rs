//! What handlers ask for: the services of the house, each shared by all of its threads.

use actix_web::web::{Data, ServiceConfig};

use crate::accounts::service::Accounts;
use crate::app::App;
use crate::audit::service::Audit;
use crate::calendar_feeds::service::CalendarFeeds;
use crate::check_ins::service::CheckInRoom;
use crate::developers::service::Developers;
use crate::hand_overs::service::HandOvers;
use crate::invitations::service::Invitations;
use crate::jobs::service::Jobs;
use crate::matching::own::OwnMatches;
use crate::matching::runs::MatchRuns;
use crate::matching::service::Matching;
use crate::notifications::service::Notifications;
use crate::privacy::service::PrivacyRoom;
use crate::reports::service::Reports;
use crate::reviews::service::Reviews;
use crate::skills::service::Skills;
use crate::statistics::service::StatisticsRoom;
use crate::streams::service::Streams;
use crate::suspensions::service::Suspensions;
use crate::timesheets::service::Timesheets;
use crate::trials::service::Trials;
use crate::vetting::service::Vetting;
use crate::webhooks::service::Webhooks;

/// The services that handlers ask for.
#[derive(Clone)]
pub struct Services {
    audit: Data<Audit>,
    notifications: Data<Notifications>,
    accounts: Data<Accounts>,
    skills: Data<Skills>,
    developers: Data<Developers>,
    vetting: Data<Vetting>,
    jobs: Data<Jobs>,
    invitations: Data<Invitations>,
    trials: Data<Trials>,
    matching: Data<Matching>,
    own_matches: Data<OwnMatches>,
    match_runs: Data<MatchRuns>,
    calendar_feeds: Data<CalendarFeeds>,
    check_ins: Data<CheckInRoom>,
    hand_overs: Data<HandOvers>,
    reviews: Data<Reviews>,
    timesheets: Data<Timesheets>,
    reports: Data<Reports>,
    statistics: Data<StatisticsRoom>,
    suspensions: Data<Suspensions>,
    webhooks: Data<Webhooks>,
    streams: Data<Streams>,
    privacy: Data<PrivacyRoom>,
}

impl Services {
    /// Makes the services known to handlers.
    pub fn provide(&self, config: &mut ServiceConfig) {
        config
            .app_data(self.audit.clone())
            .app_data(self.notifications.clone())
            .app_data(self.accounts.clone())
            .app_data(self.skills.clone());
        config
            .app_data(self.developers.clone())
            .app_data(self.vetting.clone())
            .app_data(self.jobs.clone())
            .app_data(self.invitations.clone())
            .app_data(self.trials.clone())
            .app_data(self.matching.clone())
            .app_data(self.own_matches.clone())
            .app_data(self.match_runs.clone())
            .app_data(self.calendar_feeds.clone())
            .app_data(self.check_ins.clone())
            .app_data(self.hand_overs.clone())
            .app_data(self.reviews.clone())
            .app_data(self.timesheets.clone())
            .app_data(self.reports.clone())
            .app_data(self.statistics.clone())
            .app_data(self.suspensions.clone())
            .app_data(self.webhooks.clone())
            .app_data(self.streams.clone())
            .app_data(self.privacy.clone());
    }
}

impl App {
    /// The services that handlers ask for.
    pub fn services(&self) -> Services {
        Services {
            audit: Data::new(self.audit.clone()),
            notifications: Data::new(self.notifications.clone()),
            accounts: Data::new(self.accounts.clone()),
            skills: Data::from(self.skills.clone()),
            developers: Data::from(self.developers.clone()),
            vetting: Data::new(self.vetting.clone()),
            jobs: Data::new(self.jobs.clone()),
            invitations: Data::new(self.invitations.clone()),
            trials: Data::new(self.trials.clone()),
            matching: Data::from(self.matching.clone()),
            own_matches: Data::from(self.own_matches.clone()),
            match_runs: Data::from(self.match_runs.clone()),
            calendar_feeds: Data::new(self.calendar_feeds.clone()),
            check_ins: Data::new(self.check_ins.clone()),
            hand_overs: Data::new(self.hand_overs.clone()),
            reviews: Data::new(self.reviews.clone()),
            timesheets: Data::new(self.timesheets.clone()),
            reports: Data::new(self.reports.clone()),
            statistics: Data::new(self.statistics.clone()),
            suspensions: Data::new(self.suspensions.clone()),
            webhooks: Data::new(self.webhooks.clone()),
            streams: Data::new(self.streams.clone()),
            privacy: Data::new(self.privacy.clone()),
        }
    }
}
