//! KMS keys that parameters and secrets use.

use std::collections::BTreeMap;

use aws_sdk_kms::types::{GrantListEntry, KeyManagerType, KeyState};

use super::super::grants::Grant;
use super::super::{Document, Gap, Key, KeyGrant, Place, Seen, Text};
use super::session::{Failure, Session};
use seaworthy_iam::Arn;

const DESCRIBE: &str = "kms:DescribeKey";
const POLICY: &str = "kms:GetKeyPolicy";
const GRANTS: &str = "kms:ListGrants";
/// Most answers about the grants of one key; each has up to a hundred.
const MAX_PAGES: usize = 100;

/// Asks about one key by its ID, ARN or alias.
pub async fn look_up(session: &Session, name: &str) -> Seen<Key> {
    if let Some(Arn { service: "kms", region, .. }) = Arn::parse(name)
        && region != session.region
    {
        return Seen::NotSeen(Gap::new(format!("it belongs to {region}; {} was asked", session.region)));
    }
    let answer = match session.call(DESCRIBE, session.kms.describe_key().key_id(name).send()).await {
        Ok(answer) => answer,
        Err(failure) if failure.is("NotFound") => return Seen::Absent,
        Err(failure) => return Seen::NotSeen(failure.gap()),
    };
    let Some(metadata) = answer.key_metadata else {
        return Seen::NotSeen(Failure::malformed(DESCRIBE).gap());
    };
    let (Some(arn), Some(manager)) = (metadata.arn, metadata.key_manager) else {
        return Seen::NotSeen(Failure::malformed(DESCRIBE).gap());
    };
    if let Some(state) = metadata.key_state.filter(|state| *state != KeyState::Enabled) {
        return Seen::NotSeen(Gap::new(format!(
            "the key is {}: nothing is decrypted with it",
            state.as_str()
        )));
    }
    let alias =
        Some(Arn::parse(name).map_or(name, |arn| arn.resource)).filter(|last| last.starts_with("alias/"));
    let place = Place { address: arn.clone(), ..Place::default() };
    let request = session.kms.get_key_policy().key_id(&arn).policy_name("default");
    let policy = match session.call(POLICY, request.send()).await {
        Ok(answer) => match answer.policy {
            Some(text) => Seen::Value(Document::new(text, place.clone())),
            None => Seen::NotSeen(Failure::malformed(POLICY).gap()),
        },
        Err(failure) => Seen::NotSeen(failure.gap_after_listing("NotFound")),
    };
    Seen::Value(Key {
        arn: Text::from(arn),
        aliases: alias.iter().map(|a| (**a).to_owned()).collect(),
        place,
        aws_managed: manager == KeyManagerType::Aws,
        policy,
        tags: BTreeMap::new(),
    })
}

/// The grants of a key, and why not all were seen, if so. Keys that AWS manages are left out: their grants are AWS's own.
pub async fn grants(session: &Session, key: &Seen<Key>) -> (Vec<KeyGrant>, Option<(Place, Gap)>) {
    let mut out = Vec::new();
    let Seen::Value(Key { arn, place, aws_managed: false, .. }) = key else { return (out, None) };
    let Some(name) = arn.known() else { return (out, None) };
    let mut marker = None;
    for _ in 0..MAX_PAGES {
        let request = session.kms.list_grants().key_id(name).limit(100).set_marker(marker.take());
        let answer = match session.call(GRANTS, request.send()).await {
            Ok(answer) => answer,
            Err(failure) => return (out, Some((of_grants(place), failure.gap()))),
        };
        for entry in answer.grants() {
            match grant(name, entry) {
                Some(grant) => out.push(grant),
                None => return (out, Some((of_grants(place), Failure::malformed(GRANTS).gap()))),
            }
        }
        marker = answer.next_marker.filter(|_| answer.truncated);
        if marker.is_none() {
            return (out, None);
        }
    }
    let gap = Gap::new(format!("there are more than {MAX_PAGES} pages of them"));
    (out, Some((of_grants(place), gap)))
}

fn of_grants(key: &Place) -> Place {
    Place { address: format!("grants of {}", key.address), ..key.clone() }
}

fn grant(key: &str, entry: &GrantListEntry) -> Option<KeyGrant> {
    let (name, grantee) = (entry.grant_id()?, entry.grantee_principal()?);
    let operations = entry.operations().iter().map(|one| one.as_str().to_owned()).collect();
    let constraints = entry.constraints();
    let equals = constraints.and_then(|c| c.encryption_context_equals());
    let subset = constraints.and_then(|c| c.encryption_context_subset());
    let mut context: Vec<(String, String)> =
        equals.into_iter().chain(subset).flatten().map(|(key, value)| (key.clone(), value.clone())).collect();
    context.sort();
    let document = Grant { name, grantee, operations, context }.document();
    let place = Place { address: format!("aws_kms_grant.{name}"), ..Place::default() };
    Some(KeyGrant { key: Text::from(key), document: Document::new(document, place) })
}
