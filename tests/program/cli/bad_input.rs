//! Input that is damaged, hostile, or not there: every case ends as a finding, an not checked entry or a clear error,
//! and never hides what else there is to see.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    Blobs, CONFIG, Cli, GITHUB, Http, IMAGE_TAR_GZIP, IMAGE_TAR_ZSTD, INDEX, Layer, MANIFEST, Packing, Reply,
    SLACK, Spec, Tar, digest, docker_archive, findings, gzip, hex, ids, inspect, paths_of, zstd_bytes,
};

/// A layer with a secret, to see that it is still looked at.
fn planted() -> Layer {
    Tar::new().file("app/planted.txt", format!("token = {GITHUB}\n")).into()
}

fn plain() -> Layer {
    Tar::new().file("etc/motd", "welcome\n").into()
}

/// Reasons and names of all items that were not checked.
fn not_checked(report: &Value) -> String {
    let all = report["not_checked"].as_array().unwrap();
    all.iter()
        .map(|u| format!("{}: {}\n", u["what"].as_str().unwrap(), u["reason"].as_str().unwrap()))
        .collect()
}

/// What SW309 found.
fn mismatches(report: &Value) -> Vec<&str> {
    findings(report)
        .iter()
        .filter(|f| f["check"] == "SW309")
        .map(|f| f["message"].as_str().unwrap())
        .collect()
}

#[track_caller]
fn assert_planted(report: &Value) {
    let paths = paths_of(report, "SW301");
    assert!(paths.contains(&"app/planted.txt"), "the other layer was not examined: {report:#}");
}

#[track_caller]
fn assert_not_checked(report: &Value, words: &[&str]) {
    let text = not_checked(report);
    for word in words {
        assert!(text.contains(word), "no {word:?} in {text}");
    }
}

/// Inspects a layout in a directory.
#[track_caller]
fn layout(blobs: &Blobs) -> (i32, Value) {
    let cli = Cli::new();
    blobs.write(&cli.path("layout"));
    cli.image("oci:layout")
}

#[test]
fn a_truncated_archive() {
    let big = Layer::from(Tar::new().file("big", vec![b'x'; 100_000]));
    let whole = docker_archive(&[(&Spec::new([planted(), big.clone()]), &["app:1"])]);
    // Cut within the second layer, before the list of images: nothing says what is what.
    let cli = Cli::new();
    cli.write("cut.tar", &whole[..50_000]);
    cli.run(&["image", "cut.tar"]).error(&["cut.tar", "cut off inside", "manifest.json"]);
    // The list first, as some writers have it: the planted layer is whole.
    let spec = Spec::new([planted(), big]);
    let config = spec.config_value().to_string();
    let list =
        json!([{ "Config": "c.json", "RepoTags": ["app:1"], "Layers": ["a/layer.tar", "b/layer.tar"] }]);
    let tar = Tar::new().file("manifest.json", list.to_string()).file("c.json", &config);
    let tar = tar.file("a/layer.tar", &spec.layers[0].tar).file("b/layer.tar", &spec.layers[1].tar).done();
    for (bytes, name) in [(tar[..60_000].to_vec(), "plain"), (gzip(&tar)[..].to_vec(), "gzip")] {
        let bytes = if name == "gzip" { bytes[..bytes.len() - 40].to_vec() } else { bytes };
        let (code, report) = inspect(bytes);
        assert_eq!(code, 1, "{name}");
        assert_planted(&report);
        assert!(
            not_checked(&report).contains("cut off") || not_checked(&report).contains("damaged"),
            "{report:#}"
        );
    }
    let (code, report) = inspect(gzip(&tar[..60_000]));
    assert_eq!(code, 1);
    assert_planted(&report);
    assert_not_checked(&report, &["cut off"]);
}

#[test]
fn a_wrong_manifest_digest() {
    let mut blobs = Spec::new([planted()]).layout("1");
    let root = blobs.roots[0].clone();
    let mut manifest = blobs.get(&root);
    manifest["annotations"] = json!({ "changed": "later" });
    blobs.damage(&root, manifest.to_string());
    let (code, report) = layout(&blobs);
    assert_eq!(code, 1);
    let found = mismatches(&report);
    assert!(found.iter().any(|m| m.starts_with("manifest digest differs")), "{found:?}");
    assert!(found.iter().any(|m| m.starts_with("manifest size in bytes differs")), "{found:?}");
    assert_planted(&report);
}

#[test]
fn a_wrong_config_digest() {
    let mut blobs = Spec::new([planted()]).layout("1");
    let config = blobs.get(&blobs.roots[0])["config"].clone();
    let mut changed = blobs.get(&config);
    changed["author"] = "someone else".into();
    blobs.damage(&config, changed.to_string());
    let (code, report) = layout(&blobs);
    assert_eq!(code, 1);
    assert!(mismatches(&report).iter().any(|m| m.starts_with("config digest differs")), "{report:#}");
    assert_planted(&report);
    // The classic archive names the config by its digest, too.
    let spec = Spec::new([planted()]);
    let name = format!("{}.json", hex(b"another config"));
    let list = json!([{ "Config": name, "RepoTags": [], "Layers": ["l.tar"] }]);
    let tar = Tar::new().file(&name, spec.config_value().to_string()).file("l.tar", &spec.layers[0].tar);
    let (code, report) = inspect(tar.file("manifest.json", list.to_string()).done());
    assert_eq!((code, mismatches(&report).len()), (1, 1));
    assert_planted(&report);
}

