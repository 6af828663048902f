//! Who may do what: the words of the matrix (`src/rights.rs`), and the gate that obeys it before a handler runs.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::web::Data;

use crate::kernel::error::{Error, Result};
use crate::kernel::principal::{Principal, Role};
use crate::kernel::scope::Scope;

/// Who asks, as far as rights depend on it; the columns of the matrix. "It" is what the path or the body names.
pub const COLUMNS: [&str; 8] = [
    "nobody signed in",
    "address not verified",
    "suspended",
    "client whose it is",
    "another client",
    "developer whose it is",
    "another developer",
    "admin",
];
/// Where the columns of each role begin and end.
const ROLES: [(Role, std::ops::Range<usize>); 3] = [(Role::Client, 3..5), (Role::Developer, 5..7), (Role::Admin, 7..8)];

/// What somebody gets who asks for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The operation, or what the state of things says to it.
    Allowed,
    /// 401: whoever is not signed in, is kept out, or has not verified the address (and so has no session).
    SignIn,
    /// 403: the role may not.
    Forbidden,
    /// 404, the same as for what is not there: it is somebody else's.
    NotFound,
}

use Access::{Allowed, Forbidden, NotFound, SignIn};

/// Who may do an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// In words, after "for".
    pub whom: &'static str,
    /// What each of [`COLUMNS`] gets.
    pub columns: [Access; 8],
}

impl Rule {
    /// A rule for people who are signed in: what the client whose it is, another client, the developer whose it is, another
    /// developer and an admin get.
    const fn signed(whom: &'static str, [client, other_client, developer, other_developer, admin]: [Access; 5]) -> Self {
        Self { whom, columns: [SignIn, SignIn, SignIn, client, other_client, developer, other_developer, admin] }
    }

    /// Whether people of this role may get further than a 403; whose the thing is, is for the service to see.
    fn admits(&self, role: Role) -> bool {
        let columns = ROLES.into_iter().find(|(each, _)| *each == role).and_then(|(_, columns)| self.columns.get(columns));
        columns.is_some_and(|columns| columns.iter().any(|access| *access != Forbidden))
    }
}

/// Everybody; a token is not looked at.
pub const ANYBODY: Rule = Rule { whom: "anybody", columns: [Allowed; 8] };
/// Everybody, and who is signed in may see more; a token that is no longer good is refused.
pub const ANYBODY_AS_THEMSELVES: Rule =
    Rule { whom: "anybody", columns: [Allowed, SignIn, SignIn, Allowed, Allowed, Allowed, Allowed, Allowed] };
/// Everybody who is signed in, about themselves.
pub const SIGNED_IN: Rule = Rule::signed("anybody signed in", [Allowed; 5]);
/// Whoever it belongs to, whatever the role; the matrix tries it with something of the client's.
pub const OWNER: Rule = Rule::signed("whoever it belongs to", [Allowed, NotFound, NotFound, NotFound, NotFound]);
/// Clients, about their own organisation.
pub const CLIENTS: Rule = Rule::signed("clients", [Allowed, Allowed, Forbidden, Forbidden, Forbidden]);
/// Clients whose organisation's it is.
pub const ITS_CLIENT: Rule = Rule::signed("the organisation's clients", [Allowed, NotFound, Forbidden, Forbidden, Forbidden]);
/// Clients whose organisation's it is, and admins.
pub const ITS_CLIENT_OR_ADMIN: Rule =
    Rule::signed("the organisation's clients and admins", [Allowed, NotFound, Forbidden, Forbidden, Allowed]);
/// Clients, about their own organisation, and admins, about the house.
pub const CLIENTS_AND_ADMINS: Rule = Rule::signed("clients and admins", [Allowed, Allowed, Forbidden, Forbidden, Allowed]);
/// Clients whose organisation's it is, and admins where it is the house's; the matrix tries it with something of a client's.
pub const ITS_SIDE: Rule =
    Rule::signed("the organisation's clients, or admins where it is the house's", [Allowed, NotFound, Forbidden, Forbidden, NotFound]);
