//! Routes by which a role widens its access although no policy of its own names what it reaches: it changes permissions,
//! takes off a fence, takes over another identity, lets itself into a secret, or runs code as somebody else.
//!
//! Each route is a row. Its actions, resource types and the services to which a role is passed are those of the "Service
//! Authorization Reference" and of the IAM User Guide ("Grant a user permissions to pass a role to an AWS service").

use super::language::Language;

/// What a route gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gain {
    /// It writes the permissions of a role: those of its own role, or of another.
    Permissions,
    /// It writes a managed policy, anyone who has it.
    ManagedPolicy,
    /// It takes off what limits a role: statements that deny in inline policies.
    InlineFence,
    /// The same in managed policies.
    ManagedFence,
    /// It takes off, or replaces, the permissions boundary.
    Boundary,
    /// It acts as another role.
    Role,
    /// It acts as an IAM user, or as who logs in from outside.
    Identity,
    /// It gives a role to something that it then directs.
    PassedRole,
    /// It runs code in a task, an instance or a function that has a role already.
    Code,
    /// It writes the policy of a secret or a parameter.
    SecretPolicy,
    /// It decides who may use a key.
    Key,
}

/// A route: all its actions must be allowed.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Its name, such as `put-role-policy`.
    pub name: &'static str,
    /// What it gives.
    pub gain: Gain,
    /// The action whose resource is the target.
    pub action: &'static str,
    /// The target's ARN, with `P`, `R` and `A` for partition, region and account.
    pub on: &'static str,
    /// The service to which the role is passed.
    pub passed_to: Option<&'static str>,
    /// What must be allowed besides, on anything of its service.
    pub also: &'static [&'static str],
    /// What the role can do by it, after "it can".
    pub does: &'static str,
}

const ROLE: &str = "arn:P:iam::A:role/?*";
const ANY_ROLE: &str = "arn:P:iam::?*:role/?*";
const USER: &str = "arn:P:iam::A:user/?*";
const GROUP: &str = "arn:P:iam::A:group/?*";
const POLICY: &str = "arn:P:iam::A:policy/?*";

const fn on(
    name: &'static str,
    gain: Gain,
    action: &'static str,
    on: &'static str,
    does: &'static str,
) -> Route {
    Route { name, gain, action, on, passed_to: None, also: &[], does }
}

/// A role is passed to a service, and the other actions make the service act as it.
const fn pass(
    name: &'static str,
    passed_to: &'static str,
    also: &'static [&'static str],
    does: &'static str,
) -> Route {
    Route {
        name,
        gain: Gain::PassedRole,
        action: "iam:PassRole",
        on: ROLE,
        passed_to: Some(passed_to),
        also,
        does,
    }
}

