//! Roles of IAM with every policy that is attached to them.

use aws_sdk_iam::types::Role as Answer;

use super::super::{Document, Gap, Place, PolicyAttachment, PolicySource, Role, Seen, Text};
use super::session::{Failure, Pages, Session};

const GET: &str = "iam:GetRole";
const LIST_INLINE: &str = "iam:ListRolePolicies";
const INLINE: &str = "iam:GetRolePolicy";
const LIST_ATTACHED: &str = "iam:ListAttachedRolePolicies";
const MANAGED: &str = "iam:GetPolicy";
const VERSION: &str = "iam:GetPolicyVersion";
const GONE: &str = "NoSuchEntity";

/// Asks about one role by its name.
pub async fn look_up(session: &Session, name: &str) -> Seen<Role> {
    let answer = match session.call(GET, session.iam.get_role().role_name(name).send()).await {
        Ok(answer) => answer,
        Err(failure) if failure.is(GONE) => return Seen::Absent,
        Err(failure) => return Seen::NotSeen(failure.gap()),
    };
    // The SDK puts empty texts for what an answer lacks.
    let Some(role) = answer.role.filter(|role| role.role_name == name && !role.arn.is_empty()) else {
        return Seen::NotSeen(Failure::malformed(GET).gap());
    };
    let (inline, inline_gap) = inline(session, &role).await;
    let (managed, managed_gap) = managed(session, &role).await;
    Seen::Value(Role {
        name: Text::from(name),
        trust: match &role.assume_role_policy_document {
            Some(text) => document(text, GET, format!("{}, trust policy", role.arn)),
            None => Seen::NotSeen(Failure::malformed(GET).gap()),
        },
        policies: inline.into_iter().chain(managed).collect(),
        path: Some(role.path.clone()),
        policies_gap: both(inline_gap, managed_gap),
        boundary: boundary(session, &role).await,
        tags: role.tags.iter().flatten().map(|tag| (tag.key.clone(), tag.value.clone())).collect(),
        place: Place { address: role.arn.clone(), ..Place::default() },
        arn: Some(role.arn),
    })
}

/// One gap of two.
fn both(one: Option<Gap>, other: Option<Gap>) -> Option<Gap> {
    let (one, other) = match (one, other) {
        (Some(one), Some(other)) if one != other => (one, other),
        (one, other) => return one.or(other),
    };
    let join = |a: Option<String>, b: Option<String>| match (a, b) {
        (Some(a), Some(b)) if a != b => Some(format!("{a} and {b}")),
        (a, b) => a.or(b),
    };
    Some(Gap {
        reason: if one.reason == other.reason {
            one.reason
        } else {
            format!("{}; {}", one.reason, other.reason)
        },
        call: join(one.call, other.call),
        permission: join(one.permission, other.permission),
    })
}

async fn inline(session: &Session, role: &Answer) -> (Vec<PolicyAttachment>, Option<Gap>) {
    let (mut names, mut pages, mut marker) = (Vec::new(), Pages::default(), None);
    let gap = loop {
        let request = session.iam.list_role_policies().role_name(&role.role_name).set_marker(marker);
        let answer = match session.call(LIST_INLINE, request.send()).await {
            Ok(answer) => answer,
            Err(failure) => break Some(failure.gap_after_listing(GONE)),
        };
        names.extend(answer.policy_names);
        match pages.next_of(LIST_INLINE, answer.is_truncated, answer.marker) {
            Ok(None) => break None,
            Ok(next) => marker = next,
            Err(gap) => break Some(gap),
        }
    };
    let mut policies = Vec::new();
    for name in names {
        let request = session.iam.get_role_policy().role_name(&role.role_name).policy_name(&name);
        let document = match session.call(INLINE, request.send()).await {
            Ok(answer) => document(&answer.policy_document, INLINE, format!("{}, policy {name}", role.arn)),
            Err(failure) => Seen::NotSeen(failure.gap_after_listing(GONE)),
        };
        policies.push(PolicyAttachment { source: PolicySource::Inline, name: Text::from(name), document });
    }
    (policies, gap)
}

