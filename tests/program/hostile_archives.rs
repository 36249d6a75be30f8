//! Archives of images that hold more than images, or ask for more than an archive may: nothing in silence, within bounds.

use std::fs::File;
use std::io::Write as _;
use std::process::Command;

use serde_json::Value;

use crate::support::{Blobs, Cli, GITHUB, Spec, Tar, findings, gzip, hex, inspect, zstd_bytes};

fn secret() -> String {
    format!("token = {GITHUB}\n")
}

fn clean() -> Spec {
    Spec::new([Tar::new().file("etc/motd", "welcome\n").into()])
}

/// Where SW302 found the token, and nothing else found anything.
fn found(report: &Value) -> Vec<String> {
    let place = |f: &Value| {
        assert_eq!(f["check"], "SW302", "{report:#}");
        let message = f["message"].as_str().unwrap();
        assert!(message.contains("that no manifest refers to"), "{message}");
        f["origin"]["path"].as_str().unwrap().to_owned()
    };
    findings(report).iter().map(place).collect()
}

fn reasons(report: &Value) -> String {
    let all = report["not_checked"].as_array().unwrap().iter();
    all.map(|n| format!("{}: {}\n", n["what"].as_str().unwrap(), n["reason"].as_str().unwrap())).collect()
}

/// An archive as it is, and compressed.
fn in_all_forms(tar: &[u8]) -> [Vec<u8>; 3] {
    [tar.to_vec(), gzip(tar), zstd_bytes(tar)]
}

#[test]
fn a_member_that_no_manifest_reaches_is_examined() {
    let inner = Tar::new().file("deep/notes.txt", secret()).done();
    let members = [
        ("notes.txt", secret().into_bytes(), "notes.txt"),
        ("stray/layer.tar", inner.clone(), "stray/layer.tar!/deep/notes.txt"),
        ("stray.tar.gz", gzip(&inner), "deep/notes.txt"),
        ("0/json", format!("{{\"note\": \"{}\"}}", secret().trim()).into_bytes(), "0/json"),
    ];
    for (member, content, place) in members {
        let classic = Tar::new().file(member, &content).done();
        // Before the others: without the zeros at its end.
        let classic = [&classic[..classic.len() - 1024], &clean().docker_archive(&["app:1"])].concat();
        let oci = clean().layout("1").tar().file(member, &content).done();
        for tar in [classic, oci] {
            for archive in in_all_forms(&tar) {
                let (code, report) = inspect(archive);
                let places = found(&report);
                assert_eq!((code, places.len()), (1, 1), "{member}: {report:#}");
                assert!(report["findings"].to_string().contains(place), "{member}: {report:#}");
                assert_eq!(reasons(&report), "", "{member}");
            }
        }
    }
}

