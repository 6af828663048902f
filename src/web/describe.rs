//! Finishes the OpenAPI document: what every operation has in common is said once, here.

use std::collections::BTreeMap;

use actix_web::http::Method;
use serde_json::Value;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{HttpMethod, Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ArrayItems, ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Components, Content, InfoBuilder, License, OpenApi, Ref, RefOr, Required, Response, Server};
use utoipa::{PartialSchema as _, ToSchema as _};

use crate::kernel::error::{Code, Fault};
use crate::web::ask::{Condition, IDEMPOTENCY_KEY, IF_MATCH};
use crate::web::examples::{self, Examples};
use crate::web::problem::{Problem, status};
use crate::web::{csv, samples_after};

const DESCRIPTION: &str = "The backend of a marketplace that vets Go developers and hires them out on a 30-day trial.\n\n\
    Sign in with `POST /v1/auth/login` and send the access token as `Authorization: Bearer …`; an organisation's own \
    programs send an API key likewise. Errors are RFC 9457 problems; \
    lists are pages with `limit` and `cursor`; `If-Match` guards changes; `Idempotency-Key` makes a POST safe to repeat for 24 hours.";

/// What each group of operations is about, in the order in which people come to need them.
const TAGS: [(&str, &str); 17] = [
    ("accounts", "Registering, signing in, sessions, the second factor, what is known about oneself, and leaving."),
    ("organizations", "The organisation that a client acts for, and its members."),
    ("developers", "A developer's profile, hours that are promised, and whom one does not want to meet again."),
    ("skills", "The catalogue: names, aliases, and what can stand in for what."),
    ("vetting", "From the application to the standing after it: stages, scorecards, decisions, appeals."),
    ("job requests", "What a client looks for, and whom it has its eye on."),
    ("matching", "Who fits, why, and who would; every point of a score is explained."),
    ("invitations", "Talking before offering."),
    ("trials", "From the offer to the years after: terms, signatures, pauses, endings, timesheets, reviews, the hand-over."),
    ("calendar", "The key dates of one's trials, for a calendar that follows them."),
    ("notifications", "The mails that one gets, and which of them one wants."),
    ("webhooks", "Telling programs of an organisation, or of the house, of each step, signed."),
    ("api keys", "What an organisation's own programs sign in with."),
    ("events", "Each step as it happens, for a page that is open."),
    ("reports", "Telling us of abuse."),
    ("admin", "People, mails, reports, the audit log and saved answers, for admins."),
    ("system", "Whether the process lives and can work; the lifecycles as data."),
];

/// Whose answers carry secrets: none is kept for a repeat.
const WITHOUT_CONDITIONS: [&str; 8] = [
    "/v1/auth/providers/{name}/link",
    "/v1/me/calendar-feed",
    "/v1/me/totp",
    "/v1/me/totp/confirm",
    "/v1/me/totp/recovery-codes",
    "/v1/api-keys",
    "/v1/webhooks",
    "/v1/webhooks/{id}/rotate-secret",
];

/// Adds info, security, the common headers, the problems that each operation may answer, and examples.
pub fn finish(mut document: OpenApi) -> OpenApi {
    let license = License::builder().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build();
    document.info = InfoBuilder::new()
        .title("Guildhall")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(license))
        .build();
    document.servers = Some(vec![Server::new("/")]);
    document.tags = Some(TAGS.map(|(name, about)| TagBuilder::new().name(name).description(Some(about)).build()).into());
    let components = document.components.get_or_insert_with(Components::new);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components.schemas.insert(Problem::name().into(), Problem::schema());
    components.schemas.insert(Fault::name().into(), Fault::schema());
    // Ids in paths are references; the ones that nothing refers to stay out.
    let used = serde_json::to_string(&document.paths).unwrap_or_default();
    for (name, schema) in crate::kernel::ids::schemas() {
        if used.contains(&format!("schemas/{name}\"")) {
            components.schemas.entry(name.to_owned()).or_insert(schema);
        }
    }
    name_parts(&mut components.schemas);
    let examples = Examples::of(components);
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            complete(path, &method, operation, &mut components.responses);
            introduce(operation);
            relieve(operation, &components.schemas);
            illustrate(path, operation, &examples);
        }
    }
    document
}

/// A page of something refers to it by its name, where the generator writes it out once more.
fn name_parts(schemas: &mut BTreeMap<String, RefOr<Schema>>) {
    let known = schemas.clone();
    for schema in schemas.values_mut() {
        if let RefOr::T(Schema::Object(whole)) = schema {
            whole.properties.values_mut().for_each(|part| refer(part, &known));
        }
    }
}