#[test]
fn a_wrong_blob_digest() {
    for packing in [Packing::Plain, Packing::Gzip, Packing::Zstd] {
        let mut blobs = Spec::new([planted(), plain().packed(packing)]).layout("1");
        let layer = blobs.get(&blobs.roots[0])["layers"][1].clone();
        blobs.damage(&layer, packing.pack(&Tar::new().file("etc/motd", "changed\n").done()));
        let (code, report) = layout(&blobs);
        assert_eq!(code, 1);
        let found = mismatches(&report);
        assert!(found.iter().any(|m| m.starts_with("layer digest differs")), "{packing:?}: {found:?}");
        assert!(found.iter().any(|m| m.starts_with("diff ID")), "{packing:?}: {found:?}");
        assert_planted(&report);
    }
}

#[test]
fn a_wrong_diff_id() {
    let spec = Spec::new([planted(), plain().packed(Packing::Gzip)]);
    let mut config = spec.config_value();
    config["rootfs"]["diff_ids"][1] = digest(b"another layer").into();
    let mut blobs = Blobs::default();
    let descriptor = blobs.json(CONFIG, &config);
    let image = blobs.image_with(&spec, &descriptor);
    blobs.root(image, "1");
    let (code, report) = layout(&blobs);
    let found = mismatches(&report);
    assert_eq!((code, found.len()), (1, 1), "{found:?}");
    assert!(found[0].starts_with("diff ID (digest of the unpacked layer) differs"), "{found:?}");
    assert_planted(&report);
}

#[test]
fn a_missing_blob() {
    for what in ["layer", "config", "manifest"] {
        let mut blobs = Blobs::default();
        let other = blobs.image(&Spec::new([planted()]));
        let spec =
            Spec { architecture: "arm64".into(), ..Spec::new([plain(), Tar::new().file("x", "y").into()]) };
        let image = blobs.image(&spec);
        let index = blobs.index(&[image.clone(), other]);
        blobs.root(index, "1");
        let manifest = blobs.get(&image);
        blobs.remove(match what {
            "layer" => &manifest["layers"][1],
            "config" => &manifest["config"],
            _ => &image,
        });
        let (code, report) = layout(&blobs);
        assert_eq!(code, 1);
        assert_planted(&report);
        assert_not_checked(&report, &[&format!("{what}: it is missing")]);
        if what == "layer" {
            assert_eq!(report["coverage"]["layers_not_seen"], 1);
        }
    }
    // Without a finding elsewhere the verdict stays open.
    let mut blobs = Spec::new([plain()]).layout("1");
    let layer = blobs.get(&blobs.roots[0])["layers"][0].clone();
    blobs.remove(&layer);
    let (code, report) = layout(&blobs);
    assert_eq!((code, report["verdict"].as_str()), (2, Some("incomplete")));
}

#[test]
fn a_layer_that_is_not_what_its_media_type_says() {
    let bzip2 = b"BZh91AY&SY not really".to_vec();
    let cases: [(Layer, &str); 5] = [
        (plain().typed(IMAGE_TAR_GZIP), "it promises gzip, the bytes are plain tar"),
        (plain().packed(Packing::Gzip).typed(IMAGE_TAR_ZSTD), "it promises zstd, the bytes are gzip"),
        (plain().stored(br#"{"not": "a tar"}"#.to_vec()), "it is no tar"),
        (plain().stored(bzip2).typed(IMAGE_TAR_GZIP), "bzip2, which is not read"),
        (plain().stored(gzip(b"")[..9].to_vec()).typed(IMAGE_TAR_GZIP), "it cannot be read after 0 bytes"),
    ];
    for (layer, reason) in cases {
        let (code, report) = layout(&Spec::new([layer, planted()]).layout("1"));
        assert_eq!(code, 1, "{reason}");
        assert_planted(&report);
        assert_not_checked(&report, &[reason]);
    }
    // What is no tar is searched all the same.
    let raw = plain().stored(format!("{} {GITHUB} {}", "x".repeat(600), "y".repeat(600)).into_bytes());
    let (code, report) = layout(&Spec::new([raw]).layout("1"));
    assert_eq!(code, 1);
    assert_eq!(ids(&report), ["SW302", "SW309"], "{report:#}");
}

#[test]
fn an_unknown_foreign_or_encrypted_media_type() {
    let cases = [
        ("application/vnd.example.layer.v9", "is not known"),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "lives elsewhere"),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar", "lives elsewhere"),
        ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "it is encrypted"),
    ];
    for (media_type, reason) in cases {
        let mut blobs = Spec::new([plain().typed(media_type), planted()]).layout("1");
        let (code, report) = layout(&blobs);
        assert_eq!(code, 1, "{media_type}");
        assert_planted(&report);
        assert_not_checked(&report, &[reason]);
        // A foreign layer's bytes are mostly not there, and its `urls` are not followed.
        let manifest = blobs.get(&blobs.roots[0]);
        blobs.remove(&manifest["layers"][0]);
        let (code, report) = layout(&blobs);
        assert_eq!(code, 1);
        assert_planted(&report);
        assert!(!not_checked(&report).is_empty());
    }
    let (code, report) = layout(&Spec::new([plain().typed("application/x+encrypted")]).layout("1"));
    assert_eq!((code, report["coverage"]["layers_not_seen"].as_u64()), (2, Some(1)), "{report:#}");
}

