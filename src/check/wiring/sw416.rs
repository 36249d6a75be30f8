//! SW416: a task role can change or delete a secret.

use super::access::Access;
use super::allowing::{Allowing, allowing};
use super::entry::{self, Entered};
use super::ground::Ground;
use super::own::Own;
use super::target::{Found, Target};
use super::{Role, RoleKind, Wiring, statement};
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Confidence, Example, Finding, Reads, Severity, hidden};
use seaworthy_aws::{Gap, Place, Seen};
use seaworthy_iam::{ActionExcess, Language, PolicySet, ResourceRule};

/// SW416.
pub struct RoleWritesSecret;

const META: CheckMeta = CheckMeta {
    id: "SW416",
    name: "role-writes-secret",
    summary: "A task role can change or delete a secret of the contract, by its own policies or as a role that it can assume.",
    why: "Tasks consume secrets; what provisions them owns them. Anyone who takes over a task that may write a secret replaces it for all that read it, or deletes it.",
    fix: "Name the reading actions one by one (ssm:GetParameter, ssm:GetParameters, secretsmanager:GetSecretValue) instead of a wildcard. Where a task renews its own secret, accept the finding with that reason.",
    example: Example {
        fails: hidden!(
            r#"{"Sid": "Renew", "Effect": "Allow", "Action": "ssm:PutParameter",
"Resource": "arn:aws:ssm:eu-west-1:111122223333:parameter/app/*"}"#
        ),
        mended: r#"{"Sid": "Read", "Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:GetParameters"],
"Resource": "arn:aws:ssm:eu-west-1:111122223333:parameter/app/db"}"#,
        silent: "Writing parameters that are no secret of the contract, writing that a Deny or a boundary takes away again, creating without overwriting (ssm:Overwrite), and roles that roles.extras accepts.",
    },
    severity: Severity::Medium,
    reads: &[Reads::Aws],
    tags: &["CWE-250", "CWE-272"],
};

/// What changes or deletes the value of a parameter or a secret.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html>,
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html>
const WRITES: [&str; 11] = [
    "ssm:PutParameter",
    "ssm:DeleteParameter",
    "ssm:DeleteParameters",
    "ssm:LabelParameterVersion",
    "ssm:UnlabelParameterVersion",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecret",
    "secretsmanager:UpdateSecretVersionStage",
    "secretsmanager:DeleteSecret",
    "secretsmanager:RotateSecret",
    "secretsmanager:CancelRotateSecret",
];

impl Check<Wiring<'_>> for RoleWritesSecret {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, wiring: &Wiring<'_>, _: &Context<'_>) -> Applies {
        // Of execution roles alone there is nothing that this check could ask about.
        let roles = &wiring.expectations.roles;
        if roles.is_empty() || roles.iter().any(|role| role.kind == RoleKind::Task) {
            Applies::Asked
        } else {
            Applies::NotRequested
        }
    }

    fn run(&self, wiring: &Wiring<'_>, context: &Context<'_>, answers: &mut Answers) {
        wiring.needs(&META, &[Ground::Secrets, Ground::Roles], answers);
        // SW405 asks what an execution role may do.
        wiring.each_role(&META, wiring.roles_of(RoleKind::Task), answers, |access, answers| {
            judge_role(wiring, context, access, answers);
            through_roles(wiring, context, access, answers);
        });
    }
}

/// One question about one role: whose policies are asked, and of which secrets.
struct Asked<'q> {
    policies: PolicySet,
    secrets: Language,
    /// What is known of the requests.
    requests: seaworthy_iam::Context,
    /// The secret's ID, if it is one alone.
    one: &'q str,
    /// The secret whose own policy is asked, if it is not the role's.
    own: Option<Own<'q>>,
}

