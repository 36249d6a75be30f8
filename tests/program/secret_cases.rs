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
        let directory = root.join(name);
        let mut tar = Tar::new();
        for entry in walkdir::WalkDir::new(&directory).sort_by_file_name() {
            let entry = entry.unwrap();
            if entry.file_type().is_file() {
                let path = entry.path().strip_prefix(&directory).unwrap().to_str().unwrap().to_owned();
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

#[test]
fn names_links_and_attributes_are_texts() {
    let token = format!("npm_{}", "b2fks6VoTh8WsLvncby8Vueaq3GfPF38BEEn");
    let url = format!("https://x:{token}@registry.harbour.internal/");
    let tars = [
        ("a name", Tar::new().file(&format!("srv/{token}.txt"), "nothing")),
        ("a directory", Tar::new().dir(&format!("srv/{token}"))),
        ("a link's target", Tar::new().symlink("srv/a", &url)),
        ("a long name", Tar::new().gnu_long(&format!("srv/{}/{token}", "a".repeat(120)), "nothing")),
        (
            "an attribute",
            Tar::new().pax(&[("SCHILY.xattr.user.note", token.as_bytes())], "srv/a.txt", "nothing"),
        ),
    ];
    for (what, tar) in tars {
        let cli = Cli::new();
        cli.write("image.tar", Spec::new([Layer::from(tar)]).docker_archive(&["case:1"]));
        let answer = cli.run(&["image", "image.tar", "--report", "json"]);
        assert_eq!(answer.code, 1, "{what}: {}", answer.stdout);
        assert!(answer.stdout.contains("npm-token"), "{what}: {}", answer.stdout);
        assert!(!answer.stdout.contains(&token), "{what} is shown: {}", answer.stdout);
    }
}

#[test]
fn what_packages_vouch_for_is_no_failure_and_is_counted() {
    let code = "password = \"q7TzKm2Rk9vLpX04\"\n";
    // What `md5sum` prints for it.
    let sum = "75159558951677c687e1ac95a61f6c67";
    let list = |path: &str| format!("{sum}  {path}\n");
    let image = |path: &str, content: &str, listed: &str| {
        let cli = Cli::new();
        let tar = Tar::new().file("var/lib/dpkg/info/x.md5sums", list(listed)).file(path, content);
        cli.write("image.tar", Spec::new([Layer::from(tar)]).docker_archive(&["case:1"]));
        cli.run(&["image", "image.tar", "--report", "json"])
    };
    let own = image("usr/lib/x/a.conf", code, "usr/lib/y/a.conf");
    assert_eq!(own.code, 1, "{}", own.stdout);
    let packaged = image("usr/lib/x/a.conf", code, "usr/lib/x/a.conf");
    assert_eq!(packaged.code, 0, "{}", packaged.stdout);
    assert!(packaged.stdout.contains("\"severity\": \"low\""), "{}", packaged.stdout);
    let example = image("usr/share/doc/x/a.conf", code, "usr/share/doc/x/a.conf");
    assert!(example.stdout.contains("\"examples_held_back\": 1"), "{}", example.stdout);
    let changed = image("usr/lib/x/a.conf", &format!("{code}\n"), "usr/lib/x/a.conf");
    assert_eq!(changed.code, 1, "{}", changed.stdout);
    // A vendor's token stands under every list.
    let token = format!("npm_{}\n", "b2fks6VoTh8WsLvncby8Vueaq3GfPF38BEEn");
    let vendor = image("usr/lib/x/a.conf", &token, "usr/lib/x/a.conf");
    assert_eq!(vendor.code, 1, "{}", vendor.stdout);
}
