//! The image that most tests look at.

use serde_json::{Value, json};

use super::{AWS_KEY, GITHUB, GITLAB, Layer, NPM, SLACK, STRIPE, Spec, Tar, findings};

/// An image with secrets of several kinds, in three layers.
pub fn planted() -> Spec {
    let first = Tar::new()
        .dir("app")
        .file("app/settings.ini", format!("[api]\ntoken = {GITHUB}\n"))
        .file("app/gone.txt", format!("key={AWS_KEY}\n"))
        .file("app/changed.txt", format!("{GITLAB}\n"));
    let second = Tar::new().file("app/.wh.gone.txt", "").file("app/changed.txt", "nothing\n");
    let third = Tar::new().file("app/.env", format!("SLACK={SLACK}\n")).file("app/run", "#!/bin/sh\n");
    let mut spec = Spec::new([
        Layer::from(first).made_by("COPY . /app # buildkit"),
        Layer::from(second).made_by("RUN rm /app/gone.txt # buildkit"),
        Layer::from(third).made_by(&format!("RUN echo {STRIPE} | login # buildkit")),
    ]);
    spec.config["Env"] = json!(["PATH=/bin", format!("NPM_TOKEN={NPM}")]);
    spec.config["Labels"] = json!({ "com.example.token": GITHUB });
    spec
}

/// What does not depend on the shape: check, detector, path, line, state and fingerprint of each finding.
pub fn essence(report: &Value) -> Vec<String> {
    let of = |f: &Value| {
        let o = &f["origin"];
        let layer = o["layer"]["index"].to_string();
        let path = if o["kind"] == "file" { o["path"].clone() } else { o["pointer"].clone() };
        [&f["check"], &f["detector"], &path, &o["line"], &o["state"], &f["fingerprint"]]
            .iter()
            .map(|v| v.to_string())
            .chain([layer])
            .collect::<Vec<_>>()
            .join(" ")
    };
    let mut all: Vec<String> = findings(report).iter().map(of).collect();
    all.sort_unstable();
    all
}