/// The questions about one role: what its own policies allow it on the secrets, and what the secrets' own policies do; with
/// the secrets whose policies were not seen, and why.
fn questions<'q>(
    wiring: &'q Wiring<'_>,
    access: &Access<'_>,
    targets: &'q [Target<'q>],
) -> (Vec<Asked<'q>>, Vec<(&'q Target<'q>, Gap)>) {
    let of_role = |(secrets, requests, one)| {
        let policies = PolicySet { resource_rule: ResourceRule::Either, ..access.policies.clone() };
        Asked { policies, secrets, requests, one, own: None }
    };
    let mut asked: Vec<Asked<'q>> = by_tags(wiring, access, targets).into_iter().map(of_role).collect();
    let mut unseen = Vec::new();
    for target in targets {
        let secret = match &target.found {
            Found::Secret(Seen::Value(secret)) => secret,
            // A parameter has no policy of its own; SW401 tells of a secret that is not there.
            Found::Parameter(_) | Found::Secret(Seen::Absent) => continue,
            Found::Secret(Seen::NotSeen(gap)) => {
                unseen.push((target, gap.clone()));
                continue;
            }
        };
        let own = wiring.policy_of_secret(secret);
        unseen.extend(own.gap.clone().map(|gap| (target, gap)));
        if let Some(policies) = own.alone(&access.policies) {
            let secrets = Language::from(wiring.secret_arn(secret).as_str());
            let requests = requests(wiring.context_on(&access.principal, &target.arn));
            asked.push(Asked { policies, secrets, requests, one: "", own: Some(own) });
        }
    }
    (asked, unseen)
}

fn judge_role(wiring: &Wiring<'_>, context: &Context<'_>, access: &Access<'_>, answers: &mut Answers) {
    let targets = wiring.targets();
    let (asked, unseen) = questions(wiring, access, targets);
    for (target, gap) in unseen {
        let what = format!("whether {} can change or delete {}", access.name, target.name());
        let reason = format!("the policy of the secret was not seen: {gap}");
        let origin = wiring.origin(&access.seen.place);
        answers.not_checked.push(wiring.not_checked(&META, origin, what, reason));
    }
    for one in asked {
        ask_secret(wiring, context, access, one, answers);
    }
}

fn ask_secret(
    wiring: &Wiring<'_>,
    context: &Context<'_>,
    access: &Access<'_>,
    mut asked: Asked<'_>,
    answers: &mut Answers,
) {
    let operations = writes();
    let mut found = Vec::new();
    let question = (&operations, &asked.secrets);
    let open = allowing(access, &mut asked.policies, question, &asked.requests, &mut |policies, one| {
        let written = Written::of(wiring, access, policies, &one, &asked.secrets);
        let named = one.statement.map(|of| statement::identity(policies, of));
        found.push((one.statement, written, named.unwrap_or_default()));
    });
    let origin = || wiring.origin(&access.seen.place);
    for (of, written, [policy, sid]) in found {
        if let Some(boundary) = &access.unseen_boundary {
            let what = format!("whether {} can change or delete {}", access.name, written.secrets);
            let reason =
                format!("{} allows it, and {} was not seen: {}", written.by, boundary.what, boundary.gap);
            answers.not_checked.push(wiring.not_checked(&META, origin(), what, reason));
            continue;
        }
        let place = match of {
            Some(of) => {
                let own = asked.own.as_ref().and_then(|own| own.place(of));
                own.cloned().unwrap_or_else(|| access.place(of))
            }
            None => access.seen.place.clone(),
        };
        let unseen =
            access.unseen.iter().map(|m| format!("{} was not seen; it could still deny this", m.what));
        let message = format!("{} can change or delete {written}", access.name);
        let named = [access.name, &policy, &sid, asked.one];
        let named = if asked.one.is_empty() { &named[..3] } else { &named[..] };
        answers.findings.push(
            Finding::build(&META, wiring.origin(&place), message)
                .confidence(if access.unseen.is_empty() { Confidence::High } else { Confidence::Medium })
                .notes(unseen.collect())
                .named(context.key, named),
        );
    }
    if let Some(reason) = open {
        let what = match asked.one {
            "" => format!("whether {} can change or delete a secret", access.name),
            one => format!("whether {} can change or delete {one}", access.name),
        };
        answers.not_checked.push(wiring.not_checked(&META, origin(), what, reason));
    }
}

