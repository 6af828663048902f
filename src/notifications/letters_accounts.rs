//! The words of the mails about accounts.

use crate::kernel::clock::Instant;
use crate::kernel::scope::Scope;
use crate::kernel::words::Word as _;
use crate::kernel::zone::TimeZone;
use crate::notifications::domain::Letter;
use crate::notifications::letters::{Composed, name};
use crate::notifications::moments::moment;

pub(super) fn verify_email() -> Composed {
    Composed::new("Verify your e-mail", "Please confirm that this address is yours. The link works once, within 24 hours.")
        .say("If you did not register at Guildhall, you need not do anything: without the link nothing happens.")
}

pub(super) fn already_registered() -> Composed {
    Composed::new("You already have an account", "Somebody, probably you, tried to register at Guildhall with this address.")
        .say("You already have an account with it: sign in, or ask for a new password if you have forgotten yours.")
        .say("If it was not you, you need not do anything. Your account has not changed.")
}

pub(super) fn reset_password() -> Composed {
    Composed::new("Reset your password", "Somebody, probably you, asked for a new password. The link works once, within 30 minutes.")
        .say("If it was not you, you need not do anything. Your password has not changed.")
}

pub(super) fn password_changed() -> Composed {
    Composed::new("Your password was changed", "The password of your account was changed, and every other session was signed out.")
        .say(NOT_YOU)
}

pub(super) fn session_reuse() -> Composed {
    Composed::new("You were signed out", "A sign-in of yours was used again after it had been replaced. Somebody may have copied it.")
        .say("To be safe, we have signed out that session. Sign in again; if you suspect anything, change your password too.")
}

/// What to do for whoever did not do what the mail is about.
const NOT_YOU: &str = "If it was not you, ask for a new password at once: that signs out everybody who is signed in to your account.";

/// The person switched it on, or off.
pub(super) fn second_factor(letter: &Letter) -> Composed {
    if matches!(letter, Letter::SecondFactorOn) { second_factor_on() } else { second_factor_off() }
}

fn second_factor_on() -> Composed {
    Composed::new("Your second factor is on", "From now on signing in takes your password and a code of your authenticator app.")
        .say("Every other session was signed out. Keep your recovery codes where you find them without your phone.")
        .say(NOT_YOU)
}

fn second_factor_off() -> Composed {
    Composed::new("Your second factor is off", "From now on signing in takes your password alone.").say(NOT_YOU)
}

pub(super) fn second_factor_reset() -> Composed {
    Composed::new("Your second factor was removed", "We have taken the second factor off your account, and signed out every session.")
        .say("Sign in with your password and set up your authenticator app anew. If you did not ask for this, tell us at once.")
}

pub(super) fn recovery_code_used(left: i64) -> Composed {
    let left = match left {
        0 => "None is left: make new ones now.".to_owned(),
        1 => "One is left: make new ones soon.".to_owned(),
        many => format!("{many} are left."),
    };
    Composed::new("A recovery code was used", "Somebody, probably you, signed in with one of your recovery codes. It is used up.")
        .say(&left)
        .say(NOT_YOU)
}

pub(super) fn recovery_codes_renewed() -> Composed {
    Composed::new("You have new recovery codes", "New recovery codes were made for your account. The earlier ones are no longer good.")
        .say(NOT_YOU)
}

/// A way to sign in was added, or taken away.
pub(super) fn identity(letter: &Letter, provider: &str) -> Composed {
    if matches!(letter, Letter::IdentityLinked { .. }) { identity_linked(provider) } else { identity_unlinked(provider) }
}

fn identity_linked(provider: &str) -> Composed {
    let provider = name(provider);
    let first = format!("From now on you can also sign in to your account with {provider}.");
    Composed::new(&format!("You can sign in with {provider} now"), &first).say(
        "If it was not you, have a link to choose a new password sent to you (\u{201c}Forgot password\u{201d}): \
            that signs everybody out, and takes this way of signing in off again.",
    )
}

fn identity_unlinked(provider: &str) -> Composed {
    let provider = name(provider);
    let first = format!("From now on you can no longer sign in to your account with {provider}.");
    Composed::new(&format!("You no longer sign in with {provider}"), &first).say(NOT_YOU)
}

pub(super) fn invitation(organization: Option<&str>) -> Composed {
    let inviter = organization.map(name).filter(|inviter| !inviter.is_empty()).unwrap_or_else(|| "Guildhall".to_owned());
    let team = if organization.is_some() { "its members" } else { "its admins" };
    Composed::new(&format!("Invitation from {inviter}"), &format!("{inviter} invites you to join {team} at Guildhall."))
        .say("The link works once. If you do not know who invites you, you need not do anything.")
}

pub(super) fn set_password() -> Composed {
    Composed::new("Choose your password", "An account at Guildhall was made for you. Choose a password to sign in for the first time.")
        .say("The link works once. If you did not expect this mail, you need not do anything.")
}

pub(super) fn account_closed(erased_by: Instant, own: TimeZone) -> Composed {
    let first = "As you asked, your account is closed and every session is signed out. Your data is being erased.";
    Composed::new("Your account is closed", first)
        .fact("Erased by", &moment(erased_by, own, None))
        .say("What others share with you, such as contracts and hours, stays with them, without your name and address.")
        .say("If it was not you who asked, tell whoever runs this Guildhall at once: after that day nobody can bring it back.")
}

pub(super) fn keep_data(erased_on: Instant, own: TimeZone) -> Composed {
    let first = "You have not been here for a long time. We keep nobody's data without need: shall we keep yours?";
    Composed::new("Shall we keep your data?", first)
        .fact("Erased on", &moment(erased_on, own, None))
        .say("One click keeps everything as it is. If you would rather leave, you need not do anything.")
}

pub(super) fn organization_passed(organization: &str) -> Composed {
    let organization = name(organization);
    let first = format!("The owner of {organization} has left Guildhall. You have acted for it the longest, so you are its owner now.");
    Composed::new(&format!("You are the owner of {organization} now"), &first)
        .say("Owners invite and remove members, and rename the organisation.")
}

pub(super) fn api_key_made([key, maker]: [&str; 2], scopes: &[String], expires_at: Instant, own: TimeZone) -> Composed {
    let (key, maker) = (name(key), name(maker));
    let first = format!("Your organisation has a new API key. Programs that have it act for {maker}, who made it, as far as this goes:");
    let scopes: Vec<String> = scopes.iter().map(|scope| format!("\u{2013} {}", meaning(scope))).collect();
    Composed::new(&format!("A new API key: {key}"), &first)
        .say(&scopes.join("\n"))
        .say("If none of you wanted it, take it away: it opens nothing from then on. Whoever made it should then choose a new password.")
        .fact("For", &key)
        .fact("Made by", &maker)
        .fact("Good until", &moment(expires_at, own, None))
        .leads_to("See your API keys", "api-keys".to_owned())
}

/// What a scope opens, in words; of one that another release knows, its name.
fn meaning(scope: &str) -> String {
    Scope::parse(scope).map_or_else(|| name(scope), |scope| scope.about().to_owned())
}
