//! The tree of HCL's expressions.

/// An expression. It may hold secrets, so it has no `Debug`.
#[derive(Clone)]
pub enum Expression {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// As it is written.
    Number(String),
    /// A text, with what is put in.
    Template(Vec<Piece>),
    /// Items, each with its offset in the file.
    List(Vec<(usize, Expression)>),
    /// Keys and values, in order.
    Object(Vec<(Expression, Expression)>),
    /// A name by itself: the root of a reference.
    Name(String),
    /// A value, and the steps into it.
    Path(Box<Expression>, Vec<Step>),
    /// Condition, and what is chosen by it.
    Conditional(Box<[Expression; 3]>),
    /// `!x`
    Not(Box<Expression>),
    /// `-x`
    Negative(Box<Expression>),
    /// An operator and its two sides.
    Binary(Operator, Box<[Expression; 2]>),
    /// A call of a function.
    Call {
        /// The function's name, with its namespace: `provider::aws::arn_parse`.
        name: String,
        /// What it is given.
        arguments: Vec<Expression>,
        /// Whether the last argument is a list of further ones (`...`).
        expands: bool,
    },
    /// `[for …]` or `{for …}`.
    For(Box<For>),
}

/// A piece of a template.
#[derive(Clone)]
pub enum Piece {
    /// Text as it is, without its escapes.
    Text(String),
    /// `${…}`
    Value(Expression),
    /// `%{ if … }`
    If {
        /// What decides.
        condition: Expression,
        /// What stands there if it holds.
        yes: Vec<Piece>,
        /// What stands there if it does not.
        no: Vec<Piece>,
    },
    /// `%{ for … }`
    For {
        /// Its variables.
        names: Names,
        /// What it goes through.
        collection: Expression,
        /// What stands there for each item.
        body: Vec<Piece>,
    },
}

/// A step into a value.
#[derive(Clone)]
pub enum Step {
    /// `.name`
    Attribute(String),
    /// `[key]` or `.0`
    Index(Expression),
    /// `.*` or `[*]`.
    Splat,
}

/// The variables of a loop.
#[derive(Clone)]
pub struct Names {
    /// The one for keys or indexes, if there are two.
    pub key: Option<String>,
    /// The one for values.
    pub value: String,
}

/// `[for …]` or `{for …}`.
#[derive(Clone)]
pub struct For {
    /// Its variables.
    pub names: Names,
    /// What it goes through.
    pub collection: Expression,
    /// The key of each member, if it makes an object.
    pub key: Option<Expression>,
    /// The value of each item.
    pub value: Expression,
    /// Whether values of one key are put in a list.
    pub groups: bool,
    /// Which items count, if not all.
    pub condition: Option<Expression>,
}

/// An operator between two values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Times,
    /// `/`
    Divide,
    /// `%`
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
