//! Where the wiring is: partition, account and region, and the origins of what is said of it.

use super::Wiring;
use crate::finding::{CheckMeta, NotChecked};
use seaworthy_aws::{Gap, Place, Snapshot, SourceKind};
use seaworthy_iam::Arn;
use seaworthy_source::{self, Origin, OriginKind, Position};

/// Stands for the account where no one says which it is, in ARNs that are asked about and in policies alike.
const SOME_ACCOUNT: &str = "000000000000";
/// The same for the region.
const SOME_REGION: &str = "region-unknown-0";

/// Partition, account and region of what is looked at.
///
/// Where account or region is not known, one neutral word stands for it, both in the ARNs that are asked about and in the
/// places of policies that name it by a symbol. A policy that names one literally can then not be judged; see
/// `Placement::doubt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    partition: String,
    account: Option<String>,
    region: Option<String>,
}

impl Placement {
    /// A placement; what is `None` is not known.
    pub fn new(partition: Option<String>, account: Option<String>, region: Option<String>) -> Self {
        Self { partition: partition.unwrap_or_else(|| "aws".to_owned()), account, region }
    }

    /// The partition.
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// The account, or what stands for it.
    pub fn account(&self) -> &str {
        self.account.as_deref().unwrap_or(SOME_ACCOUNT)
    }

    /// The region, or what stands for it.
    pub fn region(&self) -> &str {
        self.region.as_deref().unwrap_or(SOME_REGION)
    }

    /// The account, if it is known.
    pub fn known_account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The region, if it is known.
    pub fn known_region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// The ARN of what a regional service has here.
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        let (partition, region, account) = (self.partition(), self.region(), self.account());
        Arn { partition, service, region, account, resource }.to_string()
    }

    /// The end of the names of AWS's services.
    pub(super) fn suffix(&self) -> &'static str {
        if self.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }
    }

    /// Why a resource of a policy cannot be compared: it names an account or a region, and no one says whether that is
    /// the one that is looked at.
    pub(super) fn doubt(&self, resource: &str) -> Option<Gap> {
        let Arn { service, region, account, .. } = Arn::parse(resource)?;
        if !matches!(service, "ssm" | "secretsmanager" | "kms") {
            return None;
        }
        let literal = |text: &str| !text.is_empty() && !text.contains(['*', '?', '$']);
        let unsure = |what: &str, key: &str| {
            Gap::new(format!(
                "it names {what} literally, and no one says whether that is the right one: set `aws.{key}` in the contract"
            ))
        };
        if self.account.is_none() && literal(account) && account != SOME_ACCOUNT {
            return Some(unsure("an account", "account"));
        }
        if self.region.is_none() && literal(region) && region != SOME_REGION {
            return Some(unsure("a region", "region"));
        }
        None
    }
}

impl Placement {
    /// A text for people: what stands for an account or region that no one knows is said as such.
    pub fn spoken(&self, text: &str) -> String {
        let mut out = text.to_owned();
        if self.account.is_none() {
            out = out.replace(SOME_ACCOUNT, "ACCOUNT");
        }
        if self.region.is_none() {
            out = out.replace(SOME_REGION, "REGION");
        }
        out
    }
}

/// The origin of a place in a snapshot.
pub fn origin(snapshot: &Snapshot, place: &Place) -> Origin {
    let Some(source) = snapshot.source(place) else { return Origin::new(OriginKind::Artifact, "snapshot") };
    let kind = match source.kind {
        SourceKind::Live => OriginKind::Account,
        SourceKind::Plan | SourceKind::State | SourceKind::Template | SourceKind::TaskDefinition => {
            OriginKind::Infrastructure
        }
    };
    let at = match (place.line, &place.pointer) {
        (Some(line), _) => {
            seaworthy_source::Place::Text { position: Position { line: line.max(1), column: 1 }, offset: 0 }
        }
        (None, Some(pointer)) => seaworthy_source::Place::Pointer(pointer.clone()),
        (None, None) => seaworthy_source::Place::Whole,
    };
    let path = Some(seaworthy_source::escape_bytes(place.address.as_bytes())).filter(|p| !p.is_empty());
    let name = place.file.as_ref().unwrap_or(&source.name);
    Origin { path, place: at, ..Origin::new(kind, name.clone()) }
}

impl Wiring<'_> {
    /// The origin of a place in the snapshot.
    pub(super) fn origin(&self, place: &Place) -> Origin {
        origin(self.snapshot, place)
    }

    /// The origin of something that no place tells of: the account if one was looked at, else the first source.
    pub(super) fn nowhere(&self, what: &str) -> Origin {
        let sources = &self.snapshot.sources;
        let live = sources.iter().position(|s| s.kind == SourceKind::Live);
        let place = Place { source: live.unwrap_or(0), address: what.to_owned(), ..Place::default() };
        let mut origin = self.origin(&place);
        origin.path = Some(seaworthy_source::escape_bytes(what.as_bytes()));
        origin
    }

    /// What could not be seen.
    pub(super) fn not_checked(
        &self,
        meta: &'static CheckMeta,
        origin: Origin,
        what: impl Into<String>,
        reason: impl Into<String>,
    ) -> NotChecked {
        NotChecked::new(origin, what.into(), reason.into(), vec![meta.id])
    }
}
