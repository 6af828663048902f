//! A plausible zone for each country of the sample: the survey does not tell zones, so the demo makes them up.

/// Country (ISO 3166-1 alpha-2) and the zone in which many of its people live.
const ZONES: &[(&str, &str)] = &[
    ("AE", "Asia/Dubai"), ("AR", "America/Argentina/Buenos_Aires"), ("AT", "Europe/Vienna"), ("AU", "Australia/Sydney"), ("BD", "Asia/Dhaka"),
    ("BE", "Europe/Brussels"), ("BG", "Europe/Sofia"), ("BR", "America/Sao_Paulo"), ("BY", "Europe/Minsk"), ("CA", "America/Toronto"),
    ("CH", "Europe/Zurich"), ("CL", "America/Santiago"), ("CN", "Asia/Shanghai"), ("CO", "America/Bogota"), ("CZ", "Europe/Prague"),
    ("DE", "Europe/Berlin"), ("DK", "Europe/Copenhagen"), ("EE", "Europe/Tallinn"), ("EG", "Africa/Cairo"), ("ES", "Europe/Madrid"),
    ("FI", "Europe/Helsinki"), ("FR", "Europe/Paris"), ("GB", "Europe/London"), ("GR", "Europe/Athens"), ("HK", "Asia/Hong_Kong"),
    ("HR", "Europe/Zagreb"), ("HU", "Europe/Budapest"), ("ID", "Asia/Jakarta"), ("IE", "Europe/Dublin"), ("IL", "Asia/Jerusalem"),
    ("IN", "Asia/Kolkata"), ("IR", "Asia/Tehran"), ("IT", "Europe/Rome"), ("JP", "Asia/Tokyo"), ("KE", "Africa/Nairobi"),
    ("KR", "Asia/Seoul"), ("LK", "Asia/Colombo"), ("LT", "Europe/Vilnius"), ("LV", "Europe/Riga"), ("MX", "America/Mexico_City"),
    ("MY", "Asia/Kuala_Lumpur"), ("NG", "Africa/Lagos"), ("NL", "Europe/Amsterdam"), ("NO", "Europe/Oslo"), ("NZ", "Pacific/Auckland"),
    ("PE", "America/Lima"), ("PH", "Asia/Manila"), ("PK", "Asia/Karachi"), ("PL", "Europe/Warsaw"), ("PT", "Europe/Lisbon"),
    ("RO", "Europe/Bucharest"), ("RS", "Europe/Belgrade"), ("RU", "Europe/Moscow"), ("SE", "Europe/Stockholm"), ("SG", "Asia/Singapore"),
    ("SI", "Europe/Ljubljana"), ("SK", "Europe/Bratislava"), ("TH", "Asia/Bangkok"), ("TR", "Europe/Istanbul"), ("TW", "Asia/Taipei"),
    ("UA", "Europe/Kyiv"), ("US", "America/New_York"), ("UY", "America/Montevideo"), ("VN", "Asia/Ho_Chi_Minh"), ("ZA", "Africa/Johannesburg"),
];
/// Zones of the United States, drawn from by lot.
pub const UNITED_STATES: [&str; 4] = ["America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"];

/// The zone for `country`; UTC where the table has none.
pub fn zone_of(country: &str) -> &'static str {
    ZONES.iter().find(|(code, _)| *code == country).map_or("UTC", |(_, zone)| zone)
}