#[test]
fn a_gzip_bomb_and_a_zstd_bomb() {
    let zeros = Tar::new().file("zeros", vec![0u8; 64 << 20]).done();
    for (packing, bomb) in [(Packing::Gzip, gzip(&zeros)), (Packing::Zstd, zstd_bytes(&zeros))] {
        assert!(bomb.len() < 1 << 20);
        let layer = Layer::from(zeros.clone()).packed(packing).stored(bomb);
        for limit in ["max_layer_bytes", "max_total_bytes"] {
            let cli = Cli::new();
            cli.write("seaworthy.toml", format!("version = 1\n[limits]\n{limit} = 4_000_000\n"));
            let layers =
                if limit == "max_layer_bytes" { vec![layer.clone(), planted()] } else { vec![layer.clone()] };
            Spec::new(layers).layout("1").write(&cli.path("layout"));
            let (code, report) = cli.image("oci:layout");
            assert_not_checked(&report, &["larger than the limit of 4000000 bytes; the rest was not read"]);
            assert!(report["coverage"]["bytes"].as_u64().unwrap() < 10_000_000, "{report:#}");
            if limit == "max_layer_bytes" {
                assert_eq!(code, 1);
                assert_planted(&report);
            } else {
                assert_eq!(code, 2);
            }
            // It was not read to its end, so its content's digest proves nothing.
            assert!(mismatches(&report).is_empty(), "{report:#}");
        }
    }
}

#[test]
fn a_ratio_that_no_real_layer_has() {
    use seaworthy_image::Limits;
    use seaworthy_image::layer::{LayerStream, Overlap};
    let zeros = Tar::new().file("zeros", vec![0u8; 64 << 20]).done();
    for bomb in [gzip(&zeros), zstd_bytes(&zeros)] {
        let limits = Limits { ratio_after_bytes: 4 << 20, ..Limits::default() };
        let mut stream = LayerStream::new(Box::new(&bomb[..]), None, Overlap::default(), &limits);
        while stream.next(Vec::new()).is_some() {}
        let summary = stream.finish();
        assert!(!summary.whole && summary.unpacked_bytes < 40 << 20, "{}", summary.unpacked_bytes);
        let reasons: Vec<&str> = summary.missed.iter().map(|(_, reason)| reason.as_str()).collect();
        assert!(reasons.iter().any(|r| r.contains("more than 200 times its size")), "{reasons:?}");
    }
}

#[test]
fn a_million_entries() {
    const COUNT: u64 = 1_000_000;
    let mut tar = Vec::with_capacity(usize::try_from(COUNT).unwrap() * 512 + 4096);
    let mut block = Tar::header(b'0', b"many/0000000", b"", 0);
    let sum_of = |b: &[u8; 512]| -> u32 {
        b.iter().enumerate().map(|(i, b)| if (148..156).contains(&i) { 32 } else { u32::from(*b) }).sum()
    };
    let zero_sum = sum_of(&block);
    for n in 0..COUNT {
        let digits = format!("{n:07}");
        block[5..12].copy_from_slice(digits.as_bytes());
        let sum = zero_sum + digits.bytes().map(|d| u32::from(d - b'0')).sum::<u32>();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        tar.extend_from_slice(&block);
    }
    tar.extend_from_slice(&Tar::new().file("last/planted.txt", GITHUB).done());
    let stored = zstd_bytes(&tar);
    let layer = Layer::from(tar).packed(Packing::Zstd).stored(stored);
    let cli = Cli::new();
    Spec::new([layer]).layout("1").write(&cli.path("layout"));
    let answer = cli.run(&["image", "oci:layout", "--report", "json"]);
    let report = answer.json();
    assert_eq!((answer.code, report["coverage"]["files"].as_u64()), (1, Some(COUNT + 1)));
    assert_eq!(paths_of(&report, "SW301"), ["last/planted.txt"]);
    assert!(answer.time < Duration::from_secs(120), "{:?}", answer.time);
    // Over the limit they are searched without their names, and that is said.
    cli.write("seaworthy.toml", "version = 1\n[limits]\nmax_entries_per_layer = 1000\n");
    let (code, report) = cli.image("oci:layout");
    assert_eq!(code, 1);
    assert_not_checked(&report, &["more than 1000 entries"]);
    assert_eq!(ids(&report), ["SW302"]);
}

