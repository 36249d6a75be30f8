//! Which sources take which files.

use seaworthy_source::Span;

use super::super::{
    Builder, Context, CopyKind, CopySource, IgnoreRules, Reach, SourcePath, Unmatched, reach,
};
use super::{rules, tree, walk};

fn copy(sources: &[&str]) -> CopySource {
    CopySource {
        kind: CopyKind::Copy,
        sources: sources.iter().map(|s| SourcePath::Known((*s).to_owned())).collect(),
        excludes: Vec::new(),
        parents: false,
        span: Span::new(0, 0),
        line: 1,
    }
}

fn excluding(sources: &[&str], excludes: &[&str]) -> CopySource {
    let excludes = excludes.iter().map(|s| SourcePath::Known((*s).to_owned())).collect();
    CopySource { excludes, ..copy(sources) }
}

fn parents(sources: &[&str]) -> CopySource {
    CopySource { parents: true, ..copy(sources) }
}

/// The files, directories aside, that a source takes from a tree.
fn taken_by(context: &Context, source: CopySource) -> Vec<String> {
    let answer = reach(context, &[source]);
    let file = |index: &usize| context.files[*index].kind != super::super::FileKind::Directory;
    answer.files_of(0).filter(file).map(|index| context.files[index].path.display().to_string()).collect()
}

fn context(entries: &[&str]) -> Context {
    walk(tree(entries).path(), &IgnoreRules::none(Builder::BuildKit))
}

const TREE: [&str; 9] =
    [".env", "a.txt", "b.txt", "src/a.txt", "src/keys/id", "src/keys/pub", "src/lib/a.txt", "srv/id", "w/*x"];

#[test]
fn paths_are_cleaned_and_held_inside() {
    let context = context(&TREE);
    for source in [".", "/", "./", "..", "../..", "", "src/.."] {
        assert_eq!(taken_by(&context, copy(&[source])).len(), TREE.len(), "{source}");
    }
    for source in ["src/keys", "/src/keys/", "../src//./keys", "src/lib/../keys"] {
        assert_eq!(taken_by(&context, copy(&[source])), ["src/keys/id", "src/keys/pub"], "{source}");
    }
    assert_eq!(taken_by(&context, copy(&["../.env"])), [".env"]);
    assert_eq!(taken_by(&context, copy(&["w/*x"])), ["w/*x"]);
    assert_eq!(taken_by(&context, copy(&["SRC"])), Vec::<String>::new());
}

#[test]
fn wildcards_are_filepath_match() {
    let context = context(&TREE);
    assert_eq!(taken_by(&context, copy(&["*.txt"])), ["a.txt", "b.txt"]);
    assert_eq!(taken_by(&context, copy(&["s*/id"])), ["srv/id"]);
    assert_eq!(taken_by(&context, copy(&["sr[c]/k*"])), ["src/keys/id", "src/keys/pub"]);
    assert_eq!(taken_by(&context, copy(&["*"])).len(), TREE.len());
    assert_eq!(taken_by(&context, copy(&["**/id"])), ["srv/id"]);
    assert_eq!(taken_by(&context, copy(&["src/??ys/*d"])), ["src/keys/id"]);
    assert_eq!(taken_by(&context, copy(&["src/[", "x*"])), Vec::<String>::new());
    // In Go a class may match the separator.
    assert_eq!(taken_by(&context, copy(&["srv[^x]id"])), ["srv/id"]);
}

#[test]
fn links_are_followed_at_the_source_only() {
    let context = context(&[
        "real/secret",
        "real/in -> ../other",
        "other/x",
        "link -> real",
        "file -> real/secret",
        "abs -> /real/secret",
        "up -> ../../real",
        "loop -> loop",
        "chain -> link/secret",
        "nowhere -> x/y",
    ]);
    assert_eq!(taken_by(&context, copy(&["real"])), ["real/in", "real/secret"]);
    assert_eq!(taken_by(&context, copy(&["link"])), ["link", "real/in", "real/secret"]);
    assert_eq!(taken_by(&context, copy(&["link/secret"])), ["real/secret"]);
    assert_eq!(taken_by(&context, copy(&["link/in"])), ["other/x", "real/in"]);
    assert_eq!(taken_by(&context, copy(&["file"])), ["file", "real/secret"]);
    assert_eq!(taken_by(&context, copy(&["abs"])), ["abs", "real/secret"]);
    assert_eq!(taken_by(&context, copy(&["up"])), ["real/in", "real/secret", "up"]);
    assert_eq!(taken_by(&context, copy(&["chain"])), ["chain", "real/secret"]);
    assert_eq!(taken_by(&context, copy(&["f*"])), ["file", "real/secret"]);
    assert_eq!(taken_by(&context, copy(&["l*/secret"])), Vec::<String>::new());
    for source in ["loop", "nowhere", "loop/x"] {
        assert_eq!(taken_by(&context, copy(&[source])), Vec::<String>::new(), "{source}");
    }
    let root = tree(&["real/secret", "link -> real"]);
    let buildah = walk(root.path(), &IgnoreRules::none(Builder::Buildah));
    assert_eq!(taken_by(&buildah, copy(&["l*/secret"])), ["real/secret"]);
}

#[test]
fn exclude_is_relative_to_the_directory() {
    let context = context(&TREE);
    assert_eq!(taken_by(&context, excluding(&["src"], &["keys", "lib/*.txt"])), ["src/a.txt"]);
    assert_eq!(taken_by(&context, excluding(&["src"], &["src/keys", "id"])).len(), 4);
    assert_eq!(
        taken_by(&context, excluding(&["."], &["**/id", "**/*.txt"])),
        [".env", "src/keys/pub", "w/*x"]
    );
    assert_eq!(taken_by(&context, excluding(&["src"], &["keys", "!keys/pub"])).len(), 3);
    // A file that is itself a source is spared.
    assert_eq!(taken_by(&context, excluding(&["*.txt"], &["a.txt"])), ["a.txt", "b.txt"]);
    let unknown = CopySource {
        excludes: vec![SourcePath::Known("keys".into()), SourcePath::Prefix(String::new())],
        ..copy(&["src"])
    };
    assert_eq!(taken_by(&context, unknown).len(), 4);
}

