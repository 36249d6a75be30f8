//! What the tests of the real binary share: images made by hand, and a way to run it that cannot hang.
//! Each test crate uses a part of it.
#![allow(dead_code, unused_imports)]

mod account;
mod aws;
mod ecr;
mod image;
mod patch;
mod planted;
mod registry;
mod run;
mod runs;
mod secrets;
mod stub;
mod tar;

pub use account::{Account, Call, Reaction, json, refused_json, refused_xml, role_xml, xml};
pub use aws::{Moto, alone};
pub use ecr::Ecr;
pub use image::{
    Blobs, CONFIG, IMAGE_TAR, IMAGE_TAR_GZIP, IMAGE_TAR_ZSTD, INDEX, Layer, MANIFEST, Packing, Spec, digest,
    docker_archive, gzip, gzip_members, hex, zstd_bytes, zstd_frames,
};
pub use patch::patch;
pub use planted::{essence, planted};
pub use registry::{Registry, program};
pub use run::{Answer, Cli, findings, ids, inspect, paths_of};
pub use runs::{PHASE, Run};
pub use secrets::{AWS_KEY, GITHUB, GITLAB, NPM, SLACK, STRIPE};
pub use stub::{Http, Reply};
pub use tar::{Tar, elf};
