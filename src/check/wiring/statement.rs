//! Statements of policies, as findings speak of them.

use super::access::Access;
use seaworthy_iam::{
    ActionElement, ActionExcess, Context, Language, PolicySet, Statement, StatementRef, Uncertainty,
};

/// Actions of one statement that are asked about one by one.
const MAX_ACTIONS: usize = 64;

/// All statements that bind a principal: its own, its boundary's and the organization's.
pub(super) fn binding(policies: &PolicySet) -> Vec<&Statement> {
    let scps = policies.scps.iter().flat_map(|level| &level.policies);
    let all = policies.identity.iter().chain(policies.boundaries.iter().flatten()).chain(scps);
    all.flat_map(|policy| &policy.statements).collect()
}

/// The texts of a statement in which a context key may be named: keys and values of its conditions, and its resources.
pub(super) fn texts(of: &Statement) -> impl Iterator<Item = &str> {
    let resources = of.resources.iter().flat_map(|element| &element.written);
    let conditions = of.conditions.iter();
    let conditions = conditions.flat_map(|c| c.values().iter().map(String::as_str).chain([c.key()]));
    conditions.chain(resources.map(String::as_str))
}

/// Whether a statement's action element names an action.
pub(super) fn names_action(statement: &Statement, action: &str) -> bool {
    let action = action.to_lowercase();
    let named = statement.actions.written.iter().any(|w| matches(&w.to_lowercase(), &action));
    named != statement.actions.negated
}

/// Whether a text matches a pattern with `*` and `?`.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    Language::from(pattern).contains(text)
}

/// The action as the statement writes it, such as `logs:*`.
pub(super) fn written(statement: &Statement, action: &str) -> String {
    if statement.actions.negated {
        return "everything but what its NotAction names".to_owned();
    }
    let lower = action.to_lowercase();
    let found = statement.actions.written.iter().find(|w| matches(&w.to_lowercase(), &lower));
    found.map_or_else(|| action.to_owned(), Clone::clone)
}

/// A statement in words: `statement "Sid" of POLICY (line:column)`.
pub(super) fn described(policies: &PolicySet, of: StatementRef) -> String {
    policies.place(of).map_or_else(|| "a statement".to_owned(), |place| place.to_string())
}

/// What names a statement from run to run: its policy, and its Sid or else what it says.
pub(super) fn identity(policies: &PolicySet, of: StatementRef) -> [String; 2] {
    let Some((policy, statement)) = policies.statement(of) else { return [String::new(), String::new()] };
    let resources = statement.resources.as_ref().map(|r| r.written.join(",")).unwrap_or_default();
    let said = || format!("{}|{resources}", statement.actions.written.join(","));
    [policy.name.clone(), statement.sid.clone().filter(|s| !s.is_empty()).unwrap_or_else(said)]
}

/// Takes a statement out of the policies without moving the others: it names no action any more.
pub(super) fn disarm(policies: &mut PolicySet, of: StatementRef) {
    use seaworthy_iam::Layer;
    let policy = match of.layer {
        Layer::Identity => policies.identity.get_mut(of.policy),
        Layer::Resource => policies.resource.as_mut(),
        _ => None,
    };
    if let Some(statement) = policy.and_then(|p| p.statements.get_mut(of.statement)) {
        let at = statement.actions.at;
        statement.actions = ActionElement { at, negated: false, patterns: Vec::new(), written: Vec::new() };
    }
}

/// The actions of a statement, as it writes them, of which some are among `operations` (in lower case) and are allowed on
/// some of `resources`, whatever else denies; none if it names those that it does not mean (NotAction).
pub(super) fn allowed_actions(
    access: &Access<'_>,
    policies: &PolicySet,
    of: StatementRef,
    (operations, resources): (&Language, &Language),
    context: &Context,
) -> Vec<String> {
    let statement = policies.statement(of).map(|(_, statement)| statement);
    let Some(statement) = statement.filter(|statement| !statement.actions.negated) else { return Vec::new() };
    let is_allowed = |written: &&String| {
        let own = Language::from(written.to_lowercase().as_str());
        let asked = Language::intersection([operations.clone(), own]);
        let found =
            ActionExcess::find_among(policies, &access.principal, &asked, resources, context, &access.limits);
        matches!(found, Ok(ActionExcess::Excess { .. }))
    };
    let mut out: Vec<String> = Vec::new();
    for action in statement.actions.written.iter().take(MAX_ACTIONS).filter(is_allowed) {
        if !out.iter().any(|other| other.eq_ignore_ascii_case(action)) {
            out.push(action.clone());
        }
    }
    let rest = statement.actions.written.len().saturating_sub(MAX_ACTIONS);
    if rest > 0 {
        out.push(format!("{rest} further actions that were not asked about"));
    }
    out
}

/// What would settle a question, in words.
pub(super) fn open_questions(policies: &PolicySet, uncertainties: &[Uncertainty]) -> String {
    let mut said: Vec<String> = Vec::new();
    for Uncertainty { statement, cause } in uncertainties {
        let place = statement.and_then(|of| policies.place(of)).map(|place| format!(" ({place})"));
        let text = format!("{cause}{}", place.unwrap_or_default());
        if !said.contains(&text) {
            said.push(text);
        }
    }
    if said.is_empty() { "it depends on what is not known".to_owned() } else { said.join("; ") }
}