#[test]
fn parents_take_patterns_after_the_pivot() {
    let context = context(&TREE);
    assert_eq!(taken_by(&context, parents(&["src/**/a.txt"])), ["src/a.txt", "src/lib/a.txt"]);
    assert_eq!(taken_by(&context, parents(&["./src/./keys/id"])), ["src/keys/id"]);
    assert_eq!(taken_by(&context, parents(&["./s*/./id"])), ["srv/id"]);
    assert_eq!(taken_by(&context, parents(&["src/./"])).len(), 4);
    assert_eq!(taken_by(&context, parents(&["src/keys"])), ["src/keys/id", "src/keys/pub"]);
    let both = CopySource { excludes: vec![SourcePath::Known("**/keys".into())], ..parents(&["src"]) };
    assert_eq!(taken_by(&context, both), ["src/a.txt", "src/lib/a.txt"]);
}

#[test]
fn an_unknown_rest_stands_for_everything() {
    let context =
        context(&["conf/app-a/x", "conf/app-b", "conf/c", "k/id", "conf/app-l -> ../k", "z -> conf"]);
    let prefix = |text: &str| {
        let source = CopySource { sources: vec![SourcePath::Prefix(text.into())], ..copy(&[]) };
        taken_by(&context, source)
    };
    assert_eq!(prefix("conf/app-"), ["conf/app-a/x", "conf/app-b", "conf/app-l", "k/id"]);
    assert_eq!(prefix("/conf/"), ["conf/app-a/x", "conf/app-b", "conf/app-l", "conf/c", "k/id"]);
    assert_eq!(prefix("z/app-b"), ["conf/app-b"]);
    assert_eq!(prefix("conf/*x"), ["conf/app-a/x", "conf/app-b", "conf/app-l", "conf/c", "k/id"]);
    for everything in ["", "./", "..", "."] {
        assert_eq!(prefix(everything).len(), 6, "{everything:?}");
    }
}

#[test]
fn mounts_and_remote_sources() {
    let context = context(&TREE);
    let mount = |source: &str| CopySource { kind: CopyKind::BindMount, ..copy(&[source]) };
    assert_eq!(taken_by(&context, mount("src/keys")), ["src/keys/id", "src/keys/pub"]);
    assert_eq!(taken_by(&context, mount("")).len(), TREE.len());
    assert_eq!(taken_by(&context, mount("w/*x")), ["w/*x"]);
    assert_eq!(taken_by(&context, mount("s*")), Vec::<String>::new());
    let add = |source: &str| CopySource { kind: CopyKind::Add, ..copy(&[source]) };
    for remote in ["https://example.com/x", "git@example.com:a/b.git", "HTTP://example.com/x"] {
        assert!(reach(&context, &[add(remote)]).unmatched.is_empty(), "{remote}");
    }
    assert_eq!(taken_by(&context, add("a.txt")), ["a.txt"]);
}

#[test]
fn answers_by_file_and_what_is_missing() {
    let root = tree(&TREE);
    let context = walk(root.path(), &rules("src/keys", Builder::BuildKit));
    let answer: Reach = reach(
        &context,
        &[copy(&["src", "src/keys"]), copy(&["a.txt", "none"]), copy(&["."]), excluding(&["src"], &["["])],
    );
    let by = |path: &str| answer.copies_of(context.position(path.as_bytes()).unwrap()).collect::<Vec<_>>();
    assert_eq!(by("src/a.txt"), [0, 2, 3]);
    assert_eq!(by("a.txt"), [1, 2]);
    assert_eq!(by(".env"), [2]);
    assert_eq!(answer.unmatched, [Unmatched { copy: 0, source: 1 }, Unmatched { copy: 1, source: 1 }]);
    assert_eq!(answer.refused.len(), 1);
    assert_eq!(answer.refused[0].0, 3);
    let nothing = reach(&context, &[]);
    assert!((0..context.files.len()).all(|file| !nothing.is_reachable(file)));
}

#[test]
fn many_links_to_one_directory_cost_little() {
    let mut entries: Vec<String> = (0..2000).map(|i| format!("links/l{i} -> /data")).collect();
    entries.extend((0..2000).map(|i| format!("data/f{i}")));
    let context = context(&entries.iter().map(String::as_str).collect::<Vec<_>>());
    let start = std::time::Instant::now();
    assert_eq!(taken_by(&context, excluding(&["links/*"], &["f1"])).len(), 2000 + 1999);
    // Asked of each pair of a link and a file, it would take minutes.
    assert!(start.elapsed().as_secs() < 30);
}

#[test]
fn one_of_several_paths_is_what_is_there() {
    let context = context(&["linux/amd64/app", "linux/arm64/app", "testdata/key", "app"]);
    let paths = |all: &[&str]| SourcePath::OneOf(all.iter().map(|s| (*s).to_owned()).collect());
    let one = |all: &[&str]| CopySource { sources: vec![paths(all)], ..copy(&[]) };
    let source = one(&["linux/amd64/app", "linux/arm64/app", "windows/amd64/app"]);
    assert_eq!(taken_by(&context, source), ["linux/amd64/app", "linux/arm64/app"]);
    let missing = reach(&context, &[one(&["linux/386/app", "linux/arm/app"])]);
    assert_eq!(missing.unmatched, [Unmatched { copy: 0, source: 0 }]);
}