/// All routes.
#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    // Permissions of roles.
    on("put-role-policy", Gain::Permissions, "iam:PutRolePolicy", ROLE, "write an inline policy of a role"),
    on("attach-role-policy", Gain::Permissions, "iam:AttachRolePolicy", ROLE, "attach any managed policy to a role"),
    on("create-policy-version", Gain::ManagedPolicy, "iam:CreatePolicyVersion", POLICY, "rewrite a managed policy"),
    on("set-default-policy-version", Gain::ManagedPolicy, "iam:SetDefaultPolicyVersion", POLICY, "bring back an older version of a managed policy"),
    // Fences.
    on("delete-role-policy", Gain::InlineFence, "iam:DeleteRolePolicy", ROLE, "delete an inline policy that denies"),
    on("detach-role-policy", Gain::ManagedFence, "iam:DetachRolePolicy", ROLE, "detach a managed policy that denies"),
    on("delete-role-boundary", Gain::Boundary, "iam:DeleteRolePermissionsBoundary", ROLE, "delete a permissions boundary"),
    on("put-role-boundary", Gain::Boundary, "iam:PutRolePermissionsBoundary", ROLE, "replace a permissions boundary"),
    // Other roles.
    on("assume-role", Gain::Role, "sts:AssumeRole", ANY_ROLE, "assume another role"),
    on("update-assume-role-policy", Gain::Role, "iam:UpdateAssumeRolePolicy", ROLE, "let itself assume another role"),
    // Users, groups and federated identities.
    on("create-access-key", Gain::Identity, "iam:CreateAccessKey", USER, "make an access key of a user"),
    on("create-login-profile", Gain::Identity, "iam:CreateLoginProfile", USER, "give a user a password"),
    on("update-login-profile", Gain::Identity, "iam:UpdateLoginProfile", USER, "change a user's password"),
    on("create-service-credential", Gain::Identity, "iam:CreateServiceSpecificCredential", USER, "make a user's service credentials"),
    on("reset-service-credential", Gain::Identity, "iam:ResetServiceSpecificCredential", USER, "reset a user's service credentials"),
    on("put-user-policy", Gain::Identity, "iam:PutUserPolicy", USER, "write an inline policy of a user"),
    on("attach-user-policy", Gain::Identity, "iam:AttachUserPolicy", USER, "attach any managed policy to a user"),
    on("put-group-policy", Gain::Identity, "iam:PutGroupPolicy", GROUP, "write an inline policy of a group"),
    on("attach-group-policy", Gain::Identity, "iam:AttachGroupPolicy", GROUP, "attach any managed policy to a group"),
    on("add-user-to-group", Gain::Identity, "iam:AddUserToGroup", GROUP, "add a user to a group"),
    on("delete-user-boundary", Gain::Identity, "iam:DeleteUserPermissionsBoundary", USER, "delete a user's permissions boundary"),
    on("put-user-boundary", Gain::Identity, "iam:PutUserPermissionsBoundary", USER, "replace a user's permissions boundary"),
    on("update-saml-provider", Gain::Identity, "iam:UpdateSAMLProvider", "arn:P:iam::A:saml-provider/?*", "replace the metadata of an identity provider that roles trust"),
    on("update-oidc-thumbprint", Gain::Identity, "iam:UpdateOpenIDConnectProviderThumbprint", "arn:P:iam::A:oidc-provider/?*", "replace the thumbprint of an identity provider that roles trust"),
    on("create-account-assignment", Gain::Identity, "sso:CreateAccountAssignment", "arn:P:sso:::permissionSet/?*", "assign a permission set to a user"),
    on("put-permission-set-policy", Gain::Identity, "sso:PutInlinePolicyToPermissionSet", "arn:P:sso:::permissionSet/?*", "write the policy of a permission set"),
    on("attach-permission-set-policy", Gain::Identity, "sso:AttachManagedPolicyToPermissionSet", "arn:P:sso:::permissionSet/?*", "attach a policy to a permission set"),
    // The policies of secrets and keys.
    on("put-secret-policy", Gain::SecretPolicy, "secretsmanager:PutResourcePolicy", "arn:P:secretsmanager:?*:A:secret:?*-??????", "let itself into a secret by the secret's policy"),
    on("delete-secret-policy", Gain::SecretPolicy, "secretsmanager:DeleteResourcePolicy", "arn:P:secretsmanager:?*:A:secret:?*-??????", "delete the policy that guards a secret"),
    on("put-parameter-policy", Gain::SecretPolicy, "ssm:PutResourcePolicy", "arn:P:ssm:?*:A:parameter/?*", "share a parameter with another account"),
    on("put-key-policy", Gain::Key, "kms:PutKeyPolicy", "arn:P:kms:?*:A:key/?*", "let itself use a key by the key's policy"),
    on("create-grant", Gain::Key, "kms:CreateGrant", "arn:P:kms:?*:A:key/?*", "grant itself the use of a key"),
    // A role is passed on.
    pass("pass-role-to-a-task", "ecs-tasks.amazonaws.com", &["ecs:RunTask"], "run a task as another role"),
    pass("pass-role-to-a-started-task", "ecs-tasks.amazonaws.com", &["ecs:StartTask"], "start a task as another role"),
    pass("pass-role-to-a-task-definition", "ecs-tasks.amazonaws.com", &["ecs:RegisterTaskDefinition"], "register a task definition with another role"),
    pass("pass-role-to-a-service", "ecs-tasks.amazonaws.com", &["ecs:CreateService"], "run a service as another role"),
    pass("pass-role-to-an-updated-service", "ecs-tasks.amazonaws.com", &["ecs:UpdateService"], "move a service to a task definition with another role"),
    pass("pass-role-to-a-batch-job", "ecs-tasks.amazonaws.com", &["batch:RegisterJobDefinition", "batch:SubmitJob"], "run a batch job as another role"),
    pass("pass-role-to-a-function", "lambda.amazonaws.com", &["lambda:CreateFunction"], "make a function that runs as another role"),
    pass("pass-role-to-an-updated-function", "lambda.amazonaws.com", &["lambda:UpdateFunctionConfiguration"], "give a function another role"),
    pass("pass-role-to-an-instance", "ec2.amazonaws.com", &["ec2:RunInstances"], "start an instance with another role"),
    pass("pass-role-to-a-running-instance", "ec2.amazonaws.com", &["ec2:AssociateIamInstanceProfile"], "give an instance another role"),
    pass("pass-role-to-a-replaced-profile", "ec2.amazonaws.com", &["ec2:ReplaceIamInstanceProfileAssociation"], "give an instance another role"),
    pass("pass-role-to-an-instance-profile", "ec2.amazonaws.com", &["iam:AddRoleToInstanceProfile"], "put another role into an instance profile"),
    pass("pass-role-to-a-spot-instance", "ec2.amazonaws.com", &["ec2:RequestSpotInstances"], "start an instance with another role"),
    pass("pass-role-to-a-scaling-group", "ec2.amazonaws.com", &["autoscaling:CreateAutoScalingGroup"], "start instances with another role"),
    pass("pass-role-to-a-stack", "cloudformation.amazonaws.com", &["cloudformation:CreateStack"], "make a stack as another role"),
    pass("pass-role-to-an-updated-stack", "cloudformation.amazonaws.com", &["cloudformation:UpdateStack"], "update a stack as another role"),
    pass("pass-role-to-a-change-set", "cloudformation.amazonaws.com", &["cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"], "change a stack as another role"),
    pass("pass-role-to-a-stack-set", "cloudformation.amazonaws.com", &["cloudformation:CreateStackSet", "cloudformation:CreateStackInstances"], "make stacks as another role"),
    pass("pass-role-to-an-updated-stack-set", "cloudformation.amazonaws.com", &["cloudformation:UpdateStackSet"], "update stacks as another role"),
    pass("pass-role-to-a-glue-job", "glue.amazonaws.com", &["glue:CreateJob"], "make a Glue job that runs as another role"),
    pass("pass-role-to-an-updated-glue-job", "glue.amazonaws.com", &["glue:UpdateJob"], "give a Glue job another role"),
    pass("pass-role-to-a-glue-endpoint", "glue.amazonaws.com", &["glue:CreateDevEndpoint"], "open a Glue endpoint as another role"),
    pass("pass-role-to-a-glue-session", "glue.amazonaws.com", &["glue:CreateSession", "glue:RunStatement"], "run statements in a Glue session as another role"),
    pass("pass-role-to-a-build", "codebuild.amazonaws.com", &["codebuild:CreateProject"], "make a build project that runs as another role"),
    pass("pass-role-to-an-updated-build", "codebuild.amazonaws.com", &["codebuild:UpdateProject"], "give a build project another role"),
    pass("pass-role-to-a-pipeline", "codepipeline.amazonaws.com", &["codepipeline:CreatePipeline"], "make a pipeline that runs as another role"),
    pass("pass-role-to-an-updated-pipeline", "codepipeline.amazonaws.com", &["codepipeline:UpdatePipeline"], "give a pipeline another role"),
    pass("pass-role-to-a-state-machine", "states.amazonaws.com", &["states:CreateStateMachine"], "make a state machine that runs as another role"),
    pass("pass-role-to-an-updated-state-machine", "states.amazonaws.com", &["states:UpdateStateMachine"], "give a state machine another role"),
    pass("pass-role-to-an-event-target", "events.amazonaws.com", &["events:PutTargets"], "let EventBridge act as another role"),
    pass("pass-role-to-a-schedule", "scheduler.amazonaws.com", &["scheduler:CreateSchedule"], "let a schedule act as another role"),
    pass("pass-role-to-an-updated-schedule", "scheduler.amazonaws.com", &["scheduler:UpdateSchedule"], "let a schedule act as another role"),
    pass("pass-role-to-a-pipe", "pipes.amazonaws.com", &["pipes:CreatePipe"], "let a pipe act as another role"),
    pass("pass-role-to-an-automation", "ssm.amazonaws.com", &["ssm:StartAutomationExecution"], "run an automation as another role"),
    pass("pass-role-to-a-data-pipeline", "datapipeline.amazonaws.com", &["datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition"], "run a data pipeline as another role"),
    pass("pass-role-to-a-notebook", "sagemaker.amazonaws.com", &["sagemaker:CreateNotebookInstance"], "open a notebook as another role"),
    pass("pass-role-to-a-training-job", "sagemaker.amazonaws.com", &["sagemaker:CreateTrainingJob"], "run a training job as another role"),
    pass("pass-role-to-a-processing-job", "sagemaker.amazonaws.com", &["sagemaker:CreateProcessingJob"], "run a processing job as another role"),
    pass("pass-role-to-a-cluster-job", "elasticmapreduce.amazonaws.com", &["elasticmapreduce:RunJobFlow"], "run an EMR job as another role"),
    pass("pass-role-to-a-serverless-job", "emr-serverless.amazonaws.com", &["emr-serverless:StartJobRun"], "run an EMR job as another role"),
    pass("pass-role-to-an-app-runner-service", "tasks.apprunner.amazonaws.com", &["apprunner:CreateService"], "run a service as another role"),
    pass("pass-role-to-a-pod", "pods.eks.amazonaws.com", &["eks:CreatePodIdentityAssociation"], "give a pod another role"),
    pass("pass-role-to-an-identity-pool", "cognito-identity.amazonaws.com", &["cognito-identity:SetIdentityPoolRoles"], "give an identity pool another role"),
    pass("pass-role-to-a-profile", "rolesanywhere.amazonaws.com", &["rolesanywhere:CreateProfile", "rolesanywhere:CreateTrustAnchor"], "assume another role with a certificate of its own"),
    pass("pass-role-to-an-interpreter", "bedrock-agentcore.amazonaws.com", &["bedrock-agentcore:CreateCodeInterpreter"], "run code as another role"),
    // Code where a role is already.
    on("execute-command", Gain::Code, "ecs:ExecuteCommand", "arn:P:ecs:?*:A:task/?*", "open a shell in another task"),
    on("send-command", Gain::Code, "ssm:SendCommand", "arn:P:ec2:?*:A:instance/?*", "run commands on an instance"),
    on("start-session", Gain::Code, "ssm:StartSession", "arn:P:ec2:?*:A:instance/?*", "open a shell on an instance"),
    on("start-session-in-a-task", Gain::Code, "ssm:StartSession", "arn:P:ecs:?*:A:task/?*", "open a shell in another task"),
    on("create-association", Gain::Code, "ssm:CreateAssociation", "arn:P:ec2:?*:A:instance/?*", "run documents on an instance"),
    on("send-ssh-key", Gain::Code, "ec2-instance-connect:SendSSHPublicKey", "arn:P:ec2:?*:A:instance/?*", "log in to an instance"),
    on("send-serial-console-key", Gain::Code, "ec2-instance-connect:SendSerialConsoleSSHPublicKey", "arn:P:ec2:?*:A:instance/?*", "log in to an instance"),
    on("modify-user-data", Gain::Code, "ec2:ModifyInstanceAttribute", "arn:P:ec2:?*:A:instance/?*", "change what an instance runs when it starts"),
    on("update-function-code", Gain::Code, "lambda:UpdateFunctionCode", "arn:P:lambda:?*:A:function:?*", "replace the code of a function"),
    on("update-function-configuration", Gain::Code, "lambda:UpdateFunctionConfiguration", "arn:P:lambda:?*:A:function:?*", "add a layer to a function"),
    on("start-build", Gain::Code, "codebuild:StartBuild", "arn:P:codebuild:?*:A:project/?*", "run its own build steps as a project's role"),
    on("start-build-batch", Gain::Code, "codebuild:StartBuildBatch", "arn:P:codebuild:?*:A:project/?*", "run its own build steps as a project's role"),
    on("update-state-machine", Gain::Code, "states:UpdateStateMachine", "arn:P:states:?*:A:stateMachine:?*", "change what a state machine does as its role"),
    on("update-stack", Gain::Code, "cloudformation:UpdateStack", "arn:P:cloudformation:?*:A:stack/?*", "change a stack as the stack's role"),
    Route { also: &["cloudformation:ExecuteChangeSet"], ..on("execute-change-set", Gain::Code, "cloudformation:CreateChangeSet", "arn:P:cloudformation:?*:A:stack/?*", "change a stack as the stack's role") },
    on("update-stack-set", Gain::Code, "cloudformation:UpdateStackSet", "arn:P:cloudformation:?*:A:stackset/?*", "change stacks as the role of their set"),
    on("update-build", Gain::Code, "codebuild:UpdateProject", "arn:P:codebuild:?*:A:project/?*", "change the build steps that run as a project's role"),
    Route { also: &["sagemaker:StartNotebookInstance"], ..on("update-notebook-lifecycle", Gain::Code, "sagemaker:UpdateNotebookInstanceLifecycleConfig", "arn:P:sagemaker:?*:A:notebook-instance-lifecycle-config/?*", "run a script as a notebook's role") },
    on("update-glue-endpoint", Gain::Code, "glue:UpdateDevEndpoint", "arn:P:glue:?*:A:devEndpoint/?*", "log in to a Glue endpoint"),
    on("open-notebook", Gain::Code, "sagemaker:CreatePresignedNotebookInstanceUrl", "arn:P:sagemaker:?*:A:notebook-instance/?*", "open a notebook"),
    on("update-app-runner-service", Gain::Code, "apprunner:UpdateService", "arn:P:apprunner:?*:A:service/?*", "replace the image of a service"),
    on("create-access-entry", Gain::Code, "eks:CreateAccessEntry", "arn:P:eks:?*:A:cluster/?*", "let itself into a cluster"),
    on("associate-access-policy", Gain::Code, "eks:AssociateAccessPolicy", "arn:P:eks:?*:A:access-entry/?*", "give itself rights in a cluster"),
    on("put-image", Gain::Code, "ecr:PutImage", "arn:P:ecr:?*:A:repository/?*", "replace an image that other tasks run"),
];

