//! What a request may set: types that know their ranges, read from any form by one rule.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::picture::Writable;

/// A set of options: `serde` reads it, its JSON schema describes it in the OpenAPI document.
pub trait Options: DeserializeOwned + JsonSchema + Send + Sync + 'static {}

impl<T: DeserializeOwned + JsonSchema + Send + Sync + 'static> Options for T {}

/// For functions that have no options of their own.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
pub struct NoOptions {}

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole<const MIN: u32, const MAX: u32>(pub u32);

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        match value.as_u64().and_then(|number| u32::try_from(number).ok()) {
            Some(number) if (MIN..=MAX).contains(&number) => Ok(Self(number)),
            _ => Err(D::Error::custom(format!("{}; give a whole number from {MIN} to {MAX}", brief(&value)))),
        }
    }
}

impl<const MIN: u32, const MAX: u32> JsonSchema for Whole<MIN, MAX> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Whole{MIN}To{MAX}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": MIN, "maximum": MAX})
    }
}

/// The beginning of a value, for a message.
fn brief(value: &Value) -> String {
    value.to_string().chars().take(100).collect()
}

/// A number from `MIN` to `MAX`, both in hundredths.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decimal<const MIN: u32, const MAX: u32>(pub f32);

/// A number from 0 to 1.
pub type Share = Decimal<0, 100>;

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Decimal<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        let (min, max) = (f64::from(MIN) / 100.0, f64::from(MAX) / 100.0);
        match value.as_f64() {
            Some(number) if min <= number && number <= max => Ok(Self(number as f32)),
            _ => Err(D::Error::custom(format!("{}; give a number from {min} to {max}", brief(&value)))),
        }
    }
}

impl<const MIN: u32, const MAX: u32> JsonSchema for Decimal<MIN, MAX> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Decimal{MIN}To{MAX}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number", "minimum": f64::from(MIN) / 100.0, "maximum": f64::from(MAX) / 100.0})
    }
}

/// Several words: a text with commas, or an array of texts and numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words(pub Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let word = |value: &Value| match value {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let value = Value::deserialize(from)?;
        let words: Option<Vec<_>> = match &value {
            Value::String(text) => Some(text.split(',').map(|word| word.trim().to_owned()).collect()),
            Value::Array(values) => values.iter().map(word).collect(),
            other => word(other).map(|word| vec![word]),
        };
        match words {
            Some(words) if words.len() <= 1000 => Ok(Self(words)),
            _ => Err(D::Error::custom("give words with commas between them, or an array of at most 1000")),
        }
    }
}

impl JsonSchema for Words {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Words".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }
}

/// The options that every function has.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct CommonOptions {
    /// The variant to use; `GET models` lists them.
    pub model: Option<String>,
    /// The answer's encoding. Without it: as `Accept` says, else the picture's own where it can be written, else PNG.
    pub format: Option<Writable>,
    /// Quality of a JPEG or WebP answer (default 90; a JPEG has colours at full resolution from 90 on).
    pub quality: Option<Whole<1, 100>>,
    /// Compression of a PNG answer: 0 stores, 1 is fast (the default), 9 is small.
    pub compression: Option<Whole<0, 9>>,
    /// Shrinks the picture first so that its longer side is this at most; never done unasked.
    pub max_side: Option<Whole<1, 65535>>,
    /// Keeps the answer and gives its address instead: `303` for a picture, `result_url` in JSON.
    pub link: Option<bool>,
}

/// What every address takes that answers with a stream.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct LinkOption {
    /// Keeps the answer and gives its address instead, by `303`.
    pub link: Option<bool>,
}

/// The schema of `T`'s properties, by name.
pub(crate) fn properties<T: Options>() -> Map<String, Value> {
    let schema = SchemaGenerator::from(schemars::generate::SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
    }))
    .into_root_schema_for::<T>();
    let mut properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    properties.values_mut().for_each(without_null);
    properties
}