async fn managed(session: &Session, role: &Answer) -> (Vec<PolicyAttachment>, Option<Gap>) {
    let (mut arns, mut pages, mut marker) = (Vec::new(), Pages::default(), None);
    let gap = loop {
        let request = session.iam.list_attached_role_policies().role_name(&role.role_name).set_marker(marker);
        let answer = match session.call(LIST_ATTACHED, request.send()).await {
            Ok(answer) => answer,
            Err(failure) => break Some(failure.gap_after_listing(GONE)),
        };
        let attached = answer.attached_policies.unwrap_or_default();
        let count = attached.len();
        arns.extend(attached.into_iter().filter_map(|policy| policy.policy_arn));
        if arns.len() < count {
            break Some(Failure::malformed(LIST_ATTACHED).gap());
        }
        match pages.next_of(LIST_ATTACHED, answer.is_truncated, answer.marker) {
            Ok(None) => break None,
            Ok(next) => marker = next,
            Err(gap) => break Some(gap),
        }
    };
    let mut policies = Vec::new();
    for arn in arns {
        let document = managed_document(session, &arn).await;
        policies.push(PolicyAttachment { source: PolicySource::Managed, name: Text::from(arn), document });
    }
    (policies, gap)
}

async fn boundary(session: &Session, role: &Answer) -> Seen<Document> {
    match &role.permissions_boundary {
        None => Seen::Absent,
        Some(boundary) => match &boundary.permissions_boundary_arn {
            Some(arn) => managed_document(session, arn).await,
            None => Seen::NotSeen(Failure::malformed(GET).gap()),
        },
    }
}

/// A managed policy's document: that of its default version. Each is read once.
async fn managed_document(session: &Session, arn: &str) -> Seen<Document> {
    session.managed(arn).get_or_init(|| default_version(session, arn)).await.clone()
}

async fn default_version(session: &Session, arn: &str) -> Seen<Document> {
    let answer = match session.call(MANAGED, session.iam.get_policy().policy_arn(arn).send()).await {
        Ok(answer) => answer,
        Err(failure) => return Seen::NotSeen(failure.gap_after_listing(GONE)),
    };
    let Some(version) = answer.policy.and_then(|policy| policy.default_version_id) else {
        return Seen::NotSeen(Failure::malformed(MANAGED).gap());
    };
    let request = session.iam.get_policy_version().policy_arn(arn).version_id(&version);
    match session.call(VERSION, request.send()).await {
        Ok(answer) => match answer.policy_version.and_then(|version| version.document) {
            Some(text) => document(&text, VERSION, arn.to_owned()),
            None => Seen::NotSeen(Failure::malformed(VERSION).gap()),
        },
        Err(failure) => Seen::NotSeen(failure.gap_after_listing(GONE)),
    }
}

/// A policy document as IAM sends it: percent-encoded (RFC 3986), once.
fn document(encoded: &str, call: &'static str, address: String) -> Seen<Document> {
    let text = if encoded.trim_start().starts_with('{') { Some(encoded.to_owned()) } else { decode(encoded) };
    match text.filter(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()) {
        Some(text) => Seen::Value(Document::new(text, Place { address, ..Place::default() })),
        None => Seen::NotSeen(Gap::new("the policy document is malformed").by_call(call)),
    }
}

/// Percent-decoding; nothing if an escape is malformed or the text is not UTF-8. A plus sign is a plus sign.
fn decode(encoded: &str) -> Option<String> {
    let mut bytes = encoded.bytes();
    let mut text = Vec::with_capacity(encoded.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            text.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16));
        let (high, low) = (digit()?, digit()?);
        text.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(text).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_decoded_exactly_once() {
        assert_eq!(decode("%7B%22a%22%3A+%22%2525%22%7D").as_deref(), Some("{\"a\":+\"%25\"}"));
        assert_eq!(decode("%C3%A9").as_deref(), Some("é"));
        for malformed in ["%", "%7", "%zz", "%FF", "%+7"] {
            assert_eq!(decode(malformed), None, "{malformed}");
        }
        let seen = document("{\"Resource\": \"a%2Fb\"}", GET, String::new());
        assert_eq!(seen.value().unwrap().text, "{\"Resource\": \"a%2Fb\"}", "it was not encoded");
        assert!(document("%7B", GET, String::new()).gap().unwrap().reason.contains("malformed"));
    }

    #[test]
    fn two_gaps_are_told_as_one() {
        let denied = |call: &str| Some(Gap::new("AccessDenied").by_call(call).without(call));
        let gap = both(denied(LIST_INLINE), denied(LIST_ATTACHED)).unwrap();
        let permission = "iam:ListRolePolicies and iam:ListAttachedRolePolicies";
        assert_eq!(gap, Gap::new("AccessDenied").by_call(permission).without(permission));
        assert_eq!(both(None, denied(INLINE)), denied(INLINE));
    }
}
