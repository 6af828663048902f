//! What a provider of identities says of itself (OpenID Connect Discovery 1.0 §3), and whether that is to be relied on.

use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde_json::Value;

/// The most keys of a provider that are kept.
const MOST_KEYS: usize = 64;

/// `/.well-known/openid-configuration`, as far as it matters.
#[derive(Deserialize)]
pub struct Metadata {
    issuer: String,
    /// Where browsers are sent.
    pub authorization_endpoint: String,
    /// Where a code becomes tokens.
    pub token_endpoint: String,
    /// Where its keys are.
    pub jwks_uri: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

impl Metadata {
    /// Whether `issuer` can have said so: in its own name (§4.3), and where it has https, with https alone.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, issuer: &str) -> Result<(), &'static str> {
        if self.issuer != issuer {
            return Err("its discovery names another issuer than the configuration");
        }
        let doors = [&self.authorization_endpoint, &self.token_endpoint, &self.jwks_uri];
        if issuer.starts_with("https://") && doors.iter().any(|door| !door.starts_with("https://")) {
            return Err("its discovery names a door without https");
        }
        Ok(())
    }

    /// Whether it takes our secret in the body alone; where it says nothing, it takes what HTTP has for that (§3).
    pub fn wants_secret_in_body(&self) -> bool {
        let methods = self.token_endpoint_auth_methods_supported.as_ref();
        methods.is_some_and(|methods| !methods.iter().any(|method| method == "client_secret_basic"))
    }
}

/// Keys, of which some may be nothing that anybody here can read.
#[derive(Deserialize)]
pub struct KeySet {
    keys: Vec<Value>,
}

impl KeySet {
    /// Those that can be read.
    pub fn readable(self) -> Vec<Jwk> {
        self.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).take(MOST_KEYS).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What a provider with https says, with some members replaced.
    fn metadata(changes: &Value) -> Metadata {
        let mut all = json!({
            "issuer": "https://id.example",
            "authorization_endpoint": "https://id.example/authorize",
            "token_endpoint": "https://id.example/token",
            "jwks_uri": "https://keys.example/keys",
        });
        for (name, value) in changes.as_object().expect("an object") {
            all[name] = value.clone();
        }
        serde_json::from_value(all).expect("metadata")
    }

    #[test]
    fn a_provider_speaks_for_itself_and_with_https_if_its_name_does() {
        let (another, open) = ("its discovery names another issuer than the configuration", "its discovery names a door without https");
        let local = json!({
            "issuer": "http://127.0.0.1",
            "authorization_endpoint": "http://127.0.0.1/authorize",
            "token_endpoint": "http://127.0.0.1/token",
            "jwks_uri": "http://127.0.0.1/keys",
        });
        for (changes, issuer, found) in [
            (json!({}), "https://id.example", Ok(())),
            (json!({}), "https://id.example/", Err(another)),
            (json!({ "issuer": "https://another.example" }), "https://id.example", Err(another)),
            (json!({ "authorization_endpoint": "http://id.example/authorize" }), "https://id.example", Err(open)),
            (json!({ "token_endpoint": "http://id.example/token" }), "https://id.example", Err(open)),
            (json!({ "jwks_uri": "http://keys.example/keys" }), "https://id.example", Err(open)),
            (local, "http://127.0.0.1", Ok(())),
        ] {
            assert_eq!(metadata(&changes).check(issuer), found, "{changes} of {issuer}");
        }
    }

    #[test]
    fn our_secret_is_in_the_body_only_where_it_can_be_nowhere_else() {
        for (methods, in_body) in [
            (json!(null), false),
            (json!(["client_secret_basic"]), false),
            (json!(["client_secret_post", "client_secret_basic"]), false),
            (json!(["client_secret_post"]), true),
            (json!(["client_secret_post", "private_key_jwt"]), true),
        ] {
            let metadata = metadata(&json!({ "token_endpoint_auth_methods_supported": methods }));
            assert_eq!(metadata.wants_secret_in_body(), in_body, "{methods}");
        }
    }

    #[test]
    fn of_many_keys_the_first_that_can_be_read_are_kept() {
        let key = |number: usize| json!({ "kty": "EC", "crv": "P-256", "x": "x", "y": "y", "kid": number.to_string() });
        let keys: Vec<Value> = [json!("no key")].into_iter().chain((0..65).map(key)).collect();
        let set: KeySet = serde_json::from_value(json!({ "keys": keys })).expect("a set of keys");
        let names: Vec<Option<String>> = set.readable().into_iter().map(|key| key.common.key_id).collect();
        assert_eq!(names, (0..64).map(|number: usize| Some(number.to_string())).collect::<Vec<_>>());
    }
}
