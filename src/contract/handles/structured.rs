//! Handles in TOML, JSON and `.env` files. Texts, numbers and truth values are handles; lists are not.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Fault, shown};
use seaworthy_source::LineIndex;

/// Line, name, value.
type Pairs = Vec<(usize, String, String)>;

/// Tables in tables that are read.
const MAX_DEPTH: usize = 32;

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

pub(super) fn toml(text: &str) -> Result<Pairs, Fault> {
    let lines = LineIndex::new(text.as_bytes());
    let line = |at: usize| lines.position(at).line as usize;
    let document = DeTable::parse(text).map_err(|error| Fault {
        line: line(error.span().unwrap_or_default().start),
        // The parser's messages name what it expected and never what it read.
        reason: format!("not TOML: {}", error.message()),
    })?;
    let mut pairs = Vec::new();
    walk("", document.get_ref(), &line, 0, &mut pairs)?;
    Ok(pairs)
}

fn walk(
    path: &str,
    table: &DeTable<'_>,
    line: &dyn Fn(usize) -> usize,
    depth: usize,
    pairs: &mut Pairs,
) -> Result<(), Fault> {
    for (key, value) in table {
        let at = line(key.span().start);
        let name = join(path, key.get_ref());
        match Spanned::get_ref(value) {
            DeValue::String(text) => pairs.push((at, name, text.to_string())),
            DeValue::Integer(number) => pairs.push((at, name, number.as_str().to_owned())),
            DeValue::Boolean(truth) => pairs.push((at, name, truth.to_string())),
            DeValue::Table(_) if depth >= MAX_DEPTH => {
                return Err(Fault { line: at, reason: "tables nest too deep".to_owned() });
            }
            DeValue::Table(inner) => walk(&name, inner, line, depth + 1, pairs)?,
            DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) => {}
        }
    }
    Ok(())
}

/// A JSON value as far as handles go.
enum Json {
    Text(String),
    Object(Vec<(String, Json)>),
    Other,
}

/// The beginning of our own error among serde's, which are not shown since they may quote values.
const TWICE: &str = "\u{1}";

pub(super) fn json(text: &str) -> Result<Pairs, Fault> {
    let value: Json = serde_json::from_str(text).map_err(|error| {
        let reason = match error.to_string().strip_prefix(TWICE) {
            Some(rest) => {
                let name = rest.split(TWICE).next().unwrap_or_default();
                format!("{} is given twice, with different values", shown(name))
            }
            None => "not JSON".to_owned(),
        };
        Fault { line: error.line().max(1), reason }
    })?;
    let Json::Object(members) = value else {
        return Err(Fault { line: 1, reason: "must be a JSON object".to_owned() });
    };
    let mut pairs = Vec::new();
    flatten("", members, &mut pairs);
    Ok(pairs)
}

/// The depth is bounded by the JSON reader's own limit.
fn flatten(path: &str, members: Vec<(String, Json)>, pairs: &mut Pairs) {
    for (key, value) in members {
        let name = join(path, &key);
        match value {
            Json::Text(text) => pairs.push((1, name, text)),
            Json::Object(inner) => flatten(&name, inner, pairs),
            Json::Other => {}
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Json, E> {
        Ok(Json::Text(truth.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Text(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Text(number.to_string()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        while items.next_element::<Json>()?.is_some() {}
        Ok(Json::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members: Vec<(String, Json)> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value::<Json>()?;
            let clashes = |other: &Json| match (other, &value) {
                (Json::Text(one), Json::Text(two)) => one != two,
                _ => true,
            };
            if members.iter().any(|(name, other)| *name == key && clashes(other)) {
                return Err(A::Error::custom(format!("{TWICE}{key}{TWICE}")));
            }
            members.push((key, value));
        }
        Ok(Json::Object(members))
    }
}

/// `KEY=value`, with `export` before it and quotes around the value if one likes.
pub(super) fn env(text: &str) -> Result<Pairs, Fault> {
    let mut pairs = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let fault = |reason: &str| Fault { line: index + 1, reason: reason.to_owned() };
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (key, value) = line.split_once('=').ok_or_else(|| fault("not of the form KEY=value"))?;
        let value = value.trim();
        let quoted = ['"', '\''].into_iter().find(|quote| value.starts_with(*quote));
        let value = match quoted {
            None => value.split(" #").next().unwrap_or_default().trim_end(),
            Some(quote) => match value.get(1..).unwrap_or_default().split_once(quote) {
                Some((inner, rest)) if rest.is_empty() || rest.trim_start().starts_with('#') => inner,
                _ => return Err(fault("the value's quote is not closed")),
            },
        };
        pairs.push((index + 1, key.trim().to_owned(), value.to_owned()));
    }
    Ok(pairs)
}
