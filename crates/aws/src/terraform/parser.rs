//! Reads HCL: bodies, expressions and templates.
//!
//! Source: "HCL Native Syntax Specification". The reader is linear in the text, bounds the depth itself, and keeps the offset
//! of every part.

mod text;

use super::syntax::{Expression, For, Names, Operator, Piece, Step};

/// Deepest nesting.
const MAX_DEPTH: usize = 300;

/// Where a text is not HCL: the offset, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub offset: usize,
    pub reason: &'static str,
}

type Parsed<T> = Result<T, Fault>;

/// A block or an attribute of a body.
pub(super) enum Item {
    Attribute(String, Expression),
    Block { kind: String, offset: usize, labels: Vec<String>, items: Vec<Item> },
}

/// The items of a file.
pub(super) fn body(text: &str) -> Parsed<Vec<Item>> {
    let mut parser = Parser::new(text);
    let items = parser.items(MAX_DEPTH)?;
    if parser.at < text.len() { parser.fault("a closing brace without an opening one") } else { Ok(items) }
}

/// A template that is a whole text: of the JSON form, or of a file.
pub(super) fn template(text: &str) -> Parsed<Vec<Piece>> {
    let mut parser = Parser::new(text);
    let pieces = parser.pieces(End::Text, MAX_DEPTH)?;
    if parser.at < text.len() { parser.fault("a directive that closes nothing") } else { Ok(pieces) }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    /// Whether a line's end ends an expression: not within brackets.
    lines: bool,
}