impl Route {
    /// The ARNs of the route's targets in an account.
    pub fn targets(&self, partition: &str, account: &str) -> Language {
        targets(self.on, partition, account)
    }
}

fn targets(written: &str, partition: &str, account: &str) -> Language {
    let parts: Vec<String> = written
        .split(':')
        .map(|part| match part {
            "P" => partition.to_owned(),
            "A" => account.to_owned(),
            other => other.to_owned(),
        })
        .collect();
    // The wildcard of a region or an account must not run over a colon.
    let longer = vec!["*"; parts.len() + 1].join(":");
    Language::from(parts.join(":").as_str()).minus(&Language::from(longer.as_str()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn rows_are_well_formed_and_named_once() {
        let mut names = BTreeSet::new();
        for route in ROUTES {
            assert!(names.insert(route.name), "{} twice", route.name);
            for action in route.also.iter().chain([&route.action]) {
                let is_action = action
                    .split_once(':')
                    .is_some_and(|(s, o)| !s.is_empty() && o.starts_with(|c: char| c.is_ascii_uppercase()));
                assert!(is_action, "{action}");
            }
            assert_eq!(route.passed_to.is_some(), route.gain == Gain::PassedRole, "{}", route.name);
            assert!(route.on.starts_with("arn:P:") && route.on.splitn(6, ':').count() == 6, "{}", route.on);
        }
        assert!(names.len() > 80);
    }

    #[test]
    fn targets_are_of_the_account() {
        let route =
            |name: &str| ROUTES.iter().find(|route| route.name == name).map(|r| r.targets("aws", "1"));
        let contains = |name: &str, arn: &str| route(name).is_some_and(|targets| targets.contains(arn));
        assert!(contains("put-role-policy", "arn:aws:iam::1:role/a/b"));
        assert!(!contains("put-role-policy", "arn:aws:iam::2:role/a"));
        assert!(contains("assume-role", "arn:aws:iam::2:role/a"));
        assert!(contains("update-function-code", "arn:aws:lambda:eu-west-1:1:function:f"));
        assert!(!contains("execute-command", "arn:aws:ecs:eu-west-1:x:1:task/c/t"));
    }
}
