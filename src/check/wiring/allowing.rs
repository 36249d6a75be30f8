//! The statements that allow a role some actions on some resources, one after the other.

use super::access::Access;
use super::{Wiring, statement};
use seaworthy_iam::{ActionExcess, Language, PolicySet, StatementRef, Undecided, Witness};

/// Statements that are named for one question at most.
const MOST: usize = 16;

/// A statement that allows something.
pub(super) struct Allowing {
    /// An action of those that were asked about.
    pub(super) action: Witness,
    /// A shortest resource.
    pub(super) resource: Witness,
    /// The statement; nothing if only several together allow it.
    pub(super) statement: Option<StatementRef>,
}

/// Every statement of `policies` that allows some of `operations`, in lower case, on some of `resources`; and why the
/// answer is not whole, if it is not.
pub(super) fn allowing(
    wiring: &Wiring<'_>,
    access: &Access<'_>,
    mut policies: PolicySet,
    operations: &Language,
    resources: &Language,
) -> (Vec<Allowing>, Option<String>) {
    let context = wiring.context(&access.principal);
    let mut all = Vec::new();
    loop {
        let found = ActionExcess::find_among(
            &policies,
            &access.principal,
            operations,
            resources,
            &context,
            &access.limits,
        );
        match found {
            Ok(ActionExcess::None) => return (all, None),
            Ok(ActionExcess::Excess { .. }) if all.len() == MOST => {
                let reason = format!("more than {MOST} statements allow it; the rest is not listed");
                return (all, Some(reason));
            }
            Ok(ActionExcess::Excess { action, resource, statement: of }) => {
                all.push(Allowing { action, resource, statement: of });
                let Some(of) = of else { return (all, None) };
                statement::disarm(&mut policies, of);
            }
            Ok(ActionExcess::Undecided { why, .. }) => {
                let why = match why {
                    Undecided::Conditional { uncertainties, .. } => {
                        statement::open_questions(&policies, &uncertainties)
                    }
                    Undecided::TooComplex => "the policies are too complex to be compared in full".to_owned(),
                };
                return (all, Some(why));
            }
            Err(error) => return (all, Some(error.to_string())),
        }
    }
}
