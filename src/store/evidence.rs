//! When evidence may take the place of evidence, and what becomes of the old.

use serde_json::Value;

use super::{Slot, StoreError};

/// How often to begin again when another writer was faster.
const TRIES: usize = 16;

/// Why the document of another program is left alone, and the ways out.
const FOREIGN: &str = "it is another program's document (no schema, run and verdict of seaworthy); with --replace it is \
    kept beside, or give seaworthy's evidence a key of its own (`security` in the contract's [evidence.keys])";

/// What is there is looked at under this many names before giving up.
const NAMES: u32 = 10_000;

/// What became of evidence that was to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Where it is.
    pub place: String,
    /// Whether the same evidence was there already and was left as it is.
    pub unchanged: bool,
    /// Where the evidence that it replaced is kept.
    pub kept: Option<String>,
    /// The store's name for this version of it, if it keeps versions.
    pub version: Option<String>,
}

/// Stores evidence in a slot; see [`super::Store::put_evidence`]. Where the store refuses a result that takes back a
/// PASS, the error names the PASS that is left.
pub(super) fn put<S: Slot>(slot: &S, bytes: &[u8], replace: bool) -> Result<Stored, StoreError> {
    attempt(slot, bytes, replace).map_err(|error| {
        let left = || {
            let there = slot.get().ok().flatten()?.bytes;
            let (old, new) = (Content::read(&there)?, Content::read(bytes)?);
            new.takes_back(&old).then_some(old)
        };
        let place = slot.place();
        match left() {
            Some(old) => StoreError::Standing { place, written_at: old.written_at, source: Box::new(error) },
            None => error,
        }
    })
}

fn attempt<S: Slot>(slot: &S, bytes: &[u8], replace: bool) -> Result<Stored, StoreError> {
    let foreign = |reason: &str| StoreError::Foreign { place: slot.place(), reason: reason.into() };
    let new = Content::read(bytes).ok_or_else(|| foreign("the new evidence is malformed"))?;
    let stored = |unchanged, kept, version| Stored { place: slot.place(), unchanged, kept, version };
    let _lock = slot.lock()?;
    for _ in 0..TRIES {
        let Some(there) = slot.get()? else {
            match slot.create(bytes)? {
                Some(written) => return Ok(stored(false, None, written.version)),
                None => continue,
            }
        };
        match Content::read(&there.bytes) {
            Some(old) if old.statement == new.statement => return Ok(stored(true, None, there.version)),
            Some(old) if old.identity != new.identity && !replace && !new.takes_back(&old) => {
                let recorded = (old.subject == new.subject).then(|| old.recorded(&new));
                return Err(StoreError::Exists { place: slot.place(), there: old.identity, recorded });
            }
            None if !replace => return Err(foreign(FOREIGN)),
            _ => {}
        }
        // The old bytes are in their new place before the new ones take the old: a crash between loses neither.
        let kept = keep(slot, &there.bytes)?;
        if let Some(written) = slot.swap(&there, bytes)? {
            return Ok(stored(false, Some(kept), written.version));
        }
    }
    Err(StoreError::Busy { place: slot.place() })
}

/// Keeps `bytes` under the first free name, unless they are kept already: then a writer crashed, or lost a race, after
/// it had kept them.
fn keep<S: Slot>(slot: &S, bytes: &[u8]) -> Result<String, StoreError> {
    for n in 1..=NAMES {
        let kept = slot.kept(n)?;
        let there = match kept.get()? {
            Some(there) => there,
            None => match kept.create(bytes)? {
                Some(_) => return Ok(kept.place()),
                // Another writer took the name; it may have kept the same.
                None => match kept.get()? {
                    Some(there) => there,
                    None => continue,
                },
            },
        };
        if there.bytes == bytes {
            return Ok(kept.place());
        }
    }
    Err(StoreError::Busy { place: slot.place() })
}