#[test]
fn a_blob_that_no_manifest_reaches_is_examined() {
    let mut blobs = clean().layout("1");
    blobs.blob("application/octet-stream", secret());
    let member = format!("blobs/sha256/{}", hex(secret().as_bytes()));
    let cli = Cli::new();
    blobs.write(&cli.path("layout"));
    let (code, report) = cli.image("oci:layout");
    assert_eq!((code, found(&report)), (1, vec![member.clone()]));
    for archive in in_all_forms(&blobs.tar().done()) {
        let (code, report) = inspect(archive);
        assert_eq!((code, found(&report)), (1, vec![member.clone()]));
    }
    // A file of a kind that is made to hold secrets.
    std::fs::create_dir_all(cli.path("layout/home/.ssh")).unwrap();
    cli.write("layout/home/.ssh/id_rsa", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    let (_, report) = cli.image("oci:layout");
    assert!(findings(&report).iter().any(|f| f["check"] == "SW308"), "{report:#}");
    // A link is not followed.
    std::os::unix::fs::symlink("/etc/passwd", cli.path("layout/link")).unwrap();
    assert!(reasons(&cli.image("oci:layout").1).contains("link: it is a link or no regular file"));
}

/// Images that were not asked for are not examined, and are no strays either.
#[test]
fn what_was_not_asked_for_is_reached() {
    let other = Spec::new([Tar::new().file("app/x", secret()).into()]);
    let tar = crate::support::docker_archive(&[(&clean(), &["app:1"]), (&other, &["app:2"])]);
    let cli = Cli::new();
    for archive in in_all_forms(&tar) {
        cli.write("image.tar", archive);
        let (code, report) = cli.image("docker-archive:image.tar:app:1");
        assert_eq!((code, findings(&report).len()), (0, 0), "{report:#}");
        assert_eq!(cli.image("docker-archive:image.tar:app:2").0, 1);
    }
    let mut blobs = Blobs::default();
    for (spec, tag) in [(clean(), "1"), (other, "2")] {
        let image = blobs.image(&spec);
        blobs.root(image, tag);
    }
    blobs.write(&cli.path("layout"));
    assert_eq!(cli.image("oci:layout:1").0, 0);
    assert_eq!(cli.image("oci:layout:2").0, 1);
}

#[test]
fn what_follows_an_archive_is_examined_and_told() {
    let archive = clean().docker_archive(&["app:1"]);
    let second = Tar::new().file("notes.txt", secret()).done();
    for tail in [secret().into_bytes(), second] {
        for archive in in_all_forms(&[archive.clone(), tail].concat()) {
            let (code, report) = inspect(archive);
            let places = found(&report);
            assert_eq!((code, places.len()), (1, 1), "{report:#}");
            assert!(places[0].starts_with("(after the end of the archive)"), "{places:?}");
            assert!(reasons(&report).contains("readers that go on there would see other members"));
        }
    }
    // Zeros are padding; of tar, that is: no end at all is one, too.
    for archive in [[archive.clone(), vec![0; 20_000]].concat(), archive[..archive.len() - 1024].to_vec()] {
        for archive in in_all_forms(&archive) {
            let (code, report) = inspect(archive);
            assert_eq!((code, reasons(&report).as_str()), (0, ""));
        }
    }
    // Behind the compressed stream.
    let (code, report) = inspect([gzip(&archive), secret().into_bytes()].concat());
    assert_eq!((code, found(&report)), (1, vec!["(beside the compressed content)".to_owned()]));
    assert_eq!(inspect([gzip(&archive), b"garbage".to_vec()].concat()).0, 0);
}

#[test]
fn headers_of_an_archive_are_examined() {
    let archive = clean().docker_archive(&["app:1"]);
    let pax = Tar::new().entry(b'x', b"pax", format!("60 comment={GITHUB}\n").as_bytes()).done();
    for archive in in_all_forms(&[&pax[..pax.len() - 1024], &archive].concat()) {
        let (code, report) = inspect(archive);
        assert_eq!((code, found(&report)), (1, vec!["(headers of the archive)".to_owned()]), "{report:#}");
    }
}

/// Runs with little memory: what it needs beside its program is counted by the system.
fn in_little_memory(cli: &Cli, archive: &str) -> (Option<i32>, String) {
    let mut command = Command::new("sh");
    let binary = env!("CARGO_BIN_EXE_seaworthy");
    command.args(["-c", "ulimit -v 700000; exec \"$0\" image \"$1\" --jobs 1", binary, archive]);
    let output = command.current_dir(cli.dir.path()).env_clear().output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn headers_that_ask_for_gigabytes() {
    let archive = clean().docker_archive(&["app:1"]);
    for kind in [b'L', b'K', b'x', b'g'] {
        let cli = Cli::new();
        let mut file = File::create(cli.path("image.tar")).unwrap();
        file.write_all(&archive[..archive.len() - 1024]).unwrap();
        file.write_all(&Tar::header(kind, b"long", b"", 3 << 30)).unwrap();
        file.set_len(3 << 30).unwrap();
        let (code, text) = in_little_memory(&cli, "image.tar");
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains("an extended header has 3221225472 bytes"), "{text}");
        // As a stream, where nothing can be passed over.
        let long = [&archive[..archive.len() - 1024], &Tar::header(kind, b"long", b"", 3 << 30)[..]].concat();
        cli.write("image.tar.gz", gzip(&[long, vec![0; 4 << 20]].concat()));
        let (code, text) = in_little_memory(&cli, "image.tar.gz");
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains("an extended header has 3221225472 bytes"), "{text}");
    }
}

#[test]
fn members_without_number() {
    let archive = clean().docker_archive(&["app:1"]);
    let mut many = archive[..archive.len() - 1024].to_vec();
    for n in 0..400_000 {
        many.extend(Tar::header(b'0', format!("m/{n}").as_bytes(), b"", 0));
    }
    let cli = Cli::new();
    cli.write("image.tar", &many).write("image.tar.gz", gzip(&many));
    for file in ["image.tar", "image.tar.gz"] {
        let (code, text) = in_little_memory(&cli, file);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains("it has more than the limit of 200000"), "{text}");
    }
}

#[test]
fn a_stream_that_unpacks_to_too_much() {
    let tar = clean().layout("1").tar().file("zeros", vec![0; 64 << 20]).done();
    let (code, report) = inspect(gzip(&tar));
    assert_eq!(code, 2);
    assert!(reasons(&report).contains("it unpacks to more than 200 times its size"), "{}", reasons(&report));
    // Without compression there is nothing that it claims of itself.
    assert_eq!(inspect(&tar).0, 0);
    // The limit of all layers is that of what a stream gives, too.
    let cli = Cli::new();
    let noise: Vec<u8> =
        (0..1_000_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    cli.write("image.tar.gz", gzip(&clean().layout("1").tar().file("noise", noise).done()));
    cli.write("seaworthy.toml", "version = 1\n[limits]\nmax_total_bytes = 1000000\n");
    let (code, report) = cli.image("image.tar.gz");
    assert_eq!(code, 2);
    assert!(reasons(&report).contains("larger than the limit of 1000000 bytes"), "{}", reasons(&report));
}

/// A sparse file of terabytes in a build context.
#[test]
fn a_file_of_a_context_has_a_limit() {
    let cli = Cli::new();
    cli.write("app/Dockerfile", "FROM scratch\nCOPY . /app\n");
    cli.write("seaworthy.toml", "version = 1\n[limits]\nmax_context_file_bytes = 3000000\n");
    cli.write("app/big", secret());
    File::options().append(true).open(cli.path("app/big")).unwrap().set_len(8 << 40).unwrap();
    let answer = cli.run(&["context", "app", "--contract", "seaworthy.toml", "--report", "json"]);
    let report = answer.json();
    assert!(reasons(&report).contains("it is larger than the limit of 3000000 bytes"), "{report:#}");
    // What stands before the limit is examined.
    assert!(findings(&report).iter().any(|f| f["origin"]["path"] == "big"), "{report:#}");
    cli.write("app/big", vec![b'a'; 3_000_000]);
    let answer = cli.run(&["context", "app", "--contract", "seaworthy.toml", "--report", "json"]);
    assert_eq!(reasons(&answer.json()), "");
}
