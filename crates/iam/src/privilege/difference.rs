//! What new policies allow that old ones do not, over all actions, resources and conditions at once.
//!
//! A request is written as one string: principal, action, resource, and a digit for each condition whose outcome is not
//! known, `1` if it holds. A statement is then a language of such strings, so that "no new access" is the emptiness of
//! (new − old). Conditions are compared by what they say: the same condition has the same digit in both, and one that
//! implies another (`StringEquals` with fewer values, a smaller network, an earlier date) is known to. What an apply will fill in, and a variable of unknown
//! value, stands for itself: the same name means the same text in both.
//!
//! Most statements of a change are as they were, or moved. What a statement of before allows as a whole is left out of the
//! search first (`settled`), so that the search sees what is really other.
//!
//! AWS's Access Analyzer answers the same question as `CheckNoNewAccess`.

use super::super::condition::{Condition, Operator, implies};
use super::super::context::Context;
use super::super::document::{ActionElement, Effect, Policy, Principals, ResourceElement, Statement};
use super::super::evaluate::{Layer, PolicySet, StatementRef};
use super::super::language::{Glob, Language, Limits, Search, Symbol};
use super::super::pattern::Pattern;
use super::super::principal::PrincipalEntry;
use super::super::truth::Truth;
use super::settled::Settled;

/// Stands between the components of a request; no policy means it.
const BETWEEN: char = '\u{1f}';
/// More conditions than that are not told apart.
const MAX_CONDITIONS: usize = 48;

/// The answer to a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Nothing is allowed that was not allowed before: proved.
    None,
    /// Something is.
    New(NewAccess),
    /// The policies are too complex for the limits.
    TooComplex,
}

/// A request that new policies allow and old ones do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccess {
    /// Who: of a resource's policy only, such as `AWS:arn:…` or `*`.
    pub principal: String,
    /// The action, in lower case; where the policy has a wildcard, not necessarily one that AWS has.
    pub action: String,
    /// A shortest resource; `${unknown:NAME}` stands in it for what is not known.
    pub resource: String,
    /// The conditions under which it is allowed: operator, key and values.
    pub conditions: Vec<String>,
    /// The statement of the new policies that allows it.
    pub statement: Option<StatementRef>,
}

/// What `new` allows its principal that `old` does not. Both are read as policies of one principal, of which `context` is
/// known; policies of resources are left out.
pub fn new_access(old: &PolicySet, new: &PolicySet, context: &Context, limits: &Limits) -> Difference {
    let everyone = [old, new].into_iter().flat_map(groups).flat_map(|(_, _, policies)| policies);
    let Some(space) = Space::of(everyone, context) else { return Difference::TooComplex };
    let settled = Settled::of(&space, old, new, limits);
    let left = settled.without(new);
    if left.iter().all(|policy| policy.statements.iter().all(|s| s.effect == Effect::Deny)) {
        return Difference::None;
    }
    let universe = space.universe("", &["arn:*:*:*:*:?*"]);
    let left = PolicySet { identity: left, ..new.clone() };
    let rest = space.allowed(&left).minus(&space.allowed(old));
    let by = |text: &str| {
        let all = new.identity.iter().enumerate().flat_map(|(policy, document)| {
            document.statements.iter().enumerate().map(move |(index, statement)| {
                (StatementRef { layer: Layer::Identity, level: 0, policy, statement: index }, statement)
            })
        });
        let mut all = all.filter(|(_, statement)| statement.effect == Effect::Allow);
        all.find(|(_, statement)| space.statement(statement).contains(text))
    };
    space.answer(&rest, &universe, limits, by)
}

/// What the policy of a resource (or a role's trust policy) newly lets in.
pub fn new_principals(old: Option<&Policy>, new: &Policy, limits: &Limits) -> Difference {
    let context = Context::open();
    let Some(space) = Space::of(old.into_iter().chain([new]), &context) else {
        return Difference::TooComplex;
    };
    let universe = space.universe("?*", &["arn:*:*:*:*:?*"]);
    let before = old.map_or_else(Language::nothing, |old| space.group(std::slice::from_ref(old)));
    let rest = space.group(std::slice::from_ref(new)).minus(&before);
    let by = |text: &str| {
        let all = new.statements.iter().enumerate().map(|(index, statement)| {
            (StatementRef { layer: Layer::Resource, level: 0, policy: 0, statement: index }, statement)
        });
        let mut all = all.filter(|(_, statement)| statement.effect == Effect::Allow);
        all.find(|(_, statement)| space.statement(statement).contains(text))
    };
    space.answer(&rest, &universe, limits, by)
}