/// What evidence says.
struct Content {
    /// Run, phase, verdict and images: what must not change unasked.
    identity: String,
    /// Run and phase.
    subject: (String, String),
    /// The digests of the images.
    images: Vec<String>,
    /// Whether the verdict is PASS.
    passes: bool,
    /// When it was written, for people.
    written_at: String,
    /// All of it but when and by whom it was written, and how much was read: the store may lie in the context, which then
    /// has one file more in the next run.
    statement: Value,
}

impl Content {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut value: Value = serde_json::from_slice(bytes).ok()?;
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        text("schema").filter(|s| s.starts_with("seaworthy/evidence/"))?;
        let run = text("platform_run_id").unwrap_or("no named run");
        // Archives that `docker save` writes have no manifest; an image's config names it, too.
        let inputs = value.get("inputs").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let field = |input: &Value, key: &str| input.get(key).and_then(Value::as_str).map(str::to_owned);
        let images: Vec<String> = inputs
            .iter()
            .filter(|input| field(input, "kind").as_deref() == Some("image"))
            .filter_map(|input| field(input, "digest").or_else(|| field(input, "config_digest")))
            .collect();
        let named = if images.is_empty() { String::new() } else { format!(", image {}", images.join(", ")) };
        let identity = format!("{run}, phase {}, verdict {}{named}", text("phase_id")?, text("verdict")?);
        let subject = (run.to_owned(), text("phase_id")?.to_owned());
        let passes = text("verdict")? == "PASS";
        let written_at = text("written_at_utc").unwrap_or("at a time that it does not tell");
        let written_at = seaworthy_source::escape_bytes(written_at.as_bytes());
        let object = value.as_object_mut()?;
        object.remove("actor");
        object.remove("written_at_utc");
        object.remove("coverage");
        let identity = seaworthy_source::escape_bytes(identity.as_bytes());
        Some(Self { identity, subject, images, passes, written_at, statement: value })
    }

    /// What is recorded, as a new result of the same run and phase tells it.
    fn recorded(&self, new: &Self) -> String {
        let verdict = if self.passes { "PASS" } else { "FAIL" };
        let other = if self.images == new.images { "" } else { ", for another image" };
        format!("{verdict} of {}{other}", self.written_at)
    }

    /// Whether this takes back the PASS of the same run and phase: it may, unasked, since a PASS that no longer holds
    /// is worse than none. A PASS never takes the place of anything unasked.
    fn takes_back(&self, old: &Self) -> bool {
        old.passes && !self.passes && self.subject == old.subject
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::store::Directory;

    fn evidence(run: &str, verdict: &str, time: &str, more: &str) -> Vec<u8> {
        format!(
            r#"{{"schema":"seaworthy/evidence/v1","platform_run_id":"{run}","phase_id":"p","verdict":"{verdict}","written_at_utc":"{time}","found":"{more}"}}"#
        )
        .into_bytes()
    }

    fn put(path: &Path, bytes: &[u8], replace: bool) -> Result<Stored, StoreError> {
        Directory::put_evidence_at(path, bytes, replace)
    }

    #[test]
    fn another_verdict_is_not_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b/evidence.json");
        let (fail, pass) = (evidence("r1", "FAIL", "1", ""), evidence("r1", "PASS", "3", ""));
        assert!(!put(&path, &fail, false).unwrap().unchanged);
        // Only the time differs: the first stays.
        assert!(put(&path, &evidence("r1", "FAIL", "2", ""), false).unwrap().unchanged);
        assert_eq!(std::fs::read(&path).unwrap(), fail);
        let refused = put(&path, &pass, false).unwrap_err().to_string();
        assert!(refused.contains("verdict FAIL") && refused.contains("--replace"), "{refused}");
        assert_eq!(std::fs::read(&path).unwrap(), fail);
        let kept = put(&path, &pass, true).unwrap().kept.unwrap();
        assert_eq!(std::fs::read(kept).unwrap(), fail);
        assert_eq!(std::fs::read(&path).unwrap(), pass);
        assert!(put(&path, &evidence("r2", "PASS", "3", ""), false).is_err());
    }

    #[test]
    fn a_fail_takes_back_the_pass_of_its_run_and_phase() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("evidence.json");
        let pass = evidence("r1", "PASS", "1", "");
        put(&path, &pass, false).unwrap();
        assert!(put(&path, &evidence("r2", "FAIL", "2", ""), false).is_err(), "another run's");
        let fail = evidence("r1", "FAIL", "2", "");
        let kept = put(&path, &fail, false).unwrap().kept.unwrap();
        assert_eq!((std::fs::read(kept).unwrap(), std::fs::read(&path).unwrap()), (pass.clone(), fail));
        assert!(put(&path, &pass, false).is_err(), "a PASS never comes unasked");
    }

    #[test]
    fn the_same_verdict_for_other_reasons_keeps_the_old() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("evidence.json");
        let [one, two] = ["one", "two"].map(|more| evidence("r", "FAIL", "1", more));
        put(&path, &one, false).unwrap();
        let kept = put(&path, &two, false).unwrap().kept.unwrap();
        assert_eq!((std::fs::read(kept).unwrap(), std::fs::read(&path).unwrap()), (one.clone(), two.clone()));
        // Back and forth: what is kept already is not kept twice.
        put(&path, &one, false).unwrap();
        put(&path, &two, false).unwrap();
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 3);
    }

    #[test]
    fn what_is_not_evidence_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notes.json");
        std::fs::write(&path, "{\"mine\": true}").unwrap();
        let refused = put(&path, &evidence("r", "PASS", "1", ""), false);
        assert!(matches!(refused, Err(StoreError::Foreign { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), b"{\"mine\": true}");
        let kept = put(&path, &evidence("r", "PASS", "1", ""), true).unwrap().kept.unwrap();
        assert_eq!(std::fs::read(kept).unwrap(), b"{\"mine\": true}");
    }

    /// A store that can be read and not written.
    struct ReadOnly(Vec<u8>);

    impl Slot for ReadOnly {
        type Lock = ();

        fn place(&self) -> String {
            "s3://bucket/evidence.json".to_owned()
        }

        fn lock(&self) -> Result<(), StoreError> {
            Ok(())
        }

        fn get(&self) -> Result<Option<super::super::Object>, StoreError> {
            Ok(Some(super::super::Object { bytes: self.0.clone(), modified: None, version: None, tag: None }))
        }

        fn create(&self, _: &[u8]) -> Result<Option<super::super::Written>, StoreError> {
            let place = self.place();
            Err(StoreError::Denied { place, code: "AccessDenied".to_owned(), permission: "s3:PutObject" })
        }

        fn swap(
            &self,
            _: &super::super::Object,
            bytes: &[u8],
        ) -> Result<Option<super::super::Written>, StoreError> {
            self.create(bytes)
        }

        fn kept(&self, _: u32) -> Result<Self, StoreError> {
            let place = self.place();
            Err(StoreError::Denied { place, code: "AccessDenied".to_owned(), permission: "s3:PutObject" })
        }
    }

    #[test]
    fn a_pass_that_is_left_is_named() {
        let store = ReadOnly(evidence("r1", "PASS", "2026-01-02T03:04:05Z", ""));
        let error =
            super::put(&store, &evidence("r1", "FAIL", "2026-02-01T00:00:00Z", ""), false).unwrap_err();
        let told = error.to_string();
        for word in
            ["AccessDenied", "PASS", "2026-01-02T03:04:05Z", "still stands at s3://bucket/evidence.json"]
        {
            assert!(told.contains(word), "{word}: {told}");
        }
        // Another run's PASS, or a FAIL, is not one that should have been taken back.
        for there in [evidence("r2", "PASS", "1", ""), evidence("r1", "FAIL", "1", "x")] {
            let error = super::put(&ReadOnly(there), &evidence("r1", "FAIL", "2", ""), false).unwrap_err();
            assert!(!error.to_string().contains("still stands"), "{error}");
        }
    }
}
