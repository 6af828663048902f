//! The OpenAPI document is the validator: every body is checked against the schema that the document shows for its type,
//! so the two cannot disagree and every fault is named at once.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{Draft, ValidationError, Validator};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::kernel::error::{Error, Fault, Result};
use crate::kernel::text::FORMATS;

static KNOWN: LazyLock<Mutex<HashMap<TypeId, Arc<Known>>>> = LazyLock::new(Mutex::default);

/// The schema of a type, and what checks a value against it; made once.
struct Known {
    schema: Value,
    validator: Validator,
}

/// Reads `value` as a `T`.
///
/// # Errors
/// 422 with every fault.
pub fn read<T: ToSchema + DeserializeOwned + 'static>(value: Value) -> Result<T> {
    check::<T>(&value)?;
    typed(value)
}

/// Checks `value` against the schema of `T`.
///
/// # Errors
/// 422 with every fault.
pub fn check<T: ToSchema + 'static>(value: &Value) -> Result<()> {
    let known = known::<T>(|| {
        let mut schemas = Vec::new();
        T::schemas(&mut schemas);
        with_components(json!(T::schema()), schemas)
    })?;
    let faults = found(&known.validator, value);
    if faults.is_empty() { Ok(()) } else { Err(Error::invalid(faults)) }
}

/// Reads query parameters, given as an object of texts and lists of texts, as a `T`.
///
/// # Errors
/// 422 with every fault.
pub fn read_query<T: IntoParams + DeserializeOwned + 'static>(pairs: Vec<(String, String)>) -> Result<T> {
    let known = known::<T>(query_schema::<T>)?;
    let mut faults = Vec::new();
    let value = coerce(&known.schema, pairs, &mut faults);
    for mut fault in found(&known.validator, &value) {
        // A parameter that is given many times is still one parameter: `?skill`, not `?skill/0`.
        let name = fault.pointer.trim_start_matches('/').split('/').next().unwrap_or_default();
        fault.pointer = format!("?{name}");
        faults.push(fault);
    }
    if faults.is_empty() { typed(value) } else { Err(Error::invalid(faults)) }
}

fn typed<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let pointer = if path == "." { String::new() } else { format!("/{}", path.replace(['.', '['], "/").replace(']', "")) };
        Error::fault(pointer, error.into_inner().to_string())
    })
}

fn known<T: 'static>(schema: impl FnOnce() -> Value) -> Result<Arc<Known>> {
    let mut all = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = all.get(&TypeId::of::<T>()) {
        return Ok(known.clone());
    }
    let mut options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
    for format in FORMATS {
        options = options.with_format(format.name, format.fits);
    }
    let schema = schema();
    let validator = options.build(&schema).map_err(Error::internal)?;
    let known = Arc::new(Known { schema, validator });
    all.insert(TypeId::of::<T>(), known.clone());
    Ok(known)
}

fn with_components(mut root: Value, schemas: Vec<(String, RefOr<Schema>)>) -> Value {
    let schemas: Map<String, Value> = schemas.into_iter().map(|(name, schema)| (name, json!(schema))).collect();
    if let Value::Object(root) = &mut root {
        // Where no property is declared, the validator would not say which member is too many.
        root.entry("properties").or_insert_with(|| json!({}));
        root.insert("components".to_owned(), json!({ "schemas": schemas }));
    }
    root
}

fn query_schema<T: IntoParams>() -> Value {
    let parameters = T::into_params(|| None);
    let required: Vec<&str> =
        parameters.iter().filter(|each| each.required == utoipa::openapi::Required::True).map(|each| each.name.as_str()).collect();
    let properties: Map<String, Value> = parameters.iter().map(|each| (each.name.clone(), json!(each.schema))).collect();
    json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties })
}

/// Texts become what the schema asks for where they can; where not, they stay and the check says so.
fn coerce(schema: &Value, pairs: Vec<(String, String)>, faults: &mut Vec<Fault>) -> Value {
    let mut object = Map::new();
    for (name, text) in pairs {
        let property = schema.pointer(&format!("/properties/{name}"));
        let kind = property.map(|property| property["type"].to_string()).unwrap_or_default();
        if kind.contains("array") {
            let list = object.entry(name).or_insert_with(|| json!([]));
            if let Value::Array(list) = list {
                list.push(Value::String(text));
            }
        } else if object.insert(name.clone(), scalar(&kind, text)).is_some() {
            faults.push(Fault::new(format!("?{name}"), "must be given once"));
        }
    }
    Value::Object(object)
}

/// How long a text may be to be read as one: a whole number that surely has 64 bits, a float with all its digits, `false`.
const LONGEST: [(&str, usize); 3] = [("integer", 19), ("number", 32), ("boolean", 5)];

fn scalar(kind: &str, text: String) -> Value {
    let longest = LONGEST.iter().filter(|(each, _)| kind.contains(each)).map(|(_, longest)| *longest).max().unwrap_or(0);
    let plain = text.len() <= longest && !text.starts_with('"');
    let parsed = plain.then(|| serde_json::from_str(&text).ok()).flatten();
    parsed.filter(|value: &Value| value.is_number() || value.is_boolean()).unwrap_or(Value::String(text))
}

