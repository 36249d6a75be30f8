//! Real builds: what buildah puts into an image is what seaworthy says it can.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use seaworthy_context::{Builder, Context, CopyKind, CopySource, FileKind, IgnoreRules, SourcePath, reach};
use seaworthy_source::Span;

/// A storage of its own, gone with the test.
struct Buildah {
    dir: tempfile::TempDir,
}

impl Buildah {
    fn new() -> Self {
        let version = Command::new("buildah").arg("--version").output();
        assert!(
            version.is_ok_and(|output| output.status.success()),
            "this test builds real images: `apt-get install buildah` first"
        );
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new("buildah");
        command.args(["--storage-driver", "vfs", "--root"]).arg(self.dir.path().join("root"));
        command.arg("--runroot").arg(self.dir.path().join("run")).args(args).output().unwrap()
    }

    /// Builds and gives the directory that holds the extracted layers.
    fn build(&self, context: &Path, dockerfile: &Path) -> Result<tempfile::TempDir, String> {
        let checked = |output: Output| match output.status.success() {
            true => Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        };
        let (context, dockerfile) = (context.to_str().unwrap(), dockerfile.to_str().unwrap());
        let image = checked(self.run(&["bud", "--isolation", "chroot", "-q", "-f", dockerfile, context]))?;
        let pushed = tempfile::tempdir().unwrap();
        checked(self.run(&["push", "-q", &image, &format!("dir:{}", pushed.path().display())]))?;
        checked(self.run(&["rmi", &image]))?;
        let manifest = fs::read(pushed.path().join("manifest.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
        let extracted = tempfile::tempdir().unwrap();
        for layer in manifest["layers"].as_array().unwrap() {
            let blob = pushed.path().join(layer["digest"].as_str().unwrap().trim_start_matches("sha256:"));
            let tar = Command::new("tar").arg("-xf").arg(blob).arg("-C").arg(extracted.path()).output();
            assert!(tar.unwrap().status.success());
        }
        Ok(extracted)
    }
}

/// What an image's `/ctx` holds, directories aside: each file's content, which is its path in the context, or a
/// link's path.
fn image_files(root: &Path) -> BTreeSet<String> {
    let entries = walkdir::WalkDir::new(root.join("ctx")).into_iter().map(Result::unwrap);
    let name = |entry: walkdir::DirEntry| match entry.file_type() {
        kind if kind.is_file() => Some(fs::read_to_string(entry.path()).unwrap()),
        kind if kind.is_symlink() => {
            Some(entry.path().strip_prefix(root.join("ctx")).unwrap().display().to_string())
        }
        _ => None,
    };
    entries.filter_map(name).collect()
}

/// The same from seaworthy: sent and taken by the `COPY`. A link that is a source is replaced by its target.
fn our_files(root: &Path, dockerfile: &Path, sources: &[&str]) -> BTreeSet<String> {
    let rules = IgnoreRules::load(root, Some(dockerfile), Builder::Buildah).unwrap();
    let context = Context::walk(root, &rules, NonZeroUsize::new(2).unwrap()).unwrap();
    let copy = CopySource {
        kind: CopyKind::Copy,
        sources: sources.iter().map(|s| SourcePath::Known((*s).to_owned())).collect(),
        excludes: Vec::new(),
        parents: false,
        span: Span::default(),
        line: 2,
    };
    let answer = reach(&context, &[copy]);
    let taken = answer.files_of(0).map(|index| &context.files[index]);
    let taken = taken.filter(|f| match f.kind {
        FileKind::File => true,
        FileKind::Symlink(_) => sources == ["."],
        _ => false,
    });
    taken.map(|f| f.path.display().to_string()).collect()
}

const TREE: [&str; 29] = [
    "README.md",
    "top.md",
    "secret",
    ".env",
    "id_rsa",
    "x.log",
    "xx",
    "x+",
    "(y)",
    "y",
    "a/id_rsa",
    "a/x.md",
    "a/b/y.md",
    "a/b/id_rsa",
    "a/prod.env",
    "a/.env",
    "a/x.log",
    "src/main.rs",
    "src/main.txt",
    "src/keys/id_rsa",
    "src/keys/public.pem",
    "src2/other",
    "dist/js/app.js",
    "build/out",
    "node_modules/m/index.js",
    "a/node_modules/m/index.js",
    "sp ace/f",
    "é/ü",
    "docs/[x]",
];

const LINKS: [(&str, &str); 4] =
    [("to-a", "a"), ("to-secret", "a/b/id_rsa"), ("a/up", "../src/keys"), ("dangling", "none")];

/// A context with the tree and these files beside.
fn context(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for path in TREE {
        let full = root.path().join(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(full, path).unwrap();
    }
    for (link, target) in LINKS {
        std::os::unix::fs::symlink(target, root.path().join(link)).unwrap();
    }
    for (name, text) in files {
        fs::write(root.path().join(name), text).unwrap();
    }
    root
}

fn dockerfile(dir: &Path, sources: &[&str]) -> PathBuf {
    let path = dir.join("Dockerfile");
    fs::write(&path, format!("FROM scratch\nCOPY {} /ctx/\n", sources.join(" "))).unwrap();
    path
}

#[test]
fn ignore_files() {
    let buildah = Buildah::new();
    let cases: [&[(&str, &str)]; 26] = [
        &[],
        &[(".dockerignore", "*.md\n!README.md\n")],
        &[(".dockerignore", "src\n!src/keys/public.pem\n")],
        &[(".dockerignore", "*\n!src/keys\n!a/b/y.md\n")],
        &[(".dockerignore", "**/node_modules\n**/*.log\n")],
        &[(".dockerignore", "**/node_modules\n!README.md\n")],
        &[(".dockerignore", "**/node_modules/**\n")],
        &[(".dockerignore", "id_rsa\n/secret\nb\n")],
        &[(".dockerignore", "dist/\n/build/\n./a/b/\n")],
        &[(".dockerignore", "*/keys\n*/*/id_rsa\n")],
        &[(".dockerignore", "*\n!src/keys/id_rsa\nsrc/keys\n")],
        &[(".dockerignore", "*\n!**/*.md\n")],
        &[(".dockerignore", "*\n!a/**/*.md\n")],
        &[(".dockerignore", "*\n!/secret\n!sr\n")],
        &[(".dockerignore", "src*\n!src2/other\n")],
        &[(".dockerignore", "**.env\n")],
        &[(".dockerignore", "x+\n(y)\n")],
        &[(".dockerignore", "top.md|secret\n")],
        &[(".dockerignore", "z/|a\n!a/x.md\n")],
        &[(".dockerignore", "\u{feff}secret\r\n#top.md\n # xx\n  xx  \nid_rsa # no\n")],
        &[(".dockerignore", "é\nsp ace\ndocs/\\[x\\]\n")],
        &[(".dockerignore", "to-a\na/up\ndangling\n")],
        &[(".dockerignore", "secret\n"), (".containerignore", "top.md\n")],
        &[(".dockerignore", "secret\n"), (".containerignore", "")],
        &[(".dockerignore", "secret\n"), ("Dockerfile.dockerignore", "xx\n")],
        &[
            (".dockerignore", "secret\n"),
            ("Dockerfile.dockerignore", "xx\n"),
            ("Dockerfile.containerignore", "y\n"),
        ],
    ];
    for files in cases {
        let root = context(files);
        let dockerfile = dockerfile(root.path(), &["."]);
        // Not ignored unless a pattern says so; their text is not their path.
        let own = ["Dockerfile"].into_iter().chain(files.iter().map(|(name, _)| *name));
        let own: BTreeSet<String> = own.map(str::to_owned).collect();
        let image =
            buildah.build(root.path(), &dockerfile).unwrap_or_else(|error| panic!("{files:?}: {error}"));
        let texts: BTreeSet<String> =
            own.iter().map(|name| fs::read_to_string(root.path().join(name)).unwrap()).collect();
        let built = &image_files(image.path()) - &texts;
        let ours = &our_files(root.path(), &dockerfile, &["."]) - &own;
        assert_eq!(built, ours, "{files:?}");
        for name in own {
            let sent = our_files(root.path(), &dockerfile, &["."]).contains(&name);
            assert_eq!(image.path().join("ctx").join(&name).exists(), sent, "{files:?}: {name}");
        }
    }
}

#[test]
fn sources() {
    let buildah = Buildah::new();
    let cases: [(&[&str], &str); 12] = [
        (&["src"], ""),
        (&["src"], "src/keys/id_rsa"),
        (&["/src/../a/b/"], ""),
        (&["*.md"], ""),
        (&["s*"], "src2"),
        (&["src*/k*/"], ""),
        (&["?rc/keys/[a-j]*"], ""),
        (&["to-a"], "a/up\n"),
        (&["to-secret"], ""),
        (&["to-a/b"], ""),
        (&["to-*"], "a/up"),
        (&["../../secret", "xx"], ""),
    ];
    for (sources, ignore) in cases {
        let root = context(&[(".dockerignore", ignore)]);
        let elsewhere = tempfile::tempdir().unwrap();
        let dockerfile = dockerfile(elsewhere.path(), sources);
        let image = buildah.build(root.path(), &dockerfile).unwrap_or_else(|e| panic!("{sources:?}: {e}"));
        assert_eq!(
            image_files(image.path()),
            our_files(root.path(), &dockerfile, sources),
            "{sources:?} with {ignore:?}"
        );
    }
}

#[test]
fn refusals() {
    let buildah = Buildah::new();
    for ignore in ["!\n", "a\n[\n", "b\\\n", "*{2}\n"] {
        let root = context(&[(".dockerignore", ignore)]);
        let dockerfile = dockerfile(root.path(), &["."]);
        assert!(buildah.build(root.path(), &dockerfile).is_err(), "{ignore:?}");
        assert!(IgnoreRules::load(root.path(), None, Builder::Buildah).is_err(), "{ignore:?}");
    }
}
