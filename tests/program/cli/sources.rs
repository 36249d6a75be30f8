//! The same image in every shape: what is found does not depend on how it is stored.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{
    Blobs, Cli, GITHUB, GITLAB, Layer, NPM, Packing, SLACK, STRIPE, Spec, Tar, docker_archive, essence,
    findings, gzip, ids, inspect, paths_of, planted, zstd_bytes,
};

fn repacked(spec: &Spec, packing: Packing) -> Spec {
    let layers = spec.layers.iter().map(|l| l.clone().packed(packing)).collect();
    Spec { layers, ..spec.clone() }
}

#[test]
fn every_shape_gives_the_same_findings() {
    let spec = planted();
    let cli = Cli::new();
    let classic = spec.docker_archive(&["app:1"]);
    cli.write("classic.tar", &classic);
    let (code, report) = cli.image("docker-archive:classic.tar");
    let wanted = essence(&report);
    assert_eq!((code, report["not_checked"].as_array().unwrap().len()), (1, 0), "{report:#}");
    assert_eq!(ids(&report), ["SW301", "SW302", "SW303", "SW304", "SW306", "SW308"]);
    assert_eq!(wanted.len(), 8, "{wanted:#?}");
    cli.write("classic.tar.gz", gzip(&classic)).write("classic.tar.zst", zstd_bytes(&classic));
    let mut references = vec![
        "classic.tar".to_owned(),
        "docker-archive:classic.tar.gz".into(),
        "classic.tar.zst".into(),
        "docker-archive:classic.tar:app:1".into(),
        "docker-archive:classic.tar.gz:app:1".into(),
    ];
    for packing in Packing::ALL {
        let blobs = repacked(&spec, packing).layout("1");
        let name = format!("{packing:?}");
        blobs.write(&cli.path(&name));
        let (oci, docker) = (blobs.tar().done(), blobs.docker_tar(&["app:1"]));
        cli.write(&format!("{name}.tar"), &oci).write(&format!("{name}.docker.tar"), &docker);
        cli.write(&format!("{name}.tar.gz"), gzip(&oci))
            .write(&format!("{name}.docker.tar.zst"), zstd_bytes(&docker));
        references.extend([
            format!("oci:{name}"),
            name.clone(),
            format!("oci:{name}:1"),
            format!("oci-archive:{name}.tar"),
            format!("oci-archive:{name}.tar:1"),
            format!("{name}.tar.gz"),
            format!("docker-archive:{name}.docker.tar"),
            format!("docker-archive:{name}.docker.tar.zst"),
        ]);
    }
    for reference in references {
        let (code, report) = cli.image(&reference);
        assert_eq!((code, report["not_checked"].to_string().as_str()), (1, "[]"), "{reference}");
        assert_eq!(essence(&report), wanted, "{reference}");
        assert_eq!(report["artifacts"].as_array().unwrap().len(), 1, "{reference}");
        assert_eq!(report["coverage"]["layers"], 3, "{reference}");
    }
}

#[test]
fn members_in_any_order_and_behind_links() {
    let spec = planted();
    let list = json!([{ "Config": "c.json", "RepoTags": ["app:1"], "Layers": ["a/layer.tar", "b/layer.tar", "c/layer.tar"] }]);
    let files = [
        ("manifest.json", list.to_string().into_bytes()),
        ("c.json", spec.config_value().to_string().into_bytes()),
        ("x/one", spec.layers[0].tar.clone()),
        ("b/layer.tar", spec.layers[1].tar.clone()),
        ("c/layer.tar", spec.layers[2].tar.clone()),
    ];
    let (_, classic) = inspect(spec.docker_archive(&["app:1"]));
    for rotation in 0..files.len() {
        let mut files = files.clone();
        files.rotate_left(rotation);
        let tar = Tar::new().symlink("a/layer.tar", "../x/one");
        let tar = files.iter().fold(tar, |tar, (name, bytes)| tar.file(name, bytes)).done();
        for bytes in [tar.clone(), gzip(&tar)] {
            let (_, report) = inspect(bytes);
            assert_eq!(essence(&report), essence(&classic));
            assert_eq!(report["not_checked"].to_string(), "[]");
        }
    }
}

