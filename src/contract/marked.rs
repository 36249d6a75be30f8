//! Values of a contract with the places where they stand.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};

use seaworthy_source::Span;

/// A value and the place where it stands.
pub(super) struct Marked<T> {
    /// Its place in the contract's text.
    pub span: Span,
    /// The value.
    pub value: T,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Marked<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = toml::Spanned::<T>::deserialize(deserializer)?;
        let span = spanned.span();
        Ok(Self { span: Span::new(span.start, span.end), value: spanned.into_inner() })
    }
}

impl<T: JsonSchema> JsonSchema for Marked<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

/// A text that may be missing.
pub(super) type Text = Option<Marked<String>>;

/// A count that may be missing.
pub(super) type Count = Option<Marked<u64>>;
