//! Profiles: the built-in ones, a project's own, and the waivers.

use std::fs;

use super::*;
use crate::check::catalogue;
use crate::profile::{BUILT_IN, covers};

const OWN: &str = "version = 1\nname = \"ours\"\ntitle = \"what we ask\"\n[[controls]]\nid = \"one\"\ntitle = \"no secrets\"\n\
    asks = \"No layer holds a secret.\"\nchecks = [\"SW301\"]\n";

fn parse_profile(text: &str) -> Result<Profile, ContractError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ours.toml");
    fs::write(&path, text).unwrap();
    read_profile(&path)
}

fn mistakes(text: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ours.toml");
    fs::write(&path, text).unwrap();
    let shown = read_profile(&path).expect_err(text).render(false);
    shown.replace(directory.path().to_str().unwrap(), "DIRECTORY")
}

#[test]
fn the_built_in_profiles_are_right() {
    for (name, _) in BUILT_IN {
        let profile = built_in(name).unwrap().unwrap_or_else(|e| panic!("{}", e.render(false)));
        assert_eq!(profile.name, name);
        assert!(profile.path.is_none() && profile.digest.starts_with("sha256:"));
    }
    assert_eq!(default_profile().unwrap().name, "m1");
    assert!(built_in("m2").is_none());
}

#[test]
fn m1_has_its_rows_and_asks_every_check_of_the_catalogue() {
    let profile = default_profile().unwrap();
    let rows: Vec<&str> = profile.grouped().into_iter().map(|(id, ..)| id).collect();
    let expected = ["A", "B", "C", "D.2", "D.3", "D.4.1", "D.4.2", "D.4.3", "D.4.4", "D.4.5", "E", "F"];
    assert_eq!(rows, expected);
    let unasked: Vec<&str> = catalogue().iter().map(|m| m.id).filter(|id| !profile.names_check(id)).collect();
    // A signature is beyond M1.
    assert_eq!(unasked, ["SW512"]);
    assert!(covers("D.4", "D.4.2") && !covers("D.4", "D.41") && covers("F", "F"));
}

#[test]
fn a_project_may_bring_its_own() {
    let profile = parse_profile(OWN).unwrap();
    assert_eq!((profile.name.as_str(), profile.controls.len()), ("ours", 1));
    assert!(profile.controls[0].required && profile.path.is_some());
    // Its path is relative to the contract's directory.
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("profiles")).unwrap();
    fs::write(directory.path().join("profiles/ours.toml"), OWN).unwrap();
    let path = directory.path().join("seaworthy.toml");
    let load = |text: &str| {
        fs::write(&path, text).unwrap();
        Contract::load(&path, date(2026, 6, 1))
    };
    let contract = load("version = 1\nprofile = \"profiles/ours.toml\"\n").unwrap();
    assert_eq!(contract.controls().unwrap().name, "ours");
    let error = load("version = 1\nprofile = \"profiles/other.toml\"\n").unwrap_err();
    assert!(error.to_string().starts_with("cannot read the profile "), "{error}");
    fs::write(directory.path().join("profiles/ours.toml"), OWN.replace("SW301", "SW999")).unwrap();
    let error = load("version = 1\nprofile = \"profiles/ours.toml\"\n").unwrap_err();
    assert!(error.render(false).contains("there is no check SW999"), "{}", error.render(false));
    fs::write(directory.path().join("profiles/ours.toml"), vec![b'#'; (1 << 20) + 1]).unwrap();
    let error = load("version = 1\nprofile = \"profiles/ours.toml\"\n").unwrap_err();
    assert!(error.to_string().contains("larger than"), "{error}");
}

#[test]
fn mistakes_in_a_profile_are_shown_in_their_line() {
    let control = "[[controls]]\nid = \"one\"\ntitle = \"t\"\nasks = \"a\"\n";
    let head = "version = 1\nname = \"ours\"\ntitle = \"what we ask\"\n";
    let shown: Vec<String> = [
        String::new(),
        head.to_owned(),
        OWN.replace("title = \"no secrets\"", "colour = \"red\"\ntitle = \"no secrets\""),
        OWN.replace("SW301", "SW999"),
        OWN.replace("SW301", "301"),
        OWN.replace("[\"SW301\"]", "[\"SW301\", \"SW301\"]"),
        format!("{OWN}{control}checks = [\"SW302\"]\n"),
        format!("{head}{control}"),
        format!("{head}{control}checks = []\n"),
        OWN.replace("\"ours\"", "\"m1\""),
        OWN.replace("version = 1", "version = 2"),
        format!("{OWN}needs = [\"picture\"]\nwhen = \"ever\"\n"),
        format!("{OWN}controls = [\"two\"]\n"),
        format!("{OWN}controls = [\"one\"]\n"),
        format!("{OWN}[[groups]]\nid = \"two\"\ntitle = \"nobody\"\n"),
        OWN.replace("id = \"one\"", "id = \"1 or 2\""),
        format!("fail_on = \"never\"\n{OWN}"),
        format!("{head}[[controls]\n"),
    ]
    .iter()
    .map(|text| mistakes(text))
    .collect();
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("profile_mistakes", shown.join("\n────────\n\n"));
    });
}

#[test]
fn a_contract_names_a_profile_and_waives_its_controls() {
    let waiver = |control: &str| {
        format!(
            "version = 1\n[[waivers]]\ncontrol = \"{control}\"\nreason = \"not yet, and this is why\"\nexpires = \"2099-12-31\"\n"
        )
    };
    for control in ["A.2", "D.3", "C", "D.4.2", "F"] {
        let contract = parse(&waiver(control)).unwrap();
        assert_eq!(contract.waivers[0].control, control);
        // A waiver covers nothing that was found, so that it may last.
        assert!(contract.check_dates(date(2026, 1, 1)).is_ok());
    }
    let shown: Vec<String> = [
        waiver("A.99"),
        waiver("secrets.image"),
        waiver("no control"),
        waiver("A.2").replace("2099-12-31", "some day"),
        waiver("A.2").replace("not yet, and this is why", "later"),
        "version = 1\n[[waivers]]\ncontrol = \"A.2\"\n".to_owned(),
        "version = 1\nprofile = \"m2\"\n".to_owned(),
    ]
    .iter()
    .map(|text| parse(text).expect_err(text).render(false))
    .collect();
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("waiver_mistakes", shown.join("\n────────\n\n"));
    });
    let image = parse(&waiver("secrets").replace("version = 1\n", "version = 1\nprofile = \"image\"\n"));
    assert_eq!(image.unwrap().controls().unwrap().name, "image");
}

#[test]
fn the_schema_of_profiles_is_documented() {
    let schema = serde_json::to_string_pretty(&profile_schema()).unwrap() + "\n";
    assert!(!schema.contains("$ref") && !schema.contains("\"null\""));
    same_as_file("docs/schemas/profile.json", &schema);
}

#[test]
fn the_pages_of_the_profiles_are_those_of_the_files() {
    for (name, _) in BUILT_IN {
        let profile = built_in(name).unwrap().unwrap();
        let page = crate::profile::markdown(&profile, &catalogue());
        same_as_file(&format!("docs/profiles/{name}.md"), &page);
    }
}

/// Compares a generated text with its file; with SEAWORTHY_WRITE_DOCS set, writes the file.
fn same_as_file(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("SEAWORTHY_WRITE_DOCS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let is_same = fs::read_to_string(&path).is_ok_and(|t| t == text);
    assert!(is_same, "{name} is not up to date: run the tests with SEAWORTHY_WRITE_DOCS=1");
}
