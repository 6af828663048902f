//! What examples say that the name of a member does not tell: what follows from the thing that it belongs to.

use serde_json::{Value, json};

use crate::web::samples_after::{next, what_is_next};

/// What is said with or in a thing; to most steps little has to be said.
const MESSAGES: &[(&str, &str)] = &[
    ("AcceptInvitation", "Gladly; any of these times suits me."),
    ("AppealDecision", "Another admin has read the assessment again, and comes to the same result."),
    ("AppealView", "The assessment was of another version of the repository."),
    ("CheckIn", "The first service is live."),
    ("CheckInAnswer", "The first service is live."),
    ("Conversion", "We would like you to stay for good."),
    ("ConversionOffer", "We would like you to stay for good."),
    ("DeclineInvitation", "I am taken until spring."),
    ("InvitationView", "Your streaming work fits our ledger. May we talk?"),
    ("Message", "We would like to hear more about the ledger."),
    ("NewAdmin", "Takes part in vetting from now on."),
    ("NewMessage", "We would like to hear more about the ledger."),
    ("NewReview", "Careful work, and clear words about what was hard."),
    ("Report", "Asked me to be paid past the house."),
    ("ReportReceipt", "Asked me to be paid past the house."),
    ("ReviewView", "Careful work, and clear words about what was hard."),
    ("SheetQuery", "Which part of the import took the whole of Tuesday?"),
    ("SheetReply", "The import failed twice; the log is in the repository."),
];

/// What `thing` says in `member`; none where the name of the member tells.
pub fn member(thing: &str, member: &str) -> Option<Value> {
    if member == "message"
        && let Some((_, text)) = MESSAGES.iter().find(|(known, _)| *known == thing)
    {
        return Some(json!(text));
    }
    not_yet(thing, member)
        .or_else(|| allowed(thing, member))
        .or_else(|| event(thing, member))
        .or_else(|| counted(thing, member))
        .or_else(|| judged(thing, member))
}

/// What is empty at the beginning of a thing's life, in which the examples show it.
fn not_yet(thing: &str, member: &str) -> Option<Value> {
    Some(match (thing, member) {
        ("TrialView", "reason_code" | "message" | "day")
        | ("OwnApplication", "reason_code" | "message" | "questions" | "answers" | "answer_by" | "stage")
        | ("ReviewedApplication", "reason_code" | "message" | "questions" | "answers" | "answer_by" | "vetted")
        | ("OwnVetting", "why" | "vetted" | "vetted_status" | "valid_until")
        | ("InvitationView", "reason_code" | "answered_at")
        | ("SheetView", "submitted_at" | "due_at" | "cap")
        | ("WebhookView" | "WebhookWithSecret", "disabled_because" | "failing_since" | "former_secret_until")
        | ("OwnVetted" | "FittingRequests" | "WhyMatched" | "GateAnswer", "reason")
        | ("OutboxMail", "sent_at")
        | ("AppealView", "answer")
        | ("Report", "note") => Value::Null,
        ("TrialView", "paused_days" | "extension_days")
        | ("ReviewedApplication", "hidden_scorecards")
        | ("JobRequestView", "seats_taken") => json!(0),
        ("OwnApplication", "passed_stages" | "skipped_stages")
        | ("ReviewedApplication", "skipped_stages")
        | ("OwnVetting", "verified_skills")
        | ("SheetView", "history") => json!([]),
        ("SheetView", "late") => json!(false),
        // The only day that is written down.
        ("SheetView", "hours") => json!(7.5),
        _ => return None,
    })
}

/// What can be done with a thing as the examples show it, and what is said of that.
fn allowed(thing: &str, member: &str) -> Option<Value> {
    Some(match (thing, member) {
        ("TrialView", "allowed_actions") => json!(["withdraw"]),
        ("TrialView", "what_is_next") => json!(what_is_next("offered")),
        ("TrialView", "next") => next("offered"),
        ("OwnApplication" | "OwnVetting", "allowed_actions") => json!(["submit", "withdraw"]),
        ("OwnApplication" | "OwnVetting", "next") => json!("Complete your profile, then submit the application."),
        ("ReviewedApplication", "state") => json!("profile_review"),
        ("ReviewedApplication", "allowed_actions") => json!(["ask", "hold", "reject"]),
        ("ReviewedVetted", "allowed_actions") => json!(["suspend", "revoke"]),
        ("OwnVetted", "allowed_actions") => json!([]),
        ("InvitationView", "allowed_actions") => json!(["accept", "decline", "message"]),
        ("JobRequestView", "allowed_actions") => json!(["open", "close"]),
        ("SheetView", "allowed_actions") => json!(["fill", "submit"]),
        _ => return None,
    })
}

/// A step of each lifecycle, taken by who can take it.
fn event(thing: &str, member: &str) -> Option<Value> {
    let (action, actor, from, to) = match thing {
        "EventView" => ("accept", "developer", Some("offered"), "scheduled"),
        "ApplicationEvent" => ("claim", "admin", Some("submitted"), "profile_review"),
        "VettedEventView" => ("approve", "admin", None, "approved"),
        _ => return None,
    };
    Some(match member {
        "action" => json!(action),
        "actor" => json!(actor),
        "from" => json!(from),
        "to" => json!(to),
        "reason_code" | "message" => Value::Null,
        _ => return None,
    })
}

