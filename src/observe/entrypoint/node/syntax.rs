//! The syntax of JavaScript: what a module imports by name and exports, and what ends it while it is loaded.
//! <https://tc39.es/ecma262/#sec-modules>, <https://nodejs.org/api/esm.html>

mod uses;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use tree_sitter::{Node, ParseOptions, Parser};

/// How long one file may take.
const MAX_TIME: Duration = Duration::from_secs(5);

/// Bytes of the largest file that is parsed: most of what a bundler makes is smaller.
const MAX_BYTES: usize = 8 << 20;

/// Most parts of a file that are gone through.
const MAX_NODES: usize = 2_000_000;

/// Names that only a CommonJS module has.
const OF_COMMONJS: [&str; 5] = ["require", "module", "exports", "__dirname", "__filename"];

/// Names that a module takes from another one.
pub(super) struct Import {
    pub(super) from: String,
    /// `default` for the one without a name.
    pub(super) names: Vec<String>,
    pub(super) line: u32,
    /// Whether it is `require(…)`, which gives nothing for a name that is not there.
    pub(super) is_require: bool,
}

/// What a module exports.
#[derive(Clone, Default)]
pub(super) struct Exports {
    pub(super) names: BTreeSet<String>,
    /// The modules whose names are exported, too.
    pub(super) all_of: Vec<String>,
    /// Whether there may be more.
    pub(super) is_open: bool,
}

/// What a file says.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) imports: Vec<Import>,
    /// Whether only a module of ECMAScript may be written so: `import`, `export`, `await` at the top level; its line.
    pub(super) is_module: Option<u32>,
    pub(super) exports: Exports,
    /// What a CommonJS module gives.
    pub(super) gives: Exports,
    /// A name of CommonJS that is used when the file is loaded and that the file does not define; its line.
    pub(super) of_commonjs: Option<(String, u32)>,
    /// What ends the program whatever happens, and where.
    pub(super) ends: Option<(&'static str, u32)>,
    /// What is loaded while the file is: names, lines, and whether by `require`.
    pub(super) loads: Vec<Load>,
    /// Names that stand for all of another module: the name of that, and whether it is `require`d.
    pub(super) wholes: BTreeMap<String, (String, bool)>,
    /// What is called of them while the file is loaded: the name, the property and the line.
    pub(super) calls: Vec<(String, String, u32)>,
    /// Functions and classes that are called by their names while the file is loaded, and their lines.
    pub(super) called: Vec<(String, u32)>,
    /// A line that the language does not allow, and why.
    pub(super) refused: Option<(String, u32)>,
    /// Variables of the environment without which the file ends the program, and their lines.
    pub(super) needs: Vec<(String, u32)>,
}

/// A module that is loaded.
pub(super) struct Load {
    pub(super) name: String,
    pub(super) line: u32,
    pub(super) is_require: bool,
    /// Whether it is data, and nothing says so: `import x from "./x.json"`.
    pub(super) is_plain_data: bool,
}

/// Why a file was not read.
pub(super) enum Fault {
    /// A line that does not parse.
    Invalid(u32),
    /// It is too large, or took too long.
    Unread,
}

fn line(node: Node<'_>) -> u32 {
    u32::try_from(node.start_position().row + 1).unwrap_or(u32::MAX)
}

fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|n| n.kind() != "comment").collect()
}

/// Reads a file.
pub(super) fn read_facts(text: &str) -> Result<Facts, Fault> {
    let mut parser = Parser::new();
    let is_ready = parser.set_language(&tree_sitter_javascript::LANGUAGE.into()).is_ok();
    if text.len() > MAX_BYTES || !is_ready {
        return Err(Fault::Unread);
    }
    let end = Instant::now() + MAX_TIME;
    let mut is_late = |_: &tree_sitter::ParseState| Instant::now() > end;
    let options = ParseOptions::new().progress_callback(&mut is_late);
    let mut bytes = |at: usize, _| text.as_bytes().get(at..).unwrap_or_default();
    let Some(tree) = parser.parse_with_options(&mut bytes, None, Some(options)) else {
        return Err(Fault::Unread);
    };
    let root = tree.root_node();
    if root.has_error() {
        return Err(Fault::Invalid(first_error(root)));
    }
    let reader = Reader { text };
    let mut facts = Facts::default();
    for statement in children(root) {
        reader.statement(statement, &mut facts);
    }
    if !reader.walk(root, &mut facts) {
        return Err(Fault::Unread);
    }
    facts.gives = reader.gives(root);
    uses::gather_uses(&reader, root, &mut facts);
    Ok(facts)
}