#[test]
fn several_images_in_one_archive() {
    let one = planted();
    let two = Spec::new([one.layers[0].clone(), Tar::new().file("b/token", NPM).into()]);
    let bytes = docker_archive(&[(&one, &["app:1", "app:latest"]), (&two, &["other:2"])]);
    for (name, bytes) in [("all.tar", bytes.clone()), ("all.tar.gz", gzip(&bytes))] {
        let cli = Cli::new();
        cli.write(name, bytes);
        let (_, all) = cli.image(name);
        assert_eq!(all["artifacts"].as_array().unwrap().len(), 2);
        assert!(paths_of(&all, "SW301").contains(&"b/token"));
        let (_, first) = cli.image(&format!("docker-archive:{name}:app:latest"));
        assert_eq!(first["artifacts"][0]["tags"], json!(["app:1", "app:latest"]));
        assert_eq!(essence(&first), essence(&inspect(one.docker_archive(&[])).1));
        let (_, second) = cli.image(&format!("docker-archive:{name}:other:2"));
        assert_eq!(second["artifacts"].as_array().unwrap().len(), 1);
        assert!(paths_of(&second, "SW301").contains(&"b/token"));
        let answer = cli.run(&["image", &format!("docker-archive:{name}:nobody:3")]);
        answer.error(&["no image named nobody:3", "app:1, app:latest, other:2"]);
    }
}

#[test]
fn a_name_leads_to_the_attestations_in_dockers_newer_archive() {
    let mut blobs = Blobs::default();
    let image = blobs.image(&planted());
    let manifest = blobs.get(&image);
    let attestation = blobs.attestation(&image, &json!({ "note": SLACK }));
    let mut index = blobs.index(&[image, attestation]);
    index["annotations"]["io.containerd.image.name"] = "docker.io/library/app:1".into();
    blobs.root(index, "1");
    let member = |d: &Value| d["digest"].as_str().unwrap().replace("sha256:", "blobs/sha256/");
    let layers: Vec<String> = manifest["layers"].as_array().unwrap().iter().map(member).collect();
    let list = json!([{ "Config": member(&manifest["config"]), "RepoTags": ["app:1"], "Layers": layers }]);
    let cli = Cli::new();
    cli.write("image.tar", blobs.tar().file("manifest.json", list.to_string()).done());
    let (_, all) = cli.image("image.tar");
    assert!(ids(&all).contains(&"SW307"));
    for name in ["app:1", "1", "docker.io/library/app:1"] {
        let (_, report) = cli.image(&format!("docker-archive:image.tar:{name}"));
        assert_eq!(essence(&report), essence(&all), "{name}");
        assert_eq!(report["artifacts"], {
            let mut artifacts = all["artifacts"].clone();
            artifacts[0]["name"] = format!("docker-archive:image.tar:{name}").into();
            // The list's own name is only added where it was asked for, or nothing was.
            artifacts[0]["tags"] = report["artifacts"][0]["tags"].clone();
            artifacts
        });
    }
}

#[test]
fn all_platforms_of_nested_indexes_with_attestations_and_referrers() {
    let mut blobs = Blobs::default();
    let amd = blobs.image(&planted());
    let mut arm = planted();
    arm.architecture = "arm64".into();
    arm.layers.push(Tar::new().file("arm/only", NPM).into());
    let arm = blobs.image(&arm);
    let provenance = json!({ "predicate": { "args": { "build-arg:DB_PASSWORD": "vR7kPq2ZtX9mWc4L" } } });
    let attestation = blobs.attestation(&arm, &provenance);
    let inner = blobs.index(&[amd.clone(), arm, attestation]);
    let root = blobs.index(&[inner]);
    let referrer = blobs.referrer(&amd, &json!({ "note": SLACK }));
    blobs.root(root, "1");
    // Tools list what refers to an image in the index, too, without a name or under the tag made of its digest.
    blobs.root(referrer.clone(), "");
    // What refers to a referrer belongs to the same image.
    let chained = blobs.referrer(&referrer, &json!({ "note": NPM }));
    blobs.root(chained, "");
    let tagged = blobs.referrer(&amd, &json!({ "note": STRIPE }));
    let tagged = blobs.index(&[tagged]);
    blobs.root(tagged, &amd["digest"].as_str().unwrap().replace(':', "-"));
    let cli = Cli::new();
    blobs.write(&cli.path("layout"));
    cli.write("layout.tar", blobs.tar().done());
    for reference in ["oci:layout", "oci:layout:1", "oci-archive:layout.tar", "oci-archive:layout.tar:1"] {
        let (code, report) = cli.image(reference);
        assert_eq!((code, report["not_checked"].to_string().as_str()), (1, "[]"), "{reference}");
        let platforms: Vec<&str> =
            report["artifacts"].as_array().unwrap().iter().filter_map(|a| a["platform"].as_str()).collect();
        assert_eq!(platforms, ["linux/amd64", "linux/arm64"], "{reference}");
        assert!(paths_of(&report, "SW301").contains(&"arm/only"), "{reference}");
        let attested: Vec<&Value> = findings(&report).iter().filter(|f| f["check"] == "SW307").collect();
        let about = |platform: &str| attested.iter().any(|f| f["origin"]["platform"] == platform);
        assert!(about("linux/arm64") && about("linux/amd64"), "{reference}: {attested:#?}");
        assert_eq!(attested.len(), 4, "{reference}: {attested:#?}");
        // A secret of both platforms is one finding with two places.
        let settings: Vec<&Value> =
            findings(&report).iter().filter(|f| f["origin"]["path"] == "app/settings.ini").collect();
        assert_eq!(settings.len(), 1);
        assert_eq!(settings[0]["places"][0]["platform"], "linux/arm64");
    }
}