/// The secrets of the contract with what is known of requests on them: one after the other where a policy asks for their
/// tags, with the secret's ID; else all at once.
fn by_tags<'t>(
    wiring: &Wiring<'_>,
    access: &Access<'_>,
    targets: &'t [Target<'_>],
) -> Vec<(Language, seaworthy_iam::Context, &'t str)> {
    let asks = |text: &str| text.to_lowercase().contains("resourcetag/");
    if statement::binding(&access.policies).into_iter().any(|said| statement::texts(said).any(asks)) {
        let one = |target: &'t Target<'_>| {
            let requests = requests(wiring.context_on(&access.principal, &target.arn));
            (target.arns.clone(), requests, target.secret.handle.as_str())
        };
        return targets.iter().map(one).collect();
    }
    let all = Language::union(targets.iter().map(|target| target.arns.clone()));
    vec![(all, requests(wiring.context(&access.principal)), "")]
}

/// What is known of requests that change a secret that is there.
fn requests(mut context: seaworthy_iam::Context) -> seaworthy_iam::Context {
    context.set("ssm:Overwrite", vec!["true".to_owned()]);
    context
}

/// Roles that the role can act as: what they write, it writes.
fn through_roles(wiring: &Wiring<'_>, context: &Context<'_>, access: &Access<'_>, answers: &mut Answers) {
    let origin = || wiring.origin(&access.seen.place);
    let (all, rest) = entry::entered(wiring, access, &access.accepted(wiring.today));
    if let Some(why) = rest {
        let what = format!("whether {} can change or delete a secret as another role", access.name);
        answers.not_checked.push(wiring.not_checked(&META, origin(), what, why));
    }
    let targets = wiring.targets();
    for entered in all {
        let way = entered.through.map_or_else(String::new, |hop| format!(" through {hop}"));
        let what =
            || format!("whether {} can change or delete a secret as {}{way}", access.name, entered.name);
        let role = Role::of_task(entered.name.clone());
        let other = match wiring.access(&role) {
            Seen::Value(other) => other,
            Seen::Absent => continue,
            Seen::NotSeen(gap) => {
                let why = format!("what {} and the roles behind it may do was not seen: {gap}", entered.name);
                answers.not_checked.push(wiring.not_checked(&META, origin(), what(), why));
                continue;
            }
        };
        let Behind { found, open } = behind(wiring, &other, targets);
        let unseen = other.unseen_boundary.iter().chain(other.unseen.first().filter(|_| found.is_none()));
        let unseen = unseen.map(|m| format!("{} was not seen: {}", m.what, m.gap)).next();
        let may_write = found.is_some() || open.is_some() || !other.unseen.is_empty();
        let doubt = entered.doubt.clone().or(unseen).filter(|_| may_write);
        // What is open about other statements makes one that is sure no less sure.
        let open = open.filter(|_| found.is_none());
        match (found, doubt.or(open)) {
            (None, None) => {}
            (Some((place, written)), None) => {
                let named = (access, &entered, way.as_str());
                answers.findings.push(as_another(wiring, context, named, &place, &written));
            }
            (_, Some(why)) => answers.not_checked.push(wiring.not_checked(&META, origin(), what(), why)),
        }
    }
}

/// What a role that another one can act as writes.
struct Behind {
    /// Something, and where it is allowed.
    found: Option<(Place, Written)>,
    /// What could not be told, if so.
    open: Option<String>,
}

