//! A Python module as a small tree: the statements and expressions that the questions about imports and command lines
//! look at. Everything else is [`ExprKind::Other`] or [`StmtKind::Other`].

use std::ops::Range;

/// A statement.
#[derive(Clone, Debug)]
pub(super) struct Stmt {
    /// Its line, from 1.
    pub(super) line: u32,
    pub(super) kind: StmtKind,
}

/// A list of statements.
pub(super) type Body = Vec<Stmt>;

/// The kinds of statements.
#[derive(Clone, Debug)]
pub(super) enum StmtKind {
    Function(Box<Function>),
    Class {
        name: String,
        arguments: Vec<Argument>,
        body: Body,
        /// The names of its parameters of types.
        types: Vec<String>,
        decorators: Vec<Expr>,
    },
    Return(Option<Expr>),
    Assign {
        targets: Vec<Expr>,
        value: Expr,
    },
    /// `target += value`, or with another operator.
    Augment {
        target: Expr,
        value: Expr,
    },
    Annotate {
        target: Expr,
        annotation: Expr,
        value: Option<Expr>,
    },
    For {
        target: Expr,
        iterable: Expr,
        body: Body,
        otherwise: Body,
    },
    While {
        test: Expr,
        body: Body,
        otherwise: Body,
    },
    /// Each branch with its test; `else` has none.
    If(Vec<(Option<Expr>, Body)>),
    With {
        items: Vec<(Expr, Option<Expr>)>,
        body: Body,
    },
    /// The cases; whether each binds no names.
    Match(Vec<(bool, Body)>),
    Try {
        body: Body,
        handlers: Vec<(Option<Expr>, Body)>,
        otherwise: Body,
        finally: Body,
    },
    Raise(Option<Expr>),
    Assert(Expr),
    Import(Vec<Alias>),
    ImportFrom {
        level: usize,
        module: String,
        names: Vec<Alias>,
    },
    Global(Vec<String>),
    Expr(Expr),
    Break,
    Continue,
    Other,
}

/// `name as other`; `*` for all names.
#[derive(Clone, Debug)]
pub(super) struct Alias {
    pub(super) name: String,
    pub(super) other: Option<String>,
}

/// A function.
#[derive(Clone, Debug)]
pub(super) struct Function {
    pub(super) line: u32,
    pub(super) name: String,
    pub(super) decorators: Vec<Expr>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Body,
    /// Whether a call runs its body at once: it is not `async`, yields nothing and has no parameters of types.
    pub(super) is_direct: bool,
    /// Whether a call only makes a coroutine or a generator, and something else has to run it.
    pub(super) is_lazy: bool,
    /// Whether a `/` stands among its parameters.
    pub(super) has_positional_only: bool,
    /// The annotation of what it gives.
    pub(super) returns: Option<Expr>,
    /// The names of its parameters of types.
    pub(super) types: Vec<String>,
}

/// A parameter of a function.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) kind: ParameterKind,
    pub(super) annotation: Option<Expr>,
    pub(super) default: Option<Expr>,
}

/// How a parameter takes its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ParameterKind {
    Plain,
    /// After `*` or `*args`.
    KeywordOnly,
    /// `*args`
    Rest,
    /// `**kwargs`
    Keywords,
}

/// An expression.
#[derive(Clone, Debug)]
pub(super) struct Expr {
    /// Its line, from 1.
    pub(super) line: u32,
    /// Its bytes in the module.
    pub(super) range: Range<usize>,
    pub(super) kind: ExprKind,
}

/// The kinds of expressions.
#[derive(Clone, Debug)]
pub(super) enum ExprKind {
    Name(String),
    Attribute(Box<Expr>, String),
    Call(Box<Expr>, Vec<Argument>),
    Text(String),
    Int(i64),
    Bool(bool),
    None,
    Ellipsis,
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    /// `**other` has no key.
    Dict(Vec<(Option<Expr>, Expr)>),
    Star(Box<Expr>),
    Subscript(Box<Expr>, Vec<Expr>),
    Not(Box<Expr>),
    /// `and` or `or`.
    Junction {
        is_and: bool,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    Compare(Box<Expr>, Comparison, Box<Expr>),
    Add(Box<Expr>, Box<Expr>),
    /// A division by a zero that is written out.
    ByZero,
    /// Another operation on two values.
    Operation(Box<Expr>, Box<Expr>),
    /// `a if test else b`
    Choice {
        test: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    Named(String, Box<Expr>),
    /// A comprehension of one loop: what is made, the variable, what is gone through, and whether there are conditions.
    Comprehension {
        element: Box<Expr>,
        target: Box<Expr>,
        iterable: Box<Expr>,
        has_conditions: bool,
    },
    /// A text with values in it: its parts.
    Format(Vec<Expr>),
    /// `await x`, `(x)`
    Wrapped(Box<Expr>),
    Other,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    Is,
    IsNot,
}

/// An argument of a call.
#[derive(Clone, Debug)]
pub(super) enum Argument {
    Positional(Expr),
    Keyword(String, Expr),
    Star(Expr),
    DoubleStar(Expr),
}

impl Argument {
    /// What is given.
    pub(super) fn value(&self) -> &Expr {
        match self {
            Self::Positional(value)
            | Self::Keyword(_, value)
            | Self::Star(value)
            | Self::DoubleStar(value) => value,
        }
    }
}

impl Expr {
    /// `a.b.c` as a text.
    pub(super) fn dotted(&self) -> Option<String> {
        match &self.kind {
            ExprKind::Name(name) => Some(name.clone()),
            ExprKind::Attribute(object, name) => Some(format!("{}.{name}", object.dotted()?)),
            ExprKind::Wrapped(inner) => inner.dotted(),
            _ => None,
        }
    }

    /// The text of a literal.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Text(text) => Some(text),
            ExprKind::Wrapped(inner) => inner.text(),
            _ => None,
        }
    }

    /// The number of a literal.
    pub(super) fn number(&self) -> Option<i64> {
        if let ExprKind::Int(number) = self.kind { Some(number) } else { None }
    }
}

impl StmtKind {
    /// The lists of statements in it, those of functions and classes included.
    pub(super) fn bodies(&self) -> Vec<&Body> {
        match self {
            Self::Function(function) => vec![&function.body],
            Self::Class { body, .. } | Self::With { body, .. } => vec![body],
            Self::For { body, otherwise, .. } | Self::While { body, otherwise, .. } => vec![body, otherwise],
            Self::If(branches) => branches.iter().map(|(_, body)| body).collect(),
            Self::Match(cases) => cases.iter().map(|(_, body)| body).collect(),
            Self::Try { body, handlers, otherwise, finally } => {
                let mut all = vec![body, otherwise, finally];
                all.extend(handlers.iter().map(|(_, body)| body));
                all
            }
            _ => Vec::new(),
        }
    }
}
