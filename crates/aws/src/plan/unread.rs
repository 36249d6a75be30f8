//! Resources that make roles, policies or tasks which the document does not hold.

use super::stream::Document;
use crate::{Gap, Place, Snapshot};

/// Types of Amazon ECS that run nothing by themselves, or are read.
const READ: [&str; 9] = [
    "aws_ecs_account_setting_default",
    "aws_ecs_capacity_provider",
    "aws_ecs_cluster",
    "aws_ecs_cluster_capacity_providers",
    "aws_ecs_container_definition",
    "aws_ecs_service",
    "aws_ecs_tag",
    "aws_ecs_task_definition",
    "aws_ecs_task_set",
];

/// Services of which the provider of the Cloud Control API has resources that matter here.
const SERVICES: [&str; 5] = ["ecs_", "iam_", "kms_", "secretsmanager_", "ssm_"];

/// Notes each resource that makes something which is not in the document.
pub(super) fn collect(document: &Document, out: &mut Snapshot) {
    for resource in document.resources.values().filter(|r| !r.is_data && r.stays()) {
        if let Some(reason) = reason(&resource.kind) {
            let place = Place { address: resource.address.clone(), ..Place::default() };
            out.gaps.push((place, Gap::new(reason)));
        }
    }
}

/// Why a type is not looked at, if it matters.
fn reason(kind: &str) -> Option<&'static str> {
    let own = kind.strip_prefix("awscc_");
    if kind == "aws_cloudcontrolapi_resource"
        || own.is_some_and(|k| SERVICES.iter().any(|s| k.starts_with(s)))
    {
        return Some("a resource of the Cloud Control API was not looked at");
    }
    if matches!(
        kind,
        "aws_cloudformation_stack"
            | "aws_cloudformation_stack_set"
            | "aws_serverlessapplicationrepository_cloudformation_stack"
            | "aws_servicecatalog_provisioned_product"
    ) {
        return Some("it makes a stack of a template that was not looked at");
    }
    (kind.starts_with("aws_ecs_") && !READ.contains(&kind))
        .then_some("it makes tasks of its own, which were not looked at")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_are_not_looked_at() {
        for kind in [
            "aws_ecs_express_gateway_service",
            "awscc_ecs_task_definition",
            "awscc_iam_role",
            "aws_cloudcontrolapi_resource",
            "aws_cloudformation_stack",
        ] {
            assert!(reason(kind).is_some(), "{kind}");
        }
        for kind in ["aws_ecs_service", "aws_s3_bucket", "awscc_s3_bucket", "aws_cloudformation_export"] {
            assert!(reason(kind).is_none(), "{kind}");
        }
    }
}
