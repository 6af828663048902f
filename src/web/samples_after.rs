//! What an example of an answer says after the step that it tells of.

use serde_json::{Value, json};

/// When what has happened did.
const AT: &str = "2026-12-01T09:00:00Z";
const USER: &str = "user_01j8000000e008000000000001";

/// Changes an example of an answer to what it is after the step in which `path` ends.
pub fn after(path: &str, answer: &mut Value) {
    let (Some(members), Some(Value::Object(changes))) = (answer.as_object_mut(), step(path)) else { return };
    for (name, change) in changes {
        if let Some(member) = members.get_mut(&name) {
            *member = change;
        }
    }
}

fn step(path: &str) -> Option<Value> {
    let (thing, action) = path.rsplit_once('/')?;
    match thing {
        "/v1/trials/{id}" => trial(action),
        "/v1/trials/{id}/timesheets/{iso_week}" => timesheet(action),
        "/v1/vetting/applications/{id}" => application(action),
        "/v1/developers/{id}" => standing(action),
        "/v1/job-requests/{id}" => job_request(action),
        "/v1/invitations/{id}" => invitation(action),
        _ => sentence(path),
    }
}

fn sentence(path: &str) -> Option<Value> {
    let sentence = match path {
        "/v1/auth/register" => "We have sent you a mail. Open its link to verify your address.",
        "/v1/auth/verify-email" => "Your address is verified. You can sign in now.",
        "/v1/auth/verify-email/resend" => "If this address waits to be verified, a mail is on its way.",
        "/v1/auth/password/forgot" => "If this address has an account, a mail is on its way.",
        "/v1/auth/password/reset" => "Your password is changed. You can sign in with it now.",
        "/v1/auth/redeem-invitation" => "Welcome. You can sign in now.",
        "/v1/admin/invitations" | "/v1/organization/members" => "If this address can be invited, a mail is on its way.",
        "/v1/me" => "Your account is closed. Everything is erased by 2026-12-31.",
        "/v1/admin/reports/{id}/handle" => {
            let note = "Spoke with both; the message was a misunderstanding.";
            return Some(json!({ "state": "resolved", "note": note, "handled_by": USER, "handled_at": AT, "version": 2 }));
        }
        _ => return None,
    };
    Some(json!({ "message": sentence }))
}

fn trial(action: &str) -> Option<Value> {
    let running = json!(["pause", "amend", "extend", "offer-conversion", "end", "end-together"]);
    let (state, outcome, allowed) = match action {
        "counter" => ("countered", None, json!(["withdraw"])),
        "revise" | "replace" => ("offered", None, json!(["withdraw"])),
        "accept" => ("scheduled", None, json!(["cancel"])),
        "withdraw" => ("void", Some("withdrawn"), json!(["replace"])),
        "decline" => ("void", Some("declined"), json!([])),
        "cancel" => ("void", Some("cancelled_before_start"), json!(["replace"])),
        "pause" => ("paused", None, json!(["resume", "end", "end-together"])),
        "resume" | "agree" | "refuse" => ("active", None, running),
        "decline-conversion" => ("active", None, json!(["pause", "amend", "extend", "end", "end-together"])),
        "amend" | "extend" | "end-together" => ("active", None, json!(["pause", "offer-conversion", "end"])),
        "offer-conversion" => ("conversion_offered", None, json!(["end", "end-together"])),
        "accept-conversion" => ("ended", Some("converted"), json!([])),
        "end" => ("ended", Some("ended_by_client"), json!(["replace"])),
        "terminate" | "appeal" | "decide-appeal" => ("ended", Some("terminated_for_cause"), json!([])),
        _ => return None,
    };
    Some(json!({
        "state": state, "outcome": outcome, "allowed_actions": allowed, "version": 2,
        "next": next(state), "what_is_next": what_is_next(state),
    }))
}

/// What happens to a trial in this state, in a sentence.
pub fn what_is_next(state: &str) -> &'static str {
    match state {
        "offered" => "The developer accepts, declines, or answers with other terms; without an answer the offer expires.",
        "countered" => "The client accepts, declines, or answers with new terms; without an answer the offer expires.",
        "scheduled" => "The trial starts by itself on its first day. Until then either party can call it off.",
        "paused" => "Nobody works until the trial is resumed.",
        "conversion_offered" => "The developer answers the offer to go on for good.",
        "ended" => "The trial is over. If there is a last day of work ahead, work goes on until then.",
        "void" => "Nothing was agreed, or it was called off before the start. Nothing follows.",
        _ => "The trial runs until its days are over; then the parties decide how they go on.",
    }
}

/// Who does what next with a trial.
pub fn next(state: &str) -> Value {
    let (by, action, why) = match state {
        "offered" => ("developer", "accept", "The developer accepts, declines, or answers with other terms."),
        "countered" => ("client", "accept", "The client accepts, declines, or answers with new terms."),
        "scheduled" => ("system", "start", "Both have signed: it starts on its first day."),
        "active" => ("system", "trial-over", "Then its days are over and the parties decide."),
        "paused" => ("system", "resume", "Then the days that it may rest are used up."),
        "conversion_offered" => ("developer", "accept-conversion", "The developer answers the offer to go on for good."),
        _ => return json!([]),
    };
    json!([{ "by": [by], "action": action, "at": AT, "why": why }])
}

