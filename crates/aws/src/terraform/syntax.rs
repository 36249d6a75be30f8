//! The tree of HCL's expressions.

/// An expression. It may hold secrets, so it has no `Debug`.
#[derive(Clone)]
pub(crate) enum Expression {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    /// A text, with what is put in.
    Template(Vec<Piece>),
    /// Items, each with its offset in the file.
    List(Vec<(usize, Expression)>),
    Object(Vec<(Expression, Expression)>),
    /// A name by itself: the root of a reference.
    Name(String),
    /// A value, and the steps into it.
    Path(Box<Expression>, Vec<Step>),
    /// Condition, and what is chosen by it.
    Conditional(Box<[Expression; 3]>),
    Not(Box<Expression>),
    Negative(Box<Expression>),
    Binary(Operator, Box<[Expression; 2]>),
    Call {
        name: String,
        arguments: Vec<Expression>,
        /// Whether the last argument is a list of further ones (`...`).
        expands: bool,
    },
    For(Box<For>),
}

/// A piece of a template.
#[derive(Clone)]
pub(crate) enum Piece {
    Text(String),
    Value(Expression),
    If { condition: Expression, yes: Vec<Piece>, no: Vec<Piece> },
    For { names: Names, collection: Expression, body: Vec<Piece> },
}

/// A step into a value.
#[derive(Clone)]
pub(crate) enum Step {
    Attribute(String),
    Index(Expression),
    /// `.*` or `[*]`.
    Splat,
}

/// The variables of a loop.
#[derive(Clone)]
pub(crate) struct Names {
    pub key: Option<String>,
    pub value: String,
}

/// `[for …]` or `{for …}`.
#[derive(Clone)]
pub(crate) struct For {
    pub names: Names,
    pub collection: Expression,
    /// Of an object.
    pub key: Option<Expression>,
    pub value: Expression,
    /// Whether values of one key are put in a list.
    pub groups: bool,
    pub condition: Option<Expression>,
}

/// An operator between two values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Plus,
    Minus,
    Times,
    Divide,
    Modulo,
}

impl Expression {
    /// A text without anything put in.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Template(vec![Piece::Text(text.into())])
    }

    /// The text, if nothing is put in.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Template(pieces) => match pieces.as_slice() {
                [] => Some(""),
                [Piece::Text(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }
}
