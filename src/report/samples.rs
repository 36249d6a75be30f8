//! Reports to try the writers on. All secrets are invented, and only their previews are here anyway.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use jiff::civil::date;

use crate::finding::{
    Accepted, ArtifactRecord, CheckMeta, Confidence, Coverage, Example, Finding, Fingerprint, FingerprintKey,
    NotChecked, Part, PartState, Redacted, Report, Severity, Subject, hidden,
};
use crate::profile::{RunFacts, Waiver, judge_controls};
use seaworthy_source::{
    FileState, JsonPointer, LayerOrigin, Origin, OriginKind, Place, Position, SourceLines,
};

const IMAGE: &str = "registry.example/shop/app:1.4.2";

const fn meta(
    id: &'static str,
    name: &'static str,
    summary: &'static str,
    why: &'static str,
    fix: &'static str,
) -> CheckMeta {
    CheckMeta {
        id,
        name,
        summary,
        why,
        fix,
        example: Example {
            fails: hidden!("password = hunter2"),
            mended: "password = ${PASSWORD}",
            silent: "References.",
        },
        severity: Severity::High,
        reads: &[],
        tags: &["CWE-798", "secrets"],
    }
}

static CHECKS: [CheckMeta; 9] = [
    meta(
        "SW301",
        "secret-in-file",
        "A file in the image contains a secret",
        "Everyone who can pull the image can read the file; so can every process in the container",
        "Take the secret out of the build and hand it to the container at runtime",
    ),
    meta(
        "SW302",
        "secret-in-hidden-file",
        "A file that a later layer deletes or overwrites contains a secret",
        "Deleting a file in a later layer only hides it: the layer that holds it is shipped with every pull",
        "Do not let the file into any layer: use a secret mount, or a stage that is not shipped",
    ),
    meta(
        "SW303",
        "secret-in-history",
        "The image's history contains a secret",
        "The history is part of the image config, and every registry shows it without a pull",
        "Pass the value with a secret mount instead of ARG or a command line",
    ),
    meta(
        "SW304",
        "secret-in-environment",
        "The image config's environment defaults contain a secret",
        "Environment defaults are in the image config in plain text, and every container starts with them",
        "Remove the ENV line and inject the variable at runtime",
    ),
    meta(
        "SW305",
        "injected-variable-has-default",
        "A variable that is injected at runtime has a default",
        "A container that misses its secret would start with the default instead of failing",
        "Remove the default",
    ),
    meta(
        "SW306",
        "secret-in-metadata",
        "Labels, annotations or commands contain a secret",
        "They are in the image config in plain text",
        "Remove the value",
    ),
    meta(
        "SW307",
        "secret-in-attestation",
        "An attestation contains a secret",
        "Attestations are public to everyone who can pull, and are signed and copied on their own",
        "Build with mode=min provenance, and pass the value with a secret mount",
    ),
    meta(
        "SW308",
        "secret-file",
        "A file kind made to hold secrets is in a layer",
        "Whatever it holds today, such a file is where the next secret will be put",
        "List it in .dockerignore",
    ),
    meta(
        "SW309",
        "digest-mismatch",
        "Bytes do not match their digest",
        "What was examined is not what the manifest names",
        "Pull again; if it stays, do not ship",
    ),
];

/// A digest of one repeated hex digit.
pub(super) fn digest(hex: char) -> String {
    format!("sha256:{}", String::from(hex).repeat(64))
}

fn layer_of(index: usize, instruction: &str) -> LayerOrigin {
    let hex = char::from_digit(index as u32 % 16, 16).unwrap_or('0');
    LayerOrigin { index, digest: digest(hex), instruction: Some(instruction.to_owned()) }
}

fn image(kind: OriginKind) -> Origin {
    Origin { platform: Some("linux/amd64".to_owned()), ..Origin::new(kind, IMAGE) }
}

fn file(path: &str, line: u32, column: u32) -> Origin {
    Origin {
        layer: Some(layer_of(3, "COPY . /app")),
        path: Some(path.to_owned()),
        place: Place::Text { position: Position { line, column }, offset: u64::from(line) * 40 },
        state: Some(FileState::Final),
        made_by: Some(SourceLines { path: "docker/Dockerfile".to_owned(), line: 12, end_line: 12 }),
        ..image(OriginKind::LayerFile)
    }
}

