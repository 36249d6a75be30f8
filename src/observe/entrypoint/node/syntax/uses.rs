//! What a file of JavaScript does while it is loaded: the modules that it loads, what it calls of them, and lines at which
//! node ends before anything runs.

use std::collections::BTreeMap;

use tree_sitter::Node;

use super::{Facts, Load, MAX_NODES, Reader, children, line};

/// Nodes that have a body of their own.
const FUNCTIONS: [&str; 7] = [
    "function_declaration",
    "function_expression",
    "arrow_function",
    "generator_function",
    "generator_function_declaration",
    "method_definition",
    "class_static_block",
];

impl Reader<'_> {
    /// Notes what a part that runs while the file is loaded does.
    pub(super) fn used(&self, node: Node<'_>, facts: &mut Facts) {
        match node.kind() {
            "call_expression" => self.call(node, facts),
            "new_expression" => {
                let constructor =
                    node.child_by_field_name("constructor").filter(|c| c.kind() == "identifier");
                facts.called.extend(constructor.map(|c| (self.source(c).to_owned(), line(node))));
            }
            "import_statement" | "export_statement" => {
                let Some(name) = node.child_by_field_name("source").and_then(|s| self.literal(s)) else {
                    return;
                };
                let is_plain_data =
                    name.ends_with(".json") && !children(node).iter().any(|n| n.kind() == "import_attribute");
                facts.loads.push(Load { name, line: line(node), is_require: false, is_plain_data });
            }
            _ => {}
        }
    }

    fn call(&self, node: Node<'_>, facts: &mut Facts) {
        let Some(function) = node.child_by_field_name("function") else { return };
        let arguments = node.child_by_field_name("arguments").map(children).unwrap_or_default();
        let first = || arguments.first().and_then(|a| self.literal(*a));
        let at = line(node);
        match function.kind() {
            "identifier" if self.source(function) == "require" => {
                let load = |name| Load { name, line: at, is_require: true, is_plain_data: false };
                facts.loads.extend(first().map(load));
            }
            "identifier" => facts.called.push((self.source(function).to_owned(), at)),
            // One that nothing waits for fails later, and may be taken.
            "import" if node.parent().is_some_and(|p| p.kind() == "await_expression") => {
                let load = |name| Load { name, line: at, is_require: false, is_plain_data: false };
                facts.loads.extend(first().map(load));
            }
            "member_expression" => {
                let object = function.child_by_field_name("object").filter(|o| o.kind() == "identifier");
                let property =
                    function.child_by_field_name("property").filter(|p| p.kind() == "property_identifier");
                let is_optional = self.source(function).contains("?.");
                if let (Some(object), Some(property), false) = (object, property, is_optional) {
                    facts.calls.push((self.source(object).to_owned(), self.source(property).to_owned(), at));
                }
            }
            _ => {}
        }
    }
}

/// Goes through the statements at the top, and through all of the file for what the language does not allow.
pub(super) fn gather_uses(reader: &Reader<'_>, root: Node<'_>, facts: &mut Facts) {
    let mut bound: BTreeMap<String, (bool, u32)> = BTreeMap::new();
    for statement in children(root) {
        let declaration = statement.child_by_field_name("declaration").unwrap_or(statement);
        for (name, is_lexical, at) in names_of(reader, declaration) {
            let twice = bound.get(&name).is_some_and(|(other, _)| *other || is_lexical);
            if twice {
                facts.refused.get_or_insert((format!("declares {name} a second time"), at));
            }
            bound.entry(name).or_insert((is_lexical, at));
        }
        wholes(reader, declaration, facts);
        if statement.kind() == "if_statement" {
            facts.needs.extend(needed(reader, statement));
        }
    }
    waits(reader, root, facts);
}