/// The state of the file at `path` and the layer that hides it, as the first finding there says.
fn state_of(layers: Vec<Layer>, path: &str) -> (String, Option<u64>) {
    let (_, report) = inspect(Spec::new(layers).docker_archive(&[]));
    let found = findings(&report).iter().find(|f| f["origin"]["path"] == path);
    let origin = &found.unwrap_or_else(|| panic!("nothing at {path}: {report:#}"))["origin"];
    (origin["state"].as_str().unwrap().into(), origin["hidden_by_layer"].as_u64())
}

#[test]
fn deleted_overwritten_and_opaque() {
    let secret = || Layer::from(Tar::new().dir("a").dir("a/b").file("a/b/x", GITHUB));
    let state =
        |later: Tar| state_of(vec![secret(), Tar::new().file("else", "").into(), later.into()], "a/b/x");
    let (fine, deleted, overwritten) =
        (("final".into(), None), ("deleted".into(), Some(2)), ("overwritten".into(), Some(2)));
    assert_eq!(state(Tar::new().file("a/b/y", "")), fine);
    assert_eq!(state(Tar::new().dir("a").dir("a/b")), fine);
    assert_eq!(state(Tar::new().file("a/b/.wh.y", "")), fine);
    assert_eq!(state(Tar::new().file("a/b/.wh.x", "")), deleted);
    assert_eq!(state(Tar::new().file("a/.wh.b", "")), deleted);
    assert_eq!(state(Tar::new().file(".wh.a", "")), deleted);
    assert_eq!(state(Tar::new().dir("a").file("a/.wh..wh..opq", "")), deleted);
    assert_eq!(state(Tar::new().file(".wh..wh..opq", "")), deleted);
    assert_eq!(state(Tar::new().file("a/b/x", "now this")), overwritten);
    assert_eq!(state(Tar::new().symlink("a/b/x", "/dev/null")), overwritten);
    assert_eq!(state(Tar::new().symlink("a/b", "/tmp")), overwritten);
    assert_eq!(state(Tar::new().file("a", "now a file")), overwritten);
    // A whiteout in the layer itself is for the layers below.
    let own = Tar::new().file("a/b/x", GITHUB).file("a/.wh..wh..opq", "");
    assert_eq!(state_of(vec![own.into()], "a/b/x").0, "final");
    // Twice in one layer: the later one counts, and both are shipped.
    let twice = Tar::new().file("x", GITHUB).file("x", "nothing");
    assert_eq!(state_of(vec![twice.into()], "x"), ("overwritten".into(), Some(0)));
    // Paths are compared as runtimes do.
    let dotted = Tar::new().file("./a/b/.wh.x", "");
    assert_eq!(state(dotted), deleted);
}