/// Developers, about themselves.
pub const DEVELOPERS: Rule = Rule::signed("developers", [Forbidden, Forbidden, Allowed, Allowed, Forbidden]);
/// The developer whose it is.
pub const ITS_DEVELOPER: Rule = Rule::signed("the developer whose it is", [Forbidden, Forbidden, Allowed, NotFound, Forbidden]);
/// The developer whose it is, and admins.
pub const ITS_DEVELOPER_OR_ADMIN: Rule =
    Rule::signed("the developer whose it is and admins", [Forbidden, Forbidden, Allowed, NotFound, Allowed]);
/// The developer, clients to whom the developer is disclosed, and admins.
pub const DISCLOSED: Rule =
    Rule::signed("the developer, clients to whom the developer is disclosed and admins", [Allowed, NotFound, Allowed, NotFound, Allowed]);
/// Clients and developers.
pub const CLIENTS_AND_DEVELOPERS: Rule = Rule::signed("clients and developers", [Allowed, Allowed, Allowed, Allowed, Forbidden]);
/// Both sides of an invitation or a trial.
pub const PARTIES: Rule = Rule::signed("the two parties", [Allowed, NotFound, Allowed, NotFound, Forbidden]);
/// Both sides, and admins.
pub const PARTIES_AND_ADMIN: Rule = Rule::signed("the two parties and admins", [Allowed, NotFound, Allowed, NotFound, Allowed]);
/// The client of the two parties.
pub const CLIENT_PARTY: Rule = Rule::signed("the client of the two parties", [Allowed, NotFound, Forbidden, NotFound, Forbidden]);
/// The developer of the two parties.
pub const DEVELOPER_PARTY: Rule = Rule::signed("the developer of the two parties", [Forbidden, NotFound, Allowed, NotFound, Forbidden]);
/// Admins; the two parties know that it is there.
pub const ADMIN_OVER_PARTIES: Rule = Rule::signed("admins", [Forbidden, NotFound, Forbidden, NotFound, Allowed]);
/// Admins.
pub const ADMINS: Rule = Rule::signed("admins", [Forbidden, Forbidden, Forbidden, Forbidden, Allowed]);

/// The matrix as the gate reads it; app data.
pub struct Rights {
    rules: HashMap<&'static str, &'static Rule>,
    scopes: HashMap<&'static str, &'static [Scope]>,
}

impl Rights {
    /// Of rows such as `("GET /v1/me", SIGNED_IN)`, and of what API keys may do, such as `("GET /v1/trials", &[Scope::TrialsRead])`.
    pub fn new(rows: &'static [(&'static str, Rule)], scopes: &'static [(&'static str, &'static [Scope])]) -> Self {
        let rules = rows.iter().map(|(operation, rule)| (*operation, rule)).collect();
        Self { rules, scopes: scopes.iter().copied().collect() }
    }

    /// Refuses an API key that lacks a scope, and every key where none is enough.
    ///
    /// # Errors
    /// 403.
    fn admit_key(&self, operation: &str, scopes: &[Scope]) -> Result<()> {
        let needed = self.scopes.get(operation).ok_or_else(only_a_person)?;
        match needed.iter().find(|scope| !scopes.contains(scope)) {
            Some(lacking) => Err(Error::not_allowed(format!("This API key lacks the scope `{lacking}`."))),
            None => Ok(()),
        }
    }

    /// Refuses a role that the matrix does not let in.
    ///
    /// # Errors
    /// 403; 500 for an operation that the matrix does not know, so that a forgotten row lets nobody in.
    fn admit(&self, operation: &str, role: Role) -> Result<()> {
        let rule = self.rules.get(operation).ok_or_else(|| Error::internal(format!("{operation} is not in the matrix of rights")))?;
        if rule.admits(role) { Ok(()) } else { Err(Error::not_allowed(format!("This is for {} only.", rule.whom))) }
    }
}

/// Refuses `principal` where the matrix does.
///
/// # Errors
/// 403, or 500 for an operation without a row.
pub fn admit(request: &HttpRequest, principal: &Principal) -> Result<()> {
    rights(request)?.admit(&operation(request), principal.role)
}

/// Refuses an API key with these scopes where it may not.
///
/// # Errors
/// 403.
pub fn admit_key(request: &HttpRequest, scopes: &[Scope]) -> Result<()> {
    rights(request)?.admit_key(&operation(request), scopes)
}

/// The refusal of every API key.
pub fn only_a_person() -> Error {
    Error::not_allowed("API keys may not do this: it needs a person who signs in.")
}

