//! Templates, their directives, and calls of functions.

use std::path::PathBuf;
use std::rc::Rc;

use super::super::function;
use super::operation::{boolean, scalar, text};
use super::{MISSING, Run, Scope, is_opaque};
use crate::Text;
use crate::terraform::{self, Expression, Piece};
use crate::tree::{Marked, Tree};

/// What `try` and `can` ask of an expression.
enum Outcome {
    Works,
    Fails,
    Unknown,
}

impl Run<'_, '_> {
    /// The text of a template; one that is nothing but a value is that value.
    pub(super) fn template(self, pieces: &[Piece], scope: &Scope, depth: usize) -> Tree {
        if let [Piece::Value(value)] = pieces {
            return self.eval(value, scope, depth);
        }
        let (mut parts, mut taints) = (Vec::new(), Vec::new());
        for piece in pieces {
            let tree = self.piece(piece, scope, depth);
            taints.extend(tree.taints());
            let marked = tree.marked().or_else(|| self.unknown("a part of a template", &[]).marked());
            parts.extend(marked.iter().flat_map(|marked| marked.text.parts()).cloned());
        }
        Tree::Text(Marked { text: Text::new(parts), taints })
    }

    fn piece(self, piece: &Piece, scope: &Scope, depth: usize) -> Tree {
        let Some(depth) = depth.checked_sub(1) else { return self.unknown("nested too deeply", &[]) };
        match piece {
            Piece::Text(literal) => text(literal),
            Piece::Value(value) => self.eval(value, scope, depth),
            Piece::If { condition, yes, no } => match boolean(&self.eval(condition, scope, depth)) {
                Some(true) => self.template(yes, scope, depth),
                Some(false) => self.template(no, scope, depth),
                None => self.unknown(
                    "a directive",
                    &[&self.template(yes, scope, depth), &self.template(no, scope, depth)],
                ),
            },
            Piece::For { names, collection, body } => {
                let all = self.eval(collection, scope, depth);
                let Some(pairs) = self.pairs(&all) else { return self.unknown("a directive", &[&all]) };
                let each =
                    |(key, value)| self.template(body, &scope.within(names, key, value), depth).marked();
                let all: Vec<Marked> = pairs.into_iter().filter_map(each).collect();
                let taints = all.iter().flat_map(|marked| marked.taints.clone()).collect();
                let parts = all.iter().flat_map(|marked| marked.text.parts().to_vec());
                Tree::Text(Marked { text: Text::new(parts.collect::<Vec<_>>()), taints })
            }
        }
    }

    pub(super) fn call(
        self,
        name: &str,
        arguments: &[Expression],
        expands: bool,
        scope: &Scope,
        depth: usize,
    ) -> Tree {
        let mut arguments: Vec<Tree> =
            arguments.iter().map(|argument| self.eval(argument, scope, depth)).collect();
        if expands {
            match arguments.pop() {
                Some(Tree::List(items)) => arguments.extend(items),
                other => return self.unknown(name, &other.iter().chain(&arguments).collect::<Vec<_>>()),
            }
        }
        if function::is_too_large(name, &arguments) {
            self.evaluator.exhausted.set(true);
            return self.unknown("too large a value", &arguments.iter().collect::<Vec<_>>());
        }
        let file = matches!(name, "file" | "templatefile").then(|| self.file(&arguments, scope)).flatten();
        let found = match (name, file) {
            ("file", Some(content)) => Some(text(&content)),
            ("templatefile", Some(content)) => self.filled(&content, &arguments, scope, depth),
            ("templatestring", _) => {
                let written = arguments.first().and_then(scalar);
                written.and_then(|written| self.filled(&written, &arguments, scope, depth))
            }
            ("try", _) => self.first_that_works(&arguments),
            ("can", _) => match arguments.first().map(|first| self.outcome_of(first)) {
                Some(Outcome::Works) => Some(Tree::Scalar("true".to_owned())),
                Some(Outcome::Fails) => Some(Tree::Scalar("false".to_owned())),
                _ => None,
            },
            _ => function::call(name, &arguments),
        };
        found.unwrap_or_else(|| self.unknown(name, &arguments.iter().collect::<Vec<_>>()))
    }

    /// A template that is a text, with the variables of the second argument.
    fn filled(self, written: &str, arguments: &[Tree], scope: &Scope, depth: usize) -> Option<Tree> {
        let mut inner = Scope { module: scope.module.clone(), variables: Vec::new() };
        if let Some(Tree::Map(members)) = arguments.get(1) {
            let given = members.iter().map(|(name, value)| (name.clone(), Rc::new(value.clone())));
            inner.variables.extend(given);
        }
        terraform::template(written).ok().map(|pieces| self.template(&pieces, &inner, depth))
    }

    /// The first argument that works; nothing where one before it may work or fail.
    fn first_that_works(self, arguments: &[Tree]) -> Option<Tree> {
        for argument in arguments {
            match self.outcome_of(argument) {
                Outcome::Works => return Some(argument.clone()),
                Outcome::Fails => {}
                Outcome::Unknown => return None,
            }
        }
        None
    }

    /// Whether an expression works, as far as its value tells. A symbol of an attribute works if its resource is in the
    /// plan; other symbols may stand for what fails.
    fn outcome_of(self, value: &Tree) -> Outcome {
        if value.has_symbol(&|symbol| symbol.starts_with(MISSING)) {
            return Outcome::Fails;
        }
        let resources = &self.texts.document.resources;
        let is_sure = |symbol: &str| {
            !is_opaque(symbol)
                && symbol.rsplit_once('.').is_some_and(|(address, _)| resources.contains_key(address))
        };
        if scalar(value).is_some() || value.marked().is_none() || !value.has_symbol(&|s| !is_sure(s)) {
            return Outcome::Works;
        }
        Outcome::Unknown
    }

    /// A file that an expression reads: below the root directory.
    fn file(self, arguments: &[Tree], scope: &Scope) -> Option<String> {
        let path = PathBuf::from(scalar(arguments.first()?)?);
        let (directory, _) = self.evaluator.module(&scope.module)?;
        let candidates = [path.clone(), directory.join(path)];
        let configuration = self.evaluator.configuration;
        if candidates.iter().any(|path| configuration.is_too_large(path)) {
            self.evaluator.exhausted.set(true);
        }
        candidates.iter().find_map(|path| configuration.text(path))
    }
}
