//! AWS's own managed policies, as far as roles of tasks have them. A plan names them and does not hold them.
//!
//! The data are in `data/managed-policies.tsv`, whose head names their source. AWS changes its policies now and then; a
//! live account tells the text that counts.

use seaworthy_iam::Arn;
use std::collections::HashMap;
use std::sync::OnceLock;

const DATA: &str = include_str!("../data/managed-policies.tsv");

/// Path and name (`service-role/AmazonECSTaskExecutionRolePolicy`), and the document.
fn policies() -> &'static HashMap<&'static str, &'static str> {
    static POLICIES: OnceLock<HashMap<&'static str, &'static str>> = OnceLock::new();
    POLICIES.get_or_init(|| DATA.lines().filter_map(|line| line.split_once('\t')).collect())
}

/// The document of the managed policy with this ARN. In other partitions than `aws` only documents without ARNs are
/// known: those with some name other ARNs there.
pub(super) fn document(arn: &str) -> Option<&'static str> {
    let Arn { partition, service: "iam", region: "", account: "aws", resource } = Arn::parse(arn)? else {
        return None;
    };
    if !matches!(partition, "aws" | "aws-cn" | "aws-us-gov") {
        return None;
    }
    let document = *policies().get(resource.strip_prefix("policy/")?)?;
    (partition == "aws" || !document.contains("arn:aws:")).then_some(document)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn are_policies() {
        assert!(policies().len() > 500);
        for (name, text) in policies() {
            let parsed = seaworthy_iam::Policy::parse(name, text, seaworthy_iam::PolicyKind::Identity);
            assert!(parsed.is_ok(), "{name}: {parsed:?}");
        }
    }

    #[test]
    fn are_found_by_their_arn() {
        for name in [
            "service-role/AmazonECSTaskExecutionRolePolicy",
            "service-role/AWSLambdaBasicExecutionRole",
            "AdministratorAccess",
            "PowerUserAccess",
            "ReadOnlyAccess",
            "SecretsManagerReadWrite",
            "AmazonSSMFullAccess",
            "AmazonSSMReadOnlyAccess",
            "AmazonSSMManagedInstanceCore",
            "AmazonEC2ContainerRegistryReadOnly",
            "AmazonEC2ContainerRegistryPullOnly",
            "CloudWatchAgentServerPolicy",
            "CloudWatchLogsFullAccess",
            "AWSXRayDaemonWriteAccess",
            "AmazonS3ReadOnlyAccess",
            "AmazonS3FullAccess",
            "AmazonDynamoDBFullAccess",
            "AmazonSQSFullAccess",
            "AmazonSNSFullAccess",
            "AmazonKinesisFullAccess",
            "AmazonPrometheusRemoteWriteAccess",
            "AmazonBedrockFullAccess",
            "AmazonElasticFileSystemClientReadWriteAccess",
        ] {
            assert!(document(&format!("arn:aws:iam::aws:policy/{name}")).is_some(), "{name}");
        }
        assert!(document("arn:aws:iam::111122223333:policy/AdministratorAccess").is_none());
        assert!(document("arn:aws-cn:iam::aws:policy/AdministratorAccess").is_some());
        assert!(document("arn:aws-cn:iam::aws:policy/SecretsManagerReadWrite").is_none());
    }
}