/// What ends a template.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Quote,
    Text,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, at: 0, lines: true }
    }

    fn fault<T>(&self, reason: &'static str) -> Parsed<T> {
        Err(Fault { offset: self.at, reason })
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, token: &str) -> bool {
        let is = self.rest().starts_with(token);
        if is {
            self.at += token.len();
        }
        is
    }

    fn expect(&mut self, token: &str, reason: &'static str) -> Parsed<()> {
        if self.eat(token) { Ok(()) } else { self.fault(reason) }
    }

    /// Skips blanks and comments, and ends of lines where those say nothing.
    fn skip(&mut self) {
        self.blanks(!self.lines);
    }

    fn blanks(&mut self, lines: bool) {
        loop {
            let rest = self.rest();
            let blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\u{feff}') || (lines && c == '\n');
            let trimmed = rest.trim_start_matches(blank);
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with('#') || trimmed.starts_with("//") {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                self.at += trimmed.find("*/").map_or(trimmed.len(), |end| end + 2);
            } else {
                return;
            }
        }
    }

    fn identifier(&mut self) -> Option<String> {
        let rest = self.rest();
        let first = rest.chars().next().filter(|c| c.is_alphabetic() || *c == '_')?;
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let tail = rest.get(first.len_utf8()..)?;
        let length = first.len_utf8() + tail.find(|c| !is_part(c)).unwrap_or(tail.len());
        self.at += length;
        rest.get(..length).map(str::to_owned)
    }

    fn items(&mut self, depth: usize) -> Parsed<Vec<Item>> {
        let Some(depth) = depth.checked_sub(1) else { return self.fault("nested too deeply") };
        let mut items = Vec::new();
        loop {
            self.blanks(true);
            if self.rest().is_empty() || self.peek() == Some('}') {
                return Ok(items);
            }
            let offset = self.at;
            let Some(name) = self.identifier() else {
                return self.fault("no name of an attribute or a block");
            };
            self.skip();
            if self.rest().starts_with('=') && !self.rest().starts_with("==") {
                self.at += 1;
                self.skip();
                items.push(Item::Attribute(name, self.expression(depth)?));
                self.skip();
                if !self.rest().is_empty() && !matches!(self.peek(), Some('\n' | '}')) {
                    return self.fault("an attribute that does not end with its line");
                }
                continue;
            }
            let mut labels = Vec::new();
            loop {
                self.skip();
                if self.eat("{") {
                    break;
                }
                if self.eat("\"") {
                    let pieces = self.pieces(End::Quote, depth)?;
                    let label = Expression::Template(pieces);
                    match label.as_text() {
                        Some(text) => labels.push(text.to_owned()),
                        None => return self.fault("a block's label that is no plain text"),
                    }
                } else if let Some(label) = self.identifier() {
                    labels.push(label);
                } else {
                    return self.fault("neither an attribute nor a block");
                }
            }
            let inner = self.items(depth)?;
            self.expect("}", "a block that is not closed")?;
            items.push(Item::Block { kind: name, offset, labels, items: inner });
        }
    }

    fn expression(&mut self, depth: usize) -> Parsed<Expression> {
        let Some(depth) = depth.checked_sub(1) else { return self.fault("nested too deeply") };
        let condition = self.binary(0, depth)?;
        self.skip();
        if !self.eat("?") {
            return Ok(condition);
        }
        self.skip();
        let yes = self.expression(depth)?;
        self.skip();
        self.expect(":", "a conditional without a second branch")?;
        self.skip();
        let no = self.expression(depth)?;
        Ok(Expression::Conditional(Box::new([condition, yes, no])))
    }

    /// The operator that comes next, and how tightly it binds.
    fn operator(&self) -> Option<(&'static str, Operator, u8)> {
        const OPERATORS: [(&str, Operator, u8); 13] = [
            ("||", Operator::Or, 1),
            ("&&", Operator::And, 2),
            ("==", Operator::Equal, 3),
            ("!=", Operator::NotEqual, 3),
            ("<=", Operator::LessEqual, 4),
            (">=", Operator::GreaterEqual, 4),
            ("<", Operator::Less, 4),
            (">", Operator::Greater, 4),
            ("+", Operator::Plus, 5),
            ("-", Operator::Minus, 5),
            ("*", Operator::Times, 6),
            ("/", Operator::Divide, 6),
            ("%", Operator::Modulo, 6),
        ];
        OPERATORS.into_iter().find(|(token, ..)| self.rest().starts_with(token))
    }

    fn binary(&mut self, least: u8, depth: usize) -> Parsed<Expression> {
        let Some(depth) = depth.checked_sub(1) else { return self.fault("nested too deeply") };
        let mut left = self.unary(depth)?;
        loop {
            self.skip();
            let Some((token, operator, binds)) = self.operator().filter(|(.., binds)| *binds > least) else {
                return Ok(left);
            };
            self.at += token.len();
            self.skip();
            let right = self.binary(binds, depth)?;
            left = Expression::Binary(operator, Box::new([left, right]));
        }
    }

    fn unary(&mut self, depth: usize) -> Parsed<Expression> {
        let Some(depth) = depth.checked_sub(1) else { return self.fault("nested too deeply") };
        self.skip();
        if self.rest().starts_with('!') && !self.rest().starts_with("!=") {
            self.at += 1;
            return Ok(Expression::Not(Box::new(self.unary(depth)?)));
        }
        if self.eat("-") {
            return Ok(Expression::Negative(Box::new(self.unary(depth)?)));
        }
        let value = self.primary(depth)?;
        let steps = self.steps(depth)?;
        Ok(if steps.is_empty() { value } else { Expression::Path(Box::new(value), steps) })
    }

    fn steps(&mut self, depth: usize) -> Parsed<Vec<Step>> {
        let mut steps = Vec::new();
        loop {
            let before = self.at;
            self.skip();
            if self.rest().starts_with('.') && !self.rest().starts_with("...") {
                self.at += 1;
                self.skip();
                let digits = self.rest().find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest().len());
                if self.eat("*") {
                    steps.push(Step::Splat);
                } else if digits > 0 {
                    let index = self.rest().get(..digits).unwrap_or_default().to_owned();
                    self.at += digits;
                    steps.push(Step::Index(Expression::Number(index)));
                } else if let Some(name) = self.identifier() {
                    steps.push(Step::Attribute(name));
                } else {
                    return self.fault("a dot without a name");
                }
            } else if self.eat("[") {
                let step = self.bracketed(|parser| {
                    parser.skip();
                    if parser.rest().starts_with('*')
                        && parser.rest().get(1..).is_some_and(|r| r.trim_start().starts_with(']'))
                    {
                        parser.at += 1;
                        return Ok(Step::Splat);
                    }
                    Ok(Step::Index(parser.expression(depth)?))
                })?;
                self.blanks(true);
                self.expect("]", "an index that is not closed")?;
                steps.push(step);
            } else {
                self.at = before;
                return Ok(steps);
            }
        }
    }

    /// Reads what stands in brackets, where ends of lines say nothing.
    fn bracketed<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let lines = std::mem::replace(&mut self.lines, false);
        let found = read(self);
        self.lines = lines;
        found
    }

    fn primary(&mut self, depth: usize) -> Parsed<Expression> {
        match self.peek() {
            Some('"') => {
                self.at += 1;
                Ok(Expression::Template(self.pieces(End::Quote, depth)?))
            }
            Some('<') if self.rest().starts_with("<<") => self.heredoc(depth),
            Some('(') => {
                self.at += 1;
                let inner = self.bracketed(|parser| {
                    parser.skip();
                    let inner = parser.expression(depth)?;
                    parser.skip();
                    Ok(inner)
                })?;
                self.expect(")", "a parenthesis that is not closed")?;
                Ok(inner)
            }
            Some('[') => {
                self.at += 1;
                self.bracketed(|parser| parser.list(depth))
            }
            Some('{') => {
                self.at += 1;
                let is_loop = {
                    let rest = self.rest().trim_start();
                    rest.strip_prefix("for").is_some_and(|r| r.starts_with(char::is_whitespace))
                        && !rest.get(3..).unwrap_or_default().trim_start().starts_with('=')
                };
                if is_loop {
                    return self.bracketed(|parser| parser.each(true, depth));
                }
                let lines = std::mem::replace(&mut self.lines, true);
                let object = self.object(depth);
                self.lines = lines;
                object
            }
            Some(c) if c.is_ascii_digit() => Ok(Expression::Number(self.number())),
            _ => self.named(depth),
        }
    }

    fn number(&mut self) -> String {
        let rest = self.rest();
        let mut end = 0;
        let mut before = ' ';
        for c in rest.chars() {
            let is_part = c.is_ascii_digit()
                || (c == '.'
                    && rest.get(end + 1..).is_some_and(|r| r.starts_with(|d: char| d.is_ascii_digit())))
                || matches!(c, 'e' | 'E')
                || (matches!(c, '+' | '-') && matches!(before, 'e' | 'E'));
            if !is_part {
                break;
            }
            before = c;
            end += c.len_utf8();
        }
        self.at += end;
        rest.get(..end).unwrap_or_default().to_owned()
    }

    /// A name: a constant, a call, or the root of a reference.
    fn named(&mut self, depth: usize) -> Parsed<Expression> {
        let Some(mut name) = self.identifier() else { return self.fault("no expression") };
        while self.rest().starts_with("::") {
            self.at += 2;
            let Some(part) = self.identifier() else { return self.fault("no name of a function") };
            name = format!("{name}::{part}");
        }
        if !self.eat("(") {
            return Ok(match name.as_str() {
                "true" => Expression::Bool(true),
                "false" => Expression::Bool(false),
                "null" => Expression::Null,
                _ => Expression::Name(name),
            });
        }
        self.bracketed(|parser| {
            let (mut arguments, mut expands) = (Vec::new(), false);
            loop {
                parser.skip();
                if parser.eat(")") {
                    return Ok(Expression::Call { name, arguments, expands });
                }
                arguments.push(parser.expression(depth)?);
                parser.skip();
                expands = parser.eat("...");
                parser.skip();
                if !parser.eat(",") && !parser.rest().starts_with(')') {
                    return parser.fault("a call that is not closed");
                }
            }
        })
    }

    fn list(&mut self, depth: usize) -> Parsed<Expression> {
        self.skip();
        if self.rest().strip_prefix("for").is_some_and(|rest| rest.starts_with(char::is_whitespace)) {
            return self.each(false, depth);
        }
        let mut items = Vec::new();
        loop {
            self.skip();
            if self.eat("]") {
                return Ok(Expression::List(items));
            }
            items.push((self.at, self.expression(depth)?));
            self.skip();
            if !self.eat(",") && !self.rest().starts_with(']') {
                return self.fault("a list that is not closed");
            }
        }
    }

    fn object(&mut self, depth: usize) -> Parsed<Expression> {
        let mut items = Vec::new();
        loop {
            self.blanks(true);
            if self.eat("}") {
                return Ok(Expression::Object(items));
            }
            // A name by itself is a text here; one in parentheses is a reference.
            let is_reference = self.peek() == Some('(');
            let key = match self.expression(depth)? {
                Expression::Name(name) if !is_reference => Expression::text(name),
                other => other,
            };
            self.skip();
            if !self.eat("=") && !self.eat(":") {
                return self.fault("a key without a value");
            }
            self.skip();
            items.push((key, self.expression(depth)?));
            self.skip();
            if !self.eat(",") && !matches!(self.peek(), Some('\n' | '}')) {
                return self.fault("an object that is not closed");
            }
        }
    }

    /// `for k, v in` …
    fn names(&mut self) -> Parsed<Names> {
        self.skip();
        let Some(first) = self.identifier() else { return self.fault("a loop without a variable") };
        self.skip();
        let mut names = Names { key: None, value: first };
        if self.eat(",") {
            self.skip();
            let Some(second) = self.identifier() else { return self.fault("a loop without a variable") };
            names = Names { key: Some(names.value), value: second };
            self.skip();
        }
        match self.identifier().as_deref() {
            Some("in") => Ok(names),
            _ => self.fault("a loop without `in`"),
        }
    }

    fn each(&mut self, is_object: bool, depth: usize) -> Parsed<Expression> {
        self.skip();
        self.expect("for", "no loop")?;
        let names = self.names()?;
        self.skip();
        let collection = self.expression(depth)?;
        self.skip();
        self.expect(":", "a loop without a value")?;
        self.skip();
        let mut value = self.expression(depth)?;
        self.skip();
        let mut key = None;
        if is_object {
            self.expect("=>", "a loop without a value for its key")?;
            self.skip();
            key = Some(value);
            value = self.expression(depth)?;
            self.skip();
        }
        let groups = self.eat("...");
        self.skip();
        let mut condition = None;
        if self
            .rest()
            .strip_prefix("if")
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        {
            self.at += 2;
            self.skip();
            condition = Some(self.expression(depth)?);
            self.skip();
        }
        self.expect(if is_object { "}" } else { "]" }, "a loop that is not closed")?;
        Ok(Expression::For(Box::new(For { names, collection, key, value, groups, condition })))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    fn value(text: &str) -> Expression {
        let source = format!("a = {text}\n");
        match body(&source).unwrap_or_else(|fault| panic!("{text}: {fault:?}")).pop() {
            Some(Item::Attribute(_, value)) => value,
            _ => panic!("{text}"),
        }
    }

    #[test]
    fn expressions_of_every_kind_are_read() {
        for text in [
            "1",
            "-1.5e3",
            "true",
            "null",
            "\"a\\n\\u00e9$${x}\"",
            "[1, 2,\n 3]",
            "{ a = 1, \"b\" : 2 }",
            "{\n a = 1\n b = 2\n}",
            "a.b[0].c[*].d",
            "a.0.b.*.c",
            "f(1, g(x)...)",
            "x == 1 && !y || z < 2 ? a : b",
            "(1 +\n 2) * 3",
            "[for k, v in m : \"${k}-${v}\" if v != null]",
            "{ for x in l : x.name => x... }",
            "\"${ ~a~ } %{ if x }y%{ else }z%{ endif }\"".replace("${ ~a~ }", "${~ a ~}").as_str(),
            "\"%{ for a in b ~}${a}%{ endfor }\"",
            "<<EOT\n{\"a\": \"${b}\"}\nEOT",
            "<<-EOT\n    a\n      b\n    EOT",
            "provider::x::y(1)",
            "data.aws_iam_policy_document.x[\"a\"].json",
            "var.a /* no */ // end",
        ] {
            value(text);
        }
        let Expression::Template(pieces) = value("<<-EOT\n    a\n      b\n    EOT") else {
            panic!("no template")
        };
        assert!(matches!(pieces.as_slice(), [Piece::Text(text)] if text == "a\n  b\n"));
        assert_eq!(value("\"$${a}\"").as_text(), Some("${a}"));
        let Expression::Binary(Operator::Plus, parts) = value("1 + 2 * 3") else { panic!("no sum") };
        assert!(matches!(parts[1], Expression::Binary(Operator::Times, _)));
    }

    #[test]
    fn bodies_are_read() {
        let text = "# a\nterraform {}\nresource \"x\" y {\n  a = [\n    1,\n  ]\n  b { c = 1 }\n}\n/* z */ locals { q = 1 }";
        let items = body(text).unwrap();
        assert_eq!(items.len(), 3);
        let Item::Block { kind, labels, items, offset } = &items[1] else { panic!("no block") };
        assert_eq!((kind.as_str(), labels.join(" "), *offset), ("resource", "x y".to_owned(), 17));
        assert_eq!(items.len(), 2);
    }

    #[test]
    fn what_is_no_hcl_has_its_place() {
        for text in [
            "a",
            "a = ",
            "a = [1",
            "a = \"x",
            "a = <<E\nx",
            "b {",
            "}",
            "a = f(",
            "a = 1 2",
            "a = \"${x\"",
            "a = {x}",
        ] {
            assert!(body(text).is_err(), "{text}");
        }
        for deep in ["[", "(", "!", "f(", "{a=", "\"${", "x ? y : ", "1 + ("] {
            let fault = body(&format!("a = {}", deep.repeat(50_000))).err().unwrap();
            assert_eq!(fault.reason, "nested too deeply", "{deep}");
        }
        assert!(body(&"b {".repeat(50_000)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}", hcl in "[a-z0-9 =\"${}%~\\[\\](),.?:!<>&|\n\\\\*+-]{0,80}") {
            let _ = body(&text);
            let _ = body(&hcl);
            let _ = template(&hcl);
        }
    }
}
