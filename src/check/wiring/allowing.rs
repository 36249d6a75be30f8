//! The statements that allow a role some actions on some resources, one after the other.

use super::access::Access;
use super::{Wiring, statement};
use seaworthy_iam::{ActionExcess, Language, PolicySet, StatementRef, Undecided, Witness};

/// Statements that are named for one question at most.
pub(super) const MOST: usize = 16;

/// A statement that allows something.
pub(super) struct Allowing {
    /// An action of those that were asked about.
    pub(super) action: Witness,
    /// A shortest resource.
    pub(super) resource: Witness,
    /// The statement; nothing if only several together allow it.
    pub(super) statement: Option<StatementRef>,
}

/// Gives `found` every statement of `policies` that allows some of `operations`, in lower case, on some of `resources`,
/// with the policies as they are then: each statement is taken out once it was told. The answer is why not all could be
/// told, if so.
pub(super) fn allowing(
    wiring: &Wiring<'_>,
    access: &Access<'_>,
    policies: &mut PolicySet,
    (operations, resources): (&Language, &Language),
    found: &mut dyn FnMut(&PolicySet, Allowing),
) -> Option<String> {
    let context = wiring.context(&access.principal);
    for told in 0..=MOST {
        let excess = ActionExcess::find_among(
            policies,
            &access.principal,
            operations,
            resources,
            &context,
            &access.limits,
        );
        match excess {
            Ok(ActionExcess::None) => return None,
            Ok(ActionExcess::Excess { .. }) if told == MOST => {
                return Some(format!("more than {MOST} statements allow it; the rest is not listed"));
            }
            Ok(ActionExcess::Excess { action, resource, statement }) => {
                found(policies, Allowing { action, resource, statement });
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
    None
}
