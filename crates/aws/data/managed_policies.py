#!/usr/bin/env python3
"""Writes managed-policies.tsv: the AWS managed policies that roles of ECS tasks have, from the PyPI package moto.

Usage: pip install moto; python3 managed_policies.py > managed-policies.tsv

A line is the policy's path and name, a tab, and its document. Left out are policies of service-linked roles, which
nobody attaches, and those of services that no task speaks to. A policy that is not here is told as not checked.
"""

import importlib.metadata
import json
import re

from moto.iam.aws_managed_policies import aws_managed_policies_data

# Parts of names: the services that applications in containers use, and the ones that people attach to anything.
WORDS = """
    APIGateway AWSAppMesh AppRunner AWSCertificateManager CloudFormation CloudMap AWSCloudTrail CodeBuild CodeCommit
    CodeDeploy CodePipeline AWSCodeArtifact DataSync DirectConnect KeyManagement Lambda Marketplace Organizations
    ResourceGroups SecretsManager StepFunctions Support XRay Xray Athena AmazonAppStream Bedrock CloudWatch
    CloudFront Cognito Comprehend DocDB DynamoDB EC2 ECR ECS ElastiCache ElasticContainerRegistry ElasticFileSystem
    ElasticMapReduce EventBridge FSx Glue Grafana Inspector Kendra Keyspaces Kinesis Lex LocationFull MQ MSK
    MemoryDB Neptune OpenSearch Personalize Pinpoint Polly Prometheus Q RDS Redshift Rekognition Route53 S3 SES SNS
    SQS SSM SageMakerFullAccess SageMakerReadOnly Textract Timestream Transcribe Translate VPCReadOnly VPCFullAccess
    Administrator PowerUser ReadOnlyAccess SecurityAudit ViewOnlyAccess DatabaseAdministrator NetworkAdministrator
    SystemAdministrator SupportUser DataScientist Billing IAM AutoScaling Batch ElasticLoadBalancing GameLift
    ServiceCatalog Macie GuardDuty SecurityHub WAF IoTDataAccess IoTFullAccess Amplify AppSync TrustedAdvisor
""".split()
NOT = re.compile(r"QuickSight|QuickSetup|DataZone|Deadline|SageMakerStudio|Transform|Canvas|ElasticBeanstalk|Migration|"
                 r"FromVercel|AIDevOps|AgentCoreRuntime|ProductsS|Omni|Partner|ProductsL|ProductsC|ProductsG|ProductsF|"
                 r"CodeStar|RoboMaker|Snowball|GroundStation|Panorama|HealthLake|Lookout")
# A policy that is longer is left out, but for those that people attach all the same.
LONGEST = 7_000
LONG = {"ReadOnlyAccess", "ViewOnlyAccess", "SecurityAudit", "AmazonECS_FullAccess", "NetworkAdministrator"}


def main() -> None:
    start, end = aws_managed_policies_data.index("{"), aws_managed_policies_data.rindex("}") + 1
    policies = json.loads(aws_managed_policies_data[start:end])
    version = importlib.metadata.version("moto")
    print(f"# AWS managed policies. Source: moto {version} (PyPI, Apache-2.0), which takes them from IAM itself.")
    print("# Written by managed_policies.py; do not edit.")
    for name, policy in sorted(policies.items(), key=lambda item: (item[1]["Path"], item[0])):
        path = policy["Path"]
        document = json.dumps(policy["Document"], separators=(",", ":"))
        wanted = any(word in name for word in WORDS) and not NOT.search(name)
        fits = len(document) <= LONGEST or name in LONG
        if path != "/aws-service-role/" and wanted and fits:
            print(f"{path.lstrip('/')}{name}\t{document}")


main()
