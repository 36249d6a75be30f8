//! The value of an `if`, as far as the file alone tells it.
//! <https://docs.github.com/actions/reference/workflows-and-actions/expressions>

use super::Triggers;

/// When something runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// When all before it succeeded.
    Always,
    /// Never.
    Never,
    /// It depends.
    Sometimes,
}

/// The deepest nesting of an expression that is evaluated; what is deeper depends.
const MAX_DEPTH: u8 = 32;

impl Condition {
    /// Reads the value of an `if`, of which nothing but the text is known.
    pub fn of(text: &str) -> Self {
        Self::with(text, &Triggers::default())
    }

    /// Reads the value of an `if` in a workflow with these triggers.
    pub fn with(text: &str, triggers: &Triggers) -> Self {
        let bare = text.trim();
        let inner = bare.strip_prefix("${{").and_then(|t| t.strip_suffix("}}")).unwrap_or(bare).trim();
        if inner.is_empty() {
            return Self::Always;
        }
        let mut reader = Reader { rest: inner, triggers, depth: 0 };
        let value = reader.any();
        match (reader.rest.trim().is_empty(), value.and_then(|v| v.is_true())) {
            // It runs where a step before it failed, too.
            (true, Some(true)) if inner.contains("failure(") || inner.contains("cancelled(") => {
                Self::Sometimes
            }
            (true, Some(true)) => Self::Always,
            (true, Some(false)) => Self::Never,
            _ => Self::Sometimes,
        }
    }
}

/// A value that is known.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Bool(bool),
    Text(String),
    Number(f64),
    Null,
    /// `github.event_name`, `github.ref` and `github.ref_name`: one of some texts.
    OneOf(Vec<String>),
}

impl Value {
    fn is_true(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Text(text) => Some(!text.is_empty()),
            Self::Number(number) => Some(*number != 0.0),
            Self::Null => Some(false),
            Self::OneOf(_) => Some(true),
        }
    }

    fn equals(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::OneOf(all), Self::Text(text)) | (Self::Text(text), Self::OneOf(all)) => {
                let same = all.iter().filter(|a| a.eq_ignore_ascii_case(text)).count();
                match same {
                    0 => Some(false),
                    n if n == all.len() => Some(true),
                    _ => None,
                }
            }
            (Self::OneOf(_), _) | (_, Self::OneOf(_)) => None,
            (Self::Text(one), Self::Text(two)) => Some(one.eq_ignore_ascii_case(two)),
            (one, two) if std::mem::discriminant(one) == std::mem::discriminant(two) => Some(one == two),
            // GitHub compares values of two kinds as numbers; no one writes that.
            _ => None,
        }
    }
}

struct Reader<'t> {
    rest: &'t str,
    triggers: &'t Triggers,
    depth: u8,
}