#[test]
fn a_pax_header_of_one_gibibyte() {
    let gibibyte = 1u64 << 30;
    let header = Tar::header(b'x', b"PaxHeaders/0", b"", gibibyte);
    // The bytes are all there, and take next to nothing when stored.
    let start = header.to_vec();
    let end = Tar::new().file("after.txt", "x").done();
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    let mut hasher = <sha2::Sha256 as sha2::Digest>::new();
    let zeros = vec![0u8; 1 << 20];
    let pieces = std::iter::once(&start).chain(std::iter::repeat_n(&zeros, 1 << 10)).chain([&end]);
    for piece in pieces {
        std::io::Write::write_all(&mut encoder, piece).unwrap();
        sha2::Digest::update(&mut hasher, piece);
    }
    let stored = encoder.finish().unwrap();
    assert!(stored.len() < 1 << 20);
    let layer = Layer::from(Vec::new()).packed(Packing::Zstd).stored(stored);
    let spec = Spec::new([layer, planted()]);
    let mut config = spec.config_value();
    let hash = sha2::Digest::finalize(hasher);
    config["rootfs"]["diff_ids"][0] =
        format!("sha256:{}", hash.iter().map(|b| format!("{b:02x}")).collect::<String>()).into();
    let mut blobs = Blobs::default();
    let descriptor = blobs.json(CONFIG, &config);
    let image = blobs.image_with(&spec, &descriptor);
    blobs.root(image, "1");
    let cli = Cli::new();
    blobs.write(&cli.path("layout"));
    // With an address space smaller than the header: it cannot be held, so it is not.
    let (code, report) = in_little_memory(&cli);
    assert_eq!(code, Some(1));
    assert_not_checked(
        &report,
        &["an extended header of 1073741824 bytes", "over the limit of 1048576 bytes"],
    );
    assert_planted(&report);
    // A header that only claims it.
    let liar = Layer::from(Tar::new().raw(&header).raw(b"short").open_end());
    let (code, report) = layout(&Spec::new([liar, planted()]).layout("1"));
    assert_eq!(code, 1);
    assert_not_checked(&report, &["an extended header of 1073741824 bytes", "cut off"]);
    assert_planted(&report);
}

#[test]
fn names_that_lead_out_and_absolute_names() {
    let tar = Tar::new()
        .file("../../../etc/cron.d/planted", GITHUB)
        .file("/abs/planted", GITHUB)
        .file("a/../../b/planted", GITHUB);
    let cli = Cli::new();
    cli.write("image.tar", Spec::new([tar.into()]).docker_archive(&["app:1"]));
    let (code, report) = cli.image("image.tar");
    assert_eq!(code, 1);
    let mut paths = paths_of(&report, "SW301");
    paths.sort_unstable();
    assert_eq!(paths, ["abs/planted", "b/planted", "etc/cron.d/planted"]);
    assert_not_checked(&report, &["../../../etc/cron.d/planted: its name leads out of its directory"]);
    assert!(!not_checked(&report).contains("abs/planted"), "an absolute name is ordinary");
    // Nothing is unpacked, here or elsewhere.
    assert_eq!(std::fs::read_dir(cli.dir.path()).unwrap().count(), 1);
}

#[test]
fn names_that_are_not_utf8() {
    let tar = Tar::new()
        .file_bytes(b"app/caf\xe9.txt", GITHUB)
        .file_bytes(b"app/\x1b[2J\r\nspoof", GITHUB)
        .file("app/\u{202e}txt.exe", GITHUB);
    let image = Spec::new([tar.into()]).docker_archive(&["app:1"]);
    let (code, report) = inspect(&image);
    assert_eq!(code, 1);
    let mut paths = paths_of(&report, "SW301");
    paths.sort_unstable();
    assert_eq!(paths, ["app/\\u{202e}txt.exe", "app/\\x1b[2J\\x0d\\x0aspoof", "app/caf\\xe9.txt"]);
    let cli = Cli::new();
    cli.write("image.tar", image);
    for format in ["text", "sarif", "github", "json"] {
        let answer = cli.run(&["image", "image.tar", "--report", format, "-vv"]);
        assert_eq!(answer.code, 1);
        let bad = answer.stdout.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(bad, None, "{format}");
    }
}

