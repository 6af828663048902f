//! People, their organisations, their sessions, and what they are told about them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::kernel::clock::Instant;
use crate::kernel::email::Email;
use crate::kernel::ids::{DeveloperId, OrganizationId, SessionId, UserId};
use crate::kernel::principal::Role;
use crate::kernel::zone::TimeZone;
use crate::words;

words! {
    /// Whether a person may sign in.
    pub enum AccountStatus {
        /// Yes.
        Active => "active",
        /// Not until an admin says so.
        Suspended => "suspended",
    }
}

words! {
    /// What a member of an organisation may do to it.
    pub enum MemberRole {
        /// Invites and removes members, changes its name.
        Owner => "owner",
        /// Acts for it.
        Member => "member",
    }
}

words! {
    /// What a code in a mail proves, and only that.
    pub enum TokenPurpose {
        /// That the address is the person's own.
        VerifyEmail => "verify_email",
        /// That the person asked for a new password.
        ResetPassword => "reset_password",
        /// That an organisation invited the holder.
        Invitation => "invitation",
    }
}

words! {
    /// Why a person's data is erased.
    pub enum ErasureCause {
        /// The person asked for it; the account is closed at once.
        Asked => "asked",
        /// Nobody has seen the person for long.
        Idle => "idle",
    }
}

/// A person whose data is to be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeavingPerson {
    /// Who.
    pub user: UserId,
    /// Why.
    pub cause: ErasureCause,
    /// Since when.
    pub asked_at: Instant,
    /// When it is done.
    pub due_at: Instant,
}

/// A person as the house knows them.
#[derive(Clone)]
pub struct User {
    /// The person.
    pub id: UserId,
    /// Where mail goes.
    pub email: Email,
    /// How they are called.
    pub name: String,
    /// What they are here for.
    pub role: Role,
    /// Whether they may sign in.
    pub status: AccountStatus,
    /// In which zone their mails show times.
    pub time_zone: TimeZone,
    /// A PHC string; none until a password was chosen.
    pub password_hash: Option<String>,
    /// When the address was proved.
    pub verified_at: Option<Instant>,
    /// Grows with every change.
    pub version: i64,
    /// Since when.
    pub created_at: Instant,
}

impl fmt::Debug for User {
    /// Without the password's hash, and without what tells who it is.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, role, status, version, .. } = self;
        let mut shown = formatter.debug_struct("User");
        shown.field("id", id).field("role", role).field("status", status).field("version", version).finish_non_exhaustive()
    }
}

impl User {
    /// Whether this person may sign in at all.
    pub fn may_sign_in(&self) -> bool {
        self.status == AccountStatus::Active && self.verified_at.is_some()
    }

    /// Whether a mail may let this person choose a password: also the first one of an account that was made for them.
    pub fn may_reset_password(&self) -> bool {
        self.status == AccountStatus::Active && (self.verified_at.is_some() || self.password_hash.is_none())
    }
}

/// An organisation that a person acts for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Membership {
    /// The organisation.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// What the person may do to it.
    pub role: MemberRole,
}

/// A person, as they see themselves.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Me {
    /// The person.
    pub id: UserId,
    /// Where mail goes.
    pub email: Email,
    /// How they are called.
    pub name: String,
    /// What they are here for.
    pub role: Role,
    /// In which zone mails show times.
    pub time_zone: TimeZone,
    /// The organisation that a client acts for.
    #[schema(required = true)]
    pub organization: Option<Membership>,
    /// Since when.
    pub created_at: Instant,
    /// Grows with every change; the `ETag`.
    pub version: i64,
}

/// A person, as admins see them.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct UserView {
    /// The person.
    pub id: UserId,
    /// Where mail goes.
    pub email: Email,
    /// How they are called.
    pub name: String,
    /// What they are here for.
    pub role: Role,
    /// Whether they may sign in.
    pub status: AccountStatus,
    /// When the address was proved.
    #[schema(required = true)]
    pub verified_at: Option<Instant>,
    /// The organisation that a client acts for.
    #[schema(required = true)]
    pub organization_id: Option<OrganizationId>,
    /// The developer that a person is who has written a profile.
    #[schema(required = true)]
    pub developer_id: Option<DeveloperId>,
    /// Since when.
    pub created_at: Instant,
}