/// Of a pool of 1204, 87 pass the gates; the points of a match add up to its score of 85.25.
fn counted(thing: &str, member: &str) -> Option<Value> {
    Some(match (thing, member) {
        ("WhyMatched", "gates") => {
            let gates = GATES.iter().map(|(gate, ..)| json!({ "gate": gate, "passes": true, "reason": null }));
            gates.collect()
        }
        (_, "gates") => GATES.iter().map(gate).collect(),
        (_, "factors") => factors(),
        ("Facets", "skills") => facet(&[("go", 87), ("postgresql", 61)]),
        ("Facets", "seniority") => facet(&[("senior", 52), ("staff", 35)]),
        ("Facets", "time_zones") => facet(&[("Europe/London", 48), ("Europe/Berlin", 39)]),
        ("Facets", "domains") => facet(&[("payments", 33)]),
        _ => return None,
    })
}

/// Each gate, how many it removed, and how many of them it alone.
const GATES: [(&str, u64, u64); 8] = [
    ("must_skills", 804, 0),
    ("seniority", 96, 31),
    ("hours", 90, 12),
    ("start", 27, 9),
    ("overlap", 41, 8),
    ("rate", 52, 20),
    ("languages", 5, 2),
    ("country", 2, 1),
];

fn gate((gate, removed, only): &(&str, u64, u64)) -> Value {
    match only {
        0 => json!({ "gate": gate, "removed": removed }),
        only => json!({ "gate": gate, "removed": removed, "only_this": only }),
    }
}

fn facet(counts: &[(&str, u64)]) -> Value {
    counts.iter().map(|(value, count)| json!({ "value": value, "count": count })).collect()
}

fn factors() -> Value {
    let go = json!({ "slug": "go", "asked": 3, "has": 3, "via": null, "verified": true });
    let grpc = |share: f64| json!({ "slug": "grpc", "asked": 3, "has": 2, "via": null, "verified": false, "share": share });
    let fact = |fact: &str, asked: Value, has: Value| json!({ "fact": fact, "asked": asked, "has": has });
    let factor =
        |name: &str, points: f64, max: u32, detail: Vec<Value>| json!({ "factor": name, "points": points, "max": max, "detail": detail });
    let interest = vec![
        fact("preferred_domains", json!(["payments"]), json!(["payments"])),
        fact("preferred_length", json!("medium"), json!(true)),
        fact("preferred_hours", json!(40), json!(true)),
    ];
    let logistics = vec![
        fact("rate_within_budget", Value::Null, json!(true)),
        fact("overlap_hours", json!(4), json!(6.0)),
        fact("days_free_before_start", json!(0), json!(14)),
    ];
    json!([
        factor("must_have_skills", 25.0, 25, vec![go.clone()]),
        factor("nice_to_have_skills", 10.0, 15, vec![grpc(0.6667)]),
        factor("evidence", 13.0, 20, vec![go, grpc(0.3)]),
        factor("developer_interest", 12.0, 12, interest),
        factor("domain", 10.0, 10, vec![fact("domains", json!(["payments"]), json!(["payments"]))]),
        factor("logistics", 8.5, 10, logistics),
        factor("track_record", 3.75, 5, vec![fact("trials_ended_well", json!(4), json!(4))]),
        factor("responsiveness", 3.0, 3, vec![fact("answered_within_48_hours", json!(10), json!(10))]),
    ])
}

fn judged(thing: &str, member: &str) -> Option<Value> {
    Some(match (thing, member) {
        // As many as an application for vetting needs.
        ("Profile" | "ProfilePatch" | "DeveloperProfile", "skills") => json!([
            { "slug": "go", "level": 4, "years": 6.5 },
            { "slug": "postgresql", "level": 3, "years": 5.0 },
            { "slug": "kubernetes", "level": 2, "years": 2.5 },
        ]),
        ("Criterion", "score") => json!("strong_yes"),
        ("Scorecard" | "ScorecardView", "recommendation") => json!("yes"),
        ("EventPayload", "data") => json!({ "trial_id": "trial_01j8000000e008000000000001", "state": "scheduled", "version": 2 }),
        ("Processes", "processes") => json!([process()]),
        _ => return None,
    })
}

/// One of the lifecycles, with one of its steps.
fn process() -> Value {
    let state = |state: &str, about: &str| json!({ "state": state, "about": about, "final": state == "closed" });
    let before = ["draft", "open", "paused", "filled"];
    let moves: Value = before.iter().map(|from| json!({ "from": from, "to": "closed" })).collect();
    json!({
        "name": "job_request", "about": "A client's job request.",
        "states": [
            state("draft", "Written, not yet shown to anybody."),
            state("open", "Looks for developers; trials can be offered."),
            state("paused", "Rests."),
            state("filled", "All its seats are taken."),
            state("closed", "Over."),
        ],
        "steps": [{
            "action": "close", "about": "End it for good.", "from": before, "by": ["client"], "to": "closed",
            "moves": moves, "outcome": null, "guards": [], "mails": [],
        }],
    })
}
