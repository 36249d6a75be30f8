//! Images of one layer that were once answered wrong: secrets that passed, and what looks like one and failed.

use std::path::Path;

use crate::support::{Cli, Layer, Spec, Tar};

#[test]
fn every_case_has_the_right_answer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/secret-cases");
    let expected = std::fs::read_to_string(root.join("expected.txt")).unwrap();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for line in expected.lines().filter(|l| !l.starts_with('#')) {
        let (name, wanted) = line.split_once(": ").unwrap();
        let folder = root.join(name);
        let mut tar = Tar::new();
        for entry in walkdir::WalkDir::new(&folder).sort_by_file_name() {
            let entry = entry.unwrap();
            if entry.file_type().is_file() {
                let path = entry.path().strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
                tar = tar.file(&path, std::fs::read(entry.path()).unwrap());
            }
        }
        let cli = Cli::new();
        cli.write("image.tar", Spec::new([Layer::from(tar)]).docker_archive(&["case:1"]));
        let answer = cli.run(&["image", "image.tar", "--report", "json"]);
        let code = if wanted == "fail" { 1 } else { 0 };
        if answer.code != code {
            wrong.push(format!("{name}: exit code {} and not {code}: {}", answer.code, answer.stdout));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 40, "{count} cases");
}
