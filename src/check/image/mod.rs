//! Questions about container images.

mod document;
mod metadata;
mod sw301;
mod sw302;
mod sw303;
mod sw304;
mod sw305;
mod sw306;
mod sw307;
mod sw308;
mod sw309;

use super::Check;
use super::sw408::SilentFallback;
use crate::observe::Examined;

/// The checks on images.
pub const ALL: &[&dyn Check<Examined>] = &[
    &sw301::SecretInFile,
    &sw302::SecretInHiddenFile,
    &sw303::SecretInHistory,
    &sw304::SecretInEnvironment,
    &sw305::InjectedVariableHasDefault,
    &sw306::SecretInMetadata,
    &sw307::SecretInAttestation,
    &sw308::SecretFile,
    &sw309::DigestMismatch,
    &SilentFallback,
];
