//! The program and its engines against real components: docker-registry, skopeo, buildah, moto, pre-commit.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::needless_pass_by_value,
    missing_docs
)]

#[path = "../support/mod.rs"]
mod support;

mod aws_live;
mod context_buildah;
mod pre_commit;
mod real_components;
mod registry_source;
mod store_s3;