#[test]
fn hard_links_keep_content_alive() {
    let linked = || Layer::from(Tar::new().file("x", GITHUB).hard_link("y", "x"));
    let (_, report) = inspect(Spec::new([linked(), Tar::new().file(".wh.x", "").into()]).docker_archive(&[]));
    assert_eq!(ids(&report), ["SW301"], "the other name still shows it: {report:#}");
    let both = Tar::new().file(".wh.x", "").file(".wh.y", "");
    let (_, report) = inspect(Spec::new([linked(), both.into()]).docker_archive(&[]));
    assert_eq!(ids(&report), ["SW302"]);
}

#[test]
fn long_names() {
    let long =
        format!("{}/{}.txt", "folder-of-twenty-one/".repeat(20).trim_end_matches('/'), "n".repeat(120));
    let tar = Tar::new()
        .gnu_long(&format!("gnu/{long}"), GITHUB)
        .pax(&[("path", format!("pax/{long}").as_bytes())], "short", GITLAB)
        .file("after", SLACK);
    let (_, report) = inspect(Spec::new([tar.into()]).docker_archive(&[]));
    let mut paths = paths_of(&report, "SW301");
    paths.sort_unstable();
    assert_eq!(paths, ["after".to_owned(), format!("gnu/{long}"), format!("pax/{long}")]);
    // ustar splits a name into prefix and name.
    let mut header = Tar::header(b'0', b"name.txt", b"", GITHUB.len() as u64);
    header[345..345 + 12].copy_from_slice(b"prefix/below");
    Tar::seal(&mut header);
    let mut content = GITHUB.as_bytes().to_vec();
    content.resize(512, 0);
    let tar = Tar::new().raw(&header).raw(&content);
    let (_, report) = inspect(Spec::new([tar.into()]).docker_archive(&[]));
    assert_eq!(paths_of(&report, "SW301"), ["prefix/below/name.txt"]);
}

#[test]
fn sparse_files() {
    // Old GNU form, with one more block of the map than fits the header.
    let content = format!("{:<512}", format!("token {GITHUB}"));
    let mut header = Tar::header(b'S', b"sparse.bin", b"", 512);
    header[257..265].copy_from_slice(b"ustar  \0");
    header[386..398].copy_from_slice(b"00000001000\0");
    header[398..410].copy_from_slice(b"00000001000\0");
    header[482] = 1;
    header[483..495].copy_from_slice(b"00001000000\0");
    Tar::seal(&mut header);
    let tar = Tar::new().raw(&header).raw(&[0; 512]).raw(content.as_bytes()).file("after", SLACK);
    let (code, report) = inspect(Spec::new([tar.into()]).docker_archive(&[]));
    let mut paths = paths_of(&report, "SW301");
    paths.sort_unstable();
    assert_eq!((code, paths), (1, vec!["after", "sparse.bin"]));
    // PAX form 1.0: the map stands before the data, the real name in a record.
    let map = format!("{:\0<512}", "1\n512\n512\n");
    let records: [(&str, &[u8]); 4] = [
        ("GNU.sparse.major", b"1"),
        ("GNU.sparse.minor", b"0"),
        ("GNU.sparse.name", b"real/name.bin"),
        ("GNU.sparse.realsize", b"1024"),
    ];
    let tar = Tar::new().pax(&records, "GNUSparseFile.0/name.bin", format!("{map}{content}"));
    let (_, report) = inspect(Spec::new([tar.into()]).docker_archive(&[]));
    assert_eq!(paths_of(&report, "SW301"), ["real/name.bin"]);
}

#[test]
fn bytes_after_the_end_of_the_tar() {
    let mut tar = Tar::new().file("a", "b").done();
    tar.extend_from_slice(&Tar::new().file("hidden/token", GITHUB).done());
    for packing in [Packing::Plain, Packing::GzipMembers, Packing::ZstdFrames] {
        let (code, report) =
            inspect(Spec::new([Layer::from(tar.clone()).packed(packing)]).layout("1").tar().done());
        assert_eq!((code, ids(&report)), (1, vec!["SW302"]), "{packing:?}");
        assert!(report["not_checked"].to_string().contains("after the end of the tar"));
    }
    // Nothing but zeros is ordinary padding.
    let mut padded = Tar::new().file("a", "b").done();
    padded.resize(20 * 512, 0);
    let (code, report) = inspect(Spec::new([Layer::from(padded)]).docker_archive(&[]));
    assert_eq!((code, report["not_checked"].to_string().as_str()), (0, "[]"));
}

