//! The actions that AWS has, so that a misspelt one can be told from one that is right.
//!
//! The data are in `data/actions.tsv`, whose head names their source. AWS adds actions all the time: that one is not there
//! is a hint and no proof.

use std::collections::HashMap;
use std::sync::OnceLock;

const DATA: &str = include_str!("../data/actions.tsv");
/// More letters than that are another word.
const MAX_DISTANCE: usize = 3;

fn services() -> &'static HashMap<&'static str, Vec<&'static str>> {
    static SERVICES: OnceLock<HashMap<&'static str, Vec<&'static str>>> = OnceLock::new();
    SERVICES.get_or_init(|| {
        let lines = DATA.lines().filter_map(|line| line.split_once('\t'));
        lines.map(|(service, actions)| (service, actions.split(' ').collect())).collect()
    })
}

/// What an action that AWS does not have was probably meant to be, as AWS writes it: `ssm:GetParameter` for
/// `ssm:GetParamter`. Nothing for an action that there is, one with wildcards, or one that is like no other.
pub fn likely_action(action: &str) -> Option<String> {
    let (service, operation) = action.split_once(':')?;
    if action.contains(['*', '?']) || operation.len() > 128 {
        return None;
    }
    let service = service.to_lowercase();
    let actions = services().get(service.as_str())?;
    if actions.iter().any(|known| known.eq_ignore_ascii_case(operation)) {
        return None;
    }
    let lower = operation.to_lowercase();
    let far = |known: &&&str| distance(&known.to_lowercase(), &lower);
    let best = actions.iter().min_by_key(far).filter(|best| far(best) <= MAX_DISTANCE)?;
    Some(format!("{service}:{best}"))
}

/// All actions, as AWS writes them, services in alphabetical order.
pub fn known_actions() -> impl Iterator<Item = String> {
    let lines = DATA.lines().filter_map(|line| line.split_once('\t'));
    lines.flat_map(|(service, all)| all.split(' ').map(move |operation| format!("{service}:{operation}")))
}

/// Whether AWS has an action, as far as the data tell.
#[cfg(test)]
pub(crate) fn is_known(action: &str) -> bool {
    let known = |(service, operation)| services().get(service).is_some_and(|all| all.contains(&operation));
    action.split_once(':').is_some_and(known)
}

/// Letters that must be put in, left out or changed to make one word of another.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut corner = row[0];
        row[0] = at + 1;
        for (column, wanted) in other.iter().enumerate() {
            let change = corner + usize::from(letter != *wanted);
            corner = row[column + 1];
            row[column + 1] = change.min(corner + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_actions_are_recognised() {
        assert_eq!(likely_action("ssm:GetParamter").as_deref(), Some("ssm:GetParameter"));
        assert_eq!(likely_action("SSM:getparameterss").as_deref(), Some("ssm:GetParameters"));
        assert_eq!(likely_action("secretsmanager:GetSecret").as_deref(), None);
        for right in ["ssm:getparameter", "s3:GetObject", "ssm:Get*", "unknown:Action", "no colon"] {
            assert_eq!(likely_action(right), None, "{right}");
        }
    }

    #[test]
    fn the_data_know_what_seaworthy_asks_about() {
        for (service, operation) in crate::READING_ACTIONS.iter().filter_map(|action| action.split_once(':'))
        {
            assert!(services()[service].contains(&operation), "{service}:{operation}");
        }
        assert!(services().len() > 300);
    }
}
