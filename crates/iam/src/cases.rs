//! Cases: one request and all its policies in one line of JSON, and the answer to it.
//!
//! ```json
//! {"id": "1",
//!  "policies": {"identity": [], "boundaries": null, "session": null, "scps": [{"org": "r-1", "policies": []}],
//!               "rcps": null, "resource": null},
//!  "request": {"principal": "arn:aws:iam::111122223333:user/ann", "action": "s3:GetObject",
//!              "resource": "arn:aws:s3:::b/k", "resource_account": "111122223333", "context": {}}}
//! ```
//!
//! - A policy is a JSON object, or a string that holds its text. `null` and a missing member mean that no such policy is
//!   attached; `[]` for `boundaries` or `session` means attached and allowing nothing.
//! - `identity`, `boundaries` and `session` take one policy or a list of them; in a list, one must allow. `scps` and `rcps`
//!   list the levels from the root to the account, and each level of `scps` must allow.
//! - `context` is the whole truth: a key that is not in it is absent. A value is a string, number, boolean or a list of
//!   those; `null` means that the value, and whether the key is there at all, is unknown. `"open_context": true` in the
//!   request makes every key that is not listed unknown.
//! - `principal` may be `null` or `*`: an unsigned request.
//! - Without `resource_account` the resource's ARN tells the account. Where it does not (Amazon S3), it is the principal's
//!   own, as in AWS's policy simulator; `"resource_account": null` makes it unknown, and so does an open context.
//! - `"resource_rule"` beside `policies`: `by-service` (default), `either` or `required`; see [`ResourceRule`].
//! - `expected`, `note`, `source` and `tags` beside `policies` are for the file's author and are not read.
//!
//! Anything else is an error, a statement without the Resource or Principal that it must have included. Another policy that
//! AWS would not attach where it stands (an identity policy with a Principal, say) is still evaluated, since a case asks what
//! would be; the answer then lists the `problems`.

use serde::Serialize;

use super::context::Context;
use super::document::{DocumentError, Policy, PolicyKind, Problem, Reason};
use super::evaluate::{
    Decision, Explanation, Level, PolicySet, Request, RequestError, ResourceRule, evaluate,
};
use super::pattern::LONGEST_VALUE;
use seaworthy_source::Position;
use seaworthy_source::json::{self, JsonError, Member, Node, Value};

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name.
    pub id: String,
    /// The policies.
    pub policies: PolicySet,
    /// The request.
    pub request: Request,
    problems: Vec<String>,
}

/// The answer to a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The case's name.
    pub id: String,
    /// The decision.
    pub decision: Decision,
    /// Why.
    pub why: Explanation,
    /// Policies that AWS would not attach, each with its place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// Why a line is not a case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct CaseError {
    /// The case's name, where it could be read.
    pub id: Option<String>,
    /// Where in the line; for a policy given as a string, where that string starts.
    pub at: Position,
    /// The member, as in `policies.identity[0]`.
    pub member: String,
    /// What is wrong.
    pub fault: CaseFault,
}

impl std::fmt::Display for CaseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, at, member, fault } = self;
        match id {
            Some(id) => write!(f, "case {id:?}: ")?,
            None => f.write_str("case without id: ")?,
        }
        if member.is_empty() { write!(f, "{at}: {fault}") } else { write!(f, "{at}: {member}: {fault}") }
    }
}

/// What is wrong with a case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseFault {
    /// Not JSON.
    #[error("{0}")]
    Json(json::Fault),
    /// A value of the wrong type.
    #[error("must be {0}, not {1}")]
    Type(&'static str, &'static str),
    /// A member that cases do not have.
    #[error("unknown member")]
    Unknown,
    /// A member that must be there.
    #[error("missing")]
    Missing,
    /// More values, or a longer one, than any request has.
    #[error("more than 1000 values, or a value of more than 8192 bytes")]
    TooMuch,
    /// A context key that occurs twice, in different case.
    #[error("context key occurs twice")]
    DuplicateKey,
    /// A `resource_rule` that does not exist.
    #[error("must be \"by-service\", \"either\" or \"required\"")]
    Rule,
    /// A policy.
    #[error("{0}")]
    Document(Box<DocumentError>),
    /// The request.
    #[error("{0}")]
    Request(RequestError),
}

/// Answers a case.
pub fn decide(case: &Case) -> Answer {
    let evaluation = evaluate(&case.policies, &case.request);
    let why = evaluation.explain(&case.policies, &case.request);
    Answer { id: case.id.clone(), decision: evaluation.decision, why, problems: case.problems.clone() }
}

impl Case {
    /// Reads one line.
    ///
    /// # Errors
    /// [`CaseError`] with the case's id, where it could be read, and the place.
    pub fn read(line: &str) -> Result<Self, CaseError> {
        let json =
            |JsonError { at, fault, .. }| Fault { at, member: String::new(), fault: CaseFault::Json(fault) };
        let read = json::read_first(line.as_bytes(), super::document::POLICY_LIMITS).map_err(json);
        let id = read.as_ref().ok().and_then(name_of);
        let case = read.and_then(|node| read_case(&node));
        case.map_err(|Fault { at, member, fault }| CaseError { id, at, member, fault })
    }
}

