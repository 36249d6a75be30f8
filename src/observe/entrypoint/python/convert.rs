//! From a syntax tree of tree-sitter to [`ast`](super::ast). What is nested deeper than is followed becomes `Other`, so
//! that no later walk can run out of stack.

mod function;

use tree_sitter::Node;

use super::ast::{Alias, Argument, Body, Comparison, Expr, ExprKind, Stmt, StmtKind};

pub(super) use function::yields;

/// How deep statements and expressions may nest.
const MAX_DEPTH: u16 = 160;

/// Converts a module.
pub(super) fn module(root: Node<'_>, text: &str) -> (Body, bool) {
    let mut converter = Converter { text, depth: 0, is_cut: false };
    let body = converter.body(root);
    (body, converter.is_cut)
}

struct Converter<'t> {
    text: &'t str,
    depth: u16,
    /// Whether something was nested too deep.
    is_cut: bool,
}

fn line(node: Node<'_>) -> u32 {
    u32::try_from(node.start_position().row + 1).unwrap_or(u32::MAX)
}

/// The named children of a node, comments left out.
fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|n| n.kind() != "comment").collect()
}

/// The children under a field's name.
fn fields<'n>(node: Node<'n>, name: &str) -> Vec<Node<'n>> {
    let mut cursor = node.walk();
    node.children_by_field_name(name, &mut cursor).filter(|n| n.is_named() && n.kind() != "comment").collect()
}