#[test]
fn a_link_loop() {
    // In a layout's directory.
    let cli = Cli::new();
    let blobs = Spec::new([plain(), planted()]).layout("1");
    let dir = blobs.write(&cli.path("layout"));
    let manifest = blobs.get(&blobs.roots[0]);
    let name = manifest["layers"][0]["digest"].as_str().unwrap().replace("sha256:", "blobs/sha256/");
    std::fs::remove_file(dir.join(&name)).unwrap();
    symlink(dir.join(&name), dir.join(&name)).unwrap();
    let (code, report) = cli.image("oci:layout");
    assert_eq!(code, 1);
    assert_planted(&report);
    assert_not_checked(&report, &["layer: "]);
    std::fs::remove_file(dir.join("index.json")).unwrap();
    symlink("index.json", dir.join("index.json")).unwrap();
    cli.run(&["image", "oci:layout"]).error(&["oci:layout", "index.json"]);
    symlink("loop", cli.path("loop")).unwrap();
    for reference in ["loop", "docker-archive:loop", "oci-archive:loop", "oci:loop"] {
        cli.run(&["image", reference]).error(&["loop", "symbolic links"]);
    }
    // Between members of an archive.
    for symbolic in [true, false] {
        let spec = Spec::new([plain(), planted()]);
        let list = json!([{ "Config": "c.json", "RepoTags": [], "Layers": ["a/layer.tar", "b/layer.tar"] }]);
        let tar = Tar::new().file("c.json", spec.config_value().to_string());
        let tar = if symbolic {
            tar.symlink("a/layer.tar", "../a/other.tar").symlink("a/other.tar", "layer.tar")
        } else {
            tar.hard_link("a/layer.tar", "a/other.tar").hard_link("a/other.tar", "a/layer.tar")
        };
        let tar = tar.file("b/layer.tar", &spec.layers[1].tar).file("manifest.json", list.to_string()).done();
        for bytes in [tar.clone(), gzip(&tar)] {
            let (code, report) = inspect(bytes);
            assert_eq!(code, 1);
            assert_planted(&report);
            assert_not_checked(&report, &["layer: "]);
        }
    }
    // In a layer: links have no content, so there is nothing to miss.
    let tar = Tar::new().symlink("a", "b").symlink("b", "a").hard_link("c", "d").hard_link("d", "c");
    let tar = tar.hard_link("self", "self").file("app/planted.txt", GITHUB);
    let (code, report) = inspect(Spec::new([tar.into()]).docker_archive(&["app:1"]));
    assert_eq!((code, ids(&report)), (1, vec!["SW301"]));
}

