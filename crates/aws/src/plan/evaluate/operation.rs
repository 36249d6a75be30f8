//! Operators, and what is known of a value.

use crate::terraform::Operator;
use crate::tree::{Marked, Tree};

pub(super) fn text(text: &str) -> Tree {
    Tree::Text(Marked { text: text.into(), taints: Vec::new() })
}

/// The one known text, number or boolean that a value is.
pub(in super::super) fn scalar(tree: &Tree) -> Option<String> {
    match tree {
        Tree::Scalar(text) => Some(text.clone()),
        Tree::Text(marked) => marked.text.known().map(str::to_owned),
        _ => None,
    }
}

pub(super) fn boolean(tree: &Tree) -> Option<bool> {
    match scalar(tree)?.as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// The result of an operation on known values.
pub(super) fn operated(operator: Operator, one: &Tree, other: &Tree) -> Option<Tree> {
    use Operator as B;
    let truth = |value: bool| Some(Tree::Scalar(value.to_string()));
    let (left, right) = (boolean(one), boolean(other));
    match operator {
        B::And if left == Some(false) || right == Some(false) => return truth(false),
        B::Or if left == Some(true) || right == Some(true) => return truth(true),
        B::And | B::Or => {
            return truth(left? && right?).filter(|_| operator == B::And).or_else(|| truth(left? || right?));
        }
        _ => {}
    }
    if matches!(operator, B::Equal | B::NotEqual) {
        let same = match (one, other) {
            (Tree::Null, Tree::Null) => true,
            (Tree::Null, known) | (known, Tree::Null) if scalar(known).is_some() => false,
            // A secret that a resource makes is there once it is applied: `secret == null ? {} : {NAME = secret}` has it.
            (Tree::Null, Tree::Text(one)) | (Tree::Text(one), Tree::Null) if !one.taints.is_empty() => false,
            (Tree::Null, Tree::Map(_) | Tree::List(_)) | (Tree::Map(_) | Tree::List(_), Tree::Null) => false,
            (Tree::List(a), Tree::List(b)) if a.is_empty() || b.is_empty() => a.is_empty() && b.is_empty(),
            _ => scalar(one)? == scalar(other)?,
        };
        return truth(same == (operator == B::Equal));
    }
    let (a, b) = (scalar(one)?.parse::<f64>().ok()?, scalar(other)?.parse::<f64>().ok()?);
    match operator {
        B::Less => truth(a < b),
        B::LessEqual => truth(a <= b),
        B::Greater => truth(a > b),
        B::GreaterEqual => truth(a >= b),
        B::Plus => Some(Tree::Scalar((a + b).to_string())),
        B::Minus => Some(Tree::Scalar((a - b).to_string())),
        B::Times => Some(Tree::Scalar((a * b).to_string())),
        B::Divide if b != 0.0 => Some(Tree::Scalar((a / b).to_string())),
        B::Modulo if b != 0.0 => Some(Tree::Scalar((a % b).to_string())),
        _ => None,
    }
}
