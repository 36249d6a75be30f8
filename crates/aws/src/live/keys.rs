//! KMS keys that parameters and secrets use.

use std::collections::BTreeMap;

use aws_sdk_kms::types::{KeyManagerType, KeyState};

use super::super::{Document, Gap, Key, Place, Seen, Text};
use super::session::{Failure, Session};
use seaworthy_iam::Arn;

const DESCRIBE: &str = "kms:DescribeKey";
const POLICY: &str = "kms:GetKeyPolicy";

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