fn refer(part: &mut RefOr<Schema>, known: &BTreeMap<String, RefOr<Schema>>) {
    let whole = match part {
        RefOr::T(Schema::Object(object)) => !object.properties.is_empty(),
        RefOr::T(Schema::AllOf(_)) => true,
        _ => false,
    };
    if let Some((name, _)) = known.iter().find(|(_, schema)| whole && **schema == *part) {
        *part = Ref::from_schema_name(name).into();
        return;
    }
    match part {
        RefOr::T(Schema::Array(list)) => {
            if let ArrayItems::RefOrSchema(items) = &mut list.items {
                refer(items, known);
            }
        }
        RefOr::T(Schema::Object(object)) => object.properties.values_mut().for_each(|part| refer(part, known)),
        _ => {}
    }
}

/// The first sentence is the summary; what follows, such as for whom it is, belongs to the description.
fn introduce(operation: &mut Operation) {
    let words = operation.summary.take().unwrap_or_default().replace('\n', " ");
    let (summary, rest) = words.split_once(". ").unwrap_or((words.as_str(), ""));
    let more = [rest, operation.description.as_deref().unwrap_or_default()];
    let description = more.into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join("\n\n");
    operation.summary = Some(summary.to_owned());
    operation.description = Some(description).filter(|words| !words.is_empty());
}

/// No body at all is `{}`: one is needed only where a member is.
fn relieve(operation: &mut Operation, schemas: &BTreeMap<String, RefOr<Schema>>) {
    let Some(body) = operation.request_body.as_mut().and_then(inline) else { return };
    let sent = body.content.values_mut().filter_map(inline).find_map(|content| content.schema.as_ref());
    body.required = Some(if sent.is_some_and(|sent| needs_a_member(sent, schemas)) { Required::True } else { Required::False });
}

fn needs_a_member(schema: &RefOr<Schema>, schemas: &BTreeMap<String, RefOr<Schema>>) -> bool {
    match schema {
        RefOr::Ref(named) => {
            let name = named.ref_location.rsplit('/').next().unwrap_or_default();
            schemas.get(name).is_none_or(|schema| needs_a_member(schema, schemas))
        }
        RefOr::T(Schema::Object(object)) => !object.required.is_empty(),
        RefOr::T(Schema::AllOf(parts)) => parts.items.iter().any(|part| needs_a_member(part, schemas)),
        RefOr::T(_) => true,
    }
}

/// An example of what is sent, and of what comes back.
fn illustrate(path: &str, operation: &mut Operation, examples: &Examples) {
    let sent = operation.request_body.iter_mut().filter_map(inline).flat_map(|body| body.content.iter_mut());
    let answers = operation.responses.responses.iter_mut().filter_map(|(status, answer)| Some((status.as_str(), inline(answer)?)));
    let answers = answers.flat_map(|(status, answer)| answer.content.iter_mut().map(move |content| (status, content)));
    for (status, (media_type, content)) in sent.map(|content| ("", content)).chain(answers) {
        if let Some(content) = inline(content) {
            let mut example = examples.one(status, media_type, content.schema.as_ref());
            if status.starts_with('2') {
                samples_after::after(path, &mut example);
            }
            content.example.get_or_insert(example);
        }
    }
    operation.responses.responses.values_mut().filter_map(inline).for_each(fill_file);
}

/// A file shows the same row as a page.
fn fill_file(answer: &mut Response) {
    let page = answer.content.get_mut("application/json").and_then(inline).and_then(|page| page.example.as_ref());
    let Some(row) = page.and_then(|page| page.pointer("/data/0")).cloned() else { return };
    let file = answer.content.get_mut("text/csv").and_then(inline).and_then(|file| file.example.as_mut());
    if let Some(Value::String(text)) = file {
        let line = csv::line(text, &row);
        text.push_str(&line);
    }
}

/// What is written here and not elsewhere.
fn inline<T>(either: &mut RefOr<T>) -> Option<&mut T> {
    match either {
        RefOr::T(inline) => Some(inline),
        RefOr::Ref(_) => None,
    }
}

/// The methods that a path knows, with their operations.
pub fn operations(item: &mut PathItem) -> Vec<(HttpMethod, &mut Operation)> {
    let all = [
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Put, &mut item.put),
        (HttpMethod::Patch, &mut item.patch),
        (HttpMethod::Delete, &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?))).collect()
}