#[test]
fn other_encodings() {
    let text = format!("[section]\r\ntoken = {GITHUB}\r\n");
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let tar = Tar::new()
        .file("le", &little)
        .file("le-bom", [b"\xff\xfe", &little[..]].concat())
        .file("be", &big)
        .file("be-bom", [b"\xfe\xff", &big[..]].concat())
        .file("b64", STANDARD.encode(GITHUB))
        .file("b64-inside", format!("data:\n  config: {}\n", STANDARD.encode(&text)))
        .file("b64-shifted", STANDARD.encode(format!("x{text}")));
    let (_, report) = inspect(Spec::new([tar.into()]).docker_archive(&[]));
    let mut paths = paths_of(&report, "SW301");
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(
        paths,
        [
            "b64 → base64",
            "b64-inside → base64",
            "b64-shifted → base64",
            "be → UTF-16",
            "be-bom → UTF-16",
            "le → UTF-16",
            "le-bom → UTF-16"
        ]
    );
}

#[test]
fn a_secret_at_any_place_around_a_chunks_seam() {
    // One file for each offset would be slow; so one layer for several, each file a little over a mebibyte, which is
    // what a chunk has of new bytes.
    let mebibyte = 1usize << 20;
    let mut tar = Tar::new();
    let mut wanted = Vec::new();
    for (i, shift) in (0..12).map(|n| n * 13).enumerate() {
        let name = format!("seam-{i}");
        // The secret ends, lies across, or begins at the seam, which itself moves with the headers before.
        let mut content = vec![b' '; mebibyte + 4096];
        let at = mebibyte + 600 - shift * 10;
        content[at..at + GITHUB.len()].copy_from_slice(GITHUB.as_bytes());
        tar = tar.file(&name, &content);
        wanted.push((name, at as u64));
    }
    // And so dense that some secret meets every seam, whatever the chunks' size.
    let dense: String = (0..60_000).map(|n| format!("{GITHUB} {n:06}\n")).collect();
    tar = tar.file("dense", &dense);
    let cli = Cli::new();
    Spec::new([Layer::from(tar)]).layout("1").write(&cli.path("layout"));
    for jobs in ["1", "3"] {
        let answer = cli.run(&["image", "oci:layout", "--report", "json", "--jobs", jobs]);
        let report = answer.json();
        let found = findings(&report);
        assert_eq!(found.len(), 1, "one secret, many places");
        let mut places: Vec<(String, u64)> = std::iter::once(&found[0]["origin"])
            .chain(found[0]["places"].as_array().unwrap())
            .map(|o| (o["path"].as_str().unwrap().to_owned(), o["offset"].as_u64().unwrap()))
            .collect();
        places.sort_unstable();
        let mut all = wanted.clone();
        all.extend((0..60_000).map(|n| ("dense".to_owned(), n * (GITHUB.len() as u64 + 8))));
        all.sort_unstable();
        assert_eq!(places.len(), all.len(), "jobs {jobs}");
        assert!(places == all, "jobs {jobs}");
    }
}

#[test]
fn the_daemon_is_asked_over_its_socket() {
    use std::io::{BufRead as _, BufReader, Write as _};
    let archive = planted().docker_archive(&["app:1"]);
    let (_, wanted) = inspect(&archive);
    let cli = Cli::new();
    let socket = cli.path("docker.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let Some(request) = lines.next() else { continue };
            while lines.next().is_some_and(|l| !l.is_empty()) {}
            let (status, body) = match request.contains("/images/app:1/get ") {
                true => (200, archive.as_slice()),
                false => (404, &b"{}"[..]),
            };
            let mut out = &stream;
            let length = body.len();
            write!(out, "HTTP/1.1 {status} Stub\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n")
                .unwrap();
            out.write_all(body).unwrap();
        }
    });
    let cli = cli.env("DOCKER_HOST", &format!("unix://{}", socket.display()));
    let (code, report) = cli.image("docker-daemon:app:1");
    assert_eq!((code, report["not_checked"].to_string().as_str()), (1, "[]"));
    assert_eq!(essence(&report), essence(&wanted));
    cli.run(&["image", "docker-daemon:app:2"]).error(&["docker-daemon:app:2"]);
    let nobody = Cli::new().env("DOCKER_HOST", "unix:///no/such.sock");
    nobody.run(&["image", "docker-daemon:app:1"]).error(&["docker-daemon:app:1", "/no/such.sock"]);
}
