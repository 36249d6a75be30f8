//! The walk: what is listed, what is not entered, what cannot be read.

use std::ffi::OsStr;
use std::fs;
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use proptest::prelude::*;

use super::super::entry::path_order;
use super::super::{Builder, Context, ContextError, FileKind, IgnoreRules, Sent, SpecialKind};
use super::{names, rules, tree, walk};

#[test]
fn lists_every_kind_and_follows_no_link() {
    let root = tree(&["a/f", "a/loop -> ..", "self -> self", "out -> /etc", "d/"]);
    assert!(std::process::Command::new("mkfifo").arg(root.path().join("fifo")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(root.path().join("socket")).unwrap();
    fs::write(root.path().join("new\nline"), "12345").unwrap();
    fs::write(root.path().join(OsStr::from_bytes(b"\xFF\xFE")), "").unwrap();
    fs::set_permissions(root.path().join("a/f"), fs::Permissions::from_mode(0o4755)).unwrap();

    let context = walk(root.path(), &IgnoreRules::none(Builder::BuildKit));
    let paths: Vec<&[u8]> = context.files.iter().map(|f| f.bytes()).collect();
    let expected: [&[u8]; 10] =
        [b"a", b"a/f", b"a/loop", b"d", b"fifo", b"new\nline", b"out", b"self", b"socket", b"\xFF\xFE"];
    assert_eq!(paths, expected);
    let get = |path: &str| &context.files[context.position(path.as_bytes()).unwrap()];
    assert_eq!(get("a/f").mode & 0o7777, 0o4755);
    assert_eq!((get("new\nline").size, get("d").size), (5, 0));
    assert_eq!(get("a/loop").kind, FileKind::Symlink(Path::new("..").into()));
    assert_eq!(get("out").kind, FileKind::Symlink(Path::new("/etc").into()));
    assert_eq!(get("fifo").kind, FileKind::Special(SpecialKind::Fifo));
    assert_eq!(get("socket").kind, FileKind::Special(SpecialKind::Socket));
    assert!(context.unread.is_empty() && context.passed_over.is_empty());
    assert_eq!(context.position(b"a/loop/a"), None);
}

#[test]
fn excluded_directories_are_not_entered() {
    let root = tree(&["src/a.rs", "src/b.log", "node_modules/x/y/z.js", "t/deep/x.md", "top.log"]);
    let pruned = walk(root.path(), &rules("node_modules\n*.log\nt", Builder::BuildKit));
    assert_eq!(names(&pruned), ["src", "src/a.rs", "src/b.log"]);
    assert_eq!(pruned.passed_over, [Path::new("node_modules").into(), Path::new("t").into()]);
    assert_eq!(pruned.excluded_files, 1);

    let entered = walk(root.path(), &rules("*\n!**/*.md", Builder::BuildKit));
    assert_eq!(names(&entered), ["t", "t/deep", "t/deep/x.md"]);
    assert_eq!(entered.passed_over, []);
    assert_eq!(entered.excluded_files, 4);

    // An exception that cannot match there does not make the walk go in.
    let anchored = walk(root.path(), &rules("*\n!t/**/*.md", Builder::BuildKit));
    assert_eq!(names(&anchored), ["t", "t/deep", "t/deep/x.md"]);
    assert_eq!(anchored.passed_over, [Path::new("node_modules").into(), Path::new("src").into()]);

    for builder in [Builder::Classic, Builder::Buildah] {
        assert!(names(&walk(root.path(), &rules("*\n!**/*.md", builder))).is_empty(), "{builder:?}");
    }
}

#[test]
fn builders_differ_on_a_parent_excluded_again() {
    let root = tree(&["src/keys/id_rsa", "src/main.rs"]);
    let text = "*\n!src/keys/id_rsa\nsrc/keys";
    let sent = |builder| {
        let context = walk(root.path(), &rules(text, builder));
        context.position(b"src/keys/id_rsa").map(|at| context.files[at].sent)
    };
    assert_eq!(sent(Builder::BuildKit), Some(Sent::NameOnly));
    assert_eq!(sent(Builder::Classic), Some(Sent::VersionDependent));
    assert_eq!(sent(Builder::Buildah), None);
}

#[test]
fn what_cannot_be_read_is_named() {
    // Two halves joined by a rename: together longer than a path may be, which stops even root.
    let root = tree(&["plain"]);
    let half = vec!["d".repeat(250); 9].join("/");
    for top in ["first", "second"] {
        fs::create_dir_all(root.path().join(top).join(&half)).unwrap();
    }
    let seam = root.path().join("first").join(&half).join("seam");
    fs::rename(root.path().join("second"), seam).unwrap();
    let context = walk(root.path(), &IgnoreRules::none(Builder::BuildKit));
    assert_eq!(context.unread.len(), 1);
    assert!(context.unread[0].path.starts_with("first") && !context.unread[0].reason.is_empty());
    assert!(context.position(b"plain").is_some());

    let closed = root.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::write(closed.join("f"), "").unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let privileged = fs::read_dir(&closed).is_ok();
    let context = walk(root.path(), &IgnoreRules::none(Builder::BuildKit));
    let named = context.unread.iter().any(|u| *u.path == *Path::new("closed"));
    // Permissions do not stop root, who must then see the content.
    assert!(if privileged { context.position(b"closed/f").is_some() && !named } else { named });
    // Excluded and not entered, it is no one's concern.
    let context = walk(root.path(), &rules("closed\nfirst", Builder::BuildKit));
    assert!(context.unread.is_empty());
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_file_that_goes_away_is_no_error() {
    let root = tree(&["stay"]);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let dir = root.path().join("gone");
                fs::create_dir_all(&dir).unwrap();
                fs::write(dir.join("f"), "").unwrap();
                fs::remove_dir_all(dir).unwrap();
            }
        });
        for _ in 0..200 {
            let context = walk(root.path(), &IgnoreRules::none(Builder::BuildKit));
            assert!(context.position(b"stay").is_some());
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn a_root_that_is_no_directory_is_an_error() {
    let root = tree(&["f", "d/x", "link -> d"]);
    let open = |name: &str| {
        let rules = IgnoreRules::none(Builder::BuildKit);
        Context::walk(&root.path().join(name), &rules, NonZeroUsize::MIN)
    };
    assert!(matches!(open("f"), Err(ContextError::NotADirectory { .. })));
    assert!(matches!(open("none"), Err(ContextError::Root { .. })));
    assert_eq!(names(&open("link").unwrap()), ["x"]);
}

#[test]
fn the_answer_does_not_depend_on_the_threads() {
    let files: Vec<String> = (0..300).map(|i| format!("{}/{}-{}/f{i}", i % 7, i % 13, i % 3)).collect();
    let root = tree(&files.iter().map(String::as_str).collect::<Vec<_>>());
    let rules = rules("*/1-*\n!*/1-*/f1*", Builder::BuildKit);
    let by = |threads| Context::walk(root.path(), &rules, NonZeroUsize::new(threads).unwrap()).unwrap();
    let one = by(1);
    assert!(one.files.is_sorted_by(|a, b| path_order(a.bytes(), b.bytes()).is_lt()));
    for threads in [2, 5] {
        let more = by(threads);
        assert_eq!((&one.files, &one.passed_over), (&more.files, &more.passed_over));
        assert_eq!(one.excluded_files, more.excluded_files);
    }
}

proptest! {
    #[test]
    fn a_directory_is_followed_by_its_content(
        mut paths in prop::collection::vec("[a.!-]{1,2}(/[a.!-]{1,2}){0,2}", 1..12)
    ) {
        let key = |p: &String| p.split('/').map(str::to_owned).collect::<Vec<_>>();
        let mut by_parts = paths.clone();
        by_parts.sort_by_key(key);
        paths.sort_by(|a, b| path_order(a.as_bytes(), b.as_bytes()));
        prop_assert_eq!(paths, by_parts);
    }
}