/// The conditions that it takes, and the problems that it may answer: each is described once, in `problems`, by its name.
fn complete(path: &str, method: &HttpMethod, operation: &mut Operation, problems: &mut BTreeMap<String, RefOr<Response>>) {
    // No need at all is said, too.
    let signed = !operation.security.get_or_insert_default().is_empty();
    let has_body = operation.request_body.is_some();
    let has_parameters = operation.parameters.as_ref().is_some_and(|all| !all.is_empty());
    let changes = !matches!(method, HttpMethod::Get);
    let mut codes = vec![Code::MalformedRequest, Code::TooManyRequests, Code::Internal, Code::Unavailable];
    if signed {
        codes.extend([Code::NotSignedIn, Code::NotAllowed]);
    }
    if path.contains('{') || signed {
        codes.push(Code::NotFound);
    }
    if has_body || has_parameters {
        codes.push(Code::ValidationFailed);
    }
    if has_body {
        codes.extend([Code::TooLarge, Code::UnsupportedMediaType, Code::RequestTimeout]);
    }
    if changes {
        codes.push(Code::Conflict);
    }
    if changes && signed && !WITHOUT_CONDITIONS.contains(&path) {
        codes.push(Code::StaleVersion);
        conditions(method, operation);
    }
    for code in codes {
        operation.responses.responses.entry(status(code).0.as_str().to_owned()).or_insert_with(|| {
            let name = format!("{code:?}");
            let known = Ref::from_response_name(&name);
            problems.entry(name).or_insert_with(|| problem(code));
            known.into()
        });
    }
}

fn problem(code: Code) -> RefOr<Response> {
    let mut content = Content::new(Some(Ref::from_schema_name(Problem::name())));
    content.example = Some(examples::problem(code));
    let mut response = ResponseBuilder::new().description(status(code).1).content("application/problem+json", content);
    if matches!(code, Code::TooManyRequests | Code::Unavailable) {
        let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).build();
        let header = HeaderBuilder::new().schema(Some(seconds)).description(Some("In so many seconds it is worth another try."));
        response = response.header("Retry-After", header.build());
    }
    response.build().into()
}

fn conditions(method: &HttpMethod, operation: &mut Operation) {
    let header = |Condition { name, longest, pattern, .. }: Condition, description: &str| {
        let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(longest));
        let text = text.pattern(Some(pattern)).build();
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(description))
            .schema(Some(text))
            .build()
    };
    let parameters = operation.parameters.get_or_insert_default();
    parameters.push(header(IF_MATCH, "The `ETag` that you read; a stale one gets 412 and changes nothing.").into());
    if matches!(method, HttpMethod::Post) {
        parameters.push(header(IDEMPOTENCY_KEY, "Makes a repeat of this request get the first answer, for 24 hours.").into());
    }
}

/// Every path pattern with its methods, to tell a wrong method (405) from a wrong path (404).
#[derive(Debug, Clone, Default)]
pub struct KnownPaths(Vec<(String, Vec<Method>)>);

impl KnownPaths {
    /// The paths of `document`.
    pub fn of(document: &OpenApi) -> Self {
        let mut document = document.clone();
        let methods = |item: &mut PathItem| operations(item).into_iter().map(|(method, _)| http(&method)).collect();
        Self(document.paths.paths.iter_mut().map(|(path, item)| (path.clone(), methods(item))).collect())
    }

    /// The same with paths that are not in the document: pages and the like.
    pub fn and(mut self, others: &[(&str, &[Method])]) -> Self {
        self.0.extend(others.iter().map(|(path, methods)| ((*path).to_owned(), methods.to_vec())));
        self
    }

    /// The methods that `path` knows; empty when there is no such path.
    pub fn methods(&self, path: &str) -> Vec<Method> {
        let fits = |pattern: &str| {
            let (mut left, mut right) = (pattern.split('/'), path.split('/'));
            loop {
                match (left.next(), right.next()) {
                    (None, None) => return true,
                    (Some(expected), Some(given)) if expected == given || (expected.starts_with('{') && !given.is_empty()) => {}
                    _ => return false,
                }
            }
        };
        let mut methods: Vec<Method> =
            self.0.iter().filter(|(pattern, _)| fits(pattern)).flat_map(|(_, methods)| methods.clone()).collect();
        if methods.contains(&Method::GET) {
            methods.push(Method::HEAD);
        }
        methods
    }
}

fn http(method: &HttpMethod) -> Method {
    match method {
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Delete => Method::DELETE,
        _ => Method::GET,
    }
}