fn behind(wiring: &Wiring<'_>, other: &Access<'_>, targets: &[Target<'_>]) -> Behind {
    let mut behind = Behind { found: None, open: None };
    // That a secret's policy was not seen is told of the role that is asked about.
    let (asked, _) = questions(wiring, other, targets);
    for Asked { mut policies, secrets, requests, own, .. } in asked {
        let found = &mut behind.found;
        let question = (&writes(), &secrets);
        let why = allowing(other, &mut policies, question, &requests, &mut |policies, one| {
            let place = one.statement.map(|of| {
                let own = own.as_ref().and_then(|own| own.place(of));
                own.cloned().unwrap_or_else(|| other.place(of))
            });
            let written = Written::of(wiring, other, policies, &one, &secrets);
            found.get_or_insert((place.unwrap_or_else(|| other.seen.place.clone()), written));
        });
        behind.open = behind.open.or(why);
    }
    behind
}

/// What a role writes as another one.
fn as_another(
    wiring: &Wiring<'_>,
    context: &Context<'_>,
    (access, entered, way): (&Access<'_>, &Entered<'_>, &str),
    place: &Place,
    written: &Written,
) -> Finding {
    let (role, other, arn) = (access.name, entered.name, &entered.arn);
    let message = format!("{role} can act as {other}{way}, and as that it can change or delete {written}");
    let fix = format!(
        "Take {role} out of the trust policy of {other}, or the writing actions out of its policies. What remains by \
         intent belongs in `roles.extras` of the contract: {arn}, with a reason."
    );
    Finding::build(&META, wiring.origin(place), message).fix(fix).named(context.key, &[role, other, "as"])
}

/// The writing actions, in lower case.
fn writes() -> Language {
    Language::union(WRITES.map(|action| Language::from(action.to_lowercase().as_str())))
}

/// What one statement lets a role write.
struct Written {
    /// The secrets, by what the contract calls them.
    secrets: String,
    actions: String,
    resource: String,
    by: String,
}

impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { secrets, actions, resource, by } = self;
        write!(f, "{secrets}: it is allowed {actions} on {resource}, by {by}")
    }
}

/// Secrets that a message names.
const NAMED: usize = 3;

impl Written {
    fn of(
        wiring: &Wiring<'_>,
        access: &Access<'_>,
        policies: &PolicySet,
        one: &Allowing,
        secrets: &Language,
    ) -> Self {
        let allows = |operations: &Language, resources: &Language| {
            let (role, limits) = (&access.principal, &access.limits);
            let answer =
                ActionExcess::find_among(policies, role, operations, resources, &one.context, limits);
            matches!(answer, Ok(ActionExcess::Excess { .. }))
        };
        let said = one.statement.and_then(|of| policies.statement(of)).map(|(_, said)| said);
        let is_written = |action: &&&str| {
            said.is_some_and(|said| statement::names_action(said, action))
                && allows(&Language::from(action.to_lowercase().as_str()), secrets)
        };
        let mut actions: Vec<&str> = WRITES.iter().filter(is_written).copied().collect();
        if actions.is_empty() {
            actions.push(as_written(&one.action.text));
        }
        let all = writes();
        let in_reach = |target: &Target<'_>| {
            let both = Language::intersection([secrets.clone(), target.arns.clone()]);
            allows(&all, &both).then(|| format!("{} ({})", target.secret.handle, target.name()))
        };
        let touched = wiring.targets();
        let mut touched: Vec<String> = touched.iter().filter_map(in_reach).take(NAMED + 1).collect();
        if touched.len() > NAMED {
            touched.truncate(NAMED);
            touched.push("others".to_owned());
        }
        Self {
            secrets: if touched.is_empty() { "a secret".to_owned() } else { touched.join(", ") },
            actions: actions.join(", "),
            resource: one.resource.text.clone(),
            by: one
                .statement
                .map_or_else(|| "its policies together".to_owned(), |of| statement::described(policies, of)),
        }
    }
}

/// An action in AWS's spelling.
fn as_written(action: &str) -> &str {
    WRITES.iter().find(|known| known.eq_ignore_ascii_case(action)).copied().unwrap_or(action)
}
