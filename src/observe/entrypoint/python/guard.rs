//! Conditions that an image decides: its Python's version and platform, and which module is run.

use super::Version;
use super::ast::{Comparison, Expr, ExprKind};

/// What a condition is judged by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guards {
    pub(super) version: Option<Version>,
    /// Whether the module is the one that is run.
    pub(super) is_main: bool,
}

impl Guards {
    /// Whether a condition holds, if the image decides it.
    pub(super) fn holds(self, test: &Expr) -> Option<bool> {
        match &test.kind {
            ExprKind::Bool(value) => Some(*value),
            ExprKind::Wrapped(inner) => self.holds(inner),
            ExprKind::Name(name) if name == "TYPE_CHECKING" => Some(false),
            ExprKind::Attribute(_, name) if name == "TYPE_CHECKING" => Some(false),
            ExprKind::Not(inner) => Some(!self.holds(inner)?),
            ExprKind::Junction { is_and, left, right } => match (self.holds(left), self.holds(right)) {
                // One side decides.
                (Some(value), _) | (_, Some(value)) if value != *is_and => Some(!*is_and),
                (Some(_), Some(right)) => Some(right),
                _ => None,
            },
            ExprKind::Compare(left, operator, right) => self.compare(left, *operator, right),
            ExprKind::Call(function, arguments) => {
                // `sys.platform.startswith("linux")`
                let is_platform = function.dotted().as_deref() == Some("sys.platform.startswith");
                let super::ast::Argument::Positional(argument) = arguments.first()? else { return None };
                let prefix = argument.text()?;
                is_platform.then(|| "linux".starts_with(prefix))
            }
            _ => None,
        }
    }

    fn compare(self, left: &Expr, operator: Comparison, right: &Expr) -> Option<bool> {
        let is = |same: bool| match operator {
            Comparison::Equal => Some(same),
            Comparison::NotEqual => Some(!same),
            _ => None,
        };
        let name = match &left.kind {
            ExprKind::Call(function, _) => format!("{}()", function.dotted()?),
            ExprKind::Subscript(value, _) => format!("{}[]", value.dotted()?),
            _ => left.dotted()?,
        };
        match name.as_str() {
            "__name__" if right.text()? == "__main__" => return is(self.is_main),
            // What is run has no other name; what is imported has one that is not told here.
            "__name__" => return self.is_main.then(|| is(false)).flatten(),
            "sys.platform" => return is(right.text()? == "linux"),
            "os.name" => return is(right.text()? == "posix"),
            "platform.system()" => return is(right.text()? == "Linux"),
            _ => {}
        }
        let version = self.version?;
        let own = [i64::from(version.major), i64::from(version.minor)];
        let (left, right): (Vec<i64>, Vec<i64>) = match (name.as_str(), &left.kind) {
            ("sys.version_info", _) => (own.to_vec(), numbers(right)?),
            ("sys.version_info.major", _) => (vec![own[0]], vec![right.number()?]),
            ("sys.version_info.minor", _) => (vec![own[1]], vec![right.number()?]),
            ("sys.version_info[]", ExprKind::Subscript(_, of)) => match of.first().and_then(Expr::number) {
                Some(index) => (vec![*own.get(usize::try_from(index).ok()?)?], vec![right.number()?]),
                // `sys.version_info[:2]`
                None => (own.to_vec(), numbers(right)?),
            },
            _ => return None,
        };
        // Of a version only major and minor are known: what hangs on more is not decided.
        let known = left.len().min(right.len());
        let ordering = left.get(..known)?.cmp(right.get(..known)?);
        let longer = if right.len() > left.len() { None } else { Some(left.len() > right.len()) };
        match (operator, ordering.is_eq()) {
            (Comparison::GreaterOrEqual, true) => longer.map(|_| true),
            (Comparison::Less, true) => longer.map(|_| false),
            // `(3, 11, 4)` is greater than `(3, 11)`.
            (Comparison::Greater, true) => longer.map(|_| true),
            (Comparison::LessOrEqual, true) => longer.map(|_| false),
            (Comparison::Equal, true) => longer.filter(|l| !l).map(|_| true),
            (Comparison::NotEqual, true) => longer.filter(|l| !l).map(|_| false),
            (Comparison::GreaterOrEqual | Comparison::Greater, false) => Some(ordering.is_gt()),
            (Comparison::LessOrEqual | Comparison::Less, false) => Some(ordering.is_lt()),
            (Comparison::Equal, false) => Some(false),
            (Comparison::NotEqual, false) => Some(true),
            _ => None,
        }
    }
}

/// Whether a condition holds for checkers of types alone: `if TYPE_CHECKING:`.
pub(super) fn is_for_types(test: &Expr) -> bool {
    match &test.kind {
        ExprKind::Name(name) | ExprKind::Attribute(_, name) => name == "TYPE_CHECKING",
        ExprKind::Wrapped(inner) => is_for_types(inner),
        ExprKind::Junction { is_and: true, left, right } => is_for_types(left) || is_for_types(right),
        _ => false,
    }
}

fn numbers(expression: &Expr) -> Option<Vec<i64>> {
    match &expression.kind {
        ExprKind::Tuple(items) => items.iter().map(Expr::number).collect(),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::super::ast::StmtKind;
    use super::super::syntax::parse_text;
    use super::*;

    #[test]
    fn versions_platforms_and_names() {
        let guards = Guards { version: Some(Version { major: 3, minor: 11 }), is_main: true };
        for (text, expected) in [
            ("sys.version_info >= (3, 11)", Some(true)),
            ("sys.version_info < (3, 11)", Some(false)),
            ("sys.version_info >= (3, 12)", Some(false)),
            ("sys.version_info > (3, 10)", Some(true)),
            ("sys.version_info < (3,)", Some(false)),
            ("sys.version_info >= (3, 11, 4)", None),
            ("sys.version_info[0] == 2", Some(false)),
            ("sys.version_info[:2] == (3, 11)", Some(true)),
            ("sys.version_info.minor < 8", Some(false)),
            ("sys.platform == 'win32'", Some(false)),
            ("sys.platform.startswith('linux')", Some(true)),
            ("os.name == 'nt'", Some(false)),
            ("platform.system() != 'Windows'", Some(true)),
            ("TYPE_CHECKING", Some(false)),
            ("not typing.TYPE_CHECKING", Some(true)),
            ("__name__ == '__main__'", Some(true)),
            ("__name__ != '__main__'", Some(false)),
            ("__name__ == '__mine__'", Some(false)),
            ("x and False", Some(false)),
            ("x or True", Some(true)),
            ("x", None),
            ("HAS_YAML", None),
        ] {
            let (body, _) = parse_text(text, None).unwrap();
            let StmtKind::Expr(expression) = &body[0].kind else { panic!("{text}") };
            assert_eq!(guards.holds(expression), expected, "{text}");
        }
    }
}
