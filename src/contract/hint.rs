//! What is said of a document that does not fit the schema: each answer is a message and a help. Values are never
//! repeated; keys are, because they stand in the line that is shown.

use serde_json::{Map, Value};
use toml::de::DeValue;

use seaworthy_source::escape_bytes;

use super::mask::speaks_of_secret;

/// The longest key that is repeated in a message, in bytes.
const LONGEST_KEY: usize = 64;

/// Keys of earlier contracts, by their table, and what stands in their place.
const FORMER_KEYS: [(&str, &str, &str); 2] = [
    (
        "",
        "gate",
        "what a gate requires is now said by `profile`: the controls of \"m1\" (the default), of \"image\", or of a \
         file of your own; [[waivers]] lists those that need not be checked yet",
    ),
    (
        "provenance",
        "profiles",
        "write [[provenance.versions]]: `profile` is now the set of controls of a gate",
    ),
];

/// A message and a help.
type Hint = (String, String);

/// A key in backquotes, made harmless for a terminal.
pub(super) fn quoted(key: &str) -> String {
    if key.len() > LONGEST_KEY {
        "this key".to_owned()
    } else {
        format!("`{}`", escape_bytes(key.as_bytes()))
    }
}

/// Where a table is: `in [image]`, `in [[secrets]]`, or at the top level.
fn place(root: &Value, path: &str) -> String {
    let table = path.split('.').try_fold(root, |schema, key| schema.get("properties")?.get(key));
    match table {
        _ if path.is_empty() => match root.get("title").and_then(Value::as_str) {
            Some("seaworthy profile") => "at the top level of the profile".to_owned(),
            _ => "at the top level of the contract".to_owned(),
        },
        Some(schema) if type_of(schema) == "array" => format!("in [[{path}]]"),
        _ => format!("in [{path}]"),
    }
}

/// A key that the schema does not know, in a document that is full of them.
pub(super) fn unknown_among_many(key: &str) -> Hint {
    (format!("unknown key {}", quoted(key)), "`seaworthy schema` prints every key that is known".to_owned())
}

/// A key that the schema does not know.
pub(super) fn unknown_key(root: &Value, path: &str, key: &str, known: &Map<String, Value>) -> Hint {
    let message = format!("unknown key {} {}", quoted(key), place(root, path));
    if let Some((_, _, help)) = FORMER_KEYS.iter().find(|(table, former, _)| *table == path && *former == key)
    {
        return (message, (*help).to_owned());
    }
    if let Some(near) = nearest(key, known.keys().map(String::as_str)) {
        return (message, format!("did you mean `{near}`?"));
    }
    if path == "fingerprints" || speaks_of_secret(key) {
        let message =
            format!("{} has no place {}: a contract holds no secret", quoted(key), place(root, path));
        let help = match path {
            "fingerprints" => {
                "put the key into an environment variable and name that: `key_env = \"SEAWORTHY_FINGERPRINT_KEY\"`; \
                 make a new key if this one was committed"
            }
            _ => "remove it; if a secret was committed with it, make a new secret",
        };
        return (message, help.to_owned());
    }
    if let Some(home) = home_of(root, path, key) {
        return (message, format!("`{key}` belongs {}", place(root, home)));
    }
    let names: Vec<&str> = known.keys().map(String::as_str).collect();
    (message, format!("known here: {}", choices(&names)))
}

/// The section that knows the key, if it is another one.
fn home_of<'s>(root: &'s Value, path: &str, key: &str) -> Option<&'s str> {
    let properties = |schema: &'s Value| schema.get("properties").and_then(Value::as_object);
    let top = properties(root)?;
    if !path.is_empty() && top.contains_key(key) {
        return Some("");
    }
    let knows = |schema: &'s Value| {
        properties(schema).or_else(|| properties(schema.get("items")?)).is_some_and(|p| p.contains_key(key))
    };
    top.iter().find(|(name, schema)| name.as_str() != path && knows(schema)).map(|(name, _)| name.as_str())
}

/// A key that is required and not there.
pub(super) fn missing_key(path: &str, key: &str, known: &Map<String, Value>) -> Hint {
    let schema = known.get(key).unwrap_or(&Value::Null);
    let about = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let about = about.split('.').next().unwrap_or_default();
    let value = schema.get("const").map_or("…".to_owned(), Value::to_string);
    let message = match path {
        "" => format!("`{key}` is missing"),
        _ => format!("this [[{path}]] has no `{key}`"),
    };
    (message, format!("add `{key} = {value}`: {}", lower_first(about)))
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}

/// A value of the wrong type; `item` if it stands in a list.
pub(super) fn wrong_type(path: &str, value: &DeValue<'_>, schema: &Value, item: bool) -> Hint {
    let wanted = type_of(schema);
    let inner = schema.get("items").map(type_of).unwrap_or_default();
    let is = value.type_str();
    let tables =
        || format!("`{path}` is a list of tables: write `[[{path}]]` above each one{}", needs(schema));
    let (noun, help) = match (wanted, inner) {
        ("array", "object") => ("a list of tables", tables()),
        ("array", _) => ("a list", "put it in brackets: `[\"…\"]`".to_owned()),
        ("object", _) if item => ("a table", tables()),
        ("object", _) if value.is_array() => {
            ("one table", format!("there is only one: write `[{path}]`, in single brackets"))
        }
        ("object", _) => ("a table", format!("write `[{path}]` on a line of its own, and the keys below it")),
        ("boolean", _) => ("true or false", "write `true` or `false`, without quotes".to_owned()),
        ("integer", _) => {
            ("a whole number", "write digits only, without quotes or a decimal point".to_owned())
        }
        _ if value.is_datetime() => ("a string", "put the date in quotes: `\"2027-01-31\"`".to_owned()),
        _ => ("a string", "put it in quotes".to_owned()),
    };
    let whose = if item { format!("an entry of `{path}`") } else { format!("`{path}`") };
    (format!("{whose} must be {noun}, not {} {is}", article(is)), help)
}

fn type_of(schema: &Value) -> &str {
    schema.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// What each table of a list needs, as the end of a sentence.
fn needs(schema: &Value) -> String {
    let table = schema.get("items").unwrap_or(schema);
    let required = table.get("required").and_then(Value::as_array);
    let required: Vec<&str> = required.into_iter().flatten().filter_map(Value::as_str).collect();
    if required.is_empty() { String::new() } else { format!(", with {}", choices(&required)) }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

/// Words in backquotes, with commas between.
pub(super) fn choices(words: &[&str]) -> String {
    words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ")
}

/// The known word that was most likely meant: at most a third of it is typed differently.
pub(super) fn nearest<'w>(typed: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    if typed.len() > LONGEST_KEY {
        return None;
    }
    let typed = typed.to_lowercase().replace('-', "_");
    known
        .map(|word| (distance(&typed, word), word))
        .filter(|(distance, word)| *distance <= (word.len() / 3).max(1))
        .min()
        .map(|(_, word)| word)
}

/// The number of characters to put in, take out, change or swap with their neighbour (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_near() {
        let known = ["reference", "name", "dockerfile", "context"];
        let near = |typed: &str| nearest(typed, known.into_iter());
        assert_eq!(near("refernce"), Some("reference"));
        assert_eq!(near("anme"), Some("name"));
        assert_eq!(near("Docker-File"), Some("dockerfile"));
        assert_eq!(near("size"), None);
        assert_eq!(near(""), None);
    }
}