/// A [`CaseError`] whose case is not known yet.
struct Fault {
    at: Position,
    member: String,
    fault: CaseFault,
}

type Read<T> = Result<T, Fault>;

fn fail<T>(node: &Node, member: &str, fault: CaseFault) -> Read<T> {
    Err(Fault { at: node.at, member: member.to_owned(), fault })
}

fn wrong_type<T>(node: &Node, member: &str, expected: &'static str) -> Read<T> {
    fail(node, member, CaseFault::Type(expected, node.value.kind()))
}

fn name_of(node: &Node) -> Option<String> {
    let Value::Object(members) = &node.value else { return None };
    match &members.iter().find(|member| member.name == "id")?.node.value {
        Value::String(id) | Value::Number(id) => Some(id.clone()),
        _ => None,
    }
}

/// The members of an object that are named in `known`, in that order; a member that is not is an error. `null` is absent.
fn members<'a, const N: usize>(node: &'a Node, path: &str, known: [&str; N]) -> Read<[Option<&'a Node>; N]> {
    let Value::Object(members) = &node.value else { return wrong_type(node, path, "an object") };
    let mut found = [None; N];
    for member in members {
        let Some(index) = known.iter().position(|name| *name == member.name) else {
            let member_path =
                if path.is_empty() { member.name.clone() } else { format!("{path}.{}", member.name) };
            return Err(Fault { at: member.at, member: member_path, fault: CaseFault::Unknown });
        };
        found[index] = Some(&member.node).filter(|node| node.value != Value::Null);
    }
    Ok(found)
}

fn required<'a>(parent: &Node, node: Option<&'a Node>, path: &str) -> Read<&'a Node> {
    node.map_or_else(|| fail(parent, path, CaseFault::Missing), Ok)
}

fn string<'a>(node: &'a Node, path: &str) -> Read<&'a str> {
    match &node.value {
        Value::String(text) => Ok(text),
        _ => wrong_type(node, path, "a string"),
    }
}

fn list<'a>(node: Option<&'a Node>, path: &str) -> Read<Option<&'a [Node]>> {
    match node.map(|node| (&node.value, node)) {
        None => Ok(None),
        Some((Value::Array(items), _)) => Ok(Some(items)),
        Some((_, node)) => wrong_type(node, path, "an array or null"),
    }
}

fn read_case(node: &Node) -> Read<Case> {
    let names = ["id", "policies", "request", "resource_rule", "expected", "note", "source", "tags"];
    let [id, policies, request, rule, ..] = members(node, "", names)?;
    let id = required(node, id, "id")?;
    let Some(name) = name_of(node) else { return wrong_type(id, "id", "a string or a number") };
    let mut problems = Vec::new();
    let mut policies = read_policies(required(node, policies, "policies")?, &mut problems)?;
    policies.resource_rule =
        match rule.map(|rule| string(rule, "resource_rule").map(|text| (text, rule))).transpose()? {
            None | Some(("by-service", _)) => ResourceRule::ByService,
            Some(("either", _)) => ResourceRule::Either,
            Some(("required", _)) => ResourceRule::Required,
            Some((_, rule)) => return fail(rule, "resource_rule", CaseFault::Rule),
        };
    let request = read_request(required(node, request, "request")?)?;
    Ok(Case { id: name, policies, request, problems })
}

fn read_policies(node: &Node, problems: &mut Vec<String>) -> Read<PolicySet> {
    let names = ["identity", "boundaries", "session", "scps", "rcps", "resource"];
    let [identity, boundaries, session, scps, rcps, resource] = members(node, "policies", names)?;
    let mut all = |node, path: &str, kind| read_list(node, path, kind, problems);
    let identity = all(identity, "policies.identity", PolicyKind::Identity)?.unwrap_or_default();
    let boundaries = all(boundaries, "policies.boundaries", PolicyKind::Identity)?;
    let session = all(session, "policies.session", PolicyKind::Identity)?;
    let scps = read_levels(scps, "policies.scps", PolicyKind::ServiceControl, problems)?;
    let rcps = read_levels(rcps, "policies.rcps", PolicyKind::ResourceControl, problems)?;
    let resource = resource
        .map(|node| read_policy(node, "policies.resource", PolicyKind::Resource, problems))
        .transpose()?;
    Ok(PolicySet {
        identity,
        boundaries,
        session,
        scps,
        rcps,
        resource,
        resource_rule: ResourceRule::default(),
    })
}