#[allow(clippy::too_many_arguments)]
fn finding(
    check: &'static str,
    detector: &str,
    severity: Severity,
    message: &str,
    fix: &str,
    origin: Origin,
    preview: &str,
    length: usize,
) -> Finding {
    let place = [origin.kind.as_str(), origin.path.as_deref().unwrap_or_default()];
    Finding {
        check,
        detector: Some(detector.to_owned()),
        severity,
        confidence: Confidence::High,
        message: message.to_owned(),
        fix: fix.into(),
        fingerprint: Fingerprint::new(&FingerprintKey::PlaceOnly, check, detector, &place, None),
        origin,
        secret: Some(Redacted { preview: preview.to_owned(), length: Some(length), ..Redacted::unseen() }),
        places: Vec::new(),
        notes: Vec::new(),
    }
}

fn judged(
    findings: Vec<Finding>,
    accepted: Vec<Accepted>,
    not_checked: Vec<NotChecked>,
    coverage: Coverage,
) -> Report {
    let known: Vec<&'static CheckMeta> = CHECKS.iter().collect();
    let asked: Vec<&'static str> = CHECKS.iter().map(|m| m.id).collect();
    let record = ArtifactRecord {
        subject: Subject::Image,
        name: IMAGE.to_owned(),
        tags: vec!["app:1.4.2".to_owned()],
        platform: Some("linux/amd64".to_owned()),
        digest: Some(digest('4')),
        config_digest: Some(digest('c')),
        layers: 12,
    };
    let mut report = Report::judge(
        Severity::High,
        &known,
        &asked,
        findings,
        accepted,
        not_checked,
        vec![record],
        coverage,
    );
    report.rules_digest = digest('a');
    report.contract_digest = Some(digest('b'));
    report
}

fn coverage() -> Coverage {
    Coverage {
        layers: 12,
        files: 8_123,
        bytes: 412_345_678,
        files_not_decoded: 31,
        bytes_not_decoded: 88_000_000,
        ..Coverage::default()
    }
}

/// Nothing found, everything seen.
pub(super) fn pass() -> Report {
    judged(Vec::new(), Vec::new(), Vec::new(), coverage())
}

/// Findings of many kinds, one item not checked.
#[expect(clippy::too_many_lines, reason = "a table of findings")]
pub(super) fn fail() -> Report {
    const ROTATE: &str = "Revoke the key in IAM, keep .env out of the context, and rebuild";
    let mut findings = Vec::new();

    let mut env = file("app/.env", 4, 19);
    env.state = Some(FileState::Deleted(5));
    let mut key = finding(
        "SW302",
        "aws-access-key",
        Severity::Critical,
        "AWS access key with its secret",
        ROTATE,
        env,
        "AKIA…",
        20,
    );
    key.add_place(Origin { state: Some(FileState::Overwritten(7)), ..file("srv/old/.env", 4, 19) });
    key.notes = vec!["The key belongs to account 123456789012.".to_owned()];
    findings.push(key);

    for n in 1..=14 {
        let path = format!("app/tests/fixtures/client_{n:02}.py");
        findings.push(finding(
            "SW301",
            "private-key",
            Severity::High,
            "Private key in PEM form",
            "Replace the key pair, and mount the new key at runtime",
            file(&path, 7 + n, 1),
            "…",
            1_704,
        ));
    }
    let mut binary = file("opt/agent/bin/agent", 1, 1);
    binary.place = Place::Byte(1_048_576);
    binary.made_by = None;
    binary.layer =
        Some(layer_of(1, "RUN /bin/sh -c curl -fsSL https://downloads.example/agent | tar -xz -C /opt"));
    let mut token = finding(
        "SW301",
        "github-token",
        Severity::Medium,
        "GitHub personal access token",
        "Revoke the token",
        binary,
        "ghp_…",
        40,
    );
    token.confidence = Confidence::Medium;
    findings.push(token);

    let history = Origin {
        layer: Some(layer_of(4, "RUN |1 PIP_TOKEN=*** /bin/sh -c pip install -r requirements.txt")),
        place: Place::Pointer(JsonPointer::root().key("history").index(6).key("created_by")),
        made_by: Some(SourceLines { path: "docker/Dockerfile".to_owned(), line: 14, end_line: 16 }),
        ..image(OriginKind::History)
    };
    findings.push(finding(
        "SW303",
        "index-token",
        Severity::High,
        "Package index token in a build argument",
        "Revoke the token; use RUN --mount=type=secret",
        history,
        "pypi…",
        179,
    ));

    let config = Origin {
        place: Place::Pointer(JsonPointer::root().key("config").key("Env").index(3)),
        ..image(OriginKind::Config)
    };
    findings.push(finding(
        "SW304",
        "secret-named-variable",
        Severity::High,
        "Variable DB_PASSWORD has a literal value",
        "Remove the ENV line, change the password, and inject the variable at runtime",
        config,
        "…",
        11,
    ));

    let attestation = Origin {
        path: Some(digest('e')),
        place: Place::Pointer(
            JsonPointer::root().key("predicate").key("invocation").key("parameters").key("args"),
        ),
        ..image(OriginKind::Attestation)
    };
    findings.push(finding(
        "SW307",
        "index-token",
        Severity::High,
        "Package index token in the provenance's build arguments",
        "Revoke the token; use RUN --mount=type=secret",
        attestation,
        "pypi…",
        179,
    ));

    let not_checked = NotChecked::new(
        Origin { layer: Some(layer_of(9, "COPY model /opt/model")), ..image(OriginKind::Layer) },
        "digest of layer 9",
        "the archive holds the layer uncompressed, and the manifest names only the compressed blob",
        vec!["SW309"],
    );
    judged(findings, Vec::new(), vec![not_checked], coverage())
}

