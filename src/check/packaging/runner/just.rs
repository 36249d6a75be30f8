//! Recipes of a justfile.

use std::collections::{BTreeMap, BTreeSet};

use super::{MAX_BYTES, MAX_TASKS, block, is_name, quoted, variable, without_braces};

/// What stands for a value that is not known.
const UNKNOWN: &str = "$(just)";

#[derive(Default)]
struct Recipe<'t> {
    /// Its parameters, with their defaults.
    parameters: Vec<(&'t str, Option<String>)>,
    before: Vec<&'t str>,
    after: Vec<&'t str>,
    lines: Vec<&'t str>,
}

/// The recipes of a file, by their names.
struct Justfile<'t> {
    recipes: BTreeMap<&'t str, Recipe<'t>>,
    first: Option<&'t str>,
    assignments: Vec<(&'t str, String)>,
}

/// The script that just runs for words: variables, recipes, arguments. Without a recipe it is the first of the file.
pub(super) fn script(text: &str, words: &[String]) -> Option<String> {
    let joined = text.replace("\\\n", "\u{1}");
    let file = Justfile::read(&joined)?;
    let mut out = String::new();
    let mut words = words.iter().map(String::as_str).peekable();
    let mut given = BTreeSet::new();
    while let Some((name, value)) = words.peek().and_then(|w| w.split_once('=')).filter(|(n, _)| is_name(n)) {
        given.insert(name);
        out.push_str(&format!("{}={}\n", variable(name), quoted(value)));
        words.next();
    }
    for (name, value) in file.assignments.iter().filter(|(name, _)| !given.contains(name)) {
        out.push_str(&format!("{}={}\n", variable(name), quoted(value)));
    }
    let mut names: Vec<&str> = words.collect();
    if names.is_empty() {
        names.push(file.first?);
    }
    let mut names = names.into_iter();
    let mut seen = BTreeSet::new();
    while let Some(name) = names.next() {
        let count = file.recipes.get(name)?.parameters.len();
        let arguments: Vec<&str> = names.by_ref().take(count).collect();
        file.add(name, &arguments, &mut seen, &mut out)?;
    }
    Some(out)
}

impl<'t> Justfile<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let mut file = Self { recipes: BTreeMap::new(), first: None, assignments: Vec::new() };
        let mut current = None;
        for line in text.lines() {
            if line.trim().is_empty() {
                continue;
            }
            if line.starts_with([' ', '\t']) {
                let recipe = current.and_then(|name| file.recipes.get_mut(name));
                recipe?.lines.push(line.trim_start());
                continue;
            }
            if line.starts_with(['#', '[']) || line.starts_with("set ") {
                continue;
            }
            // What stands in other files is not seen.
            if line.starts_with("import") || line.starts_with("mod ") || line.starts_with("mod? ") {
                return None;
            }
            if let Some((name, value)) = line.split_once(":=") {
                let name = name.trim();
                match name.strip_prefix("alias ") {
                    Some(alias) => {
                        let recipe = Recipe { before: vec![value.trim()], ..Recipe::default() };
                        file.recipes.insert(alias.trim(), recipe);
                    }
                    None => {
                        let name = name.strip_prefix("export ").unwrap_or(name).trim();
                        file.assignments.push((name, evaluated(value)));
                    }
                }
                continue;
            }
            let (name, recipe) = head(line)?;
            file.first = file.first.or(Some(name));
            file.recipes.insert(name, recipe);
            current = Some(name);
        }
        Some(file)
    }

    /// Adds a recipe with what it needs; nothing where that is not known.
    fn add(
        &self,
        name: &str,
        arguments: &[&str],
        seen: &mut BTreeSet<String>,
        out: &mut String,
    ) -> Option<()> {
        if !seen.insert(format!("{name} {}", arguments.join(" "))) {
            return Some(());
        }
        if seen.len() > MAX_TASKS || out.len() > MAX_BYTES {
            return None;
        }
        let recipe = self.recipes.get(name)?;
        for need in &recipe.before {
            self.add(need, &[], seen, out)?;
        }
        for (nth, (parameter, default)) in recipe.parameters.iter().enumerate() {
            let given = arguments.get(nth).map(|argument| (*argument).to_owned());
            let value = given.or_else(|| default.clone()).unwrap_or_else(|| UNKNOWN.to_owned());
            out.push_str(&format!("{}={}\n", variable(parameter), quoted(&value)));
        }
        recipe.write(out)?;
        for need in &recipe.after {
            self.add(need, &[], seen, out)?;
        }
        Some(())
    }
}

impl Recipe<'_> {
    /// Each line in a shell of its own; all of them in one where the first names a shell.
    fn write(&self, out: &mut String) -> Option<()> {
        let text = |line: &str| without_braces(line, &expression).replace('\u{1}', "\\\n");
        if let Some(program) = self.lines.first().and_then(|line| line.strip_prefix("#!")) {
            // Another language is not seen into.
            let is_shell = program.trim_end().ends_with("sh") || program.contains("sh ");
            let lines: Vec<String> = self.lines.iter().skip(1).map(|line| text(line)).collect();
            out.push_str(&block(&lines.join("\n"), false));
            return is_shell.then_some(());
        }
        for line in &self.lines {
            let bare = line.trim_start_matches(['@', '-']);
            let marks = line.get(..line.len() - bare.len()).unwrap_or_default();
            out.push_str(&block(&text(bare), marks.contains('-')));
        }
        Some(())
    }
}

/// `name parameter default="x": need other && later`.
fn head(line: &str) -> Option<(&str, Recipe<'_>)> {
    let (left, needs) = line.split_once(':')?;
    let mut words = left.trim_start_matches('@').split_whitespace();
    let name = words.next().filter(|name| is_name(name))?;
    let parameters = words
        .map(|word| {
            let word = word.trim_start_matches(['+', '*', '$']);
            word.split_once('=').map_or((word, None), |(name, value)| (name, Some(evaluated(value))))
        })
        .collect();
    let needs = needs.split('#').next().unwrap_or_default();
    // A recipe that is given arguments by another is not followed.
    if needs.contains('(') {
        return None;
    }
    let (before, after) = needs.split_once("&&").unwrap_or((needs, ""));
    Some((
        name,
        Recipe {
            parameters,
            before: before.split_whitespace().collect(),
            after: after.split_whitespace().collect(),
            lines: Vec::new(),
        },
    ))
}

/// The value of an assignment as a shell has it.
fn evaluated(value: &str) -> String {
    let part = |text: &str| {
        let text = text.trim();
        let inner = |quote: char| text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote));
        match (inner('"').or_else(|| inner('\'')), inner('`')) {
            (Some(literal), _) => literal.to_owned(),
            (None, Some(command)) => format!("$({command})"),
            (None, None) => expression(text),
        }
    };
    if value.contains(" + ") && !value.contains('`') {
        return value.split(" + ").map(part).collect();
    }
    part(value)
}

/// What an expression stands for: a variable, one of the environment, or something that is not known.
fn expression(text: &str) -> String {
    let call = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
    if is_name(text) {
        return format!("${{{}}}", variable(text));
    }
    let environment = call("env_var").or_else(|| call("env")).map(|inner| inner.trim_matches(['"', '\'']));
    match environment.filter(|name| is_name(name)) {
        Some(name) => format!("${{{name}}}"),
        None => UNKNOWN.to_owned(),
    }
}
