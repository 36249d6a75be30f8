"""Fills a test account with what a platform of 20 roles has. Every value is invented.

Usage: seed.py ENDPOINT
"""

import json
import sys

import boto3

ENDPOINT = sys.argv[1]
REGION = "eu-west-1"
ACCOUNT = "123456789012"
# Planted values: none of them may show up in what is read.
CANARY = "canary-7f3a-never-to-be-seen"


def client(service):
    return boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name=REGION,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


iam, ssm, ecs, ecr, kms, secrets = map(client, ["iam", "ssm", "ecs", "ecr", "kms", "secretsmanager"])

key = kms.create_key(Description="orders")["KeyMetadata"]["Arn"]
kms.create_alias(AliasName="alias/orders", TargetKeyId=key)
kms.create_grant(
    KeyId=key, GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:role/app00", Operations=["Decrypt"], Name="by-grant"
)

for i in range(50):
    kind = {0: "String", 1: "StringList"}.get(i, "SecureString")
    extra = {"KeyId": "alias/orders"} if i % 2 and kind == "SecureString" else {}
    ssm.put_parameter(Name=f"/prod/app{i:02}/token", Value=f"{CANARY}-{i}", Type=kind, **extra)
ssm.put_parameter(Name="/prod/app02/token", Value=f"{CANARY}-2b", Type="SecureString", Overwrite=True)
ssm.put_parameter(Name="flat", Value=CANARY, Type="SecureString")

secret = secrets.create_secret(Name="prod/db", SecretString=CANARY, KmsKeyId=key)
secrets.put_resource_policy(
    SecretId=secret["ARN"],
    ResourcePolicy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Deny",
                    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                    "Action": "secretsmanager:DeleteSecret",
                    "Resource": "*",
                }
            ],
        }
    ),
)
plain = secrets.create_secret(Name="prod/plain", SecretString=CANARY)

trust = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:*"}},
            }
        ],
    }
)


def reading(*names):
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "ssm:GetParameter",
                    "Resource": [f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{name}" for name in names],
                    "Condition": {"StringEquals": {"aws:PrincipalTag/über 100%": "a+b c"}},
                }
            ],
        },
        ensure_ascii=False,
    )


boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=reading("/*"))["Policy"]["Arn"]
shared = iam.create_policy(PolicyName="shared", PolicyDocument=reading("/old/*"))["Policy"]["Arn"]
iam.create_policy_version(PolicyArn=shared, PolicyDocument=reading("/shared/*"), SetAsDefault=True)

for i in range(20):
    name = f"app{i:02}"
    path = "/team/" if i % 2 else "/"
    extra = {"PermissionsBoundary": boundary} if i == 1 else {}
    iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust, **extra)
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=reading(f"/prod/{name}/*"))
    if i % 2:
        iam.put_role_policy(RoleName=name, PolicyName="more", PolicyDocument=reading(f"/more/{name}/*"))
    iam.attach_role_policy(RoleName=name, PolicyArn=shared)
    iam.attach_role_policy(
        RoleName=name,
        PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
    )

for i in range(12):
    name = f"app{i:02}"
    definition = {
        "family": name,
        "taskRoleArn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "containerDefinitions": [
            {
                "name": "main",
                "image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/immutable:1",
                "memory": 128,
                "environment": [{"name": "DB_PASSWORD", "value": CANARY}, {"name": "EMPTY", "value": ""}],
                "command": ["serve", "--token", CANARY],
                "dockerLabels": {"b": "2", "a": CANARY},
                "secrets": [{"name": "TOKEN", "valueFrom": f"/prod/{name}/token"}],
                "logConfiguration": {
                    "logDriver": "splunk",
                    "options": {"splunk-token": CANARY},
                    "secretOptions": [{"name": "splunk-url", "valueFrom": plain["ARN"]}],
                },
            }
        ],
    }
    ecs.register_task_definition(**definition)
    if i == 0:
        ecs.register_task_definition(**definition, executionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/app19")

ecr.create_repository(repositoryName="mutable")
ecr.create_repository(repositoryName="immutable", imageTagMutability="IMMUTABLE")
ecr.create_repository(
    repositoryName="almost",
    imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
    imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}],
)

print(json.dumps({"key": key, "secret": secret["ARN"], "plain": plain["ARN"], "boundary": boundary, "shared": shared}))
