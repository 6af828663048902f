//! Instants as mails show them: in the recipient's zone, with the contract's beside it where the two differ.

use crate::kernel::clock::Instant;
use crate::kernel::zone::TimeZone;

/// `instant` for a person whose zone is `recipient_zone`; where a contract counts in another zone, its wall clock stands
/// behind a slash, for that is the one that binds.
pub fn moment(instant: Instant, recipient_zone: TimeZone, contract_zone: Option<TimeZone>) -> String {
    let own = recipient_zone.display(instant);
    match contract_zone.filter(|contract| *contract != recipient_zone) {
        Some(contract) => format!("{own} / {}", contract.display(instant)),
        None => own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::parse(name).unwrap()
    }

    /// Half past eleven at night in London, on the last day of November.
    fn late() -> Instant {
        serde_json::from_str("\"2026-11-30T23:30:00Z\"").unwrap()
    }

    #[test]
    fn the_recipients_zone_stands_alone_where_no_other_counts() {
        let expected = "Mon 30 Nov 2026, 23:30 (Europe/London)";
        assert_eq!(moment(late(), zone("Europe/London"), None), expected);
        assert_eq!(moment(late(), zone("Europe/London"), Some(zone("Europe/London"))), expected);
    }

    #[test]
    fn the_contracts_zone_stands_beside_it_even_on_another_day() {
        let told = moment(late(), zone("Europe/London"), Some(zone("Asia/Tokyo")));
        assert_eq!(told, "Mon 30 Nov 2026, 23:30 (Europe/London) / Tue 1 Dec 2026, 08:30 (Asia/Tokyo)");
    }
}
