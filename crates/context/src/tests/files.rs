//! Which ignore file is taken.

use std::fs;

use super::super::{Builder, IgnoreError, IgnoreRules};
use super::tree;

/// The name of the file that a builder takes among these.
fn taken(files: &[&str], builder: Builder) -> Option<String> {
    let root = tree(files);
    let rules = IgnoreRules::load(root.path(), Some(&root.path().join("Dockerfile")), builder).unwrap();
    rules.file().map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
}

#[test]
fn each_builder_has_its_order() {
    let all = ["Dockerfile.dockerignore", "Dockerfile.containerignore", ".containerignore", ".dockerignore"];
    for (builder, order) in [
        (Builder::BuildKit, &["Dockerfile.dockerignore", ".dockerignore"][..]),
        (Builder::Classic, &[".dockerignore"]),
        (Builder::Buildah, &all),
    ] {
        for skip in 0..all.len() {
            let expected = order.iter().find(|name| all[skip..].contains(name));
            assert_eq!(taken(&all[skip..], builder), expected.map(|s| (*s).to_owned()), "{builder:?}");
        }
        assert_eq!(taken(&["x"], builder), None);
    }
}

#[test]
fn an_empty_file_replaces_the_general_one() {
    let root = tree(&[".dockerignore"]);
    fs::write(root.path().join(".dockerignore"), "secret").unwrap();
    fs::write(root.path().join("Dockerfile.dockerignore"), "").unwrap();
    let load =
        |builder| IgnoreRules::load(root.path(), Some(&root.path().join("Dockerfile")), builder).unwrap();
    assert!(!load(Builder::BuildKit).excluded(b"secret") && load(Builder::BuildKit).is_empty());
    assert!(load(Builder::Classic).excluded(b"secret"));
    assert!(IgnoreRules::load(root.path(), None, Builder::BuildKit).unwrap().excluded(b"secret"));
}

#[test]
fn a_link_is_followed_out_of_the_root() {
    let elsewhere = tree(&["rules"]);
    let root = tree(&[&format!(".dockerignore -> {}", elsewhere.path().join("rules").display())]);
    let rules = IgnoreRules::load(root.path(), None, Builder::BuildKit).unwrap();
    assert!(rules.excluded(b"rules"));
    let root = tree(&[".dockerignore -> missing"]);
    assert!(IgnoreRules::load(root.path(), None, Builder::BuildKit).unwrap().file().is_none());
}

#[test]
fn what_is_no_file_is_an_error() {
    let root = tree(&[".dockerignore/"]);
    let error = IgnoreRules::load(root.path(), None, Builder::BuildKit).unwrap_err();
    assert!(matches!(error, IgnoreError::NotAFile { .. }));
    let root = tree(&[".dockerignore -> .dockerignore"]);
    let error = IgnoreRules::load(root.path(), None, Builder::BuildKit).unwrap_err();
    assert!(matches!(error, IgnoreError::Read { .. }));
    let root = tree(&[]);
    let fifo = root.path().join(".dockerignore");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let error = IgnoreRules::load(root.path(), None, Builder::BuildKit).unwrap_err();
    assert!(matches!(error, IgnoreError::NotAFile { .. }));
    let root = tree(&["x"]);
    fs::File::create(root.path().join(".dockerignore")).unwrap().set_len((16 << 20) + 1).unwrap();
    let error = IgnoreRules::load(root.path(), None, Builder::BuildKit).unwrap_err();
    assert!(matches!(error, IgnoreError::TooLarge { .. }));
}