#[test]
fn no_permission() {
    let cli = Cli::new();
    cli.write("image.tar", Spec::new([planted()]).docker_archive(&["app:1"]));
    let blobs = Spec::new([plain(), planted()]).layout("1");
    let dir = blobs.write(&cli.path("layout"));
    let manifest = blobs.get(&blobs.roots[0]);
    let layer = manifest["layers"][0]["digest"].as_str().unwrap().replace("sha256:", "blobs/sha256/");
    blobs.write(&cli.path("closed"));
    cli.write("closed.toml", "version = 1\n");
    let deny = |name: &str| {
        std::fs::set_permissions(cli.path(name), std::fs::Permissions::from_mode(0o000)).unwrap();
    };
    deny("image.tar");
    deny("closed");
    deny("closed.toml");
    std::fs::set_permissions(dir.join(&layer), std::fs::Permissions::from_mode(0o000)).unwrap();
    std::fs::set_permissions(cli.dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    // To root nothing is closed, so the binary runs as somebody else, from where that user can read it.
    let binary = cli.path("seaworthy");
    std::fs::copy(env!("CARGO_BIN_EXE_seaworthy"), &binary).unwrap();
    let is_root = std::fs::read(cli.path("image.tar")).is_ok();
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(&binary);
        command.args(arguments).current_dir(cli.dir.path()).env_clear().stdin(Stdio::null());
        if is_root {
            command.uid(65534).gid(65534);
        }
        let output = command.output().unwrap();
        let text = |b: Vec<u8>| String::from_utf8(b).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    for (reference, name) in
        [("image.tar", "image.tar"), ("oci-archive:image.tar", "image.tar"), ("closed", "closed")]
    {
        let (code, out, err) = run(&["image", reference]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        assert!(err.contains(name) && err.contains("Permission denied"), "{err}");
    }
    let (code, out, err) = run(&["image", "oci:layout", "--contract", "closed.toml"]);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    assert!(err.contains("closed.toml") && err.contains("ermission denied"), "{err}");
    let (code, out, err) = run(&["image", "oci:layout", "--report", "json"]);
    assert_eq!(code, Some(1), "{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_planted(&report);
    assert_not_checked(&report, &["Permission denied"]);
    let (code, _, err) = run(&["image", "oci:layout", "--report", "json=/root-only/report.json"]);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("/root-only/report.json"), "{err}");
}

#[test]
fn a_directory_that_is_no_image() {
    let cli = Cli::new();
    std::fs::create_dir(cli.path("dir")).unwrap();
    cli.run(&["image", "dir"]).error(&["dir", "neither an index.json", "manifest.json"]);
    cli.run(&["image", "oci:dir"]).error(&["dir", "neither an index.json"]);
    cli.run(&["image", "docker-archive:dir"]).error(&["dir", "is a directory", "oci:DIR"]);
    cli.write("dir/index.json", "{ not json");
    cli.run(&["image", "dir"]).error(&["dir", "index.json", "not valid JSON, line 1 column 3"]);
    cli.write("dir/index.json", "[]");
    cli.run(&["image", "dir"]).error(&["dir", "index.json: it is not a JSON object"]);
    cli.write("dir/index.json", r#"{"schemaVersion":2,"manifests":[]}"#);
    cli.run(&["image", "dir"]).error(&["dir", "lists no image"]);
    cli.run(&["image", "oci:dir:1.0"]).error(&["no image named 1.0"]);
}

#[test]
fn files_that_are_no_image() {
    let cli = Cli::new();
    cli.write("empty", "")
        .write("text.tar", "just some text\n")
        .write("tar.tar", Tar::new().file("a", "b").done());
    cli.write("zeros.tar", [0u8; 10240]).write("bz.tar", b"BZh91AY&SY....");
    cli.write("text.gz", gzip(b"just some text"))
        .write("empty.gz", gzip(b""))
        .write("cut.gz", &gzip(b"x")[..5]);
    cli.run(&["image", "empty"]).error(&["empty", "is empty"]);
    cli.run(&["image", "text.tar"]).error(&["text.tar", "not a tar archive"]);
    cli.run(&["image", "zeros.tar"]).error(&["zeros.tar", "not a tar archive"]);
    cli.run(&["image", "tar.tar"]).error(&["tar.tar", "neither an index.json", "manifest.json"]);
    cli.run(&["image", "bz.tar"]).error(&["bz.tar", "bzip2"]);
    for name in ["text.gz", "empty.gz", "cut.gz"] {
        cli.run(&["image", name]).error(&[name]);
    }
    cli.run(&["image", "no-such.tar"]).error(&["no-such.tar", "no such file", "docker://no-such.tar"]);
    cli.run(&["image", "oci:no-such"]).error(&["no-such", "no such file"]);
}

#[test]
fn pipes_sockets_and_devices() {
    let cli = Cli::new();
    let made = std::process::Command::new("mkfifo").arg(cli.path("fifo")).status().unwrap();
    assert!(made.success());
    let _listener = UnixListener::bind(cli.path("socket")).unwrap();
    for path in ["fifo", "socket", "/dev/zero", "/dev/null"] {
        cli.run(&["image", path]).error(&[path, "neither a file nor a directory"]);
        for transport in ["docker-archive", "oci-archive", "oci"] {
            cli.run(&["image", &format!("{transport}:{path}")]).error(&[path]);
        }
    }
    // In a layout the same kinds stand where a blob should be.
    let blobs = Spec::new([plain(), planted()]).layout("1");
    let dir = blobs.write(&cli.path("layout"));
    let layer = blobs.get(&blobs.roots[0])["layers"][0]["digest"].as_str().unwrap().replace(':', "/");
    let path = dir.join("blobs").join(layer);
    std::fs::remove_file(&path).unwrap();
    std::fs::rename(cli.path("fifo"), &path).unwrap();
    let (code, report) = cli.image("oci:layout");
    assert_eq!(code, 1);
    assert_planted(&report);
    assert_not_checked(&report, &["layer: it is not a regular file"]);
}

#[test]
fn a_damaged_config() {
    let cases: [(&[u8], &str); 4] = [
        (b"", "the JSON ends early"),
        (b"{\"os\": ", "the JSON ends early"),
        (b"[1, 2]", "it is not"),
        (br#"{"history": "none", "rootfs": {"diff_ids": 5}}"#, "a field has the wrong type"),
    ];
    for (bytes, reason) in cases {
        let mut blobs = Blobs::default();
        let config = blobs.blob(CONFIG, bytes);
        let image = blobs.image_with(&Spec::new([planted()]), &config);
        blobs.root(image, "1");
        let (code, report) = layout(&blobs);
        assert_eq!(code, 1);
        assert_planted(&report);
        assert_not_checked(&report, &[reason]);
    }
}

#[test]
fn an_index_without_end() {
    let mut blobs = Blobs::default();
    let image = blobs.image(&Spec::new([planted()]));
    let mut deep = blobs.image(&Spec { architecture: "arm64".into(), ..Spec::new([plain()]) });
    for _ in 0..8 {
        deep = blobs.index(&[deep]);
    }
    let root = blobs.index(&[deep, image]);
    blobs.root(root, "1");
    let (code, report) = layout(&blobs);
    assert_eq!(code, 1);
    assert_planted(&report);
    assert_not_checked(&report, &["indexes are nested more than 4 deep"]);
}

/// Inspects the layout of a directory with an address space of 900 MB.
#[track_caller]
fn in_little_memory(cli: &Cli) -> (Option<i32>, Value) {
    let mut command = std::process::Command::new("sh");
    let binary = env!("CARGO_BIN_EXE_seaworthy");
    command.args(["-c", "ulimit -v 900000; exec \"$0\" image oci:layout --report json", binary]);
    let output = command.current_dir(cli.dir.path()).env_clear().output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {stderr}"));
    (output.status.code(), report)
}

#[test]
fn small_documents_that_ask_for_much() {
    // An index of three megabytes over 300 images, which all hang below it.
    let mut blobs = Blobs::default();
    let images: Vec<Value> = (0..300)
        .map(|n| blobs.image(&Spec { architecture: format!("a{n}"), ..Spec::new([plain()]) }))
        .collect();
    let media_type = json!(INDEX);
    let note = format!("{GITHUB} {}", "x ".repeat(1_500_000));
    let index = json!({ "schemaVersion": 2, "mediaType": media_type, "manifests": images, "annotations": { "n": note } });
    let index = blobs.json(INDEX, &index);
    blobs.root(index, "1");
    let cli = Cli::new();
    blobs.write(&cli.path("layout"));
    let start = std::time::Instant::now();
    let (code, report) = in_little_memory(&cli);
    assert_eq!((code, findings(&report).len()), (Some(1), 1));
    assert_eq!(report["artifacts"].as_array().unwrap().len(), 300);
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    // One attestation, listed ten thousand times.
    let mut blobs = Blobs::default();
    let image = blobs.image(&Spec::new([planted()]));
    let statement = json!({ "note": SLACK, "filler": "x ".repeat(500_000) });
    let mut attestation = blobs.attestation(&image, &statement);
    let mut manifest = blobs.get(&attestation);
    let layer = manifest["layers"][0].clone();
    manifest["layers"] = vec![layer; 10_000].into();
    let changed = blobs.json(MANIFEST, &manifest);
    attestation["digest"] = changed["digest"].clone();
    attestation["size"] = changed["size"].clone();
    let index = blobs.index(&[image.clone(), attestation]);
    blobs.root(index, "1");
    let cli = Cli::new();
    blobs.write(&cli.path("layout"));
    let (code, report) = in_little_memory(&cli);
    assert_eq!((code, ids(&report)), (Some(1), vec!["SW301", "SW307"]));
    assert_eq!(findings(&report).len(), 2);
    // A list of images that are all the same one.
    let spec = Spec::new([planted()]);
    let entry = json!({ "Config": "c.json", "RepoTags": [], "Layers": ["l.tar"] });
    let tar = Tar::new().file("manifest.json", Value::from(vec![entry; 20_000]).to_string());
    let tar = tar.file("c.json", spec.config_value().to_string()).file("l.tar", &spec.layers[0].tar).done();
    let (code, report) = inspect(tar);
    assert_eq!((code, ids(&report)), (1, vec!["SW301"]));
    assert_not_checked(&report, &["it lists more than 512 images"]);
}

/// A registry with one image, which misbehaves as told by path and kind.
fn registry(spec: &Spec, misbehave: impl Fn(&str) -> Option<Reply> + Send + Sync + 'static) -> Http {
    let mut blobs = Blobs::default();
    let image = blobs.image(spec);
    let tag = image["digest"].as_str().unwrap().to_owned();
    Http::start(move |path| {
        if let Some(reply) = misbehave(path) {
            return reply;
        }
        let wanted = path.rsplit('/').next().unwrap();
        let wanted = if wanted == "1" { &tag } else { wanted };
        match blobs.blobs.get(wanted.trim_start_matches("sha256:")) {
            Some(bytes) if path.contains("/manifests/") => Reply::Answer(200, MANIFEST.into(), bytes.clone()),
            Some(bytes) if path.contains("/blobs/") => {
                Reply::Answer(200, "application/octet-stream".into(), bytes.clone())
            }
            _ if path.contains("/referrers/") => {
                let none = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [] });
                Reply::Answer(200, INDEX.into(), none.to_string().into_bytes())
            }
            _ if path == "/v2/" => Reply::Answer(200, "application/json".into(), b"{}".to_vec()),
            _ => Reply::Answer(404, "application/json".into(), b"{}".to_vec()),
        }
    })
}

fn two_layers() -> Spec {
    Spec::new([plain(), planted()])
}

/// Whether a request is for the first layer, the one without the secret.
fn is_first_layer(path: &str) -> bool {
    path.ends_with(&digest(&plain().bytes()))
}

fn pull(http: &Http) -> (Cli, String) {
    let cli = Cli::new();
    cli.write("seaworthy.toml", "version = 1\n[limits]\nregistry_timeout_seconds = 1\n");
    (cli, format!("docker://{}/team/app:1", http.address))
}

#[test]
fn a_registry_that_behaves() {
    let http = registry(&two_layers(), |_| None);
    let (cli, reference) = pull(&http);
    let (code, report) = cli.image(&reference);
    assert_eq!(code, 1);
    assert_planted(&report);
    assert_eq!(not_checked(&report), "");
}

#[test]
fn a_registry_that_lies_about_digests() {
    // The header names another manifest than the body is.
    let spec = two_layers();
    let mut blobs = Blobs::default();
    let image = blobs.image(&spec);
    let bytes = blobs.blobs[image["digest"].as_str().unwrap().trim_start_matches("sha256:")].clone();
    let http = registry(&spec, move |path| {
        path.ends_with("/manifests/1")
            .then(|| Reply::With(200, ("Docker-Content-Digest", digest(b"another manifest")), bytes.clone()))
    });
    let (cli, reference) = pull(&http);
    let (code, report) = cli.image(&reference);
    assert_eq!((code, mismatches(&report).len()), (1, 1), "{report:#}");
    assert_planted(&report);
    // A layer's bytes are others than its digest says.
    let other = Tar::new().file("etc/motd", "changed\n").done();
    let http = registry(&two_layers(), move |path| {
        is_first_layer(path).then(|| Reply::Answer(200, "application/octet-stream".into(), other.clone()))
    });
    let (cli, reference) = pull(&http);
    let (code, report) = cli.image(&reference);
    assert_eq!(code, 1);
    assert!(mismatches(&report).iter().any(|m| m.starts_with("layer digest differs")), "{report:#}");
    assert_planted(&report);
    // A manifest asked for by digest is another one.
    let http = registry(&two_layers(), |path| {
        let lie = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": {}, "layers": [] });
        path.contains("/manifests/sha256:")
            .then(|| Reply::Answer(200, MANIFEST.into(), lie.to_string().into()))
    });
    let (cli, _) = pull(&http);
    let reference = format!("docker://{}/team/app@{}", http.address, digest(b"what was asked for"));
    let (code, report) = cli.image(&reference);
    assert_eq!(code, 1);
    assert!(mismatches(&report).iter().any(|m| m.starts_with("manifest digest differs")), "{report:#}");
}

/// A transfer that breaks off says nothing of the layer.
#[test]
fn a_registry_that_gives_too_little() {
    let http = registry(&two_layers(), move |path| {
        let half = plain().bytes()[..700].to_vec();
        is_first_layer(path).then(|| Reply::Answer(200, "application/octet-stream".into(), half))
    });
    let (cli, reference) = pull(&http);
    let (code, report) = cli.image(&reference);
    assert_eq!(code, 1);
    assert_planted(&report);
    assert!(mismatches(&report).is_empty(), "{report:#}");
    assert_not_checked(&report, &[&format!("the registry gave 700 of {} bytes", plain().bytes().len())]);
    // The same in an archive is what the archive is.
    let mut blobs = two_layers().layout("1");
    let half = plain().bytes()[..700].to_vec();
    blobs.blobs.insert(hex(&plain().bytes()), half);
    let (code, report) = layout(&blobs);
    assert_eq!(code, 1);
    assert!(mismatches(&report).iter().any(|m| m.starts_with("layer size in bytes differs")), "{report:#}");
}

#[test]
fn a_registry_that_calls_a_manifest_something_else() {
    let spec = Spec::new([plain()]);
    let mut blobs = Blobs::default();
    let image = blobs.image(&spec);
    let bytes = blobs.blobs[image["digest"].as_str().unwrap().trim_start_matches("sha256:")].clone();
    for (media_type, contradicts) in [
        ("text/html; charset=utf-8", true),
        ("application/vnd.cncf.helm.config.v1+json", true),
        ("application/json", false),
        ("application/octet-stream", false),
        ("", false),
        (MANIFEST, false),
    ] {
        let bytes = bytes.clone();
        let http = registry(&spec, move |path| {
            path.ends_with("/manifests/1").then(|| Reply::Answer(200, media_type.into(), bytes.clone()))
        });
        let (cli, reference) = pull(&http);
        let (code, report) = cli.image(&reference);
        assert_eq!(code, if contradicts { 2 } else { 0 }, "{media_type}: {report:#}");
        if contradicts {
            let named = media_type.split(';').next().unwrap();
            assert_not_checked(&report, &[&format!("manifest: the registry sends it as {named}")]);
        }
    }
}

#[test]
fn a_registry_that_hangs() {
    let http = registry(&two_layers(), |_| Some(Reply::Hang));
    let (cli, reference) = pull(&http);
    let answer = cli.run(&["image", &reference]);
    answer.error(&[&reference, "no answer within 1 s"]);
    assert!(answer.time < Duration::from_secs(10), "{:?}", answer.time);
    for silent in [true, false] {
        let http = registry(&two_layers(), move |path| {
            is_first_layer(path).then_some(if silent { Reply::Silent } else { Reply::Hang })
        });
        let (cli, reference) = pull(&http);
        let answer = cli.run(&["image", &reference, "--report", "json"]);
        assert_eq!(answer.code, 1);
        assert_planted(&answer.json());
        assert!(not_checked(&answer.json()).contains("within 1 s"), "{}", not_checked(&answer.json()));
        assert!(answer.time < Duration::from_secs(15), "{:?}", answer.time);
    }
}

#[test]
fn a_registry_that_answers_401_403_429_or_500() {
    let cases = [
        (401, "asks for a login"),
        (403, "refuses access"),
        (429, "too many requests"),
        (500, "fails (HTTP 500)"),
    ];
    for (status, words) in cases {
        let refuse = move || Reply::Answer(status, "application/json".into(), b"{}".to_vec());
        let http = registry(&two_layers(), move |_| Some(refuse()));
        let (cli, reference) = pull(&http);
        let answer = cli.run(&["image", &reference]);
        answer.error(&[&reference, words, &status.to_string()]);
        assert!(answer.time < Duration::from_secs(30), "{status}: {:?}", answer.time);
        // Only for one layer.
        let http = registry(&two_layers(), move |path| is_first_layer(path).then(refuse));
        let (cli, reference) = pull(&http);
        let (code, report) = cli.image(&reference);
        assert_eq!(code, 1, "{status}");
        assert_planted(&report);
        assert_not_checked(&report, &["layer: ", words]);
        // Only for what refers to the image: a refusal is not "none".
        let http = registry(&two_layers(), move |path| path.contains("/referrers/").then(refuse));
        let (cli, reference) = pull(&http);
        let (code, report) = cli.image(&reference);
        assert_eq!(code, 1, "{status}");
        assert_planted(&report);
        assert_not_checked(&report, &["referrers: ", &status.to_string()]);
    }
    let nobody = Cli::new().run(&["image", "docker://127.0.0.1:1/app:1"]);
    nobody.error(&["docker://127.0.0.1:1/app:1", "connection refused"]);
}
