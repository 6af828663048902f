//! Finishes the OpenAPI document: what every operation has in common is said once, here.

use actix_web::http::Method;
use utoipa::openapi::path::{HttpMethod, Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, Content, InfoBuilder, License, OpenApi, Ref, RefOr, Required, Server};
use utoipa::{PartialSchema as _, ToSchema as _};

use crate::kernel::error::{Code, Fault};
use crate::web::problem::{Problem, status};

const DESCRIPTION: &str = "The backend of a marketplace that vets Go developers and hires them out on a 30-day trial.\n\n\
    Sign in with `POST /v1/auth/login` and send the access token as `Authorization: Bearer …`. Errors are RFC 9457 problems; \
    lists are pages with `limit` and `cursor`; `If-Match` guards changes; `Idempotency-Key` makes a POST safe to repeat for 24 hours.";

/// Its answers carry secrets, and none is kept for a repeat.
const WITHOUT_CONDITIONS: [&str; 2] = ["/v1/me/totp", "/v1/me/calendar-feed"];

/// Adds info, security, the common headers and the problems that each operation may answer.
pub fn finish(mut document: OpenApi) -> OpenApi {
    let license = License::builder().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build();
    document.info = InfoBuilder::new()
        .title("Guildhall")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(license))
        .build();
    document.servers = Some(vec![Server::new("/")]);
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
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            complete(path, &method, operation);
        }
    }
    document
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

fn complete(path: &str, method: &HttpMethod, operation: &mut Operation) {
    let signed = operation.security.as_ref().is_some_and(|needs| !needs.is_empty());
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
    if changes && signed && !WITHOUT_CONDITIONS.iter().any(|begin| path.starts_with(begin)) {
        codes.push(Code::StaleVersion);
        conditions(method, operation);
    }
    for code in codes {
        let (status, title) = status(code);
        operation.responses.responses.entry(status.as_u16().to_string()).or_insert_with(|| problem(title));
    }
}

fn problem(title: &str) -> RefOr<utoipa::openapi::Response> {
    let content = Content::new(Some(Ref::from_schema_name(Problem::name())));
    ResponseBuilder::new().description(title).content("application/problem+json", content).build().into()
}

fn conditions(method: &HttpMethod, operation: &mut Operation) {
    let header = |name: &str, description: &str, longest: usize| {
        let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(longest)).build();
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(description))
            .schema(Some(text))
            .build()
    };
    let parameters = operation.parameters.get_or_insert_default();
    parameters.push(header("If-Match", "The `ETag` that you read; a stale one gets 412 and changes nothing.", 64).into());
    if matches!(method, HttpMethod::Post) {
        parameters.push(header("Idempotency-Key", "Makes a repeat of this request get the first answer, for 24 hours.", 255).into());
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
