//! The sections about the account, and the registry of handles.

use std::fs;

use super::*;
use crate::check::wiring::{Kept, RoleKind};

const TODAY: Date = date(2026, 6, 1);

/// A contract and its registry, read from a directory.
fn load(contract: &str, name: &str, registry: &str) -> Result<Contract, ContractError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("seaworthy.toml");
    fs::write(directory.path().join(name), registry).unwrap();
    fs::write(&path, format!("version = 1\n[handles]\nfile = \"{name}\"\n{contract}")).unwrap();
    Contract::load(&path, TODAY)
}

#[test]
fn the_example_is_what_is_expected() {
    let contract = parse(EXAMPLE).unwrap();
    let expected = &contract.expectations;
    assert_eq!(contract.aws.plans, [Path::new("project/out/plan.json")]);
    assert_eq!(contract.aws.service_control_policies, [Path::new("project/org/root.json")]);
    assert_eq!(expected.secret("IG_API_KEY").unwrap().key.as_deref(), Some("alias/orders"));
    let app = expected.role("app").unwrap();
    assert_eq!((app.name.as_str(), app.kind), ("orders-task", RoleKind::Task));
    assert!(app.arn.is_some());
    assert_eq!(app.requires, ["DB_PASSWORD", "IG_API_KEY"]);
    assert_eq!(app.extras[0].expires, Some(date(2026, 12, 31)));
    assert_eq!(expected.tasks[0].execution_role.as_deref(), Some("agent"));
    assert_eq!(expected.exceptions[0].check, "SW406");
    assert_eq!(expected.forbidden_roles[0].role, "terraform-apply");
}

#[test]
fn what_follows_a_secrets_name_is_no_part_of_its_arn() {
    let arn = "arn:aws:secretsmanager:eu-west-2:111122223333:secret:app/db-AbCdEf";
    let text = format!("version = 1\n[[secrets]]\nhandle = \"A\"\nparameter = \"{arn}:password::\"\n");
    let contract = parse(&text).unwrap();
    assert_eq!(contract.expectations.secrets[0].kept, Kept::SecretArn(arn.to_owned()));
}

#[test]
fn handles_stand_for_their_values_everywhere() {
    let contract = r#"
        [aws]
        account = "${ACCOUNT}"
        [[secrets]]
        handle = "DB"
        parameter = "${SSM_DB_PASSWORD_PATH}"
        [[roles]]
        handle = "app"
        role = "arn:aws:iam::${ACCOUNT}:role/${ROLE_APP}"
        requires = ["DB"]
    "#;
    let registry = "# Handles\n\nProse about `SSM_DB_PASSWORD_PATH`.\n\n* `SSM_DB_PASSWORD_PATH = \"/app/db\"`\n\
                    * `ACCOUNT = \"111122223333\"`\n* `ROLE_APP = \"app-task\"` and more\n";
    let contract = load(contract, "handles.md", registry).unwrap();
    let secret = &contract.expectations.secrets[0];
    assert_eq!(secret.kept, Kept::Parameter("/app/db".to_owned()));
    assert_eq!(contract.expectations.roles[0].name, "app-task");
    assert_eq!(contract.aws.account.as_deref(), Some("111122223333"));
    assert!(contract.handles.unwrap().digest().starts_with("sha256:"));
}

#[test]
fn a_handle_that_resolves_to_nothing_is_a_mistake_in_its_line() {
    let contract = "[[secrets]]\nhandle = \"DB\"\nparameter = \"${NO_SUCH}\"\n";
    let error = load(contract, "handles.md", "- `A = \"b\"`\n").unwrap_err();
    let shown = error.render(false);
    assert!(
        shown.contains("`NO_SUCH` resolves to nothing") && shown.contains("seaworthy.toml:6:13"),
        "{shown}"
    );
    let error = parse(&format!("version = 1\n{contract}")).unwrap_err();
    assert!(error.render(false).contains("names no registry"));
}

#[test]
fn values_of_a_registry_are_in_no_error() {
    let contract =
        "[[secrets]]\nhandle = \"DB\"\nparameter = \"${A}\"\n[[roles]]\nhandle = \"r\"\nrole = \"${A}\"\n";
    let error = load(contract, "handles.env", "A='Hunter2 of all'\n").unwrap_err();
    for shown in [error.render(false), format!("{error:?}"), error.to_string()] {
        assert!(!shown.contains("Hunter"), "{shown}");
    }
    // Only a handle that is used must have one value.
    let registry = "- `A = \"Hunter2\"`\n- `A = \"Hunter3\"`\n";
    assert!(load("", "handles.md", registry).is_ok());
    let twice = load(contract, "handles.md", registry).unwrap_err();
    for shown in [twice.render(false), format!("{twice:?}"), twice.to_string()] {
        assert!(!shown.contains("Hunter"), "{shown}");
    }
    assert!(twice.to_string().contains("lines 1 and 2"), "{twice}");
    let missing = load("", "handles.yaml", "").unwrap_err();
    assert!(missing.to_string().contains("TOML, JSON"), "{missing}");
}

#[test]
fn mistakes_across_sections_are_found() {
    let secret = "[[secrets]]\nhandle = \"DB\"\nparameter = \"/app/db\"\n";
    let app = "[[roles]]\nhandle = \"app\"\nrole = \"app\"\n";
    let agent = "[[roles]]\nhandle = \"agent\"\nrole = \"agent\"\nkind = \"execution\"\n";
    for (text, words) in [
        (format!("{app}requires = [\"DB\"]\n"), "no secret of the contract has this handle"),
        (format!("{secret}{app}requires = [\"DB\", \"DB\"]\n"), "twice"),
        (format!("{secret}{agent}requires = [\"DB\"]\n"), "an execution role requires no secret"),
        (format!("{app}{app}"), "is used already"),
        (format!("{app}[[tasks]]\nfamily = \"f\"\nrole = \"agent\"\n"), "no role of the contract"),
        (format!("{app}{agent}[[tasks]]\nfamily = \"f\"\nrole = \"agent\"\n"), "not of kind `task`"),
        (
            format!("{app}[[tasks]]\nfamily = \"f\"\nrole = \"app\"\nexecution_role = \"app\"\n"),
            "not of kind `execution`",
        ),
        (
            format!("{app}[[forbidden_roles]]\nrole = \"app\"\nreason = \"it is not for tasks\"\n"),
            "stands in [[roles]], too",
        ),
        (format!("{app}kind = \"worker\"\n"), "unknown value"),
        (format!("{secret}kms_key = \"my key\"\n"), "is not a KMS key"),
        (format!("{secret}version = 0\n"), "out of range"),
        (
            "[[exceptions]]\ncheck = \"SW406\"\narn = \"arn:aws:ssm:eu-west-1:111122223333:parameter/*\"\n\
             reason = \"some good reason\"\nexpires = \"2026-12-31\"\n"
                .to_owned(),
            "is not an exact ARN",
        ),
        (
            format!("{app}[[roles.extras]]\nresource = \"*\"\nreason = \"some good reason\"\n"),
            "is not an ARN",
        ),
        (
            "[[secrets]]\nhandle = \"S\"\nversion = 2\n\
             parameter = \"arn:aws:secretsmanager:eu-west-2:111122223333:secret:a-AbCdEf\"\n"
                .to_owned(),
            "pins a parameter",
        ),
        ("[aws]\naccount = \"1111\"\n".to_owned(), "is not an account"),
    ] {
        let error = parse(&format!("version = 1\n{text}")).unwrap_err();
        let shown = error.render(false);
        assert!(shown.contains(words), "{words} is not in:\n{shown}");
    }
}