/// Which people to list; what is `None` does not narrow.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    /// Here for what.
    pub role: Option<Role>,
    /// Whether they may sign in.
    pub status: Option<AccountStatus>,
    /// With which address.
    pub email: Option<Email>,
}

/// A signed-in session.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct SessionView {
    /// The session.
    pub id: SessionId,
    /// The browser or program, as it named itself.
    pub client: String,
    /// When it began.
    pub created_at: Instant,
    /// When its tokens were last renewed.
    pub last_used_at: Instant,
    /// When it ends at the latest.
    pub ends_at: Instant,
    /// Whether this is the session that asks.
    pub current: bool,
}

/// An organisation, as its members see it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct OrganizationView {
    /// The organisation.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Grows with every change; the `ETag`.
    pub version: i64,
}

/// A member of an organisation.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct MemberView {
    /// The person.
    pub id: UserId,
    /// How they are called.
    pub name: String,
    /// Where mail goes.
    pub email: Email,
    /// What they may do to the organisation.
    pub role: MemberRole,
    /// Since when.
    pub joined_at: Instant,
}

/// What a sign-in or a refresh gives.
#[derive(Serialize, utoipa::ToSchema)]
pub struct TokenPair {
    /// Send it as `Authorization: Bearer …`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// Seconds that the access token is good for.
    pub expires_in: i64,
    /// Exchange it for a new pair at `/v1/auth/refresh`; good once.
    pub refresh_token: String,
}

/// Whether an account asks for a second factor.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct SecondFactorView {
    /// Whether sign-ins ask for one.
    pub enabled: bool,
    /// Since when.
    #[schema(required = true)]
    pub since: Option<Instant>,
    /// How many recovery codes are left.
    pub recovery_codes_left: i64,
    /// Whether this account must have one: admins, where the house says so.
    pub required: bool,
}

/// What an authenticator app needs; shown once.
#[derive(Serialize, utoipa::ToSchema)]
pub struct NewSecondFactor {
    /// The secret in Base32, to be typed.
    #[schema(examples("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"))]
    pub secret: String,
    /// The same with its settings, to be shown as a QR code.
    #[schema(examples("otpauth://totp/Guildhall:somebody%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Guildhall"))]
    pub otpauth_uri: String,
}

/// Recovery codes; shown once.
#[derive(Serialize, utoipa::ToSchema)]
pub struct RecoveryCodes {
    /// Each is good for one sign-in, in place of a code of the app.
    #[schema(examples("ABCD-EFGH-IJKL-MNOP"))]
    pub recovery_codes: Vec<String>,
}

/// Sign-up.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Where mail goes; proved by a link before the first sign-in.
    pub email: Email,
    /// 8 to 128 characters of any kind, not easy to guess.
    #[schema(value_type = String, min_length = 8, max_length = 128, examples("several unrelated words"))]
    pub password: secrecy::SecretString,
    /// What the person is here for.
    pub role: SignUpRole,
    /// How the person is called.
    #[schema(format = "line", max_length = 120)]
    pub name: String,
    /// For clients: the name of the organisation; the person's own where absent.
    #[schema(format = "line", max_length = 120)]
    pub organization_name: Option<String>,
}

words! {
    /// Roles that one can sign up for; admins are made by admins.
    pub enum SignUpRole { Client => "client", Developer => "developer" }
}

impl From<SignUpRole> for Role {
    fn from(role: SignUpRole) -> Self {
        match role {
            SignUpRole::Client => Self::Client,
            SignUpRole::Developer => Self::Developer,
        }
    }
}

/// An admin, as the command line lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminLine {
    /// Where mail goes.
    pub email: Email,
    /// How they are called.
    pub name: String,
    /// Whether they may sign in.
    pub status: AccountStatus,
    /// Whether a second factor is asked for.
    pub second_factor: bool,
    /// Since when they are here.
    pub created_at: Instant,
}

/// What a person may change about themselves.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeBody {
    /// How they are called.
    #[schema(format = "line", max_length = 120)]
    pub name: String,
    /// In which zone mails show times.
    pub time_zone: TimeZone,
}

/// What an owner may change about an organisation.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganizationBody {
    /// Its name.
    #[schema(format = "line", max_length = 120)]
    pub name: String,
}