/// The policies that bind a principal, by layer.
pub(super) fn groups(set: &PolicySet) -> Vec<(Layer, usize, &[Policy])> {
    let mut out = vec![(Layer::Identity, 0, set.identity.as_slice())];
    out.extend(set.boundaries.as_deref().map(|all| (Layer::Boundary, 0, all)));
    let levels = set.scps.iter().enumerate();
    out.extend(levels.map(|(at, level)| (Layer::ServiceControl, at, level.policies.as_slice())));
    out
}

/// A condition, or something like it, whose outcome is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Atom {
    /// Operator, key and sorted values.
    Condition(String, String, Vec<String>),
    /// Whether an action with a wildcard in its service counts.
    WildService,
}

impl Atom {
    pub(super) fn of(condition: &Condition) -> Self {
        let mut values = condition.values().to_vec();
        values.sort();
        values.dedup();
        Self::Condition(condition.operator().to_string(), condition.key().to_owned(), values)
    }

    /// Whether this one holds only where the other does.
    pub(super) fn implies(&self, other: &Self) -> bool {
        let (Self::Condition(operator, key, values), Self::Condition(same, of, others)) = (self, other)
        else {
            return false;
        };
        let (Ok(one), Ok(two)) = (Operator::parse(operator), Operator::parse(same)) else { return false };
        key == of && implies(&one, values, &two, others)
    }

    /// Whether both cannot hold: the same key compared with different values, or once the other way round.
    fn excludes(&self, other: &Self) -> bool {
        let (Self::Condition(operator, key, values), Self::Condition(of, same, others)) = (self, other)
        else {
            return false;
        };
        let plain = |text: &String| !text.contains(['*', '?', '$']);
        let exact = operator == of && matches!(operator.as_str(), "StringEquals" | "Bool" | "Null");
        let apart = exact
            && values.iter().chain(others).all(plain)
            && values.iter().all(|value| !others.contains(value));
        let reversed = |one: &str, two: &str| !one.contains(':') && one.replacen("Not", "", 1) == two;
        let is_opposite = operator != of
            && values == others
            && (reversed(operator, of) || reversed(of, operator))
            && !operator.contains(':')
            && !operator.ends_with("IfExists");
        key == same && (apart || is_opposite)
    }
}

impl std::fmt::Display for Atom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Condition(operator, key, values) => write!(f, "{operator} {key} = {}", values.join(" | ")),
            Self::WildService => {
                f.write_str("an action with a wildcard in its service counts, which is not documented")
            }
        }
    }
}

/// How requests are written as strings.
pub(super) struct Space<'a> {
    atoms: Vec<Atom>,
    pub(super) context: &'a Context,
}

/// The components of a request before its digits.
#[derive(Clone, Copy)]
enum Component {
    Principal,
    Action,
    Resource,
}

