//! `seaworthy image`.

use std::path::Path;

use super::Failure;
use super::args::{Engine, Image as Arguments};
use super::output::{Terminal, wanted};
use super::session::Session;
use crate::check::Masker;
use crate::scan::request::{ExecEngine, ImageOptions};
use crate::scan::{self, ImageRequest, ScanError};

pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    let common = &arguments.common;
    let reports = wanted(common)?;
    let session = Session::open(common, Path::new("."), terminal)?;
    let options = ImageOptions {
        reference: arguments.reference.clone(),
        dockerfile: arguments.file.clone(),
        target: arguments.target.clone(),
        plain_http: arguments.plain_http,
        exec: arguments.exec.map(Into::into),
    };
    let outcome = session.run(terminal, |setup| -> Result<_, ScanError> {
        let request = ImageRequest::open(&options, setup.contract, &Masker::new(setup.rules))?;
        scan::image(setup, &request)
    })?;
    session.conclude(&outcome, &reports, common, terminal)
}

impl From<Engine> for ExecEngine {
    fn from(engine: Engine) -> Self {
        match engine {
            Engine::Docker => Self::Docker,
            Engine::Podman => Self::Podman,
            Engine::Bwrap => Self::Bubblewrap,
        }
    }
}