/// An option may be left out, but not be given as null: its schema is that of its value.
fn without_null(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else { return };
    if let Some(Value::Array(choices)) = members.remove("anyOf") {
        let value = choices.into_iter().find(|choice| choice["type"] != "null");
        if let Some(Value::Object(value)) = value {
            members.extend(value);
        }
    }
    if let Some(Value::Array(kinds)) = members.get("type") {
        let kind = kinds.iter().find(|kind| *kind != "null").cloned().unwrap_or_default();
        members.insert("type".into(), kind);
    }
    if let Some(Value::Array(values)) = members.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
}

/// Takes the options of `T` out of a request's options.
///
/// Texts (from a query or a form) become numbers where the schema asks for numbers.
pub(crate) fn take<T: Options>(options: &mut BTreeMap<String, Value>) -> Result<T> {
    let mut members = Map::new();
    for (name, schema) in properties::<T>() {
        if let Some(value) = options.remove(&name) {
            if value.is_null() {
                return Err(Error::bad(format!("`{name}` is null; give it a value or leave it out")));
            }
            let value = coerce(value, &schema);
            // One at a time first, so that the message can name the option.
            let alone = Map::from_iter([(name.clone(), value.clone())]);
            serde_json::from_value::<T>(alone.into())
                .map_err(|wrong| Error::bad(format!("`{name}` is wrong: {:.400}", wrong.to_string())))?;
            members.insert(name, value);
        }
    }
    serde_json::from_value(members.into()).map_err(|wrong| Error::bad(wrong.to_string()))
}

fn coerce(value: Value, schema: &Value) -> Value {
    let is = |name: &str| schema["type"] == name;
    match &value {
        Value::String(text) if is("integer") || is("number") => {
            serde_json::from_str(text).ok().filter(|number: &Value| number.is_number()).unwrap_or(value)
        }
        Value::String(text) if is("boolean") => match text.as_str() {
            "true" | "1" => Value::Bool(true),
            "false" | "0" => Value::Bool(false),
            _ => value,
        },
        Value::Number(number) if is("boolean") => match number.as_u64() {
            Some(1) => Value::Bool(true),
            Some(0) => Value::Bool(false),
            _ => value,
        },
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(name: &str, value: Value) -> Result<CommonOptions> {
        take(&mut BTreeMap::from([(name.to_owned(), value)]))
    }

    #[test]
    fn texts_and_numbers_are_read_alike() {
        assert_eq!(read("quality", json!("85")).unwrap().quality, Some(Whole(85)));
        assert_eq!(read("quality", json!(85)).unwrap().quality, Some(Whole(85)));
        assert_eq!(read("format", json!("webp")).unwrap().format, Some(Writable::Webp));
        assert!(read("model", json!("123")).unwrap().model.as_deref() == Some("123"));
    }

    #[test]
    fn schemas_say_type_and_range_without_null() {
        let properties = properties::<CommonOptions>();
        let of = |name: &str| {
            let mut schema = properties[name].clone();
            schema.as_object_mut().unwrap().remove("description").expect("every option is described");
            schema
        };
        assert_eq!(of("quality"), json!({"type": "integer", "minimum": 1, "maximum": 100}));
        assert_eq!(of("format"), json!({"type": "string", "enum": ["png", "jpeg", "webp"]}));
        assert_eq!(of("model"), json!({"type": "string"}));
    }

    #[test]
    fn a_wrong_value_is_named_with_its_range() {
        for value in
            [json!(101), json!("0"), json!("NaN"), json!(1.5), json!(-1), json!("1e3"), json!([1]), json!(1e308)]
        {
            let wrong = read("quality", value).unwrap_err();
            assert!(wrong.message().contains("`quality`") && wrong.message().contains("from 1 to 100"), "{wrong}");
        }
        let wrong = read("quality", Value::Null).unwrap_err();
        assert!(wrong.message().contains("`quality` is null"), "{wrong}");
        let wrong = read("format", json!("gif")).unwrap_err();
        assert!(wrong.message().contains("`gif`") && wrong.message().contains("`webp`"), "{wrong}");
    }
}
