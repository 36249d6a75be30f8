//! What leaves the program: texts and documents in which secrets are masked, whatever they were made of.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use super::Failure;
use crate::check::Masker;
use crate::rule::Rules;

/// What is said in place of a message that could not be looked through.
const WITHHELD: &str = "(a message is withheld: the detectors cannot be loaded)";

/// The detectors that all output is looked through with: those of the run, or the built-in ones before these are loaded.
#[derive(Default)]
pub(super) struct Outgoing(Mutex<Option<Arc<Rules>>>);

impl Outgoing {
    /// Uses these detectors from now on.
    pub(super) fn learn(&self, rules: &Arc<Rules>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(rules));
        // The process ends with the run: to take thousands of detectors apart before would only take time.
        std::mem::forget(Arc::clone(rules));
    }

    fn rules(&self) -> Option<Arc<Rules>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_none() {
            *known = Rules::load(&[], &[]).ok().map(Arc::new);
        }
        known.clone()
    }

    /// A message with its secrets masked.
    pub(super) fn message(&self, text: &str) -> String {
        self.rules().map_or_else(|| WITHHELD.to_owned(), |rules| Masker::new(&rules).mask_message(text))
    }

    /// A document with its secrets masked.
    ///
    /// # Errors
    /// If the detectors cannot be loaded: a document that was not looked through does not leave.
    pub(super) fn document(&self, bytes: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let rules = self.rules().ok_or_else(|| Failure(WITHHELD.to_owned()))?;
        let masked = match Masker::new(&rules).mask_document(&bytes) {
            Cow::Owned(masked) => Some(masked),
            Cow::Borrowed(_) => None,
        };
        Ok(masked.unwrap_or(bytes))
    }
}
