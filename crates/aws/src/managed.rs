//! AWS's own managed policies, as far as their text is short and known. A plan names them and does not hold them.
//!
//! Source: "AWS managed policy reference guide". AWS may change them; a live account tells the text that counts.

/// The document of the managed policy with this ARN, in any partition.
pub(super) fn document(arn: &str) -> Option<&'static str> {
    let mut parts = arn.splitn(6, ':');
    let fields = (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let ("arn", "aws" | "aws-cn" | "aws-us-gov", "iam", "", "aws") = fields else { return None };
    Some(match parts.next()? {
        "policy/service-role/AmazonECSTaskExecutionRolePolicy" => ECS_TASK_EXECUTION,
        "policy/AmazonEC2ContainerRegistryReadOnly" => ECR_READ_ONLY,
        "policy/AmazonSSMReadOnlyAccess" => SSM_READ_ONLY,
        "policy/AmazonSSMManagedInstanceCore" => SSM_INSTANCE,
        "policy/AdministratorAccess" => ADMINISTRATOR,
        _ => return None,
    })
}

const ECS_TASK_EXECUTION: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ecr:GetAuthorizationToken","ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer","ecr:BatchGetImage","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}"#;

const ECR_READ_ONLY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ecr:GetAuthorizationToken","ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer","ecr:GetRepositoryPolicy","ecr:DescribeRepositories","ecr:ListImages","ecr:DescribeImages","ecr:BatchGetImage","ecr:GetLifecyclePolicy","ecr:GetLifecyclePolicyPreview","ecr:ListTagsForResource","ecr:DescribeImageScanFindings"],"Resource":"*"}]}"#;

const SSM_READ_ONLY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ssm:Describe*","ssm:Get*","ssm:List*"],"Resource":"*"}]}"#;

const SSM_INSTANCE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ssm:DescribeAssociation","ssm:GetDeployablePatchSnapshotForInstance","ssm:GetDocument","ssm:DescribeDocument","ssm:GetManifest","ssm:GetParameter","ssm:GetParameters","ssm:ListAssociations","ssm:ListInstanceAssociations","ssm:PutInventory","ssm:PutComplianceItems","ssm:PutConfigurePackageResult","ssm:UpdateAssociationStatus","ssm:UpdateInstanceAssociationStatus","ssm:UpdateInstanceInformation"],"Resource":"*"},{"Effect":"Allow","Action":["ssmmessages:CreateControlChannel","ssmmessages:CreateDataChannel","ssmmessages:OpenControlChannel","ssmmessages:OpenDataChannel"],"Resource":"*"},{"Effect":"Allow","Action":["ec2messages:AcknowledgeMessage","ec2messages:DeleteMessage","ec2messages:FailMessage","ec2messages:GetEndpoint","ec2messages:GetMessages","ec2messages:SendReply"],"Resource":"*"}]}"#;

const ADMINISTRATOR: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn are_policies() {
        for text in [ECS_TASK_EXECUTION, ECR_READ_ONLY, SSM_READ_ONLY, SSM_INSTANCE, ADMINISTRATOR] {
            seaworthy_iam::Policy::parse("managed", text, seaworthy_iam::PolicyKind::Identity).unwrap();
        }
        assert!(document("arn:aws:iam::aws:policy/AdministratorAccess").is_some());
        assert!(document("arn:aws:iam::111122223333:policy/AdministratorAccess").is_none());
    }
}