fn rights(request: &HttpRequest) -> Result<&Data<Rights>> {
    request.app_data::<Data<Rights>>().ok_or_else(|| Error::internal("no matrix of rights is mounted"))
}

fn operation(request: &HttpRequest) -> String {
    format!("{} {}", request.method(), request.match_pattern().unwrap_or_default())
}

/// The matrix as a Markdown document.
pub fn document(rows: &[(&str, Rule)], scopes: &[(&str, &[Scope])]) -> String {
    const KEYS: &str = "\n## What API keys may do\n\n\
        A key acts for the client who made it, and needs the scopes. Whatever is not listed is for people who sign in: 403.\n\n\
        | operation | scopes |\n| --- | --- |";
    const HEAD: &str = "# Who may do what\n\n\
        Made from the matrix in the code (`src/rights.rs`) by `guildhall rights > docs/authorization.md`; a test holds this file to it.\n\
        The server asks the matrix before a handler runs, and a test tries every operation as everybody.\n\n\
        `yes`: allowed, as far as the state of things lets it. `401`: sign in. `403`: not for this role. `404`: somebody else's, with the\n\
        same answer as for what is not there.\n";
    let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let head: Vec<String> = ["operation", "for"].iter().chain(&COLUMNS).map(|each| (*each).to_owned()).collect();
    let rule = vec!["---".to_owned(); head.len()];
    let all = |scopes: &[Scope]| scopes.iter().map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(", ");
    let keys = scopes.iter().map(|(operation, scopes)| line(vec![format!("`{operation}`"), all(scopes)]));
    let keys: Vec<String> = [KEYS.to_owned()].into_iter().chain(keys).collect();
    let rows = rows.iter().map(|(operation, rule)| {
        let cells = rule.columns.iter().map(|access| word(*access).to_owned());
        line([format!("`{operation}`"), rule.whom.to_owned()].into_iter().chain(cells).collect())
    });
    [HEAD.to_owned(), line(head), line(rule)].into_iter().chain(rows).chain(keys).collect::<Vec<_>>().join("\n") + "\n"
}

fn word(access: Access) -> &'static str {
    match access {
        Allowed => "yes",
        SignIn => "401",
        Forbidden => "403",
        NotFound => "404",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::error::Code;
    use crate::kernel::words::Word as _;

    #[test]
    fn a_role_is_let_in_where_its_columns_lead_further_than_a_403() {
        let roles = [Role::Client, Role::Developer, Role::Admin];
        let let_in = |rule: Rule| roles.map(|role| rule.admits(role));
        assert_eq!(let_in(ANYBODY), [true, true, true]);
        assert_eq!(let_in(ITS_CLIENT), [true, false, false]);
        assert_eq!(let_in(DEVELOPER_PARTY), [true, true, false]);
        assert_eq!(let_in(ADMINS), [false, false, true]);
    }

    #[test]
    fn what_has_no_row_lets_nobody_in() {
        const KEYS: &[(&str, &[Scope])] = &[("GET /v1/x", &[Scope::TrialsRead]), ("PUT /v1/x", &[Scope::WebhooksWrite, Scope::EventsRead])];
        let rights = Rights::new(&[("GET /v1/x", ADMINS)], KEYS);
        let refused = |operation: &str, role| rights.admit(operation, role).map_err(|error| error.code);
        assert_eq!(refused("GET /v1/x", Role::Admin), Ok(()));
        assert_eq!(refused("GET /v1/x", Role::Client), Err(Code::NotAllowed));
        assert_eq!(refused("POST /v1/x", Role::Admin), Err(Code::Internal));
        let key = |operation: &str, scopes: &[Scope]| rights.admit_key(operation, scopes).is_ok();
        assert!(key("GET /v1/x", &[Scope::EventsRead, Scope::TrialsRead]) && !key("GET /v1/x", &[Scope::EventsRead]));
        assert!(key("PUT /v1/x", &[Scope::EventsRead, Scope::WebhooksWrite]));
        assert!(!key("PUT /v1/x", &[Scope::EventsRead]) && !key("PUT /v1/x", &[Scope::WebhooksWrite]), "it takes all of them");
        assert!(!key("POST /v1/x", Scope::ALL), "what is not listed is for people");
    }
}