/// The line of the first part that does not parse. Goes through the tree without recursion.
fn first_error(root: Node<'_>) -> u32 {
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() {
            return line(node);
        }
        if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return 1;
            }
        }
    }
}

struct Reader<'t> {
    text: &'t str,
}

impl Reader<'_> {
    fn source(&self, node: Node<'_>) -> &str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// The text of a literal without escapes.
    fn literal(&self, node: Node<'_>) -> Option<String> {
        let text = self.source(node);
        let inner = text.get(1..text.len().checked_sub(1)?)?;
        (node.kind() == "string" && !inner.contains('\\')).then(|| inner.to_owned())
    }

    fn statement(&self, statement: Node<'_>, facts: &mut Facts) {
        let at = line(statement);
        match statement.kind() {
            "import_statement" => {
                facts.is_module.get_or_insert(at);
                let from = statement.child_by_field_name("source").and_then(|s| self.literal(s));
                let Some(from) = from else { return };
                let clause = children(statement).into_iter().find(|n| n.kind() == "import_clause");
                let names = clause.map(|c| self.imported(c)).unwrap_or_default();
                facts.imports.push(Import { from, names, line: at, is_require: false });
            }
            "export_statement" => {
                facts.is_module.get_or_insert(at);
                self.exported(statement, facts);
            }
            "throw_statement" => {
                facts.ends.get_or_insert(("throws an error that nothing catches", at));
            }
            "expression_statement" => {
                let text: String = self.source(statement).split_whitespace().collect();
                let code = text.strip_prefix("process.exit(").and_then(|rest| rest.split(')').next());
                if code.is_some_and(|c| c.parse::<i64>().is_ok_and(|c| c != 0)) {
                    facts.ends.get_or_insert(("ends the program with a code that is not 0", at));
                }
            }
            "lexical_declaration" | "variable_declaration" => {
                for declared in children(statement) {
                    facts.imports.extend(self.required(declared));
                }
            }
            _ => {}
        }
    }

    /// The names of `a, { b as c, d }`; nothing is known of `* as all`.
    fn imported(&self, clause: Node<'_>) -> Vec<String> {
        let mut names = Vec::new();
        for part in children(clause) {
            match part.kind() {
                "identifier" => names.push("default".to_owned()),
                "named_imports" => {
                    let all = children(part).into_iter().filter_map(|s| s.child_by_field_name("name"));
                    names.extend(all.map(|n| self.source(n).to_owned()));
                }
                _ => {}
            }
        }
        names
    }

    /// `{ a, b: c } = require("x")`
    fn required(&self, declared: Node<'_>) -> Option<Import> {
        let value = declared.child_by_field_name("value")?;
        let function = value.child_by_field_name("function")?;
        if value.kind() != "call_expression" || self.source(function) != "require" {
            return None;
        }
        let from = self.literal(*children(value.child_by_field_name("arguments")?).first()?)?;
        let pattern = declared.child_by_field_name("name").filter(|p| p.kind() == "object_pattern")?;
        let mut names = Vec::new();
        for part in children(pattern) {
            match part.kind() {
                "shorthand_property_identifier_pattern" => names.push(self.source(part).to_owned()),
                "pair_pattern" => {
                    names.extend(part.child_by_field_name("key").map(|k| self.source(k).to_owned()));
                }
                // One with a default may be missing.
                _ => {}
            }
        }
        Some(Import { from, names, line: line(declared), is_require: true })
    }

    fn exported(&self, statement: Node<'_>, facts: &mut Facts) {
        let exports = &mut facts.exports;
        let from = statement.child_by_field_name("source").and_then(|s| self.literal(s));
        let text = self.source(statement);
        let after = text.strip_prefix("export").unwrap_or_default().trim_start();
        if after.starts_with("default") {
            exports.names.insert("default".to_owned());
            return;
        }
        if let Some(declaration) = statement.child_by_field_name("declaration") {
            return self.declared(declaration, &mut exports.names, &mut exports.is_open);
        }
        let clause = children(statement).into_iter().find(|n| n.kind() == "export_clause");
        match (clause, from) {
            (Some(clause), from) => {
                let mut taken = Vec::new();
                for one in children(clause) {
                    let name = one.child_by_field_name("name").map(|n| self.source(n).to_owned());
                    let other = one.child_by_field_name("alias").map(|n| self.source(n).to_owned());
                    exports.names.extend(other.or_else(|| name.clone()));
                    taken.extend(name);
                }
                if let Some(from) = from {
                    let import = Import { from, names: taken, line: line(statement), is_require: false };
                    facts.imports.push(import);
                }
            }
            // `export * as name from "x"`
            (None, Some(_)) if text.contains(" as ") => exports.is_open = true,
            (None, Some(from)) => exports.all_of.push(from),
            (None, None) => exports.is_open = true,
        }
    }

    fn declared(&self, declaration: Node<'_>, names: &mut BTreeSet<String>, is_open: &mut bool) {
        match declaration.child_by_field_name("name") {
            Some(name) => {
                names.insert(self.source(name).to_owned());
            }
            None => {
                for one in children(declaration) {
                    match one.child_by_field_name("name") {
                        Some(name) if name.kind() == "identifier" => {
                            names.insert(self.source(name).to_owned());
                        }
                        _ => *is_open = true,
                    }
                }
            }
        }
    }

    /// Whether the file may define a name of CommonJS itself.
    fn defines(&self, name: &str) -> bool {
        let is_assigned = [" = ", "="].iter().any(|e| {
            ["const ", "let ", "var ", ", "].iter().any(|k| self.text.contains(&format!("{k}{name}{e}")))
        });
        is_assigned || self.text.contains("createRequire")
    }

    /// Looks for what runs while the file is loaded: not the bodies of functions and classes, nor what may not be run.
    /// Whether it saw all of it.
    fn walk(&self, root: Node<'_>, facts: &mut Facts) -> bool {
        let mut cursor = root.walk();
        let mut left = MAX_NODES;
        // The whole text is looked through once for each name, not for each place of it.
        let mut defined: BTreeMap<&str, bool> = BTreeMap::new();
        loop {
            left -= 1;
            let node = cursor.node();
            let is_inner = matches!(
                node.kind(),
                "function_declaration"
                    | "function_expression"
                    | "arrow_function"
                    | "generator_function"
                    | "generator_function_declaration"
                    | "method_definition"
                    | "class_body"
            );
            let may_not_run = matches!(
                node.kind(),
                "if_statement"
                    | "try_statement"
                    | "switch_statement"
                    | "ternary_expression"
                    | "binary_expression"
            );
            if node.kind() == "await_expression" {
                facts.is_module.get_or_insert(line(node));
            }
            let is_asked_for = facts.of_commonjs.is_none() && node.kind() == "identifier";
            if is_asked_for && let Some(name) = OF_COMMONJS.iter().find(|name| **name == self.source(node)) {
                // `typeof require` asks whether it is there.
                let is_asked = node.parent().is_some_and(|p| p.kind() == "unary_expression");
                let is_defined = *defined.entry(*name).or_insert_with(|| self.defines(name));
                if !is_defined && !is_asked {
                    facts.of_commonjs = Some(((*name).to_owned(), line(node)));
                }
            }
            self.used(node, facts);
            if left > 0 && !is_inner && !may_not_run && cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return true;
                }
            }
            if left == 0 {
                return false;
            }
        }
    }

    /// The names that a CommonJS module gives: `exports.a = …`, `module.exports = { a, b: … }`, and nothing else.
    fn gives(&self, root: Node<'_>) -> Exports {
        let mut gives = Exports::default();
        let mut understood = 0;
        for statement in children(root) {
            let assignment = children(statement).into_iter().find(|n| n.kind() == "assignment_expression");
            let Some(assignment) = assignment.filter(|_| statement.kind() == "expression_statement") else {
                continue;
            };
            let (Some(left), Some(right)) =
                (assignment.child_by_field_name("left"), assignment.child_by_field_name("right"))
            else {
                continue;
            };
            let target = self.source(left);
            let own = target.strip_prefix("module.exports.").or_else(|| target.strip_prefix("exports."));
            if let Some(name) = own.filter(|n| !n.contains(['.', '['])) {
                gives.names.insert(name.to_owned());
                understood += 1;
            } else if target == "module.exports" && right.kind() == "object" {
                understood += 1;
                for part in children(right) {
                    match part.kind() {
                        "shorthand_property_identifier" => {
                            gives.names.insert(self.source(part).to_owned());
                        }
                        "pair" => {
                            let key = part.child_by_field_name("key").map(|k| self.source(k));
                            gives.names.extend(key.map(|k| k.trim_matches(['"', '\'']).to_owned()));
                        }
                        "method_definition" => {
                            let name = part.child_by_field_name("name").map(|n| self.source(n).to_owned());
                            gives.names.extend(name);
                        }
                        _ => gives.is_open = true,
                    }
                }
            }
        }
        // Another use of `exports` may give more.
        gives.is_open |= understood == 0 || self.text.matches("exports").count() != understood;
        gives
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn facts(text: &str) -> Facts {
        read_facts(text).ok().unwrap()
    }

    #[test]
    fn exports_of_modules() {
        let all = facts(
            "export const a = 1, b = 2;\nexport function c() {}\nexport class D {}\nexport default 1;\nexport { e as f };\nexport * from './x.js';\nlet e;\n",
        );
        let names: Vec<&str> = all.exports.names.iter().map(String::as_str).collect();
        assert_eq!(names, ["D", "a", "b", "c", "default", "f"]);
        assert_eq!((all.exports.all_of, all.exports.is_open), (vec!["./x.js".to_owned()], false));
        assert!(facts("export const { a } = b;\n").exports.is_open);
        for (text, names) in [
            ("exports.a = 1;\nexports.b = 2;\n", Some("a b")),
            ("module.exports = { a, b: 1, c() {} };\n", Some("a b c")),
            ("module.exports = { ...a };\n", None),
            ("Object.assign(exports, a);\nexports.b = 1;\n", None),
            ("const a = 1;\n", None),
        ] {
            let gives = facts(text).gives;
            let all: Vec<String> = gives.names.into_iter().collect();
            assert_eq!((!gives.is_open).then(|| all.join(" ")).as_deref(), names, "{text}");
        }
    }

    #[test]
    fn what_a_file_loads_and_what_the_language_refuses() {
        let loaded = |text: &str| facts(text).loads.into_iter().map(|l| l.name).collect::<Vec<_>>().join(" ");
        assert_eq!(
            loaded("{\n  const a = require('a'), b = require('b');\n}\napp.use(require('c'));\n"),
            "a b c"
        );
        assert_eq!(
            loaded("function f() { require('a'); }\ntry { require('b'); } catch {}\nx && require('c');\n"),
            ""
        );
        assert_eq!(
            loaded("import 'a';\nexport * from 'b';\nawait import('c');\nimport('d').catch(e);\n"),
            "a b c"
        );
        for text in [
            "const a = 1;\nlet a = 2;\n",
            "import { a } from 'b';\nfunction a() {}\n",
            "function f() { await g(); }\n",
            "async function f() { return [1].map(x => { await x; }); }\n",
        ] {
            assert!(facts(text).refused.is_some(), "{text}");
        }
        for text in [
            "var a = 1;\nvar a = 2;\nfunction b() {}\nfunction b() {}\n",
            "class A { async f() { await g(); } static async h() { await g(); } }\n",
            "const f = async () => { for await (const x of y) await x; };\nawait f();\n",
        ] {
            assert!(facts(text).refused.is_none(), "{text}");
        }
        assert_eq!(facts("if (!process.env.A) {\n  process.exit(1);\n}\n").needs, [("A".to_owned(), 1)]);
        assert!(facts("import a from './a.json';\n").loads[0].is_plain_data);
        assert!(!facts("import a from './a.json' with { type: 'json' };\n").loads[0].is_plain_data);
    }

    #[test]
    fn what_ends_a_module_while_it_is_loaded() {
        assert!(facts("throw new Error('x');\n").ends.is_some());
        assert!(facts("if (a) { throw b; }\nfunction c() { throw d; }\nprocess.exit(0);\n").ends.is_none());
        assert!(facts("console.log(__dirname);\n").of_commonjs.is_some());
        assert!(facts("const __dirname = d();\nconsole.log(__dirname);\n").of_commonjs.is_none());
        assert!(facts("function f() { return require('x'); }\n").of_commonjs.is_none());
        assert!(facts("if (typeof require !== 'undefined') require('x');\n").of_commonjs.is_none());
        assert!(facts("await x();\n").is_module.is_some());
        assert!(facts("async function f() { await x(); }\n").is_module.is_none());
        assert!(matches!(read_facts("const x = ;\n"), Err(Fault::Invalid(1))));
    }
}
