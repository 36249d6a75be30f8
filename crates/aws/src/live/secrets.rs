//! Secrets of Secrets Manager, by DescribeSecret and GetResourcePolicy: neither tells a value.

use super::super::{Document, Gap, ManagedSecret, Place, Seen, Text};
use super::session::{Failure, Session};
use seaworthy_iam::Arn;

const DESCRIBE: &str = "secretsmanager:DescribeSecret";
const POLICY: &str = "secretsmanager:GetResourcePolicy";

/// Asks about one secret by its ARN or name. A secret that is marked for deletion can be read by no one: it is absent.
pub async fn look_up(session: &Session, arn: &str) -> Seen<ManagedSecret> {
    let arn = Arn::without_selectors(arn);
    if let Some(Arn { service: "secretsmanager", region, .. }) = Arn::parse(arn)
        && region != session.region
    {
        return Seen::NotSeen(Gap::new(format!("it belongs to {region}; {} was asked", session.region)));
    }
    let answer = match session.call(DESCRIBE, session.secrets.describe_secret().secret_id(arn).send()).await {
        Ok(answer) => answer,
        Err(failure) if failure.is("ResourceNotFound") => return Seen::Absent,
        Err(failure) => return Seen::NotSeen(failure.gap()),
    };
    let (Some(name), Some(full)) = (answer.name, answer.arn) else {
        return Seen::NotSeen(Failure::malformed(DESCRIBE).gap());
    };
    if answer.deleted_date.is_some() {
        return Seen::Absent;
    }
    let place = Place { address: full.clone(), ..Place::default() };
    let key =
        answer.kms_key_id.filter(|k| !k.is_empty()).map_or(Seen::Absent, |k| Seen::Value(Text::from(k)));
    let request = session.secrets.get_resource_policy().secret_id(&full);
    let policy = match session.call(POLICY, request.send()).await {
        Ok(answer) => match answer.resource_policy {
            Some(text) => Seen::Value(Document::new(text, place.clone())),
            None => Seen::Absent,
        },
        Err(failure) => Seen::NotSeen(failure.gap_after_listing("ResourceNotFound")),
    };
    let tags = answer.tags.unwrap_or_default().into_iter();
    let tags = tags.filter_map(|tag| Some((tag.key?, tag.value?))).collect();
    Seen::Value(ManagedSecret {
        name,
        arn: Some(full),
        place,
        planned: false,
        key,
        policy,
        tags,
        name_prefix: None,
    })
}