impl Converter<'_> {
    fn source(&self, node: Node<'_>) -> String {
        self.text.get(node.byte_range()).unwrap_or_default().to_owned()
    }

    /// The statements of a block.
    fn body(&mut self, block: Node<'_>) -> Body {
        if self.depth >= MAX_DEPTH {
            self.is_cut = true;
            return Vec::new();
        }
        self.depth += 1;
        let body = children(block).into_iter().map(|n| self.statement(n, Vec::new())).collect();
        self.depth -= 1;
        body
    }

    fn body_of(&mut self, node: Node<'_>, field: &str) -> Body {
        node.child_by_field_name(field).map(|block| self.body(block)).unwrap_or_default()
    }

    /// The block of a clause that has no field for it.
    fn block_in(&mut self, node: Node<'_>) -> Body {
        let block = children(node).into_iter().find(|n| n.kind() == "block");
        block.map(|block| self.body(block)).unwrap_or_default()
    }

    #[expect(clippy::too_many_lines, reason = "one match over the nodes of a syntax tree")]
    fn statement(&mut self, node: Node<'_>, decorators: Vec<Expr>) -> Stmt {
        let kind = match node.kind() {
            "decorated_definition" => {
                let all: Vec<Expr> = children(node)
                    .into_iter()
                    .filter(|n| n.kind() == "decorator")
                    .filter_map(|n| children(n).first().copied())
                    .map(|n| self.expression(n))
                    .collect();
                return match node.child_by_field_name("definition") {
                    Some(definition) => self.statement(definition, all),
                    None => Stmt { line: line(node), kind: StmtKind::Other },
                };
            }
            "function_definition" => StmtKind::Function(Box::new(self.function(node, decorators))),
            "class_definition" => StmtKind::Class {
                name: node.child_by_field_name("name").map(|n| self.source(n)).unwrap_or_default(),
                arguments: node
                    .child_by_field_name("superclasses")
                    .map(|n| self.arguments(n))
                    .unwrap_or_default(),
                body: self.body_of(node, "body"),
                types: self.types(node),
                decorators,
            },
            "return_statement" => StmtKind::Return(children(node).first().map(|n| self.expression(*n))),
            "raise_statement" => StmtKind::Raise(children(node).first().map(|n| self.expression(*n))),
            "assert_statement" => match children(node).first() {
                Some(test) => StmtKind::Assert(self.expression(*test)),
                None => StmtKind::Other,
            },
            "break_statement" => StmtKind::Break,
            "continue_statement" => StmtKind::Continue,
            "expression_statement" => return self.expression_statement(node),
            "for_statement" => StmtKind::For {
                target: self.field(node, "left"),
                iterable: self.field(node, "right"),
                body: self.body_of(node, "body"),
                otherwise: self.otherwise(node),
            },
            "while_statement" => StmtKind::While {
                test: self.field(node, "condition"),
                body: self.body_of(node, "body"),
                otherwise: self.otherwise(node),
            },
            "if_statement" => {
                let mut branches =
                    vec![(Some(self.field(node, "condition")), self.body_of(node, "consequence"))];
                for clause in fields(node, "alternative") {
                    branches.push(match clause.kind() {
                        "elif_clause" => {
                            (Some(self.field(clause, "condition")), self.body_of(clause, "consequence"))
                        }
                        _ => (None, self.body_of(clause, "body")),
                    });
                }
                StmtKind::If(branches)
            }
            "with_statement" => {
                let clause = children(node).into_iter().find(|n| n.kind() == "with_clause");
                let items = clause.map(children).unwrap_or_default();
                let items = items
                    .into_iter()
                    .filter(|n| n.kind() == "with_item")
                    .map(|n| self.with_item(n))
                    .collect();
                StmtKind::With { items, body: self.body_of(node, "body") }
            }
            "match_statement" => {
                let block = node.child_by_field_name("body");
                let cases = block.map(|b| fields(b, "alternative")).unwrap_or_default();
                let cases = cases
                    .into_iter()
                    .map(|case| {
                        let pattern = children(case).into_iter().find(|n| n.kind() == "case_pattern");
                        let is_plain = pattern.is_some_and(|p| {
                            children(p)
                                .iter()
                                .all(|c| matches!(c.kind(), "string" | "integer" | "none" | "true" | "false"))
                        });
                        (is_plain, self.body_of(case, "consequence"))
                    })
                    .collect();
                StmtKind::Match(cases)
            }
            "try_statement" => {
                let (mut handlers, mut otherwise, mut finally) = (Vec::new(), Vec::new(), Vec::new());
                for clause in children(node) {
                    match clause.kind() {
                        "except_clause" | "except_group_clause" => {
                            let caught = children(clause).into_iter().find(|n| n.kind() != "block");
                            handlers.push((caught.map(|n| self.expression(n)), self.block_in(clause)));
                        }
                        "else_clause" => otherwise = self.body_of(clause, "body"),
                        "finally_clause" => finally = self.block_in(clause),
                        _ => {}
                    }
                }
                StmtKind::Try { body: self.body_of(node, "body"), handlers, otherwise, finally }
            }
            "import_statement" => {
                StmtKind::Import(fields(node, "name").into_iter().map(|n| self.alias(n)).collect())
            }
            "import_from_statement" => self.import_from(node),
            "future_import_statement" => match self.import_from(node) {
                StmtKind::ImportFrom { names, .. } => {
                    StmtKind::ImportFrom { level: 0, module: "__future__".to_owned(), names }
                }
                other => other,
            },
            "global_statement" => {
                StmtKind::Global(children(node).into_iter().map(|n| self.source(n)).collect())
            }
            _ => StmtKind::Other,
        };
        Stmt { line: line(node), kind }
    }

    fn otherwise(&mut self, node: Node<'_>) -> Body {
        node.child_by_field_name("alternative").map(|clause| self.body_of(clause, "body")).unwrap_or_default()
    }

    fn with_item(&mut self, item: Node<'_>) -> (Expr, Option<Expr>) {
        let Some(value) = item.child_by_field_name("value") else { return (self.other(item), None) };
        if value.kind() != "as_pattern" {
            return (self.expression(value), None);
        }
        let inner = children(value);
        let target = value.child_by_field_name("alias").and_then(|a| children(a).first().copied());
        let first = inner.first().map(|n| self.expression(*n)).unwrap_or_else(|| self.other(value));
        (first, target.map(|n| self.expression(n)))
    }

    fn import_from(&mut self, node: Node<'_>) -> StmtKind {
        let (mut level, mut module) = (0, String::new());
        if let Some(name) = node.child_by_field_name("module_name") {
            if name.kind() == "relative_import" {
                for part in children(name) {
                    match part.kind() {
                        "import_prefix" => level = self.source(part).matches('.').count(),
                        _ => module = self.plain(part),
                    }
                }
            } else {
                module = self.plain(name);
            }
        }
        let mut names: Vec<Alias> = fields(node, "name").into_iter().map(|n| self.alias(n)).collect();
        if children(node).iter().any(|n| n.kind() == "wildcard_import") {
            names.push(Alias { name: "*".to_owned(), other: None });
        }
        StmtKind::ImportFrom { level, module, names }
    }

    /// A dotted name without the blanks that may stand in it.
    fn plain(&self, node: Node<'_>) -> String {
        self.source(node).split_whitespace().collect()
    }

    fn alias(&self, node: Node<'_>) -> Alias {
        match node.kind() {
            "aliased_import" => Alias {
                name: node.child_by_field_name("name").map(|n| self.plain(n)).unwrap_or_default(),
                other: node.child_by_field_name("alias").map(|n| self.source(n)),
            },
            _ => Alias { name: self.plain(node), other: None },
        }
    }

    fn expression_statement(&mut self, node: Node<'_>) -> Stmt {
        let inner = children(node);
        let kind = match inner.as_slice() {
            [one] if one.kind() == "assignment" => self.assignment(*one),
            [one] if one.kind() == "augmented_assignment" => {
                StmtKind::Augment { target: self.field(*one, "left"), value: self.field(*one, "right") }
            }
            [one] => StmtKind::Expr(self.expression(*one)),
            _ => StmtKind::Other,
        };
        Stmt { line: line(node), kind }
    }

    /// `a = b = value`, `a: T = value`.
    fn assignment(&mut self, node: Node<'_>) -> StmtKind {
        if let Some(annotation) = node.child_by_field_name("type") {
            let annotation = self.annotation(annotation);
            let value = node.child_by_field_name("right").map(|n| self.expression(n));
            return StmtKind::Annotate { target: self.field(node, "left"), annotation, value };
        }
        let mut targets = vec![self.field(node, "left")];
        let mut right = node.child_by_field_name("right");
        while let Some(next) = right.filter(|n| n.kind() == "assignment") {
            targets.push(self.field(next, "left"));
            right = next.child_by_field_name("right");
        }
        let value = right.map(|n| self.expression(n)).unwrap_or_else(|| self.other(node));
        StmtKind::Assign { targets, value }
    }

    fn field(&mut self, node: Node<'_>, name: &str) -> Expr {
        match node.child_by_field_name(name) {
            Some(inner) => self.expression(inner),
            None => self.other(node),
        }
    }

    fn make(&self, node: Node<'_>, kind: ExprKind) -> Expr {
        Expr { line: line(node), range: node.byte_range(), kind }
    }

    fn other(&self, node: Node<'_>) -> Expr {
        self.make(node, ExprKind::Other)
    }

    fn boxed(&mut self, node: Option<Node<'_>>, around: Node<'_>) -> Box<Expr> {
        Box::new(match node {
            Some(node) => self.expression(node),
            None => self.other(around),
        })
    }

    fn arguments(&mut self, node: Node<'_>) -> Vec<Argument> {
        if node.kind() == "generator_expression" {
            return vec![Argument::Positional(self.expression(node))];
        }
        let mut all = Vec::new();
        for one in children(node) {
            all.push(match one.kind() {
                "keyword_argument" => {
                    let name = one.child_by_field_name("name").map(|n| self.source(n)).unwrap_or_default();
                    Argument::Keyword(name, self.field(one, "value"))
                }
                "list_splat" => Argument::Star(*self.boxed(children(one).first().copied(), one)),
                "dictionary_splat" => Argument::DoubleStar(*self.boxed(children(one).first().copied(), one)),
                _ => Argument::Positional(self.expression(one)),
            });
        }
        all
    }

    fn expression(&mut self, node: Node<'_>) -> Expr {
        if self.depth >= MAX_DEPTH {
            self.is_cut = true;
            return self.other(node);
        }
        self.depth += 1;
        let kind = self.kind(node);
        self.depth -= 1;
        self.make(node, kind)
    }

    fn list(&mut self, node: Node<'_>) -> Vec<Expr> {
        children(node).into_iter().map(|n| self.expression(n)).collect()
    }

    fn kind(&mut self, node: Node<'_>) -> ExprKind {
        let inner = children(node);
        let first = inner.first().copied();
        match node.kind() {
            "identifier" | "dotted_name" => ExprKind::Name(self.plain(node)),
            "keyword_identifier" => ExprKind::Name(self.source(node)),
            "attribute" => {
                let name = node.child_by_field_name("attribute").map(|n| self.source(n)).unwrap_or_default();
                ExprKind::Attribute(self.boxed(node.child_by_field_name("object"), node), name)
            }
            "call" => {
                let function = self.boxed(node.child_by_field_name("function"), node);
                let arguments = node.child_by_field_name("arguments").map(|n| self.arguments(n));
                ExprKind::Call(function, arguments.unwrap_or_default())
            }
            "string" => self.string(node),
            "concatenated_string" => {
                let parts = self.list(node);
                let texts: Option<String> = parts.iter().map(Expr::text).collect();
                texts.map_or(ExprKind::Format(parts), ExprKind::Text)
            }
            "integer" => {
                let digits = self.source(node).replace('_', "");
                digits.parse().map_or(ExprKind::Other, ExprKind::Int)
            }
            "unary_operator" if self.source(node).starts_with('-') => {
                match first.map(|n| self.expression(n).kind) {
                    Some(ExprKind::Int(number)) => ExprKind::Int(-number),
                    _ => ExprKind::Other,
                }
            }
            "true" => ExprKind::Bool(true),
            "false" => ExprKind::Bool(false),
            "none" => ExprKind::None,
            "ellipsis" => ExprKind::Ellipsis,
            "list" | "set" => ExprKind::List(self.list(node)),
            "tuple" | "expression_list" | "pattern_list" | "tuple_pattern" | "list_pattern" => {
                ExprKind::Tuple(self.list(node))
            }
            "dictionary" => {
                let pairs = inner.into_iter().map(|pair| match pair.kind() {
                    "pair" => (Some(self.field(pair, "key")), self.field(pair, "value")),
                    _ => (None, *self.boxed(children(pair).first().copied(), pair)),
                });
                ExprKind::Dict(pairs.collect())
            }
            "list_splat" | "list_splat_pattern" => ExprKind::Star(self.boxed(first, node)),
            "subscript" => {
                let value = self.boxed(node.child_by_field_name("value"), node);
                let of = fields(node, "subscript").into_iter().map(|n| self.expression(n)).collect();
                ExprKind::Subscript(value, of)
            }
            "not_operator" => ExprKind::Not(self.boxed(node.child_by_field_name("argument"), node)),
            "boolean_operator" => {
                let operator = node.child_by_field_name("operator").map(|n| n.kind());
                ExprKind::Junction {
                    is_and: operator == Some("and"),
                    left: self.boxed(node.child_by_field_name("left"), node),
                    right: self.boxed(node.child_by_field_name("right"), node),
                }
            }
            "comparison_operator" => self.comparison(node, &inner),
            "binary_operator" if node.child_by_field_name("operator").is_some_and(|o| o.kind() == "+") => {
                let left = self.boxed(node.child_by_field_name("left"), node);
                ExprKind::Add(left, self.boxed(node.child_by_field_name("right"), node))
            }
            "binary_operator" if self.is_by_zero(node) => ExprKind::ByZero,
            "binary_operator" => {
                let left = self.boxed(node.child_by_field_name("left"), node);
                ExprKind::Operation(left, self.boxed(node.child_by_field_name("right"), node))
            }
            "conditional_expression" => match inner.as_slice() {
                [then, test, otherwise] => ExprKind::Choice {
                    test: self.boxed(Some(*test), node),
                    then: self.boxed(Some(*then), node),
                    otherwise: self.boxed(Some(*otherwise), node),
                },
                _ => ExprKind::Other,
            },
            "named_expression" => {
                let name = node.child_by_field_name("name").map(|n| self.source(n)).unwrap_or_default();
                ExprKind::Named(name, self.boxed(node.child_by_field_name("value"), node))
            }
            "list_comprehension" | "generator_expression" | "set_comprehension" => {
                self.comprehension(node, &inner)
            }
            "parenthesized_expression" | "await" | "as_pattern" => ExprKind::Wrapped(self.boxed(first, node)),
            "type" => self.annotation(node).kind,
            _ => ExprKind::Other,
        }
    }

    fn is_by_zero(&self, node: Node<'_>) -> bool {
        let operator = node.child_by_field_name("operator").map(|o| o.kind());
        let right = node.child_by_field_name("right").map(|n| self.source(n));
        matches!(operator, Some("/" | "//" | "%")) && right.as_deref() == Some("0") && {
            // `"%d" % 0` is a text.
            node.child_by_field_name("left").is_some_and(|n| matches!(n.kind(), "integer" | "float"))
        }
    }

    fn comparison(&mut self, node: Node<'_>, inner: &[Node<'_>]) -> ExprKind {
        let mut cursor = node.walk();
        let operators: Vec<String> =
            node.children_by_field_name("operators", &mut cursor).map(|n| self.source(n)).collect();
        let operator = operators.join(" ");
        let operator = match operator.split_whitespace().collect::<Vec<_>>().join(" ").as_str() {
            "==" => Comparison::Equal,
            "!=" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            "in" => Comparison::In,
            "not in" => Comparison::NotIn,
            "is" => Comparison::Is,
            "is not" => Comparison::IsNot,
            _ => return ExprKind::Other,
        };
        match inner {
            [left, right] => {
                let left = self.boxed(Some(*left), node);
                ExprKind::Compare(left, operator, self.boxed(Some(*right), node))
            }
            _ => ExprKind::Other,
        }
    }

    fn comprehension(&mut self, node: Node<'_>, inner: &[Node<'_>]) -> ExprKind {
        let loops: Vec<Node<'_>> = inner.iter().copied().filter(|n| n.kind() == "for_in_clause").collect();
        let [one] = loops.as_slice() else { return ExprKind::Other };
        ExprKind::Comprehension {
            element: self.boxed(node.child_by_field_name("body"), node),
            target: self.boxed(one.child_by_field_name("left"), node),
            iterable: self.boxed(one.child_by_field_name("right"), node),
            has_conditions: inner.iter().any(|n| n.kind() == "if_clause"),
        }
    }

    /// A string: its text, or its parts if values stand in it. Bytes are no text.
    fn string(&mut self, node: Node<'_>) -> ExprKind {
        let inner = children(node);
        let start =
            inner.iter().find(|n| n.kind() == "string_start").map(|n| self.source(*n)).unwrap_or_default();
        let prefix = start.trim_end_matches(['"', '\'']).to_ascii_lowercase();
        if prefix.contains('b') {
            return ExprKind::Other;
        }
        let mut parts = Vec::new();
        let mut text = String::new();
        for part in &inner {
            match part.kind() {
                "string_content" => text.push_str(&unescaped(&self.source(*part), prefix.contains('r'))),
                "interpolation" => {
                    parts.push(self.make(*part, ExprKind::Text(std::mem::take(&mut text))));
                    parts.push(self.field(*part, "expression"));
                }
                _ => {}
            }
        }
        if parts.is_empty() {
            return ExprKind::Text(text);
        }
        parts.push(self.make(node, ExprKind::Text(text)));
        ExprKind::Format(parts)
    }
}

/// A string's text with the escapes that stand in names and options resolved; others stay.
fn unescaped(text: &str, is_raw: bool) -> String {
    if is_raw || !text.contains('\\') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match (c, c == '\\') {
            (_, false) => out.push(c),
            (_, true) => match rest.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(quoted @ ('\\' | '\'' | '"')) => out.push(quoted),
                Some('\n') => {}
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
        }
    }
    out
}
