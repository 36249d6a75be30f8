//! What a real client pushes to a real registry is inspected like the archive that it came from.

use serde_json::{Value, json};

use crate::support::{
    Blobs, Cli, IMAGE_TAR_ZSTD, Layer, NPM, Packing, Registry, Spec, Tar, essence, findings, planted, program,
};

fn zstd_layers() -> Spec {
    let spec = planted();
    let layers = spec.layers.iter().map(|l| l.clone().packed(Packing::Zstd)).collect();
    Spec { layers, ..spec }
}

/// The media types of the layers as the registry has them.
fn layer_types(reference: &str) -> Vec<String> {
    let mut skopeo = program("skopeo", "docker-registry skopeo");
    let output = skopeo.args(["inspect", "--raw", "--tls-verify=false", reference]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let manifest: Value = serde_json::from_slice(&output.stdout).unwrap();
    manifest["layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["mediaType"].as_str().unwrap().to_owned())
        .collect()
}

/// Layers and places as a report tells them.
fn origins(report: &Value) -> Vec<String> {
    let mut all: Vec<String> = findings(report)
        .iter()
        .map(|f| {
            format!(
                "{} {} {} {}",
                f["check"], f["origin"]["layer"]["digest"], f["origin"]["path"], f["origin"]["offset"]
            )
        })
        .filter(|o| o.contains("sha256:"))
        .collect();
    all.sort_unstable();
    all
}

#[test]
fn an_image_with_zstd_layers_from_archive_and_registry() {
    let registry = Registry::start(None);
    let cli = Cli::new();
    zstd_layers().layout("1").write(&cli.path("layout"));
    cli.write("archive.tar", zstd_layers().layout("1").tar().done());
    let (code, archive) = cli.image("oci-archive:archive.tar");
    assert_eq!((code, essence(&archive).len()), (1, 8));
    let pushed = format!("docker://{}/app:1", registry.address);
    let layout = format!("oci:{}:1", cli.path("layout").display());
    registry.copy(&layout, &pushed, &["--preserve-digests"]);
    assert_eq!(layer_types(&pushed), [IMAGE_TAR_ZSTD; 3]);
    let (code, report) = cli.image(&pushed);
    assert_eq!((code, report["not_checked"].to_string().as_str()), (1, "[]"));
    assert_eq!(essence(&report), essence(&archive));
    assert_eq!(origins(&report), origins(&archive));
    for field in ["digest", "config_digest", "layers", "platform"] {
        assert_eq!(report["artifacts"][0][field], archive["artifacts"][0][field], "{field}");
    }
    assert_eq!(report["coverage"], archive["coverage"]);
    // By digest, too.
    let digest = report["artifacts"][0]["digest"].as_str().unwrap();
    let (code, by_digest) = cli.image(&format!("docker://{}/app@{digest}", registry.address));
    assert_eq!((code, essence(&by_digest)), (1, essence(&archive)));
}

#[test]
fn whatever_skopeo_makes_of_it() {
    let cli = Cli::new();
    cli.write("plain.tar", planted().docker_archive(&["app:1"]));
    let (_, plain) = cli.image("plain.tar");
    let from = format!("docker-archive:{}", cli.path("plain.tar").display());
    for (tag, options) in [
        ("gzip", &["--format", "oci"][..]),
        ("zstd", &["--format", "oci", "--dest-compress-format", "zstd"]),
        ("docker", &["--format", "v2s2"]),
    ] {
        // A registry for each, since skopeo does not push a layer that is there in another compression.
        let registry = Registry::start(None);
        let pushed = format!("docker://{}/app:{tag}", registry.address);
        registry.copy(&from, &pushed, options);
        let types = layer_types(&pushed);
        assert!(types.iter().all(|t| t.contains(if tag == "zstd" { "zstd" } else { "gzip" })), "{types:?}");
        let (code, report) = cli.image(&pushed);
        assert_eq!((code, report["not_checked"].to_string().as_str()), (1, "[]"), "{tag}");
        assert_eq!(essence(&report), essence(&plain), "{tag}");
        // And back into files.
        for (transport, file) in
            [("docker-archive", "back.docker.tar"), ("oci-archive", "back.oci.tar"), ("oci", "back")]
        {
            if (tag, transport) == ("zstd", "docker-archive") {
                // Docker's own format knows no zstd.
                continue;
            }
            let name = format!("{tag}.{file}");
            let to = format!("{transport}:{}:app:1", cli.path(&name).display());
            registry.copy(&pushed, &to, &[]);
            let (code, report) = cli.image(&format!("{transport}:{name}:app:1"));
            assert_eq!((code, report["not_checked"].to_string().as_str()), (1, "[]"), "{to}");
            assert_eq!(essence(&report), essence(&plain), "{to}");
        }
    }
}

#[test]
fn all_platforms_and_attestations_from_a_registry() {
    let registry = Registry::start(None);
    let mut blobs = Blobs::default();
    let amd = blobs.image(&zstd_layers());
    let mut arm = zstd_layers();
    arm.architecture = "arm64".into();
    arm.layers.push(Layer::from(Tar::new().file("arm/only", NPM)));
    let arm = blobs.image(&arm);
    let provenance = json!({ "predicate": { "args": { "build-arg:DB_PASSWORD": "vR7kPq2ZtX9mWc4L" } } });
    let attestation = blobs.attestation(&arm, &provenance);
    let index = blobs.index(&[amd, arm, attestation]);
    blobs.root(index, "1");
    let cli = Cli::new();
    blobs.write(&cli.path("layout"));
    let (_, layout) = cli.image("oci:layout");
    let pushed = format!("docker://{}/app:1", registry.address);
    registry.copy(
        &format!("oci:{}:1", cli.path("layout").display()),
        &pushed,
        &["--all", "--preserve-digests"],
    );
    let (code, report) = cli.image(&pushed);
    assert_eq!((code, report["not_checked"].to_string().as_str()), (1, "[]"));
    assert_eq!(essence(&report), essence(&layout));
    assert_eq!(report["artifacts"].as_array().unwrap().len(), 2);
    assert!(essence(&report).iter().any(|e| e.contains("SW307")));
}
