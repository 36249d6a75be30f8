//! What a document must and must not contain, by where it is attached.

use std::collections::HashSet;

use super::super::hole;
use super::super::principal::PrincipalEntry;
use super::{Policy, PolicyKind, Principals, Problem, Reason, Statement};

/// How a kind stands to an element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Required,
    Optional,
    Forbidden,
}

impl PolicyKind {
    fn name(self) -> &'static str {
        match self {
            Self::Identity => "an identity policy",
            Self::Resource => "a resource policy",
            Self::Trust => "a trust policy",
            Self::ServiceControl => "a service control policy",
            Self::ResourceControl => "a resource control policy",
        }
    }

    fn principal(self) -> Need {
        match self {
            Self::Identity | Self::ServiceControl => Need::Forbidden,
            Self::Resource | Self::Trust | Self::ResourceControl => Need::Required,
        }
    }

    fn resource(self) -> Need {
        match self {
            Self::Identity | Self::ServiceControl | Self::ResourceControl => Need::Required,
            Self::Resource => Need::Optional,
            Self::Trust => Need::Forbidden,
        }
    }
}

impl Policy {
    /// The rules of `kind` that the document breaks, in document order. AWS would refuse to attach it.
    pub fn problems(&self, kind: PolicyKind) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut sids = HashSet::new();
        for statement in &self.statements {
            if statement.sid.as_ref().is_some_and(|sid| !sid.is_empty() && !sids.insert(sid)) {
                problems.push(Problem { at: statement.at, reason: Reason::DuplicateSid });
            }
            check(statement, kind, &mut problems);
        }
        problems
    }
}

fn check(statement: &Statement, kind: PolicyKind, problems: &mut Vec<Problem>) {
    let mut add = |at, reason| problems.push(Problem { at, reason });
    match (&statement.principals, kind.principal()) {
        (None, Need::Required) => add(statement.at, Reason::Missing("Principal")),
        (Some(found), Need::Forbidden) => add(found.at, Reason::NotAllowed("Principal", kind.name())),
        (Some(found), _) => {
            if let Some(reason) = principal_fault(found, kind) {
                add(found.at, reason);
            }
        }
        (None, _) => {}
    }
    match (&statement.resources, kind.resource()) {
        (None, Need::Required) => add(statement.at, Reason::Missing("Resource or NotResource")),
        (Some(found), Need::Forbidden) => add(found.at, Reason::NotAllowed("Resource", kind.name())),
        (Some(found), Need::Required)
            if found
                .written
                .iter()
                .any(|text| text != "*" && !text.starts_with("arn:") && !begins_open(text)) =>
        {
            add(found.at, Reason::Resource);
        }
        _ => {}
    }
    if statement.actions.written.iter().any(|text| text != "*" && !text.contains(':')) {
        add(statement.actions.at, Reason::Action);
    }
}

/// `*` alone means everyone; the session part of an ARN cannot be a wildcard either.
fn principal_fault(principals: &Principals, kind: PolicyKind) -> Option<Reason> {
    let wild = |entry: &PrincipalEntry| match entry {
        PrincipalEntry::Aws(text) => text.contains(['*', '?']),
        _ => false,
    };
    if principals.bare {
        Some(Reason::BarePrincipal)
    } else if kind == PolicyKind::ResourceControl && principals.negated {
        Some(Reason::NotAllowed("NotPrincipal", kind.name()))
    } else {
        principals.entries.iter().any(wild).then_some(Reason::WildcardPrincipal)
    }
}

/// Whether a text begins with a hole, which may be the head of an ARN.
fn begins_open(text: &str) -> bool {
    hole::first(text).is_some_and(|(head, _, _)| "arn:".starts_with(head))
}