/// The steps of a timesheet up to this one, with who takes them and where they lead.
fn timesheet(action: &str) -> Option<Value> {
    let submit = ("submit", "developer", "submitted", None);
    let query = ("query", "client", "queried", Some("Which part of the import took the whole of Tuesday?"));
    let answer = ("answer", "developer", "answered", Some("The import failed twice; the log is in the repository."));
    let steps = match action {
        "submit" => vec![submit],
        "approve" => vec![submit, ("approve", "client", "approved", None)],
        "query" => vec![submit, query],
        "answer" => vec![submit, query, answer],
        "decide" => vec![submit, query, answer, ("decide", "admin", "decided", Some("The log shows the hours."))],
        _ => return None,
    };
    let state = steps.last().map(|(_, _, to, _)| *to);
    let allowed = if action == "query" { json!(["approve"]) } else { json!([]) };
    let history: Value = (2..)
        .zip(&steps)
        .map(|(version, (action, actor, to, message))| {
            json!({ "version": version, "action": action, "actor": actor, "user_id": USER, "to": to, "message": message, "at": AT })
        })
        .collect();
    let version = steps.len().saturating_add(1);
    Some(json!({ "state": state, "allowed_actions": allowed, "submitted_at": AT, "history": history, "version": version }))
}

fn application(action: &str) -> Option<Value> {
    let review = json!(["ask", "hold", "reject"]);
    let mut after = match action {
        "submit" => json!({
            "state": "submitted", "waits_for": "reviewer", "allowed_actions": ["withdraw"],
            "next": "A reviewer will take your application; there is nothing for you to do now.",
        }),
        "answer" => json!({
            "state": "profile_review", "stage": "profile_review", "waits_for": "reviewer", "allowed_actions": ["withdraw"],
            "next": "Your profile is being read; the screening call comes next.",
            "questions": "Which parts of the ledger did you write yourself?",
            "answers": "The ledger was written by two of us; the reconciliation is mine.",
        }),
        "withdraw" => json!({
            "state": "withdrawn", "waits_for": "nobody", "allowed_actions": ["reapply"],
            "next": "You withdrew this application; you can begin a new one.",
        }),
        "appeal" => json!({
            "state": "rejected", "waits_for": "reviewer", "allowed_actions": [], "reason_code": "skills_below_bar", "appeal": appeal(false),
            "next": "You can read the reason here; from the retry date on a new application is welcome.",
        }),
        "claim" | "release" => json!({ "state": "profile_review", "allowed_actions": review }),
        "advance" => json!({ "state": "screening_call", "stage": "screening_call", "allowed_actions": review }),
        "waive" => json!({
            "state": "technical_interview", "stage": "technical_interview", "allowed_actions": review,
            "skipped_stages": ["technical_assessment"],
        }),
        "ask" => json!({
            "state": "needs_info", "allowed_actions": [], "questions": "Which parts of the ledger did you write yourself?",
        }),
        "hold" => json!({ "state": "on_hold", "allowed_actions": ["release"] }),
        "approve" => json!({ "state": "approved", "stage": null, "allowed_actions": [] }),
        "reject" => json!({
            "state": "rejected", "stage": null, "allowed_actions": [], "reason_code": "skills_below_bar",
            "message": "The assessment shows less of concurrency than the work asks.",
        }),
        "decide-appeal" => json!({
            "state": "rejected", "stage": null, "allowed_actions": [], "reason_code": "skills_below_bar", "appeal": appeal(true),
        }),
        _ => return None,
    };
    after.as_object_mut()?.insert("version".to_owned(), json!(2));
    Some(after)
}

/// An appeal against a decision, which stands: what the example of a request for it says.
fn appeal(decided: bool) -> Value {
    let message = "The assessment was of another version of the repository.";
    if !decided {
        return json!({ "message": message, "made_at": AT, "outcome": null, "answer": null, "decided_at": null });
    }
    let answer = "Another admin has read the assessment again, and comes to the same result.";
    json!({ "message": message, "made_at": AT, "outcome": "upheld", "answer": answer, "decided_at": AT })
}

fn standing(action: &str) -> Option<Value> {
    let (status, allowed, appeal) = match action {
        "suspend" => ("suspended", json!(["reinstate", "revoke"]), Value::Null),
        "reinstate" => ("approved", json!(["suspend", "revoke"]), Value::Null),
        "revoke" => ("revoked", json!([]), Value::Null),
        "appeal" => ("suspended", json!([]), appeal(false)),
        "decide-appeal" => ("suspended", json!(["reinstate", "revoke"]), appeal(true)),
        _ => return None,
    };
    Some(json!({ "status": status, "allowed_actions": allowed, "appeal": appeal, "version": 2 }))
}

fn job_request(action: &str) -> Option<Value> {
    let (state, allowed) = match action {
        "open" => ("open", json!(["pause", "close"])),
        "pause" => ("paused", json!(["open", "close"])),
        "close" => ("closed", json!([])),
        _ => return None,
    };
    Some(json!({ "state": state, "allowed_actions": allowed, "version": 2 }))
}

fn invitation(action: &str) -> Option<Value> {
    let (state, allowed) = match action {
        "accept" => ("accepted", json!(["message"])),
        "decline" => ("declined", json!([])),
        _ => return None,
    };
    Some(json!({ "state": state, "allowed_actions": allowed, "answered_at": AT, "version": 2 }))
}
