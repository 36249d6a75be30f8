//! The statements that allow a role some actions on some resources, one after the other.

use super::access::Access;
use super::statement;
use seaworthy_iam::{ActionExcess, Context, Language, PolicySet, StatementRef, Undecided, Witness};

/// Statements that are named for one question at most.
pub(super) const MAX_STATEMENTS: usize = 16;

/// A statement that allows something.
pub(super) struct Allowing {
    /// An action of those that were asked about.
    pub(super) action: Witness,
    /// A shortest resource.
    pub(super) resource: Witness,
    /// The statement; nothing if only several together allow it.
    pub(super) statement: Option<StatementRef>,
    /// What is known of such requests.
    pub(super) context: Context,
}

/// Gives `found` every statement of `policies` that allows some of `operations`, in lower case, on some of `resources`,
/// with the policies as they are then: each statement is taken out once it was told. The answer is why not all could be
/// told, if so.
pub(super) fn allowing(
    access: &Access<'_>,
    policies: &mut PolicySet,
    (operations, resources): (&Language, &Language),
    context: &Context,
    found: &mut dyn FnMut(&PolicySet, Allowing),
) -> Option<String> {
    let mut told = 0;
    let mut doubt = None;
    for (resources, context) in access.by_region(policies, None, resources, context) {
        let asked = (operations, &resources);
        let why = allowing_at_once(access, policies, asked, &context, &mut told, found);
        doubt = doubt.or(why);
    }
    doubt
}

/// The same where every request is made in one region, or in any.
fn allowing_at_once(
    access: &Access<'_>,
    policies: &mut PolicySet,
    (operations, resources): (&Language, &Language),
    context: &Context,
    told: &mut usize,
    found: &mut dyn FnMut(&PolicySet, Allowing),
) -> Option<String> {
    loop {
        let (role, limits) = (&access.principal, &access.limits);
        match ActionExcess::find_among(policies, role, operations, resources, context, limits) {
            Ok(ActionExcess::None) => return None,
            Ok(ActionExcess::Excess { .. }) if *told == MAX_STATEMENTS => {
                return Some(format!(
                    "more than {MAX_STATEMENTS} statements allow it; the rest is not listed"
                ));
            }
            Ok(ActionExcess::Excess { action, resource, statement }) => {
                *told += 1;
                found(policies, Allowing { action, resource, statement, context: context.clone() });
                let Some(statement) = statement else {
                    return Some("several statements allow it together; the rest is not listed".to_owned());
                };
                statement::disarm(policies, statement);
            }
            Ok(ActionExcess::Undecided { why, .. }) => {
                return Some(match why {
                    Undecided::Conditional { uncertainties, .. } => {
                        statement::open_questions(policies, &uncertainties)
                    }
                    Undecided::TooComplex => "the policies are too complex to be compared in full".to_owned(),
                });
            }
            Err(error) => return Some(error.to_string()),
        }
    }
}