/// The names that a statement at the top binds, each with whether it may be bound but once, and its line.
fn names_of(reader: &Reader<'_>, statement: Node<'_>) -> Vec<(String, bool, u32)> {
    let own = |node: Node<'_>| (reader.source(node).to_owned(), line(node));
    let mut names = Vec::new();
    match statement.kind() {
        "lexical_declaration" | "variable_declaration" => {
            let is_lexical = statement.kind() == "lexical_declaration";
            for one in children(statement) {
                let name = one.child_by_field_name("name").filter(|n| n.kind() == "identifier");
                names.extend(name.map(own).map(|(name, at)| (name, is_lexical, at)));
            }
        }
        "class_declaration" | "function_declaration" => {
            let is_lexical = statement.kind() == "class_declaration";
            names.extend(
                statement.child_by_field_name("name").map(own).map(|(name, at)| (name, is_lexical, at)),
            );
        }
        "import_statement" => {
            let clause = children(statement).into_iter().find(|n| n.kind() == "import_clause");
            for part in clause.map(children).unwrap_or_default() {
                let all = match part.kind() {
                    "identifier" => vec![part],
                    "namespace_import" => children(part),
                    "named_imports" => children(part)
                        .into_iter()
                        .filter_map(|s| {
                            s.child_by_field_name("alias").or_else(|| s.child_by_field_name("name"))
                        })
                        .collect(),
                    _ => Vec::new(),
                };
                names.extend(all.into_iter().map(own).map(|(name, at)| (name, true, at)));
            }
        }
        _ => {}
    }
    names
}

/// `const name = require("x")`, `import * as name from "x"`.
fn wholes(reader: &Reader<'_>, statement: Node<'_>, facts: &mut Facts) {
    match statement.kind() {
        "lexical_declaration" if reader.source(statement).starts_with("const") => {
            for one in children(statement) {
                let name = one.child_by_field_name("name").filter(|n| n.kind() == "identifier");
                let value = one.child_by_field_name("value").filter(|v| v.kind() == "call_expression");
                let function = value.and_then(|v| v.child_by_field_name("function"));
                let arguments = value.and_then(|v| v.child_by_field_name("arguments")).map(children);
                let from = arguments.as_ref().and_then(|a| a.first()).and_then(|a| reader.literal(*a));
                let is_require = function.is_some_and(|f| reader.source(f) == "require");
                if let (Some(name), Some(from), true) = (name, from, is_require) {
                    facts.wholes.insert(reader.source(name).to_owned(), (from, true));
                }
            }
        }
        "import_statement" => {
            let from = statement.child_by_field_name("source").and_then(|s| reader.literal(s));
            let clause = children(statement).into_iter().find(|n| n.kind() == "import_clause");
            let parts = clause.map(children).unwrap_or_default();
            let all = parts.into_iter().find(|p| p.kind() == "namespace_import").map(children);
            if let (Some(from), Some(name)) = (from, all.as_ref().and_then(|a| a.first())) {
                facts.wholes.insert(reader.source(*name).to_owned(), (from, false));
            }
        }
        _ => {}
    }
}

/// The variable of `if (!process.env.X) { … process.exit(1) }`.
fn needed(reader: &Reader<'_>, statement: Node<'_>) -> Option<(String, u32)> {
    let test: String = reader
        .source(statement.child_by_field_name("condition")?)
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    let body: String = reader
        .source(statement.child_by_field_name("consequence")?)
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    let name = test.strip_prefix("(!process.env.")?.strip_suffix(')')?;
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let ends =
        body.contains("thrownew") || body.contains("process.exit(") && !body.contains("process.exit(0)");
    (is_name && ends).then(|| (name.to_owned(), line(statement)))
}

/// `await` in a function that is not `async`.
fn waits(reader: &Reader<'_>, root: Node<'_>, facts: &mut Facts) {
    let mut cursor = root.walk();
    // The functions around, each with how deep it stands and whether it is `async`.
    let mut around: Vec<(u32, bool)> = Vec::new();
    for _ in 0..MAX_NODES {
        let node = cursor.node();
        let depth = cursor.depth();
        while around.last().is_some_and(|(own, _)| *own >= depth) {
            around.pop();
        }
        if node.kind() == "await_expression" && around.last().is_some_and(|(_, is_async)| !is_async) {
            facts
                .refused
                .get_or_insert(("uses await in a function that is not async".to_owned(), line(node)));
        }
        if FUNCTIONS.contains(&node.kind()) {
            let head = node.child_by_field_name("body").map_or(node.end_byte(), |b| b.start_byte());
            let head = reader.text.get(node.start_byte()..head).unwrap_or_default();
            let is_async =
                head.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == "async");
            around.push((depth, is_async));
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}
