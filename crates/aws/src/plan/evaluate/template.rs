//! Templates, their directives, and calls of functions.

use std::path::PathBuf;

use hcl_edit::template::{Directive, Element, Template};

use super::super::function;
use super::operation::{boolean, scalar, text};
use super::{Run, Scope};
use crate::Text;
use crate::tree::{Marked, Tree};

impl Run<'_, '_> {
    pub(super) fn template<'e>(
        self,
        elements: impl Iterator<Item = &'e Element>,
        scope: &Scope,
        depth: usize,
    ) -> Tree {
        let (mut parts, mut taints) = (Vec::new(), Vec::new());
        for element in elements {
            let tree = match element {
                Element::Literal(literal) => text(literal.as_str()),
                Element::Interpolation(inner) => self.eval(&inner.expr, scope, depth),
                Element::Directive(directive) => self.directive(directive, scope, depth),
            };
            taints.extend(tree.taints());
            match tree.marked() {
                Some(marked) => parts.extend(marked.text.parts().iter().cloned()),
                None => {
                    let unknown = self.unknown("a part of a template", &[]);
                    parts.extend(unknown.marked().iter().flat_map(|m| m.text.parts()).cloned());
                }
            }
        }
        Tree::Text(Marked { text: Text::new(parts), taints })
    }

    fn directive(self, directive: &Directive, scope: &Scope, depth: usize) -> Tree {
        let Some(depth) = depth.checked_sub(1) else { return self.unknown("nested too deeply", &[]) };
        match directive {
            Directive::If(choice) => match boolean(&self.eval(&choice.if_expr.cond_expr, scope, depth)) {
                Some(true) => self.template(choice.if_expr.template.iter(), scope, depth),
                Some(false) => match &choice.else_expr {
                    Some(other) => self.template(other.template.iter(), scope, depth),
                    None => text(""),
                },
                None => self.unknown("a directive", &[]),
            },
            Directive::For(each) => {
                let all = self.eval(&each.for_expr.collection_expr, scope, depth);
                let Some(pairs) = self.pairs(&all) else { return self.unknown("a directive", &[&all]) };
                let parts = pairs.into_iter().map(|(key, value)| {
                    let mut scope = scope.with(each.for_expr.value_var.as_str(), value);
                    if let Some(name) = &each.for_expr.key_var {
                        scope = scope.with(name.as_str(), key);
                    }
                    self.template(each.for_expr.template.iter(), &scope, depth)
                });
                let parts: Vec<Marked> = parts.filter_map(|tree| tree.marked()).collect();
                let taints = parts.iter().flat_map(|marked| marked.taints.clone()).collect();
                let parts = parts.iter().flat_map(|marked| marked.text.parts().to_vec());
                Tree::Text(Marked { text: Text::new(parts.collect::<Vec<_>>()), taints })
            }
        }
    }

    pub(super) fn call(self, call: &hcl_edit::expr::FuncCall, scope: &Scope, depth: usize) -> Tree {
        let name = call.name.name.as_str();
        if name == "try" {
            // The first that is known; an argument that is not may be the one that counts.
            let first = call.args.iter().next().map(|argument| self.eval(argument, scope, depth));
            return first.unwrap_or_else(|| self.unknown(name, &[]));
        }
        let mut arguments: Vec<Tree> =
            call.args.iter().map(|argument| self.eval(argument, scope, depth)).collect();
        if call.args.expand_final() {
            match arguments.pop() {
                Some(Tree::List(items)) => arguments.extend(items),
                other => return self.unknown(name, &other.iter().chain(&arguments).collect::<Vec<_>>()),
            }
        }
        let file = matches!(name, "file" | "templatefile").then(|| self.file(&arguments, scope)).flatten();
        let found = match (name, file) {
            ("file", Some(content)) => Some(text(&content)),
            ("templatefile", Some(content)) => {
                let template: Option<Template> = content.parse().ok();
                let inner = match arguments.get(1) {
                    Some(Tree::Map(members)) => members.iter().fold(
                        Scope { module: scope.module.clone(), variables: Vec::new() },
                        |scope, (name, value)| scope.with(name, value.clone()),
                    ),
                    _ => Scope::default(),
                };
                template.map(|template| self.template(template.iter(), &inner, depth))
            }
            _ => function::call(name, &arguments),
        };
        found.unwrap_or_else(|| self.unknown(name, &arguments.iter().collect::<Vec<_>>()))
    }

    /// A file that an expression reads: below the root directory, and not nested too deeply for a template.
    fn file(self, arguments: &[Tree], scope: &Scope) -> Option<String> {
        let path = scalar(arguments.first()?)?;
        let (directory, _) = self.evaluator.module(&scope.module)?;
        let path = PathBuf::from(path);
        let candidates = [path.clone(), directory.join(path)];
        let content = candidates.iter().find_map(|path| self.evaluator.configuration.text(path))?;
        crate::terraform::is_flat(&content).then_some(content)
    }
}