/// Nothing found, but not everything seen.
pub(super) fn incomplete() -> Report {
    let layer = NotChecked::new(
        Origin { layer: Some(layer_of(7, "ADD model.enc /opt")), ..image(OriginKind::Layer) },
        "layer 7",
        "media type application/vnd.oci.image.layer.v1.tar+gzip+encrypted is not readable without its key",
        vec!["SW301", "SW302"],
    );
    let mut cut = file("opt/data/big.bin", 1, 1);
    cut.place = Place::Byte(4_294_967_296);
    let file = NotChecked::new(
        cut,
        "the rest of the file",
        "it is larger than the limit of 4,294 MB",
        vec!["SW301"],
    );
    let coverage = Coverage {
        layers: 11,
        layers_not_seen: 1,
        files_not_seen: 1,
        bytes_not_seen: 1_234_567_890,
        ..coverage()
    };
    judged(Vec::new(), Vec::new(), vec![layer, file], coverage)
}

/// One accepted finding, and one whose acceptance has ended.
pub(super) fn accepted() -> Report {
    let kept = finding(
        "SW308",
        "key-file",
        Severity::High,
        "A file named like a private key is in the image",
        "List it in .dockerignore",
        file("app/tests/test.pem", 1, 1),
        "…",
        1_704,
    );
    let accepted = Accepted {
        finding: kept,
        reason: "key of the test server, worthless outside the test suite".to_owned(),
        expires: "2026-12-31".to_owned(),
    };
    let mut expired = finding(
        "SW308",
        "key-file",
        Severity::High,
        "A file named like a private key is in the image",
        "List it in .dockerignore",
        file("app/tests/old.pem", 1, 1),
        "…",
        1_704,
    );
    expired.notes = vec![
        "It was accepted until 2025-06-30 (\"until the new server is up\"); that day is over.".to_owned(),
    ];
    judged(vec![expired], vec![accepted], Vec::new(), coverage())
}

/// Many findings, some of them alike, as hostile as can be.
pub(super) fn large(findings: usize) -> Report {
    let severities = Severity::ALL;
    let many = (0..findings).map(|n| {
        let mut origin = file(&format!("srv/data set/{}%/{n}.env", n % 97), (n % 1_000) as u32, 1);
        origin.artifact = "app:1.0".to_owned();
        if n % 3 > 0 {
            origin.made_by = None;
        }
        let check = CHECKS[n % CHECKS.len()].id;
        let message = format!("Secret number {n} [see](https://attacker.example/{{0}})");
        finding(check, "generic", severities[n % 4], &message, "Remove it", origin, "abcd…", 16 + n % 50)
    });
    judged(many.collect(), Vec::new(), Vec::new(), coverage())
}

/// The samples that a person would read.
pub(super) fn all() -> [Report; 5] {
    [pass(), fail(), incomplete(), accepted(), gate()]
}

/// A gate that found something and could not look at everything.
pub(super) fn gate() -> Report {
    let mut report = fail();
    let parts = BTreeMap::from([
        (Part::Context, PartState::NotAsked),
        (Part::Image, PartState::Done),
        (
            Part::Documents,
            PartState::Missing("the run's directory cannot be read: permission denied".to_owned()),
        ),
    ]);
    let profile = crate::contract::default_profile().unwrap();
    let waivers: Vec<Waiver> = ["B", "D.3", "E"]
        .map(|control| Waiver {
            place: "seaworthy.toml:1:1".to_owned(),
            control: control.to_owned(),
            reason: "the pipeline does not have it yet".to_owned(),
            expires: date(2026, 12, 31),
        })
        .into();
    let run = RunFacts { evidence: Ok(()), before_run_header: false, other_context: None };
    let judged = judge_controls(&profile, &waivers, date(2026, 6, 1), &report, &parts, &run);
    report.profile = Some(profile.record());
    (report.controls, report.verdict) = (judged.controls, judged.verdict);
    report
}