fn read_levels(
    node: Option<&Node>,
    path: &str,
    kind: PolicyKind,
    problems: &mut Vec<String>,
) -> Read<Vec<Level>> {
    let mut levels = Vec::new();
    for (index, item) in list(node, path)?.unwrap_or_default().iter().enumerate() {
        let path = format!("{path}[{index}]");
        let [org, policies] = members(item, &path, ["org", "policies"])?;
        let org = org.map_or(Ok(""), |org| string(org, &format!("{path}.org")))?.to_owned();
        let policies = read_list(policies, &format!("{path}.policies"), kind, problems)?.unwrap_or_default();
        levels.push(Level { org, policies });
    }
    Ok(levels)
}

fn read_list(
    node: Option<&Node>,
    path: &str,
    kind: PolicyKind,
    problems: &mut Vec<String>,
) -> Read<Option<Vec<Policy>>> {
    if let Some(one) = node.filter(|node| matches!(node.value, Value::Object(_) | Value::String(_))) {
        return Ok(Some(vec![read_policy(one, path, kind, problems)?]));
    }
    let Some(items) = list(node, path)? else { return Ok(None) };
    let read = |(index, item)| read_policy(item, &format!("{path}[{index}]"), kind, problems);
    items.iter().enumerate().map(read).collect::<Read<_>>().map(Some)
}

fn read_policy(node: &Node, path: &str, kind: PolicyKind, problems: &mut Vec<String>) -> Read<Policy> {
    let name = path.strip_prefix("policies.").unwrap_or(path);
    let policy = match &node.value {
        Value::Object(_) => Policy::from_node(name, node),
        Value::String(text) => Policy::read(name, text),
        _ => return wrong_type(node, path, "a policy or a string that holds one"),
    };
    match policy {
        Ok(policy) => {
            for problem in policy.problems(kind) {
                // Without its Principal or Resource a statement would apply to nothing: a deny would be lost in silence.
                if let Problem { at, reason: reason @ Reason::Missing(_) } = problem {
                    let error = DocumentError { policy: policy.name, at, reason };
                    return fail(node, path, CaseFault::Document(Box::new(error)));
                }
                problems.push(format!("policy {name}: {problem}"));
            }
            Ok(policy)
        }
        Err(error) => fail(node, path, CaseFault::Document(Box::new(error))),
    }
}

fn read_request(node: &Node) -> Read<Request> {
    let names = ["principal", "action", "resource", "resource_account", "context", "open_context"];
    let [principal, action, resource, account, context, open] = members(node, "request", names)?;
    let principal = principal.map_or(Ok("*"), |principal| string(principal, "request.principal"))?;
    let action = string(required(node, action, "request.action")?, "request.action")?;
    let resource = string(required(node, resource, "request.resource")?, "request.resource")?;
    let account = account.map(|account| string(account, "request.resource_account")).transpose()?;
    let mut known = match open.map(|open| (&open.value, open)) {
        None | Some((Value::Bool(false), _)) => Context::closed(),
        Some((Value::Bool(true), _)) => Context::open(),
        Some((_, open)) => return wrong_type(open, "request.open_context", "a boolean"),
    };
    if let Some(context) = context {
        read_context(context, &mut known)?;
    }
    let is_null = |member: &Member| member.name == "resource_account" && member.node.value == Value::Null;
    let no_owner = matches!(&node.value, Value::Object(members) if members.iter().any(is_null));
    let unknown_owner = no_owner || open.is_some_and(|open| open.value == Value::Bool(true));
    let request = Request::new(principal, action, resource, account, known)
        .or_else(|error| fail(node, "request", CaseFault::Request(error)))?;
    Ok(if unknown_owner { request } else { request.owned_by_requester() })
}

fn read_context(node: &Node, context: &mut Context) -> Read<()> {
    let Value::Object(members) = &node.value else { return wrong_type(node, "request.context", "an object") };
    for member in members {
        let path = "request.context";
        let new = match &member.node.value {
            Value::Null => context.set_unknown(&member.name),
            Value::Array(items) if items.len() > 1_000 => {
                return fail(&member.node, path, CaseFault::TooMuch);
            }
            Value::Array(items) => {
                let values = items.iter().map(|item| scalar(item, path)).collect::<Read<_>>()?;
                context.set(&member.name, values)
            }
            _ => context.set(&member.name, vec![scalar(&member.node, path)?]),
        };
        if !new {
            return Err(Fault { at: member.at, member: path.to_owned(), fault: CaseFault::DuplicateKey });
        }
    }
    Ok(())
}

fn scalar(node: &Node, path: &str) -> Read<String> {
    match &node.value {
        Value::String(text) | Value::Number(text) if text.len() > LONGEST_VALUE => {
            fail(node, path, CaseFault::TooMuch)
        }
        Value::String(text) | Value::Number(text) => Ok(text.clone()),
        Value::Bool(value) => Ok(value.to_string()),
        _ => wrong_type(node, path, "a string, number, boolean, a list of those, or null"),
    }
}

#[cfg(test)]
mod tests;
