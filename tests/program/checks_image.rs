//! The fixtures of the image checks: `tests/checks/<ID>/{fail,pass}/*.toml` describe small images. Each is built and
//! inspected; what stands under `fail` must be found by that check, at the places that it names, and what stands under
//! `pass` must not; what stands under `open` must be not checked.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use seaworthy::check::image::ALL;
use seaworthy::check::packaging::{ENTRYPOINTS, HELP};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{Blobs, CONFIG, Cli, Layer, Packing, Spec, Tar, findings};

/// A small image.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    #[serde(default)]
    layers: Vec<LayerFixture>,
    /// The `config` object of the image config.
    config: Option<Value>,
    /// Commands of history entries that make no layer.
    #[serde(default)]
    history: Vec<String>,
    /// Annotations of the manifest.
    annotations: Option<Value>,
    /// An in-toto statement in BuildKit's attestation manifest.
    attestation: Option<String>,
    /// The same, attached by `subject`.
    referrer: Option<String>,
    /// The contract.
    contract: Option<String>,
    /// A container engine that answers so: the image is in an archive and its entrypoints are run.
    engine: Option<EngineFixture>,
    /// What does not match: manifest, config, layer, diff_id or size.
    damage: Option<String>,
    /// Paths or JSON pointers at which the check must find something, and no others.
    #[serde(default)]
    expect: Vec<String>,
    /// The beginning of what the check must say.
    message: Option<String>,
    /// The severity of everything that the check finds.
    severity: Option<String>,
}

/// What running an entrypoint comes to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EngineFixture {
    exit: i32,
    output: String,
}

impl EngineFixture {
    /// A script in the place of podman. It refuses a run that could reach something.
    fn script(&self) -> String {
        let id = "0123456789abcdef".repeat(4);
        format!(
            "#!/bin/sh\ncase \"$1\" in\nimages) ;;\nload) echo 'Loaded image: localhost/app:1' ;;\nimage) echo {id} ;;\n\
             rmi) echo \"$2\" > removed ;;\nrun)\n  case \" $* \" in\n  *' --env'*|*' -e '*|*' --volume '*) exit 125 ;;\n  \
             *' --network none'*' --read-only'*' --cap-drop ALL'*' {id}'*' --help ') ;;\n  *) exit 125 ;;\n  esac\n  \
             echo '{}' >&2\n  exit {} ;;\n*) exit 125 ;;\nesac\n",
            self.output, self.exit
        )
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerFixture {
    /// plain, gzip, gzip-members, zstd or zstd-frames.
    packing: Option<String>,
    created_by: Option<String>,
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// Files that may be executed.
    #[serde(default)]
    executables: BTreeMap<String, String>,
    /// Programs for x86-64, or for AArch64, with the path of their loader.
    #[serde(default)]
    x86_64: BTreeMap<String, String>,
    #[serde(default)]
    aarch64: BTreeMap<String, String>,
    /// Symbolic links and their targets.
    #[serde(default)]
    links: BTreeMap<String, String>,
    #[serde(default)]
    whiteouts: Vec<String>,
    /// Directories whose lower content is hidden.
    #[serde(default)]
    opaque: Vec<String>,
}

impl LayerFixture {
    fn layer(&self) -> Layer {
        let mut tar = self.files.iter().fold(Tar::new(), |tar, (path, content)| tar.file(path, content));
        for (path, content) in &self.executables {
            tar = tar.executable(path, content);
        }
        for (programs, machine) in [(&self.x86_64, 62), (&self.aarch64, 183)] {
            for (path, loader) in programs {
                tar = tar.executable(path, crate::support::elf(machine, loader));
            }
        }
        for (path, target) in &self.links {
            tar = tar.symlink(path, target);
        }
        for path in &self.whiteouts {
            let (directory, name) = path.rsplit_once('/').map_or(("", path.as_str()), |(f, n)| (f, n));
            tar = tar.file(format!("{directory}/.wh.{name}").trim_start_matches('/'), "");
        }
        for directory in &self.opaque {
            tar = tar.dir(directory).file(&format!("{directory}/.wh..wh..opq"), "");
        }
        let packing = match self.packing.as_deref() {
            None | Some("plain") => Packing::Plain,
            Some("gzip") => Packing::Gzip,
            Some("gzip-members") => Packing::GzipMembers,
            Some("zstd") => Packing::Zstd,
            Some("zstd-frames") => Packing::ZstdFrames,
            Some(other) => panic!("no packing is called {other}"),
        };
        let layer = Layer::from(tar).packed(packing);
        self.created_by.iter().fold(layer, |layer, command| layer.made_by(command))
    }
}

impl Fixture {
    fn layout(&self) -> Blobs {
        let mut spec = Spec::new(self.layers.iter().map(LayerFixture::layer));
        spec.history.clone_from(&self.history);
        if let Some(config) = &self.config {
            spec.config = config.clone();
        }
        spec.annotations = self.annotations.clone().unwrap_or_default();
        let damage = self.damage.as_deref().unwrap_or_default();
        let mut blobs = Blobs::default();
        let mut config = spec.config_value();
        if damage == "diff_id" {
            config["rootfs"]["diff_ids"][0] = crate::support::digest(b"another layer").into();
        }
        let descriptor = blobs.json(CONFIG, &config);
        let mut image = blobs.image_with(&spec, &descriptor);
        let manifest = blobs.get(&image);
        match damage {
            "" | "diff_id" => {}
            "manifest" => {
                let mut changed = manifest;
                changed["annotations"] = json!({ "changed": "later" });
                blobs.damage(&image, changed.to_string());
            }
            "config" => {
                config["author"] = "somebody".into();
                blobs.damage(&descriptor, config.to_string());
            }
            "layer" => {
                let other = Packing::Gzip.pack(&Tar::new().file("app/run", "changed").done());
                blobs.damage(&manifest["layers"][0], other);
            }
            "size" => {
                let mut changed = manifest;
                changed["layers"][0]["size"] = 1.into();
                blobs.remove(&image);
                image = blobs.json(crate::support::MANIFEST, &changed);
            }
            other => panic!("no damage is called {other}"),
        }
        let statement = |text: &String| serde_json::from_str(text).unwrap();
        let mut manifests = vec![image.clone()];
        manifests.extend(self.attestation.as_ref().map(|text| blobs.attestation(&image, &statement(text))));
        manifests.extend(self.referrer.as_ref().map(|text| blobs.referrer(&image, &statement(text))));
        let index = blobs.index(&manifests);
        blobs.root(index, "1");
        blobs
    }
}

/// The fixtures in one directory, by name.
fn fixtures(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
    // A directory is a build context: see checks_context.rs.
    let mut paths: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).filter(|p| p.is_file()).collect();
    paths.sort_unstable();
    assert!(!paths.is_empty(), "{} has no fixture", directory.display());
    paths
}

/// What a fixture must come to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Fail,
    Pass,
    /// Findings that fail nothing.
    Low,
    /// What cannot be checked.
    Open,
}