impl Reader<'_> {
    fn takes(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        match rest.strip_prefix(token) {
            Some(after) => {
                self.rest = after;
                true
            }
            None => false,
        }
    }

    /// `a || b`: the first that is true, else the last.
    fn any(&mut self) -> Option<Value> {
        let mut value = self.all();
        while self.takes("||") {
            let next = self.all();
            value = match value.as_ref().and_then(Value::is_true) {
                Some(true) => value,
                Some(false) => next,
                None => next.filter(|n| n.is_true() == Some(true)),
            };
        }
        value
    }

    /// `a && b`: the first that is false, else the last.
    fn all(&mut self) -> Option<Value> {
        let mut value = self.comparison();
        while self.takes("&&") {
            let next = self.comparison();
            value = match value.as_ref().and_then(Value::is_true) {
                Some(false) => value,
                Some(true) => next,
                None => next.filter(|n| n.is_true() == Some(false)),
            };
        }
        value
    }

    fn comparison(&mut self) -> Option<Value> {
        let left = self.unary();
        let negated = if self.takes("==") {
            false
        } else if self.takes("!=") {
            true
        } else {
            return left;
        };
        let right = self.unary();
        let equal = left?.equals(&right?)?;
        Some(Value::Bool(equal != negated))
    }

    fn unary(&mut self) -> Option<Value> {
        let rest = self.rest.trim_start();
        if rest.starts_with('!') && !rest.starts_with("!=") {
            self.rest = rest.get(1..).unwrap_or_default();
            if !self.enter() {
                return None;
            }
            let value = self.unary();
            self.depth -= 1;
            return value?.is_true().map(|v| Value::Bool(!v));
        }
        self.primary()
    }

    fn enter(&mut self) -> bool {
        let deeper = self.depth < MAX_DEPTH;
        self.depth += u8::from(deeper);
        if !deeper {
            // Nothing of the rest is understood.
            self.rest = "?";
        }
        deeper
    }

    fn primary(&mut self) -> Option<Value> {
        let rest = self.rest.trim_start();
        if let Some(inner) = rest.strip_prefix('(') {
            self.rest = inner;
            if !self.enter() {
                return None;
            }
            let value = self.any();
            self.depth -= 1;
            self.takes(")");
            return value;
        }
        if let Some(text) = rest.strip_prefix('\'') {
            let end = text.find('\'')?;
            self.rest = text.get(end + 1..).unwrap_or_default();
            return Some(Value::Text(text.get(..end).unwrap_or_default().to_owned()));
        }
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '*');
        let length = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        self.rest = rest.get(length..).unwrap_or_default();
        if word.is_empty() {
            self.rest = "?";
            return None;
        }
        if self.rest.starts_with('(') {
            let known = match word {
                "success" => Some(Value::Bool(true)),
                _ => None,
            };
            self.skip_parentheses();
            return known;
        }
        if self.rest.starts_with('[') {
            let end = self.rest.find(']').map_or(self.rest.len(), |i| i + 1);
            self.rest = self.rest.get(end..).unwrap_or_default();
            return None;
        }
        match word {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            "null" => Some(Value::Null),
            "github.event_name" => self.triggers.events().map(Value::OneOf),
            "github.ref" => {
                let full = |b: String| format!("refs/heads/{b}");
                self.triggers.branches().map(|all| Value::OneOf(all.into_iter().map(full).collect()))
            }
            "github.ref_name" => self.triggers.branches().map(Value::OneOf),
            _ => word.parse::<f64>().ok().filter(|n| n.is_finite()).map(Value::Number),
        }
    }

    /// Passes over `(…)`, texts in it included.
    fn skip_parentheses(&mut self) {
        let (mut open, mut quoted) = (0_usize, false);
        for (i, c) in self.rest.char_indices() {
            match c {
                '\'' => quoted = !quoted,
                '(' if !quoted => open += 1,
                ')' if !quoted => {
                    open -= 1;
                    if open == 0 {
                        self.rest = self.rest.get(i + 1..).unwrap_or_default();
                        return;
                    }
                }
                _ => {}
            }
        }
        self.rest = "";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions() {
        for (text, condition) in [
            ("", Condition::Always),
            ("${{ false }}", Condition::Never),
            ("false", Condition::Never),
            ("success()", Condition::Always),
            ("success() && true", Condition::Always),
            ("always() && false", Condition::Never),
            ("!(1 == 1)", Condition::Never),
            ("'a' != 'a'", Condition::Never),
            ("'a' == 'b' || contains(github.ref, 'x)')", Condition::Sometimes),
            ("false || false", Condition::Never),
            ("github.ref == 'refs/heads/main'", Condition::Sometimes),
            ("always()", Condition::Sometimes),
            ("success() || failure()", Condition::Sometimes),
            ("github.event.inputs['x'] && false", Condition::Never),
            ("''", Condition::Never),
            ("!", Condition::Sometimes),
            ("((((((((((((((((((((((((((((((((((((((((false", Condition::Sometimes),
        ] {
            assert_eq!(Condition::of(text), condition, "{text}");
        }
    }

    #[test]
    fn triggers_decide() {
        let push = Triggers::new(["push"], Some(vec!["main".to_owned()]));
        for (text, condition) in [
            ("github.event_name == 'release'", Condition::Never),
            ("github.event_name == 'push'", Condition::Always),
            ("github.ref == 'refs/heads/dev'", Condition::Never),
            ("github.ref_name != 'main'", Condition::Never),
            ("github.event_name != 'pull_request'", Condition::Always),
        ] {
            assert_eq!(Condition::with(text, &push), condition, "{text}");
        }
        let both = Triggers::new(["push", "workflow_dispatch"], None);
        assert_eq!(Condition::with("github.event_name == 'push'", &both), Condition::Sometimes);
        assert_eq!(Condition::with("github.ref == 'refs/heads/dev'", &both), Condition::Sometimes);
        // A called workflow has the event of its caller.
        let called = Triggers::new(["workflow_call"], None);
        assert_eq!(Condition::with("github.event_name == 'push'", &called), Condition::Sometimes);
    }
}
