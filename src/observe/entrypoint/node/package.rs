//! What a package lets others load: `exports` of its `package.json`. <https://nodejs.org/api/packages.html#exports>

use serde_json::Value;

use super::super::filesystem::Filesystem;
use super::directory_of;

/// How deep conditions nest.
const MAX_DEPTH: u8 = 16;

/// What `exports` makes of a path in a package.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Exported {
    /// The package has no `exports`.
    All,
    /// This file of it.
    File(String),
    /// It keeps the path to itself.
    Nothing,
    /// It cannot be told.
    Unknown,
}

/// The `package.json` next to a file or above it.
pub(super) fn above(filesystem: &Filesystem<'_>, file: &[u8]) -> Option<Vec<u8>> {
    let mut at = directory_of(file);
    loop {
        let path =
            if at.is_empty() { b"package.json".to_vec() } else { [&at, &b"package.json"[..]].join(&b'/') };
        if filesystem.tree.file(&path).is_some() {
            return Some(path);
        }
        // A package ends at the directory of packages.
        if at.is_empty() || at.ends_with(b"/node_modules") {
            return None;
        }
        at = directory_of(&at);
    }
}

/// Whether a text is no JSON. A byte order mark is left alone.
pub(super) fn is_broken(text: &str) -> bool {
    !text.starts_with('\u{feff}') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_err()
}

/// The file that a package without `exports` is loaded from, if there is one; `main` is a file, or a directory.
/// <https://nodejs.org/api/modules.html#all-together>
pub(super) fn main(filesystem: &Filesystem<'_>, root: &[u8], text: &str) -> Option<Vec<u8>> {
    let whole = serde_json::from_str::<Value>(text).ok()?;
    let main = whole.get("main").and_then(Value::as_str).unwrap_or_default();
    let named = ["", ".js", ".json", ".node", "/index.js", "/index.json", "/index.node"];
    let named = named.iter().filter(|_| !main.is_empty()).map(|end| format!("{main}{end}"));
    let other = ["index.js", "index.json", "index.node"].iter().map(|n| (*n).to_owned());
    named.chain(other).find_map(|name| {
        let path = [root, name.trim_start_matches("./").as_bytes()].join(&b'/');
        filesystem.tree.file(seaworthy_source::LayerPath::clean(&path).as_bytes()).map(|(real, _)| real)
    })
}

/// The target of a name that a package keeps for itself: `#name`. Nothing if it has none.
/// <https://nodejs.org/api/packages.html#imports>
pub(super) fn own_name(package: &str, name: &str, is_require: bool) -> Option<String> {
    let whole = serde_json::from_str::<Value>(package).ok()?;
    let map = whole.get("imports")?.as_object()?;
    let (target, part) = match map.get(name) {
        Some(target) => (target, String::new()),
        None => by_pattern(map, name)?,
    };
    file(target, is_require, 0).map(|file| file.replace('*', &part))
}

/// The file that a package gives for a path in it (`.` or `./path`), to `require` or to `import`.
pub(super) fn exported(package: &str, path: &str, is_require: bool) -> Exported {
    let Ok(whole) = serde_json::from_str::<Value>(package) else { return Exported::Unknown };
    let exports = match whole.get("exports") {
        None | Some(Value::Null) => return Exported::All,
        Some(exports) => exports,
    };
    let has_paths = |v: &Value| v.as_object().is_some_and(|o| o.keys().any(|k| k.starts_with('.')));
    let found = match exports {
        paths @ Value::Object(map) if has_paths(paths) => match map.get(path) {
            Some(target) => Some((target, String::new())),
            None => by_pattern(map, path),
        },
        one if path == "." => Some((one, String::new())),
        _ => None,
    };
    let Some((target, part)) = found else { return Exported::Nothing };
    match file(target, is_require, 0) {
        Some(file) => Exported::File(file.replace('*', &part)),
        None => Exported::Nothing,
    }
}

/// The longest pattern that a path fits, and what stands for its `*`.
fn by_pattern<'v>(map: &'v serde_json::Map<String, Value>, path: &str) -> Option<(&'v Value, String)> {
    let fits = |(key, target): (&'v String, &'v Value)| {
        let (before, after) = key.split_once('*')?;
        let inner = path.strip_prefix(before)?.strip_suffix(after)?;
        (!inner.is_empty()).then(|| (before.len(), (target, inner.to_owned())))
    };
    // `./directory/` as older packages have it.
    let below = |(key, target): (&'v String, &'v Value)| {
        let inner = path.strip_prefix(key.as_str()).filter(|_| key.ends_with('/'))?;
        target.as_str().map(|_| (key.len(), (target, format!("\u{1}{inner}"))))
    };
    let all = map.iter().filter_map(|pair| fits(pair).or_else(|| below(pair)));
    all.max_by_key(|(length, _)| *length).map(|(_, found)| found)
}

/// The file that a target stands for, by its conditions in their order.
fn file(target: &Value, is_require: bool, depth: u8) -> Option<String> {
    match target {
        _ if depth >= MAX_DEPTH => None,
        Value::String(file) => Some(file.clone()),
        Value::Array(all) => all.iter().find_map(|one| file(one, is_require, depth + 1)),
        Value::Object(conditions) => {
            let holds = |name: &str| match name {
                "node" | "default" | "module-sync" | "node-addons" => true,
                "require" => is_require,
                "import" => !is_require,
                _ => false,
            };
            let mut all = conditions.iter().filter(|(name, _)| holds(name));
            all.find_map(|(_, one)| file(one, is_require, depth + 1))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exports_of_packages() {
        let text = r#"{"exports": {".": {"import": "./i.mjs", "require": "./i.cjs"}, "./f/*": "./g/*.js", "./x": null}}"#;
        for (path, is_require, expected) in [
            (".", true, Exported::File("./i.cjs".to_owned())),
            (".", false, Exported::File("./i.mjs".to_owned())),
            ("./f/a", true, Exported::File("./g/a.js".to_owned())),
            ("./x", true, Exported::Nothing),
            ("./inner", true, Exported::Nothing),
        ] {
            assert_eq!(exported(text, path, is_require), expected, "{path}");
        }
        assert_eq!(exported("{}", "./a", true), Exported::All);
        assert_eq!(exported(r#"{"exports": "./a.js"}"#, ".", true), Exported::File("./a.js".to_owned()));
        assert_eq!(exported(r#"{"exports": "./a.js"}"#, "./b", true), Exported::Nothing);
        assert_eq!(exported("{", ".", true), Exported::Unknown);
    }
}
