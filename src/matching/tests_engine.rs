//! The engine against the reference: the same answer to every question, whatever was put in, changed and taken out before.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::kernel::ids::DeveloperId;
use crate::kernel::ids::JobRequestId;
use crate::kernel::ids::OrganizationId;
use crate::kernel::words::Word as _;
use crate::matching::domain::Candidate;
use crate::matching::domain::Request;
use crate::matching::engine::Engine;
use crate::matching::engine_ask::Ask;
use crate::matching::engine_ask::Found;
use crate::matching::engine_best::Best;
use crate::matching::facets::Facets;
use crate::matching::gates::Gate;
use crate::matching::gates::Tally;
use crate::matching::gates::Verdict;
use crate::matching::percolation::Percolator;
use crate::matching::properties::candidates;
use crate::matching::properties::requests;
use crate::matching::ranking::rank;
use crate::matching::ratio::Points;
use crate::matching::rules::Question;
use crate::matching::rules::Rules;
use crate::matching::rules::Substitutes;
use crate::matching::sample;
use crate::matching::search::Search;
use crate::matching::search::search;

/// Something that happens to the pool.
#[derive(Debug, Clone)]
enum Event {
    Put(Box<Candidate>),
    Remove(DeveloperId),
    Rebuild,
}

type Pool = BTreeMap<DeveloperId, Candidate>;

fn id(number: u8) -> DeveloperId {
    DeveloperId::from_u128(number.into())
}

fn blocking() -> OrganizationId {
    OrganizationId::from_u128(1)
}

/// Candidates of whom some have more than fits the packed form, and years in parts.
fn wide() -> impl Strategy<Value = Candidate> {
    let many = (prop::bool::weighted(0.15), prop::bool::weighted(0.15), 0..10_u8, prop::bool::weighted(0.1));
    (candidates(), many).prop_map(|(mut candidate, (skills, domains, tenth, unknown_currency))| {
        for claimed in candidate.skills.values_mut() {
            claimed.years += f64::from(tenth) / 10.0 + 0.03;
        }
        if skills {
            candidate = (0..18).fold(candidate, |all, number| all.claims(&format!("filler-{number}"), 1 + number % 5, 1.0));
        }
        if domains {
            candidate.domains.extend((0..8).map(|number| format!("domain-{number}")));
        }
        if unknown_currency {
            candidate.rate = sample::money(5_000, "CHF");
        }
        candidate
    })
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let put = (1..=40_u8, wide()).prop_map(|(number, candidate)| Event::Put(Box::new(Candidate { developer_id: id(number), ..candidate })));
    vec(prop_oneof![12 => put, 3 => (1..=40_u8).prop_map(|number| Event::Remove(id(number))), 1 => Just(Event::Rebuild)], 0..90)
}

fn play(events: &[Event]) -> (Engine, Pool) {
    let (mut engine, mut pool) = (Engine::new(Arc::new(sample::rules())), Pool::new());
    engine.block(blocking(), [id(3), id(4), id(99)]);
    events.iter().for_each(|event| happen(event, &mut engine, &mut pool));
    assert_eq!(engine.len(), pool.len());
    (engine, pool)
}

fn happen(event: &Event, engine: &mut Engine, pool: &mut Pool) {
    match event {
        Event::Put(candidate) => {
            engine.put(candidate, sample::today()).unwrap();
            pool.insert(candidate.developer_id, (**candidate).clone());
        }
        Event::Remove(id) => {
            engine.remove(*id);
            pool.remove(id);
        }
        Event::Rebuild => *engine = engine.rebuilt().unwrap(),
    }
}

