//! What holds for every request and every pool, tried on many; and whole answers computed by hand.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use crate::kernel::craft::EngagementLength;
use crate::kernel::craft::Seniority;
use crate::kernel::words::Word;
use crate::matching::domain::AskedSkill;
use crate::matching::domain::Candidate;
use crate::matching::domain::LegalCountryLimit;
use crate::matching::domain::Preferences;
use crate::matching::domain::Request;
use crate::matching::domain::Responsiveness;
use crate::matching::domain::TrackRecord;
use crate::matching::domain::WorkingHours;
use crate::matching::explanation::Matches;
use crate::matching::explanation::explain;
use crate::matching::gates::Gate;
use crate::matching::ranking::Ranking;
use crate::matching::ranking::rank;
use crate::matching::ratio::Points;
use crate::matching::rules::Factor;
use crate::matching::rules::Question;
use crate::matching::sample;
use crate::matching::score::Confidence;
use crate::matching::score::Score;

const SLUGS: [&str; 5] = ["go", "postgresql", "mysql", "kafka", "nats"];
const ZONES: [&str; 4] = ["Europe/London", "America/Santiago", "Pacific/Apia", "Asia/Kolkata"];

fn words(from: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<String>> {
    vec(prop::sample::select(from).prop_map(str::to_owned), 0..=most)
}

fn working_hours() -> impl Strategy<Value = Option<WorkingHours>> {
    prop::option::weighted(0.3, (0..24_u32, 0..=24_u32).prop_map(|(from, to)| WorkingHours { from: from * 60, to: to * 60 }))
}

fn seniority() -> impl Strategy<Value = Seniority> {
    prop::sample::select(&Seniority::ALL[1..4])
}

prop_compose! {
    fn asked_skill()(
        slug in prop::sample::select(&SLUGS[..]), min_level in 1..=3_u8, years in prop::option::weighted(0.2, 0..4_u8),
        must in prop::bool::weighted(0.3), weight in 1..4_u32, allow_adjacent: bool,
    ) -> AskedSkill {
        AskedSkill { must, weight, allow_adjacent, min_years: years.map(f64::from), ..sample::must(slug, min_level) }
    }
}

prop_compose! {
    pub fn requests()(
        skills in vec(asked_skill(), 0..5), seniority in vec(seniority(), 0..3), domains in words(&["payments", "gaming", "health"], 3),
        limit in prop::option::weighted(0.2, words(&["GB", "CL"], 2)), amount in 5_000..9_000_i64, hours_per_week in 10..=40_u32,
        duration_weeks in prop::option::of(1..60_u32), zone in prop::sample::select(&ZONES[..]), working_hours in working_hours(),
        overlap_tenths in 0..50_u8, languages in words(&["en", "es"], 1),
    ) -> Request {
        let legal_country_limit = limit.map(|countries| LegalCountryLimit { countries, reason: "the law".to_owned() });
        Request {
            skills, seniority, domains, legal_country_limit, hours_per_week, duration_weeks, working_hours, languages,
            max_hourly_rate: sample::money(amount, "USD"), time_zone: sample::zone(zone), overlap_hours: f64::from(overlap_tenths) / 10.0,
            ..sample::request()
        }
    }
}

prop_compose! {
    fn preferences()(
        domains in prop::option::of(words(&["payments", "gaming"], 2)), min_hours in prop::option::of(0..30_u32),
        lengths in prop::option::of(vec(prop::sample::select(EngagementLength::ALL), 0..3)), max_hours in prop::option::of(20..50_u32),
    ) -> Preferences {
        Preferences { domains, lengths, min_hours, max_hours }
    }
}

prop_compose! {
    fn shown()(
        skills in vec((prop::sample::select(&SLUGS[..]), 1..=5_u8, 0..9_u8), 0..5),
        verified in vec((prop::sample::select(&SLUGS[..]), 1..=5_u8, 1..=12_u8), 0..3),
        ended in 0..6_u32, good in 0..6_u32, asked in 0..10_u32, answered in 0..10_u32, accepted_invitation in prop::bool::weighted(0.1),
        preferences in preferences(),
    ) -> Candidate {
        let claimed = skills.into_iter().fold(sample::candidate(0), |all, (slug, level, years)| all.claims(slug, level, years.into()));
        let shown = verified.into_iter().fold(claimed, |all, (slug, level, month)| {
            all.verified(slug, level, "2025-11-01", &format!("2027-{month:02}-01"))
        });
        Candidate {
            track_record: TrackRecord { ended, good }, responsiveness: Responsiveness { asked, answered_within_48h: answered },
            accepted_invitations: sample::request().id.filter(|_| accepted_invitation).into_iter().collect(), preferences, ..shown
        }
    }
}

prop_compose! {
    pub fn candidates()(
        shown in shown(), seniority in prop::option::weighted(0.8, seniority()), amount in 4_000..9_000_i64, euros: bool,
        hours_per_week in 20..=50_u32, day in prop::option::weighted(0.8, 1..=30_u8), zone in prop::sample::select(&ZONES[..]),
        working_hours in working_hours(), country in prop::option::of(prop::sample::select(&["GB", "CL"][..])),
        languages in words(&["en-GB", "es", "de"], 3), domains in words(&["payments", "Gaming", "energy"], 2),
        commitments in vec((1..20_u32, 1..=30_u8, 1..=30_u8), 0..3),
    ) -> Candidate {
        let own = Candidate {
            seniority, rate: sample::money(amount, if euros { "EUR" } else { "USD" }), hours_per_week,
            available_from: day.map(|day| sample::date(&format!("2026-11-{day:02}"))), time_zone: sample::zone(zone),
            working_hours, country: country.map(str::to_owned), languages, domains, ..shown
        };
        commitments.into_iter().fold(own, |all, (hours, from, until)| {
            all.holding(hours, &format!("2026-11-{from:02}"), &format!("2026-12-{until:02}"))
        })
    }
}

fn pools() -> impl Strategy<Value = Vec<Candidate>> {
    vec(candidates(), 0..40).prop_map(|mut pool| {
        for (number, candidate) in (1..).zip(&mut pool) {
            candidate.developer_id = crate::kernel::ids::DeveloperId::from_u128(number);
        }
        pool
    })
}

/// How many pass when `gate` asks nothing: by changing the two sides, not by asking the gates otherwise.
fn total_without(gate: Gate, request: &Request, pool: &[Candidate]) -> u64 {
    let (mut request, mut pool) = (request.clone(), pool.to_vec());
    match gate {
        Gate::MustSkills => request.skills.clear(),
        Gate::Seniority => request.seniority.clear(),
        Gate::Hours => pool.iter_mut().for_each(|each| each.hours_per_week = 168),
        Gate::Start => pool.iter_mut().for_each(|each| each.available_from = None),
        Gate::Overlap => request.overlap_hours = 0.0,
        Gate::Rate => pool.iter_mut().for_each(|each| each.rate.amount = 0),
        Gate::Languages => request.languages.clear(),
        Gate::Country => request.legal_country_limit = None,
    }
    rank(&request, &pool, &sample::rules(), sample::today()).tally.total
}

fn order(ranking: &Ranking<'_>) -> Vec<(String, Points)> {
    ranking.passing.iter().map(|each| (each.candidate.developer_id.to_string(), each.score.total())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_parts_sum_exactly_to_the_score(request in requests(), candidate in candidates()) {
        let rules = sample::rules();
        let score = Score::of(&Question::new(&request, &rules, sample::today()), &candidate);
        prop_assert!(score.total().hundredths() <= 10_000);
        prop_assert_eq!(score.factors().map(|(_, points)| points).sum::<Points>(), score.total());
        for (factor, points) in score.factors() {
            prop_assert!(points.hundredths() <= rules.weights.of(factor) * 100, "{} {:?}", factor, points);
        }
    }

    #[test]
    fn counts_add_up_and_relaxing_one_gate_lets_in_its_own(request in requests(), pool in pools()) {
        let ranking = rank(&request, &pool, &sample::rules(), sample::today());
        let gates = ranking.tally.gates();
        prop_assert_eq!(gates.iter().map(|count| count.gate).collect::<Vec<_>>(), Gate::ALL);
        prop_assert_eq!(ranking.tally.pool, pool.len() as u64);
        prop_assert_eq!(ranking.tally.total, ranking.passing.len() as u64);
        prop_assert_eq!(gates.iter().map(|count| count.removed).sum::<u64>(), ranking.tally.pool - ranking.tally.total);
        for count in gates {
            let relaxed = (count.gate != Gate::MustSkills).then(|| total_without(count.gate, &request, &pool) - ranking.tally.total);
            prop_assert_eq!(count.only_this, relaxed, "{}", count.gate);
        }
    }

    #[test]
    fn the_order_does_not_depend_on_that_of_the_pool(
        request in requests(), (pool, shuffled) in pools().prop_flat_map(|pool| (Just(pool.clone()), Just(pool).prop_shuffle())),
    ) {
        let rules = sample::rules();
        let ranking = rank(&request, &pool, &rules, sample::today());
        prop_assert_eq!(order(&ranking), order(&rank(&request, &shuffled, &rules, sample::today())));
        prop_assert!(ranking.passing.is_sorted_by(|left, right| left.score.total() >= right.score.total()));
    }

    #[test]
    fn equals_are_drawn_anew_for_every_request(number in 1..u128::MAX) {
        let pool: Vec<Candidate> = (0..20).map(|offset| sample::candidate(number.wrapping_add(offset))).collect();
        let drawn = |id| order(&rank(&Request { id, ..sample::request() }, &pool, &sample::rules(), sample::today()));
        let (first, second) = (sample::request().id, Some(crate::kernel::ids::JobRequestId::from_u128(2)));
        prop_assert_ne!(drawn(first), drawn(second));
        prop_assert_eq!(drawn(first), drawn(first));
    }

    #[test]
    fn a_surplus_never_hides_a_gap(asked in (1..=5_u8, 1..=5_u8), has in (1..=5_u8, 1..=5_u8)) {
        let candidate = sample::candidate(1).claims("go", has.0, 1.0).claims("kafka", has.1, 1.0);
        let met = |asked: u8, has: u8| u32::from(has >= asked);
        let points = |request: &Request, wanted| {
            let rules = sample::rules();
            let score = Score::of(&Question::new(request, &rules, sample::today()), &candidate);
            score.factors().find(|(factor, _)| *factor == wanted).unwrap().1.hundredths()
        };
        let musts = sample::request().asks(sample::must("go", asked.0)).asks(sample::must("kafka", asked.1));
        prop_assert_eq!(points(&musts, Factor::MustHaveSkills), 1250 * (met(asked.0, has.0) + met(asked.1, has.1)));
        let nices = sample::request().asks(sample::nice("go", asked.0)).asks(sample::nice("kafka", asked.1));
        let part = |asked: u8, has: u8| f64::from(has.min(asked)) / f64::from(asked) / 2.0;
        let expected = 1500.0 * (part(asked.0, has.0) + part(asked.1, has.1));
        prop_assert!((f64::from(points(&nices, Factor::NiceToHaveSkills)) - expected).abs() <= 0.5 + 1e-9);
    }
}

fn ledger_request() -> Request {
    Request {
        seniority: vec![Seniority::Senior],
        domains: sample::texts(&["payments", "logistics"]),
        duration_weeks: Some(26),
        ..sample::request()
            .asks(sample::must("go", 4))
            .asks(sample::must("postgresql", 3).adjacent())
            .asks(AskedSkill { weight: 2, ..sample::nice("grpc", 3) })
            .asks(sample::nice("kafka", 4).adjacent())
    }
}

fn answer(request: &Request, pool: &[Candidate]) -> serde_json::Value {
    let rules = sample::rules();
    let question = Question::new(request, &rules, sample::today());
    let ranking = rank(request, pool, &rules, sample::today());
    let card = |candidate: &Candidate| json!({"id": candidate.developer_id});
    json!(Matches {
        data: ranking.passing.iter().map(|ranked| explain(&question, ranked, card(ranked.candidate))).collect(),
        pool: ranking.tally.pool,
        gates: Some(ranking.tally.gates()),
        total: ranking.tally.total,
        facets: None,
        scoring_version: rules.scoring_version.clone(),
    })
}

#[test]
fn a_whole_answer_by_hand() {
    let known = Candidate {
        seniority: Some(Seniority::Senior),
        time_zone: sample::zone("America/Santiago"), // 09–17 there is 12–20 in London: five hours shared, one above need
        available_from: Some(sample::date("2026-11-24")), // 7 of the 14 days that count
        domains: sample::texts(&["Payments", "gaming"]),
        preferences: Preferences {
            domains: Some(sample::texts(&["payments"])), // one of two
            lengths: Some(vec![EngagementLength::Long]), // 26 weeks are medium
            min_hours: Some(30),
            max_hours: Some(40),
        },
        track_record: TrackRecord { ended: 4, good: 3 },
        responsiveness: Responsiveness { asked: 4, answered_within_48h: 3 },
        // verified 100 of its 400 days ago: 1 - 100/800 = 0.875
        ..sample::candidate(1)
            .claims("go", 4, 8.0)
            .verified("go", 5, "2026-08-12", "2027-09-16")
            .claims("mysql", 4, 5.0)
            .claims("grpc", 2, 1.0)
    };
    let unskilled = Candidate { seniority: Some(Seniority::Senior), ..sample::candidate(2) };
    let skilled = sample::candidate(3).claims("go", 4, 1.0).claims("postgresql", 3, 1.0);
    let dear = Candidate { seniority: Some(Seniority::Senior), rate: sample::money(8_501, "USD"), ..skilled.clone() };
    let dear_junior = Candidate { seniority: Some(Seniority::Junior), ..dear.clone() };
    let expected = json!({
        "data": [{
            "developer": {"id": known.developer_id},
            // 21.25 + 6.67 + 9.83 + 6 + 5 + 6.67 + 3.13 + 2.25
            "score": 60.8,
            "confidence": "high",
            "factors": [
                // 25 × (1 + 0.7)/2
                {"factor": "must_have_skills", "points": 21.25, "max": 25, "detail": [
                    {"slug": "go", "asked": 4, "has": 5, "via": null, "verified": true},
                    {"slug": "postgresql", "asked": 3, "has": 4, "via": "mysql", "verified": false, "share": 0.7}]},
                // 15 × (2 × 2/3 + 1 × 0)/3
                {"factor": "nice_to_have_skills", "points": 6.67, "max": 15, "detail": [
                    {"slug": "grpc", "asked": 3, "has": 2, "via": null, "verified": false, "share": 0.6667},
                    {"slug": "kafka", "asked": 4, "has": null, "via": null, "verified": false, "share": 0.0}]},
                // 20 × (0.875 + 0.3 + 0.3)/3
                {"factor": "evidence", "points": 9.83, "max": 20, "detail": [
                    {"slug": "go", "asked": 4, "has": 5, "via": null, "verified": true, "share": 0.875},
                    {"slug": "postgresql", "asked": 3, "has": 4, "via": "mysql", "verified": false, "share": 0.3},
                    {"slug": "grpc", "asked": 3, "has": 2, "via": null, "verified": false, "share": 0.3}]},
                // 12 × (1/2 + 0 + 1)/3
                {"factor": "developer_interest", "points": 6.0, "max": 12, "detail": [
                    {"fact": "preferred_domains", "asked": ["payments", "logistics"], "has": ["payments"]},
                    {"fact": "preferred_length", "asked": "medium", "has": false},
                    {"fact": "preferred_hours", "asked": 40, "has": true}]},
                // 10 × 1/2
                {"factor": "domain", "points": 5.0, "max": 10, "detail": [
                    {"fact": "domains", "asked": ["payments", "logistics"], "has": ["payments"]}]},
                // 10 × (1 + 1/2 + 1/2)/3
                {"factor": "logistics", "points": 6.67, "max": 10, "detail": [
                    {"fact": "rate_within_budget", "asked": null, "has": true},
                    {"fact": "overlap_hours", "asked": 4.0, "has": 5.0},
                    {"fact": "days_free_before_start", "asked": 0, "has": 7}]},
                // 5 × (3 + 2)/(4 + 4) = 3.125, half-up
                {"factor": "track_record", "points": 3.13, "max": 5, "detail": [
                    {"fact": "trials_ended_well", "asked": 4, "has": 3}]},
                // 3 × 3/4
                {"factor": "responsiveness", "points": 2.25, "max": 3, "detail": [
                    {"fact": "answered_within_48_hours", "asked": 4, "has": 3}]}],
            "missing": ["postgresql: asked 3, has mysql 4 instead", "grpc: asked 3, has 2", "kafka: asked 4, has none"]
        }],
        "pool": 5,
        "gates": [
            {"gate": "must_skills", "removed": 1},
            {"gate": "seniority", "removed": 2, "only_this": 1},
            {"gate": "hours", "removed": 0, "only_this": 0},
            {"gate": "start", "removed": 0, "only_this": 0},
            {"gate": "overlap", "removed": 0, "only_this": 0},
            {"gate": "rate", "removed": 1, "only_this": 1},
            {"gate": "languages", "removed": 0, "only_this": 0},
            {"gate": "country", "removed": 0, "only_this": 0}],
        "total": 1,
        "scoring_version": "1"
    });
    assert_eq!(answer(&ledger_request(), &[unskilled, dear_junior, known, skilled, dear]), expected);
}

/// The points of every factor in hundredths, their sum, and the confidence.
fn scored(request: &Request, candidate: &Candidate) -> ([u32; 8], u32, Confidence) {
    let rules = sample::rules();
    let score = Score::of(&Question::new(request, &rules, sample::today()), candidate);
    let points: Vec<u32> = score.factors().map(|(_, points)| points.hundredths()).collect();
    (points.try_into().unwrap(), score.total().hundredths(), score.confidence(&rules))
}

#[test]
fn what_is_not_stated_gives_half_and_lowers_confidence() {
    let silent = Candidate { available_from: None, ..sample::candidate(1).claims("go", 4, 0.0).claims("postgresql", 3, 0.0) };
    // Evidence 20 × 0.3; logistics 10 × (1 + 1 + 1/2)/3, all eight hours being shared; 33.33 points are not stated.
    let expected = ([2500, 0, 600, 600, 500, 833, 250, 150], 5433, Confidence::Low);
    assert_eq!(scored(&ledger_request(), &silent), expected);
    let domains = Candidate { domains: sample::texts(&["payments", "logistics"]), ..silent.clone() };
    let expected = ([2500, 0, 600, 600, 1000, 833, 250, 150], 5933, Confidence::Medium);
    assert_eq!(scored(&ledger_request(), &domains), expected, "23.33 points are not stated");
    let invited =
        Candidate { accepted_invitations: sample::request().id.into_iter().collect(), available_from: Some(sample::today()), ..domains };
    // Eleven of the fourteen days that count: 10 × (1 + 1 + 11/14)/3 = 9.286.
    let expected = ([2500, 0, 600, 1200, 1000, 929, 250, 150], 6629, Confidence::High);
    assert_eq!(scored(&ledger_request(), &invited), expected, "only the 8 points of the history are not stated");
}

#[test]
fn what_is_not_asked_gives_all() {
    let responsive = Responsiveness { asked: 10, answered_within_48h: 10 };
    let candidate =
        Candidate { responsiveness: responsive, accepted_invitations: sample::request().id.into_iter().collect(), ..sample::candidate(1) };
    let request = Request { overlap_hours: 0.0, ..sample::request() };
    assert_eq!(scored(&request, &candidate), ([2500, 1500, 2000, 1200, 1000, 1000, 250, 300], 9750, Confidence::High));
    // Cheaper is not better, more overlap than anybody could have is not asked, and nobody loses by another country.
    let other = Candidate { rate: sample::money(1_000, "USD"), country: None, ..candidate.clone() };
    assert_eq!(scored(&request, &other), scored(&request, &candidate));
    let all_day = Request { overlap_hours: 8.0, ..request };
    assert_eq!(scored(&all_day, &candidate).1, 9750);
    let nice_only = all_day.asks(sample::nice("go", 3));
    assert_eq!(scored(&nice_only, &candidate).0[..3], [2500, 0, 0], "none of the asked skills is there, nor shown");
}

/// `cargo test --release --lib -- --ignored --nocapture explaining`: what a page of matches costs once the engine has answered.
#[test]
#[ignore = "a measurement"]
fn explaining_twenty_takes_microseconds() {
    let (request, rules) = (ledger_request(), sample::rules());
    let shown = |number| {
        let skilled = sample::candidate(number).claims("go", 4, 8.0).claims("mysql", 4, 5.0).claims("grpc", 2, 1.0);
        Candidate { seniority: Some(Seniority::Senior), ..skilled.verified("go", 5, "2026-08-12", "2027-09-16") }
    };
    let pool: Vec<Candidate> = (1..=20).map(shown).collect();
    let times = 2_000_u32;
    let begun = std::time::Instant::now();
    for _ in 0..times {
        let question = Question::new(&request, &rules, sample::today());
        let data: Vec<_> = pool
            .iter()
            .map(|candidate| {
                let score = Score::of(&question, candidate);
                let ranked = crate::matching::ranking::Ranked { candidate, score };
                explain(&question, &ranked, json!(null))
            })
            .collect();
        std::hint::black_box(serde_json::to_string(&data).unwrap());
    }
    println!("twenty matches scored, explained and written: {:?}", begun.elapsed() / times);
}
