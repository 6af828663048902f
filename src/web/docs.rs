//! `/openapi.json` and `/docs`: the document, browsable without any asset from elsewhere.

use std::io::Write as _;
use std::sync::LazyLock;

use actix_web::http::Method;
use actix_web::http::header::{self, ContentEncoding};
use actix_web::web::{Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, get};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use crate::kernel::error::Result;

const PAGE: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Guildhall API</title>\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"></head>\
    <body><div id=\"app\"></div><script src=\"/docs/scalar.js\"></script><script src=\"/docs/start.js\"></script></body></html>";
/// Nothing is loaded from elsewhere, nothing is sent elsewhere.
const START: &str = "Scalar.createApiReference('#app', { url: '/openapi.json', withDefaultFonts: false, telemetry: false, \
    agent: { disabled: true }, mcp: { disabled: true }, hideClientButton: true });";
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
    font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// An asset, compressed once.
pub struct Asset {
    media_type: &'static str,
    plain: Bytes,
    gzip: Bytes,
    tag: String,
}

/// The OpenAPI document as it is served, compressed when it is first asked for; app data.
pub struct Document(LazyLock<Asset, Box<dyn FnOnce() -> Asset + Send>>);

static SCALAR: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("text/javascript; charset=utf-8", scalar_api_reference::get_asset("scalar.js").unwrap_or_default()));
static START_ASSET: LazyLock<Asset> = LazyLock::new(|| Asset::new("text/javascript; charset=utf-8", START.into()));
static PAGE_ASSET: LazyLock<Asset> = LazyLock::new(|| Asset::new("text/html; charset=utf-8", PAGE.into()));

impl Document {
    /// The document `json`.
    pub fn new(json: String) -> Self {
        Self(LazyLock::new(Box::new(|| Asset::new("application/json", json.into_bytes()))))
    }
}

impl Asset {
    fn new(media_type: &'static str, plain: Vec<u8>) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let gzip = encoder.write_all(&plain).and_then(|()| encoder.finish()).unwrap_or_default();
        let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(Sha256::digest(&plain)));
        Self { media_type, plain: plain.into(), gzip: gzip.into(), tag }
    }

    fn serve(&self, request: &HttpRequest) -> HttpResponse {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (known, gzip) = (header(header::IF_NONE_MATCH) == self.tag, header(header::ACCEPT_ENCODING).contains("gzip"));
        let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response.insert_header((header::ETAG, self.tag.as_str()));
        response.insert_header((header::CACHE_CONTROL, "no-cache"));
        response.insert_header((header::VARY, "accept-encoding"));
        response.insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
        if known {
            return response.finish();
        }
        response.content_type(self.media_type);
        if gzip && !self.gzip.is_empty() {
            response.insert_header(ContentEncoding::Gzip);
            return response.body(self.gzip.clone());
        }
        response.insert_header(ContentEncoding::Identity);
        response.body(self.plain.clone())
    }
}

#[get("/openapi.json")]
async fn openapi(request: HttpRequest, document: Data<Document>) -> Result<HttpResponse> {
    Ok(document.0.serve(&request))
}

#[get("/docs")]
async fn page(request: HttpRequest) -> Result<HttpResponse> {
    Ok(PAGE_ASSET.serve(&request))
}

#[get("/docs/scalar.js")]
async fn scalar(request: HttpRequest) -> Result<HttpResponse> {
    Ok(SCALAR.serve(&request))
}

#[get("/docs/start.js")]
async fn start(request: HttpRequest) -> Result<HttpResponse> {
    Ok(START_ASSET.serve(&request))
}

/// What [`routes`] mounts, to tell a wrong method from a wrong path.
pub const PATHS: &[(&str, &[Method])] = &[("/openapi.json", GET), ("/docs", GET), ("/docs/scalar.js", GET), ("/docs/start.js", GET)];
const GET: &[Method] = &[Method::GET];

/// Mounts the document and its pages.
pub fn routes(config: &mut ServiceConfig) {
    config.service(openapi).service(page).service(scalar).service(start);
}