impl<'a> Space<'a> {
    /// The space of these policies; nothing if they have too many conditions.
    fn of<'p>(policies: impl Iterator<Item = &'p Policy>, context: &'a Context) -> Option<Self> {
        let mut atoms: Vec<Atom> = Vec::new();
        for statement in policies.flat_map(|policy| &policy.statements) {
            let unknown = statement.conditions.iter().filter(|c| c.holds(context) == Truth::Unknown);
            let wild = statement.actions.patterns.iter().any(Pattern::has_wild_service);
            for atom in unknown.map(Atom::of).chain(wild.then_some(Atom::WildService)) {
                if !atoms.contains(&atom) {
                    atoms.push(atom);
                }
            }
            if atoms.len() > MAX_CONDITIONS {
                return None;
            }
        }
        Some(Self { atoms, context })
    }

    /// The strings whose component matches.
    fn component(&self, at: Component, pattern: &[Symbol]) -> Language {
        let before = match at {
            Component::Principal => 0,
            Component::Action => 1,
            Component::Resource => 2,
        };
        let any = [Symbol::Many, Symbol::Char(BETWEEN)];
        let end = |left: usize| {
            std::iter::once(Symbol::Char(BETWEEN)).chain(any.into_iter().cycle().take(left * 2))
        };
        // A separator in a policy's text would move the components.
        let clean = pattern.iter().map(|symbol| match symbol {
            Symbol::Char(c) if *c == BETWEEN => Symbol::Char('\u{fffd}'),
            other => *other,
        });
        let head = any.into_iter().cycle().take(before * 2);
        let glob: Glob = head.chain(clean).chain(end(2 - before)).chain([Symbol::Many]).collect();
        Language::glob(glob)
    }

    /// The strings in which a condition holds.
    fn digit(&self, at: usize) -> Language {
        let any = [Symbol::Many, Symbol::Char(BETWEEN)];
        let head = any.into_iter().cycle().take(6);
        let before = std::iter::repeat_n(Symbol::One, at);
        let after = std::iter::repeat_n(Symbol::One, self.atoms.len() - at - 1);
        let glob: Glob = head.chain(before).chain([Symbol::Char('1')]).chain(after).collect();
        Language::glob(glob)
    }

    fn atom(&self, atom: &Atom) -> Language {
        let at = self.atoms.iter().position(|known| known == atom);
        at.map_or_else(Language::everything, |at| self.digit(at))
    }

    /// All requests of principals that match, with one resource or none.
    fn universe(&self, principal: &str, resources: &[&str]) -> Language {
        let digits = "?".repeat(self.atoms.len());
        let all = |resource: Glob| {
            let head = Glob::parse(&format!("{principal}{BETWEEN}?*:?*{BETWEEN}"));
            let tail = Glob::parse(&format!("{BETWEEN}{digits}"));
            let parts = [head.symbols(), resource.symbols(), tail.symbols()];
            Language::glob(parts.into_iter().flatten().copied().collect())
        };
        let named = resources.iter().map(|resource| all(Glob::parse(resource)));
        let named = Language::union(named.chain([all(Glob::literal("*"))]));
        let separated = Language::from(format!("*{}", format!("{BETWEEN}*").repeat(4)).as_str());
        let colons = Language::from(format!("*{BETWEEN}*:*:*{BETWEEN}*{BETWEEN}*").as_str());
        let mut impossible = vec![separated, colons];
        for (at, atom) in self.atoms.iter().enumerate() {
            for (of, other) in self.atoms.iter().enumerate().filter(|(of, _)| *of != at) {
                if atom.implies(other) {
                    impossible.push(self.digit(at).minus(&self.digit(of)));
                }
                if of > at && atom.excludes(other) {
                    impossible.push(Language::intersection([self.digit(at), self.digit(of)]));
                }
            }
        }
        named.minus(&Language::union(impossible))
    }

    fn actions(&self, element: &ActionElement) -> Language {
        let named = element.patterns.iter().map(|pattern| {
            let named = self.component(Component::Action, &pattern.opaque(self.context));
            match pattern.has_wild_service() {
                true => Language::intersection([named, self.atom(&Atom::WildService)]),
                false => named,
            }
        });
        let named = Language::union(named);
        if element.negated { named.complement() } else { named }
    }

    fn resources(&self, element: &ResourceElement) -> Language {
        let one = |pattern: &Pattern| self.component(Component::Resource, &pattern.opaque(self.context));
        let named = Language::union(element.patterns.iter().map(one));
        if element.negated { named.complement() } else { named }
    }

    fn principals(&self, principals: &Principals) -> Language {
        let one = |entry: &PrincipalEntry| {
            let text = |kind: &str, name: &str| Glob::literal(&format!("{kind}:{name}"));
            let glob = match entry {
                PrincipalEntry::Everyone => Glob::parse("*"),
                PrincipalEntry::Account(account) => {
                    let (head, literal) = (Glob::parse("AWS:arn:*:*::"), Glob::literal(account));
                    let tail = [Symbol::Char(':'), Symbol::Many];
                    head.symbols().iter().chain(literal.symbols()).chain(&tail).copied().collect()
                }
                PrincipalEntry::Aws(arn) => text("AWS", arn),
                PrincipalEntry::Service(name) => text("Service", name),
                PrincipalEntry::Provider(name) => text("Federated", name),
                PrincipalEntry::CanonicalUser(name) => text("CanonicalUser", name),
            };
            self.component(Component::Principal, glob.symbols())
        };
        let named = Language::union(principals.entries.iter().map(one));
        if principals.negated { named.complement() } else { named }
    }

    /// The requests that a statement is about.
    fn statement(&self, statement: &Statement) -> Language {
        let mut parts = vec![self.actions(&statement.actions)];
        parts.extend(statement.resources.as_ref().map(|element| self.resources(element)));
        parts.extend(statement.principals.as_ref().map(|principals| self.principals(principals)));
        for condition in &statement.conditions {
            match condition.holds(self.context) {
                Truth::True => {}
                Truth::False => return Language::nothing(),
                Truth::Unknown => parts.push(self.atom(&Atom::of(condition))),
            }
        }
        Language::intersection(parts)
    }

    /// What a group of policies allows, without what it denies.
    fn group(&self, policies: &[Policy]) -> Language {
        let of = |effect: Effect| {
            let statements = policies.iter().flat_map(|policy| &policy.statements);
            Language::union(statements.filter(|s| s.effect == effect).map(|s| self.statement(s)))
        };
        of(Effect::Allow).minus(&of(Effect::Deny))
    }

    fn allowed(&self, set: &PolicySet) -> Language {
        Language::intersection(groups(set).into_iter().map(|(_, _, policies)| self.group(policies)))
    }

    fn answer<'s>(
        &self,
        rest: &Language,
        universe: &Language,
        limits: &Limits,
        by: impl Fn(&str) -> Option<(StatementRef, &'s Statement)>,
    ) -> Difference {
        let witness = match rest.shortest(universe, limits) {
            Search::Empty => return Difference::None,
            Search::TooComplex => return Difference::TooComplex,
            Search::Witness(witness) => witness.text,
        };
        let mut parts = witness.split(BETWEEN).map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        let (principal, action, resource, digits) = (next(), next(), next(), next());
        let by = by(&witness);
        // Only the conditions of the statement that allows it limit what it allows.
        let own: Vec<Atom> = by.iter().flat_map(|(_, s)| &s.conditions).map(Atom::of).collect();
        let holds = digits.chars().zip(&self.atoms).filter(|(digit, _)| *digit == '1');
        let conditions = holds.filter(|(_, atom)| own.contains(atom)).map(|(_, atom)| atom.to_string());
        let (conditions, statement) = (conditions.collect(), by.map(|(of, _)| of));
        Difference::New(NewAccess { principal, action, resource, conditions, statement })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    fn set(statements: &str) -> PolicySet {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
        PolicySet { identity: vec![Policy::read("p", &text).unwrap()], ..PolicySet::default() }
    }

    fn allow(actions: &str, resources: &str, more: &str) -> String {
        format!(r#"{{"Effect": "Allow", "Action": {actions}, "Resource": {resources}{more}}}"#)
    }

    fn deny(actions: &str, resources: &str) -> String {
        format!(r#"{{"Effect": "Deny", "Action": {actions}, "Resource": {resources}}}"#)
    }

    fn compare(old: &str, new: &str) -> Difference {
        new_access(&set(old), &set(new), &Context::open(), &Limits::default())
    }

    fn news(old: &str, new: &str) -> (String, String) {
        match compare(old, new) {
            Difference::New(access) => (access.action, access.resource),
            other => (format!("{other:?}"), String::new()),
        }
    }

    const TABLE: &str = r#""arn:aws:dynamodb:eu-west-1:1:table/orders""#;

    #[test]
    fn the_same_and_less_is_nothing_new() {
        let all = allow(r#"["dynamodb:*", "s3:Get*"]"#, r#""*""#, "");
        assert_eq!(compare(&all, &all), Difference::None);
        assert_eq!(compare(&all, &allow(r#""DynamoDB:PutItem""#, TABLE, "")), Difference::None);
        assert_eq!(compare(&all, ""), Difference::None);
        // Written in two statements, or with a list for a wildcard.
        let two =
            format!("{}, {}", allow(r#""s3:Get*""#, r#""*""#, ""), allow(r#""dynamodb:*""#, r#""*""#, ""));
        assert_eq!(compare(&all, &two), Difference::None);
        assert_eq!(compare(&two, &all), Difference::None);
    }

    #[test]
    fn more_actions_and_more_resources_are_new() {
        let old = allow(r#""dynamodb:GetItem""#, TABLE, "");
        let more = allow(r#"["dynamodb:GetItem", "dynamodb:PutItem"]"#, TABLE, "");
        assert_eq!(news(&old, &more), ("dynamodb:putitem".into(), TABLE.trim_matches('"').into()));
        let wider = allow(r#""dynamodb:GetItem""#, r#""arn:aws:dynamodb:eu-west-1:1:table/*""#, "");
        let (action, resource) = news(&old, &wider);
        assert_eq!(action, "dynamodb:getitem");
        assert!(resource.starts_with("arn:aws:dynamodb:eu-west-1:1:table/"), "{resource}");
        // A pair that neither part makes new by itself.
        let old = format!("{}, {}", allow(r#""a:x""#, r#""arn:1""#, ""), allow(r#""a:y""#, r#""arn:2""#, ""));
        let new = allow(r#"["a:x", "a:y"]"#, r#"["arn:1", "arn:2"]"#, "");
        assert!(matches!(compare(&old, &new), Difference::New(_)));
        assert_eq!(compare(&new, &old), Difference::None);
    }

    #[test]
    fn a_deny_that_goes_is_new() {
        let all = allow(r#""s3:*""#, r#""*""#, "");
        let fenced = format!("{all}, {}", deny(r#""s3:Delete*""#, r#""*""#));
        assert!(news(&fenced, &all).0.starts_with("s3:delete"));
        assert_eq!(compare(&all, &fenced), Difference::None);
    }

    #[test]
    fn not_action_and_not_resource_count() {
        let old = r#"{"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}"#;
        let new = r#"{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}"#;
        assert!(news(old, new).0.starts_with("sts:"));
        assert_eq!(compare(new, old), Difference::None);
        let old = r#"{"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::*"}"#;
        assert!(matches!(
            compare(old, &allow(r#""s3:GetObject""#, r#""arn:aws:s3:::b/k""#, "")),
            Difference::New(_)
        ));
        assert_eq!(compare(old, &allow(r#""s3:GetObject""#, r#""arn:aws:s3-x::::b""#, "")), Difference::None);
    }

    #[test]
    fn conditions_are_compared_by_what_they_say() {
        let when =
            |condition: &str| allow(r#""s3:GetObject""#, r#""*""#, &format!(r#", "Condition": {condition}"#));
        let one = when(r#"{"StringEquals": {"aws:PrincipalTag/team": "a"}}"#);
        let two = when(r#"{"StringEquals": {"aws:principaltag/team": ["b", "a"]}}"#);
        let both = when(
            r#"{"StringEquals": {"aws:PrincipalTag/team": "a"}, "Bool": {"aws:SecureTransport": "true"}}"#,
        );
        let free = allow(r#""s3:GetObject""#, r#""*""#, "");
        for (old, new, is_new) in [
            (&one, &one, false),
            (&two, &one, false),
            (&one, &two, true),
            (&one, &both, false),
            (&both, &one, true),
            (&one, &free, true),
            (&free, &one, false),
        ] {
            assert_eq!(compare(old, new) != Difference::None, is_new, "{old} -> {new}");
        }
        let Difference::New(access) = compare(&one, &two) else { panic!("it is new") };
        assert_eq!(access.conditions, ["StringEquals aws:principaltag/team = a | b"]);
        // Two statements that together leave no case open.
        let not = when(r#"{"StringNotEquals": {"aws:PrincipalTag/team": "a"}}"#);
        assert_eq!(compare(&free, &format!("{one}, {not}")), Difference::None);
    }

    #[test]
    fn a_boundary_and_the_organization_limit_both() {
        let all = allow(r#""*""#, r#""*""#, "");
        let bound = |text: &str| PolicySet { boundaries: Some(set(text).identity), ..set(&all) };
        let reads = allow(r#""s3:Get*""#, r#""*""#, "");
        let same = |old: &PolicySet, new: &PolicySet| {
            new_access(old, new, &Context::open(), &Limits::default()) == Difference::None
        };
        assert!(same(&set(&all), &bound(&reads)));
        assert!(!same(&bound(&reads), &set(&all)));
        assert!(same(&bound(&reads), &bound(&reads)));
    }

    /// Each is settled without a search, or left to it: with a budget of nothing only the first kind has an answer.
    #[test]
    fn what_was_allowed_as_a_whole_needs_no_search() {
        let nothing =
            Limits { budget: Some(super::super::super::language::Budget::new(2_000)), ..Limits::default() };
        let asked = |old: &PolicySet, new: &PolicySet| new_access(old, new, &Context::open(), &nothing);
        let read = |table: &str| {
            allow(
                r#"["dynamodb:GetItem", "dynamodb:Query"]"#,
                &format!(r#""arn:aws:dynamodb:eu-west-1:1:table/{table}""#),
                "",
            )
        };
        let tag = r#", "Condition": {"StringEquals": {"aws:PrincipalTag/team": ["a", "b"]}}"#;
        let before = format!(
            "{}, {}, {}",
            allow(
                r#"["dynamodb:*"]"#,
                r#"["arn:aws:dynamodb:eu-west-1:1:table/a-*", "arn:aws:dynamodb:eu-west-1:1:table/b"]"#,
                ""
            ),
            allow(r#""s3:GetObject""#, r#""arn:aws:s3:::b/*""#, tag),
            deny(r#""s3:Delete*""#, r#""*""#),
        );
        let after = format!(
            "{}, {}, {}, {}",
            read("a-1"),
            read("b"),
            allow(r#""s3:GetObject""#, r#""arn:aws:s3:::b/x""#, &tag.replace(r#"["a", "b"]"#, r#""a""#)),
            deny(r#"["s3:Delete*", "s3:Put*"]"#, r#""*""#),
        );
        assert_eq!(asked(&set(&before), &set(&after)), Difference::None);
        let bound =
            |boundary: &str, all: &str| PolicySet { boundaries: Some(set(boundary).identity), ..set(all) };
        assert_eq!(asked(&bound(&before, &before), &bound(&after, &after)), Difference::None);
        assert_eq!(asked(&set(&before), &bound(&before, &after)), Difference::None);
        // None of these may be settled: a deny that goes, a boundary that widens, a condition that goes, more of a kind.
        let free = allow(r#""s3:GetObject""#, r#""arn:aws:s3:::b/x""#, "");
        let wide = allow(r#""s3:*""#, r#""*""#, "");
        for (old, new) in [
            (
                set(&format!("{before}, {wide}")),
                set(&format!("{after}, {wide}").replace("s3:Delete*", "s3:DeleteObject")),
            ),
            (bound(&after, &before), bound(&before, &before)),
            (bound(&after, &before), set(&before)),
            (set(&before), set(&free)),
            (set(&before), set(&read("a*"))),
            (
                set(&before),
                set(
                    r#"{"Effect": "Allow", "NotAction": "dynamodb:*", "Resource": "arn:aws:dynamodb:eu-west-1:1:table/b"}"#,
                ),
            ),
        ] {
            let full = new_access(&old, &new, &Context::open(), &Limits::default());
            assert!(matches!(full, Difference::New(_)), "{full:?}: {old:?} -> {new:?}");
        }
    }

    #[test]
    fn what_is_not_known_stands_for_itself() {
        let of =
            |name: &str| allow(r#""kms:Decrypt""#, &format!(r#""arn:aws:kms:eu-west-1:1:key/{name}""#), "");
        assert_eq!(compare(&of("${unknown:a}"), &of("${unknown:a}")), Difference::None);
        assert_eq!(compare(&of("*"), &of("${unknown:a}")), Difference::None);
        assert!(news(&of("${unknown:a}"), &of("${unknown:b}")).1.contains("${unknown:b}"));
    }

    #[test]
    fn principals_of_a_resource() {
        let policy = |principal: &str| {
            let text = format!(
                r#"{{"Statement": {{"Effect": "Allow", "Principal": {principal}, "Action": "sts:AssumeRole"}}}}"#
            );
            Policy::read("trust", &text).unwrap()
        };
        let tasks = policy(r#"{"Service": "ecs-tasks.amazonaws.com"}"#);
        let more = policy(r#"{"Service": ["ecs-tasks.amazonaws.com", "ec2.amazonaws.com"]}"#);
        let role = policy(r#"{"AWS": "arn:aws:iam::111122223333:role/ci"}"#);
        let account = policy(r#"{"AWS": "111122223333"}"#);
        let compare = |old: &Policy, new: &Policy| new_principals(Some(old), new, &Limits::default());
        assert_eq!(compare(&tasks, &tasks), Difference::None);
        assert_eq!(compare(&more, &tasks), Difference::None);
        let Difference::New(access) = compare(&tasks, &more) else { panic!("it is new") };
        assert_eq!(access.principal, "Service:ec2.amazonaws.com");
        assert_eq!(compare(&account, &role), Difference::None);
        assert!(matches!(compare(&role, &account), Difference::New(_)));
        assert!(matches!(new_principals(None, &tasks, &Limits::default()), Difference::New(_)));
    }

    /// A small statement; many of them overlap.
    fn statement() -> impl proptest::strategy::Strategy<Value = String> {
        use proptest::prelude::*;
        let some = |all: &'static [&'static str]| proptest::sample::subsequence(all, 1..=2);
        let actions = some(&["s3:Get*", "s3:GetObject", "s3:*", "sqs:SendMessage", "s3:?etObject", "*"]);
        let resources = some(&[
            "arn:aws:s3:::b/*",
            "arn:aws:s3:::b/x",
            "arn:aws:s3:::*",
            "*",
            "arn:aws:s3:::b/${unknown:k}",
        ]);
        let condition = proptest::sample::select(vec![
            "",
            r#", "Condition": {"StringEquals": {"aws:PrincipalTag/t": "a"}}"#,
            r#", "Condition": {"StringEquals": {"aws:PrincipalTag/t": ["a", "b"]}}"#,
            r#", "Condition": {"StringNotEquals": {"aws:PrincipalTag/t": "a"}}"#,
        ]);
        let (effect, not) = (proptest::bool::weighted(0.3), proptest::bool::weighted(0.15));
        (effect, not, actions, resources, condition).prop_map(
            |(denies, not, actions, resources, condition)| {
                let effect = if denies { "Deny" } else { "Allow" };
                let key = if not { "NotAction" } else { "Action" };
                format!(
                    r#"{{"Effect": "{effect}", "{key}": {actions:?}, "Resource": {resources:?}{condition}}}"#
                )
            },
        )
    }

    proptest::proptest! {
        /// What is settled without a search changes no answer.
        #[test]
        fn a_search_of_everything_says_the_same(
            old in proptest::collection::vec(statement(), 1..4),
            new in proptest::collection::vec(statement(), 1..4),
            bounds in proptest::array::uniform2(proptest::option::weighted(0.3, statement())),
        ) {
            let [was, is] = bounds.map(|bound| bound.map(|text| set(&text).identity));
            let old = PolicySet { boundaries: was, ..set(&old.join(", ")) };
            let new = PolicySet { boundaries: is, ..set(&new.join(", ")) };
            let context = Context::open();
            let policies = [&old, &new].into_iter().flat_map(groups).flat_map(|(_, _, policies)| policies);
            let space = Space::of(policies, &context).unwrap();
            let rest = space.allowed(&new).minus(&space.allowed(&old));
            let universe = space.universe("", &["arn:*:*:*:*:?*"]);
            let all = space.answer(&rest, &universe, &Limits::default(), |_| None);
            let answer = new_access(&old, &new, &context, &Limits::default());
            let word = |answer: &Difference| match answer {
                Difference::None => "none",
                Difference::New(_) => "new",
                Difference::TooComplex => "too complex",
            };
            proptest::prop_assert_eq!(word(&all), word(&answer));
        }
    }
}