fn found(validator: &Validator, value: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !validator.is_valid(value) {
        validator.iter_errors(value).for_each(|error| explain(&error, &mut faults));
    }
    faults
}

fn explain(error: &ValidationError<'_>, faults: &mut Vec<Fault>) {
    let pointer = error.instance_path().to_string();
    match error.kind() {
        Kind::Required { property } => faults.push(Fault::new(below(&pointer, property.as_str().unwrap_or_default()), "is required")),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            faults.extend(unexpected.iter().map(|name| Fault::new(below(&pointer, name), "is not a field of this request")));
        }
        Kind::OneOfNotValid { context } | Kind::AnyOf { context } => match closest(context) {
            Some(branch) => branch.iter().for_each(|error| explain(error, faults)),
            None => faults.push(Fault::new(pointer, "is none of the accepted forms")),
        },
        kind => faults.push(Fault::new(pointer, sentence(kind))),
    }
}

/// The alternative that was most likely meant: not the one that wants another type or another tag.
fn closest<'a>(context: &'a [Vec<ValidationError<'static>>]) -> Option<&'a Vec<ValidationError<'static>>> {
    let misses = |errors: &Vec<ValidationError<'static>>| {
        let wrong =
            |error: &&ValidationError<'static>| matches!(error.kind(), Kind::Type { .. } | Kind::Enum { .. } | Kind::Constant { .. });
        (errors.iter().filter(wrong).count(), errors.len())
    };
    context.iter().min_by_key(|errors| misses(errors))
}

fn below(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn sentence(kind: &Kind) -> String {
    match kind {
        Kind::Type { kind: TypeKind::Single(single) } => format!("must be {}", article(&single.to_string())),
        Kind::Type { kind: TypeKind::Multiple(many) } => {
            let names: Vec<String> =
                many.iter().map(|each| each.to_string()).filter(|name| name != "null").map(|name| article(&name)).collect();
            format!("must be {}", names.join(" or "))
        }
        Kind::Enum { options } => format!("must be one of {}", words(options)),
        Kind::Constant { expected_value } => format!("must be {expected_value}"),
        Kind::Minimum { limit } => format!("must be at least {limit}"),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        Kind::MinLength { limit } => format!("must have at least {limit} characters"),
        Kind::MaxLength { limit } => format!("must have at most {limit} characters"),
        Kind::MinItems { limit } => format!("must have at least {limit} entries"),
        Kind::MaxItems { limit } => format!("must have at most {limit} entries"),
        Kind::MaxProperties { limit } => format!("must have at most {limit} members"),
        Kind::MinProperties { limit } => format!("must have at least {limit} members"),
        Kind::UniqueItems => "must not have the same entry twice".to_owned(),
        Kind::Format { format } => {
            FORMATS.iter().find(|each| each.name == format).map_or_else(|| format!("must be a {format}"), |each| each.sentence.to_owned())
        }
        Kind::Pattern { pattern } => format!("must look like {pattern}"),
        _ => "is not acceptable here".to_owned(),
    }
}

fn article(name: &str) -> String {
    let an = matches!(name, "integer" | "array" | "object");
    format!("{} {name}", if an { "an" } else { "a" })
}

fn words(options: &Value) -> String {
    let list = options.as_array().map(Vec::as_slice).unwrap_or_default();
    let texts: Vec<String> = list.iter().filter_map(|each| each.as_str().map(ToOwned::to_owned)).collect();
    texts.join(", ")
}

/// A partial `T` (RFC 7396 merge patch): any of its fields; null takes a field back to unset.
#[derive(Debug, Clone)]
pub struct Patch<T>(Map<String, Value>, std::marker::PhantomData<fn() -> T>);

impl<T: ToSchema + DeserializeOwned + 'static> Patch<T> {
    /// `current` with the patch applied, checked as a whole.
    ///
    /// # Errors
    /// 422 with every fault.
    pub fn apply(&self, current: &impl serde::Serialize) -> Result<T> {
        let mut value = serde_json::to_value(current).map_err(Error::internal)?;
        merge(&mut value, &self.0);
        read(value)
    }

    /// Whether the patch says nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// RFC 7396: objects are merged member by member, null takes a member out, everything else replaces.
fn merge(target: &mut Value, patch: &Map<String, Value>) {
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(object) = target else { return };
    for (name, change) in patch {
        match change {
            Value::Null => drop(object.shift_remove(name)),
            Value::Object(inner) => merge(object.entry(name.clone()).or_insert(Value::Null), inner),
            change => drop(object.insert(name.clone(), change.clone())),
        }
    }
}

impl<'de, T> serde::Deserialize<'de> for Patch<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(|map| Self(map, std::marker::PhantomData))
    }
}

impl<T: ToSchema> PartialSchema for Patch<T> {
    /// The schema of `T` with nothing required and null allowed where a field is optional in `T`.
    fn schema() -> RefOr<Schema> {
        match T::schema() {
            RefOr::T(Schema::Object(mut object)) => {
                object.required.clear();
                object.into()
            }
            other => other,
        }
    }
}

impl<T: ToSchema> ToSchema for Patch<T> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("{}Patch", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
    }
}
