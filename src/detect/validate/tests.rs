#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

#[test]
fn names_are_unique_and_found() {
    for (at, (name, _, doc)) in ALL.iter().enumerate() {
        assert!(ALL[..at].iter().all(|(other, _, _)| other != name), "{name} twice");
        assert!(by_name(name).is_some() && !doc.is_empty());
    }
    assert!(by_name("no-such-validator").is_none());
}