/// Inspects one fixture and says what is wrong with the answer.
fn judge(id: &str, path: &Path, side: Side) -> Result<(), String> {
    let (fails, low) = (matches!(side, Side::Fail | Side::Low), side == Side::Low);
    let text = std::fs::read_to_string(path).unwrap();
    let fixture: Fixture = toml::from_str(&text).map_err(|e| e.to_string())?;
    let cli = Cli::new();
    fixture.layout().write(&cli.path("layout"));
    if let Some(contract) = &fixture.contract {
        cli.write("seaworthy.toml", contract);
    }
    let (code, report) = match &fixture.engine {
        None => cli.image("oci:layout"),
        Some(engine) => {
            cli.write("image.tar", fixture.layout().tar().done());
            cli.write("bin/podman", engine.script());
            std::fs::set_permissions(cli.path("bin/podman"), std::fs::Permissions::from_mode(0o755)).unwrap();
            let path = format!("{}:/usr/bin:/bin", cli.path("bin").display());
            let cli = cli.env("PATH", &path);
            let answer = cli.run(&["image", "oci-archive:image.tar", "--exec", "podman", "--report", "json"]);
            assert!(
                !answer.stdout.contains("hunter2") && !answer.stderr.contains("hunter2"),
                "shows the output"
            );
            assert!(cli.path("removed").exists(), "{}: the image was left in the engine", path);
            (answer.code, answer.json())
        }
    };
    let found: Vec<&Value> = findings(&report).iter().filter(|f| f["check"] == id).collect();
    if side == Side::Open {
        let items = report["not_checked"].as_array().unwrap();
        let start = fixture.message.as_deref().unwrap_or_default();
        let told = items.iter().any(|u| {
            u["checks"].as_array().unwrap().iter().any(|c| c == id)
                && u["reason"].as_str().unwrap().contains(start)
        });
        return if told && found.is_empty() { Ok(()) } else { Err(format!("{items:#?}, {found:#?}")) };
    }
    if !fails {
        if fixture.damage.is_none() && !report["not_checked"].as_array().unwrap().is_empty() {
            return Err(format!("has not checked items: {:#}", report["not_checked"]));
        }
        return if found.is_empty() { Ok(()) } else { Err(format!("is found: {found:#?}")) };
    }
    let level = if low { Some("low") } else { fixture.severity.as_deref() };
    if let (Some(level), true) = (level, found.iter().any(|f| level.is_some_and(|l| f["severity"] != l))) {
        return Err(format!("is not {level}: {found:#?}"));
    }
    if found.is_empty() || code != 1 && !low {
        return Err(format!("is not found, exit code {code}: {:#}", report["findings"]));
    }
    let place = |origin: &Value| {
        let at = origin["pointer"].as_str().or(origin["path"].as_str());
        at.unwrap_or_default().to_owned()
    };
    let origins = found
        .iter()
        .flat_map(|f| std::iter::once(&f["origin"]).chain(f["places"].as_array().into_iter().flatten()));
    let mut places: Vec<String> = origins.map(place).collect();
    places.sort_unstable();
    if !fixture.expect.is_empty() && places != fixture.expect {
        return Err(format!("is found at {places:?}"));
    }
    match &fixture.message {
        Some(start) if !found.iter().any(|f| f["message"].as_str().unwrap().starts_with(start)) => {
            Err(format!("says {found:#?}"))
        }
        _ => Ok(()),
    }
}

#[test]
fn every_fixture_gives_what_its_directory_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checks");
    let mut wrong = Vec::new();
    let ids = ALL
        .iter()
        .map(|c| c.meta().id)
        .chain(ENTRYPOINTS.iter().map(|c| c.meta().id))
        .chain(HELP.iter().map(|c| c.meta().id));
    for id in ids {
        for (directory, side) in
            [("fail", Side::Fail), ("pass", Side::Pass), ("low", Side::Low), ("open", Side::Open)]
        {
            let directory = root.join(id).join(directory);
            if matches!(side, Side::Low | Side::Open) && !directory.exists() {
                continue;
            }
            for path in fixtures(&directory) {
                if let Err(e) = judge(id, &path, side) {
                    let name = path.strip_prefix(&root).unwrap().display().to_string();
                    wrong.push(format!("{name}: {e}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
