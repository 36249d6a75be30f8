//! Files inside files, end to end: whole paths, what cannot be opened and how it is accepted, bombs and lies.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::support::{Answer, Cli, GITHUB, Layer, NPM, Packing, Spec, Tar, gzip, hex};

fn image(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let tar = files.iter().fold(Tar::new(), |tar, (name, bytes)| tar.file(name, bytes));
    Spec::new([Layer::from(tar)]).docker_archive(&["nested:1"])
}

fn scan(files: &[(&str, Vec<u8>)]) -> Answer {
    let cli = Cli::new();
    cli.write("image.tar", image(files));
    cli.run(&["image", "image.tar", "--report", "json"])
}

fn reasons(report: &Value) -> Vec<String> {
    let told =
        |i: &Value| format!("{}: {}", i["origin"]["path"].as_str().unwrap(), i["reason"].as_str().unwrap());
    report["not_checked"].as_array().unwrap().iter().map(told).collect()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// A zip of entries that share what the caller gives: name, flags, method, data, size as the header has it.
fn zip(entries: &[(&str, u16, u16, &[u8], usize)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, flags, method, data, size) in entries {
        let at = u32::try_from(out.len()).unwrap();
        let mut common: Vec<u8> =
            [20, *flags, *method, 0, 0].iter().flat_map(|n: &u16| n.to_le_bytes()).collect();
        common.extend([0; 4]);
        common.extend([*size, 1 << 20].iter().flat_map(|n| u32::try_from(*n).unwrap().to_le_bytes()));
        common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend([0; 2]);
        out.extend([b"PK\x03\x04", &common[..], name.as_bytes(), data].concat());
        directory.extend(
            [b"PK\x01\x02\x14\0", &common[..], &[0; 10], &at.to_le_bytes(), name.as_bytes()].concat(),
        );
    }
    let (at, size) = (u32::try_from(out.len()).unwrap(), u32::try_from(directory.len()).unwrap());
    let count = u16::try_from(entries.len() & 0xffff).unwrap().to_le_bytes();
    out.extend(directory);
    out.extend(
        [b"PK\x05\x06\0\0\0\0", &count[..], &count, &size.to_le_bytes(), &at.to_le_bytes(), &[0, 0]].concat(),
    );
    out
}

#[test]
fn a_place_inside_a_file_is_told_whole() {
    let inner = zip(&[("app.properties", 0, 8, &deflate(format!("a=b\ntoken={GITHUB}\n").as_bytes()), 0)]);
    let size = deflate(format!("a=b\ntoken={GITHUB}\n").as_bytes()).len();
    let inner_sized =
        zip(&[("app.properties", 0, 8, &deflate(format!("a=b\ntoken={GITHUB}\n").as_bytes()), size)]);
    assert_eq!(inner.len(), inner_sized.len());
    let outer = zip(&[("lib/inner.jar", 0, 0, &inner_sized, inner_sized.len())]);
    let cli = Cli::new();
    cli.write("image.tar", image(&[("app/lib.jar", outer)]));
    let answer = cli.run(&["image", "image.tar", "--report", "json", "--report", "sarif=out.sarif"]);
    let report = answer.json();
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{report:#}");
    let origin = &findings[0]["origin"];
    assert_eq!(origin["path"], "app/lib.jar!/lib/inner.jar!/app.properties");
    assert_eq!((origin["line"].as_u64(), origin["column"].as_u64()), (Some(2), Some(7)));
    // A code host can show no file inside a file.
    let location = &cli.read_json("out.sarif")["runs"][0]["results"][0]["locations"][0];
    assert_eq!(location["physicalLocation"]["artifactLocation"]["uri"], "app/lib.jar");
    let text = cli.run(&["image", "image.tar"]).stdout;
    assert!(text.contains("/app/lib.jar!/lib/inner.jar!/app.properties:2:7"), "{text}");
}

#[test]
fn secret_files_are_known_inside_archives() {
    let archive = Tar::new().file("etc/app/.env", "DB_PASSWORD=hX7PKR0CsTy4Qwb8\n").done();
    let report = scan(&[("srv/rootfs.tar.gz", gzip(&archive))]).json();
    let paths: Vec<&str> =
        report["findings"].as_array().unwrap().iter().filter_map(|f| f["origin"]["path"].as_str()).collect();
    assert!(paths.contains(&"srv/rootfs.tar.gz!/etc/app/.env"), "{paths:?}");
    let kinds: Vec<&Value> = report["findings"].as_array().unwrap().iter().map(|f| &f["check"]).collect();
    assert!(kinds.contains(&&Value::from("SW308")), "{kinds:?}");
}

#[test]
fn archives_that_add_unpacks_are_examined() {
    let cli = Cli::new();
    let archive = Tar::new().file("etc/app.conf", format!("token = {NPM}\n")).done();
    cli.write("Dockerfile", "FROM scratch\nADD rootfs.tar.gz /\nUSER 1000\n")
        .write("rootfs.tar.gz", gzip(&archive));
    cli.write("values.yaml", format!("a: {}\n", STANDARD.encode(format!("x=1\ntoken={GITHUB}\n"))));
    let report = cli.run(&["context", "--report", "json"]).json();
    let paths: Vec<&str> =
        report["findings"].as_array().unwrap().iter().filter_map(|f| f["origin"]["path"].as_str()).collect();
    assert!(paths.contains(&"rootfs.tar.gz!/etc/app.conf"), "{paths:?}");
    assert!(paths.contains(&"values.yaml → base64"), "{paths:?}");
}

#[test]
fn what_cannot_be_opened_is_accepted_by_path() {
    let encrypted = zip(&[("a.txt", 1, 8, b"whatever it is", 14)]);
    let cli = Cli::new();
    cli.write("image.tar", image(&[("app/backup/a.zip", encrypted)]));
    let answer = cli.run(&["image", "image.tar", "--report", "json"]);
    assert_eq!(answer.code, 2);
    assert_eq!(
        reasons(&answer.json()),
        ["app/backup/a.zip!/a.txt: it is encrypted, and was examined as bytes"]
    );
    let accept = |more: &str| {
        format!(
            "version = 1\n[[accept]]\ncheck = \"SW301\"\npath = \"app/backup/**\"\nreason = \"backups for tests only\"\nexpires = \"2027-01-31\"\n{more}"
        )
    };
    cli.write("seaworthy.toml", accept(""));
    assert_eq!(cli.run(&["image", "image.tar"]).code, 2, "findings are one thing, files another");
    cli.write("seaworthy.toml", accept("not_checked = true\n"));
    let answer = cli.run(&["image", "image.tar", "--report", "json"]);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    assert!(answer.json()["notes"].to_string().contains("backups for tests only"), "{}", answer.stdout);
    cli.write("seaworthy.toml", accept("not_checked = true\n").replace("path =", "detector ="));
    assert_eq!(cli.run(&["image", "image.tar"]).code, 2);
}

#[test]
fn bombs_and_lies_end_in_time_and_are_told() {
    let zeros = deflate(&vec![0u8; 64 << 20]);
    let bomb = zip(&[("0", 0, 8, &zeros, zeros.len())]);
    let mut nested = bomb.clone();
    for _ in 0..10 {
        let deflated = deflate(&nested);
        nested = zip(&[("n.zip", 0, 8, &deflated, deflated.len())]);
    }
    // Sixteen archives in each of sixteen, and so on, as 42.zip has them.
    let mut wide = bomb.clone();
    for _ in 0..3 {
        let data = deflate(&wide);
        let names: Vec<String> = (0..16).map(|i| format!("{i}.zip")).collect();
        wide =
            zip(&names.iter().map(|n| (n.as_str(), 0, 8, data.as_slice(), data.len())).collect::<Vec<_>>());
    }
    let lying = zip(&[("a", 0, 8, &zeros, 10), ("b", 0, 0, b"data", 4_000_000)]);
    let many: Vec<(&str, u16, u16, &[u8], usize)> = vec![("a", 0, 0, b"", 0); 300_000];
    let mut overlapping = zip(&[("a", 0, 8, &zeros, zeros.len())]);
    let at = overlapping.len() - 22 - 5;
    overlapping[at] = 9;
    for (name, bytes, word) in [
        ("bomb.zip", bomb, "times its size"),
        ("bomb.gz", gzip(&vec![0u8; 64 << 20]), "times its size"),
        ("nested.zip", nested, "nested more than 4 deep"),
        ("wide.zip", wide, "times its size"),
        ("lying.zip", lying, ""),
        ("many.zip", zip(&many), "more than 200000 files"),
        ("overlapping.zip", overlapping, ""),
        ("cut.sqlite", [&b"SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20"[..], &[0; 90]].concat(), "cut off"),
        ("new.pyc", b"\xfe\xfe\r\n\0\0\0\0\0\0\0\0\0\0\0\0\xe3".to_vec(), "not known"),
    ] {
        let answer = scan(&[(name, bytes)]);
        assert_eq!(answer.code, 2, "{name}: {}", answer.stdout);
        let told = reasons(&answer.json());
        assert!(told.iter().any(|r| r.contains(word)), "{name}: {told:?}");
        assert!(told.len() <= 21, "{name}: {} items", told.len());
        assert!(answer.time.as_secs() < 20, "{name}: {:?}", answer.time);
    }
}

#[test]
fn a_blob_of_base64_is_read_in_pieces() {
    // A token behind eight megabytes of base64, in one line and in many.
    let text = format!("{}\ntoken={GITHUB}\n", "nothing to see here, move along\n".repeat(200_000));
    let line = STANDARD.encode(&text);
    let wrapped = line.as_bytes().chunks(76).collect::<Vec<_>>().join(&b'\n');
    for (name, bytes) in [("one.txt", line.into_bytes()), ("many.txt", wrapped)] {
        let report = scan(&[(name, bytes)]).json();
        let paths: Vec<&str> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|f| f["origin"]["path"].as_str())
            .collect();
        assert_eq!(paths, [format!("{name} → base64")]);
    }
}

#[test]
fn closed_forms_are_counted_and_clean_blobs_are_silent() {
    let noise = |seed: u32| -> Vec<u8> {
        (0..200_000u32).map(|i| (i.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 15) as u8).collect()
    };
    let elf = [b"\x7fELF", &noise(1)[..], &zip(&[("a", 0, 0, b"x", 1)])].concat();
    let answer = scan(&[
        ("a.deb", [b"!<arch>\ndebian-binary   ", &noise(2)[..]].concat()),
        ("a.7z", [b"7z\xbc\xaf\x27\x1c", &noise(3)[..]].concat()),
        ("setup", elf),
        ("logo.b64", STANDARD.encode(noise(4)).into_bytes()),
        ("sums", hex(&noise(5)).repeat(200).into_bytes()),
        ("unknown.bin", noise(6)),
    ]);
    assert_eq!(answer.code, 0, "{}", answer.stdout);
    let report = answer.json();
    assert_eq!(report["coverage"]["files_not_decoded"], 3, "{:#}", report["coverage"]);
    assert!(report["findings"].as_array().unwrap().is_empty());
}

#[test]
fn what_a_layer_carries_beside_its_content_is_examined() {
    let tar = Tar::new().file("a", "b").done();
    let mut stream = Vec::new();
    let builder = flate2::GzBuilder::new().comment(format!("token={GITHUB}"));
    std::io::Read::read_to_end(&mut builder.read(&tar[..], flate2::Compression::fast()), &mut stream)
        .unwrap();
    let zstd = crate::support::zstd_bytes(&tar);
    let text = format!("token={NPM}");
    let skippable =
        [&[0x50, 0x2a, 0x4d, 0x18][..], &u32::try_from(text.len()).unwrap().to_le_bytes(), text.as_bytes()]
            .concat();
    for (stored, packing) in [
        (stream, Packing::Gzip),
        ([gzip(&tar), format!("token={GITHUB}").into_bytes()].concat(), Packing::Gzip),
        ([skippable.clone(), zstd.clone()].concat(), Packing::Zstd),
        ([zstd, skippable].concat(), Packing::Zstd),
    ] {
        let layer = Layer::from(tar.clone()).packed(packing).stored(stored);
        let cli = Cli::new();
        cli.write("image.tar", Spec::new([layer]).layout("t").docker_tar(&["t:1"]));
        let answer = cli.run(&["image", "image.tar", "--report", "json"]);
        assert_eq!(answer.code, 1, "{}", answer.stdout);
    }
}