/// The reference's answer.
fn expected(ask: &Ask<'_>, pool: &Pool) -> Found {
    let blocked = |id: &DeveloperId| ask.organization.is_some() && [3, 4, 99].map(self::id).contains(id);
    let pool: Vec<Candidate> = pool.values().filter(|each| !blocked(&each.developer_id)).cloned().collect();
    let accepted = |each: &Candidate| ask.request.id.filter(|_| ask.invited.contains(&each.developer_id)).into_iter().collect();
    let pool: Vec<Candidate> = pool.into_iter().map(|each| Candidate { accepted_invitations: accepted(&each), ..each }).collect();
    let rules = sample::rules();
    let ranking = rank(ask.request, &pool, &rules, ask.today);
    let best = ranking.passing.iter().map(|each| Best { developer: each.candidate.developer_id, score: each.score.total() });
    let best = best.filter(|best| best.score >= ask.min_score).take(ask.limit).collect();
    let facets = ask.facets.then(|| Facets::of(ranking.passing.iter().map(|each| each.candidate), ask.today));
    let tally = if ask.gates { ranking.tally } else { Tally::of(ranking.tally.pool, ranking.tally.total, [0; 8], [0; 8]) };
    Found { best, tally, facets }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_engine_answers_like_the_reference(
        events in events(), requests in vec(requests(), 1..4), limit in 0..12_usize, least in prop_oneof![Just(0), 4_000..7_000_u32],
        blocks: bool, gates: bool, facets: bool, year in 0..2_i64,
    ) {
        let (engine, pool) = play(&events);
        for request in &requests {
            let min_score = Points::from_hundredths(least);
            let organization = blocks.then(blocking);
            let today = crate::kernel::zone::add_days(sample::today(), year * 10);
            let ask = Ask { request, organization, invited: &[id(5), id(6), id(77)], today, limit, min_score, gates, facets };
            prop_assert_eq!(engine.find(&ask), expected(&ask, &pool));
        }
    }

    #[test]
    fn an_answer_that_stands_is_what_would_be_found_anew(
        events in events(), late in events(), requests in vec(requests(), 1..4), limit in 0..8_usize, least in prop_oneof![Just(0), 4_000..7_000_u32],
        gates: bool, rarely in 1..6_usize,
    ) {
        let (mut engine, mut pool) = play(&events);
        let saved = |(number, request)| Request { id: Some(JobRequestId::from_u128(number)), ..request };
        let requests: Vec<Request> = (1..).zip(requests).map(saved).collect();
        let min_score = Points::from_hundredths(least);
        for (turn, event) in late.iter().enumerate() {
            happen(event, &mut engine, &mut pool);
            for (number, request) in requests.iter().enumerate().filter(|(number, _)| (turn + number) % rarely == 0) {
                let organization = (number > 0).then(blocking);
                let ask = Ask { request, organization, invited: &[id(5), id(6), id(77)], today: sample::today(), limit, min_score, gates, facets: false };
                prop_assert_eq!(engine.answer(&ask), expected(&ask, &pool));
            }
        }
    }

    #[test]
    fn a_search_finds_like_the_reference(
        events in events(), request in requests(), asked in prop::sample::subsequence(Gate::ALL, 0..8), before in prop::option::of(1..=40_u8),
        domains in vec(prop::sample::select(&["payments", "Gaming", "nowhere"][..]), 0..3), limit in 1..10_usize,
    ) {
        let (engine, pool) = play(&events);
        let request = if asked.contains(&Gate::MustSkills) { request } else { Request { skills: Vec::new(), ..request } };
        let domains = domains.into_iter().map(str::to_owned).collect();
        let question = Search { request, asked, domains, before: before.map(id), limit };
        prop_assert_eq!(engine.search(&question), search(&question, pool.values(), &sample::rules(), sample::today()));
    }

    #[test]
    fn percolation_finds_what_each_request_would(events in events(), late in events(), requests in vec(requests(), 0..12)) {
        let (mut engine, mut pool) = play(&events);
        let mut percolator = Percolator::default();
        for (number, request) in (1..).zip(&requests) {
            percolator.put(JobRequestId::from_u128(number), OrganizationId::from_u128(number % 3), request.clone(), &engine);
        }
        // Words that nobody had when the requests were registered.
        for event in &late {
            if let Event::Put(candidate) = event {
                engine.put(candidate, sample::today()).unwrap();
                pool.insert(candidate.developer_id, (**candidate).clone());
            }
        }
        let rules = sample::rules();
        for candidate in pool.values() {
            let fits = |(number, request): &(u128, &Request)| {
                let blocked = number % 3 == 1 && [3, 4].map(id).contains(&candidate.developer_id);
                !blocked && Verdict::of(&Question::new(request, &rules, sample::today()), candidate) == Verdict::Passes
            };
            let fitting = (1..).zip(&requests).filter(fits).map(|(number, _)| JobRequestId::from_u128(number));
            let fitting: Vec<JobRequestId> = fitting.collect::<Vec<_>>().into_iter().rev().collect();
            prop_assert_eq!(&percolator.fits(&engine, candidate.developer_id), &fitting);
            prop_assert_eq!(percolator.fits_one_by_one(&engine, candidate.developer_id), fitting);
        }
    }
}

