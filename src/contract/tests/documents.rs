//! The sections on a run's documents.

use super::*;
use crate::check::provenance::{DigestValue, Field, Mode, RegistryKind};

fn told(section: &str) -> String {
    match parse(&format!("version = 1\n\n{section}")) {
        Ok(_) => String::new(),
        Err(e) => e.render(false),
    }
}

#[test]
fn the_example_says_what_documents_must_be() {
    let documents = parse(EXAMPLE).unwrap().documents;
    assert_eq!(documents.provenance.name(Field::ImageTag), "tag");
    assert!(
        documents.provenance.requires(Field::ImageTag) && !documents.provenance.requires(Field::BuildPath)
    );
    assert!(documents.provenance.knows("contract_version"), "a document of a version may name it");
    let [(version, v0)] = documents.profiles.as_slice() else { panic!("one version") };
    assert_eq!(version, "v0");
    assert!(v0.requires(Field::ImageDigest) && !v0.requires(Field::GitSha));
    assert_eq!(documents.pinned.len(), 5);
    assert_eq!((documents.digest_value, documents.skew_seconds), (DigestValue::Hex, 60));
    assert_eq!((documents.config_mode, documents.registry_kind), (Mode::Jcs, RegistryKind::Ecr));
    assert_eq!(documents.families, [("github_actions_v1".to_owned(), "github_actions".to_owned())]);
    assert_eq!(documents.receipt.name(Field::BuildDriver), "driver");
    assert_eq!(documents.receipt_required, Some(true));
    let tag = documents.header.fields.iter().find(|(f, _)| *f == Field::ImageTag).unwrap();
    assert_eq!(tag.1, ["/image/tag"]);
    assert_eq!(documents.keys.len(), 1);
    assert!(documents.signature_required && documents.registry_required && documents.security_names_image);
}

#[test]
fn a_renamed_field_is_required_under_its_name() {
    let documents = parse("version = 1\n\n[provenance.fields]\ngit_sha = \"commit\"\n").unwrap().documents;
    assert!(documents.provenance.requires(Field::GitSha));
    assert!(documents.provenance.knows("commit") && !documents.provenance.knows("git_sha"));
}

#[test]
fn mistakes_are_told() {
    for (section, word) in [
        ("[provenance]\ntag_pattern = \"git-\"\n", "is not a pattern for tags"),
        ("[provenance]\nrequired = [\"a b\"]\n", "is not the name of a field"),
        ("[provenance]\nrequired = [\"a\", \"a\"]\n", "remove one of the two"),
        ("[provenance]\nmax_clock_skew_seconds = 90000\n", "too large"),
        ("[provenance]\noci_digest_value = \"short\"\n", "unknown value"),
        ("[provenance.fields]\nimage_tag = \"x\"\ngit_sha = \"x\"\n", "remove one of the two"),
        ("[provenance.fields]\nimage_tga = \"x\"\n", "image_tag"),
        ("[provenance.pinned]\necr_repo_uri = \"app\"\n", "has not the form"),
        ("[run_header]\nimage_tag = \"image.tag\"\n", "is not a JSON pointer"),
        ("[run_header]\ncanonical = \"sorted\"\n", "sorted-keys"),
        ("[signature]\nrequired = true\n", "no key is pinned"),
        ("[[signature.keys]]\nid = \"a\"\npem = \"x\"\n", "is no public key"),
        ("[registry]\nkind = \"harbor\"\n", "unknown value"),
        ("[[receipt.families]]\nid = \"x\"\n", "driver"),
    ] {
        let told = told(section);
        assert!(told.contains(word), "{section}: {told}");
    }
}

#[test]
fn a_private_key_is_refused_and_not_shown() {
    let body = "MC4CAQAwBQYDK2VwBCIEIKnotarealkeynotarealkeynotarealkeynotareal";
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----");
    let told = told(&format!("[[signature.keys]]\nid = \"a\"\npem = \"\"\"\n{pem}\n\"\"\"\n"));
    assert!(told.contains("this is a private key"), "{told}");
    assert!(!told.contains("MC4CAQ"), "{told}");
}
