//! What is known of a request beyond principal, action and resource.

use std::collections::HashMap;

/// The context keys of a request.
///
/// By default it is the whole truth: a key that is not there is absent. A key may be marked as unknown, and a context may
/// be open: then every key that it does not name is unknown, present or not.
#[derive(Clone, Debug, Default)]
pub struct Context {
    keys: HashMap<String, Option<Vec<String>>>,
    open: bool,
}

/// What a context says of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookup<'a> {
    /// The request does not have the key.
    Absent,
    /// No one knows whether the request has it, and with which value.
    Unknown,
    /// The values; a single-valued key has one, an empty list counts as a key without a value.
    Values(&'a [String]),
}

impl Context {
    /// A context that is the whole truth; empty at first.
    pub fn closed() -> Self {
        Self::default()
    }

    /// A context in which a key that is not set is unknown instead of absent.
    pub fn open() -> Self {
        Self { keys: HashMap::new(), open: true }
    }

    /// Sets a key's values. Names are case-insensitive. Answers whether the key was new.
    pub fn set(&mut self, key: &str, values: Vec<String>) -> bool {
        self.keys.insert(key.to_lowercase(), Some(values)).is_none()
    }

    /// Marks a key as unknown. Answers whether the key was new.
    pub fn set_unknown(&mut self, key: &str) -> bool {
        self.keys.insert(key.to_lowercase(), None).is_none()
    }

    /// Whether it says something of a key, which is given in any case.
    pub fn tells_of(&self, key: &str) -> bool {
        self.keys.contains_key(&key.to_lowercase())
    }

    /// Looks up a key whose name is already in lower case.
    pub(super) fn lookup(&self, key: &str) -> Lookup<'_> {
        match self.keys.get(key) {
            Some(Some(values)) => Lookup::Values(values),
            Some(None) => Lookup::Unknown,
            None if self.open => Lookup::Unknown,
            None => Lookup::Absent,
        }
    }
}