#[test]
fn an_answer_stands_for_its_own_question_only() {
    let mut engine = Engine::new(Arc::new(sample::rules()));
    for number in 1..=20 {
        engine.put(&sample::candidate(number).claims("go", 4, 2.0), sample::today()).unwrap();
    }
    let request = sample::request().asks(sample::must("go", 3));
    let changed = sample::request().asks(sample::must("go", 5));
    let ask = |request, organization, invited| Ask {
        request,
        organization,
        invited,
        today: sample::today(),
        limit: 4,
        min_score: Points::default(),
        gates: true,
        facets: false,
    };
    let (invited, tomorrow) = ([id(9)], crate::kernel::zone::add_days(sample::today(), 1));
    let questions = [
        ask(&request, None, &[]),
        ask(&request, None, &invited),
        ask(&changed, None, &[]),
        ask(&request, Some(blocking()), &[]),
        Ask { facets: true, ..ask(&request, None, &[]) },
        Ask { today: tomorrow, ..ask(&request, None, &[]) },
    ];
    let ask_all = |engine: &Engine| questions.iter().for_each(|ask| assert_eq!(engine.answer(ask), engine.find(ask), "{ask:?}"));
    ask_all(&engine);
    engine.block(blocking(), [id(1), id(2)]);
    ask_all(&engine);
    engine.set_rules(Arc::new(Rules { substitutes: Substitutes::default(), ..sample::rules() }));
    ask_all(&engine);
}

#[test]
fn what_is_due_is_known_and_forgotten() {
    use crate::kernel::clock::Instant;
    let until = |number: u8, micros: i64| Candidate { right_until: Some(Instant::from_micros(micros)), ..sample::candidate(number.into()) };
    let mut engine = Engine::new(Arc::new(sample::rules()));
    assert_eq!(engine.due(), None);
    for candidate in [until(1, 500), until(2, 300), sample::candidate(3)] {
        engine.put(&candidate, sample::today()).unwrap();
    }
    assert_eq!(engine.due(), Some(Instant::from_micros(300)));
    assert_eq!(engine.overdue(Instant::from_micros(299)), []);
    assert_eq!(engine.overdue(Instant::from_micros(300)), [id(2)]);
    engine.put(&until(2, 700), sample::today()).unwrap();
    assert_eq!(engine.due(), Some(Instant::from_micros(500)));
    engine.remove(id(1));
    assert_eq!(engine.due(), Some(Instant::from_micros(700)));
    assert_eq!(engine.rebuilt().unwrap().due(), Some(Instant::from_micros(700)));
    engine.remove(id(2));
    assert_eq!((engine.due(), engine.len()), (None, 1));
}

#[test]
fn many_changes_ask_for_a_rebuild_which_changes_no_answer() {
    let mut engine = Engine::new(Arc::new(sample::rules()));
    for round in 0..3_u8 {
        for number in 1..=600 {
            let slugs = ["go", "grpc", "kafka"];
            engine.put(&sample::candidate(number).claims(slugs[usize::from(round)], 4, 2.0), sample::today()).unwrap();
        }
    }
    assert!(engine.wants_rebuild() && engine.dead() == 1_200);
    let request = sample::request().asks(sample::must("kafka", 3));
    let ask = Ask {
        request: &request,
        organization: None,
        invited: &[],
        today: sample::today(),
        limit: 50,
        min_score: Points::default(),
        gates: true,
        facets: true,
    };
    let rebuilt = engine.rebuilt().unwrap();
    assert_eq!((rebuilt.dead(), rebuilt.len()), (0, 600));
    assert_eq!(rebuilt.find(&ask), engine.find(&ask));
    assert!(rebuilt.memory_bytes() < engine.memory_bytes());
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let mut engine = Engine::new(Arc::new(sample::rules()));
    let tireless = Candidate { hours_per_week: 300, ..sample::candidate(1) };
    let refused = engine.put(&tireless, sample::today()).unwrap_err();
    assert_eq!(refused.cause.as_deref(), Some("the matching engine has no room for this number of hours per week"));
    assert!(engine.is_empty());
}
