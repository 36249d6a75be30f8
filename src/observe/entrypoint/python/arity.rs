//! Whether a call fits a function's parameters. <https://docs.python.org/3/reference/expressions.html#calls>

use super::ast::{Function, ParameterKind};

/// What is wrong with a call with so many values and these names; nothing if it fits.
pub(super) fn wrong(function: &Function, values: usize, names: &[&str]) -> Option<String> {
    let of = |kind: ParameterKind| function.parameters.iter().filter(move |p| p.kind == kind);
    let has = |kind: ParameterKind| of(kind).next().is_some();
    let plain: Vec<_> = of(ParameterKind::Plain).collect();
    if values > plain.len() && !has(ParameterKind::Rest) {
        return Some(format!("with {values} values, and it takes {}", plain.len()));
    }
    let is_named = |name: &str| names.contains(&name);
    let by_name = plain.iter().copied().chain(of(ParameterKind::KeywordOnly));
    if let Some(name) = names.iter().find(|n| !by_name.clone().any(|p| p.name == **n))
        && !has(ParameterKind::Keywords)
    {
        return Some(format!("with {name}, which it does not take"));
    }
    let placed = plain.iter().take(values);
    // Parameters before `/` may be named as others are not.
    if !function.has_positional_only
        && let Some(twice) = placed.clone().find(|p| is_named(&p.name))
    {
        return Some(format!("with {} twice", twice.name));
    }
    let rest = plain.iter().skip(values).copied().chain(of(ParameterKind::KeywordOnly));
    let missing = rest.filter(|p| p.default.is_none() && !is_named(&p.name)).map(|p| p.name.as_str()).next();
    missing.map(|name| format!("without {name}"))
}
