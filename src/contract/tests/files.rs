//! Files that cannot be read.

use std::fs;

use super::*;

const TODAY: Date = date(2026, 6, 1);

fn problem(path: &Path) -> FileProblem {
    match Contract::load(path, TODAY) {
        Err(ContractError::File { path: named, problem, .. }) if named == path => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("seaworthy.toml");
    fs::write(&path, EXAMPLE).unwrap();
    fs::write(directory.path().join("handles.md"), "- `A = \"b\"`\n").unwrap();
    let contract = Contract::load(&path, TODAY).unwrap();
    assert_eq!(contract.path(), Some(path.as_path()));
    assert_eq!(contract.image.context, Some(directory.path().join(".")));
    assert!(matches!(Contract::load(&path, date(2020, 1, 1)), Err(ContractError::Invalid(_))));
}

#[test]
fn every_problem_has_a_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("seaworthy.toml");
    assert_eq!(problem(&path), FileProblem::Missing);
    assert_eq!(problem(directory.path()), FileProblem::Directory);
    fs::write(&path, b"version = 1 # \xff").unwrap();
    assert_eq!(problem(&path), FileProblem::NotUtf8 { offset: 14 });
    fs::write(&path, vec![b'#'; 1 << 20]).unwrap();
    assert!(matches!(Contract::load(&path, TODAY), Err(ContractError::Invalid(_))));
    fs::write(&path, vec![b'#'; (1 << 20) + 1]).unwrap();
    assert_eq!(problem(&path), FileProblem::TooLarge { limit: 1 << 20 });
    assert_eq!(problem(&path.join("below")), FileProblem::Io(std::io::ErrorKind::NotADirectory));
}

#[cfg(unix)]
#[test]
fn devices_are_not_read() {
    assert_eq!(problem(Path::new("/dev/zero")), FileProblem::NotAFile);
}

#[test]
fn the_error_names_file_and_reason() {
    let problem = FileProblem::Denied;
    let error = ContractError::File { what: "contract", path: "a/\u{1b}seaworthy.toml".into(), problem };
    assert_eq!(
        error.render(false),
        "error: cannot read the contract a/\\x1bseaworthy.toml: permission denied\n"
    );
}
