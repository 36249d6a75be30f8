//! What is wrong with one value.

/// What is wrong with a value, before it is known where the value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// What is wrong, as the end of a sentence that begins with the key.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

impl Fault {
    /// A fault; both texts are constant, so that no value slips into them.
    pub(super) fn new(message: &str, help: &str) -> Self {
        Self { message: message.to_owned(), help: help.to_owned() }
    }
}
